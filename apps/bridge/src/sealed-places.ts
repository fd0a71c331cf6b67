import { outboxPlace, type SealedPlace } from '@cpds/service';
import { seedPlaceOf } from './ceremonies/ceremonies.service.js';
import { sharePlaceOf } from './ceremonies/key-shares.js';
import type { KeyShareRow } from './ceremonies/key-share.row.js';
import { packagePlace } from './grants/grants.service.js';
import { combinedPlace } from './grants/opening.service.js';
import { requestPlace } from './requests/request.row.js';

/** Everything that a bridge stores under its key ring, whatever its role: the tables of the others are empty. */
export const sealedPlaces: readonly SealedPlace[] = [
  outboxPlace,
  {
    table: 'key_share',
    key: ['key_id', 'epoch'],
    also: ['purpose'],
    sealed: { column: 'sealed', encoding: 'bytes' },
    placeOf: ({ key_id, epoch, purpose }) =>
      sharePlaceOf({ keyId: key_id, epoch, purpose } as Pick<KeyShareRow, 'keyId' | 'epoch' | 'purpose'>),
  },
  {
    table: 'ceremony',
    key: ['attempt_id'],
    sealed: { column: 'sealed_seed', encoding: 'bytes' },
    placeOf: (row) => seedPlaceOf(row['attempt_id'] as string),
  },
  {
    table: 'request',
    key: ['id'],
    sealed: { column: 'sealed', encoding: 'base64' },
    placeOf: (row) => requestPlace(row['id'] as string),
  },
  {
    table: 'transfer',
    key: ['id'],
    sealed: { column: 'sealed_package', encoding: 'base64' },
    placeOf: (row) => packagePlace(row['id'] as string),
  },
  {
    table: 'transfer',
    key: ['id'],
    also: ['grant_id'],
    sealed: { column: 'released', encoding: 'base64', property: 'sealedW' },
    placeOf: (row) => combinedPlace(row['grant_id'] as string),
  },
];

import { chainEntities, chainMigrations } from '@cpds/chain';
import { outboxMigrations } from '@cpds/outbox';
import type { Tables } from '@cpds/service';
import { RowAges1764800000000 } from './ages.migration.js';
import { CeremonyLogRow, CeremonyRow } from './ceremonies/ceremony.row.js';
import { KeyShareRow } from './ceremonies/key-share.row.js';
import { storemanMigrations } from './ceremonies/migrations.js';
import { AnsweredDatagramRow, OutgoingDatagramRow } from './datagrams/datagram.row.js';
import { DatagramRequests1764900000002, Datagrams1763900000001 } from './datagrams/migrations.js';
import { ReleaseRow } from './release/release.row.js';
import { RequestRow } from './requests/request.row.js';
import { bridgeRetention } from './retention.js';
import { SpentNonceRow, StoremanActRow } from './signing/storeman-act.row.js';
import {
  OpenTransfers1765000000000,
  RestingStatements1764500000000,
  TransferDeeds1763950000000,
  Transfers1763900000000,
} from './transfers/migrations.js';
import { RestingStatementRow } from './transfers/resting-statement.row.js';
import { TransferRow } from './transfers/transfer.row.js';

/** Tables of a bridge process; each role has all of them and fills its own. */
export const bridgeTables: Tables = {
  retention: bridgeRetention,
  entities: [
    ...chainEntities,
    TransferRow,
    RestingStatementRow,
    RequestRow,
    OutgoingDatagramRow,
    AnsweredDatagramRow,
    CeremonyRow,
    CeremonyLogRow,
    KeyShareRow,
    StoremanActRow,
    SpentNonceRow,
    ReleaseRow,
  ],
  migrations: [
    ...outboxMigrations,
    ...chainMigrations,
    ...storemanMigrations,
    Transfers1763900000000,
    TransferDeeds1763950000000,
    Datagrams1763900000001,
    RestingStatements1764500000000,
    RowAges1764800000000,
    DatagramRequests1764900000002,
    OpenTransfers1765000000000,
  ],
};

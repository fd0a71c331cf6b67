/** What the wallet checks of a deed before it signs anything over it; it believes nothing that the home hospital says unchecked. */

import * as age from '@cpds/crypto/age';
import { equalBytes, fromHex, to0x, toBigInt } from '@cpds/crypto/bytes';
import { checkCohort, cohortWord, commitmentsHash } from '@cpds/crypto/cohort';
import { pointFromHex } from '@cpds/crypto/curve';
import { keyCommit, recordCommitment } from '@cpds/crypto/deed';
import { isDeedKey } from '@cpds/crypto/stealth';
import { base64 } from '@scure/base';
import { invalid, missing } from '@cpds/errors';
import type { WalletDeed } from '@cpds/messages';
import type { OwnDeed, Wallet } from './wallet.js';

/** A cohort as the home chain's final block holds it, read by the wallet itself. */
export interface CohortFacts {
  /** Commitment to the cohort's keys and commitments, as DeedRegistry holds it. */
  word: string;
  /** x of each deed, from the event. */
  xs: string[];
  /** Commitments in the order of `xs`, from the event. */
  commitments: string[];
}

/** A deed the wallet may sign for. */
export interface CheckedDeed extends OwnDeed {
  deed: WalletDeed;
  x: bigint;
  xs: bigint[];
  /** 16 bytes; the record's key. */
  fileKey: Uint8Array;
}

/**
 * Finds the deed that the patient saw among those the hospital shows now. Looks for its commitment, which binds
 * payload, key and metadata: under the same record id the hospital could put another record in its place after the
 * patient chose.
 *
 * @throws AppError `unknown-record`
 */
export function seenDeed(deeds: readonly WalletDeed[], seen: Pick<WalletDeed, 'commitment'>): WalletDeed {
  const deed = deeds.find(({ commitment }) => commitment === seen.commitment);
  if (!deed) throw missing('unknown-record', 'the hospital no longer shows the deed that was chosen');
  return deed;
}

/**
 * Checks that the deed is the wallet's, that the header opens to a file key which recomputes the commitment, and that a
 * final cohort holds this commitment at this key.
 *
 * The place of the commitment matters: `commitmentsHash` alone would let the hospital pair the patient's key with
 * another commitment of the cohort.
 *
 * @throws AppError `deed-refused`; CryptoError where the header or a point is malformed
 */
export function checkDeed(wallet: Wallet, deed: WalletDeed, cohort: CohortFacts): CheckedDeed {
  const own = wallet.own(deed);
  if (!own) throw refused('deedKey', 'is no key of this wallet');
  const key = pointFromHex(deed.deedKey, 'deedKey');
  if (!isDeedKey(key)) throw refused('deedKey', 'is no deed key');
  const x = key.toAffine().x;

  const fileKey = age.unwrapHeader(age.parseHeader(headerBytes(deed.header)), wallet.ageIdentity);
  const commitment = recordCommitment({
    payloadSha256: fromHex(deed.payloadHash, 'payloadHash', 32),
    keyCommit: keyCommit(fileKey),
    metadata: deed.metadata,
    salt: fromHex(deed.salt, 'salt', 32),
  });
  if (to0x(commitment) !== deed.commitment) throw refused('commitment', 'is not that of payload, key and metadata');

  const xs = cohort.xs.map((word, i) => toBigInt(fromHex(word, `xs[${i}]`, 32)));
  checkCohort(xs);
  const commitments = cohort.commitments.map((word, i) => fromHex(word, `commitments[${i}]`, 32));
  const hash = commitmentsHash(commitments);
  if (to0x(cohortWord(xs, hash)) !== cohort.word) throw refused('cohort', 'is not what the registry holds');
  if (to0x(hash) !== deed.commitmentsHash) throw refused('commitmentsHash', 'is not that of the cohort');
  if (deed.xs.some((word, i) => word !== cohort.xs[i])) throw refused('xs', 'are not those of the cohort');
  const place = xs.indexOf(x);
  if (place < 0) throw refused('deedKey', 'is not in the cohort');
  if (!equalBytes(commitments[place]!, commitment)) throw refused('commitment', 'is not the one minted with this key');
  return { ...own, deed, x, xs, fileKey };
}

/** @throws AppError `deed-refused` */
function headerBytes(text: string): Uint8Array {
  try {
    return base64.decode(text);
  } catch (cause) {
    throw invalid('deed-refused', 'header', 'header is not base64', { cause });
  }
}

function refused(field: string, reason: string) {
  return invalid('deed-refused', field, `${field} ${reason}`);
}

/** What the wallet reads itself from the hub whose address was pinned at enrolment. */

import { AppError } from '@cpds/errors';
import type { ChainRules } from '@cpds/chain/read';
import type { Hex } from '@cpds/contracts';

/** A hospital as ChainRegistry on the hub names it. */
export interface HospitalFacts {
  /** Operator's name in datagrams. */
  name: string;
  chainUid: Hex;
  /** Address of the key that signs its datagrams. */
  messageKey: Hex;
  /** Seconds a step on its chain may need. */
  wSeconds: number;
  /** When a block of its chain is final. */
  rules: ChainRules;
  deedRegistry: Hex;
  /** Of the current key: no consent is made for the contracts of earlier keys. */
  lockedAccount: Hex;
  mappedDeeds: Hex;
  /** Id of the sealing key of the current set. */
  sealKeyId: Hex;
}

/** The storemen's group as StoremanRegistry names it. */
export interface SealingGroup {
  keyId: Hex;
  /** Y_seal, compressed. */
  ySeal: Hex;
  epoch: number;
  threshold: number;
  members: { index: number; name: string; messageKey: Hex }[];
}

/** Facts of one final block of the hub. */
export interface HubFacts {
  hubUid: Hex;
  wSeconds: number;
  hospitals: HospitalFacts[];
  /** Groups of the hospitals' current and earlier sealing keys, since a grant stays with the key it was sealed to. */
  sealing: SealingGroup[];
}

/** The group of a sealing key, current or earlier. @throws AppError `unknown-key` */
export function sealingGroup(facts: HubFacts, keyId: string): SealingGroup {
  const found = facts.sealing.find((group) => group.keyId === keyId);
  if (!found) throw new AppError('unknown-key', 'invalid', 'the hub names no group with the sealing key');
  return found;
}

/** The hospital on this chain. @throws AppError `unknown-hospital` */
export function hospitalOn(facts: HubFacts, chainUid: string): HospitalFacts {
  const found = facts.hospitals.find((hospital) => hospital.chainUid === chainUid);
  if (!found) throw new AppError('unknown-hospital', 'invalid', 'the hub names no hospital on this chain');
  return found;
}

/** The hospital of this name. @throws AppError `unknown-hospital` */
export function hospitalNamed(facts: HubFacts, name: string): HospitalFacts {
  const found = facts.hospitals.find((hospital) => hospital.name === name);
  if (!found) throw new AppError('unknown-hospital', 'invalid', `the hub names no hospital ${name}`);
  return found;
}

/** The sealing key of both ends of a transfer. @throws AppError `keys-differ`, `unknown-key` */
export function sealingKeyOf(facts: HubFacts, home: HospitalFacts, destination: HospitalFacts): SealingGroup {
  if (home.sealKeyId !== destination.sealKeyId)
    throw new AppError('keys-differ', 'conflict', `${home.name} and ${destination.name} use different group keys`);
  return sealingGroup(facts, home.sealKeyId);
}

import { ascii, fromHex, to0x, u64 } from '@cpds/crypto/bytes';
import { canonicalJson } from '@cpds/crypto/canonical-json';
import { keccak256, sha256 } from '@cpds/crypto/hash';
import type { Hex } from './hex.js';

/** What the group's key is for: `sign` is Y_sig (FROST), `seal` is Y_seal (capsules). Never one key for both. */
export type KeyPurpose = 'sign' | 'seal';

/** Roster and parameters of a ceremony attempt: what its members sign on the hub (protocol section 3). */
export interface AttemptParameters {
  purpose: KeyPurpose;
  /** Gas accounts of the members; a member's identifier is its position here, from 1. */
  roster: string[];
  /** Threshold. */
  t: number;
  /** The attempt may not be smaller; t < nMin ≤ n ≤ 2t−1. */
  nMin: number;
  /** Length of each phase in seconds of hub time. */
  phaseSeconds: number;
}

/** sha256 of the RFC 8785 text of the parameters, addresses in lower case. */
export function parametersHash(parameters: AttemptParameters): Hex {
  const { purpose, t, nMin, phaseSeconds } = parameters;
  const roster = parameters.roster.map((address) => to0x(fromHex(address, 'roster', 20)));
  return to0x(sha256(canonicalJson({ purpose, roster, t, nMin, phaseSeconds })));
}

/**
 * attemptId = keccak256("cpds/v1/attempt" ‖ hub's chainUid ‖ StoremanRegistry ‖ u64 counter ‖ parametersHash).
 * The registry numbers attempts from 1 and cannot hash JSON: a member recomputes the id before it signs.
 */
export function attemptId(hubUid: string, registry: string, counter: bigint, parameters: AttemptParameters): Hex {
  return to0x(
    keccak256(
      ascii('cpds/v1/attempt'),
      fromHex(hubUid, 'hubUid', 32),
      fromHex(registry, 'registry', 20),
      u64(counter),
      fromHex(parametersHash(parameters), 'parametersHash', 32),
    ),
  );
}

/** keyId = keccak256("cpds/v1/key" ‖ attemptId of the generation). */
export function keyIdOf(generationAttemptId: string): Hex {
  return to0x(keccak256(ascii('cpds/v1/key'), fromHex(generationAttemptId, 'attemptId', 32)));
}

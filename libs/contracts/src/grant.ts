import { concat, fromHex, to0x, toBigInt, u256 } from '@cpds/crypto/bytes';
import { addressOf, pointFromHex } from '@cpds/crypto/curve';
import type { Hex } from './hex.js';

/**
 * A patient's consent to one transfer: the 15 fields of EIP-712 type `Grant` in order (protocol section 7). Points are
 * SEC1 compressed hex of 33 bytes, times are seconds since 1970, all values are plain JSON.
 */
export interface Grant {
  /** 32 random bytes. */
  nonce: Hex;
  lockedAccount: Hex;
  destinationUid: Hex;
  mappedDeeds: Hex;
  /** 0..255, drawn among the unused slots of the deed. */
  slot: number;
  /** Key image I of the ring signature. */
  tag: Hex;
  /** Q, the one-time key of the receiving department. */
  recipientKey: Hex;
  /** R of ERC-5564, from which the department finds q. */
  ephemeralKey: Hex;
  /** One byte. */
  viewTag: Hex;
  revoker: Hex;
  termsHash: Hex;
  /** keccak256 of the whole capsule. */
  sealedKeyHash: Hex;
  /** The lock must be in a block of A with a smaller timestamp. */
  lockBefore: number;
  /** The mint must be in a block of B with a smaller timestamp. */
  mintBefore: number;
  /** From here on the grant allows nothing, by any clock. */
  notAfter: number;
}

/** Affine point as two words of calldata. */
export interface PointWords {
  x: bigint;
  y: bigint;
}

/** `Grant` as the contracts take it: points as words, which the contract compresses again before hashing. */
export interface GrantData {
  nonce: string;
  lockedAccount: string;
  destinationUid: string;
  mappedDeeds: string;
  slot: bigint;
  tag: PointWords;
  recipientKey: PointWords;
  ephemeralKey: PointWords;
  viewTag: string;
  revoker: string;
  termsHash: string;
  sealedKeyHash: string;
  lockBefore: bigint;
  mintBefore: bigint;
  notAfter: bigint;
}

/**
 * Calldata of a grant.
 *
 * @throws CryptoError `bad-point` names the field whose bytes are not a curve point
 */
export function toGrantData(grant: Grant): GrantData {
  return {
    nonce: grant.nonce,
    lockedAccount: grant.lockedAccount,
    destinationUid: grant.destinationUid,
    mappedDeeds: grant.mappedDeeds,
    slot: BigInt(grant.slot),
    tag: pointWords(grant.tag, 'tag'),
    recipientKey: pointWords(grant.recipientKey, 'recipientKey'),
    ephemeralKey: pointWords(grant.ephemeralKey, 'ephemeralKey'),
    viewTag: grant.viewTag,
    revoker: grant.revoker,
    termsHash: grant.termsHash,
    sealedKeyHash: grant.sealedKeyHash,
    lockBefore: BigInt(grant.lockBefore),
    mintBefore: BigInt(grant.mintBefore),
    notAfter: BigInt(grant.notAfter),
  };
}

/** The grant in an event `Locked` or `Mapped`; its hex is lower case, so that it compares with `===`. */
export function fromGrantData(data: GrantData): Grant {
  return {
    nonce: hex(data.nonce, 'nonce', 32),
    lockedAccount: hex(data.lockedAccount, 'lockedAccount', 20),
    destinationUid: hex(data.destinationUid, 'destinationUid', 32),
    mappedDeeds: hex(data.mappedDeeds, 'mappedDeeds', 20),
    slot: Number(data.slot),
    tag: compressWords(data.tag),
    recipientKey: compressWords(data.recipientKey),
    ephemeralKey: compressWords(data.ephemeralKey),
    viewTag: hex(data.viewTag, 'viewTag', 1),
    revoker: hex(data.revoker, 'revoker', 20),
    termsHash: hex(data.termsHash, 'termsHash', 32),
    sealedKeyHash: hex(data.sealedKeyHash, 'sealedKeyHash', 32),
    lockBefore: Number(data.lockBefore),
    mintBefore: Number(data.mintBefore),
    notAfter: Number(data.notAfter),
  };
}

/** Owner of the mapped deed and signer of give-back and fetch: addr(Q), lower case. */
export function recipientAddress(grant: Grant): Hex {
  return to0x(addressOf(pointFromHex(grant.recipientKey, 'recipientKey')));
}

/** Words of a compressed point. @throws CryptoError `bad-point` names `field` */
export function pointWords(compressedHex: string, field: string): PointWords {
  const { x, y } = pointFromHex(compressedHex, field).toAffine();
  return { x, y };
}

/** Compressed hex of a point's words, as the contracts rebuild it. */
export function compressWords(words: { x: bigint; y: bigint }): Hex {
  return to0x(concat(Uint8Array.of(words.y % 2n === 0n ? 2 : 3), u256(words.x)));
}

function hex(text: string, field: string, length: number): Hex {
  return to0x(fromHex(text, field, length));
}

/** Word of 32 bytes as the contracts pass it in `uint256` arguments. */
export function word(text: string, field: string): bigint {
  return toBigInt(fromHex(text, field, 32));
}

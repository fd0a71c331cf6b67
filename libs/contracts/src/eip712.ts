/**
 * Typed messages of protocol section 12. The domain is {CPDS, 1, salt}, the salt being a chain's uid: which chain's is
 * said at each function. Digests are 32 bytes as lower-case hex; both ECDSA and FROST sign exactly these bytes.
 */

import { TypedDataEncoder, type TypedDataField } from 'ethers';
import { ascii, fromHex, to0x } from '@cpds/crypto/bytes';
import { keccak256 } from '@cpds/crypto/hash';
import type { Grant } from './grant.js';
import type { Hex } from './hex.js';
import { isSignedByKey } from './signature.js';

type Fields = readonly TypedDataField[];

const fields = (list: string): Fields =>
  list.split(',').map((entry) => {
    const [type, name] = entry.trim().split(' ');
    return { type: type!, name: name! };
  });

/** Every typed message of the protocol, by type name. */
export const typedMessages = {
  Grant: fields(
    'bytes32 nonce,address lockedAccount,bytes32 destinationUid,address mappedDeeds,uint8 slot,bytes tag,' +
      'bytes recipientKey,bytes ephemeralKey,bytes1 viewTag,address revoker,bytes32 termsHash,bytes32 sealedKeyHash,' +
      'uint64 lockBefore,uint64 mintBefore,uint64 notAfter',
  ),
  Revoke: fields('bytes32 grantId'),
  GiveBack: fields('bytes32 grantId'),
  NotMapped: fields('address lockedAccount,bytes32 grantId'),
  Fetch: fields('bytes32 grantId,bytes32 objectId,uint64 from,uint64 to,bytes16 nonce,uint64 expires'),
  Enrolment: fields('bytes32 homeUid,bytes spendingKey,bytes viewingKey,string ageRecipient,bytes32 authKey'),
  Mint: fields('address mappedDeeds,bytes32 grantId'),
  Partial: fields(
    'bytes32 grantId,uint64 epoch,uint16 index,bytes32 sealedKeyHash,bytes w,uint256 c,uint256 s,' +
      'bytes32 lockBlock,bytes32 mintBlock',
  ),
  Answer: fields('bytes32 grantId,string action,string verdict'),
} as const satisfies Record<string, Fields>;

export type TypedMessageName = keyof typeof typedMessages;

/** Domain of every typed message. `salt` is a chainUid. */
export function domain(salt: string): { name: string; version: string; salt: string } {
  return { name: 'CPDS', version: '1', salt };
}

/** keccak256 of the type's text, as the contracts hold it. */
export function typeHash(name: TypedMessageName): Hex {
  const text = `${name}(${typedMessages[name].map((field) => `${field.type} ${field.name}`).join(',')})`;
  return to0x(keccak256(ascii(text)));
}

function digest(salt: string, name: TypedMessageName, message: object): Hex {
  fromHex(salt, 'salt', 32);
  return TypedDataEncoder.hash(domain(salt), { [name]: [...typedMessages[name]] }, message) as Hex;
}

/** Names a transfer everywhere: the grant's digest under its home chain's uid. */
export function grantId(homeUid: string, grant: Grant): Hex {
  return digest(homeUid, 'Grant', grant);
}

/** Digest with sealedKeyHash = 0, from which the capsule's label is made before the capsule exists. */
export function grantDigestWithoutKey(homeUid: string, grant: Grant): Hex {
  return digest(homeUid, 'Grant', { ...grant, sealedKeyHash: `0x${'00'.repeat(32)}` });
}

/** label = keccak256("cpds/v1/label" ‖ grant digest with sealedKeyHash = 0 ‖ keyId of Y_seal ‖ Y_seal (x ‖ y)). */
export function capsuleLabel(digestWithoutKey: string, sealKeyId: string, sealKey: { x: bigint; y: bigint }): Hex {
  return to0x(
    keccak256(
      ascii('cpds/v1/label'),
      fromHex(digestWithoutKey, 'digestWithoutKey', 32),
      fromHex(sealKeyId, 'sealKeyId', 32),
      fromHex(sealKey.x.toString(16).padStart(64, '0') + sealKey.y.toString(16).padStart(64, '0'), 'sealKey', 64),
    ),
  );
}

/** Digest that the grant's revoker signs. Salt: home chain. */
export function revokeDigest(homeUid: string, grantIdHex: string): Hex {
  return digest(homeUid, 'Revoke', { grantId: grantIdHex });
}

/** Digest that q signs to end a grant from the receiving side. Salt: home chain. */
export function giveBackDigest(homeUid: string, grantIdHex: string): Hex {
  return digest(homeUid, 'GiveBack', { grantId: grantIdHex });
}

/** Digest that the storemen's group signs before a refund. Salt: home chain, which executes it. */
export function notMappedDigest(homeUid: string, lockedAccount: string, grantIdHex: string): Hex {
  return digest(homeUid, 'NotMapped', { lockedAccount, grantId: grantIdHex });
}

/** Digest that the storemen's group signs before a mint. Salt: destination chain, which executes it. */
export function mintDigest(destinationUid: string, mappedDeeds: string, grantIdHex: string): Hex {
  return digest(destinationUid, 'Mint', { mappedDeeds, grantId: grantIdHex });
}

/** One read of the exchange endpoint. `from` and `to` are byte offsets, both included; `expires` is in seconds. */
export interface FetchStatement {
  grantId: Hex;
  /** Commitment of the consented deed. */
  objectId: Hex;
  from: number;
  to: number;
  /** 16 bytes, never used twice for one grant. */
  nonce: Hex;
  expires: number;
}

/** Digest that q signs to read bytes from A. Salt: home chain. */
export function fetchDigest(homeUid: string, statement: FetchStatement): Hex {
  return digest(homeUid, 'Fetch', statement);
}

/** A patient's declaration, made once, of the keys that later consents must come from. */
export interface Enrolment {
  homeUid: Hex;
  /** B, compressed. */
  spendingKey: Hex;
  /** A of the meta-address, compressed. */
  viewingKey: Hex;
  /** `age1…` */
  ageRecipient: string;
  /** Ed25519 public key, 32 bytes. */
  authKey: Hex;
}

/** Digest that the patient's spending key signs at enrolment. Salt: home chain. */
export function enrolmentDigest(enrolment: Enrolment): Hex {
  return digest(enrolment.homeUid, 'Enrolment', enrolment);
}

/** Whether the spending key that the enrolment names signed it. @throws CryptoError `bad-point` where that is no key */
export function isEnrolmentSigned(enrolment: Enrolment, signature: string): boolean {
  return isSignedByKey(enrolment.spendingKey, enrolmentDigest(enrolment), signature);
}

/** A storeman's share of an opened capsule: W_i = y_i·(C + Q) with its DLEQ proof and the blocks it relied on. */
export interface PartialStatement {
  grantId: Hex;
  epoch: number;
  /** Identifier of the storeman in the group, from 1. */
  index: number;
  sealedKeyHash: Hex;
  /** W_i, compressed. */
  w: Hex;
  /** DLEQ challenge, decimal or hex or bigint. */
  c: bigint | string;
  s: bigint | string;
  lockBlock: Hex;
  mintBlock: Hex;
}

/** Digest that a storeman's message key signs with a partial. Salt: hub. */
export function partialDigest(hubUid: string, partial: PartialStatement): Hex {
  return digest(hubUid, 'Partial', partial);
}

/** The last two are a home hospital's, with the action `withdraw`: what becomes of copies of a withdrawn record. */
export type AnswerVerdict = 'mapped' | 'wait' | 'revoked' | 'expired' | 'keep' | 'erase';

/** A member's signed refusal, delay or withdrawal: `action` names the request that it answers. */
export interface AnswerStatement {
  grantId: Hex;
  action: string;
  verdict: AnswerVerdict;
}

/** Digest that a member's message key signs with an answer. Salt: hub. */
export function answerDigest(hubUid: string, answer: AnswerStatement): Hex {
  return digest(hubUid, 'Answer', answer);
}

/**
 * The messages of ceremonies and signing sessions, one type each, and their bytes: version (1) ‖ kind (1) ‖ session (32)
 * ‖ u16 member ‖ body. Lists lead with a u16 count and ascend by member. One message has one encoding, and no encoding is
 * the beginning of another.
 *
 * On the hub the same messages are calldata; these bytes are what transcripts hash, and what a simulator, another
 * implementation or a file of evidence exchanges.
 */

import { checkBytes, checkList, concat, equalBytes, u16, u8 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import * as hpke from '../hpke.js';
import type { Complaint, Verdict } from './complaint.js';
import { SEALED_SHARE_BYTES } from './dealt-share.js';
import { checkIndex, memberName, MOST_MEMBERS } from './group.js';
import type { MemberIndex } from './group.js';
import type { NonceCommitment, SignatureShare } from './signing.js';

/** Per dealer, the key on which its share is taken: P-256, SEC1 uncompressed, 65 bytes. */
export interface KeysMessage {
  kind: 'keys';
  member: MemberIndex;
  keys: ReadonlyMap<MemberIndex, Uint8Array>;
}

/** Commitments to a dealer's polynomial. */
export interface CommitmentsMessage {
  kind: 'commitments';
  member: MemberIndex;
  /** A_0..A_{t-1}, SEC1 compressed. */
  points: Uint8Array[];
  /** Proof of possession of A_0, 65 bytes; empty in a reshare, where A_0 is known to be the dealer's Y_i. */
  proof: Uint8Array;
}

/** Per receiver, its sealed share. */
export interface SharesMessage {
  kind: 'shares';
  member: MemberIndex;
  sealed: ReadonlyMap<MemberIndex, Uint8Array>;
}

/** A receiver's complaints, maybe none. */
export interface ComplaintsMessage {
  kind: 'complaints';
  member: MemberIndex;
  complaints: readonly Complaint[];
}

/** A member's verdict on all complaints of the attempt. */
export interface VerdictMessage extends Verdict {
  kind: 'verdict';
  member: MemberIndex;
}

/** "I hold my share of this outcome", 32 bytes of transcript. */
export interface FinishMessage {
  kind: 'finish';
  member: MemberIndex;
  transcript: Uint8Array;
}

/** A post of a ceremony. */
export type CeremonyMessage =
  KeysMessage | CommitmentsMessage | SharesMessage | ComplaintsMessage | VerdictMessage | FinishMessage;

/** Round 1 and round 2 of a signature. */
export type SigningMessage =
  | { kind: 'nonce-commitment'; member: MemberIndex; commitment: NonceCommitment }
  | { kind: 'signature-share'; member: MemberIndex; share: SignatureShare };

/** Any message of a ceremony or of a signature. */
export type RoundMessage = CeremonyMessage | SigningMessage;

const VERSION = 1;
const POINT_BYTES = 33;
const PROOF_BYTES = 65;

const kinds = [
  'keys',
  'commitments',
  'shares',
  'complaints',
  'verdict',
  'finish',
  'nonce-commitment',
  'signature-share',
];

/**
 * The bytes of a message.
 *
 * @param session 32 bytes: the attempt's id, or the digest that a signing session is for
 * @throws CryptoError `bad-message` names the field that has no encoding, and the member; `bad-type`, `bad-index`
 */
export function encodeMessage(session: Uint8Array, message: RoundMessage): Uint8Array {
  const { kind, member } = message;
  const sized = (bytes: Uint8Array, length: number, field: string): Uint8Array => {
    if (checkBytes(bytes, field).length === length) return bytes;
    throw new CryptoError('bad-message', field, `must be ${length} bytes, has ${bytes.length}`, memberName(member));
  };
  const map = (posted: readonly [MemberIndex, Uint8Array][], length: number, field: string): Uint8Array => {
    const entries = [...posted].sort(([a], [b]) => a - b);
    members(
      entries.map(([other]) => other),
      field,
    );
    return list(entries.map(([other, bytes]) => concat(u16(other), sized(bytes, length, field))));
  };
  const byMember = (posted: ReadonlyMap<MemberIndex, Uint8Array>, field: string): [MemberIndex, Uint8Array][] => {
    if (!(posted instanceof Map)) throw new CryptoError('bad-type', field, 'must be a map of members');
    return [...(posted as ReadonlyMap<MemberIndex, Uint8Array>)];
  };
  // The bytes name the sender once, so a message that names another one inside cannot be encoded.
  const own = <T extends { index: MemberIndex }>(value: T): T => {
    if (value.index === member) return value;
    throw new CryptoError('bad-message', 'index', "is not the sender's", memberName(member));
  };
  const members = (some: MemberIndex[], field: string): Uint8Array =>
    list(checkAscending(some, field).map((other) => u16(checkIndex(other, field))));
  const body = (): Uint8Array => {
    switch (message.kind) {
      case 'keys':
        return map(byMember(message.keys, 'keys'), hpke.PUBLIC_KEY_BYTES, 'keys');
      case 'commitments': {
        const some = checkList(message.points, 'points', MOST_MEMBERS);
        const points = list(some.map((point) => sized(point, POINT_BYTES, 'points')));
        if (checkBytes(message.proof, 'proof').length === 0) return concat(points, u8(0));
        return concat(points, u8(1), sized(message.proof, PROOF_BYTES, 'proof'));
      }
      case 'shares':
        return map(byMember(message.sealed, 'sealed'), SEALED_SHARE_BYTES, 'sealed');
      case 'complaints':
        return map(
          checkList(message.complaints, 'complaints', MOST_MEMBERS).map(({ dealer, revealed }) => [dealer, revealed]),
          32,
          'complaints',
        );
      case 'verdict':
        return concat(members(message.dealers, 'dealers'), members(message.receivers, 'receivers'));
      case 'finish':
        return sized(message.transcript, 32, 'transcript');
      case 'nonce-commitment': {
        const { hiding, binding } = own(message.commitment);
        return concat(sized(hiding, POINT_BYTES, 'hiding'), sized(binding, POINT_BYTES, 'binding'));
      }
      case 'signature-share':
        return sized(own(message.share).share, 32, 'share');
      default:
        throw bad('kind', 'is unknown');
    }
  };
  const head = concat(
    u8(VERSION),
    u8(kinds.indexOf(kind) + 1),
    sized(session, 32, 'session'),
    u16(checkIndex(member, 'member')),
  );
  return concat(head, body());
}

/**
 * Reads a message of `session`. Points and scalars stay bytes here: the round checks them and can then name the sender
 * of bad ones.
 *
 * @throws CryptoError `bad-message`: not these bytes, another version or kind, or of another session
 */
export function decodeMessage(session: Uint8Array, bytes: Uint8Array): RoundMessage {
  const reader = new Reader(checkBytes(bytes, 'message'));
  if (reader.byte('version') !== VERSION) throw bad('version', `is not ${VERSION}`);
  const kind = kinds[reader.byte('kind') - 1];
  if (!equalBytes(reader.take(32, 'session'), session)) throw bad('session', 'is another one');
  const member = reader.index('member');
  const message = bodyOf(reader, kind, member);
  reader.end();
  return message;
}

function bodyOf(reader: Reader, kind: string | undefined, member: MemberIndex): RoundMessage {
  switch (kind) {
    case 'keys':
      return { kind, member, keys: reader.map(hpke.PUBLIC_KEY_BYTES, 'keys') };
    case 'commitments': {
      const points = reader.list('points', () => reader.take(POINT_BYTES, 'points'));
      const hasProof = reader.byte('proof');
      if (hasProof > 1) throw bad('proof', 'is neither there nor left out');
      return { kind, member, points, proof: reader.take(hasProof * PROOF_BYTES, 'proof') };
    }
    case 'shares':
      return { kind, member, sealed: reader.map(SEALED_SHARE_BYTES, 'sealed') };
    case 'complaints': {
      const byDealer = reader.map(32, 'complaints');
      return { kind, member, complaints: [...byDealer].map(([dealer, revealed]) => ({ dealer, revealed })) };
    }
    case 'verdict':
      return { kind, member, dealers: reader.members('dealers'), receivers: reader.members('receivers') };
    case 'finish':
      return { kind, member, transcript: reader.take(32, 'transcript') };
    case 'nonce-commitment': {
      const hiding = reader.take(POINT_BYTES, 'hiding');
      return { kind, member, commitment: { index: member, hiding, binding: reader.take(POINT_BYTES, 'binding') } };
    }
    case 'signature-share':
      return { kind, member, share: { index: member, share: reader.take(32, 'share') } };
    default:
      throw bad('kind', 'is unknown');
  }
}

function list(items: Uint8Array[]): Uint8Array {
  return concat(u16(items.length), ...items);
}

function bad(field: string, reason: string): CryptoError {
  return new CryptoError('bad-message', field, reason);
}

/** Takes bytes from the front; its error names the field for which they were too short. */
class Reader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  take(length: number, field: string): Uint8Array {
    if (this.bytes.length - this.at < length) throw bad(field, 'is cut off');
    this.at += length;
    return this.bytes.slice(this.at - length, this.at);
  }

  byte(field: string): number {
    return this.take(1, field)[0]!;
  }

  u16(field: string): number {
    const [high, low] = this.take(2, field);
    return high! * 256 + low!;
  }

  index(field: string): MemberIndex {
    const value = this.u16(field);
    if (value === 0) throw bad(field, 'must be 1 or more');
    return value;
  }

  list<T>(field: string, item: () => T): T[] {
    return Array.from({ length: this.u16(field) }, item);
  }

  /** Strictly ascending, so that one set has one encoding. */
  members(field: string): MemberIndex[] {
    const members = this.list(field, () => this.index(field));
    checkAscending(members, field);
    return members;
  }

  map(length: number, field: string): Map<MemberIndex, Uint8Array> {
    const entries = this.list(field, (): [MemberIndex, Uint8Array] => [this.index(field), this.take(length, field)]);
    checkAscending(
      entries.map(([member]) => member),
      field,
    );
    return new Map(entries);
  }

  end(): void {
    if (this.at !== this.bytes.length) throw bad('message', 'has bytes after its end');
  }
}

function checkAscending(members: readonly MemberIndex[], field: string): readonly MemberIndex[] {
  checkList(members, field, MOST_MEMBERS);
  if (members.some((member, i) => i > 0 && member <= members[i - 1]!)) throw bad(field, 'must ascend');
  return members;
}

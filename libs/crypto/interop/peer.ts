/** The Rust program of this folder as a running process: a JSON line asks it, a JSON line is its answer. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fromHex, to0x } from '../src/bytes.js';
import type { DealtShare } from '../src/ceremony.js';
import type * as frost from '../src/frost.js';
import type * as generation from '../src/generation.js';
import type { GroupKey, KeyShare, MemberIndex } from '../src/group.js';
import type * as tlog from '../src/tlog.js';

/** Input of a signer or an aggregator: the commitments of exactly t members, and the digest. */
export interface SigningPackage {
  commitments: readonly frost.NonceCommitment[];
  digest: Uint8Array;
}

/** An old member's sharing of its own share: t' commitments, and the polynomial's value for each receiver. */
export interface Redealing {
  dealer: MemberIndex;
  points: Uint8Array[];
  shares: ReadonlyMap<MemberIndex, Uint8Array>;
}

/** The new epoch: everybody's verification shares, and the secrets of the receivers that were asked about. */
export interface Reshared {
  group: GroupKey;
  secrets: ReadonlyMap<MemberIndex, Uint8Array>;
}

/** The keys that open an age file: X25519 keys by name, or one passphrase. */
export type AgeAccess = { keys: string[] } | { passphrase: string };

/** A ring's statement without its tag: each x as 32 bytes. */
export interface Ring {
  message: Uint8Array;
  tagDomain: Uint8Array;
  slot: number;
  xs: readonly Uint8Array[];
}

/** The capsule and context that storemen are asked to release. */
export interface ReleaseRequest {
  capsule: Uint8Array;
  label: Uint8Array;
  grantId: Uint8Array;
  epoch: number;
  recipientKey: Uint8Array;
}

/** A storeman's answer: W_i compressed, and c ‖ s. */
export interface WirePartial {
  index: MemberIndex;
  w: Uint8Array;
  proof: Uint8Array;
}

/** Input and output of each command; omit `attempt` for the standard proof of possession. */
export interface Commands {
  split: [{ n: number; threshold: number }, KeyShare[]];
  commit: [KeyShare, { nonces: Uint8Array; commitment: frost.NonceCommitment }];
  sign: [{ key: KeyShare; nonces: Uint8Array; package: SigningPackage }, frost.SignatureShare];
  'check-share': [{ group: GroupKey; package: SigningPackage; share: frost.SignatureShare }, boolean];
  aggregate: [{ group: GroupKey; package: SigningPackage; shares: readonly frost.SignatureShare[] }, Uint8Array];
  verify: [{ publicKey: Uint8Array; digest: Uint8Array; signature: Uint8Array }, boolean];
  deal: [
    { attempt?: Uint8Array; dealer: MemberIndex; n: number; threshold: number },
    { commitments: generation.DealerCommitments; secret: Uint8Array },
  ];
  'dealt-shares': [
    { attempt?: Uint8Array; secret: Uint8Array; all: readonly generation.DealerCommitments[] },
    { secret: Uint8Array; shares: DealtShare[] },
  ];
  finish: [
    {
      attempt?: Uint8Array;
      secret: Uint8Array;
      all: readonly generation.DealerCommitments[];
      received: readonly DealtShare[];
    },
    KeyShare,
  ];
  reshare: [{ old: GroupKey; threshold: number; receivers: MemberIndex[]; dealings: Redealing[] }, Reshared];
  refresh: [readonly KeyShare[], KeyShare[]];
  repair: [{ helpers: readonly KeyShare[]; lost: MemberIndex }, Uint8Array];
  'age-identity': [object, { identity: string; recipient: string }];
  'age-seal': [{ to: AgeAccess; plaintext: Uint8Array }, Uint8Array];
  'age-open': [{ with: AgeAccess; file: Uint8Array }, Uint8Array];
  'tree-root': [readonly Uint8Array[], Uint8Array];
  inclusion: [
    { leaf: Uint8Array; index: number; size: number; proof: readonly Uint8Array[]; root: Uint8Array },
    boolean,
  ];
  consistency: [
    { from: number; to: number; proof: readonly Uint8Array[]; fromRoot: Uint8Array; toRoot: Uint8Array },
    boolean,
  ];
  checkpoint: [{ note: string; verifierKey: string }, tlog.Checkpoint];
  'ring-sign': [{ statement: Ring; place: number; secret: Uint8Array }, { tag: Uint8Array; signature: Uint8Array }];
  ring: [{ statement: Ring; tag: Uint8Array; signature: Uint8Array }, boolean];
  dleq: [Record<'message' | 'A' | 'X' | 'B' | 'Z' | 'proof', Uint8Array> & { use: string }, boolean];
  'capsule-seal': [Record<'fileKey' | 'label' | 'recipientKey' | 'ySeal', Uint8Array>, Uint8Array];
  'capsule-release': [{ request: ReleaseRequest; index: MemberIndex; share: Uint8Array }, WirePartial];
  'capsule-open': [
    { request: ReleaseRequest; recipientSecret: Uint8Array; group: GroupKey; partials: readonly WirePartial[] },
    Uint8Array,
  ];
}

/** The Rust program refused; the message is its own. */
export class Refused extends Error {}

/** One process; it answers in the order in which it was asked, and remembers nothing. */
export class Peer {
  private readonly child = spawn(program(), { stdio: ['pipe', 'pipe', 'inherit'] });
  private readonly waiting: { resolve(line: string): void; reject(cause: Error): void }[] = [];

  constructor() {
    createInterface({ input: this.child.stdout }).on('line', (line) => this.waiting.shift()?.resolve(line));
    const end = (cause: Error) => this.waiting.splice(0).forEach(({ reject }) => reject(cause));
    this.child.once('error', end);
    this.child.stdin.once('error', end);
    this.child.once('close', (code) => end(new Error(`the Rust program ended with ${code}`)));
  }

  /** @throws Refused with the Rust program's message */
  async ask<C extends keyof Commands>(command: C, input: Commands[C][0]): Promise<Commands[C][1]> {
    const line = await new Promise<string>((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${JSON.stringify({ command, input }, encode)}\n`);
    });
    const reply = JSON.parse(line, decode) as { answer: Commands[C][1] } | { refused: string };
    if ('refused' in reply) throw new Refused(reply.refused);
    return reply.answer;
  }

  /** Ends the process. */
  close(): void {
    this.child.stdin.end();
  }
}

function program(): string {
  const path = process.env['CPDS_INTEROP'];
  if (path === undefined) throw new Error('no CPDS_INTEROP: these specs are run by `npm run test:interop`');
  return path;
}

/** Bytes are `0x…`; a map by member is an object. `this` holds the value as it was before `toJSON` of a Buffer. */
function encode(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const own = this[key];
  if (own instanceof Uint8Array) return to0x(own);
  return own instanceof Map ? Object.fromEntries(own) : value;
}

function decode(key: string, value: unknown): unknown {
  if (typeof value === 'string' && value.startsWith('0x')) return fromHex(value, key);
  if (key !== 'verificationShares' && key !== 'secrets') return value;
  return new Map(Object.entries(value as object).map(([index, bytes]) => [Number(index), bytes as Uint8Array]));
}

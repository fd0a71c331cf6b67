/** Inputs without which no forgery is known: why they are there, and a fixed vector that fails without them. */

import { readFileSync } from 'node:fs';
import * as real from '../library.js';
import { label, sealedBy } from './capsule.js';
import { opens, Q, q, y, ySeal, type Library } from './row.js';

/** `holds` is true of the library as it is. */
export interface Noticed {
  challenge: string;
  input: string;
  file: string;
  from: string;
  to: string;
  why: string;
  holds: (library: Library) => boolean;
}

interface Vectors {
  tagDomain: string;
  lsag: { message: string; slot: number; ring: string[]; tag: string; c0: string; s: string[] }[];
  dleq: (Record<'message' | 'A' | 'X' | 'B' | 'Z' | 'c' | 's', string> & { use: real.dleq.DleqUse })[];
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/cpds-v1.json', import.meta.url), 'utf8')) as Vectors;
const hex = (text: string) => real.bytes.fromHex(text, 'vector');
const point = (text: string) => real.curve.parsePoint(hex(text), 'vector');

const ringVectorHolds = (library: Library): boolean => {
  const { message, slot, ring, tag, c0, s } = vectors.lsag[0]!;
  const statement = {
    message: hex(message),
    tagDomain: hex(vectors.tagDomain),
    slot,
    xs: ring.map((x) => BigInt(`0x${x}`)),
    tag: hex(tag),
  };
  return library.ring.verifyRing(statement, hex(tag + c0 + s.join('')));
};
const dleqVectorHolds = (library: Library): boolean => {
  const { use, message, A, X, B, Z, c, s } = vectors.dleq[0]!;
  const statement = { use, message: hex(message), A: point(A), X: point(X), B: point(B), Z: point(Z) };
  return library.dleq.verifyDleq(statement, { c: BigInt(`0x${c}`), s: BigInt(`0x${s}`) });
};
/** A capsule sealed by the library as it is. */
const sealedNow = sealedBy(real).capsule;
const capsuleHolds = (library: Library): boolean =>
  opens(() =>
    library.capsule.openCapsule({
      capsule: sealedNow,
      label,
      recipientSecret: q,
      ySeal,
      W: sealedNow.C.add(Q).multiply(y),
    }),
  );

export const noticed: Noticed[] = [
  {
    challenge: 'lsag',
    input: 'I',
    file: 'lsag.ts',
    from: 'ringHash(statement.slot, statement.xs), xy(tag))',
    to: 'ringHash(statement.slot, statement.xs))',
    why: 'I is in the R of every place, each hashed before the next answer is known',
    holds: ringVectorHolds,
  },
  {
    challenge: 'lsag',
    input: 'slot in ringHash',
    file: 'lsag.ts',
    from: 'slotByte(slot),\n    ...checkList',
    to: '...checkList',
    why: 'the slot is in every tag base, so in every R',
    holds: ringVectorHolds,
  },
  {
    challenge: 'lsag',
    input: 'domain tag',
    file: 'lsag.ts',
    from: "ascii('cpds/v1/lsag'), ",
    to: '',
    why: 'no other hash of the protocol has these widths; the tag keeps it so',
    holds: ringVectorHolds,
  },
  {
    challenge: 'dleq',
    input: 'domain tag',
    file: 'dleq.ts',
    from: '`cpds/v1/dleq/${statement.use}`',
    to: 'statement.use',
    why: 'no other hash of the protocol has these widths; the tag keeps it so',
    holds: dleqVectorHolds,
  },
  {
    challenge: 'capsule key',
    input: 'C',
    file: 'capsule.ts',
    from: 'checkLabel(label), compressed(C))',
    to: 'checkLabel(label))',
    why: 'K and r·Q determine r, and r determines C',
    holds: capsuleHolds,
  },
];

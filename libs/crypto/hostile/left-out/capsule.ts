/** Capsule, label and partial without each of their inputs. */

import * as real from '../library.js';
import { random } from '../mutants.js';
import { b, digestRow, foreign, opens, Q, q, y, ySeal, type Library, type Row } from './row.js';

export const label = real.capsule.capsuleLabel(b(32), b(32), ySeal);
export const sealedBy = (library: Library) => {
  const bytes = library.capsule.sealCapsule({ fileKey: b(16), label, recipientKey: Q, ySeal }, random);
  return { bytes, capsule: library.capsule.parseCapsule(bytes) };
};
const context = (capsule: real.capsule.Capsule) => ({
  grantId: b(32),
  epoch: 1,
  sealedKeyHash: b(32),
  C: capsule.C,
  recipientKey: Q,
});
const capsuleRow = (
  challenge: string,
  input: string,
  from: string,
  to: string,
  caughtBy: string,
  succeeds: Row['succeeds'],
): Row => ({ challenge, input, file: 'capsule.ts', from, to, caughtBy, succeeds });
export const capsuleRows: Row[] = [
  capsuleRow(
    'seal proof',
    'label',
    'keccak256(checkLabel(label), sha256(wrapped))',
    'sha256(wrapped)',
    'a capsule posted again under another policy',
    (l) => l.capsule.verifyCapsule(sealedBy(l).capsule, b(32, 9)),
  ),
  capsuleRow(
    'seal proof',
    'wrapped',
    'keccak256(checkLabel(label), sha256(wrapped))',
    'keccak256(checkLabel(label))',
    'the same C with changed bytes',
    (l) => l.capsule.verifyCapsule({ ...sealedBy(l).capsule, wrapped: b(32) }, label),
  ),
  capsuleRow(
    'open proof',
    'grantId',
    'Z: qBar, message: grantId',
    'Z: qBar, message: new Uint8Array(32)',
    'a proof of q taken to another grant',
    (l) => l.capsule.verifyOpen(Q, b(32, 8), l.capsule.proveOpen(q, b(32), random)),
  ),
  capsuleRow(
    'capsule key',
    'label',
    "'cpds/v1/capsule'), checkLabel(label), ",
    "'cpds/v1/capsule'), ",
    'opened under another label',
    (l) => {
      const { capsule } = sealedBy(l);
      return opens(() =>
        l.capsule.openCapsule({ capsule, label: b(32, 9), recipientSecret: q, ySeal, W: capsule.C.add(Q).multiply(y) }),
      );
    },
  ),
  capsuleRow(
    'capsule key',
    'r·Q',
    'concat(compressed(K), compressed(rQ))',
    'concat(compressed(K), new Uint8Array(rQ.is0() ? 1 : 0))',
    'all storemen without q open it',
    (l) => {
      const { capsule } = sealedBy(l);
      // They know y, so K = y·C; any key of their own stands in for q.
      return opens(() =>
        l.capsule.openCapsule({
          capsule,
          label,
          recipientSecret: 3n,
          ySeal,
          W: capsule.C.multiply(y).add(ySeal.multiply(3n)),
        }),
      );
    },
  ),
  capsuleRow(
    'capsule key',
    'K',
    'concat(compressed(K), compressed(rQ))',
    'compressed(rQ)',
    'the recipient without storemen opens it',
    (l) =>
      opens(() =>
        l.capsule.openCapsule({ capsule: sealedBy(l).capsule, label, recipientSecret: q, ySeal, W: foreign }),
      ),
  ),
  digestRow(
    'label',
    'capsule.ts',
    'grant digest',
    'grantDigestWithoutKey, sealKeyId, xy',
    'sealKeyId, xy',
    'one label for two grants',
    (l) => [l.capsule.capsuleLabel(b(32), b(32), ySeal), l.capsule.capsuleLabel(b(32, 8), b(32), ySeal)],
  ),
  digestRow(
    'label',
    'capsule.ts',
    'keyId',
    'grantDigestWithoutKey, sealKeyId, xy',
    'grantDigestWithoutKey, xy',
    'one label for two keys’ ids',
    (l) => [l.capsule.capsuleLabel(b(32), b(32), ySeal), l.capsule.capsuleLabel(b(32), b(32, 8), ySeal)],
  ),
  digestRow('label', 'capsule.ts', 'Y_seal', 'sealKeyId, xy(ySeal))', 'sealKeyId)', 'one label for two keys', (l) => [
    l.capsule.capsuleLabel(b(32), b(32), ySeal),
    l.capsule.capsuleLabel(b(32), b(32), Q),
  ]),
];

const partial = (
  input: string,
  from: string,
  to: string,
  caughtBy: string,
  moved: (
    context: real.partial.PartialContext,
    made: real.partial.Partial,
  ) => readonly [real.partial.PartialContext, real.partial.Partial],
): Row => ({
  challenge: 'partial',
  input,
  file: 'partial.ts',
  from,
  to,
  caughtBy,
  succeeds: (l) => {
    const made = context(sealedBy(real).capsule);
    return l.partial.verifyPartial(...withShare(moved(made, l.partial.releasePartial(made, 1, y, random))));
  },
});
const withShare = ([asked, made]: readonly [real.partial.PartialContext, real.partial.Partial]) =>
  [asked, ySeal, made] as const;
const bound = 'concat(context.grantId, u64(context.epoch), u16(index), context.sealedKeyHash)';
export const partialRows: Row[] = [
  partial('grantId', bound, bound.replace('context.grantId, ', ''), 'a partial taken to another grant', (c, p) => [
    { ...c, grantId: b(32, 8) },
    p,
  ]),
  partial('epoch', bound, bound.replace('u64(context.epoch), ', ''), 'a partial of an old epoch', (c, p) => [
    { ...c, epoch: 2 },
    p,
  ]),
  partial('index', bound, bound.replace('u16(index), ', ''), 'a partial in another member’s name', (c, p) => [
    c,
    { ...p, index: 2 },
  ]),
  partial(
    'sealedKeyHash',
    bound,
    bound.replace(', context.sealedKeyHash', ''),
    'a partial beside another capsule',
    (c, p) => [{ ...c, sealedKeyHash: b(32, 8) }, p],
  ),
];

/**
 * One recipient key in two grants. The author of one knows its r, reads q·Y out of the published partials, and with it the
 * K of the other: attack 1 without even a viewing key. Encryption to many recipients, or to one twice, has leaked this way
 * where parts were shared (Bellare, Boldyreva and Staddon, PKC 2003). r·Q in the key is what the author lacks.
 */

import { randomBytes } from 'node:crypto';
import * as age from '../src/age.js';
import { openCapsule, parseCapsule, sealCapsule } from '../src/capsule.js';
import { G } from '../src/curve.js';
import { metaAddressOf, newOneTimeKey } from '../src/stealth.js';
import { scalar } from './ring.js';

const sealing = scalar();
const ySeal = G.multiply(sealing);
const q = scalar();
const Q = G.multiply(q);
const fileKey = new Uint8Array(randomBytes(16));
const label = randomBytes(32);
const capsule = parseCapsule(sealCapsule({ fileKey, label, recipientKey: Q, ySeal }, randomBytes));
const published = capsule.C.add(Q).multiply(sealing); // W of the other grant

describe('two grants to one key', () => {
  const r1 = scalar(); // the author's own
  const ownW = G.multiply(r1).add(Q).multiply(sealing);
  const qY = ownW.subtract(ySeal.multiply(r1));
  const K = published.subtract(qY);

  it('give the author of one the K of the other', () => {
    expect(qY.equals(ySeal.multiply(q))).toBe(true);
    expect(K.equals(capsule.C.multiply(sealing))).toBe(true);
  });

  it('give it no key: that takes r·Q as well', () => {
    for (const guess of [r1, 1n, scalar()])
      expect(() =>
        openCapsule({ capsule, label, recipientSecret: guess, ySeal, W: K.add(ySeal.multiply(guess)) }),
      ).toThrow('W: does not open this capsule');
    expect(openCapsule({ capsule, label, recipientSecret: q, ySeal, W: published })).toEqual(fileKey);
  });

  it('do not come from one meta-address: each grant draws its own', () => {
    const meta = metaAddressOf({ spending: scalar(), viewing: scalar() });
    const keys = Array.from({ length: 8 }, () => newOneTimeKey(meta, randomBytes).key.toHex());
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('one recipient twice in the header of a file', () => {
  it('has two stanzas that share nothing, and opens', () => {
    const identity = age.encodeIdentity(randomBytes(32));
    const header = age.createHeader(fileKey, [age.recipientOf(identity), age.recipientOf(identity)]);
    const [first, second] = header.stanzas;
    expect(first!.args).not.toEqual(second!.args);
    expect(first!.body).not.toEqual(second!.body);
    expect(age.unwrapHeader(header, identity)).toEqual(fileKey);
  });
});

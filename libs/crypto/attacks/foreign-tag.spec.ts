/**
 * Section 11, attack 15: another deed's key locks a patient's grant. An earlier draft of this protocol named no tag in
 * the grant. Others can take over a signature that does not say whose statement it is about: the station-to-station
 * protocol had that break (Blake-Wilson and Menezes, PKC 1999, on unknown key shares).
 */

import { randomBytes } from 'node:crypto';
import { compressed } from '../src/curve.js';
import {
  parseRingSignature,
  type RingStatement,
  signRing,
  tagBase,
  tagDomain,
  tagOf,
  verifyRing,
} from '../src/ring.js';
import { metaAddressOf, newDeedKey, oneTimeSecret } from '../src/stealth.js';

const domain = tagDomain(new Uint8Array(32), new Uint8Array(20));
const meta = metaAddressOf({ spending: 9n, viewing: 8n });
const [patient, thief] = [newDeedKey(meta, randomBytes), newDeedKey(meta, randomBytes)];
const xs = [patient, thief].map(({ key }) => key.toAffine().x);
const secret = (deed: typeof patient) => oneTimeSecret(9n, deed.sharedScalar);
const tagFor = (deed: typeof patient) => compressed(tagOf(tagBase(domain, deed.key.toAffine().x, 0), secret(deed)));
const grantId = randomBytes(32); // the digest of a grant that carries the patient's tag
const grant: RingStatement = { message: grantId, tagDomain: domain, slot: 0, xs, tag: tagFor(patient) };

describe('attack 15: a member of the cohort signs the patient’s grant with its own key', () => {
  it('makes a good ring signature, with its own tag', () => {
    const stolen = signRing({ ...grant, tag: tagFor(thief) }, secret(thief), randomBytes);
    expect(verifyRing({ ...grant, tag: tagFor(thief) }, stolen)).toBe(true);
  });

  it('is refused for the grant, which names the tag; also with the patient’s tag put in', () => {
    const stolen = signRing({ ...grant, tag: tagFor(thief) }, secret(thief), randomBytes);
    expect(verifyRing(grant, stolen)).toBe(false);
    const swapped = Uint8Array.from(stolen);
    swapped.set(grant.tag);
    expect(verifyRing(grant, swapped)).toBe(false);
    expect(() => signRing(grant, secret(thief), randomBytes)).toThrow('tag: is not the tag of this deed and slot');
    expect(parseRingSignature(stolen, 2).tag.toBytes(true)).toEqual(tagFor(thief));
  });
});

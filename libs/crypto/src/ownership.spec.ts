import { randomBytes } from 'node:crypto';
import { compressed, G } from './curve.js';
import { proveOwnership, verifyOwnership, type OwnershipStatement } from './ownership.js';
import { metaAddressOf, newDeedKey, oneTimeSecret } from './stealth.js';
import { tagBase, tagDomain, tagOf } from './tag-base.js';

const domain = tagDomain(new Uint8Array(32).fill(1), new Uint8Array(20).fill(2));
const spending = 99n;
const meta = metaAddressOf({ spending, viewing: 98n });
const deed = newDeedKey(meta, randomBytes);
const deedX = deed.key.toAffine().x;
const secret = oneTimeSecret(spending, deed.sharedScalar);
const statement: OwnershipStatement = {
  deedX,
  tagDomain: domain,
  slot: 3,
  tag: tagOf(tagBase(domain, deedX, 3), secret),
  grantId: randomBytes(32),
};

describe('ownership proof', () => {
  const proof = proveOwnership(statement, spending, deed.sharedScalar, randomBytes);

  it('ties tag, deed, grant and enrolled key together', () => {
    expect(verifyOwnership(statement, proof, meta.spendingKey)).toBe(true);
    const changes: Partial<OwnershipStatement>[] = [
      { slot: 4 },
      { grantId: randomBytes(32) },
      { tag: G },
      { tagDomain: randomBytes(32) },
      { deedX: newDeedKey(meta, randomBytes).key.toAffine().x },
    ];
    for (const change of changes)
      expect(verifyOwnership({ ...statement, ...change }, proof, meta.spendingKey)).toBe(false);
  });

  it('is refused for a deed that the home hospital minted to itself', () => {
    // A makes its own wallet, mints a deed to it and proves ownership: a valid proof, but of a key that nobody
    // enrolled.
    const hospital = metaAddressOf({ spending: 7n, viewing: 8n });
    const own = newDeedKey(hospital, randomBytes);
    const ownX = own.key.toAffine().x;
    const minted = {
      ...statement,
      deedX: ownX,
      tag: tagOf(tagBase(domain, ownX, 3), oneTimeSecret(7n, own.sharedScalar)),
    };
    const forged = proveOwnership(minted, 7n, own.sharedScalar, randomBytes);
    expect(verifyOwnership(minted, forged, hospital.spendingKey)).toBe(true);
    expect(verifyOwnership(minted, forged, meta.spendingKey)).toBe(false);
    // Nor can it name the patient's key with a shared scalar of its choice.
    expect(verifyOwnership(minted, { ...forged, spendingKey: meta.spendingKey }, meta.spendingKey)).toBe(false);
  });

  it('is not made for a deed of another key', () => {
    expect(() => proveOwnership(statement, spending + 1n, deed.sharedScalar, randomBytes)).toThrow(
      'deedX: is not a deed of this spending key',
    );
    expect(compressed(proof.spendingKey)).toEqual(compressed(meta.spendingKey));
  });
});

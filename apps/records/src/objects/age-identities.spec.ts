import { randomBytes } from 'node:crypto';
import * as age from '@cpds/crypto/age';
import { AgeIdentities } from './age-identities.js';

const [former, current, patient, stranger] = Array.from({ length: 4 }, () => age.encodeIdentity(randomBytes(32))) as [
  age.Identity,
  age.Identity,
  age.Identity,
  age.Identity,
];
const fileKey = new Uint8Array(randomBytes(16));
const headerFor = (...identities: string[]): Uint8Array =>
  age.serializeHeader(age.createHeader(fileKey, identities.map(age.recipientOf)));
const opens = (header: Uint8Array, identity: string): Uint8Array => age.unwrapHeader(age.parseHeader(header), identity);

describe('age identities', () => {
  const identities = new AgeIdentities(current, [former, current, former]);

  it('name their recipients, each former one once', () => {
    expect(identities.recipient).toBe(age.recipientOf(current));
    expect(identities.former).toEqual([age.recipientOf(former)]);
  });

  it('open headers and stanzas for the current and the former one, and say for which', () => {
    for (const identity of [current, former]) {
      const recipient = age.recipientOf(identity);
      expect(identities.openHeader(headerFor(patient, identity))).toEqual({ fileKey, recipient });
      const stanza = age.serializeStanza(age.wrapFileKey(fileKey, recipient));
      expect(identities.openStanza(stanza)).toEqual({ fileKey, recipient });
    }
    expect(identities.openStanza(identities.wrap(fileKey)).recipient).toBe(identities.recipient);
  });

  it('refuse what is for another, and quote no secret', () => {
    const stanza = age.serializeStanza(age.wrapFileKey(fileKey, age.recipientOf(stranger)));
    for (const [code, open] of [
      ['sealed-for-another', () => identities.openHeader(headerFor(patient, stranger))],
      ['bad-stanza', () => identities.openStanza(stanza)],
    ] as const) {
      let thrown: unknown;
      try {
        open();
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code, kind: 'unavailable' });
      expect(String(thrown)).not.toContain('SECRET');
    }
  });

  it('refuse a header whose MAC another file key made', () => {
    const header = age.parseHeader(headerFor(patient, former));
    const forged = age.serializeHeader({ ...header, mac: new Uint8Array(32) });
    expect(() => identities.openHeader(forged)).toThrow(expect.objectContaining({ code: 'sealed-for-another' }));
    expect(() => identities.rewrapHeader(forged)).toThrow(expect.objectContaining({ code: 'sealed-for-another' }));
  });

  it("wrap a header for the current one, at its former one's place, and leave the patient's stanza as it is", () => {
    const before = headerFor(patient, former);
    const after = identities.rewrapHeader(before);
    expect(after).toHaveLength(before.length);
    expect(age.parseHeader(after).stanzas[0]).toEqual(age.parseHeader(before).stanzas[0]);
    expect(opens(after, current)).toEqual(fileKey);
    expect(opens(after, patient)).toEqual(fileKey);
    expect(() => opens(after, former)).toThrow(expect.objectContaining({ code: 'no-stanza' }));
  });
});

import { Decrypter, Encrypter } from 'age-encryption';
import { concat, utf8 } from './bytes.js';
import { parseHeader, serializeHeader } from './age/header.js';
import { splitFile } from './age/payload.js';
import { KeyRing } from './custody.js';
import { PassphraseKeyEncryption, type KeyEncryption } from './key-encryption.js';

const secret = new Uint8Array(32).fill(9);

/** A key management service: it never hands out its key, and seals and opens itself. */
class ServiceElsewhere implements KeyEncryption {
  readonly keyId = 'kms/hospital-1';
  constructor(private readonly ring: KeyRing) {}
  seal = async (bytes: Uint8Array): Promise<Uint8Array> => this.ring.seal('kek', bytes);
  open = async (bytes: Uint8Array): Promise<Uint8Array> => this.ring.open('kek', bytes);
}

const implementations: [string, () => KeyEncryption, () => KeyEncryption][] = [
  [
    'PassphraseKeyEncryption',
    () => new PassphraseKeyEncryption('correct horse', { logN: 1 }),
    () => new PassphraseKeyEncryption('correct horsf', { logN: 1 }),
  ],
  [
    'a service elsewhere',
    () => new ServiceElsewhere(new KeyRing(new Uint8Array(32).fill(1))),
    () => new ServiceElsewhere(new KeyRing(new Uint8Array(32).fill(2))),
  ],
];

describe.each(implementations)('%s as a KeyEncryption', (_, make, makeOther) => {
  it('gives back what it was given, also to its next run, and never the same bytes twice', async () => {
    const sealed = await make().seal(secret);
    expect(await make().open(sealed)).toEqual(secret);
    expect(await make().seal(secret)).not.toEqual(sealed);
    expect(Buffer.from(sealed).includes(Buffer.from(secret))).toBe(false);
  });

  it('carries nothing, and 4 KiB', async () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(4096).fill(5)])
      expect(await make().open(await make().seal(bytes))).toEqual(bytes);
  });

  it('opens nothing that another key sealed', async () => {
    await expect(makeOther().open(await make().seal(secret))).rejects.toThrow();
  });

  it('opens nothing that is cut short, goes on, or has a flipped bit', async () => {
    const one = make();
    const sealed = await one.seal(secret);
    await expect(one.open(concat(sealed, Uint8Array.of(0)))).rejects.toThrow();
    await expect(one.open(new Uint8Array(0))).rejects.toThrow();
    for (let at = 0; at < sealed.length; at++) {
      await expect(one.open(sealed.subarray(0, at))).rejects.toThrow();
      const changed = sealed.slice();
      changed[at]! ^= 1 << (at & 7);
      await expect(one.open(changed)).rejects.toThrow();
    }
  });
});

describe('PassphraseKeyEncryption', () => {
  const custodian = new PassphraseKeyEncryption('correct horse', { logN: 1 });

  it('says that the passphrase is another one, and shows neither', async () => {
    const other = new PassphraseKeyEncryption('other', { logN: 1 });
    const refusal = other.open(await custodian.seal(secret));
    await expect(refusal).rejects.toMatchObject({
      code: 'no-stanza',
      message: 'passphrase: is not the one of this file',
    });
    expect(JSON.stringify(other)).not.toContain('other');
  });

  it('reads and writes what the age library does', async () => {
    const theirs = new Encrypter();
    theirs.setPassphrase('correct horse');
    theirs.setScryptWorkFactor(2);
    expect(await custodian.open(await theirs.encrypt(secret))).toEqual(secret);
    const decrypter = new Decrypter();
    decrypter.addPassphrase('correct horse');
    expect(await decrypter.decrypt(await custodian.seal(secret))).toEqual(secret);
  });

  it('refuses an empty passphrase', async () => {
    await expect(new PassphraseKeyEncryption('').seal(secret)).rejects.toMatchObject({ code: 'bad-passphrase' });
  });

  it('writes a scrypt stanza of 16 bytes of salt, with the work that was asked for, and no other', async () => {
    const { header } = await splitFile([await custodian.seal(secret)]);
    const { stanzas } = parseHeader(header);
    expect(stanzas.map(({ args }) => args.map((arg, i) => (i === 1 ? arg.length : arg)))).toEqual([
      ['scrypt', 22, '1'],
    ]);
  });

  it.each(['0', '-1', '23', '64', '4294967296', '01', '1e1', 'x'])(
    'does not begin to work at a work factor of %s',
    async (work) => {
      const { header, payload } = await splitFile([await custodian.seal(secret)]);
      const { stanzas, mac } = parseHeader(header);
      const hostile = stanzas.map((stanza) => ({ ...stanza, args: [...stanza.args.slice(0, 2), work] }));
      const parts = [serializeHeader({ stanzas: hostile, mac })];
      for await (const part of payload) parts.push(part);
      const never = new PassphraseKeyEncryption('correct horse', {
        scrypt: () => Promise.reject(new Error('scrypt was asked')),
      });
      await expect(never.open(concat(...parts))).rejects.toMatchObject({ code: 'bad-age-header' });
    },
  );

  it('refuses to write with a work factor that would not be read', async () => {
    for (const logN of [0, 23, 1.5])
      await expect(new PassphraseKeyEncryption('x', { logN }).seal(secret)).rejects.toMatchObject({
        code: 'bad-work-factor',
      });
  });

  it('does not take a file that is no age file', async () => {
    await expect(custodian.open(utf8('a'.repeat(64)))).rejects.toMatchObject({ code: 'bad-age-header' });
  });
});

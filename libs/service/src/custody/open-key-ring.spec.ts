import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@cpds/crypto/bytes';
import { KeyRing } from '@cpds/crypto/custody';
import { type KeyEncryption, PassphraseKeyEncryption } from '@cpds/crypto/key-encryption';
import { type KekConfig, openKeyRing } from './open-key-ring.js';

const kek = new Uint8Array(32).fill(0x41);
const former = new Uint8Array(32).fill(0x42);
const idsOf = (...keys: Uint8Array[]): string[] => keys.flatMap((key) => new KeyRing(key).keyIds);

describe('the key ring of a process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kek-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  let files = 0;
  const file = (content: string | Uint8Array, mode = 0o600): string => {
    const path = join(folder, `file-${files++}`);
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  };
  const open = (config: Partial<KekConfig>, keys: { kek?: string; formerKeks?: string[] } = {}, by?: KeyEncryption) =>
    openKeyRing({ KEK_FORMER_FILES: [], ...config } as KekConfig, keys, by);
  const sealed = (key: Uint8Array, passphrase = 'correct horse'): Promise<Uint8Array> =>
    new PassphraseKeyEncryption(passphrase, { logN: 1 }).seal(key);

  it.each([
    ['the key file', {}, { kek: toHex(kek) }],
    ['the environment, in hex', { KEK: toHex(kek) }, {}],
    ['the environment, in base64', { KEK: Buffer.from(kek).toString('base64') }, {}],
    ['a raw file', { KEK_FILE: file(kek) }, {}],
    ['a file of hex', { KEK_FILE: file(`${toHex(kek)}\n`, 0o400) }, {}],
  ])('is made of %s', async (_, config, keys) => {
    expect((await open(config, keys)).keyIds).toEqual(idsOf(kek));
  });

  it('is made of an age file, raw or hex inside, with the passphrase from the environment or the first line of a file', async () => {
    const raw = { KEK_FILE: file(await sealed(kek)), KEK_PASSPHRASE: 'correct horse' };
    expect((await open(raw)).keyIds).toEqual(idsOf(kek));
    const hex = file(await sealed(Buffer.from(`${toHex(kek)}\n`)));
    for (const line of ['correct horse', 'correct horse\n', 'correct horse\r\nand a note\n'])
      expect((await open({ KEK_FILE: hex, KEK_PASSPHRASE_FILE: file(line) })).keyIds).toEqual(idsOf(kek));
  });

  it('asks a key management service in place of a passphrase', async () => {
    const service = new KeyRing(new Uint8Array(32).fill(5));
    const kms: KeyEncryption = {
      keyId: 'kms/hospital-1',
      seal: async (secret) => service.seal('kek', secret),
      open: async (bytes) => service.open('kek', bytes),
    };
    expect((await open({ KEK_FILE: file(await kms.seal(kek)) }, {}, kms)).keyIds).toEqual(idsOf(kek));
    await expect(open({ KEK_FILE: file(await sealed(kek)) }, {}, kms)).rejects.toMatchObject({
      code: 'bad-key-file',
      message: 'KEK_FILE: the file does not open with kms/hospital-1: it is another one, or the file changed',
    });
  });

  it('keeps former keys behind the current one, newest first, plain and sealed', async () => {
    const [older, oldest] = [new Uint8Array(32).fill(0x43), new Uint8Array(32).fill(0x44)];
    const paths = [file(older), file(await sealed(oldest))];
    const config = { KEK: toHex(kek), KEK_FORMER_FILES: paths, KEK_PASSPHRASE: 'correct horse' };
    const ring = await open(config, { formerKeks: [toHex(former)] });
    expect(ring.keyIds).toEqual(idsOf(kek, former, older, oldest));
  });

  it.each<[string, () => Promise<KeyRing>, string, string]>([
    ['no source', () => open({}), 'key-missing', 'kek'],
    ['two sources', () => open({ KEK: toHex(kek) }, { kek: toHex(former) }), 'bad-config', 'KEK'],
    [
      'two passphrases',
      () => open({ KEK: toHex(kek), KEK_PASSPHRASE: 'p', KEK_PASSPHRASE_FILE: 'p' }),
      'bad-config',
      'KEK_PASSPHRASE',
    ],
    [
      'an empty passphrase file',
      () => open({ KEK: toHex(kek), KEK_PASSPHRASE_FILE: file('\nx') }),
      'bad-config',
      'KEK_PASSPHRASE_FILE',
    ],
    ['no file', () => open({ KEK_FILE: join(folder, 'nothing') }), 'bad-key-file', 'KEK_FILE'],
    ['a folder', () => open({ KEK_FILE: folder }), 'bad-key-file', 'KEK_FILE'],
    ['an empty file', () => open({ KEK_FILE: file('') }), 'bad-kek', 'KEK_FILE'],
    ['a key cut short', () => open({ KEK_FILE: file(kek.subarray(1)) }), 'bad-kek', 'KEK_FILE'],
    ['a key cut short in the environment', () => open({ KEK: toHex(kek).slice(2) }), 'bad-kek', 'KEK'],
    [
      'a sealed file without passphrase',
      async () => open({ KEK_FILE: file(await sealed(kek)) }),
      'bad-config',
      'KEK_FILE',
    ],
    [
      'another passphrase',
      async () => open({ KEK_FILE: file(await sealed(kek)), KEK_PASSPHRASE: 'wrong' }),
      'bad-key-file',
      'KEK_FILE',
    ],
    [
      'a sealed file that holds no key',
      async () => open({ KEK_FILE: file(await sealed(kek.subarray(1))), KEK_PASSPHRASE: 'correct horse' }),
      'bad-kek',
      'KEK_FILE',
    ],
    [
      'a former file that is away',
      () => open({ KEK: toHex(kek), KEK_FORMER_FILES: ['nothing'] }),
      'bad-key-file',
      'KEK_FORMER_FILES',
    ],
    [
      'the current key among the former',
      () => open({ KEK: toHex(kek) }, { formerKeks: [toHex(kek)] }),
      'bad-kek',
      'kek',
    ],
  ])('is not made of %s', async (_, make, code, field) => {
    const error = await make().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, field });
    expect(String(error)).not.toMatch(/4141|QUFB|correct horse|wrong|AAA/);
  });

  it.each(['KEK_FILE', 'KEK_PASSPHRASE_FILE', 'KEK_FORMER_FILES'] as const)(
    'is not made where others can read or write %s',
    async (field) => {
      for (const mode of [0o604, 0o650, 0o620, 0o602, 0o660, 0o601]) {
        const path = file(kek, mode);
        const config = {
          ...(field === 'KEK_FILE' ? {} : { KEK: toHex(kek) }),
          [field]: field === 'KEK_FORMER_FILES' ? [path] : path,
        };
        await expect(open(config)).rejects.toMatchObject({
          code: 'bad-key-file',
          field,
          message: expect.stringContaining('chmod 600'),
        });
      }
    },
  );
});

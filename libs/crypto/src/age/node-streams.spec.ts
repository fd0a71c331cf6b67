import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { concat } from '../bytes.js';
import { openFile } from './file.js';
import { encodeIdentity, recipientOf } from './recipient.js';
import { decryptStream, encryptStream } from './node-streams.js';

const identity = encodeIdentity(new Uint8Array(32).fill(77));
const lock = { recipients: [recipientOf(identity)] };

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return concat(...all);
}

describe('age files as Node streams', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'cpds-streams-'))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  const seal = (plaintext: Uint8Array) => collect(Readable.from([plaintext]).pipe(encryptStream(lock)));
  const discard = async (parts: AsyncIterable<Uint8Array>) => void (await collect(parts));

  it.each([0, 65_536, 1_000_000])('carry %d bytes from file to file and back', async (length) => {
    writeFileSync(at('plain'), randomBytes(length));
    await pipeline(createReadStream(at('plain')), encryptStream(lock), createWriteStream(at('file.age')));
    await pipeline(createReadStream(at('file.age')), decryptStream({ identity }), createWriteStream(at('opened')));
    expect(readFileSync(at('opened')).equals(readFileSync(at('plain')))).toBe(true);
    expect(await collect(openFile([readFileSync(at('file.age'))], { identity }))).toHaveLength(length);
  });

  it('take a passphrase', async () => {
    const file = await collect(
      Readable.from([Buffer.from('backup')]).pipe(encryptStream({ passphrase: 'open', logN: 4 })),
    );
    const open = (passphrase: string) => collect(Readable.from([file]).pipe(decryptStream({ passphrase })));
    expect(Buffer.from(await open('open')).toString()).toBe('backup');
    await expect(open('shut')).rejects.toMatchObject({ code: 'no-stanza', field: 'passphrase' });
  });

  it('fail for another key, for text, and where the file was changed or is cut off', async () => {
    const file = await seal(new Uint8Array(100_000));
    const open = (pieces: unknown[], key = identity) =>
      pipeline(pieces, decryptStream({ identity: key }), discard as never);
    await expect(open([file], encodeIdentity(new Uint8Array(32).fill(1)))).rejects.toMatchObject({ code: 'no-stanza' });
    await expect(open(['age-encryption.org/v1\n'])).rejects.toMatchObject({ code: 'bad-type', field: 'source' });
    const changed = Uint8Array.from(file);
    changed[file.length - 1]! ^= 1;
    for (const bad of [changed, file.subarray(0, -1), file.subarray(0, 70_000)])
      await expect(open([bad])).rejects.toMatchObject({ code: 'bad-age-payload' });
    const endless = function* () {
      yield Uint8Array.from(file, (byte, i) => (i === 1000 ? byte ^ 1 : byte));
      for (;;) yield new Uint8Array(65_536);
    };
    await expect(pipeline(endless, decryptStream({ identity }), discard)).rejects.toMatchObject({
      code: 'bad-age-payload',
      field: 'chunk 0',
    });
    await expect(open([new Uint8Array(1_000_000)])).rejects.toMatchObject({ code: 'bad-age-header' });
    await expect(open([file.subarray(0, 50)])).rejects.toMatchObject({ code: 'bad-age-header' });
    await expect(pipeline([file], encryptStream({ recipients: ['age1x'] }), discard)).rejects.toMatchObject({
      code: 'bad-age-key',
    });
  });

  it('end with the error of their source, wherever it comes', async () => {
    const file = await seal(new Uint8Array(100_000));
    for (const length of [0, 50, 70_000, file.length]) {
      const failing = async function* () {
        yield file.subarray(0, length);
        throw new Error('the disk is gone');
      };
      await expect(pipeline(failing, decryptStream({ identity }), discard)).rejects.toThrow('the disk is gone');
      await expect(pipeline(failing, encryptStream(lock), discard)).rejects.toThrow('the disk is gone');
    }
  });

  it('ask for no more than is taken, and let their source go when nobody takes it', async () => {
    let read = 0;
    let closed = false;
    const endless = async function* () {
      try {
        for (;;) yield new Uint8Array(65_536).fill(read++);
      } finally {
        closed = true;
      }
    };
    const leaves = async (parts: AsyncIterable<Uint8Array>) => {
      let taken = 0;
      for await (const { length } of parts) if ((taken += length) > 1_000_000) throw new Error('enough');
    };
    await expect(pipeline(endless, encryptStream(lock), leaves)).rejects.toThrow('enough');
    expect(closed).toBe(true);
    expect(read).toBeLessThan(120);
  });
});

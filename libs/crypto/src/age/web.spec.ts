import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
// @ts-expect-error a script of this package, in JavaScript
import { options } from '../../scripts/browser.mjs';
import type { decryptAge } from './web.js';
import { nodeAead } from './node-aead.js';
import * as age from '../age.js';

const identity = age.encodeIdentity(new Uint8Array(32).fill(3));
const fileKey = new Uint8Array(16).fill(4);
const plaintext = Buffer.alloc(200_000, 'a record ');

/** Loads the bundle with the globals of a browser and none of Node. */
async function inBrowser(): Promise<typeof decryptAge> {
  const { outputFiles } = await build({
    ...(options as object),
    entryPoints: [fileURLToPath(new URL('./web.ts', import.meta.url))],
    format: 'iife',
    globalName: 'age',
    write: false,
  });
  const { crypto, ReadableStream, TextDecoder, TextEncoder, Uint8Array, setTimeout } = globalThis;
  const context = createContext({ crypto, ReadableStream, TextDecoder, TextEncoder, Uint8Array, setTimeout });
  runInContext(outputFiles[0]!.text, context);
  return runInContext('age.decryptAge', context) as typeof decryptAge;
}

async function sealed(header: Uint8Array): Promise<Buffer> {
  const parts = [header];
  for await (const part of age.sealPayload([plaintext], fileKey, new Uint8Array(16), nodeAead)) parts.push(part);
  return Buffer.concat(parts);
}

const forPatient = () => sealed(age.serializeHeader(age.createHeader(fileKey, [age.recipientOf(identity)])));

const streamOf = (file: Uint8Array) => new Blob([new Uint8Array(file)]).stream() as ReadableStream<Uint8Array>;

const read = async (stream: ReadableStream<Uint8Array>) =>
  Buffer.from(await new Response(stream as unknown as string).arrayBuffer());

describe('the reader for browsers', () => {
  let decrypt: typeof decryptAge;
  beforeAll(async () => {
    decrypt = await inBrowser();
  });

  it('opens a record', async () => {
    expect((await read(decrypt(streamOf(await forPatient()), { identity }))).equals(plaintext)).toBe(true);
  });

  it('opens a backup by its passphrase', async () => {
    const file = await sealed(age.serializeHeader(await age.createPassphraseHeader(fileKey, 'open', { logN: 4 })));
    expect((await read(decrypt(streamOf(file), { passphrase: 'open' }))).equals(plaintext)).toBe(true);
    const wrong = decrypt(streamOf(file), { passphrase: 'shut' }).getReader().read();
    await expect(wrong).rejects.toMatchObject({ code: 'no-stanza', field: 'passphrase' });
  });

  it('hands on what is authentic and then fails, where bytes are missing or changed', async () => {
    const file = await forPatient();
    file[file.length - 1]! ^= 1;
    const reader = decrypt(streamOf(file), { identity }).getReader();
    for (let whole = 0; whole < 3; whole++) expect((await reader.read()).value).toHaveLength(65_536);
    await expect(reader.read()).rejects.toMatchObject({ code: 'bad-age-payload', field: 'chunk 3' });
  });

  it('lets the file go when the page has read enough', async () => {
    let cancelled = false;
    const file = await forPatient();
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(file)),
      cancel: () => void (cancelled = true),
    });
    const reader = decrypt(endless, { identity }).getReader();
    await reader.read();
    await reader.cancel();
    expect(cancelled).toBe(true);
  });
});

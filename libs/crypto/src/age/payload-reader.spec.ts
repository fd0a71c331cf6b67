import fc from 'fast-check';
import { nodeAead } from './node-aead.js';
import { nodeScrypt } from './node-scrypt.js';
import { chunkBytes, payloadNonceBytes, portableAead, sealPayload, sealedChunkBytes } from './payload.js';
import { portableScrypt } from './passphrase.js';
import { PayloadReader, type RangeSource } from './payload-reader.js';

const fileKey = new Uint8Array(16).fill(4);

async function sealed(length: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of sealPayload([content(length)], fileKey, new Uint8Array(16), nodeAead)) parts.push(part);
  return Buffer.concat(parts);
}

/** Bytes that differ from chunk to chunk. */
const content = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 16)) & 0xff));

/** A source that counts what is read of it. */
function sourceOf(
  payload: Buffer,
): RangeSource & { read: (from: number, to: number) => Promise<Buffer>; taken: number } {
  return {
    length: payload.length,
    taken: 0,
    read(from, to) {
      this.taken += to - from;
      return Promise.resolve(payload.subarray(from, to));
    },
  };
}

async function bytesOf(reader: PayloadReader, from: number, to: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of reader.read(from, to)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('a payload read in ranges', () => {
  const length = 3 * chunkBytes + 1000;
  let payload: Buffer;
  beforeAll(async () => {
    payload = await sealed(length);
  });

  it('gives the bytes of any range, and of no other', async () => {
    const reader = await PayloadReader.open(sourceOf(payload), fileKey, nodeAead);
    expect(reader.length).toBe(length);
    const whole = content(length);
    await fc.assert(
      fc.asyncProperty(fc.nat(length), fc.nat(length), async (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        expect((await bytesOf(reader, from, to)).equals(whole.subarray(from, to))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it.each([0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 2 * chunkBytes])('knows a length of %d', async (size) => {
    const reader = await PayloadReader.open(sourceOf(await sealed(size)), fileKey, portableAead);
    expect(reader.length).toBe(size);
    expect((await bytesOf(reader, 0, size)).equals(content(size))).toBe(true);
  });

  it('reads the chunks of the range, and to begin with nonce and last chunk', async () => {
    const source = sourceOf(payload);
    const reader = await PayloadReader.open(source, fileKey, nodeAead);
    expect(source.taken).toBe(payloadNonceBytes + 1000 + 16);
    source.taken = 0;
    await bytesOf(reader, chunkBytes + 5, chunkBytes + 6);
    expect(source.taken).toBe(sealedChunkBytes);
  });

  it.each([
    [-1, 5],
    [5, 4],
    [0, length + 1],
    [0.5, 2],
    [0, Number.NaN],
  ])('refuses the range %p to %p', async (from, to) => {
    const reader = await PayloadReader.open(sourceOf(payload), fileKey, nodeAead);
    await expect(bytesOf(reader, from, to)).rejects.toMatchObject({ code: 'bad-range', field: 'range' });
  });

  it('refuses a payload that was cut off at any chunk, extended, or whose source gives less than it said', async () => {
    const refused = { code: 'bad-age-payload' };
    const open = (source: RangeSource) => PayloadReader.open(source, fileKey, nodeAead);
    for (const end of [0, 15, 16, 31, 32, 16 + sealedChunkBytes, 16 + 2 * sealedChunkBytes + 16, payload.length - 1])
      await expect(open(sourceOf(payload.subarray(0, end)))).rejects.toMatchObject(refused);
    await expect(open(sourceOf(Buffer.concat([payload, payload.subarray(0, 40)])))).rejects.toMatchObject(refused);
    await expect(
      open({ length: payload.length, read: () => Promise.resolve(new Uint8Array(3)) }),
    ).rejects.toMatchObject(refused);
  });

  it('refuses the one chunk that was changed, and reads the others', async () => {
    const changed = Buffer.from(payload);
    changed[payloadNonceBytes + sealedChunkBytes + 9]! ^= 1;
    const reader = await PayloadReader.open(sourceOf(changed), fileKey, nodeAead);
    await expect(bytesOf(reader, 0, length)).rejects.toMatchObject({ code: 'bad-age-payload', field: 'chunk 1' });
    expect((await bytesOf(reader, 2 * chunkBytes, length)).equals(content(length).subarray(2 * chunkBytes))).toBe(true);
  });
});

describe('scrypt', () => {
  it('is one function, by Node and everywhere', async () => {
    const input = [Buffer.from('pass'), Buffer.from('salt'), 6] as const;
    expect(await nodeScrypt(...input)).toEqual(Buffer.from(await portableScrypt(...input)));
  });
});

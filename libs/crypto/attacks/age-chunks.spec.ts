/**
 * Chunks moved, dropped, repeated, taken from another file, or added at the end. Where each is sealed for itself, any order
 * of them is a file: mail clients showed what had been rearranged or cut (EFAIL, Poddebniak and others, USENIX Security
 * 2018), and cut TLS streams kept people logged in (Smyth and Pironti, WOOT 2013). STREAM (Hoang and others, CRYPTO 2015)
 * counts the chunks and marks the last.
 */

import * as age from '../src/age.js';
import { concat, toHex } from '../src/bytes.js';
import { sha256 } from '../src/hash.js';
import { nodeAead } from '../src/node.js';

const fileKey = sha256().slice(0, 16);
const nonce = sha256(Uint8Array.of(1)).slice(0, 16);
const otherNonce = sha256(Uint8Array.of(2)).slice(0, 16);
/** Four whole chunks, each of one byte's value. */
const content = concat(...[0, 1, 2, 3].map((fill) => new Uint8Array(age.chunkBytes).fill(fill)));
const size = age.sealedChunkBytes;
const chunks = [0, 1, 2, 3];

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return concat(...all);
}
/** An AEAD that leaves out counter and mark: each chunk is valid at any place. */
const countless: age.Aead = {
  seal: (key, _, plaintext) => nodeAead.seal(key, new Uint8Array(12), plaintext),
  open: (key, _, sealed) => nodeAead.open(key, new Uint8Array(12), sealed),
};
const seal = (aead: age.Aead, text = content, of = nonce) => collect(age.sealPayload([text], fileKey, of, aead));
const open = async (payload: Uint8Array, aead: age.Aead) =>
  toHex(sha256(await collect(age.openPayload([payload], fileKey, aead))));
const chunk = (payload: Uint8Array, i: number) => payload.subarray(16 + i * size, 16 + (i + 1) * size);
const inOrder = (payload: Uint8Array, order: readonly number[]) =>
  concat(payload.subarray(0, 16), ...order.map((i) => chunk(payload, i)));
const refused = { code: 'bad-age-payload' };

describe('the chunks of a file', () => {
  const orders = [
    [1, 0, 2, 3],
    [3, 2, 1, 0],
    [0, 1, 2],
    [0],
    [1, 2, 3],
    [0, 0, 1, 2, 3],
    [0, 1, 2, 3, 3],
    [0, 1, 2, 3, 0],
  ];
  let weak: Uint8Array;
  let ours: Uint8Array;
  beforeAll(async () => {
    [weak, ours] = await Promise.all([seal(countless), seal(nodeAead)]);
    expect(ours).toHaveLength(age.payloadLength(content.length));
    expect(await open(inOrder(ours, chunks), nodeAead)).toBe(toHex(sha256(content)));
  });

  it.each(orders.map((order) => [order.join(' ')]))(
    'in the order %s are a file without STREAM, and none with it',
    async (name) => {
      const order = name.split(' ').map(Number);
      const moved = concat(...order.map((i) => content.subarray(i * age.chunkBytes, (i + 1) * age.chunkBytes)));
      expect(await open(inOrder(weak, order), countless)).toBe(toHex(sha256(moved)));
      await expect(open(inOrder(ours, order), nodeAead)).rejects.toMatchObject(refused);
    },
  );

  it('of two files under one key do not mix: the nonce of each is in its key', async () => {
    const other = await seal(nodeAead, content, otherNonce);
    for (const [head, donor] of [
      [ours, other],
      [other, ours],
    ] as const)
      for (const at of chunks) {
        const mixed = concat(head.subarray(0, 16), ...chunks.map((i) => chunk(i === at ? donor : head, i)));
        await expect(open(mixed, nodeAead)).rejects.toMatchObject({ ...refused, field: `chunk ${at}` });
      }
  });

  it('are not cut anywhere, at a border or inside', async () => {
    const cuts = [1, 15, 16, 17, size - 1, size, size + 1, 3 * size, 4 * size - 1, 4 * size, 4 * size + 7];
    for (const cut of cuts)
      await expect(open(ours.subarray(0, ours.length - cut), nodeAead)).rejects.toMatchObject(refused);
  });

  it('are not extended: by a byte, an authenticator, a sealed empty chunk or a whole file', async () => {
    const empty = await seal(nodeAead, new Uint8Array(0));
    for (const more of [Uint8Array.of(0), ours.slice(-16), empty.slice(16), empty, ours])
      await expect(open(concat(ours, more), nodeAead)).rejects.toMatchObject(refused);
  });

  it('do not end in an empty one: a writer that ends so would give one text two files', async () => {
    const two: age.Aead = {
      ...nodeAead,
      seal(key, at, plaintext) {
        const plain = Uint8Array.from(at);
        plain[11] = 0;
        const next = Uint8Array.from(plain);
        next[10] = 1;
        next[11] = 1;
        const { ciphertext, tag } = nodeAead.seal(key, plain, plaintext);
        return { ciphertext: concat(ciphertext, tag), tag: nodeAead.seal(key, next, new Uint8Array(0)).tag };
      },
    };
    const doubled = await seal(two, content.subarray(0, age.chunkBytes));
    await expect(open(doubled, nodeAead)).rejects.toMatchObject({ ...refused, field: 'chunk 1' });
  });
});

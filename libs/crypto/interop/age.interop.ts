/** age files (c2sp.org/age) both ways with the Rust crate `age`. */

import * as age from '../src/age.js';
import { nodeAead, nodeScrypt } from '../src/node.js';
import { Peer, Refused } from './peer.js';

const rust = new Peer();
afterAll(() => rust.close());

const patient = age.encodeIdentity(new Uint8Array(32).fill(77));
const hospital = age.encodeIdentity(new Uint8Array(32).fill(78));
const stranger = age.encodeIdentity(new Uint8Array(32).fill(79));
const fileKey = new Uint8Array(16).fill(5);
const passphrase = 'correct horse — Ünïcode';
const lengths = [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000];
/** Compares by hand: jest's matcher takes seconds for so many bytes. */
const isPlaintext = (bytes: Uint8Array, length: number) => Buffer.compare(bytes, plaintextOf(length)) === 0;
const plaintextOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

async function write(header: age.Header, plaintext: Uint8Array): Promise<Uint8Array> {
  const parts = [age.serializeHeader(header)];
  for await (const part of age.sealPayload([plaintext], fileKey, new Uint8Array(16).fill(6), nodeAead))
    parts.push(part);
  return Buffer.concat(parts);
}

async function read(file: Uint8Array, keyOf: (header: age.Header) => Uint8Array | Promise<Uint8Array>) {
  const { header, payload } = await age.splitFile([file]);
  const parts: Uint8Array[] = [];
  for await (const part of age.openPayload(payload, await keyOf(age.parseHeader(header)), nodeAead)) parts.push(part);
  return Buffer.concat(parts);
}

describe('a file written here', () => {
  it.each(lengths)('of %d bytes opens in Rust for both of its recipients, and for nobody else', async (length) => {
    const file = await write(
      age.createHeader(fileKey, [age.recipientOf(patient), age.recipientOf(hospital)]),
      plaintextOf(length),
    );
    for (const identity of [patient, hospital])
      expect(isPlaintext(await rust.ask('age-open', { with: { keys: [identity] }, file }), length)).toBe(true);
    await expect(rust.ask('age-open', { with: { keys: [stranger] }, file })).rejects.toThrow(Refused);
  });

  it.each(lengths)('of %d bytes opens in Rust with its passphrase, and with no other', async (length) => {
    const header = await age.createPassphraseHeader(fileKey, passphrase, { logN: 10, scrypt: nodeScrypt });
    const file = await write(header, plaintextOf(length));
    expect(isPlaintext(await rust.ask('age-open', { with: { passphrase }, file }), length)).toBe(true);
    await expect(rust.ask('age-open', { with: { passphrase: `${passphrase}.` }, file })).rejects.toThrow(Refused);
  });

  it('opens in Rust for a key that was made there', async () => {
    const { identity, recipient } = await rust.ask('age-identity', {});
    expect(age.recipientOf(identity)).toBe(recipient);
    const file = await write(age.createHeader(fileKey, [recipient]), plaintextOf(10));
    expect(isPlaintext(await rust.ask('age-open', { with: { keys: [identity] }, file }), 10)).toBe(true);
  });

  it('is refused in Rust once a byte of it is another, is missing or is too many', async () => {
    const header = age.createHeader(fileKey, [age.recipientOf(patient)]);
    const file = Uint8Array.from(await write(header, plaintextOf(65_537)));
    const start = age.serializeHeader(header).length;
    const flipped = [40, start - 2, start, start + 16, start + 65_560, file.length - 1].map((at) =>
      file.with(at, file[at]! ^ 1),
    );
    for (const bad of [...flipped, file.slice(0, -1), file.slice(0, -17), Uint8Array.of(...file, 0)]) {
      await expect(rust.ask('age-open', { with: { keys: [patient] }, file: bad })).rejects.toThrow(Refused);
      await expect(read(bad, (header) => age.unwrapHeader(header, patient))).rejects.toThrow();
    }
  });
});

describe('a file written in Rust', () => {
  it.each(lengths)('of %d bytes opens here for both of its recipients, and for nobody else', async (length) => {
    const to = { keys: [age.recipientOf(patient), age.recipientOf(hospital)] };
    const file = await rust.ask('age-seal', { to, plaintext: plaintextOf(length) });
    for (const identity of [patient, hospital])
      expect(isPlaintext(await read(file, (header) => age.unwrapHeader(header, identity)), length)).toBe(true);
    await expect(read(file, (header) => age.unwrapHeader(header, stranger))).rejects.toThrow('opens no stanza');
  });

  it.each(lengths)('of %d bytes opens here with its passphrase, and with no other', async (length) => {
    const file = await rust.ask('age-seal', { to: { passphrase }, plaintext: plaintextOf(length) });
    const opened = await read(file, (header) => age.openPassphraseHeader(header, passphrase, nodeScrypt));
    expect(isPlaintext(opened, length)).toBe(true);
    const wrong = read(file, (header) => age.openPassphraseHeader(header, `${passphrase}.`, nodeScrypt));
    await expect(wrong).rejects.toThrow('is not the one of this file');
  });

  it('keeps its payload when another header is put before it here', async () => {
    const file = await rust.ask('age-seal', {
      to: { keys: [age.recipientOf(patient)] },
      plaintext: plaintextOf(70_000),
    });
    const { header } = await age.splitFile([file]);
    const key = age.unwrapHeader(age.parseHeader(header), patient);
    const moved = Buffer.concat([
      age.serializeHeader(age.createHeader(key, [age.recipientOf(hospital)])),
      file.slice(header.length),
    ]);
    expect(isPlaintext(await rust.ask('age-open', { with: { keys: [hospital] }, file: moved }), 70_000)).toBe(true);
    await expect(rust.ask('age-open', { with: { keys: [patient] }, file: moved })).rejects.toThrow(Refused);
  });
});

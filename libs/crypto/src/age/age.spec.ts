import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { base64nopad } from '@scure/base';
import { nodeAead } from './node-aead.js';
import * as age from '../age.js';

const seed = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const patient = age.encodeIdentity(seed(7));
const hospital = age.encodeIdentity(seed(9));
const stranger = age.encodeIdentity(seed(11));
const fileKey = Uint8Array.from({ length: 16 }, (_, i) => i);
const nonce = Uint8Array.from({ length: 16 }, (_, i) => 100 + i);

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

async function seal(plaintext: Uint8Array, aead: age.Aead = nodeAead): Promise<Buffer> {
  const header = age.serializeHeader(age.createHeader(fileKey, [age.recipientOf(patient), age.recipientOf(hospital)]));
  return Buffer.concat([header, await collect(age.sealPayload([plaintext], fileKey, nonce, aead))]);
}

async function open(file: Uint8Array, identity: string, aead: age.Aead = nodeAead): Promise<Buffer> {
  const { header, payload } = await age.splitFile([file]);
  return collect(age.openPayload(payload, age.unwrapHeader(age.parseHeader(header), identity), aead));
}

/** Compared by digest: jest walks a buffer byte by byte. */
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const content = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255));

describe('age file', () => {
  it.each([0, 1, age.chunkBytes - 1, age.chunkBytes, age.chunkBytes + 1, 2 * age.chunkBytes, 200_000])(
    'of %d bytes opens for every recipient, by either AEAD, and has the length foretold',
    async (length) => {
      const file = await seal(content(length));
      expect(file.length - age.headerLength(file)!).toBe(age.payloadLength(length));
      expect(digest(await open(file, patient))).toBe(digest(content(length)));
      expect(digest(await open(file, hospital, age.portableAead))).toBe(digest(content(length)));
      expect(digest((await seal(content(length), age.portableAead)).subarray(age.headerLength(file)!))).toBe(
        digest(file.subarray(age.headerLength(file)!)),
      );
    },
  );

  it('is the same whatever pieces it comes in', async () => {
    const file = await seal(content(150_000));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 9 }), async (sizes) => {
        function* pieces(): Generator<Uint8Array> {
          for (let at = 0, i = 0; at < file.length; at += sizes[i++ % sizes.length]!)
            yield file.subarray(at, at + sizes[i % sizes.length]!);
        }
        const { header, payload } = await age.splitFile(pieces());
        const opened = await collect(
          age.openPayload(payload, age.unwrapHeader(age.parseHeader(header), patient), nodeAead),
        );
        expect(digest(opened)).toBe(digest(content(150_000)));
      }),
      { numRuns: 20 },
    );
  });

  it('may come in one buffer that its reader fills again and again', async () => {
    const plaintext = content(3 * age.chunkBytes + 5);
    const read = async function* (bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
      const buffer = new Uint8Array(size);
      for (let at = 0; at < bytes.length; at += size) {
        const part = bytes.subarray(at, at + size);
        buffer.set(part);
        yield buffer.subarray(0, part.length);
        buffer.fill(0xee);
      }
    };
    const sealed = await collect(age.sealPayload([plaintext], fileKey, nonce, nodeAead));
    for (const size of [
      1000,
      age.chunkBytes - 1,
      age.chunkBytes,
      age.chunkBytes + 1,
      2 * age.chunkBytes + 40,
      5 * age.chunkBytes,
    ]) {
      expect(digest(await collect(age.sealPayload(read(plaintext, size), fileKey, nonce, nodeAead)))).toBe(
        digest(sealed),
      );
      expect(digest(await collect(age.openPayload(read(sealed, size + 16), fileKey, nodeAead)))).toBe(
        digest(plaintext),
      );
    }
  });

  it('is closed to anyone else', async () => {
    await expect(open(await seal(content(10)), stranger)).rejects.toMatchObject({ code: 'no-stanza' });
  });

  it('opens with the age-encryption package, and the reverse', async () => {
    const decrypter = new Decrypter();
    decrypter.addIdentity(patient);
    expect(digest(await decrypter.decrypt(await seal(content(70_000))))).toBe(digest(content(70_000)));

    const identity = await generateX25519Identity();
    const encrypter = new Encrypter();
    encrypter.addRecipient(age.recipientOf(patient));
    encrypter.addRecipient(await identityToRecipient(identity));
    const file = await encrypter.encrypt(content(140_000));
    expect(age.recipientOf(identity)).toBe(await identityToRecipient(identity));
    expect(digest(await open(file, patient))).toBe(digest(content(140_000)));
    expect(digest(await open(file, identity, age.portableAead))).toBe(digest(content(140_000)));
    const { header } = await age.splitFile([file]);
    expect(age.serializeHeader(age.parseHeader(header))).toEqual(header);
  });
});

describe('age payload', () => {
  const cut = 3 * age.chunkBytes;
  const sealedChunk = age.chunkBytes + 16;
  const refused = { code: 'bad-age-payload' };

  it('is refused after one flipped bit anywhere', async () => {
    const file = await seal(content(cut));
    const payloadAt = age.headerLength(file)!;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: payloadAt, max: file.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const changed = Buffer.from(file);
          changed[at]! ^= 1 << bit;
          await expect(open(changed, patient)).rejects.toMatchObject(refused);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is refused without its nonce', async () => {
    const file = await seal(content(1));
    await expect(open(file.subarray(0, age.headerLength(file)! + 9), patient)).rejects.toMatchObject({
      field: 'nonce',
    });
  });

  it('hands out nothing of a chunk that does not authenticate', async () => {
    const file = await seal(content(cut));
    const payloadAt = age.headerLength(file)!;
    file[payloadAt + 16 + sealedChunk + 5]! ^= 1;
    const { header, payload } = await age.splitFile([file]);
    let got = 0;
    const reading = (async () => {
      for await (const part of age.openPayload(payload, age.unwrapHeader(age.parseHeader(header), patient), nodeAead))
        got += part.length;
    })();
    await expect(reading).rejects.toMatchObject({ field: 'chunk 1' });
    expect(got).toBe(age.chunkBytes);
  });

  it('holds two chunks at most while it runs', async () => {
    let produced = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 64; i++) {
        produced += age.chunkBytes;
        yield content(age.chunkBytes);
      }
    }
    let consumed = 0;
    for await (const part of age.openPayload(age.sealPayload(source(), fileKey, nonce, nodeAead), fileKey, nodeAead)) {
      consumed += part.length;
      expect(produced - consumed).toBeLessThanOrEqual(3 * age.chunkBytes);
    }
    expect(consumed).toBe(64 * age.chunkBytes);
  });

  it('lets its source go when the reader leaves early', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield content(age.chunkBytes);
      } finally {
        closed = true;
      }
    }
    for await (const part of age.sealPayload(source(), fileKey, nonce, nodeAead)) if (part.length > 16) break;
    expect(closed).toBe(true);
  });
});

describe('age header', () => {
  it('is re-wrapped for another recipient and leaves the payload as it is', async () => {
    const file = await seal(content(5));
    const { header } = await age.splitFile([file]);
    const key = age.unwrapHeader(age.parseHeader(header), hospital);
    const again = Buffer.concat([
      age.serializeHeader(age.createHeader(key, [age.recipientOf(stranger)])),
      file.subarray(header.length),
    ]);
    expect(digest(await open(again, stranger))).toBe(digest(content(5)));
    await expect(open(again, patient)).rejects.toMatchObject({ code: 'no-stanza' });
  });

  it('has one text: parsing what was written and writing it again gives the same bytes', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            args: fc.array(fc.stringMatching(/^[!-~]{1,20}$/), { minLength: 1, maxLength: 4 }),
            body: fc.uint8Array({ maxLength: 130 }),
          }),
          { minLength: 1, maxLength: 5 },
        ),
        (stanzas) => {
          const bytes = age.serializeHeader(age.sealHeader(fileKey, stanzas));
          expect(age.headerLength(bytes)).toBe(bytes.length);
          const parsed = age.parseHeader(bytes);
          expect(parsed.stanzas.map((s) => s.args)).toEqual(stanzas.map((s) => s.args));
          expect(age.serializeHeader(parsed)).toEqual(bytes);
        },
      ),
      { numRuns: 100 },
    );
  });

  const share = base64nopad.encode(seed(4));
  const mac = base64nopad.encode(seed(4));
  it.each([
    ['another version', `age-encryption.org/v2\n-> a\n\n--- ${mac}\n`],
    ['no stanza', `age-encryption.org/v1\n--- ${mac}\n`],
    ['a short MAC', `age-encryption.org/v1\n-> a\n\n--- AAAA\n`],
    ['a MAC in non-canonical base64', `age-encryption.org/v1\n-> a\n\n--- ${mac.slice(0, -1)}F\n`],
    ['padding', `age-encryption.org/v1\n-> a\nAA==\n--- ${mac}\n`],
    ['carriage returns', `age-encryption.org/v1\r\n-> a\r\n\r\n--- ${mac}\r\n`],
    ['an empty argument', `age-encryption.org/v1\n-> a  b\n\n--- ${mac}\n`],
    ['a body without its short line', `age-encryption.org/v1\n-> a\n${'A'.repeat(64)}\n--- ${mac}\n`],
    ['a long body line', `age-encryption.org/v1\n-> a\n${'A'.repeat(68)}\n\n--- ${mac}\n`],
    ['text after the MAC', `age-encryption.org/v1\n-> a\n\n--- ${mac}\nx\n`],
    ['no newline', `age-encryption.org/v1\n-> a\n\n--- ${mac}`],
  ])('with %s is refused', (_, text) => {
    expect(() => age.parseHeader(Buffer.from(text, 'latin1'))).toThrow(
      expect.objectContaining({ code: 'bad-age-header' }),
    );
  });

  it('with a malformed X25519 stanza is refused, also when another stanza fits', () => {
    const good = age.wrapFileKey(fileKey, age.recipientOf(patient));
    const bad = [
      { args: ['X25519'], body: new Uint8Array(32) },
      { args: ['X25519', share, share], body: new Uint8Array(32) },
      { args: ['X25519', 'AAAA'], body: new Uint8Array(32) },
      { args: ['X25519', share], body: new Uint8Array(31) },
      { args: ['X25519', base64nopad.encode(new Uint8Array(32))], body: new Uint8Array(32) },
    ];
    for (const stanza of bad)
      expect(() => age.unwrapHeader(age.sealHeader(fileKey, [good, stanza]), patient)).toThrow(
        expect.objectContaining({ code: 'bad-age-header' }),
      );
    expect(age.unwrapStanza({ args: ['scrypt', 'x'], body: new Uint8Array(32) }, patient)).toBeNull();
  });

  it('without an end is given up after 64 KiB', async () => {
    let read = 0;
    function* endless(): Generator<Uint8Array> {
      for (;;) {
        read += 4096;
        yield Buffer.from(`-> ${'a'.repeat(4092)}\n`);
      }
    }
    await expect(age.splitFile(endless())).rejects.toMatchObject({ code: 'bad-age-header' });
    expect(read).toBeLessThanOrEqual(80 * 1024);
    await expect(age.splitFile([Buffer.from('age-encryption.org/v1\n-> a')])).rejects.toThrow('header: is cut off');
  });
});

describe('an age payload piece by piece', () => {
  const [fileKey, nonce] = [new Uint8Array(16), new Uint8Array(16).fill(1)];
  const sealer = () => new age.PayloadSealer(fileKey, nonce, nodeAead);
  const piece = new Uint8Array(200_000).fill(7);

  it('takes nothing after its end: a second last chunk would be sealed under the first one’s nonce', () => {
    const made = sealer();
    const sealed = [...made.push(piece), ...made.end()];
    for (const more of [() => made.push(piece), () => made.end()]) expect(more).toThrow('payload: has ended');
    const opener = new age.PayloadOpener(fileKey, nonce, nodeAead);
    const opened = [...opener.push(Buffer.concat(sealed)), ...opener.end()];
    expect(Buffer.concat(opened).equals(piece)).toBe(true);
    for (const more of [() => opener.push(piece), () => opener.end()]) expect(more).toThrow('payload: has ended');
  });

  it('takes no piece before all of the one before is taken, and so leaves no chunk out', () => {
    for (const take of [0, 1]) {
      const made = sealer();
      const parts = made.push(piece);
      for (let i = 0; i < take; i++) parts.next();
      for (const more of [() => made.push(piece), () => made.end()]) expect(more).toThrow('not all was taken');
    }
  });

  it('gives no more once a chunk was refused', () => {
    const opener = new age.PayloadOpener(fileKey, nonce, nodeAead);
    expect(() => [...opener.push(piece)]).toThrow('chunk 0: does not authenticate');
    expect(() => opener.end()).toThrow('not all was taken');
  });
});

describe('age keys', () => {
  it('are written and read back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(age.decodeIdentity(age.encodeIdentity(bytes))).toEqual(bytes);
        expect(age.decodeRecipient(age.encodeRecipient(bytes))).toEqual(bytes);
      }),
    );
  });

  it('in the wrong case, of the wrong kind, cut off or with a typing error are refused without being quoted', () => {
    const recipient = age.recipientOf(patient);
    const bad = [patient.toLowerCase(), patient.slice(0, -1), recipient, `${patient.slice(0, -1)}Q`, ''];
    for (const text of bad) {
      expect(() => age.decodeIdentity(text, 'age')).toThrow(
        expect.objectContaining({ code: 'bad-age-key', field: 'age' }),
      );
      expect(() => age.decodeIdentity(text, 'age')).not.toThrow(new RegExp(patient.slice(20, 50)));
    }
    for (const text of [recipient.toUpperCase(), patient]) expect(() => age.decodeRecipient(text)).toThrow('recipient');
  });
});

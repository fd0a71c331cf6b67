import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import * as cctv from 'cctv-age';
import { CryptoError } from '../crypto-error.js';
import { nodeAead } from './node-aead.js';
import { nodeScrypt } from './node-scrypt.js';
import * as age from '../age.js';

/** The public test suite of the age format (C2SP CCTV), by name. */
const vectors = cctv as unknown as Record<string, Uint8Array>;

/** Cases that are out of scope, with the reason. */
const outOfScope: [pattern: RegExp, reason: string][] = [
  [/^armor/, 'ASCII armor: records are stored and sent as bytes'],
  [/^hybrid/, 'hybrid (ML-KEM 768 with X25519) recipients: the age program of today writes none of its own accord'],
];

/** The suite's name of each failure, by our code. */
const failures: Record<string, string> = {
  'no match': 'no-stanza',
  'HMAC failure': 'bad-age-mac',
  'header failure': 'bad-age-header',
  'payload failure': 'bad-age-payload',
};

interface Vector {
  expect: string;
  payload: string | undefined;
  identities: string[];
  passphrases: string[];
  file: Buffer;
}

function parse(bytes: Uint8Array): Vector {
  const all = Buffer.from(bytes);
  const cut = all.indexOf('\n\n');
  const fields = all
    .subarray(0, cut)
    .toString('latin1')
    .split('\n')
    .map((line) => line.split(': ', 2) as [string, string]);
  const allOf = (name: string) => fields.filter(([key]) => key === name).map(([, value]) => value);
  const body = all.subarray(cut + 2);
  return {
    expect: allOf('expect')[0]!,
    payload: allOf('payload')[0],
    identities: allOf('identity'),
    passphrases: allOf('passphrase'),
    file: allOf('compressed').length > 0 ? inflateSync(body) : body,
  };
}

/** Opens the file key with the first of the vector's keys that fits. */
async function fileKeyOf({ identities, passphrases }: Vector, header: Uint8Array): Promise<Uint8Array> {
  const parsed = age.parseHeader(header);
  const ways = [
    ...identities.map((identity) => async () => Promise.resolve(age.unwrapHeader(parsed, identity))),
    ...passphrases.map((passphrase) => () => age.openPassphraseHeader(parsed, passphrase, nodeScrypt)),
  ];
  for (const way of ways.slice(0, -1)) {
    try {
      return await way();
    } catch (cause) {
      if (!(cause instanceof CryptoError) || cause.code !== 'no-stanza') throw cause;
    }
  }
  return ways.at(-1)!();
}

const inScope = Object.keys(vectors).filter((name) => !outOfScope.some(([pattern]) => pattern.test(name)));

describe('the public age test suite', () => {
  it(`has ${inScope.length} vectors in scope`, () => expect(inScope).toHaveLength(92));

  it.each(inScope)('%s', async (name) => {
    const vector = parse(vectors[name]!);
    const plaintext = createHash('sha256');
    let outcome = 'success';
    try {
      const { header, payload } = await age.splitFile([vector.file]);
      const fileKey = await fileKeyOf(vector, header);
      for await (const part of age.openPayload(payload, fileKey, nodeAead)) plaintext.update(part);
    } catch (cause) {
      if (!(cause instanceof CryptoError)) throw cause;
      // The suite counts the payload's nonce to the header.
      outcome = cause.field === 'nonce' ? 'bad-age-header' : cause.code;
    }
    expect(outcome).toBe(failures[vector.expect] ?? vector.expect);
    if (vector.payload !== undefined) expect(plaintext.digest('hex')).toBe(vector.payload);
  });

  const named = (expected: string) => inScope.filter((name) => parse(vectors[name]!).expect === expected);

  it.each(named('success'))('%s: header and payload written again are the same bytes', async (name) => {
    const vector = parse(vectors[name]!);
    const { header } = await age.splitFile([vector.file]);
    const fileKey = await fileKeyOf(vector, header);
    expect(
      Buffer.from(age.serializeHeader(age.sealHeader(fileKey, age.parseHeader(header).stanzas))).equals(header),
    ).toBe(true);

    const payload = vector.file.subarray(header.length);
    const again: Uint8Array[] = [];
    const opened = age.openPayload([payload], fileKey, age.portableAead);
    for await (const part of age.sealPayload(opened, fileKey, payload.subarray(0, 16), nodeAead)) again.push(part);
    expect(Buffer.concat(again).equals(payload)).toBe(true);
  });

  it.each([...named('success'), ...named('payload failure')])('%s: by ranges too', async (name) => {
    const vector = parse(vectors[name]!);
    const { header } = await age.splitFile([vector.file]);
    const fileKey = await fileKeyOf(vector, header);
    const payload = vector.file.subarray(header.length);
    const source = {
      length: payload.length,
      read: (from: number, to: number) => Promise.resolve(payload.subarray(from, to)),
    };
    const whole = async () => {
      const reader = await age.PayloadReader.open(source, fileKey, nodeAead);
      const hash = createHash('sha256');
      for await (const part of reader.read(0, reader.length)) hash.update(part);
      return hash.digest('hex');
    };
    if (vector.expect === 'success') expect(await whole()).toBe(vector.payload);
    else await expect(whole()).rejects.toMatchObject({ code: 'bad-age-payload' });
  });
});

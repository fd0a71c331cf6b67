import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { base64 } from '@scure/base';
import { concat, fromHex, toBigInt, toHex, utf8 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { sha256 } from '../hash.js';
import { formatVerifierKey, noteSigner, parseVerifierKey, signatureHolds, verifierOf } from './note-key.js';
import { formatNote, formatSignature, openNote, parseNote, signNote } from './note.js';
import { nodeNoteSigner } from './node-note-signer.js';
import { refusalOf } from './test-refusal.js';

interface KnownNotes {
  keys: string[];
  badKeys: string[];
  opened: { name: string; note: string; keys: string[]; signedBy: string[] }[];
  refused: { name: string; note: string; keys: string[]; code: string }[];
}

const known = JSON.parse(readFileSync(new URL('../../vectors/log-note.json', import.meta.url), 'utf8')) as KnownNotes;

const signer = noteSigner('cpds/north/audit', new Uint8Array(32).fill(7));
const verifier = verifierOf(signer);
describe('golang.org/x/mod/sumdb/note', () => {
  it.each(known.opened)('opens a note: $name', ({ note, keys, signedBy }) => {
    const opened = openNote(note, keys.map(parseVerifierKey));
    expect(opened.signedBy).toEqual(signedBy);
    expect(opened.text).toMatch(/^If you think .*\n.* is\.\n$/);
    expect(formatNote(parseNote(note))).toBe(note);
  });

  it.each(known.refused)('refuses a note: $name', ({ note, keys, code }) => {
    expect(refusalOf(() => openNote(note, keys.map(parseVerifierKey))).code).toBe(code);
  });

  it('takes its keys, and none near them', () => {
    expect(known.keys.map(parseVerifierKey).map(formatVerifierKey)).toEqual(known.keys);
    expect(known.badKeys.map((key) => refusalOf(() => parseVerifierKey(key)).code)).toEqual(
      known.badKeys.map(() => 'bad-verifier-key'),
    );
    const [key] = known.keys as [string];
    const near = [...key].flatMap((character, at) => [
      key.slice(0, at),
      key.slice(at + 1),
      key.slice(0, at) + String.fromCodePoint(character.codePointAt(0)! + 1) + key.slice(at + 1),
    ]);
    for (const text of near) expect(() => parseVerifierKey(text)).toThrow(CryptoError);
  });
});

describe('c2sp.org/signed-note', () => {
  const other = noteSigner('witness', new Uint8Array(32).fill(8));

  it('opens what it signed, and passes over keys it does not know', () => {
    const note = signNote('hello\n', other, signer);
    expect(openNote(note, [verifier])).toEqual({ text: 'hello\n', signedBy: ['cpds/north/audit'] });
    expect(openNote(note, [verifierOf(other), verifier]).signedBy).toEqual(['witness', 'cpds/north/audit']);
  });

  it('is signed alike by node:crypto', () => {
    const seed = new Uint8Array(32).fill(9);
    const [portable, native] = [noteSigner('log', seed), nodeNoteSigner('log', seed)];
    expect(native.publicKey).toEqual(portable.publicKey);
    expect(signNote('hello\n', native)).toBe(signNote('hello\n', portable));
    expect(() => nodeNoteSigner('two words', seed)).toThrow('name: is empty or has a space or +');
    expect(() => nodeNoteSigner('log', seed.subarray(1))).toThrow('seed: must be 32 bytes');
  });

  it('refuses another text, another signature, no signature', () => {
    const note = signNote('hello\n', signer);
    expect(() => openNote(note.replace('hello', 'hallo'), [verifier])).toThrow(
      'note: its signature does not hold (by cpds/north/audit)',
    );
    expect(() => openNote(note, [verifierOf(noteSigner('cpds/north/audit', new Uint8Array(32)))])).toThrow(
      'note: no known key has signed it',
    );
    expect(() => openNote('hello\n', [verifier])).toThrow('note: has no signatures');
    expect(() => openNote(note.slice(0, -1), [verifier])).toThrow('note: has no signatures');
    expect(() => openNote(`${note}junk\n`, [verifier])).toThrow('note: has a malformed signature line');
    expect(() => signNote('no newline', signer)).toThrow('no last newline');
    expect(() => signNote('tab\t\n', signer)).toThrow('control character');
    expect(() => signNote('by nobody\n')).toThrow('note: has no signatures');
  });

  it('cuts the text from the signatures at the last empty line', () => {
    const text = 'a\n\n\u2014 log AAAAAAAA\n\nb\n\n';
    const note = signNote(text, signer);
    expect(openNote(note, [verifier]).text).toBe(text);
    expect(parseNote(note).signatures).toHaveLength(1);
  });

  it('ties a signature to name and key id together, never to one of them', () => {
    const note = signNote('hello\n', signer);
    expect(() => openNote(note.replace('\u2014 cpds/north', '\u2014 cpds/south'), [verifier])).toThrow('no known key');
    const relabelled = formatNote({
      text: 'hello\n',
      signatures: parseNote(note).signatures.map((line) => ({ ...line, keyId: new Uint8Array(4) })),
    });
    expect(() => openNote(relabelled, [verifier])).toThrow('no known key has signed it');
  });

  it('checks every line of every known key, also of a second key under the same name', () => {
    const renewed = noteSigner(signer.name, new Uint8Array(32).fill(1));
    const keys = [verifier, verifierOf(renewed)];
    const note = signNote('hello\n', signer, renewed);
    expect(openNote(note, keys).signedBy).toEqual([signer.name]);
    const forged = formatNote({
      text: 'hello\n',
      signatures: [parseNote(note).signatures[0]!, ...parseNote(signNote('other\n', renewed)).signatures],
    });
    expect(() => openNote(forged, [verifier])).not.toThrow();
    expect(() => openNote(forged, keys)).toThrow('its signature does not hold (by cpds/north/audit)');
    const twice = formatNote({
      text: 'hello\n',
      signatures: [signNote('hello\n', signer), signNote('other\n', signer)].flatMap(
        (one) => parseNote(one).signatures,
      ),
    });
    expect(() => openNote(twice, [verifier])).toThrow('its signature does not hold');
  });

  it.each([
    ['half a surrogate pair', 'a\ud800\n'],
    ['what decoders leave of broken UTF-8', 'a\ufffd\n'],
    ['a carriage return', 'a\r\n'],
    ['NUL', '\u0000\n'],
  ])('carries no %s, in text or name', (_, text) => {
    expect(refusalOf(() => signNote(text, signer)).code).toBe('bad-note');
    const note = signNote('a\n', signer);
    expect(refusalOf(() => openNote(text + note, [verifier])).code).toBe('bad-note');
    const stranger = `\u2014 x${text.slice(0, -1)} ${base64.encode(new Uint8Array(68))}\n`;
    expect(refusalOf(() => openNote(note + stranger, [verifier])).code).toBe('bad-note');
    expect(refusalOf(() => noteSigner(text.slice(0, -1), new Uint8Array(32))).code).toBe('bad-key-name');
  });

  it.each(['', 'two words', 'a+b', 'a\u00a0b', 'a\u0085b', 'a\u2003b', 'a\u3000b', 'a\nb'])(
    'has no key named %j',
    (name) => {
      expect(() => noteSigner(name, new Uint8Array(32))).toThrow('name: is empty or has a space or +');
      const line = `\u2014 ${name} ${base64.encode(new Uint8Array(68))}\n`;
      expect(refusalOf(() => parseNote(`text\n\n${line}`)).code).toBe('bad-note');
      expect(
        refusalOf(() => formatSignature({ name, keyId: new Uint8Array(4), signature: new Uint8Array(64) })).code,
      ).toBe('bad-key-name');
    },
  );

  it('reads base64 in its one form, of a key id and at least one byte more', () => {
    const line = (signature: string): string => `text\n\n\u2014 log ${signature}\n`;
    expect(parseNote(line('AAAAAAA=')).signatures).toHaveLength(1);
    for (const [keyId, signature] of [
      [3, 64],
      [5, 64],
      [4, 0],
    ] as const) {
      const parts = { name: 'log', keyId: new Uint8Array(keyId), signature: new Uint8Array(signature) };
      expect(refusalOf(() => formatNote({ text: 'text\n', signatures: [parts] })).code).toBe('bad-note');
    }
    for (const text of [
      '',
      'AAAAAA==',
      'AAAAAAA',
      'AAAAAAB=',
      'AAAA=AAA',
      'AAAAAAA==',
      'AAAAAA_=',
      ' AAAAAAA=',
      'AAAA AAA=',
    ])
      expect(refusalOf(() => parseNote(line(text))).code).toBe('bad-note');
  });

  it('is up to 100 signatures and a million bytes long', () => {
    const [line] = parseNote(signNote('hello\n', signer)).signatures;
    const lines = (count: number) => ({ text: 'hello\n', signatures: Array.from({ length: count }, () => line!) });
    expect(openNote(formatNote(lines(100)), [verifier]).signedBy).toEqual([signer.name]);
    expect(() => formatNote(lines(101))).toThrow('note: is over 1000000 bytes or 100 signatures');
    const room = 1_000_000 - signNote('\n', signer).length - 2;
    const largest = signNote(`${'a'.repeat(room)}\n`, signer);
    expect(utf8(largest)).toHaveLength(1_000_000);
    expect(parseNote(largest).text).toHaveLength(room + 1);
    expect(() => signNote(`${'a'.repeat(room + 1)}\n`, signer)).toThrow('note: is over 1000000 bytes');
    expect(() => parseNote(`a${largest}`)).toThrow('note: is over 1000000 bytes');
    expect(() => signNote(`${'\u20ac'.repeat(room / 2)}\n`, signer)).toThrow('note: is over 1000000 bytes');
  });

  it('never signs as a note what only a cosignature says', () => {
    expect(() => signNote('cosignature/v1\ntime 1\nlog\n1\n', signer)).toThrow('note: its text is a cosignature');
  });

  it('reads a verifier key back and refuses one whose hash is not its own', () => {
    const text = formatVerifierKey(verifier);
    expect(parseVerifierKey(text)).toEqual(verifier);
    expect(() => parseVerifierKey(text.replace('north', 'south'))).toThrow(
      'verifierKey: its hash is not that of its name',
    );
    expect(() => parseVerifierKey('north')).toThrow('verifierKey: is not name+hash+key');
    for (const length of [0, 31, 33]) {
      const key = concat(Uint8Array.of(1), new Uint8Array(length));
      const id = toHex(sha256(utf8('log\n'), key).slice(0, 4));
      expect(refusalOf(() => parseVerifierKey(`log+${id}+${base64.encode(key)}`)).code).toBe('bad-verifier-key');
    }
    expect(() => formatVerifierKey({ name: 'a b', publicKey: verifier.publicKey })).toThrow('name: is empty or has');
    expect(() => formatVerifierKey({ name: 'log', publicKey: new Uint8Array(31) })).toThrow('must be 32 bytes');
  });
});

describe('an Ed25519 signature', () => {
  const { Point } = ed25519;
  const message = utf8('text\n');
  const order = Point.Fn.ORDER;
  // A point of order eight.
  const torsion = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
  const littleEndian = (value: bigint): Uint8Array => {
    const bytes = new Uint8Array(32);
    for (let rest = value, i = 0; i < 32; rest >>= 8n, i++) bytes[i] = Number(rest & 0xffn);
    return bytes;
  };
  /** Signs with the key a·B + `inKey`, and r·B + `inNonce` as its nonce: an honest signer adds nothing. */
  const forge = (inKey: typeof torsion, inNonce: typeof torsion) => {
    const [a, r] = [12345678901234567890n, 98765432109876543210n];
    const publicKey = Point.BASE.multiply(a).add(inKey).toBytes();
    const nonce = Point.BASE.multiply(r).add(inNonce).toBytes();
    const k = toBigInt(sha512(concat(nonce, publicKey, message)).toReversed()) % order;
    return { publicKey, signature: concat(nonce, littleEndian((r + k * a) % order)) };
  };

  /** For OpenSSL: RFC 8410 section 4. */
  const keyOf = (publicKey: Uint8Array) => {
    const spki = concat(fromHex('302a300506032b6570032100', 'spkiHead'), publicKey);
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  };

  it('holds without parts of small order', () => {
    const { signature, publicKey } = forge(Point.ZERO, Point.ZERO);
    expect(verify(null, message, keyOf(publicKey), signature)).toBe(true);
    expect(signatureHolds(signature, message, publicKey)).toBe(true);
    expect(signatureHolds(signature.slice(1), message, publicKey)).toBe(false);
    expect(signatureHolds(signature, message, publicKey.slice(1))).toBe(false);
    expect(signatureHolds(signature, message, new Uint8Array(32).fill(2))).toBe(false);
  });

  it('does not hold with them, where the curve library says it does and others that it does not', () => {
    for (const { signature, publicKey } of [
      forge(torsion, Point.ZERO),
      forge(Point.ZERO, torsion),
      forge(torsion, torsion),
    ]) {
      expect(ed25519.verify(signature, message, publicKey, { zip215: false })).toBe(true);
      expect(verify(null, message, keyOf(publicKey), signature)).toBe(false);
      expect(signatureHolds(signature, message, publicKey)).toBe(false);
    }
  });

  it('holds in one form: s is below the order of the group', () => {
    const { signature, publicKey } = forge(Point.ZERO, Point.ZERO);
    const s = toBigInt(signature.slice(32).toReversed());
    const other = concat(signature.slice(0, 32), littleEndian(s + order));
    expect(signatureHolds(other, message, publicKey)).toBe(false);
  });
});

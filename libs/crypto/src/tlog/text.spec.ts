import fc from 'fast-check';
import { u8 } from '../bytes.js';
import { CryptoError } from '../crypto-error.js';
import { formatCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.js';
import { cosign } from './cosignature.js';
import { formatLogProof, parseLogProof, verifyLogProof } from './log-proof.js';
import { leafHash, nodeHash } from './merkle.js';
import {
  formatVerifierKey,
  formatWitnessKey,
  noteSigner,
  parseVerifierKey,
  parseWitnessKey,
  verifierOf,
} from './note-key.js';
import { formatNote, parseNote } from './note.js';
import { decodeEntries, encodeEntries, entriesPath, parseTilePath, tilePath } from './tile.js';

const log = noteSigner('cpds/north/audit', new Uint8Array(32).fill(1));
const witness = noteSigner('south.example/w', new Uint8Array(32).fill(2));
const [left, right] = [leafHash(u8(0)), leafHash(u8(1))];
const signed = parseNote(signCheckpoint({ origin: log.name, size: 2, root: nodeHash(left, right) }, log));
const { text } = signed;
const note = formatNote({ text, signatures: [...signed.signatures, cosign(text, 1_700_000_000, witness)] });
const proof = { index: 0, hashes: [right], checkpoint: note };

/** Each text form: some accepted texts, and the result of parsing and writing one. */
const forms: Record<string, { valid: string[]; rewrite: (text: string) => string }> = {
  note: { valid: [note, 'a\n\n\n\n\u2014 k AAAAAAA=\n'], rewrite: (text) => formatNote(parseNote(text)) },
  checkpoint: { valid: [text, `${text}x\n \n`], rewrite: (text) => formatCheckpoint(parseCheckpoint(text)) },
  'proof file': {
    valid: [formatLogProof(proof), formatLogProof({ ...proof, extra: u8(7) })],
    rewrite: (text) => formatLogProof(parseLogProof(text)),
  },
  'tile path': {
    valid: ['tile/0/x001/x234/067', 'tile/63/000.p/255', 'tile/entries/x001/000.p/8', 'tile/entries/999'],
    rewrite: (text) => {
      const { level, ...place } = parseTilePath(text);
      return level === 'entries' ? entriesPath(place) : tilePath({ level, ...place });
    },
  },
  'verifier key': { valid: [formatVerifierKey(log)], rewrite: (text) => formatVerifierKey(parseVerifierKey(text)) },
  "witness's key": { valid: [formatWitnessKey(witness)], rewrite: (text) => formatWitnessKey(parseWitnessKey(text)) },
};

const spice = fc.oneof(
  fc.constantFrom('', '\n', '\n\n', ' ', '=', '==', '+', '/', '.', '-', '0', '1', 'A', 'B', 'x', '_', '\u2014 ', '\t'),
  fc.constantFrom(
    '\u0000',
    '\r',
    '\u0085',
    '\u00a0',
    '\ud800',
    '\udc00',
    '\ufffd',
    '\ufeff',
    '\u{1f512}',
    '\u0661',
    '\u007f',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
);

/** One to three edits: a few characters replaced, or a part doubled. */
function edited(valid: string): fc.Arbitrary<string> {
  const at = fc.nat(valid.length);
  const edit = fc.tuple(
    at,
    fc.nat(3),
    fc.oneof({ weight: 4, arbitrary: spice }, { weight: 1, arbitrary: fc.constant(null) }),
  );
  return fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) =>
    edits.reduce((text, [start, length, put]) => {
      const part = put ?? text.slice(start, start + 20 * length);
      return text.slice(0, start) + part + text.slice(put === null ? start : start + length);
    }, valid),
  );
}

describe.each(Object.entries(forms))('a %s from anybody', (_, { valid, rewrite }) => {
  const anything = fc.oneof(...valid.map(edited), fc.string({ unit: 'binary', maxLength: 200 }));

  it('is refused by name, or has the one form that we would write', () => {
    expect(valid.map(rewrite)).toEqual(valid);
    fc.assert(
      fc.property(anything, (text) => {
        let written: string;
        try {
          written = rewrite(text);
        } catch (error) {
          expect(error).toBeInstanceOf(CryptoError);
          return;
        }
        expect(written).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('an entry bundle from anybody', () => {
  it('is refused by name, or has the one form that we would write', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const small = bytes.map((byte, i) => (i % 3 === 0 ? 0 : byte % 8));
        try {
          expect(encodeEntries(decodeEntries(small))).toEqual(small);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-entries' });
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('an edited proof file', () => {
  it('proves nothing, unless the edit adds what nobody signs', () => {
    const file = formatLogProof(proof);
    const policy = { log: verifierOf(log), witnesses: [verifierOf(witness)], quorum: 1 };
    expect(verifyLogProof(file, left, policy).index).toBe(0);
    fc.assert(
      fc.property(edited(file), (text) => {
        if (text === file) return;
        try {
          const { checkpoint, extra } = verifyLogProof(text, left, policy);
          expect(parseLogProof(text).hashes).toEqual([right]);
          expect(checkpoint.root).toEqual(nodeHash(left, right));
          expect(extra !== undefined || parseNote(parseLogProof(text).checkpoint).signatures.length > 2).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(CryptoError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

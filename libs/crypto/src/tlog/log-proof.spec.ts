import { readFileSync } from 'node:fs';
import { u8, utf8 } from '../bytes.js';
import { signCheckpoint } from './checkpoint.js';
import { cosign } from './cosignature.js';
import { formatLogProof, parseLogProof, verifyLogProof } from './log-proof.js';
import { hashRange, inclusionRanges, leafHash, nodeHash, proofOf, type TreeNode } from './merkle.js';
import { noteSigner, verifierOf } from './note-key.js';
import { formatNote, parseNote } from './note.js';
import { refusalOf } from './test-refusal.js';

const known = JSON.parse(readFileSync(new URL('../../vectors/log-proof.json', import.meta.url), 'utf8')) as {
  refused: { name: string; file: string; field: string }[];
};

const log = noteSigner('cpds/north/audit', new Uint8Array(32).fill(1));
const witness = noteSigner('south.example/w', new Uint8Array(32).fill(2));
const policy = { log: verifierOf(log), witnesses: [verifierOf(witness)], quorum: 1 };
const SIZE = 11;
const INDEX = 6;
const leaves = Array.from({ length: SIZE }, (_, i) => leafHash(u8(i)));
const read = ({ level, index }: TreeNode): Uint8Array =>
  level === 0
    ? leaves[index]!
    : nodeHash(read({ level: level - 1, index: 2 * index }), read({ level: level - 1, index: 2 * index + 1 }));
const root = hashRange({ from: 0, to: SIZE }, read);
const signed = parseNote(signCheckpoint({ origin: log.name, size: SIZE, root }, log));
const checkpoint = formatNote({
  ...signed,
  signatures: [...signed.signatures, cosign(signed.text, 1_700_000_000, witness)],
});
const hashes = proofOf(inclusionRanges(INDEX, SIZE), read);
const proof = { index: INDEX, hashes, checkpoint };
const file = formatLogProof(proof);

describe('c2sp.org/tlog-proof', () => {
  it('is written as the text says', () => {
    const lines = formatLogProof({ ...proof, extra: utf8('out of band') }).split('\n');
    expect(lines.slice(0, 3)).toEqual(['c2sp.org/tlog-proof@v1', 'extra b3V0IG9mIGJhbmQ=', 'index 6']);
    expect(lines.slice(3, 7).map((line) => line.length)).toEqual([44, 44, 44, 44]);
    expect(lines.slice(7).join('\n')).toBe(`\n${checkpoint}`);
  });

  it('shows offline that an entry is in a witnessed log', () => {
    expect(verifyLogProof(file, leaves[INDEX]!, policy)).toEqual({
      index: INDEX,
      checkpoint: {
        origin: log.name,
        size: SIZE,
        root,
        cosignatures: [{ witness: witness.name, timestamp: 1_700_000_000 }],
      },
    });
    const extra = utf8('not authenticated');
    expect(verifyLogProof(formatLogProof({ ...proof, extra }), leaves[INDEX]!, policy).extra).toEqual(extra);
  });

  it('shows the only entry of a log, with no hashes', () => {
    const only = signCheckpoint({ origin: log.name, size: 1, root: leaves[0]! }, log);
    const text = formatLogProof({ index: 0, hashes: [], checkpoint: only });
    expect(text).toBe(`c2sp.org/tlog-proof@v1\nindex 0\n\n${only}`);
    expect(verifyLogProof(text, leaves[0]!, { ...policy, quorum: 0 }).index).toBe(0);
    expect(parseLogProof(text).hashes).toEqual([]);
  });

  it('reads back what it wrote', () => {
    expect(parseLogProof(file)).toEqual(proof);
    const extra = new Uint8Array(70_000).fill(5);
    expect(parseLogProof(formatLogProof({ ...proof, extra }))).toEqual({ ...proof, extra });
  });

  it('shows no other entry, at no other index', () => {
    for (const [index, leaf] of leaves.entries())
      if (index !== INDEX) expect(refusalOf(() => verifyLogProof(file, leaf, policy)).code).toBe('not-included');
    for (const index of [0, 5, 7, 10, 11, 2 ** 53 - 1])
      expect(() => verifyLogProof(formatLogProof({ ...proof, index }), leaves[INDEX]!, policy)).toThrow(
        `hashes: do not lead from entry ${index} to the checkpoint's root`,
      );
    expect(refusalOf(() => verifyLogProof(file, leaves[INDEX]!.slice(1), policy)).code).toBe('not-included');
  });

  it('is as good as its checkpoint', () => {
    const unwitnessed = formatLogProof({ ...proof, checkpoint: formatNote(signed) });
    expect(() => verifyLogProof(unwitnessed, leaves[INDEX]!, policy)).toThrow(
      'note: has 0 of 1 cosignatures, none by south.example/w',
    );
    expect(verifyLogProof(unwitnessed, leaves[INDEX]!, { ...policy, quorum: 0 }).index).toBe(INDEX);
    const stranger = { ...policy, log: { ...policy.log, publicKey: policy.log.publicKey.toReversed() } };
    expect(refusalOf(() => verifyLogProof(file, leaves[INDEX]!, stranger)).code).toBe('unsigned');
  });

  it.each(known.refused)('refuses what transparency-dev/formats refuses: $name', ({ file, field }) => {
    expect(refusalOf(() => parseLogProof(file))).toMatchObject({ code: 'bad-log-proof', field });
  });

  it.each([
    ['', 'header'],
    ['c2sp.org/tlog-proof@v1\n', 'header'],
    [file.replace('@v1', '@v2'), 'header'],
    [` ${file}`, 'header'],
    [`\ufeff${file}`, 'header'],
    [file.replaceAll('\n', '\r\n'), 'header'],
    [file.replace('index', 'extra \nindex'), 'extra'],
    [file.replace('index', 'extra AA\nindex'), 'extra'],
    [file.replace('index', 'extra AB==\nindex'), 'extra'],
    [file.replace('index', 'extra AA==\nextra AA==\nindex'), 'index'],
    [file.replace('index 6', 'index 06'), 'index'],
    [file.replace('index 6', 'index  6'), 'index'],
    [file.replace('index 6', 'index +6'), 'index'],
    [file.replace('index 6', 'index 6 '), 'index'],
    [file.replace('index 6', 'index 9007199254740992'), 'index'],
    [file.replace('index 6', 'Index 6'), 'index'],
    [file.replace('index 6\n', ''), 'index'],
    [file.replace('index 6\n', 'index 6\nindex 6\n'), 'hashes'],
    [file.replace('=\n', '\n'), 'hashes'],
    [file.replace('\n\n', '\n'), 'hashes'],
    [file.replace('index 6\n', `index 6\n${`${'A'.repeat(43)}=\n`.repeat(61)}`), 'hashes'],
    [file.replace('\n\n', '\n\n\n'), 'origin'],
    [file.slice(0, file.indexOf('\n\n') + 2), 'note'],
    [file.slice(0, -1), 'note'],
    [`${file}\n`, 'note'],
    [file.replace(`\n${SIZE}\n`, `\n0${SIZE}\n`), 'size'],
  ])('refuses %j by its %s', (text, field) => {
    expect(refusalOf(() => parseLogProof(text)).field).toBe(field);
  });

  it.each([
    [{ index: -1 }, 'index: is not a count'],
    [{ extra: new Uint8Array() }, 'extra: is empty'],
    [{ hashes: [new Uint8Array(31)] }, 'hashes: must be 32 bytes each'],
    [{ hashes: Array.from({ length: 65 }, () => new Uint8Array(32)) }, 'hashes: may have 64 items, has 65'],
    [{ checkpoint: 'checkpoint\n' }, 'note: has no signatures'],
    [{ checkpoint: checkpoint.slice(0, -1) }, 'note: has no signatures'],
  ])('writes nothing like case %#', (part, message) => {
    expect(() => formatLogProof({ ...proof, ...part })).toThrow(message);
  });
});

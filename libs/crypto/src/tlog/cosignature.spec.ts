import { readFileSync } from 'node:fs';
import { concat, toHex, u64, utf8 } from '../bytes.js';
import { signCheckpoint, type Checkpoint } from './checkpoint.js';
import { cosign, verifyCosignature } from './cosignature.js';
import { leafHash } from './merkle.js';
import {
  formatVerifierKey,
  formatWitnessKey,
  keyIdOf,
  noteSigner,
  parseVerifierKey,
  parseWitnessKey,
  verifierOf,
  type NoteSigner,
} from './note-key.js';
import { formatNote, openNote, parseNote, signatureBy, type NoteSignature } from './note.js';
import { nodeNoteSigner } from './node-note-signer.js';
import { refusalOf } from './test-refusal.js';
import { openWitnessed, type WitnessPolicy } from './witness-policy.js';

interface KnownCheckpoint {
  note: string;
  logKey: string;
  witnesses: { key: string; timestamp: number }[];
}

const known = JSON.parse(
  readFileSync(new URL('../../vectors/log-cosignature.json', import.meta.url), 'utf8'),
) as KnownCheckpoint;

const signerOf = (name: string, seed: number): NoteSigner => noteSigner(name, new Uint8Array(32).fill(seed));
const log = signerOf('cpds/north/audit', 1);
const [south, hub, west] = [
  signerOf('south.example/w', 2),
  signerOf('hub.example/w', 3),
  signerOf('west.example/w', 4),
];
const NOW = 1_700_000_000;

const checkpoint: Checkpoint = { origin: log.name, size: 1, root: leafHash(utf8('entry')) };
const signed = parseNote(signCheckpoint(checkpoint, log));
const { text } = signed;
const cosigned = (...lines: NoteSignature[]): string =>
  formatNote({ text, signatures: [...signed.signatures, ...lines] });
const policyOf = (quorum: number, ...witnesses: NoteSigner[]): WitnessPolicy => ({
  log: verifierOf(log),
  witnesses: witnesses.map(verifierOf),
  quorum,
});
describe('a checkpoint that public witnesses cosigned', () => {
  const witnesses = known.witnesses.map(({ key }) => parseWitnessKey(key));
  const log = parseVerifierKey(known.logKey);

  it('opens with all of their cosignatures, and their times', () => {
    const opened = openWitnessed(known.note, { log, witnesses, quorum: 4 });
    expect(opened.size).toBe(1_432_088_532);
    expect(opened.cosignatures).toEqual(
      known.witnesses.map(({ timestamp }, i) => ({ witness: witnesses[i]!.name, timestamp })),
    );
    expect(witnesses.map(formatWitnessKey)).toEqual(known.witnesses.map(({ key }) => key));
  });

  it('falls with another size, and with another time of one witness', () => {
    const resized = known.note.replace('1432088532', '1432088533');
    expect(refusalOf(() => openWitnessed(resized, { log, witnesses, quorum: 0 })).code).toBe('bad-signature');
    const parts = parseNote(known.note);
    const signatures = parts.signatures.map((line) =>
      line.name === 'remora.n621.de' ? { ...line, signature: concat(u64(NOW), line.signature.slice(8)) } : line,
    );
    expect(
      refusalOf(() => openWitnessed(formatNote({ ...parts, signatures }), { log, witnesses, quorum: 0 })),
    ).toMatchObject({
      code: 'bad-signature',
      culprit: 'remora.n621.de',
    });
  });
});

describe('c2sp.org/tlog-cosignature', () => {
  it('signs header, time and the whole text, with an id of its own type', () => {
    const asked: string[] = [];
    const spy: NoteSigner = {
      ...verifierOf(south),
      sign: (message) => {
        asked.push(new TextDecoder().decode(message));
        return south.sign(message);
      },
    };
    const extended = `${text}extension\n`;
    const line = cosign(extended, NOW, spy);
    expect(asked).toEqual([`cosignature/v1\ntime 1700000000\n${extended}`]);
    expect(toHex(line.signature.slice(0, 8))).toBe('000000006553f100');
    expect(line.signature).toHaveLength(72);
    expect(line.keyId).not.toEqual(keyIdOf('note', south));
    expect(verifyCosignature(extended, line, south)).toBe(NOW);
    expect(refusalOf(() => verifyCosignature(text, line, south)).code).toBe('bad-signature');
  });

  it('is made alike by node:crypto', () => {
    const native = nodeNoteSigner(south.name, new Uint8Array(32).fill(2));
    expect(cosign(text, NOW, native)).toEqual(cosign(text, NOW, south));
  });

  it.each([0, -1, 0.5, Number.NaN, 2 ** 53])('says no time like %p', (timestamp) => {
    expect(() => cosign(text, timestamp, south)).toThrow(
      'cosignature: its time is not between 1 and 2^53 - 1 seconds (by south.example/w)',
    );
  });

  it.each([0n, 1n << 53n, 1n << 63n, (1n << 64n) - 1n])('refuses the signed time %p', (timestamp) => {
    const message = utf8(`cosignature/v1\ntime ${timestamp}\n${text}`);
    const line = signatureBy('cosignature', south, concat(u64(timestamp), south.sign(message)));
    expect(refusalOf(() => verifyCosignature(text, line, south))).toMatchObject({
      code: 'bad-timestamp',
      culprit: south.name,
    });
  });

  it('cosigns checkpoints only', () => {
    expect(() => cosign('hello\n', NOW, south)).toThrow('size: is not a decimal count');
    expect(() => cosign(`${text}\n`, NOW, south)).toThrow('text: has an empty line');
  });

  it('refuses signatures that are cut, lengthened or of another key', () => {
    const line = cosign(text, NOW, south);
    for (const signature of [
      line.signature.slice(0, -1),
      concat(line.signature, new Uint8Array(1)),
      new Uint8Array(7),
      new Uint8Array(9).fill(1),
    ])
      expect(() => verifyCosignature(text, { ...line, signature }, south)).toThrow('cosignature: ');
    expect(refusalOf(() => verifyCosignature(text, line, hub)).code).toBe('unsigned');
    expect(refusalOf(() => verifyCosignature(text, { ...line, name: hub.name }, south)).code).toBe('unsigned');
    const relabelled = signatureBy('cosignature', { ...hub, name: south.name }, line.signature);
    expect(refusalOf(() => verifyCosignature(text, relabelled, { ...hub, name: south.name })).code).toBe(
      'bad-signature',
    );
  });

  it('is no signature of a note, nor the reverse, under one key', () => {
    const both = noteSigner(log.name, new Uint8Array(32).fill(1));
    const asCosignature = cosign(text, NOW, both);
    expect(() => openNote(formatNote({ text, signatures: [asCosignature] }), [both])).toThrow(
      'no known key has signed it',
    );
    const asNote = { ...asCosignature, keyId: keyIdOf('note', both), signature: asCosignature.signature.slice(8) };
    expect(() => openNote(formatNote({ text, signatures: [asNote] }), [both])).toThrow('its signature does not hold');
    const [line] = signed.signatures;
    const reversed = signatureBy('cosignature', both, concat(u64(NOW), line!.signature));
    expect(refusalOf(() => verifyCosignature(text, reversed, both)).code).toBe('bad-signature');
  });

  it('has keys of its own type', () => {
    const key = formatWitnessKey(south);
    expect(parseWitnessKey(key)).toEqual(verifierOf(south));
    expect(() => parseVerifierKey(key)).toThrow('verifierKey: is not an Ed25519 key for a note');
    expect(() => parseWitnessKey(formatVerifierKey(south))).toThrow('is not an Ed25519 key for a cosignature');
    const mlDsa = key.replace('+B', '+G');
    expect(() => parseWitnessKey(mlDsa)).toThrow('verifierKey: ');
  });
});

describe('a witness policy', () => {
  const lines = [south, hub, west].map((witness, i) => cosign(text, NOW + i, witness));

  it('is content with the log and enough of its witnesses', () => {
    const policy = policyOf(2, south, hub, west);
    const opened = openWitnessed(cosigned(lines[2]!, lines[0]!), policy);
    expect(opened).toEqual({
      ...checkpoint,
      cosignatures: [
        { witness: south.name, timestamp: NOW },
        { witness: west.name, timestamp: NOW + 2 },
      ],
    });
    expect(openWitnessed(cosigned(...lines), policy).cosignatures).toHaveLength(3);
    expect(openWitnessed(cosigned(), policyOf(0)).cosignatures).toEqual([]);
  });

  it('names the witnesses that are missing', () => {
    expect(() => openWitnessed(cosigned(lines[1]!), policyOf(2, south, hub, west))).toThrow(
      'note: has 1 of 2 cosignatures, none by south.example/w, west.example/w',
    );
    expect(refusalOf(() => openWitnessed(cosigned(), policyOf(1, south))).code).toBe('no-quorum');
  });

  it('names the log that has not signed', () => {
    const unsigned = formatNote({ text, signatures: lines });
    expect(() => openWitnessed(unsigned, policyOf(2, south, hub, west))).toThrow(
      'note: the log cpds/north/audit has not signed it',
    );
  });

  it('does not count strangers, plain signatures of its witnesses, or other key types', () => {
    const stranger = cosign(text, NOW, signerOf('stranger.example/w', 9));
    const plain = signatureBy('note', south, south.sign(utf8(text)));
    const mlDsa = { name: south.name, keyId: Uint8Array.of(6, 6, 6, 6), signature: new Uint8Array(2428) };
    const note = cosigned(stranger, plain, mlDsa);
    expect(() => openWitnessed(note, policyOf(1, south))).toThrow('has 0 of 1 cosignatures, none by south.example/w');
    expect(openWitnessed(cosigned(stranger, plain, mlDsa, lines[0]!), policyOf(1, south)).cosignatures).toHaveLength(1);
  });

  it('refuses two lines of one key, the later and the same', () => {
    for (const again of [cosign(text, NOW + 60, south), lines[0]!])
      expect(refusalOf(() => openWitnessed(cosigned(lines[0]!, again), policyOf(1, south, hub)))).toMatchObject({
        code: 'signed-twice',
        culprit: south.name,
      });
    expect(refusalOf(() => openWitnessed(cosigned(signed.signatures[0]!), policyOf(0)))).toMatchObject({
      code: 'signed-twice',
      culprit: log.name,
    });
  });

  it('refuses the whole for one bad line of a witness, quorum or not', () => {
    const other = cosign(text.replace('\n1\n', '\n2\n'), NOW, west);
    expect(
      refusalOf(() => openWitnessed(cosigned(lines[0]!, lines[1]!, other), policyOf(2, south, hub, west))),
    ).toMatchObject({
      code: 'bad-signature',
      culprit: west.name,
    });
  });

  it('refuses cosignatures of another log, or none by the log itself', () => {
    const foreign = { ...checkpoint, origin: 'cpds/south/audit' };
    const note = signCheckpoint(foreign, log);
    expect(refusalOf(() => openWitnessed(note, policyOf(0))).code).toBe('wrong-origin');
  });

  it.each([
    ['the log itself', [verifierOf(log)]],
    ["the log's key under another name", [{ ...verifierOf(log), name: 'north.example/w' }]],
    ["another key under the log's name", [{ ...verifierOf(south), name: log.name }]],
    ['one witness twice', [verifierOf(south), verifierOf(south)]],
    ['one key under two names', [verifierOf(south), { ...verifierOf(south), name: hub.name }]],
    ['two keys under one name', [verifierOf(south), { ...verifierOf(hub), name: south.name }]],
  ])('does not count %s', (_, witnesses) => {
    const note = cosigned(cosign(text, NOW, log), ...lines);
    expect(refusalOf(() => openWitnessed(note, { log: verifierOf(log), witnesses, quorum: 1 })).code).toBe(
      'bad-policy',
    );
  });

  it.each([-1, 0.5, 3, Number.NaN])('has no quorum of %p among two', (quorum) => {
    expect(() => openWitnessed(cosigned(...lines), policyOf(quorum, south, hub))).toThrow('quorum: must be 0 to 2');
  });
});

import { formatVerifierKey, noteSigner, openNote, parseVerifierKey, signNote, verifierOf } from './note.js';
import { openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.js';
import { emptyRoot } from './merkle.js';
import { nodeNoteSigner } from './node-note-signer.js';

/** Key and note of golang.org/x/mod/sumdb/note's own tests (BSD-3-Clause). */
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PETER_NOTE =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
  '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

const signer = noteSigner('cpds/north/audit', new Uint8Array(32).fill(7));
const verifier = verifierOf(signer);

describe('c2sp.org/signed-note', () => {
  it('opens a note of another implementation', () => {
    const opened = openNote(PETER_NOTE, [parseVerifierKey(PETER)]);
    expect(opened.signedBy).toEqual(['PeterNeumann']);
    expect(opened.text).toMatch(/^If you think .*\n.* is\.\n$/);
  });

  it('opens what it signed, and passes over keys it does not know', () => {
    const other = noteSigner('witness', new Uint8Array(32).fill(8));
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
  });

  it('reads a verifier key back and refuses one whose hash is not its own', () => {
    const text = formatVerifierKey(verifier);
    expect(parseVerifierKey(text)).toEqual(verifier);
    expect(() => parseVerifierKey(text.replace('north', 'south'))).toThrow(
      'verifierKey: its hash is not that of its name',
    );
    expect(() => parseVerifierKey('north')).toThrow('verifierKey: is not name+hash+key');
    expect(() => noteSigner('two words', new Uint8Array(32))).toThrow('name: is empty or has a space or +');
  });
});

describe('c2sp.org/tlog-checkpoint', () => {
  const checkpoint = { origin: 'cpds/north/audit', size: 0, root: emptyRoot() };

  it('opens what it signed', () => {
    const note = signCheckpoint(checkpoint, signer);
    expect(note.split('\n').slice(0, 4)).toEqual([
      'cpds/north/audit',
      '0',
      '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
      '',
    ]);
    expect(openCheckpoint(note, verifier)).toEqual(checkpoint);
  });

  it('refuses the checkpoint of another log under its key', () => {
    const note = signCheckpoint({ ...checkpoint, origin: 'cpds/south/audit' }, signer);
    expect(() => openCheckpoint(note, verifier)).toThrow('origin: is not that of the key cpds/north/audit');
  });

  it.each([
    ['\n0\n', 'origin'],
    ['o\n01\n', 'size'],
    ['o\n-1\n', 'size'],
    ['o\n99999999999999999999\n', 'size'],
    ['o\n1\nAAAA\n', 'root'],
    ['o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n', 'root'],
    ['o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=', 'text'],
    ['o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\nx\n', 'text'],
  ])('refuses %j by its %s', (text, field) => expect(() => parseCheckpoint(text)).toThrow(`${field}: `));
});

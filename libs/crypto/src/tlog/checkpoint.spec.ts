import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.js';
import { emptyRoot, leafHash } from './merkle.js';
import { noteSigner, verifierOf } from './note-key.js';
import { signNote } from './note.js';

const signer = noteSigner('cpds/north/audit', new Uint8Array(32).fill(7));
const verifier = verifierOf(signer);
const EMPTY = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';

describe('c2sp.org/tlog-checkpoint', () => {
  const checkpoint = { origin: 'cpds/north/audit', size: 0, root: emptyRoot() };

  it('opens what it signed', () => {
    const note = signCheckpoint(checkpoint, signer);
    expect(note.split('\n').slice(0, 4)).toEqual(['cpds/north/audit', '0', EMPTY, '']);
    expect(openCheckpoint(note, verifier)).toEqual(checkpoint);
  });

  it('opens for whoever knows one of the keys that signed together, and not if a known one signed wrongly', () => {
    const other = noteSigner('cpds/north/audit', new Uint8Array(32).fill(8));
    const note = signCheckpoint(checkpoint, other, signer);
    expect(openCheckpoint(note, verifier)).toEqual(checkpoint);
    expect(openCheckpoint(note, verifierOf(other))).toEqual(checkpoint);
    expect(openCheckpoint(signCheckpoint(checkpoint, signer), verifierOf(other), verifier)).toEqual(checkpoint);
    const liar = { ...other, sign: () => new Uint8Array(64) };
    expect(() => openCheckpoint(signCheckpoint(checkpoint, liar, signer), verifierOf(other), verifier)).toThrow(
      'its signature does not hold',
    );
    expect(() => openCheckpoint(signCheckpoint(checkpoint, other), verifier)).toThrow('no known key has signed it');
    const south = noteSigner('cpds/south/audit', new Uint8Array(32).fill(9));
    expect(() => openCheckpoint(note, verifier, verifierOf(south))).toThrow('is not that of the key cpds/south/audit');
  });

  it('reads the checkpoint of the text', () => {
    const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    expect(parseCheckpoint(text)).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163 });
    expect(formatCheckpoint(parseCheckpoint(text))).toBe(text);
  });

  it('keeps extension lines, under the signature', () => {
    const extended = { origin: signer.name, size: 1, root: leafHash(new Uint8Array()), extensions: ['a b', '— c'] };
    const note = signCheckpoint(extended, signer);
    expect(openCheckpoint(note, verifier)).toEqual(extended);
    expect(() => openCheckpoint(note.replace('a b', 'a c'), verifier)).toThrow('its signature does not hold');
  });

  it('refuses the checkpoint of another log under its key, and what is no checkpoint', () => {
    const note = signCheckpoint({ ...checkpoint, origin: 'cpds/south/audit' }, signer);
    expect(() => openCheckpoint(note, verifier)).toThrow('origin: is not that of the key cpds/north/audit');
    expect(() => openCheckpoint(signNote('cpds/north/audit\n', signer), verifier)).toThrow('size: is not a decimal');
  });

  it.each([
    ['\n0\n', 'origin'],
    ['', 'origin'],
    ['o\n', 'size'],
    ['o\n01\n', 'size'],
    ['o\n-1\n', 'size'],
    ['o\n+1\n', 'size'],
    ['o\n1 \n', 'size'],
    ['o\n1e3\n', 'size'],
    ['o\n0x1\n', 'size'],
    ['o\n\u0661\n', 'size'],
    ['o\n9007199254740992\n', 'size'],
    ['o\n99999999999999999999\n', 'size'],
    ['o\n1\n', 'root'],
    ['o\n1\nAAAA\n', 'root'],
    [`o\n1\n${EMPTY.slice(0, -2)}V=\n`, 'root'],
    [`o\n1\n${EMPTY.slice(0, -1)}\n`, 'root'],
    [`o\n1\n${EMPTY} \n`, 'root'],
    [`o\n1\n${'A'.repeat(40)}-_A=\n`, 'root'],
    [`o\n0\n${'A'.repeat(43)}=\n`, 'root'],
    [`o\n1\n${EMPTY}`, 'text'],
    [`o\n1\n${EMPTY}\n\nx\n`, 'text'],
    [`o\n1\n${EMPTY}\nx\n\n`, 'text'],
    [`o\n1\n${EMPTY}\nx`, 'text'],
    [`o\r\n1\n${EMPTY}\n`, 'note'],
    [`o\ud800\n1\n${EMPTY}\n`, 'note'],
    [`o\n1\n${EMPTY}\n\tx\n`, 'note'],
  ])('refuses %j by its %s', (text, field) => expect(() => parseCheckpoint(text)).toThrow(`${field}: `));

  it.each([
    [{ origin: '' }, 'origin: must be one line'],
    [{ origin: 'a\nb' }, 'origin: must be one line'],
    [{ origin: 'a\tb' }, 'note: its text has a control character'],
    [{ size: -1 }, 'size: is not a count'],
    [{ size: 2 ** 53 }, 'size: is not a count'],
    [{ root: new Uint8Array(31) }, 'root: must be 32 bytes'],
    [{ root: new Uint8Array(32) }, 'root: is not that of a tree without leaves'],
    [{ extensions: [''] }, 'extensions: must be lines'],
    [{ extensions: ['a\nb'] }, 'extensions: must be lines'],
  ])('says nothing like %j', (part, message) => {
    expect(() => formatCheckpoint({ ...checkpoint, ...part })).toThrow(message);
  });
});

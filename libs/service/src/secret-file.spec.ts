import { chmodSync, chownSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Exposure, exposureOf, readSecretFile } from './secret-file.js';

const own = 10_001;

describe('a secret file', () => {
  it.each<[string, number, number, Exposure]>([
    ['own and 0600', own, 0o600, 'none'],
    ['own and 0400', own, 0o400, 'none'],
    ['own and readable by the group', own, 0o640, 'by-mode'],
    ['own and readable by all', own, 0o604, 'by-mode'],
    ["root's and 0600", 0, 0o600, 'none'],
    ["root's and 0440, as in a secret volume", 0, 0o440, 'none'],
    ["root's and 0640", 0, 0o640, 'none'],
    ["root's and readable by all", 0, 0o444, 'by-mode'],
    ["root's and writable by the group", 0, 0o660, 'by-mode'],
    ["root's and executable by the group", 0, 0o650, 'by-mode'],
    ["another user's, whatever its mode", own + 1, 0o400, 'of-another-user'],
  ])('that is %s: %#', (_, uid, mode, exposure) => {
    // The kind of file stands in the same number.
    expect(exposureOf({ uid, mode: 0o100000 | mode }, own)).toBe(exposure);
  });

  it("that is another user's is not believed by root either", () => {
    expect(exposureOf({ uid: own, mode: 0o600 }, 0)).toBe('of-another-user');
  });
});

describe('a secret volume of Kubernetes', () => {
  const volume = mkdtempSync(join(tmpdir(), 'volume-'));
  const path = join(volume, 'keys.json');
  /** A version of the volume's files lies in a folder of its own, and one link says which is current. */
  const write = (version: string, text: string, mode: number): void => {
    mkdirSync(join(volume, version));
    writeFileSync(join(volume, version, 'keys.json'), text);
    chmodSync(join(volume, version, 'keys.json'), mode);
    symlinkSync(version, join(volume, '..data.new'));
    renameSync(join(volume, '..data.new'), join(volume, '..data'));
  };
  const text = (): string => new TextDecoder().decode(readSecretFile(path, 'KEY_FILE'));
  afterAll(() => rmSync(volume, { recursive: true }));

  it('is read through its links, before and after it changed, by the mode of the file and not of a link', () => {
    write('..1', 'first', 0o400);
    symlinkSync('..data/keys.json', path);
    expect(text()).toBe('first');
    write('..2', 'second', 0o400);
    expect(text()).toBe('second');
    write('..3', 'exposed', 0o444);
    expect(text).toThrow(expect.objectContaining({ code: 'bad-key-file', field: 'KEY_FILE' }));
  });

  // Only root may give files away and become somebody else.
  (process.geteuid?.() === 0 ? it : it.skip)('is read by another user of its group, and by nobody else', () => {
    const [uid, group] = [own, 20_001];
    chmodSync(volume, 0o755);
    write('..4', 'of the group', 0o440);
    chownSync(path, 0, group);
    const as = (gid: number): string => {
      process.setegid!(gid);
      process.seteuid!(uid);
      try {
        return text();
      } finally {
        process.seteuid!(0);
        process.setegid!(0);
      }
    };
    expect(as(group)).toBe('of the group');
    expect(() => as(group + 1)).toThrow('KEY_FILE: the file cannot be read');
    chownSync(path, own + 1, group);
    expect(() => as(group)).toThrow('KEY_FILE: the file belongs to another user');
  });
});

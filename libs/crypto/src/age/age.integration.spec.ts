import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testAge } from '@cpds/local';
import * as ageFile from '../age.js';
import { nodeAead } from './node-aead.js';

const identity = ageFile.encodeIdentity(new Uint8Array(32).fill(77));

describe('the public age program', () => {
  let age: string;
  let folder: string;
  beforeAll(async () => {
    age = await testAge();
    folder = mkdtempSync(join(tmpdir(), 'cpds-age-'));
    writeFileSync(join(folder, 'key'), `${identity}\n`, { mode: 0o600 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([0, 1, 65_536, 65_537, 300_000])('opens a file of %d bytes written here', async (length) => {
    const plaintext = Buffer.alloc(length, 'record ');
    const fileKey = Buffer.alloc(16, 5);
    const parts: Uint8Array[] = [
      ageFile.serializeHeader(ageFile.createHeader(fileKey, [ageFile.recipientOf(identity)])),
    ];
    for await (const part of ageFile.sealPayload([plaintext], fileKey, Buffer.alloc(16, 6), nodeAead)) parts.push(part);
    writeFileSync(join(folder, 'file.age'), Buffer.concat(parts));
    const opened = execFileSync(age, ['-d', '-i', join(folder, 'key'), join(folder, 'file.age')]);
    expect(opened.equals(plaintext)).toBe(true);
  });

  it.each([0, 65_536, 200_001])('writes a file of %d bytes that opens here', async (length) => {
    const plaintext = Buffer.alloc(length, 'record ');
    writeFileSync(join(folder, 'plain'), plaintext);
    execFileSync(age, ['-r', ageFile.recipientOf(identity), '-o', join(folder, 'theirs.age'), join(folder, 'plain')]);
    const { header, payload } = await ageFile.splitFile([readFileSync(join(folder, 'theirs.age'))]);
    const parts: Uint8Array[] = [];
    for await (const part of ageFile.openPayload(
      payload,
      ageFile.unwrapHeader(ageFile.parseHeader(header), identity),
      nodeAead,
    ))
      parts.push(part);
    expect(Buffer.concat(parts).equals(plaintext)).toBe(true);
  });
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commonConfig, readConfig } from './config.js';

const seed = `SU${'A'.repeat(56)}`;

describe('the nkey of a process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nkey-'));
  const path = join(folder, 'seed');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('comes from a file that only its owner can read, without the line end of an editor', () => {
    writeFileSync(path, `${seed}\n`);
    chmodSync(path, 0o600);
    const read = (): unknown => readConfig(commonConfig, { ...environment, NATS_NKEY_FILE: path }).NATS_NKEY;
    expect(read()).toBe(seed);
    chmodSync(path, 0o644);
    expect(read).toThrow(expect.objectContaining({ code: 'bad-key-file', field: 'NATS_NKEY_FILE' }));
    expect(read).not.toThrow(/AAAA/);
  });

  it('comes from the environment, where it is gone afterwards; a wrong one is not quoted', () => {
    const env: NodeJS.ProcessEnv = { ...environment, NATS_NKEY: seed };
    expect(readConfig(commonConfig, env).NATS_NKEY).toBe(seed);
    expect(env).not.toHaveProperty('NATS_NKEY');
    const wrong = (): unknown => readConfig(commonConfig, { ...environment, NATS_NKEY: 'SUplanted' });
    expect(wrong).toThrow(expect.objectContaining({ code: 'bad-config', field: 'NATS_NKEY' }));
    expect(wrong).not.toThrow(/planted/);
  });

  it('comes from one place only', () => {
    expect(() => readConfig(commonConfig, { ...environment, NATS_NKEY: seed, NATS_NKEY_FILE: path })).toThrow(
      expect.objectContaining({ code: 'bad-config', field: 'NATS_NKEY' }),
    );
    expect(readConfig(commonConfig, { ...environment }).NATS_NKEY).toBeUndefined();
  });
});

const environment = {
  PARTY: 'north',
  PORT: '0',
  KEY_FILE: 'keys',
  DATABASE_URL: 'postgres://host/db',
  NATS_URL: 'nats://host',
};

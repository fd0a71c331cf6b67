import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unavailable } from '@cpds/errors';
import { z } from 'zod';
import { commonConfig, defineConfig, json, key, readConfig, secretKey } from './config.js';
import { Health, readinessOf } from './health.js';
import { readKeyFile, secret } from './key-file.js';
import { createLog, errorLine } from './log.js';
import { busModule } from './modules.js';
import type { ServiceContext } from './start-service.js';

const shape = defineConfig({
  PORT: key(z.coerce.number().int(), 'port', 'none'),
  CHAINS: key(json(z.record(z.string(), z.array(z.url()))), 'JSON', 'none'),
  OPTION: key(z.string().default('standard'), 'word', 'none'),
});

describe('readConfig', () => {
  it('gives typed values and defaults; an empty value is no value', () => {
    const config = readConfig(shape, { PORT: '80', CHAINS: '{"hub":["http://a"]}', OPTION: '' });
    expect(config).toEqual({ PORT: 80, CHAINS: { hub: ['http://a'] }, OPTION: 'standard' });
  });

  it.each([
    [{ PORT: 'x', CHAINS: '{}' }, 'PORT'],
    [{ PORT: '1' }, 'CHAINS'],
    [{ PORT: '1', CHAINS: 'secret text' }, 'CHAINS'],
    [{ PORT: '1', CHAINS: '{"hub":["nonsense"]}' }, 'CHAINS'],
  ])('names the key that is wrong in %j and never quotes a value', (env, name) => {
    const read = (): unknown => readConfig(shape, env);
    expect(read).toThrow(expect.objectContaining({ code: 'bad-config', field: name }));
    expect(read).not.toThrow(/secret|nonsense/);
  });
});

describe('a secret of the environment', () => {
  const secretShape = defineConfig({ ...shape, HIDDEN: secretKey(z.string().min(3).optional(), 'text', 'none') });

  it('is read once and gone from there, also when something is wrong', () => {
    const env: NodeJS.ProcessEnv = { PORT: '80', CHAINS: '{}', HIDDEN: 'planted' };
    expect(readConfig(secretShape, env).HIDDEN).toBe('planted');
    expect(env).toEqual({ PORT: '80', CHAINS: '{}' });
    const wrong: NodeJS.ProcessEnv = { PORT: 'x', CHAINS: '{}', HIDDEN: 'planted' };
    expect(() => readConfig(secretShape, wrong)).toThrow(expect.objectContaining({ field: 'PORT' }));
    expect(wrong).not.toHaveProperty('HIDDEN');
  });

  it('comes from a file as well, without the line end of an editor, and from one place only', () => {
    const folder = mkdtempSync(join(tmpdir(), 'secret-'));
    const path = join(folder, 'hidden');
    writeFileSync(path, 'plan ted\r\n', { mode: 0o600 });
    const env = { PORT: '80', CHAINS: '{}', HIDDEN_FILE: path };
    expect(readConfig(secretShape, { ...env }).HIDDEN).toBe('plan ted');
    const code = 'bad-config';
    const twice = (): unknown => readConfig(secretShape, { ...env, HIDDEN: 'planted' });
    expect(twice).toThrow(expect.objectContaining({ code, message: 'HIDDEN and HIDDEN_FILE are given: keep one' }));
    chmodSync(path, 0o604);
    const exposed = (): unknown => readConfig(secretShape, { ...env });
    expect(exposed).toThrow(expect.objectContaining({ code: 'bad-key-file', field: 'HIDDEN_FILE' }));
    expect(exposed).not.toThrow(/plan ted/);
    rmSync(folder, { recursive: true });
  });

  it('has a file of its own kind where the shape says so', () => {
    const shape = { ...secretShape, HIDDEN_FILE: key(z.string(), 'path', 'read elsewhere') };
    const config = readConfig(shape, { PORT: '80', CHAINS: '{}', HIDDEN_FILE: 'nowhere' });
    expect(config).toMatchObject({ HIDDEN: undefined, HIDDEN_FILE: 'nowhere' });
  });
});

describe('the address of the bus', () => {
  const environment = { PARTY: 'north', PORT: '0', KEY_FILE: 'keys', DATABASE_URL: 'postgres://host/db' };

  it.each(['nats://a:4222', 'nats://a:4222,nats://b:4222', 'tls://a:4222,tls://b:4222'])('may be %s', (NATS_URL) => {
    expect(readConfig(commonConfig, { ...environment, NATS_URL })).toMatchObject({ NATS_URL });
  });

  // One server without a certificate among others with one would be spoken to once the others are away.
  it.each(['tls://a:4222,nats://b:4222', 'nats://a:4222,tls://b:4222', 'a:4222', 'tls://'])('is not %s', (NATS_URL) => {
    expect(() => readConfig(commonConfig, { ...environment, NATS_URL })).toThrow(
      expect.objectContaining({ code: 'bad-config', field: 'NATS_URL' }),
    );
  });

  it('needs certificates where an authority is named', () => {
    const config = readConfig(commonConfig, { ...environment, NATS_URL: 'nats://a:4222', NATS_CA_FILE: 'ca.pem' });
    expect(() => busModule({ name: 'records', config } as ServiceContext<typeof config>)).toThrow(
      expect.objectContaining({ code: 'bad-config', field: 'NATS_CA_FILE' }),
    );
  });
});

describe('the key file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keys-'));
  const path = join(folder, 'keys.json');
  const write = (content: unknown): void =>
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives its secrets as bytes and names the one it lacks', () => {
    write({ log: '11'.repeat(32) });
    chmodSync(path, 0o600);
    const keys = readKeyFile(path);
    expect(secret(keys, 'log')).toEqual(new Uint8Array(32).fill(0x11));
    expect(() => secret(keys, 'gas')).toThrow(expect.objectContaining({ code: 'key-missing', field: 'gas' }));
  });

  it.each([
    ['is not JSON', 'kek: 2222'],
    ['has a short key', { kek: '2222' }],
    ['has a key nobody knows', { kek: '22'.repeat(32), other: '2222' }],
  ])('that %s is refused without quoting it', (_, content) => {
    write(content);
    chmodSync(path, 0o600);
    expect(() => readKeyFile(path)).toThrow(expect.objectContaining({ code: 'bad-key-file', field: 'KEY_FILE' }));
    expect(() => readKeyFile(path)).not.toThrow(/2222/);
  });

  it('that others may read is refused', () => {
    write({ kek: '11'.repeat(32) });
    chmodSync(path, 0o644);
    expect(() => readKeyFile(path)).toThrow(
      /^KEY_FILE: others can read the file \(mode 0644\): chmod 600( or 640)? it, and change the key if they did$/,
    );
  });

  it('that is not there is said so, without its path', () => {
    const read = (): unknown => readKeyFile(join(folder, 'secret-place'));
    expect(read).toThrow(expect.objectContaining({ code: 'bad-key-file', field: 'KEY_FILE' }));
    expect(read).not.toThrow(/secret-place/);
  });
});

describe('log lines', () => {
  it('say nothing of what a foreign error says', () => {
    const line = JSON.stringify(errorLine(new Error('patient Ada Lovelace')));
    expect(line).not.toContain('Lovelace');
    expect(line).toContain('config.spec');
  });

  it('are silent when told so', () => {
    expect(createLog('x', 'north', 'silent').isLevelEnabled('error')).toBe(false);
  });
});

describe('readiness', () => {
  const up = { name: 'store', probe: async () => undefined };
  const away = unavailable('bus-unreachable', 'the bus does not answer');
  const down = { name: 'bus', probe: () => Promise.reject(away) };
  const reasons = { bus: { code: away.code, message: away.message } };

  it('is down when one probe throws, and says which', async () => {
    await expect(readinessOf([up])).resolves.toEqual({ isReady: true, checks: { store: 'up' }, reasons: {} });
    await expect(readinessOf([up, down])).resolves.toEqual({
      isReady: false,
      checks: { store: 'up', bus: 'down' },
      reasons,
    });
  });

  it('is not lost by what only an operator must hear of', async () => {
    await expect(readinessOf([up, { ...down, failing: 'alarm' }])).resolves.toEqual({
      isReady: true,
      checks: { store: 'up', bus: 'alarm' },
      reasons,
    });
  });

  it('tells nothing of what a foreign error says', async () => {
    const leaky = { name: 'store', probe: () => Promise.reject(new Error('password of Ada Lovelace')) };
    expect(JSON.stringify(await readinessOf([leaky]))).not.toContain('Lovelace');
  });

  it('comes with the doors and goes with a stop, whatever the probes say', async () => {
    const health = new Health();
    expect([health.phase, await health.readiness()]).toMatchObject(['starting', { isReady: false }]);
    health.serve(() => [up]);
    expect([health.phase, await health.readiness()]).toMatchObject(['serving', { isReady: true }]);
    const asked = health.readiness();
    health.stop();
    expect([health.phase, await asked]).toMatchObject(['stopping', { isReady: false, checks: { store: 'up' } }]);
  });

  it('is asked for once by all who ask at a time', async () => {
    const health = new Health();
    let asked = 0;
    health.serve(() => [{ name: 'store', probe: async () => void asked++ }]);
    await Promise.all([health.readiness(), health.readiness(), health.readiness()]);
    expect(asked).toBe(1);
    await health.readiness();
    expect(asked).toBe(2);
  });
});

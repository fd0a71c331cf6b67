import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Inject, Module } from '@nestjs/common';
import { Bus, BusModule } from '@cpds/bus';
import { toHex } from '@cpds/crypto/bytes';
import { KeyRing } from '@cpds/crypto/custody';
import { testNats, testPostgres } from '@cpds/local';
import { StoreModule, UnitOfWork } from '@cpds/store';
import { pino } from 'pino';
import { DataSource } from 'typeorm';
import { commonConfig, readConfig } from '../config.js';
import { runService, type ServiceContext } from '../start-service.js';
import { derivationRoot, derivationRootMigrations, derivationRootPlace } from './derivation-root.js';

const [old, fresh, other] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const idOf = (key: Uint8Array): string => new KeyRing(key).keyIds[0]!;

describe('a start', () => {
  let postgres: Awaited<ReturnType<typeof testPostgres>>;
  let nats: Awaited<ReturnType<typeof testNats>>;
  let folder: string;
  beforeAll(async () => {
    [postgres, nats] = await Promise.all([testPostgres(), testNats()]);
    folder = mkdtempSync(join(tmpdir(), 'start-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([postgres.close(), nats.close()]);
  });

  /** Runs, from start to stop, a service that stores nothing but its derivation root; returns its log and what it was built with. */
  async function live(keyFile: object, settings: Record<string, string> = {}) {
    const path = join(folder, 'keys');
    writeFileSync(path, JSON.stringify(keyFile), { mode: 0o600 });
    const env: NodeJS.ProcessEnv = {
      PARTY: 'north',
      PORT: '0',
      KEY_FILE: path,
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      ...settings,
    };
    const lines: Record<string, unknown>[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
        done();
      },
    });
    let context: ServiceContext<unknown> | undefined;
    /** things to close that a process which does not start leaves open until it exits */
    let cut = async (): Promise<void> => undefined;
    const service = await runService(
      {
        name: 'drawer',
        config: commonConfig,
        transport: 'none',
        sealed: [derivationRootPlace],
        module: (given) => {
          context = given;
          @Module({
            imports: [
              StoreModule.forRoot({
                url: postgres.url,
                migrations: derivationRootMigrations,
                onError: () => undefined,
              }),
              BusModule.forRoot({ url: nats.url, name: 'drawer' }),
            ],
          })
          class App {
            constructor(@Inject(DataSource) store: DataSource, @Inject(Bus) bus: Bus) {
              cut = async () => {
                await store.destroy();
                await bus.close();
              };
            }
          }
          return App;
        },
      },
      readConfig(commonConfig, env),
      pino(sink),
    ).catch(async (error: unknown) => {
      await cut();
      throw error;
    });
    const unitOfWork = service.app.get(UnitOfWork, { strict: false });
    const root = await unitOfWork.run((tx) => derivationRoot(tx, context!.ring));
    await service.close();
    return { lines, root, context: context!, env };
  }

  it('with a former key seals anew and says when that key may be deleted; without it all is as before', async () => {
    const { root } = await live({ kek: toHex(old) });
    const rotating = await live({ formerKeks: [toHex(old)], gas: '11'.repeat(32) }, { KEK: toHex(fresh) });
    expect(rotating.root).toEqual(root);
    expect(rotating.lines).toContainEqual(
      expect.objectContaining({ msg: 'sealing anew', table: 'derivation_root', rows: 1, left: 0, keyId: idOf(fresh) }),
    );
    expect(rotating.lines).toContainEqual(
      expect.objectContaining({
        msg: 'nothing lies under a former key: they may be deleted',
        keyId: idOf(fresh),
        former: [idOf(old)],
      }),
    );
    expect(rotating.context.keys).toEqual({ gas: '11'.repeat(32) });
    expect(rotating.env).not.toHaveProperty('KEK');
    expect(JSON.stringify(rotating.lines)).not.toContain(toHex(fresh).slice(0, 16));

    const after = await live({ kek: toHex(fresh) });
    expect(after.root).toEqual(root);
    expect(after.lines.map(({ msg }) => msg)).not.toContain('sealing anew');
  });

  it('without the key that sealed what is stored is refused, by the ids of both', async () => {
    await live({ kek: toHex(fresh) });
    await expect(live({ kek: toHex(other) })).rejects.toMatchObject({
      code: 'kek-missing',
      message: expect.stringContaining(`was sealed under key ${idOf(fresh)}, this process holds ${idOf(other)}`),
    });
  });
});

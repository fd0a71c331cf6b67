import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { finishShare, type World } from '@cpds/cli';
import { chainNames, databaseName, hospitals, participants, testPostgresTools, type ChainName } from '@cpds/local';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';
import { wholeChain } from '../support/chain.js';
import { objectsOf } from '../support/objects.js';
import { found, formsOf, planted } from '../support/planted.js';
import { filesBelow, type Stage } from '../support/stage.js';

const run = promisify(execFile);
const texts = Object.values(planted);

/** Strings planted in records stand nowhere in the clear: the patient's name, birth date, identifier and findings. */
export function plantedSuite(stageOf: () => Stage): void {
  describe('the planted strings', () => {
    it('would be found in any form they could be kept in', async () => {
      const stage = stageOf();
      const record = await readFile(stage.patients.planted.file.path);
      for (const text of texts) {
        expect(found(record, [text])).toEqual([`${text} (plain)`]);
        for (const form of formsOf(text))
          expect(found(Buffer.concat([record.subarray(0, 40), form.bytes]), [text])).not.toEqual([]);
        for (const shift of [0, 1, 2]) {
          const encoded = Buffer.from(
            `{"record":"${Buffer.concat([Buffer.alloc(shift, 'x'), record]).toString('base64')}"}`,
          );
          expect(found(encoded, [text]).some((hit) => hit.includes('base64'))).toBe(true);
        }
      }
    });

    it('were shared and opened', async () => {
      const stage = stageOf();
      const patient = stage.patients.planted;
      const { given, startedAt } = await stage.ask(patient);
      const share = await finishShare(stage.world, patient.file, given, startedAt);
      expect(share.openedSha256).toBe(patient.file.sha256);
      stage.shared.push(given.grantId);
    }, 150_000);

    it('are in no database', async () => {
      const { world } = stageOf();
      const pgDump = join(await testPostgresTools(), 'pg_dump');
      for (const { name } of participants) {
        const url = world.consortium.servers.databases[name] as string;
        const { stdout } = await run(pgDump, ['--dbname', url], { maxBuffer: 1 << 30, encoding: 'buffer' });
        // An empty dump would prove nothing.
        expect(stdout.includes(name === 'identity.south' ? 'clinician' : 'PostgreSQL database dump complete')).toBe(
          true,
        );
        expect({ database: databaseName(name), hits: found(stdout, texts) }).toEqual({
          database: databaseName(name),
          hits: [],
        });
      }
    }, 120_000);

    it('are in no message of any stream', async () => {
      const { world } = stageOf();
      let messages = 0;
      for (const name of chainNames) {
        for await (const { place, bytes } of streamMessages(world, name)) {
          messages += 1;
          expect({ place, hits: found(bytes, texts) }).toEqual({ place, hits: [] });
        }
      }
      expect(messages).toBeGreaterThan(0);
    }, 120_000);

    it('are in no block, transaction or log of any chain', async () => {
      const { world } = stageOf();
      for (const name of chainNames) {
        const text = Buffer.from(await wholeChain(world.consortium.servers.chains[name]));
        expect(text.length).toBeGreaterThan(10_000);
        expect({ chain: name, hits: found(text, texts) }).toEqual({ chain: name, hits: [] });
      }
    }, 120_000);

    it('are in no object', async () => {
      const { world } = stageOf();
      for (const hospital of hospitals) {
        const objects = await objectsOf(world, hospital);
        const keys = await objects.list();
        expect(keys.length).toBeGreaterThan(0);
        for (const key of keys) expect({ key, hits: found(await objects.get(key), texts) }).toEqual({ key, hits: [] });
      }
    }, 60_000);

    it('are in no log and no other file of the consortium', async () => {
      const { world } = stageOf();
      const { dir } = world.consortium;
      const logs = await filesBelow(join(dir, 'logs'));
      expect(logs.length).toBe(participants.length);
      // A wallet belongs to its patient and may name them; no hospital or other party keeps it.
      const wallets = join(dir, 'wallets');
      // Of Postgres, its write-ahead log holds what any row ever was; the tables' own files were dumped above.
      const tables = join('cluster', 'base');
      const isSearched = (path: string) => !path.startsWith(wallets) && !path.includes(tables);
      for (const path of (await filesBelow(dir)).filter(isSearched)) {
        // Files come and go under running servers; what a file held is read again from its server above.
        const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
          if (cause.code === 'ENOENT') return Buffer.alloc(0);
          throw cause;
        });
        expect({ path, hits: found(bytes, texts) }).toEqual({ path, hits: [] });
      }
    }, 120_000);
  });
}

/** Every message that any stream of this server still holds. */
async function* streamMessages(
  { consortium }: World,
  name: ChainName,
): AsyncGenerator<{ place: string; bytes: Uint8Array }> {
  const { seed, inboxPrefix } = consortium.busAdministrator(name);
  const connection = await connect({
    servers: consortium.servers.nats[name],
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
    inboxPrefix,
    timeout: 60_000, // to dial, on a machine that is busy with other things
  });
  try {
    const manager = await jetstreamManager(connection, { timeout: 30_000 });
    for await (const { config, state } of manager.streams.list()) {
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
        const message = await manager.streams.getMessage(config.name, { seq });
        if (message === null) continue; // deleted
        const header = Buffer.from(
          JSON.stringify([message.subject, ...(message.header?.keys() ?? []).map((key) => message.header.values(key))]),
        );
        yield { place: `${config.name} of ${name}, message ${seq}`, bytes: Buffer.concat([header, message.data]) };
      }
    }
  } finally {
    await connection.close();
  }
}

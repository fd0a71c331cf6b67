import { KeyRing } from '@cpds/crypto/custody';
import * as tlog from '@cpds/crypto/tlog';
import { testPostgres } from '@cpds/local';
import { openStore, UnitOfWork } from '@cpds/store';
import type { DataSource } from 'typeorm';
import { LogReader } from '../log/log.reader.js';
import { auditTables } from '../migrations.js';

/** Key of north's log. */
export const signer = tlog.noteSigner('cpds/north/audit', new Uint8Array(32).fill(7));

/** Keys of its database. */
export const custody = { ring: new KeyRing(new Uint8Array(32).fill(9)), root: new Uint8Array(32).fill(8) };

/** A database for a log, empty, and whatever reads it. */
export interface LogStore {
  readonly url: string;
  readonly store: DataSource;
  readonly unitOfWork: UnitOfWork;
  readonly reader: LogReader;
  close(): Promise<void>;
}

/** A database of its own, with audit's tables. */
export async function openLogStore(): Promise<LogStore> {
  const database = await testPostgres();
  const store = await openStore({ url: database.url, ...auditTables });
  const unitOfWork = new UnitOfWork(store);
  return {
    url: database.url,
    store,
    unitOfWork,
    reader: new LogReader(unitOfWork),
    async close() {
      await store.destroy();
      await database.close();
    },
  };
}

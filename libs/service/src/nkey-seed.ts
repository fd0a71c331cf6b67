import { invalid } from '@cpds/errors';
import type { commonConfig, ConfigOf } from './config.js';
import { readSecretFile } from './secret-file.js';

/**
 * Seed of the nkey by which this process is a user of its bus, from `NATS_NKEY` or `NATS_NKEY_FILE`; undefined with neither.
 *
 * @throws AppError `bad-config` when both are set; `bad-key-file` for a file that others can read, or that is not there
 */
export function nkeySeedOf({
  NATS_NKEY,
  NATS_NKEY_FILE,
}: Pick<ConfigOf<typeof commonConfig>, 'NATS_NKEY' | 'NATS_NKEY_FILE'>): string | undefined {
  if (NATS_NKEY_FILE === undefined) return NATS_NKEY;
  if (NATS_NKEY !== undefined) throw invalid('bad-config', 'NATS_NKEY', 'NATS_NKEY and NATS_NKEY_FILE are both set');
  return new TextDecoder().decode(readSecretFile(NATS_NKEY_FILE, 'NATS_NKEY_FILE')).trim();
}

import {
  Address,
  chainConfig,
  commonConfig,
  type ConfigOf,
  defineConfig,
  key,
  ms,
  secretKey,
  tokenConfig,
} from '@cpds/service';
import { z } from 'zod';

/** The whole environment of records. Either the four S3 keys or OBJECT_STORE_DIR. */
export const recordsConfig = defineConfig({
  ...commonConfig,
  ...tokenConfig,
  ...chainConfig,
  OWN_CHAIN: { ...chainConfig.OWN_CHAIN, consequence: 'where deeds are minted' },
  HUB_CHAIN_REGISTRY: key(
    Address,
    'address on the hub',
    'with a wrong one no deed is minted: uploads work, their deeds stay pending',
  ),
  S3_ENDPOINT: key(z.url().optional(), 'url', 'with it the other three S3 keys are needed'),
  S3_ACCESS_KEY: secretKey(z.string().optional(), 'access key', 'should be good for `S3_BUCKET` only'),
  S3_SECRET_KEY: secretKey(z.string().optional(), 'secret', 'a wrong one makes every upload and reading 503'),
  S3_BUCKET: key(z.string().optional(), 'bucket', 'must exist'),
  OBJECT_STORE_DIR: key(z.string().optional(), 'path', 'objects as files; taken when `S3_ENDPOINT` is not set'),
  FLUSH_AFTER_MS: key(
    ms(3_600_000, 0),
    'ms',
    'a deed waits this long for its cohort; shorter means more padding and tells the public more about when records come',
  ),
  POLL_MS: key(ms(1_000, 50), 'ms', 'how often rows and the own chain are looked at'),
  RECEIPT_TIMEOUT_MS: key(ms(5_000, 100), 'ms', 'a reading that the log has not receipted by then is withheld (503)'),
  ORPHAN_AFTER_MS: key(
    ms(86_400_000, 1_000),
    'ms',
    'objects without a row are removed after this; shorter than the longest upload, it breaks that upload',
  ),
  SCRUB_EVERY_MS: key(
    ms(86_400_000, 1_000),
    'ms',
    'every object is read and compared with its row this often; rarer means that damage is found later',
  ),
  MAX_RECORD_BYTES: key(
    z.coerce
      .number()
      .int()
      .min(1)
      .max(5 * 1024 ** 3)
      .default(4 * 1024 ** 3),
    'bytes',
    'larger uploads are refused (413), larger records of others not fetched; S3 takes 5 GiB in one request',
  ),
});

export type RecordsConfig = ConfigOf<typeof recordsConfig>;

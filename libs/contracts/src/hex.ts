export type { Hex } from '@cpds/crypto/bytes';

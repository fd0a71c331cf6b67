import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { invalid } from '@cpds/errors';

/**
 * Reads a file that only its owner may read: mode 0600 or less, looked up on the file that is then read.
 *
 * @param field the setting that named the file
 * @throws AppError `bad-key-file` says what to do, and quotes neither path nor bytes
 */
export function readSecretFile(path: string, field: string): Uint8Array {
  let file: number | undefined;
  let mode: number;
  let bytes: Uint8Array;
  try {
    file = openSync(path, 'r');
    mode = fstatSync(file).mode;
    bytes = readFileSync(file);
  } catch (cause) {
    throw invalid('bad-key-file', field, `${field}: the file cannot be read`, { cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
  if ((mode & 0o077) === 0) return bytes;
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  throw invalid(
    'bad-key-file',
    field,
    `${field}: others can read the file (mode ${octal}): chmod 600 it, and change the key if they did`,
  );
}

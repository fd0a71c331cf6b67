import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { type AppError, invalid } from '@cpds/errors';

/**
 * Reads a file that is kept from others, as libpq wants it of a key: own and of mode 0600 at most, or root's and of mode
 * 0640 at most, which is what a secret volume of Kubernetes has under `fsGroup`. Owner and mode are looked up on the file
 * that is then read, so a link to it may be changed meanwhile.
 *
 * @param field the setting that named the file
 * @throws AppError `bad-key-file` says what to do, and quotes neither path nor bytes
 */
export function readSecretFile(path: string, field: string): Uint8Array {
  let file: number | undefined;
  let stats: Stats;
  let bytes: Uint8Array;
  try {
    file = openSync(path, 'r');
    stats = fstatSync(file);
    bytes = readFileSync(file);
  } catch (cause) {
    throw invalid('bad-key-file', field, `${field}: the file cannot be read`, { cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
  const exposure = exposureOf(stats, process.geteuid?.() ?? 0);
  if (exposure === 'none') return bytes;
  throw exposed(field, exposure, stats);
}

/** Why others can read or change a secret, or `none`. */
export type Exposure = 'none' | 'of-another-user' | 'by-mode';

const rootUid = 0;

/** Who else can read or change a file of this owner and mode, seen by a process of `ownUid`. */
export function exposureOf({ uid, mode }: Pick<Stats, 'uid' | 'mode'>, ownUid: number): Exposure {
  if (uid !== rootUid && uid !== ownUid) return 'of-another-user';
  // Only root decides who is in the group of a file that is root's.
  const others = uid === rootUid ? 0o037 : 0o077;
  return (mode & others) === 0 ? 'none' : 'by-mode';
}

function exposed(field: string, exposure: Exposure, { uid, mode }: Stats): AppError {
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  const text =
    exposure === 'of-another-user'
      ? `the file belongs to another user: chown it to the user of this process or to root`
      : `others can read the file (mode ${octal}): chmod ${uid === rootUid ? '600 or 640' : '600'} it`;
  return invalid('bad-key-file', field, `${field}: ${text}, and change the key if they did`);
}

import { utf8 } from '@cpds/crypto/bytes';
import { KeyRing, parseKek } from '@cpds/crypto/custody';
import { type KeyEncryption, PassphraseKeyEncryption } from '@cpds/crypto/key-encryption';
import { nodeScrypt } from '@cpds/crypto/node';
import { invalid } from '@cpds/errors';
import type { commonConfig, ConfigOf } from '../config.js';
import type { KeyFile } from '../key-file.js';
import { readSecretFile } from '../secret-file.js';

/** Longest plain key in a file: 64 hex digits, and a newline. A longer file is a sealed one. */
const maxPlainBytes = 66;

/** The settings that say where key-encryption keys are. */
export type KekConfig = Pick<
  ConfigOf<typeof commonConfig>,
  'KEK' | 'KEK_FILE' | 'KEK_PASSPHRASE' | 'KEK_PASSPHRASE_FILE' | 'KEK_FORMER_FILES'
>;

/**
 * A process's key ring: the current key from exactly one of the key file's `kek`, KEK and KEK_FILE; former ones from
 * `formerKeks` and KEK_FORMER_FILES.
 *
 * @param sealedBy opens key files that are sealed; without it the passphrase does
 * @throws AppError `bad-config` if no source is given, or two; `bad-key-file` for a file that others can read, or that does not open.
 *   CryptoError `bad-kek`. None quotes a key or a passphrase
 */
export async function openKeyRing(config: KekConfig, keys: KeyFile, sealedBy?: KeyEncryption): Promise<KeyRing> {
  const encryption = sealedBy ?? passphraseOf(config);
  const given = { 'kek in KEY_FILE': keys.kek, KEK: config.KEK, KEK_FILE: config.KEK_FILE };
  const sources = Object.entries(given).flatMap(([source, value]) => (value === undefined ? [] : [source]));
  if (sources.length === 0)
    throw invalid('key-missing', 'kek', 'there is no key-encryption key: give kek in KEY_FILE, KEK or KEK_FILE');
  if (sources.length > 1)
    throw invalid('bad-config', 'KEK', `${sources.join(' and ')} are given: keep one; a former key goes to formerKeks`);
  const former = (keys.formerKeks ?? []).map((hex) => parseKek(utf8(hex), 'formerKeks'));
  for (const path of config.KEK_FORMER_FILES) former.push(await readKek(path, 'KEK_FORMER_FILES', encryption));
  const current =
    config.KEK_FILE === undefined
      ? parseKek(utf8(config.KEK ?? keys.kek ?? ''), 'KEK')
      : await readKek(config.KEK_FILE, 'KEK_FILE', encryption);
  return new KeyRing(current, former);
}

async function readKek(path: string, field: string, encryption: KeyEncryption | null): Promise<Uint8Array> {
  const bytes = readSecretFile(path, field);
  if (bytes.length <= maxPlainBytes) return parseKek(bytes, field);
  if (encryption === null)
    throw invalid('bad-config', field, `${field}: the file is sealed: give KEK_PASSPHRASE_FILE or KEK_PASSPHRASE`);
  let opened: Uint8Array;
  try {
    opened = await encryption.open(bytes);
  } catch (cause) {
    const reason = `${field}: the file does not open with ${encryption.keyId}: it is another one, or the file changed`;
    throw invalid('bad-key-file', field, reason, { cause });
  }
  return parseKek(opened, field);
}

function passphraseOf({ KEK_PASSPHRASE, KEK_PASSPHRASE_FILE }: KekConfig): KeyEncryption | null {
  if (KEK_PASSPHRASE !== undefined && KEK_PASSPHRASE_FILE !== undefined)
    throw invalid('bad-config', 'KEK_PASSPHRASE', 'KEK_PASSPHRASE and KEK_PASSPHRASE_FILE are given: keep one');
  const passphrase =
    KEK_PASSPHRASE_FILE === undefined
      ? KEK_PASSPHRASE
      : new TextDecoder().decode(readSecretFile(KEK_PASSPHRASE_FILE, 'KEK_PASSPHRASE_FILE')).split(/\r?\n/)[0];
  if (passphrase === '')
    throw invalid('bad-config', 'KEK_PASSPHRASE_FILE', 'KEK_PASSPHRASE_FILE: its first line is empty');
  return passphrase === undefined ? null : new PassphraseKeyEncryption(passphrase, { scrypt: nodeScrypt });
}

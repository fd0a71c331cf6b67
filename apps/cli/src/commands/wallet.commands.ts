import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { missing } from '@cpds/errors';
import { WalletHolder } from '@cpds/wallet';
import { FileStorage } from '@cpds/wallet/node';
import { walletsDir } from './share.commands.js';

/** A wallet as `cpds wallet list` shows it: nothing secret. */
export interface WalletSummary {
  readonly file: string;
  readonly patientId: string | null;
  readonly grants: readonly string[];
}

/** The wallets of this consortium. */
export async function walletList(dir: string): Promise<WalletSummary[]> {
  const names = await readdir(walletsDir(dir)).catch(() => []);
  return Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => {
        const path = join(walletsDir(dir), name);
        const { file } = await WalletHolder.open(new FileStorage(path));
        return {
          file: path,
          patientId: file.account?.patientId ?? null,
          grants: file.grants.map(({ grantId }) => grantId),
        };
      }),
  );
}

/** The age identity of a wallet: with it the public `age` program opens every record of this patient. Secret. */
export async function walletAgeIdentity(path: string): Promise<string> {
  return (await WalletHolder.open(new FileStorage(resolve(path)))).wallet.ageIdentity;
}

/** The result of `cpds wallet revoke`. */
export interface RevocationSummary {
  readonly grantId: string;
  readonly confirmedBy: readonly string[];
  readonly needed: number;
  /** True if fewer than t storemen are left that have not confirmed the revocation. */
  readonly isEnough: boolean;
  readonly failures: readonly { url: string; code: string; message: string }[];
}

/**
 * Finds the wallet that gave the grant and revokes it, through the bridge at `bridgeUrl` or in turn through those that
 * the wallet knows. @throws AppError `unknown-grant`
 */
export async function walletRevoke(dir: string, grantId: string, bridgeUrl?: string): Promise<RevocationSummary> {
  for (const { file, grants } of await walletList(dir)) {
    if (!grants.includes(grantId)) continue;
    const holder = await WalletHolder.open(new FileStorage(file));
    const { confirmedBy, needed, failures } = await holder.revoke(grantId, bridgeUrl ? [bridgeUrl] : undefined);
    return {
      grantId,
      confirmedBy,
      needed,
      isEnough: confirmedBy.length >= needed,
      failures: failures.map(({ url, error: { code, message } }) => ({ url, code, message })),
    };
  }
  throw missing('unknown-grant', `no wallet here gave the grant ${grantId}`);
}

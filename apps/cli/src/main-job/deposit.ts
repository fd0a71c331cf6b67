import { AppError, invalid } from '@cpds/errors';
import type { WalletHolder } from '@cpds/wallet';
import type { World } from '../consortium/world.js';
import { leftLine, type LeftFile, type RecordFile } from './records-folder.js';
import { upload, waitForDeed } from './share.js';

/** A record whose deed is final, and whose wallet holds its key. */
export interface Deposited {
  readonly file: RecordFile;
  readonly holder: WalletHolder;
  readonly recordId: string;
}

/**
 * Uploads the files and waits for their deeds; those that north refuses join the ones that are `left`, and the rest goes on.
 *
 * @throws AppError `no-records` north took none; what is no fault of a file
 */
export async function depositAll(
  world: Pick<World, 'backends' | 'report'>,
  files: readonly RecordFile[],
  holders: ReadonlyMap<RecordFile, WalletHolder>,
  left: LeftFile[],
): Promise<Deposited[]> {
  const deposited: Deposited[] = [];
  for (const file of files) {
    const holder = holders.get(file)!;
    const stored = await upload(world, holder.account.patientId, file).catch((cause: unknown) => {
      if (!(cause instanceof AppError) || cause.kind !== 'invalid') throw cause;
      return cause;
    });
    if (stored instanceof AppError) {
      left.push({ name: file.name, reason: stored.message, isRecord: true });
      world.report(leftLine(left.at(-1)!));
    } else deposited.push({ file, holder, recordId: stored.recordId });
  }
  if (deposited.length === 0) throw invalid('no-records', 'records', 'north took none of the files');
  await Promise.all(deposited.map(({ recordId }) => waitForDeed(world, recordId)));
  return deposited;
}

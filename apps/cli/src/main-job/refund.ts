import type { TransferView } from '@cpds/messages';
import type { World } from '../consortium/world.js';
import { waitFor } from './waiting.js';

/** Fewer vouchers than the two that a lock needs. */
export const pausedVouchers = ['voucher-1', 'voucher-2'] as const;

/** Stops two of the three vouchers: a grant that is locked now is not vouched for and misses its mintBefore. */
export async function pauseVouchers({ consortium }: World): Promise<void> {
  await Promise.all(pausedVouchers.map((name) => consortium.stopProcess(name)));
}

/** Waits until north's lock is refunded by the storemen's `NotMapped`, and final. */
export function waitForRefund(
  world: World,
  grantId: string,
  withinMs = 180_000,
): Promise<{ grantId: string; tx: string }> {
  return waitFor(
    `the refund of ${grantId}`,
    async () => {
      const view: TransferView = await world.backends.north.bridge.transfer(grantId);
      if (view.state !== 'closed') return null;
      if (view.closeReason !== 'refunded' || view.refundTx === null)
        throw new Error(`${grantId} was to be refunded and is closed as ${view.closeReason}`);
      return { grantId, tx: view.refundTx };
    },
    withinMs,
    500,
  );
}

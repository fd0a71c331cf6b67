/** Takes a patient with one wallet from enrolment to revocation, for every storage and for a page. Nothing here needs Node. */

import { WalletHolder, type WalletPins } from '../wallet-holder.js';
import type { WalletStorage } from '../wallet-storage.js';

/** The way of a wallet in the world at whose pins it is made, and what came of it. */
export async function journey(storage: WalletStorage, pins: WalletPins) {
  const made = await WalletHolder.create(storage, pins);
  await made.enrol('a'.repeat(16));
  const holder = await WalletHolder.open(storage);
  const [deed] = await holder.deeds();
  const request = await holder.request('0b5f1f9e-6d0b-4a53-9d4b-2f1f3f1d7a11');
  const review = await holder.review(request, await holder.deedOf(deed!.recordId));
  const given = await holder.consent(review);
  const later = await WalletHolder.open(storage);
  const revoked = await later.revoke(given.grantId);
  return {
    patientId: later.account.patientId,
    isSameSeed: later.file.seed === made.file.seed,
    lines: review.lines,
    ringSize: given.ringSize,
    grantId: given.grantId,
    storedGrants: later.file.grants.map(({ grantId }) => grantId),
    confirmedBy: revoked.confirmedBy,
    needed: revoked.needed,
  };
}

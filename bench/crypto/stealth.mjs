// Scanning announcements of one-time accounts (ERC-5564 scheme 1), against ScopeLift's SDK.
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { fromHex, to0x, u256 } from '@cpds/crypto/bytes';
import { compressed, scalarFrom48 } from '@cpds/crypto/curve';
import { formatMetaAddress, metaAddressOf, newOneTimeKey, scanPage } from '@cpds/crypto/stealth';
import { measured, row, timed } from '../harness.mjs';
import { bundled, named } from '../peers.mjs';

const peerName = named('@scopelift/stealth-address-sdk');
const count = 256;

export async function measure(options) {
  // It is written for bundlers: Node alone does not find its folders.
  const entry = fileURLToPath(import.meta.resolve('@scopelift/stealth-address-sdk'));
  const { checkStealthAddress, generateStealthAddress } = await import(await bundled(entry, 'stealth-address-sdk'));
  const secrets = { spending: scalar(), viewing: scalar() };
  const meta = metaAddressOf(secrets);
  const stranger = metaAddressOf({ spending: scalar(), viewing: scalar() });
  const recipients = [meta, ...new Array(count - 1).fill(stranger)];

  const announced = recipients.map((to) => {
    const { address, ephemeralKey, viewTag } = newOneTimeKey(to, randomBytes);
    return { address: to0x(address), ephemeralKey: to0x(compressed(ephemeralKey)), viewTag };
  });
  const theirs = recipients.map((to) => generateStealthAddress({ stealthMetaAddressURI: formatMetaAddress(to) }));
  const viewingPrivateKey = to0x(u256(secrets.viewing));
  const spendingPublicKey = to0x(compressed(meta.spendingKey));

  const times = await measured(options, {
    ours: timed(() => {
      const page = announced.map(({ address, ephemeralKey, viewTag }) => ({
        address: fromHex(address, 'address', 20),
        ephemeralKey: fromHex(ephemeralKey, 'ephemeralKey', 33),
        viewTag,
      }));
      mustBeOne(scanPage(secrets.viewing, meta.spendingKey, page));
    }),
    peer: timed(() =>
      mustBeOne(
        theirs.filter(({ stealthAddress, ephemeralPublicKey, viewTag }) =>
          checkStealthAddress({
            ephemeralPublicKey,
            spendingPublicKey,
            userStealthAddress: stealthAddress,
            viewingPrivateKey,
            viewTag,
            schemeId: 1,
          }),
        ),
      ),
    ),
  });
  return {
    rows: [
      row({
        name: `stealth: scan, in batches of ${count}`,
        unit: 'announcements/s',
        ...times,
        inUnit: (ms) => (1000 * count) / ms,
        peerName,
        note: 'From hex text on both sides, one announcement in each batch is the own one.',
      }),
    ],
  };
}

function scalar() {
  return scalarFrom48(randomBytes(48), 'secret');
}

function mustBeOne({ length }) {
  if (length !== 1) throw new Error(`found ${length} own announcements instead of one`);
}

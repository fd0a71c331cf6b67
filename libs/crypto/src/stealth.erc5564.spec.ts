/** ERC-5564 scheme 1 as ScopeLift's SDK computes it, the wallets' de facto reference: neither ERC nor SDK publishes vectors. */

import { toBigInt, toHex } from './bytes.js';
import { compressed, parseScalar } from './curve.js';
import {
  formatMetaAddress,
  metaAddressOf,
  oneTimeKey,
  oneTimeSecret,
  parseMetaAddress,
  scan,
  scanPage,
} from './stealth.js';
import { hex, readVectors } from './testing/vectors.js';

type Field = 'spending' | 'viewing' | 'meta' | 'ephemeral' | 'ephemeralKey' | 'viewTag' | 'address' | 'secret';
const { cases } = readVectors<{ cases: Record<Field, string>[] }>('erc5564-scheme1.json');

describe('one-time accounts (ERC-5564 scheme 1)', () => {
  const metas = new Set(cases.map(({ meta }) => meta));

  it(`${cases.length} accounts of ${metas.size} receivers: key, view tag, address and secret`, () => {
    for (const one of cases) {
      const secrets = {
        spending: parseScalar(hex(one.spending), 'spending'),
        viewing: parseScalar(hex(one.viewing), 'viewing'),
      };
      expect(formatMetaAddress(metaAddressOf(secrets))).toBe(one.meta);
      const made = oneTimeKey(parseMetaAddress(one.meta), parseScalar(hex(one.ephemeral), 'ephemeral'));
      expect(compressed(made.ephemeralKey)).toEqual(hex(one.ephemeralKey));
      expect(made.viewTag).toBe(Number(one.viewTag));
      expect(toHex(made.address)).toBe(one.address.slice(2).toLowerCase());
      const found = scan(secrets.viewing, metaAddressOf(secrets).spendingKey, made);
      expect(oneTimeSecret(secrets.spending, found!)).toBe(toBigInt(hex(one.secret)));
    }
  });

  it('are found on one page, by address', () => {
    const page = cases.map(({ ephemeralKey, viewTag, address }) => ({
      ephemeralKey: hex(ephemeralKey),
      viewTag: Number(viewTag),
      address: hex(address),
    }));
    for (const { viewing, meta } of [cases[0]!, cases.at(-1)!]) {
      const own = cases.flatMap((one, place) => (one.meta === meta ? [place] : []));
      const found = scanPage(parseScalar(hex(viewing), 'viewing'), parseMetaAddress(meta).spendingKey, page);
      expect(found.map(({ place }) => place)).toEqual(own);
    }
  });
});

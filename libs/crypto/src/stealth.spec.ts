import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { compressed, G, N } from './curve.js';
import {
  formatMetaAddress,
  isOneTimeKeyOf,
  metaAddressOf,
  newDeedKey,
  newOneTimeKey,
  oneTimeKey,
  oneTimeSecret,
  parseMetaAddress,
  scan,
  scanPage,
} from './stealth.js';

const scalars = fc.bigInt(1n, N - 1n);

describe('one-time accounts', () => {
  it('are found by the receiver, whose secret fits, and by nobody else', () => {
    fc.assert(
      fc.property(scalars, scalars, scalars, scalars, (spending, viewing, other, r) => {
        // one secret for both purposes is allowed, and then the keys are one too
        fc.pre(other !== viewing && spending !== viewing);
        const meta = metaAddressOf({ spending, viewing });
        const made = oneTimeKey(meta, r);
        const shared = scan(viewing, meta.spendingKey, made)!;
        expect(shared).toBe(made.sharedScalar);
        expect(G.multiply(oneTimeSecret(spending, shared)).equals(made.key)).toBe(true);
        expect(isOneTimeKeyOf(meta.spendingKey, shared, made.key)).toBe(true);
        expect(scan(other, meta.spendingKey, made)).toBeUndefined();
        expect(scan(viewing, meta.viewingKey, made)).toBeUndefined();
        expect(scan(viewing, meta.spendingKey, { ...made, viewTag: made.viewTag ^ 1 })).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });

  it('for deeds have even y, half of which a plain draw would miss', () => {
    const meta = metaAddressOf({ spending: 11n, viewing: 12n });
    for (let i = 0; i < 20; i++) {
      const { x, y } = newDeedKey(meta, randomBytes).key.toAffine();
      expect(y % 2n).toBe(0n);
      expect(x < N).toBe(true);
    }
    const odd = Array.from({ length: 60 }, () => newOneTimeKey(meta, randomBytes).key.toAffine().y % 2n);
    expect(odd).toContain(1n);
  });

  it('refuse a source of randomness that repeats itself', () => {
    const meta = metaAddressOf({ spending: 11n, viewing: 12n });
    let fill = 0;
    let odd: Uint8Array;
    do odd = new Uint8Array(48).fill(++fill);
    while (newOneTimeKey(meta, () => odd).key.toAffine().y % 2n === 0n);
    expect(() => newDeedKey(meta, () => odd)).toThrow('random: gives no fitting one-time key');
  });
});

describe('a page of announcements', () => {
  const secrets = { spending: 11n, viewing: 12n };
  const meta = metaAddressOf(secrets);
  const stranger = metaAddressOf({ spending: 13n, viewing: 14n });
  const announced = [meta, stranger, stranger, meta, stranger, meta].map((to) => newOneTimeKey(to, randomBytes));
  const page = announced.map(({ ephemeralKey, viewTag, address }) => ({
    ephemeralKey: compressed(ephemeralKey),
    viewTag,
    address,
  }));

  it("gives those that are the receiver's own, as one by one", () => {
    const found = scanPage(secrets.viewing, meta.spendingKey, page);
    expect(found.map(({ place }) => place)).toEqual([0, 3, 5]);
    for (const { place, sharedScalar, key } of found) {
      expect(sharedScalar).toBe(scan(secrets.viewing, meta.spendingKey, announced[place]!));
      expect(key.equals(announced[place]!.key)).toBe(true);
    }
    expect(scanPage(15n, meta.spendingKey, page)).toEqual([]);
    expect(scanPage(secrets.viewing, stranger.spendingKey, page)).toEqual([]);
    expect(scanPage(secrets.viewing, meta.spendingKey, [])).toEqual([]);
  });

  it('is read to its end, whatever somebody wrote between', () => {
    const own = page[0]!;
    const junk = [
      { ...own, ephemeralKey: new Uint8Array(33) },
      { ...own, ephemeralKey: new Uint8Array() },
      { ...own, ephemeralKey: new Uint8Array(33).fill(0xff) },
      { ...own, viewTag: own.viewTag ^ 1 },
      { ...own, viewTag: own.viewTag + 256 },
      { ...own, viewTag: Number.NaN },
      { ...own, address: own.address.slice(1) },
      { ...own, address: page[3]!.address },
      { ...own, ephemeralKey: page[3]!.ephemeralKey },
    ];
    const found = scanPage(secrets.viewing, meta.spendingKey, [...junk, ...page, ...junk]);
    expect(found.map(({ place }) => place)).toEqual([0, 3, 5].map((place) => place + junk.length));
  });

  it('has an end', () => {
    const long = new Array<(typeof page)[0]>(16_385).fill(page[0]!);
    expect(() => scanPage(secrets.viewing, meta.spendingKey, long)).toThrow('page: may have 16384 items, has 16385');
  });
});

describe('meta-addresses', () => {
  it('survive their text form', () => {
    fc.assert(
      fc.property(scalars, scalars, (spending, viewing) => {
        const meta = metaAddressOf({ spending, viewing });
        const again = parseMetaAddress(formatMetaAddress(meta));
        expect(compressed(again.spendingKey)).toEqual(compressed(meta.spendingKey));
        expect(compressed(again.viewingKey)).toEqual(compressed(meta.viewingKey));
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    ['eth:0x00', 'metaAddress: must begin with st:eth:0x'],
    ['st:eth:0x02', 'metaAddress: must be 66 bytes, has 1'],
    [`st:eth:0x${'02'.repeat(33)}${'ff'.repeat(33)}`, 'metaAddress.viewingKey: is not a canonical curve point'],
    [`st:eth:0x${'00'.repeat(66)}`, 'metaAddress.spendingKey: is not a canonical curve point'],
    [`st:eth:0x0x${'02'.repeat(66)}`, 'metaAddress: is not lower-case hex'],
  ])('refuse %s', (text, message) => {
    expect(() => parseMetaAddress(text)).toThrow(message);
  });
});

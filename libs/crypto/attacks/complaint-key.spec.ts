/**
 * Section 11, attack 4: a complaint that reveals the key on which a member takes its shares. One key for the whole ceremony
 * opens every dealer's share to that member, so a liar that is dealt a bad share, or says so, or makes its victim say so,
 * learns the victim's share of the key. A draft of this protocol had it; ETHDKG (Schindler and others, ePrint 2019/985)
 * reveals a key per pair for the same reason. Each dealer seals to a key of its own here, and a complaint reveals that one.
 */

import { toHex } from '../src/bytes.js';
import { type DealtShare, shareContext, shareKeySeed } from '../src/ceremony.js';
import * as generation from '../src/generation.js';
import { sha256 } from '../src/hash.js';
import * as hpke from '../src/hpke.js';
import { attempt } from '../src/threshold/test-group.js';

const parameters = attempt('complaint key', 3, 2);
const { attemptId } = parameters;
const seeds = [1, 2, 3].map((fill) => sha256(Uint8Array.of(fill)));
const dealings = seeds.map((seed, i) => generation.deal(parameters, i + 1, seed));
const all = dealings.map((dealing) => dealing.commitments);
const victim = 1;
const toVictim = dealings
  .slice(1)
  .flatMap((dealing) => generation.dealtShares(parameters, dealing, all))
  .filter(({ receiver }) => receiver === victim);
const context = ({ dealer }: DealtShare) => shareContext(attemptId, dealer, victim);

describe('a key that is revealed because one share was bad', () => {
  it('opens all shares to its owner where it is the key of the whole ceremony', async () => {
    const { privateKey, publicKey } = await hpke.deriveKey(seeds[0]!);
    for (const dealt of toVictim) {
      const sealed = await hpke.seal(publicKey, context(dealt), dealt.share);
      expect(toHex(await hpke.open(privateKey, context(dealt), sealed))).toBe(toHex(dealt.share));
    }
  });

  it('opens the one it was for where each dealer has its own', async () => {
    const keys = await Promise.all(
      toVictim.map(({ dealer }) => hpke.deriveKey(shareKeySeed(attemptId, dealer, victim, seeds[0]!))),
    );
    const sealed = await Promise.all(
      toVictim.map((dealt, i) => hpke.seal(keys[i]!.publicKey, context(dealt), dealt.share)),
    );
    const [revealed] = keys;
    expect(toHex(await hpke.open(revealed!.privateKey, context(toVictim[0]!), sealed[0]!))).toBe(
      toHex(toVictim[0]!.share),
    );
    for (const info of toVictim.map(context))
      await expect(hpke.open(revealed!.privateKey, info, sealed[1]!)).rejects.toMatchObject({ code: 'not-openable' });
  });
});

import type { ChainSet } from '../chains/chain-set.js';
import type { HubContracts } from '../chains/consortium-reader.js';
import type { Consortium } from '../chains/consortium-view.js';
import { HeadsService } from './heads.service.js';

const uid = (fill: string): string => `0x${fill.repeat(32)}`;
const [away, hanging, healthy] = [uid('0a'), uid('0b'), uid('0c')];
const contracts = { transferLedger: `0x${'01'.repeat(20)}` } as HubContracts;

describe('the anchors of heads', () => {
  it('are sent for every chain that answers, whatever the ones before it do', async () => {
    const sent: string[] = [];
    const errors: unknown[] = [];
    let end: () => void = () => undefined;
    const hang = new Promise<never>((_, reject) => (end = () => reject(new Error('no answer'))));
    const finals = new Map([
      [away, () => Promise.reject(new Error('stale'))],
      [hanging, () => hang],
      [healthy, () => Promise.resolve({ number: 7, hash: uid('0d') })],
    ]);
    const anchored = new Promise<void>((resolve) => {
      const chains = {
        hub: { chainUid: uid('0e') },
        readerOf: (chainUid: string) => ({ final: finals.get(chainUid)! }),
        senderOf: () => ({
          submit: (key: string) => {
            sent.push(key);
            resolve();
            return Promise.resolve();
          },
        }),
      } as unknown as ChainSet;
      const view = { hospitals: [away, hanging, healthy].map((chainUid) => ({ chainUid })) };
      const consortium = { current: () => view } as unknown as Consortium;
      heads = new HeadsService(chains, consortium, contracts, { onError: (error) => void errors.push(error) });
    });
    heads!.start();
    await Promise.race([anchored, new Promise((resolve) => setTimeout(resolve, 2_000))]);
    expect(sent).toEqual([`head:7:${healthy}`]);
    end();
    await heads!.stop();
    expect(errors).toEqual([expect.objectContaining({ message: 'stale' })]);
  });

  let heads: HeadsService | undefined;
});

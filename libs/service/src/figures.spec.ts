import { chainFigures } from './figures.js';
import { Metrics } from './metrics.js';

const errors: unknown[] = [];
const metrics = new Metrics('bridge', 'north', (error) => void errors.push(error));
const observer = chainFigures(metrics);

/** The values of one figure, by its labels. */
async function valuesOf(name: string): Promise<Record<string, number>> {
  const lines = (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = '', value] = /^[a-z_]+\{(.*),service="bridge",party="north"\} (.+)$/.exec(line) ?? [];
      return [labels, Number(value)];
    }),
  );
}

const block = (number: number, hash: string, parent = '0') =>
  ({ number, hash: `0x${hash}`, parentHash: `0x${parent}`, timestamp: 1_000 + number }) as const;
const saw = (head: ReturnType<typeof block>) => observer.saw({ name: 'south', head, final: block(3, 'f') });

describe('figures of chains', () => {
  it('tell how old the head and the final block are, and how far apart', async () => {
    saw(block(5, 'a'));
    expect(await valuesOf('cpds_chain_head_timestamp_seconds')).toEqual({ 'chain="south"': 1_005 });
    expect(await valuesOf('cpds_chain_final_timestamp_seconds')).toEqual({ 'chain="south"': 1_003 });
    expect(await valuesOf('cpds_chain_finality_lag_blocks')).toEqual({ 'chain="south"': 2 });
  });

  it('count heads that came in the place of others, and none that came after or again', async () => {
    for (const head of [block(6, 'b', 'a'), block(6, 'b', 'a'), block(7, 'c', 'b'), block(9, '9', '8')]) saw(head);
    expect(await valuesOf('cpds_chain_reorgs_total')).toEqual({ 'chain="south"': 0 });
    for (const head of [block(9, 'd', '8'), block(8, 'e', '7'), block(9, 'c', 'f')]) saw(head);
    expect(await valuesOf('cpds_chain_reorgs_total')).toEqual({ 'chain="south"': 3 });
  });

  it('are gone when nobody watches the chain any more', async () => {
    observer.left({ name: 'south' });
    expect(await valuesOf('cpds_chain_head_timestamp_seconds')).toEqual({});
    expect(await valuesOf('cpds_chain_final_timestamp_seconds')).toEqual({});
    saw(block(4, 'a'));
    expect(await valuesOf('cpds_chain_reorgs_total')).toEqual({ 'chain="south"': 3 });
  });

  it('count looks at which nodes disagree', async () => {
    observer.disagreed({ name: 'south' });
    expect(await valuesOf('cpds_chain_disagreements_total')).toEqual({ 'chain="south"': 1 });
  });

  it('count requests by node and outcome, and the calls in them', async () => {
    observer.asked({ host: '10.0.0.1:8545', calls: 3, isAnswered: true });
    observer.asked({ host: '10.0.0.1:8545', calls: 1, isAnswered: false });
    expect(await valuesOf('cpds_chain_requests_total')).toEqual({
      'node="10.0.0.1:8545",outcome="answered"': 1,
      'node="10.0.0.1:8545",outcome="failed"': 1,
    });
    expect(await valuesOf('cpds_chain_calls_total')).toEqual({ 'node="10.0.0.1:8545"': 4 });
  });

  it('leave out the balance on a chain that does not answer, and give the others', async () => {
    observer.sends({ chain: 'hub', balance: () => Promise.resolve(1_500_000_000_000_000_000n) });
    observer.sends({ chain: 'south', balance: () => Promise.reject(new Error('away')) });
    expect(await valuesOf('cpds_chain_gas_balance_ether')).toEqual({ 'chain="hub"': 1.5 });
    expect(errors).toEqual([]);
  });
});

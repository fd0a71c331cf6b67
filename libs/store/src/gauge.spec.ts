import { Registry } from 'prom-client';
import { gaugeOf, type Reading } from './gauge.js';

const textOf = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('a figure that is read when somebody asks', () => {
  it('shows what is there now, and no label that is gone', async () => {
    const registry = new Registry();
    let now: Reading[] = [
      { labels: { state: 'locked' }, value: 2 },
      { labels: { state: 'minted' }, value: 1 },
    ];
    const options = { name: 'rows', help: 'rows', labelNames: ['state'], registry, onError: () => undefined };
    gaugeOf(options, async () => now);
    expect(await textOf(registry)).toEqual(['rows{state="locked"} 2', 'rows{state="minted"} 1']);
    now = [{ labels: { state: 'minted' }, value: 3 }];
    expect(await textOf(registry)).toEqual(['rows{state="minted"} 3']);
  });

  it('is left out when it cannot be read, and the others are answered', async () => {
    const registry = new Registry();
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    let isUp = true;
    gaugeOf({ name: 'broken', help: 'broken', registry, onError }, async () => {
      if (!isUp) throw new Error('the database is away');
      return [{ value: 1 }];
    });
    gaugeOf({ name: 'whole', help: 'whole', registry, onError }, async () => [{ value: 7 }]);
    expect(await textOf(registry)).toEqual(['broken 1', 'whole 7']);
    isUp = false;
    expect(await textOf(registry)).toEqual(['whole 7']);
    expect(errors).toEqual([new Error('the database is away')]);
  });
});

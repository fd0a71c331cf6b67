import { Bells } from './bells.js';

describe('bells', () => {
  it('give what is there at once', async () => {
    expect(await new Bells().until('a', 10_000, () => Promise.resolve('here'))).toBe('here');
  });

  it('look again when rung, and at no other bell', async () => {
    const bells = new Bells();
    let looks = 0;
    const answer = bells.until('a', 10_000, () => Promise.resolve((looks += 1) > 1 ? looks : null));
    bells.ring('b');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(looks).toBe(1);
    bells.ring('a');
    expect(await answer).toBe(2);
  });

  it('miss nothing that happens during a look', async () => {
    const bells = new Bells();
    let isThere = false;
    const answer = bells.until('a', 10_000, async () => {
      const seen = isThere;
      // the ring comes after the look has read, and before it answers
      isThere = true;
      bells.ring('a');
      await Promise.resolve();
      return seen || null;
    });
    expect(await answer).toBe(true);
  });

  it('give up after their time, and keep nothing', async () => {
    const bells = new Bells();
    expect(await bells.until('a', 30, () => Promise.resolve(null))).toBeNull();
    expect(await bells.until('a', 0, () => Promise.resolve(null))).toBeNull();
    expect(JSON.stringify([...(bells as unknown as { waiting: Map<string, unknown> }).waiting])).toBe('[]');
  });

  it('let nobody wait once they end: each looks a last time', async () => {
    const bells = new Bells();
    let looks = 0;
    const look = (): Promise<null> => Promise.resolve(null).finally(() => looks++);
    const waiting = bells.until('a', 60_000, look);
    await new Promise(setImmediate);
    bells.end();
    expect([await waiting, await bells.until('b', 60_000, look), looks]).toEqual([null, null, 3]);
  });

  it('see within a second or so what rang at another process', async () => {
    const bells = new Bells();
    let isThere = false;
    const answer = bells.until('a', 10_000, () => Promise.resolve(isThere || null));
    await new Promise(setImmediate);
    isThere = true;
    const began = Date.now();
    expect(await answer).toBe(true);
    expect(Date.now() - began).toBeLessThan(5_000);
  });
});

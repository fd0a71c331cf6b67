import { mock } from 'node:test';
import { Loop, pause, type AfterRound, type LoopOptions } from './loop.js';

const hourMs = 3_600_000;

/** Lets everything run that waits for no timer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A loop whose rounds end when the test says so. */
function loopByHand(options: Partial<LoopOptions> = {}) {
  const errors: unknown[] = [];
  const rounds: { stop: AbortSignal; end: (next?: AfterRound) => void; fail: (error: Error) => void }[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const loop = new Loop({
    round: (stop) => {
      mostAtOnce = Math.max(mostAtOnce, ++atOnce);
      return new Promise<AfterRound>((resolve, reject) => rounds.push({ stop, end: resolve, fail: reject })).finally(
        () => atOnce--,
      );
    },
    everyMs: hourMs,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { loop, rounds, errors, mostAtOnce: () => mostAtOnce };
}

/** Timers of this thread that have not fired and were not cleared. */
function timersLeft(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('Loop', () => {
  describe('by the clock', () => {
    beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
    afterEach(() => mock.timers.reset());

    it('makes a round at once and the next one an interval after its end', async () => {
      const { loop, rounds } = loopByHand({ everyMs: 1_000 });
      loop.start();
      expect(rounds).toHaveLength(1);
      mock.timers.tick(5_000);
      await settle();
      expect(rounds).toHaveLength(1);
      rounds[0]!.end();
      await settle();
      mock.timers.tick(999);
      await settle();
      expect(rounds).toHaveLength(1);
      mock.timers.tick(1);
      await settle();
      expect(rounds).toHaveLength(2);
      rounds[1]!.end();
      await loop.stop();
    });

    it('reports a round that throws and goes on after the time for that', async () => {
      const { loop, rounds, errors } = loopByHand({ everyMs: hourMs, retryMs: 10 });
      const away = new Error('away');
      loop.start();
      rounds[0]!.fail(away);
      await settle();
      expect(errors).toEqual([away]);
      expect(rounds).toHaveLength(1);
      mock.timers.tick(10);
      await settle();
      expect(rounds).toHaveLength(2);
      rounds[1]!.end();
      await loop.stop();
    });

    it('waits the interval after a round that throws where nothing else is said', async () => {
      const { loop, rounds } = loopByHand({ everyMs: 1_000 });
      loop.start();
      rounds[0]!.fail(new Error('away'));
      await settle();
      mock.timers.tick(999);
      await settle();
      expect(rounds).toHaveLength(1);
      mock.timers.tick(1);
      await settle();
      expect(rounds).toHaveLength(2);
      rounds[1]!.end();
      await loop.stop();
    });
  });

  it('reports also what a round throws before its first wait', async () => {
    const errors: unknown[] = [];
    const loop = new Loop({
      round: () => {
        throw new Error('at once');
      },
      everyMs: hourMs,
      onError: (error) => errors.push(error),
    });
    loop.start();
    await loop.stop();
    expect(errors).toEqual([new Error('at once')]);
  });

  it('waits at a stop for the round under way, tells it, and makes no other', async () => {
    const { loop, rounds } = loopByHand();
    let hasStopped = false;
    loop.start();
    const stopping = loop.stop().then(() => (hasStopped = true));
    await settle();
    expect(hasStopped).toBe(false);
    expect(rounds[0]!.stop.aborted).toBe(true);
    expect(loop.stopping.aborted).toBe(true);
    rounds[0]!.end('again');
    await stopping;
    await settle();
    expect(rounds).toHaveLength(1);
  });

  it('reports what the round under way throws after a stop, and ends', async () => {
    const { loop, rounds, errors } = loopByHand();
    loop.start();
    const stopping = loop.stop();
    rounds[0]!.fail(new Error('cut short'));
    await stopping;
    expect(errors).toEqual([new Error('cut short')]);
    expect(rounds).toHaveLength(1);
  });

  it('ends a wait at a stop and leaves no timer', async () => {
    const before = timersLeft();
    const { loop, rounds } = loopByHand();
    loop.start();
    rounds[0]!.end();
    await settle();
    expect(timersLeft()).toBe(before + 1);
    await loop.stop();
    expect(timersLeft()).toBe(before);
    expect(rounds).toHaveLength(1);
  });

  it('ends a wait at a wake-up and leaves no timer of it', async () => {
    const before = timersLeft();
    const { loop, rounds } = loopByHand();
    loop.start();
    rounds[0]!.end();
    await settle();
    loop.wake();
    await settle();
    expect(rounds).toHaveLength(2);
    expect(timersLeft()).toBe(before);
    rounds[1]!.end();
    await loop.stop();
  });

  it('makes one more round for many wake-ups during one, and never two at once', async () => {
    const { loop, rounds, mostAtOnce } = loopByHand();
    loop.start();
    for (let times = 0; times < 5; times++) loop.wake();
    await settle();
    expect(rounds).toHaveLength(1);
    rounds[0]!.end();
    await settle();
    expect(rounds).toHaveLength(2);
    rounds[1]!.end();
    await settle();
    expect(rounds).toHaveLength(2);
    expect(mostAtOnce()).toBe(1);
    await loop.stop();
  });

  it('does not lose a wake-up during a round that throws', async () => {
    const { loop, rounds } = loopByHand();
    loop.start();
    loop.wake();
    rounds[0]!.fail(new Error('away'));
    await settle();
    expect(rounds).toHaveLength(2);
    rounds[1]!.end();
    await loop.stop();
  });

  it('makes the next round at once after one that says again', async () => {
    const { loop, rounds } = loopByHand();
    loop.start();
    rounds[0]!.end('again');
    await settle();
    expect(rounds).toHaveLength(2);
    rounds[1]!.end();
    await loop.stop();
  });

  it('ends after a round that says done, also when it was woken meanwhile', async () => {
    const { loop, rounds } = loopByHand();
    loop.start();
    loop.wake();
    rounds[0]!.end('done');
    await settle();
    loop.wake();
    await settle();
    expect(rounds).toHaveLength(1);
    await loop.stop();
  });

  it('makes no round when it was stopped before its start', async () => {
    const { loop, rounds } = loopByHand();
    await loop.stop();
    loop.start();
    await settle();
    expect(rounds).toHaveLength(0);
    await loop.stop();
  });

  it('starts once', async () => {
    const { loop, rounds } = loopByHand();
    loop.start();
    loop.start();
    await settle();
    expect(rounds).toHaveLength(1);
    rounds[0]!.end();
    await loop.stop();
  });

  it('waits for the same round at a second stop', async () => {
    const { loop, rounds } = loopByHand();
    const ended: string[] = [];
    loop.start();
    const first = loop.stop().then(() => ended.push('first'));
    const second = loop.stop().then(() => ended.push('second'));
    await settle();
    expect(ended).toEqual([]);
    rounds[0]!.end();
    await Promise.all([first, second]);
    await loop.stop();
    expect(rounds).toHaveLength(1);
  });

  it('does nothing at a wake-up after a stop', async () => {
    const { loop, rounds } = loopByHand();
    loop.start();
    rounds[0]!.end();
    await settle();
    await loop.stop();
    loop.wake();
    await settle();
    expect(rounds).toHaveLength(1);
  });

  it('runs inside other work until that ends, and again later', async () => {
    const { loop, rounds } = loopByHand();
    for (const round of [0, 1]) {
      const work = new AbortController();
      const running = loop.run(work.signal);
      rounds[round]!.end();
      await settle();
      work.abort();
      await running;
    }
    expect(rounds).toHaveLength(2);
  });

  it('refuses to run beside itself', async () => {
    const { loop, rounds } = loopByHand();
    loop.start();
    await expect(loop.run(new AbortController().signal)).rejects.toMatchObject({ code: 'assertion-failed' });
    rounds[0]!.end();
    await loop.stop();
    expect(rounds).toHaveLength(1);
  });

  it('ends with what onError throws', async () => {
    const onError = (error: unknown): never => {
      throw error;
    };
    const { loop, rounds } = loopByHand({ onError });
    const running = loop.run(new AbortController().signal);
    rounds[0]!.fail(new Error('too much'));
    await expect(running).rejects.toThrow('too much');
    expect(rounds).toHaveLength(1);
  });
});

describe('pause', () => {
  describe('by the clock', () => {
    beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
    afterEach(() => mock.timers.reset());

    it('lasts as long as asked', async () => {
      let isOver = false;
      const pausing = pause(1_000).then(() => (isOver = true));
      mock.timers.tick(999);
      await settle();
      expect(isOver).toBe(false);
      mock.timers.tick(1);
      await pausing;
    });
  });

  it('ends at the first of several signals and leaves no timer', async () => {
    const before = timersLeft();
    const [first, second] = [new AbortController(), new AbortController()];
    const pausing = pause(hourMs, first.signal, second.signal);
    expect(timersLeft()).toBe(before + 1);
    second.abort();
    await pausing;
    expect(timersLeft()).toBe(before);
  });

  it('does not begin after one of its signals', async () => {
    const before = timersLeft();
    const pausing = pause(hourMs, new AbortController().signal, AbortSignal.abort());
    expect(timersLeft()).toBe(before);
    await pausing;
  });
});

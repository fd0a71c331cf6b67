import { type Leases, Loop } from '@cpds/store';

/** Work that nobody waits for: each returns soon and may be called again at any time. */
export interface Chore {
  name: string;
  /** from the end of one run to the next, milliseconds */
  everyMs: number;
  run: () => Promise<unknown>;
}

/** Runs chores in one process at a time. A round is one run of one chore; no chore waits for another. */
export class Chores {
  private readonly holding: Loop;

  constructor(leases: Leases, chores: readonly Chore[], onError: (error: unknown) => void) {
    const loops = chores.map(
      ({ everyMs, run }) => new Loop({ round: async () => void (await run()), everyMs, onError }),
    );
    const work = async (held: AbortSignal): Promise<void> =>
      void (await Promise.all(loops.map((loop) => loop.run(held))));
    this.holding = leases.hold('records/chores', work, onError);
  }

  start(): void {
    this.holding.start();
  }

  stop(): Promise<void> {
    return this.holding.stop();
  }
}

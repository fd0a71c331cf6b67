import { Leases, pause } from '@cpds/store';

/** Work that nobody waits for: each returns soon and may be called again at any time. */
export interface Chore {
  name: string;
  everyMs: number;
  run: () => Promise<unknown>;
}

/** Runs chores in one process at a time. */
export class Chores {
  private readonly stopped = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly leases: Leases,
    private readonly chores: readonly Chore[],
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    this.running = this.leases.hold('records/chores', this.stopped.signal, (held) => this.loop(held), this.onError);
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  private async loop(held: AbortSignal): Promise<void> {
    await Promise.all(
      this.chores.map(async ({ everyMs, run }) => {
        while (!held.aborted) {
          await run().catch(this.onError);
          await pause(everyMs, held);
        }
      }),
    );
  }
}

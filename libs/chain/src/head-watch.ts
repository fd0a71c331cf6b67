import type { BlockRef } from './block.js';
import type { Freshness } from './finality.js';

/** What the nodes show at one moment. */
export interface ChainSnapshot {
  /** The head with the latest timestamp: the clock for facts that forbid. */
  readonly head: BlockRef;
  /** The lowest final block of all nodes, the same hash on all. */
  readonly final: BlockRef;
  /** How fresh the stalest head is. */
  readonly freshness: Freshness;
}

export type HeadListener = (snapshot: ChainSnapshot) => void | Promise<void>;

/** Opens a connection over which a node announces new heads; `ring` is called for each. */
export type OpenBell = (url: string, ring: () => void) => { close(): void };

/** Polls a chain once for all listeners to its heads, and only while there are any. A bell makes the next poll come sooner. */
export class HeadWatch {
  private readonly listeners = new Set<HeadListener>();
  private polling = false;
  private isRung = false;
  private wake: () => void = () => undefined;
  private lastShown = '';
  private lastPeeked: string | null = null;

  constructor(
    private readonly look: () => Promise<ChainSnapshot>,
    private readonly pollMs = 1000,
    private readonly onError: (error: unknown) => void = () => undefined,
    /** Names the nodes' present state at little cost: while the name is the same, a look would show nothing new. Null: look. */
    private readonly peek: () => Promise<string | null> = () => Promise.resolve(null),
    /** Opens the bells of all nodes that announce their heads. */
    private readonly openBells: (ring: () => void) => { close(): void }[] = () => [],
  ) {}

  /** Calls `listener` now and on every change of head or final block until the returned function is called. */
  watch(listener: HeadListener): () => void {
    this.listeners.add(listener);
    // A late listener must not wait for the next block to learn the present one.
    this.lastShown = '';
    if (!this.polling) {
      this.polling = true;
      void this.poll();
    }
    return () => this.listeners.delete(listener);
  }

  /** No `Loop` of libs/store: browsers load this file by `@cpds/chain/read`, and libs/store brings Postgres along. */
  private async poll(): Promise<void> {
    const bells = this.openBells(() => {
      this.isRung = true;
      this.wake();
    });
    while (this.listeners.size > 0) {
      const started = Date.now();
      const isAnnounced = this.isRung;
      this.isRung = false;
      try {
        const peeked = isAnnounced ? null : await this.peek();
        if (peeked === null || peeked !== this.lastPeeked || this.lastShown === '') await this.show(await this.look());
        this.lastPeeked = peeked;
      } catch (error) {
        this.onError(error);
      }
      if (!this.isRung) await this.rest(Math.max(this.pollMs - (Date.now() - started), 0));
    }
    for (const bell of bells) bell.close();
    this.polling = false;
  }

  private async rest(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async show(snapshot: ChainSnapshot): Promise<void> {
    const shown = `${snapshot.head.hash} ${snapshot.final.hash}`;
    if (shown === this.lastShown) return;
    this.lastShown = shown;
    await Promise.all(
      [...this.listeners].map(async (listener) => {
        // One listener's failure is reported and the others still hear of the change; the next look calls all of them
        // again.
        try {
          await listener(snapshot);
        } catch (error) {
          this.lastShown = '';
          this.onError(error);
        }
      }),
    );
  }
}

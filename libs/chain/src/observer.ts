import type { BlockRef } from './block.js';

/** What this process asks of its chains' nodes and sees of the chains, for figures. */
export interface ChainObserver {
  /** One HTTP request to a node ended; `host` is the node's, without path and key. */
  asked(request: { readonly host: string; readonly calls: number; readonly isAnswered: boolean }): void;
  /** A chain that this process watches was looked at, and its nodes agreed on a final block. */
  saw(chain: { readonly name: string; readonly head: BlockRef; readonly final: BlockRef }): void;
  /** Nobody watches the chain here any more: what was seen of it says nothing from now on. */
  left(chain: { readonly name: string }): void;
  /** Two own nodes of a chain show different blocks at the final height. */
  disagreed(chain: { readonly name: string }): void;
  /** This process sends on a chain; `balance` asks for what its account holds there, wei. */
  sends(account: { readonly chain: string; balance(): Promise<bigint> }): void;
}

const nobody: ChainObserver = {
  asked: () => undefined,
  saw: () => undefined,
  left: () => undefined,
  disagreed: () => undefined,
  sends: () => undefined,
};

let observer = nobody;

/** Tells `next` from now on, for all chains of this process; set once, at start. */
export function observeChains(next: ChainObserver): void {
  observer = next;
}

/** Whoever is told now. */
export const observed = (): ChainObserver => observer;

import type { BlockRef, ChainReader } from '@cpds/chain';
import { LockedAccount, MappedDeeds } from '@cpds/contracts';
import { BoundedMap } from '../bounded-map.js';

/** The final block and the transaction in which a chain holds a grant. */
export interface Written {
  block: BlockRef;
  tx: string;
  /** of a lock */
  ringHash?: string;
}

/** Entries kept in memory; the chain has them all. */
const maxFound = 10_000;

/**
 * Finds the event that wrote a lock or a mapping. A found event is remembered and used while its block is still in the
 * chain; otherwise it is looked for again.
 */
export class GrantEvents {
  private readonly found = new BoundedMap<string, Written>(maxFound);

  /** The lock's event in block `lockBlock`, which the contract's word names; null when it is not there. */
  lock(reader: ChainReader, lockedAccount: string, grantId: string, lockBlock: number): Promise<Written | null> {
    return this.lookUp(reader, lockedAccount, LockedAccount.topics.Locked, grantId, lockBlock, lockBlock);
  }

  /** The mapping's event, at or below `final`. */
  mapping(reader: ChainReader, mappedDeeds: string, grantId: string, final: BlockRef): Promise<Written | null> {
    return this.lookUp(reader, mappedDeeds, MappedDeeds.topics.Mapped, grantId, 0, final.number);
  }

  private async lookUp(
    reader: ChainReader,
    address: string,
    topic: string,
    grantId: string,
    from: number,
    to: number,
  ): Promise<Written | null> {
    const key = `${reader.chainUid}/${address}/${topic}/${grantId}`;
    const known = this.found.get(key);
    if (known && (await reader.blockAt(known.block.number))?.hash === known.block.hash) return known;
    this.found.delete(key);
    const [log] = await reader.logs({ addresses: [address], topics: [topic, grantId] }, from, to);
    if (!log) return null;
    const block = await reader.blockAt(log.blockNumber);
    if (block?.hash !== log.blockHash) return null;
    const decoded = topic === LockedAccount.topics.Locked ? LockedAccount.decodeLog(log) : undefined;
    const ringHash = decoded?.name === 'Locked' ? decoded.args.ringHash : undefined;
    const written: Written = { block, tx: log.transactionHash, ...(ringHash && { ringHash }) };
    this.found.set(key, written);
    return written;
  }
}

import { Injectable } from '@nestjs/common';
import { to0x } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { invalid, missing } from '@cpds/errors';
import type { Consistency, Inclusion } from '@cpds/messages';
import { Anchors } from '../anchors/anchors.service.js';
import { LogReader } from '../log/log.reader.js';
import { AuditLog } from '../log/log.service.js';

/** Proofs from stored tiles. Every proof names the signed checkpoint or the sizes it is for. */
@Injectable()
export class Proofs {
  constructor(
    private readonly reader: LogReader,
    private readonly anchors: Anchors,
    private readonly log: AuditLog,
  ) {}

  /** The entry of (producer, seq) under the newest checkpoint, or null while it is not in the log. */
  async inclusion(producer: string, seq: number): Promise<Inclusion | null> {
    const { checkpoint } = await this.reader.tree();
    return this.inclusionUnder(checkpoint, producer, seq);
  }

  /**
   * The entry under the first checkpoint that covers it and is final on the hub: the oldest public proof that it was
   * there. Null until there is one.
   */
  async anchoredInclusion(producer: string, seq: number): Promise<Inclusion | null> {
    const entry = await this.reader.entryOf(producer, seq);
    const checkpoint = entry === null ? null : await this.anchors.firstCovering(entry.leafIndex);
    return checkpoint === null ? null : this.inclusionUnder(await this.log.signedAnew(checkpoint), producer, seq);
  }

  /**
   * Proves that the first `from` leaves begin the log of `to` leaves.
   *
   * @throws AppError `size-unknown` (missing) when the log has fewer than `to` leaves; `out-of-range` when from > to
   */
  async consistency(from: number, to: number): Promise<Consistency> {
    const { size } = await this.reader.tree();
    if (to > size) throw missing('size-unknown', `the log has ${size} leaves`, { field: 'to' });
    if (from > to) throw invalid('out-of-range', 'from', 'from exceeds to');
    return { from, to, proof: await this.hashes(tlog.consistencyRanges(from, to)) };
  }

  private async inclusionUnder(checkpoint: string, producer: string, seq: number): Promise<Inclusion | null> {
    const entry = await this.reader.entryOf(producer, seq);
    const { size } = tlog.parseCheckpoint(checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1));
    // The entry may have come between the two reads.
    if (entry === null || entry.leafIndex >= size) return null;
    const proof = await this.hashes(tlog.inclusionRanges(entry.leafIndex, size));
    return { leaf: entry.leaf, leafIndex: entry.leafIndex, proof, checkpoint };
  }

  private async hashes(ranges: tlog.LeafRange[]): Promise<Inclusion['proof']> {
    const read = await this.reader.nodes(ranges.flatMap(tlog.subtreesOf));
    return tlog.proofOf(ranges, read).map(to0x);
  }
}

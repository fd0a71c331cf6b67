/**
 * Signed messages to other parties of the consortium, as the rest of the bridge sees them (wire.md "Between
 * hospitals"). `from` of anything handed on here has been proven by its message key on the hub.
 */

import type { Datagram, DatagramKind } from '@cpds/messages';
import type { Tx } from '@cpds/store';

/** A datagram to be sent again and again until it is answered or its deadline passes. */
export interface OutgoingDatagram {
  to: string;
  kind: DatagramKind;
  /** grantId, or the request's id before there is one */
  grantId: string;
  body: Record<string, unknown>;
  /** seconds since 1970 */
  deadline: number;
}

/**
 * What this node does with a datagram of a kind: returns the answer's body, which is stored and repeated for the same
 * datagram, or null where there is no answer yet and the sender shall ask again. An AppError of kind invalid, denied,
 * missing or conflict becomes a signed `refused` body { code, field, message }; anything else leaves the sender to retry.
 */
export type DatagramHandler = (received: Datagram) => Promise<Record<string, unknown> | null>;

/** What this node does with the answer to a stored datagram; may be called more than once for the same answer. */
export type AnswerHandler = (sent: OutgoingDatagram, answer: Datagram) => Promise<void>;

export abstract class Datagrams {
  /** Takes datagrams of `kind`; one handler per kind. */
  abstract handle(kind: DatagramKind, handler: DatagramHandler): void;

  /** Takes answers to stored datagrams of `kind`. */
  abstract onAnswer(kind: DatagramKind, handler: AnswerHandler): void;

  /**
   * Stores a datagram in the caller's transaction; it leaves after the commit. One per (to, kind, grantId) is kept
   * open: storing it again is a no-op.
   */
  abstract send(tx: Tx, outgoing: OutgoingDatagram): Promise<void>;

  /**
   * Sends once and waits for the signed answer in memory: for rounds that are repeated as a whole (signing, release).
   *
   * @throws AppError `no-answer` (unavailable) after `timeoutMs`; the refusal's code where the recipient refused
   */
  abstract ask(
    outgoing: Pick<OutgoingDatagram, 'to' | 'kind' | 'grantId' | 'body'>,
    timeoutMs: number,
  ): Promise<Datagram>;
}

/**
 * Signed messages to other parties of the consortium, as the rest of the bridge sees them (wire.md "Between
 * hospitals"). `from` of anything handed on here has been proven by its message key on the hub. `DatagramsService` carries them.
 */

import type { Datagram, DatagramKind } from '@cpds/messages';

/** A datagram to be sent again and again until it is answered or its deadline passes. */
export interface OutgoingDatagram {
  to: string;
  kind: DatagramKind;
  /** grantId, or the request's id while there is no grant */
  grantId: string;
  body: Record<string, unknown>;
  /** seconds since 1970 */
  deadline: number;
}

/**
 * Acts on a datagram of a kind and returns the answer's body, which is stored and repeated for the same datagram, or
 * null where there is no answer yet and the sender shall ask again. An AppError of kind invalid, denied, missing or
 * conflict becomes a signed `refused` body { code, field, message }; anything else leaves the sender to retry.
 */
export type DatagramHandler = (received: Datagram) => Promise<Record<string, unknown> | null>;

/** Acts on the answer to a stored datagram; may be called more than once for the same answer. */
export type AnswerHandler = (sent: OutgoingDatagram, answer: Datagram) => Promise<void>;

const roundKinds = ['sign', 'release'] as const satisfies readonly DatagramKind[];

/** Kinds of rounds, which are asked and never stored. Their handlers answer a repeat in the same way by themselves. */
export type RoundKind = (typeof roundKinds)[number];

export const isRound = (kind: DatagramKind): kind is RoundKind => roundKinds.some((round) => round === kind);

/** Handlers for datagrams of each kind that this node takes, and for the answers to those that it stores. */
export type DatagramDoors = {
  readonly [K in DatagramKind]: K extends RoundKind
    ? { readonly take: DatagramHandler }
    : { readonly take: DatagramHandler; readonly answered: AnswerHandler };
};

/** A party's message key, the signature of its datagrams, and the checks of one that arrives (wire.md "Between hospitals"). Pure. */

import { AppError, denied, invalid, text } from '@cpds/errors';
import { datagramDigest, type Datagram, type DatagramKind, type Hex } from '@cpds/messages';
import { to0x, toBigInt } from '@cpds/crypto/bytes';
import { isSignedByAccount, signDigest } from '@cpds/contracts';
import { z } from 'zod';

/** The key that signs this party's statements off chain: datagrams, answers, partials (protocol section 7, "Who is who"). */
export class MessageKey {
  /** @param secret 32 bytes */
  constructor(private readonly secret: Uint8Array) {}

  /** r ‖ s ‖ v over a 32-byte digest, lower-case hex. */
  sign(digest: Hex): Hex {
    return signDigest(toBigInt(this.secret), digest);
  }
}

/** keccak256("cpds/v1/datagram" ‖ sha256(RFC 8785 of the datagram without sig)), hex. */
export function digestOf(datagram: object): Hex {
  return to0x(datagramDigest(datagram));
}

/** Signs a datagram as its sender. */
export function signDatagram(key: MessageKey, unsigned: Omit<Datagram, 'sig'>): Datagram {
  return { ...unsigned, sig: key.sign(digestOf(unsigned)) };
}

/**
 * Refuses a datagram that is not for this node, or is not signed by the party that it names as its sender.
 *
 * @param kind the kind in the subject
 * @param senderKey message key of `datagram.from` on the hub; undefined for a stranger
 * @throws AppError `other-kind`, `not-addressed`, `unknown-sender`, `bad-signature`
 */
export function checkDatagram(
  datagram: Datagram,
  kind: DatagramKind,
  self: string,
  senderKey: string | undefined,
): void {
  if (datagram.kind !== kind) throw invalid('other-kind', 'kind', `kind is ${datagram.kind}, the subject says ${kind}`);
  if (datagram.to !== self) throw invalid('not-addressed', 'to', `to is ${datagram.to}, this is ${self}`);
  if (!senderKey) throw denied('unknown-sender', 'the sender is not registered on the hub');
  if (!isSignedByAccount(senderKey, digestOf(datagram), datagram.sig))
    throw denied('bad-signature', 'sig is not by the message key of the sender');
}

const Refusal = z.object({
  refused: z.object({ code: text(64, 0), field: text(128, 0).optional(), message: text(512, 0) }),
});

/** Body of an answer that refuses the datagram itself. */
export function refusalBody({ code, field, message }: AppError): Record<string, unknown> {
  return { refused: { code, ...(field ? { field } : {}), message: message.slice(0, 512) } };
}

/** The refusal in an answer, or null if the datagram was acted on. */
export function refusalOf(answer: Datagram): { code: string; field?: string; message: string } | null {
  const refusal = Refusal.safeParse(answer.body);
  return refusal.success ? refusal.data.refused : null;
}

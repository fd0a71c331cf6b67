import { anyText, AppError, errorKinds, parse } from '@cpds/errors';
import type { Msg } from '@nats-io/transport-node';
import { z, type ZodType } from 'zod';
import { type Bus, unanswered } from './bus.js';
import { messageHeaders } from './request-id.js';

const Reply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({
    ok: z.literal(false),
    error: z.object({
      code: anyText,
      kind: z.enum(errorKinds as [(typeof errorKinds)[number]]),
      message: anyText,
      field: anyText.optional(),
      culprit: anyText.optional(),
    }),
  }),
]);

/** Requests to other services of the same hospital. */
export class BusRequests {
  constructor(private readonly bus: Bus) {}

  /**
   * Asks `subject` and returns the typed answer. `body` is checked before it leaves, the answer before it is believed.
   * The request that this work belongs to is named to whoever answers.
   *
   * @throws AppError what the answerer threw, `no-answer` (unavailable) after `timeoutMs`, or `bus-forbidden` (unavailable)
   */
  async ask<In, Out>(
    subject: string,
    schemaIn: ZodType<In>,
    schemaOut: ZodType<Out>,
    body: In,
    timeoutMs: number = 5_000,
  ): Promise<Out> {
    const request = JSON.stringify(parse(schemaIn, body, `request ${subject}`));
    const reply = parse(Reply, (await this.send(subject, request, timeoutMs)).json(), `reply of ${subject}`);
    if (reply.ok) return parse(schemaOut, reply.value, `reply of ${subject}`);
    const { code, kind, message, field, culprit } = reply.error;
    throw new AppError(code, kind, message, { field, culprit });
  }

  private async send(subject: string, request: string, timeoutMs: number): Promise<Msg> {
    try {
      return await this.bus.connection.request(subject, request, { timeout: timeoutMs, headers: messageHeaders() });
    } catch (cause) {
      throw unanswered(cause, subject);
    }
  }
}

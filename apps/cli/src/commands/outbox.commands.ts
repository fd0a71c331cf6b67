import { resolve } from 'node:path';
import { HttpClient } from '@cpds/client';
import { invalid } from '@cpds/errors';
import { hospitals, reportToStderr } from '@cpds/local';
import { OutboxAgreement } from '@cpds/messages';
import { attach } from '../consortium/launch.js';

/** Services that have an outbox and a door for it. */
const services = ['identity', 'records', 'bridge'];

/**
 * Brings a hospital's service into agreement with its audit log, for an operator who knows why they disagree: its database
 * was restored, or lost its last commits. `producer` is `<service>.<hospital>`, e.g. `records.north`.
 *
 * @throws AppError `unknown-producer`, `not-running`, `no-answer` while audit is away
 */
export async function outboxAgree(dir: string, producer: string): Promise<OutboxAgreement> {
  const [service, party] = producer.split('.');
  const hospital = hospitals.find((one) => one === party);
  if (hospital === undefined || !services.includes(service ?? ''))
    throw invalid(
      'unknown-producer',
      'producer',
      `must be one of ${services.join(', ')}, a dot, and a hospital; role nodes take no token: see ACCEPTED_OUTBOX_SEQ`,
    );
  const { consortium, backends } = await attach(resolve(dir), reportToStderr);
  const http = new HttpClient({ baseUrl: await consortium.urlOf(producer), tokens: backends[hospital].operator });
  return http.post('outbox/agreement', {}, OutboxAgreement);
}

/** What was done, in words. */
export function agreementWords({ producer, lastSeq, logSeq, renumbered, changed }: OutboxAgreement): string {
  if (!changed) return `${producer}: its database and the log agreed already, at ${logSeq}`;
  return `${producer}: numbered ${lastSeq}, the log holds ${logSeq}; goes on after ${Math.max(lastSeq, logSeq)}, ${renumbered} events got new numbers`;
}

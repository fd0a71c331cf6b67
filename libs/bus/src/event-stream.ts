import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { unanswered } from './bus.js';

/** The one stream of a server. */
export const eventStream = 'EVENTS';

/** Subjects of a hospital's stream: every service's events. */
export const hospitalEventSubjects = ['identity.*.v1', 'records.*.v1', 'bridge.*.v1', 'audit.*.v1'];

/** Subjects of the hub's stream: events of role nodes. */
export const hubEventSubjects = ['audit.events.*'];

/** How long a message stays for consumers that are away, in milliseconds: three days. What audit misses beyond that, its producers still hold. */
const maxAgeMs = 3 * 86_400_000;
/** Window in which a repeated message id is dropped by the server; beyond it inboxes drop it. */
const duplicateWindowMs = 10 * 60_000;

/**
 * Makes the stream `EVENTS` with these subjects where there is none; safe from several processes at once. A stream that is there
 * stays as it is: to change it is audit's right only (`widenEventStream`).
 * Needs a server with `sync_interval: always`: an acknowledged message must be on disk. And with `cipher` and `key`: what lies
 * there holds details of events.
 *
 * @throws AppError `bus-forbidden` (unavailable) where the server's permissions are of another version; `no-answer` (unavailable)
 */
export async function ensureEventStream(jsm: JetStreamManager, subjects: string[]): Promise<void> {
  try {
    await jsm.streams.add({
      name: eventStream,
      subjects,
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_age: nanos(maxAgeMs),
      duplicate_window: nanos(duplicateWindowMs),
    });
  } catch (error) {
    // 10058: the stream exists with another configuration, e.g. fewer subjects
    if (!(error instanceof JetStreamApiError) || error.code !== 10058) throw unanswered(error, 'JetStream');
  }
}

/**
 * Adds the subjects that the stream `EVENTS` lacks, since one made by an earlier version may have fewer, and has it kept by at
 * least `replicas` servers; whoever makes a missing stream leaves it on one.
 *
 * @throws JetStreamApiError there are fewer servers
 */
export async function widenEventStream(jsm: JetStreamManager, subjects: string[], replicas = 1): Promise<void> {
  const { config } = await jsm.streams.info(eventStream);
  const all = [...new Set([...config.subjects, ...subjects])];
  if (all.length === config.subjects.length && config.num_replicas >= replicas) return;
  await jsm.streams.update(eventStream, { subjects: all, num_replicas: Math.max(config.num_replicas, replicas) });
}

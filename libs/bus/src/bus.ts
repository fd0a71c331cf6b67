import { type AppError, toAppError, unavailable } from '@cpds/errors';
import { jetstream, type JetStreamClient, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import {
  connect,
  type Msg,
  type NatsConnection,
  nkeyAuthenticator,
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  type Subscription,
  TimeoutError,
} from '@nats-io/transport-node';
import { messageHeaders, requestIdIn, requestNow, withinRequest } from './request-id.js';

/** Address of a NATS server and the identity to use there. */
export interface BusOptions {
  /** `nats://host:port`, or several separated by commas; with `tls://` nothing is said before the server has shown its certificate */
  url: string;
  /** path of a PEM file, with `tls://`: the authorities that may sign a server's certificate; read anew at each connection. Default those of Node */
  caFile?: string;
  /** shown in the server's connection list */
  name: string;
  /** nkey user seed (`SU…`), secret; omit on a server without users, which only tests have */
  nkeySeed?: string;
  /** prefix of reply inboxes; default `_INBOX`. A user may hear those of its own prefix only (`inboxPrefixOf`). */
  inboxPrefix?: string;
  /** receives what a plain subscription's handler threw, and what the server forbade; the default drops it, so pass a logger */
  onHandlerError?: (subject: string, error: unknown) => void;
}

/** A plain message: its parsed JSON body and the subject it came on. */
export interface Datagram {
  subject: string;
  body: unknown;
}

/**
 * Opens the connection and its JetStream client; reconnects for ever after the first success.
 *
 * @throws AppError `bus-unreachable` (unavailable) when the first try fails
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  try {
    const connection = await connect({
      servers: options.url.split(','),
      name: options.name,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      pingInterval: 5_000,
      timeout: 5_000,
      ...(options.url.startsWith('tls://')
        ? { tls: options.caFile === undefined ? {} : { caFile: options.caFile } }
        : {}),
      ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
      ...(options.nkeySeed === undefined
        ? {}
        : { authenticator: nkeyAuthenticator(new TextEncoder().encode(options.nkeySeed)) }),
    });
    return new Bus(connection, options.onHandlerError ?? (() => undefined));
  } catch (cause) {
    throw unavailable(
      'bus-unreachable',
      'the bus does not answer, refuses these credentials or shows a wrong certificate',
      { cause },
    );
  }
}

/** One process's connection to its NATS server: plain JSON messages here, JetStream through `js` and `jsm`. */
export class Bus {
  readonly js: JetStreamClient;
  private manager?: Promise<JetStreamManager>;
  private readonly reporting: Promise<void>;

  constructor(
    readonly connection: NatsConnection,
    private readonly onHandlerError: (subject: string, error: unknown) => void,
  ) {
    this.js = jetstream(connection, { timeout: 10_000 });
    this.reporting = this.reportForbidden().catch((error: unknown) => this.onHandlerError('status', error));
  }

  /** JetStream's administration; made on first use, since role nodes may not have the permission. */
  jsm(): Promise<JetStreamManager> {
    this.manager ??= jetstreamManager(this.connection, { checkAPI: false, timeout: 10_000 });
    return this.manager;
  }

  /** Sends `body` as JSON at most once: without a listener it is lost. `request` names the request it is sent for; default this work's. */
  publish(subject: string, body: unknown, request: { requestId?: string | null } = requestNow()): void {
    this.connection.publish(subject, JSON.stringify(body), { headers: messageHeaders(request) });
  }

  /**
   * Receives plain messages until `unsubscribe`. Handlers run one after another; what one throws goes to
   * `onHandlerError` and the next message is taken. A body that is not JSON is reported the same way. All of it is work
   * of the request that the message names.
   */
  subscribe(subject: string, handler: (message: Datagram) => Promise<void> | void, queue?: string): Subscription {
    const subscription = this.connection.subscribe(subject, queue === undefined ? {} : { queue });
    const take = async (message: Msg): Promise<void> => {
      try {
        await handler({ subject: message.subject, body: message.json() });
      } catch (error) {
        this.onHandlerError(message.subject, toAppError(error));
      }
    };
    const listen = async (): Promise<void> => {
      for await (const message of subscription) await withinRequest(requestIdIn(message), () => take(message));
    };
    listen().catch((error: unknown) => this.onHandlerError(subject, error));
    return subscription;
  }

  /** True while the server answers. */
  async isUp(): Promise<boolean> {
    if (this.connection.isClosed()) return false;
    try {
      await Promise.race([this.connection.flush(), rejectAfter(1_000)]);
      return true;
    } catch {
      return false; // the probe's answer, not an error: a flush fails exactly when the server is away
    }
  }

  /** A publish that the server forbids fails nowhere else: the server drops it, and says so on the connection. */
  private async reportForbidden(): Promise<void> {
    for await (const status of this.connection.status())
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        this.onHandlerError(status.error.subject, forbidden(status.error));
  }

  /** Hands out what is under way, then closes. Closes as well while the server is away, which takes nothing any more. */
  async close(): Promise<void> {
    // A connection that could not be drained would dial for ever, and its process would not end.
    if (!this.connection.isClosed() && !(await drained(this.connection))) await this.connection.close();
    await this.reporting;
  }
}

/** Lets what is under way through. False if the server is away: nothing gets through then, and the client throws `RequestError`. */
export async function drained(part: Pick<NatsConnection, 'drain'>): Promise<boolean> {
  try {
    await part.drain();
    return true;
  } catch (error) {
    if (error instanceof RequestError) return false;
    throw error;
  }
}

/** The server's permissions and what this process does are of different versions, or it is not who its key says. */
export function forbidden(cause: PermissionViolationError): AppError {
  return unavailable('bus-forbidden', `the bus forbids this ${cause.operation} on ${cause.subject}`, { cause });
}

/** What a request to `subject` failed with, as it is known here: `bus-forbidden` or `no-answer`; anything else stays what it is. */
export function unanswered(cause: unknown, subject: string): unknown {
  if (cause instanceof RequestError && cause.cause instanceof PermissionViolationError) return forbidden(cause.cause);
  if (cause instanceof TimeoutError || cause instanceof NoRespondersError || cause instanceof RequestError)
    return unavailable('no-answer', `${subject} has no answer`, { cause, retryAfterSec: 1 });
  return cause;
}

function rejectAfter(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(unavailable('bus-slow', 'the bus does not answer in time')), ms).unref();
  });
}

/**
 * One hospital's records service on real servers, with the answers of its neighbours given by hand: the test decides
 * what identity, bridge and audit answer.
 */

import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import * as age from '@cpds/crypto/age';
import { to0x } from '@cpds/crypto/bytes';
import { compressed, G } from '@cpds/crypto/curve';
import { formatMetaAddress, metaAddressOf } from '@cpds/crypto/stealth';
import { testNats, testObjectStore, testPostgres } from '@cpds/local';
import {
  type EventEnvelope,
  eventLeafHash,
  type Hex,
  type LeavesAnswer,
  type LeavesQuery,
  leavesRequest,
  type ReceiptAnswer,
  type ReceiptQuery,
  receiptRequest,
  receiptSubject,
} from '@cpds/messages';
import { readConfig, runService, hospitalAudience, type RunningService } from '@cpds/service';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { recordsService } from '../src/service.js';
import { recordsConfig } from '../src/config.js';

/** How long real servers may take to start on a busy machine, milliseconds. */
export const startMs = 180_000;

/** Answers one bus request, now or later; an error that it throws with `code` and `kind` becomes the answer's error. */
export type Answer = (body: never) => unknown;

export interface Patient {
  id: string;
  ageIdentity: string;
  secrets: { spending: bigint; viewing: bigint };
}

export interface Hospital {
  party: string;
  url: string;
  /** the current one */
  ageIdentity: string;
  bus: NatsConnection;
  databaseUrl: string;
  bucket: Awaited<ReturnType<typeof testObjectStore>>;
  /** answers by subject; missing ones are not answered at all */
  answers: Map<string, Answer>;
  /** every event the service published, by type */
  events: { type: string; seq: number; correlation: string; person?: string; details: Record<string, unknown> }[];
  /** while true, nothing is receipted */
  isLogSilent: boolean;
  newPatient(): Patient;
  token(scope: string, claims?: Record<string, unknown>): Promise<string>;
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** restarts it with a key file that holds these identities */
  restartWith(current: string, ...former: string[]): Promise<void>;
  /** stops it and starts it as a process with these identities, which must end by itself: its exit code and last log line */
  failWith(current: string, ...former: string[]): Promise<{ code: number | null; said: string }>;
  close(): Promise<void>;
}

export interface Chain {
  url: string;
  /** registrar's key */
  gasKey: string;
  chainRegistry: string;
}

const nowhere: Chain = { url: 'http://127.0.0.1:9', gasKey: '11'.repeat(32), chainRegistry: `0x${'00'.repeat(19)}01` };

/** Starts it. Without a chain, deeds stay pending. */
export async function startHospital(party: string, chain: Chain = nowhere): Promise<Hospital> {
  const [postgres, nats, bucket] = await Promise.all([testPostgres(), testNats(), testObjectStore()]);
  const issuer = await startIssuer();
  const folder = mkdtempSync(join(tmpdir(), 'cpds-records-'));
  const ageIdentity = age.encodeIdentity(randomBytes(32));
  const keyFile = join(folder, 'keys.json');
  const holdAges = (age: string, formerAges: string[]): void => {
    const keys = { kek: '22'.repeat(32), gas: chain.gasKey.replace('0x', ''), age, formerAges };
    writeFileSync(keyFile, JSON.stringify(keys), { mode: 0o600 });
  };
  holdAges(ageIdentity, []);
  const env = {
    PARTY: party,
    PORT: '0',
    KEY_FILE: keyFile,
    LOG_LEVEL: process.env.CPDS_TEST_LOG ?? 'silent',
    DATABASE_URL: postgres.url,
    NATS_URL: nats.url,
    IDENTITY_URL: issuer.url,
    CHAINS: JSON.stringify({ hub: [chain.url], [party]: [chain.url] }),
    OWN_CHAIN: party,
    HUB_CHAIN_REGISTRY: chain.chainRegistry,
    S3_ENDPOINT: bucket.endpoint,
    S3_ACCESS_KEY: bucket.accessKey,
    S3_SECRET_KEY: bucket.secretKey,
    S3_BUCKET: bucket.bucket,
    FLUSH_AFTER_MS: '300',
    POLL_MS: '100',
    RECEIPT_TIMEOUT_MS: '1500',
    MAX_RECORD_BYTES: '20000000',
  };
  const bus = await connect({ servers: nats.url });
  const hospital: Hospital = {
    party,
    url: '',
    ageIdentity,
    bus,
    databaseUrl: postgres.url,
    bucket,
    answers: new Map(),
    events: [],
    isLogSilent: false,
    newPatient: () => newPatient(hospital),
    token: (scope, claims = {}) => issuer.token(hospitalAudience(party), scope, claims),
    stop: async () => {
      await running?.close();
      running = undefined;
    },
    restart: async () => {
      await hospital.stop();
      running = await runService(recordsService, readConfig(recordsConfig, { ...env }));
      hospital.url = running.url;
    },
    restartWith: async (current, ...former) => {
      hospital.ageIdentity = current;
      holdAges(current, former);
      await hospital.restart();
    },
    failWith: async (current, ...former) => {
      await hospital.stop();
      holdAges(current, former);
      const program = fileURLToPath(new URL('../dist/service.mjs', import.meta.url));
      const child = spawn(process.execPath, [program], {
        env: { ...env, LOG_LEVEL: 'error', PATH: process.env['PATH'] },
      });
      let said = '';
      child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
      const [code] = (await once(child, 'exit')) as [number | null];
      return { code, said };
    },
    close: async () => {
      await hospital.stop();
      await bus.close();
      issuer.server.close();
      await Promise.all([postgres.close(), nats.close(), bucket.close()]);
      rmSync(folder, { recursive: true });
    },
  };
  let running: RunningService | undefined;
  hospital.answers.set('identity.whose', () => ({ patientIds: [] }));
  answerRequests(hospital);
  receiptEvents(hospital);
  await hospital.restart();
  return hospital;
}

/** A patient with a wallet's keys, enrolled as far as `identity.patient` tells. */
function newPatient(hospital: Hospital): Patient {
  const patient: Patient = {
    id: randomUUID(),
    ageIdentity: age.encodeIdentity(randomBytes(32)),
    secrets: { spending: BigInt(to0x(randomBytes(31))), viewing: BigInt(to0x(randomBytes(31))) },
  };
  const earlier = hospital.answers.get('identity.patient');
  hospital.answers.set('identity.patient', (body: never) => {
    const { patientId } = body as { patientId: string };
    return patientId === patient.id ? patientAnswer(patient) : (earlier?.(body) ?? null);
  });
  return patient;
}

function patientAnswer(patient: Patient): unknown {
  return {
    patientId: patient.id,
    enrolment: {
      homeUid: `0x${'aa'.repeat(32)}`,
      spendingKey: to0x(compressed(G.multiply(patient.secrets.spending))),
      viewingKey: to0x(compressed(G.multiply(patient.secrets.viewing))),
      ageRecipient: age.recipientOf(patient.ageIdentity),
      authKey: `0x${'bb'.repeat(32)}`,
    },
    signature: `0x${'77'.repeat(64)}1b`,
    metaAddress: formatMetaAddress(metaAddressOf(patient.secrets)),
  };
}

function answerRequests(hospital: Hospital): void {
  const respond = async (message: Msg): Promise<void> => {
    const answer = message.reply ? hospital.answers.get(message.subject) : undefined;
    if (!answer) return;
    try {
      message.respond(JSON.stringify({ ok: true, value: await answer(message.json() as never) }));
    } catch (error) {
      const { code, kind, message: text } = error as { code: string; kind: string; message: string };
      message.respond(JSON.stringify({ ok: false, error: { code, kind, message: text } }));
    }
  };
  const subscription = hospital.bus.subscribe('>');
  void (async () => {
    for await (const message of subscription) void respond(message);
  })();
}

function receiptEvents(hospital: Hospital): void {
  const subscription = hospital.bus.subscribe('records.*.v1');
  const producer = `records.${hospital.party}`;
  const leafOf = (seq: number): Hex | null => {
    const event = hospital.isLogSilent ? undefined : hospital.events.find((one) => one.seq === seq);
    return event === undefined ? null : eventLeafHash(event as unknown as EventEnvelope);
  };
  const throughSeq = (): number => (hospital.isLogSilent ? 0 : Math.max(0, ...hospital.events.map(({ seq }) => seq)));
  hospital.answers.set(receiptRequest, (body: never) => {
    const { seq } = body as ReceiptQuery;
    return { producer, seq, leaf: leafOf(seq), throughSeq: throughSeq(), treeSize: 1 } satisfies ReceiptAnswer;
  });
  hospital.answers.set(leavesRequest, (body: never) => {
    const { seqs } = body as LeavesQuery;
    return { producer, throughSeq: throughSeq(), leaves: seqs.map(leafOf) } satisfies LeavesAnswer;
  });
  void (async () => {
    for await (const message of subscription) {
      const event = message.json() as Hospital['events'][number];
      if (!hospital.events.some(({ seq }) => seq === event.seq)) hospital.events.push(event);
      if (hospital.isLogSilent) continue;
      const receipt = { producer, throughSeq: throughSeq(), leaf: leafOf(throughSeq()), treeSize: 1 };
      hospital.bus.publish(receiptSubject, JSON.stringify(receipt));
    }
  })();
}

/** An issuer of access tokens with its JWKS on HTTP. */
async function startIssuer(): Promise<{
  url: string;
  server: Server;
  token(audience: string, scope: string, claims: Record<string, unknown>): Promise<string>;
}> {
  const { publicKey, privateKey } = await generateKeyPair('ES384');
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES384' }] });
  const server = createServer((_, response) => response.setHeader('content-type', 'application/json').end(jwks));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, server, token: (audience, scope, claims) => sign(privateKey, url, audience, scope, claims) };
}

function sign(
  key: CryptoKey,
  issuer: string,
  audience: string,
  scope: string,
  claims: Record<string, unknown>,
): Promise<string> {
  return new SignJWT({ scope, departments: 'whole-hospital', ...claims })
    .setProtectedHeader({ alg: 'ES384', kid: 'one' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('backend')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(key);
}

/** Waits for a fact that another process makes true; the test's own timeout is the limit. */
export async function until(fact: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await fact())) await new Promise((resolve) => setTimeout(resolve, 20));
}

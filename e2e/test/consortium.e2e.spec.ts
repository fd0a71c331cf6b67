import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { testAge, testPostgresTools } from '@cpds/local';
import { checkAudit } from '../../apps/cli/src/main-job/audit-check.js';
import { revoke } from '../../apps/cli/src/main-job/revocations.js';
import { askAndConsent, finishShare, readOpened, release, waitForState } from '../../apps/cli/src/main-job/share.js';
import { waitFor } from '../../apps/cli/src/main-job/waiting.js';
import { openStage, planted, query, type Patient, type Stage } from './support/stage.js';

const run = promisify(execFile);

describe('a consortium of real processes', () => {
  let stage: Stage;
  const shared: string[] = [];

  beforeAll(async () => {
    stage = await openStage(4);
  }, 600_000);
  afterAll(async () => {
    await stage?.world.consortium.stop();
    if (stage !== undefined) rmSync(stage.dir, { recursive: true, force: true });
  }, 60_000);

  const ask = (patient: Patient, extraMintSeconds = 0) =>
    askAndConsent(
      stage.world,
      stage.departmentId,
      patient.holder,
      { patient: patient.file.patient, category: patient.file.category, recordId: patient.recordId },
      { extraMintSeconds },
    );
  const patient = (at: number): Patient => stage.patients[at] as Patient;

  it('shares a record from consent to the same bytes', async () => {
    const { given, startedAt } = await ask(patient(0));
    const share = await finishShare(stage.world, patient(0).file, given, startedAt);
    expect(share.openedSha256).toBe(patient(0).file.sha256);
    expect(share.lockGas).toBeGreaterThan(100_000);
    expect(share.mintTx).toMatch(/^0x[0-9a-f]{64}$/);
    expect(given.ringSize).toBe(16);
    shared.push(given.grantId);
  }, 120_000);

  it('keeps records in the object store as age files that the public tool opens with the patient identity', async () => {
    const [object] = await query<{ key: string }>(
      stage.world,
      'records.north',
      'SELECT o.id::text AS key FROM object o WHERE o.record_id = $1 AND o.is_current',
      [patient(1).recordId],
    );
    const { stored } = await storedFile(stage, object!.key);
    const dir = mkdtempSync(join(tmpdir(), 'cpds-age-'));
    try {
      writeFileSync(join(dir, 'identity'), patient(1).holder.wallet.ageIdentity, { mode: 0o600 });
      writeFileSync(join(dir, 'record.age'), stored);
      expect(stored.toString('latin1')).not.toContain(planted.family);
      await run(await testAge(), [
        '-d',
        '-i',
        join(dir, 'identity'),
        '-o',
        join(dir, 'record'),
        join(dir, 'record.age'),
      ]);
      expect(
        createHash('sha256')
          .update(readFileSync(join(dir, 'record')))
          .digest('hex'),
      ).toBe(patient(1).file.sha256);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }, 60_000);

  describe('kill -9', () => {
    /** Every kind of process, at a state in which it has to act, and whose committed row triggers the kill. */
    it.each([
      ['bridge.north', 'north', 'lock-sent'],
      ['bridge.south', 'south', 'vouched'],
      ['voucher-1', 'north', 'locked'],
      ['storeman-1', 'south', 'vouched'],
      ['audit.north', 'north', 'locked'],
      ['records.north', 'south', 'released'],
    ] as const)(
      'of %s once %s has committed %s ends as if nothing had happened',
      async (name, hospital, state) => {
        const { given, startedAt } = await ask(patient(2), 120);
        const killed = killAt(stage, name, hospital, given.grantId, state);
        const finished = finishAfter(stage, patient(2), given, startedAt, state === 'released' ? killed : undefined);
        await killed;
        const share = await finished;
        expect(share.openedSha256).toBe(patient(2).file.sha256);
        await expectOnce(stage, given.grantId);
        shared.push(given.grantId);
      },
      240_000,
    );
  });

  it('refuses after a revocation, at every storeman and at the exchange endpoint', async () => {
    const { given } = await ask(patient(3));
    await waitForState(stage.world, 'south', given.grantId, ['mapped']);
    const revoked = await revoke(stage.world, patient(3).holder, given.grantId, 'between mint and release');
    expect(revoked.answers.map(({ verdict }) => verdict)).toEqual(Array(5).fill('revoked'));
    expect(revoked.exchangeCode).toBe(410);
    await expect(readOpened(stage.world, given.grantId)).rejects.toMatchObject({
      kind: expect.stringMatching(/missing|conflict|denied/),
    });
  }, 120_000);

  describe('bad input', () => {
    const post = async (path: string, body: Uint8Array | string, headers: Record<string, string>) => {
      const { consortium, backends } = stage.world;
      const token = await backends.north.tokens.token();
      const response = await fetch(`${await consortium.urlOf('records.north')}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, ...headers },
        body: body as string,
      });
      return {
        status: response.status,
        type: response.headers.get('content-type') ?? '',
        body: (await response.json()) as Outcome,
      };
    };
    const uploadPath = () => `/records?patient=${patient(0).holder.account.patientId}&category=patient-summary`;

    it('an empty file names the body', async () => {
      const answer = await post(uploadPath(), '', { 'content-type': 'application/fhir+json' });
      expect(answer).toMatchObject({
        status: 400,
        body: { resourceType: 'OperationOutcome', issue: [{ expression: ['body'] }] },
      });
    });

    it('a body that is no FHIR resource though it says so is refused and leaves nothing', async () => {
      const before = await query<{ count: string }>(stage.world, 'records.north', 'SELECT count(*) FROM record');
      const answer = await post(uploadPath(), '{"not":"fhir"}', { 'content-type': 'application/fhir+json' });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.body.resourceType).toBe('OperationOutcome');
      expect(await query(stage.world, 'records.north', 'SELECT count(*) FROM record')).toEqual(before);
    });

    it('a body that is no DICOM file though it says so is refused', async () => {
      const answer = await post(uploadPath(), 'DICM or not', { 'content-type': 'application/dicom' });
      expect(answer.body.resourceType).toBe('OperationOutcome');
      expect(answer.status).toBeLessThan(500);
    });

    it('an unknown patient is named as the field', async () => {
      const answer = await post(
        `/records?patient=${randomUUID()}&category=patient-summary`,
        '{"resourceType":"Bundle","type":"collection"}',
        {
          'content-type': 'application/fhir+json',
        },
      );
      expect(answer.status).toBe(404);
      expect(answer.body.issue[0]?.expression).toEqual(['patient']);
    });

    it("another hospital's token is refused", async () => {
      const token = await stage.world.backends.south.tokens.token();
      const response = await fetch(`${await stage.world.consortium.urlOf('bridge.north')}/requests/${randomUUID()}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(response.status).toBe(401);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    });

    it('an unknown grant is said to be unknown', async () => {
      await expect(stage.world.backends.north.bridge.transfer(`0x${'ab'.repeat(32)}`)).rejects.toMatchObject({
        kind: 'missing',
      });
    });

    it('a consent whose grant another key signed is refused, and the request stands', async () => {
      const { bridge } = stage.world.backends.south;
      const { requestId } = await bridge.ask({
        home: 'north',
        patient: patient(0).file.patient,
        category: patient(0).file.category,
        departmentId: stage.departmentId,
        purpose: 'TREAT',
        readForSeconds: 3_600,
      });
      const request = await patient(0).holder.request(requestId);
      // Another patient's wallet finds no deed of that record: its key is not in the deed.
      await expect(patient(1).holder.consent(request, patient(0).recordId)).rejects.toMatchObject({
        code: 'unknown-record',
      });
      expect((await bridge.request(requestId)).state).toBe('requested');
    });
  });

  it('shows in a dump of every database, stream, chain, object and log none of the planted strings', async () => {
    const needles = Object.values(planted);
    const hits: string[] = [];
    const search = (where: string, bytes: Buffer | string) => {
      const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
      for (const needle of needles)
        for (const form of [
          needle,
          Buffer.from(needle).toString('hex'),
          Buffer.from(needle).toString('base64').slice(0, -4),
        ])
          if (text.includes(form)) hits.push(`${where}: ${needle}`);
    };
    const { consortium } = stage.world;
    const pgDump = join(await testPostgresTools(), 'pg_dump');
    for (const [name, url] of Object.entries(consortium.servers.databases)) {
      const { stdout } = await run(pgDump, ['--dbname', url], { maxBuffer: 512 << 20, encoding: 'buffer' });
      expect(stdout.length).toBeGreaterThan(1_000);
      search(`database ${name}`, stdout);
    }
    for (const folder of ['nats', 'minio', 'logs'])
      for (const path of await filesBelow(join(consortium.dir, folder))) search(path, await readFile(path));
    for (const [name, url] of Object.entries(consortium.servers.chains)) search(`chain ${name}`, await wholeChain(url));
    expect(hits).toEqual([]);
  }, 180_000);

  it('has logs in which a verifier with nothing but a policy finds every step', async () => {
    const audit = await checkAudit(
      stage.world,
      shared.map((grantId) => ({ grantId, outcome: 'shared' as const })),
    );
    expect(audit.map(({ hospital, verified }) => [hospital, verified])).toEqual([
      ['north', true],
      ['south', true],
      ['hub', true],
    ]);
  }, 240_000);

  it('finds a tampered object: nothing of it is handed out as the record', async () => {
    const { given } = await ask(patient(1));
    await waitForState(stage.world, 'south', given.grantId, ['mapped']);
    const [object] = await query<{ key: string }>(
      stage.world,
      'records.north',
      'SELECT o.id::text AS key FROM object o WHERE o.record_id = $1 AND o.is_current',
      [patient(1).recordId],
    );
    const { paths } = await storedFile(stage, object!.key);
    for (const path of paths) {
      const bytes = readFileSync(path);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 300) ^ 1, bytes.length - 300);
      writeFileSync(path, bytes);
    }
    await release(stage.world, given.grantId);
    await expect(readOpened(stage.world, given.grantId)).rejects.toThrow();
  }, 120_000);

  it('finds a tampered log', async () => {
    const policyPath = join(stage.world.consortium.dir, 'audit-policy.json');
    const verifier = join(dirname(createRequire(import.meta.url).resolve('@cpds/audit-verifier')), 'main.js');
    await query(
      stage.world,
      'audit.north',
      'UPDATE event SET leaf = set_byte(leaf, 40, get_byte(leaf, 40) # 1) WHERE leaf_index = 3',
    );
    const outcome = await run(process.execPath, [verifier, policyPath, '--json'], {
      env: {},
      maxBuffer: 64 << 20,
    }).then(
      () => 'holds',
      (cause: { stdout: string }) => (JSON.parse(cause.stdout) as { first: { code: string } }).first.code,
    );
    expect(outcome).not.toBe('holds');
  }, 60_000);
});

interface Outcome {
  readonly resourceType?: string;
  readonly issue: { expression?: string[] }[];
}

/** Kills the process as soon as the hospital's row of the grant has reached the state, and starts it again. */
async function killAt(
  stage: Stage,
  name: string,
  hospital: 'north' | 'south',
  grantId: string,
  state: string,
): Promise<void> {
  const order = [
    'requested',
    'consented',
    'lock-sent',
    'locked',
    'vouched',
    'mint-sent',
    'mapped',
    'released',
    'opened',
    'closed',
  ];
  await waitFor(
    `${state} committed at ${hospital}`,
    async () => {
      const rows = await query<{ state: string }>(
        stage.world,
        `bridge.${hospital}`,
        'SELECT state FROM transfer WHERE grant_id = $1',
        [grantId],
      );
      return rows.some((row) => order.indexOf(row.state) >= order.indexOf(state)) ? true : null;
    },
    90_000,
    10,
  );
  await stage.world.consortium.killProcess(name);
  await stage.launched.restart([name]);
}

/** Goes on with a share while something of it is being killed: doors that are shut for a moment are asked again. */
async function finishAfter(
  stage: Stage,
  { file }: Patient,
  given: Parameters<typeof finishShare>[2],
  startedAt: number,
  beforeOpening: Promise<void> | undefined,
) {
  const patiently = <T>(what: string, work: () => Promise<T>) =>
    waitFor(
      what,
      () =>
        work().catch((cause: { kind?: string }) => {
          if (cause.kind === 'unavailable') return null;
          throw cause;
        }),
      120_000,
    );
  await patiently('the mapping', () =>
    waitForState(stage.world, 'south', given.grantId, ['mapped', 'released', 'opened'], 120_000),
  );
  await patiently('the release', () => release(stage.world, given.grantId));
  await beforeOpening;
  return patiently('the opened record', () => finishShare(stage.world, file, given, startedAt));
}

/** One lock, one mapping, and at each process one row of the grant. */
async function expectOnce(stage: Stage, grantId: string): Promise<void> {
  for (const { participant } of stage.world.consortium.processes.filter(
    ({ participant: one }) => one.app === 'bridge',
  )) {
    const rows = await query(stage.world, participant.name, 'SELECT id FROM transfer WHERE grant_id = $1', [grantId]);
    expect(rows.length).toBeLessThanOrEqual(1);
  }
  const [home, destination] = await Promise.all([
    stage.world.backends.north.bridge.transfer(grantId),
    stage.world.backends.south.bridge.transfer(grantId),
  ]);
  expect(home.lockTx).not.toBeNull();
  expect(destination.mintTx).not.toBeNull();
}

/** Where MinIO or the file system keeps the object with this key, and its bytes as the store serves them. */
async function storedFile(stage: Stage, key: string): Promise<{ paths: string[]; stored: Buffer }> {
  const { consortium } = stage.world;
  const all = [
    ...(await filesBelow(join(consortium.dir, 'minio', 'minio', 'records-north'))),
    ...(await filesBelow(join(consortium.dir, 'objects'))),
  ];
  const paths = all.filter((path) => path.includes(key));
  expect(paths.length).toBeGreaterThan(0);
  const bytes = await Promise.all(paths.map((path) => readFile(path)));
  const holding = bytes.findIndex((content) => content.includes('age-encryption.org/v1'));
  const content = bytes[holding] as Buffer;
  return { paths: [paths[holding] as string], stored: content.subarray(content.indexOf('age-encryption.org/v1')) };
}

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw cause;
  });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Every block with its transactions, and every log, as JSON. */
async function wholeChain(url: string): Promise<string> {
  const rpc = async (method: string, params: unknown[]) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    return ((await response.json()) as { result: unknown }).result;
  };
  const head = Number(await rpc('eth_blockNumber', []));
  const parts: string[] = [JSON.stringify(await rpc('eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest' }]))];
  for (let number = 0; number <= head; number += 1)
    parts.push(JSON.stringify(await rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, true])));
  return parts.join('\n');
}

import { randomBytes, randomUUID } from 'node:crypto';
import type { BusRequests } from '@cpds/bus';
import { KeyRing } from '@cpds/crypto/custody';
import { testPostgres } from '@cpds/local';
import { Changes, Outbox, outboxMigrations } from '@cpds/outbox';
import type { Actors } from '@cpds/service';
import { openStore, UnitOfWork } from '@cpds/store';
import { Consortium } from '../chains/consortium-view.js';
import type { DatagramsService } from '../datagrams/datagrams.service.js';
import { RestingStatements1764500000000, Transfers1763900000000 } from '../transfers/migrations.js';
import { RestingStatementRow } from '../transfers/resting-statement.row.js';
import { TransferRow } from '../transfers/transfer.row.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { requestPlace, RequestRow } from './request.row.js';
import { RequestsService } from './requests.service.js';

const now = Math.floor(Date.now() / 1000);
const patientId = randomUUID();

describe("a wallet's requests", () => {
  let database: Awaited<ReturnType<typeof testPostgres>>;
  let store: Awaited<ReturnType<typeof openStore>>;
  let requests: RequestsService;
  const ring = new KeyRing(randomBytes(32));

  beforeAll(async () => {
    database = await testPostgres();
    store = await openStore({
      url: database.url,
      entities: [RequestRow, TransferRow, RestingStatementRow],
      migrations: [...outboxMigrations, Transfers1763900000000, RestingStatements1764500000000],
    });
    const unitOfWork = new UnitOfWork(store);
    const changes = new Changes(unitOfWork, new Outbox('north', new KeyRing(new Uint8Array(32))));
    requests = new RequestsService(
      unitOfWork,
      changes,
      new TransfersService(unitOfWork, changes),
      {} as DatagramsService,
      new Consortium('north'),
      {} as BusRequests,
      {} as Actors,
      { ring, hpke: randomBytes(32) },
      { requestTtlSeconds: 3_600 },
    );
  });
  afterAll(async () => {
    await store.destroy();
    await database.close();
  });
  beforeEach(() => store.query('TRUNCATE request, transfer'));

  interface Kind {
    from: string;
    expires?: number;
    state?: TransferRow['state'];
    denied?: boolean;
    of?: string;
    side?: RequestRow['side'];
  }
  let seconds = 0;
  /** Stores one request, a second after the one before; returns its id. */
  const store1 = async ({ from, expires = now + 3_600, state = 'requested', ...more }: Kind): Promise<string> => {
    const id = randomUUID();
    const createdAt = new Date((now - 1_000_000 + seconds++) * 1000);
    const sealed = ring.sealJson(requestPlace(id), { request: { requestId: id }, salt: '0x', datagram: { from } });
    const { denied = false, of = patientId, side = 'received' } = more;
    await store.manager.insert(RequestRow, { id, side, counterparty: from, sealed, patientId: of, denied, createdAt });
    await store.query(
      `INSERT INTO transfer (id, role, state, request_expires, home, destination, home_uid, destination_uid, entered_at)
       VALUES ($1, 'A', $2, $3, 'north', $4, '0x', '0x', now())`,
      [id, state, expires, from],
    );
    return id;
  };
  const shown = async () => (await requests.waitingFor(patientId, 0)).map(({ requestId }) => requestId);

  it.each<[string, Partial<Kind>]>([
    ['expired', { expires: now - 1 }],
    ['were denied', { denied: true }],
    ['were consented to', { state: 'consented' }],
    ['are closed', { state: 'closed' }],
    ['are of another patient', { of: randomUUID() }],
    ['this hospital sent', { side: 'sent' }],
  ])('hold one that waits, though a hundred and twenty before it %s', async (_, past) => {
    for (let i = 0; i < 120; i++) await store1({ from: 'south', ...past });
    const id = await store1({ from: 'south' });
    expect(await shown()).toEqual([id]);
  });

  it("hold every hospital's first, though one of them asked a hundred and twenty times before", async () => {
    const flood = [];
    for (let i = 0; i < 120; i++) flood.push(await store1({ from: 'south' }));
    const [east, west] = [await store1({ from: 'east' }), await store1({ from: 'west' })];
    expect(await shown()).toEqual([flood[0], east, west, ...flood.slice(1, 98)]);
  });

  it('come up one after another as they are answered', async () => {
    const ids = [];
    for (let i = 0; i < 101; i++) ids.push(await store1({ from: 'south' }));
    expect(await shown()).toEqual(ids.slice(0, 100));
    await requests.deny(ids[0]!, patientId);
    expect(await shown()).toEqual(ids.slice(1));
  });
});

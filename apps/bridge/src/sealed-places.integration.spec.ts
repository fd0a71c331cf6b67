import { randomBytes, randomUUID } from 'node:crypto';
import { KeyRing } from '@cpds/crypto/custody';
import { testPostgres } from '@cpds/local';
import { openEnvelope, Outbox, outboxMigrations } from '@cpds/outbox';
import type { Hex } from '@cpds/messages';
import { reseal } from '@cpds/service';
import { openStore, UnitOfWork } from '@cpds/store';
import { CeremonyRow } from './ceremonies/ceremony.row.js';
import { seedPlaceOf } from './ceremonies/ceremonies.service.js';
import { KeyShareRow } from './ceremonies/key-share.row.js';
import { KeyShares } from './ceremonies/key-shares.js';
import { storemanMigrations } from './ceremonies/migrations.js';
import { packagePlace } from './grants/grants.service.js';
import { combinedPlace } from './grants/opening.service.js';
import { RequestRow, requestPlace } from './requests/request.row.js';
import { bridgeService } from './service.js';
import { generateKey, operator } from './testing/group.js';
import { TransferDeeds1763950000000, Transfers1763900000000 } from './transfers/migrations.js';
import { TransferRow } from './transfers/transfer.row.js';

const members = [1, 2, 3, 4, 5].map((n) => operator(`storeman-${n}`).operator);

describe('a new key-encryption key', () => {
  it('opens shares, seeds, requests, packages and combined keys as before', async () => {
    const database = await testPostgres();
    const store = await openStore({
      url: database.url,
      entities: [CeremonyRow, KeyShareRow, RequestRow, TransferRow],
      migrations: [...outboxMigrations, ...storemanMigrations, Transfers1763900000000, TransferDeeds1763950000000],
    });
    const unitOfWork = new UnitOfWork(store);
    const [old, fresh] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))];
    const ring = new KeyRing(old);

    const keys = [generateKey('sign', members), generateKey('seal', members)];
    const before = new KeyShares(unitOfWork, ring);
    for (const { group, shares } of keys) {
      const { purpose, keyId, epoch } = group;
      const { index, secret } = shares[0]!;
      await unitOfWork.run((tx) => before.store(tx, { purpose, keyId, epoch, index, secret }, new Date()));
    }
    const attemptId: Hex = `0x${'ab'.repeat(32)}`;
    await store.manager.insert(CeremonyRow, {
      attemptId,
      keyId: `0x${'cd'.repeat(32)}`,
      purpose: 'sign',
      state: 'open',
      memberIndex: 1,
      n: 5,
      threshold: 3,
      sealedSeed: Buffer.from(ring.seal(seedPlaceOf(attemptId), new Uint8Array(32).fill(5))),
    });
    const [id, grantId] = [randomUUID(), `0x${'ef'.repeat(32)}`];
    await store.manager.insert(RequestRow, {
      id,
      side: 'received',
      counterparty: 'south',
      sealed: ring.sealJson(requestPlace(id), { request: 1 }),
      createdAt: new Date(),
    });
    await store.manager.insert(TransferRow, {
      id,
      role: 'B',
      state: 'released',
      grantId,
      home: 'north',
      destination: 'south',
      homeUid: '0x01',
      destinationUid: '0x02',
      requestExpires: '1',
      enteredAt: new Date(),
      sealedPackage: ring.sealJson(packagePlace(id), { package: 1 }),
      released: { keyId: 'k', ySeal: 'y', sealedW: ring.sealJson(combinedPlace(grantId), { w: 1 }), partials: [] },
    });

    const told = await unitOfWork.run((tx) =>
      new Outbox('bridge.north', ring).append(tx, 'bridge.request-received.v1', {
        correlation: 'request-1',
        details: { by: 'south', planted: 1 },
      }),
    );

    const done = await reseal(unitOfWork, new KeyRing(fresh, [old]), bridgeService.sealed ?? [], () => undefined);
    expect(done.map(({ table, rows, left }) => [table, rows, left])).toEqual([
      ['outbox', 1, 0],
      ['key_share', 2, 0],
      ['ceremony', 1, 0],
      ['request', 1, 0],
      ['transfer', 1, 0],
      ['transfer', 1, 0],
    ]);
    const later = new KeyRing(fresh);
    for (const { group, shares } of keys)
      expect((await new KeyShares(unitOfWork, later).of(group, 1)).secret).toEqual(shares[0]!.secret);
    const ceremony = await store.manager.findOneByOrFail(CeremonyRow, { attemptId });
    expect(later.open(seedPlaceOf(attemptId), ceremony.sealedSeed!)).toEqual(new Uint8Array(32).fill(5));
    const request = await store.manager.findOneByOrFail(RequestRow, { id });
    const [row] = (await store.query('SELECT envelope FROM outbox')) as [{ envelope: unknown }];
    expect(openEnvelope(later, row.envelope)).toEqual(told);
    expect(later.openJson(requestPlace(id), request.sealed)).toEqual({ request: 1 });
    const { sealedPackage, released } = await store.manager.findOneByOrFail(TransferRow, { id });
    expect(later.openJson(packagePlace(id), sealedPackage!)).toEqual({ package: 1 });
    expect(later.openJson(combinedPlace(grantId), released!.sealedW)).toEqual({ w: 1 });
    expect(released).toMatchObject({ keyId: 'k', ySeal: 'y', partials: [] });
    await store.destroy();
    await database.close();
  });
});

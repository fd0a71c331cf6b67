import { fromHex, to0x } from '@cpds/crypto/bytes';
import { compressed, G, parsePoint } from '@cpds/crypto/curve';
import { KeyRing } from '@cpds/crypto/custody';
import * as frost from '@cpds/crypto/frost';
import { checkKeyShare, type KeyShare } from '@cpds/crypto/group';
import {
  ERC5564Announcer,
  grantId as grantIdOf,
  MappedDeeds,
  mintDigest,
  StoremanRegistry,
  toGrantData,
  type Grant,
  type Hex,
} from '@cpds/contracts';
import { openEnvelope } from '@cpds/outbox';
import type { Group } from '../chains/consortium-view.js';
import { openStoremen, until, type StoremanRun, type Storemen } from '../testing/storemen.js';
import { CeremonyLogRow, CeremonyRow } from './ceremony.row.js';
import { KeyShareRow } from './key-share.row.js';
import { ceremonyEventOf } from './registry-log.js';

/** A group as the hub's registry holds it. */
async function groupOnHub(world: Storemen, purpose: 'Sign' | 'Seal'): Promise<Group> {
  const keyId = await world.binding.currentKeyId(purpose);
  const group = await world.binding.groupOf(keyId);
  const hexOf = ({ x, y }: { x: bigint; y: bigint }) => to0x(compressed(pointOf(x, y)));
  return {
    purpose: purpose === 'Sign' ? 'sign' : 'seal',
    keyId: keyId as Hex,
    y: hexOf(group.key),
    epoch: Number(group.epoch),
    threshold: Number(group.t),
    members: group.memberAccounts.map((account, i) => {
      const home = world.homes.find((one) => one.account === account.toLowerCase())!;
      const { party, messageKey, hpkeKey } = home;
      return {
        party,
        account: home.account,
        messageKey,
        hpkeKey,
        index: i + 1,
        verificationShare: hexOf(group.memberKeys[i]!),
      };
    }),
  };
}

function pointOf(x: bigint, y: bigint) {
  return parsePoint(
    Uint8Array.of(y % 2n === 0n ? 2 : 3, ...fromHex(x.toString(16).padStart(64, '0'), 'x', 32)),
    'point',
  );
}

const seedsLeft = async (run: StoremanRun) =>
  (await run.unitOfWork.reader.findBy(CeremonyRow, {})).filter((row) => row.sealedSeed !== null).length;

describe('key generation over the hub', () => {
  let world: Storemen;
  let runs: StoremanRun[];

  beforeEach(async () => {
    world = await openStoremen(5);
    runs = await Promise.all(world.homes.map((home) => world.run(home)));
  });
  afterEach(async () => {
    await Promise.all(runs.map((run) => run.stop()));
    await world.close();
  }, 240_000);

  it('makes both keys while a storeman is stopped and started in every phase, and Solidity verifies a signature', async () => {
    await world.propose('Sign');
    await world.propose('Seal');
    const attempt = await world.binding.attemptIdOf(1);
    const seen = new Set<string>();
    await until('both keys', 120, async () => {
      const phase = await world.binding.phaseOf(attempt);
      if (!seen.has(phase) && phase !== 'Finished') {
        seen.add(phase);
        // a kill loses the process's memory; the database stays
        await runs[1]!.stop();
        runs[1] = await world.run(world.homes[1]!);
      }
      const keys = await Promise.all([world.binding.currentKeyId('Sign'), world.binding.currentKeyId('Seal')]);
      return keys.every((keyId) => BigInt(keyId) !== 0n);
    });
    expect([...seen]).toEqual(
      expect.arrayContaining(['Signing', 'Keys', 'Commitments', 'Shares', 'Complaints', 'Finish']),
    );
    await until('every storeman to see both final', 20, async () => {
      const done = await Promise.all(runs.map((run) => run.unitOfWork.reader.countBy(CeremonyRow, { state: 'done' })));
      return done.every((count) => count === 2);
    });
    expect(await Promise.all(runs.map(seedsLeft))).toEqual([0, 0, 0, 0, 0]);

    const signing = await groupOnHub(world, 'Sign');
    const sealing = await groupOnHub(world, 'Seal');
    expect(signing.y).not.toBe(sealing.y);
    for (const group of [signing, sealing])
      for (const [i, run] of runs.entries()) expect(checkKeyShare(await run.shares.of(group, i + 1)).index).toBe(i + 1);

    const shares = await Promise.all([0, 2, 4].map((i) => runs[i]!.shares.of(signing, i + 1)));
    await expectSolidityVerifies(world, signing, shares);
  }, 240_000);

  it('keeps no share in the clear, and opens none under another key-encryption key', async () => {
    await world.propose('Sign');
    const group = await until('the key', 90, async () => {
      const found = await groupOnHub(world, 'Sign').catch(() => null);
      return found && found.members.length > 0 ? found : null;
    });
    const share = await runs[0]!.shares.of(group, 1);
    const rows = await runs[0]!.unitOfWork.reader.query(
      "SELECT encode(sealed, 'hex') AS bytes FROM key_share UNION SELECT data FROM ceremony_log UNION SELECT envelope::text FROM outbox UNION SELECT data FROM chain_transaction",
    );
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(share.secret).toString('hex'));
    await runs[0]!.stop();
    runs[0] = await world.run({ ...world.homes[0]!, kek: new Uint8Array(32) });
    await expect(runs[0].shares.of(group, 1)).rejects.toMatchObject({ code: 'wrong-kek' });
  }, 240_000);

  it('signs no roster that its operator did not configure', async () => {
    const reversed = [...world.roster.accounts].reverse();
    await world.propose('Sign', reversed);
    await until('all to refuse', 20, async () => {
      const rows = await Promise.all(runs.map((run) => run.unitOfWork.reader.findBy(CeremonyRow, {})));
      return rows.every((found) => found[0]?.state === 'refused');
    });
    const [row] = await runs[0]!.unitOfWork.reader.findBy(CeremonyRow, {});
    expect(row!.reason).toBe('its roster is not in the configured order');
    const { posted } = await world.binding.attemptOf(await world.binding.attemptIdOf(1));
    expect(posted).toBe(0n);
  }, 240_000);

  it('records a silent member at the deadline, erases what the attempt had, and succeeds without it', async () => {
    await runs[4]!.stop();
    await world.propose('Sign', world.roster.accounts.slice(0, 5), 4);
    const attempt = await world.binding.attemptIdOf(1);
    // Everybody must sign a first key's attempt: the fifth signs, through its sender only, and posts nothing more.
    runs[4] = await world.run(world.homes[4]!);
    await until('the keys phase', 30, async () => (await world.binding.phaseOf(attempt)) === 'Keys');
    await runs[4].stop();
    await until('the others to see it failed', 60, async () => {
      const rows = await Promise.all(
        runs.slice(0, 4).map((run) => run.unitOfWork.reader.findBy(CeremonyRow, { attemptId: attempt as Hex })),
      );
      return rows.every(([row]) => row?.state === 'failed');
    });
    expect(await Promise.all(runs.slice(0, 4).map(seedsLeft))).toEqual([0, 0, 0, 0]);
    expect(await runs[0]!.unitOfWork.reader.countBy(KeyShareRow, {})).toBe(0);
    await world.propose('Sign', world.roster.accounts.slice(0, 4));
    await until('a key of four', 90, async () => BigInt(await world.binding.currentKeyId('Sign')) !== 0n);
    expect((await groupOnHub(world, 'Sign')).members).toHaveLength(4);
    runs[4] = await world.run(world.homes[4]!);
  }, 240_000);

  it('convicts a dealer of a bad share by the verdict of three, and names it in the log', async () => {
    const { sender } = runs[0]!;
    const enqueue = sender.enqueue.bind(sender);
    const selector = StoremanRegistry.calldata.shares(`0x${'00'.repeat(32)}`, []).slice(0, 10);
    // The last byte of the fifth storeman's ciphertext: 113 bytes in words of 32 leave 15 of padding.
    const spoil = (data: Hex): Hex => {
      const bytes = fromHex(data, 'data');
      bytes[bytes.length - 16]! ^= 1;
      return to0x(bytes);
    };
    sender.enqueue = (tx, key, call) =>
      enqueue(tx, key, call.data.startsWith(selector) ? { ...call, data: spoil(call.data as Hex) } : call);
    await world.propose('Sign');
    const attempt = await world.binding.attemptIdOf(1);
    await until('all to see it failed', 90, async () => {
      const rows = await Promise.all(
        runs.map((run) => run.unitOfWork.reader.findBy(CeremonyRow, { attemptId: attempt as Hex })),
      );
      return rows.every(([row]) => row?.state === 'failed' && row.reason === 'failed in Verdict, at fault: 1');
    });
    const logged = await runs[1]!.unitOfWork.reader.findBy(CeremonyLogRow, { attemptId: attempt as Hex });
    const verdicts = logged
      .map((row) => ceremonyEventOf(StoremanRegistry.decodeLog(row)!))
      .filter((event) => event?.kind === 'verdict');
    expect(verdicts.length).toBeGreaterThanOrEqual(3);
    for (const verdict of verdicts) expect(verdict).toMatchObject({ dealers: [1], receivers: [] });
    expect(await Promise.all(runs.map(seedsLeft))).toEqual([0, 0, 0, 0, 0]);
    const blamed = (await runs[1]!.unitOfWork.reader.query(
      "SELECT envelope FROM outbox WHERE envelope::text LIKE '%member-blamed%'",
    )) as { envelope: unknown }[];
    expect(
      JSON.stringify(blamed.map(({ envelope }) => openEnvelope(new KeyRing(runs[1]!.home.kek), envelope))),
    ).toContain('"culprits":[1]');
  }, 240_000);
});

/** Mints a made-up grant on a MappedDeeds that holds Y: only a signature that the contract verifies gets through. */
async function expectSolidityVerifies(world: Storemen, group: Group, shares: KeyShare[]): Promise<void> {
  const { deployer, hubUid } = world;
  const announcer = await deployer.deploy(ERC5564Announcer.deployData());
  const key = parsePoint(fromHex(group.y, 'y', 33), 'y').toAffine();
  const mappedDeeds = await deployer.deploy(MappedDeeds.deployData(hubUid, group.keyId, key, announcer));
  const point = to0x(compressed(G));
  const word = (digit: string): Hex => `0x${digit.repeat(64)}`;
  const grant: Grant = {
    nonce: word('1'),
    lockedAccount: `0x${'22'.repeat(20)}`,
    destinationUid: hubUid as Hex,
    mappedDeeds,
    slot: 3,
    tag: point,
    recipientKey: point,
    ephemeralKey: point,
    viewTag: '0x07',
    revoker: `0x${'44'.repeat(20)}`,
    termsHash: word('5'),
    sealedKeyHash: word('6'),
    lockBefore: 4_000_000_000,
    mintBefore: 4_000_000_100,
    notAfter: 4_000_000_200,
  };
  const homeUid = word('a');
  const digest = fromHex(mintDigest(hubUid, mappedDeeds, grantIdOf(homeUid, grant)), 'digest', 32);
  const nonces = shares.map((share) => frost.drawNonces(share));
  const commitments = nonces.map((one) => one.commitment);
  const signed = shares.map((share, i) => frost.signShare(share, nonces[i]!, commitments, digest));
  const combined = frost.combineSignature(shares[0]!.group, commitments, digest, signed);
  if (!('signature' in combined)) throw new Error('did not sign');
  const { Rx, Ry, z } = frost.signatureWords(combined.signature);
  const mint = (last: bigint) => MappedDeeds.calldata.mint(homeUid, toGrantData(grant), Rx, Ry, last);
  await expect(deployer.send(mappedDeeds, mint(z + 1n))).rejects.toThrow();
  await deployer.send(mappedDeeds, mint(z));
  const { status } = await new MappedDeeds(mappedDeeds, deployer.provider).mappingOf(grantIdOf(homeUid, grant));
  expect(status).toBe('Mapped');
}

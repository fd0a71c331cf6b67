import { randomBytes as nodeRandomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, to0x, u256 } from '@cpds/crypto/bytes';
import { COHORT_SIZE, commitmentsHash } from '@cpds/crypto/cohort';
import { compressed, G, N, scalarFrom48 } from '@cpds/crypto/curve';
import * as frost from '@cpds/crypto/frost';
import type { KeyShare } from '@cpds/crypto/group';
import { keccak256 } from '@cpds/crypto/hash';
import { evenRoot, expandRing, paddingDeed, signRing, tagBase, tagDomain, tagOf } from '@cpds/crypto/ring';
import {
  ChainRegistry,
  DeedRegistry,
  LockedAccount,
  MappedDeeds,
  StoremanRegistry,
  grantId as grantIdOf,
  mintDigest,
  notMappedDigest,
  recipientAddress,
  revokeDigest,
  toGrantData,
  type Grant,
  type Hex,
} from '@cpds/contracts';
import { testAnvil } from '@cpds/local';
import { JsonRpcProvider, SigningKey, Wallet } from 'ethers';
import { connect } from './account.js';
import { deploy } from './deploy.command.js';
import { drillCeremony } from './testing/ceremony-drill.js';
import {
  DeploymentFile,
  accountOf,
  deployHospital,
  deployHub,
  finishHospital,
  makeGroupKeys,
  memberParty,
  proposeGroupKeys,
  type ChainParameters,
  type GroupKeys,
  type GroupKeysSpec,
  type HospitalSpec,
  type HubSpec,
} from './index.js';

type Chain = Awaited<ReturnType<typeof testAnvil>>;
const secret = (text: string): string => Buffer.from(keccak256(new TextEncoder().encode(text))).toString('hex');
const party = (name: string) =>
  memberParty(name, { gas: secret(`${name}/gas`), message: secret(`${name}/message`), hpke: secret(`${name}/hpke`) });
const randomBytes = (length: number): Uint8Array => new Uint8Array(nodeRandomBytes(length));
const one = 10n ** 18n;
const chainParameters: ChainParameters = {
  finality: 'Depth',
  depth: 2,
  blockSeconds: 1,
  maxHeadAgeSeconds: 10,
  wSeconds: 10,
};
const storemen = [1, 2, 3, 4, 5].map((i) => `storeman-${i}`);
const vouchers = [1, 2, 3].map((i) => `voucher-${i}`);
const ownerKeys = ['north', 'south', 'hub'].map((name) => secret(`${name}/owner`));

describe('deployment of a consortium', () => {
  let chains: Record<'hub' | 'north' | 'south', Chain>;
  let providers: Record<'hub' | 'north' | 'south', JsonRpcProvider>;
  let dir: string;
  let hubSpec: HubSpec;
  let keysSpec: GroupKeysSpec;
  let keys: GroupKeys;
  let signShares: KeyShare[];
  const hospitalSpecs = {} as Record<'north' | 'south', HospitalSpec>;

  beforeAll(async () => {
    const [hub, north, south] = await Promise.all([41, 42, 43].map((chainId) => testAnvil({ chainId })));
    chains = { hub: hub!, north: north!, south: south! };
    providers = {
      hub: await connect(chains.hub.url),
      north: await connect(chains.north.url),
      south: await connect(chains.south.url),
    };
    dir = mkdtempSync(join(tmpdir(), 'cpds-deploy-'));
    const file = new DeploymentFile(join(dir, 'deployment.json'));
    const funderKey = chains.hub.keys[0]!;
    hubSpec = {
      rpcUrl: chains.hub.url,
      file,
      funding: { funderKey, accounts: [...storemen, ...vouchers].map((name) => party(name).account), wei: 10n * one },
      deployerKey: ownerKeys[2]!,
      owners: ownerKeys.map(accountOf),
      ownerKeys,
      approvalsNeeded: 2,
      chain: chainParameters,
      logAccount: accountOf(secret('hub/audit')),
      storemen: storemen.map(party),
      vouchers: vouchers.map(party),
      vouchesNeeded: 2,
      bondWei: one,
    };
  });

  afterAll(async () => {
    for (const provider of Object.values(providers)) provider.destroy();
    await Promise.all(Object.values(chains).map((chain) => chain.close()));
    rmSync(dir, { recursive: true, force: true });
  });

  it('puts up the hub, and a second time changes nothing', async () => {
    const made = await deployHub(hubSpec);
    const registry = new ChainRegistry(made.chainRegistry, providers.hub);
    expect((await registry.chainOf(made.chainUid)).name).toBe('hub');
    const members = await new StoremanRegistry(made.storemanRegistry, providers.hub).members();
    expect(members.map(({ name, bond }) => [name, bond])).toEqual(storemen.map((name) => [name, one]));
    expect(members[0]!.hpkeKey).toBe(party('storeman-1').hpkeKey);
    const block = await providers.hub.getTransactionCount(accountOf(ownerKeys[2]!));
    expect(await deployHub(hubSpec)).toEqual(made);
    expect(await providers.hub.getTransactionCount(accountOf(ownerKeys[2]!))).toBe(block);
  });

  it('puts up both hospitals and registers their code', async () => {
    const { chainRegistry } = await deployHub(hubSpec);
    for (const [i, name] of (['north', 'south'] as const).entries()) {
      const { messageKey, hpkeKey } = party(name);
      hospitalSpecs[name] = {
        name,
        rpcUrl: chains[name].url,
        hubRpcUrl: chains.hub.url,
        chainRegistry: chainRegistry!,
        file: hubSpec.file,
        funding: { ...hubSpec.funding, accounts: [accountOf(secret(`${name}/records`))] },
        adminKey: ownerKeys[i]!,
        ownerKeys,
        approvalsNeeded: 2,
        chain: chainParameters,
        deedRegistrar: accountOf(secret(`${name}/records`)),
        keyRegistrar: accountOf(secret(`${name}/identity`)),
        logAccount: accountOf(secret(`${name}/audit`)),
        messageKey,
        hpkeKey,
        exchangeUrl: `http://127.0.0.1:1/${name}`,
      };
      const base = await deployHospital(hospitalSpecs[name]);
      const registry = new ChainRegistry(chainRegistry!, providers.hub);
      const recorded = await registry.baseContractsOf(base.chainUid);
      expect(recorded.deedRegistry.account.toLowerCase()).toBe(base.deedRegistry);
      expect(await deployHospital(hospitalSpecs[name])).toEqual(base);
      const moved = { ...hospitalSpecs[name], exchangeUrl: `http://127.0.0.1:2/${name}` };
      await deployHospital(moved);
      const { exchangeUrl, logAccount } = await registry.chainOf(base.chainUid);
      expect(exchangeUrl).toBe(moved.exchangeUrl);
      expect(logAccount.toLowerCase()).toBe(moved.logAccount);
      hospitalSpecs[name] = moved;
    }
  });

  it('makes both keys over the hub, proposing each once', async () => {
    const { storemanRegistry } = await deployHub(hubSpec);
    keysSpec = {
      hubRpcUrl: chains.hub.url,
      storemanRegistry: storemanRegistry!,
      ownerKeys,
      roster: storemen.map((name) => party(name).account),
      threshold: 3,
      nMin: 4,
      phaseSeconds: 60,
      depth: 2,
    };
    const attempts = await proposeGroupKeys(keysSpec);
    expect(await proposeGroupKeys(keysSpec)).toEqual(attempts);
    const gasKeys = storemen.map((name) => secret(`${name}/gas`));
    signShares = await drillCeremony(providers.hub, storemanRegistry!, attempts.Sign!, gasKeys, 3);
    await drillCeremony(providers.hub, storemanRegistry!, attempts.Seal!, gasKeys, 3);
    keys = await makeGroupKeys(keysSpec, 30_000);
    expect(keys.sign.publicKey).toBe(to0x(signShares[0]!.group.publicKey));
    expect(keys.seal.keyId).not.toBe(keys.sign.keyId);
    expect(await proposeGroupKeys(keysSpec)).toEqual({});
  });

  it('finishes the hospitals with the signing key', async () => {
    const { chainRegistry } = await deployHub(hubSpec);
    for (const name of ['north', 'south'] as const) {
      const spec = { ...hospitalSpecs[name], keys, minWindowSeconds: 30 };
      const whole = await finishHospital(spec);
      expect(await finishHospital(spec)).toEqual(whole);
      const sets = await new ChainRegistry(chainRegistry!, providers.hub).transferContractsOf(whole.chainUid);
      expect(sets.map((set) => set.lockedAccount.account.toLowerCase())).toEqual([whole.lockedAccount]);
      expect(sets[0]!.sealKeyId).toBe(keys.seal.keyId);
    }
  });

  it('carries a grant from lock to mint, another to refund, and a third to revoke', async () => {
    const north = await finishHospital({ ...hospitalSpecs.north, keys, minWindowSeconds: 30 });
    const south = await finishHospital({ ...hospitalSpecs.south, keys, minWindowSeconds: 30 });
    const deedSecrets = [deedSecret(), deedSecret()];
    const xs = [
      ...deedSecrets.map((drawn) => G.multiply(drawn).toAffine().x),
      ...Array.from({ length: COHORT_SIZE - 2 }, () => paddingDeed(randomBytes(32)).toAffine().x),
    ].sort((a, b) => (a < b ? -1 : 1));
    const commitments = xs.map((x) => keccak256(u256(x)));
    const records = new Wallet(secret('north/records'), providers.north);
    const anyone = new Wallet(chains.south.keys[1]!, providers.south);
    const gas: Record<string, number> = {};
    const send = async (what: string, wallet: Wallet, to: string, data: Hex) => {
      const sent = await wallet.sendTransaction({ to, data });
      const receipt = (await sent.wait())!;
      gas[what] = Number(receipt.gasUsed);
    };
    await send(
      'cohort of 16',
      records,
      north.deedRegistry,
      DeedRegistry.calldata.mint(
        xs,
        xs.map((x) => evenRoot(x, 'x')),
        commitments.map(to0x),
      ),
    );

    const now = (await providers.north.getBlock('latest'))!.timestamp;
    const domain = tagDomain(fromHex(north.chainUid, 'uid'), fromHex(north.lockedAccount, 'account'));
    const revoker = new SigningKey(`0x${secret('revoker')}`);
    const lock = async (what: string, deedSecret: bigint, slot: number) => {
      const { x } = G.multiply(deedSecret).toAffine();
      const tag = compressed(tagOf(tagBase(domain, x, slot), deedSecret));
      const grant: Grant = {
        nonce: to0x(randomBytes(32)),
        lockedAccount: north.lockedAccount as Hex,
        destinationUid: south.chainUid as Hex,
        mappedDeeds: south.mappedDeeds as Hex,
        slot,
        tag: to0x(tag),
        recipientKey: to0x(compressed(G.multiply(scalarFrom48(randomBytes(48), 'q')))),
        ephemeralKey: to0x(compressed(G.multiply(scalarFrom48(randomBytes(48), 'r')))),
        viewTag: '0x5a',
        revoker: accountOf(secret('revoker')),
        termsHash: to0x(randomBytes(32)),
        sealedKeyHash: to0x(randomBytes(32)),
        lockBefore: now + 600,
        mintBefore: now + 1200,
        notAfter: now + 3600,
      };
      const id = grantIdOf(north.chainUid, grant);
      const statement = { message: fromHex(id, 'id'), tagDomain: domain, slot, xs, tag };
      const { c0, words } = expandRing(statement, signRing(statement, deedSecret, randomBytes));
      const data = LockedAccount.calldata.lock(
        toGrantData(grant),
        0,
        to0x(commitmentsHash(commitments)),
        xs,
        c0,
        words,
      );
      await send(what, records, north.lockedAccount, data);
      return { grant, id };
    };
    const account = new LockedAccount(north.lockedAccount, providers.north);
    const mapped = new MappedDeeds(south.mappedDeeds, providers.south);

    const first = await lock('lock', deedSecrets[0]!, 200);
    expect(await account.lockOf(first.id)).toMatchObject({ status: 'Locked', notAfter: BigInt(first.grant.notAfter) });
    const minted = groupSignature(signShares.slice(1, 4), mintDigest(south.chainUid, south.mappedDeeds, first.id));
    const mintData = MappedDeeds.calldata.mint(
      north.chainUid,
      toGrantData(first.grant),
      minted.Rx,
      minted.Ry,
      minted.z,
    );
    await send('mint', anyone, south.mappedDeeds, mintData);
    const mapping = await mapped.mappingOf(first.id);
    expect({ ...mapping, owner: mapping.owner.toLowerCase() }).toEqual({
      status: 'Mapped',
      reason: 'None',
      notAfter: BigInt(first.grant.notAfter),
      owner: recipientAddress(first.grant),
    });

    const second = await lock('lock again', deedSecrets[0]!, 3);
    const notMapped = groupSignature(
      signShares.slice(0, 3),
      notMappedDigest(north.chainUid, north.lockedAccount, second.id),
    );
    const refundData = LockedAccount.calldata.refund(second.id, notMapped.Rx, notMapped.Ry, notMapped.z);
    await send('refund', records, north.lockedAccount, refundData);
    expect(await account.lockOf(second.id)).toMatchObject({ status: 'Closed', reason: 'Refunded' });

    const third = await lock('lock of another deed', deedSecrets[1]!, 3);
    const signature = revoker.sign(revokeDigest(north.chainUid, third.id)).serialized;
    const onA = LockedAccount.calldata.revoke(toGrantData(third.grant), signature);
    await send('revoke of a lock', records, north.lockedAccount, onA);
    expect(await account.lockOf(third.id)).toMatchObject({ status: 'Closed', reason: 'Revoked' });
    const onB = MappedDeeds.calldata.revoke(north.chainUid, toGrantData(third.grant), signature);
    await send('tombstone', anyone, south.mappedDeeds, onB);
    expect(await mapped.mappingOf(third.id)).toMatchObject({ status: 'Void' });

    // Whole transactions; a wide bound that a mistake of one more ecrecover per member would not pass.
    expect(gas['lock']).toBeLessThan(480_000);
    expect(gas['mint']).toBeLessThan(110_000);
    expect(gas['refund']).toBeLessThan(50_000);
    if (process.env['CPDS_PRINT_GAS']) process.stdout.write(`${JSON.stringify(gas)}\n`);
  });

  it('finds all of it in place when a plan asks for the same', async () => {
    const { rpcUrl, owners, approvalsNeeded, chain, logAccount, vouchesNeeded } = hubSpec;
    const keyFile = (name: string, key: string) => {
      writeFileSync(join(dir, name), key.replace(/^0x/, ''), { mode: 0o600 });
      return name;
    };
    const fund = {
      funderKeyFile: keyFile('funder.key', hubSpec.funding.funderKey),
      accounts: [],
      wei: String(10n * one),
    };
    const ownerKeyFiles = ownerKeys.map((key, i) => keyFile(`owner-${i}.key`, key));
    const plan = {
      hub: {
        ...{ rpcUrl, owners, approvalsNeeded, chain, logAccount, vouchesNeeded, fund, ownerKeyFiles },
        ...{ storemen: hubSpec.storemen, vouchers: hubSpec.vouchers, bondWei: String(one) },
        deployerKeyFile: ownerKeyFiles[2],
      },
      hospitals: (['north', 'south'] as const).map((name, i) => ({
        ...hospitalSpecs[name],
        ...{ file: undefined, funding: undefined, fund, adminKeyFile: ownerKeyFiles[i], minWindowSeconds: 30 },
      })),
      groupKeys: { threshold: 3, nMin: 4, phaseSeconds: 60 },
    };
    const planPath = join(dir, 'plan.json');
    writeFileSync(planPath, JSON.stringify(plan));
    const before = hubSpec.file.read();
    expect(await deploy(planPath, hubSpec.file.path, () => undefined)).toEqual(before);

    writeFileSync(planPath, JSON.stringify({ ...plan, groupKeys: { ...plan.groupKeys, threshold: '3' } }));
    await expect(deploy(planPath, hubSpec.file.path, () => undefined)).rejects.toThrow(/groupKeys\.threshold/);
    writeFileSync(planPath, JSON.stringify(plan));
    chmodSync(join(dir, 'owner-1.key'), 0o644);
    await expect(deploy(planPath, hubSpec.file.path, () => undefined)).rejects.toThrow(
      /owner-1\.key: others can read the file/,
    );
  });

  it('refuses a deployment file of another chain', async () => {
    await expect(deployHub({ ...hubSpec, rpcUrl: chains.north.url })).rejects.toMatchObject({ code: 'other-chain' });
  });
});

/** Secret of a deed key: its point has an even y. */
function deedSecret(): bigint {
  const drawn = scalarFrom48(randomBytes(48), 'deed');
  return G.multiply(drawn).toAffine().y % 2n === 0n ? drawn : N - drawn;
}

function groupSignature(signers: KeyShare[], digest: string): { Rx: bigint; Ry: bigint; z: bigint } {
  const bytes = fromHex(digest, 'digest', 32);
  const nonces = signers.map((share) => frost.drawNonces(share));
  const commitments = nonces.map(({ commitment }) => commitment);
  const shares = signers.map((share, i) => frost.signShare(share, nonces[i]!, commitments, bytes));
  const combined = frost.combineSignature(signers[0]!.group, commitments, bytes, shares);
  if (!('signature' in combined)) throw new Error('a share is bad');
  return frost.signatureWords(combined.signature);
}

/**
 * A hub and two hospitals' chains with all contracts, and grants that the test itself locks and maps: for tests of what
 * a node reads. Blocks come each second; keys of the group are the test's own.
 */

import { randomBytes } from 'node:crypto';
import {
  ChainRegistry,
  CheckpointAnchor,
  DeedRegistry,
  ERC5564Announcer,
  ERC6538Registry,
  grantId as grantIdOf,
  KeyRegistry,
  LockedAccount,
  MappedDeeds,
  mintDigest,
  revokeDigest,
  StoremanRegistry,
  toGrantData,
  TransferLedger,
  type Grant,
  type Hex,
} from '@cpds/contracts';
import { ChainReader } from '@cpds/chain';
import { fromHex, to0x, toBigInt } from '@cpds/crypto/bytes';
import { commitmentsHash } from '@cpds/crypto/cohort';
import { compressed, G, parsePoint } from '@cpds/crypto/curve';
import * as frost from '@cpds/crypto/frost';
import * as generation from '@cpds/crypto/generation';
import { sha256 } from '@cpds/crypto/hash';
import * as hpke from '@cpds/crypto/hpke';
import { evenRoot, expandRing, signRing, tagBase, tagDomain, tagOf } from '@cpds/crypto/ring';
import { isDeedKey } from '@cpds/crypto/stealth';
import { testAnvil } from '@cpds/local';
import { keccak256, SigningKey, Wallet, computeAddress } from 'ethers';
import type { HubContracts } from '../chains/consortium-reader.js';
import { openDeployer, type Deployer } from './storemen.js';

const random = (length = 32): Uint8Array => new Uint8Array(randomBytes(length));

/** A group of two that signs with both: enough to make what contracts accept. */
function testGroup(name: string) {
  const parameters = { attemptId: sha256(new TextEncoder().encode(name)), n: 3, threshold: 2 };
  const dealings = [1, 2, 3].map((i) => generation.deal(parameters, i, random()));
  const all = dealings.map(({ commitments }) => commitments);
  const sent = dealings.flatMap((dealing) => generation.dealtShares(parameters, dealing, all));
  const shares = dealings.map((dealing) =>
    generation.finish(
      parameters,
      dealing,
      all,
      sent.filter(({ receiver }) => receiver === dealing.commitments.dealer),
    ),
  );
  const { group } = shares[0]!;
  return {
    key: parsePoint(group.publicKey, 'Y').toAffine(),
    sign: (digest: Uint8Array) => {
      const signers = shares.slice(0, 2).map((share) => ({ share, nonces: frost.drawNonces(share, random) }));
      const commitments = signers.map(({ nonces }) => nonces.commitment);
      const made = signers.map(({ share, nonces }) => frost.signShare(share, nonces, commitments, digest));
      const combined = frost.combineSignature(group, commitments, digest, made);
      if (!('signature' in combined)) throw new Error('the test group cannot sign');
      return frost.signatureWords(combined.signature);
    },
  };
}

async function openChain(name: string, chainId: number) {
  const anvil = await testAnvil({ chainId });
  const deployer = await openDeployer(anvil.url, anvil.keys[0]!);
  const { chainUid } = await ChainReader.connect({ name, urls: [anvil.url] });
  const codeOf = async (account: Hex) => ({ account, codeHash: keccak256(await deployer.provider.getCode(account)) });
  return { name, anvil, deployer, uid: chainUid as Hex, codeOf };
}

type Chain = Awaited<ReturnType<typeof openChain>>;

async function deployHospital(chain: Chain, group: ReturnType<typeof testGroup>, keyId: string) {
  const { deployer, uid } = chain;
  const deedRegistry = await deployer.deploy(DeedRegistry.deployData(uid, deployer.address));
  const keyRegistry = await deployer.deploy(KeyRegistry.deployData(uid, deployer.address));
  const checkpointAnchor = await deployer.deploy(CheckpointAnchor.deployData());
  const announcer = await deployer.deploy(ERC5564Announcer.deployData());
  const metaAddresses = await deployer.deploy(ERC6538Registry.deployData());
  const lockedAccount = await deployer.deploy(LockedAccount.deployData(uid, deedRegistry, keyId, group.key, 5));
  const mappedDeeds = await deployer.deploy(MappedDeeds.deployData(uid, keyId, group.key, announcer));
  return { deedRegistry, keyRegistry, checkpointAnchor, announcer, metaAddresses, lockedAccount, mappedDeeds };
}

async function chainEntry(chain: Chain, messageKey: string | null) {
  return {
    name: chain.name,
    finality: 'Depth' as const,
    depth: 2n,
    blockSeconds: 1n,
    maxHeadAge: 30n,
    w: 10n,
    admin: chain.deployer.address,
    logAccount: chain.deployer.address,
    messageKey: messageKey ?? `0x${'00'.repeat(20)}`,
    hpkeKey: messageKey ? to0x((await hpke.generateKey()).publicKey) : '0x',
    exchangeUrl: messageKey ? `http://${chain.name}.test` : '',
  };
}

/** Sixteen deeds whose secrets the test knows, minted as one cohort. */
async function mintCohort(deployer: Deployer, deedRegistry: Hex) {
  const deeds = Array.from({ length: 64 }, () => toBigInt(random()))
    .map((secret) => ({ secret, point: G.multiply(secret) }))
    .filter(({ point }) => isDeedKey(point))
    .slice(0, 16)
    .map(({ secret, point }) => ({ secret, x: point.toAffine().x }))
    .sort((a, b) => (a.x < b.x ? -1 : 1));
  const xs = deeds.map(({ x }) => x);
  const commitments = deeds.map(() => to0x(random()));
  const ys = xs.map((x) => evenRoot(x, 'x'));
  await deployer.send(deedRegistry, DeedRegistry.calldata.mint(xs, ys, commitments));
  return { deeds, xs, commitments, commitmentsHash: to0x(commitmentsHash(commitments.map((c) => fromHex(c, 'c')))) };
}

export async function openConsortium(voucherCount: number, vouchesNeeded: number) {
  const [hub, north, south] = await Promise.all([
    openChain('hub', 7001),
    openChain('north', 7002),
    openChain('south', 7003),
  ]);
  const chainRegistry = await hub.deployer.deploy(ChainRegistry.deployData([hub.deployer.address], 1));
  const storemanRegistry = await hub.deployer.deploy(StoremanRegistry.deployData(hub.uid, chainRegistry, 1, 2));
  const transferLedger = await hub.deployer.deploy(TransferLedger.deployData(chainRegistry, 1, vouchesNeeded));
  const checkpointAnchor = await hub.deployer.deploy(CheckpointAnchor.deployData());
  const contracts: HubContracts = { chainRegistry, storemanRegistry, transferLedger, checkpointAnchor };
  const toHub = (to: Hex, data: Hex, value = 0n) => hub.deployer.send(to, data, value);

  const vouchers = Array.from({ length: voucherCount }, (_, i) => ({
    party: `voucher-${i + 1}`,
    gasKey: hub.anvil.keys[i + 1]!,
    account: computeAddress(hub.anvil.keys[i + 1]!).toLowerCase() as Hex,
  }));
  for (const { party, account } of vouchers) {
    const messageKey = computeAddress(new SigningKey(random()));
    const hpkeKey = to0x((await hpke.generateKey()).publicKey);
    await toHub(transferLedger, TransferLedger.calldata.admit(party, account, messageKey, hpkeKey));
    await toHub(transferLedger, TransferLedger.calldata.bond(account), 1n);
  }

  const group = testGroup('sign');
  const [signKeyId, sealKeyId] = [to0x(random()), to0x(random())];
  const [atNorth, atSouth] = await Promise.all([
    deployHospital(north, group, signKeyId),
    deployHospital(south, group, signKeyId),
  ]);
  await toHub(chainRegistry, ChainRegistry.calldata.register(hub.uid, await chainEntry(hub, null)));
  for (const [chain, at] of [
    [north, atNorth],
    [south, atSouth],
  ] as const) {
    const entry = await chainEntry(chain, computeAddress(new SigningKey(random())));
    await toHub(chainRegistry, ChainRegistry.calldata.register(chain.uid, entry));
    const base = {
      deedRegistry: await chain.codeOf(at.deedRegistry),
      keyRegistry: await chain.codeOf(at.keyRegistry),
      checkpointAnchor: await chain.codeOf(at.checkpointAnchor),
      announcer: await chain.codeOf(at.announcer),
      metaAddresses: await chain.codeOf(at.metaAddresses),
    };
    await toHub(chainRegistry, ChainRegistry.calldata.setBaseContracts(chain.uid, base));
    const set = {
      lockedAccount: await chain.codeOf(at.lockedAccount),
      mappedDeeds: await chain.codeOf(at.mappedDeeds),
      signKeyId,
      sealKeyId,
    };
    await toHub(chainRegistry, ChainRegistry.calldata.setContracts(chain.uid, set));
  }
  const cohort = await mintCohort(north.deployer, atNorth.deedRegistry);
  let slot = 0;

  /** A grant from north to south over the cohort's first deed, each with the next slot. */
  const draftGrant = async (more: Partial<Grant> = {}): Promise<{ grant: Grant; grantId: Hex; revoker: Wallet }> => {
    const now = (await north.deployer.provider.getBlock('latest'))!.timestamp;
    const revoker = new Wallet(to0x(random()));
    const domain = tagDomain(fromHex(north.uid, 'uid'), fromHex(atNorth.lockedAccount, 'account'));
    const deed = cohort.deeds[0]!;
    const point = () => to0x(compressed(G.multiply(toBigInt(random(31)))));
    const grant: Grant = {
      nonce: to0x(random()),
      lockedAccount: atNorth.lockedAccount,
      destinationUid: south.uid,
      mappedDeeds: atSouth.mappedDeeds,
      slot: slot++,
      tag: to0x(compressed(tagOf(tagBase(domain, deed.x, slot - 1), deed.secret))),
      recipientKey: point(),
      ephemeralKey: point(),
      viewTag: '0x07',
      revoker: revoker.address.toLowerCase() as Hex,
      termsHash: to0x(random()),
      sealedKeyHash: to0x(random()),
      lockBefore: now + 600,
      mintBefore: now + 1200,
      notAfter: now + 3600,
      ...more,
    };
    return { grant, grantId: grantIdOf(north.uid, grant), revoker };
  };

  const lock = ({ grant, grantId }: { grant: Grant; grantId: Hex }) => {
    const statement = {
      message: fromHex(grantId, 'grantId'),
      tagDomain: tagDomain(fromHex(north.uid, 'uid'), fromHex(atNorth.lockedAccount, 'account')),
      slot: grant.slot,
      xs: cohort.xs,
      tag: fromHex(grant.tag, 'tag'),
    };
    const { c0, words } = expandRing(statement, signRing(statement, cohort.deeds[0]!.secret, random));
    const data = toGrantData(grant);
    const calldata = LockedAccount.calldata.lock(data, 0, cohort.commitmentsHash, cohort.xs, c0, words);
    return north.deployer.send(atNorth.lockedAccount, calldata);
  };

  const mint = ({ grant, grantId }: { grant: Grant; grantId: Hex }) => {
    const words = group.sign(fromHex(mintDigest(south.uid, atSouth.mappedDeeds, grantId), 'digest'));
    const calldata = MappedDeeds.calldata.mint(north.uid, toGrantData(grant), words.Rx, words.Ry, words.z);
    return south.deployer.send(atSouth.mappedDeeds, calldata);
  };

  const revokeAt = (where: 'home' | 'destination', drafted: { grant: Grant; grantId: Hex; revoker: Wallet }) => {
    const signature = drafted.revoker.signingKey.sign(revokeDigest(north.uid, drafted.grantId)).serialized;
    const data = toGrantData(drafted.grant);
    return where === 'home'
      ? north.deployer.send(atNorth.lockedAccount, LockedAccount.calldata.revoke(data, signature))
      : south.deployer.send(atSouth.mappedDeeds, MappedDeeds.calldata.revoke(north.uid, data, signature));
  };

  return {
    hub,
    north,
    south,
    atNorth,
    atSouth,
    contracts,
    vouchers,
    cohort,
    draftGrant,
    lock,
    mint,
    revokeAt,
    urls: { hub: [hub.anvil.url], north: [north.anvil.url], south: [south.anvil.url] },
    close: async () => {
      for (const { deployer, anvil } of [hub, north, south]) {
        deployer.close();
        await anvil.close();
      }
    },
  };
}

export type TestConsortium = Awaited<ReturnType<typeof openConsortium>>;

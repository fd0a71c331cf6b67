import { fromHex, to0x, u256 } from '@cpds/crypto/bytes';
import { KeyRing } from '@cpds/crypto/custody';
import * as frost from '@cpds/crypto/frost';
import { mintDigest, notMappedDigest, type Hex } from '@cpds/contracts';
import type { SignCommitment } from '@cpds/messages';
import { randomUUID } from 'node:crypto';
import { KeyShares } from '../ceremonies/key-shares.js';
import { homeUid, makeGrant, type MadeGrant } from '../testing/group.js';
import { factsOf } from '../testing/scripted-facts.js';
import { openSigningWorld, type SigningWorld } from '../testing/signing-world.js';
import type { TransferEvent } from '../transfers/transfer.js';
import { placeOf } from './ask-enough.js';
import { signCommitment } from './sign-commitment.js';
import { commitAct } from './storeman-acts.js';
import type { SigningOutcome } from './signing-coordinator.service.js';

const now = Math.floor(Date.now() / 1000);

describe('signing over the bus', () => {
  let world: SigningWorld;
  let made: MadeGrant;

  beforeAll(async () => {
    world = await openSigningWorld(now);
  }, 240_000);
  afterAll(() => world.close());
  beforeEach(() => {
    made = makeGrant(world.groups.seal, now);
    world.say(factsOf(now, 'locked', 'none'));
    for (const node of world.nodes) node.tamper = (said) => said;
  });

  const mint = (coordinator = world.coordinatorB) => {
    const { grant, grantId, capsule } = made;
    return coordinator.sign({ action: 'mint', homeUid, grant, grantId, capsule });
  };
  const notMapped = () => {
    const { grant, grantId } = made;
    return world.coordinatorA.sign({ action: 'not-mapped', homeUid, grant, grantId });
  };
  const isMintSigned = (outcome: SigningOutcome) =>
    isSigned(outcome, mintDigest(made.grant.destinationUid, made.grant.mappedDeeds, made.grantId));
  const isSigned = (outcome: SigningOutcome, digest: string) => {
    if (outcome.outcome !== 'signed') return false;
    const { rx, ry, z } = outcome.signature;
    const R = fromHex(`0${(BigInt(ry) & 1n) + 2n}${rx.slice(2)}`, 'R', 33);
    const signature = Uint8Array.from([...R, ...fromHex(z, 'z', 32)]);
    return frost.isGroupSignature(fromHex(world.groups.sign.y, 'y', 33), fromHex(digest, 'digest', 32), signature);
  };
  const actsOf = async (i: number) =>
    (await world.nodes[i]!.rowsOf('storeman_act'))
      .filter((row) => row['grant_id'] === made.grantId)
      .map((row) => row['act']);
  const signerIndexes = (outcome: SigningOutcome) =>
    outcome.outcome === 'signed' ? outcome.signers.map((party) => Number(party.slice(-1)) - 1) : [];

  it('gives a mint signature by three of five; each signer has its act, its spent nonce and its event', async () => {
    const outcome = await mint();
    expect(isMintSigned(outcome)).toBe(true);
    expect(outcome.culprits).toEqual([]);
    for (const i of signerIndexes(outcome)) {
      expect(await actsOf(i)).toEqual(['mint']);
      expect((await world.nodes[i]!.rowsOf('spent_nonce')).some((row) => row['grant_id'] === made.grantId)).toBe(true);
      const events = (await world.nodes[i]!.rowsOf('outbox')).map(
        (row) => row['envelope'] as { type: string; correlation: string },
      );
      expect(events.filter((event) => event.correlation === made.grantId).map((event) => event.type)).toEqual([
        'bridge.share-signed.v1',
      ]);
    }
  });

  it('asks no more members than are needed, and all as soon as one of them does not help', async () => {
    const committed = new Set<string>();
    for (const node of world.nodes)
      node.tamper = (said) => {
        if (said['outcome'] === 'committed') committed.add(node.party);
        return said;
      };
    expect(isMintSigned(await mint(world.sparingB))).toBe(true);
    expect(committed.size).toBe(3);
    made = makeGrant(world.groups.seal, now);
    const firstAsked = world.nodes[placeOf(made.grantId, world.nodes.length)]!;
    firstAsked.tamper = () => ({ outcome: 'unavailable', reason: 'away' });
    expect(isMintSigned(await mint(world.sparingB))).toBe(true);
  });

  it('signs when the storemen see the vouches a moment after the coordinator', async () => {
    const early = factsOf(now, 'locked', 'none');
    early.hub!.vouched = false;
    world.say(early);
    const outcome = mint();
    setTimeout(() => world.say(factsOf(now, 'locked', 'none')), 100);
    expect(isMintSigned(await outcome)).toBe(true);
  });

  describe('with nonces committed ahead', () => {
    const prepare = (coordinator = world.coordinatorB) => {
      const { grant, grantId, capsule } = made;
      return coordinator.prepare({ action: 'mint', homeUid, grant, grantId, capsule });
    };
    const countCommitments = () => {
      const committed: string[] = [];
      for (const node of world.nodes)
        node.tamper = (said) => {
          if (said['outcome'] === 'committed') committed.push(node.party);
          return said;
        };
      return committed;
    };
    const notVouched = () => {
      const early = factsOf(now, 'locked', 'none');
      early.hub!.vouched = false;
      world.say(early);
    };

    it('takes one round, and gives no share before the vouches', async () => {
      notVouched();
      expect(await prepare()).toEqual({ culprits: [] });
      for (const i of [0, 1, 2, 3, 4]) expect(await actsOf(i)).toEqual([]);
      const committed = countCommitments();
      expect(await prepare()).toEqual({ culprits: [] });
      world.say(factsOf(now, 'locked', 'none'));
      expect(isMintSigned(await mint())).toBe(true);
      expect(committed).toEqual([]);
      // used up: the next signature of the same mint opens a session of its own
      expect(isMintSigned(await mint())).toBe(true);
      expect(committed.length).toBeGreaterThanOrEqual(3);
    });

    it('is refused a share that is asked for before the vouches', async () => {
      notVouched();
      await prepare();
      const outcome = await mint();
      expect(outcome).toMatchObject({ outcome: 'unsigned', culprits: [] });
      expect(outcome.outcome === 'unsigned' && outcome.answers.map(({ answer }) => answer.verdict)).toContain('wait');
      for (const i of [0, 1, 2, 3, 4]) expect(await actsOf(i)).toEqual([]);
    });

    it('opens another session with signers that were started again since', async () => {
      await prepare();
      for (const i of [0, 1, 2]) await world.restart(i);
      expect(isMintSigned(await mint())).toBe(true);
    });

    it('leaves out and names who committed and then lies', async () => {
      const committed = countCommitments();
      await prepare(world.sparingB);
      const liar = world.nodes.find(({ party }) => party === committed[0])!;
      liar.tamper = (said) => (said['outcome'] === 'signed' ? { ...said, share: `0x${'1'.repeat(64)}` } : said);
      const outcome = await mint(world.sparingB);
      expect(isMintSigned(outcome)).toBe(true);
      expect(outcome.culprits).toEqual([liar.party]);
    });
  });

  it('gives the same digest again after the signers were killed: nonces die with the process, the act stands', async () => {
    expect(isMintSigned(await mint())).toBe(true);
    await world.restart(0);
    await world.restart(1);
    expect(isMintSigned(await mint())).toBe(true);
  });

  it('names a member with a bad share and signs without it', async () => {
    // the sparing coordinator asks no other member while the first three answer, so the liar is surely a signer
    const liar = world.nodes[placeOf(made.grantId, world.nodes.length)]!;
    liar.tamper = (said) =>
      said['outcome'] === 'signed' ? { ...said, share: to0x(u256(BigInt(said['share'] as Hex) + 1n)) } : said;
    const outcome = await mint(world.sparingB);
    expect(isMintSigned(outcome)).toBe(true);
    expect(outcome.culprits).toEqual([liar.party]);
  });

  it('signs with two silent members, and with three silent names them', async () => {
    for (const i of [0, 1]) world.nodes[i]!.tamper = () => null;
    expect(isMintSigned(await mint())).toBe(true);
    world.nodes[2]!.tamper = () => null;
    made = makeGrant(world.groups.seal, now);
    const outcome = await mint(world.impatientB);
    expect(outcome.outcome).toBe('unsigned');
    expect(outcome.culprits).toEqual(expect.arrayContaining(['storeman-1', 'storeman-2', 'storeman-3']));
  });

  it('names who speaks for another, signs not what it says, or is no point', async () => {
    const forge = (change: (commitment: SignCommitment) => SignCommitment) => (said: Record<string, unknown>) =>
      said['outcome'] === 'committed' ? { ...said, commitment: change(said['commitment'] as SignCommitment) } : said;
    const { messageKey } = world.nodes[2]!;
    world.nodes[0]!.tamper = forge((commitment) => ({ ...commitment, index: 2 }));
    world.nodes[1]!.tamper = forge((commitment) => ({ ...commitment, lockBlockHash: `0x${'9'.repeat(64)}` }));
    world.nodes[2]!.tamper = forge((commitment) =>
      signCommitment(messageKey, { ...commitment, hiding: `0x${'02'.repeat(33)}` }),
    );
    const outcome = await mint();
    expect(outcome.outcome).toBe('unsigned');
    expect(outcome.culprits.sort()).toEqual(['storeman-1', 'storeman-2', 'storeman-3']);
  });

  it('gets signed answers instead of shares when the patient has revoked', async () => {
    world.say(factsOf(now, 'revoked', 'none'));
    const outcome = await mint();
    expect(outcome).toMatchObject({ outcome: 'unsigned', culprits: [], threshold: 3 });
    if (outcome.outcome !== 'unsigned') return;
    expect(outcome.answers.map(({ answer }) => answer.verdict)).toEqual(Array(5).fill('revoked'));
    expect(await actsOf(0)).toEqual([]);
  });

  it('signs no share when a revoke comes between the rounds', async () => {
    const { grant, grantId, capsule } = made;
    const session = randomUUID();
    const commitments: SignCommitment[] = [];
    for (const i of [0, 1, 2]) {
      const body = { step: 'commit', session, action: 'mint', homeUid, grant, capsule };
      const said = await world.nodes[i]!.signer.answer({ from: 'south', body });
      if (said.outcome === 'committed') commitments.push(said.commitment);
    }
    await world.insertRow(0, made, 'vouched');
    const body = { step: 'share', session, grantId, action: 'mint', commitments };
    world.nodes[0]!.facts.facts = factsOf(now, 'revoked', 'none');
    expect(await world.nodes[0]!.signer.answer({ from: 'south', body })).toMatchObject({
      outcome: 'answer',
      answer: { verdict: 'revoked' },
    });
    expect(await actsOf(0)).toEqual([]);
    expect(await world.nodes[1]!.signer.answer({ from: 'south', body })).toMatchObject({ outcome: 'signed', index: 2 });
    expect(await world.nodes[1]!.signer.answer({ from: 'south', body })).toMatchObject({ outcome: 'unavailable' });
  });

  it.each<[string, TransferEvent]>([
    ['a revoke', { type: 'statement', kind: 'revoke' }],
    ['a give-back', { type: 'statement', kind: 'give-back' }],
    ['a halt', { type: 'equivocation' }],
  ])('gives no share and spends no nonce when %s comes between the guard and the commit', async (_, event) => {
    const { grant, grantId, capsule } = made;
    const session = randomUUID();
    const commit = { step: 'commit', session, action: 'mint', homeUid, grant, capsule };
    const said = await Promise.all(
      world.nodes.slice(0, 3).map((node) => node.signer.answer({ from: 'south', body: commit })),
    );
    const commitments = said.flatMap((one) => (one.outcome === 'committed' ? [one.commitment] : []));
    const row = await world.insertRow(0, made, 'vouched');
    const { transfers, facts, signer, rowsOf } = world.nodes[0]!;
    const statement = { kind: 'revoke', grantId, homeUid, signature: `0x${'00'.repeat(65)}` } as const;
    const patch = event.type === 'statement' ? { statement } : {};
    world.beforeNextCommit(0, () => transfers.raise(row.id, event, facts.facts, patch));
    const body = { step: 'share', session, grantId, action: 'mint', commitments };
    expect(await signer.answer({ from: 'south', body })).toMatchObject({
      outcome: 'unavailable',
      reason: expect.stringContaining('grant-stopped'),
    });
    expect(await actsOf(0)).toEqual([]);
    expect((await rowsOf('spent_nonce')).filter((spent) => spent['grant_id'] === grantId)).toEqual([]);
  });

  it('gives no share of a storeman whose database the log contradicts', async () => {
    const restored = world.nodes.slice(0, 3);
    for (const { agreement } of restored) await agreement.note(1_000_000, null);
    const outcome = await mint();
    for (const { unitOfWork } of restored)
      await unitOfWork.reader.query('UPDATE outbox_relay SET disagreed_seq = NULL');
    expect(outcome.outcome).not.toBe('signed');
    expect(await Promise.all(restored.map((_, i) => actsOf(i)))).toEqual([[], [], []]);
    expect(isMintSigned(await mint())).toBe(true);
  });

  it('gives no share when the epoch changes between the rounds', async () => {
    const { grant, grantId, capsule } = made;
    const session = randomUUID();
    const commit = { step: 'commit', session, action: 'mint', homeUid, grant, capsule };
    const said = await Promise.all(
      world.nodes.slice(0, 3).map((node) => node.signer.answer({ from: 'south', body: commit })),
    );
    const commitments = said.flatMap((one) => (one.outcome === 'committed' ? [one.commitment] : []));
    const { unitOfWork, kek, signer } = world.nodes[0]!;
    const { sign } = world.groups;
    const { purpose, keyId, epoch } = sign;
    // The node has a share of the next epoch, so nothing but the epoch stands against its signing.
    const shares = new KeyShares(unitOfWork, new KeyRing(kek));
    const { secret } = await shares.of(sign, 1);
    const next = { purpose, keyId, epoch: epoch + 1, index: 1, secret };
    await unitOfWork.run((tx) => shares.store(tx, next, new Date()));
    const body = { step: 'share', session, grantId, action: 'mint', commitments };
    sign.epoch = epoch + 1;
    try {
      expect(await signer.answer({ from: 'south', body })).toEqual({
        outcome: 'unavailable',
        reason: 'the epoch changed since the session was opened',
      });
    } finally {
      sign.epoch = epoch;
    }
    expect(await actsOf(0)).toEqual([]);
  });

  it('signs no package of strangers, doubles, another session or an altered own commitment', async () => {
    const { grant, grantId, capsule } = made;
    const session = randomUUID();
    const commit = { step: 'commit', session, action: 'mint', homeUid, grant, capsule };
    const said = await Promise.all(
      world.nodes.slice(0, 3).map((node) => node.signer.answer({ from: 'south', body: commit })),
    );
    const commitments = said.flatMap((one) => (one.outcome === 'committed' ? [one.commitment] : []));
    const [own, second, third] = commitments as [SignCommitment, SignCommitment, SignCommitment];
    const ask = (list: SignCommitment[]) =>
      world.nodes[0]!.signer.answer({
        from: 'south',
        body: { step: 'share', session, grantId, action: 'mint', commitments: list },
      });
    const stranger = signCommitment(world.nodes[2]!.messageKey, { ...third, index: 9 });
    await expect(ask([own, second, stranger])).rejects.toMatchObject({ code: 'bad-package', culprit: 'member 9' });
    await expect(ask([own, second, { ...third, hiding: own.hiding }])).rejects.toThrow(
      'member 3 did not sign its commitment',
    );
    await expect(ask([own, second, second])).rejects.toMatchObject({ code: 'bad-package' });
    await expect(ask([own, second])).rejects.toMatchObject({ code: 'bad-package' });
    await expect(
      ask([second, third, signCommitment(world.nodes[0]!.messageKey, { ...own, binding: own.hiding })]),
    ).rejects.toThrow(/own one/);
    await expect(
      ask([own, second, signCommitment(world.nodes[2]!.messageKey, { ...third, session: randomUUID() })]),
    ).rejects.toThrow(/another session/);
    expect(await ask(commitments)).toMatchObject({ outcome: 'signed' });
  });

  it('stops and halts its row where signers see different blocks of the lock', async () => {
    const { grant, grantId, capsule } = made;
    const session = randomUUID();
    const forked = factsOf(now, 'locked', 'none');
    forked.home!.written!.block.hash = `0x${'f'.repeat(64)}`;
    world.nodes[2]!.facts.facts = forked;
    const commit = { step: 'commit', session, action: 'mint', homeUid, grant, capsule };
    const said = await Promise.all(
      world.nodes.slice(0, 3).map((node) => node.signer.answer({ from: 'south', body: commit })),
    );
    const commitments = said.flatMap((one) => (one.outcome === 'committed' ? [one.commitment] : []));
    const row = await world.insertRow(0, made, 'vouched');
    const body = { step: 'share', session, grantId, action: 'mint', commitments };
    await expect(world.nodes[0]!.signer.answer({ from: 'south', body })).rejects.toMatchObject({
      code: 'equivocation',
    });
    expect((await world.nodes[0]!.transfers.findById(row.id))!.state).toBe('halted');
    expect(await actsOf(0)).toEqual([]);
    // the coordinator itself goes on with those who agree
    expect(isMintSigned(await mint())).toBe(true);
  });

  it('signs NotMapped once the final time of B has passed mintBefore, and says mapped where it is', async () => {
    const late = made.grant.mintBefore + 10;
    expect(await notMapped()).toMatchObject({
      outcome: 'unsigned',
      answers: expect.arrayContaining([
        expect.objectContaining({ answer: expect.objectContaining({ verdict: 'wait' }) }),
      ]),
    });
    world.say(factsOf(now, 'locked', 'none', late));
    const outcome = await notMapped();
    expect(isSigned(outcome, notMappedDigest(homeUid, made.grant.lockedAccount, made.grantId))).toBe(true);
    world.say(factsOf(now, 'locked', 'mapped', late));
    made = makeGrant(world.groups.seal, now);
    const mapped = await notMapped();
    expect(
      mapped.outcome === 'unsigned' && mapped.answers.filter(({ answer }) => answer.verdict === 'mapped'),
    ).toHaveLength(5);
  });

  it('is coordinated by who wants the result, and by nobody else', async () => {
    const { grant, capsule } = made;
    const body = { step: 'commit', session: randomUUID(), action: 'mint', homeUid, grant, capsule };
    for (const from of ['north', 'storeman-2'])
      await expect(world.nodes[0]!.signer.answer({ from, body })).rejects.toMatchObject({ code: 'not-coordinator' });
    const deny = { step: 'commit', session: randomUUID(), action: 'not-mapped', homeUid, grant };
    await expect(world.nodes[0]!.signer.answer({ from: 'south', body: deny })).rejects.toMatchObject({
      code: 'not-coordinator',
    });
  });

  it('signs no mint without the capsule that the grant names', async () => {
    const other = makeGrant(world.groups.seal, now);
    const { grant } = made;
    const body = { step: 'commit', session: randomUUID(), action: 'mint', homeUid, grant };
    await expect(world.nodes[0]!.signer.answer({ from: 'south', body })).rejects.toMatchObject({
      code: 'capsule-missing',
    });
    await expect(
      world.nodes[0]!.signer.answer({ from: 'south', body: { ...body, capsule: other.capsule } }),
    ).rejects.toMatchObject({
      code: 'grant-refused',
      field: 'grant.sealedKeyHash',
    });
  });

  it('commits to one digest per grant and action, and never to both a release and NotMapped, however they race', async () => {
    const { unitOfWork } = world.nodes[0]!;
    const act = (name: 'mint' | 'not-mapped' | 'release', digest: string) => ({
      grantId: made.grantId,
      act: name,
      digest,
      homeUid,
      destinationUid: made.grant.destinationUid,
    });
    const commit = (name: 'mint' | 'not-mapped' | 'release', digest: string) =>
      unitOfWork.run((tx) => commitAct(tx, act(name, digest), new Date()));
    await commit('mint', 'one');
    await commit('mint', 'one');
    await expect(commit('mint', 'two')).rejects.toMatchObject({ code: 'other-digest' });
    const raced = await Promise.allSettled([commit('release', 'r'), commit('not-mapped', 'n')]);
    expect(raced.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(raced.find((one) => one.status === 'rejected')).toMatchObject({ reason: { code: 'excluded-act' } });
  });
});

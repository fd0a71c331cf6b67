import { fromHex, to0x, u256 } from '@cpds/crypto/bytes';
import { openCapsule, parseCapsule } from '@cpds/crypto/capsule';
import { pointFromHex } from '@cpds/crypto/curve';
import type { Hex } from '@cpds/contracts';
import type { SignedPartial } from '@cpds/messages';
import { destinationUid, homeUid, hubUid, makeGrant, type MadeGrant } from '../testing/group.js';
import { factsOf } from '../testing/scripted-facts.js';
import { openSigningWorld, type SigningWorld } from '../testing/signing-world.js';
import type { TransferEvent } from '../transfers/transfer.js';
import type { TransferRow } from '../transfers/transfer.row.js';
import { digestOfPartial } from './partials.js';

const now = Math.floor(Date.now() / 1000);
type Said = Record<string, unknown>;

describe('release over the bus', () => {
  let world: SigningWorld;
  let made: MadeGrant;

  beforeAll(async () => {
    world = await openSigningWorld(now);
  }, 240_000);
  afterAll(() => world.close());
  beforeEach(() => {
    made = makeGrant(world.groups.seal, now);
    world.say(factsOf(now, 'locked', 'mapped'));
    for (const node of world.nodes) node.tamper = (said) => said;
  });

  const bodyOf = ({ grant, capsule, qBar, proof }: MadeGrant) => ({ homeUid, grant, capsule, qBar, proof });
  const collect = (by = world.collector) => by.collect({ grantId: made.grantId, ...bodyOf(made) });
  const ask = (i: number, body: object = bodyOf(made), from = 'south') =>
    world.nodes[i]!.release.answer({ from, body: body as Said });
  const releasesOf = async (i: number) =>
    (await world.nodes[i]!.rowsOf('release')).filter((row) => row['grant_id'] === made.grantId);
  const eventsOf = async (i: number) =>
    (await world.nodes[i]!.rowsOf('outbox'))
      .map((row) => row['envelope'] as { type: string; correlation: string })
      .filter((event) => event.correlation === made.grantId)
      .map((event) => event.type);

  it('combines three partials of one epoch to W, with which the holder of q and nobody else opens the capsule', async () => {
    const outcome = await collect();
    if (outcome.outcome !== 'released') throw new Error(outcome.outcome);
    expect(outcome.partials).toHaveLength(3);
    expect(new Set(outcome.partials.map((partial) => partial.epoch)).size).toBe(1);
    const opened = (recipientSecret: bigint) =>
      openCapsule({
        capsule: parseCapsule(fromHex(made.capsule, 'capsule')),
        label: made.label,
        recipientSecret,
        ySeal: pointFromHex(outcome.ySeal, 'y'),
        W: pointFromHex(outcome.w, 'w'),
      });
    expect(opened(made.q)).toEqual(made.fileKey);
    expect(() => opened(made.q + 1n)).toThrow(/does not open/);
  });

  it('asks three storemen while they release, and all of them as soon as one refuses', async () => {
    expect((await collect(world.sparingCollector)).outcome).toBe('released');
    const released = await Promise.all(world.nodes.map(async (_, i) => (await releasesOf(i)).length));
    expect(released.sort()).toEqual([0, 0, 1, 1, 1]);
    made = makeGrant(world.groups.seal, now);
    world.say(factsOf(now, 'revoked', 'mapped'));
    const outcome = await collect(world.sparingCollector);
    expect(outcome.outcome === 'refused' && outcome.answers).toHaveLength(5);
  });

  it('commits the row, its act and its event before it answers, and repeats the same bytes', async () => {
    const first = await ask(0);
    const again = await ask(0);
    await world.restart(0);
    expect(again).toEqual(first);
    expect(await ask(0)).toEqual(first);
    expect(await releasesOf(0)).toHaveLength(1);
    expect(await eventsOf(0)).toEqual(['bridge.partial-released.v1']);
    const [row] = await releasesOf(0);
    expect(row).toMatchObject({ lock_block: `0x${'3'.repeat(64)}`, mint_block: `0x${'7'.repeat(64)}`, epoch: 1 });
  });

  it('makes one row for many askers at once', async () => {
    const answers = await Promise.all(Array.from({ length: 24 }, () => ask(0)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await eventsOf(0)).toHaveLength(1);
  });

  it('does not repeat a partial once a revoke is held', async () => {
    expect(await ask(0)).toMatchObject({ outcome: 'partial' });
    const row = await world.insertRow(0, made, 'mapped');
    const statement = { kind: 'revoke', grantId: made.grantId, homeUid, signature: `0x${'00'.repeat(65)}` } as const;
    const { facts } = await world.nodes[0]!.facts;
    await world.nodes[0]!.transfers.raise(row.id, { type: 'statement', kind: 'revoke' }, facts, { statement });
    expect(await ask(0)).toMatchObject({ outcome: 'answer', answer: { verdict: 'revoked', action: 'release' } });
  });

  describe('while a statement or a halt comes between the guard and the commit', () => {
    const statement = () =>
      ({ kind: 'revoke', grantId: made.grantId, homeUid, signature: `0x${'00'.repeat(65)}` }) as const;
    const events: [string, TransferEvent, () => Partial<TransferRow>][] = [
      ['a revoke', { type: 'statement', kind: 'revoke' }, () => ({ statement: statement() })],
      ['a give-back', { type: 'statement', kind: 'give-back' }, () => ({ statement: statement() })],
      ['a halt', { type: 'equivocation' }, () => ({})],
    ];

    it.each(events)('lets no first partial leave after %s', async (_, event, patch) => {
      const row = await world.insertRow(0, made, 'mapped');
      const { transfers, facts } = world.nodes[0]!;
      world.beforeNextCommit(0, () => transfers.raise(row.id, event, facts.facts, patch()));
      expect(await ask(0)).toMatchObject({ outcome: 'unavailable', reason: expect.stringContaining('grant-stopped') });
      expect(await releasesOf(0)).toEqual([]);
      expect(await eventsOf(0)).not.toContain('bridge.partial-released.v1');
    });

    it.each(events)('repeats no partial after %s', async (_, event, patch) => {
      const row = await world.insertRow(0, made, 'mapped');
      const { transfers, facts } = world.nodes[0]!;
      expect(await ask(0)).toMatchObject({ outcome: 'partial' });
      world.beforeNextCommit(0, () => transfers.raise(row.id, event, facts.facts, patch()));
      expect(await ask(0)).toMatchObject({ outcome: 'unavailable', reason: expect.stringContaining('grant-stopped') });
    });
  });

  it('gives a signed revoked of every storeman to who asks after a revoke', async () => {
    world.say(factsOf(now, 'revoked', 'mapped'));
    const outcome = await collect();
    expect(outcome.outcome).toBe('refused');
    if (outcome.outcome !== 'refused') return;
    expect(outcome.answers.map(({ from }) => from).sort()).toEqual(world.nodes.map((node) => node.party));
    expect(new Set(outcome.answers.map(({ answer }) => answer.verdict))).toEqual(new Set(['revoked']));
    expect(await releasesOf(0)).toEqual([]);
  });

  it('names a member whose proof is false, whose signature is missing, and who speaks for another; the rest suffice', async () => {
    const tampered = (change: (partial: SignedPartial) => SignedPartial) => (said: Said) =>
      said['outcome'] === 'partial' ? { ...said, partial: change(said['partial'] as SignedPartial) } : said;
    const resigned = (i: number, change: (partial: SignedPartial) => SignedPartial) =>
      tampered((partial) => {
        const changed = change(partial);
        return { ...changed, signature: world.nodes[i]!.messageKey.sign(digestOfPartial(hubUid, changed)) };
      });
    // A right proof for another point, by a member that stands for it: this is what a conviction is made of.
    world.nodes[0]!.tamper = resigned(0, (partial) => ({ ...partial, w: made.grant.recipientKey }));
    world.nodes[1]!.tamper = tampered((partial) => ({ ...partial, s: to0x(u256(BigInt(partial.s) + 1n)) }));
    const outcomes = [];
    for (let i = 0; i < 3; i++) {
      made = makeGrant(world.groups.seal, now);
      outcomes.push(await collect());
    }
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['released', 'released', 'released']);
    world.nodes[2]!.tamper = resigned(2, (partial) => ({ ...partial, index: 4 }));
    made = makeGrant(world.groups.seal, now);
    const outcome = await collect();
    expect(outcome).toMatchObject({
      outcome: 'waiting',
      culprits: expect.arrayContaining(['storeman-1', 'storeman-2', 'storeman-3']),
    });
  });

  it('refuses who does not know q, another capsule than was minted, a capsule of another grant, and a stranger', async () => {
    const other = makeGrant(world.groups.seal, now);
    // a proof for another grant is no proof for this one
    await expect(ask(0, { ...bodyOf(made), proof: other.proof })).rejects.toMatchObject({
      code: 'bad-open-proof',
      field: 'proof',
    });
    await expect(ask(0, { ...bodyOf(made), qBar: other.qBar })).rejects.toMatchObject({ code: 'bad-open-proof' });
    await expect(ask(0, { ...bodyOf(made), capsule: other.capsule })).rejects.toMatchObject({
      field: 'grant.sealedKeyHash',
    });
    // the capsule in a grant with other terms: the label is not the capsule's
    const grant = { ...made.grant, termsHash: other.grantId };
    await expect(ask(0, { ...bodyOf(made), grant })).rejects.toMatchObject({ field: 'capsule' });
    await expect(ask(0, bodyOf(made), 'north')).rejects.toMatchObject({ code: 'not-coordinator' });
    expect(await releasesOf(0)).toEqual([]);
  });

  it('says wait before the mapping is final, and expired after notAfter by its own clock', async () => {
    world.say(factsOf(now, 'locked', 'none'));
    expect(await ask(0)).toMatchObject({ outcome: 'answer', answer: { verdict: 'wait' } });
    expect(await collect()).toMatchObject({ outcome: 'waiting' });
    world.say(factsOf(now, 'locked', 'mapped', made.grant.notAfter));
    expect(await ask(0)).toMatchObject({ outcome: 'answer', answer: { verdict: 'expired' } });
  });

  it('releases and repeats nothing while the log tells another history than its database', async () => {
    expect(await ask(0)).toMatchObject({ outcome: 'partial' });
    const { agreement, unitOfWork } = world.nodes[0]!;
    await agreement.note(1_000_000, null);
    const held = made;
    made = makeGrant(world.groups.seal, now);
    const refused = { outcome: 'unavailable', reason: expect.stringContaining('log-disagrees') };
    expect(await ask(0)).toMatchObject(refused);
    expect(await ask(0, bodyOf(held))).toMatchObject(refused);
    expect(await releasesOf(0)).toEqual([]);
    expect(await eventsOf(0)).toEqual([]);
    await unitOfWork.reader.query('UPDATE outbox_relay SET disagreed_seq = NULL');
    expect(await ask(0)).toMatchObject({ outcome: 'partial' });
  });

  it('releases nothing for a grant for which it signed NotMapped', async () => {
    const digest = `0x${'aa'.repeat(32)}`;
    const { unitOfWork } = world.nodes[0]!;
    const { commitAct } = await import('../signing/storeman-acts.js');
    const act = { grantId: made.grantId, act: 'not-mapped' as const, digest, homeUid, destinationUid };
    await unitOfWork.run((tx) => commitAct(tx, act, new Date()));
    expect(await ask(0)).toMatchObject({ outcome: 'unavailable', reason: expect.stringContaining('excluded-act') });
    expect(await releasesOf(0)).toEqual([]);
  });

  it('names each culprit once in the row, sixty-four at most, and moves nothing by it', async () => {
    const row = await world.insertRow(0, made, 'mapped');
    const { transfers } = world.nodes[0]!;
    await transfers.blame(row.id, ['storeman-1', 'storeman-2']);
    await transfers.blame(row.id, ['storeman-2', 'storeman-3']);
    await transfers.blame(row.id, []);
    const after = await transfers.byGrant(made.grantId);
    expect(after.culprits).toEqual(['storeman-1', 'storeman-2', 'storeman-3']);
    await transfers.blame(
      row.id,
      Array.from({ length: 70 }, (_, i) => `party-${i}`),
    );
    const full = await transfers.byGrant(made.grantId);
    expect(full.culprits).toHaveLength(64);
    expect(full.culprits.slice(0, 3)).toEqual(after.culprits);
    expect(full.steps).toEqual(row.steps);
    expect(await eventsOf(0)).toEqual([]);
  });

  it('shows no share and no W in the clear in any row but the partial itself', async () => {
    const outcome = await collect();
    if (outcome.outcome !== 'released') throw new Error(outcome.outcome);
    for (const node of world.nodes) {
      const rows = JSON.stringify(await node.rowsOf('outbox'));
      expect(rows).not.toContain((outcome.w as Hex).slice(2));
      for (const partial of outcome.partials) expect(rows).not.toContain(partial.w.slice(2));
    }
  });
});

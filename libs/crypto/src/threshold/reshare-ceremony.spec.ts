import fc from 'fast-check';
import { compressed, G, N, parseScalar } from '../curve.js';
import { sha256 } from '../hash.js';
import { lagrangeAtZero } from '../partial.js';
import { shareKey } from './dealt-share.js';
import type { KeyShare } from './group.js';
import * as reshare from '../reshare.js';
import type { CeremonyMessage } from './round-message.js';
import { attempt, generate, remembering, subsets } from './test-group.js';

const shares = generate(attempt('reshare-ceremony', 5, 3));
const { group: old } = shares[0]!;
const phases = ['keys', 'commitments', 'shares', 'complaints', 'verdict', 'finish'] as const;
const refresh: reshare.Parameters = { attemptId: sha256(Uint8Array.of(1)), old, n: 5, nMin: 4, threshold: 3 };

/** A node with its numbers in both rosters. */
interface Node {
  self: reshare.Self;
  seed: Uint8Array;
}

/** Five nodes that are number i in both rosters. */
const nodes = shares.map((share, i): Node => ({
  self: { member: i + 1, share, receiver: i + 1 },
  seed: sha256(Uint8Array.of(i)),
}));

/** A node's treatment of its post: sends it, changes it, or withholds it. */
type Conduct = (post: CeremonyMessage) => CeremonyMessage | null;
const honest: Conduct = (post) => post;

const once = remembering<reshare.DuePost | null>();

async function run(parameters: reshare.Parameters, some: Node[] = nodes, conduct: Conduct = honest) {
  const log: reshare.Event[] = [];
  const made = new Map<number, KeyShare>();
  let state = reshare.start(parameters);
  const tell = (event: reshare.Event) => {
    log.push(event);
    state = reshare.advance(state, event);
  };
  for (const phase of phases) {
    for (const { self, seed } of some) {
      if (state.phase !== phase) break;
      const before = state;
      const due = await once([parameters.attemptId, log, self, seed], () => reshare.due(before, self, seed));
      if (!due) continue;
      if (due.kind === 'finish') made.set(due.member, due.share);
      const post = conduct(due);
      if (post) tell(post);
    }
    if (state.phase === phase) tell({ kind: 'deadline', phase });
  }
  return { log, state, made };
}

function expectSameKey({ state, made }: { state: reshare.State; made: Map<number, KeyShare> }): void {
  expect(state.phase).toBe('done');
  const group = reshare.resharedKey(state);
  expect(group.publicKey).toEqual(old.publicKey);
  expect([...made.keys()].sort()).toEqual([...state.receivers]);
  for (const share of made.values()) expect(share.group).toEqual(group);
  for (const some of subsets([...made.values()], group.threshold).slice(0, 4)) {
    const indices = some.map((one) => one.index);
    const secret = some.reduce(
      (sum, one) => sum + lagrangeAtZero(one.index, indices) * parseScalar(one.secret, 's'),
      0n,
    );
    expect(compressed(G.multiply(secret % N))).toEqual(old.publicKey);
  }
}

const badShareFor =
  (dealer: number, receiver: number): Conduct =>
  (post) => {
    if (post.kind !== 'shares' || post.member !== dealer) return post;
    const another = [...post.sealed].find(([member]) => member !== receiver)!;
    return { ...post, sealed: new Map(post.sealed).set(receiver, another[1]) };
  };

describe('a reshare over the hub log', () => {
  // The messages with which all runs begin are sealed here once, so that no test does it for later ones.
  beforeAll(async () => {
    await run(refresh);
  });

  it('refreshes all shares of one key, by the three lowest dealers', async () => {
    const whole = await run(refresh);
    expectSameKey(whole);
    expect(whole.state).toMatchObject({ dealers: [1, 2, 3], receivers: [1, 2, 3, 4, 5], departures: [] });
    for (const [j, share] of whole.made) expect(share.secret).not.toEqual(shares[j - 1]!.secret);
    const again = whole.log.reduce(
      (state, event) => reshare.advance(reshare.advance(state, event), event),
      reshare.start(refresh),
    );
    expect(again).toEqual(whole.state);
  });

  it('repairs a share that was lost: who has none still judges and receives', async () => {
    const { share: _lost, ...self } = nodes[1]!.self;
    const repaired = await run(refresh, nodes.with(1, { ...nodes[1]!, self }));
    expectSameKey(repaired);
    expect(repaired.state.dealers).toEqual([1, 3, 4]);
    expect(repaired.made.has(2)).toBe(true);
    expect(repaired.state.departures).toEqual([{ as: 'dealer', member: 2, reason: 'silence' }]);
  });

  it('changes roster, n and t: old members who leave deal, new ones receive', async () => {
    const bigger = { attemptId: sha256(Uint8Array.of(2)), old, n: 7, nMin: 5, threshold: 4 };
    const fresh = [3, 4, 5, 6, 7].map((receiver) => ({ self: { receiver }, seed: sha256(Uint8Array.of(receiver, 9)) }));
    const leaving = nodes.slice(0, 3).map(({ self: { member, share }, seed }) => ({ self: { member, share }, seed }));
    const staying = nodes.slice(3).map(({ self, seed }, i) => ({ self: { ...self, receiver: i + 1 }, seed }));
    const changed = await run(bigger, [...leaving, ...staying, ...fresh]);
    expectSameKey(changed);
    expect(changed.state.receivers).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('does without a dealer that is convicted of a bad share', async () => {
    const accused = await run(refresh, nodes, badShareFor(2, 4));
    expectSameKey(accused);
    expect(accused.state.dealers).toEqual([1, 3, 4]);
    expect(accused.state.departures).toEqual([{ as: 'dealer', member: 2, reason: 'convicted' }]);
    expect(accused.state.verdicts.size).toBe(3);
  });

  it('does without an accused dealer where no verdict comes', async () => {
    const conduct: Conduct = (post) => (post.kind === 'verdict' && post.member > 2 ? null : badShareFor(2, 4)(post));
    const disputed = await run(refresh, nodes, conduct);
    expectSameKey(disputed);
    expect(disputed.state.departures).toEqual([{ as: 'dealer', member: 2, reason: 'disputed' }]);
  });

  it('convicts a false accuser, who leaves', async () => {
    const { privateKey } = await shareKey(refresh.attemptId, 1, 5, nodes[4]!.seed);
    for (const revealed of [privateKey, new Uint8Array(32)]) {
      const accused = await run(refresh, nodes, (post) =>
        post.kind === 'complaints' && post.member === 5 ? { ...post, complaints: [{ dealer: 1, revealed }] } : post,
      );
      expectSameKey(accused);
      expect(accused.state).toMatchObject({
        dealers: [1, 2, 3],
        receivers: [1, 2, 3, 4],
        departures: [{ as: 'receiver', member: 5, reason: 'convicted' }],
      });
    }
  });

  it('leaves out whose post is bad, and says why', async () => {
    const conduct: Conduct = (post) => {
      if (post.kind === 'keys' && post.member === 5)
        return { ...post, keys: new Map(post.keys).set(1, post.keys.get(2)!) };
      if (post.kind === 'commitments' && post.member === 1) return { ...post, points: post.points.toReversed() };
      if (post.kind === 'shares' && post.member === 2) return { ...post, sealed: new Map([...post.sealed].slice(1)) };
      return post;
    };
    const left = await run(refresh, nodes, conduct);
    expectSameKey(left);
    expect(left.state.departures).toEqual([
      { as: 'receiver', member: 5, reason: 'bad-keys' },
      { as: 'dealer', member: 1, reason: 'bad-commitments' },
      { as: 'dealer', member: 2, reason: 'bad-shares' },
    ]);
  });

  it('comes to nothing with fewer than t dealers, or fewer than nMin receivers', async () => {
    const without =
      (kind: string, members: number[]): Conduct =>
      (post) =>
        post.kind === kind && members.includes(post.member) ? null : post;
    const few = await run(refresh, nodes, without('shares', [1, 2, 3]));
    expect(few.state.end).toEqual({ reason: 'too-few-dealers', culprits: [] });
    expect(few.state.departures.map(({ member }) => member)).toEqual([1, 2, 3]);
    expect((await run(refresh, nodes, without('keys', [1, 2]))).state.end!.reason).toBe('too-few-receivers');
    expect((await run(refresh, nodes, without('complaints', [4, 5]))).state.end!.reason).toBe('too-few-receivers');
  });

  it('comes to nothing when somebody who is left does not finish, or finishes another outcome', async () => {
    const silent = await run(refresh, nodes, (post) => (post.kind === 'finish' && post.member === 3 ? null : post));
    expect(silent.state.end).toEqual({ reason: 'silence', culprits: [3] });
    const split = await run(refresh, nodes, (post) =>
      post.kind === 'finish' && post.member === 3 ? { ...post, transcript: new Uint8Array(32) } : post,
    );
    expect(split.state.end).toEqual({ reason: 'split-finish', culprits: [3] });
  });

  it('posts nothing that rests on another seed than its keys or commitments did', async () => {
    const { log } = await run(refresh);
    const at = (phase: string) =>
      log.reduce(
        (state, event) => (state.phase === phase ? state : reshare.advance(state, event)),
        reshare.start(refresh),
      );
    const refused = { code: 'bad-seed' };
    await expect(reshare.due(at('shares'), nodes[0]!.self, nodes[1]!.seed)).rejects.toMatchObject(refused);
    await expect(reshare.due(at('complaints'), nodes[0]!.self, nodes[1]!.seed)).rejects.toMatchObject(refused);
    await expect(reshare.due(at('finish'), nodes[0]!.self, nodes[1]!.seed)).rejects.toMatchObject(refused);
  });

  it('signs D and every share: another D is another outcome', async () => {
    const { state } = await run(refresh);
    const other = await run(refresh, nodes, badShareFor(2, 4));
    expect(reshare.outcomeOf(other.state)).not.toEqual(reshare.outcomeOf(state));
  });

  it('whatever up to n − nMin members do, ends with the same key or names only them', async () => {
    const fault = fc.record({
      member: fc.integer({ min: 1, max: 5 }),
      phase: fc.constantFrom(...phases),
      how: fc.constantFrom('silent', 'junk'),
    });
    await fc.assert(
      fc.asyncProperty(fault, async ({ member, phase, how }) => {
        const conduct: Conduct = (post) => {
          if (post.member !== member || post.kind !== phase) return post;
          return how === 'silent' ? null : junk(post);
        };
        const faulty = await run(refresh, nodes, conduct);
        const blamed = [...faulty.state.departures.map((one) => one.member), ...(faulty.state.end?.culprits ?? [])];
        for (const one of blamed) expect(one).toBe(member);
        if (faulty.state.phase === 'done') expectSameKey(faulty);
        else expect(blamed).toEqual([member]);
        expect(reshare.awaited(faulty.state)).toEqual([]);
      }),
      { numRuns: 6 },
    );
  });
});

/** A post of the right shape with false content. */
function junk(post: CeremonyMessage): CeremonyMessage {
  const filled = (map: ReadonlyMap<number, Uint8Array>) =>
    new Map([...map].map(([j, bytes]) => [j, bytes.slice().fill(1)]));
  switch (post.kind) {
    case 'keys':
      return { ...post, keys: filled(post.keys) };
    case 'commitments':
      return { ...post, points: post.points.map(() => compressed(G)) };
    case 'shares':
      return { ...post, sealed: filled(post.sealed) };
    case 'complaints':
      return { ...post, complaints: [{ dealer: 1, revealed: new Uint8Array(32).fill(1) }] };
    case 'verdict':
      return { ...post, dealers: [1, 2, 3, 4, 5], receivers: [] };
    case 'finish':
      return { ...post, transcript: new Uint8Array(32) };
  }
}

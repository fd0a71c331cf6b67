import fc from 'fast-check';
import { sha256 } from '../hash.js';
import * as generation from '../generation.js';
import * as hpke from '../hpke.js';
import { judge } from './complaint.js';
import { shareContext, shareKey } from './dealt-share.js';
import { checkKeyShare } from './group.js';
import type { KeyShare } from './group.js';
import type { CeremonyMessage } from './round-message.js';
import { combineSignature, drawNonces, isGroupSignature, signShare } from './signing.js';
import { attempt, dealAll, remembering, subsets } from './test-group.js';

const parameters = attempt('ceremony', 5, 3);
const members = [1, 2, 3, 4, 5];
const seeds = new Map(members.map((member) => [member, sha256(Uint8Array.of(member))]));
const seedOf = (member: number) => seeds.get(member)!;
const asPost = (post: generation.DuePost): CeremonyMessage =>
  post.kind === 'finish' ? { kind: 'finish', member: post.member, transcript: post.transcript } : post;

const once = remembering<generation.DuePost | null>();

/** Runs the hub's log on from `log`: every phase, each member posts what is due; `tamper` may change a post. */
async function run(log: generation.Event[] = [], tamper: (post: CeremonyMessage) => CeremonyMessage = (post) => post) {
  const shares = new Map<number, KeyShare>();
  let state = log.reduce(generation.advance, generation.start(parameters));
  for (let phase = state.phase; phase !== 'done' && phase !== 'ended'; phase = state.phase) {
    for (const member of members) {
      const before = state;
      const post =
        state.phase === phase ? await once([log, member], () => generation.due(before, member, seedOf(member))) : null;
      if (!post) continue;
      if (post.kind === 'finish') shares.set(member, post.share);
      const event = tamper(asPost(post));
      log.push(event);
      state = generation.advance(state, event);
    }
    if (state.phase === phase) break;
  }
  return { log, state, shares };
}

const stateAt = (log: generation.Event[], phase: generation.State['phase']) => {
  let state = generation.start(parameters);
  for (const event of log) {
    if (state.phase === phase) break;
    state = generation.advance(state, event);
  }
  return state;
};

describe('a key generation over the hub log', () => {
  let whole: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    whole = await run();
  });

  it('ends with one key, five shares of it, and every three of them sign', () => {
    expect(whole.state.phase).toBe('done');
    const shares = [...whole.shares.values()].map(checkKeyShare);
    const group = generation.generatedGroup(whole.state);
    for (const share of shares) expect(share.group).toEqual(group);
    const digest = sha256(Uint8Array.of(1));
    for (const some of subsets(shares, 3)) {
      const nonces = some.map((share) => drawNonces(share));
      const commitments = nonces.map((one) => one.commitment);
      const result = combineSignature(
        group,
        commitments,
        digest,
        some.map((share, i) => signShare(share, nonces[i]!, commitments, digest)),
      );
      expect('signature' in result && isGroupSignature(group.publicKey, digest, result.signature)).toBe(true);
    }
  });

  it('is the same state however often the log is replayed, and the same posts are due at every step', async () => {
    let state = generation.start(parameters);
    for (const event of whole.log) {
      if (event.kind !== 'deadline' && event.kind !== 'shares') {
        const again = await generation.due(state, event.member, seedOf(event.member));
        expect(asPost(again!)).toEqual(event);
      }
      state = generation.advance(state, event);
      expect(generation.advance(state, event)).toEqual(state); // the hub delivered twice
    }
    expect(state).toEqual(whole.state);
  });

  it('lets a member that was killed and sealed its shares anew end with the same key', async () => {
    const sealing = stateAt(whole.log, 'shares');
    const other = await generation.due(sealing, 2, seedOf(2));
    const log = whole.log
      .filter((event) => event.kind !== 'complaints' && event.kind !== 'finish')
      .map((event) => (event.kind === 'shares' && event.member === 2 ? asPost(other!) : event));
    const rerun = await run(log);
    expect(rerun.state.phase).toBe('done');
    expect(generation.generatedGroup(rerun.state)).toEqual(generation.generatedGroup(whole.state));
    expect(rerun.shares.get(1)!.secret).toEqual(whole.shares.get(1)!.secret);
  });

  it('ends at a deadline and names the silent, in every phase', () => {
    for (const phase of ['keys', 'commitments', 'shares', 'complaints', 'finish'] as const) {
      const before = stateAt(whole.log, phase);
      const half = whole.log
        .filter((event) => event.kind === phase)
        .slice(0, 3)
        .reduce(generation.advance, before);
      expect(generation.silent(half)).toEqual([4, 5]);
      const state = generation.advance(half, { kind: 'deadline', phase });
      expect(state).toMatchObject({ phase: 'ended', end: { reason: 'silence', culprits: [4, 5] } });
    }
  });

  it('a deadline of a phase that is over changes nothing', () => {
    const state = stateAt(whole.log, 'shares');
    expect(generation.advance(state, { kind: 'deadline', phase: 'keys' })).toBe(state);
  });

  it('puts out whose HPKE key is hostile, missing or its own twice', async () => {
    const before = generation.start(parameters);
    const first = whole.log[0] as Extract<CeremonyMessage, { kind: 'keys' }>;
    const mine = whole.log[1] as typeof first;
    const bad = (change: (keys: Map<number, Uint8Array>) => void) => {
      const keys = new Map(mine.keys);
      change(keys);
      return generation.advance(generation.advance(before, first), { ...mine, keys });
    };
    for (const state of [
      bad((keys) => keys.set(3, new Uint8Array(65))),
      bad((keys) => keys.set(3, keys.get(3)!.subarray(0, 33))),
      bad((keys) => keys.delete(3)),
      bad((keys) => keys.set(3, keys.get(4)!)),
      bad((keys) => keys.set(2, keys.get(3)!)),
    ])
      expect(state.end).toEqual({ reason: 'bad-keys', culprits: [2] });
  });

  it('does not put out whose HPKE key another member copied and posted first', async () => {
    const [first, second] = whole.log as Extract<CeremonyMessage, { kind: 'keys' }>[];
    const copied = { ...second!, keys: new Map(second!.keys).set(1, first!.keys.get(3)!) };
    const state = [copied, first!].reduce(generation.advance, generation.start(parameters));
    expect(state.end).toBeUndefined();
    expect(generation.silent(state)).toEqual([3, 4, 5]);
  });

  it('puts out whose commitments are replayed from another attempt', () => {
    const replayed = dealAll(attempt('earlier', 5, 3)).all[0]!;
    const state = generation.advance(stateAt(whole.log, 'commitments'), {
      kind: 'commitments',
      member: 1,
      points: replayed.points,
      proof: replayed.proof,
    });
    expect(state.end).toEqual({ reason: 'bad-commitments', culprits: [1] });
  });

  it("a bad share leads to a complaint that reveals one key, convicts the dealer, and opens nobody else's share", async () => {
    const junk = await hpke.generateKey();
    const wrong = await run([], (post) => {
      if (post.kind !== 'shares' || post.member !== 4) return post;
      return { ...post, sealed: new Map(post.sealed).set(2, post.sealed.get(3)!) };
    });
    expect(wrong.state.end).toEqual({ reason: 'verdict', culprits: [4] });
    expect(wrong.state.verdicts.size).toBe(3); // only t members are asked for a verdict
    const [complaint] = wrong.state.complaints.get(2)!;
    expect(complaint!.dealer).toBe(4);
    expect(await judge(generation.evidenceOf(wrong.state, 2, complaint!)!)).toBe('dealer');
    for (const dealer of [1, 3, 5])
      await expect(
        hpke.open(
          complaint!.revealed,
          shareContext(parameters.attemptId, dealer, 2),
          wrong.state.shares.get(dealer)!.get(2)!,
        ),
      ).rejects.toMatchObject({ code: 'not-openable' });
    expect(await judge(generation.evidenceOf(wrong.state, 2, { dealer: 4, revealed: junk.privateKey })!)).toBe(
      'accuser',
    );
    expect(generation.evidenceOf(wrong.state, 2, { dealer: 2, revealed: junk.privateKey })).toBeNull();
    expect(generation.evidenceOf(wrong.state, 2, { dealer: 6, revealed: junk.privateKey })).toBeNull();
  });

  it('a share that opens but is off the commitments convicts the dealer too', async () => {
    const off = await run([], (post) => post);
    const shares = stateAt(off.log, 'shares');
    const key = shares.keys.get(2)!.get(4)!;
    const sealed = await hpke.seal(key, shareContext(parameters.attemptId, 4, 2), sha256(Uint8Array.of(9)));
    const wrong = await run([], (post) =>
      post.kind === 'shares' && post.member === 4 ? { ...post, sealed: new Map(post.sealed).set(2, sealed) } : post,
    );
    expect(await generation.verdict(wrong.state)).toEqual({ dealers: [4], receivers: [] });
  });

  it('posts nothing that rests on another seed than its keys did', async () => {
    const posts = whole.log.filter((event) => event.kind === 'keys');
    const state = { ...stateAt(whole.log, 'shares'), keys: new Map(stateAt(whole.log, 'shares').keys) };
    state.keys.set(2, (posts[2] as Extract<CeremonyMessage, { kind: 'keys' }>).keys);
    await expect(generation.due(state, 2, seedOf(2))).rejects.toMatchObject({ code: 'bad-seed' });
    const complaining = { ...stateAt(whole.log, 'complaints'), keys: state.keys };
    await expect(generation.due(complaining, 2, seedOf(2))).rejects.toMatchObject({ code: 'bad-seed' });
    await expect(generation.due(stateAt(whole.log, 'shares'), 2, seedOf(3))).rejects.toMatchObject({
      code: 'bad-seed',
    });
  });

  it('a false accuser is convicted, whatever it accuses of', async () => {
    const { privateKey } = await shareKey(parameters.attemptId, 4, 2, seedOf(2));
    for (const complaint of [
      { dealer: 4, revealed: privateKey },
      { dealer: 4, revealed: new Uint8Array(32) },
      { dealer: 2, revealed: privateKey },
    ]) {
      const accused = await run([], (post) =>
        post.kind === 'complaints' && post.member === 2 ? { ...post, complaints: [complaint] } : post,
      );
      expect(accused.state.end).toEqual({ reason: 'verdict', culprits: [2] });
    }
  });

  it('without t verdicts alike by the deadline, or ever, both sides leave', async () => {
    const bad = (post: CeremonyMessage): CeremonyMessage =>
      post.kind === 'shares' && post.member === 4
        ? { ...post, sealed: new Map(post.sealed).set(2, post.sealed.get(3)!) }
        : post;
    const judged = await run([], bad);
    const verdicts = judged.log.filter((event) => event.kind === 'verdict');
    const before = [...judged.log.filter((event) => event.kind !== 'verdict'), ...verdicts.slice(0, 2)].reduce(
      generation.advance,
      generation.start(parameters),
    );
    expect(before.phase).toBe('verdict');
    const both = { reason: 'complaints', culprits: [2, 4] };
    expect(generation.advance(before, { kind: 'deadline', phase: 'verdict' }).end).toEqual(both);
    const split = await run([], (post) =>
      post.kind === 'verdict' && post.member < 4 ? { ...post, dealers: [5], receivers: [post.member] } : bad(post),
    );
    expect(split.state.end).toEqual(both);
  });

  it('a sealed share of another length ends the attempt at once', async () => {
    const long = await run([], (post) =>
      post.kind === 'shares' && post.member === 4
        ? { ...post, sealed: new Map(post.sealed).set(2, new Uint8Array(114)) }
        : post,
    );
    expect(long.state.end).toEqual({ reason: 'bad-shares', culprits: [4] });
  });

  it('names who finishes another history', () => {
    const state = whole.log
      .map((event) =>
        event.kind === 'finish' && event.member === 3 ? { ...event, transcript: new Uint8Array(32) } : event,
      )
      .reduce(generation.advance, generation.start(parameters));
    expect(state.end).toEqual({ reason: 'split-finish', culprits: [3] });
  });

  it('reaches the same end in whatever order the posts of one phase come, and ignores posts out of phase', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 25, maxLength: 25 }), (keys) => {
        const byPhase = ['keys', 'commitments', 'shares', 'complaints', 'finish'].flatMap((phase) =>
          whole.log
            .filter((event) => event.kind === phase)
            .map((event, i) => ({ event, key: keys[i]! }))
            .sort((a, b) => a.key - b.key)
            .map(({ event }) => event),
        );
        const early = whole.log.filter((event) => event.kind === 'finish');
        const state = [...early, ...byPhase].reduce(generation.advance, generation.start(parameters));
        expect(state.phase).toBe('done');
        expect(generation.generatedGroup(state)).toEqual(generation.generatedGroup(whole.state));
      }),
      { numRuns: 5 },
    );
  });
});

import { fromHex, to0x } from '@cpds/crypto/bytes';
import { compressed, parsePoint } from '@cpds/crypto/curve';
import * as generation from '@cpds/crypto/generation';
import type { KeyShare } from '@cpds/crypto/group';
import { StoremanRegistry, pointWords, type Hex, type PointStruct } from '@cpds/contracts';
import type { JsonRpcProvider } from 'ethers';
import { DeployAccount } from '../account.js';

/**
 * All members of one attempt in one process, posting what libs/crypto says is due: for tests of contracts and
 * deployment, which need no five real storemen. Never part of a consortium: it holds every share.
 */
export async function drillCeremony(
  hub: JsonRpcProvider,
  storemanRegistry: string,
  attemptId: Hex,
  gasKeys: readonly string[],
  threshold: number,
): Promise<KeyShare[]> {
  const accounts = gasKeys.map((key) => new DeployAccount(hub, key));
  const n = accounts.length;
  const send = (member: number, what: string, data: string) =>
    accounts[member - 1]!.send({ what: `${what} of member ${member}`, to: storemanRegistry, data });
  const members = accounts.map((_, i) => i + 1);
  await Promise.all(members.map((member) => send(member, 'signature', StoremanRegistry.calldata.sign(attemptId))));

  let state: generation.State = generation.start({ attemptId: fromHex(attemptId, 'attemptId', 32), n, threshold });
  const seeds = accounts.map((_, i) => new Uint8Array(32).fill(i + 1));
  const shares: KeyShare[] = [];
  while (state.phase !== 'done' && state.phase !== 'ended') {
    const before = state;
    const posts = await Promise.all(members.map((member) => generation.due(before, member, seeds[member - 1]!)));
    await Promise.all(
      posts.map(async (post, i) => {
        if (post === null) throw new Error(`member ${i + 1} has nothing to post in ${before.phase}`);
        await send(i + 1, post.kind, postData(attemptId, post, n));
        if (post.kind === 'finish') shares.push(post.share);
      }),
    );
    state = posts.reduce((folded, post) => generation.advance(folded, post!), before);
  }
  return shares.sort((a, b) => a.index - b.index);
}

/** A post as calldata: one entry per member, the poster's own empty. */
function postData(attemptId: Hex, post: generation.DuePost, n: number): Hex {
  const calldata = StoremanRegistry.calldata;
  const list = (entries: ReadonlyMap<number, Uint8Array>) =>
    Array.from({ length: n }, (_, i) => (entries.has(i + 1) ? to0x(entries.get(i + 1)!) : '0x'));
  switch (post.kind) {
    case 'keys':
      return calldata.keys(attemptId, list(post.keys));
    case 'commitments':
      return calldata.commitments(attemptId, post.points.map(words), to0x(post.proof));
    case 'shares':
      return calldata.shares(attemptId, list(post.sealed));
    case 'complaints':
      return calldata.complaints(
        attemptId,
        post.complaints.map(({ dealer }) => BigInt(dealer)),
        post.complaints.map(({ revealed }) => to0x(revealed)),
      );
    case 'verdict':
      throw new Error('members of a drill complain of nobody');
    case 'finish': {
      const { publicKey, verificationShares } = post.group;
      const memberKeys = Array.from({ length: n }, (_, i) => words(verificationShares.get(i + 1)!));
      return calldata.finish(attemptId, words(publicKey), memberKeys, to0x(post.transcript));
    }
  }
}

function words(point: Uint8Array): PointStruct {
  return pointWords(to0x(compressed(parsePoint(point, 'point'))), 'point');
}

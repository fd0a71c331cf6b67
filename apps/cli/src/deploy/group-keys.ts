import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '@cpds/errors';
import { StoremanRegistry, compressWords, type GroupStruct, type Hex } from '@cpds/contracts';
import type { JsonRpcProvider } from 'ethers';
import { connect } from './account.js';
import { groupFault } from './group-fault.js';
import { Owners } from './owners.js';

/** The two ceremonies of a group. */
export interface GroupKeysSpec {
  readonly hubRpcUrl: string;
  readonly storemanRegistry: string;
  /** Any owner proposes; the first is taken. */
  readonly ownerKeys: readonly string[];
  /** Gas accounts of the storemen in the order that gives them their identifiers. */
  readonly roster: readonly string[];
  readonly threshold: number;
  readonly nMin: number;
  /** Seconds a phase may last at most. */
  readonly phaseSeconds: number;
  /** Blocks that the hub needs until a block is final. */
  readonly depth: number;
  readonly report?: (line: string) => void;
}

/** A group's key as the hub records it. */
export interface GroupKey {
  readonly keyId: Hex;
  /** Compressed. */
  readonly publicKey: Hex;
  readonly x: bigint;
  readonly y: bigint;
  readonly t: number;
  readonly n: number;
  readonly epoch: number;
}

export interface GroupKeys {
  readonly sign: GroupKey;
  readonly seal: GroupKey;
}

const purposes = ['Sign', 'Seal'] as const;
type Purpose = (typeof purposes)[number];

/**
 * Proposes the attempts that are missing, for purposes that have neither a key nor an attempt under way. Returns the
 * ids of the attempts that are under way.
 */
export async function proposeGroupKeys(spec: GroupKeysSpec): Promise<Partial<Record<Purpose, Hex>>> {
  const hub = await connect(spec.hubRpcUrl);
  try {
    return await proposeMissing(spec, hub);
  } finally {
    hub.destroy();
  }
}

async function proposeMissing(spec: GroupKeysSpec, hub: JsonRpcProvider): Promise<Partial<Record<Purpose, Hex>>> {
  const registry = new StoremanRegistry(spec.storemanRegistry, hub);
  const underWay: Partial<Record<Purpose, Hex>> = {};
  for (const purpose of purposes) {
    if (BigInt(await registry.currentKeyId(purpose)) !== 0n) continue;
    const open = await openAttempt(registry, purpose);
    if (open === undefined) {
      const { threshold, nMin, phaseSeconds, roster } = spec;
      const data = StoremanRegistry.calldata.propose(purpose, [...roster], threshold, nMin, phaseSeconds);
      const owner = new Owners(hub, spec.ownerKeys, 1).one;
      await owner.send({ what: `propose the ${purpose} key`, to: spec.storemanRegistry, data });
      spec.report?.(`group keys: proposed the ${purpose.toLowerCase()} key`);
    }
    const id = open ?? (await openAttempt(registry, purpose));
    if (id !== undefined) underWay[purpose] = id;
  }
  return underWay;
}

/** The last attempt for a purpose, if it is neither finished nor failed. */
async function openAttempt(registry: StoremanRegistry, purpose: Purpose): Promise<Hex | undefined> {
  for (let counter = await registry.attempts(); counter > 0n; counter--) {
    const id = (await registry.attemptIdOf(counter)) as Hex;
    if ((await registry.attemptOf(id)).purpose !== purpose) continue;
    const phase = await registry.phaseOf(id);
    return phase === 'Finished' || phase === 'Failed' ? undefined : id;
  }
  return undefined;
}

/**
 * Waits until both keys are recorded in a final block. An attempt that fails is proposed again with a new id, at most
 * n - nMin + 1 times in all; each change of phase is reported.
 *
 * @throws AppError `ceremony-failed` names the phase and the silent members, `ceremony-timeout`, `group-foreign` when a key on
 *   the hub belongs to other members than the spec's or needs another number of them
 */
export async function makeGroupKeys(spec: GroupKeysSpec, timeoutMs = 300_000, pollMs = 250): Promise<GroupKeys> {
  const hub = await connect(spec.hubRpcUrl);
  const registry = new StoremanRegistry(spec.storemanRegistry, hub);
  const until = Date.now() + timeoutMs;
  const seen = new Map<Purpose, string>();
  let failuresLeft = 2 * (spec.roster.length - spec.nMin + 1);
  try {
    let open = await proposeMissing(spec, hub);
    for (;;) {
      const [sign, seal] = await Promise.all(purposes.map((purpose) => finalKey(registry, hub, purpose, spec)));
      if (sign !== undefined && seal !== undefined) return { sign, seal };
      for (const purpose of purposes) {
        const id = open[purpose];
        if (id === undefined) continue;
        const phase = await registry.phaseOf(id);
        if (seen.get(purpose) !== phase) spec.report?.(`group keys: ${purpose.toLowerCase()} key, phase ${phase}`);
        seen.set(purpose, phase);
        if (phase !== 'Failed') continue;
        if (--failuresLeft <= 0) throw await failure(registry, purpose, id);
        open = await proposeMissing(spec, hub);
      }
      if (Date.now() > until)
        throw new AppError(
          'ceremony-timeout',
          'unavailable',
          `the group keys are not made after ${timeoutMs} ms: ${[...seen].map((entry) => entry.join(' ')).join(', ')}`,
        );
      await pause(pollMs);
    }
  } finally {
    hub.destroy();
  }
}

async function failure(registry: StoremanRegistry, purpose: Purpose, id: Hex): Promise<AppError> {
  const { phase, posted, roster } = await registry.attemptOf(id);
  const silent = roster.map((_, i) => i + 1).filter((member) => ((posted >> BigInt(member - 1)) & 1n) === 0n);
  const who = phase === 'Failed' ? 'a complaint or a split finish' : `silent members ${silent.join(', ')} in ${phase}`;
  return new AppError('ceremony-failed', 'unavailable', `no ${purpose.toLowerCase()} key: ${who}`);
}

async function finalKey(
  registry: StoremanRegistry,
  hub: JsonRpcProvider,
  purpose: Purpose,
  spec: GroupKeysSpec,
): Promise<GroupKey | undefined> {
  const keyId = (await registry.currentKeyId(purpose)) as Hex;
  if (BigInt(keyId) === 0n) return undefined;
  const group = await registry.groupOf(keyId);
  const fault = groupFault(group, spec);
  if (fault !== null)
    throw new AppError(
      'group-foreign',
      'conflict',
      `the ${purpose.toLowerCase()} key ${keyId} is not this group's: ${fault}`,
    );
  const head = await hub.getBlockNumber();
  return BigInt(head) >= group.activatedBlock + BigInt(spec.depth) ? groupKey(keyId, group) : undefined;
}

function groupKey(keyId: Hex, { key, t, epoch, memberAccounts }: GroupStruct): GroupKey {
  const publicKey = compressWords(key);
  return { keyId, publicKey, x: key.x, y: key.y, t: Number(t), n: memberAccounts.length, epoch: Number(epoch) };
}

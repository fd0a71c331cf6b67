import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Consortium, hospitals, participants, withProgress, type ConsortiumSpec, type Report } from '@cpds/local';
import { AppError } from '@cpds/errors';
import type { ConsortiumAddresses } from './addresses.js';
import { AuditClient, hubOperatorTokens, openBackend } from './backend.js';
import { ConsortiumContracts } from './contracts.js';
import { environmentOf } from './environment.js';
import type { JobStep } from './job-step.js';
import type { World } from './world.js';

/** A launched consortium: the world, what its start took, and the way to start a stopped process again. */
export interface Launched {
  readonly world: World;
  readonly steps: readonly JobStep[];
  readonly restart: (names: readonly string[]) => Promise<void>;
}

/** How long all processes together may take to be ready: a busy machine with two cores needs a minute. */
const readyWithinMs = 240_000;

/**
 * Puts up the whole consortium in the order of wire.md: servers, contracts of the hub and the hospitals, all processes,
 * key generation by the storemen, the contracts that hold the key. A second launch in the same folder finds contracts
 * and keys there and only starts servers and processes.
 *
 * @throws whatever a step threw, after everything that had started is stopped
 */
export async function launch(spec: ConsortiumSpec): Promise<Launched> {
  const { report } = spec;
  const steps: JobStep[] = [];
  const step = async <T>(what: string, who: string, work: () => Promise<T>): Promise<T> => {
    const start = Date.now();
    const value = await withProgress(what, report, work);
    steps.push({ what, who, ms: Date.now() - start });
    return value;
  };

  const consortium = await step('starting servers', 'launcher', () => Consortium.start(spec));
  try {
    mkdirSync(join(consortium.dir, 'tmp'), { recursive: true, mode: 0o700 });
    const contracts = new ConsortiumContracts(consortium, report);
    const hub = await step('deploying and registering contracts', 'owners of the consortium', async () => {
      const deployed = await contracts.hub();
      for (const hospital of hospitals) await contracts.hospital(hospital, deployed.chainRegistry);
      return deployed;
    });
    const extra = await environmentOf(consortium, hub);
    const names = participants.map(({ name }) => name);
    const starting = step('starting processes', 'launcher', () =>
      consortium.startProcesses(names, extra, readyWithinMs),
    );
    // Key generation runs beside the start, since some processes are ready only when the group's contracts are
    // registered. A process that ends early ends the launch.
    const finished = step('generating both keys over the hub chain', 'storemen', async () => {
      const keys = await contracts.groupKeys(hub.storemanRegistry);
      const north = await contracts.finish('north', hub.chainRegistry, keys);
      const south = await contracts.finish('south', hub.chainRegistry, keys);
      return { keys, north, south };
    });
    const [{ keys, north, south }] = await Promise.all([finished, starting]);
    const world = await worldOf(consortium, { hub, north, south, keys }, report);
    return { world, steps, restart: (some) => consortium.startProcesses(some, extra, readyWithinMs) };
  } catch (thrown) {
    await consortium.stop();
    throw thrown;
  }
}

/** The world of a consortium that another command launched in this folder. @throws AppError `not-running` */
export async function attach(dir: string, report: Report): Promise<World> {
  const consortium = await Consortium.attach(dir, report);
  if (consortium === null)
    throw new AppError('not-running', 'conflict', 'no consortium runs in this folder: start it with `cpds up`');
  const contracts = new ConsortiumContracts(consortium, () => undefined);
  const hub = await contracts.hub();
  const keys = await contracts.groupKeys(hub.storemanRegistry);
  const north = await contracts.finish('north', hub.chainRegistry, keys);
  const south = await contracts.finish('south', hub.chainRegistry, keys);
  return worldOf(consortium, { hub, north, south, keys }, report);
}

async function worldOf(consortium: Consortium, addresses: ConsortiumAddresses, report: Report): Promise<World> {
  const north = await openBackend(consortium, 'north');
  const south = await openBackend(consortium, 'south');
  const auditor = { north: north.auditor, south: south.auditor, hub: hubOperatorTokens(consortium) };
  const auditOf = async (party: keyof typeof auditor) =>
    new AuditClient(await consortium.urlOf(`audit.${party}`), auditor[party]);
  return {
    consortium,
    addresses,
    backends: { north, south },
    audits: { north: await auditOf('north'), south: await auditOf('south'), hub: await auditOf('hub') },
    report,
  };
}

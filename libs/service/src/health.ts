import { toAppError, unavailable } from '@cpds/errors';

/** Something that this process needs, or that an operator must hear of. `probe` throws while it is not as it should be. */
export interface Probe {
  name: string;
  probe: () => Promise<void>;
  /**
   * What a failure means: `unready`, callers are better served by another process, or by none; `alarm`, this process serves
   * as before and somebody must look. Default `unready`.
   */
  failing?: 'unready' | 'alarm';
}

/** What a probe found. */
export type CheckState = 'up' | 'down' | 'alarm';

export interface Readiness {
  isReady: boolean;
  checks: Record<string, CheckState>;
  /** why, for each check that is not up: the code of `docs/errors.md`, and a text without secrets */
  reasons: Record<string, { code: string; message: string }>;
}

/** How long a probe may take, milliseconds. */
const probeTimeoutMs = 2_000;

/** Asks all probes at once. A probe that is slow or throws is down, or an alarm. */
export async function readinessOf(probes: readonly Probe[]): Promise<Readiness> {
  const readiness: Readiness = { isReady: true, checks: {}, reasons: {} };
  const found = await Promise.all(probes.map(async (one) => ({ ...one, fault: await faultOf(one) })));
  for (const { name, failing = 'unready', fault } of found) {
    readiness.checks[name] = fault === null ? 'up' : failing === 'alarm' ? 'alarm' : 'down';
    if (fault === null) continue;
    readiness.reasons[name] = fault;
    if (failing === 'unready') readiness.isReady = false;
  }
  return readiness;
}

async function faultOf({ probe }: Probe): Promise<{ code: string; message: string } | null> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    const slow = unavailable('check-slow', `no answer within ${probeTimeoutMs / 1_000} s`);
    timer = setTimeout(() => reject(slow), probeTimeoutMs);
  });
  try {
    await Promise.race([probe(), deadline]);
    return null;
  } catch (error) {
    const { code, message } = toAppError(error);
    return { code, message };
  } finally {
    clearTimeout(timer);
  }
}

/** Where a process is in its life, as it says itself. */
export type Phase = 'starting' | 'serving' | 'stopping';

/** What a process says of itself: not ready while it starts or stops, and between them what its probes say. */
export class Health {
  private now: Phase = 'starting';
  private probes: () => readonly Probe[] = () => [];
  private asking: Promise<Readiness> | undefined;

  get phase(): Phase {
    return this.now;
  }

  /** The doors are open: from now on `probes` say whether this process is ready. */
  serve(probes: () => readonly Probe[]): void {
    this.probes = probes;
    this.now = 'serving';
  }

  /** Makes the process unready for good. */
  stop(): void {
    this.now = 'stopping';
  }

  /** Asks the probes; whoever asks meanwhile gets the same answer, so that many questions cost no more than one. */
  async readiness(): Promise<Readiness> {
    if (this.now === 'starting') return { isReady: false, checks: {}, reasons: {} };
    this.asking ??= readinessOf(this.probes()).finally(() => (this.asking = undefined));
    const readiness = await this.asking;
    return { ...readiness, isReady: readiness.isReady && this.phase === 'serving' };
  }
}

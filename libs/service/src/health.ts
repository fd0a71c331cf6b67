/** Something that this process needs to do its work. `probe` throws while it does not answer. */
export interface Probe {
  name: string;
  probe: () => Promise<void>;
}

export interface Readiness {
  isReady: boolean;
  checks: Record<string, 'up' | 'down'>;
}

/** How long a probe may take, milliseconds. */
const probeTimeoutMs = 2_000;

/** Asks all probes at once. A probe that is slow or throws is down. */
export async function readinessOf(probes: readonly Probe[]): Promise<Readiness> {
  const states = await Promise.all(
    probes.map(async ({ name, probe }) => {
      const deadline = new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error('slow')), probeTimeoutMs).unref();
      });
      return Promise.race([probe(), deadline]).then(
        () => [name, 'up'] as const,
        () => [name, 'down'] as const,
      );
    }),
  );
  return { isReady: states.every(([, state]) => state === 'up'), checks: Object.fromEntries(states) };
}

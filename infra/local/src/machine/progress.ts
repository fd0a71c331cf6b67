/** Receives what a long step waits for: one line per call, no newline in it. */
export type Report = (line: string) => void;

/** Lines on standard error, so that standard output stays what the caller asked for. */
export const reportToStderr: Report = (line) => {
  process.stderr.write(`${line}\n`);
};

/** Runs `work`; after two seconds says what is being waited for, again every ten, and at the end how long it took. Quick work says nothing. */
export async function withProgress<T>(label: string, report: Report, work: () => Promise<T>): Promise<T> {
  const start = Date.now();
  const seconds = () => Math.round((Date.now() - start) / 1000);
  let spoken = false;
  const speak = () => {
    spoken = true;
    report(`${label} ... ${seconds()} s`);
  };
  let interval: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    speak();
    interval = setInterval(speak, 10_000);
  }, 2_000);
  try {
    const value = await work();
    if (spoken) report(`${label}: done in ${seconds()} s`);
    return value;
  } finally {
    clearTimeout(first);
    clearInterval(interval);
  }
}

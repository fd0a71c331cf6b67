/** Order and times of asking. */
export interface Asking {
  /** so many are asked at once */
  atOnce: number;
  /** place of the first of them; let each grant begin elsewhere, so that the work is spread */
  from: number;
  /** the others are asked this much later at the latest, milliseconds */
  othersAfterMs: number;
  isEnough: () => boolean;
}

/**
 * Asks members until it is enough or all have answered: some at once, the others as soon as one of those does not help,
 * or a while later. t answers are enough for anything a group does, and every further one costs a storeman its work.
 *
 * @param ask asks a member and resolves to whether it helped; a rejection ends the asking and is passed on
 */
export function askEnough<Member>(
  members: readonly Member[],
  { atOnce, from, othersAfterMs, isEnough }: Asking,
  ask: (member: Member) => Promise<boolean>,
): Promise<void> {
  const left = [...members.slice(from), ...members.slice(0, from)];
  return new Promise((resolve, reject) => {
    let open = left.length;
    const done = (end: () => void): void => {
      clearTimeout(timer);
      left.length = 0;
      end();
    };
    const take = (some: Member[]): void => {
      for (const member of some)
        ask(member).then(
          (helps) => {
            open--;
            if (isEnough() || open === 0) done(resolve);
            else if (!helps) take(left.splice(0));
          },
          (cause: unknown) => done(() => reject(cause instanceof Error ? cause : new Error(String(cause)))),
        );
    };
    const timer = setTimeout(() => take(left.splice(0)), othersAfterMs);
    if (open === 0) done(resolve);
    take(left.splice(0, othersAfterMs === 0 ? members.length : atOnce));
  });
}

/** The same place for the same grant, evenly spread over all. */
export function placeOf(grantId: string, count: number): number {
  return Number(BigInt(grantId) % BigInt(count));
}

/** One value of a figure, in Prometheus' text format (0.0.4). */
export interface Seen {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The values in an answer of `/metrics`; lines of another form are left out. */
export function parseFigures(text: string): Seen[] {
  return text.split('\n').flatMap((line) => {
    const [, name, inBraces = '', value] = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (name === undefined) return [];
    const labels = Object.fromEntries([...inBraces.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, word]) => [key, word]));
    return [{ name, labels, value: Number(value) }];
  });
}

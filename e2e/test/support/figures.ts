/** What Prometheus reads of a process (text format 0.0.4). */

/** One figure, in all processes that have it. */
export interface Figure {
  readonly help: string;
  readonly labels: Set<string>;
  /** `<service>`, or `bridge (<role>)` */
  readonly services: Set<string>;
}

/** Labels that every figure of ours has, and those that the text format itself makes. */
const everywhere = ['service', 'party', 'le'];

const isOurs = (name: string): boolean => name.startsWith('cpds_');

/** Adds the figures of one process, named as the launcher names it, to `figures`. */
export function figuresOf(process: string, text: string, figures: Map<string, Figure>): void {
  const help = new Map<string, string>();
  let last = '';
  for (const line of text.split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') help.set(name, rest);
    if (kind === 'TYPE' && isOurs(name)) {
      last = name;
      const figure = figures.get(name) ?? { help: help.get(name) ?? '', labels: new Set(), services: new Set() };
      figure.services.add(serviceOf(process));
      figures.set(name, figure);
    }
    if (line.startsWith(last) && last !== '' && !line.startsWith('#'))
      for (const [, label = ''] of line.matchAll(/[{,]([a-z_]+)="/g))
        if (!everywhere.includes(label)) figures.get(last)?.labels.add(label);
  }
}

/** `storeman-3` and `voucher-1` are bridges; `records.north` is records. */
function serviceOf(process: string): string {
  const [name = ''] = process.split(/[.-]/);
  if (name === 'storeman' || name === 'voucher') return `bridge (${name})`;
  return name === 'bridge' ? 'bridge (hospital)' : name;
}

/** The values of all labels but buckets. */
export function labelsOf(text: string): string[] {
  return [...text.matchAll(/[{,]([a-z_]+)="([^"]*)"/g)].flatMap(([, name, value = '']) =>
    name === 'le' ? [] : [value],
  );
}

/** A line of the page of figures: which labels are possible, beside what is fixed. */
export interface Listed {
  readonly labels: ReadonlySet<string>;
  /** the processes that have it, and what it says */
  readonly rest: string;
}

/** The figures of the page by name: a heading names the processes, a table below it has figure, labels, what it says. */
export function listedIn(page: string): Map<string, Listed> {
  const listed = new Map<string, Listed>();
  let processes = '';
  for (const line of page.split('\n')) {
    if (line.startsWith('## ')) processes = line.slice(3).toLowerCase();
    if (!line.startsWith('| `')) continue;
    const [, name = '', labels = '', says = ''] = line.split('|').map((cell) => cell.trim());
    listed.set(name.replaceAll('`', ''), {
      labels: new Set([...labels.matchAll(/`([a-z_]+)`/g)].map(([, label = '']) => label)),
      rest: `${processes}: ${says}`,
    });
  }
  return listed;
}

/** The same of figures that were seen. */
export function listedOf(figures: ReadonlyMap<string, Figure>): Map<string, Listed> {
  const roles = ['hospital', 'storeman', 'voucher'].map((role) => `bridge (${role})`).join(', ');
  return new Map(
    [...figures].map(([name, { help, labels, services }]) => {
      const processes = [...services].sort().join(', ').replace(roles, 'bridge');
      const isEverywhere = processes === 'audit, bridge, identity, records';
      return [name, { labels, rest: `${isEverywhere ? 'every process' : processes}: ${help}` }];
    }),
  );
}

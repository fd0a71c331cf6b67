import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../docs/sources.js';
import { arrowsOf } from './arrows.js';
import { type Manifest, objectsIn, rendered } from './overlays.js';
import { planted } from './planting.js';

/** What the policies let through is what docs/ARCHITECTURE.md draws ("Who connects to whom"), no arrow more and none less. */

/** Folders of overlays, by the party that runs there. */
const places = {
  hospital: ['hospital-example'],
  operator: ['operator-example', 'consortium-example/voucher'],
  hub: ['consortium-example/hub'],
} as const;

type Party = keyof typeof places;

/** The arrows that a party's rows of the table draw. */
function drawn(party: Party): string[] {
  const page = readFileSync(join(root, 'docs/ARCHITECTURE.md'), 'utf8');
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const words = (cell = ''): string[] => cell.split(', ');
  const arrows = rows
    .filter((cells) => cells.length === 7 && cells[1] === party)
    .flatMap(([, , from, to, ports]) =>
      words(from).flatMap((source) =>
        words(to).flatMap((target) => words(ports).map((port) => `${source} -> ${target}:${port}`)),
      ),
    );
  return [...new Set(arrows)].sort();
}

/** Names of what is outside of an overlay: its networks, the labels of other namespaces, the API server's address. */
function outsideOf(folder: string): (peer: string) => string {
  const [networks] = objectsIn(readFileSync(join(root, `infra/k8s/overlays/${folder}/networks.yaml`), 'utf8'));
  const names = new Map(
    Object.entries((networks?.['data'] ?? {}) as Record<string, string>).map(([name, cidr]) => [
      cidr,
      `${name.toLowerCase()} outside`,
    ]),
  );
  const others: Record<string, string> = {
    'cpds.dev/doors=true': 'doors',
    'cpds.dev/monitoring=true': 'monitoring',
    'kubernetes.io/metadata.name=kube-system': 'names',
    'kubernetes.io/metadata.name=cnpg-system': 'operator of postgres',
    '203.0.113.10/32': 'API server',
  };
  return (peer) => names.get(peer) ?? others[peer] ?? peer;
}

/** Arrows of the machinery, which are the same for every party. */
const machinery = [
  /^\S+ -> names:53$/,
  /^monitoring -> (process|identity|records|bridge|audit):9090$/,
  /^monitoring -> (postgres:9187|chain:9545)$/,
  /^operator of postgres -> postgres:(5432|8000)$/,
  /^postgres -> (postgres:(5432|8000)|API server:(443|6443))$/,
  /^collector -> ((identity|records|bridge|audit):9090|telemetry outside:(443|4318))$/,
  /^(identity|records|bridge|audit) -> collector:(4317|4318)$/,
];

/** The arrows of the work; an operator's one process is called so, whichever role it has. */
function ofTheWork(folder: string, objects: readonly Manifest[]): string[] {
  const arrows = arrowsOf(objects, outsideOf(folder)).map((arrow) =>
    arrow.replace(/\b(storeman|voucher)\b/, 'process'),
  );
  return arrows.filter((arrow) => !machinery.some((pattern) => pattern.test(arrow)));
}

const parties = Object.keys(places) as Party[];
const all: ReadonlyMap<string, readonly Manifest[]> = new Map(
  await Promise.all(
    Object.values(places)
      .flat()
      .map(async (folder) => [folder, await rendered(`overlays/${folder}`)] as const),
  ),
);
const arrowsIn = (folder: string): string[] => ofTheWork(folder, all.get(folder) ?? []);

describe('the arrows', () => {
  it.each(parties)('of a %s are those that the page draws', (party) => {
    const passing = [...new Set(places[party].flatMap(arrowsIn))].sort();
    expect(passing.length).toBeGreaterThan(5);
    expect(passing).toEqual(drawn(party));
  });

  it('of the machinery are there', () => {
    const arrows = [...all].flatMap(([folder, objects]) => arrowsOf(objects, outsideOf(folder)));
    for (const pattern of machinery)
      expect(arrows.some((arrow) => pattern.test(arrow.replace(/\b(storeman|voucher)\b/, 'process')))).toBe(true);
  });

  const hospital = all.get('hospital-example') ?? [];
  const rule = {
    to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'audit' } } }],
    ports: [{ port: 8080 }],
  };
  const from = {
    from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'records' } } }],
    ports: [{ port: 8080 }],
  };

  it('would be noticed with one more, once both ends allow it', () => {
    const before = arrowsIn('hospital-example');
    const oneEnd = planted(hospital, {
      object: 'NetworkPolicy records-to-objects',
      path: 'spec.egress.1',
      value: rule,
    });
    expect(ofTheWork('hospital-example', oneEnd)).toEqual(before);
    const bothEnds = planted(oneEnd, { object: 'NetworkPolicy from-doors', path: 'spec.ingress.1', value: from });
    expect(ofTheWork('hospital-example', bothEnds).filter((arrow) => !before.includes(arrow))).toContain(
      'records -> audit:8080',
    );
  });

  it('would be noticed with one less', () => {
    const planting = { object: 'NetworkPolicy identity', path: 'spec.ingress', value: [] };
    const after = ofTheWork('hospital-example', planted(hospital, planting));
    expect(arrowsIn('hospital-example').filter((arrow) => !after.includes(arrow))).toEqual(
      ['audit', 'bridge', 'records'].map((name) => `${name} -> identity:8080`),
    );
  });
});

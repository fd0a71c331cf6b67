import type { Manifest } from './overlays.js';

/** What connects to what, e.g. `records -> identity:8080`: pods by their names, what is outside by the name that `outside` has for it. */
export type Arrow = string;

type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string };
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: number }[];
}
interface Policy {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}
interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly ports: readonly number[];
}
type Direction = 'ingress' | 'egress';

/** Where peers are that no pod of the objects is: a network, or the labels of a namespace, by the name of what is there. */
export type Outside = (peer: string) => string;

/** Every connection that the policies of these objects let through, seen from both of its ends. */
export function arrowsOf(objects: readonly Manifest[], outside: Outside): Arrow[] {
  const pods = objects.flatMap(podOf);
  const namespaces = new Map(
    objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
  );
  const rulesOf = (pod: Pod, direction: Direction): Rule[] =>
    objects
      .filter(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.namespace === pod.namespace)
      .map(({ spec }) => spec as Policy)
      .filter(({ podSelector }) => matches(podSelector, pod.labels))
      .flatMap((policy) => policy[direction] ?? []);
  const isPeer = (peer: Peer, of: Pod, other: Pod): boolean => {
    if (peer.ipBlock !== undefined) return false;
    const isThere =
      peer.namespaceSelector === undefined
        ? other.namespace === of.namespace
        : matches(peer.namespaceSelector, namespaces.get(other.namespace) ?? {});
    return isThere && matches(peer.podSelector ?? {}, other.labels);
  };
  const allows = (rules: readonly Rule[], of: Pod, other: Pod, port: number): boolean =>
    rules.some(
      ({ from = [], to = [], ports = [] }) =>
        ports.some((one) => one.port === port) && [...from, ...to].some((peer) => isPeer(peer, of, other)),
    );
  const inside = pods.flatMap((source) =>
    pods.flatMap((target) =>
      target.ports
        .filter((port) => allows(rulesOf(source, 'egress'), source, target, port))
        .filter((port) => allows(rulesOf(target, 'ingress'), target, source, port))
        .map((port) => `${source.name} -> ${target.name}:${port}`),
    ),
  );
  // Whatever no pod here answers to is outside.
  const across = pods.flatMap((pod) =>
    (['egress', 'ingress'] as const).flatMap((direction) =>
      rulesOf(pod, direction).flatMap(({ from = [], to = [], ports = [] }) =>
        [...from, ...to]
          .filter((peer) => !pods.some((other) => isPeer(peer, pod, other)))
          .flatMap((peer) =>
            ports.map(({ port }) =>
              direction === 'egress'
                ? `${pod.name} -> ${outside(nameOf(peer))}:${port}`
                : `${outside(nameOf(peer))} -> ${pod.name}:${port}`,
            ),
          ),
      ),
    ),
  );
  return [...new Set([...inside, ...across])].sort();
}

/** A network, or a namespace by the label that is asked for. */
function nameOf({ ipBlock, namespaceSelector, podSelector }: Peer): string {
  if (ipBlock !== undefined) return ipBlock.cidr;
  const asked = namespaceSelector ?? podSelector ?? {};
  return [
    ...Object.entries(asked.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(asked.matchExpressions ?? []).map(({ key }) => key),
  ].join(',');
}

function matches({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return key in labels;
      if (operator === 'In') return values.includes(labels[key] ?? '');
      throw new Error(`no policy uses ${operator}`);
    })
  );
}

/** The pods of a workload, or of a Postgres that its operator runs. */
function podOf({ kind, metadata, spec }: Manifest): Pod[] {
  const { name, namespace = '' } = metadata;
  if (kind === 'Cluster') return [{ name, namespace, labels: { 'cnpg.io/cluster': name }, ports: [5432, 8000, 9187] }];
  if (kind !== 'Deployment' && kind !== 'StatefulSet') return [];
  const { template } = spec as {
    template: {
      metadata: { labels: Labels };
      spec: { containers: readonly { ports?: readonly { containerPort: number }[] }[] };
    };
  };
  const ports = template.spec.containers.flatMap((container) => container.ports ?? []);
  return [
    { name, namespace, labels: template.metadata.labels, ports: ports.map(({ containerPort }) => containerPort) },
  ];
}

import { type Manifest, overlays, rendered } from './overlays.js';
import { type Fault, planted } from './planting.js';
import { checkPolicies, sentences, violationsOf } from './policies.js';

/** The sentences of `infra/k8s/policy`: every overlay keeps them, and each is broken on purpose once. */

const names = overlays();
const all = await Promise.all(names.map(rendered));
const good = await rendered('overlays/hospital-example');

const pod = 'spec.template.spec';
const container = `${pod}.containers.0`;
const fault = (object: string, path: string, value: unknown): Fault => ({ object, path, value });
const inIdentity = (path: string, value?: unknown): Fault => fault('Deployment identity', path, value);

const secretInEnvironment = [{ name: 'KEK', valueFrom: { secretKeyRef: { name: 'identity', key: 'kek' } } }];
const service = good.find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'identity');
const inPlace = (changes: object): Manifest => ({ ...(service as Manifest), ...changes });
const added = (object: Manifest): Fault => fault('ServiceAccount bus', '', object);

/** Each sentence with the ways of breaking it. A fault may break others besides. */
const faults: Readonly<Record<string, readonly Fault[]>> = {
  'a pod runs as no root, under a group that may read its secrets': [
    inIdentity(`${pod}.securityContext.runAsNonRoot`),
    inIdentity(`${pod}.securityContext.runAsUser`, 0),
    inIdentity(`${pod}.securityContext.fsGroup`),
  ],
  "a pod has the runtime's seccomp profile": [inIdentity(`${pod}.securityContext.seccompProfile.type`, 'Unconfined')],
  'a pod has nothing of its node: no network, processes, paths or ports': [
    inIdentity(`${pod}.hostNetwork`, true),
    inIdentity(`${pod}.hostPID`, true),
    inIdentity(`${pod}.volumes.0`, { name: 'secrets', hostPath: { path: '/etc' } }),
    inIdentity(`${container}.ports.0.hostPort`, 8080),
  ],
  'a container drops every capability and gains none': [
    inIdentity(`${container}.securityContext.capabilities.drop`),
    inIdentity(`${container}.securityContext.capabilities.add`, ['NET_ADMIN']),
    inIdentity(`${container}.securityContext.allowPrivilegeEscalation`, true),
    inIdentity(`${container}.securityContext.privileged`, true),
  ],
  "a container's root file system is read-only": [
    inIdentity(`${container}.securityContext.readOnlyRootFilesystem`, false),
  ],
  'a pod has no token of a service account': [inIdentity(`${pod}.automountServiceAccountToken`)],
  'a pod has a service account of its own': [
    inIdentity(`${pod}.serviceAccountName`),
    inIdentity(`${pod}.serviceAccountName`, 'bridge'),
    fault('ServiceAccount identity', 'automountServiceAccountToken', true),
  ],
  'a pod is not told of its neighbours in its environment': [inIdentity(`${pod}.enableServiceLinks`)],
  'a container asks for processor, memory and disk, and has a limit of memory and disk': [
    inIdentity(`${container}.resources.requests.cpu`),
    inIdentity(`${container}.resources.requests.memory`),
    inIdentity(`${container}.resources.limits.memory`),
    inIdentity(`${container}.resources.limits.ephemeral-storage`),
  ],
  'no container has a limit of processor time': [inIdentity(`${container}.resources.limits.cpu`, '1')],
  'scratch space has a limit': [fault('StatefulSet bus', `${pod}.volumes.0`, { name: 'tmp', emptyDir: {} })],
  'a secret comes as a file, never by the environment': [
    inIdentity(`${container}.env`, secretInEnvironment),
    inIdentity(`${container}.envFrom`, [{ secretRef: { name: 'identity' } }]),
  ],
  "a secret's file is root's, and readable by the pod's group alone": [
    inIdentity(`${pod}.volumes.0`, { name: 'secrets', secret: { secretName: 'identity' } }),
    inIdentity(`${pod}.volumes.0`, { name: 'secrets', secret: { secretName: 'identity', defaultMode: 0o644 } }),
  ],
  "a secret's file is mounted read-only": [
    inIdentity(`${container}.volumeMounts`, [{ name: 'secrets', mountPath: '/secrets' }]),
  ],
  'no container copies secrets before a service starts': [
    inIdentity(`${pod}.initContainers`, [{ name: 'own-secrets', image: 'cpds-identity' }]),
  ],
  'no manifest holds a secret': [added(inPlace({ kind: 'Secret', data: {} }))],
  'a container has probes for start, readiness and life': [
    inIdentity(`${container}.startupProbe`),
    inIdentity(`${container}.readinessProbe`),
    fault('StatefulSet bus', `${container}.livenessProbe`, undefined),
  ],
  'a service is ready by /readyz, and lives and starts by /healthz': [
    inIdentity(`${container}.readinessProbe.httpGet.path`, '/healthz'),
    inIdentity(`${container}.startupProbe.httpGet.path`, '/readyz'),
  ],
  'nothing is killed for what it waits for: liveness is never the readiness probe': [
    inIdentity(`${container}.livenessProbe.httpGet.path`, '/readyz'),
    fault('StatefulSet bus', `${container}.livenessProbe.httpGet.path`, '/healthz?js-server-only=true'),
  ],
  'a killed process was silent for thirty seconds at the least': [
    inIdentity(`${container}.livenessProbe.failureThreshold`, 2),
  ],
  'a container leaves its service before it stops': [inIdentity(`${container}.lifecycle`)],
  'a pod has thirty seconds to stop at the least': [
    inIdentity(`${pod}.terminationGracePeriodSeconds`, 10),
    inIdentity(`${pod}.terminationGracePeriodSeconds`),
  ],
  'each workload has a budget for evictions, which allows one': [
    fault('PodDisruptionBudget identity', '', undefined),
    fault('PodDisruptionBudget identity', 'spec', {
      minAvailable: 1,
      selector: { matchLabels: { 'app.kubernetes.io/name': 'identity' } },
    }),
  ],
  'pods of a workload spread over nodes and zones': [
    inIdentity(`${pod}.topologySpreadConstraints`),
    inIdentity(`${pod}.topologySpreadConstraints.0.topologyKey`, 'kubernetes.io/hostname'),
  ],
  'what signs or writes alone is one pod, and never two for a moment': [
    fault('Deployment audit', 'spec.replicas', 2),
    fault('Deployment audit', 'spec.strategy.type', 'RollingUpdate'),
  ],
  'a service says how it is updated': [inIdentity('spec.strategy')],
  'what is scaled by load has no number of its own': [fault('Deployment identity', 'spec.replicas', 2)],
  'metrics have a port of their own': [inIdentity(`${container}.ports.1.containerPort`, 8080)],
  'a namespace enforces the restricted profile': [
    fault('Namespace cpds-west', 'metadata.labels.pod-security~1kubernetes~1io/enforce', 'baseline'),
    fault('Namespace cpds-west', 'metadata.labels.pod-security~1kubernetes~1io/warn', undefined),
  ],
  'nothing passes in a namespace but what a policy allows': [
    fault('NetworkPolicy deny-all', '', undefined),
    fault('NetworkPolicy deny-all', 'spec.policyTypes', ['Ingress']),
    fault('NetworkPolicy deny-all', 'spec.egress', [{}]),
  ],
  'a policy names peers and ports': [
    fault('NetworkPolicy to-postgres', 'spec.egress.0.ports', undefined),
    fault('NetworkPolicy to-postgres', 'spec.egress.0.to', undefined),
    fault('NetworkPolicy to-postgres', 'spec.egress.0.to.0', { namespaceSelector: {} }),
    fault('NetworkPolicy to-chains', 'spec.egress.0.to.0', { ipBlock: { cidr: '0.0.0.0/0' } }),
  ],
  'what a pod refers to is there': [
    inIdentity(`${container}.env`, [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'A' } } }]),
    fault('PersistentVolumeClaim audit-journal', '', undefined),
    fault('StatefulSet bus', `${container}.envFrom`, [{ configMapRef: { name: 'nobody' } }]),
  ],
  'a service or a budget selects pods that are there': [
    fault('Service identity', 'spec.selector', { 'app.kubernetes.io/name': 'identiti' }),
    fault('PodDisruptionBudget identity', 'spec.selector.matchLabels', { 'app.kubernetes.io/name': 'identiti' }),
  ],
  "a service's port is one that its pods have": [fault('Service identity', 'spec.ports.0.targetPort', 'https')],
  'an image is ours, or public and pinned by digest': [
    inIdentity(`${container}.image`, 'docker.io/library/node:24'),
    fault('StatefulSet bus', `${container}.image`, 'nats:2.12-alpine'),
    fault('StatefulSet bus', `${container}.image`, 'docker.io/library/nats:2.12-alpine@sha256:short'),
    fault('Cluster postgres', 'spec.imageName', 'ghcr.io/cloudnative-pg/postgresql:18'),
  ],
  "a database's image is named": [fault('Cluster postgres', 'spec.imageName', undefined)],
  'a database commits on two servers, and gives nobody its superuser': [
    fault('Cluster postgres', 'spec.instances', 1),
    fault('Cluster postgres', 'spec.postgresql.synchronous', undefined),
    fault('Cluster postgres', 'spec.enableSuperuserAccess', true),
  ],
  'a door from outside has a certificate for each of its hosts': [
    fault('Ingress exchange', 'spec.tls', undefined),
    fault('Ingress api', 'spec.tls.0.hosts', ['identity.west.example']),
  ],
  'an overlay leaves no placeholder': [
    fault('NetworkPolicy to-chains', 'spec.egress.0.to.0.ipBlock.cidr', '192.0.2.0/24'),
    fault('Ingress exchange', 'spec.rules.0.host', 'exchange.invalid'),
  ],
  'a certificate is renewed a week before it ends at the latest': [
    fault('Certificate api-tls', 'spec.renewBefore', '24h'),
    fault('Certificate api-tls', 'spec.renewBefore', undefined),
  ],
  "a vault's secret outlives a vault that is away": [
    fault('ExternalSecret identity', 'spec.target.deletionPolicy', 'Delete'),
  ],
  "only the hub's bus is reached past the doors": [fault('Service identity', 'spec.type', 'NodePort')],
};

const cases = Object.entries(faults).flatMap(([sentence, ways]) => ways.map((way) => ({ sentence, way })));
const [kept, broken] = await Promise.all([
  violationsOf(all),
  violationsOf([good, ...cases.map(({ way }) => planted(good, way))]),
]);

describe('the policies', () => {
  it('are good Rego', () => checkPolicies());

  it.each(names.map((name, i) => [name, i] as const))('are kept by %s', (_, i) => {
    expect(kept[i]).toEqual([]);
  });

  it('are kept by what the faults are planted into', () => {
    expect(broken[0]).toEqual([]);
  });

  it('have each a fault that breaks it', () => {
    expect(Object.keys(faults).sort()).toEqual(sentences().sort());
  });

  it.each(cases.map(({ sentence, way }, i) => [sentence, `${way.object} ${way.path}`, i] as const))(
    'notice that not "%s": %s',
    (sentence, _, i) => {
      expect(broken[i + 1]?.map((violation) => violation.sentence)).toContain(sentence);
    },
  );
});

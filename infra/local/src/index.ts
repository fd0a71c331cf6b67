export { pageScript, testPage, type TestPage } from './testing/browser.js';
export {
  testAge,
  testAnvil,
  testPostgresTools,
  testNats,
  testObjectStore,
  testOwnPostgres,
  testPostgres,
  testPydicom,
} from './testing/servers.js';
export { bubblewrapBinary, promtoolBinary } from './binaries/debian.js';
export { Consortium, removeConsortium, runningProcesses, stopConsortium } from './consortium/consortium.js';
export type { ConsortiumSpec, ExtraEnvironment } from './consortium/consortium.js';
export { chainNames, hospitals, participant, participants, storemen, vouchers } from './consortium/parties.js';
export type { ChainName, Hospital, Participant } from './consortium/parties.js';
export { databaseName } from './consortium/servers.js';
export { customResources, kubectlBinary, kubernetesSchemas, opaBinary } from './binaries/kubernetes.js';
export { natsServerBinary } from './binaries/sources.js';
export { anvilKeys } from './servers/anvil.js';
export { freePort } from './machine/port.js';
export { reportToStderr, withProgress } from './machine/progress.js';
export { streamingMemory } from './machine/streaming-memory.js';
export type { Report } from './machine/progress.js';

export { pageScript, testPage, type PageScript, type TestPage } from './testing/browser.js';
export {
  testAge,
  testAnvil,
  testPostgresTools,
  testNats,
  testObjectStore,
  testPostgres,
  TestServersError,
} from './testing/servers.js';
export { BinaryUnavailableError } from './binaries/binary.js';
export { Consortium, removeConsortium, runningProcesses, stopConsortium } from './consortium/consortium.js';
export type { ConsortiumSpec, ExtraEnvironment, ProcessHandle } from './consortium/consortium.js';
export type { RunningProcess } from './consortium/running.js';
export {
  chainIds,
  chainNames,
  hospitals,
  participant,
  participants,
  storemen,
  vouchers,
} from './consortium/parties.js';
export type { ChainName, Hospital, Participant } from './consortium/parties.js';
export type { KeyFile, Secrets } from './consortium/secrets.js';
export { databaseName } from './consortium/servers.js';
export type { Servers } from './consortium/servers.js';
export { anvilKeys } from './servers/anvil.js';
export { reportToStderr, withProgress } from './machine/progress.js';
export { streamingMemory } from './machine/streaming-memory.js';
export type { Report } from './machine/progress.js';

export { testAge, testAnvil, testNats, testObjectStore, testPostgres, TestServersError } from './testing/servers.js';
export { BinaryUnavailableError } from './binaries/binary.js';

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hospitals } from '@cpds/local';
import { scopes } from '@cpds/service';
import { hospitalClients, hubOperators } from './backend.js';

describe('the clients of a local hospital', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cpds-clients-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const clients = hospitals.flatMap((hospital) => hospitalClients(dir, hospital));
  const scopesOf = (clientId: string) => clients.find((client) => client.clientId === clientId)?.scopes;

  it('hold what each has to do, apart: records, registration, operation and audit', () => {
    expect(scopesOf('backend.north')).toEqual(['records.write', 'records.read', 'bridge.read']);
    expect(scopesOf('backend.south')).toEqual(['records.read', 'bridge.request', 'bridge.read', 'bridge.open']);
    for (const hospital of hospitals) {
      expect(scopesOf(`admin.${hospital}`)).toEqual(['identity.admin']);
      expect(scopesOf(`operator.${hospital}`)).toEqual(['records.operate', 'bridge.operate', 'outbox.agree']);
      expect(scopesOf(`auditor.${hospital}`)).toEqual(['audit.read', 'audit.operate']);
    }
    expect(clients).toHaveLength(8);
    const ofDepartments = clients.filter(({ departments }) => departments.length > 0).map(({ clientId }) => clientId);
    expect(ofDepartments).toEqual(['backend.north', 'backend.south']);
    for (const client of clients) for (const scope of client.scopes) expect(scopes).toContain(scope);
  });

  it('have a key each, which only its owner can read and which stays the same', () => {
    const keys = clients.map(({ jwk }) => jwk.x);
    expect(new Set(keys).size).toBe(clients.length);
    expect(hospitals.flatMap((hospital) => hospitalClients(dir, hospital)).map(({ jwk }) => jwk.x)).toEqual(keys);
    expect(JSON.stringify([...clients, hubOperators(dir)])).not.toContain('"d"');
    for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).mode & 0o077).toBe(0);
  });
});

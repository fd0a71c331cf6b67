import { testPostgres } from '@cpds/local';
import { Client } from 'pg';
import { databaseFindings } from './database.js';

describe('a database that the doctor looks at', () => {
  let database: Awaited<ReturnType<typeof testPostgres>>;
  const whats = async (url = database.url) => (await databaseFindings(url)).map(({ what }) => what);
  beforeAll(async () => {
    database = await testPostgres();
  });
  afterAll(() => database.close());

  it('is told when a setting would lose what was acknowledged, and not when it would not', async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
    const lost = 'synchronous_commit is off: a crash would lose what was acknowledged';
    for (const [setting, found] of [
      ['on', []],
      ['off', [lost]],
    ] as const) {
      await client.query(`ALTER DATABASE "${rows[0]!.name}" SET synchronous_commit = ${setting}`);
      expect((await whats()).filter((what) => what.startsWith('synchronous_commit'))).toEqual(found);
    }
    await client.end();
  });

  it('is named without its password, and so is one that does not answer', async () => {
    const url = new URL(database.url);
    url.password = 'a-wrong-secret';
    url.port = '1';
    const [finding] = await databaseFindings(url.href);
    expect(finding).toMatchObject({ severity: 'wrong', of: `database ${url.host}${url.pathname}` });
    expect(finding?.what).toMatch(/^does not answer: /);
    expect(JSON.stringify(finding)).not.toContain('a-wrong-secret');
  });
});

import { Client } from 'pg';
import type { Finding } from './findings.js';

/** What a database's settings must be, and why. */
const wanted: Readonly<Record<string, readonly [isRight: (value: string) => boolean, why: string]>> = {
  fsync: [(value) => value === 'on', 'a crash would lose what was acknowledged'],
  full_page_writes: [(value) => value === 'on', 'a crash could leave half a page'],
  synchronous_commit: [(value) => value !== 'off', 'a crash would lose what was acknowledged'],
  // Numbers of versions are major * 10,000.
  server_version_num: [(value) => Number(value) >= 140_000, 'earlier ones get no fixes any more'],
};

/** Milliseconds to connect, and for an answer. */
const patienceMs = 5_000;

/** What is wrong with the server of a database, which is named without its password. */
export async function databaseFindings(url: string): Promise<Finding[]> {
  const { host, pathname } = new URL(url);
  const of = `database ${host}${pathname}`;
  const client = new Client({ connectionString: url, connectionTimeoutMillis: patienceMs, query_timeout: patienceMs });
  const wrong = (what: string, remedy: string): Finding => ({ of, severity: 'wrong', what, remedy });
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string; setting: string }>(
      'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
      [[...Object.keys(wanted), 'max_connections']],
    );
    const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
    const broken = Object.entries(wanted).flatMap(([name, [isRight, why]]) => {
      const value = settings.get(name) ?? 'unknown';
      return isRight(value) ? [] : [wrong(`${name} is ${value}: ${why}`, `change it in postgresql.conf`)];
    });
    const { rows: now } = await client.query<{ skew: string; used: string }>(
      `SELECT extract(epoch FROM clock_timestamp()) - $1::numeric AS skew, (SELECT count(*) FROM pg_stat_activity) AS used`,
      [Date.now() / 1_000],
    );
    const skew = Math.round(Number(now[0]?.skew ?? 0));
    if (Math.abs(skew) > 5)
      broken.push(wrong(`its clock is ${skew} s away from the one here`, 'let both be set by NTP'));
    const [used, most] = [Number(now[0]?.used ?? 0), Number(settings.get('max_connections') ?? Infinity)];
    if (used > 0.9 * most) broken.push(wrong(`${used} of ${most} connections are taken`, 'raise max_connections'));
    return broken;
  } catch (error) {
    return [
      wrong(`does not answer: ${(error as Error).message}`, 'look whether it runs, and whether the user may connect'),
    ];
  } finally {
    await client.end().catch(() => undefined); // it never connected, or is gone: there is nothing to end
  }
}

import { execFile } from 'node:child_process';
import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { promtoolBinary, reportToStderr } from '@cpds/local';
import { parse, stringify } from 'yaml';
import { root } from '../docs/sources.js';
import { k8s } from './overlays.js';

/** Alerts say what is true of the figures, by Prometheus' own checker, and each leads to a page that says what to do. */

const folder = join(k8s, 'components/prometheus');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleTest {
  readonly name: string;
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

const { spec } = parse(readFileSync(join(folder, 'rules.yaml'), 'utf8')) as {
  spec: { groups: { rules: Alert[] }[] };
};
const alerts = spec.groups.flatMap(({ rules }) => rules);
const tests = globSync(join(folder, '*.test.yaml'));

/** Runs Prometheus' checker over the rules, which its operator keeps inside an object of its own. */
async function promtool(...args: readonly string[]): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'cpds-rules-'));
  try {
    writeFileSync(join(dir, 'rules.yaml'), stringify(spec));
    for (const file of tests) copyFileSync(file, join(dir, basename(file)));
    const { stdout } = await promisify(execFile)(await promtoolBinary(reportToStderr), args, { cwd: dir });
    return stdout;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('the alerts', () => {
  it('are rules that Prometheus takes', async () => {
    expect(await promtool('check', 'rules', 'rules.yaml')).toContain(`SUCCESS: ${alerts.length} rules found`);
  });

  it('fire and are silent as their tests say', async () => {
    expect(await promtool('test', 'rules', ...tests.map((file) => basename(file)))).not.toContain('FAILED');
  }, 60_000);

  it('each have a test that sees it fire, and one that sees it silent', () => {
    const said = tests.flatMap((file) => (parse(readFileSync(file, 'utf8')) as { tests: RuleTest[] }).tests);
    const ways = said.flatMap((test) =>
      test.alert_rule_test.map(
        ({ alertname, exp_alerts }) => `${alertname} ${exp_alerts.length > 0 ? 'fires' : 'is silent'}`,
      ),
    );
    const wanted = alerts.flatMap(({ alert }) => [`${alert} fires`, `${alert} is silent`]);
    expect(ways.sort()).toEqual(wanted.sort());
  });

  it('each wake somebody or wait for office hours, and lead to their section of the runbook', () => {
    const headings = [...readFileSync(join(root, 'docs/runbooks/alerts.md'), 'utf8').matchAll(/^## (\w+)$/gm)];
    expect(headings.map(([, name]) => name)).toEqual(alerts.map(({ alert }) => alert));
    for (const { alert, labels, annotations } of alerts) {
      expect([alert, labels]).toEqual([alert, { severity: expect.stringMatching(/^(page|ticket)$/) }]);
      expect(annotations['runbook']).toBe(`docs/runbooks/alerts.md#${alert.toLowerCase()}`);
    }
  });
});

describe('the figures that alerts and dashboards name', () => {
  const listed = new Set(
    [...readFileSync(join(root, 'docs/metrics.md'), 'utf8').matchAll(/^\| `(cpds_\w+)`/gm)].map(([, name]) => name),
  );
  /** Figures of a histogram have a name for each of its parts. */
  const named = (text: string): string[] =>
    [...text.matchAll(/\bcpds_[a-z_]+\b/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, ''));
  const unknown = (text: string): string[] => named(text).filter((name) => !listed.has(name));

  it('are kept by our processes', () => {
    const dashboards = globSync(join(k8s, 'components/grafana/dashboards/*.json'));
    expect(dashboards.length).toBeGreaterThan(0);
    for (const file of dashboards)
      expect([basename(file), unknown(readFileSync(file, 'utf8'))]).toEqual([basename(file), []]);
    for (const { alert, expr } of alerts) expect([alert, unknown(expr)]).toEqual([alert, []]);
  });

  it('would be missed if nobody kept them', () => {
    expect(unknown('rate(cpds_transfer_lost_total[5m]) > 0 and cpds_receipt_wait_seconds_count > 0')).toEqual([
      'cpds_transfer_lost_total',
    ]);
  });
});

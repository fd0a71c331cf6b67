import type { JobStep } from '../consortium/job-step.js';
import { leftLine } from './records-folder.js';
import { median, type Report } from './report.js';

/** The closing table: each step with its time (finality apart from work), gas, transaction and party. Pure. */
export function closingTable(
  steps: readonly JobStep[],
  report: Report,
  addresses: readonly (readonly [string, string])[],
): string {
  const stepRows = steps.map(({ what, who, ms }) => [what, seconds(ms), who]);
  const shareRows = report.shares.map((share) => {
    const { consent, lock, vouch, sign, mint, release, open } = share.stepsMs;
    return [
      shorten(share.file),
      ...[
        share.workMs + share.finalityMs,
        share.workMs,
        share.finalityMs,
        consent,
        lock,
        vouch,
        sign,
        mint,
        release,
        open,
      ].map(seconds),
      share.lockGas === null ? '-' : String(share.lockGas),
      share.mintGas === null ? '-' : String(share.mintGas),
      shortHex(share.lockTx),
      shortHex(share.mintTx),
    ];
  });
  const totals = report.shares.map(({ workMs, finalityMs }) => workMs + finalityMs);
  return [
    grid(['step', 'time', 'who'], stepRows),
    '',
    'Shares, from consent to opened record. Waiting for finality: lock, vouch, mint; the rest is work.',
    grid(
      [
        'file',
        'total',
        'work',
        'final',
        'consent',
        'lock',
        'vouch',
        'sign',
        'mint',
        'release',
        'open',
        'lock gas',
        'mint gas',
        'lock tx',
        'mint tx',
      ],
      shareRows,
    ),
    'who: consent wallet and north; lock north; vouch vouchers; sign storemen; mint south; release storemen; open south and north',
    `median ${seconds(median(totals))}, of which work ${seconds(median(report.shares.map(({ workMs }) => workMs)))} ` +
      `and waiting for finality ${seconds(median(report.shares.map(({ finalityMs }) => finalityMs)))}`,
    ...report.left.map(leftLine),
    '',
    ...report.revocations.flatMap(({ grantId, when, answers, exchangeCode }) => [
      `revoked ${shortHex(grantId)} ${when}: exchange endpoint ${exchangeCode}`,
      ...answers.map(({ from, verdict, signature }) => `  ${from}: ${verdict}, signed ${shortHex(signature)}`),
    ]),
    `refunded ${shortHex(report.refund.grantId)} by NotMapped in ${report.refund.tx}`,
    '',
    grid(
      ['log', 'entries', 'root', 'anchor on the hub', 'verified'],
      report.audit.map((log) => [
        log.hospital,
        String(log.size),
        shortHex(log.rootHex),
        shortHex(log.anchorTx),
        log.verified ? 'yes' : 'NO',
      ]),
    ),
    '',
    grid(
      ['service', 'address'],
      addresses.map((row) => [...row]),
    ),
  ].join('\n');
}

function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] as number))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const shorten = (name: string): string => (name.length > 28 ? `${name.slice(0, 25)}...` : name);
const shortHex = (hex: string | null): string => (hex === null ? '-' : hex.length > 14 ? `${hex.slice(0, 10)}..` : hex);

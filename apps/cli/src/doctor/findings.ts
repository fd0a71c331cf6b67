/** What is wrong with an installation, and what to do about it: pure rules over what was seen. */

import type { Seen } from './figures.js';
import type { ProcessAnswer, ProcessSeen } from './observation.js';

/** `wrong` harms now; `soon` will, or may. */
export interface Finding {
  readonly of: string;
  readonly severity: 'wrong' | 'soon';
  readonly what: string;
  readonly remedy: string;
}

/** Figures that are wrong by themselves: the same limits as the alerts have (`docs/runbooks/alerts.md`). */
interface Limit {
  readonly figure: string;
  readonly severity: Finding['severity'];
  isBroken(value: number, now: number): boolean;
  what(seen: Seen, now: number): string;
  readonly remedy: string;
}

const minutes = (seconds: number): string => `${Math.round(seconds / 60)} min`;

const limits: readonly Limit[] = [
  {
    figure: 'cpds_chain_head_timestamp_seconds',
    severity: 'wrong',
    isBroken: (at, now) => now - at > 90,
    what: ({ labels, value }, now) => `has seen no new block of ${labels['chain']} for ${Math.round(now - value)} s`,
    remedy: "look whether the chain's nodes in CHAINS answer, and whether two thirds of its validators run",
  },
  {
    figure: 'cpds_chain_final_timestamp_seconds',
    severity: 'wrong',
    isBroken: (at, now) => now - at > 600,
    what: ({ labels, value }, now) => `blocks of ${labels['chain']} are not final for ${minutes(now - value)}`,
    remedy: "ask the chain's operators: nothing is allowed by blocks that are not final",
  },
  {
    figure: 'cpds_bridge_chain_halted',
    severity: 'wrong',
    isBroken: (halted) => halted > 0,
    what: ({ labels }) => `looks no further on ${labels['chain']}: a final block has vanished`,
    remedy: 'find out why, then POST /chains/{chainUid}/acceptance',
  },
  {
    figure: 'cpds_chain_gas_balance_ether',
    severity: 'wrong',
    isBroken: (ether) => ether < 0.05,
    what: ({ labels, value }) => `its account holds ${value} on ${labels['chain']}`,
    remedy: 'send the account more; transactions wait meanwhile',
  },
  {
    figure: 'cpds_outbox_oldest_seconds',
    severity: 'wrong',
    isBroken: (seconds) => seconds > 60,
    what: ({ value }) => `the log has not receipted what it told ${minutes(value)} ago, so it discloses nothing`,
    remedy: 'look at audit and at the bus; after a restore see `cpds outbox agree`',
  },
  {
    figure: 'cpds_bus_consumer_pending',
    severity: 'soon',
    isBroken: (events) => events > 1_000,
    what: ({ value }) => `is ${value} events behind`,
    remedy: 'cpds_bus_failures_total names the subject whose handler fails, if one does',
  },
  {
    figure: 'cpds_log_stands_still',
    severity: 'wrong',
    isBroken: (still) => still > 0,
    what: () => 'its log signs nothing more',
    remedy: 'read "After a restore" in the README of audit before anything is started again',
  },
  {
    figure: 'cpds_damaged_objects',
    severity: 'wrong',
    isBroken: (objects) => objects > 0,
    what: ({ value }) => `${value} objects are lost or altered`,
    remedy: '`cpds records scrub` names them; restore them from the bucket’s earlier versions',
  },
  {
    figure: 'cpds_age_rows_left',
    severity: 'soon',
    isBroken: (rows) => rows > 0,
    what: ({ value }) => `${value} rows are sealed for a former age identity`,
    remedy: 'keep the former key in the key file until there are none',
  },
  {
    figure: 'cpds_datagram_attempts_max',
    severity: 'soon',
    isBroken: (attempts) => attempts > 8,
    what: ({ labels, value }) => `${labels['recipient']} has not answered it, ${value} times`,
    remedy: "tell that party's operator",
  },
];

/** Clocks may differ by so many seconds; `Date` has whole ones. */
const maxSkewSeconds = 5;

/** Everything that is wrong with `processes` at `now`, Unix seconds; the worst first. */
export function findingsOf(processes: readonly ProcessSeen[], now: number): Finding[] {
  const found = processes.flatMap((one) =>
    one.answer === null
      ? [
          wrong(
            one.name,
            `does not answer: ${one.silence ?? 'no reason'}`,
            'start it; the last line of its log says why it ended',
          ),
        ]
      : findingsOfOne(one.name, one.answer, now),
  );
  const rank = ({ severity }: Finding): number => (severity === 'wrong' ? 0 : 1);
  return [...found, ...versions(processes), ...quorum(processes)].sort((a, b) => rank(a) - rank(b));
}

function findingsOfOne(name: string, answer: ProcessAnswer, now: number): Finding[] {
  const { status, faults, skewSeconds, figures } = answer;
  const said = faults.map(({ check, isDown, code, message }): Finding => ({
    of: name,
    severity: isDown ? 'wrong' : 'soon',
    what: `${check}: ${message} (${code})`,
    remedy: `see ${code} in docs/errors.md`,
  }));
  const life =
    status === 'ready' || faults.some(({ isDown }) => isDown)
      ? []
      : [wrong(name, `is ${status}`, 'wait; if it stays so, read the last lines of its log')];
  const clock =
    Math.abs(skewSeconds) <= maxSkewSeconds
      ? []
      : [
          wrong(
            name,
            `its clock is ${skewSeconds} s away from the one here`,
            'let both be set by NTP: deadlines are compared by clocks',
          ),
        ];
  const broken = limits.flatMap(({ figure, severity, isBroken, what, remedy }) =>
    figures
      .filter((seen) => seen.name === figure && isBroken(seen.value, now))
      .map((seen): Finding => ({ of: name, severity, what: what(seen, now), remedy })),
  );
  return [...life, ...said, ...clock, ...broken];
}

/** All processes should be of one version; two are right only while a roll-out is under way. */
function versions(processes: readonly ProcessSeen[]): Finding[] {
  const all = new Set(
    processes.flatMap(({ answer }) =>
      (answer?.figures ?? []).flatMap(({ name, labels }) => (name === 'cpds_build_info' ? [labels['version']] : [])),
    ),
  );
  if (all.size < 2) return [];
  return [
    {
      of: 'versions',
      severity: 'soon',
      what: `run: ${[...all].sort().join(', ')}`,
      remedy: 'end the roll-out that is under way',
    },
  ];
}

/** Storemen sign with more than half of them; of a single one nothing can be said. */
function quorum(processes: readonly ProcessSeen[]): Finding[] {
  const storemen = processes.filter(({ name }) => name.startsWith('storeman'));
  const answering = storemen.filter(({ answer }) => answer?.status === 'ready').length;
  if (storemen.length < 2 || answering === storemen.length) return [];
  const isEnough = answering > storemen.length / 2;
  return [
    {
      of: 'storemen',
      severity: isEnough ? 'soon' : 'wrong',
      what: `${answering} of ${storemen.length} are ready${isEnough ? '' : ': nothing can be signed or released'}`,
      remedy: 'start those that are not, before another one stops',
    },
  ];
}

const wrong = (of: string, what: string, remedy: string): Finding => ({ of, severity: 'wrong', what, remedy });

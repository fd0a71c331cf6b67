/** The two hospitals of the local consortium. */
export const hospitals = ['north', 'south'] as const;
export type Hospital = (typeof hospitals)[number];

/** The operators that hold one share of each key of the locked account each; three of them sign or open. */
export const storemen = ['storeman-1', 'storeman-2', 'storeman-3', 'storeman-4', 'storeman-5'] as const;

/** The operators that vouch for locks; two of the three suffice. */
export const vouchers = ['voucher-1', 'voucher-2', 'voucher-3'] as const;

/** A chain's nickname in this consortium: the hospital it belongs to, or the hub. */
export const chainNames = ['hub', 'north', 'south'] as const;
export type ChainName = (typeof chainNames)[number];

/** The chain ids. All different, though the protocol needs only the chainUid to differ. */
export const chainIds: Record<ChainName, number> = { hub: 77_000, north: 77_001, south: 77_002 };

/** One process of this project: which app, for which operator. */
export interface Participant {
  /** `records.north`, `audit.hub`, `storeman-3`: the producer name of its events, the name of its database, key file and log. */
  readonly name: string;
  readonly app: 'identity' | 'records' | 'bridge' | 'audit';
  readonly party: string;
  /** Only the bridge has roles. */
  readonly role: 'hospital' | 'storeman' | 'voucher' | null;
  /** The main chain that it sends on. */
  readonly ownChain: ChainName;
  /** The chains it reads (protocol section 7, "Who reads what"). */
  readonly reads: readonly ChainName[];
}

/** Every process of the consortium, in the order in which it starts: storemen early, since key generation is the longest wait. */
export const participants: readonly Participant[] = [
  service('audit', 'hub', 'hub', ['hub']),
  ...storemen.map((party) => roleNode(party, 'storeman')),
  ...vouchers.map((party) => roleNode(party, 'voucher')),
  ...hospitals.flatMap((hospital) => [
    service('audit', hospital, hospital, ['hub', hospital]),
    service('identity', hospital, hospital, ['hub', hospital]),
    service('records', hospital, hospital, ['hub', hospital]),
    { ...service('bridge', hospital, hospital, chainNames), role: 'hospital' as const },
  ]),
];

/** The participant of that name. @throws Error unknown name, with the known ones */
export function participant(name: string): Participant {
  const found = participants.find((one) => one.name === name);
  if (found === undefined)
    throw new Error(`no process ${name}; there are: ${participants.map((one) => one.name).join(', ')}`);
  return found;
}

function service(
  app: Participant['app'],
  party: ChainName,
  ownChain: ChainName,
  reads: readonly ChainName[],
): Participant {
  return { name: `${app}.${party}`, app, party, role: null, ownChain, reads };
}

function roleNode(party: string, role: 'storeman' | 'voucher'): Participant {
  return { name: party, app: 'bridge', party, role, ownChain: 'hub', reads: chainNames };
}

/**
 * The parties, their keys and their contracts, from the hub's final state (ChainRegistry, StoremanRegistry,
 * TransferLedger). Pure data and look-ups; `ConsortiumReader` reads it from the hub and keeps it current. Hex is lower
 * case with 0x.
 */

import { fromHex } from '@cpds/crypto/bytes';
import type { GroupKey } from '@cpds/crypto/group';
import { unavailable } from '@cpds/errors';
import type { Hex } from '@cpds/messages';
import { Injectable } from '@nestjs/common';
import { DutyTimes, type DutyContext } from '../transfers/duties.js';
import type { TransferRow } from '../transfers/transfer.row.js';

/** One hospital and its chain. Times in seconds. */
export interface Hospital {
  party: string;
  chainUid: Hex;
  finality: { kind: 'instant' } | { kind: 'depth' | 'tag'; depth: number };
  blockSeconds: number;
  maxHeadAge: number;
  /** time within which a step on this chain is final */
  w: number;
  deedRegistry: Hex;
  keyRegistry: Hex;
  checkpointAnchor: Hex;
  announcer: Hex;
  metaAddresses: Hex;
  /** current LockedAccount and MappedDeeds; absent before the group's keys exist */
  lockedAccount?: Hex;
  mappedDeeds?: Hex;
  signKeyId?: Hex;
  sealKeyId?: Hex;
  /** all LockedAccounts and MappedDeeds ever registered, drained ones included */
  lockedAccounts: Hex[];
  allMappedDeeds: Hex[];
  /** account on the hub whose anchors of its audit log count */
  logAccount: Hex;
  /** address of the key that signs its datagrams */
  messageKey: Hex;
  /** P-256, uncompressed, 65 bytes */
  hpkeKey: Hex;
  exchangeUrl: string;
  isPaused: boolean;
}

/** A storeman or voucher as registered on the hub. */
export interface Operator {
  party: string;
  /** account it sends from on the hub */
  account: Hex;
  messageKey: Hex;
  hpkeKey: Hex;
}

/** A storeman in a group: identifier from 1 and public share Y_i. */
export interface GroupMember extends Operator {
  index: number;
  verificationShare: Hex;
}

/** A key of the locked account and the holders of its shares. */
export interface Group {
  purpose: 'sign' | 'seal';
  keyId: Hex;
  /** SEC1 compressed */
  y: Hex;
  epoch: number;
  threshold: number;
  members: GroupMember[];
}

export interface ConsortiumView {
  hub: { chainUid: Hex; w: number; blockSeconds: number; maxHeadAge: number };
  hospitals: Hospital[];
  storemen: Operator[];
  vouchers: Operator[];
  /** the threshold v of equal vouches */
  vouchesNeeded: number;
  groups: Group[];
}

/** The hospital of this name. @throws AppError `unknown-hospital` */
export function hospitalNamed(view: ConsortiumView, party: string): Hospital {
  const hospital = view.hospitals.find((known) => known.party === party);
  if (!hospital) throw unavailable('unknown-hospital', `no hospital ${party} is registered on the hub`);
  return hospital;
}

/** The hospital of this chain. @throws AppError `unknown-hospital` */
export function hospitalOfChain(view: ConsortiumView, chainUid: string): Hospital {
  const hospital = view.hospitals.find((known) => known.chainUid === chainUid);
  if (!hospital) throw unavailable('unknown-hospital', `no hospital is registered for chain ${chainUid}`);
  return hospital;
}

/** The group of a key id. @throws AppError `no-group` while it does not exist */
export function groupOf(view: ConsortiumView, keyId: string | undefined): Group {
  const group = view.groups.find((known) => known.keyId === keyId);
  if (!group) throw unavailable('no-group', 'the storemen have not generated this key yet');
  return group;
}

/** The group as the arithmetic takes it. */
export function groupKeyOf(group: Group): GroupKey {
  return {
    threshold: group.threshold,
    publicKey: fromHex(group.y, 'group.y', 33),
    verificationShares: new Map(
      group.members.map((member) => [member.index, fromHex(member.verificationShare, 'verificationShare', 33)]),
    ),
  };
}

/** The party that signs datagrams under this name: hospital, storeman or voucher; undefined for a stranger. */
export function messageKeyOf(view: ConsortiumView, party: string): Hex | undefined {
  return [...view.hospitals, ...view.storemen, ...view.vouchers].find((known) => known.party === party)?.messageKey;
}

/** The view of the running node; nothing before the first reading. `ConsortiumReader` keeps it current. */
export class Consortium {
  /** @param self the party this process runs as */
  constructor(
    readonly self: string,
    protected view?: ConsortiumView,
  ) {}

  /** The last view read at the hub's final block. @throws AppError `hub-unread` before the first */
  current(): ConsortiumView {
    if (!this.view) throw unavailable('hub-unread', "the hub's registries have not been read yet");
    return this.view;
  }
}

/** Times a row's duties by what the hub says of its chains, and by this node's place among the storemen. */
@Injectable()
export class ConsortiumTimes extends DutyTimes {
  constructor(private readonly consortium: Consortium) {
    super();
  }

  of(row: TransferRow): DutyContext {
    const view = this.consortium.current();
    const home = hospitalOfChain(view, row.homeUid);
    const destination = hospitalOfChain(view, row.destinationUid);
    return {
      wHome: home.w,
      wDestination: destination.w,
      wHub: view.hub.w,
      forwards: row.forwards,
      enteredAt: Math.floor(row.enteredAt.getTime() / 1000),
      memberIndex: row.role === 'S' ? placeAmong(groupOf(view, home.sealKeyId).members, this.consortium.self) : 0,
    };
  }
}

/** The member's index; the last turn for a storeman that is none. */
function placeAmong(members: readonly GroupMember[], party: string): number {
  return members.find((member) => member.party === party)?.index ?? members.length;
}

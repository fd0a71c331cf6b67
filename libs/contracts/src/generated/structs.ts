// Generated from contracts/ by scripts/generate.mjs. Do not edit.

export interface CodeStruct {
  account: string;
  codeHash: string;
}

export interface BaseContractsStruct {
  deedRegistry: CodeStruct;
  keyRegistry: CodeStruct;
  checkpointAnchor: CodeStruct;
  announcer: CodeStruct;
  metaAddresses: CodeStruct;
}

export interface ChainStruct {
  name: string;
  finality: 'None' | 'Instant' | 'Depth' | 'Tag';
  depth: bigint;
  blockSeconds: bigint;
  maxHeadAge: bigint;
  w: bigint;
  admin: string;
  logAccount: string;
  messageKey: string;
  hpkeKey: string;
  exchangeUrl: string;
}

export interface TransferContractsStruct {
  lockedAccount: CodeStruct;
  mappedDeeds: CodeStruct;
  signKeyId: string;
  sealKeyId: string;
}

export interface AnchorStruct {
  size: bigint;
  anchoredAt: bigint;
  root: string;
}

export interface KeyRecordStruct {
  use: string;
  publicKey: string;
  addedAt: bigint;
  retiredAt: bigint;
}

export interface PointStruct {
  x: bigint;
  y: bigint;
}

export interface GrantDataStruct {
  nonce: string;
  lockedAccount: string;
  destinationUid: string;
  mappedDeeds: string;
  slot: bigint;
  tag: PointStruct;
  recipientKey: PointStruct;
  ephemeralKey: PointStruct;
  viewTag: string;
  revoker: string;
  termsHash: string;
  sealedKeyHash: string;
  lockBefore: bigint;
  mintBefore: bigint;
  notAfter: bigint;
}

export interface LockStruct {
  status: 'None' | 'Locked' | 'Closed' | 'Void';
  reason: 'None' | 'Refunded' | 'Revoked' | 'GivenBack';
  notAfter: bigint;
  lockBlock: bigint;
}

export interface MappingStruct {
  status: 'None' | 'Mapped' | 'Closed' | 'Void';
  reason: 'None' | 'Revoked' | 'GivenBack';
  notAfter: bigint;
  owner: string;
}

export interface AttemptStruct {
  counter: bigint;
  parametersHash: string;
  purpose: 'None' | 'Sign' | 'Seal';
  phase: 'None' | 'Signing' | 'Keys' | 'Commitments' | 'Shares' | 'Complaints' | 'Verdict' | 'Finish' | 'Finished' | 'Failed';
  t: bigint;
  nMin: bigint;
  phaseSeconds: bigint;
  phaseEndsAt: bigint;
  phaseBlock: bigint;
  posted: bigint;
  disputed: bigint;
  roster: readonly string[];
}

export interface GroupStruct {
  attemptId: string;
  purpose: 'None' | 'Sign' | 'Seal';
  epoch: bigint;
  t: bigint;
  activatedBlock: bigint;
  transcript: string;
  key: PointStruct;
  memberAccounts: readonly string[];
  memberKeys: readonly PointStruct[];
}

export interface MemberStruct {
  name: string;
  account: string;
  messageKey: string;
  hpkeKey: string;
  bond: bigint;
  retired: boolean;
  withdrawableAt: bigint;
}

export interface VouchStruct {
  homeUid: string;
  lockedAccount: string;
  destinationUid: string;
  grantId: string;
  ringHash: string;
  blockNumber: bigint;
  blockHash: string;
}

export interface HeadStruct {
  number: bigint;
  blockHash: string;
}

export interface TransferStruct {
  digest: string;
  homeUid: string;
  destinationUid: string;
  decidedAt: bigint;
}

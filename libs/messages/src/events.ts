/**
 * Every event by name. The owner is the service that appends it; role nodes append the bridge's events under their own
 * producer name. Details are validated by the owner's schema where another service reads them; the audit log reads none.
 */

export const events = {
  patientEnrolled: 'identity.patient-enrolled.v1',
  patientRegistered: 'identity.patient-registered.v1',
  enrolmentCodeIssued: 'identity.enrolment-code-issued.v1',
  patientMatched: 'identity.patient-matched.v1',
  departmentRegistered: 'identity.department-registered.v1',
  departmentPublished: 'identity.department-published.v1',
  clinicianRegistered: 'identity.clinician-registered.v1',
  clientRegistered: 'identity.client-registered.v1',
  clientDisabled: 'identity.client-disabled.v1',
  clientEnabled: 'identity.client-enabled.v1',
  departmentDisabled: 'identity.department-disabled.v1',
  departmentEnabled: 'identity.department-enabled.v1',
  clinicianDisabled: 'identity.clinician-disabled.v1',
  clinicianEnabled: 'identity.clinician-enabled.v1',
  tokenIssued: 'identity.token-issued.v1',
  custodyUsed: 'identity.custody-used.v1',
  custodyWithheld: 'identity.custody-withheld.v1',
  institutionKeyRegistered: 'identity.institution-key-registered.v1',

  objectStored: 'records.object-stored.v1',
  objectRead: 'records.object-read.v1',
  statusRead: 'records.status-read.v1',
  deedsRead: 'records.deeds-read.v1',
  objectRemoved: 'records.object-removed.v1',
  patientMismatched: 'records.patient-mismatched.v1',
  recordWithdrawn: 'records.record-withdrawn.v1',
  grantWithdrawn: 'records.grant-withdrawn.v1',
  withdrawalAnswered: 'records.withdrawal-answered.v1',
  withdrawnByHome: 'records.withdrawn-by-home.v1',
  objectDamaged: 'records.object-damaged.v1',
  scrubAsked: 'records.scrub-asked.v1',
  scrubEnded: 'records.scrub-ended.v1',
  keyRotationBegun: 'records.key-rotation-begun.v1',
  keyRotationEnded: 'records.key-rotation-ended.v1',
  cohortMinted: 'records.cohort-minted.v1',
  cohortFinal: 'records.cohort-final.v1',
  disclosed: 'records.disclosed.v1',
  disclosureWithheld: 'records.disclosure-withheld.v1',
  fetchWithheld: 'records.fetch-withheld.v1',
  fetched: 'records.fetched.v1',
  opened: 'records.opened.v1',
  homeAsked: 'records.home-asked.v1',

  requestSent: 'bridge.request-sent.v1',
  requestReceived: 'bridge.request-received.v1',
  notGranted: 'bridge.not-granted.v1',
  consented: 'bridge.consented.v1',
  grantRefused: 'bridge.grant-refused.v1',
  lockSent: 'bridge.lock-sent.v1',
  locked: 'bridge.grant-locked.v1',
  vouched: 'bridge.grant-vouched.v1',
  vouchSent: 'bridge.vouch-sent.v1',
  shareSigned: 'bridge.share-signed.v1',
  mintSent: 'bridge.mint-sent.v1',
  mapped: 'bridge.grant-mapped.v1',
  releaseAsked: 'bridge.release-asked.v1',
  partialReleased: 'bridge.partial-released.v1',
  released: 'bridge.key-released.v1',
  giveBackAsked: 'bridge.give-back-asked.v1',
  giveBackReceived: 'bridge.give-back-received.v1',
  revokeReceived: 'bridge.revoke-received.v1',
  transactionSent: 'bridge.transaction-sent.v1',
  bridgeOpened: 'bridge.grant-opened.v1',
  refunding: 'bridge.refund-begun.v1',
  memberBlamed: 'bridge.member-blamed.v1',
  transferClosed: 'bridge.transfer-closed.v1',
  halted: 'bridge.halted.v1',
  chainHalted: 'bridge.chain-halted.v1',
  historyAccepted: 'bridge.history-accepted.v1',
  ceremonyPosted: 'bridge.ceremony-posted.v1',
  keyGenerated: 'bridge.key-generated.v1',

  personErased: 'audit.person-erased.v1',
  sequenceConflict: 'audit.sequence-conflict.v1',
  messageRefused: 'audit.message-refused.v1',
  logCaughtUp: 'audit.log-caught-up.v1',
  logKeysChanged: 'audit.log-keys-changed.v1',
} as const;

/** The event of a message that `service` gave up; any service that consumes events may append it. No service reads its details, they are for the log. */
export function messageDeadLettered(service: string): string {
  return `${service}.message-dead-lettered.v1`;
}

/**
 * The event of a stream or consumer that vanished, or was deleted and made anew, while `service` was reading it. Any service
 * that consumes events may append it. Details `{ stream, consumer }` name both.
 */
export function lostOnBus(service: string, loss: 'stream' | 'consumer'): string {
  return `${service}.${loss}-lost.v1`;
}

/** The event of an operator who brought `service` into agreement with the audit log; details as in `OutboxAgreement`. */
export function outboxAgreed(service: string): string {
  return `${service}.outbox-agreed.v1`;
}

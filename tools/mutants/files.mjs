/** The share of all planted faults that tests must notice, in percent. */
export const wanted = 90;

/** What Stryker does not change: texts for people, and options given to libraries by name, which types hold. */
export const leftOut = ['StringLiteral', 'ObjectLiteral'];

/** The specs `<name>.spec.ts` of a folder. */
const specs = (folder, ...names) => names.map((name) => `${folder}/${name}.spec.ts`);

const bridge = 'apps/bridge/src';
const audit = 'apps/audit/src';
const records = 'apps/records/src';
const logSpecs = specs(`${audit}/log`, 'log.integration', 'restore.integration', 'journal.integration');

/** The files that carry promises, and the specs that stand for each: first those without servers. */
export const promiseFiles = {
  [`${bridge}/revocations/statement.ts`]: specs(`${bridge}/revocations`, 'statement'),
  [`${bridge}/signing/sign-commitment.ts`]: specs(`${bridge}/signing`, 'sign-commitment'),
  [`${bridge}/signing/ask-enough.ts`]: specs(`${bridge}/signing`, 'ask-enough'),
  [`${bridge}/signing/guards.ts`]: specs(`${bridge}/signing`, 'guards'),
  [`${bridge}/chains/vouch.ts`]: specs(`${bridge}/chains`, 'vouch'),
  [`${bridge}/grants/enrolment-evidence.ts`]: specs(`${bridge}/grants`, 'enrolment-evidence'),
  [`${bridge}/transfers/facts.ts`]: specs(`${bridge}/transfers`, 'facts', 'transfer'),
  [`${bridge}/transfers/look-times.ts`]: specs(`${bridge}/transfers`, 'look-times'),
  [`${bridge}/transfers/transfer.ts`]: specs(`${bridge}/transfers`, 'transfer'),
  [`${audit}/events/decode.ts`]: specs(`${audit}/events`, 'decode'),
  [`${audit}/events/gap.ts`]: specs(`${audit}/events`, 'gap'),
  [`${audit}/anchors/anchor.ts`]: specs(`${audit}/anchors`, 'anchor'),
  'libs/audit-verifier/src/verify-anchors.ts': specs('libs/audit-verifier/src', 'verify-anchors'),
  'libs/audit-verifier/src/verify-log.ts': specs(
    'libs/audit-verifier/src',
    'verify',
    'verify-anchors',
    'limits.integration',
  ),
  [`${bridge}/grants/serving.service.ts`]: specs(`${bridge}/grants`, 'serving.service'),
  [`${bridge}/release/partials.ts`]: specs(`${bridge}/grants`, 'serving.service'),
  [`${bridge}/grants/grants.service.ts`]: specs(`${bridge}/grants`, 'consent', 'grants.service'),
  [`${bridge}/transfers/grant-checks.ts`]: specs(`${bridge}/grants`, 'consent', 'grants.service'),
  'libs/crypto/src/age/header.ts': specs('libs/crypto/src/age', 'age', 'age.cctv'),
  'libs/crypto/src/lsag.ts': specs('libs/crypto/src', 'lsag'),
  [`${bridge}/revocations/revocations.service.ts`]: specs(
    `${bridge}/revocations`,
    'revocations.limit',
    'revocations.integration',
  ),
  [`${bridge}/signing/signer.service.ts`]: specs(`${bridge}/signing`, 'signing.integration'),
  [`${records}/objects/pending-objects.ts`]: specs(`${records}/objects`, 'pending-objects.integration'),
  [`${audit}/log/wholeness.ts`]: logSpecs,
  [`${audit}/log/ready.ts`]: logSpecs,
  [`${audit}/log/receipts.ts`]: logSpecs,
  [`${audit}/log/standing.ts`]: logSpecs,
  [`${audit}/log/journal.ts`]: logSpecs,
  [`${audit}/log/log.service.ts`]: [...logSpecs, ...specs(audit, 'events/crash.integration')],
  'libs/outbox/src/receipts.ts': specs('libs/outbox/src', 'outbox.integration'),
  'libs/outbox/src/relay.ts': specs('libs/outbox/src', 'outbox.integration'),
  'libs/chain/src/reader.ts': specs('libs/chain/src', 'reader.integration'),
  'libs/chain/src/sender.ts': specs('libs/chain/src', 'sender.integration'),
  'libs/service/src/open-limits.ts': specs('libs/service/src', 'open-limits'),
};

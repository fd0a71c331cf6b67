import { to0x, utf8 } from '@cpds/crypto/bytes';
import * as tlog from '@cpds/crypto/tlog';
import { enrolmentDigest } from '@cpds/contracts';
import { canonicalJson, eventCommitment, events, type EnrolmentEvidence, type Hex } from '@cpds/messages';
import { SigningKey } from 'ethers';
import { checkEnrolment, logOrigin } from './enrolment-evidence.js';

const word = (fill: number): Hex => to0x(new Uint8Array(32).fill(fill));
const spending = new SigningKey(word(1));
const homeUid = word(2);
const enrolment: EnrolmentEvidence['enrolment'] = {
  homeUid,
  spendingKey: spending.compressedPublicKey as Hex,
  viewingKey: spending.compressedPublicKey as Hex,
  ageRecipient: `age1${'q'.repeat(58)}`,
  authKey: word(3),
};

/** What A sends of a log with this one leaf, whose details are these. */
function evidence(details: EnrolmentEvidence['details'] = { enrolment }): EnrolmentEvidence {
  const salt = word(4);
  const leaf = canonicalJson({ type: events.patientEnrolled, commitment: eventCommitment(salt, details) });
  return {
    enrolment,
    signature: spending.sign(enrolmentDigest(enrolment)).serialized as Hex,
    leaf,
    salt,
    details,
    leafIndex: 0,
    proof: [],
    checkpoint: `${tlog.formatCheckpoint({ origin: logOrigin('north'), size: 1, root: tlog.leafHash(utf8(leaf)) })}\n— north sig\n`,
  };
}
const check = (change: Partial<EnrolmentEvidence> = {}) =>
  checkEnrolment({ ...evidence(), ...change }, homeUid, 'north');
const refusal = (field: string) => expect.objectContaining({ code: 'bad-enrolment', kind: 'invalid', field });

/** The last of two leaves, under a checkpoint of both. */
function inLongerLog(): EnrolmentEvidence {
  const alone = evidence();
  const [first, last] = [tlog.leafHash(utf8('{}')), tlog.leafHash(utf8(alone.leaf))] as const;
  const checkpoint = tlog.formatCheckpoint({ origin: logOrigin('north'), size: 2, root: tlog.nodeHash(first, last) });
  return { ...alone, leafIndex: 1, proof: [to0x(first)], checkpoint: `${checkpoint}\n— north sig\n` };
}

describe('evidence of an enrolment', () => {
  it('is taken from any place of the log', () => {
    expect(checkEnrolment(inLongerLog(), homeUid, 'north')).toMatchObject({ size: 2 });
    const other = { ...inLongerLog(), proof: [word(8)] };
    expect(() => checkEnrolment(other, homeUid, 'north')).toThrow(refusal('enrolment.proof'));
  });

  it('needs no signature on its checkpoint, whose anchor is looked up', () => {
    const { checkpoint } = evidence();
    expect(check({ checkpoint: checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1) })).toEqual(check());
  });

  it.each<[string, EnrolmentEvidence['details']]>([
    ['another enrolment', { enrolment: { ...enrolment, authKey: word(9) } }],
    ['no enrolment', {}],
  ])('is refused when the logged details are of %s', (_, details) => {
    expect(() => checkEnrolment(evidence(details), homeUid, 'north')).toThrow(refusal('enrolment.details'));
  });

  it('leads to the checkpoint that must be anchored', () => {
    const rootHex = to0x(tlog.leafHash(utf8(evidence().leaf)));
    expect(check()).toEqual({ origin: 'cpds/north/audit', size: 1, rootHex });
  });

  it.each<[string, Partial<EnrolmentEvidence>]>([
    ['signature', { signature: `0x${'ff'.repeat(32)}${'01'.repeat(32)}1b` }],
    ['signature', { signature: `0x${'00'.repeat(64)}1b` }],
    ['signature', { signature: new SigningKey(word(9)).sign(enrolmentDigest(enrolment)).serialized as Hex }],
    ['leaf', { leaf: '{' }],
    ['leaf', { leaf: '' }],
    ['leaf', { leaf: '{"type":"identity.other.v1","commitment":"0x"}' }],
    ['leaf', { salt: word(5) }],
    ['details', { details: { enrolment, name: '\ud800' } }],
    ['checkpoint', { checkpoint: 'cpds/north/audit\n1\nno base64\n' }],
    ['checkpoint', { checkpoint: '' }],
    [
      'checkpoint',
      { checkpoint: tlog.formatCheckpoint({ origin: logOrigin('south'), size: 1, root: new Uint8Array(32) }) },
    ],
    ['proof', { proof: [word(6)] }],
    ['proof', { leafIndex: 1 }],
  ])('is refused by the name of its %s, however malformed', (field, change) => {
    expect(() => check(change)).toThrow(refusal(`enrolment.${field}`));
  });

  it('is refused where the spending key is no point, or the chain another', () => {
    const offCurve = { ...enrolment, spendingKey: `0x02${'ff'.repeat(32)}` as Hex };
    expect(() => check({ enrolment: offCurve })).toThrow(refusal('enrolment.spendingKey'));
    expect(() => check({ enrolment: { ...enrolment, homeUid: word(7) } })).toThrow(refusal('enrolment.homeUid'));
  });
});

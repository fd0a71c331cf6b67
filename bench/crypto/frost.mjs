// A FROST signature step by step, against bare @noble/curves and @cmdcode/frost.
import { randomBytes } from 'node:crypto';
import * as frost from '@cpds/crypto/frost';
import { frostPublic, frostSecret } from '@cpds/crypto/group';
import {
  combine_partial_sigs,
  create_commit_pkg,
  create_dealer_set,
  get_group_key_context,
  get_group_signing_ctx,
  sign_msg,
  verify_final_sig,
  verify_partial_sig,
} from '@cmdcode/frost/lib';
import { measured, row, timed } from '../harness.mjs';
import { named, ownNoble } from '../peers.mjs';
import { generate } from './generation.mjs';

const { secp256k1_FROST: noble } = await ownNoble('secp256k1.js');
const steps = ['commit', 'sign share', 'verify share', 'aggregate', 'verify'];

/** How much of bare @noble/curves' speed a step may cost. */
const allowed = 0.1;

export async function measure(options) {
  const rows = [];
  const slow = [];
  for (const [threshold, n] of [
    [3, 5],
    [7, 10],
  ]) {
    const shares = generate(threshold, n);
    const contenders = { ours: ours(shares), noble: bare(shares), cmdcode: cmdcode(threshold, n) };
    for (const step of steps) {
      const entries = Object.entries(contenders).map(([name, one]) => [name, one[step]]);
      const times = await measured(options, Object.fromEntries(entries));
      const name = `FROST ${threshold} of ${n}: ${step}`;
      const beside = (peer, peerName, note) => row({ name, unit: 'ms', ours: times.ours, peer, peerName, note });
      const bareRow = beside(
        times.noble,
        'bare @noble/curves',
        'Ours names culprits and refuses strangers, wrong counts and spent nonces around the same arithmetic.',
      );
      if (bareRow.ratio < 1 - allowed) slow.push(`${name} (${bareRow.ratio})`);
      rows.push(
        bareRow,
        beside(
          times.cmdcode,
          named('@cmdcode/frost'),
          'The peer signs for BIP-340 (x-only). Its context, which holds the group commitment, is made in each step as ours is; its aggregate is verified as ours is.',
        ),
      );
    }
  }
  const limit = `No FROST step more than ${100 * allowed} % behind bare @noble/curves`;
  return { rows, checks: [slow.length === 0 ? `${limit}: holds.` : `${limit}: does not hold for ${slow.join(', ')}.`] };
}

function ours(shares) {
  const [{ group }] = shares;
  const digest = randomBytes(32);
  const signers = shares.slice(0, group.threshold);
  const drawn = signers.map((share) => frost.drawNonces(share));
  const commitments = drawn.map(({ commitment }) => commitment);
  const signed = signers.map((share, at) => frost.signShare(share, drawn[at], commitments, digest));
  const { signature } = frost.combineSignature(group, commitments, digest, signed);
  return {
    commit: timed(() => frost.drawNonces(signers[0])),
    'sign share': timed(
      (nonces) => frost.signShare(signers[0], nonces, [nonces.commitment, ...commitments.slice(1)], digest),
      () => frost.drawNonces(signers[0]),
    ),
    'verify share': timed(() => mustHold(frost.isSignatureShare(group, commitments, digest, signed[0]))),
    aggregate: timed(() => mustHold(frost.combineSignature(group, commitments, digest, signed).signature)),
    verify: timed(() => mustHold(frost.isGroupSignature(group.publicKey, digest, signature))),
  };
}

function bare(shares) {
  const group = plainPublic(shares[0].group);
  const digest = randomBytes(32);
  const signers = shares.slice(0, shares[0].group.threshold).map(frostSecret);
  const drawn = signers.map((secret) => noble.commit(secret));
  const list = drawn.map(({ commitments }) => commitments);
  const signed = signers.map((secret, at) => noble.signShare(secret, group, drawn[at].nonces, list, digest));
  const byId = Object.fromEntries(signers.map(({ identifier }, at) => [identifier, signed[at]]));
  const signature = noble.aggregate(group, list, digest, byId);
  const [signer] = signers;
  return {
    commit: timed(() => noble.commit(signer)),
    'sign share': timed(
      ({ nonces, commitments }) => noble.signShare(signer, group, nonces, [commitments, ...list.slice(1)], digest),
      () => noble.commit(signer),
    ),
    'verify share': timed(() => mustHold(noble.verifyShare(group, list, digest, signer.identifier, signed[0]))),
    aggregate: timed(() => noble.aggregate(group, list, digest, byId)),
    verify: timed(() => mustHold(noble.verify(signature, digest, group.commitments[0]))),
  };
}

/** A group with its points compressed, as the library's own key generation gives them. */
function plainPublic(group) {
  const verifyingShares = Object.fromEntries(
    [...group.verificationShares].map(([index, point]) => [noble.Identifier.fromNumber(index), point]),
  );
  return { ...frostPublic(group), commitments: [group.publicKey], verifyingShares };
}

function cmdcode(threshold, n) {
  const { group_pk: key, shares } = create_dealer_set(threshold, n);
  const message = randomBytes(32).toString('hex');
  const signers = shares.slice(0, threshold);
  const nonces = signers.map((share) => create_commit_pkg(share));
  const context = () => get_group_signing_ctx(key, nonces, message);
  const signed = signers.map((share, at) => sign_msg(context(), share, nonces[at]));
  const signature = combine_partial_sigs(context(), signed);
  return {
    commit: timed(() => create_commit_pkg(signers[0])),
    'sign share': timed(() => sign_msg(context(), signers[0], nonces[0])),
    'verify share': timed(() => mustHold(verify_partial_sig(context(), nonces[0], signed[0].pubkey, signed[0].psig))),
    aggregate: timed(() => {
      const made = context();
      mustHold(verify_final_sig(made, message, combine_partial_sigs(made, signed)));
    }),
    verify: timed(() => mustHold(verify_final_sig(get_group_key_context(key), message, signature))),
  };
}

function mustHold(valid) {
  if (!valid) throw new Error('what is good was refused');
}

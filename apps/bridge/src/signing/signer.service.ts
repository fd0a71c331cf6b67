import { fromHex, to0x } from '@cpds/crypto/bytes';
import * as frost from '@cpds/crypto/frost';
import type { KeyShare } from '@cpds/crypto/group';
import { mintDigest, notMappedDigest } from '@cpds/contracts';
import { conflict, denied, invalid, parse } from '@cpds/errors';
import { events, SignBody, type Datagram, type Hex, type SignAnswer, type SignCommitment } from '@cpds/messages';
import { Agreement, Changes, told } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { BoundedMap } from '../bounded-map.js';
import { KeyShares } from '../ceremonies/key-shares.js';
import { Consortium, groupKeyOf, type Group } from '../chains/consortium-view.js';
import { MessageKey } from '../datagrams/datagram.js';
import { checkCapsule } from '../transfers/grant-checks.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { signAnswer, unavailableAnswer } from './answers.js';
import { mayDenyMapping, mayMint, mayOpenMint, type GuardInput, type GuardOutcome } from './guards.js';
import { commitmentFault, nonceCommitmentOf, signCommitment } from './sign-commitment.js';
import { SpentNonceRow } from './storeman-act.row.js';
import { checkQuota, commitAct, hasActed } from './storeman-acts.js';
import {
  askedGrant,
  checkCoordinator,
  ownGroup,
  type AskedGrant,
  type StoremanFacts,
  StoremanView,
} from './storeman-view.js';

type SignOpen = Extract<z.infer<typeof SignBody>, { step: 'commit' }>;
type SignPackage = Extract<z.infer<typeof SignBody>, { step: 'share' }>;
type Action = SignOpen['action'];

/** A session this signer has committed to. In memory only: it dies with its nonces. */
interface OpenSession {
  asked: AskedGrant;
  action: Action;
  /** built from own facts, never taken from the coordinator */
  digest: Hex;
  capsule: Hex | undefined;
  commitment: SignCommitment;
  keyId: string;
}

/** Open sessions at most. A coordinator needs one at a time. */
const maxSessions = 256;

export abstract class SignerOptions {
  /** Mint shares per home, destination and hour */
  abstract readonly quotaPerHour: number;
  abstract readonly now?: () => Date;
}

/**
 * A storeman's side of a signing session (protocol section 3): commits to nonces, then signs one share of the digest that
 * its own facts give.
 *
 * Crash story: nonces and sessions are lost with the process, and the coordinator opens another session. The act row
 * (one digest per grant and action), the spent nonce, the event and the row's step commit together before the share leaves;
 * a share that was never received is made again, for the same digest and with other nonces.
 */
@Injectable()
export class SignerService {
  private readonly sessions = new BoundedMap<string, OpenSession>(maxSessions);
  private readonly vault: frost.NonceVault;
  private readonly now: () => Date;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly consortium: Consortium,
    private readonly view: StoremanView,
    private readonly transfers: TransfersService,
    private readonly shares: KeyShares,
    private readonly messageKey: MessageKey,
    private readonly agreement: Agreement,
    private readonly options: SignerOptions,
  ) {
    this.now = options.now ?? (() => new Date());
    this.vault = new frost.NonceVault(() => this.now().getTime());
  }

  /** Answers a datagram of kind `sign`. @throws AppError for a refusal, whose code and field the sender gets */
  async answer(received: Pick<Datagram, 'from' | 'body'>): Promise<SignAnswer> {
    const body = parse(SignBody, received.body, 'sign');
    try {
      return await (body.step === 'commit' ? this.commit(received.from, body) : this.sign(received.from, body));
    } catch (error) {
      return unavailableAnswer(error);
    }
  }

  private async commit(from: string, body: SignOpen): Promise<SignAnswer> {
    const asked = askedGrant(this.consortium, body.homeUid, body.grant);
    checkCoordinator(asked, body.action, from);
    this.checkParts(asked, body.action, body.capsule);
    const { refused, lockBlock } = await this.guard(asked, body.action, mayOpenMint);
    if (refused) return refused;
    const { group, share } = await this.ownShare(asked, body.action);
    const { nonceId, commitment } = this.vault.commit(keyOf(from, body.session), share);
    const signed = signCommitment(this.messageKey, {
      session: body.session,
      index: share.index,
      epoch: group.epoch,
      nonceId,
      hiding: to0x(commitment.hiding),
      binding: to0x(commitment.binding),
      lockBlockHash: lockBlock as Hex,
    });
    this.sessions.set(keyOf(from, body.session), {
      asked,
      action: body.action,
      digest: digestOf(asked, body.action),
      capsule: body.capsule,
      commitment: signed,
      keyId: group.keyId,
    });
    return { outcome: 'committed', commitment: signed };
  }

  private async sign(from: string, body: SignPackage): Promise<SignAnswer> {
    const key = keyOf(from, body.session);
    const open = this.sessions.get(key);
    if (!open) return { outcome: 'unavailable', reason: 'this session is not open here (any more)' };
    if (open.asked.grantId !== body.grantId || open.action !== body.action)
      throw conflict('other-session', 'the session was opened for another grant or action', { field: 'session' });
    const { group, share } = await this.ownShare(open.asked, open.action);
    if (group.keyId !== open.keyId || group.epoch !== open.commitment.epoch)
      return { outcome: 'unavailable', reason: 'the epoch changed since the session was opened' };
    const commitments = this.checkedPackage(group, open, body);
    if (body.commitments.some((one) => one.lockBlockHash !== open.commitment.lockBlockHash)) {
      await this.reportEquivocation(open.asked);
      throw denied('equivocation', 'signers see different blocks of the lock', { field: 'commitments' });
    }
    // Read the facts again: a revoke may have come in the seconds between the rounds.
    const { refused, input } = await this.guard(open.asked, open.action, mayMint);
    if (refused) return refused;
    this.sessions.delete(key);
    const nonces = await this.takeNonces(key, open, input);
    const signature = frost.signShare(share, nonces, commitments, fromHex(open.digest, 'digest', 32));
    return { outcome: 'signed', index: signature.index, share: to0x(signature.share) };
  }

  /** The capsule goes with Mint, and must be the one the grant names, for this group's sealing key. */
  private checkParts(asked: AskedGrant, action: Action, capsule: Hex | undefined): void {
    if (action !== 'mint') return;
    if (capsule === undefined) throw invalid('capsule-missing', 'capsule', 'capsule: is needed to sign a mint');
    const sealing = this.consortium.current().groups.find((one) => one.keyId === asked.home.sealKeyId);
    if (!sealing) throw invalid('no-sealing-key', 'capsule', 'capsule: no sealing key is registered for its home');
    checkCapsule(asked.homeUid, asked.grant, capsule, { keyId: sealing.keyId, ySeal: sealing.y });
  }

  /** Asks the guard of the action's line; any result but yes becomes this node's answer. */
  private async guard(
    asked: AskedGrant,
    action: Action,
    mint: (input: GuardInput) => GuardOutcome,
  ): Promise<{ refused: SignAnswer | null; lockBlock: string; input: StoremanFacts }> {
    const { input, outcome: said } = await this.view.guarded(asked, action === 'mint' ? mint : mayDenyMapping);
    let outcome = said;
    if (outcome.outcome === 'yes' && action === 'not-mapped' && (await this.hasReleased(asked)))
      outcome = { outcome: 'answer', verdict: 'mapped' };
    switch (outcome.outcome) {
      case 'yes':
        return { refused: null, lockBlock: outcome.lockBlock, input };
      case 'answer': {
        const statement = { grantId: asked.grantId, action, verdict: outcome.verdict };
        const answer = signAnswer(this.consortium.current().hub.chainUid, this.messageKey, statement);
        return { refused: { outcome: 'answer', answer }, lockBlock: '', input };
      }
      case 'unavailable':
        return { refused: { outcome: 'unavailable', reason: outcome.reason }, lockBlock: '', input };
    }
  }

  private hasReleased(asked: AskedGrant): Promise<boolean> {
    return hasActed({ manager: this.unitOfWork.reader }, asked.grantId, 'release');
  }

  /** The share of the key that the executing contract holds: the destination's for Mint, the home's for NotMapped. */
  private async ownShare(asked: AskedGrant, action: Action): Promise<{ group: Group; share: KeyShare }> {
    const keyId = action === 'mint' ? asked.destination.signKeyId : asked.home.signKeyId;
    const { group, index } = ownGroup(this.consortium, keyId);
    return { group, share: await this.shares.of(group, index) };
  }

  /** Exactly t commitments, each signed by a member of this epoch, one per member, the own one bit-equal. */
  private checkedPackage(group: Group, open: OpenSession, body: SignPackage): frost.NonceCommitment[] {
    for (const one of body.commitments) {
      const fault = commitmentFault(group, body.session, one);
      if (fault) throw invalid('bad-package', 'commitments', fault, { culprit: `member ${one.index}` });
    }
    const own = body.commitments.find((one) => one.index === open.commitment.index);
    if (own?.hiding !== open.commitment.hiding || own.binding !== open.commitment.binding)
      throw invalid('bad-package', 'commitments', 'commitments: do not hold the own one as it was given');
    const commitments = body.commitments.map(nonceCommitmentOf);
    frost.checkPackage(groupKeyOf(group), commitments);
    return commitments;
  }

  private async takeNonces(key: string, open: OpenSession, { rowId, facts }: StoremanFacts) {
    await this.agreement.require(); // a restored database may have lost acts and spent nonces
    const { asked, action, digest } = open;
    const at = this.now();
    const spend = (nonceId: string) =>
      this.changes.commit(async (tx) => {
        // A statement may have come since the guard read the row.
        await this.transfers.assertNotStopped(tx, asked.grantId, 'S');
        const act = {
          grantId: asked.grantId,
          act: action,
          digest,
          homeUid: asked.homeUid,
          destinationUid: asked.grant.destinationUid,
        };
        if (action === 'mint') await checkQuota(tx, act, this.options.quotaPerHour, at);
        await commitAct(tx, act, at);
        await tx.manager.insert(SpentNonceRow, { nonceId, grantId: asked.grantId, at });
        const signed = {
          type: events.shareSigned,
          correlation: asked.grantId,
          details: {
            grantId: asked.grantId,
            action,
            epoch: open.commitment.epoch,
            lockBlock: open.commitment.lockBlockHash,
          },
        };
        if (!rowId || action !== 'mint') return told(signed);
        // The row's own step; if the table has no line for it at this moment, the chains will move the row.
        const step = await this.transfers.raiseWithin(tx, rowId, { type: 'share-signed' }, facts);
        return told([signed, ...step.events]);
      });
    return this.vault.take(key, { spend });
  }

  private async reportEquivocation(asked: AskedGrant): Promise<void> {
    const { facts, rowId } = await this.view.of(asked);
    if (rowId) await this.transfers.raise(rowId, { type: 'equivocation' }, facts);
  }
}

/** Name of a session; those of different coordinators differ, whatever ids they choose. */
function keyOf(from: string, session: string): string {
  return `${from}/${session}`;
}

/** The digest to sign, by the rules of protocol section 12; it names chain, contract, action and grant. */
export function digestOf(asked: AskedGrant, action: Action): Hex {
  const { grant, grantId, homeUid } = asked;
  return (
    action === 'mint'
      ? mintDigest(grant.destinationUid, grant.mappedDeeds, grantId)
      : notMappedDigest(homeUid, grant.lockedAccount, grantId)
  ) as Hex;
}

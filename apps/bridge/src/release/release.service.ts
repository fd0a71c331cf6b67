import { fromHex } from '@cpds/crypto/bytes';
import { verifyOpen } from '@cpds/crypto/capsule';
import { parseScalar, pointFromHex } from '@cpds/crypto/curve';
import { releasePartial } from '@cpds/crypto/partial';
import { invalid, parse, unavailable } from '@cpds/errors';
import { events, ReleaseBody, type Datagram, type Hex, type ReleaseAnswer, type SignedPartial } from '@cpds/messages';
import { Agreement, Changes, told, unchanged } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { KeyShares } from '../ceremonies/key-shares.js';
import { Consortium, type Group } from '../chains/consortium-view.js';
import { MessageKey } from '../datagrams/datagram.js';
import { signAnswer, unavailableAnswer } from '../signing/answers.js';
import { mayRelease } from '../signing/guards.js';
import { commitAct, hasActed } from '../signing/storeman-acts.js';
import { askedGrant, checkCoordinator, ownGroup, type AskedGrant, StoremanView } from '../signing/storeman-view.js';
import { checkCapsule } from '../transfers/grant-checks.js';
import { TransfersService } from '../transfers/transfers.service.js';
import { digestOfPartial, partialContext, partialWords } from './partials.js';
import { ReleaseRow, signedPartialOf } from './release.row.js';

/** The facts on which a release rests, once every guard has agreed. */
interface Grounds {
  asked: AskedGrant;
  capsule: Hex;
  group: Group;
  index: number;
  lockBlock: Hex;
  mintBlock: Hex;
}

/**
 * A storeman's release (protocol section 6, transfer table "S, Mapped"): checks everything in its own nodes, commits the
 * row with W_i and its event, and only then answers.
 *
 * Crash story: before the commit nothing has left; after it every repetition answers the bytes of the row, but only if
 * the same guards agree: after a revoke the answer is the revoke. A database that was restored may have lost acts, so
 * nothing leaves while the log tells another history than it.
 */
@Injectable()
export class ReleaseService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly consortium: Consortium,
    private readonly view: StoremanView,
    private readonly transfers: TransfersService,
    private readonly shares: KeyShares,
    private readonly messageKey: MessageKey,
    private readonly agreement: Agreement,
  ) {}

  /** Answers a datagram of kind `release`. @throws AppError `bad-open-proof`, `grant-refused`, `not-coordinator`, … */
  async answer(received: Pick<Datagram, 'from' | 'body'>): Promise<ReleaseAnswer> {
    const body = parse(ReleaseBody, received.body, 'release');
    try {
      return await this.answerOf(received.from, body);
    } catch (error) {
      return unavailableAnswer(error);
    }
  }

  private async answerOf(from: string, body: z.infer<typeof ReleaseBody>): Promise<ReleaseAnswer> {
    const asked = askedGrant(this.consortium, body.homeUid, body.grant);
    checkCoordinator(asked, 'release', from);
    const { group, index } = ownGroup(this.consortium, asked.home.sealKeyId);
    checkCapsule(asked.homeUid, asked.grant, body.capsule, { keyId: group.keyId, ySeal: group.y });
    checkProofOfQ(asked, body);

    const { outcome } = await this.view.guarded(asked, mayRelease);
    if (outcome.outcome === 'unavailable') return outcome;
    if (outcome.outcome === 'answer') {
      const said = { grantId: asked.grantId, action: 'release' as const, verdict: outcome.verdict };
      const answer = signAnswer(this.consortium.current().hub.chainUid, this.messageKey, said);
      return { outcome: 'answer', answer };
    }
    const blocks = { lockBlock: outcome.lockBlock as Hex, mintBlock: outcome.mintBlock as Hex };
    const partial = await this.release({ asked, capsule: body.capsule, group, index, ...blocks });
    return { outcome: 'partial', partial };
  }

  /** Stores the partial and returns that of the row; if two questions race, both get the first row's. */
  private async release(grounds: Grounds): Promise<SignedPartial> {
    await this.agreement.require();
    const { asked, group } = grounds;
    const where = { grantId: asked.grantId, epoch: group.epoch };
    const earlier = await this.unitOfWork.reader.findOneBy(ReleaseRow, where);
    if (!earlier && (await hasActed({ manager: this.unitOfWork.reader }, asked.grantId, 'not-mapped')))
      throw unavailable('excluded-act', 'this storeman has signed NotMapped for this grant');
    const draft = earlier ?? (await this.draft(grounds));
    return this.changes.commit(async (tx) => {
      // A statement may have come since the guard read the row.
      await this.transfers.assertNotStopped(tx, asked.grantId, 'S');
      if (earlier) return unchanged(signedPartialOf(earlier));
      await commitAct(
        tx,
        {
          grantId: asked.grantId,
          act: 'release',
          digest: asked.grant.sealedKeyHash,
          homeUid: asked.homeUid,
          destinationUid: asked.grant.destinationUid,
        },
        draft.at,
      );
      const inserted = await tx.manager
        .createQueryBuilder()
        .insert()
        .into(ReleaseRow)
        .values(draft)
        .orIgnore()
        .returning('grant_id')
        .execute();
      const partial = signedPartialOf(await tx.manager.findOneByOrFail(ReleaseRow, where));
      if ((inserted.raw as unknown[]).length === 0) return unchanged(partial);
      return told(eventOf(grounds), partial);
    });
  }

  private async draft({ asked, capsule, group, index, lockBlock, mintBlock }: Grounds): Promise<ReleaseRow> {
    const { grantId, grant } = asked;
    const share = await this.shares.of(group, index);
    const context = partialContext({ grantId, grant, capsule }, group.epoch);
    const made = releasePartial(context, index, parseScalar(share.secret, 'share'), (length) => randomBytes(length));
    const unsigned = {
      grantId,
      epoch: group.epoch,
      index,
      sealedKeyHash: grant.sealedKeyHash,
      ...partialWords(made),
      lockBlock,
      mintBlock,
    };
    const signature = this.messageKey.sign(digestOfPartial(this.consortium.current().hub.chainUid, unsigned));
    const { index: memberIndex, ...fields } = unsigned;
    return Object.assign(new ReleaseRow(), { ...fields, memberIndex, signature, at: new Date() });
  }
}

/** DLEQ(open; G, Q, Ḡ, Q̄; grantId): the asker knows q. A signature by q would not show that (section 11, attack 2). */
function checkProofOfQ(asked: AskedGrant, body: { qBar: Hex; proof: { c: Hex; s: Hex } }): void {
  const Q = pointFromHex(asked.grant.recipientKey, 'grant.recipientKey');
  const qBar = pointFromHex(body.qBar, 'qBar');
  const proof = {
    c: parseScalar(fromHex(body.proof.c, 'proof.c', 32), 'proof.c'),
    s: parseScalar(fromHex(body.proof.s, 'proof.s', 32), 'proof.s'),
  };
  if (!verifyOpen(Q, fromHex(asked.grantId, 'grantId', 32), { qBar, proof }))
    throw invalid('bad-open-proof', 'proof', 'proof: does not show that the asker holds the recipient key');
}

function eventOf({ asked, group, index, lockBlock, mintBlock }: Grounds) {
  return {
    type: events.partialReleased,
    correlation: asked.grantId,
    details: { grantId: asked.grantId, epoch: group.epoch, index, lockBlock, mintBlock },
  };
}

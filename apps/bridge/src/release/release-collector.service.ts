import { parse, toAppError } from '@cpds/errors';
import { ReleaseAnswer, type DleqProof, type Grant, type Hex, type SignedPartial } from '@cpds/messages';
import { Injectable } from '@nestjs/common';
import { Consortium, groupOf, hospitalOfChain, type Group, type GroupMember } from '../chains/consortium-view.js';
import { DatagramsService } from '../datagrams/datagrams.service.js';
import { isAnswerOf } from '../signing/answers.js';
import { askEnough, placeOf } from '../signing/ask-enough.js';
import type { MemberAnswer } from '../signing/signing-coordinator.service.js';
import { combinedW, partialFault } from './partials.js';

/** B's question to the storemen. */
export interface ReleaseRequest {
  grantId: Hex;
  homeUid: Hex;
  grant: Grant;
  capsule: Hex;
  /** Q̄ and the proof of knowledge of q, from identity's custody */
  qBar: Hex;
  proof: DleqProof;
}

/** How a collection ends; everything in it has been verified. */
export type ReleaseOutcome =
  | {
      outcome: 'released';
      keyId: Hex;
      ySeal: Hex;
      epoch: number;
      /** W = Σ λ_i·W_i, compressed: secret enough to be sealed at rest, useless without q */
      w: Hex;
      /** exactly t, of one epoch */
      partials: SignedPartial[];
      culprits: string[];
    }
  /** so many signed refusals that t partials cannot come any more */
  | { outcome: 'refused'; answers: MemberAnswer[]; culprits: string[] }
  | { outcome: 'waiting'; answers: MemberAnswer[]; culprits: string[]; reasons: { from: string; reason: string }[] };

export abstract class CollectorOptions {
  /** how long one storeman is waited for, milliseconds */
  abstract readonly timeoutMs: number;
  /** t storemen are asked at once, the others this much later at the latest, milliseconds */
  abstract readonly othersAfterMs: number;
}

/** B's side of the release: asks the storemen, checks each partial, names members that lied, combines t of one epoch. */
@Injectable()
export class ReleaseCollector {
  constructor(
    private readonly consortium: Consortium,
    private readonly datagrams: DatagramsService,
    private readonly options: CollectorOptions,
  ) {}

  /**
   * Asks t storemen, and the others if those are not enough. Returns as soon as t partials are good; with refusals,
   * when all have answered, so that each signed answer can be shown.
   *
   * @throws AppError `no-group`, `unknown-hospital`
   */
  async collect(request: ReleaseRequest): Promise<ReleaseOutcome> {
    const view = this.consortium.current();
    const group = groupOf(view, hospitalOfChain(view, request.homeUid).sealKeyId);
    const partials: SignedPartial[] = [];
    const answers: MemberAnswer[] = [];
    const culprits: string[] = [];
    const reasons: { from: string; reason: string }[] = [];

    const asking = {
      atOnce: group.threshold,
      from: placeOf(request.grantId, group.members.length),
      othersAfterMs: this.options.othersAfterMs,
      isEnough: () => partials.length >= group.threshold,
    };
    await askEnough(group.members, asking, async (member) => {
      const said = await this.ask(group, member, request);
      if ('partial' in said) partials.push(said.partial);
      else if ('answer' in said) answers.push(said);
      else reasons.push({ from: member.party, reason: said.reason });
      if ('reason' in said && said.isFault) culprits.push(member.party);
      return 'partial' in said;
    });

    if (partials.length >= group.threshold) {
      const chosen = partials.slice(0, group.threshold);
      const { keyId, y, epoch, threshold } = group;
      return {
        outcome: 'released',
        keyId,
        ySeal: y,
        epoch,
        w: combinedW(chosen, threshold),
        partials: chosen,
        culprits,
      };
    }
    const refusals = answers.filter(({ answer }) => answer.verdict === 'revoked' || answer.verdict === 'expired');
    if (refusals.length > group.members.length - group.threshold) return { outcome: 'refused', answers, culprits };
    return { outcome: 'waiting', answers, culprits, reasons };
  }

  private async ask(
    group: Group,
    member: GroupMember,
    request: ReleaseRequest,
  ): Promise<{ partial: SignedPartial } | MemberAnswer | { reason: string; isFault: boolean }> {
    const { grantId, homeUid, grant, capsule, qBar, proof } = request;
    const hubUid = this.consortium.current().hub.chainUid;
    let said: ReleaseAnswer;
    try {
      const outgoing = {
        to: member.party,
        kind: 'release' as const,
        grantId,
        body: { homeUid, grant, capsule, qBar, proof },
      };
      said = parse(ReleaseAnswer, (await this.datagrams.ask(outgoing, this.options.timeoutMs)).body, 'answer');
    } catch (error) {
      const { code, kind } = toAppError(error);
      if (kind === 'bug') throw error;
      return { reason: code === 'no-answer' ? 'did not answer' : `refused: ${code}`, isFault: true };
    }
    switch (said.outcome) {
      case 'unavailable':
        return { reason: said.reason, isFault: false };
      case 'answer':
        if (isAnswerOf(hubUid, member.messageKey, { grantId, action: 'release' }, said.answer))
          return { from: member.party, answer: said.answer };
        return { reason: 'sent an answer that it did not sign', isFault: true };
      case 'partial': {
        const fault = partialFault(hubUid, group, member, request, said.partial);
        return fault ? { reason: fault, isFault: true } : { partial: said.partial };
      }
    }
  }
}

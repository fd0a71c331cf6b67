import { CryptoError } from '@cpds/crypto';
import { fromHex, to0x, u256 } from '@cpds/crypto/bytes';
import * as frost from '@cpds/crypto/frost';
import type { MemberIndex } from '@cpds/crypto/group';
import { mintDigest, notMappedDigest } from '@cpds/contracts';
import { parse, toAppError } from '@cpds/errors';
import { SignAnswer, type Grant, type Hex, type SignCommitment, type SignedAnswer } from '@cpds/messages';
import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { BoundedMap } from '../bounded-map.js';
import {
  Consortium,
  groupKeyOf,
  groupOf,
  hospitalOfChain,
  type Group,
  type GroupMember,
} from '../chains/consortium-view.js';
import { DatagramsService } from '../datagrams/datagrams.service.js';
import type { GroupSignature } from '../transfers/transfer.row.js';
import { isAnswerOf } from './answers.js';
import { askEnough, placeOf } from './ask-enough.js';
import { commitmentFault, nonceCommitmentOf } from './sign-commitment.js';

/** The action to sign. `capsule` goes with mint. */
export interface SigningRequest {
  action: 'mint' | 'not-mapped';
  grantId: Hex;
  homeUid: Hex;
  grant: Grant;
  capsule?: Hex;
}

/** A signed refusal or delay, checked against its author's message key. */
export interface MemberAnswer {
  from: string;
  answer: SignedAnswer;
}

/** How a call to `sign` ends; everything in it has been verified. */
export type SigningOutcome =
  | { outcome: 'signed'; signature: GroupSignature; signers: string[]; culprits: string[] }
  | {
      outcome: 'unsigned';
      /** signed answers that members gave instead */
      answers: MemberAnswer[];
      /** members that lied, broke the protocol or were silent */
      culprits: string[];
      /** for an operator: the unsigned answers of the others */
      reasons: { from: string; reason: string }[];
      threshold: number;
    };

export abstract class CoordinatorOptions {
  /** how long one round waits for one member, milliseconds */
  abstract readonly roundTimeoutMs: number;
  /** t members are asked at once, the others this much later at the latest, milliseconds */
  abstract readonly othersAfterMs: number;
}

/** Round 1 of a session whose round 2 is still to come. */
interface Opening {
  session: string;
  commitments: SignCommitment[];
  keyId: string;
  epoch: number;
  usableUntil: number;
}

/** Openings kept at most; enough, since grants wait for their vouches for seconds only. */
const maxOpenings = 256;

/** Milliseconds from round 1 in which round 2 may begin: the signers destroy their nonces after NONCE_LIFE_MS. */
const openingLifeMs = frost.NONCE_LIFE_MS - 15_000;

/** Facts on the members that one call has gathered so far. */
interface Course {
  request: SigningRequest;
  group: Group;
  digest: Uint8Array;
  answers: Map<string, MemberAnswer>;
  culprits: Set<string>;
  /** cannot take part just now, and are not to blame for it */
  excused: Set<string>;
  reasons: Map<string, string>;
}

/**
 * The coordinator of signing sessions at a hospital: B for Mint, A for NotMapped (protocol section 3, ROAST's shape). It is
 * trusted with nothing: it holds no secret, and what it returns anybody can verify.
 *
 * Any t honest members that see the same lock suffice. A member that lies, is silent or breaks the protocol is named,
 * and the next session of the same call goes on without it; a call takes at most n − t + 1 sessions.
 */
@Injectable()
export class SigningCoordinator {
  private readonly openings = new BoundedMap<string, Opening>(maxOpenings);

  constructor(
    private readonly consortium: Consortium,
    private readonly datagrams: DatagramsService,
    private readonly options: CoordinatorOptions,
  ) {}

  /**
   * Runs round 1 ahead of time, so that `sign` needs one round only (RFC 9591 §5.1). Repeatable; keeps the result in
   * memory, so after a restart `sign` runs both rounds.
   *
   * @returns the members that lied, broke the protocol or were silent
   */
  async prepare(request: SigningRequest): Promise<{ culprits: string[] }> {
    const course = this.courseOf(request);
    if (this.openingOf(course)) return { culprits: [] };
    const session = randomUUID();
    const usableUntil = Date.now() + openingLifeMs;
    const { group, culprits } = course;
    const commitments = await this.commitments(course, session, group.members);
    const { keyId, epoch, threshold } = group;
    if (commitments.length === threshold)
      this.openings.set(nameOf(request), { session, commitments, keyId, epoch, usableUntil });
    return { culprits: [...culprits] };
  }

  /** Asks the group for a signature. @throws AppError `no-group`, `unknown-hospital` */
  async sign(request: SigningRequest): Promise<SigningOutcome> {
    const course = this.courseOf(request);
    const prepared = await this.signPrepared(course);
    if (prepared) return prepared;
    const { threshold, members } = course.group;
    for (let tries = members.length - threshold + 1; tries > 0; tries--) {
      const { culprits, excused, answers } = course;
      const isOut = (party: string) => culprits.has(party) || excused.has(party) || answers.has(party);
      const willing = members.filter(({ party }) => !isOut(party));
      if (willing.length < threshold) break;
      const session = randomUUID();
      const chosen = await this.commitments(course, session, willing);
      if (chosen.length < threshold) break;
      const signed = await this.shares(course, session, chosen);
      if (signed) return signed;
    }
    return {
      outcome: 'unsigned',
      answers: [...course.answers.values()],
      culprits: [...course.culprits],
      reasons: [...course.reasons].map(([from, reason]) => ({ from, reason })),
      threshold,
    };
  }

  private courseOf(request: SigningRequest): Course {
    const view = this.consortium.current();
    const executing = hospitalOfChain(view, request.action === 'mint' ? request.grant.destinationUid : request.homeUid);
    return {
      request,
      group: groupOf(view, executing.signKeyId),
      digest: fromHex(digestOf(request), 'digest', 32),
      answers: new Map(),
      culprits: new Set(),
      excused: new Set(),
      reasons: new Map(),
    };
  }

  private openingOf({ request, group }: Course): Opening | undefined {
    const opening = this.openings.get(nameOf(request));
    const { keyId, epoch } = group;
    const isUsable = opening?.keyId === keyId && opening.epoch === epoch && Date.now() < opening.usableUntil;
    return isUsable ? opening : undefined;
  }

  /** Round 2 of a session that `prepare` opened; null when there is none, or it fails. */
  private async signPrepared(course: Course): Promise<SigningOutcome | null> {
    const opening = this.openingOf(course);
    if (!opening) return null;
    this.openings.delete(nameOf(course.request));
    const signed = await this.shares(course, opening.session, opening.commitments);
    // A signer that was started again has forgotten this session, and takes part in another.
    if (!signed) course.excused.clear();
    return signed;
  }

  /** Round 1: the first t commitments that rest on the same block of the lock; fewer when there are no t such. */
  private async commitments(course: Course, session: string, willing: GroupMember[]): Promise<SignCommitment[]> {
    const { request, group } = course;
    const byBlock = new Map<string, SignCommitment[]>();
    const agreed = () => [...byBlock.values()].find((agreeing) => agreeing.length >= group.threshold);
    await askEnough(
      willing,
      {
        atOnce: group.threshold,
        from: placeOf(request.grantId, willing.length),
        othersAfterMs: this.options.othersAfterMs,
        isEnough: () => agreed() !== undefined,
      },
      async (member) => {
        const commitment = await this.commitmentOf(course, session, member);
        if (!commitment) return false;
        const agreeing = byBlock.get(commitment.lockBlockHash) ?? [];
        byBlock.set(commitment.lockBlockHash, [...agreeing, commitment]);
        return byBlock.size === 1;
      },
    );
    const chosen = agreed();
    if (!chosen && byBlock.size > 1) course.reasons.set(request.homeUid, 'members see different blocks of the lock');
    return chosen?.slice(0, group.threshold) ?? [];
  }

  private async commitmentOf(course: Course, session: string, member: GroupMember): Promise<SignCommitment | null> {
    const { request, group } = course;
    const { action, homeUid, grant, capsule } = request;
    const body = { step: 'commit', session, action, homeUid, grant, ...(capsule ? { capsule } : {}) };
    const said = await this.ask(course, member, body);
    if (said?.outcome !== 'committed') return null;
    const fault =
      said.commitment.index === member.index ? commitmentFault(group, session, said.commitment) : 'speaks for another';
    if (fault) return this.blame(course, member, fault);
    try {
      nonceCommitmentOf(said.commitment);
      return said.commitment;
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      return this.blame(course, member, error.message);
    }
  }

  /** Round 2: returns all t shares, or names the members that failed and returns null. */
  private async shares(course: Course, session: string, chosen: SignCommitment[]): Promise<SigningOutcome | null> {
    const { request, group, digest } = course;
    const key = groupKeyOf(group);
    const commitments = chosen.map(nonceCommitmentOf);
    const { action, grantId } = request;
    const body = { step: 'share', session, grantId, action, commitments: chosen };
    const signers = chosen.map((one) => group.members.find((member) => member.index === one.index)!);
    const shares = await Promise.all(
      signers.map(async (member): Promise<frost.SignatureShare | null> => {
        const said = await this.ask(course, member, body);
        if (said?.outcome !== 'signed') return null;
        const share = { index: said.index as MemberIndex, share: fromHex(said.share, 'share', 32) };
        return share.index === member.index ? share : this.blame(course, member, 'gave a share of another');
      }),
    );
    const given = shares.filter((share) => share !== null);
    if (given.length < group.threshold) return null;
    const combined = frost.combineSignature(key, commitments, digest, given);
    if ('culprits' in combined) {
      for (const member of signers)
        if (combined.culprits.includes(member.index)) this.blame(course, member, 'gave a bad signature share');
      return null;
    }
    const { Rx, Ry, z } = frost.signatureWords(combined.signature);
    const words = [Rx, Ry, z].map((word) => to0x(u256(word))) as [Hex, Hex, Hex];
    return {
      outcome: 'signed',
      signature: { rx: words[0], ry: words[1], z: words[2] },
      signers: signers.map((member) => member.party),
      culprits: [...course.culprits],
    };
  }

  /** One member's checked answer to one round; null after noting a signed answer, a reason or its silence. */
  private async ask(course: Course, member: GroupMember, body: Record<string, unknown>): Promise<SignAnswer | null> {
    const { grantId, action } = course.request;
    let said: SignAnswer;
    try {
      const outgoing = { to: member.party, kind: 'sign' as const, grantId, body };
      const { body: answered } = await this.datagrams.ask(outgoing, this.options.roundTimeoutMs);
      said = parse(SignAnswer, answered, 'answer');
    } catch (error) {
      const { code, kind } = toAppError(error);
      if (kind === 'bug') throw error;
      return this.blame(course, member, code === 'no-answer' ? 'did not answer' : `refused: ${code}`);
    }
    if (said.outcome === 'unavailable') {
      course.reasons.set(member.party, said.reason);
      course.excused.add(member.party);
      return null;
    }
    if (said.outcome !== 'answer') return said;
    const hubUid = this.consortium.current().hub.chainUid;
    if (!isAnswerOf(hubUid, member.messageKey, { grantId, action }, said.answer))
      return this.blame(course, member, 'sent an answer that it did not sign');
    course.answers.set(member.party, { from: member.party, answer: said.answer });
    return null;
  }

  private blame(course: Course, member: GroupMember, reason: string): null {
    course.culprits.add(member.party);
    course.reasons.set(member.party, reason);
    return null;
  }
}

function nameOf({ grantId, action }: SigningRequest): string {
  return `${grantId}/${action}`;
}

function digestOf({ action, grant, homeUid, grantId }: SigningRequest): string {
  return action === 'mint'
    ? mintDigest(grant.destinationUid, grant.mappedDeeds, grantId)
    : notMappedDigest(homeUid, grant.lockedAccount, grantId);
}

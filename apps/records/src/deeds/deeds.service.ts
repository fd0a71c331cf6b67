import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { base64 } from '@scure/base';
import { to0x, toBigInt } from '@cpds/crypto/bytes';
import { compressed, liftX } from '@cpds/crypto/curve';
import type { Hex } from '@cpds/contracts';
import {
  type Actor,
  type DeedAnswer,
  type DeedQuery,
  events,
  type RecordMetadata,
  type WalletDeed,
} from '@cpds/messages';
import { Disclosure } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import { In } from 'typeorm';
import type { z } from 'zod';
import { CohortRow, DeedRow } from './deed.row.js';

/** The public part of a cohort. */
interface CohortFacts {
  number: number;
  xs: Hex[];
  ys: Hex[];
  commitmentsHash: Hex;
}

/** A deed joined with its object and record. */
interface DeedFacts {
  x: Buffer;
  commitment: Buffer;
  cohort_id: string;
  ephemeral_key: Buffer;
  view_tag: number;
  is_current: boolean;
  header: Buffer;
  payload_sha256: Buffer;
  salt: Buffer;
  record_id: string;
  patient_id: string;
  content_type: RecordMetadata['contentType'];
  category: string;
  size_bytes: string;
  /** Number of patients with a current deed in the cohort. Shown to patients only. */
  ring_real: number;
}

// One statement, so that deed and ring are of one moment: if a record were sealed anew between two statements, a
// current deed could come with a ring that counts no patient.
const finalDeeds = `
  SELECT d.x, d.commitment, d.cohort_id, d.ephemeral_key, d.view_tag, o.is_current, o.header, o.payload_sha256, o.salt,
         r.id AS record_id, r.patient_id, r.content_type, r.category, r.size_bytes,
         (SELECT count(DISTINCT rr.patient_id)::int FROM deed rd JOIN object ro ON ro.id = rd.object_id AND ro.is_current
          JOIN record rr ON rr.id = ro.record_id WHERE rd.cohort_id = d.cohort_id) AS ring_real
  FROM deed d
  JOIN cohort c ON c.id = d.cohort_id AND c.state = 'final'
  JOIN object o ON o.id = d.object_id
  JOIN record r ON r.id = o.record_id`;

/** Deeds in final cohorts, as the patient's wallet and the bridge see them. Padding is nowhere among the answers. */
@Injectable()
export class DeedsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly disclosure: Disclosure,
  ) {}

  /**
   * Current deeds of one patient, oldest first. The wallet checks each against chain and file key. Categories are in
   * them, so they leave once the log has their event; there is none while there is nothing to show, for wallets ask again.
   *
   * @throws AppError `disclosure-withheld`, `log-disagrees` (unavailable)
   */
  async ofPatient(patientId: string, actor: Actor): Promise<WalletDeed[]> {
    const deeds = await this.find('WHERE r.patient_id = $1 AND o.is_current ORDER BY r.created_at, r.id', [patientId]);
    if (deeds.length > 0)
      await this.disclosure.logged(events.deedsRead, {
        correlation: randomUUID(),
        person: patientId,
        details: { ...actor, deeds: deeds.length },
      });
    const cohorts = await this.cohorts(deeds.map((deed) => deed.cohort_id));
    return deeds.map((deed) => {
      const { number, xs, commitmentsHash } = cohorts.get(deed.cohort_id)!;
      return {
        recordId: deed.record_id,
        ephemeralKey: to0x(deed.ephemeral_key),
        viewTag: to0x(Uint8Array.of(deed.view_tag)),
        deedKey: to0x(compressed(liftX(toBigInt(deed.x), 'x'))),
        cohort: number,
        xs,
        commitmentsHash,
        commitment: to0x(deed.commitment),
        payloadHash: to0x(deed.payload_sha256),
        metadata: metadataOf(deed),
        salt: to0x(deed.salt),
        header: base64.encode(deed.header),
        ringReal: deed.ring_real,
      };
    });
  }

  /** The deed with this x or commitment, when it is a patient's and its cohort is final. */
  async named(query: z.infer<typeof DeedQuery>): Promise<DeedAnswer> {
    const [column, value] = 'x' in query ? ['x', query.x] : ['commitment', query.commitment];
    const [deed] = await this.find(`WHERE d.${column} = $1`, [Buffer.from(value.slice(2), 'hex')]);
    if (!deed) return null;
    const { number, xs, ys, commitmentsHash } = (await this.cohorts([deed.cohort_id])).get(deed.cohort_id)!;
    return {
      patientId: deed.patient_id,
      recordId: deed.record_id,
      category: deed.category,
      x: to0x(deed.x),
      cohort: number,
      xs,
      ys,
      commitmentsHash,
      commitment: to0x(deed.commitment),
      current: deed.is_current,
      ringReal: deed.ring_real,
    };
  }

  private async find(where: string, values: unknown[]): Promise<DeedFacts[]> {
    return (await this.unitOfWork.reader.query(`${finalDeeds} ${where}`, values)) as DeedFacts[];
  }

  /** Final cohorts by id: two queries for however many. */
  private async cohorts(ids: readonly string[]): Promise<Map<string, CohortFacts>> {
    const { reader } = this.unitOfWork;
    const [rows, deeds] = await Promise.all([
      reader.findBy(CohortRow, { id: In([...new Set(ids)]) }),
      reader.find(DeedRow, { where: { cohortId: In([...new Set(ids)]) }, order: { x: 'ASC' } }),
    ]);
    const members = new Map<string, DeedRow[]>();
    for (const deed of deeds) members.set(deed.cohortId!, [...(members.get(deed.cohortId!) ?? []), deed]);
    return new Map(
      rows.map((row) => {
        const ring = members.get(row.id) ?? [];
        const [xs, ys] = [ring.map(({ x }) => to0x(x)), ring.map(({ y }) => to0x(y))];
        return [row.id, { number: row.number!, xs, ys, commitmentsHash: to0x(row.commitmentsHash) }];
      }),
    );
  }
}

function metadataOf({ content_type, size_bytes, category }: DeedFacts): RecordMetadata {
  return { contentType: content_type, sizeBytes: Number(size_bytes), category };
}

import { randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { BusRequests } from '@cpds/bus';
import { conflict, missing } from '@cpds/errors';
import {
  type Actor,
  canonicalJson,
  type EnrolledPatient,
  type Enrolment,
  type EnrolmentEvidence,
  type EnrolPatient,
  events,
  InclusionAnswer,
  InclusionQuery,
  type NamedPatient,
  type PatientAnswer,
  type PatientIdentifier,
  type PatientMatch,
  type RegisteredPatient,
} from '@cpds/messages';
import { Changes, type EventDraft, told, unchanged } from '@cpds/outbox';
import { type Tx, UnitOfWork } from '@cpds/store';
import type { z } from 'zod';
import { ClientsService } from '../clients/clients.service.js';
import { InstitutionService } from '../institution/institution.service.js';
import { KeyedHash } from '../hashes/keyed-hash.js';
import { authKeyOf, checkEnrolment, codeHash, codeRefused, metaAddressOf } from './patient.js';
import { PatientRow } from './patient.row.js';

export abstract class PatientsOptions {
  /** Life of an enrolment code, seconds. */
  abstract readonly codeTtlSec: number;
}

/** Pseudonyms, one-time codes and enrolments. */
@Injectable()
export class PatientsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly requests: BusRequests,
    private readonly clients: ClientsService,
    private readonly institution: InstitutionService,
    private readonly hashes: KeyedHash,
    private readonly options: PatientsOptions,
  ) {}

  /**
   * A pseudonym for the person of this identifier and a code to enrol a wallet with. Repeating it before enrolment
   * gives the same pseudonym and a new code; the earlier code is void.
   *
   * @throws AppError `patient-enrolled` (conflict)
   */
  async register(identifier: PatientIdentifier, actor: Actor): Promise<z.infer<typeof RegisteredPatient>> {
    const identifierHash = this.hashes.of('identifier', identifier);
    const enrolmentCode = randomBytes(20).toString('base64url');
    return this.changes.commit(async (tx) => {
      const { patientId, isNew } = await this.claimPseudonym(tx, identifierHash);
      await tx.manager.update(
        PatientRow,
        { patientId },
        {
          valueHash: this.hashes.of('identifier-value', identifier.value),
          codeHash: codeHash(enrolmentCode),
          codeExpiresAt: new Date(Date.now() + 1_000 * this.options.codeTtlSec),
        },
      );
      const tell = (type: string): EventDraft => ({
        type,
        correlation: randomUUID(),
        details: { ...actor },
        person: patientId,
      });
      // Whoever holds a code may enrol a wallet as this patient: each one that is given out is told of, never its text.
      const issued = tell(events.enrolmentCodeIssued);
      return told(isNew ? [tell(events.patientRegistered), issued] : issued, { patientId, enrolmentCode });
    });
  }

  /**
   * Takes a wallet's keys for the patient of the code. The event's leaf commits the enrolment, so that another hospital
   * can be shown that these keys were the patient's before any consent. The same enrolment again gets the same answer.
   *
   * @throws AppError `code-refused`, or what `checkEnrolment` names
   */
  async enrol(request: z.infer<typeof EnrolPatient>): Promise<z.infer<typeof EnrolledPatient>> {
    const { code, enrolment, signature } = request;
    checkEnrolment(enrolment, signature, this.institution.chainUid);
    return this.changes.commit(async (tx) => {
      const row = await tx.manager.findOne(PatientRow, {
        where: { codeHash: codeHash(code) },
        lock: { mode: 'pessimistic_write' },
      });
      if (!row) throw codeRefused();
      const { patientId } = row;
      if (row.enrolment) {
        if (canonicalJson(row.enrolment) !== canonicalJson(enrolment)) throw codeRefused();
        return unchanged({ patientId, clientId: patientId });
      }
      if (!row.codeExpiresAt || row.codeExpiresAt.getTime() <= Date.now()) throw codeRefused();
      const clientId = await this.clients.registerWallet(tx, patientId, authKeyOf(enrolment));
      return told(
        {
          type: events.patientEnrolled,
          correlation: randomUUID(),
          details: enrolmentDetails(enrolment, signature),
          person: patientId,
          // Where the leaf is found, and what it was salted with.
          onNumbered: ({ seq, salt }) =>
            tx.manager.update(
              PatientRow,
              { patientId },
              { enrolment, signature, eventSeq: String(seq), eventSalt: salt },
            ),
        },
        { patientId, clientId },
      );
    });
  }

  /**
   * The pseudonym of an identifier, for the backend. The event is committed before the answer leaves, also when nobody
   * has the identifier: whoever tries identifiers one by one leaves a trail.
   *
   * @throws AppError `patient-unknown`
   */
  async match(identifier: PatientIdentifier, actor: Actor): Promise<z.infer<typeof PatientMatch>> {
    const row = await this.find(identifier);
    await this.changes.tell({
      type: events.patientMatched,
      correlation: randomUUID(),
      details: { ...actor, isKnown: row !== null },
      ...(row ? { person: row.patientId } : {}),
    });
    if (!row) throw missing('patient-unknown', 'identifier: no patient has it', { field: 'identifier' });
    return { patientId: row.patientId, enrolled: row.enrolment !== null };
  }

  /** The pseudonym of an enrolled patient; null for others too, since a patient without a wallet cannot consent. */
  async matchEnrolled(identifier: PatientIdentifier): Promise<string | null> {
    const row = await this.find(identifier);
    return row?.enrolment ? row.patientId : null;
  }

  /**
   * Pseudonyms of the patients whom these name, enrolled or not. An identifier without a system, as in an image, stands
   * for everybody who is known here by its value.
   */
  async namedBy(named: readonly NamedPatient[]): Promise<string[]> {
    const identifiers: Buffer[] = [];
    const values: Buffer[] = [];
    const pseudonyms: string[] = [];
    for (const one of named) {
      if ('patientId' in one) pseudonyms.push(one.patientId);
      else if (one.system === undefined) values.push(this.hashes.of('identifier-value', one.value));
      else identifiers.push(this.hashes.of('identifier', { system: one.system, value: one.value }));
    }
    const rows = (await this.unitOfWork.reader.query(
      `SELECT patient_id FROM patient WHERE identifier_hash = ANY ($1)
       UNION SELECT patient_id FROM patient WHERE value_hash = ANY ($2)
       UNION SELECT patient_id FROM patient WHERE patient_id = ANY ($3)`,
      [identifiers, values, pseudonyms],
    )) as { patient_id: string }[];
    return rows.map((row) => row.patient_id);
  }

  /** An enrolled patient's keys, or null. */
  async patient(patientId: string): Promise<z.infer<typeof PatientAnswer>> {
    const row = await this.unitOfWork.reader.findOneBy(PatientRow, { patientId });
    if (!row?.enrolment || !row.signature) return null;
    const { enrolment, signature } = row;
    return { patientId, enrolment, signature, metaAddress: metaAddressOf(enrolment) };
  }

  /** The enrolment with its place in the log, or null until its leaf is under a checkpoint anchored on the hub. */
  async evidence(patientId: string): Promise<EnrolmentEvidence | null> {
    const row = await this.unitOfWork.reader.findOneBy(PatientRow, { patientId });
    if (!row?.enrolment || !row.signature || !row.eventSalt) return null;
    const { enrolment, signature, eventSalt: salt } = row;
    const query = { producer: this.changes.producer, seq: Number(row.eventSeq), anchored: true };
    const inclusion = await this.requests.ask('audit.inclusion', InclusionQuery, InclusionAnswer, query);
    return inclusion && { enrolment, signature, salt, details: enrolmentDetails(enrolment, signature), ...inclusion };
  }

  private find(identifier: PatientIdentifier): Promise<PatientRow | null> {
    const identifierHash = this.hashes.of('identifier', identifier);
    return this.unitOfWork.reader.findOneBy(PatientRow, { identifierHash });
  }

  private async claimPseudonym(tx: Tx, identifierHash: Buffer): Promise<{ patientId: string; isNew: boolean }> {
    const patientId = randomUUID();
    const created = (await tx.manager.query(
      'INSERT INTO patient (patient_id, identifier_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING patient_id',
      [patientId, identifierHash],
    )) as unknown[];
    if (created.length === 1) return { patientId, isNew: true };
    const row = await tx.manager.findOneOrFail(PatientRow, {
      where: { identifierHash },
      lock: { mode: 'pessimistic_write' },
    });
    if (row.enrolment)
      throw conflict('patient-enrolled', 'identifier: this patient has a wallet', { field: 'identifier' });
    return { patientId: row.patientId, isNew: false };
  }
}

/** The details that the leaf commits: the enrolment and its signature, and nothing that another hospital must not see. */
function enrolmentDetails(enrolment: Enrolment, signature: string): Record<string, unknown> {
  return { enrolment, signature };
}

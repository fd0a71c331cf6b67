import { checked, contentCheck } from '@cpds/content';
import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { to0x } from '@cpds/crypto/bytes';
import { assert, denied } from '@cpds/errors';
import {
  type Actor,
  events,
  type NamedPatient,
  type RecordMetadata,
  type RecordStatus,
  type StoredRecord,
} from '@cpds/messages';
import { Changes, Disclosure, type EventDraft, told, untold } from '@cpds/outbox';
import { UnitOfWork, type Tx } from '@cpds/store';
import { CohortRow, DeedRow } from '../deeds/deed.row.js';
import { NamedFiles } from '../objects/named-files.js';
import { PendingObjects } from '../objects/pending-objects.js';
import { objectKey, Vault } from '../objects/vault.js';
import { Patients } from './patients.js';
import {
  isOfAnother,
  newObject,
  patientMismatch,
  recordWithdrawn,
  unknownRecord,
  type NewObject,
  type UploadClaim,
} from './record.js';
import { fileOf, metadataOf, objectRow, ObjectRow, RecordRow } from './record.row.js';

/** Bytes on their way out, with their type and length. */
export interface OutgoingBytes {
  contentType: string;
  sizeBytes: number;
  body: AsyncIterable<Uint8Array>;
}

/** What a hospital keeps of its patients: sealed, one version current, every reading in the log. */
@Injectable()
export class RecordsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly patients: Patients,
    private readonly vault: Vault,
    private readonly pending: PendingObjects,
    private readonly files: NamedFiles,
    private readonly disclosure: Disclosure,
  ) {}

  /**
   * Stores a body as a record of the claim's patient, and lets its deed wait for a cohort. Record, deed and
   * `records.object-stored.v1` commit together, after the object is durable; before that nothing is visible.
   *
   * @throws AppError `unknown-patient`; `not-what-it-says`; `patient-mismatch`; `body-cut-off`; `object-store-away`
   */
  async upload(claim: UploadClaim, body: AsyncIterable<Uint8Array>, actor: Actor): Promise<StoredRecord> {
    const owner = await this.patients.enrolled(claim.patientId); // refuse cheaply before the body is read
    const { metadata } = claim;
    let isMismatch = false;
    const whose = async (named: NamedPatient[]): Promise<void> => {
      isMismatch = isOfAnother(claim.patientId, await this.patients.meantBy(named));
      if (isMismatch && claim.allowMismatch === undefined) await this.refuseMismatch(claim, actor);
    };
    const content = { sizeBytes: metadata.sizeBytes, body: checked(body, contentCheck(metadata.contentType), whose) };
    return this.vault.seal(content, owner.ageRecipient, async (sealed) => {
      const object = newObject(sealed, metadata, owner);
      const recordId = randomUUID();
      await this.changes.commit(async (tx) => {
        await tx.manager.insert(RecordRow, {
          id: recordId,
          patientId: owner.patientId,
          contentType: metadata.contentType,
          category: metadata.category,
          sizeBytes: String(metadata.sizeBytes),
        });
        await this.name(tx, recordId, object);
        const body = { correlation: recordId, person: owner.patientId };
        const details = { ...actor, recordId, patientId: owner.patientId };
        const { allowMismatch: reason } = claim;
        const stored: EventDraft = {
          ...body,
          type: events.objectStored,
          details: { ...details, objectId: sealed.id, commitment: to0x(object.commitment) },
        };
        if (!isMismatch) return told(stored);
        return told([
          stored,
          { ...body, type: events.patientMismatched, details: { ...details, outcome: 'allowed', reason } },
        ]);
      });
      return {
        recordId,
        patientId: owner.patientId,
        metadata,
        sha256: to0x(sealed.plaintextSha256),
        commitment: to0x(object.commitment),
        deed: 'pending',
      };
    });
  }

  /**
   * A record's metadata and the state of its current deed. A category is a health datum, so it leaves like the record
   * itself: when its reading is in the log.
   *
   * @throws AppError `unknown-record`; `disclosure-withheld`
   */
  async status(recordId: string, actor: Actor): Promise<RecordStatus> {
    const { record, object } = await this.current(recordId);
    await this.logged(events.statusRead, record, { ...actor });
    const reader = this.unitOfWork.reader;
    const { cohortId } = await reader.findOneByOrFail(DeedRow, { objectId: object.id });
    const cohort = cohortId === null ? null : await reader.findOneByOrFail(CohortRow, { id: cohortId });
    return {
      recordId,
      patientId: record.patientId,
      metadata: metadataOf(record),
      commitment: to0x(object.commitment),
      deed: cohort === null ? 'pending' : cohort.state === 'final' ? 'current' : 'minted',
      withdrawnAt: record.withdrawnAt?.toISOString() ?? null,
    };
  }

  /**
   * The record's plaintext for this hospital's own staff.
   *
   * @throws AppError `unknown-record`; `record-withdrawn`; `disclosure-withheld`; DamagedObject
   */
  async read(recordId: string, actor: Actor): Promise<OutgoingBytes> {
    const { record, object } = await this.current(recordId);
    if (object.removedAt) throw recordWithdrawn();
    const metadata = metadataOf(record);
    await this.logged(events.objectRead, record, { ...actor, objectId: object.id, as: 'plaintext' });
    const body = await this.vault.open(fileOf(record, object), 'reading');
    return { contentType: metadata.contentType, sizeBytes: metadata.sizeBytes, body };
  }

  /**
   * The record's age file for the patient's own wallet.
   *
   * @throws AppError `unknown-record` also for another patient's; `disclosure-withheld`; DamagedObject
   */
  async readSealed(recordId: string, patientId: string | undefined, actor: Actor): Promise<OutgoingBytes> {
    if (patientId === undefined) throw denied('not-a-wallet', 'this token names no patient');
    const { record, object } = await this.current(recordId);
    if (record.patientId !== patientId) throw unknownRecord();
    if (object.removedAt) throw recordWithdrawn();
    await this.logged(events.objectRead, record, { ...actor, objectId: object.id, as: 'age file' });
    const { sizeBytes, body } = await this.files.get(fileOf(record, object), 'reading');
    return { contentType: 'application/octet-stream', sizeBytes, body };
  }

  /**
   * Seals a record anew after a key of it left this hospital: new file key, object, salt and deed. The earlier deed is
   * not current from the commit on; its object stays for grants that are still open. What was read is the row's object to
   * the last byte before the commit, since the seal needs all of it.
   *
   * Repeating it for an object that is not current does nothing.
   */
  async reEncrypt(commitment: Uint8Array, grantId: string, done: (tx: Tx) => Promise<void>): Promise<void> {
    const reader = this.unitOfWork.reader;
    const object = await reader.findOneBy(ObjectRow, { commitment: Buffer.from(commitment) });
    if (!object?.isCurrent)
      return this.changes.commit(async (tx) => {
        await done(tx);
        return untold('the wish is done with: another sealing was told already');
      });
    const record = await reader.findOneByOrFail(RecordRow, { id: object.recordId });
    const owner = await this.patients.enrolled(record.patientId);
    const metadata: RecordMetadata = metadataOf(record);
    const content = {
      sizeBytes: metadata.sizeBytes,
      body: await this.vault.open(fileOf(record, object), 'sealing-anew'),
    };
    await this.vault.seal(content, owner.ageRecipient, async (sealed) => {
      const next = newObject(sealed, metadata, owner);
      await this.changes.commit(async (tx) => {
        await tx.manager.update(ObjectRow, { recordId: record.id, isCurrent: true }, { isCurrent: false });
        await this.name(tx, record.id, next);
        await done(tx);
        return told({
          type: events.objectStored,
          correlation: grantId,
          person: record.patientId,
          details: {
            by: 'service:records',
            recordId: record.id,
            patientId: record.patientId,
            objectId: sealed.id,
            commitment: to0x(next.commitment),
            replaces: to0x(commitment),
          },
        });
      });
    });
  }

  private async refuseMismatch({ patientId }: UploadClaim, actor: Actor): Promise<never> {
    await this.changes.tell({
      type: events.patientMismatched,
      correlation: randomUUID(),
      person: patientId,
      details: { ...actor, patientId, outcome: 'refused' },
    });
    throw patientMismatch();
  }

  /** Stores the rows of a sealing and its deed, and keeps the object with the same commit. */
  private async name(tx: Tx, recordId: string, object: NewObject): Promise<void> {
    await this.pending.keep(tx, objectKey(object.sealed.id));
    await tx.manager.insert(ObjectRow, objectRow(recordId, object));
    const { x, y, ephemeralKey, viewTag } = object.deed;
    await tx.manager.insert(DeedRow, {
      x: Buffer.from(x),
      y: Buffer.from(y),
      commitment: Buffer.from(object.commitment),
      objectId: object.sealed.id,
      ephemeralKey: Buffer.from(ephemeralKey),
      viewTag,
      cohortId: null,
    });
  }

  private async current(recordId: string): Promise<{ record: RecordRow; object: ObjectRow }> {
    const record = await this.unitOfWork.reader.findOneBy(RecordRow, { id: recordId });
    if (!record) throw unknownRecord();
    // Of a withdrawn record no sealing is current; the last one is what was kept or erased.
    const [object] = await this.unitOfWork.reader.find(ObjectRow, {
      where: { recordId },
      order: { isCurrent: 'DESC', storedAt: 'DESC' },
      take: 1,
    });
    assert(object, 'a record and its first sealing commit together');
    return { record, object };
  }

  private async logged(type: string, record: RecordRow, how: Record<string, unknown>): Promise<void> {
    await this.disclosure.logged(type, {
      correlation: randomUUID(),
      person: record.patientId,
      details: { recordId: record.id, patientId: record.patientId, ...how },
    });
  }
}

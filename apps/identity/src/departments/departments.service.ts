import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { conflict, missing } from '@cpds/errors';
import { type Actor, type Department, type DepartmentList, type DepartmentParameters, events } from '@cpds/messages';
import { Changes, told, unchanged } from '@cpds/outbox';
import { hasSqlState, UnitOfWork } from '@cpds/store';
import { MoreThan } from 'typeorm';
import type { z } from 'zod';
import { InstitutionService } from '../institution/institution.service.js';
import { DepartmentRow } from './department.row.js';
import { DepartmentVault } from './department-vault.js';
import { registrationCall } from './registration.js';

/** Departments of one answer of the list. */
const listed = 100;

/** Departments, which receive records here. */
@Injectable()
export class DepartmentsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly changes: Changes,
    private readonly institution: InstitutionService,
    private readonly vault: DepartmentVault,
  ) {}

  /**
   * Makes a department with fresh keys in custody and registers its meta-address on the own chain. Row, event and the
   * wish to send commit together.
   *
   * @throws AppError `department-exists` (conflict), `chain-unregistered` (unavailable)
   */
  async register(name: string, actor: Actor): Promise<Department> {
    const { sender, reader, contracts } = this.institution.chain;
    const departmentId = randomUUID();
    const { sealedKeys, metaAddress, spending } = this.vault.create(departmentId);
    const call = registrationCall(contracts.metaAddresses, reader.chainId, spending, metaAddress);
    try {
      await this.changes.commit(async (tx) => {
        await tx.manager.insert(DepartmentRow, { departmentId, name, metaAddress, sealedKeys });
        await sender.enqueue(tx, `department/${departmentId}`, call);
        const details = { ...actor, departmentId, name, metaAddress };
        return told({ type: events.departmentRegistered, correlation: departmentId, details });
      });
    } catch (error) {
      if (hasSqlState(error, '23505'))
        throw conflict('department-exists', 'name: a department has it', { field: 'name', cause: error });
      throw error;
    }
    return { departmentId, name, metaAddress, isDisabled: false };
  }

  /** A hundred departments, by name. */
  async list({ after }: z.infer<typeof DepartmentParameters>): Promise<DepartmentList> {
    const rows = await this.unitOfWork.reader.find(DepartmentRow, {
      where: { name: MoreThan(after) },
      order: { name: 'ASC' },
      take: listed,
    });
    return { departments: rows.map(publicSide), next: rows.length === listed ? rows.at(-1)!.name : null };
  }

  /** A department's public side, or null. */
  async find(departmentId: string): Promise<Department | null> {
    const row = await this.unitOfWork.reader.findOneBy(DepartmentRow, { departmentId });
    return row && publicSide(row);
  }

  /**
   * Disables a department: from the commit on nothing is asked, opened or read for it. Its keys only end grants.
   *
   * @throws AppError `department-unknown` (missing)
   */
  async disable(departmentId: string, actor: Actor): Promise<void> {
    await this.setDisabled(departmentId, new Date(), events.departmentDisabled, actor);
  }

  /** Lets a disabled department receive records again. @throws AppError `department-unknown` (missing) */
  async enable(departmentId: string, actor: Actor): Promise<void> {
    await this.setDisabled(departmentId, null, events.departmentEnabled, actor);
  }

  private async setDisabled(departmentId: string, disabledAt: Date | null, type: string, actor: Actor): Promise<void> {
    await this.changes.commit(async (tx) => {
      const where = { departmentId };
      const row = await tx.manager.findOne(DepartmentRow, { where, lock: { mode: 'pessimistic_write' } });
      if (!row) throw missing('department-unknown', 'departmentId: is no department here', { field: 'departmentId' });
      if ((row.disabledAt === null) === (disabledAt === null)) return unchanged();
      await tx.manager.update(DepartmentRow, where, { disabledAt });
      return told({ type, correlation: departmentId, details: { ...actor, departmentId } });
    });
  }
}

function publicSide({ departmentId, name, metaAddress, disabledAt }: DepartmentRow): Department {
  return { departmentId, name, metaAddress, isDisabled: disabledAt !== null };
}

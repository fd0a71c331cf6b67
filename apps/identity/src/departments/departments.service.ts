import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { conflict } from '@cpds/errors';
import { type Actor, type Department, events } from '@cpds/messages';
import { Changes, told } from '@cpds/outbox';
import { hasSqlState, UnitOfWork } from '@cpds/store';
import { InstitutionService } from '../institution/institution.service.js';
import { DepartmentRow } from './department.row.js';
import { DepartmentVault } from './department-vault.js';
import { registrationCall } from './registration.js';

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
    return { departmentId, name, metaAddress };
  }

  /** All departments, by name. */
  async list(): Promise<Department[]> {
    const rows = await this.unitOfWork.reader.find(DepartmentRow, { order: { name: 'ASC' } });
    return rows.map(({ departmentId, name, metaAddress }) => ({ departmentId, name, metaAddress }));
  }

  /** A department's public side, or null. */
  async find(departmentId: string): Promise<Department | null> {
    const row = await this.unitOfWork.reader.findOneBy(DepartmentRow, { departmentId });
    return row && { departmentId, name: row.name, metaAddress: row.metaAddress };
  }
}

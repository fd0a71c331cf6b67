import { Injectable } from '@nestjs/common';
import { Announcer } from '../events/announcer.js';
import type { Erasure } from '../log/event.rows.js';
import { AuditLog } from '../log/log.service.js';

/** The persons whose details the log holds. */
@Injectable()
export class PersonsService {
  constructor(
    private readonly log: AuditLog,
    private readonly announcer: Announcer,
  ) {}

  /** Erases a person's details; key and event go and come in one transaction. @throws AppError `unknown-person` */
  async erase(person: string, erasure: Erasure): Promise<void> {
    const { receipts } = await this.log.erase(person, erasure);
    this.announcer.announce(receipts);
  }
}

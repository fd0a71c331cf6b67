import { randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { grantId } from '@cpds/contracts';
import { denied, missing } from '@cpds/errors';
import {
  events,
  type OpenAnswer,
  type OpenQuery,
  type ProveAnswer,
  type ProveQuery,
  type ScanAnswer,
  type ScanQuery,
  type SignQuery,
  type SignQueryAnswer,
} from '@cpds/messages';
import { Disclosure } from '@cpds/outbox';
import { UnitOfWork } from '@cpds/store';
import type { z } from 'zod';
import type { Announcement, OneTimeCustody } from '../departments/department-keys.js';
import { DepartmentRow } from '../departments/department.row.js';
import { DepartmentVault } from '../departments/department-vault.js';

export abstract class CustodyOptions {
  /** Where opened file keys go: the age recipient of this hospital's records service. */
  abstract readonly ageRecipient: string;
}

/** An announced one-time key, and its department. */
interface Owner {
  departmentId: string;
  isDisabled: boolean;
  key: OneTimeCustody;
}

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/**
 * Custody of the departments' keys: scan, prove, sign, open. Every use is an event, and its result leaves when the audit
 * log has receipted that very event, as bytes of a record do; no scalar ever leaves.
 *
 * Each throws AppError `disclosure-withheld` (unavailable) where the log is late, and `log-disagrees` (unavailable) while it
 * tells another history than this database.
 */
@Injectable()
export class CustodyService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly disclosure: Disclosure,
    private readonly vault: DepartmentVault,
    private readonly options: CustodyOptions,
  ) {}

  /** Finds the department whose one-time key this is; null also for a disabled one, so that no grant to it is taken. */
  async scan(query: z.infer<typeof ScanQuery>): Promise<z.infer<typeof ScanAnswer>> {
    const found = await this.ownerOf(query);
    const owner = found?.isDisabled ? undefined : found;
    await this.logged('scan', randomUUID(), owner);
    return { departmentId: owner?.departmentId ?? null };
  }

  /** Q̄ and the proof of knowledge of q for a release (protocol section 6). @throws AppError `key-not-ours`, `department-disabled` */
  async prove(query: z.infer<typeof ProveQuery>): Promise<z.infer<typeof ProveAnswer>> {
    const owner = receiving(await this.requireOwner(query));
    const answer = owner.key.prove(query.grantId, random);
    await this.logged('prove', query.grantId, owner);
    return answer;
  }

  /**
   * q's signature over a Fetch or a GiveBack. A disabled department gives back and fetches nothing.
   *
   * @throws AppError `key-not-ours`, `other-grant`, `department-disabled`
   */
  async sign(query: z.infer<typeof SignQuery>): Promise<z.infer<typeof SignQueryAnswer>> {
    const { homeUid } = query;
    const owner = await this.requireOwner(query.grant);
    const signature =
      query.kind === 'fetch'
        ? receiving(owner).key.signFetch(homeUid, query.grant, query.fetch)
        : owner.key.signGiveBack(homeUid, query.grant);
    await this.logged(`sign-${query.kind}`, grantId(homeUid, query.grant), owner);
    return { signature };
  }

  /**
   * The file key of a capsule, wrapped to this hospital's records service.
   *
   * @throws AppError `key-not-ours`, `department-disabled`, `other-capsule`; CryptoError `wrong-key` when W is not made of t good partials
   */
  async open(query: z.infer<typeof OpenQuery>): Promise<z.infer<typeof OpenAnswer>> {
    const { homeUid } = query;
    const owner = receiving(await this.requireOwner(query.grant));
    const stanza = owner.key.open({ ...query, ageRecipient: this.options.ageRecipient });
    await this.logged('open', grantId(homeUid, query.grant), owner);
    return { stanza };
  }

  private async ownerOf(announcement: Announcement): Promise<Owner | undefined> {
    for (const row of await this.unitOfWork.reader.find(DepartmentRow)) {
      const key = this.vault.open(row).find(announcement);
      if (key) return { departmentId: row.departmentId, isDisabled: row.disabledAt !== null, key };
    }
    return undefined;
  }

  private async requireOwner(announcement: Announcement): Promise<Owner> {
    const owner = await this.ownerOf(announcement);
    if (!owner)
      throw missing('key-not-ours', 'recipientKey: is no key of a department here', { field: 'recipientKey' });
    return owner;
  }

  private async logged(use: string, correlation: string, owner: Owner | undefined): Promise<void> {
    const details = { use, departmentId: owner?.departmentId ?? null };
    await this.disclosure.logged(events.custodyUsed, { correlation, details });
  }
}

/** The owner, if its department receives records. @throws AppError `department-disabled` */
function receiving(owner: Owner): Owner {
  if (owner.isDisabled)
    throw denied('department-disabled', 'recipientKey: is of a disabled department', { field: 'recipientKey' });
  return owner;
}

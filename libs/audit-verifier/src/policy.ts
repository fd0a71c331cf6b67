import { PartyName } from '@cpds/messages';
import { z } from 'zod';

const Address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address');
const GrantId = z.string().regex(/^0x[0-9a-f]{64}$/, 'must be a grantId');

/** Outcomes of a grant; a grant may have several (opened, later revoked). */
export const Outcome = z.enum(['shared', 'released', 'refunded', 'revoked']);
export type Outcome = z.infer<typeof Outcome>;

/**
 * Everything an auditor needs, and nothing secret but the tokens: which logs to trust under which keys, where their
 * checkpoints are anchored, where the contracts stand that say what must have happened.
 */
export const Policy = z
  .object({
    logs: z
      .array(
        z
          .object({
            party: PartyName,
            origin: z.string().min(1),
            /** `name+hash+base64`; the origin is its name */
            verifierKey: z.string().min(1),
            url: z.url(),
            /** Access token with audit.read. Without it entries are not read, and steps cannot be judged. */
            token: z.string().min(1).optional(),
          })
          .strict(),
      )
      .min(1),
    /** CheckpointAnchor contracts; any log may have several. Anchors of other accounts than `account` say nothing of the log. */
    anchors: z
      .array(z.object({ rpc: z.url(), address: Address, account: Address, origin: z.string().min(1) }).strict())
      .default([]),
    /** Contracts whose events say which grants were locked and mapped. */
    chains: z
      .array(
        z
          .object({
            party: PartyName,
            rpc: z.url(),
            lockedAccounts: z.array(Address).default([]),
            mappedDeeds: z.array(Address).default([]),
          })
          .strict(),
      )
      .default([]),
    expectations: z
      .object({
        /** party whose log storemen and vouchers write to */
        hub: PartyName.default('hub'),
        /** distinct vouchers that a vouched grant needs */
        vouchesNeeded: z.number().int().min(1).default(1),
        /** t: distinct storemen behind each signature and release */
        threshold: z.number().int().min(1).default(1),
        /** grants that must have these outcomes */
        grants: z.array(z.object({ grantId: GrantId, outcome: Outcome }).strict()).default([]),
      })
      .strict()
      .prefault({}),
  })
  .strict();
export type Policy = z.infer<typeof Policy>;
export type LogPolicy = Policy['logs'][number];

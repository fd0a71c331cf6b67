import { dirname, join } from 'node:path';
import { Address, chainConfig, commonConfig, type ConfigOf, defineConfig, json, key, ms } from '@cpds/service';
import { z } from 'zod';

/** The environment of an audit service: a hospital's, or with PARTY `hub` the one of the role nodes. */
export const auditConfig = defineConfig({
  ...commonConfig,
  ...chainConfig,
  OWN_CHAIN: { ...chainConfig.OWN_CHAIN, consequence: 'anchored there and on `hub`' },
  IDENTITY_URL: key(
    z.url().optional(),
    'url',
    'a hospital: issuer of the tokens taken here; the hub has `TOKEN_ISSUERS` instead',
  ),
  TOKEN_ISSUERS: key(
    json(z.record(z.string(), z.url())).optional(),
    'JSON: hospital -> url of its identity',
    'the hub: auditors of these hospitals may read; takes the place of `IDENTITY_URL`',
  ),
  HUB_OPERATORS: key(
    json(
      z.record(
        z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be an operator name'),
        z.object({ kty: z.literal('EC'), crv: z.literal('P-384'), x: z.string(), y: z.string() }).strict(),
      ),
    ).optional(),
    'JSON: operator -> public JWK, EC P-384',
    'the hub: only these anchor and erase there, with tokens they sign themselves; without any, nobody does',
  ),
  HUB_CHAIN_REGISTRY: key(
    Address,
    'address on the hub',
    "finality rules and the own chain's CheckpointAnchor are read there",
  ),
  HUB_CHECKPOINT_ANCHOR: key(Address, 'address on the hub', 'a wrong one: other hospitals see no anchor of this log'),
  ANCHOR_EVERY_MS: key(
    ms(60_000, 1_000),
    'ms between two anchors of a chain',
    'what is not anchored yet can be taken back unseen; short costs gas',
  ),
  MAX_ANCHOR_AGE_MS: key(
    ms(900_000, 1_000),
    'ms',
    'an entry that waits longer for a final anchor raises an alarm; set it well above `ANCHOR_EVERY_MS` and finality',
  ),
  JOURNAL_DIR: key(
    z.string().optional(),
    'path of a folder',
    'what was signed, in a second place: put it on another volume than the database; default `audit-journal-<PARTY>` beside `KEY_FILE`',
  ),
  STREAM_REPLICAS: key(
    z.coerce
      .number()
      .int()
      .refine((replicas) => [1, 3, 5].includes(replicas), 'must be 1, 3 or 5')
      .default(1),
    'servers of the bus: 1, 3 or 5',
    'this service has the stream kept by so many; with fewer servers than that it does not start',
  ),
  ACCEPTED_LOG_SIZE: key(
    z.coerce.number().int().positive().optional(),
    'leaves',
    'for one start after the journal was lost: the size at which the database is believed; a restored database forks the log',
  ),
  POLL_MS: key(ms(1_000, 50), 'ms between two looks at a chain', 'short costs the node, long makes anchors late'),
});
export type AuditConfig = ConfigOf<typeof auditConfig>;

/** Nickname of the hub chain in CHAINS. */
export const hubChain = 'hub';

/** Party name of the consortium's own audit service. */
export const hubParty = 'hub';

/** Where the journal of this process lies. */
export function journalDirOf({ JOURNAL_DIR, KEY_FILE, PARTY }: AuditConfig): string {
  return JOURNAL_DIR ?? join(dirname(KEY_FILE), `audit-journal-${PARTY}`);
}

/** The chains that hold the log's anchors. */
export function anchorChainsOf({ OWN_CHAIN }: AuditConfig): string[] {
  return [...new Set([OWN_CHAIN, hubChain])];
}

/** Name of a party's log, which is the name of its key: `cpds/<party>/audit`. */
export function originOf(party: string): string {
  return `cpds/${party}/audit`;
}

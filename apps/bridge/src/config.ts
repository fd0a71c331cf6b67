import { chainConfig, commonConfig, type ConfigOf, defineConfig, json, key, ms } from '@cpds/service';
import { AddressHex } from '@cpds/messages';
import { z } from 'zod';

const hubAddress = (consequence: string) => key(AddressHex, 'address on the hub', consequence);

/** The environment of a bridge process in any role. */
export const bridgeConfig = defineConfig({
  ...commonConfig,
  ...chainConfig,
  ROLE: key(
    z.enum(['hospital', 'voucher', 'storeman']),
    'role',
    'which lines of the transfer table this process runs, and which routes it opens',
  ),
  OWN_CHAIN: {
    ...chainConfig.OWN_CHAIN,
    consequence: 'where a hospital sends; vouchers send on `hub`, storemen on all chains',
  },
  IDENTITY_URL: key(z.url().optional(), 'url', 'hospital: issuer of the tokens it takes; other roles take none'),
  HUB_CHAIN_REGISTRY: hubAddress('everything about hospitals is believed from this contract'),
  HUB_STOREMAN_REGISTRY: hubAddress('keys, members and ceremonies are believed from this contract'),
  HUB_TRANSFER_LEDGER: hubAddress('vouches and vouchers are believed from this contract'),
  HUB_CHECKPOINT_ANCHOR: hubAddress('enrolments are checked by the anchors there'),
  POLL_MS: key(ms(1_000), 'ms', 'how often heads are looked at: longer is cheaper and slower'),
  RECHECK_MS: key(ms(15_000), 'ms', 'an open transfer is looked at again after this long without any wake-up'),
  REQUEST_TTL_SECONDS: key(
    z.coerce.number().int().min(60).max(604_800).default(604_800),
    's',
    'hospital: a patient who does not answer within this gives no consent',
  ),
  REVOCATION_URLS: key(
    json(z.array(z.url())).default([]),
    'JSON list of urls',
    'hospital: bridges that wallets may bring a revoke to, after those they pinned at enrolment',
  ),
  ACCEPTED_OUTBOX_SEQ: key(
    z.coerce.number().int().positive().optional(),
    'number of an event',
    "voucher, storeman: for one start after its database was restored, where the hub's log stands; a wrong one changes nothing",
  ),
  MINT_QUOTA: key(
    z.coerce.number().int().positive().default(1_000),
    'mint shares an hour',
    'storeman: bounds what a captured hospital can have minted, per home and destination',
  ),
  ROSTER: key(
    json(
      z
        .object({
          accounts: z.array(AddressHex).min(2),
          threshold: z.number().int().min(2),
          nMin: z.number().int().min(2),
        })
        .strict(),
    ).optional(),
    'JSON: accounts, threshold, nMin',
    'storeman: the only ceremony its operator agreed to; omit to take part in none',
  ),
});

export type BridgeConfig = ConfigOf<typeof bridgeConfig>;

import { chainConfig, commonConfig, defineConfig, json, key, type ConfigOf } from '@cpds/service';
import { AddressHex } from '@cpds/messages';
import { z } from 'zod';

const ms = (fallback: number) => z.coerce.number().int().positive().default(fallback);

/** The environment of a bridge process in any role. */
export const bridgeConfig = defineConfig({
  ...commonConfig,
  ...chainConfig,
  ROLE: key(
    z.enum(['hospital', 'voucher', 'storeman']),
    'role',
    'which lines of the transfer table this process runs, and which doors it opens',
  ),
  IDENTITY_URL: key(z.url().optional(), 'url', 'hospital: issuer of the tokens it accepts; other roles take none'),
  HUB_CHAIN_REGISTRY: key(AddressHex, 'address', 'everything about hospitals is believed from this contract'),
  HUB_STOREMAN_REGISTRY: key(AddressHex, 'address', 'keys, members and ceremonies are believed from this contract'),
  HUB_TRANSFER_LEDGER: key(AddressHex, 'address', 'vouches and vouchers are believed from this contract'),
  HUB_CHECKPOINT_ANCHOR: key(AddressHex, 'address', 'where hospitals anchor their logs: enrolments are checked by it'),
  POLL_MS: key(ms(1_000), 'ms', 'how often heads are looked at: longer is cheaper and slower'),
  RECHECK_MS: key(ms(15_000), 'ms', 'an open transfer is looked at again after this long without any wake-up'),
  REQUEST_TTL_SECONDS: key(
    z.coerce.number().int().min(60).max(604_800).default(604_800),
    'seconds',
    'hospital: a patient who does not answer within this gives no consent; at most 7 days',
  ),
  REVOCATION_URLS: key(
    json(z.array(z.url())).default([]),
    'JSON list of urls',
    'hospital: bridges that wallets are told to send a revoke to, beside this one',
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
    'JSON',
    'storeman: the only ceremony its operator agreed to; an attempt that differs is refused',
  ),
});

export type BridgeConfig = ConfigOf<typeof bridgeConfig>;

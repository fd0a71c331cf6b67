import { RegisterClient } from '@cpds/messages';
import {
  Address,
  chainConfig,
  commonConfig,
  type ConfigOf,
  defineConfig,
  json,
  key,
  ms,
  tokenConfig,
} from '@cpds/service';
import { z } from 'zod';

/** The whole environment of identity. */
export const identityConfig = defineConfig({
  ...commonConfig,
  ...tokenConfig,
  ...chainConfig,
  IDENTITY_URL: {
    ...tokenConfig.IDENTITY_URL,
    consequence:
      'issuer written into every token; `<url>/token` is the audience of assertions: a wrong one makes every login fail',
  },
  OWN_CHAIN: {
    ...chainConfig.OWN_CHAIN,
    consequence: 'enrolments name it, departments are registered there; it must answer at the start',
  },
  HUB_CHAIN_REGISTRY: key(
    Address,
    'address on the hub',
    'a wrong one leaves the institution without registered keys: departments answer 503',
  ),
  RECORDS_AGE_RECIPIENT: key(
    z.string().regex(/^age1[02-9ac-hj-np-z]{58}$/),
    'age recipient',
    'opened file keys are wrapped to it: a wrong one makes every opening fail',
  ),
  BOOTSTRAP_CLIENTS: key(
    json(z.array(RegisterClient)).default([]),
    'JSON: clients with public JWKs',
    'each entry is stored once, again if it changed, and never with a key that was replaced; the first administrator comes from here',
  ),
  ENROLMENT_CODE_TTL_S: key(
    z.coerce.number().int().min(60).default(604_800),
    's',
    'an enrolment code is good this long; a stolen one enrols a stranger in place of the patient',
  ),
  RECEIPT_TIMEOUT_MS: key(
    ms(4_000, 100),
    'ms',
    "a use of a department's key that the log has not receipted by then is withheld; whoever asks waits 5 s in all",
  ),
  POLL_MS: key(ms(1_000, 50), 'ms', 'how often the own chain is looked at'),
});

export type IdentityConfig = ConfigOf<typeof identityConfig>;

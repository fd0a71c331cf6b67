import { chainConfig, type ConfigOf, urlsOf } from './config.js';
import { secret } from './key-file.js';
import type { ServiceContext } from './start-service.js';

/** Keys of the environment that say where a service's own chain is registered and how often it is looked at. */
type OwnChainConfig = ConfigOf<typeof chainConfig> & { PARTY: string; HUB_CHAIN_REGISTRY: string; POLL_MS: number };

/** Where a service's own chain is, and the account that sends there: what `connectOwnChain` of `@cpds/chain` wants of each. */
export abstract class OwnChainAccess {
  abstract readonly party: string;
  abstract readonly hubUrls: readonly string[];
  abstract readonly ownUrls: readonly string[];
  /** ChainRegistry on the hub. */
  abstract readonly chainRegistry: string;
  /** 0x hex; pays and signs. */
  abstract readonly privateKey: string;
  abstract readonly pollMs: number;
  abstract readonly onError: (error: unknown) => void;
}

/** @throws AppError `bad-config` when CHAINS lacks the hub or the own chain; `key-missing` without a `gas` key */
export function ownChainAccess({ config, keys, onError }: ServiceContext<OwnChainConfig>): OwnChainAccess {
  return {
    party: config.PARTY,
    hubUrls: urlsOf(config, 'hub'),
    ownUrls: urlsOf(config, config.OWN_CHAIN),
    chainRegistry: config.HUB_CHAIN_REGISTRY,
    privateKey: `0x${Buffer.from(secret(keys, 'gas')).toString('hex')}`,
    pollMs: config.POLL_MS,
    onError,
  };
}

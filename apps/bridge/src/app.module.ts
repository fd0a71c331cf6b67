import { OutboxModule } from '@cpds/outbox';
import { busModule, outboxModule, secret, type ServiceContext, storeModule } from '@cpds/service';
import { Module, type DynamicModule } from '@nestjs/common';
import { ChainsModule } from './chains/chains.module.js';
import type { HubContracts } from './chains/consortium-reader.js';
import type { BridgeConfig } from './config.js';
import { bridgeTables } from './migrations.js';
import { NodeModule } from './node.module.js';
import { HospitalModule } from './roles/hospital.module.js';
import { StoremanModule } from './roles/storeman.module.js';
import { VoucherModule } from './roles/voucher.module.js';
import type { Role } from './transfers/transfer.js';

/** The rows that a process of each role keeps; a row carries its role as one letter. */
const rolesOf: Record<BridgeConfig['ROLE'], readonly Role[]> = {
  hospital: ['A', 'B'],
  voucher: ['V'],
  storeman: ['S'],
};

/** bridge: one application, in the role its environment names. */
@Module({})
export class AppModule {
  static with(context: ServiceContext<BridgeConfig>): DynamicModule {
    const { config, keys, onError } = context;
    const isHospital = config.ROLE === 'hospital';
    const contracts: HubContracts = {
      chainRegistry: config.HUB_CHAIN_REGISTRY,
      storemanRegistry: config.HUB_STOREMAN_REGISTRY,
      transferLedger: config.HUB_TRANSFER_LEDGER,
      checkpointAnchor: config.HUB_CHECKPOINT_ANCHOR,
    };
    return {
      module: AppModule,
      imports: [
        storeModule(context, bridgeTables),
        // An operator of the hub's bus may hear its own inbox only.
        isHospital ? busModule(context) : busModule(context, `_INBOX.${config.PARTY}`),
        isHospital ? outboxModule(context, ['records']) : OutboxModule.forOperator({ operator: config.PARTY, onError }),
        ChainsModule.with({
          self: config.PARTY,
          chains: config.CHAINS,
          sendsOn: sendsOn(config),
          gasKey: secret(keys, 'gas'),
          pollMs: config.POLL_MS,
          contracts,
          intake: config.ROLE === 'voucher' ? 'V' : config.ROLE === 'storeman' ? 'S' : null,
          onError,
        }),
        NodeModule.with({
          roles: rolesOf[config.ROLE],
          messageSecret: secret(keys, 'message'),
          recheckMs: config.RECHECK_MS,
          onError,
        }),
        roleModule(context, contracts),
      ],
    };
  }
}

function roleModule(
  { config, keys, ring, onError }: ServiceContext<BridgeConfig>,
  contracts: HubContracts,
): DynamicModule {
  switch (config.ROLE) {
    case 'hospital':
      return HospitalModule.with({
        keys: { ring, hpke: secret(keys, 'hpke') },
        requestTtlSeconds: config.REQUEST_TTL_SECONDS,
        revocationUrls: config.REVOCATION_URLS,
      });
    case 'voucher':
      return VoucherModule.with({ onError });
    case 'storeman':
      return StoremanModule.with({
        ring,
        ...(config.ROSTER ? { roster: config.ROSTER } : {}),
        quotaPerHour: config.MINT_QUOTA,
        storemanRegistry: contracts.storemanRegistry,
        onError,
      });
  }
}

/** A hospital sends on its own chain, a voucher on the hub, a storeman on the hub and, late, on every chain. */
function sendsOn(config: BridgeConfig): string[] {
  if (config.ROLE === 'hospital') return [config.OWN_CHAIN];
  return config.ROLE === 'voucher' ? ['hub'] : Object.keys(config.CHAINS);
}

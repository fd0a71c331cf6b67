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

const roleModules = { hospital: HospitalModule, voucher: VoucherModule, storeman: StoremanModule };

/** bridge: one application, in the role its environment names. */
@Module({})
export class AppModule {
  static with(context: ServiceContext<BridgeConfig>): DynamicModule {
    const { config, keys, metrics, onError } = context;
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
        // On the hub a user is an operator, in a hospital a service.
        isHospital ? busModule(context) : busModule(context, config.PARTY),
        isHospital
          ? outboxModule(context, ['records'])
          : OutboxModule.forOperator({
              operator: config.PARTY,
              ring: context.ring,
              acceptedSeq: config.ACCEPTED_OUTBOX_SEQ,
              onError,
            }),
        ChainsModule.with({
          self: config.PARTY,
          chains: config.CHAINS,
          sendsOn: sendsOn(config),
          gasKey: secret(keys, 'gas'),
          pollMs: config.POLL_MS,
          contracts,
          metrics,
          intake: config.ROLE === 'voucher' ? 'V' : config.ROLE === 'storeman' ? 'S' : null,
          onError,
        }),
        NodeModule.with(context),
        roleModules[config.ROLE].with(context),
      ],
    };
  }
}

/** A hospital sends on its own chain, a voucher on the hub, a storeman on the hub and, late, on every chain. */
function sendsOn(config: BridgeConfig): string[] {
  if (config.ROLE === 'hospital') return [config.OWN_CHAIN];
  return config.ROLE === 'voucher' ? ['hub'] : Object.keys(config.CHAINS);
}

import { BusModule } from '@cpds/bus';
import { chainEntities, chainMigrations } from '@cpds/chain';
import type { KeyRing } from '@cpds/crypto/custody';
import { OutboxModule, outboxMigrations } from '@cpds/outbox';
import { errorLine, secret, type ServiceContext } from '@cpds/service';
import { StoreModule } from '@cpds/store';
import { Module, type DynamicModule } from '@nestjs/common';
import { CeremonyLogRow, CeremonyRow } from './ceremonies/ceremony.row.js';
import { KeyShareRow } from './ceremonies/key-share.row.js';
import { storemanMigrations } from './ceremonies/migrations.js';
import { ChainsModule } from './chains/chains.module.js';
import type { HubContracts } from './chains/consortium-reader.js';
import type { BridgeConfig } from './config.js';
import { AnsweredDatagramRow, OutgoingDatagramRow } from './datagrams/datagram.row.js';
import { Datagrams1763900000001 } from './datagrams/migrations.js';
import { NodeModule } from './node.module.js';
import { ReleaseRow } from './release/release.row.js';
import { RequestRow } from './requests/request.row.js';
import { HospitalModule } from './roles/hospital.module.js';
import { StoremanModule } from './roles/storeman.module.js';
import { VoucherModule } from './roles/voucher.module.js';
import { SpentNonceRow, StoremanActRow } from './signing/storeman-act.row.js';
import { TransferDeeds1763950000000, Transfers1763900000000 } from './transfers/migrations.js';
import { TransferRow } from './transfers/transfer.row.js';
import type { Role } from './transfers/transfer.js';

/** Rows a process of each role keeps; a row of the table carries the role as one letter. */
const rolesOf: Record<BridgeConfig['ROLE'], readonly Role[]> = {
  hospital: ['A', 'B'],
  voucher: ['V'],
  storeman: ['S'],
};

type Report = (error: unknown, context?: object) => void;

/** bridge: one application, in the role its environment names. */
@Module({})
export class AppModule {
  static with({ config, keys, ring, log }: ServiceContext<BridgeConfig>): DynamicModule {
    const onError: Report = (error, context = {}) =>
      log.warn({ ...errorLine(error), ...context }, 'background step failed');
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
        StoreModule.forRoot({
          url: config.DATABASE_URL,
          entities: [
            ...chainEntities,
            TransferRow,
            RequestRow,
            OutgoingDatagramRow,
            AnsweredDatagramRow,
            CeremonyRow,
            CeremonyLogRow,
            KeyShareRow,
            StoremanActRow,
            SpentNonceRow,
            ReleaseRow,
          ],
          migrations: [
            ...outboxMigrations,
            ...chainMigrations,
            ...storemanMigrations,
            Transfers1763900000000,
            TransferDeeds1763950000000,
            Datagrams1763900000001,
          ],
        }),
        BusModule.forRoot({
          url: config.NATS_URL,
          name: `bridge.${config.PARTY}`,
          user: config.NATS_USER,
          password: config.NATS_PASSWORD,
          nkeySeedFile: config.NATS_NKEY_FILE,
          // an operator of the hub's bus may hear its own inbox only
          ...(isHospital ? {} : { inboxPrefix: `_INBOX.${config.PARTY}` }),
          onHandlerError: (subject, error) => onError(error, { subject }),
        }),
        isHospital
          ? OutboxModule.forHospital({ producer: `bridge.${config.PARTY}`, consumers: ['records'], onError })
          : OutboxModule.forOperator({ operator: config.PARTY, onError }),
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
        roleModule(config, keys, ring, contracts, onError),
      ],
    };
  }
}

function roleModule(
  config: BridgeConfig,
  keys: ServiceContext<BridgeConfig>['keys'],
  ring: KeyRing,
  contracts: HubContracts,
  onError: Report,
): DynamicModule {
  switch (config.ROLE) {
    case 'hospital':
      return HospitalModule.with({
        keys: { ring, message: secret(keys, 'message'), hpke: secret(keys, 'hpke') },
        requestTtlSeconds: config.REQUEST_TTL_SECONDS,
        revocationUrls: config.REVOCATION_URLS,
      });
    case 'voucher':
      return VoucherModule.with({ transferLedger: contracts.transferLedger, onError });
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

import { type DynamicModule, Global, Module } from '@nestjs/common';
import { BusModule } from '@cpds/bus';
import { chainEntities, chainMigrations } from '@cpds/chain';
import type { KeyRing } from '@cpds/crypto/custody';
import { invalid } from '@cpds/errors';
import { Changes, OutboxModule, outboxMigrations, untold } from '@cpds/outbox';
import { derivationRoot, derivationRootMigrations, errorLine, secret, type ServiceContext } from '@cpds/service';
import { StoreModule } from '@cpds/store';
import { ClientRow } from './clients/client.row.js';
import { ClientsModule } from './clients/clients.module.js';
import { ClinicianRow } from './clinicians/clinician.row.js';
import { CliniciansModule } from './clinicians/clinicians.module.js';
import type { IdentityConfig } from './config.js';
import { CustodyModule } from './custody/custody.module.js';
import { DepartmentRow } from './departments/department.row.js';
import { DepartmentsModule } from './departments/departments.module.js';
import { InstitutionModule } from './institution/institution.module.js';
import { KeyedHash } from './keyed-hash.js';
import { identityMigrations } from './migrations.js';
import { PatientRow } from './patients/patient.row.js';
import { PatientsModule } from './patients/patients.module.js';
import { TokensModule } from './tokens/tokens.module.js';

@Global()
@Module({})
class HashesModule {
  static with(ring: KeyRing): DynamicModule {
    return {
      module: HashesModule,
      providers: [
        {
          provide: KeyedHash,
          inject: [Changes],
          useFactory: async (changes: Changes) =>
            new KeyedHash(
              await changes.commit(async (tx) => untold('a secret of this database', await derivationRoot(tx, ring))),
            ),
        },
      ],
      exports: [KeyedHash],
    };
  }
}

/** identity: who is who. */
@Module({})
export class AppModule {
  static with({ config, keys, ring, log }: ServiceContext<IdentityConfig>): DynamicModule {
    const onError = (error: unknown): void => log.warn(errorLine(error), 'background step failed');
    const tokens = TokensModule.with(config.IDENTITY_URL, config.PARTY, secret(keys, 'token'));
    return {
      module: AppModule,
      imports: [
        StoreModule.forRoot({
          url: config.DATABASE_URL,
          entities: [...chainEntities, ClientRow, PatientRow, DepartmentRow, ClinicianRow],
          migrations: [...outboxMigrations, ...chainMigrations, ...derivationRootMigrations, ...identityMigrations],
        }),
        BusModule.forRoot({
          url: config.NATS_URL,
          name: `identity.${config.PARTY}`,
          user: config.NATS_USER,
          password: config.NATS_PASSWORD,
          nkeySeedFile: config.NATS_NKEY_FILE,
          onHandlerError: (_subject, error) => onError(error),
        }),
        OutboxModule.forHospital({ producer: `identity.${config.PARTY}`, onError }),
        HashesModule.with(ring),
        ClientsModule.with(config.BOOTSTRAP_CLIENTS),
        InstitutionModule.with(
          {
            party: config.PARTY,
            hubUrls: urlsOf(config, 'hub'),
            ownUrls: urlsOf(config, config.OWN_CHAIN),
            chainRegistry: config.HUB_CHAIN_REGISTRY,
            privateKey: `0x${Buffer.from(secret(keys, 'gas')).toString('hex')}`,
            pollMs: config.POLL_MS,
            onError,
          },
          tokens,
        ),
        PatientsModule.with(config.ENROLMENT_CODE_TTL_S),
        DepartmentsModule.with(ring),
        CliniciansModule,
        CustodyModule.with(config.RECORDS_AGE_RECIPIENT),
      ],
    };
  }
}

function urlsOf(config: IdentityConfig, chain: string): string[] {
  const urls = config.CHAINS[chain];
  if (!urls) throw invalid('bad-config', 'CHAINS', `CHAINS: has no ${chain}`);
  return urls;
}

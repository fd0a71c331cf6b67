import { type DynamicModule, Module } from '@nestjs/common';
import { nodeNoteSigner } from '@cpds/crypto/node';
import { verifierOf } from '@cpds/crypto/tlog';
import { derivationRoot, errorLine, formerLogs, Metrics, secret, type ServiceContext } from '@cpds/service';
import { UnitOfWork } from '@cpds/store';
import { anchorChainsOf, type AuditConfig, journalDirOf, originOf } from '../config.js';
import { Journal } from './journal.js';
import { LogFigures } from './log-figures.js';
import { LogHttpController } from './log.http.controller.js';
import { LogReader } from './log.reader.js';
import { AuditLog } from './log.service.js';

@Module({})
export class LogModule {
  static with({ config, keys, ring, log: logger, metrics }: ServiceContext<AuditConfig>): DynamicModule {
    const origin = originOf(config.PARTY);
    const signer = nodeNoteSigner(origin, secret(keys, 'log'));
    const formerSigners = formerLogs(keys).map((seed) => nodeNoteSigner(origin, seed));
    const verifiers = [signer, ...formerSigners].map(verifierOf);
    // Opened before anybody has it: nothing is taken, answered or anchored by a log that does not hold together.
    const opened = async (unitOfWork: UnitOfWork): Promise<AuditLog> => {
      const root = await unitOfWork.run((tx) => derivationRoot(tx, ring));
      const log = new AuditLog(unitOfWork, {
        party: config.PARTY,
        signer,
        formerSigners,
        ring,
        root,
        journal: await Journal.open(journalDirOf(config), verifiers, ring),
        witnesses: anchorChainsOf(config),
        acceptedSize: config.ACCEPTED_LOG_SIZE,
      });
      await log.open();
      log.standing.onStopped((fault) => logger.error(errorLine(fault), 'the log stands still'));
      return log;
    };
    return {
      module: LogModule,
      global: true,
      controllers: [LogHttpController],
      providers: [
        LogReader,
        { provide: AuditLog, inject: [UnitOfWork], useFactory: opened },
        LogFigures,
        { provide: Metrics, useValue: metrics },
      ],
      exports: [AuditLog, LogReader],
    };
  }
}

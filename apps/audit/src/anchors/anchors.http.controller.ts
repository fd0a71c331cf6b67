import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { to0x } from '@cpds/crypto/bytes';
import type { LogView } from '@cpds/messages';
import { Open, Scopes } from '@cpds/service';
import { LogReader } from '../log/log.reader.js';
import { AuditLog } from '../log/log.service.js';
import { Anchors } from './anchors.service.js';

@Controller()
export class AnchorsHttpController {
  constructor(
    private readonly log: AuditLog,
    private readonly reader: LogReader,
    private readonly anchors: Anchors,
  ) {}

  /** Describes the log: origin, verifier keys, size, root, checkpoint, last anchor per chain. */
  @Get('log')
  @Open('facts')
  async view(): Promise<LogView> {
    const { size, root, checkpoint } = await this.reader.tree();
    const { origin, verifierKey, formerVerifierKeys } = this.log.keys;
    return {
      origin,
      verifierKey,
      formerVerifierKeys,
      size,
      root: to0x(root),
      checkpoint,
      anchors: await this.anchors.views(),
    };
  }

  /** Anchors now; answers when every chain holds the log at finality, 503 `anchor-late` after a minute. */
  @Post('anchor')
  @HttpCode(200)
  @Scopes('audit.operate')
  async anchor(): Promise<LogView> {
    await this.anchors.anchorAll();
    return this.view();
  }
}

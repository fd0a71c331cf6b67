import { parse } from '@cpds/errors';
import { Bytes32 } from '@cpds/messages';
import { actorOf, Caller, Scopes, type Principal } from '@cpds/service';
import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ChainHalts } from './chain-halts.js';
import { GrantWatch } from './grant-watch.js';

/** An operator's way back after a deep reorg: accepts a chain's history as it is now (table, last line). */
@Controller('chains')
@Scopes('bridge.operate')
export class HaltsHttpController {
  constructor(
    private readonly watch: GrantWatch,
    private readonly halts: ChainHalts,
  ) {}

  /** Accepts a chain's history as it is now, and goes on where a deep reorg halted this node. */
  @Post(':chainUid/acceptance')
  @HttpCode(204)
  async accept(@Param('chainUid') text: string, @Caller() caller: Principal): Promise<void> {
    const chainUid = parse(Bytes32, text, 'chainUid');
    await this.halts.accepted(chainUid, actorOf(caller));
    await this.watch.acceptNewHistory(chainUid);
    await this.halts.resume(chainUid);
  }
}

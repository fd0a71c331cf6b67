import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import * as tlog from '@cpds/crypto/tlog';
import { missing } from '@cpds/errors';
import { Open, Scopes } from '@cpds/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LogReader } from './log.reader.js';

/** The read side of c2sp.org/tlog-tiles. Hash tiles and checkpoints are public; entry bundles go to auditors (protocol section 9). */
@Controller()
export class LogHttpController {
  constructor(private readonly reader: LogReader) {}

  /** Gives the newest signed checkpoint. */
  @Get('checkpoint')
  @Open('facts')
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'no-store')
  async checkpoint(): Promise<string> {
    return (await this.reader.tree()).checkpoint;
  }

  /** Gives the entries of tile `<N>[.p/<W>]`; their places tell when a hospital read. */
  @Get('tile/entries/*')
  @Scopes('audit.read')
  async entries(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<Buffer> {
    const { index, width } = tlog.parseTilePath(pathOf(request));
    const entries = await this.reader.entries(index, width);
    reply.headers(headersOf(width, 'private'));
    return Buffer.from(tlog.encodeEntries(entries));
  }

  /** Gives the hashes of tile `<L>/<N>[.p/<W>]`. */
  @Get('tile/*')
  @Open('facts')
  async tile(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<Buffer> {
    const { level, index, width } = tlog.parseTilePath(pathOf(request));
    // `tile/entries` without a place comes here too, and must not be read without a token.
    if (level === 'entries') throw missing('no-tile', 'the log has no such tile');
    const hashes = await this.reader.tile(level, index, width);
    reply.headers(headersOf(width, 'public'));
    return hashes;
  }
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0]!.slice(1);
}

/** A tile never changes; a partial one is only replaced by a wider one at another path. */
function headersOf(width: number, audience: 'public' | 'private'): Record<string, string> {
  const seconds = width === tlog.TILE_WIDTH ? 31_536_000 : 3_600;
  return {
    'content-type': 'application/octet-stream',
    'cache-control': `${audience}, max-age=${seconds}, immutable`,
  };
}

import { Body, Controller, Get, Header, HttpCode, Post } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { type TokenAnswer, TokenRequest } from '@cpds/messages';
import { OAuth, Open } from '@cpds/service';
import { TokensService } from './tokens.service.js';

@Controller()
export class TokensHttpController {
  constructor(private readonly tokens: TokensService) {}

  /**
   * Gives a five-minute ES384 access token for a signed assertion (`private_key_jwt`).
   * Backends sign with ES384, wallets with EdDSA.
   */
  @Post('token')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Open('signed')
  @OAuth()
  issue(@Body() body: unknown): Promise<TokenAnswer> {
    return this.tokens.issue(parse(TokenRequest, body, 'token request'));
  }

  /** Publishes the key that tokens are checked with. */
  @Get('.well-known/jwks.json')
  @Open('facts')
  jwks(): { keys: object[] } {
    return this.tokens.jwks();
  }
}

import { Body, Controller, Get, Header, HttpCode, Inject, Post } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { type TokenAnswer, TokenRequest } from '@cpds/messages';
import { Open } from '@cpds/service';
import { TokensService } from './tokens.service.js';

@Controller()
export class TokensHttpController {
  constructor(@Inject(TokensService) private readonly tokens: TokensService) {}

  @Post('token')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Open()
  issue(@Body() body: unknown): Promise<TokenAnswer> {
    return this.tokens.issue(parse(TokenRequest, body, 'token request'));
  }

  @Get('.well-known/jwks.json')
  @Open()
  jwks(): { keys: object[] } {
    return this.tokens.jwks();
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { tokenKeyOf } from './token-key.js';
import { TokensHttpController } from './tokens.http.controller.js';
import { type TokenIssuer, tokenIssuer, TokensService } from './tokens.service.js';

@Module({})
export class TokensModule {
  /** `issuerUrl` is `IDENTITY_URL`; `seed` 32 bytes of the key file. */
  static with(issuerUrl: string, party: string, seed: Uint8Array): DynamicModule {
    const endpoint = new URL('token', issuerUrl.endsWith('/') ? issuerUrl : `${issuerUrl}/`).href;
    return {
      module: TokensModule,
      controllers: [TokensHttpController],
      providers: [
        TokensService,
        {
          provide: tokenIssuer,
          useFactory: async (): Promise<TokenIssuer> => ({
            issuer: issuerUrl,
            endpoint,
            party,
            key: await tokenKeyOf(seed),
          }),
        },
      ],
      exports: [tokenIssuer],
    };
  }
}

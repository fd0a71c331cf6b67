import { type DynamicModule, Module } from '@nestjs/common';
import { secret, type ServiceContext } from '@cpds/service';
import type { IdentityConfig } from '../config.js';
import { tokenKeyOf } from './token-key.js';
import { TokensHttpController } from './tokens.http.controller.js';
import { TokenIssuer, TokensService } from './tokens.service.js';

@Module({})
export class TokensModule {
  static with({ config, keys }: ServiceContext<IdentityConfig>): DynamicModule {
    const issuer = config.IDENTITY_URL;
    const endpoint = new URL('token', issuer.endsWith('/') ? issuer : `${issuer}/`).href;
    const seed = secret(keys, 'token');
    return {
      module: TokensModule,
      global: true,
      controllers: [TokensHttpController],
      providers: [
        TokensService,
        {
          provide: TokenIssuer,
          useFactory: async (): Promise<TokenIssuer> => ({
            issuer,
            endpoint,
            party: config.PARTY,
            key: await tokenKeyOf(seed),
          }),
        },
      ],
      exports: [TokenIssuer],
    };
  }
}

import { Global, Module } from '@nestjs/common';
import { ExchangeHttpController } from './exchange.http.controller.js';
import { ExchangeService } from './exchange.service.js';
import { MayServe } from './may-serve.js';

@Global()
@Module({
  controllers: [ExchangeHttpController],
  providers: [ExchangeService, MayServe],
  exports: [ExchangeService, MayServe],
})
export class ExchangeModule {}

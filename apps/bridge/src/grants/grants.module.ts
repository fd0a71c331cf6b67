import { Global, Module } from '@nestjs/common';
import { GrantsBusController } from './grants.bus.controller.js';
import { GrantsHttpController } from './grants.http.controller.js';
import { GrantsService } from './grants.service.js';
import { OpeningService } from './opening.service.js';
import { ServingService } from './serving.service.js';

@Global()
@Module({
  controllers: [GrantsHttpController, GrantsBusController],
  providers: [GrantsService, OpeningService, ServingService],
  exports: [GrantsService],
})
export class GrantsModule {}

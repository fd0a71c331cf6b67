import { Module } from '@nestjs/common';
import { TransferViewService } from './transfer-view.service.js';
import { TransfersHttpController } from './transfers.http.controller.js';

@Module({ controllers: [TransfersHttpController], providers: [TransferViewService] })
export class TransferViewModule {}

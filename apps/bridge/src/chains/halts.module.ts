import { Module } from '@nestjs/common';
import { HaltsHttpController } from './halts.http.controller.js';

@Module({ controllers: [HaltsHttpController] })
export class HaltsModule {}

import { Module } from '@nestjs/common';
import { TrailHttpController } from './trail.http.controller.js';

@Module({ controllers: [TrailHttpController] })
export class TrailModule {}

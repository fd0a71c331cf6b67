import { Module } from '@nestjs/common';
import { PersonsHttpController } from './persons.http.controller.js';
import { PersonsService } from './persons.service.js';

@Module({ controllers: [PersonsHttpController], providers: [PersonsService] })
export class PersonsModule {}

import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { RegisterClient, type RegisteredClient } from '@cpds/messages';
import { actorOf, Caller, type Principal, Scopes } from '@cpds/service';
import type { z } from 'zod';
import { ClientsService } from './clients.service.js';

@Controller('clients')
export class ClientsHttpController {
  constructor(private readonly clients: ClientsService) {}

  /** Registers a backend's public key, its scopes, and the departments that it may act for. */
  @Post()
  @HttpCode(201)
  @Scopes('identity.admin')
  register(@Body() body: unknown, @Caller() caller: Principal): Promise<z.infer<typeof RegisteredClient>> {
    return this.clients.register(parse(RegisterClient, body, 'client'), actorOf(caller));
  }
}

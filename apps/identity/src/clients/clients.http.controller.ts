import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { parse, text } from '@cpds/errors';
import { type ClientList, ClientParameters, RegisterClient, type RegisteredClient } from '@cpds/messages';
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

  /** Lists the clients of a kind, disabled ones too, a hundred at a time. */
  @Get()
  @Scopes('identity.admin')
  list(@Query() query: unknown): Promise<ClientList> {
    return this.clients.list(parse(ClientParameters, query, 'query'));
  }

  /** Disables a backend or a wallet: it gets no token, and those that it has end within five minutes. */
  @Post(':clientId/disablement')
  @HttpCode(204)
  @Scopes('identity.admin')
  disable(@Param('clientId') clientId: string, @Caller() caller: Principal): Promise<void> {
    return this.clients.disable(parse(text(128), clientId, 'clientId'), actorOf(caller));
  }

  /** Lets a disabled client get tokens again. */
  @Delete(':clientId/disablement')
  @HttpCode(204)
  @Scopes('identity.admin')
  enable(@Param('clientId') clientId: string, @Caller() caller: Principal): Promise<void> {
    return this.clients.enable(parse(text(128), clientId, 'clientId'), actorOf(caller));
  }
}

import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parse } from '@cpds/errors';
import {
  type OpenAnswer,
  OpenQuery,
  type ProveAnswer,
  ProveQuery,
  type ScanAnswer,
  ScanQuery,
  SignQuery,
  type SignQueryAnswer,
} from '@cpds/messages';
import type { z } from 'zod';
import { CustodyService } from './custody.service.js';

@Controller()
export class CustodyBusController {
  constructor(private readonly custody: CustodyService) {}

  @MessagePattern('identity.scan')
  scan(@Payload() body: unknown): Promise<z.infer<typeof ScanAnswer>> {
    return this.custody.scan(parse(ScanQuery, body, 'scan query'));
  }

  @MessagePattern('identity.prove')
  prove(@Payload() body: unknown): Promise<z.infer<typeof ProveAnswer>> {
    return this.custody.prove(parse(ProveQuery, body, 'prove query'));
  }

  @MessagePattern('identity.sign')
  sign(@Payload() body: unknown): Promise<z.infer<typeof SignQueryAnswer>> {
    return this.custody.sign(parse(SignQuery, body, 'sign query'));
  }

  @MessagePattern('identity.open')
  open(@Payload() body: unknown): Promise<z.infer<typeof OpenAnswer>> {
    return this.custody.open(parse(OpenQuery, body, 'open query'));
  }
}

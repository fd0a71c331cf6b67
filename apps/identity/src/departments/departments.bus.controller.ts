import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parse } from '@cpds/errors';
import { type Department, DepartmentQuery } from '@cpds/messages';
import { DepartmentsService } from './departments.service.js';

@Controller()
export class DepartmentsBusController {
  constructor(private readonly departments: DepartmentsService) {}

  @MessagePattern('identity.department')
  department(@Payload() body: unknown): Promise<Department | null> {
    return this.departments.find(parse(DepartmentQuery, body, 'department query').departmentId);
  }
}

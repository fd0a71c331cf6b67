import { Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { type Department, RegisterDepartment } from '@cpds/messages';
import { Scopes } from '@cpds/service';
import { DepartmentsService } from './departments.service.js';

@Controller('departments')
@Scopes('identity.admin')
export class DepartmentsHttpController {
  constructor(@Inject(DepartmentsService) private readonly departments: DepartmentsService) {}

  @Post()
  @HttpCode(201)
  register(@Body() body: unknown): Promise<Department> {
    return this.departments.register(parse(RegisterDepartment, body, 'department').name);
  }

  @Get()
  async list(): Promise<{ departments: Department[] }> {
    return { departments: await this.departments.list() };
  }
}

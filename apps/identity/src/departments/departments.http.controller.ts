import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { type Department, RegisterDepartment } from '@cpds/messages';
import { actorOf, Caller, type Principal, Scopes } from '@cpds/service';
import { DepartmentsService } from './departments.service.js';

@Controller('departments')
@Scopes('identity.admin')
export class DepartmentsHttpController {
  constructor(private readonly departments: DepartmentsService) {}

  /** Makes a department with keys in custody, and registers it in `ERC6538Registry`. */
  @Post()
  @HttpCode(201)
  register(@Body() body: unknown, @Caller() caller: Principal): Promise<Department> {
    return this.departments.register(parse(RegisterDepartment, body, 'department').name, actorOf(caller));
  }

  /** Lists the departments of this hospital. */
  @Get()
  async list(): Promise<{ departments: Department[] }> {
    return { departments: await this.departments.list() };
  }
}

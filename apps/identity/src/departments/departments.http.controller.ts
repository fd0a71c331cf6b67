import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { parse } from '@cpds/errors';
import { type Department, type DepartmentList, DepartmentParameters, RegisterDepartment } from '@cpds/messages';
import { actorOf, Caller, type Principal, Scopes } from '@cpds/service';
import { z } from 'zod';
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

  /** Lists the departments of this hospital, disabled ones too, a hundred at a time. */
  @Get()
  list(@Query() query: unknown): Promise<DepartmentList> {
    return this.departments.list(parse(DepartmentParameters, query, 'query'));
  }

  /** Disables a department: nothing is asked, opened or read for it any more. */
  @Post(':departmentId/disablement')
  @HttpCode(204)
  disable(@Param('departmentId') id: string, @Caller() caller: Principal): Promise<void> {
    return this.departments.disable(parse(z.uuid(), id, 'departmentId'), actorOf(caller));
  }

  /** Lets a disabled department receive records again. */
  @Delete(':departmentId/disablement')
  @HttpCode(204)
  enable(@Param('departmentId') id: string, @Caller() caller: Principal): Promise<void> {
    return this.departments.enable(parse(z.uuid(), id, 'departmentId'), actorOf(caller));
  }
}

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Department } from '@cpds/messages';
import type { World } from '../consortium/world.js';

/** The department of south that asks for records, registered with a clinician on first use. Returns its id. */
export async function askingDepartment({ consortium, backends }: World): Promise<string> {
  const path = join(consortium.dir, 'department.json');
  if (existsSync(path)) return Department.parse(JSON.parse(readFileSync(path, 'utf8'))).departmentId;
  const { identity } = backends.south;
  const department = await identity.registerDepartment(`Cardiology ${new Date().toISOString()}`);
  await identity.registerClinician(department.departmentId, 'south-clinician-1');
  writeFileSync(path, JSON.stringify(department));
  return department.departmentId;
}

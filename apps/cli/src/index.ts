/** The local consortium and the steps of the main job, for the tests of the whole (`e2e`) and for `bench`, which may import nothing else of this package. */
export { BareRoots, type BareService } from './consortium/bare-root.js';
export { attach, launch, type Launched } from './consortium/launch.js';
export { doctor, type Diagnosis } from './doctor/doctor.command.js';
export type { World } from './consortium/world.js';
export { checkAudit } from './main-job/audit-check.js';
export { askingDepartment } from './main-job/department.js';
export { patientOf } from './main-job/patients.js';
export { readRecordsFolder, type LeftFile, type RecordFile, type RecordsFolder } from './main-job/records-folder.js';
export { pausedVouchers, pauseVouchers, waitForRefund } from './main-job/refund.js';
export {
  askAndConsent,
  finishShare,
  release,
  upload,
  waitForDeed,
  waitForState,
  type ShareResult,
} from './main-job/share.js';
export { waitFor } from './main-job/waiting.js';

import { startService } from '@cpds/service';
import { auditService } from './service.js';

await startService(auditService);

import { startService } from '@cpds/service';
import { identityService } from './service.js';

await startService(identityService);

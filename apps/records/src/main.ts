import { startService } from '@cpds/service';
import { recordsService } from './service.js';

await startService(recordsService);

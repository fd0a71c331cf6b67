import { startService } from '@cpds/service';
import { recordsService } from './app.module.js';

await startService(recordsService);

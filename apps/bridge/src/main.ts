import { startService } from '@cpds/service';
import { bridgeService } from './service.js';

await startService(bridgeService);

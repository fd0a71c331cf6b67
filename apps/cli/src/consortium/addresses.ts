import type { Complete, GroupKeys, HospitalDeployment, HubDeployment } from '../deploy/index.js';

/** Where the contracts of a running consortium stand, and the storemen's keys. */
export interface ConsortiumAddresses {
  readonly hub: Complete<HubDeployment>;
  readonly north: Complete<HospitalDeployment>;
  readonly south: Complete<HospitalDeployment>;
  readonly keys: GroupKeys;
}

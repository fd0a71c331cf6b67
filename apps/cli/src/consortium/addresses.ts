import type { Complete, GroupKeys, HospitalDeployment, HubDeployment } from '../deploy/index.js';

/** Addresses of a running consortium's contracts, and the storemen's keys. */
export interface ConsortiumAddresses {
  readonly hub: Complete<HubDeployment>;
  readonly north: Complete<HospitalDeployment>;
  readonly south: Complete<HospitalDeployment>;
  readonly keys: GroupKeys;
}

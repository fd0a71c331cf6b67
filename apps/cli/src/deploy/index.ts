/** Deployment of the contracts, for any RPC: deployHub, deployHospital each, makeGroupKeys, finishHospital each. */
export * from './deploy.command.js';
export * from './deployment.js';
export * from './finish.js';
export * from './group-keys.js';
export * from './hospital.js';
export * from './hub.js';
export * from './parties.js';

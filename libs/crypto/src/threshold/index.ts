export * from './ceremony.js';
export { agreedVerdict, judge, verdictOf, type Complaint, type ComplaintEvidence, type Verdict } from './complaint.js';
export {
  checkDealtShare,
  openShare,
  SEALED_SHARE_BYTES,
  sealShare,
  shareContext,
  shareKey,
  shareKeySeed,
  type DealtShare,
  type PolynomialCommitments,
} from './dealt-share.js';
export * from './generation.js';
export * from './group.js';
export * from './nonces.js';
export * from './reshare.js';
export * from './reshare-ceremony.js';
export * from './round-message.js';
export * from './signing.js';

import type { Hex } from '@cpds/messages';

/** A cohort of A's DeedRegistry as its final event carries it. */
export interface FinalCohort {
  xs: Hex[];
  commitments: Hex[];
}

/** What B reads of A's deeds and logs on the chains, beside the grant's own facts. */
export abstract class DeedEvidence {
  /** The cohort, if its minting is final on the home chain; null otherwise. */
  abstract finalCohort(homeUid: string, cohort: number): Promise<FinalCohort | null>;

  /**
   * When `account` anchored a checkpoint of the log `origin` with this size and root on the hub (final); seconds, or null
   * if it did not. Anybody can anchor anything: whose anchors count is for the caller to say.
   */
  abstract anchoredAt(account: string, origin: string, size: number, root: string): Promise<number | null>;
}

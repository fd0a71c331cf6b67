import type { AuditResult } from './audit-check.js';
import type { LeftFile } from './records-folder.js';
import type { RevocationResult } from './revocations.js';
import type { ShareResult } from './share.js';

/** Content of the file that `--report FILE` writes. */
export interface Report {
  /** False if a file that says that it is a record was not shared. */
  readonly ok: boolean;
  readonly hospitals: readonly string[];
  readonly storemen: {
    readonly n: number;
    readonly t: number;
    readonly signingKey: string;
    readonly sealingKey: string;
  };
  readonly ringSize: number;
  readonly ringReal: number;
  readonly shares: readonly ShareResult[];
  /** Files that were not shared, and why. */
  readonly left: readonly LeftFile[];
  readonly revocations: readonly RevocationResult[];
  readonly refund: { readonly grantId: string; readonly tx: string };
  readonly audit: readonly AuditResult[];
}

/** The median: of an even number of values the lower of the two in the middle, zero if there are none. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}

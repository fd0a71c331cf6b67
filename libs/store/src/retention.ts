/** How long a table's rows are kept: a statement for every table, and for some the rule by which their rows go. */
export interface Retention {
  readonly table: string;
  /** How long, what ends it, and why, in words: a line of docs/retention.md. */
  readonly kept: string;
  /** Rows that `Pruning` deletes. Omit if they stay, or if the code that owns the table deletes them. */
  readonly prune?: Prune;
}

/** Rows whose time is over. An index whose first column is `age` finds them. */
export interface Prune {
  /** column of the time that the days count from; a row with null stays */
  readonly age: string;
  readonly days: number;
  /** SQL that must hold beside the age, about the row as `old`; omit if age alone decides */
  readonly only?: string;
}

/** Rows that one statement deletes at most: a longer one would hold its locks for long. */
const batchRows = 1_000;

/** The statement that deletes the next rows whose time is over. */
export function pruneStatement(table: string, { age, days, only }: Prune): string {
  return `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
    SELECT old.ctid FROM ${table} old WHERE old.${age} < now() - interval '${days} days'${only === undefined ? '' : ` AND ${only}`}
    ORDER BY old.${age} LIMIT ${batchRows}))`;
}

/** Whether a statement deleted so many rows that there may be more. */
export function isFullBatch(deleted: number): boolean {
  return deleted >= batchRows;
}

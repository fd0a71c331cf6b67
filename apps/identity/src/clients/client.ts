/** What a start does with a client that the environment names. Pure. */

/** What is known of a client of this name, beside the entry in the environment. */
export interface KnownClient {
  /** hash of the entry that was applied last; null if none ever was */
  appliedHash: string | null;
  /** thumbprint of its key now */
  keyThumbprint: string;
  /** thumbprints of the keys that it had before */
  formerKeys: readonly string[];
}

/**
 * `apply` for a new client, and for an entry that was changed since; `keep` for one that was applied already, whatever
 * the doors did since; `refuse` for one with a key that was replaced: whoever took the key must not come back by a restart.
 */
export function bootstrapOf(
  entry: { hash: string; keyThumbprint: string },
  known: KnownClient | null,
): 'apply' | 'keep' | 'refuse' {
  if (known === null) return 'apply';
  if (known.formerKeys.includes(entry.keyThumbprint)) return 'refuse';
  return known.appliedHash === entry.hash ? 'keep' : 'apply';
}

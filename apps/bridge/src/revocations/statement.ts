/** Checks revoke and give-back statements (protocol section 7): their signer and their grant. Pure. */

import {
  giveBackDigest,
  grantId as grantIdOf,
  isSignedByAccount,
  recipientAddress,
  revokeDigest,
} from '@cpds/contracts';
import { invalid } from '@cpds/errors';
import type { Grant, Statement } from '@cpds/messages';

/**
 * The grant a statement is about: the one known here, or the one it brings, whose digest must be the grantId. A known
 * grant gives its id under its own home chain only: a statement for another `homeUid` would stop this node, and no
 * contract would take it.
 *
 * @throws AppError `unknown-grant` while the grant is neither known nor sent along; `other-grant`
 */
export function grantOf(statement: Statement, known: Grant | null): Grant {
  if (known) {
    if (grantIdOf(statement.homeUid, known) !== statement.grantId)
      throw invalid('other-grant', 'homeUid', "homeUid is not the grant's home chain");
    return known;
  }
  if (!statement.grant)
    throw invalid('unknown-grant', 'grant', 'this grantId is not known here yet: send the full grant along');
  if (grantIdOf(statement.homeUid, statement.grant) !== statement.grantId)
    throw invalid('other-grant', 'grant', 'grant has another grantId than the statement');
  return statement.grant;
}

/** Refuses a statement not signed by the revoker, or for a give-back by q. @throws AppError `bad-statement` */
export function checkStatement(statement: Statement, grant: Grant): void {
  const { kind, homeUid, grantId, signature } = statement;
  const digest = kind === 'revoke' ? revokeDigest(homeUid, grantId) : giveBackDigest(homeUid, grantId);
  const signer = kind === 'revoke' ? grant.revoker : recipientAddress(grant);
  if (!isSignedByAccount(signer, digest, signature))
    throw invalid(
      'bad-statement',
      'signature',
      `signature is not by the ${kind === 'revoke' ? 'revoker' : 'recipient'}`,
    );
}

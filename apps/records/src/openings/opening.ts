import * as age from '@cpds/crypto/age';
import { equalBytes, fromHex } from '@cpds/crypto/bytes';
import { keyCommit, recordCommitment } from '@cpds/crypto/deed';
import { AppError } from '@cpds/errors';
import type { RecordMetadata } from '@cpds/messages';

/** The fetched file, unchecked. */
export interface FetchedFile {
  header: Uint8Array;
  /** of everything after the header */
  payloadSha256: Uint8Array;
  payloadBytes: number;
  metadata: RecordMetadata;
  salt: Uint8Array;
}

/**
 * Accepts a fetched file only when the file key sealed its header and the whole is what the deed commits to. The MAC
 * comes first: without it, a payload could be made that opens under two keys (protocol section 11, attack 13).
 *
 * @throws WrongBytes names the check
 */
export function checkFetched(file: FetchedFile, fileKey: Uint8Array, deedCommitment: string): void {
  try {
    age.checkHeaderMac(age.parseHeader(file.header), fileKey);
  } catch (cause) {
    throw new WrongBytes('header', cause);
  }
  const commitment = recordCommitment({
    payloadSha256: file.payloadSha256,
    keyCommit: keyCommit(fileKey),
    metadata: file.metadata,
    salt: file.salt,
  });
  if (!equalBytes(commitment, fromHex(deedCommitment, 'commitment', 32))) throw new WrongBytes('commitment');
  if (file.payloadBytes !== age.payloadLength(file.metadata.sizeBytes)) throw new WrongBytes('sizeBytes');
}

/** The fetched bytes are not those that the deed on the home chain commits to. */
export class WrongBytes extends AppError {
  constructor(field: string, cause?: unknown) {
    super('wrong-bytes', 'unavailable', `what the home hospital sent is not the consented record: ${field}`, {
      field,
      cause,
      status: 502,
    });
  }
}

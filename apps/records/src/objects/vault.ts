import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import * as age from '@cpds/crypto/age';
import { keyCommit } from '@cpds/crypto/deed';
import { nodeAead } from '@cpds/crypto/node';
import { invalid, unavailable } from '@cpds/errors';
import type { Finder } from './damage.js';
import { type NamedFile, NamedFiles } from './named-files.js';
import { ObjectStore } from './object-store.js';
import { PendingObjects } from './pending-objects.js';
import { after, hashed } from './streams.js';

/** This service's age identity: opens what was sealed for this hospital. */
export abstract class AgeIdentity {
  /** `AGE-SECRET-KEY-1…` */
  abstract readonly secret: string;
}

/** Plaintext on its way in. */
export interface Plaintext {
  /** exactly this many bytes, at least one */
  sizeBytes: number;
  body: AsyncIterable<Uint8Array>;
}

/** Facts of an object that was just sealed; its bytes are in the store. */
export interface SealedObject {
  id: string;
  /** age header, last newline included */
  header: Uint8Array;
  payloadSha256: Uint8Array;
  plaintextSha256: Uint8Array;
  /** commits to the file key; the key itself is in the header only */
  keyCommit: Uint8Array;
}

/** Name of a sealed record in the object store. */
export const objectKey = (id: string): string => `objects/${id}`;

/**
 * Records at rest: age files in the object store, each under a fresh 16-byte file key that only its header holds, for
 * the patient and for this hospital (protocol section 6).
 */
@Injectable()
export class Vault {
  /** This hospital's `age1…`. */
  readonly recipient: string;

  constructor(
    private readonly store: ObjectStore,
    private readonly pending: PendingObjects,
    private readonly files: NamedFiles,
    private readonly identity: AgeIdentity,
  ) {
    this.recipient = age.recipientOf(identity.secret);
  }

  /**
   * Seals `content` for this hospital and `patientRecipient` while it streams into the store, then runs `keep`, which
   * names the object in a transaction of its own and calls `PendingObjects.keep` there. When anything throws, there is
   * no object.
   *
   * @throws AppError `body-cut-off` (invalid) when the body is not as long as announced; what `body` or `keep` throws
   */
  async seal<T>(content: Plaintext, patientRecipient: string, keep: (sealed: SealedObject) => Promise<T>): Promise<T> {
    const id = randomUUID();
    const fileKey = new Uint8Array(randomBytes(16));
    const header = age.serializeHeader(age.createHeader(fileKey, [patientRecipient, this.recipient]));
    const plaintext = createHash('sha256');
    const payload = createHash('sha256');
    const sealing = age.sealPayload(
      hashed(measured(content), plaintext),
      fileKey,
      new Uint8Array(randomBytes(age.payloadNonceBytes)),
      nodeAead,
    );
    return this.pending.guard(objectKey(id), async () => {
      await this.store.put(
        objectKey(id),
        header.length + age.payloadLength(content.sizeBytes),
        after(header, hashed(sealing, payload)),
      );
      const commit = keyCommit(fileKey);
      fileKey.fill(0);
      return keep({
        id,
        header,
        payloadSha256: payload.digest(),
        plaintextSha256: plaintext.digest(),
        keyCommit: commit,
      });
    });
  }

  /**
   * Plaintext of a stored object, by this hospital's identity and the header in its row.
   *
   * @throws AppError `sealed-for-another`; what `NamedFiles.open` throws
   */
  async open(file: NamedFile, by: Finder): Promise<AsyncIterable<Uint8Array>> {
    return this.files.open(file, this.fileKeyOf(file.header), by);
  }

  private fileKeyOf(header: Uint8Array): Uint8Array {
    try {
      return age.unwrapHeader(age.parseHeader(header), this.identity.secret);
    } catch (cause) {
      throw unavailable('sealed-for-another', "this record's header is for another age identity", {
        cause,
        status: 500,
      });
    }
  }
}

/** Yields every byte of the content; throws unless there are as many as announced. */
async function* measured({ sizeBytes, body }: Plaintext): AsyncGenerator<Uint8Array> {
  let seen = 0;
  try {
    for await (const bytes of body) {
      seen += bytes.length;
      if (seen > sizeBytes) break;
      yield bytes;
    }
  } catch (cause) {
    // A client that hangs up resets the stream: that is an error of the upload, not of this service.
    if ((cause as { code?: unknown }).code === 'ECONNRESET') throw bodyCutOff(cause);
    throw cause;
  }
  if (seen !== sizeBytes) throw bodyCutOff();
}

const bodyCutOff = (cause?: unknown) =>
  invalid('body-cut-off', 'content-length', 'the body has another length than announced', { cause });

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import * as age from '@cpds/crypto/age';
import { keyCommit } from '@cpds/crypto/deed';
import { nodeAead } from '@cpds/crypto/node';
import { invalid } from '@cpds/errors';
import { AgeIdentities } from './age-identities.js';
import type { Finder } from './damage.js';
import { type NamedFile, NamedFiles } from './named-files.js';
import { ObjectStore } from './object-store.js';
import { PendingObjects } from './pending-objects.js';
import { after, behind, hashed } from './streams.js';

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
  /** `age1…` of this hospital's identity that opens the header */
  recipient: string;
}

/** A copy of a sealed object under another header. */
export interface RewrappedObject {
  /** its name in the object store */
  key: string;
  header: Uint8Array;
}

/** Name of a sealed record in the object store. */
export const objectKey = (id: string): string => `objects/${id}`;

/**
 * Records at rest: age files in the object store, each under a fresh 16-byte file key that only its header holds, for
 * the patient and for this hospital (protocol section 6).
 */
@Injectable()
export class Vault {
  constructor(
    private readonly store: ObjectStore,
    private readonly pending: PendingObjects,
    private readonly files: NamedFiles,
    private readonly identities: AgeIdentities,
  ) {}

  /**
   * Seals `content` for this hospital and `patientRecipient` while it streams into the store, then runs `keep`, which
   * names the object in a transaction of its own and calls `PendingObjects.keep` there. When anything throws, there is
   * no object.
   *
   * @throws AppError `body-cut-off` (invalid) when the body is not as long as announced; what `body` or `keep` throws
   */
  async seal<T>(content: Plaintext, patientRecipient: string, keep: (sealed: SealedObject) => Promise<T>): Promise<T> {
    const id = randomUUID();
    const { recipient } = this.identities;
    const fileKey = new Uint8Array(randomBytes(16));
    const header = age.serializeHeader(age.createHeader(fileKey, [patientRecipient, recipient]));
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
        recipient,
      });
    });
  }

  /**
   * Plaintext of a stored object, by this hospital's identity and the header in its row.
   *
   * @throws AppError `sealed-for-another`; what `NamedFiles.open` throws
   */
  async open(file: NamedFile, by: Finder): Promise<AsyncIterable<Uint8Array>> {
    return this.files.open(file, this.identities.openHeader(file.header).fileKey, by);
  }

  /**
   * Copies the object `id` under a header that the current identity opens, then runs `keep`, which names the copy in a
   * transaction of its own and calls `PendingObjects.keep` there. The payload stays as it is to the last byte, which its
   * hash shows while it is copied; so do file key, deed and capsules. When anything throws, there is no copy.
   *
   * @throws AppError `sealed-for-another`; DamagedObject; what `keep` throws
   */
  async rewrap<T>(id: string, file: NamedFile, keep: (copy: RewrappedObject) => Promise<T>): Promise<T> {
    const header = this.identities.rewrapHeader(file.header);
    // A name is written once, so a copy that a crash left behind must not be in the way of the next.
    const key = `${objectKey(id)}-${randomBytes(4).toString('hex')}`;
    return this.pending.guard(key, async () => {
      const { sizeBytes, body } = await this.files.get(file, 'rewrapping');
      const payload = behind(file.header.length, body);
      await this.store.put(key, sizeBytes - file.header.length + header.length, after(header, payload));
      return keep({ key, header });
    });
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

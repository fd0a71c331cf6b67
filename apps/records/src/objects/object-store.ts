import { conflict, missing } from '@cpds/errors';

/** The bytes of a stored object, or a part of them. */
export interface StoredObject {
  /** of the whole object */
  sizeBytes: number;
  /** Leaving it early frees the connection or file. */
  body: AsyncIterable<Uint8Array>;
}

/**
 * Keeps ciphertext under names. An object is there whole or not at all, and a name is written once: so the bytes that a
 * deed commits to cannot be replaced.
 */
export abstract class ObjectStore {
  /**
   * Writes `sizeBytes` bytes of `body` under `key` and makes them durable.
   *
   * @param key lower-case letters, digits, `-` and `/`
   * @throws AppError (conflict) `object-exists`; `object-cut-off` when `body` ends early or late; what `body` throws
   */
  abstract put(key: string, sizeBytes: number, body: AsyncIterable<Uint8Array>): Promise<void>;

  /** @throws AppError `unknown-object` (missing) */
  abstract get(key: string): Promise<StoredObject>;

  /** Removes `key`; does nothing if it does not exist. */
  abstract delete(key: string): Promise<void>;

  /** True while objects can be read and written. */
  abstract isUp(): Promise<boolean>;
}

/** Throws for a name that could lead out of the store's folder or bucket. */
export function checkedKey(key: string): string {
  if (!/^[a-z0-9-]+(\/[a-z0-9-]+)*$/.test(key))
    throw new TypeError('an object name is lower-case letters, digits, - and /');
  return key;
}

/** Every byte of `body`, and an error unless there are exactly `sizeBytes` of them. */
export async function* exactly(sizeBytes: number, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const bytes of body) {
    seen += bytes.length;
    if (seen > sizeBytes) break;
    yield bytes;
  }
  if (seen !== sizeBytes) throw objectCutOff();
}

export const objectExists = (key: string) => conflict('object-exists', `the object ${key} is written already`);
export const unknownObject = (key: string) => missing('unknown-object', `there is no object ${key}`);
const objectCutOff = () => conflict('object-cut-off', 'the object has another length than announced');

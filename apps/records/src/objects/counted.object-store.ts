import { toAppError } from '@cpds/errors';
import { ObjectStore, type StoredObject } from './object-store.js';

export type StoreOperation = 'put' | 'get' | 'delete';

/** How a call ended: `failed` is the store's fault; `refused` is not, such as a name that is taken or unknown. */
export type StoreOutcome = 'done' | 'refused' | 'failed';

/** Passes every call on, and tells how it ended. */
export class CountedObjectStore extends ObjectStore {
  constructor(
    private readonly store: ObjectStore,
    private readonly onEnd: (operation: StoreOperation, outcome: StoreOutcome) => void,
  ) {
    super();
  }

  put(key: string, sizeBytes: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    return this.counted('put', this.store.put(key, sizeBytes, body));
  }

  async get(key: string): Promise<StoredObject> {
    const { sizeBytes, body } = await this.counted('get', this.store.get(key));
    return { sizeBytes, body: this.watched(body) };
  }

  delete(key: string): Promise<void> {
    return this.counted('delete', this.store.delete(key));
  }

  isUp(): Promise<boolean> {
    return this.store.isUp();
  }

  private async counted<T>(operation: StoreOperation, call: Promise<T>): Promise<T> {
    try {
      const answer = await call;
      this.onEnd(operation, 'done');
      return answer;
    } catch (error) {
      this.onEnd(operation, outcomeOf(error));
      throw error;
    }
  }

  /** A body that breaks off was counted as given: it is counted as failed besides. */
  private async *watched(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      this.onEnd('get', outcomeOf(error));
      throw error;
    }
  }
}

function outcomeOf(error: unknown): StoreOutcome {
  const { kind } = toAppError(error);
  return kind === 'unavailable' || kind === 'bug' ? 'failed' : 'refused';
}

import { AppError } from '@cpds/errors';

/** The first thing of an object that is not as its row says; `object`: nothing lies under its name. */
export type DamagedPart = 'object' | 'length' | 'header' | 'payload';

/** Whatever was reading when damage was found. */
export type Finder = 'reading' | 'fetch' | 'sealing-anew' | 'rewrapping' | 'scrub';

/**
 * Refuses an object that is lost, or is not the one that its row names. A 500 although it is `unavailable`: a restored
 * bucket mends it, repeating does not.
 */
export class DamagedObject extends AppError {
  constructor(
    readonly part: DamagedPart,
    cause?: unknown,
  ) {
    super(
      part === 'object' ? 'object-lost' : 'object-altered',
      'unavailable',
      part === 'object'
        ? 'the object store has lost what this record is sealed in'
        : `the object store holds something else than this record was sealed in: ${part}`,
      { field: part, status: 500, cause },
    );
  }
}

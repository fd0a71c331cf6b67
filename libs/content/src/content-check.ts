import { invalid, type AppError } from '@cpds/errors';
import type { NamedPatient } from '@cpds/messages';

/** Looks at a body while it streams past; holds a bounded part of it. */
export interface ContentCheck {
  /** @throws AppError `not-what-it-says` (422) as soon as the body cannot be what its content type says */
  push(bytes: Uint8Array): void;
  /** @throws AppError `not-what-it-says` when the body as a whole was not */
  end(): void;
  /** Patients that the body named, once it has ended; absent for a type of body that names none. */
  patients?(): NamedPatient[];
}

/** Refuses bytes that are not UTF-8. */
export class Utf8Check implements ContentCheck {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });

  push(bytes: Uint8Array): void {
    this.decode(bytes, true);
  }

  end(): void {
    this.decode(new Uint8Array(0), false);
  }

  private decode(bytes: Uint8Array, stream: boolean): void {
    try {
      this.decoder.decode(bytes, { stream });
    } catch {
      throw notWhatItSays('body', 'it is not UTF-8 text'); // the decoder's error tells no more
    }
  }
}

/** The body is not what its content type claims; `field` names the part, never its value. */
export function notWhatItSays(field: string, reason: string): AppError {
  return invalid('not-what-it-says', field, `the body is not what its content type says: ${reason}`, { status: 422 });
}

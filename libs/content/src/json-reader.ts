import type { AppError } from '@cpds/errors';
import { notWhatItSays } from './content-check.js';

/** Called with the string members of the outermost object: `{"resourceType": "Bundle"}` gives (`resourceType`, `Bundle`). */
export type MemberListener = (name: string, value: string | undefined) => void;

/** Told of every object as it passes, the outermost too; arrays are not told of, their elements bear the array's name. */
export interface ObjectListener {
  /** Names whose texts are told; others are read past. */
  readonly wanted: ReadonlySet<string>;
  /** An object begins as the value of the member `name`, which is empty for the outermost. */
  begin(name: string): void;
  /** A member `name` of the object that began last and has not ended. */
  text(name: string, value: string): void;
  end(): void;
}

/** Deepest nesting taken: FHIR stays far below, and a bomb of brackets must not grow a stack. */
const maxDepth = 128;
/** Longest name or text of an outermost member that is kept; longer ones are read past. */
const maxKept = 256;

type State =
  'value' | 'first-value' | 'first-name' | 'name' | 'colon' | 'after' | 'string' | 'escape' | 'literal' | 'end';

const space = new Set([0x20, 0x09, 0x0a, 0x0d]);
const quote = 0x22;
const mark = [0xef, 0xbb, 0xbf];
const number = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const words = new Set(['true', 'false', 'null']);

/**
 * Reads JSON (RFC 8259) piece by piece and keeps none of it: nesting, one literal, and the names and texts of the
 * outermost members. Escapes inside kept names are not resolved: a member spelt with escapes is simply not recognised.
 *
 * @throws AppError `not-what-it-says` with the byte offset
 */
export class JsonReader {
  private state: State = 'value';
  private readonly nesting: ('{' | '[')[] = [];
  /** Bytes of earlier pieces, and the place of the byte being taken. */
  private before = 0;
  private offset = 0;
  private literal = '';
  private text = '';
  private hexDigitsDue = 0;
  private isName = false;
  /** The name that the next value has, for each open object or array. */
  private readonly names: string[] = [];

  constructor(
    private readonly onMember: MemberListener,
    private readonly objects?: ObjectListener,
  ) {}

  push(bytes: Uint8Array): void {
    for (let at = this.skipMark(bytes); at < bytes.length; at++) {
      if (this.state === 'string') at = this.skipPlainText(bytes, at);
      this.offset = this.before + at;
      if (at < bytes.length) this.take(bytes[at]!);
    }
    this.before += bytes.length;
  }

  end(): void {
    if (this.state === 'literal') this.endLiteral();
    if (this.state !== 'end') throw this.bad('it ends in the middle');
  }

  /** Past a byte order mark at the beginning, which a reader may ignore (RFC 8259 section 8.1). */
  private skipMark(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.before + at < mark.length && bytes[at] === mark[this.before + at]) at++;
    return at;
  }

  /** The bulk of a record is text: pass over it without going through the state machine. */
  private skipPlainText(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && bytes[at] !== quote && bytes[at] !== 0x5c && bytes[at]! >= 0x20) at++;
    if (this.isKept() && this.text.length <= maxKept)
      this.text += Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(at - from, maxKept + 1)).toString(
        'latin1',
      );
    return at;
  }

  /** Whether the text being read may be asked for: a name, an outermost member's, or one that a listener wants. */
  private isKept(): boolean {
    if (this.nesting.length === 1) return true;
    return this.objects !== undefined && (this.isName || this.objects.wanted.has(this.names.at(-1) ?? ''));
  }

  private take(byte: number): void {
    switch (this.state) {
      case 'string':
        return this.inString(byte);
      case 'escape':
        return this.inEscape(byte);
      case 'literal':
        if (isLiteralByte(byte)) return this.growLiteral(byte);
        this.endLiteral();
        return this.take(byte);
      default:
        if (!space.has(byte)) this.between(byte);
    }
  }

  private between(byte: number): void {
    const char = String.fromCharCode(byte);
    switch (this.state) {
      case 'first-value':
        if (char === ']') return this.close('[');
        return this.startValue(byte, char);
      case 'value':
        return this.startValue(byte, char);
      case 'first-name':
        if (char === '}') return this.close('{');
        return this.startName(byte);
      case 'name':
        return this.startName(byte);
      case 'colon':
        if (char !== ':') throw this.bad('a colon is missing');
        this.state = 'value';
        return;
      case 'after':
        if (char === ',') {
          this.state = this.nesting.at(-1) === '{' ? 'name' : 'value';
          return;
        }
        if (char === '}') return this.close('{');
        if (char === ']') return this.close('[');
        throw this.bad('a comma or a bracket is missing');
      default:
        throw this.bad('something follows its end');
    }
  }

  private startName(byte: number): void {
    if (byte !== quote) throw this.bad('a member name is missing');
    this.isName = true;
    this.text = '';
    this.state = 'string';
  }

  private startValue(byte: number, char: string): void {
    if (byte === quote) {
      this.isName = false;
      this.text = '';
      this.state = 'string';
    } else if (char === '{' || char === '[') {
      if (this.nesting.length === 1) this.tell(undefined);
      if (this.nesting.length === maxDepth) throw this.bad(`it nests deeper than ${maxDepth}`);
      const name = this.names.at(-1) ?? '';
      if (char === '{') this.objects?.begin(name);
      this.nesting.push(char);
      this.names.push(char === '[' ? name : '');
      this.state = char === '{' ? 'first-name' : 'first-value';
    } else if (isLiteralByte(byte)) {
      this.literal = '';
      this.state = 'literal';
      this.growLiteral(byte);
    } else throw this.bad('a value is missing');
  }

  private inString(byte: number): void {
    if (byte === quote) return this.endString();
    if (byte < 0x20) throw this.bad('a text holds a control character');
    this.text += '\\';
    this.state = 'escape';
  }

  private inEscape(byte: number): void {
    const char = String.fromCharCode(byte);
    this.text += char;
    if (this.hexDigitsDue > 0) {
      if (!/[0-9a-fA-F]/.test(char)) throw this.bad('an escape is malformed');
      this.hexDigitsDue--;
    } else if (char === 'u') this.hexDigitsDue = 4;
    else if (!'"\\/bfnrt'.includes(char)) throw this.bad('an escape is malformed');
    if (this.hexDigitsDue === 0) this.state = 'string';
    if (this.text.length > maxKept) this.text = this.text.slice(0, maxKept + 1);
  }

  private endString(): void {
    if (this.isName) {
      this.names[this.names.length - 1] = this.text;
      this.state = 'colon';
      return;
    }
    if (this.nesting.length === 1) this.tell(this.text.length > maxKept ? undefined : this.text);
    if (this.nesting.at(-1) === '{') this.tellObjects();
    this.endValue();
  }

  private growLiteral(byte: number): void {
    this.literal += String.fromCharCode(byte);
    if (this.literal.length > maxKept) throw this.bad('a number is too long');
  }

  private endLiteral(): void {
    if (!words.has(this.literal) && !number.test(this.literal)) throw this.bad('a value is neither number nor word');
    if (this.nesting.length === 1) this.tell(undefined);
    this.endValue();
  }

  private close(bracket: '{' | '['): void {
    if (this.nesting.pop() !== bracket) throw this.bad('brackets do not match');
    this.names.pop();
    if (bracket === '{') this.objects?.end();
    this.endValue();
  }

  private endValue(): void {
    this.state = this.nesting.length === 0 ? 'end' : 'after';
  }

  private tell(value: string | undefined): void {
    if (this.nesting[0] === '{') this.onMember(this.names[0] ?? '', value);
  }

  private tellObjects(): void {
    const name = this.names.at(-1) ?? '';
    if (!this.objects?.wanted.has(name) || this.text.length > maxKept) return;
    this.objects.text(name, JSON.parse(`"${Buffer.from(this.text, 'latin1').toString()}"`) as string);
  }

  private bad(reason: string): AppError {
    return notWhatItSays('body', `JSON, at byte ${this.offset}: ${reason}`);
  }
}

/** Bytes of numbers, true, false and null. */
function isLiteralByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x45
  );
}

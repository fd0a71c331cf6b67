import fc from 'fast-check';
import { CryptoError } from '../crypto-error.js';
import { toHex } from '../bytes.js';
import { sha256 } from '../hash.js';
import { decodeMessage, encodeMessage, type RoundMessage } from './round-message.js';

const session = sha256(Uint8Array.of(1));
const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte);

/** One message of each kind, and its bytes. */
const messages: RoundMessage[] = [
  {
    kind: 'keys',
    member: 1,
    keys: new Map([
      [3, filled(65, 3)],
      [2, filled(65, 2)],
    ]),
  },
  { kind: 'commitments', member: 2, points: [filled(33, 1), filled(33, 2)], proof: filled(65, 9) },
  { kind: 'commitments', member: 2, points: [filled(33, 1)], proof: new Uint8Array() },
  { kind: 'shares', member: 3, sealed: new Map([[1, filled(113, 1)]]) },
  { kind: 'complaints', member: 4, complaints: [] },
  { kind: 'complaints', member: 4, complaints: [{ dealer: 2, revealed: filled(32, 5) }] },
  { kind: 'verdict', member: 5, dealers: [1, 300], receivers: [] },
  { kind: 'finish', member: 65_535, transcript: filled(32, 7) },
  { kind: 'nonce-commitment', member: 1, commitment: { index: 1, hiding: filled(33, 2), binding: filled(33, 3) } },
  { kind: 'signature-share', member: 2, share: { index: 2, share: filled(32, 1) } },
];
const encoded = messages.map((message) => encodeMessage(session, message));

describe('round messages', () => {
  it.each(messages.map((message, i) => [message.kind, i] as const))(
    '%s has these bytes, and reads back (%d)',
    (_, i) => {
      expect(toHex(encoded[i]!)).toMatchSnapshot();
      const read = decodeMessage(session, encoded[i]!);
      expect(encodeMessage(session, read)).toEqual(encoded[i]!);
      expect(normal(read)).toEqual(normal(messages[i]!));
    },
  );

  it('are of one session, version and kind', () => {
    const refused = (bytes: Uint8Array, field: string) =>
      expect(() => decodeMessage(session, bytes)).toThrow(expect.objectContaining({ code: 'bad-message', field }));
    expect(() => decodeMessage(sha256(session), encoded[0]!)).toThrow('session: is another one');
    for (const bytes of encoded) {
      refused(Uint8Array.of(2, ...bytes.subarray(1)), 'version');
      refused(Uint8Array.of(1, 0, ...bytes.subarray(2)), 'kind');
      refused(Uint8Array.of(1, 9, ...bytes.subarray(2)), 'kind');
      refused(Uint8Array.of(...bytes, 0), 'message');
      refused(Uint8Array.of(...bytes.subarray(0, 34), 0, 0, ...bytes.subarray(36)), 'member');
    }
  });

  it('have no other form: lists ascend, each once, and nothing is missing or left over', () => {
    const verdict = [...encoded[6]!.subarray(0, 36)];
    for (const body of [
      [0, 2, 0, 3, 0, 1, 0, 0],
      [0, 2, 0, 1, 0, 1, 0, 0],
      [0, 1, 0, 0, 0, 0],
      [0, 9, 0, 1],
    ])
      expect(() => decodeMessage(session, Uint8Array.of(...verdict, ...body))).toThrow(CryptoError);
    expect(() => encodeMessage(session, { ...messages[6]!, dealers: [2, 1] } as RoundMessage)).toThrow(/must ascend/);
    expect(() => encodeMessage(session, { ...messages[6]!, member: 0 } as RoundMessage)).toThrow(CryptoError);
    const twice = [filled(32, 1), filled(32, 2)].map((revealed) => ({ dealer: 2, revealed }));
    expect(() => encodeMessage(session, { ...messages[4]!, complaints: twice } as RoundMessage)).toThrow(/must ascend/);
    expect(() => encodeMessage(session, { ...messages[7]!, transcript: filled(31, 1) } as RoundMessage)).toThrow(
      'transcript: must be 32 bytes, has 31 (by member 65535)',
    );
  });

  it('name their sender once', () => {
    const other = (message: RoundMessage) =>
      expect(() => encodeMessage(session, message)).toThrow('index: is not the s');
    other({ kind: 'signature-share', member: 2, share: { index: 3, share: filled(32, 1) } });
    other({
      kind: 'nonce-commitment',
      member: 1,
      commitment: { index: 2, hiding: filled(33, 2), binding: filled(33, 3) },
    });
  });

  it('are read as what they are or refused by name, whatever the bytes', () => {
    const base = fc.constantFrom(...encoded);
    const edit = fc.record({ at: fc.nat(400), byte: fc.integer({ min: 0, max: 255 }), cut: fc.nat(400) });
    fc.assert(
      fc.property(base, fc.array(edit, { minLength: 1, maxLength: 3 }), fc.boolean(), (bytes, edits, cuts) => {
        const changed = bytes.slice(0, cuts ? edits[0]!.cut : bytes.length);
        for (const { at, byte } of edits) if (at < changed.length) changed[at] = byte;
        accepted(changed);
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), accepted), { numRuns: 500 });
  });
});

/** Reads the bytes and expects them to be the only encoding of the accepted message. */
function accepted(bytes: Uint8Array): void {
  let message: RoundMessage;
  try {
    message = decodeMessage(session, bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(CryptoError);
    return;
  }
  expect(toHex(encodeMessage(session, message))).toBe(toHex(bytes));
}

/** Puts maps in order of their keys, for comparison. */
function normal(message: RoundMessage): unknown {
  return Object.fromEntries(
    Object.entries(message).map(([name, value]) => [
      name,
      value instanceof Map ? [...value].sort(([a], [b]) => a - b) : value,
    ]),
  );
}

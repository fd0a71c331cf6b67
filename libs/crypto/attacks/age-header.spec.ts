/**
 * Headers cut and pasted: a stanza added, dropped, moved, or taken from another file. A store that may rewrite for whom
 * a key is wrapped lets itself in or gives one reader another key: Nextcloud's end-to-end encryption (Albrecht and
 * others, EuroS&P 2024), MEGA's keys (Backendal, Haller and Paterson, S&P 2023). The header's MAC is by the file key,
 * and is checked before the payload. A deed leaves the header out, so a re-wrapped one is no attack.
 */

import * as age from '../src/age.js';
import { concat } from '../src/bytes.js';
import { sha256 } from '../src/hash.js';

const [patient, hospital, thief] = [7, 9, 11].map((fill) => age.encodeIdentity(new Uint8Array(32).fill(fill))) as [
  string,
  string,
  string,
];
const fileKey = sha256(Uint8Array.of(1)).slice(0, 16);
const another = sha256(Uint8Array.of(2)).slice(0, 16);
const header = age.createHeader(fileKey, [age.recipientOf(patient), age.recipientOf(hospital)]);
const foreign = age.createHeader(another, [age.recipientOf(patient), age.recipientOf(hospital)]);
const [mine, theirs] = header.stanzas;

/** The file key of a reader that skips the MAC: that of the first stanza that opens. */
const unauthenticated = ({ stanzas }: age.Header, identity: string) =>
  stanzas.map((stanza) => age.unwrapStanza(stanza, identity)).find((key) => key !== null);

describe('a header cut and pasted', () => {
  const changed = {
    'with a stanza added': [mine!, theirs!, age.wrapFileKey(fileKey, age.recipientOf(thief))],
    'with one dropped': [mine!],
    'with two moved': [theirs!, mine!],
    'with one doubled': [mine!, mine!, theirs!],
    'with one of another file': [foreign.stanzas[0]!, theirs!],
  };

  it.each(Object.entries(changed))('%s opens for a reader without a MAC, and for none of ours', (_, stanzas) => {
    const swapped = { stanzas, mac: header.mac };
    expect(unauthenticated(swapped, patient)).toEqual(stanzas[0] === foreign.stanzas[0] ? another : fileKey);
    expect(() => age.unwrapHeader(swapped, patient)).toThrow('MAC: does not fit the header and the file key');
    expect(() => age.unwrapHeader(age.parseHeader(age.serializeHeader(swapped)), patient)).toThrow('MAC');
  });

  it('with an argument or a type changed is another text, which the MAC covers', () => {
    const named = (args: readonly string[]) => ({ stanzas: [mine!, { ...theirs!, args }], mac: header.mac });
    for (const args of [
      ['grease', ...theirs!.args.slice(1)],
      [...theirs!.args, 'x'],
      ['X25519', mine!.args[1]!],
    ])
      expect(() => age.unwrapHeader(named(args), patient)).toThrow(/MAC|X25519 stanza/);
  });

  it('from a whole other file gives a key that opens nothing of the payload', async () => {
    const nonce = sha256().slice(0, 16);
    const payload: Uint8Array[] = [];
    for await (const part of age.sealPayload([new Uint8Array(age.chunkBytes + 1)], fileKey, nonce, age.portableAead))
      payload.push(part);
    const file = concat(age.serializeHeader(foreign), ...payload);
    const { header: head, payload: rest } = await age.splitFile([file]);
    const key = age.unwrapHeader(age.parseHeader(head), patient);
    expect(key).toEqual(another);
    const opening = age.openPayload(rest, key, age.portableAead)[Symbol.asyncIterator]().next();
    await expect(opening).rejects.toMatchObject({ code: 'bad-age-payload', field: 'chunk 0' });
  });

  it('is sealed anew by who has the file key, and by nobody else', () => {
    const stanzas = [age.wrapFileKey(fileKey, age.recipientOf(thief))];
    expect(age.unwrapHeader(age.sealHeader(fileKey, stanzas), thief)).toEqual(fileKey); // the hospital may re-wrap
    expect(() => age.unwrapHeader(age.sealHeader(another, stanzas), thief)).toThrow('MAC');
  });
});

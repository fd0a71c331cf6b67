/**
 * Lists of length zero: "all of them verify" is true of none. Ronin's bridge paid out 12 million dollars when an
 * upgrade left the votes it asks for at zero (6 August 2024). Here each check of a list also checks its length.
 */

import { compressed } from '../src/curve.js';
import * as frost from '../src/frost.js';
import * as generation from '../src/generation.js';
import { combinePartials } from '../src/partial.js';
import { compactSignature, parseRingSignature, tagBase, tagDomain, tagOf, verifyRing } from '../src/ring.js';
import * as tlog from '../src/tlog.js';
import { attempt, dealAll, generate } from '../src/threshold/test-group.js';

const parameters = attempt('empty lists', 3, 2);
const [share] = generate(parameters);
const digest = new Uint8Array(32).fill(1);

describe('a list of nothing', () => {
  it('is no set of commitments, and no dealer commits to nothing', () => {
    const { all } = dealAll(parameters);
    expect(() => generation.checkCommitmentSet(parameters, [])).toThrow('must come from 3 dealers, come from 0');
    expect(() => generation.groupOf(parameters, [])).toThrow('must come from 3 dealers, come from 0');
    const silent = { ...all[0]!, points: [] };
    expect(() => generation.checkCommitmentSet(parameters, [silent, all[1]!, all[2]!])).toThrow(
      'must be exactly 2, are 0',
    );
    const unproven = { ...all[0]!, proof: new Uint8Array(0) };
    expect(() => generation.checkCommitmentSet(parameters, [unproven, all[1]!, all[2]!])).toThrow(
      'must be 65 bytes, has 0',
    );
  });

  it('is no signing package and gives no signature', () => {
    expect(() => frost.checkPackage(share!.group, [])).toThrow('must be exactly 2, are 0');
    expect(() => frost.combineSignature(share!.group, [], digest, [])).toThrow('must be exactly 2, are 0');
    const commitments = generate(parameters)
      .slice(0, 2)
      .map((one) => frost.drawNonces(one).commitment);
    expect(frost.combineSignature(share!.group, commitments, digest, [])).toEqual({ culprits: [1, 2] });
  });

  it('releases nothing', () => {
    expect(() => combinePartials([], 2)).toThrow('needs exactly 2, has 0');
    expect(() => combinePartials([], 0)).toThrow();
  });

  it('is no ring', () => {
    const domain = tagDomain(new Uint8Array(32), new Uint8Array(20));
    const tag = tagOf(tagBase(domain, 1n, 0), 5n);
    const statement = { message: digest, tagDomain: domain, slot: 0, xs: [], tag: compressed(tag) };
    const empty = compactSignature({ tag, c0: 1n, s: [] });
    expect(() => parseRingSignature(empty, 0)).toThrow('xs: must name 2 to 256 deeds');
    expect(() => verifyRing(statement, empty)).toThrow('xs: must name 2 to 256 deeds');
  });

  it('is no signature of a note, and no verifier accepts one', () => {
    const note = tlog.signNote('text\n', tlog.noteSigner('log', new Uint8Array(32).fill(1)));
    expect(() => tlog.openNote(note, [])).toThrow('no known key has signed it');
    expect(() => tlog.openNote('text\n\n', [])).toThrow(/note: /);
  });
});

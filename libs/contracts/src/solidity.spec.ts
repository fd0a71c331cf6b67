import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Interface, dataSlice, id, type InterfaceAbi } from 'ethers';
import { fromHex, toBigInt } from '@cpds/crypto/bytes';
import { expandRing } from '@cpds/crypto/ring';
import {
  LockedAccount,
  MappedDeeds,
  StoremanRegistry,
  fromGrantData,
  grantId,
  mintDigest,
  notMappedDigest,
  parametersHash,
  revokeDigest,
  compressWords,
  toGrantData,
  typeHash,
  typedMessages,
  type Grant,
  type Hex,
  type TypedMessageName,
} from './index.js';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
const fixtures = JSON.parse(read('test/fixtures/fixtures.json'));
const { transfer } = fixtures;

interface Words {
  x: string;
  y: string;
}
const compress = ({ x, y }: Words): Hex => compressWords({ x: BigInt(x), y: BigInt(y) });
const grant: Grant = {
  ...transfer.grant,
  tag: compress(transfer.grant.tag),
  recipientKey: compress(transfer.grant.recipientKey),
  ephemeralKey: compress(transfer.grant.ephemeralKey),
};

describe('typed messages here and in Solidity', () => {
  const inSolidity = [...read('contracts/lib/GrantLib.sol').matchAll(/keccak256\(\s*"((\w+)\([^"]*\))"/g)]
    .map(([, text, name]) => ({ text: text!, name: name! }))
    .filter(({ name }) => name !== 'EIP712Domain');

  it('finds the five types that contracts read', () => {
    expect(inSolidity.map(({ name }) => name).sort()).toEqual(['GiveBack', 'Grant', 'Mint', 'NotMapped', 'Revoke']);
  });

  it.each(inSolidity)('$name has one type text', ({ name, text }) => {
    const fields = typedMessages[name as TypedMessageName].map((field) => `${field.type} ${field.name}`).join(',');
    expect(text).toBe(`${name}(${fields})`);
    expect(typeHash(name as TypedMessageName)).toMatch(/^0x[0-9a-f]{64}$/);
  });

  it('digests what the Solidity tests were given', () => {
    expect(grantId(transfer.homeUid, grant)).toBe(transfer.grantId);
    expect(revokeDigest(transfer.homeUid, transfer.grantId)).toBe(transfer.revokeDigest);
    expect(mintDigest(transfer.destinationUid, grant.mappedDeeds, transfer.grantId)).toBe(transfer.mintDigest);
    expect(notMappedDigest(transfer.homeUid, grant.lockedAccount, transfer.grantId)).toBe(transfer.notMappedDigest);
  });

  it('writes the parameters of an attempt as the registry does', () => {
    const roster = [1, 2, 3, 4, 5].map((i) => `0x${(0xc0 + i).toString(16).padStart(40, '0')}`);
    const [, text] = /sha256\(\s*'([^']*)'/.exec(read('test/StoremanRegistry.t.sol'))!;
    expect(parametersHash({ purpose: 'sign', roster, t: 3, nMin: 4, phaseSeconds: 30 })).toBe(
      `0x${createHash('sha256').update(text!).digest('hex')}`,
    );
  });
});

interface RingCase {
  why: string;
  message: string;
  domain: string;
  slot: number;
  xs: string[];
  tagX: string;
  tagY: string;
  compact: string;
  c0: string;
  witness: string[];
}

describe('the witness of a lock', () => {
  const cases: RingCase[] = [...fixtures.lsag, transfer.lock, transfer.second.lock];

  it.each(cases)('of $why is that of the fixtures, made apart from libs/crypto', (ring) => {
    const expanded = expandRing(
      {
        message: fromHex(ring.message, 'message'),
        tagDomain: fromHex(ring.domain, 'domain'),
        slot: ring.slot,
        xs: ring.xs.map((x) => BigInt(x)),
        tag: fromHex(compress({ x: ring.tagX, y: ring.tagY }), 'tag'),
      },
      fromHex(ring.compact, 'compact'),
    );
    expect(expanded.c0).toBe(BigInt(ring.c0));
    // A refused counter has two roots, and either is accepted.
    const p = 2n ** 256n - 2n ** 32n - 977n;
    const even = (words: bigint[]) => words.map((w) => (w !== 0n && w < p && w % 2n === 1n ? p - w : w));
    expect(even(expanded.words)).toEqual(even(ring.witness.map((w) => toBigInt(fromHex(w, 'word')))));
  });
});

describe('generated wrappers', () => {
  it('decode an event that carries a grant', () => {
    const data = toGrantData(grant);
    const values = [transfer.grantId, 3n, transfer.lock.ringHash, data];
    const log = new Interface(LockedAccount.abi as InterfaceAbi).encodeEventLog('Locked', values);
    expect(log.topics[0]).toBe(LockedAccount.topics.Locked);
    const event = LockedAccount.decodeLog(log)!;
    if (event.name !== 'Locked') throw new Error(`decoded as ${event.name}`);
    expect(event.args.cohort).toBe(3n);
    expect(fromGrantData(event.args.grant)).toEqual({
      ...grant,
      lockedAccount: grant.lockedAccount.toLowerCase(),
      mappedDeeds: grant.mappedDeeds.toLowerCase(),
    });
    expect(LockedAccount.decodeLog({ topics: [`0x${'00'.repeat(32)}`], data: '0x' })).toBeUndefined();
  });

  it('read an enum as its name, from the contract that answers', async () => {
    const answer = `0x${[1, 0, 7, 9].map((n) => n.toString(16).padStart(64, '0')).join('')}`;
    const asked: { to: string; data: string }[] = [];
    const runner = {
      call: (transaction: { to: string; data: string }) => {
        asked.push(transaction);
        return Promise.resolve(answer);
      },
    };
    const address = `0x${'11'.repeat(20)}`;
    const lock = await new LockedAccount(address, runner).lockOf(transfer.grantId);
    expect(lock).toEqual({ status: 'Locked', reason: 'None', notAfter: 7n, lockBlock: 9n });
    expect(asked[0]!.to).toBe(address);
  });

  it('take an enum by its name and refuse another', () => {
    const propose = (purpose: string) =>
      StoremanRegistry.calldata.propose(purpose as 'Sign', [`0x${'11'.repeat(20)}`], 3, 4, 30);
    expect(propose('Seal')).not.toBe(propose('Sign'));
    expect(() => propose('Nothing')).toThrow(/purpose: Nothing is none of None, Sign, Seal/);
  });

  it('name a custom error and its values', () => {
    const data = `${dataSlice(id('MintTooLate(uint64,uint256)'), 0, 4)}${'00'.repeat(31)}05${'00'.repeat(31)}06`;
    expect(MappedDeeds.decodeError(data)).toEqual({ name: 'MintTooLate', args: { mintBefore: 5n, timestamp: 6n } });
    expect(MappedDeeds.decodeError('0xffffffff')).toBeUndefined();
  });
});

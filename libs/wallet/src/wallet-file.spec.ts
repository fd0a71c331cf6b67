import { randomBytes } from 'node:crypto';
import { consent } from './consent.js';
import { checkDeed } from './deed-check.js';
import { checkRequest } from './request.js';
import { hex, hub, mint, north, now, own, parameters, request } from './testing/facts.js';
import { Wallet } from './wallet.js';
import { usedSlots, WalletFile, withGrant, withRevocationUrls } from './wallet-file.js';

const wallet = new Wallet(new Uint8Array(32).fill(5));
const empty: WalletFile = {
  version: 1,
  seed: hex(5),
  home: {
    name: 'north',
    chainUid: north.chainUid,
    identityUrl: 'http://127.0.0.1:1',
    recordsUrl: 'http://127.0.0.1:2',
    bridgeUrl: 'http://127.0.0.1:3',
    rpcUrls: ['http://127.0.0.1:4'],
  },
  identifiers: own.identifiers,
  hub: {
    chainUid: hub.hubUid,
    chainRegistry: hex(1, 20),
    storemanRegistry: hex(2, 20),
    rpcUrls: ['http://127.0.0.1:5'],
  },
  account: null,
  revocationUrls: ['http://127.0.0.1:6', 'http://127.0.0.1:7'],
  grants: [],
};

describe('wallet file', () => {
  it('survives JSON and keeps each grant, so that its slot is not drawn again and it can be revoked', () => {
    const { deed, cohort } = mint(wallet);
    const checked = checkDeed(wallet, deed, cohort);
    const input = {
      request: checkRequest(request(), own, hub, now),
      deed: checked,
      parameters,
      minWindowSeconds: parameters.minWindowSeconds,
      hub,
      homeUid: north.chainUid,
      now,
    };
    const made = consent(wallet, { ...input, usedSlots: usedSlots(empty, checked.x) }, randomBytes);
    const file = WalletFile.parse(JSON.parse(JSON.stringify(withGrant(empty, made, checked.x))));
    expect(usedSlots(file, checked.x)).toEqual(new Set([made.consent.grant.slot]));
    expect(usedSlots(file, checked.x + 1n)).toEqual(new Set());
    const given = file.grants[0]!;
    expect(given.sealKeyId).toBe(north.sealKeyId);
    expect(wallet.revocation(given.homeUid, given.grant).grantId).toBe(made.grantId);
  });

  it('keeps the bridges pinned at enrolment first, whatever its hospital names later', () => {
    const pinned = empty.revocationUrls;
    expect(withRevocationUrls(empty, []).revocationUrls).toEqual(pinned);
    expect(withRevocationUrls(empty, ['http://own', pinned[1]!]).revocationUrls).toEqual([...pinned, 'http://own']);
    const flood = Array.from({ length: 1000 }, (_, i) => `http://own/${i}`);
    const { revocationUrls } = withRevocationUrls(empty, flood);
    expect(revocationUrls).toHaveLength(64);
    expect(revocationUrls.slice(0, 2)).toEqual(pinned);
    expect(() => WalletFile.parse({ ...empty, revocationUrls: [] })).toThrow('revocationUrls');
  });

  it('is refused with a field it does not know or without one it needs', () => {
    expect(() => WalletFile.parse({ ...empty, more: 1 })).toThrow('more');
    expect(() => WalletFile.parse({ ...empty, seed: '0x00' })).toThrow('seed');
  });
});

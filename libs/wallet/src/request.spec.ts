import { randomBytes } from 'node:crypto';
import { to0x } from '@cpds/crypto/bytes';
import { formatMetaAddress } from '@cpds/crypto/stealth';
import { datagramDigest, type WalletRequest } from '@cpds/messages';
import { signDigest } from '@cpds/contracts';
import { checkRequest } from './request.js';
import { department, hex, hub, north, now, own, request, south } from './testing/facts.js';

describe('a request', () => {
  it('is believed when the hospital that asks signed it', () => {
    expect(checkRequest(request(), own, hub, now)).toMatchObject({
      from: { name: 'south' },
      request: { purpose: 'TREAT' },
    });
  });

  it('is refused when the home hospital shows something else than was signed', () => {
    const signed = request();
    const shown = (change: Partial<WalletRequest['request']>): WalletRequest => ({
      ...signed,
      request: { ...signed.request, ...change },
    });
    expect(() => checkRequest(shown({ purpose: 'HRESCH' }), own, hub, now)).toThrow('request is not what was signed');
    expect(() => checkRequest(shown({ period: { start: now, end: now + 9e6 } }), own, hub, now)).toThrow(
      'request is not what was signed',
    );
    expect(() => checkRequest({ ...signed, salt: hex(1) }, own, hub, now)).toThrow('request is not what was signed');
    const meta = formatMetaAddress(department).replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    expect(() => checkRequest(shown({ metaAddress: meta }), own, hub, now)).toThrow('request is not what was signed');
  });

  it('is refused with another signer, sender or id', () => {
    const signed = request();
    const { sig: _sig, ...unsigned } = signed.datagram;
    const forged = { ...unsigned, sig: signDigest(1n, to0x(datagramDigest(unsigned))) };
    expect(() => checkRequest({ ...signed, datagram: forged }, own, hub, now)).toThrow("datagram.sig is not south's");
    expect(() => checkRequest({ ...signed, from: 'north' }, own, hub, now)).toThrow(
      'datagram.from is not the hospital that is said to ask',
    );
    expect(() => checkRequest({ ...signed, from: 'east' }, own, hub, now)).toThrow('the hub names no hospital east');
    expect(() => checkRequest({ ...signed, requestId: crypto.randomUUID() }, own, hub, now)).toThrow(
      'requestId is not the one that was signed',
    );
    expect(() =>
      checkRequest({ ...signed, datagram: { ...signed.datagram, sig: to0x(randomBytes(64)) } }, own, hub, now),
    ).toThrow('datagram: sig:');
  });

  it('is refused about another patient, whose request the home hospital shows to this one', () => {
    const about = (patient: { system: string; value: string }) => () =>
      checkRequest(request({ patient }), own, hub, now);
    expect(about({ system: 'urn:oid:1', value: 'P-2' })).toThrow('request.patient is not the patient of this wallet');
    expect(about({ system: 'urn:oid:2', value: 'P-1' })).toThrow('request.patient is not the patient of this wallet');
    const both = { ...own, identifiers: [{ system: 'urn:oid:9', value: 'X' }, ...own.identifiers] };
    expect(() => checkRequest(request(), both, hub, now)).not.toThrow();
    expect(() => checkRequest(request(), { ...own, identifiers: [] }, hub, now)).toThrow('request.patient');
  });

  it('is refused where it was sent to another hospital', () => {
    expect(() => checkRequest(request({}, 'east'), own, hub, now)).toThrow('datagram.to is not the own home hospital');
  });

  it('is refused before its period begins: a consent permits from now on', () => {
    const from = (start: number) => () => checkRequest(request({ period: { start, end: now + 3600 } }), own, hub, now);
    expect(from(now + 31)).toThrow('request.period.start is later than now');
    expect(from(now + 30)).not.toThrow();
  });

  it('is refused to a chain or contract that is not the asker’s, and when its time is over', () => {
    expect(() => checkRequest(request({ destinationUid: north.chainUid }), own, hub, now)).toThrow(
      "request.destinationUid is not south's chain",
    );
    expect(() => checkRequest(request({ mappedDeeds: north.mappedDeeds }), own, hub, now)).toThrow(
      "request.mappedDeeds is not south's current contract",
    );
    expect(() => checkRequest(request(), own, hub, now + 3600)).toThrow('request.requestExpires is past');
    const late = request({ period: { start: now - 10, end: now } });
    expect(() => checkRequest(late, own, hub, now)).toThrow('request.period.end is past');
    expect(south.chainUid).toBe(hex(2));
  });
});

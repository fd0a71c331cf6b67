import { conflict } from '@cpds/errors';
import { Wallet } from 'ethers';
import { checkDatagram, MessageKey, refusalBody, refusalOf, signDatagram } from './datagram.js';

const secret = new Uint8Array(32).fill(7);
const key = new MessageKey(secret);
const address = new Wallet(`0x${Buffer.from(secret).toString('hex')}`).address.toLowerCase();

const datagram = signDatagram(key, {
  id: '5f0b9a9e-3f9f-4f57-9d5e-3d1f9d4c0a11',
  from: 'north',
  to: 'south',
  kind: 'request',
  grantId: 'g',
  sentAt: 1,
  body: { outcome: 'received' },
});

describe('a datagram', () => {
  it('is believed by the message key of its sender', () => {
    expect(() => checkDatagram(datagram, 'request', 'south', address)).not.toThrow();
  });

  it('is refused when any field was changed after signing', () => {
    const changes = { id: '6f0b9a9e-3f9f-4f57-9d5e-3d1f9d4c0a11', from: 'hub', grantId: 'h', sentAt: 2, body: {} };
    for (const [field, value] of Object.entries(changes))
      expect(() => checkDatagram({ ...datagram, [field]: value }, 'request', 'south', address)).toThrow('message key');
    expect(() => checkDatagram({ ...datagram, re: datagram.id }, 'request', 'south', address)).toThrow('message key');
  });

  it('is refused by another addressee and from a stranger', () => {
    expect(() => checkDatagram(datagram, 'request', 'north', address)).toThrow('to is south');
    expect(() => checkDatagram(datagram, 'request', 'south', undefined)).toThrow('not registered');
    expect(() => checkDatagram(datagram, 'request', 'south', `0x${'1'.repeat(40)}`)).toThrow('message key');
  });

  it('is refused under the subject of another kind', () => {
    expect(() => checkDatagram(datagram, 'grant', 'south', address)).toThrow('the subject says grant');
    const moved = { ...datagram, kind: 'grant' as const };
    expect(() => checkDatagram(moved, 'grant', 'south', address)).toThrow('message key');
  });

  it('carries a refusal with code, field and words', () => {
    const body = refusalBody(conflict('request-over', 'it is over', { field: 'requestId' }));
    expect(refusalOf({ ...datagram, body })).toEqual({
      code: 'request-over',
      field: 'requestId',
      message: 'it is over',
    });
    expect(refusalOf(datagram)).toBeNull();
  });
});

import { randomUUID } from 'node:crypto';
import { eventLeaf, operatorEventSubject } from '@cpds/messages';
import { decodeEvent } from './decode.js';

const north = { kind: 'hospital', party: 'north' } as const;
const hub = { kind: 'hub' } as const;
const event = {
  id: randomUUID(),
  type: 'records.object-stored.v1',
  producer: 'records.north',
  seq: 1,
  at: '2026-11-22T20:00:00.000Z',
  correlation: 'request-1',
  salt: `0x${'11'.repeat(32)}` as const,
  details: {},
};
const decode = (owner: Parameters<typeof decodeEvent>[0], subject: string, over: object = {}) =>
  decodeEvent(owner, subject, JSON.stringify({ ...event, ...over }));

describe('an event from the bus', () => {
  it('is taken from its own service on its own subject', () => {
    expect(decode(north, event.type)).toEqual({ kind: 'event', event });
    const role = { type: 'bridge.vouch-sent.v1', producer: 'voucher-1' };
    expect(decode(hub, 'audit.events.voucher-1', role)).toMatchObject({ kind: 'event' });
  });

  it.each([
    ['of another hospital', north, event.type, { producer: 'records.south' }, 'producer records.south wrote'],
    ['of another service', north, event.type, { producer: 'bridge.north' }, 'producer bridge.north wrote'],
    ['on another subject', north, 'bridge.x.v1', {}, 'records.object-stored.v1 came on bridge.x.v1'],
    [
      'of another operator',
      hub,
      'audit.events.storeman-2',
      { producer: 'storeman-1', type: 'bridge.x.v1' },
      'producer storeman-1 wrote on',
    ],
    ['no role node has', hub, 'audit.events.storeman-1', { producer: 'storeman-1' }, 'a role node wrote records.'],
    ['without a seq', north, event.type, { seq: 0 }, 'event: seq: '],
    ['with a NUL', north, event.type, { correlation: 'a\u0000' }, 'event: correlation: must hold no control character'],
    ['with a control character', north, event.type, { correlation: 'a\u001f' }, 'correlation: must hold no control'],
    [
      'with a line end',
      north,
      event.type,
      { correlation: 'a\n' },
      'event: correlation: must hold no control character',
    ],
    ['with half a surrogate pair', north, event.type, { correlation: 'a\ud800' }, 'event: correlation: must hold no'],
    ['without a correlation', north, event.type, { correlation: '' }, 'event: correlation: '],
    ['with a long correlation', north, event.type, { correlation: 'a'.repeat(81) }, 'event: correlation: '],
  ])('is refused when %s', (_, owner, subject, over, reason) => {
    expect(decode(owner, subject, over)).toEqual({
      kind: 'refused',
      reason: expect.stringContaining(reason) as string,
    });
  });

  it('is taken up to the size that an entry bundle can hold, and no byte beyond', () => {
    // A leaf holds the hash of the details, so it grows with its names only.
    const ofSize = (bytes: number) => {
      const fixed = Buffer.byteLength(eventLeaf({ ...event, type: 'bridge.vouch-sent.v1', producer: '' }));
      const producer = 'v'.repeat(bytes - fixed);
      return decode(hub, operatorEventSubject(producer), { type: 'bridge.vouch-sent.v1', producer });
    };
    expect(ofSize(65_535)).toMatchObject({ kind: 'event' });
    expect(ofSize(65_536)).toEqual({ kind: 'refused', reason: 'its leaf is over 65535 bytes' });
  });

  it('is refused when it is not JSON, without quoting it', () => {
    expect(decodeEvent(north, event.type, 'secret {')).toEqual({ kind: 'refused', reason: 'event: is not JSON' });
  });
});

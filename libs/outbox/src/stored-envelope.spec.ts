import { KeyRing } from '@cpds/crypto/custody';
import { type EventEnvelope, eventLeaf } from '@cpds/messages';
import { openEnvelope, sealEnvelope } from './stored-envelope.js';

const ring = new KeyRing(new Uint8Array(32).fill(9));
const event: EventEnvelope = {
  id: '3e0a4b1c-5d2f-4a6b-8c7d-9e0f1a2b3c4d',
  type: 'records.object-read.v1',
  producer: 'records.north',
  seq: 7,
  at: '2026-01-01T00:00:00.000Z',
  correlation: 'r-1',
  salt: `0x${'ab'.repeat(32)}`,
  details: { planted: 'planted-detail-string' },
  person: '7d444840-9dc0-41d1-b245-5ffdce74fad2',
};

describe('an event in its row', () => {
  it.each([
    ['with a person', event],
    ['without one', { ...event, person: undefined }],
  ])('comes back as it was, %s, so that its leaf is the same', (_, one) => {
    const back = openEnvelope(ring, JSON.parse(JSON.stringify(sealEnvelope(ring, one))));
    expect(back).toEqual(one);
    expect(eventLeaf(back)).toBe(eventLeaf(one));
  });

  it('shows neither details, nor person, nor the salt with which details could be guessed', () => {
    const row = JSON.stringify(sealEnvelope(ring, event));
    for (const hidden of ['planted', event.person!, event.salt, event.salt.slice(2)]) expect(row).not.toContain(hidden);
    expect(row).toContain(event.type);
  });

  it('opens under no other key, and in no other place', () => {
    const row = sealEnvelope(ring, event);
    expect(() => openEnvelope(new KeyRing(new Uint8Array(32).fill(8)), row)).toThrow(
      expect.objectContaining({ code: 'wrong-kek' }),
    );
    expect(() => openEnvelope(ring, { ...row, seq: 8 })).toThrow(expect.objectContaining({ code: 'broken-seal' }));
  });

  it('is read as it is where an earlier version wrote it', () => {
    expect(openEnvelope(ring, JSON.parse(JSON.stringify(event)))).toEqual(event);
  });
});

import { assertActor, assertNotDisclosing, doors, events } from './index.js';

describe('an event of a door that a token opens', () => {
  it.each([events.clientRegistered, events.objectRead, events.releaseAsked, events.personErased])(
    '%s is refused where its details name nobody',
    (type) => {
      expect(() => assertActor(type, {})).toThrow(`${type} names whoever acted`);
      expect(() => assertActor(type, { by: '' })).toThrow('names whoever acted');
      expect(() => assertActor(type, { by: 'a name of a person' })).toThrow('names whoever acted');
    },
  );

  it('names a client, a wallet by its pseudonym, or a service that did it by itself', () => {
    for (const by of ['lab.north', '0a1b2c3d-0000-4000-8000-000000000000', 'service:records'])
      expect(() => assertActor(events.objectStored, { by })).not.toThrow();
  });

  it('is not asked of what nobody called for', () => {
    expect(() => assertActor(events.cohortMinted, {})).not.toThrow();
  });
});

describe('an event of a door that discloses', () => {
  const disclosing = Object.entries(doors).flatMap(([service, lines]) =>
    Object.entries(lines)
      .filter(([, trace]) => 'events' in trace && trace.after === 'receipt')
      .map(([name]) => `${service}: ${name}`),
  );

  it('is of readings, fetches and uses of custody', () => {
    expect(disclosing).toEqual([
      'identity: identity.scan',
      'identity: identity.prove',
      'identity: identity.sign',
      'identity: identity.open',
      'records: GET /records/{id}',
      'records: GET /records/{id}/status',
      'records: GET /records/{id}/object',
      'records: GET /wallet/deeds',
      'records: GET /grants/{grantId}/record',
      'records: POST /exchange/fetch',
    ]);
  });

  it.each([
    events.custodyUsed,
    events.objectRead,
    events.statusRead,
    events.deedsRead,
    events.opened,
    events.disclosed,
  ])('%s is refused where nobody would wait for its receipt', (type) => {
    expect(() => assertNotDisclosing(type)).toThrow(`${type} is of a door that waits`);
  });

  it('is no event of a door that changes something', () => {
    for (const type of [events.objectStored, events.patientMatched, events.releaseAsked])
      expect(() => assertNotDisclosing(type)).not.toThrow();
  });
});

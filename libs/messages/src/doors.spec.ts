import { assertActor, events } from './index.js';

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

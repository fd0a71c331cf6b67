import {
  messageHeaders,
  outsideRequests,
  requestHeaders,
  requestIdIn,
  requestIdOf,
  requestNow,
  withinRequest,
} from './request-id.js';

const isNew = expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown;

describe('the name of a request', () => {
  it.each(['12345678', 'call-of-the-ward.7', 'A'.repeat(64)])('is kept where it is well formed: %s', (named) => {
    expect(requestIdOf(named)).toBe(named);
  });

  it.each([undefined, '', '1234567', 'A'.repeat(65), 'Ada Lovelace', 'call\nof-the-ward', ['12345678', '12345678']])(
    'is replaced otherwise: %j',
    (named) => {
      expect(requestIdOf(named)).toEqual(isNew);
    },
  );

  it('leaves with a message and is read from it', () => {
    expect(requestIdIn({ headers: withinRequest('12345678', () => messageHeaders()) })).toBe('12345678');
    expect(requestIdIn({})).toEqual(isNew);
  });

  it('follows all that a request starts, and only that', async () => {
    const later = async (): Promise<object[]> => {
      await new Promise((resolve) => setImmediate(resolve));
      return [requestNow(), requestHeaders()];
    };
    const all = await withinRequest('12345678', () => Promise.all([later(), outsideRequests(later)]));
    expect([...all, await later()]).toEqual([
      [{ requestId: '12345678' }, { 'x-request-id': '12345678' }],
      [{}, {}],
      [{}, {}],
    ]);
  });

  it('stands in an object of the caller’s own, which pino adds the line’s fields to', () => {
    withinRequest('12345678', () => Object.assign(requestNow(), { msg: 'x' }));
    expect(withinRequest('12345678', requestNow)).toEqual({ requestId: '12345678' });
  });
});

/* global describe, expect, it */
import { lightFor, toll } from './toll.mjs';

describe('a toll', () => {
  it('is asked of each vehicle, and lets pass whoever paid', () => {
    expect(lightFor(false)).toBe('red');
    expect([lightFor(true), lightFor(false)]).toEqual(['green', 'red']);
    expect([1, 3].map(toll)).toEqual([200, 900]);
  });
});

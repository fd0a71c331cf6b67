import { BoundedMap } from './bounded-map.js';

describe('a bounded map', () => {
  const full = () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    return map;
  };
  const held = (map: BoundedMap<string, number>) => ['a', 'b', 'c'].map((key) => map.get(key));

  it('holds as many entries as its limit', () => {
    expect(held(full())).toEqual([1, 2, undefined]);
  });

  it('lets the oldest go for one more', () => {
    const map = full();
    map.set('c', 3);
    expect(held(map)).toEqual([undefined, 2, 3]);
  });

  it('makes a key the newest that is set again, and nobody leaves for it', () => {
    const map = full();
    map.set('b', 4);
    expect(held(map)).toEqual([1, 4, undefined]);
    map.set('a', 5);
    map.set('c', 3);
    expect(held(map)).toEqual([5, undefined, 3]);
  });

  it('has room again after a deletion', () => {
    const map = full();
    map.delete('a');
    map.set('c', 3);
    expect(held(map)).toEqual([undefined, 2, 3]);
  });
});

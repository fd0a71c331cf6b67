import { randomUUID } from 'node:crypto';
import type { ScrubView } from '@cpds/messages';
import { keysWords, scrubExitCode, scrubThrough, scrubWords } from './records.commands.js';

const view: ScrubView = {
  scrubId: randomUUID(),
  begunAt: '2026-01-01T00:00:00.000Z',
  endedAt: null,
  objects: 3,
  checked: 0,
  bytes: 0,
  damaged: 0,
  unread: 0,
  found: [],
};
const ended: ScrubView = { ...view, checked: 3, bytes: 900, endedAt: '2026-01-01T00:01:00.000Z' };
const found: ScrubView['found'] = [
  {
    objectKey: 'objects/one',
    recordId: view.scrubId,
    part: 'header',
    foundBy: 'scrub',
    foundAt: '2026-01-01T00:00:30.000Z',
  },
];

describe('cpds records scrub', () => {
  it('reports each progress once, and ends with the scrub', async () => {
    const views = [{ ...view, checked: 1 }, { ...view, checked: 1 }, ended];
    const asked: string[] = [];
    const records = {
      beginScrub: () => Promise.resolve(view),
      scrub: (id: string) => (asked.push(id), Promise.resolve(views.shift()!)),
    };
    const lines: string[] = [];
    expect(await scrubThrough(records, 'north', (line) => lines.push(line), 1)).toEqual(ended);
    expect(lines).toEqual(['north: 0 of 3 objects compared, 0 damaged', 'north: 1 of 3 objects compared, 0 damaged']);
    expect(asked).toEqual([view.scrubId, view.scrubId, view.scrubId]);
  });

  it('exits with 0 if all is whole, 1 if something could not be read, 4 if something is damaged', () => {
    const result = (change: Partial<ScrubView>) => ({ hospital: 'north' as const, ...ended, ...change });
    expect(scrubExitCode([result({}), result({})])).toBe(0);
    expect(scrubExitCode([result({}), result({ unread: 1 })])).toBe(1);
    expect(scrubExitCode([result({ unread: 1 }), result({ damaged: 1, found })])).toBe(4);
  });

  it('names each damaged object with its record', () => {
    const words = scrubWords([{ hospital: 'south', ...ended, damaged: 1, found }]);
    expect(words).toContain('south: 3 objects compared (900 bytes whole), 1 damaged, 0 unread');
    expect(words).toContain(`objects/one, has another header, record ${view.scrubId}`);
  });
});

describe('cpds records keys', () => {
  it('says how far a rotation is, and which former identity may go', () => {
    const keys = {
      hospital: 'north' as const,
      current: 'age1new',
      former: [
        { recipient: 'age1old', isHeld: true, rows: 7, mayBeRemoved: false },
        { recipient: 'age1older', isHeld: true, rows: 0, mayBeRemoved: true },
        { recipient: 'age1lost', isHeld: false, rows: 1, mayBeRemoved: false },
      ],
      unnamed: 2,
      failing: 1,
      rotation: {
        rotationId: view.scrubId,
        recipient: 'age1new',
        begunAt: '2026-01-01T00:00:00.000Z',
        endedAt: null,
        outcome: null,
        rows: 30,
        done: 22,
      },
    };
    expect(keysWords([keys]).split('\n')).toEqual([
      'north: sealed for age1new',
      '  former age1old, held, 7 rows need it',
      '  former age1older, held, may be removed',
      '  former age1lost, not in the key file, 1 rows need it',
      '  rotation since 2026-01-01T00:00:00.000Z: 22 of 30 rows done, 1 failing',
      '  2 rows name no identity yet',
    ]);
  });
});

import {
  clientWords,
  clinicianWords,
  departmentWords,
  disablementWords,
  type Listed,
  listThrough,
  listWords,
} from './registry.commands.js';

/** A list of the numbers from 1, two on a page. */
const pagesUpTo =
  (last: number, asked: (string | undefined)[] = []) =>
  (after: string | undefined): Promise<Listed<number>> => {
    asked.push(after);
    const from = Number(after ?? 0) + 1;
    const entries = [from, from + 1].filter((number) => number <= last);
    return Promise.resolve({ entries, next: entries.length === 2 ? String(entries[1]) : null });
  };

describe('a list of the registry', () => {
  it('is read page by page to its end, and each page is reported', async () => {
    const [asked, lines]: [(string | undefined)[], string[]] = [[], []];
    const listed = await listThrough({ pages: 9 }, (line) => lines.push(line), pagesUpTo(5, asked));
    expect(listed).toEqual({ entries: [1, 2, 3, 4, 5], next: null });
    expect(asked).toEqual([undefined, '2', '4']);
    expect(lines).toEqual(['2 entries read', '4 entries read']);
  });

  it('is read no further than the pages asked for, and says where it goes on', async () => {
    const first = await listThrough({ pages: 2 }, () => undefined, pagesUpTo(7));
    expect(first).toEqual({ entries: [1, 2, 3, 4], next: '4' });
    expect(await listThrough({ after: first.next!, pages: 2 }, () => undefined, pagesUpTo(7))).toEqual({
      entries: [5, 6, 7],
      next: null,
    });
    expect(listWords(first, String)).toBe("1\n2\n3\n4\nthere are more: --after '4'");
  });

  it('has a line for each entry, with what is disabled', () => {
    const client = {
      clientId: 'ward',
      scopes: ['records.read'],
      departments: [],
      keyThumbprint: 'x',
      disabledAt: null,
    };
    expect(clientWords(client)).toBe('ward  records.read  no department');
    expect(clientWords({ ...client, departments: 'whole-hospital', disabledAt: '2026-01-01T00:00:00.000Z' })).toBe(
      'ward  records.read  whole-hospital  disabled since 2026-01-01T00:00:00.000Z',
    );
    const department = { departmentId: 'd', name: 'surgery', metaAddress: 'st:eth:0x', isDisabled: true };
    expect(departmentWords(department)).toBe('d  surgery  disabled');
    expect(clinicianWords({ clinicianId: 'c', departmentId: 'd', disabledAt: null })).toBe('c  department d');
    expect(disablementWords({ hospital: 'north', id: 'ward', isDisabled: true })).toBe('north: ward is disabled');
    expect(disablementWords({ hospital: 'north', id: 'ward', isDisabled: false })).toBe('north: ward is enabled');
  });
});

import { askEnough, placeOf } from './ask-enough.js';

const members = ['a', 'b', 'c', 'd', 'e'];

/** Members answer when told to. */
function council() {
  const asked: string[] = [];
  const answers = new Map<string, (helps: boolean) => void>();
  let helped = 0;
  return {
    asked,
    isEnough: () => helped >= 3,
    answer: async (member: string, helps: boolean) => {
      if (helps) helped++;
      answers.get(member)!(helps);
      await Promise.resolve();
    },
    ask: (member: string) => {
      asked.push(member);
      return new Promise<boolean>((resolve) => answers.set(member, resolve));
    },
  };
}

describe('asking enough members', () => {
  const late = { atOnce: 3, from: 3, othersAfterMs: 60_000, isEnough: () => false };

  it('asks no more than are needed while they help', async () => {
    const { asked, answer, ask, isEnough } = council();
    const done = askEnough(members, { ...late, isEnough }, ask);
    expect(asked).toEqual(['d', 'e', 'a']);
    for (const member of ['a', 'e', 'd']) await answer(member, true);
    await done;
    expect(asked).toHaveLength(3);
  });

  it('asks all others when one does not help', async () => {
    const { asked, answer, ask, isEnough } = council();
    const done = askEnough(members, { ...late, isEnough }, ask);
    await answer('d', false);
    expect(asked).toEqual(['d', 'e', 'a', 'b', 'c']);
    for (const member of ['a', 'b', 'e']) await answer(member, true);
    await done;
  });

  it('asks all others when the first are silent for too long', async () => {
    const asked: string[] = [];
    await new Promise<void>((resolve) => {
      void askEnough(members, { ...late, othersAfterMs: 30 }, (member) => {
        if (asked.push(member) === members.length) resolve();
        return new Promise(() => undefined);
      });
      expect(asked).toHaveLength(3);
    });
    expect(asked).toEqual(['d', 'e', 'a', 'b', 'c']);
  });

  it('ends when all have answered, however few helped, and with nobody to ask', async () => {
    const { answer, ask } = council();
    const done = askEnough(members, { ...late, othersAfterMs: 0 }, ask);
    for (const member of members) await answer(member, member === 'a');
    await done;
    await askEnough([], late, ask);
  });

  it('passes on what breaks, and asks nobody after it', async () => {
    const asked: string[] = [];
    const ask = (member: string) => {
      asked.push(member);
      return Promise.reject(new Error('broken'));
    };
    await expect(askEnough(members, late, ask)).rejects.toThrow('broken');
    expect(asked).toHaveLength(3);
  });
});

describe('the place of a grant', () => {
  it('is the same each time, and one of all', () => {
    const ids = Array.from({ length: 10 }, (_, i) => `0x${(i + 7).toString(16).padStart(64, '0')}`);
    expect(ids.map((id) => placeOf(id, 5))).toEqual([2, 3, 4, 0, 1, 2, 3, 4, 0, 1]);
  });
});

import { AppError, denied } from '@cpds/errors';
import { waitFor } from './waiting.js';

const away = new AppError('unreachable', 'unavailable', 'the connection ended');

describe('waitFor', () => {
  it('asks again while there is no answer, and while the service is away', async () => {
    const answers = [() => null, () => Promise.reject(away), () => 7];
    await expect(waitFor('it', async () => answers.shift()!(), 60_000, 0)).resolves.toBe(7);
    expect(answers).toEqual([]);
  });

  it('ends at its time, and says what did not come and why', async () => {
    await expect(waitFor('the lock', () => Promise.reject(away), -1)).rejects.toMatchObject({
      code: 'waited-too-long',
      message: 'the lock did not come in 0 s: the connection ended',
      cause: away,
    });
    await expect(waitFor('the lock', async () => null, -1)).rejects.toMatchObject({
      message: 'the lock did not come in 0 s',
    });
  });

  it('ends at once where asking is refused', async () => {
    let asked = 0;
    const ask = async () => {
      asked++;
      throw denied('scope-missing', 'no');
    };
    await expect(waitFor('it', ask)).rejects.toMatchObject({ code: 'scope-missing' });
    expect(asked).toBe(1);
  });
});

import { removeConsortium } from './remove.js';
import { stopAll } from './running.js';

/**
 * Waits until its standard input closes, which is a pipe from the launcher, and then stops what the pid file still lists. So also a launcher that is
 * killed leaves nothing behind. With a second argument `remove` the folder goes too.
 */
const [, , dir, remove] = process.argv;
if (dir === undefined) throw new Error('usage: guard DIR [remove]');
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.stdin.resume();
process.stdin.once('close', () => {
  void stopAll(dir).then(async () => {
    if (remove === 'remove') await removeConsortium(dir);
  });
});

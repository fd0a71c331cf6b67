import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EventType, events, lostOnBus, messageDeadLettered, outboxAgreed } from './index.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The text of all sources, without tests and without the catalogue and the table of doors. */
const sources = ['apps', 'libs']
  .flatMap((folder) => readdirSync(`${root}/${folder}`).map((name) => `${root}/${folder}/${name}/src`))
  .flatMap((src) => readdirSync(src, { recursive: true, encoding: 'utf8' }).map((file) => `${src}/${file}`))
  .filter((path) => path.endsWith('.ts') && !/\.spec\.ts$|messages\/src\/(events|doors)\.ts$/.test(path))
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n');

describe('the catalogue of events', () => {
  it('holds what somebody sends, and nothing else', () => {
    const used = new Set([...sources.matchAll(/\bevents\.([a-zA-Z]+)\b/g)].map(([, name]) => name));
    expect(Object.keys(events).filter((name) => !used.has(name))).toEqual([]);
  });

  it('is where every event has its name from', () => {
    const inline = [...sources.matchAll(/(?:append\(\s*tx,|EventPattern\()\s*(['"`][^'"`]*['"`])/g)];
    expect(inline.map(([, name]) => name)).toEqual([]);
  });

  it('names each event once, by its owner and in the one form', () => {
    const names = [
      ...Object.values(events),
      messageDeadLettered('records'),
      outboxAgreed('records'),
      lostOnBus('records', 'stream'),
      lostOnBus('records', 'consumer'),
    ];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(EventType.safeParse(name).success).toBe(true);
  });
});

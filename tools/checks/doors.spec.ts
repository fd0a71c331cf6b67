import { doors, events, outboxAgreed, outboxRowsSubject, ownDoing, type Trace } from '@cpds/messages';
import ts from 'typescript';
import { doorsOf, routesOf } from '../docs/routes.js';
import { nodesOf, type Source, sources, treeOf } from '../docs/sources.js';

/** The table of doors (`libs/messages/src/doors.ts`) has a line for each route and each bus subject that is answered. */

interface Door {
  service: string;
  /** as the table names it */
  name: string;
  /** a token opens it */
  isGuarded: boolean;
}

/** The subject that a decorator names: a text, or an event of the catalogue. */
function subjectOf(argument: ts.Expression | undefined, { file }: Source): string {
  if (argument && ts.isStringLiteral(argument)) return argument.text;
  if (argument?.getText() === 'outboxRowsSubject(service)') return outboxRowsSubject('<service>');
  const event = /^events\.(\w+)$/.exec(argument?.getText() ?? '')?.[1];
  if (event === undefined || !(event in events)) throw new Error(`${file}: cannot read the subject of a bus door`);
  return events[event as keyof typeof events];
}

/** The subjects that a file's controllers answer. */
function subjectsOf(source: Source): string[] {
  return nodesOf(treeOf(source))
    .filter(ts.isDecorator)
    .map(({ expression }) => expression)
    .filter(ts.isCallExpression)
    .filter((call) => /^(Message|Event)Pattern$/.test(call.expression.getText()))
    .map((call) => subjectOf(call.arguments[0], source));
}

async function doorsIn(service: string, source: Source): Promise<Door[]> {
  return [
    ...(await routesOf(source)).map(({ method, path, scopes }) => ({
      service,
      name: `${method} ${path}`,
      isGuarded: scopes.length > 0,
    })),
    ...subjectsOf(source).map((name) => ({ service, name, isGuarded: false })),
  ];
}

const services = ['identity', 'records', 'bridge', 'audit'];

async function allDoors(): Promise<Door[]> {
  const own = services.flatMap((service) =>
    sources(`apps/${service}/src/**/*.ts`).map((source) => doorsIn(service, source)),
  );
  const everyones = sources('libs/service/src/**/*.ts')
    .flatMap(doorsOf)
    .map(({ method, path }) => ({ service: 'service', name: `${method} ${path}`, isGuarded: false }));
  const outbox = sources('libs/outbox/src/*.bus.controller.ts').map((source) => doorsIn('service', source));
  const service = sources('libs/service/src/*.http.controller.ts').map((source) => doorsIn('service', source));
  return [...(await Promise.all([...own, ...outbox, ...service])).flat(), ...everyones];
}

const found = await allDoors();
const inTable = Object.entries(doors).flatMap(([service, lines]) =>
  Object.entries(lines).map(([name, trace]) => ({ service, name, trace })),
);
const titleOf = ({ service, name }: { service: string; name: string }): string => `${service}: ${name}`;
const traceOf = ({ service, name }: Door): Trace | undefined => doors[service]?.[name];

/** Doors that are there to be read, or that a service asks, whose answer leaves before the log has its event, with no reason of their own. */
const letOutEarly = (those: readonly Door[], lineOf: (door: Door) => Trace | undefined): string[] =>
  those
    .filter((door) => {
      const trace = lineOf(door);
      const isRead = door.name.startsWith('GET ') || !door.name.includes(' ');
      return isRead && trace !== undefined && 'events' in trace && trace.after === ownDoing;
    })
    .map(titleOf);

describe('the table of what doors leave in the log', () => {
  it('has a line for every route and every subject that a controller answers', () => {
    expect(found.length).toBeGreaterThan(50);
    expect(found.filter((door) => traceOf(door) === undefined).map(titleOf)).toEqual([]);
  });

  it('has no line for a door that is not there', () => {
    const there = new Set(found.map(titleOf));
    expect(inTable.map(titleOf).filter((title) => !there.has(title))).toEqual([]);
  });

  it('names events of the catalogue only, of the service that opens the door', () => {
    const known = new Set<string>([...Object.values(events), outboxAgreed('service')]);
    const wrong = inTable.flatMap(({ service, name, trace }) =>
      'events' in trace
        ? trace.events.filter((e) => !known.has(e) || !e.startsWith(`${service}.`)).map((e) => name + e)
        : [],
    );
    expect(wrong).toEqual([]);
  });

  it('names the client wherever a token opens a door that leaves something, but for what the patient signs', () => {
    const nameless = found.filter((door) => {
      const trace = traceOf(door);
      return door.isGuarded && trace && 'events' in trace && trace.actor !== 'client';
    });
    expect(nameless.map(titleOf)).toEqual(['bridge: POST /requests/{id}/consent']);
  });

  it('waits for the log wherever a door that is read leaves something, or says why not', () => {
    expect(letOutEarly(found, traceOf)).toEqual([]);
    const planted = [
      { service: 'records', name: 'GET /records/{id}/notes', isGuarded: true },
      { service: 'identity', name: 'identity.unseal', isGuarded: false },
    ];
    const line: Trace = { events: [events.statusRead], actor: 'client', after: ownDoing };
    expect(letOutEarly(planted, () => line)).toEqual(planted.map(titleOf));
    expect(letOutEarly(planted, () => ({ ...line, after: 'receipt' }))).toEqual([]);
  });

  it('leaves something wherever a token lets anybody change what a service keeps, or says why not', () => {
    const silent = found.filter((door) => {
      const trace = traceOf(door);
      return door.isGuarded && !door.name.startsWith('GET ') && trace && 'none' in trace;
    });
    expect(silent.map(titleOf)).toEqual([
      'identity: POST /clinicians/match',
      'bridge: POST /requests/{id}/denial',
      'audit: POST /anchor',
    ]);
  });
});

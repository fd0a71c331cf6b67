import { relative } from 'node:path';
import ts from 'typescript';
import { subjectMatches } from '@cpds/bus';
import * as messages from '@cpds/messages';
import { scopes } from '@cpds/service';
import { nodesOf, root, type Source, sources, treeOf } from '../docs/sources.js';

/**
 * Every subject of the bus has its line in `libs/messages/src/rights.ts`, from which the servers' permissions are made. Without
 * one, what works on a server without users fails on every other.
 */

const { eventReaders, hospitalServices, requests, rightsOf } = messages;
type Service = messages.HospitalService;

const users: readonly messages.BusUser[] = [
  ...hospitalServices.map((service) => ({ kind: 'service', service, party: 'north' }) as const),
  { kind: 'hub-audit' },
  { kind: 'operator', party: 'storeman-1' },
];
const inTable = [
  ...users.flatMap((user) => {
    const { tells, says, hears, answers, asks } = rightsOf(user);
    return [...tells, ...says, ...hears, ...answers, ...asks];
  }),
  // Entries that audit writes into its log itself: on no bus.
  ...Object.values(messages.events).filter((type) => type.startsWith('audit.')),
];

/** Files that hold patterns of subjects or permissions rather than subjects. */
const ofPatterns = /libs\/(bus\/src\/(event-stream|permissions|server-config)|messages\/src\/rights)\.ts$/;
const subjectForm =
  /^((identity|records|bridge|audit|outbox|consortium)(\.[a-z*][a-z-]*){1,3}(\.v[0-9]+)?|\*\.[a-z-]+\.v[0-9]+)$/;
/** `<service>.<party>` */
const producerForm = /^[a-z*]+\.\*$/;

/** A text, or a template with `*` for what is put in; null for anything else. */
function textOf(node: ts.Node): string | null {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return null;
  return node.head.text + node.templateSpans.map(({ literal }) => `*${literal.text}`).join('');
}

/** The subject that an argument names: a text, or a name of `libs/messages`, with `*` for the arguments of a function there. */
function subjectOf(node: ts.Node): string | null {
  const text = textOf(node);
  if (text !== null) return text;
  const known = messages as unknown as Record<string, unknown>;
  if (ts.isIdentifier(node)) return typeof known[node.text] === 'string' ? (known[node.text] as string) : null;
  if (ts.isPropertyAccessExpression(node) && node.expression.getText() === 'events')
    return (messages.events as Record<string, string>)[node.name.text] ?? null;
  const maker = ts.isCallExpression(node) ? node.expression.getText() : '';
  const made = /Subject$|^messageDeadLettered$/.test(maker) ? known[maker] : undefined;
  return typeof made === 'function' ? (made as (...given: string[]) => string)('*', '*') : null;
}

/** Subjects in a source that no line of the table has. */
function unknownIn(source: Source): string[] {
  return nodesOf(treeOf(source))
    .flatMap((node) => textOf(node) ?? [])
    .filter(
      (text) => subjectForm.test(text) && !producerForm.test(text) && !(scopes as readonly string[]).includes(text),
    )
    .filter((text) => !inTable.some((subject) => subjectMatches(text, subject) || subjectMatches(subject, text)))
    .map((text) => `"${text}" has no line in libs/messages/src/rights.ts: say there who says it and who hears it`);
}

/** What the source of these services does on the bus and the table does not let them. */
function forbiddenIn(services: readonly Service[], source: Source): string[] {
  const found: string[] = [];
  for (const call of nodesOf(treeOf(source)).filter(ts.isCallExpression)) {
    const name = ts.isPropertyAccessExpression(call.expression) ? call.expression.name.text : call.expression.getText();
    const subject = call.arguments[0] === undefined ? null : subjectOf(call.arguments[0]);
    if (subject === null) continue;
    for (const service of services) {
      const lines = Object.entries(requests).filter(([known]) => subjectMatches(subject, known));
      if (name === 'MessagePattern' && !lines.some(([, { answers }]) => answers === service))
        found.push(`${service} answers "${subject}", which is not its line in libs/messages/src/rights.ts`);
      if (name === 'ask' && !lines.some(([, { asks }]) => asks.includes(service)))
        found.push(`${service} asks "${subject}", and is not among its \`asks\` in libs/messages/src/rights.ts`);
      if (name === 'EventPattern' && !eventReaders[subject]?.includes(service))
        found.push(`${service} takes "${subject}", and is not among its readers in libs/messages/src/rights.ts`);
    }
  }
  return found;
}

const inFile = ({ file }: Source, said: readonly string[]): string[] =>
  said.map((text) => `${relative(root, file)}: ${text}`);

const withoutTesting = (found: readonly Source[]): Source[] => found.filter(({ file }) => !file.includes('/testing/'));
const sourcesOf = (service: Service): Source[] => withoutTesting(sources(`apps/${service}/src/**/*.ts`));
/** Whoever has an outbox does what it does. */
const withOutbox: readonly Service[] = ['identity', 'records', 'bridge'];
const outbox = sources('libs/outbox/src/**/*.ts');
/** Whoever asks identity for whom a call acts. */
const withActors: readonly Service[] = ['records', 'bridge'];
const actors = sources('libs/service/src/actors.ts');

describe('the subjects of the bus', () => {
  it('all have their line in the table of rights', () => {
    const all = [...hospitalServices.flatMap(sourcesOf), ...withoutTesting(sources('libs/*/src/**/*.ts'))];
    const looked = all.filter(({ file }) => !ofPatterns.test(file));
    expect(looked.flatMap((source) => inFile(source, unknownIn(source)))).toEqual([]);
  });

  it.each(hospitalServices)('are used by %s as its lines say', (service) => {
    const said = sourcesOf(service).flatMap((source) => inFile(source, forbiddenIn([service], source)));
    expect(said).toEqual([]);
  });

  it('are used by the outbox as the lines of every service that has one say', () => {
    expect(outbox.flatMap((source) => inFile(source, forbiddenIn(withOutbox, source)))).toEqual([]);
  });

  it('are used to find out for whom a call acts as the lines of every service that does so say', () => {
    expect(actors.flatMap((source) => inFile(source, forbiddenIn(withActors, source)))).toEqual([]);
  });

  it('have no line for what nobody does: a right that is not used is too wide', () => {
    const usesOf = (service: Service): Set<string> => {
      const files = [
        ...sourcesOf(service),
        ...(withOutbox.includes(service) ? outbox : []),
        ...(withActors.includes(service) ? actors : []),
      ];
      const calls = files.flatMap((source) => nodesOf(treeOf(source)).filter(ts.isCallExpression));
      return new Set(
        calls.map(({ expression, arguments: [first] }) => {
          const door = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
          return `${door} ${first === undefined ? '' : (subjectOf(first) ?? '')}`;
        }),
      );
    };
    const uses = new Map(hospitalServices.map((service) => [service, usesOf(service)]));
    // What audit asks an outbox for is named by the function that makes its subject.
    const lines = Object.entries(requests).filter(([subject]) => !subject.startsWith('outbox.'));
    const unused = lines.flatMap(([subject, { answers, asks }]) => [
      ...(uses.get(answers)?.has(`MessagePattern ${subject}`) ? [] : [`${answers} does not answer ${subject}`]),
      ...asks.flatMap((service) =>
        uses.get(service)?.has(`ask ${subject}`) ? [] : [`${service} does not ask ${subject}`],
      ),
    ]);
    expect(unused).toEqual([]);
  });

  it('would be noticed without a line, or used by somebody else', () => {
    const planted = (text: string): Source => ({ file: `${root}/apps/records/src/planted.ts`, text });
    expect(unknownIn(planted("bus.publish('audit.rewritten', {})"))).toEqual([
      '"audit.rewritten" has no line in libs/messages/src/rights.ts: say there who says it and who hears it',
    ]);
    expect(unknownIn(planted('const s = (who: string) => `outbox.${who}.erase`'))).toHaveLength(1);
    expect(unknownIn(planted('const s = `outbox.${who}.rows`; const scope = "records.read"'))).toEqual([]);
    expect(forbiddenIn(['identity'], planted("requests.ask('bridge.authorize-fetch', A, B, {})"))).toEqual([
      'identity asks "bridge.authorize-fetch", and is not among its `asks` in libs/messages/src/rights.ts',
    ]);
    expect(forbiddenIn(['records'], planted("class A { @MessagePattern('identity.open') open() {} }"))).toHaveLength(1);
    expect(forbiddenIn(['bridge'], planted('class A { @EventPattern(events.transferClosed) on() {} }'))).toHaveLength(
      1,
    );
    expect(forbiddenIn(['records'], planted('class A { @EventPattern(events.transferClosed) on() {} }'))).toEqual([]);
  });
});

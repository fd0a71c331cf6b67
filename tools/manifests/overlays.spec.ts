import { type Manifest, overlays, rendered } from './overlays.js';
import { schemaCheck } from './schemas.js';

/** Each overlay is what an API server takes, known without one. */

const complaintsOf = await schemaCheck();
const all = await Promise.all(overlays().map(async (overlay) => [overlay, await rendered(overlay)] as const));

describe('an overlay', () => {
  it('is there for each way of running', () => {
    expect(overlays()).toEqual(
      ['consortium-example', 'evaluation', 'hospital-example', 'operator-example'].map((name) => `overlays/${name}`),
    );
  });

  it.each(all)('%s holds only what the schemas of its kinds allow', (_, objects) => {
    expect(objects.length).toBeGreaterThan(10);
    expect(objects.flatMap(complaintsOf)).toEqual([]);
  });

  it.each(all)('%s holds no object twice, and each in a namespace of its own', (_, objects) => {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    const isOfCluster = ({ kind }: Manifest): boolean => kind === 'Namespace';
    const homes = objects.filter(isOfCluster).map(({ metadata }) => metadata.name);
    expect(homes.length).toBeGreaterThan(0);
    for (const { metadata } of objects.filter((object) => !isOfCluster(object)))
      expect(homes).toContain(metadata.namespace);
  });
});

describe('the schemas', () => {
  const object = (kind: string): Manifest => {
    const found = all.flatMap(([, objects]) => objects).find((one) => one.kind === kind);
    if (found === undefined) throw new Error(`no overlay holds a ${kind}`);
    return structuredClone(found);
  };

  it.each([
    ['a field of the API that is misspelt', 'Deployment', 'revisionHistoryLimt', 'must NOT have additional properties'],
    ["an operator's field that is misspelt", 'Cluster', 'instance', 'must NOT have additional properties'],
  ])('refuse %s', (_, kind, field, message) => {
    const planted = object(kind);
    (planted['spec'] as Record<string, unknown>)[field] = 1;
    expect(complaintsOf(planted)).toEqual([expect.stringContaining(message)]);
  });

  it('refuse a value of another type, and a kind that nobody defines', () => {
    const planted = object('Deployment');
    (planted['spec'] as Record<string, unknown>)['replicas'] = 'two';
    expect(complaintsOf(planted)).toContainEqual(expect.stringContaining('/spec/replicas must be integer'));
    expect(complaintsOf({ ...planted, kind: 'Deploymint' })).toEqual([
      expect.stringContaining('no schema for apps/v1/Deploymint'),
    ]);
  });
});

import fc from 'fast-check';
import * as tlog from '@cpds/crypto/tlog';
import { events } from '@cpds/messages';
import { Policy } from './policy.js';
import { consortium, grantId } from './testing/memory-log.js';
import { verify } from './verify.js';

/** Verifies the three logs; `altered` says what north serves instead of a file, or null. */
function run(
  { north, south, hub }: ReturnType<typeof consortium>,
  over: object = {},
  altered: (path: string) => Uint8Array | null = () => null,
) {
  const policy = Policy.parse({
    logs: [north.policy, south.policy, hub.policy],
    expectations: { threshold: 3, vouchesNeeded: 2 },
    ...over,
  });
  const byHost = new Map([north, south, hub].map((log) => [log.party, log.fetch]));
  return verify(policy, async (url, init) => {
    const { hostname, pathname } = new URL(url);
    const instead = hostname === 'north' ? altered(pathname) : null;
    return instead === null ? byHost.get(hostname)!(url, init) : new Response(Buffer.from(instead));
  });
}

describe('a consortium whose logs hold', () => {
  it('is verified, with every step of the grant', async () => {
    const result = await run(consortium());
    expect(result.discrepancies).toEqual([]);
    expect(result.logs.map((log) => [log.party, log.size, log.entries, log.verified])).toEqual([
      ['north', 5, 5, true],
      ['south', 7, 7, true],
      ['hub', 8, 8, true],
    ]);
    expect(result.grants).toEqual([
      { grantId, home: 'north', destination: 'south', outcomes: ['shared'], complete: true },
    ]);
  });

  it('is verified by its hashes alone without a token, and no grant is judged', async () => {
    const world = consortium();
    const logs = [world.north, world.south, world.hub].map(({ policy: { token: _, ...open } }) => open);
    const result = await run(world, { logs });
    expect(result).toMatchObject({ ok: true, grants: [] });
    expect(result.logs.map((log) => log.entries)).toEqual([null, null, null]);
  });
});

describe('a log whose key changes', () => {
  it('is verified under the former key and under the new one, while both sign', async () => {
    const world = consortium();
    const { north } = world;
    const fresh = tlog.noteSigner(north.signer.name, new Uint8Array(32).fill(99));
    const { origin, size, root } = tlog.openCheckpoint(north.sign(), tlog.verifierOf(north.signer));
    north.checkpoint = tlog.signCheckpoint({ origin, size, root }, fresh, north.signer);
    const others = [world.south.policy, world.hub.policy];
    expect((await run(world)).discrepancies).toEqual([]);
    const changed = { ...north.policy, verifierKey: tlog.formatVerifierKey(tlog.verifierOf(fresh)) };
    expect((await run(world, { logs: [changed, ...others] })).discrepancies).toEqual([]);
    north.checkpoint = tlog.signCheckpoint({ origin, size, root }, fresh);
    expect((await run(world)).first).toMatchObject({ code: 'checkpoint-refused', party: 'north' });
  });
});

describe('a log that was tampered with', () => {
  const cases: [string, (world: ReturnType<typeof consortium>) => void, object][] = [
    [
      'an entry altered',
      ({ north }) => {
        north.hashed = [...north.entries];
        north.checkpoint = north.sign();
        north.entries[2] = north.entries[1]!;
      },
      { code: 'entry-altered', party: 'north', leafIndex: 2 },
    ],
    [
      'an entry altered together with its hash',
      ({ north }) => {
        north.checkpoint = north.sign();
        north.entries[2] = north.entries[1]!;
      },
      { code: 'root-mismatch', party: 'north' },
    ],
    [
      'entries cut off behind a signed size',
      ({ south }) => {
        south.checkpoint = south.sign();
        south.entries.pop();
      },
      { code: 'log-cut', party: 'south' },
    ],
    [
      'a checkpoint by another key',
      ({ hub }) => {
        hub.checkpoint = tlog.signCheckpoint(
          { origin: 'cpds/hub/audit', size: 1, root: new Uint8Array(32) },
          tlog.noteSigner('cpds/hub/audit', new Uint8Array(32)),
        );
      },
      { code: 'checkpoint-refused', party: 'hub' },
    ],
    [
      'an event left out',
      ({ north }) => {
        north.entries.splice(2, 1);
      },
      { code: 'sequence-gap', party: 'north', leafIndex: 2 },
    ],
    [
      'the last event of a producer left out',
      ({ north }) => {
        north.entries.pop();
      },
      { code: 'step-missing', party: 'north', grantId },
    ],
    [
      'one release too few',
      ({ hub }) => {
        hub.entries.pop();
      },
      { code: 'step-missing', party: 'hub', grantId },
    ],
    [
      'a release after the same storeman knew of a revoke',
      ({ hub }) => {
        hub.add(events.revokeReceived, grantId, 'storeman-1').add(events.partialReleased, grantId, 'storeman-1');
      },
      { code: 'step-forbidden', party: 'hub', leafIndex: 9 },
    ],
    [
      'its own alarm',
      ({ hub }) => {
        hub.add(events.sequenceConflict, grantId, 'audit.hub');
      },
      { code: 'alarm', party: 'hub', leafIndex: 8 },
    ],
    [
      'a message that the log refused',
      ({ hub }) => {
        hub.add(events.messageRefused, grantId, 'audit.hub');
      },
      { code: 'alarm', party: 'hub', leafIndex: 8 },
    ],
    [
      'an entry that is no event',
      ({ hub }) => {
        hub.entries.push(new TextEncoder().encode('{}'));
      },
      { code: 'entry-unreadable', party: 'hub', leafIndex: 8, message: 'entry 8 is no event' },
    ],
    [
      'an entry that is no text',
      ({ hub }) => {
        hub.add(events.vouchSent, 'X', 'voucher-2');
        hub.entries[8] = hub.entries[8]!.map((byte) => (byte === 'X'.charCodeAt(0) ? 0xff : byte));
      },
      { code: 'entry-unreadable', party: 'hub', leafIndex: 8 },
    ],
    [
      'no log at all',
      ({ hub }) => {
        hub.entries = [];
        hub.checkpoint = 'nothing';
      },
      { code: 'checkpoint-refused', party: 'hub' },
    ],
  ];
  it.each(cases)('%s is named first', async (_, falsify, expected) => {
    const world = consortium();
    falsify(world);
    const result = await run(world);
    expect(result.ok).toBe(false);
    expect(result.first).toMatchObject(expected);
  });

  it('its name changed is named, without a leaf', async () => {
    const world = consortium();
    const renamed = { ...world.north.policy, origin: 'cpds/east/audit' };
    const { first } = await run(world, { logs: [renamed, world.south.policy, world.hub.policy] });
    expect(first).toEqual({ code: 'wrong-origin', party: 'north', message: 'the log calls itself cpds/north/audit' });
  });

  it('a tile cut short is named by the first leaf that is missing', async () => {
    const leaf = (path: string) => (path.includes('/tile/0/') ? new Uint8Array(4 * 32) : null);
    const { first } = await run(consortium(), {}, leaf);
    expect(first).toMatchObject({ code: 'log-cut', leafIndex: 4, message: 'its tiles end before its size' });
  });

  it('whatever single byte of an entry changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(4), fc.nat(60), fc.integer({ min: 1, max: 255 }), async (entry, at, flip) => {
        const world = consortium();
        world.north.hashed = [...world.north.entries];
        world.north.checkpoint = world.north.sign();
        world.north.entries[entry] = world.north.entries[entry]!.map((byte, i) => (i === at ? byte ^ flip : byte));
        expect((await run(world)).first).toMatchObject({ code: 'entry-altered', leafIndex: entry });
      }),
      { numRuns: 20 },
    );
  });
});

describe('a grant that did not come to what was promised', () => {
  it.each(['refunded', 'revoked'] as const)('is named when it was to be %s', async (outcome) => {
    const result = await run(consortium(), { expectations: { grants: [{ grantId, outcome }] } });
    expect(result.first).toMatchObject({ code: 'step-missing', grantId });
    expect(result.grants[0]).toMatchObject({ complete: false });
  });

  it('is named when it is nowhere', async () => {
    const other = `0x${'cd'.repeat(32)}`;
    const result = await run(consortium(), { expectations: { grants: [{ grantId: other, outcome: 'shared' }] } });
    expect(result.first).toMatchObject({ code: 'step-missing', grantId: other });
  });
});

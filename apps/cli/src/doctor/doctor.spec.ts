import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { diagnosisWords, doctor, doctorExitCode } from './doctor.command.js';
import { parseFigures } from './figures.js';
import { type Finding, findingsOf } from './findings.js';
import type { ProcessAnswer, ProcessSeen } from './observation.js';

const now = 1_000_000;
const well: ProcessAnswer = {
  status: 'ready',
  faults: [],
  skewSeconds: 0,
  figures: parseFigures(
    [
      'cpds_build_info{version="0.1.0",service="bridge"} 1',
      `cpds_chain_head_timestamp_seconds{chain="south"} ${now - 5}`,
      `cpds_chain_final_timestamp_seconds{chain="south"} ${now - 10}`,
      'cpds_bridge_chain_halted{chain="south"} 0',
      'cpds_chain_gas_balance_ether{chain="south"} 12.5',
      'cpds_outbox_oldest_seconds 1',
      'cpds_bus_consumer_pending 3',
      'cpds_log_stands_still 0',
      'cpds_damaged_objects 0',
      'cpds_age_rows_left 0',
      'cpds_datagram_attempts_max{recipient="south"} 1',
    ].join('\n'),
  ),
};

/** A process with one figure of another value. */
const having = (name: string, value: number): ProcessSeen => ({
  name: 'bridge.north',
  answer: { ...well, figures: well.figures.map((seen) => (seen.name === name ? { ...seen, value } : seen)) },
});
const saying = (change: Partial<ProcessAnswer>): ProcessSeen => ({
  name: 'bridge.north',
  answer: { ...well, ...change },
});
const storemen = (ready: number): ProcessSeen[] =>
  [1, 2, 3, 4, 5].map((i) => ({ name: `storeman-${i}`, answer: i <= ready ? well : { ...well, status: 'stopping' } }));

const brief = (findings: readonly Finding[]): string[] =>
  findings.map(({ of, severity, what }) => `${severity} ${of}: ${what}`);

describe('cpds doctor', () => {
  it('finds nothing in what is well', () => {
    expect(findingsOf([saying({}), ...storemen(5)], now)).toEqual([]);
  });

  it.each<[string, ProcessSeen, string]>([
    [
      'a chain that stands',
      having('cpds_chain_head_timestamp_seconds', now - 91),
      'wrong bridge.north: has seen no new block of south for 91 s',
    ],
    [
      'blocks that are not final',
      having('cpds_chain_final_timestamp_seconds', now - 660),
      'wrong bridge.north: blocks of south are not final for 11 min',
    ],
    [
      'a halted chain',
      having('cpds_bridge_chain_halted', 1),
      'wrong bridge.north: looks no further on south: a final block has vanished',
    ],
    [
      'gas that runs out',
      having('cpds_chain_gas_balance_ether', 0.01),
      'wrong bridge.north: its account holds 0.01 on south',
    ],
    [
      'a log that is away',
      having('cpds_outbox_oldest_seconds', 180),
      'wrong bridge.north: the log has not receipted what it told 3 min ago, so it discloses nothing',
    ],
    [
      'a consumer that is behind',
      having('cpds_bus_consumer_pending', 5_000),
      'soon bridge.north: is 5000 events behind',
    ],
    ['a log that stands still', having('cpds_log_stands_still', 1), 'wrong bridge.north: its log signs nothing more'],
    ['damage', having('cpds_damaged_objects', 2), 'wrong bridge.north: 2 objects are lost or altered'],
    [
      'a rotation under way',
      having('cpds_age_rows_left', 7),
      'soon bridge.north: 7 rows are sealed for a former age identity',
    ],
    [
      'a silent party',
      having('cpds_datagram_attempts_max', 9),
      'soon bridge.north: south has not answered it, 9 times',
    ],
    ['a clock', saying({ skewSeconds: -6 }), 'wrong bridge.north: its clock is -6 s away from the one here'],
    ['a start without end', saying({ status: 'starting' }), 'wrong bridge.north: is starting'],
    [
      'a silent process',
      { name: 'audit.hub', answer: null, silence: 'connect ECONNREFUSED' },
      'wrong audit.hub: does not answer: connect ECONNREFUSED',
    ],
  ])('finds %s, and says what to do', (_, seen, what) => {
    const findings = findingsOf([seen], now);
    expect(brief(findings)).toEqual([what]);
    expect(findings[0]?.remedy).not.toBe('');
  });

  it('tells what a process says of itself, and what makes it unready before what does not', () => {
    const faults = [
      { check: 'anchors', isDown: false, code: 'anchor-late', message: 'two hours old' },
      { check: 'store', isDown: true, code: 'check-slow', message: 'no answer within 2 s' },
    ];
    expect(brief(findingsOf([saying({ status: 'not-ready', faults })], now))).toEqual([
      'wrong bridge.north: store: no answer within 2 s (check-slow)',
      'soon bridge.north: anchors: two hours old (anchor-late)',
    ]);
  });

  it('counts storemen: all, enough, too few', () => {
    expect(brief(findingsOf(storemen(4), now)).filter((line) => line.includes('storemen'))).toEqual([
      'soon storemen: 4 of 5 are ready',
    ]);
    expect(brief(findingsOf(storemen(2), now)).filter((line) => line.includes('storemen'))).toEqual([
      'wrong storemen: 2 of 5 are ready: nothing can be signed or released',
    ]);
  });

  it('tells of two versions', () => {
    const other = saying({ figures: parseFigures('cpds_build_info{version="0.2.0"} 1') });
    expect(brief(findingsOf([saying({}), other], now))).toEqual(['soon versions: run: 0.1.0, 0.2.0']);
  });

  describe('asked of real ports', () => {
    let server: Server;
    let url: string;
    let ready = { status: 'ready', checks: { store: 'up' }, reasons: {} } as object;
    beforeAll(async () => {
      server = createServer((request, response) =>
        response.end(
          request.url === '/metrics' ? 'cpds_damaged_objects{party="north"} 1\nnonsense\n' : JSON.stringify(ready),
        ),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => new Promise((resolve) => server.close(resolve)));

    it('reads what is said there, and fails with what is wrong', async () => {
      const diagnosis = await doctor({ dir: '', process: [`records.north=${url}`], database: [] });
      expect(brief(diagnosis.findings)).toEqual(['wrong records.north: 1 objects are lost or altered']);
      expect(doctorExitCode(diagnosis)).toBe(4);
      expect(diagnosisWords(diagnosis)).toContain('WRONG  records.north: 1 objects are lost or altered');
      expect(diagnosisWords(diagnosis)).toContain('looked at 1: 1 wrong, 0 to look at soon');
    });

    it('takes another answer for none', async () => {
      ready = { hello: 'world' };
      const { findings } = await doctor({ dir: '', process: [`records.north=${url}`], database: [] });
      expect(findings[0]?.what).toMatch(/^does not answer: /);
    });

    it.each(['postgres://audit:a-wrong-secret@127.0.0.1/audit', 'http://127.0.0.1', 'a-wrong-secret'])(
      'refuses the database %j, and does not repeat it',
      async (url) => {
        const refused = doctor({ dir: '', process: [], database: [url] });
        await expect(refused).rejects.toMatchObject({ code: 'bad-database', field: '--database' });
        await expect(refused).rejects.not.toThrow(/a-wrong-secret/);
      },
    );

    it('refuses a process that is not named', async () => {
      await expect(doctor({ dir: '', process: ['http://127.0.0.1'], database: [] })).rejects.toMatchObject({
        code: 'bad-process',
        field: '--process',
      });
    });
  });
});

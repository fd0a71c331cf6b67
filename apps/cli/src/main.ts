import { Command, InvalidArgumentError } from 'commander';
import { hospitalPermissions, hubPermissions } from './commands/bus.commands.js';
import { ageKeysWords, forgetAgeIdentity, newAgeIdentity } from './commands/key-file.commands.js';
import { down, logs, status, up, statusWords } from './commands/lifecycle.commands.js';
import { exitCodes, fail, print } from './commands/output.js';
import { agreementWords, outboxAgree } from './commands/outbox.commands.js';
import { keysWords, recordsKeys, recordsScrub, scrubExitCode, scrubWords } from './commands/records.commands.js';
import {
  clientsList,
  clientWords,
  clinicianWords,
  cliniciansFind,
  cliniciansList,
  departmentsList,
  departmentWords,
  disable,
  disablementWords,
  enable,
  type ListOptions,
  listWords,
} from './commands/registry.commands.js';
import { share, transferShow, transferWords } from './commands/share.commands.js';
import { start } from './commands/start.command.js';
import { deploy } from './deploy/index.js';
import { diagnosisWords, doctor, doctorExitCode, type DoctorOptions } from './doctor/doctor.command.js';
import { walletAgeIdentity, walletList, walletRevoke, type RevocationSummary } from './commands/wallet.commands.js';

interface CommonOptions {
  readonly dir: string;
  readonly json?: boolean;
}

/** Adds the options that every command has, and turns an error into words and an exit code. */
function command<Options extends CommonOptions>(
  parent: Command,
  usage: string,
  description: string,
  run: (options: Options, ...args: string[]) => Promise<void>,
): Command {
  return parent
    .command(usage)
    .description(description)
    .option('--dir <dir>', "the consortium's folder", '.cpds')
    .option('--json', 'print one JSON document')
    .action(async (...given: unknown[]) => {
      const self = given.at(-1) as Command;
      const options = self.opts<Options>();
      try {
        await run(options, ...(given.slice(0, -2) as string[]));
      } catch (thrown) {
        fail(options.json ?? false, thrown);
      }
      // Connections of clients that are done would keep the process for their keep-alive time.
      process.exit();
    });
}

const revocationWords = ({ confirmedBy, needed, isEnough, failures }: RevocationSummary): string =>
  [
    `${confirmedBy.length} storemen confirmed (${needed} needed): ${confirmedBy.join(', ')}`,
    ...failures.map(({ url, message }) => `${url} did not take it: ${message}`),
    ...(isEnough ? [] : ['too few have confirmed yet: run this command again']),
  ].join('\n');

const listOf = (names = ''): string[] => names.split(',').filter((name) => name !== '');

/** A whole number of pages, at least one. */
function pagesOf(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('must be a number of pages, at least 1');
  return Number(text);
}
const [afterHelp, pagesHelp] = ['go on behind this entry', 'pages of a hundred to read at most'];

const program = new Command('cpds')
  .description('A consortium of hospitals on this machine: records shared from one chain to another')
  .exitOverride();

command<CommonOptions & { once?: boolean; records: string; report?: string }>(
  program,
  'start',
  'the consortium and the main job; stays up until Ctrl-C',
  ({ dir, once, records, report }) =>
    start({ dir, records, once: once ?? false, ...(report === undefined ? {} : { report }) }),
)
  .option('--once', 'stop when the main job is done')
  .option('--records <dir>', 'FHIR Bundles (*.json) and DICOM files (*.dcm) to share', 'examples/records')
  .option('--report <file>', 'write the report as JSON');

command(program, 'up', 'start the consortium and leave it running', async ({ dir, json }) => {
  const processes = await up(dir);
  print(json ?? false, processes, () => statusWords(processes));
});
command<CommonOptions & { reset?: boolean }>(program, 'down', 'stop it', async ({ dir, json, reset }) => {
  const stopped = await down(dir, reset ?? false);
  print(json ?? false, { stopped }, () => `${stopped} processes stopped${reset ? ', data removed' : ''}`);
}).option('--reset', 'remove its data too');
command(program, 'status', 'what runs, and whether it is ready', async ({ dir, json }) => {
  const processes = await status(dir);
  print(json ?? false, processes, () => statusWords(processes));
});
command<CommonOptions & { follow?: boolean }>(
  program,
  'logs [process]',
  'logs of one process or of all',
  ({ dir, follow }, name) => logs(dir, name, follow ?? false),
).option('--follow', 'go on with what is added');
command<CommonOptions & { file: string }>(
  program,
  'deploy <plan>',
  'put up the contracts of a plan, on any chains; repeating it does what is missing',
  async ({ json, file }, plan) => {
    const deployed = await deploy(plan as string, file, (line) => process.stderr.write(`${line}\n`));
    print(json ?? false, deployed, () => `all contracts stand; their addresses are in ${file}`);
  },
).option('--file <file>', 'where to note the addresses', 'deployment.json');
command<CommonOptions & { yes?: boolean }>(
  program,
  'share <file>',
  'share one record on the running consortium',
  async ({ dir, json, yes }, file) => {
    const result = await share(dir, file as string, process.stdin.isTTY && !yes);
    print(json ?? false, result, () => `${result.file} opened at south, sha256 equal (${result.grantId})`);
  },
).option('--yes', 'consent without asking; so it is where no terminal answers');

const bus = program.command('bus').description('the NATS servers of a deployment');
command<CommonOptions & { operators?: string; hospitals?: string }>(
  bus,
  'permissions <party>',
  "users and permissions of a hospital's server, or of the party `hub`, as configuration of nats-server",
  async ({ json, operators, hospitals }, party) => {
    const made =
      party === 'hub' ? hubPermissions(listOf(operators), listOf(hospitals)) : hospitalPermissions(party as string);
    print(json ?? false, made.users, () => made.config);
  },
)
  .option('--operators <names>', "the hub's storemen and vouchers, with commas")
  .option('--hospitals <names>', 'the hospitals that join the hub, with commas');

const transfer = program.command('transfer').description('transfers of records');
command(transfer, 'show <grantId>', 'where a transfer is and why it waits', async ({ dir, json }, grantId) => {
  const views = await transferShow(dir, grantId as string);
  print(json ?? false, views, () => transferWords(views));
});

const clients = program.command('clients').description('backends and wallets of a hospital, which get tokens');
command<CommonOptions & ListOptions & { wallets?: boolean }>(
  clients,
  'list <hospital>',
  'its backends, or its wallets, disabled ones too',
  async ({ dir, json, wallets, ...options }, hospital) => {
    const listed = await clientsList(dir, hospital as string, { ...options, kind: wallets ? 'wallet' : 'backend' });
    print(json ?? false, listed, () => listWords(listed, clientWords));
  },
)
  .option('--wallets', 'wallets, by the pseudonyms of their patients')
  .option('--after <name>', afterHelp)
  .option('--pages <count>', pagesHelp, pagesOf, 10);
command(
  clients,
  'disable <hospital> <clientId>',
  'give it no token any more; those it has end within five minutes',
  async ({ dir, json }, hospital, id) => {
    const done = await disable(dir, hospital as string, 'clients', id as string);
    print(json ?? false, done, () => disablementWords(done));
  },
);
command(
  clients,
  'enable <hospital> <clientId>',
  'give a disabled client tokens again',
  async ({ dir, json }, hospital, id) => {
    const done = await enable(dir, hospital as string, 'clients', id as string);
    print(json ?? false, done, () => disablementWords(done));
  },
);

const departments = program.command('departments').description('departments of a hospital, which receive records');
command<CommonOptions & ListOptions>(
  departments,
  'list <hospital>',
  'its departments, disabled ones too',
  async ({ dir, json, ...options }, hospital) => {
    const listed = await departmentsList(dir, hospital as string, options);
    print(json ?? false, listed, () => listWords(listed, departmentWords));
  },
)
  .option('--after <name>', afterHelp)
  .option('--pages <count>', pagesHelp, pagesOf, 10);
command(
  departments,
  'disable <hospital> <departmentId>',
  'ask, open and read nothing for it any more',
  async ({ dir, json }, hospital, id) => {
    const done = await disable(dir, hospital as string, 'departments', id as string);
    print(json ?? false, done, () => disablementWords(done));
  },
);
command(
  departments,
  'enable <hospital> <departmentId>',
  'let a disabled department receive records again',
  async ({ dir, json }, hospital, id) => {
    const done = await enable(dir, hospital as string, 'departments', id as string);
    print(json ?? false, done, () => disablementWords(done));
  },
);

const clinicians = program
  .command('clinicians')
  .description('clinicians of a hospital, on whose behalf calls are made');
command<CommonOptions & ListOptions & { department?: string }>(
  clinicians,
  'list <hospital>',
  'its clinicians, disabled ones too',
  async ({ dir, json, ...options }, hospital) => {
    const listed = await cliniciansList(dir, hospital as string, options);
    print(json ?? false, listed, () => listWords(listed, clinicianWords));
  },
)
  .option('--department <id>', 'those of one department')
  .option('--after <id>', afterHelp)
  .option('--pages <count>', pagesHelp, pagesOf, 10);
command(
  clinicians,
  'find <hospital> <registration>',
  'the clinician of a registration',
  async ({ dir, json }, hospital, registration) => {
    const found = await cliniciansFind(dir, hospital as string, registration as string);
    print(json ?? false, found, () => clinicianWords(found));
  },
);
command(
  clinicians,
  'disable <hospital> <clinicianId>',
  'make no call on their behalf any more',
  async ({ dir, json }, hospital, id) => {
    const done = await disable(dir, hospital as string, 'clinicians', id as string);
    print(json ?? false, done, () => disablementWords(done));
  },
);
command(
  clinicians,
  'enable <hospital> <clinicianId>',
  'let calls be made on their behalf again',
  async ({ dir, json }, hospital, id) => {
    const done = await enable(dir, hospital as string, 'clinicians', id as string);
    print(json ?? false, done, () => disablementWords(done));
  },
);

const records = program.command('records').description('records that are kept');
command<CommonOptions & { hospital?: string }>(
  records,
  'scrub',
  'compare every stored object with its row; exit code 4 if something is damaged',
  async ({ dir, json, hospital }) => {
    const results = await recordsScrub(dir, hospital);
    print(json ?? false, results, () => scrubWords(results));
    process.exitCode = scrubExitCode(results);
  },
).option('--hospital <name>', 'one hospital; default all');

command<CommonOptions & { hospital?: string }>(
  records,
  'keys',
  'which age identities open what is kept, how far a rotation is, and which may be removed',
  async ({ dir, json, hospital }) => {
    const results = await recordsKeys(dir, hospital);
    print(json ?? false, results, () => keysWords(results));
  },
).option('--hospital <name>', 'one hospital; default all');
command(
  records,
  'new-identity <keyFile>',
  'give the key file of a records process a new age identity, and keep the former one in it',
  async ({ json }, keyFile) => {
    const keys = newAgeIdentity(keyFile as string);
    print(json ?? false, keys, () => ageKeysWords(keys));
  },
);
command(
  records,
  'forget-identity <keyFile> <recipient>',
  'take a former age identity out of the key file of a records process',
  async ({ json }, keyFile, recipient) => {
    const keys = forgetAgeIdentity(keyFile as string, recipient as string);
    print(json ?? false, keys, () => ageKeysWords(keys));
  },
);

const several = (value: string, before: readonly string[]): string[] => [...before, value];
command<CommonOptions & DoctorOptions>(
  program,
  'doctor',
  'what is wrong with an installation, and what to do',
  async ({ json, ...options }) => {
    const diagnosis = await doctor(options);
    print(json ?? false, diagnosis, () => diagnosisWords(diagnosis));
    process.exitCode = doctorExitCode(diagnosis);
  },
)
  .option('--process <name=url>', 'a process to look at, by its port for /readyz and /metrics; repeatable', several, [])
  .option('--database <url>', 'a database to look at; repeatable', several, []);

const outbox = program.command('outbox').description('events on their way to the audit log');
command(
  outbox,
  'agree <producer>',
  'go on after the audit log, once a restored database was looked at: e.g. records.north',
  async ({ dir, json }, producer) => {
    const agreement = await outboxAgree(dir, producer as string);
    print(json ?? false, agreement, () => agreementWords(agreement));
  },
);

const wallet = program.command('wallet').description("patients' wallets on this machine");
command(wallet, 'list', 'wallets and the grants they gave', async ({ dir, json }) => {
  const wallets = await walletList(dir);
  print(json ?? false, wallets, () =>
    wallets.map(({ file, grants }) => [file, ...grants.map((id) => `  ${id}`)].join('\n')).join('\n'),
  );
});
command(
  wallet,
  'age-identity <file>',
  "a wallet's age identity: opens its patient's records, secret",
  async ({ json }, file) => {
    const identity = await walletAgeIdentity(file as string);
    print(json ?? false, { identity }, () => identity);
  },
);
command<CommonOptions & { bridge?: string }>(
  wallet,
  'revoke <grantId>',
  'end a grant, through any bridge',
  async ({ dir, json, bridge }, grantId) => {
    const result = await walletRevoke(dir, grantId as string, bridge);
    print(json ?? false, result, () => revocationWords(result));
    // Too few have confirmed: a script that sees this exit code must send the revocation again.
    if (!result.isEnough) process.exitCode = exitCodes.failed;
  },
).option('--bridge <url>', 'the bridge to bring it to');

await program.parseAsync().catch((thrown: unknown) => {
  // Commander has said what is wrong with the arguments, or printed the help that was asked for.
  process.exitCode = (thrown as { exitCode?: number }).exitCode === 0 ? 0 : 2;
});

/**
 * Writes src/generated/ from contracts/: per contract its ABI, bytecode and typed wrapper, and the structs and enums
 * that they share. `--check` writes nothing and fails when the files are stale.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { compile, root, sources } from './compile.mjs';

const target = join(root, 'src/generated');
const stampFile = join(target, 'sources.json');
const inputs = [...sources(), 'solc-settings.json', 'scripts/compile.mjs', 'scripts/generate.mjs'];

/** What the generated files depend on: sources, settings, scripts and the compiler's version. */
function stamp() {
  const hashes = Object.fromEntries(
    inputs.map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex'),
    ]),
  );
  return { solc: createRequire(import.meta.url)('solc/package.json').version, inputs: hashes };
}

const kebab = (name) => name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
const camel = (name) =>
  /^[A-Z0-9]+(?=[A-Z][a-z])/.test(name)
    ? name.replace(/^[A-Z0-9]+(?=[A-Z][a-z])/, (head) => head.toLowerCase())
    : name[0].toLowerCase() + name.slice(1);
const json = (value) => JSON.stringify(value);

/** Enum members by the internal type that ABIs name, e.g. `ILockedAccount.Status`. */
function enumsOf(output) {
  const found = {};
  for (const { ast } of Object.values(output.sources))
    for (const contract of ast.nodes.filter((node) => node.nodeType === 'ContractDefinition'))
      for (const node of contract.nodes.filter((inner) => inner.nodeType === 'EnumDefinition'))
        found[`${contract.name}.${node.name}`] = node.members.map((member) => member.name);
  return found;
}

class Types {
  structs = new Map();
  constructor(enums) {
    this.enums = enums;
  }
  /** TypeScript of an ABI parameter; `input` lets small integers be numbers. */
  of(param, input = false) {
    const array = /^(.*)\[(\d*)\]$/.exec(param.type);
    if (array) {
      const internalType = param.internalType?.replace(/\[\d*\]$/, '');
      return `readonly ${this.#wrap(this.of({ ...param, type: array[1], internalType }, false))}[]`;
    }
    if (param.type === 'tuple') return this.#struct(param);
    const enumName = param.internalType?.startsWith('enum ') ? param.internalType.slice(5) : undefined;
    if (enumName) return this.enums[enumName].map((member) => `'${member}'`).join(' | ');
    if (/^u?int/.test(param.type)) return input ? 'bigint | number' : 'bigint';
    if (param.type === 'bool') return 'boolean';
    return 'string';
  }
  #wrap(type) {
    return type.includes('|') ? `(${type})` : type;
  }
  #struct(param) {
    const name = `${param.internalType
      .replace(/^struct /, '')
      .split('.')
      .at(-1)}Struct`;
    const text = param.components.map((part) => `  ${part.name}: ${this.of(part)};`).join('\n');
    const known = this.structs.get(name);
    if (known !== undefined && known !== text) throw new Error(`two structs are named ${name}`);
    this.structs.set(name, text);
    return name;
  }
}

const args = (types, inputs, input) =>
  inputs.map((param, i) => `${param.name || `arg${i}`}: ${types.of(param, input)}`).join(', ');
const names = (inputs) => inputs.map((param, i) => param.name || `arg${i}`).join(', ');
const object = (types, params) =>
  params.length === 0
    ? 'Record<string, never>'
    : `{ ${params.map((param, i) => `${param.name || `arg${i}`}: ${types.of(param)}`).join('; ')} }`;

function binding(name, abi, bytecode, types) {
  const of = (type) => abi.filter((entry) => entry.type === type);
  const functions = of('function');
  const reads = functions.filter((fn) => fn.stateMutability === 'view' || fn.stateMutability === 'pure');
  const writes = functions.filter((fn) => !reads.includes(fn));
  const constructorInputs = of('constructor')[0]?.inputs ?? [];
  const result = (fn) =>
    fn.outputs.length === 1 ? types.of(fn.outputs[0]) : fn.outputs.length === 0 ? 'void' : object(types, fn.outputs);
  const union = (entries) =>
    entries.map((entry) => `\n  | { name: '${entry.name}'; args: ${object(types, entry.inputs)} }`).join('') || 'never';
  const readMethods = reads.map((fn) => {
    const list = args(types, fn.inputs, true);
    return `  ${fn.name}(${list}${list && ', '}blockTag?: BlockTag): Promise<${result(fn)}> {
    return this.read('${fn.name}', [${names(fn.inputs)}], blockTag);
  }`;
  });
  const calldata = writes.map(
    (fn) =>
      `    ${fn.name}: (${args(types, fn.inputs, true)}): Hex => codec.call('${fn.name}', [${names(fn.inputs)}]),`,
  );
  const deployList = args(types, constructorInputs, true);
  const lower = camel(name);
  const body = `
const abi: AbiEntry[] = ${json(abi)};

/** Creation code without constructor arguments. */
export const ${lower}Bytecode: Hex = '0x${bytecode}';

export type ${name}Event = ${union(of('event'))};

export type ${name}Error = ${union(of('error'))};

const codec = new AbiCodec(abi, enums);

/** Typed door of contracts/${name}.sol. Reads are methods; what is sent is made by \`calldata\`. */
export class ${name} extends Binding {
  static readonly abi = abi;
  /** First topic of each event. */
  static readonly topics = codec.topics as Readonly<Record<${name}Event['name'], Hex>>;
  static readonly calldata = {
${calldata.join('\n')}
  };

  constructor(address: string, runner: CallRunner) {
    super(address, runner, codec);
  }

  /** Creation code with its arguments: the data of the deploying transaction. */
  static deployData(${deployList}): Hex {
    return codec.deploy(${lower}Bytecode, [${names(constructorInputs)}]);
  }

  /** The event in a log, or undefined when it is none of this contract's. The caller checks the log's address. */
  static decodeLog(log: LogData): ${name}Event | undefined {
    return codec.log(log) as ${name}Event | undefined;
  }

  /** The custom error in revert data, or undefined when it is none of this contract's. */
  static decodeError(data: string): ${name}Error | undefined {
    return codec.error(data) as ${name}Error | undefined;
  }

${readMethods.join('\n\n')}
}
`;
  const used = (text) => new RegExp(`\\b${text}\\b`).test(body);
  const structs = [...types.structs.keys()].filter(used);
  return [
    `// Generated from contracts/${name}.sol by scripts/generate.mjs. Do not edit.`,
    `import { AbiCodec, Binding, type AbiEntry, ${used('BlockTag') ? 'type BlockTag, ' : ''}type CallRunner, type LogData } from '../binding.js';`,
    `import type { Hex } from '../hex.js';`,
    `import { enums } from './enums.js';`,
    ...(structs.length > 0 ? [`import type { ${structs.join(', ')} } from './structs.js';`] : []),
    body,
  ].join('\n');
}

function generate() {
  const output = compile();
  const enums = enumsOf(output);
  const types = new Types(enums);
  const contracts = Object.entries(output.contracts)
    .flatMap(([path, byName]) => Object.entries(byName).map(([name, made]) => ({ path, name, ...made })))
    .filter(({ path, name }) => path === `contracts/${name}.sol` && name)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = new Map();
  for (const { name, abi, evm } of contracts)
    files.set(`${kebab(name)}.ts`, binding(name, abi, evm.bytecode.object, types));
  const head = '// Generated from contracts/ by scripts/generate.mjs. Do not edit.\n';
  files.set(
    'structs.ts',
    head + [...types.structs].map(([name, text]) => `\nexport interface ${name} {\n${text}\n}\n`).join(''),
  );
  files.set(
    'enums.ts',
    `${head}\nexport const enums: Record<string, readonly string[]> = ${JSON.stringify(enums, null, 2)};\n`,
  );
  files.set(
    'index.ts',
    head +
      [...contracts.map(({ name }) => kebab(name)), 'structs']
        .map((file) => `export * from './${file}.js';\n`)
        .join(''),
  );
  files.set('sources.json', `${JSON.stringify(stamp(), null, 2)}\n`);
  return files;
}

if (process.argv.includes('--check')) {
  const made = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (made !== `${JSON.stringify(stamp(), null, 2)}\n`) {
    console.error('contracts: src/generated is stale; run npm run generate --workspace libs/contracts');
    process.exitCode = 1;
  } else if (!process.argv.includes('--deep')) {
    console.log('contracts: src/generated is fresh');
  } else {
    for (const [file, text] of generate())
      if (readFileSync(join(target, file), 'utf8') !== text) {
        console.error(`contracts: src/generated/${file} is not what the sources give`);
        process.exitCode = 1;
      }
    if (!process.exitCode) console.log('contracts: src/generated is what the sources give');
  }
} else {
  const files = generate();
  mkdirSync(target, { recursive: true });
  for (const stale of readdirSync(target).filter((file) => !files.has(file))) rmSync(join(target, stale));
  for (const [file, text] of files) writeFileSync(join(target, file), text);
  console.log(`contracts: wrote ${files.size} files to src/generated`);
}

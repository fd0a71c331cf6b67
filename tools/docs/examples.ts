import { dirname, join } from 'node:path';
import ts from 'typescript';
import { nodesOf, root } from './sources.js';

/** A block of TypeScript in a page. */
export interface Example {
  /** path of the page from the root */
  page: string;
  /** line of the page on which the code begins, from 1 */
  line: number;
  code: string;
  /** hidden code that is compiled before it: the text of a comment `<!-- given: … -->` before the block */
  given: string;
}

/** Every TypeScript block of a page. */
export function examplesOf(page: string, text: string): Example[] {
  const block = /(?:<!-- given:(?<given>(?:(?!-->).)*)-->\s*)?^```(?:ts|typescript)\n(?<code>.*?)^```$/gms;
  return [...text.matchAll(block)].map((match) => {
    const { given = '', code = '' } = match.groups ?? {};
    const before = text.slice(0, match.index + match[0].lastIndexOf(code));
    return { page, line: before.split('\n').length, code, given: given.trim() };
  });
}

/**
 * Compiles examples: gives the compiler's messages as `page:line: message`, and the exports of packages. Compiled once,
 * as modules that stand beside their pages, against the packages as they are built.
 */
export class CompiledPages {
  private readonly files: ReadonlyMap<string, string>;
  private readonly program: ts.Program;

  /** @param doors specifiers of packages, of which `exports` can then be asked */
  constructor(
    private readonly examples: readonly Example[],
    private readonly doors: readonly string[] = [],
  ) {
    const imports = doors.map((door, i) => `import * as door${i} from '${door}';`).join('\n');
    this.files = new Map([
      ...examples.map((example) => [fileOf(example), `${codeOf(example)}\nexport {};\n`] as const),
      [doorsFile, `${imports}\nexport {};\n`],
    ]);
    this.program = ts.createProgram([...this.files.keys()], options(), hostOf(this.files));
  }

  /** Empty when every example compiles. */
  faults(): string[] {
    return this.examples.flatMap((example) => {
      const source = this.program.getSourceFile(fileOf(example))!;
      const found = [...this.program.getSyntacticDiagnostics(source), ...this.program.getSemanticDiagnostics(source)];
      return found.map(({ start = 0, messageText }) => {
        const line = source.getLineAndCharacterOfPosition(start).line - linesBefore(example);
        const where = line < 0 ? `${example.line} (given)` : String(example.line + line);
        return `${example.page}:${where}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      });
    });
  }

  /** What can be imported through one of the doors: each name, and `name.member` of classes and objects. */
  exports(door: string): string[] {
    const checker = this.program.getTypeChecker();
    const imports = nodesOf(this.program.getSourceFile(doorsFile)!).filter(ts.isNamespaceImport);
    const local = checker.getSymbolAtLocation(imports[this.doors.indexOf(door)]!.name)!;
    return checker.getExportsOfModule(checker.getAliasedSymbol(local)).flatMap((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const types = [checker.getTypeOfSymbol(target), checker.getDeclaredTypeOfSymbol(target)];
      const members = types.flatMap((type) => type.getProperties().map((member) => member.name));
      return [symbol.name, ...members.map((member) => `${symbol.name}.${member}`)];
    });
  }
}

const doorsFile = join(root, 'tools/docs/doors.mts');

const fileOf = ({ page, line }: Example): string => join(root, dirname(page), `example-${line}.mts`);

const codeOf = ({ given, code }: Example): string => (given === '' ? code : `${given}\n${code}`);

const linesBefore = ({ given }: Example): number => (given === '' ? 0 : given.split('\n').length);

/** The settings of the project, for code that is only looked at. */
function options(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile);
  const parsed = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, root).options;
  return {
    ...parsed,
    composite: false,
    declaration: false,
    noEmit: true,
    typeRoots: [join(root, 'node_modules/@types')],
  };
}

/** A compiler host for which the examples are files. */
function hostOf(files: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(options(), true);
  return {
    ...host,
    fileExists: (path) => files.has(path) || host.fileExists(path),
    readFile: (path) => files.get(path) ?? host.readFile(path),
    getSourceFile: (path, languageVersion, onError) => {
      const text = files.get(path);
      return text === undefined
        ? host.getSourceFile(path, languageVersion, onError)
        : ts.createSourceFile(path, text, languageVersion, true);
    },
  };
}

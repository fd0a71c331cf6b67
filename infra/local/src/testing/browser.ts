import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromiumBinary } from '../binaries/debian.js';
import { reportToStderr } from '../machine/progress.js';

/** A module and all that it imports, in one script for a page. */
export interface PageScript {
  /** Leaves what the module exports in the global variable `tested`. */
  readonly text: string;
  /** Full paths of this project's own files in it. */
  readonly ownFiles: readonly string[];
}

/**
 * Bundles the module at the path `entry` for pages. Packages of this project come from the files that this process
 * uses: under jest their sources.
 *
 * @throws Error it imports something of Node, directly or through another module; the message names what and where
 */
export async function pageScript(entry: string): Promise<PageScript> {
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    globalName: 'tested',
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [
      {
        name: 'packages of this project',
        setup(its) {
          its.onResolve({ filter: /^@cpds\// }, ({ path }) => ({ path: fileURLToPath(import.meta.resolve(path)) }));
        },
      },
    ],
  });
  const ownFiles = Object.keys(metafile.inputs)
    .filter((path) => !path.includes('node_modules/'))
    .map((path) => resolve(path));
  return { text: outputFiles[0]!.text, ownFiles };
}

/** A page in a Chromium of its own. */
export interface TestPage {
  /** The value of a JavaScript expression in the page; a promise is waited for. */
  evaluate<T>(expression: string): Promise<T>;
  close(): Promise<void>;
}

/** Arguments beyond Playwright's: as root there is no sandbox, and a test talks to loopback only. */
const switches = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Opens `url` in Chromium, with an empty profile that goes with it.
 *
 * @throws BinaryUnavailableError there is no Chromium: the message says what to do
 */
export async function testPage(url: string): Promise<TestPage> {
  const executablePath = await chromiumBinary(reportToStderr);
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath, args: switches });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    return { evaluate: (expression) => page.evaluate(expression), close: () => browser.close() };
  } catch (cause) {
    await browser.close();
    throw cause;
  }
}

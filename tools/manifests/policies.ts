import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { opaBinary, reportToStderr } from '@cpds/local';
import { k8s, type Manifest } from './overlays.js';

/** A sentence of the policies that an object breaks. */
export interface Violation {
  readonly sentence: string;
  /** kind, namespace and name */
  readonly object: string;
}

const folder = join(k8s, 'policy');

/** Each set of objects with what it breaks, in the order of the sets. Open Policy Agent starts once for all of them. */
export async function violationsOf(sets: readonly (readonly Manifest[])[]): Promise<Violation[][]> {
  const query = '[found | some objects in input; found := data.cpds.deny with input as objects]';
  const args = ['eval', '--data', folder, '--stdin-input', '--strict-builtin-errors', '--format', 'raw', query];
  const output = await opa(args, JSON.stringify(sets));
  return JSON.parse(output) as Violation[][];
}

/** Complains of what is no good Rego: unused variables, shadowed names, unknown functions. @throws Error with the complaints */
export async function checkPolicies(): Promise<void> {
  await opa(['check', '--strict', folder], '');
}

/** Every sentence that the policies hold. */
export function sentences(): string[] {
  const text = globSync('*.rego', { cwd: folder }).map((file) => readFileSync(join(folder, file), 'utf8'));
  const found = text.flatMap((rules) => [...rules.matchAll(/^deny contains found\("([^"]+)"/gm)]);
  return [...new Set(found.map(([, sentence]) => sentence ?? ''))];
}

async function opa(args: readonly string[], input: string): Promise<string> {
  const binary = await opaBinary(reportToStderr);
  return new Promise((resolve, reject) => {
    const child = execFile(binary, args, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`opa: ${stderr}${stdout}`, { cause: error })),
    );
    child.stdin?.end(input);
  });
}

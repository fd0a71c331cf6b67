import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** How a command is run. `uid` and `gid` only work for root. */
export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly input?: string;
}

/**
 * Runs a command to its end and returns its standard output.
 *
 * @throws CommandError it could not start or did not exit 0; the message ends with its last output
 */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      uid: options.uid,
      gid: options.gid,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let out = '';
    let tail = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      tail = (tail + text).slice(-2_000);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-2_000);
    });
    // A command that never reads its input closes the pipe early; its exit status tells the rest.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.once('error', (cause) => reject(new CommandError(`${command} could not start: ${cause.message}`, { cause })));
    child.once('close', (code, name) => {
      if (code === 0) resolve(out);
      else reject(new CommandError(`${command} ${args.join(' ')} ended with ${code ?? name}: ${tail.trim()}`));
    });
  });
}

/** The full path of an executable on PATH, or null. */
export async function onPath(name: string): Promise<string | null> {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    if (dir !== '' && (await isExecutable(join(dir, name)))) return join(dir, name);
  }
  return null;
}

/** True when the file can be run by this process. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** A helper command failed; the message holds its last output. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

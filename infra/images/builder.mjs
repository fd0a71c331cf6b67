// The programs that build images: what each is asked, and in which words.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Their names, in the order in which they are tried, and the question that each answers where it can build: docker's
 * client is often there without its server. It comes last, since the digest is the same each time only with BuildKit.
 */
const questions = { buildah: ['info'], podman: ['info'], docker: ['info'] };

export const builderNames = Object.keys(questions);

/**
 * The builder of that name, or the first that answers.
 *
 * @param store a folder that keeps images apart from the user's own; docker has no such thing
 * @throws NoBuilderError names what was tried
 */
export function findBuilder(wanted, store) {
  const tried =
    wanted === undefined ? builderNames.filter((name) => store === undefined || name !== 'docker') : [wanted];
  for (const name of tried) {
    const builder = new Builder(name, store);
    if (builder.answers()) return builder;
  }
  throw new NoBuilderError(
    `no image can be built: none of ${tried.join(', ')} answers. Install one (on Debian, as root: apt-get install -y buildah)`,
  );
}

class Builder {
  constructor(name, store) {
    this.name = name;
    this.store = store === undefined ? [] : ['--root', join(store, 'storage'), '--runroot', join(store, 'run')];
    // The one program that runs in a build is ours: a change of root is enough, and needs no container runtime.
    this.env = { BUILDAH_ISOLATION: 'chroot', ...process.env };
  }

  answers() {
    const { status, error } = spawnSync(this.name, [...this.store, ...questions[this.name]], {
      env: this.env,
      stdio: 'ignore',
    });
    return error === undefined && status === 0;
  }

  /**
   * Builds an image and resolves to its id, the hash of its configuration and of its layers unpacked.
   *
   * @param dir is left with a file of the id
   * @param isBaseHere the base is in the store and in no registry
   */
  async build({ file, context, tag, labels = {}, args = {}, seconds, isBaseHere = false, dir }) {
    const idFile = join(dir, `${tag.replace(/\W/g, '-')}.id`);
    const pairs = (flag, values) => Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
    const own =
      this.name === 'docker'
        ? []
        : [
            '--layers',
            '--timestamp',
            String(seconds),
            ...(isBaseHere ? [this.name === 'podman' ? '--pull=never' : '--pull-never'] : []),
          ];
    await this.run([
      ...['build', '--file', file, '--tag', tag, '--iidfile', idFile, ...own],
      ...pairs('--label', labels),
      ...pairs('--build-arg', { ...args, SOURCE_DATE_EPOCH: seconds }),
      context,
    ]);
    return readFileSync(idFile, 'utf8')
      .trim()
      .replace(/^(sha256:)?/, 'sha256:');
  }

  /** Bytes of an image unpacked. buildah tells them rounded. */
  async sizeOf(tag) {
    if (this.name !== 'buildah') return Number(await this.run(['image', 'inspect', '--format', '{{.Size}}', tag]));
    const text = await this.run(['images', '--format', '{{.Size}}', tag]);
    const [, number, unit] = /([\d.]+) ([KMG]?B)/.exec(text);
    return Math.round(Number(number) * { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 }[unit]);
  }

  /** Writes an image as one file: an OCI archive, which docker's own format has in it since version 25. */
  async save(tag, file) {
    if (this.name === 'docker') await this.run(['save', '--output', file, tag]);
    else if (this.name === 'podman') await this.run(['save', '--format', 'oci-archive', '--output', file, tag]);
    else await this.run(['push', tag, `oci-archive:${file}:${tag}`]);
  }

  /** @throws BuilderError with the end of its output */
  run(args) {
    return new Promise((resolve, reject) => {
      const child = spawn(this.name, [...this.store, ...args], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '';
      let all = '';
      child.stdout.on('data', (part) => ((out += part), (all += part)));
      child.stderr.on('data', (part) => (all += part));
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) resolve(out);
        else
          reject(
            new BuilderError(`${this.name} ${args[0]} ended with ${code ?? signal}:\n${all.slice(-4_000).trim()}`),
          );
      });
    });
  }
}

/** No program that builds images is here. */
export class NoBuilderError extends Error {}

/** A builder failed; the message ends with its output. */
export class BuilderError extends Error {}

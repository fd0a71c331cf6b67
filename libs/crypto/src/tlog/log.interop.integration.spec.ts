import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { concat, utf8 } from '../bytes.js';
import { openCheckpoint, signCheckpoint } from './checkpoint.js';
import { cosign } from './cosignature.js';
import { formatLogProof, verifyLogProof } from './log-proof.js';
import { consistencyRanges, hashRange, inclusionRanges, leafHash, nodeHash, proofOf, type TreeNode } from './merkle.js';
import {
  formatVerifierKey,
  formatWitnessKey,
  noteSigner,
  parseVerifierKey,
  parseWitnessKey,
  verifierOf,
} from './note-key.js';
import { formatNote, openNote, parseNote } from './note.js';
import { tilePath, tilesOf } from './tile.js';
import { openWitnessed } from './witness-policy.js';

interface WireProof {
  from: number;
  size: number;
  hashes: string[];
}

const SIZE = 300;
const COSIGNED_AT = 1_700_000_000;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const hasGo = spawnSync('go', ['version']).status === 0;

// Go is the second implementation here; a machine without it still runs the known vectors of merkle.spec.ts.
(hasGo ? describe : describe.skip)('golang.org/x/mod and transparency-dev/formats agree', () => {
  const data = Array.from({ length: SIZE }, (_, i) => utf8(`entry ${i}`));
  const memo = new Map<string, Uint8Array>();
  const read = (node: TreeNode): Uint8Array => {
    const key = `${node.level}/${node.index}`;
    const hash =
      memo.get(key) ??
      (node.level === 0
        ? leafHash(data[node.index]!)
        : nodeHash(
            read({ level: node.level - 1, index: 2 * node.index }),
            read({ level: node.level - 1, index: 2 * node.index + 1 }),
          ));
    memo.set(key, hash);
    return hash;
  };
  const pairs = [1, 2, 3, 7, 8, 9, 64, 100, 255, 256, 257, 299, 300].flatMap((size) =>
    [1, 2, 5, 8, 63, 128, 200, 256, 300].filter((from) => from <= size).map((from) => ({ from, size })),
  );

  it('on roots, proofs, tiles, paths, notes, keys, cosignatures and proof files', () => {
    const signer = noteSigner('cpds/north/audit', new Uint8Array(32).fill(7));
    const checkpoint = { origin: signer.name, size: SIZE, root: hashRange({ from: 0, to: SIZE }, read) };
    const witness = noteSigner('south.example/w', new Uint8Array(32).fill(8));
    const signed = parseNote(signCheckpoint(checkpoint, signer));
    const cosigned = formatNote({
      ...signed,
      signatures: [...signed.signatures, cosign(signed.text, COSIGNED_AT, witness)],
    });
    const extra = utf8('made here');
    const proofFile = formatLogProof({
      index: SIZE - 1,
      hashes: proofOf(inclusionRanges(SIZE - 1, SIZE), read),
      checkpoint: cosigned,
      extra,
    });
    const inclusion: WireProof[] = pairs.map(({ from, size }) => ({
      from: from - 1,
      size,
      hashes: proofOf(inclusionRanges(from - 1, size), read).map(base64),
    }));
    const consistency: WireProof[] = pairs.map(({ from, size }) => ({
      from,
      size,
      hashes: proofOf(consistencyRanges(from, size), read).map(base64),
    }));
    const tiles = [...tilesOf(SIZE)].map((tile) => ({
      ...tile,
      path: tilePath(tile),
      bytes: base64(
        concat(
          ...Array.from({ length: tile.width }, (_, row) =>
            read({ level: 8 * tile.level, index: 256 * tile.index + row }),
          ),
        ),
      ),
    }));
    const run = spawnSync('go', ['run', '-mod=mod', '.'], {
      cwd: fileURLToPath(new URL('interop', import.meta.url)),
      input: JSON.stringify({
        leaves: data.map(base64),
        verifierKey: formatVerifierKey(verifierOf(signer)),
        checkpoint: formatNote(signed),
        witnessKey: formatWitnessKey(witness),
        timestamp: COSIGNED_AT,
        proofFile,
        extra: base64(extra),
        inclusion,
        consistency,
        tiles,
      }),
      encoding: 'utf8',
    });
    expect(run.stderr).not.toMatch(/differs|invalid|malformed|says|mismatch/);
    expect(run.status).toBe(0);
    const answer = JSON.parse(run.stdout) as {
      roots: string[];
      inclusion: WireProof[];
      consistency: WireProof[];
      verifierKey: string;
      note: string;
      witnessKey: string;
      cosigned: string;
      proofFile: string;
    };
    expect(answer.roots).toEqual(data.map((_, i) => base64(hashRange({ from: 0, to: i + 1 }, read))));
    expect(answer.inclusion).toEqual(inclusion);
    expect(answer.consistency).toEqual(consistency);
    const theirs = parseVerifierKey(answer.verifierKey);
    expect(formatVerifierKey(theirs)).toBe(answer.verifierKey);
    expect(openNote(answer.note, [theirs]).signedBy).toEqual(['cpds/go/audit']);
    expect(() => openCheckpoint(answer.note, theirs)).toThrow('origin');

    const theirWitness = parseWitnessKey(answer.witnessKey);
    expect(formatWitnessKey(theirWitness)).toBe(answer.witnessKey);
    const policy = { log: verifierOf(signer), witnesses: [verifierOf(witness), theirWitness], quorum: 2 };
    const [ours, other] = openWitnessed(answer.cosigned, policy).cosignatures;
    expect(ours).toEqual({ witness: witness.name, timestamp: COSIGNED_AT });
    expect(other!.witness).toBe('go.example/w');
    // Go's cosigner reads the machine's clock.
    expect(Math.abs(other!.timestamp - Date.now() / 1000)).toBeLessThan(600);
    const proven = verifyLogProof(answer.proofFile, leafHash(data[0]!), policy);
    expect(proven.extra).toEqual(utf8('made by Go'));
    expect(proven.index).toBe(0);
  });
});

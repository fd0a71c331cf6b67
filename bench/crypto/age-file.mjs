// node age-file.mjs encrypt RECIPIENT FROM TO | decrypt IDENTITY-FILE FROM TO: what the age program does, by this project. The age bench bundles it
// and times it as a process of its own.
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, writevSync } from 'node:fs';
import {
  createHeader,
  openPayload,
  parseHeader,
  sealPayload,
  serializeHeader,
  splitFile,
  unwrapHeader,
} from '@cpds/crypto';
import { nodeAead } from '@cpds/crypto/node';

/** Read at once, and about what is written at once: enough that going to the kernel costs little, and it stays in the processor's cache. */
const pieceBytes = 512 * 1024;

/** The file in pieces that share one buffer. The calls block: nothing else runs in this process, as in the peer's. */
function* piecesOf(path) {
  const file = openSync(path);
  try {
    const buffer = Buffer.allocUnsafeSlow(pieceBytes);
    for (;;) {
      const length = readSync(file, buffer);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

async function* encrypted(plaintext, recipient) {
  const fileKey = randomBytes(16);
  yield serializeHeader(createHeader(fileKey, [recipient]));
  yield* sealPayload(plaintext, fileKey, randomBytes(16), nodeAead);
}

async function* decrypted(file, identityPath) {
  const identity = readFileSync(identityPath, 'utf8').trim();
  const { header, payload } = await splitFile(file);
  yield* openPayload(payload, unwrapHeader(parseHeader(header), identity), nodeAead);
}

const [direction, key, from, to] = process.argv.slice(2);
const parts = (direction === 'encrypt' ? encrypted : decrypted)(piecesOf(from), key);
const out = openSync(to, 'w');
let waiting = [];
let waitingBytes = 0;
const write = () => {
  if (waitingBytes > 0 && writevSync(out, waiting) !== waitingBytes) throw new Error(`${to} is cut off`);
  [waiting, waitingBytes] = [[], 0];
};
for await (const part of parts) {
  waiting.push(part);
  waitingBytes += part.length;
  if (waitingBytes >= pieceBytes) write();
}
write();
closeSync(out);

// node age-file.mjs encrypt RECIPIENT FROM TO | decrypt IDENTITY-FILE FROM TO: what the age program does, by this project. The age bench bundles it
// and times it as a process of its own.
import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
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

/** The file in pieces that share one buffer. */
async function* piecesOf(path) {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafeSlow(pieceBytes);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, pieceBytes);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function* encrypted(plaintext, recipient) {
  const fileKey = randomBytes(16);
  yield serializeHeader(createHeader(fileKey, [recipient]));
  yield* sealPayload(plaintext, fileKey, randomBytes(16), nodeAead);
}

async function* decrypted(file, identityPath) {
  const identity = (await readFile(identityPath, 'utf8')).trim();
  const { header, payload } = await splitFile(file);
  yield* openPayload(payload, unwrapHeader(parseHeader(header), identity), nodeAead);
}

const [direction, key, from, to] = process.argv.slice(2);
const parts = (direction === 'encrypt' ? encrypted : decrypted)(piecesOf(from), key);
const out = await open(to, 'w');
let waiting = [];
let waitingBytes = 0;
const write = async () => {
  if (waitingBytes > 0 && (await out.writev(waiting)).bytesWritten !== waitingBytes)
    throw new Error(`${to} is cut off`);
  [waiting, waitingBytes] = [[], 0];
};
for await (const part of parts) {
  waiting.push(part);
  waitingBytes += part.length;
  if (waitingBytes >= pieceBytes) await write();
}
await write();
await out.close();

// node age-file.mjs encrypt RECIPIENT FROM TO | decrypt IDENTITY-FILE FROM TO: the work of the age program, by this
// project. The age bench bundles it and times it as a process of its own.
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, writevSync } from 'node:fs';
import * as age from '@cpds/crypto/age';
import { nodeAead } from '@cpds/crypto/node';

/** Bytes read at once, and about as many written: more than a header, enough that calls to the kernel cost little, and few enough for the processor's cache. */
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

function* encrypted(pieces, recipient) {
  const fileKey = randomBytes(16);
  const nonce = randomBytes(16);
  const sealer = new age.PayloadSealer(fileKey, nonce, nodeAead);
  yield [age.serializeHeader(age.createHeader(fileKey, [recipient])), nonce];
  for (const piece of pieces) yield [...sealer.push(piece)];
  yield [...sealer.end()];
}

function* decrypted(pieces, identityPath) {
  const identity = readFileSync(identityPath, 'utf8').trim();
  const { value: first } = pieces.next();
  const nonceAt = age.headerLength(first);
  const payloadAt = nonceAt + age.payloadNonceBytes;
  const fileKey = age.unwrapHeader(age.parseHeader(first.subarray(0, nonceAt)), identity);
  const opener = new age.PayloadOpener(fileKey, first.subarray(nonceAt, payloadAt), nodeAead);
  yield [...opener.push(first.subarray(payloadAt))];
  for (const piece of pieces) yield [...opener.push(piece)];
  yield [...opener.end()];
}

const [direction, key, from, to] = process.argv.slice(2);
const out = openSync(to, 'w');
for (const parts of (direction === 'encrypt' ? encrypted : decrypted)(piecesOf(from), key)) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > 0 && writevSync(out, parts) !== length) throw new Error(`${to} is cut off`);
}
closeSync(out);

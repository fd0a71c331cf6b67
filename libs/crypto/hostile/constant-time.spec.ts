/**
 * No variable-time multiplication is given a secret, and no secret is compared byte by byte. Watches the curve
 * library's own multiplications (also FROST's inside it), and through them `public-arithmetic`, so libsecp256k1 behind
 * that gets no secret either. Big integers of JavaScript are not constant-time: this is about the algorithm, as in the
 * curve library's own promise.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type * as types from './library.js';
import { attempt } from '../src/threshold/test-group.js';
import { random, restart } from './mutants.js';
import { watchedLibrary } from './watched-library.js';

restart();

const crypto = await watchedLibrary();
const { G, N, Point } = crypto.curve;
const mod = (value: bigint) => Point.Fn.create(value);
const scalar = () => crypto.curve.scalarFrom48(random(48), 'x');
const b = (length: number, fill = 7) => new Uint8Array(length).fill(fill);

/** An operation, which returns the secrets it worked with; its nonces are computed from its results. */
type Operation = () => (() => bigint[]) | Promise<() => bigint[]>;

/** The secrets, their negations and inverses that an operation passed to a variable-time function. */
async function leaks(operation: Operation, { seen } = crypto): Promise<string[]> {
  seen.length = 0;
  const secretsOf = await operation();
  const shown = new Set(seen.map(mod));
  const secrets = secretsOf();
  expect(secrets.length).toBeGreaterThan(0);
  return secrets.flatMap((secret, i) => {
    expect(secret > 1n << 128n && secret < N).toBe(true);
    const inverse = Point.Fn.inv(secret);
    const forms = { itself: secret, negated: N - secret, inverse, 'negated inverse': N - inverse };
    return Object.entries(forms).flatMap(([form, value]) => (shown.has(value) ? [`secret ${i}, ${form}`] : []));
  });
}

const domain = crypto.ring.tagDomain(b(32), b(20));
const [spending, viewing, y, q] = [scalar(), scalar(), scalar(), scalar()];
const meta = crypto.stealth.metaAddressOf({ spending, viewing });
const deed = crypto.stealth.newDeedKey(meta, random);
const deedX = deed.key.toAffine().x;
const deedSecret = crypto.stealth.oneTimeSecret(spending, deed.sharedScalar);
const base = crypto.ring.tagBase(domain, deedX, 1);
const tag = crypto.ring.tagOf(base, deedSecret);
const xs = [crypto.ring.paddingDeed(b(32)).toAffine().x, deedX, crypto.ring.paddingDeed(b(32, 8)).toAffine().x];
const ring = { message: b(32), tagDomain: domain, slot: 1, xs, tag: crypto.curve.compressed(tag) };
const [ySeal, Q] = [G.multiply(y), G.multiply(q)];
const label = b(32);
const sealed = { fileKey: b(16), label, recipientKey: Q, ySeal };
const capsule = crypto.capsule.parseCapsule(crypto.capsule.sealCapsule(sealed, random));
const context = { grantId: b(32), epoch: 1, sealedKeyHash: b(32), C: capsule.C, recipientKey: Q };
const nonceOf = ({ c, s }: types.dleq.DleqProof, witness: bigint) => mod(s + c * witness);
const own = { deedX, tagDomain: domain, slot: 1, tag, grantId: b(32) };
const statement = {
  use: 'open' as const,
  A: G,
  X: Q,
  B: crypto.ring.gBar(),
  Z: crypto.ring.gBar().multiply(q),
  message: b(32),
};

/** The place's challenge in a closed ring. */
function challengeAt(place: number, compact: Uint8Array): bigint {
  const challenges: bigint[] = [];
  crypto.ring.closeRing(ring, crypto.ring.parseRingSignature(compact, 3), (H, s, I, c) => {
    challenges.push(c);
    return H.multiply(s).add(I.multiply(c));
  });
  return challenges[place]!;
}

const operations: Record<string, Operation> = {
  'a ring signature': () => {
    const compact = crypto.ring.signRing(ring, deedSecret, random);
    return () => {
      const s = crypto.ring.parseRingSignature(compact, 3).s[1]!;
      return [deedSecret, mod(s + challengeAt(1, compact) * deedSecret)];
    };
  },
  'a tag': () => {
    crypto.ring.tagOf(base, deedSecret);
    return () => [deedSecret];
  },
  'a DLEQ proof': () => {
    const proof = crypto.dleq.proveDleq(statement, q, random);
    return () => [q, nonceOf(proof, q)];
  },
  'an ownership proof': () => {
    const proof = crypto.ownership.proveOwnership(own, spending, deed.sharedScalar, random);
    return () => [spending, deedSecret, nonceOf(proof, deedSecret)];
  },
  'sealing a capsule': () => {
    const drawn = b(32, 9);
    const bytes = crypto.capsule.sealCapsule(sealed, () => drawn);
    return () => {
      const inputs = crypto.bytes.concat(label, crypto.curve.xy(Q), crypto.curve.xy(ySeal));
      const r = crypto.curve.hedgedScalar('capsule', sealed.fileKey, drawn, inputs);
      const { C, proof } = crypto.capsule.parseCapsule(bytes);
      expect(G.multiply(r).equals(C)).toBe(true);
      return [r, nonceOf(proof, r)];
    };
  },
  'a partial release': () => {
    const { proof } = crypto.partial.releasePartial(context, 1, y, random);
    return () => [y, nonceOf(proof, y)];
  },
  'a proof of q': () => {
    const { proof } = crypto.capsule.proveOpen(q, b(32), random);
    return () => [q, nonceOf(proof, q)];
  },
  'opening a capsule': () => {
    crypto.capsule.openCapsule({ capsule, label, recipientSecret: q, ySeal, W: capsule.C.add(Q).multiply(y) });
    return () => [q];
  },
  'one-time keys': () => {
    crypto.stealth.metaAddressOf({ spending, viewing });
    const r = scalar();
    const made = crypto.stealth.oneTimeKey(meta, r);
    const found = crypto.stealth.scan(viewing, meta.spendingKey, made);
    const secret = crypto.stealth.oneTimeSecret(spending, found!);
    return () => [spending, viewing, r, found!, secret];
  },
  'a wallet': () => {
    const wallet = crypto.walletKeys.deriveWallet(b(32));
    const revoker = crypto.walletKeys.deriveRevoker(b(32), b(32));
    return () => [wallet.spending, wallet.viewing, revoker.secret];
  },
  'an ECDSA signature': () => {
    const [key, digest] = [scalar(), b(32, 3)];
    const signature = crypto.ecdsa.signDigest(crypto.curve.scalarBytes(key), digest);
    return () => {
      const [r, s] = [signature.slice(0, 32), signature.slice(32, 64)].map(crypto.bytes.toBigInt) as [bigint, bigint];
      return [key, mod((crypto.bytes.toBigInt(digest) + r * key) * Point.Fn.inv(s))];
    };
  },
  'a key generation': () => {
    const parameters = attempt('constant time', 3, 2);
    const dealings = [1, 2, 3].map((i) => crypto.generation.deal(parameters, i, b(32, i)));
    const coefficients = dealings.flatMap(({ secret }) => secret.coefficients ?? []);
    const all = dealings.map(({ commitments }) => commitments);
    const sent = dealings.flatMap((dealing) => crypto.generation.dealtShares(parameters, dealing, all));
    const keys = dealings.map((dealing, i) =>
      crypto.generation.finish(
        parameters,
        dealing,
        all,
        sent.filter(({ receiver }) => receiver === i + 1),
      ),
    );
    const secrets = [...sent.map(({ share }) => share), ...keys.map(({ secret }) => secret)].map(crypto.bytes.toBigInt);
    expect(coefficients).toHaveLength(6);
    return () => [...coefficients, ...secrets];
  },
  'a reshare': () => {
    const epoch = { attemptId: b(32, 9), old: shares[0]!.group, n: 3, nMin: 3, threshold: 2 };
    const redealings = shares.slice(0, 2).map((share) => crypto.reshare.redeal(epoch, share, b(32, share.index)));
    const dealt = redealings.map((one) => one.commitments);
    const received = redealings.map((one) => crypto.reshare.redealtShare(one, 3));
    const made = crypto.reshare.finish(epoch, dealt, [1, 2, 3], 3, received);
    const secrets = [...received.map(({ share }) => share), made.secret].map(crypto.bytes.toBigInt);
    return () => [...redealings.flatMap(({ coefficients }) => coefficients), ...secrets];
  },
  'a signature share': () => {
    const nonces = shares.slice(0, 2).map((share) => crypto.frost.drawNonces(share, (length = 32) => random(length)));
    const secrets = nonces.flatMap(({ secret }) => [secret.hiding, secret.binding].map(crypto.bytes.toBigInt));
    const package_ = nonces.map(({ commitment }) => commitment);
    const z = nonces.map((own_, i) => crypto.frost.signShare(shares[i]!, own_, package_, b(32)));
    crypto.frost.combineSignature(shares[0]!.group, package_, b(32), z);
    return () => [...secrets, ...shares.map(({ secret }) => crypto.bytes.toBigInt(secret))];
  },
  'a check of a share': () => {
    crypto.group.checkKeyShare(shares[0]!);
    crypto.group.publicOf(shares[0]!.secret);
    return () => [crypto.bytes.toBigInt(shares[0]!.secret)];
  },
};

const parameters = attempt('constant time, signing', 3, 2);
const dealings = [1, 2, 3].map((i) => crypto.generation.deal(parameters, i, b(32, i)));
const commitments = dealings.map((dealing) => dealing.commitments);
const sentShares = dealings.flatMap((dealing) => crypto.generation.dealtShares(parameters, dealing, commitments));
const shares = dealings.map((dealing, i) =>
  crypto.generation.finish(
    parameters,
    dealing,
    commitments,
    sentShares.filter(({ receiver }) => receiver === i + 1),
  ),
);

describe('variable-time multiplication', () => {
  it.each(Object.entries(operations))('gets no secret of %s', async (_, operation) => {
    expect(await leaks(operation)).toEqual([]);
  });

  it.each([
    ['multiplyUnsafe', (x: bigint) => G.multiplyUnsafe(x), 'itself'],
    ['mulAddUnsafe', (x: bigint) => G.mulAddUnsafe(5n, Q, N - x), 'negated'],
    ['multiplyPublic', (x: bigint) => crypto.publicArithmetic.multiplyPublic(Q, x), 'itself'],
    ['combinePublic', (x: bigint) => crypto.publicArithmetic.combinePublic(G, Point.Fn.inv(x), Q, 5n), 'inverse'],
  ])('is seen where %s is given one', async (_, misuse, form) => {
    const misused = await leaks(() => {
      misuse(y);
      return () => [y];
    });
    expect(misused).toEqual([`secret 0, ${form}`]);
  });

  it('is seen in the library, were its constant-time ladder left once', async () => {
    const hasty = await watchedLibrary([['dleq.ts', 'A.multiply(nonce), B', 'A.multiplyUnsafe(nonce), B']]);
    const B = hasty.ring.gBar();
    const hurried = { ...statement, A: hasty.curve.G, X: hasty.curve.G.multiply(q), B, Z: B.multiply(q) };
    const misused = await leaks(() => {
      const proof = hasty.dleq.proveDleq(hurried, q, random);
      return () => [q, nonceOf(proof, q)];
    }, hasty);
    expect(misused).toEqual(['secret 1, itself']);
  });
});

const sources = new URL('../src/', import.meta.url);
const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !/(\.spec|test-group)\.ts$/.test(file),
);

const treeOf = (file: string, text: string) => ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
const trees = files.map((file) => treeOf(file, readFileSync(fileURLToPath(new URL(file, sources)), 'utf8')));

/** Every place of a source that `isWanted`, as `file: source text`. */
function placesIn(tree: ts.SourceFile, isWanted: (node: ts.Node) => boolean): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isWanted(node)) found.push(`${tree.fileName}: ${node.getText()}`);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}
const placesOf = (isWanted: (node: ts.Node) => boolean) => trees.flatMap((tree) => placesIn(tree, isWanted));

const isVariableTime = (node: ts.Node) =>
  ts.isPropertyAccessExpression(node) &&
  /^(multiplyUnsafe|mulAddUnsafe|mulAddQUnsafe|pippenger|msm)$/.test(node.name.text);

/** A comparison that ends at the first difference: of texts made of bytes, byte by byte, or by Buffer. */
function isHastyComparison(node: ts.Node): boolean {
  if (ts.isCallExpression(node))
    return /^(Buffer\.compare|.*\.localeCompare|indexedDB\.cmp)$/.test(node.expression.getText());
  if (!ts.isBinaryExpression(node) || !/^[!=]==?$/.test(node.operatorToken.getText())) return false;
  const sides = [node.left, node.right].map((side) => (ts.isNonNullExpression(side) ? side.expression : side));
  const isEncoded = (side: ts.Node) =>
    ts.isCallExpression(side) &&
    /(^|\.)(toHex|to0x|encode|toString|join|toBigInt|parseScalar)$/.test(side.expression.getText());
  const isWalked = sides.every(
    (side) => ts.isElementAccessExpression(side) && ts.isIdentifier(side.argumentExpression),
  );
  const isByteOf = sides.some((side) => ts.isIdentifier(side) && side.text === 'byte');
  return sides.some(isEncoded) || isWalked || isByteOf;
}

describe('the sources', () => {
  it('multiply in variable time where scalars are public, and nowhere else', () => {
    expect(placesOf(isVariableTime).map((place) => place.split(':')[0])).toEqual([
      'public-arithmetic.ts',
      'public-arithmetic.ts',
      'threshold/group.ts', // identifiers of members
    ]);
  });

  it('compare bytes by equalBytes, but for what is public', () => {
    expect(placesOf(isHastyComparison)).toEqual([
      'threshold/generation.ts: toHex(point) !== listed[k]', // commitments on the hub
    ]);
  });

  it.each([
    'toHex(a) === toHex(b)',
    'a[i] !== b[i]!',
    'Buffer.compare(a, b) === 0',
    'a.every((byte, i) => byte === b[i])',
  ])('would be seen to compare by %s', (text) =>
    expect(placesIn(treeOf('planted.ts', text), isHastyComparison)).toHaveLength(1),
  );
});

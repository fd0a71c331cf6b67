"""A second implementation of protocol section 12, for checking the first one: Python 3, standard library, slow and plain.

Values follow the text of docs/protocol.md; the codes and the order of refusals are those of the library, so that verdicts can
be compared. Points are (x, y), None the identity. Nothing here is constant time: keys that mean anything do not belong in it.
"""

import functools
import hashlib
import hmac
import struct

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)


class Refused(Exception):
    """What the protocol refuses, by the code the library has for it."""


def need(holds, code):
    if not holds:
        raise Refused(code)


# secp256k1


def neg(A):
    return None if A is None else (A[0], -A[1] % P)


def add(A, B):
    if A is None or B is None:
        return A or B
    if A[0] == B[0]:
        if (A[1] + B[1]) % P == 0:
            return None
        slope = 3 * A[0] * A[0] * pow(2 * A[1], -1, P)
    else:
        slope = (B[1] - A[1]) * pow(B[0] - A[0], -1, P)
    x = (slope * slope - A[0] - B[0]) % P
    return (x, (slope * (A[0] - x) - A[1]) % P)


@functools.lru_cache(maxsize=512)
def doublings(A):
    """A, 2A, 4A, … 2^255·A."""
    out = [A]
    while len(out) < 256:
        out.append(add(out[-1], out[-1]))
    return out


def mul(k, A):
    """k·A as a sum of doublings, in Jacobian coordinates (X/Z², Y/Z³) so that there is one inversion in all."""
    if A is None or k % N == 0:
        return None
    X, Y, Z = 0, 1, 0
    for (x, y), bit in zip(doublings(A), reversed(bin(k % N)[2:])):
        if bit == "0":
            continue
        if Z == 0:
            X, Y, Z = x, y, 1
            continue
        ZZ = Z * Z % P
        H, R = (x * ZZ - X) % P, (y * ZZ * Z - Y) % P
        assert H != 0  # the sum so far is m·A with 0 < m < 2^i and m + 2^i < n, so neither 2^i·A nor its negative
        HH = H * H % P
        V = X * HH % P
        X = (R * R - HH * H - 2 * V) % P
        Y, Z = (R * (V - X) - Y * HH * H) % P, Z * H % P
    inverse = pow(Z, -1, P)
    return (X * inverse**2 % P, Y * inverse**3 % P)


def even_y(x):
    """The even y of the point with this x; None where there is none."""
    square = (x**3 + 7) % P
    y = pow(square, (P + 1) // 4, P)
    if y * y % P != square:
        return None
    return y if y % 2 == 0 else P - y


def lift(x):
    need(0 <= x < P, "bad-point")
    y = even_y(x)
    need(y is not None, "bad-point")
    return (x, y)


def compressed(A):
    return bytes([2 + A[1] % 2]) + u(A[0], 32)


def xy(A):
    return u(A[0], 32) + u(A[1], 32)


def point(data):
    """SEC1 compressed, canonical, on the curve."""
    need(len(data) == 33 and data[0] in (2, 3), "bad-point")
    x, y = lift(num(data[1:]))
    return (x, y if y % 2 == data[0] - 2 else P - y)


def recoverable(A):
    need(A is not None and A[0] < N, "bad-point")
    return A


def scalar(data):
    need(len(data) == 32 and 0 < num(data) < N, "bad-scalar")
    return num(data)


def u(value, size):
    return value.to_bytes(size, "big")


def num(data):
    return int.from_bytes(data, "big")


# hashes

ROUND_CONSTANTS = []
_lfsr = 1
for _ in range(24):
    _constant = 0
    for _j in range(7):
        if _lfsr & 1:
            _constant |= 1 << ((1 << _j) - 1)
        _lfsr = (_lfsr << 1) ^ (0x171 if _lfsr & 0x80 else 0)
    ROUND_CONSTANTS.append(_constant)
MASK = 2**64 - 1


def _rotl(value, by):
    return ((value << by) | (value >> (64 - by))) & MASK if by else value


def keccak256(*parts):
    """Keccak with capacity 512 and the padding from before FIPS 202: Ethereum's."""
    data = b"".join(parts)
    rate = 136
    data += b"\x01" + bytes(-len(data) % rate or rate)[1:]
    data = data[:-1] + bytes([data[-1] | 0x80])
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(data), rate):
        for i, word in enumerate(struct.unpack("<17Q", data[start : start + rate])):
            lanes[i % 5][i // 5] ^= word
        for constant in ROUND_CONSTANTS:
            parity = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
            for x in range(5):
                change = parity[x - 1] ^ _rotl(parity[(x + 1) % 5], 1)
                for y in range(5):
                    lanes[x][y] ^= change
            x, y, current = 1, 0, lanes[1][0]
            for step in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                current, lanes[x][y] = lanes[x][y], _rotl(current, (step + 1) * (step + 2) // 2 % 64)
            for y in range(5):
                row = [lanes[x][y] for x in range(5)]
                for x in range(5):
                    lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & MASK & row[(x + 2) % 5])
            lanes[0][0] ^= constant
    return b"".join(struct.pack("<Q", lanes[i % 5][i // 5]) for i in range(4))


assert keccak256().hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def hkdf(ikm, info, size):
    """RFC 5869 with SHA-256 and no salt."""
    key = hmac.digest(bytes(32), ikm, "sha256")
    out, block = b"", b""
    for i in range(1, -(-size // 32) + 1):
        block = hmac.digest(key, block + info + bytes([i]), "sha256")
        out += block
    return out[:size]


def address(A):
    return keccak256(xy(A))[12:]


def challenge(*parts):
    c = num(keccak256(*parts)) % N
    need(c != 0, "bad-scalar")
    return c


def to_curve(prefix):
    for counter in range(256):
        x = num(keccak256(prefix, bytes([counter])))
        if x < N and even_y(x) is not None:
            return lift(x), counter
    raise Refused("no-point")


# ChaCha20-Poly1305 (RFC 8439), zero nonce, no additional data


def _chacha_block(key, counter):
    state = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key)) + [counter, 0, 0, 0]
    work = state[:]

    def quarter(a, b, c, d):
        for left, right, by in ((a, d, 16), (c, b, 12), (a, d, 8), (c, b, 7)):
            work[left] = (work[left] + work[b if left == a else d]) & 0xFFFFFFFF
            mixed = work[right] ^ work[left]
            work[right] = (mixed << by | mixed >> (32 - by)) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(work, state)))


def _tag(key, ciphertext):
    head = _chacha_block(key, 0)
    r = int.from_bytes(head[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    padded = ciphertext + bytes(-len(ciphertext) % 16) + struct.pack("<QQ", 0, len(ciphertext))
    for i in range(0, len(padded), 16):
        total = (total + int.from_bytes(padded[i : i + 16] + b"\x01", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(head[16:32], "little")) % 2**128).to_bytes(16, "little")


def aead_seal(key, plaintext):
    """One block at most, which is all that a capsule needs."""
    ciphertext = bytes(a ^ b for a, b in zip(plaintext, _chacha_block(key, 1)))
    return ciphertext + _tag(key, ciphertext)


def aead_open(key, sealed):
    need(_tag(key, sealed[:-16]) == sealed[-16:], "wrong-key")
    return bytes(a ^ b for a, b in zip(sealed[:-16], _chacha_block(key, 1)))


# sections 5 and 6


def chain_uid(chain_id, genesis):
    return keccak256(u(chain_id, 32), genesis)


def tag_domain(uid, account):
    return keccak256(b"cpds/v1/tag-base", uid, account)


@functools.cache
def tag_base(domain, x, slot):
    return to_curve(domain + u(x, 32) + bytes([slot]))


G_BAR = to_curve(b"cpds/v1/tdh2-base")[0]


@functools.cache
def ring_hash(slot, xs):
    """`xs` as a tuple."""
    return keccak256(b"cpds/v1/ring", bytes([slot]), *(u(x, 32) for x in xs))


def lsag_next(m, slot, xs, tag, L, R):
    """c_{i+1}. The identity is hashed as zeros, as a verifier that forgets to refuse it would."""
    addr = bytes(20) if L is None else address(L)
    return challenge(b"cpds/v1/lsag", m, ring_hash(slot, tuple(xs)), xy(tag), addr, bytes(64) if R is None else xy(R))


def lsag_links(domain, slot, xs, tag, i, s, c):
    H = tag_base(domain, xs[i], slot)[0]
    return add(mul(s, G), mul(c, lift(xs[i]))), add(mul(s, H), mul(c, tag))


def lsag_verify(domain, m, slot, xs, tag_wanted, compact):
    need(len(compact) == 65 + 32 * len(xs), "bad-signature")
    tag = recoverable(point(compact[:33]))
    c0, *s = [scalar(compact[at : at + 32]) for at in range(33, len(compact), 32)]
    need(compact[:33] == tag_wanted, "refused")
    need(len(m) == 32, "bad-hash")
    need(2 <= len(xs) <= 256 and len(set(xs)) == len(xs), "bad-ring")
    for x in xs:
        recoverable(lift(x))
    need(0 <= slot <= 255, "out-of-range")
    c = c0
    for i in range(len(xs)):
        L, R = lsag_links(domain, slot, xs, tag, i, s[i], c)
        need(L is not None and R is not None, "refused")
        c = lsag_next(m, slot, xs, tag, L, R)
    need(c == c0, "refused")


def dleq_challenge(use, A, X, B, Z, m, L, R):
    return challenge(b"cpds/v1/dleq/" + use.encode(), m, xy(A), xy(X), xy(B), xy(Z), address(L), xy(R))


def dleq_verify(use, A, X, B, Z, m, c, s):
    need(0 < c < N and 0 < s < N and None not in (A, X, B, Z), "refused")
    L, R = add(mul(s, A), mul(c, X)), add(mul(s, B), mul(c, Z))
    need(L is not None and R is not None, "refused")
    need(dleq_challenge(use, A, X, B, Z, m, L, R) == c, "refused")


def dleq_prove(use, A, B, m, witness, nonce):
    X, Z = mul(witness, A), mul(witness, B)
    c = dleq_challenge(use, A, X, B, Z, m, mul(nonce, A), mul(nonce, B))
    return c, (nonce - c * witness) % N


def seal_message(label, wrapped):
    return keccak256(label, sha256(wrapped))


def part_message(grant_id, epoch, index, key_hash):
    return keccak256(grant_id, u(epoch, 8), u(index, 2), key_hash)


def parse_capsule(data):
    need(len(data) == 162, "bad-capsule")
    C, C_bar = recoverable(point(data[:33])), point(data[33:66])
    return C, C_bar, scalar(data[66:98]), scalar(data[98:130]), data[130:]


def capsule_verify(data, label):
    C, C_bar, c, s, wrapped = parse_capsule(data)
    dleq_verify("seal", G, C, G_BAR, C_bar, seal_message(label, wrapped), c, s)


def capsule_key(K, rQ, label, C):
    return hkdf(compressed(K) + compressed(rQ), b"cpds/v1/capsule" + label + compressed(C), 32)


def lagrange(i, indices):
    top = bottom = 1
    for j in indices:
        if j != i:
            top, bottom = top * j % N, bottom * (j - i) % N
    return top * pow(bottom, -1, N) % N


# section 4


def one_time_key(B, A, r):
    shared = keccak256(compressed(mul(r, A)))
    s = num(shared) % N
    return add(B, mul(s, G)), mul(r, G), shared[0], s


def meta_address(B, A):
    return "st:eth:0x" + (compressed(B) + compressed(A)).hex()


# RFC 9591 section 6.5: FROST(secp256k1, SHA-256), as one signer's Schnorr signature


def h2(data):
    """H2: RFC 9380 hash_to_field with expand_message_xmd, SHA-256, L = 48, order n."""
    dst = b"FROST-secp256k1-SHA256-v1chal"
    tail = dst + bytes([len(dst)])
    first = sha256(bytes(64), data, u(48, 2), b"\x00", tail)
    blocks = [sha256(first, b"\x01", tail)]
    blocks.append(sha256(bytes(a ^ b for a, b in zip(first, blocks[0])), b"\x02", tail))
    return num(b"".join(blocks)[:48]) % N


def schnorr_sign(x, digest, k):
    R, Y = mul(k, G), mul(x, G)
    return compressed(R) + u((k + h2(compressed(R) + compressed(Y) + digest) * x) % N, 32)


def schnorr_verify(key, digest, signature):
    Y = recoverable(point(key))
    need(len(signature) == 65, "refused")
    try:
        R, z = point(signature[:33]), scalar(signature[33:])
    except Refused:
        raise Refused("refused") from None
    c = h2(compressed(R) + key + digest)
    need(mul(z, G) == add(R, mul(c, Y)), "refused")


# EIP-712


def _encoded(kind, value):
    if kind == "string":
        return keccak256(value.encode())
    if kind.startswith("uint"):
        return u(int(value, 0) if isinstance(value, str) else value, 32)
    data = bytes.fromhex(value.removeprefix("0x"))
    if kind == "bytes":
        return keccak256(data)
    return bytes(12) + data if kind == "address" else data + bytes(32 - len(data))


def struct_hash(type_text, message):
    fields = [field.split(" ") for field in type_text[type_text.index("(") + 1 : -1].split(",")]
    return keccak256(keccak256(type_text.encode()), *(_encoded(kind, message[name]) for kind, name in fields))


def typed_digest(domain_type, domain, type_text, message):
    return keccak256(b"\x19\x01", struct_hash(domain_type, domain), struct_hash(type_text, message))

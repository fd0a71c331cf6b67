"""Capsules, partials and proofs of q (section 6)."""

import cpds
from cases import HIGH_X, MESSAGE, OTHER, case, draw, hex_of
from cpds import G, G_BAR, N, compressed, keccak256, mul, neg, num, u


def capsule_cases():
    r, q, y = draw("capsule r"), draw("capsule q"), draw("seal secret")
    C, Q, Y, label, file_key = mul(r, G), mul(q, G), mul(y, G), keccak256(b"label"), bytes(range(16))
    wrapped = cpds.aead_seal(cpds.capsule_key(mul(r, Y), mul(r, Q), label, C), file_key)
    c, s = cpds.dleq_prove("seal", G, G_BAR, cpds.seal_message(label, wrapped), r, draw("seal nonce"))
    good = compressed(C) + compressed(mul(r, G_BAR)) + u(c, 32) + u(s, 32) + wrapped

    def capsule(what, expected, data, label=label):
        case("capsule", what, expected, lambda: cpds.capsule_verify(data, label), capsule=data, label=label)

    def with_(at, data):
        return good[:at] + data + good[at + len(data) :]

    capsule("a capsule", "valid", good)
    capsule("another label", "refused", good, OTHER)
    capsule("C negated", "refused", with_(0, compressed(neg(C))))
    capsule("C and C̄ negated", "refused", with_(0, compressed(neg(C)) + compressed(neg(mul(r, G_BAR)))))
    capsule("C of another r", "refused", with_(0, compressed(mul(r + 1, G))))
    capsule("C the identity, padded", "bad-point", with_(0, bytes(33)))
    capsule("C with x >= n", "bad-point", with_(0, compressed(cpds.lift(HIGH_X))))
    capsule("C̄ the identity, padded", "bad-point", with_(33, bytes(33)))
    capsule("C̄ = C", "refused", with_(33, compressed(C)))
    capsule("C̄ with hybrid prefix", "bad-point", with_(33, bytes([good[33] + 4])))
    for name, at in (("c", 66), ("s", 98)):
        for value, expected in ((0, "bad-scalar"), (1, "refused"), (N - 1, "refused"), (N, "bad-scalar"), (2**256 - 1, "bad-scalar")):
            capsule(f"{name} = {'n' if value == N else 'n - 1' if value == N - 1 else value}", expected, with_(at, u(value, 32)))
    capsule("first byte of wrapped changed", "refused", with_(130, bytes([good[130] ^ 1])))
    capsule("last byte of wrapped changed", "refused", with_(161, bytes([good[161] ^ 0x80])))
    capsule("a byte too few", "bad-capsule", good[:-1])
    capsule("a byte too many", "bad-capsule", good + b"\x00")

    def release(what, expected, C, Q):
        case("releasePoint", what, expected, lambda: cpds.recoverable(cpds.add(C, Q)), C=hex_of(C), recipientKey=hex_of(Q))

    release("C + Q", "valid", C, Q)
    release("C + Q the identity", "bad-point", C, neg(C))
    release("C = Q", "valid", C, C)
    high = cpds.lift(HIGH_X)
    release("C + Q with x >= n", "bad-point", C, cpds.add(high, neg(C)))

    grant, key_hash = MESSAGE, keccak256(good)
    share, base = draw("share 3"), cpds.add(C, Q)
    W = mul(share, base)

    def partial_proof(epoch, index, key_hash=key_hash):
        return cpds.dleq_prove("part", G, base, cpds.part_message(grant, epoch, index, key_hash), share, draw("part nonce"))

    def partial(what, expected, grant=grant, epoch=4, index=3, key_hash=key_hash, Yi=mul(share, G), W=W, proof=partial_proof(4, 3), Q=Q):
        def judge():
            cpds.need(1 <= index <= 0xFFFF, "out-of-range")
            point = cpds.recoverable(cpds.add(C, Q))
            cpds.dleq_verify("part", G, Yi, point, W, cpds.part_message(grant, epoch, index, key_hash), *proof)

        case(
            "partial", what, expected, judge, grantId=grant, epoch=epoch, index=index, sealedKeyHash=key_hash, C=hex_of(C),
            recipientKey=hex_of(Q), verificationShare=hex_of(Yi), W=hex_of(W), c=u(proof[0], 32), s=u(proof[1], 32),
        )  # fmt: skip

    partial("a partial", "valid")
    partial("of member 65535 in epoch 2^53 - 1", "valid", epoch=2**53 - 1, index=65535, proof=partial_proof(2**53 - 1, 65535))
    partial("another epoch", "refused", epoch=5)
    partial("another index", "refused", index=4)
    partial("index 0", "out-of-range", index=0, proof=partial_proof(4, 0))
    partial("index 65536", "out-of-range", index=65536)
    partial("another grant", "refused", grant=OTHER)
    partial("another capsule", "refused", key_hash=OTHER)
    partial("another recipient", "refused", Q=mul(q + 1, G))
    partial("recipient -C", "bad-point", Q=neg(C))
    partial("W negated", "refused", W=neg(W))
    partial("W the identity", "refused", W=None)
    partial("W = y_i·C, without Q", "refused", W=mul(share, C))
    partial("another member's share", "refused", Yi=mul(share + 1, G))

    q_bar = mul(q, G_BAR)
    c, s = cpds.dleq_prove("open", G, G_BAR, grant, q, draw("open nonce"))

    def open_(what, expected, Q=Q, q_bar=q_bar, grant=grant, c=c, s=s):
        case(
            "openProof", what, expected, lambda: cpds.dleq_verify("open", G, Q, G_BAR, q_bar, grant, c, s),
            recipientKey=hex_of(Q), qBar=hex_of(q_bar), grantId=grant, c=u(c, 32), s=u(s, 32),
        )  # fmt: skip

    open_("knows q", "valid")
    open_("another grant", "refused", grant=OTHER)
    open_("Q = C* + u·G of somebody else's capsule", "refused", Q=cpds.add(C, mul(5, G)))
    open_("Q̄ negated", "refused", q_bar=neg(q_bar))
    open_("Q and Q̄ the identity", "refused", Q=None, q_bar=None)
    open_("the seal proof of the same capsule", "refused", Q=C, q_bar=mul(r, G_BAR), c=num(good[66:98]), s=num(good[98:130]))

    def opened(what, expected, W=mul(y, base), q=q, label=label, Y=Y):
        def judge():
            K = cpds.add(W, neg(mul(q, Y)))
            cpds.need(K is not None, "wrong-key")
            assert cpds.aead_open(cpds.capsule_key(K, mul(q, C), label, C), wrapped) == file_key

        case(
            "opening", what, expected, judge,
            capsule=good, label=label, recipientSecret=u(q, 32), ySeal=hex_of(Y), W=hex_of(W), fileKey=file_key,
        )  # fmt: skip

    opened("W = y·(C + Q)", "valid")
    opened("W negated", "wrong-key", W=neg(mul(y, base)))
    opened("W = y·Q, so that K is the identity", "wrong-key", W=mul(y * q, G))
    opened("W = K", "wrong-key", W=mul(y, C))
    opened("another q", "wrong-key", q=q + 1)
    opened("another label", "wrong-key", label=OTHER)
    opened("another Y_seal", "wrong-key", Y=neg(Y))

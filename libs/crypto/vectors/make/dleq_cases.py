"""Equal discrete logarithms, and the ownership proof that is one (section 5)."""

import cpds
from cases import DOMAIN, MESSAGE, OTHER, XS, case, draw, hex_of
from cpds import G, N, P, compressed, mul, neg, num, u
from ring_cases import sign


def dleq(what, expected, use, A, X, B, Z, m, c, s):
    case(
        "dleq", what, expected, lambda: cpds.dleq_verify(use, A, X, B, Z, m, c, s),
        use=use, A=hex_of(A), X=hex_of(X), B=hex_of(B), Z=hex_of(Z), message=m, c=u(c, 32), s=u(s, 32),
    )  # fmt: skip


def dleq_cases():
    for use in ("own", "seal", "open", "part"):
        w, B = draw(f"witness {use}"), mul(draw(f"base {use}"), G)
        X, Z = mul(w, G), mul(w, B)
        c, s = cpds.dleq_prove(use, G, B, MESSAGE, w, draw(f"dleq {use}"))
        dleq(f"{use}", "valid", use, G, X, B, Z, MESSAGE, c, s)
        for other in sorted({"own", "seal", "open", "part"} - {use}):
            dleq(f"{use}, read as {other}", "refused", other, G, X, B, Z, MESSAGE, c, s)
        dleq(f"{use}: bases swapped", "refused", use, B, Z, G, X, MESSAGE, c, s)
        dleq(f"{use}: another message", "refused", use, G, X, B, Z, OTHER, c, s)
        dleq(f"{use}: X negated", "refused", use, G, neg(X), B, Z, MESSAGE, c, s)
        dleq(f"{use}: all four negated", "refused", use, neg(G), neg(X), neg(B), neg(Z), MESSAGE, c, s)
        for i, name in enumerate("AXBZ"):
            points = [G, X, B, Z]
            points[i] = None
            dleq(f"{use}: {name} the identity", "refused", use, *points, MESSAGE, c, s)
        for name, value in (("0", 0), ("1", 1), ("n - 1", N - 1), ("n", N), ("n + 1", N + 1)):
            dleq(f"{use}: c = {name}", "refused", use, G, X, B, Z, MESSAGE, value, s)
            dleq(f"{use}: s = {name}", "refused", use, G, X, B, Z, MESSAGE, c, value)
    w, B = draw("witness"), mul(draw("base"), G)
    c, s = cpds.dleq_prove("own", G, B, MESSAGE, w, 1)
    dleq("nonce 1", "valid", "own", G, mul(w, G), B, mul(w, B), MESSAGE, c, s)
    c, s = cpds.dleq_prove("own", G, G, MESSAGE, w, 5)
    dleq("both bases G", "valid", "own", G, mul(w, G), G, mul(w, G), MESSAGE, c, s)
    c, s = cpds.dleq_prove("open", G, B, MESSAGE, N - 1, draw("high"))
    dleq("witness n - 1", "valid", "open", G, neg(G), B, neg(B), MESSAGE, c, s)


def ownership_cases():
    b, s = draw("spending"), draw("shared")
    while mul(b + s, G)[1] % 2:
        s += 1
    B, deed, slot = mul(b, G), mul(b + s, G), 9
    H = cpds.tag_base(DOMAIN, deed[0], slot)[0]
    tag = mul(b + s, H)
    proof = cpds.dleq_prove("own", G, H, MESSAGE, (b + s) % N, draw("own nonce"))

    def judge(x, slot, tag, m, key, enrolled, shared, c, s):
        P1, H1 = cpds.lift(x), cpds.tag_base(DOMAIN, x, slot)[0]
        cpds.need(key == enrolled, "refused")
        cpds.need(0 < shared < N, "bad-scalar")
        cpds.need(cpds.add(key, mul(shared, G)) == P1, "refused")
        cpds.dleq_verify("own", G, P1, H1, tag, m, c, s)

    def own(what, expected, x=deed[0], slot=slot, tag=tag, m=MESSAGE, key=B, enrolled=B, shared=s, proof=proof):
        case(
            "ownership", what, expected, lambda: judge(x, slot, tag, m, key, enrolled, shared, *proof),
            deedX=u(x, 32), slot=slot, tag=compressed(tag), grantId=m, spendingKey=compressed(key),
            enrolledKey=compressed(enrolled), sharedScalar=u(shared, 32), c=u(proof[0], 32), s=u(proof[1], 32),
        )  # fmt: skip

    own("a patient's deed", "valid")
    own("another patient enrolled", "refused", enrolled=neg(B))
    own("another spending key", "refused", key=mul(7, G), enrolled=mul(7, G))
    own("key and shared scalar that make the negated deed", "refused", key=neg(B), enrolled=neg(B), shared=N - s)
    own("shared scalar off by one", "refused", shared=s + 1)
    own("shared scalar 0", "bad-scalar", shared=0)
    own("shared scalar n + s", "bad-scalar", shared=N)
    own("another slot", "refused", slot=slot + 1)
    own("another grant", "refused", m=OTHER)
    own("tag negated", "refused", tag=neg(tag))
    own("another deed of the same patient", "refused", x=XS[0])
    own("deed with x >= p", "bad-point", x=P)
    own("c = 0", "refused", proof=(0, proof[1]))
    own("s = n", "refused", proof=(proof[0], N))
    ring_of_one = sign([deed[0]], 0, (b + s) % N, slot)
    own("a ring signature of one, as proof", "refused", proof=(num(ring_of_one[1]), num(ring_of_one[2])))

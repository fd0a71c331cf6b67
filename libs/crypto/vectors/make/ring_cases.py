"""Ring signatures (section 5)."""

import cpds
from cases import DOMAIN, HIGH_X, MESSAGE, OTHER, SECRETS, SMALL, XS, case, draw
from cpds import G, N, P, compressed, mul, neg, num, u


def sign(xs, index, secret, slot=7, message=MESSAGE, nonce=None, forced=None):
    """A signature that closes; `forced` fixes answers by place, as values or as functions of that place's challenge."""
    size = len(xs)
    H = cpds.tag_base(DOMAIN, xs[index], slot)[0]
    tag = mul(secret, H)
    nonce = draw(f"nonce {slot} {size} {index}") if nonce is None else nonce
    s, c = [0] * size, [0] * size
    c[(index + 1) % size] = cpds.lsag_next(message, slot, xs, tag, mul(nonce, G), mul(nonce, H))
    for i in ((index + step) % size for step in range(1, size)):
        s[i] = (forced or {}).get(i, draw(f"answer {slot} {i}"))
        s[i] = s[i](c[i]) if callable(s[i]) else s[i]
        c[(i + 1) % size] = cpds.lsag_next(message, slot, xs, tag, *cpds.lsag_links(DOMAIN, slot, xs, tag, i, s[i], c[i]))
    s[index] = (nonce - c[index] * secret) % N
    return [compressed(tag), u(c[0], 32)] + [u(one, 32) for one in s]


def lsag(what, expected, signature, xs, slot=7, message=MESSAGE, tag=None):
    parts = signature if isinstance(signature, bytes) else b"".join(signature)
    tag = parts[:33] if tag is None else tag
    case(
        "lsag", what, expected, lambda: cpds.lsag_verify(DOMAIN, message, slot, xs, tag, parts),
        message=message, slot=slot, ring=[u(x, 32).hex() for x in xs], tag=tag, signature=parts,
    )  # fmt: skip


def swapped(signature, place, value):
    return [value if i == place else part for i, part in enumerate(signature)]


def lsag_cases():
    ring = XS[:3]
    good = sign(ring, 1, SECRETS[1])
    tag = cpds.point(good[0])
    lsag("ring of three", "valid", good, ring)
    for size in (2, 16, 65):
        lsag(f"ring of {size}", "valid", sign(XS[:size], size - 1, SECRETS[size - 1]), XS[:size])
    lsag("ring of one: closes", "bad-ring", sign(XS[:1], 0, SECRETS[0]), XS[:1])
    lsag("ring of none", "bad-ring", good[:2], [])
    for slot in (0, 255):
        lsag(f"slot {slot}", "valid", sign(ring, 0, SECRETS[0], slot), ring, slot)
    slot = max(range(64), key=lambda one: cpds.tag_base(DOMAIN, XS[0], one)[1])
    counter = cpds.tag_base(DOMAIN, XS[0], slot)[1]
    lsag(f"tag base at counter {counter}", "valid", sign(ring, 0, SECRETS[0], slot), ring, slot)
    lsag("another slot", "refused", good, ring, 8)
    lsag("slot of more than a byte", "out-of-range", good, ring, 256)
    lsag("another message", "refused", good, ring, message=OTHER)
    lsag("a message of 31 bytes", "bad-hash", good, ring, message=MESSAGE[:31])

    names = ["tag", "c_0", "s_0", "s_1", "s_2"]
    for place in (1, 2, 3, 4):
        for name, value, expected in (
            ("0", 0, "bad-scalar"),
            ("n - 1", N - 1, "refused"),
            ("n", N, "bad-scalar"),
            ("n + 1", N + 1, "bad-scalar"),
            ("2^256 - 1", 2**256 - 1, "bad-scalar"),
        ):
            lsag(f"{names[place]} = {name}", expected, swapped(good, place, u(value, 32)), ring)
        for by in (1, -1):
            lsag(f"{names[place]} off by {by}", "refused", swapped(good, place, u((num(good[place]) + by) % N, 32)), ring)
    lsag("c_0 negated", "refused", swapped(good, 1, u(N - num(good[1]), 32)), ring)
    lsag("s_0 = 1, chosen so", "valid", sign(ring, 1, SECRETS[1], forced={0: 1}), ring)
    lsag("s_0 = n - 1, chosen so", "valid", sign(ring, 1, SECRETS[1], forced={0: N - 1}), ring)
    lsag("s_0 = 0, chosen so: closes", "bad-scalar", sign(ring, 1, SECRETS[1], forced={0: 0}), ring)
    one_more = swapped(sign(ring, 1, SECRETS[1], forced={0: 1}), 2, u(N + 1, 32))
    lsag("s_0 = 1, spelled n + 1: closes", "bad-scalar", one_more, ring)
    no_l = sign(ring, 1, SECRETS[1], forced={2: lambda c: -c * SECRETS[2] % N})
    lsag("L_2 the identity: closes", "refused", no_l, ring)
    lsag("L_1 and R_1 the identity, nonce 0: closes", "refused", sign(ring, 1, SECRETS[1], nonce=0), ring)

    minus = compressed(neg(tag))
    lsag("tag negated", "refused", swapped(good, 0, minus), ring)
    lsag("tag negated in the statement alone", "refused", good, ring, tag=minus)
    lsag("tag negated in the signature alone", "refused", swapped(good, 0, minus), ring, tag=good[0])
    lsag("tag of another deed", "refused", swapped(good, 0, compressed(mul(SECRETS[0], cpds.tag_base(DOMAIN, XS[0], 7)[0]))), ring)
    lsag("tag of another slot", "refused", swapped(good, 0, sign(ring, 1, SECRETS[1], 8)[0]), ring)
    for what, spelling in (
        ("identity, padded to 33 bytes", bytes(33)),
        ("identity as x = 0", b"\x02" + bytes(32)),
        ("hybrid prefix", bytes([good[0][0] + 4]) + good[0][1:]),
        ("prefix 4", b"\x04" + good[0][1:]),
        ("x >= n", compressed(cpds.lift(HIGH_X))),
        ("x + p in place of x", b"\x02" + u(SMALL[0] + P, 32)),
        ("x off the curve", b"\x02" + u(next(x for x in range(2, 99) if cpds.even_y(x) is None), 32)),
        ("x = 2^256 - 1", b"\x02" + b"\xff" * 32),
    ):
        lsag(f"tag: {what}", "bad-point", swapped(good, 0, spelling), ring)
    lsag("tag uncompressed", "bad-signature", swapped(good, 0, b"\x04" + cpds.xy(tag)), ring, tag=b"\x04" + cpds.xy(tag))

    lsag("keys permuted", "refused", good, [ring[1], ring[0], ring[2]])
    lsag("keys and answers turned by one place", "refused", good[:2] + good[3:] + [good[2]], ring[1:] + ring[:1])
    lsag("one key replaced", "refused", good, [ring[0], ring[1], XS[3]])
    lsag("one key twice: closes", "bad-ring", sign([XS[0], XS[1], XS[0]], 1, SECRETS[1]), [XS[0], XS[1], XS[0]])
    high = [XS[0], HIGH_X]
    lsag("a key with x >= n: closes", "bad-point", sign(high, 0, SECRETS[0]), high)
    for what, x in (("with x >= p", P + 1), ("off the curve", next(x for x in range(2, 99) if cpds.even_y(x) is None))):
        lsag(f"a key {what}", "bad-point", good, [ring[0], ring[1], x])
    lsag("signed with the secret of the odd y", "refused", sign(ring, 1, N - SECRETS[1]), ring)
    lsag("an answer too few", "bad-signature", good[:-1], ring)
    lsag("an answer too many", "bad-signature", good + good[-1:], ring)
    lsag("a byte too many", "bad-signature", good + [b"\x00"], ring)

"""What the modules of edge cases share: the file they fill, its fixed names, and `case`."""

from cpds import G, N, P, Refused, chain_uid, compressed, even_y, hkdf, keccak256, lift, mul, num, tag_domain

CHAIN_UID = chain_uid(7701, keccak256(b"edge cases"))
ACCOUNT = keccak256(b"locked account")[12:]
DOMAIN = tag_domain(CHAIN_UID, ACCOUNT)
MESSAGE = keccak256(b"grant")
OTHER = keccak256(b"another grant")

file = {
    "what": "edge cases of CPDS's own signatures, by make/edge.py; hex; points SEC1 compressed, the identity 00",
    "chainUid": CHAIN_UID.hex(),
    "lockedAccount": ACCOUNT.hex(),
    "tagDomain": DOMAIN.hex(),
}


def draw(name):
    """A fixed scalar."""
    return num(hkdf(b"cpds edge cases", name.encode(), 48)) % N


def hex_of(A):
    return "00" if A is None else compressed(A).hex()


def case(kind, what, expected, judge, **inputs):
    """Adds a case after `judge`, which raises Refused or returns, has come to what is expected."""
    try:
        judge()
        verdict = "valid"
    except Refused as refusal:
        verdict = str(refusal)
    assert verdict == expected, (kind, what, verdict)
    shown = {name: value.hex() if isinstance(value, bytes) else value for name, value in inputs.items()}
    file.setdefault(kind, []).append({"what": what, **shown, "expected": expected})


def at_even_y(secret):
    return secret if mul(secret, G)[1] % 2 == 0 else N - secret


SECRETS = [at_even_y(draw(f"deed {i}")) for i in range(65)]
XS = [mul(secret, G)[0] for secret in SECRETS]
# The first x of the curve from n on, which ecrecover cannot say; and p + 1, another spelling of the x of a point.
HIGH_X = next(x for x in range(N, P) if even_y(x) is not None)
SMALL = lift(1)

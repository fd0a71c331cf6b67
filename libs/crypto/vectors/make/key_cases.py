"""One-time accounts (section 4), the group's signature (RFC 9591), and the registration of a meta-address (ERC-6538)."""

import cpds
from cases import HIGH_X, MESSAGE, OTHER, case, draw, file
from cpds import G, N, compressed, keccak256, mul, need, neg, u


def stealth_cases():
    b, a = draw("stealth spending"), draw("stealth viewing")
    B, A = mul(b, G), mul(a, G)
    meta = cpds.meta_address(B, A)

    def address_case(what, expected, text):
        def judge():
            need(text.startswith("st:eth:0x"), "bad-meta-address")
            digits = text[9:]
            need(len(digits) == 132 and all(one in "0123456789abcdef" for one in digits), "bad-hex")
            cpds.point(bytes.fromhex(digits[:66]))
            cpds.point(bytes.fromhex(digits[66:]))

        case("metaAddress", what, expected, judge, metaAddress=text)

    address_case("a meta-address", "valid", meta)
    address_case("digits in upper case", "bad-hex", meta[:9] + meta[9:].upper())
    address_case("another chain's prefix", "bad-meta-address", meta.replace("eth", "oth"))
    address_case("without a prefix", "bad-meta-address", meta[7:])
    address_case("0x twice", "bad-hex", "st:eth:0x0x" + meta[9:])
    address_case("one key", "bad-hex", meta[:75])
    address_case("one byte more", "bad-hex", meta + "00")
    address_case("a digit that is none", "bad-hex", meta[:-1] + "g")
    address_case("spending key off the curve", "bad-point", meta[:9] + "02" + "00" * 31 + "05" + meta[75:])
    address_case("viewing key with prefix 4", "bad-point", meta[:75] + "04" + meta[77:])

    def key_of(ephemeral):
        return cpds.one_time_key(B, A, ephemeral)

    found = {0: [], 1: []}
    for i in range(12):
        r = draw(f"ephemeral {i}")
        found[key_of(r)[0][1] % 2].append(r)
    even, odd = found[0], found[1]

    def draws(what, expected, ephemerals, taken):
        P1, R, view_tag, _ = key_of(ephemerals[taken])

        def judge():
            need(all(one % N for one in ephemerals[: taken + 1]), "bad-scalar")
            assert all(key_of(one)[0][1] % 2 for one in ephemerals[:taken]) and P1[1] % 2 == 0

        case(
            "deedKey", what, expected, judge, metaAddress=meta, draws=[u(one, 48).hex() for one in ephemerals],
            taken=taken, P=compressed(P1), R=compressed(R), viewTag=view_tag,
        )  # fmt: skip

    draws("first draw even", "valid", even[:1], 0)
    draws("odd, odd, even: drawn again", "valid", odd[:2] + even[1:2], 2)
    draws("a draw above n is reduced", "valid", [even[2] + N], 0)
    draws("a draw of 0", "bad-scalar", [0, even[0]], 1)
    draws("a draw of n", "bad-scalar", [N, even[0]], 1)

    r = odd[2]
    P1, R, view_tag, s = key_of(r)

    def scan(what, expected, key=P1, R=R, view_tag=view_tag, viewing=a, spending=B):
        def judge():
            made = keccak256(compressed(mul(viewing, R)))
            shared = cpds.num(made) % N
            need(made[0] == view_tag and cpds.add(spending, mul(shared, G)) == key, "refused")
            assert mul(b + shared, G) == key and shared == s

        case(
            "scan", what, expected, judge, viewing=u(viewing, 32), spending=u(b, 32), spendingKey=compressed(spending),
            ephemeralKey=compressed(R), viewTag=view_tag, key=compressed(key), sharedScalar=u(s, 32),
        )  # fmt: skip

    scan("one's own", "valid")
    scan("another view tag", "refused", view_tag=view_tag ^ 1)
    scan("key negated", "refused", key=neg(P1))
    scan("ephemeral key negated", "refused", R=neg(R))
    scan("another's viewing key", "refused", viewing=a + 1)
    scan("another's spending key", "refused", spending=neg(B))
    scan("key of another ephemeral, view tag kept", "refused", key=key_of(even[0])[0])


def group_cases():
    x = draw("group secret")
    key = compressed(mul(x, G))
    good = cpds.schnorr_sign(x, MESSAGE, draw("group nonce"))

    def group(what, expected, signature, key=key, digest=MESSAGE):
        case(
            "groupSignature", what, expected, lambda: cpds.schnorr_verify(key, digest, signature),
            key=key, digest=digest, signature=signature,
        )  # fmt: skip

    R, z = good[:33], cpds.num(good[33:])
    minus_r = bytes([R[0] ^ 1]) + R[1:]
    odd = next(k for k in range(2, 99) if mul(k, G)[1] % 2)
    even = next(k for k in range(2, 99) if mul(k, G)[1] % 2 == 0)
    group("a signature", "valid", good)
    group("R with odd y", "valid", cpds.schnorr_sign(x, MESSAGE, odd))
    group("R with even y", "valid", cpds.schnorr_sign(x, MESSAGE, even))
    group("nonce n - 1", "valid", cpds.schnorr_sign(x, MESSAGE, N - 1))
    group("key with the other y", "valid", cpds.schnorr_sign(N - x, MESSAGE, 5), key=compressed(mul(N - x, G)))
    group("digest of zeros", "valid", cpds.schnorr_sign(x, bytes(32), 7), digest=bytes(32))
    group("another digest", "refused", good, digest=OTHER)
    group("another key", "refused", good, key=compressed(neg(mul(x, G))))
    group("R negated", "refused", minus_r + good[33:])
    group("z negated", "refused", R + u(N - z, 32))
    group("R and z negated", "refused", minus_r + u(N - z, 32))
    for name, value in (("0", 0), ("1", 1), ("n - 1", N - 1), ("n", N), ("2^256 - 1", 2**256 - 1)):
        group(f"z = {name}", "refused", R + u(value, 32))
    no_nonce = u(cpds.h2(bytes(33) + key + MESSAGE) * x % N, 32)
    group("R the identity, padded, nonce 0: closes", "refused", bytes(33) + no_nonce)
    group("R with x >= n", "refused", compressed(cpds.lift(HIGH_X)) + good[33:])
    group("R with x >= p", "refused", b"\x02" + u(cpds.P + 1, 32) + good[33:])
    group("R off the curve", "refused", b"\x02" + u(5, 32) + good[33:])
    group("R with hybrid prefix", "refused", bytes([R[0] + 4]) + good[1:])
    group("x of R alone, as BIP-340 has it", "refused", good[1:])
    group("R uncompressed", "refused", b"\x04" + cpds.xy(cpds.point(R)) + good[33:])
    group("a byte too few", "refused", good[:-1])
    group("a byte too many", "refused", good + b"\x00")
    group("key with x >= n", "bad-point", good, key=compressed(cpds.lift(HIGH_X)))
    group("key the identity, padded", "bad-point", good, key=bytes(33))
    group("key uncompressed", "bad-point", good, key=b"\x04" + cpds.xy(mul(x, G)))


def registration_cases():
    """EIP-712 digests of ERC-6538, for a department that is registered on behalf."""
    domain_type = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    entry_type = "Erc6538RegistryEntry(uint256 schemeId,bytes stealthMetaAddress,uint256 nonce)"
    for chain_id, registry in ((1, "0x6538e6bf4b0ebd30a8ea093027ac2422ce5d6538"), (7701, "0x" + "11" * 20)):
        b = draw(f"department {chain_id}")
        meta = cpds.meta_address(mul(b, G), mul(draw(f"department viewing {chain_id}"), G))
        domain = {"name": "ERC6538Registry", "version": "1.0", "chainId": chain_id, "verifyingContract": registry}
        entry = {"schemeId": 1, "stealthMetaAddress": meta[7:], "nonce": 0}
        file.setdefault("registration", []).append(
            {
                "chainId": chain_id,
                "registry": registry,
                "spending": u(b, 32).hex(),
                "metaAddress": meta,
                "registrant": cpds.address(mul(b, G)).hex(),
                "digest": cpds.typed_digest(domain_type, domain, entry_type, entry).hex(),
            }
        )

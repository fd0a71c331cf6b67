"""Verifies a file of the shape of cpds-v1.json with the second implementation: what is deterministic is made again, proofs
are verified, invalid ones refused.

    python3 libs/crypto/vectors/make/verify.py <file>...
"""

import json
import sys

import cpds
from cpds import G, G_BAR, N, Refused, compressed, keccak256, mul, num, point, u

DOMAIN_TYPE = "EIP712Domain(string name,string version,bytes32 salt)"
TYPES = {
    "grant": "Grant(bytes32 nonce,address lockedAccount,bytes32 destinationUid,address mappedDeeds,uint8 slot,bytes tag,"
    "bytes recipientKey,bytes ephemeralKey,bytes1 viewTag,address revoker,bytes32 termsHash,bytes32 sealedKeyHash,"
    "uint64 lockBefore,uint64 mintBefore,uint64 notAfter)",
    "revoke": "Revoke(bytes32 grantId)",
    "giveBack": "GiveBack(bytes32 grantId)",
    "notMapped": "NotMapped(address lockedAccount,bytes32 grantId)",
    "mint": "Mint(address mappedDeeds,bytes32 grantId)",
    "fetch": "Fetch(bytes32 grantId,bytes32 objectId,uint64 from,uint64 to,bytes16 nonce,uint64 expires)",
    "partial": "Partial(bytes32 grantId,uint64 epoch,uint16 index,bytes32 sealedKeyHash,bytes w,uint256 c,uint256 s,"
    "bytes32 lockBlock,bytes32 mintBlock)",
    "answer": "Answer(bytes32 grantId,string action,string verdict)",
}
checked = 0


def same(made, given, what):
    global checked
    checked += 1
    if isinstance(made, bytes):
        made = made.hex()
    if made != given:
        raise SystemExit(f"{what}: {given} is given, {made} is made")


def holds(what, verify, *arguments):
    global checked
    checked += 1
    try:
        verify(*arguments)
    except Refused as refusal:
        raise SystemExit(f"{what}: {refusal}") from None


def b(text):
    return bytes.fromhex(text.removeprefix("0x"))


def rings(v, domain):
    def statement(one):
        compact = b(one["tag"] + one["c0"] + "".join(one["s"]))
        return domain, b(one["message"]), one["slot"], [num(b(x)) for x in one["ring"]], b(one["tag"]), compact

    for one in v["tagBase"]:
        base, counter = cpds.tag_base(domain, num(b(one["x"])), one["slot"])
        same(counter, one["counter"], "tagBase counter")
        same(compressed(base), one["point"], "tagBase point")
        same(compressed(mul(num(b(one["secret"])), base)), one["tag"], "tagBase tag")
    for one in v["lsag"]:
        _, _, slot, xs, _, _ = statement(one)
        same(cpds.ring_hash(slot, tuple(xs)), one["ringHash"], "ringHash")
        secret, x = num(b(one["secret"])), xs[one["secretIndex"]]
        same(mul(secret, G)[0], x, "ring secret")
        same(compressed(mul(secret, cpds.tag_base(domain, x, slot)[0])), one["tag"], "ring tag")
        holds(f"ring of {len(xs)}", cpds.lsag_verify, *statement(one))
    for one in v["lsagInvalid"]:
        try:
            cpds.lsag_verify(*statement(one))
        except Refused:
            same(True, True, one["why"])
        else:
            raise SystemExit(f"accepted: {one['why']}")


def accounts(v):
    for one in v["stealth"]:
        spending, viewing, r = (num(b(one[name])) for name in ("spending", "viewing", "ephemeral"))
        B, A = mul(spending, G), mul(viewing, G)
        key, R, view_tag, s = cpds.one_time_key(B, A, r)
        same(cpds.meta_address(B, A), one["meta"], "meta-address")
        same(compressed(R), one["R"], "R")
        same(compressed(key), one["P"], "P")
        same(view_tag, one["viewTag"], "view tag")
        same(cpds.address(key), one["address"], "address")
        same(u((spending + s) % N, 32), one["secret"], "one-time secret")
        if one["deedKey"]:
            same(key[1] % 2 == 0 and key[0] < N, True, "deed key")


def digests(v, g):
    home, typed, grant_id = "0x" + v["chainUid"], g["typed"], g["grantId"]
    first = g["partials"][0]

    def digest(kind, salt, message):
        return cpds.typed_digest(DOMAIN_TYPE, {"name": "CPDS", "version": "1", "salt": salt}, TYPES[kind], message)

    same(digest("grant", home, typed), grant_id, "grantId")
    without = digest("grant", home, {**typed, "sealedKeyHash": "00" * 32})
    same(without, g["digestWithoutKey"], "digest without key")
    fetch = {"objectId": "11" * 32, "from": 0, "to": 1048575, "nonce": "22" * 16, "expires": 1800000060}
    partial = {"epoch": g["epoch"], "index": first["i"], "sealedKeyHash": typed["sealedKeyHash"], "w": first["W"]}
    partial |= {"c": "0x" + first["c"], "s": "0x" + first["s"], "lockBlock": "33" * 32, "mintBlock": "44" * 32}
    hub = g["hubUid"]
    for kind, salt, message in (
        ("revoke", home, {}),
        ("giveBack", home, {}),
        ("notMapped", home, {"lockedAccount": typed["lockedAccount"]}),
        ("fetch", home, fetch),
        ("mint", typed["destinationUid"], {"mappedDeeds": typed["mappedDeeds"]}),
        ("partial", hub, partial),
        ("answer", hub, {"action": "release", "verdict": "revoked"}),
    ):
        same(digest(kind, salt, {"grantId": grant_id, **message}), g["digests"][kind], f"digest of {kind}")
    return without


def capsule(v, g, domain):
    typed, Q, Y, q, r = g["typed"], point(b(g["typed"]["recipientKey"])), point(b(g["Y"])), num(b(g["q"])), num(b(g["r"]))
    grant_id, data, label, file_key = b(g["grantId"]), b(g["capsule"]), b(g["label"]), b(g["fileKey"])
    without = digests(v, g)
    same(keccak256(b"cpds/v1/key", b(g["attemptId"])), g["keyId"], "keyId")
    same(keccak256(b"cpds/v1/label", without, b(g["keyId"]), cpds.xy(Y)), g["label"], "label")
    same("0x" + cpds.sha256(b(g["termsSalt"]), g["terms"].encode()).hex(), typed["termsHash"], "termsHash")
    same("0x" + cpds.address(mul(num(b(g["revokerSecret"])), G)).hex(), typed["revoker"], "revoker")
    same(compressed(mul(q, G)).hex(), typed["recipientKey"].removeprefix("0x"), "Q")
    same(cpds.address(Q), g["recipient"], "recipient")
    C, C_bar = mul(r, G), mul(r, G_BAR)
    wrapped = cpds.aead_seal(cpds.capsule_key(mul(r, Y), mul(r, Q), label, C), file_key)
    same(compressed(C) + compressed(C_bar), g["capsule"][:132], "C and C̄")
    same(wrapped, g["capsule"][260:], "wrapped")
    holds("capsule", cpds.capsule_verify, data, label)
    same("0x" + keccak256(data).hex(), typed["sealedKeyHash"], "sealedKeyHash")

    own, opening = g["ownershipProof"], g["openProof"]
    deed, secret = point(b(own["deedKey"])), num(b(own["secret"]))
    H, tag = cpds.tag_base(domain, deed[0], typed["slot"])[0], point(b(typed["tag"]))
    same(compressed(mul(secret, G)) + compressed(mul(secret, H)), own["deedKey"] + typed["tag"][2:], "deed and tag")
    holds("ownership proof", cpds.dleq_verify, "own", G, deed, H, tag, grant_id, num(b(own["c"])), num(b(own["s"])))
    q_bar = point(b(opening["Qbar"]))
    holds("proof of q", cpds.dleq_verify, "open", G, Q, G_BAR, q_bar, grant_id, num(b(opening["c"])), num(b(opening["s"])))

    base, W, indices = cpds.recoverable(cpds.add(C, Q)), None, [one["i"] for one in g["partials"]]
    for i, share in g["shares"].items():
        same(compressed(mul(num(b(share)), G)), g["verificationShares"][i], f"Y_{i}")
    for one in g["partials"]:
        message = cpds.part_message(grant_id, g["epoch"], one["i"], keccak256(data))
        Wi, Yi = point(b(one["W"])), point(b(g["verificationShares"][str(one["i"])]))
        holds(f"partial {one['i']}", cpds.dleq_verify, "part", G, Yi, base, Wi, message, num(b(one["c"])), num(b(one["s"])))
        same(compressed(mul(num(b(g["shares"][str(one["i"])])), base)), one["W"], f"W_{one['i']}")
        W = cpds.add(W, mul(cpds.lagrange(one["i"], indices), Wi))
    K = cpds.add(W, cpds.neg(mul(q, Y)))
    same(cpds.aead_open(cpds.capsule_key(K, mul(q, C), label, C), wrapped), g["fileKey"], "file key")


def reshare(v):
    g, of = v["grant"], v["reshare"]
    for dealer in of["dealers"]:
        same(of["polynomials"][str(dealer)][0], g["shares"][str(dealer)], f"what {dealer} deals")
    for j, share in of["newShares"].items():
        dealt = {i: sum(num(b(a)) * int(j) ** k for k, a in enumerate(of["polynomials"][str(i)])) for i in of["dealers"]}
        same(u(sum(cpds.lagrange(i, of["dealers"]) * dealt[i] for i in of["dealers"]) % N, 32), share, f"new share {j}")
    some = [int(j) for j in of["newShares"]][: of["threshold"]]
    secret = sum(cpds.lagrange(j, some) * num(b(of["newShares"][str(j)])) for j in some) % N
    same(compressed(mul(secret, G)), of["Y"], "Y after the reshare")
    same(of["Y"], g["Y"], "Y unchanged")


def verify(v):
    uid = cpds.chain_uid(v["chainId"], b(v["genesisHash"]))
    domain = cpds.tag_domain(uid, b(v["lockedAccount"]))
    same(uid, v["chainUid"], "chainUid")
    same(domain, v["tagDomain"], "tagDomain")
    same(compressed(G_BAR), v["Gbar"], "Ḡ")
    rings(v, domain)
    for one in v["dleq"]:
        points = [point(b(one[name])) for name in "AXBZ"]
        same(compressed(mul(num(b(one["witness"])), points[0])), one["X"], "X")
        proof = num(b(one["c"])), num(b(one["s"]))
        holds(f"DLEQ {one['use']}", cpds.dleq_verify, one["use"], *points, b(one["message"]), *proof)
    accounts(v)
    capsule(v, v["grant"], domain)
    reshare(v)
    one = v["commitment"]
    key_commit = cpds.hkdf(b(one["fileKey"]), b"cpds/v1/key-commit", 32)
    same(key_commit, one["keyCommit"], "keyCommit")
    # metadata is given in its RFC 8785 form
    parts = b(one["payloadSha256"]), key_commit, cpds.sha256(one["metadata"].encode()), b(one["salt"])
    same(cpds.sha256(b"cpds/v1/record", *parts), one["commitment"], "commitment")


for path in sys.argv[1:]:
    checked = 0
    with open(path, encoding="utf8") as file:
        verify(json.load(file))
    print(f"{path}: {checked} values made or verified")

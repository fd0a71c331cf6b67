"""Edge cases of this project's own signatures, in the manner of BIP-340's: writes ../cpds-edge-v1.json, or checks it.

    python3 libs/crypto/vectors/make/edge.py [--check]

Each case says what it is and what becomes of it: `valid`, `refused` (the verifier says no), or the code with which malformed
input is refused. Each is judged by cpds.py before it is written, so file and judge cannot drift apart. Everything follows
from fixed seeds. "closes" marks what a verifier that forgets the named check would take.
"""

import json
import pathlib
import sys

import cases
from capsule_cases import capsule_cases
from dleq_cases import dleq_cases, ownership_cases
from key_cases import group_cases, registration_cases, stealth_cases
from ring_cases import lsag_cases

TARGET = pathlib.Path(__file__).resolve().parent.parent / "cpds-edge-v1.json"

for fill in (lsag_cases, dleq_cases, ownership_cases, capsule_cases, stealth_cases, group_cases, registration_cases):
    fill()

head = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in cases.file.items() if isinstance(value, str)]
lists = {name: value for name, value in cases.file.items() if not isinstance(value, str)}
body = [
    f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in of) + "\n]"
    for name, of in lists.items()
]
text = "{\n" + ",\n".join(head + body) + "\n}\n"
counts = f"{sum(map(len, lists.values()))} cases: {', '.join(f'{name} {len(of)}' for name, of in lists.items())}"

if sys.argv[1:] == ["--check"]:
    if TARGET.read_text(encoding="utf8") != text:
        sys.exit(f"{TARGET.name} is not what edge.py makes")
    print(f"{TARGET.name} is as made, {counts}")
else:
    TARGET.write_text(text, encoding="utf8")
    print(f"{TARGET.name} written, {counts}")

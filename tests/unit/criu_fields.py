#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbers in src/criu/fields.h are those of rpc.proto, where CRIU's package has installed it (TAP)."""

import re
import sys
from pathlib import Path

PROTO = Path("/usr/include/criu/rpc.proto")
NEWER = {"CRIU_NETWORK_LOCK_METHOD_SKIP"}  # since 3.19
# An enumeration of ours, and the message or the enumeration of theirs.
NAMES = {"criu_request_type": "criu_req_type"}


def theirs(text: str) -> dict:
    """{"criu_req": {"TYPE": 1, ...}, ...}"""
    text = re.sub(r"/\*.*?\*/", "", re.sub(r"//.*", "", text), flags=re.S)
    blocks = re.findall(r"(?:message|enum)\s+(\w+)\s*\{(.*?)\}", text, re.S)
    return {name: {n.upper(): int(v) for n, v in re.findall(r"(\w+)\s*=\s*(\d+)\s*(?:\[[^]]*\]\s*)?;", body)} for name, body in blocks}


def ours(text: str):
    """(enumeration, prefix, name, number)"""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for enum, body in re.findall(r"enum (\w+)\s*\{(.*?)\}", text, re.S):
        block = NAMES.get(enum, enum.removesuffix("_field"))
        for name, number in re.findall(r"(\w+) = (\d+)", body):
            yield block, name, int(number)


def main() -> int:
    if not PROTO.is_file():
        print(f"1..0 # SKIP {PROTO} is missing (Debian: package criu or libcriu-dev)")
        return 0
    blocks = theirs(PROTO.read_text())
    fields = list(ours(Path(sys.argv[1]).read_text()))
    wrong = []
    for block, name, number in fields:
        short = name.removeprefix(block.upper() + "_")
        found = blocks.get(block, {}).get(short)
        if found != number and not (found is None and name in NEWER):
            wrong.append(f"# {name} is {number}, but {block}.{short.lower()} is {found}")
    assert len(fields) > 50
    print("1..1", *wrong, ("not " if wrong else "") + f"ok 1 - {len(fields)} numbers are those of {PROTO}", sep="\n")
    return 0


sys.exit(main())

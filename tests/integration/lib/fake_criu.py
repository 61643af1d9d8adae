#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A criu that does nothing: `fake_criu.py swrk FD`, for what crun asks of criu and does about its answers.

It reads messages by rpc.proto as criu's package has installed it, and not by our code. FAKE_CRIU is a directory: the request
goes there as JSON (request.json), and `do` has one word: succeed, fail, refuse (fails without a log), vanish, nonsense, sleep (until it is left alone).
"""

import json
import os
import re
import socket
import sys

PROTO = "/usr/include/criu/rpc.proto"
PLACE = os.environ.get("FAKE_CRIU", "/nonexistent")


def definitions() -> tuple:
    text = re.sub(r"/\*.*?\*/", "", re.sub(r"//.*", "", open(PROTO).read()), flags=re.S)
    messages = {}
    for name, body in re.findall(r"message\s+(\w+)\s*\{(.*?)\}", text, re.S):
        messages[name] = {int(n): (f, t, label == "repeated")
                          for label, t, f, n in re.findall(r"(optional|required|repeated)\s+(\w+)\s+(\w+)\s*=\s*(\d+)", body)}
    enums = {name: {int(v): n for n, v in re.findall(r"(\w+)\s*=\s*(\d+)", body)} for name, body in re.findall(r"enum\s+(\w+)\s*\{(.*?)\}", text, re.S)}
    return messages, enums


def varint(data: bytes, at: int) -> tuple:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 128:
            return value, at


def decode(data: bytes, message: str, messages: dict, enums: dict) -> dict:
    result, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        name, kind, repeated = messages[message].get(tag >> 3, (f"unknown_{tag >> 3}", "?", True))
        if tag & 7 == 2:
            size, at = varint(data, at)
            value = data[at:at + size]
            assert len(value) == size
            at += size
            value = decode(value, kind, messages, enums) if kind in messages else value.decode()
        else:
            assert tag & 7 == 0, f"wire type {tag & 7}"
            value, at = varint(data, at)
            value = enums[kind][value] if kind in enums else bool(value) if kind == "bool" else value
        if repeated:
            result.setdefault(name, []).append(value)
        else:
            assert name not in result, f"{name} twice"
            result[name] = value
    return result


def encode(*fields) -> bytes:
    """(number, integer or bytes), all below 128 resp. 128 bytes."""
    return b"".join(bytes([n << 3, v]) if isinstance(v, int) else bytes([n << 3 | 2, len(v)]) + v for n, v in fields)


def main() -> None:
    fd = int(sys.argv[2])
    s = socket.socket(fileno=fd)
    messages, enums = definitions()
    request = decode(s.recv(1 << 20), "criu_req", messages, enums)
    opts = request["opts"]
    request["open"] = sorted(int(n) for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}"))
    request["images"] = os.readlink(f"/proc/self/fd/{opts['images_dir_fd']}")
    request["work"] = os.readlink(f"/proc/self/fd/{opts['work_dir_fd']}")
    with open(f"{PLACE}/request.json", "w") as f:
        json.dump(request, f)
    what = open(f"{PLACE}/do").read().strip()
    number = {n: v for v, n in enums["criu_req_type"].items()}[request["type"]]
    if what == "vanish":
        sys.exit(1)
    if what == "nonsense":
        s.send(b"\xff\xff\xff")
        return
    if what == "sleep":
        s.recv(1)  # until the other end is closed
        sys.exit(1)
    if what in ("ready", "succeed"):
        for stage in (b"network-lock", b"status-ready") if opts.get("lazy_pages") else (b"network-lock",):
            s.send(encode((1, 6), (2, 1), (5, encode((1, stage)))))
            answer = decode(s.recv(1 << 16), "criu_req", messages, enums)
            assert answer == {"type": "NOTIFY", "notify_success": True}, answer
    if what == "fail":
        log = os.open(opts["log_file"], os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600, dir_fd=opts["work_dir_fd"])
        with open(log, "w") as f:
            f.write("(00.000001) Version: 4.2\n(00.000100) Error (criu/early.c:1): got over it\n" + "(00.1) noise\n" * 5000 +
                    "(00.2) Error (criu/one.c:10): the first\n(00.3) Warn  (criu/x.c:3): careful\n"
                    "(00.4) Error (criu/two.c:20): the second \"quoted\"\n(00.5) Error (criu/three.c:30): the third\n"
                    "(00.6) Error (criu/cr-dump.c:2111): Dumping FAILED.\n")
    ok = what in ("succeed", "ready")
    s.send(encode((1, number), (2, int(ok)), *([] if ok else [(7, 17)])))


main()

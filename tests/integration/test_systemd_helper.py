# SPDX-License-Identifier: GPL-2.0-or-later
"""crun-systemd dies, babbles or goes away (a stand-in beside the program): an error in bounded time, and nothing is left. One that hangs
is in tests/unit/systemd.c, for its time is long; the real one's faults are in tests/security/faults.py --systemd."""

import shutil
import time

import pytest

from lib.runtime import call

pytestmark = [pytest.mark.ours, pytest.mark.root("an ordinary user has no system manager")]

STAND_IN = """#!/usr/bin/python3
import os, socket, sys, time
s = socket.socket(fileno=0)
request = s.recv(1 << 18).split(b"\\0")
open({diary!r}, "ab").write(request[0] + b"\\n")
{acts}
"""
# What it does with its first request: (acts, words of the message).
HELPERS = {
    "dies": ("sys.exit(1)", "ended without an answer"),
    "is killed": ("os.kill(os.getpid(), 9)", "ended without an answer"),
    "closes and stays": ("s.close(); time.sleep(1000)", "ended without an answer"),
    "half an answer": ("s.send(b'0'); time.sleep(1000)", "no answer"),
    "a text cut off": ("s.send(b'0\\0/x.scope'); time.sleep(1000)", "no answer"),
    "babble": ("s.send(os.urandom(500)); s.recv(9)", "no answer"),
    "too much": ("s.send(b'0\\0/' + b'x' * 9000 + b'\\0'); s.recv(9)", "no answer"),
    "the root": ("s.send(b'0\\0/\\0'); s.recv(9)", 'is said to be "/"'),
    "above": ("s.send(b'0\\0/../..\\0'); s.recv(9)", 'is said to be "/../.."'),
    "refuses": ("s.send(b'-5\\0systemd: no\\0'); s.recv(9)", "systemd: no"),
}


@pytest.mark.parametrize("name", HELPERS)
def test_start(bundle, rt, here, name):
    acts, words = HELPERS[name]
    helper, diary = here.dir / "crun-systemd", here.dir / "diary"
    helper.write_text(STAND_IN.format(diary=str(diary), acts=acts))
    helper.chmod(0o755)
    shutil.copy(rt.program.path, here.dir / "crun")
    c = bundle(args=["echo", "inside"], cgroup=False)
    begin = time.monotonic()
    r = call([here.dir / "crun", "--root", rt.root, "--systemd-cgroup", "run", "--bundle", c.path, c.id])
    rt.fails(r, words)
    assert diary.read_text().split()[0] == "start" and "inside" not in r.stdout
    assert time.monotonic() - begin < 60
    assert rt("state", c.id).returncode != 0, "its state is left"

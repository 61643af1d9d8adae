# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of limits of both cgroup versions share: processes that use something up at a word, and update by a document."""

import json
from pathlib import Path

M = 1 << 20
WAIT = "while [ ! -e /dev/shm/go ]; do sleep 0.05; done; "
HUNGRY = ["/bin/sh", "-c", f"echo ready; {WAIT}probe allocate {64 * M}; echo status $?; exec sleep 1000"]


def go(rt, c):
    """The word for WAIT."""
    Path(f"/proc/{rt.pid(c)}/root/dev/shm/go").touch()


def document(rt, c, resources, check=True):
    r = rt("update", "--resources", "-", c.id, input=json.dumps(resources))
    assert not check or (r.returncode, r.stdout, r.stderr) == (0, "", ""), str(r)
    return r


def limited(running, rt, args, when, limit, before):
    """A container that has LIMIT: from the start, or by an update instead of BEFORE; told to go on."""
    c = running(args, resources=limit if when == "start" else before)
    if when == "update":
        document(rt, c, limit)
    go(rt, c)
    return c


def out_of_memory(running, rt, when):
    """A container, one process of which was killed for want of memory; it runs on."""
    c = limited(running, rt, HUNGRY, when, {"memory": {"limit": 16 * M, "swap": 16 * M}}, {"memory": {"limit": 256 * M, "swap": 256 * M}})
    rt.wait_output(c, "status 137", 60)
    assert rt.status(c) == "running"
    return c

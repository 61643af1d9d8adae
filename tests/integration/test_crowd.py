# SPDX-License-Identifier: GPL-2.0-or-later
"""Many processes that do different things with one id at once. Nobody has to succeed; but each comes to an end and says what was wrong,
and what is left afterwards is one container, or none, that a delete removes."""

import random
import threading
import time

import pytest

from lib import processes
from lib.runtime import call

pytestmark = [pytest.mark.slow, pytest.mark.ours]

CROWD, SECONDS = 6, 2
VERBS = [("create", "--bundle", "@bundle", "@id")] * 3 + [
    ("start", "@id"), ("start", "@id"), ("state", "@id"), ("list",), ("ps", "@id"), ("exec", "@id", "/bin/true"), ("exec", "@id", "/bin/true"), ("pause", "@id"),
    ("resume", "@id"), ("update", "--pids-limit", "50", "@id"), ("kill", "@id", "KILL"), ("kill", "--all", "@id", "KILL"), ("delete", "@id"),
    ("delete", "--force", "@id"), ("run", "--detach", "--bundle", "@bundle", "@id")]


def complaint(result):
    """What is wrong with the end of a command, or None."""
    if result.returncode < 0:
        return f"died of signal {-result.returncode}"
    if result.returncode > 1 and result.argv[3] != "exec":
        return f"status {result.returncode}"
    if result.returncode == 1 and not result.stderr.strip():
        return "no message"
    return None


def test_crowd(bundle, rt, here):
    c = bundle(args=["/bin/probe", "sleep"])
    rt._remember(c, None)
    wrong, done, succeeded = [], [], set()
    end = time.monotonic() + SECONDS * max(1, processes.PATIENCE / 3)

    def work(number):
        words, place = random.Random(number), here.dir / f"crowd-{number}"
        place.mkdir()
        while time.monotonic() < end and not wrong:
            verb = [{"@id": c.id, "@bundle": c.path}.get(w, w) for w in words.choice(VERBS)]
            try:
                r = call([rt.program.path, "--root", rt.root, *verb], files=place, timeout=60)
            except AssertionError as e:  # no end
                wrong.append(str(e))
                return
            done.append(verb[0])
            if r.returncode == 0:
                succeeded.add(verb[0])
            if complaint(r):
                wrong.append(f"{complaint(r)}: {r}")

    with processes.reaping():
        crowd = [threading.Thread(target=work, args=(i,)) for i in range(CROWD)]
        for t in crowd:
            t.start()
        for t in crowd:
            t.join()
        assert not wrong, "\n".join(wrong)
        rt("delete", "--force", c.id, check=True)
    assert rt("list", "--quiet").stdout.strip() == ""
    assert len(done) > CROWD and {"create", "delete"} <= succeeded, (len(done), succeeded)

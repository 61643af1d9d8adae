# SPDX-License-Identifier: GPL-2.0-or-later
"""What a caller has open stays with the caller, on every command: neither a container nor a hook nor a helper gets it."""

import os
import subprocess

import pytest

from lib import processes
from lib.bundle import PATH, bind
from lib.runtime import environment

MANY = 50
HOOKS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
OPEN = "for f in /proc/self/fd/*; do readlink $f; done; true"  # the shell's look at the directory is over by then


@pytest.fixture
def caller(here):
    """How to call with fifty descriptors open, from 3 up and high ones, which a program that is executed gets."""
    (here.dir / "secret").write_text("")
    (here.dir / "secret").chmod(0o666)

    def before():
        for n in [*range(3, 3 + MANY), 1000]:
            os.dup2(fd, n)
        os.set_inheritable(fd, True)
    fd = os.open(here.dir / "secret", os.O_RDWR)
    yield {"preexec_fn": before, "close_fds": False}
    os.close(fd)


def test_the_test_sees_them(caller):
    r = subprocess.run(["sh", "-c", OPEN], capture_output=True, text=True, check=False, **caller)
    assert r.stdout.count("secret") == MANY + 1


@pytest.fixture
def diary(here):
    """Hooks that write down what they have open, and a look at what they wrote."""
    d = here.dir / "diary"
    d.mkdir()
    d.chmod(0o777)

    def entry(name):
        to = "/diary" if name == "startContainer" else d
        return {"path": "/bin/sh", "args": ["sh", "-c", f"cat > /dev/null; ({OPEN}) > {to}/{name}"], "env": [PATH]}

    def look(names):
        assert sorted(os.listdir(d)) == sorted(names)
        for n in names:
            text = (d / n).read_text()
            assert text.count("\n") == 3, (n, text)
    return {n: [entry(n)] for n in HOOKS}, bind(d, "/diary"), look


def beyond(text):
    """What there is beside the three standard streams."""
    return text.splitlines()[3:]


def test_run(bundle, rt, caller, diary):
    hooks, mount, look = diary
    r = rt.run(bundle(args=["sh", "-c", OPEN], hooks=hooks, mounts=[mount], copy=True), **caller)
    assert r.returncode == 0 and beyond(r.stdout) == [], str(r)
    look(HOOKS)


def test_create_start_delete(bundle, rt, caller, diary):
    hooks, mount, look = diary
    c = bundle(args=["sh", "-c", OPEN + "; exec sleep 1000"], hooks=hooks, mounts=[mount], copy=True)
    rt.create(c, **caller)
    pid = rt.pid(c)
    own = [os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")]
    assert not [l for l in own if "secret" in l], own
    look(HOOKS[:3])
    rt.start(c, **caller)
    processes.until(lambda: rt.output(c).count("\n") >= 3, lambda: rt.output(c))
    assert beyond(rt.output(c)) == []
    look(HOOKS[:5])
    rt.delete(c, "--force", **caller)
    look(HOOKS)


def test_exec(running, rt, caller):
    c = running()
    r = rt("exec", c.id, "sh", "-c", OPEN, **caller)
    assert r.returncode == 0 and beyond(r.stdout) == [], str(r)


@pytest.mark.differs(crun="wants a terminal on standard input", runc="wants a terminal on standard input")
def test_exec_with_a_terminal(running, rt, caller):
    r = rt("exec", "--tty", running().id, "sh", "-c", OPEN, **caller)
    assert r.returncode == 0 and len(r.lines) == 3 and all(l.startswith("/dev/pts/") for l in r.lines), str(r)


@pytest.mark.parametrize("listen", [False, True])
def test_only_what_is_asked_for(running, bundle, rt, caller, listen):
    """--preserve-fds 2 or LISTEN_FDS=2: 3 and 4."""
    options, env = ([], environment(LISTEN_FDS="2")) if listen else (["--preserve-fds", "2"], environment())
    if listen and not rt.ours:
        pytest.skip("a peer wants LISTEN_PID")
    for r in (rt("exec", *options, running().id, "sh", "-c", OPEN, env=env, **caller),
              rt.run(bundle(args=["sh", "-c", OPEN]), *options, env=env, **caller)):
        assert r.returncode == 0 and ["secret" in l for l in beyond(r.stdout)] == [True, True], str(r)


@pytest.mark.parametrize("words", [["ps"], ["ps", "--format", "json"], ["state"], ["events", "--stats"], ["pause"], ["resume"], ["update", "--pids-limit", "50"],
                                   ["kill"], ["list"], ["features"]], ids=" ".join)
def test_other_commands(running, rt, caller, words):
    """They work, and the container's process has no more open than before."""
    c = running()
    pid = rt.pid(c)
    if words[0] == "resume":
        rt("pause", c.id, check=True)
    before = os.listdir(f"/proc/{pid}/fd")
    id = [c.id] if words[0] not in ("list", "features") else []
    r = rt(*words, *id, *(["0"] if words[0] == "kill" else []), **caller)
    if words[0] == "update" and r.returncode != 0 and "pids" in r.stderr:
        pytest.skip("no controller for pids")
    assert r.returncode == 0, str(r)
    assert os.listdir(f"/proc/{pid}/fd") == before
    rt("resume", c.id)

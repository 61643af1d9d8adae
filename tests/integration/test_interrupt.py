# SPDX-License-Identifier: GPL-2.0-or-later
"""Signals to a foreground run or exec before the process executes its program, and callers who ignore or block them."""

import contextlib
import os
import signal
import socket
import time

import pytest

from lib import processes
from lib.runtime import finish

pytestmark = pytest.mark.ours
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
HOOKS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart"]


@pytest.fixture
def hanging(bundle, rt, here):
    """A run in the foreground whose hook hangs, or another launch."""
    def make(name, words=("run",), **how):
        says = here.dir / "says"
        script = f"echo up > {'/says' if name == 'startContainer' else says}/up; sleep 1000; true"
        says.mkdir()
        mounts = [{"destination": "/says", "type": "bind", "source": str(says), "options": ["bind"]}]
        c = bundle(args=["/bin/probe", "sleep"], copy=True, mounts=mounts,
                   hooks={name: [{"path": "/bin/sh", "args": ["sh", "-c", script]}]})
        p = rt.popen(*words, "--bundle", c.path, c.id, **how)
        processes.until((says / "up").exists, "the hook has not come up")
        return c, p
    return make


def ended(rt, c, p, number):
    """It ended by the signal (0: an INT that was sent before), and the container is gone. (That nothing else is left the fixture `here` sees.)"""
    r = finish(p, send=number, timeout=20)
    number = number or signal.SIGINT
    assert r.returncode in (-number, 128 + number), str(r)
    rt.fails(rt("state", c.id), "does not exist")
    processes.until(lambda: processes.strays() == {}, lambda: f"the hook's: {processes.strays()}")


@pytest.mark.parametrize("name", HOOKS)
def test_hanging_hook(hanging, rt, name):
    c, p = hanging(name)
    ended(rt, c, p, signal.SIGINT)


@pytest.mark.parametrize("number", ENDING)
def test_signals_that_end_a_launch(hanging, rt, number):
    c, p = hanging("createRuntime")
    ended(rt, c, p, number)


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("words", [["create"], ["run", "--detach"]], ids=" ".join)
def test_signals_that_end_others(hanging, rt, words, number):
    """What does not stay in the foreground is undone as well."""
    c, p = hanging("createRuntime", words)
    ended(rt, c, p, number)


@pytest.mark.parametrize("words", [["run"], ["create"], ["run", "--detach"]], ids=" ".join)
@pytest.mark.parametrize("option", ["--pidfd-socket", "--console-socket"])
def test_waiting_for_a_full_socket(bundle, rt, here, words, option):
    """Nobody accepts on it; a signal does not wait for the five seconds after which that is an error."""
    if (words, option) == (["run"], "--console-socket"):
        pytest.skip("the foreground has no console socket")
    c = bundle(args=["/bin/probe", "sleep"], process={"terminal": option == "--console-socket"})
    path = str(here.dir / "full")
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as full:
        listener.bind(path)
        listener.listen(0)
        for _ in range(2):
            s = full.enter_context(socket.socket(socket.AF_UNIX))
            s.setblocking(False)
            s.connect_ex(path)
        p = rt.popen(*words, "--bundle", c.path, option, path, c.id)
        wait = "/proc/%d/wchan" % p.pid
        processes.until(lambda: "unix_wait" in open(wait).read(), lambda: "it does not connect: " + open(wait).read())
        began = time.monotonic()
        ended(rt, c, p, signal.SIGTERM)
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("words", [["create"], ["run", "--detach"]], ids=" ".join)
def test_signals_from_the_keyboard(hanging, rt, words):
    """To the whole group, in which hooks are not."""
    c, p = hanging("prestart", words, start_new_session=True)
    assert os.getpgid(p.pid) == p.pid
    os.killpg(p.pid, signal.SIGINT)
    ended(rt, c, p, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ignored_signals_do_not(hanging, rt, number):
    c, p = hanging("createRuntime", preexec_fn=lambda: signal.signal(number, signal.SIG_IGN))
    p.send_signal(number)
    p.send_signal(signal.SIGWINCH)
    with pytest.raises(AssertionError):
        processes.until(lambda: p.poll() is not None, "it still runs", 0.5)
    ended(rt, c, p, signal.SIGTERM)


def test_waiting_exec(running, rt):
    """It waits in a paused container."""
    c = running()
    rt("pause", c.id, check=True)
    p = rt.popen("exec", "--ignore-paused", c.id, "true")
    processes.until(lambda: len(rt.ps(c)) > 1 or processes.children(p.pid), "it does not wait")
    r = finish(p, send=signal.SIGINT, timeout=20)
    assert r.returncode in (-signal.SIGINT, 128 + signal.SIGINT), str(r)
    assert rt.status(c) == "paused"
    rt("resume", c.id, check=True)
    processes.until(lambda: len(rt.ps(c)) == 1, lambda: f"still there: {rt.ps(c)}")


# callers who ignore or block signals

def _ignore(*numbers):
    def before():
        for n in numbers:
            signal.signal(n, signal.SIG_IGN)
    return before


CALLERS = {
    "nohup": {"preexec_fn": _ignore(signal.SIGHUP)},
    "background job": {"preexec_fn": _ignore(signal.SIGINT, signal.SIGQUIT)},
    "ignores SIGCHLD": {"preexec_fn": _ignore(signal.SIGCHLD)},
    "ignores all of them": {"preexec_fn": _ignore(signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)},
    "blocks everything": {"preexec_fn": lambda: signal.pthread_sigmask(signal.SIG_SETMASK, range(1, 65))},
    "setsid": {"start_new_session": True},
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("terminal", [False, True])
def test_callers_of_run(bundle, rt, caller, terminal):
    hooks = {n: [{"path": "/bin/true"}] for n in HOOKS}
    c = bundle(args=["sh", "-c", "echo hello; exit 5"], hooks=hooks, process={"terminal": terminal})
    r = rt.run(c, timeout=20, **CALLERS[caller])
    assert (r.returncode, r.stdout.strip()) == (5, "hello"), str(r)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("options", [[], ["--tty"]])
def test_callers_of_exec(running, rt, caller, options):
    r = rt("exec", *options, running().id, "sh", "-c", "echo hello; exit 5", timeout=20, **CALLERS[caller])
    assert (r.returncode, r.stdout.strip()) == (5, "hello"), str(r)


def test_hangup_under_nohup(bundle, rt):
    """It neither ends the run nor reaches the container; TERM does."""
    p = rt.start_foreground(bundle(args=["/bin/probe", "signals"]), **CALLERS["nohup"])
    assert p.stdout.readline() == b"ready\n"
    p.send_signal(signal.SIGHUP)
    p.send_signal(signal.SIGUSR1)
    assert int(p.stdout.readline()) == signal.SIGUSR1
    assert finish(p, send=signal.SIGTERM, timeout=20).returncode == 7

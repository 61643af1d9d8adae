# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody at a terminal: run and exec with one in the foreground; and bytes in bulk, which must all arrive."""

import hashlib
import os
import select
import signal
import socket
import subprocess
import threading
import time

import pytest

from lib import processes
from lib.bundle import bind
from lib.runtime import finish
from lib.terminal import Terminal

pytestmark = pytest.mark.ours
MEGABYTES = int(os.environ.get("CRUN_TEST_STREAM", "100"))


@pytest.fixture
def terminal():
    t = Terminal()
    yield t
    t.close()


@pytest.fixture(params=["run", "exec"])
def at(request, rt, bundle, running, terminal):
    """at(script): a shell in a container in the foreground of the terminal; the container."""
    def start(script, streams=None, **changes):
        if request.param == "run":
            c = bundle(args=["sh", "-c", script], process={"terminal": True}, **changes)
            rt._remember(c, None)
            words = rt.argv("run", "--bundle", c.path, c.id)
        else:
            c = running(**changes)
            words = rt.argv("exec", "--tty", c.id, "sh", "-c", script)
        terminal.spawn(words, **(streams or {}))
        return c
    start.verb = request.param
    return start


# keys, window, hang-up

@pytest.mark.parametrize("times", range(10))
def test_size_is_there_from_the_first(running, rt, terminal, times):
    """Not a little later, with a SIGWINCH."""
    terminal.resize(33, 111)
    terminal.spawn(rt.argv("exec", "--tty", running().id, "stty", "size"))
    terminal.expect("33 111")
    assert terminal.wait() == 0


def test_typed_input(at, terminal):
    at("tty; read x; echo \"got <$x>\"; exit 3")
    assert "/dev/" in terminal.expect("\r\n")
    terminal.type("some words\n")
    assert terminal.expect("got <some words>\r\n") == "some words\r\ngot <some words>\r\n"  # the first is the echo
    assert terminal.wait() == 3


def test_interrupt_key(at, terminal):
    """It is a key of the container's terminal, and no signal of ours."""
    at("trap 'echo interrupted; exit 4' INT; echo ready; while :; do sleep 0.1; done")
    terminal.expect("ready")
    terminal.type("\x03")
    terminal.expect("interrupted")
    assert terminal.wait() == 4


def test_window(at, terminal):
    terminal.resize(33, 111)
    at("trap 'stty size; exit' WINCH; stty size; echo ready; while :; do sleep 0.1; done")
    terminal.expect("33 111")
    terminal.expect("ready")
    terminal.resize(50, 132)
    terminal.expect("50 132")
    assert terminal.wait() == 0


def test_window_changes_during_the_start(bundle, rt, terminal, here):
    """While the poststart hook holds us up: the process hears of it as soon as we are there."""
    terminal.resize(33, 111)
    script = "trap 'stty size; exit 3' WINCH; while :; do sleep 0.05; done"
    c = bundle(args=["sh", "-c", script], process={"terminal": True}, hooks={"poststart": [{"path": "/bin/sh", "args": [
        "sh", "-c", f"touch {here.dir}/there; while [ ! -e {here.dir}/go ]; do sleep 0.02; done"]}]})
    rt._remember(c, None)
    terminal.spawn(rt.argv("run", "--bundle", c.path, c.id))
    processes.until((here.dir / "there").exists, "no hook")
    terminal.resize(50, 132)
    (here.dir / "go").touch()
    terminal.expect("50 132")
    assert terminal.wait() == 3


def test_console_size(bundle, rt, terminal):
    """That of config.json, where ours has none."""
    terminal.resize(0, 0)
    c = bundle(args=["stty", "size"], process={"terminal": True, "consoleSize": {"height": 12, "width": 34}})
    rt._remember(c, None)
    terminal.spawn(rt.argv("run", "--bundle", c.path, c.id))
    terminal.expect("12 34")
    assert terminal.wait() == 0


@pytest.fixture(params=["nothing", "a pipe", "another terminal"])
def other_input(request):
    """What is no use as the input of a terminal that is there for output."""
    other, (r, w) = Terminal(), os.pipe()
    yield {"nothing": subprocess.DEVNULL, "a pipe": r, "another terminal": other.slave}[request.param]
    other.close()
    os.close(r)
    os.close(w)


@pytest.mark.differs(crun="an error", runc="makes it raw")
def test_terminal_is_for_output_only(at, terminal, other_input):
    """One carriage return a line; its modes are never touched, so its keys are ours: ^C is a signal, and forwarded."""
    before = terminal.modes()
    at("trap 'echo interrupted; exit 4' INT; echo one; echo two; while :; do sleep 0.1; done", {"stdin": other_input})
    assert terminal.expect("two\r\n") == "one\r\ntwo\r\n"
    assert terminal.modes() == before
    terminal.type("\x03")
    assert terminal.expect("interrupted\r\n") == "^Cinterrupted\r\n"
    assert terminal.wait() == 4
    assert terminal.modes() == before


def test_hang_up(at, terminal, rt):
    """The container's terminal hangs up too: its processes get SIGHUP, and the end when they read."""
    c = at("trap 'exit 6' HUP; echo ready; while read x; do :; done; sleep 5")
    terminal.expect("ready")
    terminal.hang_up()
    assert terminal.wait() == 6
    processes.until(lambda: len(rt.ps(c)) == 1 if at.verb == "exec" else c.id not in [s["id"] for s in rt.list()], "it is still there")


@pytest.mark.ours
@pytest.mark.parametrize("status", [0, 7])
@pytest.mark.parametrize("verb", ["run", "exec"])
def test_output_on_a_full_disk(bundle, running, rt, verb, status):
    """The process goes on, and who started it hears that its output is lost."""
    script = f"echo lost; sleep 0.1; echo too; exit {status}"
    with open("/dev/full", "w") as full:
        if verb == "run":
            r = rt.run(bundle(args=["sh", "-c", script], process={"terminal": True}), stdout=full)
        else:
            r = rt("exec", "--tty", running().id, "sh", "-c", script, stdout=full)
    assert r.returncode == (status or 1), str(r)
    assert r.stderr.strip().endswith("write what the terminal shows to standard output: no space left on device"), str(r)


@pytest.mark.parametrize("verb", ["run", "exec"])
def test_reader_of_a_terminal_is_gone(bundle, running, rt, verb):
    """As if its window had been closed; and before, while nobody reads, it waits without working."""
    script = "trap 'exit 6' HUP; while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done"
    if verb == "run":
        p = rt.start_foreground(bundle(args=["sh", "-c", script], process={"terminal": True}))
    else:
        p = rt.popen("exec", "--tty", running().id, "sh", "-c", script)
    assert p.stdout.read(1) == b"y"

    def ticks():
        return sum(map(int, open(f"/proc/{p.pid}/stat").read().rpartition(")")[2].split()[11:13]))
    time.sleep(0.3)  # for the pipe to be full
    before = ticks()
    time.sleep(0.5)
    assert ticks() - before <= 5, "a tenth of the time"
    p.stdout.close()
    p.stdout = open(os.devnull, "rb")
    with p.stdout:
        assert finish(p).returncode == 6


# the modes of our own terminal

ENDS = {
    "exit": ("read x; exit 0", None, 0),
    "failure": ("read x; exit 9", None, 9),
    "we are told to end": ("echo ready; exec sleep 1000", lambda p, inner: p.terminate(), 128 + signal.SIGTERM),
    "interrupted by QUIT": ("trap 'exit 5' QUIT; echo ready; while :; do sleep 0.1; done", lambda p, inner: p.send_signal(signal.SIGQUIT), 5),
    "killed": ("echo ready; exec sleep 1000", lambda p, inner: os.kill(inner, signal.SIGKILL), 128 + signal.SIGKILL),
}


@pytest.mark.parametrize("end", ENDS)
def test_modes_are_given_back(at, terminal, rt, end):
    script, act, status = ENDS[end]
    before = terminal.modes()
    c = at("trap '' TERM; echo ready; " + script if act is None else script)
    terminal.expect("ready")
    processes.until(terminal.is_raw, "it does not become raw")
    if act:
        inner = processes.until(lambda: [p for p in rt.ps(c) if at.verb == "run" or p != rt.pid(c)], "no process")[0]
        if end == "we are told to end" and at.verb == "run":
            status, act = 128 + signal.SIGKILL, lambda p, i: (p.terminate(), os.kill(i, signal.SIGKILL))  # pid 1 ignores TERM
        act(terminal.process, inner)
    else:
        terminal.type("x\n")
    assert terminal.wait() == status
    assert terminal.modes() == before


@pytest.mark.parametrize("words,status", [(["/nowhere"], 127), (["/etc"], 126)])
@pytest.mark.parametrize("verb", ["run", "exec"])
def test_modes_after_an_error(bundle, running, rt, terminal, verb, words, status):
    before = terminal.modes()
    if verb == "run":
        c = bundle(args=words, process={"terminal": True})
        rt._remember(c, None)
    argv = rt.argv("run", "--bundle", c.path, c.id) if verb == "run" else rt.argv("exec", "--tty", running().id, *words)
    terminal.spawn(argv)
    assert terminal.wait() == status
    assert terminal.modes() == before and terminal.seen.count(b"\r\n") == 1, terminal.seen


@pytest.fixture(params=["run", "exec"])
def in_a_shell(request, rt, bundle, running, terminal):
    """A shell with job control, whose job is a container's terminal in the foreground, or an exec's; its process."""
    script = "echo rea''dy; read x; echo go''t $x; read x; echo go''t $x"
    if request.param == "run":
        c = bundle(args=["sh", "-c", script], process={"terminal": True})
        rt._remember(c, None)
        words = rt.argv("run", "--bundle", c.path, c.id)
    else:
        words = rt.argv("exec", "--tty", running().id, "sh", "-c", f'"{script}"'.replace("$", "\\$"))
    terminal.spawn(["dash", "-i"])
    terminal.expect("$ ")
    before = terminal.modes()
    terminal.type(" ".join(map(str, words)) + "\n")
    terminal.expect("ready")
    processes.until(terminal.is_raw, "it does not become raw")
    yield before, processes.until(lambda: processes.children(terminal.process.pid), "no child of the shell").pop()
    terminal.type("exit\n")
    terminal.wait()


def test_stop_from_the_keyboard(bundle, rt, terminal):
    """A job whose streams are elsewhere is a job all the same."""
    c = bundle(args=["sleep", "987"])
    rt._remember(c, None)
    words = " ".join(map(str, rt.argv("run", "--bundle", c.path, c.id)))
    terminal.spawn(["dash", "-i"])
    terminal.expect("$ ")
    terminal.type(words + " </dev/null >/dev/null 2>&1\n")
    processes.until(lambda: rt("state", c.id).returncode == 0, "it does not begin")
    rt.wait_status(c, "running")
    terminal.type("\x1a")
    terminal.expect("$ ")
    rt.kill(c, "KILL")
    terminal.type("fg\n")
    terminal.expect("$ ")
    terminal.type("exit\n")
    terminal.wait()


@pytest.mark.ours
@pytest.mark.parametrize("verb", ["run", "exec"])
def test_stopped_job_does_not_read(bundle, running, rt, terminal, verb):
    """Without a terminal of the container's: its processes have a session of their own, and stop all the same."""
    old = tuple(map(int, os.uname().release.split(".")[:2])) < (6, 9)  # only the first process is stopped
    script = f"echo rea''dy; {'exec' if old else ''} cat; echo en''d"
    if verb == "run":
        c = bundle(args=["sh", "-c", script])
        rt._remember(c, None)
        words = rt.argv("run", "--bundle", c.path, c.id)
    else:
        c = running()
        words = rt.argv("exec", c.id, "sh", "-c", f'"{script}"')
    terminal.spawn(["dash", "-i"])
    terminal.expect("$ ")
    terminal.type(" ".join(map(str, words)) + "\n")
    terminal.expect("ready\r\n")
    for word in ("one", "two"):
        terminal.type("\x1a")
        terminal.expect("$ ")
        processes.until(lambda: all(processes.describe(p).endswith("[T]") for p in rt.ps(c) if verb == "run" or p != rt.pid(c)), "they go on")
        for _ in range(4):  # a reader of the container would take some of them
            terminal.type("echo al''ive\n")
            terminal.expect("alive\r\n$ ")
        terminal.type("fg\n")
        terminal.expect("fg\r\n")
        terminal.expect("\r\n")  # the shell names the job
        terminal.type(word + "\n")
        terminal.expect(f"{word}\r\n{word}\r\n")  # the echo, and cat
    terminal.type("\x04")
    terminal.expect("$ " if old else "end\r\n$ ")
    terminal.type("exit\n")
    assert terminal.wait() == 0


@pytest.mark.ours
@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU])
def test_stop_signals_under_an_engine(bundle, rt, number):
    """Nobody would let it go on: they are the container's, and output is still relayed."""
    p = rt.start_foreground(bundle(args=["/bin/probe", "signals"]), preexec_fn=lambda: os.setpgid(0, 0))
    assert p.stdout.readline() == b"ready\n"
    for n in (number, signal.SIGUSR1):
        p.send_signal(n)
        assert int(p.stdout.readline()) == n
    assert not processes.describe(p.pid).endswith("[T]")
    assert finish(p, send=signal.SIGTERM, timeout=20).returncode == 7


def test_stop_and_go_on(in_a_shell, terminal):
    """In a shell with job control: stopped, its terminal is the shell's again, and it goes on where it was."""
    before, crun = in_a_shell
    for word in ("on", "again"):
        os.kill(crun, signal.SIGTSTP)
        terminal.expect("$ ")
        assert terminal.modes() == before
        terminal.type("echo al''ive\n")
        terminal.expect("alive")
        terminal.expect("$ ")
        terminal.type("fg\n")
        processes.until(terminal.is_raw, "it does not become raw again")
        terminal.type(word + "\n")
        terminal.expect("got " + word)
    terminal.expect("$ ")
    assert terminal.modes() == before


def test_stopped_by_force(in_a_shell, terminal):
    """SIGSTOP cannot be seen: whatever modes a shell gives the terminal meanwhile, after it they are raw, and at the end as before."""
    before, crun = in_a_shell
    for word in ("on", "again"):
        os.kill(crun, signal.SIGSTOP)
        terminal.expect("$ ")
        terminal.type("stty sane\n")
        processes.until(lambda: not terminal.is_raw(), "stty has done nothing")
        terminal.expect("$ ")
        terminal.resize(41, 101)
        terminal.type("fg\n")
        processes.until(terminal.is_raw, "it does not become raw again")
        terminal.type(word + "\n")
        terminal.expect("got " + word)
    terminal.expect("$ ")
    assert terminal.modes() == before


# bytes

@pytest.fixture(scope="module")
def data(session):
    """A file of pseudo-random bytes, and its digest."""
    f, digest = session / "bytes", hashlib.sha256()
    block = os.urandom(1 << 20)
    with open(f, "wb") as out:
        for i in range(MEGABYTES):
            part = i.to_bytes(8, "big") + block[8:]
            out.write(part)
            digest.update(part)
    f.chmod(0o644)
    return f, digest.hexdigest()


def pump(data, write_fd):
    """The file, into a descriptor."""
    def go():
        with open(data, "rb") as f:
            while part := f.read(1 << 16):
                while part:
                    part = part[os.write(write_fd, part):]
    t = threading.Thread(target=go, daemon=True)
    t.start()
    return t


def take(read_fd, n, seconds=120.0):
    digest = hashlib.sha256()
    while n > 0:
        assert select.select([read_fd], [], [], seconds)[0], f"{n} bytes are missing"
        part = os.read(read_fd, min(n, 1 << 16))
        assert part, f"the end, and {n} bytes are missing"
        digest.update(part)
        n -= len(part)
    return digest.hexdigest()


# Both ways at once: what is read is counted by a digest, while a file is written.
BULK = ("stty raw -echo; printf ready; cat /data & head -c {n} | sha256sum > /tmp/digest; wait; "
        "printf \"%s\" \"$(cut -c1-64 /tmp/digest)\"")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_bulk_through_a_terminal(at, terminal, data):
    n = data[0].stat().st_size
    at(BULK.format(n=n), copy=True, mounts=[bind(data[0], "/data")])
    terminal.expect("ready")
    thread = pump(data[0], terminal.master)
    early, terminal.seen = terminal.seen, b""
    digest = hashlib.sha256(early)
    left = n - len(early)
    while left > 0:
        part = terminal.read(120, min(left, 1 << 16))
        assert part, f"{left} bytes are missing"
        digest.update(part)
        left -= len(part)
    thread.join(120)
    assert digest.hexdigest() == data[1]
    terminal.expect(data[1])
    assert terminal.wait() == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("options", [[], ["--tty"]])
def test_bulk_through_pipes(running, rt, data, options):
    n = data[0].stat().st_size
    c = running(copy=True, mounts=[bind(data[0], "/data")])
    script = BULK if options else BULK.replace("stty raw -echo; ", "").replace("cat /data & head", "cat /data & <&0 head")
    p = rt.popen("exec", *options, c.id, "sh", "-c", script.format(n=n), stdin=subprocess.PIPE)
    assert p.stdout.read(5) == b"ready"
    thread = pump(data[0], p.stdin.fileno())
    assert take(p.stdout.fileno(), n) == data[1]
    thread.join(120)
    r = finish(p)
    assert (r.returncode, r.stdout) == (0, data[1]), str(r)


@pytest.mark.ours
def test_missing_console_socket(bundle, rt, here):
    c = bundle(args=["true"], process={"terminal": True})
    rt.fails(rt.create(c, "--console-socket", here.dir / "none", check=False), f'--console-socket: "{here.dir}/none" does not exist')


@pytest.mark.ours
def test_console_socket_that_nobody_accepts_on(bundle, rt, here):
    """Its queue is full: an error after a while, not a runtime that hangs."""
    path, full = str(here.dir / "full"), []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        for _ in range(2):
            s = socket.socket(socket.AF_UNIX)
            full.append(s)
            s.setblocking(False)
            s.connect_ex(path)
        r = rt.create(bundle(args=["true"], process={"terminal": True}), "--console-socket", path, check=False, timeout=25)
        for s in full:
            s.close()
    rt.fails(r, "--console-socket", path)

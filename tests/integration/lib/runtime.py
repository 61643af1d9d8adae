# SPDX-License-Identifier: GPL-2.0-or-later
"""The runtime under test: a thin, typed way to call its command line, with a time limit on everything."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import processes, user
from .bundle import Bundle

TIMEOUT = float(os.environ.get("CRUN_TEST_TIMEOUT", "30"))
REPOSITORY = Path(__file__).resolve().parents[3]
DROPPED = ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "RUN_OCI_SECCOMP_RECEIVER")


def environment(**more) -> dict:
    """The caller's, without what would change a container."""
    env = {k: v for k, v in os.environ.items() if k not in DROPPED}
    env.update(more)
    return env


@dataclass
class Result:
    argv: list
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def json(self):
        return json.loads(self.stdout)

    @property
    def lines(self):
        return self.stdout.splitlines()

    @property
    def error(self) -> str:
        """The text of the error, whatever clothes it wears."""
        text = self.stderr.strip()
        found = re.search(r'msg="((?:[^"\\]|\\.)*)"', text)
        return found[1].replace('\\"', '"').replace("\\\\", "\\") if found else text

    def __str__(self):
        return (f"$ {' '.join(map(str, self.argv))}\nexit status {self.returncode} after {self.seconds:.2f} s\n"
                f"--- stdout\n{self.stdout[:4000]}\n--- stderr\n{self.stderr[:4000]}")


def call(argv, timeout=TIMEOUT, input=None, files=None, check=False, starter=None, **popen) -> Result:
    """Runs a command to its end.

    starter: in which context it is started.
    files: a directory; the standard streams are then files in it, which a container may hold on to after the command
    has ended (create, run --detach). Otherwise pipes.
    """
    __tracebackhide__ = True  # pytest: the caller's line says more
    popen.setdefault("env", environment())
    argv = [str(a) for a in argv]
    start = time.monotonic()
    if files:
        with open(files / "stdout", "wb") as out, open(files / "stderr", "wb") as err:
            with starter or contextlib.nullcontext():
                p = processes.Process(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, **popen)
            try:
                p.wait_and_forget(timeout)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait_and_forget(5)
                raise AssertionError(f"no end after {timeout} s: {' '.join(argv)}") from None
        # Opened anew: the container writes on where the offset is that it shares with us.
        o, e = (files / "stdout").read_bytes(), (files / "stderr").read_bytes()
    else:
        popen.setdefault("stdin", subprocess.DEVNULL if input is None else subprocess.PIPE)
        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", subprocess.PIPE)
        with starter or contextlib.nullcontext():
            p = processes.Process(argv, **popen)
        try:
            o, e = p.communicate(input.encode() if isinstance(input, str) else input, timeout)
        except subprocess.TimeoutExpired:
            p.kill()
            try:
                o, e = p.communicate(timeout=1)
            except subprocess.TimeoutExpired as x:
                o, e = x.output, x.stderr
                for s in (p.stdin, p.stdout, p.stderr):
                    if s:
                        s.close()
            p.wait_and_forget(5)
            raise AssertionError(f"no end after {timeout} s: {' '.join(argv)}\n--- stdout\n{(o or b'')[:2000]!r}"
                                 f"\n--- stderr\n{(e or b'')[:2000]!r}") from None
        p.forget()
    r = Result(argv, p.returncode, (o or b"").decode(errors="replace"), (e or b"").decode(errors="replace"),
               time.monotonic() - start)
    if check:
        assert r.returncode == 0, f"expected to succeed:\n{r}"
    return r


@dataclass
class Program:
    """The program itself, looked at once a session."""

    path: Path
    ours: bool
    name: str
    version: tuple

    @classmethod
    def find(cls) -> "Program":
        path = Path(os.environ.get("RUNTIME") or REPOSITORY / "build/crun")
        if not path.is_absolute():
            found = REPOSITORY / path
            path = found if found.exists() else path.absolute()
        if not os.access(path, os.X_OK):
            raise FileNotFoundError(f"{path}: no such program; build it, or name another one in RUNTIME")
        r = call([path, "--version"])
        first = re.match(r"(\S+) version (\S+)", r.stdout) or re.match(r"()()", "")
        version = tuple(int(n) for n in re.findall(r"\d+", first[2])[:3])
        ours = path.resolve().is_relative_to(REPOSITORY)
        if not ours:  # an installed copy of ours has commands that a peer has not
            ours = call([path, "plan", "--help"]).returncode == 0
        return cls(path, ours, "ours" if ours else first[1], version)


class Runtime:
    """The program with a state directory of its own. Commands take a Bundle or an id.

    prefix: a command through which the program is called; root's, whoever the program is run by.
    """

    def __init__(self, program: Program, root: Path, prefix=(), options=()):
        self.program, self.root, self.prefix, self.options = program, Path(root), list(prefix), list(options)
        self.ids, self.processes = [], []

    @property
    def ours(self):
        return self.program.ours

    def with_options(self, *options, prefix=None) -> "Runtime":
        """The same state, other global options, or called through another command."""
        other = Runtime(self.program, self.root, self.prefix if prefix is None else prefix, [*self.options, *options])
        other.ids, other.processes = self.ids, self.processes
        return other

    def argv(self, *args) -> list:
        return [*self.through(), self.program.path, "--root", self.root, *self.options, *args]

    def _prefix_is_roots(self) -> bool:
        return bool(self.prefix) and str(self.prefix[0]) not in ("sh", "env", "prlimit")

    def through(self) -> list:
        return [*self.prefix, *user.DROP] if self._prefix_is_roots() else self.prefix

    def starter(self):
        return user.root() if self._prefix_is_roots() else contextlib.nullcontext()

    def __call__(self, *args, check=False, **how) -> Result:
        __tracebackhide__ = True
        r = call(self.argv(*args), starter=self.starter(), **how)
        if check:
            assert r.returncode == 0, f"expected to succeed:\n{r}"
        return r

    def _remember(self, c, id):
        id = id or c.id
        self.ids.append(id)
        return id

    # The verbs. Where success is the normal thing they check it; check=False gives the result as it is.

    def run(self, c: Bundle, *options, id=None, check=False, **how) -> Result:
        return self("run", "--bundle", c.path, *options, self._remember(c, id), check=check, **how)

    def run_detached(self, c: Bundle, *options, id=None, check=True, **how) -> Result:
        __tracebackhide__ = True
        return self("run", "--detach", "--bundle", c.path, *options, self._remember(c, id), check=check, files=c.path, **how)

    def create(self, c: Bundle, *options, id=None, check=True, **how) -> Result:
        __tracebackhide__ = True
        return self("create", "--bundle", c.path, *options, self._remember(c, id), check=check, files=c.path, **how)

    def start(self, c, check=True, **how) -> Result:
        return self("start", _id(c), check=check, **how)

    def kill(self, c, *signal, check=True, **how) -> Result:
        return self("kill", _id(c), *signal, check=check, **how)

    def delete(self, c, *options, check=True, **how) -> Result:
        with processes.reaping():
            return self("delete", *options, _id(c), check=check, **how)

    def state(self, c) -> dict:
        processes.reap()
        return self("state", _id(c), check=True).json

    def status(self, c) -> str:
        return self.state(c)["status"]

    def pid(self, c) -> int:
        return self.state(c)["pid"]

    def ps(self, c) -> list:
        return self("ps", "--format", "json", _id(c), check=True).json or []

    def list(self) -> list:
        return self("list", "--format", "json", check=True).json or []

    def popen(self, *args, **how) -> processes.Process:
        how.setdefault("bufsize", 0)  # so that select and readline agree
        how.setdefault("env", environment())
        how.setdefault("stdin", subprocess.DEVNULL)
        how.setdefault("stdout", subprocess.PIPE)
        how.setdefault("stderr", subprocess.PIPE)
        with self.starter():
            p = processes.Process([str(a) for a in self.argv(*args)], **how)
        self.processes.append(p)
        return p

    def start_foreground(self, c: Bundle, *options, **how) -> processes.Process:
        """`run` in the background of the test. The caller ends it with `finish`."""
        return self.popen("run", "--bundle", c.path, *options, self._remember(c, None), **how)

    def wait_status(self, c, status, timeout=10.0) -> dict:
        def look():
            s = self.state(c)
            return s if s["status"] == status else None
        return processes.until(look, lambda: f"{_id(c)} is {self.status(c)!r}, not {status!r}", timeout)

    def output(self, c: Bundle) -> str:
        """What a container that was created or detached has written so far."""
        return (c.path / "stdout").read_text()

    def wait_output(self, c: Bundle, text, timeout=10.0) -> str:
        return processes.until(lambda: text in self.output(c) and self.output(c),
                               lambda: f"no {text!r} in {self.output(c)!r}", timeout)

    def fails(self, r: Result, *texts, anyone=(), code=1) -> str:
        """The runtime has refused: exit status, one line on standard error, nothing on standard output.

        texts: what our line must hold (a peer has its own words); anyone: what every runtime's must, in any case.
        """
        assert r.returncode != 0, f"expected an error:\n{r}"
        assert 0 < r.returncode <= 128 or r.returncode == 255, f"killed by a signal?\n{r}"
        assert r.stderr.strip(), f"no word of what is wrong:\n{r}"
        for t in anyone:
            assert t.lower() in r.stderr.lower(), f"no {t!r} in the error:\n{r}"
        __tracebackhide__ = True
        if self.ours:
            assert r.returncode == code, f"exit status is not {code}:\n{r}"
            assert len(r.stderr.strip().splitlines()) == 1, f"not one line:\n{r}"
            assert len(r.stderr) < 8192, f"a very long line:\n{r}"
            assert r.stdout == "", f"something on standard output:\n{r}"
            for t in texts:
                assert t.lower() in r.stderr.lower(), f"no {t!r} in the error:\n{r}"
        return r.error

    def clean(self) -> list:
        """Deletes every container of this test by force; returns complaints."""
        complaints = []
        for p in self.processes:  # only after a test that has failed half way is one still there
            if p.returncode is None:
                p.kill()
                p.wait_and_forget(5)
            for f in (p.stdin, p.stdout, p.stderr):
                if f:
                    f.close()
        processes.reap()
        names = dict.fromkeys(self.ids)
        if self.root.is_dir():
            names |= dict.fromkeys(n for n in os.listdir(self.root) if not n.startswith("."))
        # The last first, for a later one may live in an earlier one's pid namespace. What ends there becomes ours to reap,
        # and the namespace's own init cannot end before.
        for id in reversed(names):
            processes.reap()
            try:
                with processes.reaping():
                    r = call([*self.through(), self.program.path, "--root", self.root, "delete", "--force", id],
                             starter=self.starter())
            except AssertionError as e:
                complaints.append(str(e))
                continue
            if r.returncode != 0:
                complaints.append(str(r))
        return complaints


def _id(c) -> str:
    return c.id if isinstance(c, Bundle) else str(c)


def finish(p: processes.Process, timeout=TIMEOUT, send=None) -> Result:
    """Waits for a process of `start_foreground`, after a signal perhaps."""
    start = time.monotonic()
    if send:
        p.send_signal(send)
    try:
        o, e = p.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        p.send_signal(signal.SIGKILL)
        try:
            o, e = p.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            o = e = b""
        p.wait_and_forget(5)
        raise AssertionError(f"no end after {timeout} s: {p.args}\n{o!r}\n{e!r}") from None
    p.forget()
    return Result(p.args, p.returncode, (o or b"").decode(errors="replace"), (e or b"").decode(errors="replace"),
                  time.monotonic() - start)

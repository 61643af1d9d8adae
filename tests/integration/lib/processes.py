# SPDX-License-Identifier: GPL-2.0-or-later
"""The children of the test process.

pytest becomes a subreaper, so that whatever a runtime leaves behind becomes our child and is seen. Hence two kinds of
children: those that we started and wait for ourselves, and those that were given to us (the init of a created
container, as conmon would get it), which `reap` collects and whose ends it remembers.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_lock = threading.RLock()
_own = set()
exits = {}


def default_signals():
    """What the caller left ignored (nohup: SIGHUP) would be inherited by every runtime that a test starts."""
    for number in signal.valid_signals():
        if signal.getsignal(number) == signal.SIG_IGN and number not in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)


def become_subreaper() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def end_with_parent() -> None:
    """For what was forked: a parent that is killed takes it along, and it may still clean up."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class Process(subprocess.Popen):
    """A Popen that `reap` leaves alone."""

    def __init__(self, *args, **kwargs):
        with _lock:
            super().__init__(*args, **kwargs)
            _own.add(self.pid)

    def forget(self):
        with _lock:
            _own.discard(self.pid)

    def wait_and_forget(self, timeout):
        try:
            return self.wait(timeout)
        finally:
            if self.returncode is not None:
                self.forget()


def _stat(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            s = f.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = s[s.rindex(")") + 2:].split()
    return {"state": fields[0], "ppid": int(fields[1])}


def children(pid=None) -> set:
    me = pid or os.getpid()
    found = set()
    try:
        for task in os.listdir(f"/proc/{me}/task"):
            with open(f"/proc/{me}/task/{task}/children", encoding="ascii") as f:
                found |= {int(p) for p in f.read().split()}
    except FileNotFoundError:  # a thread has ended, or a kernel without CONFIG_PROC_CHILDREN
        for p in filter(str.isdigit, os.listdir("/proc")):
            s = _stat(p)
            if s and s["ppid"] == me:
                found.add(int(p))
    return found


def reap() -> None:
    """Collects the ended children that we did not start."""
    with _lock:
        for pid in children() - _own:
            try:
                got, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue
            if got:
                exits[pid] = os.waitstatus_to_exitcode(status)


@contextlib.contextmanager
def reaping():
    """Reaps all the while, as a shim does: the first process of a pid namespace ends only after all others were reaped,
    and those of `exec --detach` are ours."""
    end = threading.Event()

    def work():
        while not end.wait(0.02):
            reap()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def strays() -> dict:
    """Children that nobody waits for, as {pid: command line}."""
    reap()
    return {p: describe(p) for p in children() - _own}


def describe(pid) -> str:
    s = _stat(pid)
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            line = f.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        line = "?"
    return f"{line or '?'} [{s['state'] if s else 'gone'}]"


def command_lines() -> list:
    """Of every process of the machine that we may see, but ourselves."""
    return [describe(p) for p in map(int, filter(str.isdigit, os.listdir("/proc"))) if p != os.getpid()]


def descriptors(pid: int) -> list:
    """What the descriptors of a process are open on, now."""
    found = []
    for f in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/{pid}/fd/{f}"))
    return found


def alive(pid: int) -> bool:
    """Is it there and not a zombie?"""
    reap()
    s = _stat(pid)
    return bool(s) and s["state"] not in "ZX"


def wait_gone(pid: int, timeout=10.0) -> None:
    until(lambda: not alive(pid), f"process {pid} ({describe(pid)}) is still there", timeout)


def wait_exit(pid: int, timeout=10.0) -> int:
    """The end of a process that was given to us: its exit status, or minus the signal."""
    until(lambda: reap() or pid in exits, lambda: f"process {pid} ({describe(pid)}) has not ended", timeout)
    return exits[pid]


# How much slower than a usual machine this one is: limits of time in the tests are multiplied by it.
PATIENCE = float(os.environ.get("CRUN_TEST_PATIENCE") or 1)


def until(condition, what, timeout=10.0):
    """Polls; returns the condition's value. A test may poll, the program never does."""
    timeout *= PATIENCE
    end = time.monotonic() + timeout
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {timeout} s: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def kill_all(pids) -> None:
    for p in pids:
        try:
            os.kill(p, signal.SIGKILL)
        except ProcessLookupError:
            pass

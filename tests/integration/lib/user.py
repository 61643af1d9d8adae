# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole suite as an ordinary user: CRUN_TEST_USER=1, started by root.

The test process becomes a user whom the host does not know, in a place such as an administrator prepares: subordinate
ids, a runtime directory, and a delegated cgroup in every hierarchy. All of it is private and ends with the session: a mount
namespace has /etc/passwd, /etc/subuid and /etc/subgid of its own, and a cgroup namespace has the delegated cgroups as its
roots, so that paths read as they do for root. `enter` is done once, before workers are started; `become` in each process that
runs tests.

The saved user id stays root's, so that `root()` can do for a test what is not the user's to do (a mount for a view of the
host, a file of another user). It is lost with exec: every program that a test starts is the user's alone.

pytest may also be started by an ordinary user, without CRUN_TEST_USER: then there is no `root()`, and what needs it is skipped.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import cgroups

WANTED = os.environ.get("CRUN_TEST_USER", "") not in ("", "0")
ACTIVE = WANTED or os.geteuid() != 0

UID = GID = 60123  # nobody's on any host
NAME = "crun-test"
SUBORDINATE = 100000, 65536  # what lib.bundle.user_mappings has

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_FS = 0x20000, 0x2000000, 0x200
PR_SET_DUMPABLE = 4
_libc = ctypes.CDLL(None, use_errno=True)


def _do(name, *args) -> None:
    if getattr(_libc, name)(*args) < 0:
        raise OSError(ctypes.get_errno(), name)


def helpers() -> bool:
    return all(shutil.which(n) for n in ("newuidmap", "newgidmap"))


# ---- the place ----


class Place:
    """What `enter` has made, and `leave` takes away."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="crun-user-"))
        self.name = self.directory.name
        self.outside = [os.open(f"/proc/self/ns/{n}", os.O_RDONLY | os.O_CLOEXEC) for n in ("mnt", "cgroup")]
        self.before = {}

    def enter(self) -> None:
        self.directory.chmod(0o755)
        _do("unshare", CLONE_NEWNS)
        _run("mount", "--make-rprivate", "/")
        self._identity()
        self._cgroups()

    def _identity(self) -> None:
        runtime = self.directory / "run"
        runtime.mkdir(mode=0o700)
        os.chown(runtime, UID, GID)
        line = f"{NAME}:{SUBORDINATE[0]}:{SUBORDINATE[1]}\n"
        user = f"{NAME}:x:{UID}:{GID}::{self.directory}:/bin/sh\n"
        for name, text in (("subuid", line), ("subgid", line), ("passwd", Path("/etc/passwd").read_text() + user)):
            (self.directory / name).write_text(text)
            target = Path("/etc") / name
            if target.exists():
                _run("mount", "--bind", self.directory / name, target)
        os.environ.update(XDG_RUNTIME_DIR=str(runtime), HOME=str(self.directory), USER=NAME)

    def _cgroups(self) -> None:
        """The process goes into a delegated cgroup, makes it the root of its view, and steps aside as a manager does."""
        mounts = {m: c for m, c in cgroups.hierarchies().items() if os.access(m, os.W_OK)}
        here = cgroups.of_process("self")
        for m, c in mounts.items():
            self.before[m] = here.get(",".join(sorted(c)), next((p for k, p in here.items() if set(k.split(",")) == c), "/"))
            _delegate(m / self.name)
            (m / self.name / "cgroup.procs").write_text("0")
        _do("unshare", CLONE_NEWCGROUP)
        for m, c in mounts.items():
            _run("umount", m)
            kind = "cgroup2" if c == {""} else "cgroup"
            _run("mount", "-t", kind, *(["-o", ",".join(c)] if kind == "cgroup" else []), "cgroup", m)
            _delegate(m / "tests")
            (m / "tests/cgroup.procs").write_text("0")
            if kind == "cgroup2":
                enabled = (m / "cgroup.controllers").read_text().split()
                (m / "cgroup.subtree_control").write_text(" ".join("+" + e for e in enabled))

    def leave(self) -> None:
        _do("unshare", CLONE_FS)  # other threads may share it, and then a mount namespace is not entered
        for fd, kind in zip(self.outside, (CLONE_NEWNS, CLONE_NEWCGROUP)):
            _do("setns", fd, kind)
            os.close(fd)
        for m, path in self.before.items():
            (m / path.lstrip("/") / "cgroup.procs").write_text("0")
            cgroups.remove([m / self.name / "tests", m / self.name])
        shutil.rmtree(self.directory)


def _run(*argv) -> None:
    subprocess.run([str(a) for a in argv], check=True, timeout=60)


def _delegate(directory: Path) -> None:
    """Makes a cgroup that is the user's, with the CPUs and the memory of its parent (v1 gives it none)."""
    directory.mkdir()
    for name in ("cpuset.cpus", "cpuset.mems"):
        if (directory / name).exists() and not (directory / "cgroup.controllers").exists():
            (directory / name).write_text((directory.parent / name).read_text())
    for name in (".", "cgroup.procs", "tasks", "cgroup.subtree_control", "cgroup.threads"):
        if (directory / name).exists():
            os.chown(directory / name, UID, GID)


# ---- who the test process is ----


def become() -> None:
    os.setgroups([])
    os.setresgid(GID, GID, 0)
    os.setresuid(UID, UID, 0)
    _do("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)  # /proc/self is the user's again


@contextlib.contextmanager
def root():
    """As root, where the suite runs as an ordinary user; nothing changes where it is root's."""
    if os.geteuid() == 0:
        yield
        return
    try:
        os.setresuid(0, 0, 0)
    except PermissionError:
        import pytest  # pylint: disable=import-outside-toplevel; tests/security runs where there is none
        pytest.skip("pytest was started by an ordinary user, and this test needs root to prepare it")
    os.setresgid(0, 0, 0)
    try:
        yield
    finally:
        os.setresgid(GID, GID, 0)
        os.setresuid(UID, UID, 0)
        _do("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)


def as_root(argv, **how) -> subprocess.CompletedProcess:
    """subprocess.run by root: a test's preparation that is not a user's to make."""
    with root():
        return subprocess.run(argv, **how)


# For a command that must start as root: the rest of the line is the user's.
DROP = ["setpriv", "--reuid", str(UID), "--regid", str(GID), "--clear-groups"] if WANTED else []


def rows() -> list:
    """The map that a container of his gets by itself."""
    own = [{"containerID": 0, "hostID": UID, "size": 1}]
    return own + [{"containerID": 1, "hostID": SUBORDINATE[0], "size": SUBORDINATE[1]}] if helpers() else own


def outside(id: int) -> int:
    """The host's id of a container's id."""
    if not WANTED:
        return id
    return next((r["hostID"] + id - r["containerID"] for r in rows() if 0 <= id - r["containerID"] < r["size"]), 65534)


def inside(id: int) -> int:
    """The container's id of a host's id: the owner of a file as a container of the user's sees it."""
    if not WANTED:
        return id
    return next((r["containerID"] + id - r["hostID"] for r in rows() if 0 <= id - r["hostID"] < r["size"]), 65534)


def chown(path, uid: int, gid: int) -> None:
    """Gives a file to a user of the container."""
    with root():
        os.chown(path, outside(uid), outside(gid), follow_symlinks=False)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Out of something: the runtime succeeds, or says in one line what it lacks, and leaves nothing (the fixture `here` looks).

Faults of single system calls are tests/security/faults.py's; here the machine itself refuses, and goes on refusing.
"""

import os
import signal

import pytest

from lib import cgroups
from lib.user import as_root

pytestmark = pytest.mark.ours
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)


@pytest.fixture
def limited(here, rt):
    """A cgroup of v1 for the runtime itself: limited("pids", pids__max=5); its members are moved in by a shell."""
    made = []

    def make(controller, **values):
        mount = cgroups.v1_mount(controller)
        if not mount:
            pytest.skip(f"no v1 hierarchy with {controller} on this host")
        d = mount / f"caller-{here.tag}"
        if not d.exists():
            d.mkdir()
            made.append(d)
        for name, value in values.items():
            (d / name.replace("__", ".")).write_text(str(value))
        rt.prefix = ["sh", "-c", f"echo $$ > {d}/cgroup.procs && exec \"$@\"", "sh"]
        return d
    yield make
    rt.prefix = []
    cgroups.remove(made)


@pytest.fixture
def small(here, rt):
    """The state root on a tmpfs with options of the test's choice."""
    d = here.dir / "small"
    d.mkdir(mode=0o700)

    def make(options):
        as_root(["mount", "-t", "tmpfs", "-o", f"mode=0700,uid={os.geteuid()},{options}", "small", d], check=True)
        rt.root = d
        here.leaks.state_roots.append(d)
        return d
    yield make
    rt.clean()
    as_root(["umount", d], check=False)


def succeeds_or_says(rt, c, *texts) -> bool:
    r = rt.run(c, timeout=20)
    if r.returncode in KILLED:
        rt.prefix, kept = [], rt.prefix
        rt.delete(c, "--force")
        rt.prefix = kept
        return False
    if r.returncode == 0:
        assert r.stdout == "inside\n", str(r)
        return True
    rt.fails(r, *texts)
    assert len(r.error.split()) > 4, str(r)
    return False


@pytest.fixture
def saying(bundle):
    return lambda **changes: bundle(args=["echo", "inside"], **changes)


@pytest.mark.parametrize("options", ["nr_inodes=1", "nr_inodes=2", "nr_inodes=3", "size=4k", "size=8k"])
def test_full_state_root(small, saying, rt, options):
    small(options)
    assert not succeeds_or_says(rt, saying(), "state", "no space left") or options != "nr_inodes=1"


def test_read_only_state_root(small, saying, rt):
    d = small("size=1m")
    as_root(["mount", "-o", "remount,ro", d], check=True)
    rt.fails(rt.run(saying()), "state", "read-only file system")


def test_full_while_it_runs(small, created, rt):
    """What is there already can be used and deleted when nothing more can be written."""
    d = small("size=64k")
    c = created()
    with open(d / "filler", "wb", buffering=0) as f, pytest.raises(OSError):
        while True:
            f.write(b"x" * 4096)
    rt.start(c)
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.delete(c)
    (d / "filler").unlink()


def test_few_descriptors(saying, rt):
    """From none that can be opened to enough for all."""
    c = saying()
    outcomes = []
    for n in [*range(3, 48), 64, 128]:
        rt.prefix = ["prlimit", f"--nofile={n}:{n}"]
        c.change(process={"rlimits": [{"type": "RLIMIT_NOFILE", "soft": n, "hard": n}]})
        outcomes.append(succeeds_or_says(rt, c))
        rt.prefix = []
    assert not outcomes[2] and outcomes[-1]
    assert outcomes == sorted(outcomes), "more descriptors, and it failed"


@pytest.mark.parametrize("limit", range(1, 6))
def test_few_processes(limited, saying, rt, limit):
    """pids.max of the caller: the process itself, crun-init, the container."""
    limited("pids", pids__max=limit)
    assert succeeds_or_says(rt, saying(), "container's process", "(pids.max of the cgroup ", f", {limit}, is reached)") == (limit >= 2)


@pytest.mark.once("newuidmap comes before an ordinary user's hooks: test_rootless.py has that")
@pytest.mark.parametrize("name", ["createRuntime", "poststart"])
def test_no_process_for_a_hook(limited, bundle, rt, name):
    """Without cgroups the container counts as the caller's."""
    limited("pids", pids__max=2)
    c = bundle(args=["sleep", "100"], hooks={name: [{"path": "/bin/true"}]}, cgroup=False)
    r = rt.with_options("--cgroup-manager", "disabled").run(c, timeout=20)
    rt.fails(r, f"error running {name} hook #0: clone: resource temporarily unavailable (is pids.max of the caller's cgroup reached?)")


@pytest.mark.root("the kernel does not count the host's root; an ordinary user's processes of elsewhere would count here")
@pytest.mark.parametrize("limit", [0, 1, 2])
def test_rlimit_of_processes(saying, rt, limit):
    """RLIMIT_NPROC of the caller is no obstacle for root, and not the container's unless it asks. (EAGAIN of the clone itself
    is one of the faults of tests/security/faults.py.)"""
    rt.prefix = ["prlimit", f"--nproc={limit}:{limit}"]
    assert succeeds_or_says(rt, saying())


@pytest.mark.slow
@pytest.mark.parametrize("kib", [64, 128, 256, 512, 1024, 4096])
def test_little_memory(limited, saying, rt, kib):
    """memory.limit_in_bytes of the caller: it may be killed, and then `delete --force` finds all there is."""
    limited("memory", **{"memory__limit_in_bytes": kib << 10})
    assert succeeds_or_says(rt, saying()) or kib < 4096


def test_no_file_size(saying, rt):
    """RLIMIT_FSIZE 0: SIGXFSZ is for programs that do not look at errors."""
    rt.prefix = ["prlimit", "--fsize=0:0"]
    r = rt.run(saying())
    rt.prefix = []
    rt.fails(r, "too large")


@pytest.mark.ours
def test_many_mounts_with_few_descriptors(bundle, rt):
    """What rows of mounts are done with is closed before there is much of it (docs/decisions/0231)."""
    mounts = [{"destination": f"/dev/m{i}", "type": "tmpfs", "source": "tmpfs"} for i in range(60)]
    mounts += [{"destination": f"/dev/b{i}", "type": "bind", "source": "/usr", "options": ["bind", "ro"]} for i in range(20)]
    c = bundle(args=["ls", "/proc/self/fd"], edit=lambda c: c["mounts"].extend(mounts))
    r = rt.with_options(prefix=["sh", "-c", 'ulimit -S -n 48; exec "$@"', "sh"]).run(c)
    assert r.returncode == 0 and r.stdout.split() == ["0", "1", "2", "3"], r.stderr

# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests' own tools: what `here` looks for after every test is really found, and an error that is none is noticed."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lib import cgroups, leaks, processes
from lib.kernel_log import KernelLog
from lib.runtime import Result, environment
from lib.user import as_root


@pytest.fixture
def fresh(here):
    return leaks.Leaks(here.tag, here.dir, here.roots)


def test_nothing(fresh):
    assert fresh.wait(0) == []


def test_stray_process(fresh):
    subprocess.run(["sh", "-c", "sleep 1000 & "], check=True, stdout=subprocess.DEVNULL)
    processes.until(lambda: any("sleep 1000" in l for l in fresh.found()), "not found")
    fresh.clean()
    assert fresh.wait() == []


def test_zombies_are_not_strays(fresh):
    subprocess.run(["sh", "-c", "true & "], check=True, stdout=subprocess.DEVNULL)
    time.sleep(0.05)
    assert fresh.wait() == []


@pytest.mark.root("the kernel's log")
def test_complaints_of_the_kernel(here):
    """A complaint is counted, an answer is told only, what was there before is neither."""
    log = KernelLog()
    try:
        if log.why_not or not os.access("/dev/kmsg", os.W_OK):
            pytest.skip(log.why_not or "/dev/kmsg may not be written")
        Path("/dev/kmsg").write_text(f"<4>{here.tag}: WARNING: written by a test\n")
        Path("/dev/kmsg").write_text(f"<4>{here.tag}: an answer written by a test\n")
        log.look()
        assert [c for c in log.complaints if here.tag in c] == [f"{here.tag}: WARNING: written by a test"] and log.messages >= 2
        fresh = KernelLog()
        assert not [c for c in fresh.look().complaints if here.tag in c]
        fresh.close()
    finally:
        log.close()


def test_cgroup(fresh, here):
    for mount in cgroups.hierarchies():
        d = mount / here.tag / f"{here.tag}-1"
        d.mkdir(parents=True)
        parent = [] if fresh.keeps_parents else [f"cgroup {d.parent}"]  # a peer may leave it
        assert fresh.found() == [f"cgroup {d}"] + parent
        d.rmdir()
        assert fresh.found() == parent
        d.parent.rmdir()


def test_cgroup_elsewhere(fresh, here):
    d = next(iter(cgroups.hierarchies())) / f"elsewhere-{here.tag}-1"
    d.mkdir()
    assert fresh.found() == [f"cgroup {d}"]
    d.rmdir()


def test_mount(fresh, here):
    d = here.dir / "mounted"
    d.mkdir()
    as_root(["mount", "-t", "tmpfs", "x", d], check=True)
    assert len(fresh.found()) == 1 and str(d) in fresh.found()[0]
    fresh.clean()
    assert fresh.found() == []


def test_state(fresh, here):
    (here.state / "x").mkdir(parents=True)
    assert fresh.found() == [f"state {here.state / 'x'}"]
    (here.state / "x").rmdir()


def test_descriptor(fresh):
    fd = os.open("/dev/null", os.O_RDONLY)
    assert len(fresh.wait(0)) == 1
    os.close(fd)
    assert fresh.wait(0) == []


@pytest.mark.parametrize("r", [Result([], 0, "", "x", 0), Result([], 1, "", "", 0), Result([], 139, "", "x", 0)])
def test_fails_notices(rt, r):
    with pytest.raises(AssertionError):
        rt.fails(r)


@pytest.mark.ours
@pytest.mark.parametrize("r", [Result([], 1, "", "one\ntwo\n", 0), Result([], 2, "", "x", 0), Result([], 1, "out", "x", 0), Result([], 1, "", "y", 0)])
def test_fails_notices_more(rt, r):
    with pytest.raises(AssertionError):
        rt.fails(r, "x")


def test_error_texts():
    assert Result([], 1, "", 'time="x" level=error msg="a \\"b\\" c"\n', 0).error == 'a "b" c'
    assert Result([], 1, "", "2026-01-01T00:00:00Z: plain\n", 0).error.endswith("plain")


def test_time_limit(rt, here):
    from lib.runtime import call
    with pytest.raises(AssertionError, match="no end after"):
        call(["sleep", "100"], timeout=0.1)


@pytest.mark.slow
@pytest.mark.root("faults are injected as root")
def test_interrupted_sweep_of_faults(rt, here):
    """timeout(1) ends a sweep by two signals, one to its group: no container that it had begun stays."""
    (here.dir / "tmp").mkdir()
    sweep = processes.Process(["/usr/bin/python3", Path(__file__).parents[1] / "security/faults.py", "--mode", "kill", "--scenario", "start"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
                              env=environment(RUNTIME=str(rt.program.path), TMPDIR=str(here.dir / "tmp")))
    assert b"injection points" in sweep.stdout.readline()
    time.sleep(0.7)
    sweep.send_signal(signal.SIGTERM)
    os.killpg(sweep.pid, signal.SIGTERM)
    sweep.wait_and_forget(60)
    sweep.stdout.close()
    assert cgroups.named(f"cf{sweep.pid}x") == [] and os.listdir(here.dir / "tmp") == []


@pytest.mark.once("is about tools that only root runs")
@pytest.mark.parametrize("tool", ["sid-tree", "bookworm-tree"])
def test_tree_that_lacks_a_package(here, tool):
    """A kept tree of Debian is used for as long as it has every package of the list, and made anew otherwise."""
    dpkg, bin = here.dir / "tree/var/lib/dpkg", here.dir / "bin"
    for d in (dpkg, bin):
        d.mkdir(parents=True)
    (bin / "mmdebstrap").write_text(f"#!/bin/sh\necho \"$@\" >{here.dir}/asked; exit 9\n")
    (bin / "mmdebstrap").chmod(0o755)
    env = {f"CRUN_{tool.split('-')[0].upper()}_TREE": str(here.dir / "tree"), "PATH": f"{bin}:/usr/sbin:/usr/bin:/sbin:/bin"}

    def ask(*packages):
        (dpkg / "status").write_text("".join(f"Package: {p}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n" for p in packages))
        (here.dir / "asked").unlink(missing_ok=True)
        return subprocess.run([Path(__file__).parents[2] / "tools" / tool], env=env, capture_output=True, text=True, timeout=60)

    assert ask().returncode != 0
    include, = (w for w in (here.dir / "asked").read_text().split() if w.startswith("--include="))
    packages = include.removeprefix("--include=").split(",")
    assert "tini" in packages and dpkg.is_dir(), "what was there stays until there is another"
    assert ask(*packages, "another").stdout == f"{here.dir}/tree\n" and not (here.dir / "asked").exists()
    assert ask(*packages[:-1]).returncode != 0 and (here.dir / "asked").exists()


def test_modules_left_out_for_a_user():
    """make check runs, as an ordinary user too, every module that asks who runs it (docs/decisions/0222)."""
    step = (Path(__file__).parents[2] / "tools/check-host").read_text().partition("\nstep_user()")[2]
    left_out = re.search(r"for module in (.+); do", step)[1].split()
    asks = {m for m in left_out if re.search(r"user[.]ACTIVE", (Path(__file__).parent / f"test_{m}.py").read_text())}
    assert asks <= {"cli", "engines"}, asks

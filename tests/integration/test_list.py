# SPDX-License-Identifier: GPL-2.0-or-later
"""list and ps: what is there, for people and for programs."""

import os
import pwd
import re
import shutil
import subprocess

import pytest

from lib import processes
from lib.bundle import namespaces
from lib.terminal import Terminal


@pytest.fixture
def three(created, running, bundle, rt, here):
    """A created, a running and a stopped one."""
    a = created(id=f"{here.tag}-c")
    b = running(id=f"{here.tag}-a")
    c = bundle(args=["true"], id=f"{here.tag}-b")
    rt.run_detached(c)
    rt.wait_status(c, "stopped")
    return {"created": a, "running": b, "stopped": c}


def test_table(three, rt):
    lines = rt("list", check=True).lines
    assert lines[0].split() == "ID PID STATUS BUNDLE CREATED OWNER".split()
    rows = [l.split() for l in lines[1:]]
    assert [r[0] for r in rows] == sorted(c.id for c in three.values())
    for status, c in three.items():
        row = next(r for r in rows if r[0] == c.id)
        assert row[1:4] == [str(rt.pid(c)), status, str(c.path)]
        assert row[4].startswith("20") and "T" in row[4]
        assert row[5] == pwd.getpwuid(os.geteuid()).pw_name


@pytest.mark.ours
def test_bundle_with_control_characters(bundle, rt, here):
    """A path can hold anything; a line of the table is a line, and a terminal obeys nothing in it."""
    c = bundle(args=["true"])
    odd = here.dir / "a\n\x1b[2J\u009bz"
    c.path.rename(odd)
    try:
        rt("run", "--detach", "-b", odd, c.id, files=here.dir, check=True)
        line, = [l for l in rt("list", check=True).stdout.split("\n")[1:] if l]
        assert line.split()[0] == c.id and f"{here.dir}/a??[2J?z   " in line, repr(line)
        assert rt.list()[0]["bundle"] == str(odd)
    finally:
        rt("delete", "--force", c.id)
        odd.rename(c.path)


@pytest.mark.ours
def test_paused_and_half_made(three, rt):
    """Nothing stays open between one container and the next, and each is looked at in the way it needs."""
    rt("pause", three["running"].id, check=True)
    (rt.root / "aaa-half-made").mkdir(mode=0o700)
    try:
        entries = {e["id"]: e for e in rt.list()}
        assert {e["id"] for e in entries.values() if entries["aaa-half-made"].keys() != e.keys()} == set()
        assert re.match(r"20..-..-..T", entries["aaa-half-made"]["created"])
        states = {id: e["status"] for id, e in entries.items()}
        assert states.pop("aaa-half-made") == "creating"
        assert states == {three["created"].id: "created", three["running"].id: "paused", three["stopped"].id: "stopped"}
    finally:
        rt("resume", three["running"].id)
        rt("delete", "--force", "aaa-half-made")


@pytest.mark.ours
def test_root_that_others_may_write_to(three, rt):
    """With the sticky bit. What others have put there is no container."""
    if os.geteuid() != 0:
        pytest.skip("only root makes directories of others")
    rt.root.chmod(0o1777)
    (rt.root / "another").mkdir(mode=0o700)
    os.chown(rt.root / "another", 1, 1)
    states = {e["id"]: e["status"] for e in rt.list()}
    os.rmdir(rt.root / "another")
    assert states == {three["created"].id: "created", three["running"].id: "running", three["stopped"].id: "stopped"}


def test_table_is_aligned(three, rt):
    lines = rt("list", "--format", "table", check=True).lines
    columns = [m.start() for m in re.finditer(r"\S+", lines[0])]
    for line in lines[1:]:
        assert [m.start() for m in re.finditer(r"\S+", line)] == columns


def test_json(three, rt):
    for form in (["--format", "json"], ["-f", "json"], ["--format=json"]):
        rows = rt("list", *form, check=True).json
        assert [r["id"] for r in rows] == sorted(c.id for c in three.values())
        for row in rows:
            want = rt.state(row["id"])
            assert row == want or not rt.ours
            assert (row["status"], row["pid"], row["bundle"]) == (want["status"], want["pid"], want["bundle"])


def test_quiet(three, rt):
    for option in ("-q", "--quiet"):
        assert rt("list", option, check=True).lines == sorted(c.id for c in three.values())


def test_empty(rt):
    if not rt.ours:  # runc 1.3 wants it to be there
        rt.root.mkdir()
    assert rt("list", "-q", check=True).stdout == ""
    assert not rt("list", "--format", "json", check=True).json
    assert rt("list", check=True).stdout.split() == "ID PID STATUS BUNDLE CREATED OWNER".split()


@pytest.mark.ours
def test_empty_is_an_array(rt):
    assert rt("list", "--format", "json", check=True).json == []


@pytest.mark.ours
def test_bad_format(rt):
    rt.fails(rt("list", "--format", "xml"), "xml")


@pytest.mark.ours
def test_stray_files_in_the_state_root(three, rt):
    """A damaged or foreign entry does not hide the others."""
    (rt.root / "a-file").write_text("x")
    (rt.root / "an-empty-dir").mkdir()
    (rt.root / "damaged").mkdir()
    for f in (rt.root / three["running"].id).iterdir():
        if f.is_file():
            (rt.root / "damaged" / f.name).write_text("{")
    try:
        ids = rt("list", "-q").lines
        assert {c.id for c in three.values()} <= set(ids)
    finally:
        (rt.root / "a-file").unlink()
        for n in ("an-empty-dir", "damaged"):
            rt("delete", "--force", n)
            shutil.rmtree(rt.root / n, ignore_errors=True)


def test_ps_json(running, rt):
    c = running(["/bin/probe", "tree", "2"])
    rt.wait_output(c, "ready")
    for form in (["--format", "json"], ["-f", "json"], ["--format=json"]):
        pids = rt("ps", *form, c.id, check=True).json
        assert rt.pid(c) in pids and len(pids) == 3
        assert all(processes.alive(p) for p in pids)


def test_ps_table(running, rt):
    if not shutil.which("ps"):
        pytest.skip("no ps(1) on this host")
    c = running(["/bin/probe", "tree", "2"])
    rt.wait_output(c, "ready")
    lines = rt("ps", c.id, check=True).lines
    assert lines[0].split() == "UID PID PPID C STIME TTY TIME CMD".split()
    assert len(lines) == 4 and all("probe tree 2" in l for l in lines[1:])
    assert {int(l.split()[1]) for l in lines[1:]} == set(rt.ps(c))


def test_ps_with_words_for_ps(running, rt):
    if not shutil.which("ps"):
        pytest.skip("no ps(1) on this host")
    c = running(["/bin/probe", "tree", "1"])
    rt.wait_output(c, "ready")
    lines = rt("ps", c.id, "-o", "pid,comm", check=True).lines
    assert lines[0].split() == ["PID", "COMMAND"]
    assert {int(l.split()[0]) for l in lines[1:]} == set(rt.ps(c))


@pytest.mark.differs(runc="asks ps(1) for the processes of its own terminal")
def test_ps_on_a_terminal(running, rt):
    """ps(1) shows the terminal's own processes then, unless it is told which: the container's have none."""
    if not shutil.which("ps"):
        pytest.skip("no ps(1) on this host")
    c = running(["/bin/probe", "tree", "1"])
    rt.wait_output(c, "ready")
    for words in (["-o", "pid,comm"], ["-eo", "pid,comm"], ["ax", "-o", "pid,comm"], ["-o", "comm,pid", "-e"]):
        t = Terminal()
        try:
            t.spawn(rt.argv("ps", c.id, *words), stdout=subprocess.PIPE)
            lines = t.process.communicate(timeout=20)[0].decode().splitlines()
            t.process.forget()
        finally:
            t.close()
        assert lines[0].split() == (["PID", "COMMAND"] if words[-1] == "pid,comm" else ["COMMAND", "PID"]), lines
        assert len(lines) == 3 and all("probe" in l for l in lines[1:]), lines


def test_ps_with_a_selection(running, rt):
    """What the words select is not made more."""
    if not shutil.which("ps"):
        pytest.skip("no ps(1) on this host")
    c = running(["/bin/probe", "tree", "1"])
    rt.wait_output(c, "ready")
    lines = rt("ps", c.id, "-p", rt.pid(c), "-o", "pid", check=True).lines
    assert lines[1:] == [str(rt.pid(c)).rjust(len(lines[1]))], lines


def test_ps_created(created, rt):
    c = created()
    assert rt.ps(c) == [rt.pid(c)]


def test_ps_stopped(bundle, rt):
    c = bundle(args=["true"])
    rt.run_detached(c)
    rt.wait_status(c, "stopped")
    assert rt("ps", "--format", "json", c.id, check=True).json in ([], None)


@pytest.mark.ours
def test_ps_stopped_is_empty(bundle, rt):
    c = bundle(args=["true"])
    rt.run_detached(c)
    rt.wait_status(c, "stopped")
    assert rt("ps", "--format", "json", c.id, check=True).json == []
    assert len(rt("ps", c.id, check=True).lines) <= 1


def test_ps_includes_child_cgroups(running, rt, here):
    from lib import cgroups
    c = running(["/bin/probe", "tree", "1"], namespaces=namespaces("mount", "network", "ipc", "uts"))
    rt.wait_output(c, "ready")
    pids = rt.ps(c)
    other = next(p for p in pids if p != rt.pid(c))
    made = []
    for mount in cgroups.hierarchies():
        d = mount / here.tag / c.id
        if d.is_dir() and "cpuset" not in cgroups.hierarchies()[mount]:
            (d / "child").mkdir()
            made.append(d / "child")
            (d / "child/cgroup.procs").write_text(str(other))
    assert made
    assert sorted(rt.ps(c)) == sorted(pids)
    rt.delete(c, "--force")
    assert not [d for d in made if d.exists()]

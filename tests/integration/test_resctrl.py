# SPDX-License-Identifier: GPL-2.0-or-later
"""linux.intelRdt on a tree of ordinary files, where the CPU has no resctrl: the runtime's own mountinfo says that it is mounted
there. Most groups exist beforehand, for nobody fills a new directory."""

import json
import shutil
import threading

import pytest

from lib import processes

pytestmark = [pytest.mark.ours, pytest.mark.root("resctrl is not delegated"), pytest.mark.once("its files are root's")]

SCHEMATA = "    MB:0=100;1=50\n    L3:0=fff;1=f0\n"
VIEW = """#!/bin/sh -e
# VIEW TREE COMMAND...: /proc/self/mountinfo of the command, which keeps this number, has one line more
(cat /proc/$$/mountinfo; echo "9999 1 0:999 / $1/resctrl rw,relatime - resctrl resctrl rw") >"$1/mountinfo"
mount --bind "$1/mountinfo" /proc/$$/mountinfo
shift
exec "$@"
"""


class Tree:
    def __init__(self, place):
        self.place = place
        self.root = place / "resctrl"
        self.group(self.root)
        (place / "view").write_text(VIEW)
        (place / "view").chmod(0o755)
        self.prefix = ["unshare", "--mount", "--propagation", "private", place / "view", place]

    def group(self, path):
        """A group as the kernel makes it."""
        (path / "mon_groups").mkdir(parents=True)
        (path / "schemata").write_text(SCHEMATA)
        (path / "tasks").write_text("")

    def monitor(self, group, name):
        d = group / "mon_groups" / name
        d.mkdir()
        (d / "tasks").write_text("")
        return d


@pytest.fixture
def tree(here):
    return Tree(here.dir)


@pytest.fixture
def rdt(rt, tree):
    r = rt.with_options(prefix=tree.prefix)
    yield r
    for id in list(r.ids):
        r.delete(id, "--force")


def tasks(path):
    return (path / "tasks").read_text()


def test_class(rdt, tree, bundle):
    """It stands where closID says, has what is asked for, and gets the process before that runs."""
    gold = tree.root / "gold"
    tree.group(gold)
    c = bundle(args=["sleep", "1000"], linux={"intelRdt": {"closID": "gold", "l3CacheSchema": "L3:0=fff;1=f0\nMB:0=7", "memBwSchema": "MB:1=50;0=100"}})
    rdt.create(c)
    assert tasks(gold) == str(rdt.pid(c)) and tasks(tree.root) == ""
    rdt.start(c)
    rdt.delete(c, "--force")
    assert (gold / "schemata").read_text() == SCHEMATA and gold.is_dir()  # it is not the container's


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("closid", ["new", None])
def test_new_class(rt, tree, bundle, closid):
    """A directory is made for it; while a tracer holds the runtime there, the files come that the kernel would have put into it."""
    c = bundle(args=["true"], linux={"intelRdt": {"schemata": ["L3:0=f", "MB:0=70"], **({"closID": closid} if closid else {})}})
    new = tree.root / (closid or c.id)
    held = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", new, "-e", "trace=mkdir,mkdirat", "-e", "inject=mkdir,mkdirat:delay_exit=500000"]
    seen = []

    def kernel():
        processes.until(new.is_dir, "no directory for the class")
        tree.group(new)
        processes.until(lambda: tasks(new), "no process in the class")
        seen.append((tasks(new), (new / "schemata").read_text()))
    thread = threading.Thread(target=kernel)
    thread.start()
    try:
        r = rt.with_options(prefix=held + tree.prefix).run(c)
    finally:
        thread.join()
    assert r.returncode == 0 and seen and int(seen[0][0]) > 1, str(r)
    assert seen[0][1].startswith("L3:0=f\nMB:0=70\n"), seen  # the kernel's file has no end that would stay


@pytest.mark.parametrize("rules", [{"schemata": ["L3:0=1"]}, {"l3CacheSchema": "L3:1=f"}, {"memBwSchema": "MB:0=10"}], ids=lambda r: next(iter(r)))
def test_class_that_says_otherwise(rdt, rt, tree, bundle, rules):
    tree.group(tree.root / "gold")
    rt.fails(rdt.run(bundle(args=["true"], linux={"intelRdt": {"closID": "gold", **rules}})), "linux.intelRdt", "says otherwise")
    assert tasks(tree.root / "gold") == ""


def test_class_that_is_missing(rdt, rt, tree, bundle):
    rt.fails(rdt.run(bundle(args=["true"], linux={"intelRdt": {"closID": "none"}})), "linux.intelRdt", f"{tree.root}/none", "no such file or directory")
    assert not (tree.root / "none").exists()


def test_default_class(rdt, tree, bundle):
    c = bundle(args=["true"], linux={"intelRdt": {"closID": "/"}})
    assert rdt.run(c).returncode == 0
    assert int(tasks(tree.root)) > 1


@pytest.mark.parametrize("name", ["a/b", "..", "info", "mon_groups"])
def test_names_that_are_no_class(rdt, rt, bundle, name):
    rt.fails(rdt.run(bundle(args=["true"], linux={"intelRdt": {"closID": name}})), "linux.intelRdt.closID", f'"{name}"')


def test_monitoring(rdt, tree, bundle):
    """A group of the container's own, which goes with it as far as it is empty."""
    gold = tree.root / "gold"
    tree.group(gold)
    c = bundle(args=["sleep", "1000"], linux={"intelRdt": {"closID": "gold", "enableMonitoring": True}})
    mine = tree.monitor(gold, c.id)
    rdt.create(c)
    assert tasks(mine) == tasks(gold) == str(rdt.pid(c))
    (mine / "tasks").unlink()  # rmdir(2) of a real group does not ask
    rdt.delete(c, "--force")
    assert not mine.exists() and gold.is_dir()


@pytest.fixture
def own(rdt, tree, bundle):
    """A container with a class of its own."""
    c = bundle(args=["sleep", "1000"], linux={"intelRdt": {"l3CacheSchema": "L3:0=fff"}})
    tree.group(tree.root / c.id)
    rdt.run_detached(c)
    return c


def test_update(own, rdt, rt, tree):
    file = tree.root / own.id / "schemata"
    r = rdt("update", "--l3-cache-schema", "L3:0=f", own.id)
    assert (r.returncode, r.stderr) == (0, "") and file.read_text().startswith("L3:0=f\n"), str(r)
    r = rdt("update", "--mem-bw-schema", "MB:0=20", own.id)
    assert (r.returncode, r.stderr) == (0, "") and file.read_text().startswith("MB:0=20\n"), str(r)
    file.unlink()
    rt.fails(rdt("update", "--mem-bw-schema", "MB:0=20", own.id), "--mem-bw-schema", "schemata")


def test_update_without_a_class(running, rt):
    rt.fails(rt("update", "--l3-cache-schema", "L3:0=f", running().id), "--l3-cache-schema", "linux.intelRdt")


def test_statistics(own, rdt):
    r = rdt("events", "--stats", own.id)
    assert json.loads(r.stdout)["data"]["intel_rdt"] == {"l3_cache_schema": "L3:0=fff;1=f0", "mem_bw_schema": "MB:0=100;1=50"}, str(r)


def test_class_goes_with_the_container(own, rdt, tree):
    d = tree.root / own.id
    for f in ("schemata", "tasks"):
        (d / f).unlink()
    (d / "mon_groups").rmdir()
    rdt.delete(own, "--force")
    assert not d.exists()
    processes.until(lambda: own.id not in [s["id"] for s in rdt.list()], "it is still there")

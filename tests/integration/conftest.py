# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: what a test of a container needs, and the look around after it.

    def test_user(bundle, run):
        c = bundle(args=["id", "-u"], user={"uid": 1000, "gid": 1000})
        assert run(c).stdout == "1000\\n"
"""

import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import types
from pathlib import Path

import pytest

from lib import cgroups, leaks, processes, rootfs as images, user
from lib.bundle import Bundle, configure
from lib.runtime import Program, Runtime

_count = itertools.count(1)
PROGRAM, PLACE = pytest.StashKey(), pytest.StashKey()


def pytest_configure(config):
    config.addinivalue_line("markers", "ours: behaviour of our own program; skipped with a peer")
    config.addinivalue_line("markers", "differs(**peers): a peer that is known to behave otherwise, and how")
    config.addinivalue_line("markers", "root(why): cannot be done as an ordinary user, and why")
    config.addinivalue_line("markers", "once(why): not repeated as an ordinary user, and why")
    processes.default_signals()
    processes.become_subreaper()
    if user.WANTED and os.geteuid() != 0:
        raise pytest.UsageError("CRUN_TEST_USER=1: root is needed to make the user's place; an ordinary user goes without it")
    worker = hasattr(config, "workerinput")
    if user.WANTED and not worker:
        config.stash[PLACE] = user.Place()
        config.stash[PLACE].enter()
    if user.WANTED and (worker or not config.getoption("numprocesses", None)):
        user.become()
    try:
        config.stash[PROGRAM] = Program.find()
    except FileNotFoundError as e:
        raise pytest.UsageError(str(e)) from None


def pytest_unconfigure(config):
    if place := config.stash.get(PLACE, None):
        with user.root():
            place.leave()


def pytest_report_header(config):
    p = config.stash[PROGRAM]
    return f"runtime: {p.path} ({'ours' if p.ours else 'a peer: ' + p.name + ' ' + '.'.join(map(str, p.version))})"


def pytest_collection_modifyitems(items):
    """The long ones first, so that two workers end together."""
    for i in items if user.ACTIVE else []:
        for m in [*i.iter_markers("root"), *i.iter_markers("once")]:
            i.add_marker(pytest.mark.skip(reason=f"as an ordinary user: {m.args[0]}"))
    items.sort(key=lambda i: 0 if i.get_closest_marker("slow") else 1)


@pytest.fixture(scope="session")
def program(request) -> Program:
    return request.config.stash[PROGRAM]


@pytest.fixture(scope="session")
def session():
    """A directory that every user may pass through (a user namespace's root is not ours)."""
    d = Path(tempfile.mkdtemp(prefix="crun-test-"))
    d.chmod(0o755)
    yield d
    if leaks.mounts(d):
        pytest.fail(f"still mounted, so {d} is left: {leaks.mounts(d)}")
    with user.root():
        subprocess.run(["chattr", "-R", "-i", d], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(d)


@pytest.fixture(scope="session")
def blocked(session) -> Path:
    """A program that runs another with system calls blocked (blocked.c)."""
    to = session / "blocked"
    if not to.exists():
        compiler = os.environ.get("CC", "gcc").split()
        subprocess.run([*compiler, "-O1", "-o", to, Path(__file__).parent / "blocked.c"], check=True, timeout=60)
    return to


@pytest.fixture(scope="session")
def image(session) -> Path:
    """The shared root file system."""
    return images.make(session / "image")


@pytest.fixture(autouse=True)
def _markers(request, program):
    if not program.ours:
        if request.node.get_closest_marker("ours"):
            pytest.skip(f"only for our own program, and this is {program.name}")
        for m in request.node.iter_markers("differs"):
            why = m.kwargs.get(program.name)
            upto = re.match(r"[\d.]+\d(?= )", why or "")  # "1.1.5 does this": and later ones may not
            if why and (not upto or program.version <= tuple(map(int, upto[0].split(".")))):
                pytest.skip(f"{program.name}: {why}")


@pytest.fixture(autouse=True)
def here(request, session, program, image, _markers):
    """This test's own place and name: here.dir, here.tag, here.parent (of cgroups). Fails if anything is left there."""
    tag = f"ct{os.getpid()}x{next(_count)}"
    d = session / tag
    d.mkdir()
    place = types.SimpleNamespace(dir=d, tag=tag, parent=f"/{tag}", state=d / "state", roots=[d / "state"])
    before = images.names(image)
    check = leaks.Leaks(tag, d, place.roots, (".seccomp",) if program.ours else (".empty-directory", ".empty-file"),
                        keeps_parents=not program.ours)
    place.leaks = check
    cwd = os.getcwd()
    yield place
    os.chdir(cwd)
    left = check.wait()
    changed = images.names(image) ^ before
    check.clean()
    if not leaks.mounts(d):
        with user.root():
            shutil.rmtree(d, ignore_errors=True)
    if changed:
        for n in sorted(changed, reverse=True):
            if os.path.lexists(n):
                os.rmdir(n) if os.path.isdir(n) and not os.path.islink(n) else os.unlink(n)
        left.append(f"the shared image was changed: {sorted(changed)}")
    assert not left, "left behind:\n  " + "\n  ".join(left)


@pytest.fixture
def rt(here, program):
    """The runtime with a state directory of its own; its containers are deleted by force afterwards."""
    r = Runtime(program, here.state)
    yield r
    complaints = r.clean()
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def run(rt):
    return rt.run


@pytest.fixture
def bundle(here, image):
    """Makes bundles: bundle(args=[...], user={...}, mounts=[...], ...), see lib.bundle.configure.

    copy=True: a root file system of its own, writable. id: another id than the one made up. text: config.json as it is.
    cgroup=False: no cgroupsPath.
    """
    count = itertools.count(1)

    def make(copy=False, id=None, text=None, cgroup=True, **changes) -> Bundle:
        id = id or f"{here.tag}-{next(count)}"
        path = here.dir / f"bundle-{next(count)}"
        path.mkdir()
        root = image
        if copy:
            root = images.copy(image, path / "rootfs")
            changes["root"] = {"readonly": False, **(changes.get("root") or {})}
        b = Bundle(path, root, id, configure(root, f"{here.parent}/{id}" if cgroup else None, **changes))
        return b.write() if text is None else b.write_text(text)

    return make


@pytest.fixture
def probe(bundle, run):
    """Runs the probe in a container made like a bundle, and returns what it has found."""
    def ask(*args, options=(), how=None, **changes):
        c = bundle(args=["/bin/probe", *args], **changes)
        r = run(c, *options, **(how or {}))
        assert r.returncode == 0 and not r.stderr, str(r)
        return json.loads(r.stdout)
    return ask


@pytest.fixture
def sh(bundle, run):
    """Runs a shell script in a container made like a bundle, and returns its output."""
    def ask(script, options=(), how=None, **changes) -> str:
        r = run(bundle(args=["/bin/sh", "-ec", script], **changes), *options, **(how or {}))
        assert r.returncode == 0 and not r.stderr, str(r)
        return r.stdout
    return ask


@pytest.fixture
def running(bundle, rt):
    """A started, detached container that sleeps (or does what args say)."""
    def make(args=("/bin/probe", "sleep"), **changes):
        c = bundle(args=args, **changes)
        rt.run_detached(c)
        return c
    return make


@pytest.fixture
def created(bundle, rt):
    def make(args=("/bin/probe", "sleep"), **changes):
        c = bundle(args=args, **changes)
        rt.create(c)
        return c
    return make


@pytest.fixture(scope="session")
def v2_view(session) -> list:
    """A prefix of commands: a mount namespace of its own in which only cgroup v2 is mounted."""
    if not cgroups.v2_mount():
        pytest.skip("no cgroup v2 hierarchy on this host")
    script = session / "v2-view"
    script.write_text("#!/bin/sh -e\numount -R /sys/fs/cgroup\nmount -t cgroup2 cgroup2 /sys/fs/cgroup\nexec \"$@\"\n")
    script.chmod(0o755)
    return ["unshare", "--mount", "--propagation", "private", str(script)]

# SPDX-License-Identifier: GPL-2.0-or-later
"""mounts add, mounts remove: other mounts for a container that runs."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from lib.bundle import bind, namespaces, tmpfs, user_mappings
from lib.runtime import call
from lib.user import ACTIVE
from test_mounts import Mount
from test_security import remove_below

pytestmark = pytest.mark.ours

HOSTS = pytest.mark.root("a clone of what the host has mounted takes CAP_SYS_ADMIN in its mount namespace (open_tree(2))")
USER = ("user", "pid", "mount", "network", "ipc", "uts", "cgroup")


@pytest.fixture
def change(rt):
    """change(container, "add", mount, mount...): the result; the document goes in by standard input."""
    def call_it(c, verb, *mounts, how=None, check=True):
        return (how or rt)("mounts", verb, c.id, "-", input=json.dumps(mounts), check=check)
    return call_it


@pytest.fixture
def table(rt):
    """Every mount of a container, in order."""
    def ask(c):
        return [Mount(l) for l in Path(f"/proc/{rt.pid(c)}/mountinfo").read_text().splitlines()]
    return ask


@pytest.fixture
def inside(rt):
    def ask(c, script):
        r = rt("exec", c.id, "sh", "-c", script)
        assert not r.stderr, str(r)
        return r.stdout
    return ask


@pytest.fixture
def data(here):
    d = here.dir / "data"
    d.mkdir()
    (d / "f").write_text("hello\n")
    (d / "f").chmod(0o644)
    return d


def volume(data, target, *options):
    """Of the host where that can be had; what an ordinary user can bring into his container otherwise."""
    return tmpfs(target, *options) if ACTIVE else bind(data, target, *options)


def at(mounts, target):
    return [m for m in mounts if m.target == target]


@pytest.fixture
def running(running, bundle):
    """With a /mnt in which the root of any user namespace can make directories."""
    def make(*args, **changes):
        c = running(*args, **changes)
        if changes.get("copy"):
            (c.rootfs / "mnt").chmod(0o777)
        return c
    return make


USER_NAMESPACE = pytest.mark.parametrize("user", [False, True], ids=["root", "userns"])


def changes_for(user):
    return {"namespaces": namespaces(*USER), "linux": user_mappings()} if user else {}


# add

@HOSTS
@USER_NAMESPACE
def test_add(running, change, table, inside, data, user):
    """A bind, a tmpfs and one beneath it, in the order of the file; missing targets are made."""
    c = running(copy=True, **changes_for(user))
    r = change(c, "add", bind(data, "/mnt/deep/data", "ro", "nosuid"), tmpfs("/mnt/t", "size=64k", "mode=700", "noexec"),
               bind(data / "f", "/mnt/t/file"))
    assert (r.stdout, r.stderr) == ("", "")
    t = table(c)
    assert at(t, "/mnt/deep/data")[0].options >= {"ro", "nosuid"}
    assert at(t, "/mnt/t")[0].type == "tmpfs" and at(t, "/mnt/t")[0].super >= {"size=64k"} and "noexec" in at(t, "/mnt/t")[0].options
    assert inside(c, "cat /mnt/deep/data/f /mnt/t/file; stat -c '%u %a' /mnt/t /mnt/deep") == "hello\nhello\n0 700\n0 755\n"


@pytest.mark.parametrize("kind, source", [("proc", "proc"), ("sysfs", "sysfs"), ("mqueue", "mqueue"), ("devpts", "devpts"), ("cgroup", "cgroup")])
@USER_NAMESPACE
def test_add_shows_the_containers_namespaces(running, change, inside, table, kind, source, user):
    """Not those of who adds them."""
    c = running(copy=True, **(changes_for(user) or {"namespaces": namespaces(*USER[1:])}))
    change(c, "add", {"destination": "/mnt/x", "type": kind, "source": source})
    assert at(table(c), "/mnt/x"), "not there"
    if kind == "proc":
        assert inside(c, "cat /mnt/x/1/comm") == "probe\n"
    if kind == "sysfs":
        assert inside(c, "ls /mnt/x/class/net") == "lo\n"
    if kind == "cgroup":
        lines = inside(c, "grep ' /mnt/x' /proc/self/mountinfo; find /mnt/x -name cgroup.procs | head -1").splitlines()
        assert {l.split(" ")[3] for l in lines[:-1]} == {"/"} and "cgroup.procs" in lines[-1], lines


@HOSTS
@USER_NAMESPACE
def test_add_an_overlay(running, change, inside, here, user):
    """Its directories are the host's."""
    for d in ("lower", "upper", "work"):
        (here.dir / d).mkdir()
    os.chmod(here.dir / "upper", 0o777)
    (here.dir / "lower/a").write_text("lower\n")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", here.dir / "lower"], check=True)  # an overlay on an overlay may be refused
    try:
        for d in ("lower", "upper", "work"):
            (here.dir / "lower" / d).mkdir(mode=0o777)
        (here.dir / "lower/lower/a").write_text("lower\n")
        os.chmod(here.dir / "lower/upper", 0o777)
        c = running(copy=True, **changes_for(user))
        base = here.dir / "lower"
        change(c, "add", {"destination": "/mnt/o", "type": "overlay", "source": "overlay",
                          "options": [f"lowerdir={base}/lower", f"upperdir={base}/upper", f"workdir={base}/work"]})
        assert inside(c, "cat /mnt/o/a; echo new > /mnt/o/b; cat /mnt/o/b") == "lower\nnew\n"
        assert (base / "upper/b").read_text() == "new\n"
        change(c, "remove", {"destination": "/mnt/o"})
    finally:
        subprocess.run(["umount", "-l", here.dir / "lower"], check=True)


@HOSTS
@pytest.mark.parametrize("option, owner", [("idmap=uids=0-7-1;gids=0-8-1", "7:8"), (None, "5:6")])
def test_add_id_mapped(running, change, inside, data, option, owner):
    c = running(copy=True)
    m = bind(data, "/mnt/x", *([option] if option else []))
    if not option:
        m |= {"uidMappings": [{"containerID": 0, "hostID": 5, "size": 1}], "gidMappings": [{"containerID": 0, "hostID": 6, "size": 1}]}
    change(c, "add", m)
    assert inside(c, "stat -c %u:%g /mnt/x/f") == f"{owner}\n"


@HOSTS
def test_add_id_mapped_to_the_containers_namespace(running, change, inside, data):
    """Root's file of the host is the container's root's."""
    c = running(copy=True, **changes_for(True))
    change(c, "add", bind(data, "/mnt/plain"), bind(data, "/mnt/mapped", "idmap"))
    assert inside(c, "stat -c %u:%g /mnt/plain/f /mnt/mapped/f") == "65534:65534\n0:0\n"


@HOSTS
def test_add_with_other_options(running, change, inside, table, here, data):
    """copy-symlink, src-nofollow, dest-nofollow, tmpcopyup, recursive flags, propagation."""
    (here.dir / "link").symlink_to("/somewhere")
    c = running(copy=True)
    (c.rootfs / "mnt/full").mkdir()
    (c.rootfs / "mnt/full/file").write_text("kept\n")
    (c.rootfs / "mnt/end").symlink_to("behind")
    (c.rootfs / "mnt/behind").write_text("behind\n")
    change(c, "add", bind(here.dir / "link", "/mnt/copied", "copy-symlink"), bind(here.dir / "link", "/mnt/itself", "src-nofollow"),
           bind(data / "f", "/mnt/end", "dest-nofollow"), tmpfs("/mnt/full", "tmpcopyup"),
           bind(data, "/mnt/r", "rro", "rnosuid", recursive=True), bind(data, "/mnt/shared", "shared"))
    assert inside(c, "readlink /mnt/copied; readlink /mnt/itself; cat /mnt/behind /mnt/full/file") == "/somewhere\n/somewhere\nbehind\nkept\n"
    assert at(table(c), "/mnt/r")[0].options >= {"ro", "nosuid"}
    assert [t for t in at(table(c), "/mnt/shared")[0].tags if t.startswith("shared:")]
    change(c, "remove", *({"destination": d} for d in ("/mnt/itself", "/mnt/end", "/mnt/full")))
    assert not at(table(c), "/mnt/end") and not at(table(c), "/mnt/full")


@HOSTS
def test_add_a_source_of_the_bundle(running, change, inside):
    c = running(copy=True)
    (c.path / "extra").mkdir()
    (c.path / "extra/x").write_text("of the bundle\n")
    change(c, "add", bind("extra", "/mnt/x"))
    assert inside(c, "cat /mnt/x/x") == "of the bundle\n"


def test_add_to_a_created_and_a_paused_container(created, running, rt, change, table, data):
    c = created(copy=True)
    change(c, "add", volume(data, "/mnt/x"))
    rt.start(c)
    assert at(table(c), "/mnt/x")
    p = running(copy=True)
    rt("pause", p.id, check=True)
    change(p, "add", volume(data, "/mnt/x"))
    assert at(table(p), "/mnt/x") and rt.status(p) == "paused"
    rt("resume", p.id, check=True)


def test_many(running, change, table, data):
    c = running(copy=True)
    mounts = [volume(data, f"/m/{i}") for i in range(250)]
    change(c, "add", *mounts)
    assert len([m for m in table(c) if m.target.startswith("/m/")]) == 250
    change(c, "remove", *mounts)
    assert not [m for m in table(c) if m.target.startswith("/m/")]


# all of them, or none

@pytest.mark.parametrize("bad, words", [
    pytest.param(bind("/no/such", "/mnt/b"), ("mounts[2]", "/mnt/b", "/no/such", "does not exist"), marks=HOSTS),
    pytest.param(bind("/etc", "/etc/hostname"), ("mounts[2]", "/etc/hostname", "not a directory"), marks=HOSTS),
    (tmpfs("/mnt/b", "size=nonsense"), ("mounts[2]", "/mnt/b", "size")),
    ({"destination": "/mnt/b", "type": "nofs", "source": "x"}, ("mounts[2]", "/mnt/b", "nofs")),
    pytest.param({"destination": "/mnt/b", "type": "ext4", "source": "/no/device"}, ("mounts[2]", "/mnt/b", "/no/device"), marks=HOSTS),
    pytest.param({"destination": "/mnt/b", "type": "overlay", "source": "o", "options": ["lowerdir=/y:" + "/x" * 200]}, ("mounts[2]", "lowerdir", "255"), marks=HOSTS),
    (tmpfs("/"), ("mounts[2]", "root file system")),
    (tmpfs("/mnt/b", "remount"), ("mounts[2]", "remount")),
])
@pytest.mark.parametrize("before", [2, 30])
def test_all_or_none(running, change, table, rt, data, bad, words, before):
    """The last one cannot be made: the others go again. From the seventeenth on sources are opened while init mounts."""
    c = running(copy=True)
    old = [(m.target, m.type) for m in table(c)]
    words = [w.replace("[2]", f"[{before}]") for w in words]
    r = change(c, "add", *(volume(data, f"/mnt/{i}") if i else tmpfs("/mnt/0") for i in range(before)), bad, check=False)
    rt.fails(r, *words)
    assert [(m.target, m.type) for m in table(c)] == old
    rt.fails(change(c, "remove", {"destination": "/mnt/1"}, check=False), "mounts[0]", "/mnt/1")


def test_remove_all_or_none(running, change, table, inside, rt, data):
    """The container has covered one of them: the others come back."""
    c = running(args=["sh", "-c", "while ! test -e /go; do sleep 0.05; done; mount -t tmpfs tmpfs /mnt/a && echo covered; exec sleep 1000"],
                copy=True, process={"capabilities": {s: ["CAP_SYS_ADMIN"] for s in ("bounding", "effective", "permitted")}, "noNewPrivileges": False})
    change(c, "add", volume(data, "/mnt/a"), volume(data, "/mnt/b"), volume(data, "/mnt/c", "ro"))
    (c.rootfs / "go").write_text("")
    rt.wait_output(c, "covered")
    rt.fails(change(c, "remove", *({"destination": f"/mnt/{n}"} for n in "abc"), check=False), "mounts[0]", "/mnt/a", "covered")
    t = table(c)
    assert [m.target for m in t if m.target in ("/mnt/b", "/mnt/c")] and at(t, "/mnt/c")[0].options >= {"ro"}
    if not ACTIVE:  # his are empty
        assert inside(c, "cat /mnt/b/f /mnt/c/f") == "hello\nhello\n"


# remove

@USER_NAMESPACE
def test_remove(running, change, table, rt, data, user):
    c = running(copy=True, **changes_for(user))
    old = [(m.target, m.type) for m in table(c)]
    mounts = [volume(data, "/mnt/a"), tmpfs("/mnt/b"), tmpfs("/mnt/b/c"), volume(data, "//mnt/./x/../b/c")]
    change(c, "add", *mounts)
    assert len(table(c)) == len(old) + 4
    change(c, "remove", {"destination": "/mnt/b/c"})
    assert len(at(table(c), "/mnt/b/c")) == 1, "the upper one goes first"
    change(c, "remove", *({"destination": d} for d in ("/mnt/a", "/mnt/b", "/mnt/b/c")))
    assert [(m.target, m.type) for m in table(c)] == old
    rt.fails(change(c, "remove", {"destination": "/mnt/a"}, check=False), "mounts[0]", "/mnt/a", "mounts add")


@pytest.mark.parametrize("path", ["/proc", "/dev", "/proc/kcore", "/", "/mnt/own", "/nowhere", "/sys/firmware"])
def test_remove_leaves_the_containers_own(running, change, table, rt, here, path):
    c = running(copy=True, mounts=[tmpfs("/mnt/own")])
    old = [(m.target, m.type) for m in table(c)]
    rt.fails(change(c, "remove", {"destination": path}, check=False), "mounts[0]", path)
    assert [(m.target, m.type) for m in table(c)] == old


@HOSTS
def test_remove_follows_no_exchange(running, change, table, rt, data):
    """The container renames directories, so that its masked file stands where the added mount was: that one stays."""
    c = running(args=["sh", "-c", "while ! test -e /go; do sleep 0.05; done; mv /mnt /old && mv /secret /mnt && echo moved; exec sleep 1000"],
                copy=True, linux={"maskedPaths": ["/secret/file"]}, edit=None)
    (c.rootfs / "go").unlink(missing_ok=True)
    rt.delete(c, "--force")
    (c.rootfs / "secret").mkdir()
    (c.rootfs / "secret/file").write_text("secret\n")
    rt.run_detached(c)
    change(c, "add", bind(data / "f", "/mnt/file"))
    (c.rootfs / "go").write_text("")
    rt.wait_output(c, "moved")
    rt.fails(change(c, "remove", {"destination": "/mnt/file"}, check=False), "mounts[0]", "/mnt/file", "moved")
    assert [m for m in table(c) if m.target == "/mnt/file"], "the mask is gone"


# a hostile container

@pytest.mark.slow
def test_exchanged_destination(running, change, rt, here, data):
    """The container exchanges a directory with a symlink to /, without end; nothing is ever made or mounted outside."""
    c = running(["/bin/probe", "exchange", "/mnt/dir", "/mnt/link"], copy=True)
    (c.rootfs / "mnt/dir").mkdir()
    (c.rootfs / "mnt/link").symlink_to("/")
    name = f"escaped-{here.tag}"
    before = Path("/proc/self/mountinfo").read_text()
    end, n = time.monotonic() + 3, 0
    while n <= 3 or time.monotonic() < end and n < 150:
        mounts = [bind(data, f"/mnt/dir/{name}"), tmpfs(f"/mnt/dir/{name}-t")]
        if change(c, "add", *mounts, check=False).returncode == 0:
            change(c, "remove", *mounts, check=False)  # it may just have been moved: then it stays
        n += 1
        assert not os.path.exists(f"/{name}") and not os.path.exists(f"/{name}-t")
    assert n > 3
    outside = [l for l in Path("/proc/self/mountinfo").read_text().splitlines() if name in l]
    assert not outside and len(before.splitlines()) == len(Path("/proc/self/mountinfo").read_text().splitlines())
    rt.delete(c, "--force")
    remove_below(c.rootfs, [name, f"{name}-t"])


@pytest.mark.parametrize("target", ["/proc/self/root/x", "/proc/1/root/x", "/proc/self/cwd/x", "/link/x", "/proc/self/fd/0", "/dotdot/x"])
def test_traps_of_the_container(running, change, table, here, data, target):
    """Magic links lead nowhere, other links stay below the root; /proc of the container is not trusted."""
    c = running(copy=True, edit=lambda d: d["mounts"].pop(0))  # a /proc of the container's own making
    (c.rootfs / "proc/self").mkdir()
    (c.rootfs / "proc/self/fd").symlink_to("/dev/fd")
    (c.rootfs / "proc/self/root").symlink_to("/../..")
    (c.rootfs / "link").symlink_to("/../../../../" + str(here.dir).lstrip("/"))
    (c.rootfs / "dotdot").symlink_to("../../../..")
    change(c, "add", bind(data, target), check=False)
    assert not (here.dir / "x").exists() and not os.path.exists("/x")
    assert not [l for l in Path("/proc/self/mountinfo").read_text().splitlines() if str(data) in l]


def test_magic_links_of_a_real_proc(running, change, rt, data):
    c = running(copy=True)
    rt.fails(change(c, "add", bind(data, "/proc/1/root/mnt/x"), check=False), "mounts[0]", "/proc/1/root/mnt/x")


def test_the_helper_is_not_seen(running, change, rt, data):
    """A container that looks for it without end sees no process of ours in its pid namespace."""
    c = running(args=["sh", "-c", "while :; do for p in /proc/[0-9]*; do read x < $p/comm && echo $x; done; done"], copy=True)
    for _ in range(20):
        change(c, "add", volume(data, "/mnt/x"))
        change(c, "remove", volume(data, "/mnt/x"))
    rt("pause", c.id, check=True)
    assert set(rt.output(c).split()) == {"sh"}
    rt("resume", c.id, check=True)


def test_killed_in_the_middle(running, rt, table, here, data):
    """The caller's end: what is done is done, or gone."""
    c = running(copy=True)
    old = len(table(c))
    file = here.dir / "mounts.json"
    file.write_text(json.dumps([bind(data, f"/m/{i}") for i in range(200)]))
    for delay in (0.0, 0.005, 0.01, 0.02, 0.04):
        p = rt.popen("mounts", "add", c.id, file)
        time.sleep(delay)
        p.kill()
        p.communicate()
        p.forget()
        end = time.monotonic() + 10
        while len(table(c)) not in (old, old + 200) and time.monotonic() < end:
            time.sleep(0.01)
        n = len(table(c))
        assert n in (old, old + 200), (delay, n - old)
        old = n


# refused

def test_refusals(running, rt, bundle, here, data):
    c = running(copy=True)
    file = here.dir / "mounts.json"
    file.write_text('[\n {"type": "tmpfs"}\n]')
    rt.fails(rt("mounts", "add", c.id, file), "mounts.json:2:2", "[0].destination", "missing")
    file.write_text('{"mounts": []}')
    rt.fails(rt("mounts", "add", c.id, file), "mounts.json:1:1", "expected an array")
    file.write_text("[]")
    assert rt("mounts", "add", c.id, file).returncode == 0
    rt.fails(rt("mounts", "move", c.id, file), "add", "remove", "move")
    rt.fails(rt("mounts", "add", "none", file), 'container "none" does not exist')
    rt.fails(rt("mounts", "add", c.id, here.dir / "absent"), "absent", "no such file")
    file.write_text(json.dumps([bind(data, f"/m/{i}") for i in range(257)]))
    rt.fails(rt("mounts", "add", c.id, file), "257 mounts", "256")


def test_stopped(running, rt, change, data):
    c = running(args=["true"], copy=True)
    rt.wait_status(c, "stopped")
    rt.fails(change(c, "add", bind(data, "/mnt/x"), check=False), "container not running")


def test_without_a_mount_namespace(running, rt, change, data):
    c = running(copy=True, namespaces=namespaces("pid"), hostname=None, mounts=None,
                edit=lambda d: (d.update(mounts=[]), d["linux"].update(maskedPaths=[], readonlyPaths=[])))
    rt.fails(change(c, "add", bind(data, "/mnt/x"), check=False), "mount namespace")


@pytest.mark.parametrize("kind, why", [("sysfs", "network namespace"), ("mqueue", "ipc namespace"), ("cgroup", "cgroup namespace")])
def test_nothing_of_the_host_stands_in(running, rt, change, kind, why):
    c = running(copy=True, namespaces=namespaces("user", "pid", "mount"), hostname=None, linux=user_mappings(),
                edit=lambda d: d.update(mounts=[m for m in d["mounts"] if m["destination"] not in ("/dev/mqueue", "/sys", "/sys/fs/cgroup")]))
    rt.fails(change(c, "add", {"destination": "/mnt/x", "type": kind, "source": kind}, check=False), "mounts[0]", "/mnt/x", why)


@HOSTS
def test_descriptors_run_out(running, change, table, rt, data):
    """With few descriptors the error says so, and nothing is left half made."""
    c = running(copy=True)
    old = len(table(c))
    few = rt.with_options(prefix=["prlimit", "--nofile=64:64"])
    error = rt.fails(change(c, "add", *(bind(data, f"/m/{i}") for i in range(100)), how=few, check=False), "mounts[", "/m/")
    assert "file descriptors available" in error.lower() or "too many open files" in error.lower()  # musl, glibc
    assert len(table(c)) == old

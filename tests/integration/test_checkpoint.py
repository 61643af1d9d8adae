# SPDX-License-Identifier: GPL-2.0-or-later
"""checkpoint and restore with the real CRIU: what was running goes on, elsewhere and again.

CRIU must work where the tests run: 3.17 of Debian 12 does not on newer kernels; `make check-vm` has one that does.
What needs no CRIU (errors, the request itself) is in test_criu_request.py.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from lib import cgroups, processes
from lib.bundle import bind, namespaces, tmpfs, user_mappings
from lib.runtime import call, finish
from lib.terminal import Terminal

pytestmark = [pytest.mark.ours, pytest.mark.root("CRIU wants all privileges")]

# It sleeps without a child: between vfork and exec CRIU finds a process that it cannot stop.
COUNT = "mkfifo /dev/f; exec 3<>/dev/f; i=0; while :; do i=$((i+1)); echo $i >>/mnt/count; read -t 0.02 x <&3; done"


def privileged() -> bool:
    status = open("/proc/self/status").read()
    return bool(int(re.search(r"CapEff:\s+(\w+)", status)[1], 16) >> 24 & 1)


@pytest.fixture(scope="session", autouse=True)
def criu():
    if not shutil.which("criu"):
        pytest.skip("criu is not installed")
    r = subprocess.run(["criu", "check"], capture_output=True, text=True)
    if r.returncode != 0:
        pytest.skip(f"criu does not work here: {r.stderr.strip().splitlines()[-1:]}")


@pytest.fixture
def images(here):
    return here.dir / "images"


def numbers(c) -> list:
    file = c.data / "count"
    return [int(n) for n in file.read_text().split()] if file.exists() else []


def counted(c, more=3) -> int:
    """Waits until it has counted on; the last number."""
    before = len(numbers(c))
    return processes.until(lambda: len(numbers(c)) >= before + more and numbers(c)[-1], "it does not count")


def fresh(c, directory) -> None:
    """From now on, it counts there."""
    directory.mkdir()
    directory.chmod(0o777)
    c.data = directory
    c.config["mounts"] = [m for m in c.config["mounts"] if m["destination"] != "/mnt"] + [bind(directory, "/mnt")]
    c.write()


@pytest.fixture
def count_in(bundle, here):
    """The bundle of a container that counts in a file of the host."""
    number = iter(range(100))

    def make(script=COUNT, **changes):
        c = bundle(args=["sh", "-c", script], **changes)
        fresh(c, here.dir / f"data-{next(number)}")
        return c
    return make


@pytest.fixture
def counting(count_in, rt):
    """It runs, detached."""
    def make(script=COUNT, **changes):
        c = count_in(script, **changes)
        rt.run_detached(c)
        counted(c)
        return c
    return make


@pytest.fixture
def checkpoint(rt, images):
    def make(c, *options, path=None):
        r = rt("checkpoint", "--image-path", path or images, *options, c.id)
        assert (r.returncode, r.stdout, r.stderr) == (0, "", ""), str(r)
        processes.reap()  # it was started by us, and with the host's pids its number must be free again
    return make


@pytest.fixture
def restore(rt, images):
    """Detached."""
    def make(c, *options, id=None, path=None):
        rt._remember(c, id)
        r = rt("restore", "--detach", "--image-path", path or images, "--bundle", c.path, *options, id or c.id, files=c.path)
        assert (r.returncode, r.stdout, r.stderr) == (0, "", "") or r.returncode == 0 and not r.stderr, str(r)
    return make


# ---- going on


def test_goes_on(counting, checkpoint, restore, rt):
    c = counting()
    checkpoint(c)
    assert rt.state(c)["status"] == "stopped" and rt.state(c)["pid"] == 0
    last = numbers(c)[-1]
    rt.delete(c)
    restore(c)
    assert rt.status(c) == "running"
    counted(c)
    assert numbers(c)[:last + 1] == list(range(1, last + 2))  # nothing lost, nothing twice, and it was not started anew
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.delete(c)


def test_stopped_is_kept_until_it_is_deleted(counting, checkpoint, restore, rt, images):
    c = counting()
    checkpoint(c)
    assert [x["id"] for x in rt.list()] == [c.id]
    r = rt("restore", "--detach", "--image-path", images, "--bundle", c.path, c.id)
    rt.fails(r, f'container with id "{c.id}" already exists')
    rt.delete(c)
    assert rt.list() == []


def test_twice(counting, checkpoint, restore, rt, here):
    """Under other ids, both at a time."""
    c = counting()
    checkpoint(c)
    last = numbers(c)[-1]
    rt.delete(c)
    for n in "ab":
        c.config["linux"]["cgroupsPath"] += n
        fresh(c, here.dir / n)
        restore(c, id=c.id + n)
        counted(c)
        assert numbers(c)[0] in (last, last + 1)
    assert {x["id"]: x["status"] for x in rt.list()} == {c.id + "a": "running", c.id + "b": "running"}
    a, b = (rt.pid(c.id + n) for n in "ab")
    assert a != b and processes.alive(a) and processes.alive(b)


def test_leave_running(counting, checkpoint, restore, rt, here):
    c = counting()
    checkpoint(c, "--leave-running")
    assert rt.status(c) == "running"
    counted(c)
    last = numbers(c)[-1]
    rt.delete(c, "--force")
    fresh(c, here.dir / "fresh")
    restore(c)
    counted(c)
    assert 1 < numbers(c)[0] < last  # as it was then


@pytest.fixture
def tracking():
    r = subprocess.run(["criu", "check", "--feature", "mem_dirty_track"], capture_output=True)
    if r.returncode != 0:
        pytest.skip("the kernel does not track changed memory (CONFIG_MEM_SOFT_DIRTY)")


def test_pre_dump(tracking, counting, checkpoint, restore, rt, images):
    """The second one has only what has changed since."""
    c = counting()
    images.mkdir()
    checkpoint(c, "--pre-dump", path=images / "one")
    assert rt.status(c) == "running"
    counted(c)
    checkpoint(c, "--parent-path", "../one", path=images / "two")
    assert (images / "two/parent").resolve() == (images / "one").resolve()
    last = numbers(c)[-1]
    rt.delete(c)
    restore(c, path=images / "two")
    counted(c)
    assert numbers(c)[:last + 1] == list(range(1, last + 2))


def test_again_and_again(counting, checkpoint, restore, rt, images):
    """A restored one can be dumped as well."""
    c = counting()
    for round in range(3):
        checkpoint(c, path=f"{images}-{round}")
        last = numbers(c)[-1]
        rt.delete(c)
        restore(c, path=f"{images}-{round}")
        counted(c)
        assert numbers(c)[:last + 1] == list(range(1, last + 2))


def test_many_processes(counting, rt, checkpoint, restore):
    """With pipes between them, and one that has lost its parent."""
    c = counting("mkfifo /dev/g; (cat <>/dev/g &); " + COUNT.replace("echo $i >>/mnt/count", "echo $i") + " | while read x; do echo $x >>/mnt/count; done")

    def orphans():
        return rt("exec", c.id, "sh", "-c", "grep -lx ^cat. /proc/[0-9]*/cmdline", check=True).stdout

    before = orphans()
    assert len(before.split()) == 1
    checkpoint(c)
    rt.delete(c)
    restore(c)
    counted(c)
    assert orphans() == before


def test_paused(counting, checkpoint, restore, rt):
    """containerd pauses before it asks for a checkpoint."""
    c = counting()
    rt("pause", c.id, check=True)
    checkpoint(c, "--leave-running")
    assert rt.status(c) == "paused"
    checkpoint(c)
    assert rt.status(c) == "stopped"
    rt.delete(c)
    restore(c)
    assert rt.status(c) == "running"
    counted(c)


def test_what_can_be_done_with_it(counting, checkpoint, restore, rt, here):
    c = counting()
    checkpoint(c)
    rt.delete(c)
    restore(c, "--pid-file", here.dir / "pid")
    assert (here.dir / "pid").read_text() == str(rt.pid(c))
    assert rt("exec", c.id, "echo", "inside", check=True).stdout == "inside\n"
    rt("pause", c.id, check=True)
    assert rt.status(c) == "paused"
    rt("resume", c.id, check=True)
    counted(c)
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.delete(c)
    assert not (here.dir / "pid").exists()


def test_as_runc(counting, rt, images, here, program):
    face = here.dir / "runc"
    face.symlink_to(program.path)
    c = counting()
    call([face, "--root", rt.root, "checkpoint", "--image-path", images, c.id], check=True)
    assert rt.status(c) == "stopped"
    rt.delete(c)
    # as containerd's shim sends it
    call([face, "--root", rt.root, "restore", "--image-path", images, "--work-path", here.dir, "--bundle", c.path, "--detach",
          "--pid-file", here.dir / "pid", "-no-subreaper", c.id], check=True, files=c.path)
    counted(c)
    assert (here.dir / "restore.log").is_file()


# ---- in the foreground


def test_foreground(counting, checkpoint, rt, images):
    c = counting("trap 'exit 7' TERM; " + COUNT)
    checkpoint(c)
    rt.delete(c)
    with open(c.path / "stdout", "wb") as out, open(c.path / "stderr", "wb") as err:
        p = rt.popen("restore", "--image-path", images, "--bundle", c.path, rt._remember(c, None), stdout=out, stderr=err)
    counted(c)
    p.send_signal(signal.SIGTERM)
    assert finish(p).returncode == 7
    assert rt.list() == []


@pytest.fixture
def terminal():
    t = Terminal()
    yield t
    t.close()


def test_terminal_in_the_foreground(bundle, rt, checkpoint, images, terminal):
    c = bundle(args=["sh", "-c", "tty; read x; echo got $x; read x; echo got $x; exit 5"], process={"terminal": True})
    rt._remember(c, None)
    terminal.spawn(rt.argv("run", "--keep", "--bundle", c.path, c.id))
    terminal.expect("/dev/")
    terminal.type("one\n")
    terminal.expect("got one")
    checkpoint(c)
    assert terminal.wait() == 137
    rt.delete(c)
    terminal.spawn(rt.argv("restore", "--image-path", images, "--bundle", c.path, c.id))
    processes.until(lambda: terminal.is_raw(), "the terminal is not raw")
    terminal.type("two\n")
    terminal.expect("got two\r\n")
    assert terminal.wait() == 5


def console(here, name):
    s = socket.socket(socket.AF_UNIX)
    s.bind(str(here.dir / name))
    s.listen(1)
    return s


def received(listener) -> int:
    listener.settimeout(20)
    with listener, listener.accept()[0] as connection:
        _, fds, _, _ = socket.recv_fds(connection, 4096, 1)
    return fds[0]


def test_terminal_for_a_console_socket(bundle, rt, checkpoint, restore, here):
    c = bundle(args=["sh", "-c", "while read x; do echo got $x; done"], process={"terminal": True})
    first = console(here, "a")
    rt.run_detached(c, "--console-socket", here.dir / "a")
    master = received(first)
    checkpoint(c)
    os.close(master)
    rt.delete(c)
    second = console(here, "b")
    restore(c, "--console-socket", here.dir / "b")
    master = received(second)
    os.write(master, b"words\n")
    seen = b""
    while b"got words" not in seen:
        seen += os.read(master, 4096)
    os.close(master)


def test_pipes(bundle, rt, checkpoint, images):
    """An engine's: other pipes take their place."""
    c = bundle(args=["sh", "-c", "while read x; do echo got $x; done; echo end"])
    rt._remember(c, None)
    p = rt.popen("run", "--keep", "--bundle", c.path, c.id, stdin=subprocess.PIPE)
    p.stdin.write(b"one\n")
    assert p.stdout.readline() == b"got one\n"
    checkpoint(c)
    assert finish(p).returncode == 137
    names = json.loads((images / "descriptors.json").read_text())
    assert all(re.fullmatch(r"pipe:\[\d+\]", n) for n in names) and len(names) == 3
    rt.delete(c)
    p = rt.popen("restore", "--image-path", images, "--bundle", c.path, c.id, stdin=subprocess.PIPE)
    p.stdin.write(b"two\n")
    assert p.stdout.readline() == b"got two\n"
    p.stdin.close()
    assert p.stdout.readline() == b"end\n"
    assert finish(p).returncode == 0


# ---- the container is what it was


@pytest.mark.skipif(not privileged(), reason="CAP_SYS_RESOURCE is missing: CRIU cannot see limits of another user's process")
def test_world(counting, checkpoint, restore, rt, here):
    """Mounts, masks, namespaces, limits, identity."""
    c = counting(copy=True, user={"uid": 1000, "gid": 1000, "additionalGids": [100]}, hostname="world", script=COUNT.replace("/dev/f", "/tmp/f"),
                 mounts=[tmpfs("/var/tmp"), bind(here.dir, "/srv/here", "ro")],
                 process={"noNewPrivileges": True, "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88}]},
                 linux={"maskedPaths": ["/proc/keys", "/sys/firmware"], "readonlyPaths": ["/proc/sys"]},
                 namespaces=namespaces("pid", "network", "ipc", "uts", "mount", "cgroup"),
                 seccomp={"defaultAction": "SCMP_ACT_ALLOW",
                          "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 17}]})
    rt("exec", "--user", "0", c.id, "sh", "-c", "echo kept >/var/tmp/file", check=True)
    look = ["cat", "/proc/1/status", "/proc/1/limits", "/proc/1/cgroup", "/proc/1/uid_map"]
    keep = re.compile(r"^(Uid|Gid|Groups|Cap.*|NoNewPrivs|Seccomp|Seccomp_filters|Max open files.*|Umask|.*::/.*|\s+0 .*)\b.*$", re.M)
    names = ["sh", "-c", 'for n in mnt pid uts ipc net cgroup; do readlink /proc/1/ns/$n; done']
    mounts = r"[^ ]+ on ([^ ]+) type ([^ ]+) \((r.),"

    def seen():
        status = [m.group() for m in keep.finditer(rt("exec", c.id, *look, check=True).stdout)]
        table = sorted(re.findall(mounts, rt("exec", c.id, "mount", check=True).stdout))
        return status, table, rt("exec", c.id, "cat", "/var/tmp/file", "/proc/keys", check=True).stdout, \
            rt("exec", c.id, "hostname", check=True).stdout

    before, old = seen(), rt("exec", c.id, *names, check=True).stdout.split()
    assert before[0] and before[1] and before[2] == "kept\n" and before[3] == "world\n"
    checkpoint(c)
    rt.delete(c)
    restore(c)
    assert seen() == before
    own = [os.readlink(f"/proc/self/ns/{n}") for n in "mnt pid uts ipc net cgroup".split()]
    assert not set(own) & set(rt("exec", c.id, *names, check=True).stdout.split()) and not set(own) & set(old)


LIMIT = {"pids": {"limit": 123}} if "pids" in cgroups.controllers() else {}


@pytest.mark.parametrize("own", [True, False])
def test_cgroups(counting, checkpoint, restore, rt, own):
    """The new id's cgroup with the limits of config.json, and with or without a namespace no more to be seen than it."""
    kinds = ["pid", "network", "ipc", "uts", "mount"] + ["cgroup"] * own
    c = counting(namespaces=namespaces(*kinds), resources=LIMIT,
                 mounts=[{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}])
    view = ["sh", "-c", "cd /sys/fs/cgroup; cat cgroup.procs pids/cgroup.procs 2>/dev/null | sort -n | head -1"]
    before = cgroups.of_process(rt.pid(c))
    first = rt("exec", c.id, *view, check=True).stdout
    checkpoint(c)
    rt.delete(c)
    restore(c)
    assert cgroups.of_process(rt.pid(c)) == before
    assert rt("exec", c.id, *view, check=True).stdout == first == "1\n"
    limits = [p.read_text() for d in cgroups.named(c.id) for p in d.glob("pids.max")]
    assert not LIMIT or limits == ["123\n"]


def test_exec_after_restore_is_in_the_cgroup(counting, checkpoint, restore, rt):
    c = counting()
    checkpoint(c)
    rt.delete(c)
    restore(c, id=c.id + "x")
    paths = cgroups.of_process(rt.pid(c.id + "x"))
    assert paths and rt("exec", c.id + "x", "true").returncode == 0


def test_user_namespace(counting, checkpoint, restore, rt):
    c = counting(copy=True, linux=user_mappings(), namespaces=namespaces("user", "pid", "network", "ipc", "uts", "mount", "cgroup"))
    before = rt("exec", c.id, "cat", "/proc/1/uid_map", check=True).stdout
    checkpoint(c)
    rt.delete(c)
    restore(c)
    counted(c)
    assert rt("exec", c.id, "cat", "/proc/1/uid_map", check=True).stdout == before


def test_joined_network(counting, checkpoint, restore, rt, running):
    """The network of another container, and at the restore of a third."""
    one, two = running(), running()
    net = f"/proc/{rt.pid(one)}/ns/net"
    c = counting(namespaces=namespaces("pid", "ipc", "uts", "mount", "cgroup", network=net))
    checkpoint(c)
    rt.delete(c)
    net = f"/proc/{rt.pid(two)}/ns/net"
    c.config["linux"]["namespaces"] = namespaces("pid", "ipc", "uts", "mount", "cgroup", network=net)
    c.write()
    restore(c)
    counted(c)
    assert os.readlink(f"/proc/{rt.pid(c)}/ns/net") == os.readlink(net)


def test_host_network_and_pids(counting, checkpoint, restore, rt):
    c = counting(namespaces=namespaces("mount", "uts", "ipc"))
    checkpoint(c)
    rt.delete(c)
    restore(c)
    counted(c)
    assert os.readlink(f"/proc/{rt.pid(c)}/ns/net") == os.readlink("/proc/self/ns/net")


def test_other_sources(counting, checkpoint, restore, rt, here):
    """A bind mount is found by its destination, wherever its source is now; what lies on the source comes along."""
    for n in "one", "two":
        (here.dir / n / "below").mkdir(parents=True)
        (here.dir / n / "file").write_text(n)
    c = counting(copy=True, mounts=[bind(here.dir / "one", "/srv//data/", recursive=True)])
    checkpoint(c)
    rt.delete(c)
    next(m for m in c.config["mounts"] if "data" in m["destination"])["source"] = str(here.dir / "two")
    c.write()
    restore(c)
    assert rt("exec", c.id, "cat", "/srv/data/file", check=True).stdout == "two"


def test_mounts_on_a_source(counting, checkpoint, restore, rt, here):
    below = here.dir / "source/below"
    below.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", below], check=True)
    try:
        (below / "file").write_text("of the host")
        c = counting(copy=True, mounts=[bind(here.dir / "source", "/srv", recursive=True)])
        checkpoint(c)
        rt.delete(c)
        restore(c)
        assert rt("exec", c.id, "cat", "/srv/below/file", check=True).stdout == "of the host"
        (below / "later").touch()
        assert rt("exec", c.id, "ls", "/srv/below", check=True).stdout == "file\nlater\n"  # not a copy of it
        rt.delete(c, "--force")
    finally:
        subprocess.run(["umount", below], check=True)


def test_fresh_root(count_in, bundle, checkpoint, restore, rt, here):
    """podman restores an exported checkpoint in a root of the image, without the mount points that a create has made."""
    (here.dir / "file").write_text("words")
    (here.dir / "data").mkdir()
    mounts = [bind(here.dir / "file", "/etc/new/file"), bind(here.dir / "data", "/link//new/data"), tmpfs("/some/tmpfs")]

    def link(c):
        (c.rootfs / "srv").mkdir()
        (c.rootfs / "link").symlink_to("/srv")
        return c

    c = link(count_in(copy=True, mounts=mounts))
    rt.run_detached(c)
    counted(c)
    checkpoint(c)
    rt.delete(c)
    fresh_one = link(bundle(copy=True, mounts=mounts + [bind(c.data, "/mnt")]))
    assert not (fresh_one.rootfs / "etc/new").exists()
    fresh_one.data = c.data
    restore(fresh_one)
    counted(c)
    assert rt("exec", fresh_one.id, "cat", "/etc/new/file", check=True).stdout == "words"
    assert (fresh_one.rootfs / "srv/new/data").is_dir() and (fresh_one.rootfs / "etc/new/file").is_file()


# ---- hostile destinations (SECURITY-CASES.md 14)


def test_destination_through_a_symlink(count_in, checkpoint, restore, rt, here):
    """The mount is where the kernel has put it; the images name it by config.json."""
    (here.dir / "data").mkdir()
    (here.dir / "data/file").write_text("data")
    b = count_in(copy=True, mounts=[bind(here.dir / "data", "/link/data")])
    (b.rootfs / "real").mkdir()
    (b.rootfs / "link").symlink_to("/real")
    rt.run_detached(b)
    counted(b)
    checkpoint(b)
    rt.delete(b)
    restore(b)
    assert rt("exec", b.id, "cat", "/real/data/file", check=True).stdout == "data"


def test_symlink_out_of_the_root(count_in, checkpoint, rt, here, images):
    """Between checkpoint and restore the place of a mount has become a link to the host: nothing is mounted there."""
    outside = here.dir / "outside"
    outside.mkdir()
    (here.dir / "data").mkdir()
    (here.dir / "data/file").touch()
    b = count_in(copy=True, mounts=[bind(here.dir / "data", "/srv")])
    rt.run_detached(b)
    counted(b)
    checkpoint(b)
    rt.delete(b)
    shutil.rmtree(b.rootfs / "srv", ignore_errors=True)
    (b.rootfs / "srv").symlink_to(outside)
    b.config["mounts"].append(bind(here.dir / "data", "/srv/below/more"))
    b.write()
    rt._remember(b, None)
    r = rt("restore", "--detach", "--image-path", images, "--bundle", b.path, b.id, files=b.path)
    assert os.listdir(outside) == []
    mounts = open("/proc/self/mountinfo").read()
    assert str(outside) not in mounts
    if r.returncode == 0:
        assert str(outside) not in open(f"/proc/{rt.pid(b)}/mountinfo").read()


def test_brackets_in_a_destination(count_in, rt, images, here):
    """CRIU cuts there, and would take the rest for another mount."""
    (here.dir / "data").mkdir()
    b = count_in(copy=True, mounts=[bind(here.dir / "data", "/srv]:/etc")])
    rt.run_detached(b)
    counted(b)
    rt.fails(rt("checkpoint", "--image-path", images, b.id), 'mounts "/srv]:/etc"', '"]:"')
    assert rt.status(b) == "running"


# ---- hooks


def test_hooks(count_in, rt, checkpoint, restore, here):
    log = here.dir / "hooks"
    kinds = ["prestart", "createRuntime", "poststart", "poststop"]
    hook = {k: [{"path": "/bin/sh", "args": ["sh", "-c", f"echo {k} $(cat) >>{log}"]}] for k in kinds}
    c = count_in(hooks=hook)
    rt.run_detached(c)
    counted(c)
    checkpoint(c)
    rt.delete(c)
    assert [l.split()[0] for l in log.read_text().splitlines()] == kinds
    log.unlink()
    restore(c)
    lines = [l.split(" ", 1) for l in log.read_text().splitlines()]
    assert [k for k, _ in lines] == kinds[:3]
    states = [json.loads(s) for _, s in lines]
    assert [s["status"] for s in states] == ["creating", "creating", "running"]
    assert {s["pid"] for s in states} == {rt.pid(c)} and states[0]["id"] == c.id
    rt.delete(c, "--force")


@pytest.mark.parametrize("kind", ["prestart", "createRuntime", "poststart"])
def test_failing_hook(counting, checkpoint, rt, images, kind):
    c = counting()
    checkpoint(c)
    rt.delete(c)
    c.change(hooks={kind: [{"path": "/bin/sh", "args": ["sh", "-c", "echo no >&2; exit 3"]}]})
    rt.fails(rt("restore", "--detach", "--image-path", images, "--bundle", c.path, rt._remember(c, None), files=c.path),
             f"error running {kind} hook #0")
    assert rt.list() == []  # the fixture `here` sees to processes and cgroups


# ---- failures


def test_images_are_missing(bundle, rt, here):
    c = bundle()
    r = rt("restore", "--detach", "--image-path", here.dir / "nowhere", "--bundle", c.path, rt._remember(c, None))
    rt.fails(r, "--image-path", "nowhere", "no such file or directory")
    (here.dir / "empty").mkdir()
    r = rt("restore", "--detach", "--image-path", here.dir / "empty", "--bundle", c.path, c.id)
    rt.fails(r, "criu: restore failed", "Error (criu/", f'log: "{here.dir}/empty/restore.log"')
    assert rt.list() == []


def test_damaged_images(counting, checkpoint, rt, images):
    """Nothing is left of a restore that fails half way."""
    c = counting()
    checkpoint(c)
    rt.delete(c)
    (images / next(n for n in os.listdir(images) if n.startswith("core-1."))).write_bytes(b"nothing")
    r = rt("restore", "--detach", "--image-path", images, "--bundle", c.path, rt._remember(c, None))
    rt.fails(r, "criu: restore failed", "restore.log")
    assert rt.list() == []


def test_a_dump_that_fails_leaves_it_running(count_in, rt, images):
    """One end of a pair of sockets whose other end is ours."""
    c = count_in()
    ours, its = socket.socketpair()
    with ours, its, open(c.path / "stdout", "wb") as out, open(c.path / "stderr", "wb") as err:
        p = rt.popen("run", "--detach", "--bundle", c.path, rt._remember(c, None), stdin=its, stdout=out, stderr=err)
        assert p.wait(60) == 0
        p.forget()
    counted(c)
    r = rt("checkpoint", "--image-path", images, c.id)
    rt.fails(r, "criu: checkpoint failed", "Error (criu/sk-unix.c", f'log: "{images}/dump.log"')
    assert rt.status(c) == "running"
    counted(c)


def test_removed_file(counting, checkpoint, restore, rt, images):
    """Open and removed: CRIU refuses it above a size, unless --link-remap; small ones travel in the images."""
    c = counting("exec 8>/tmp/gone; echo words >&8; rm /tmp/gone; " + COUNT, copy=True)
    checkpoint(c, "--link-remap")
    rt.delete(c)
    restore(c, "--link-remap")
    counted(c)


def test_keep(counting, checkpoint, rt, images):
    c = counting("trap 'exit 3' TERM; " + COUNT)
    checkpoint(c)
    rt.delete(c)
    with open(c.path / "stdout", "wb") as out, open(c.path / "stderr", "wb") as err:
        p = rt.popen("restore", "--keep", "--image-path", images, "--bundle", c.path, rt._remember(c, None), stdout=out, stderr=err)
    counted(c)
    p.send_signal(signal.SIGTERM)
    assert finish(p).returncode == 3
    assert rt.status(c) == "stopped"


def test_empty_network(counting, checkpoint, restore, rt):
    c = counting()
    checkpoint(c, "--empty-ns", "network")
    rt.delete(c)
    restore(c, "--empty-ns", "network")
    counted(c)


def test_created_and_stopped_are_refused(created, rt, images):
    c = created()
    rt.fails(rt("checkpoint", "--image-path", images, c.id), "cannot checkpoint a container that is not started")
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.fails(rt("checkpoint", "--image-path", images, c.id), "container not running")
    assert not images.exists()

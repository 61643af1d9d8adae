# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbered cases of SECURITY-CASES.md that a first version must stand: what a hostile image or process can try."""

import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from lib import processes, user
from lib.bundle import DEFAULT_NAMESPACES, bind, cap_mask, caps, namespaces, tmpfs


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def victim(rt, here):
    """A copy of the runtime for the test to use: its file is the same afterwards, to the time of its last change."""
    path = here.dir / "the-runtime"
    shutil.copy(rt.program.path.resolve(), path)
    rt.program = dataclasses.replace(rt.program, path=path)
    before, st = digest(path), path.stat()
    yield path
    for _ in range(100):  # while it is held, it cannot be run
        try:
            rt.clean()
            break
        except OSError:
            processes.kill_all(processes.strays())
            time.sleep(0.05)
    after = path.stat()
    assert digest(path) == before
    assert (after.st_mtime_ns, after.st_size, after.st_mode, after.st_uid) == (st.st_mtime_ns, st.st_size, st.st_mode, st.st_uid), \
        "somebody has written to the runtime's own file"


# 1. overwriting the runtime through /proc/self/exe (CVE-2019-5736)

def entry_points(c):
    (c.rootfs / "link").symlink_to("/proc/self/exe")
    (c.rootfs / "script").write_text("#!/proc/self/exe\n")
    (c.rootfs / "script-arg").write_text("#!/proc/self/exe init\n")
    (c.rootfs / "exe").symlink_to("/proc/1/exe")
    for n in ("script", "script-arg"):
        (c.rootfs / n).chmod(0o755)


@pytest.mark.parametrize("entry", ["/proc/self/exe", "/link", "/script", "/script-arg", "/exe", "/proc/thread-self/exe", "/proc/1/exe"])
def test_entry_point_is_the_runtime(bundle, rt, victim, entry):
    """It may run something harmless or fail; it does not hang, and it is not the host's file that runs."""
    c = bundle(args=[entry], copy=True, process={"capabilities": caps("SYS_PTRACE", "DAC_OVERRIDE", "SYS_ADMIN")})
    entry_points(c)
    r = rt.run(c, timeout=20)
    assert r.returncode != 0 or not r.stdout, str(r)


@pytest.mark.parametrize("entry", ["/proc/self/exe", "/link", "/script", "/script-arg", "/proc/thread-self/exe"])
def test_exec_of_the_runtime(running, rt, victim, entry):
    c = running(copy=True, process={"capabilities": caps("SYS_PTRACE", "DAC_OVERRIDE", "SYS_ADMIN")})
    entry_points(c)
    r = rt("exec", c.id, entry, timeout=20)
    assert r.returncode != 0 or not r.stdout, str(r)


@pytest.mark.ours
@pytest.mark.parametrize("entry", ["/proc/self/exe", "/link", "/script"])
def test_what_runs_there_is_not_the_hosts_file(bundle, rt, program, entry):
    """While such an entry point starts, every exe link that can be seen in the container is a sealed memfd or a copy."""
    c = bundle(args=[entry], copy=True)
    entry_points(c)
    rt.create(c)
    pid = rt.pid(c)
    exe = os.readlink(f"/proc/{pid}/exe")
    host, inside = os.stat(program.path), os.stat(f"/proc/{pid}/exe")
    assert (host.st_dev, host.st_ino) != (inside.st_dev, inside.st_ino), exe
    rt.start(c, check=False)


@pytest.mark.root("in a user namespace its own capability lets it see no other's descriptors")
@pytest.mark.ours
def test_exec_brings_no_descriptor_of_the_host(running, rt, here):
    """Seen by a process that may trace: an exec's crun-init is there with a procfs of the container's, and no way up from it."""
    (here.dir / "secret").write_text("of the host")
    seconds = round(2.5 * max(1, processes.PATIENCE / 3))
    spy = running(["/bin/probe", "lookout", str(here.dir / "secret")[1:], str(seconds)],
                  process={"capabilities": caps("SYS_PTRACE", "DAC_OVERRIDE", "DAC_READ_SEARCH"), "noNewPrivileges": False})
    rt.wait_output(spy, "ready")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        rt("exec", "--pid-file", here.dir / "pid", spy.id, "true", check=False)
    rt.wait_output(spy, "out ")
    words = rt.output(spy).split()
    assert int(words[words.index("saw") + 1]) > 0 and words[words.index("out") + 1] == "0", words


def engine_profile():
    """The default seccomp profile of podman, as it was recorded, with what comes with CAP_SYS_PTRACE."""
    profile = json.loads((Path(__file__).parents[1] / "data/engines/podman-exec/config.json").read_text())["linux"]["seccomp"]
    profile["syscalls"].append({"names": ["pidfd_getfd"], "action": "SCMP_ACT_ALLOW"})
    return profile


SPY = ("SYS_PTRACE", "DAC_OVERRIDE", "KILL")
BLOCKING = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["setsid"], "action": "SCMP_ACT_ERRNO"}]}


def spied(running, rt, here, config, options=()):
    """What a process that may trace sees of those that `exec` starts beside it, by word; its own capabilities are no news.
    Each waits until its pid file is written, or few would be seen."""
    spy = running(["/bin/probe", "spy", "5"], **config)
    rt.wait_output(spy, "ready")
    end = time.monotonic() + 10 * processes.PATIENCE
    while "end" not in rt.output(spy) and time.monotonic() < end:
        rt("exec", "--pid-file", here.dir / "pid", *options, spy.id, "true")
    words = rt.output(spy).split()
    assert "end" in words, "the spy was too slow to see five of them"
    seen = {w: int(words[words.index(w) + 1], 16 if w == "caps" else 10) for w in ("saw", "caps", "unfiltered", "peers")}
    seen["more"] = seen["caps"] & ~cap_mask(*SPY)
    return seen


@pytest.mark.root("in a user namespace its own capability lets it see no other's credentials")
@pytest.mark.ours
@pytest.mark.parametrize("options, nnp", [([], False), ([], True), (["-t"], False), (["--user", "1000"], False)],
                         ids=["plain", "no new privileges", "terminal", "user"])
def test_exec_brings_no_rights(running, rt, here, options, nnp):
    """From its first moment there it has no capability more than its program, is filtered, and leads to nobody outside."""
    seen = spied(running, rt, here, {"process": {"capabilities": caps(*SPY), "noNewPrivileges": nnp}, "seccomp": engine_profile()}, options)
    assert (seen["more"], seen["unfiltered"], seen["peers"]) == (0, 0, 0), seen


@pytest.mark.root("in a user namespace its own capability lets it see no other's credentials")
@pytest.mark.ours
@pytest.mark.parametrize("profile", [None, BLOCKING], ids=["none", "blocking"])
def test_exec_brings_what_its_filter_needs(running, rt, here, profile):
    """A filter that lets crun-init not go on is installed in there: that takes one capability, and no more."""
    config = {"process": {"capabilities": caps(*SPY), "noNewPrivileges": False}} | ({"seccomp": profile} if profile else {})
    seen = spied(running, rt, here, config)
    assert (seen["more"], seen["peers"]) == (cap_mask("SYS_ADMIN") if profile else 0, 0), seen


@pytest.mark.ours
def test_init_is_sealed(created, rt, program):
    """The created container's init runs from something that cannot be written, even by the host's root."""
    pid = rt.pid(created())
    with open(f"/proc/{pid}/exe", "rb") as f:
        assert f.read(4) == b"\x7fELF"
        seals = fcntl.fcntl(f, fcntl.F_GET_SEALS)  # (ETXTBSY alone ends with the process)
        assert seals & (wanted := fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE) == wanted
    with pytest.raises(OSError):
        with open(f"/proc/{pid}/exe", "r+b", buffering=0) as f:
            f.write(b"\x7f")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["joined", "start", "exec"])
def test_process_that_tries_to_overwrite(bundle, running, rt, victim, how):
    """A process that opens /proc/PID/exe of whatever appears beside it, and writes as soon as it can."""
    privileges = {"capabilities": caps("SYS_PTRACE", "DAC_OVERRIDE", "SYS_ADMIN", "DAC_READ_SEARCH"), "noNewPrivileges": False}
    seconds = 2.5 * max(1, processes.PATIENCE / 3)
    attacker = running(["/bin/probe", "attack", round(seconds + 1)], process=privileges)
    rt.wait_output(attacker, "ready")
    path = f"/proc/{rt.pid(attacker)}/ns/pid"
    end = time.monotonic() + seconds
    n = 0
    while time.monotonic() < end:
        c = bundle(args=["/proc/self/exe" if n % 2 else "/bin/true"], namespaces=namespaces("mount", "network", "ipc", "uts", pid=path), process=privileges)
        try:
            if how == "joined":
                rt.run(c, timeout=20)
            elif how == "exec":
                rt("exec", attacker.id, *c.config["process"]["args"], timeout=20)
            else:
                rt.create(c)
                rt.start(c, check=False)
                rt.delete(c, "--force")
        except OSError as e:  # ETXTBSY: it is open for writing
            time.sleep(0.5)
            pytest.fail(f"the runtime's own file is held by the attacker: {e}\n{rt.output(attacker)}")
        processes.reap()  # or the pid namespace's own init could not end
        n += 1
    rt.wait_output(attacker, "saw")
    out = rt.output(attacker)
    assert "WROTE" not in out and n > 3, out


# 2. /proc or /sys is not what it seems: see also test_mounts.py

@pytest.mark.parametrize("target", ["/proc", "/sys"])
@pytest.mark.parametrize("to", ["/tmp", "/etc", "dev", "../../.."])
def test_proc_as_a_symlink(bundle, rt, target, to):
    c = bundle(args=["true"], copy=True, linux={"sysctl": {"net.ipv4.ip_forward": "1"}})
    subprocess.run(["rm", "-r", c.rootfs / target.lstrip("/")], check=True)
    (c.rootfs / target.lstrip("/")).symlink_to(to)
    before = sorted(os.listdir("/tmp"))
    rt.fails(rt.run(c), target, anyone=["must be mounted on ordinary directory"])
    assert not (c.rootfs / "tmp/self").exists() and before is not None


# 3. destinations that a container exchanges while they are mounted

def remove_below(directory, names):
    """Removes empty directories, and follows no symlink while others exchange the names."""
    try:
        fd = os.open(directory, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY)
    except OSError:
        return
    for n in names:
        try:
            os.rmdir(n, dir_fd=fd)
        except OSError:
            pass
    os.close(fd)


@pytest.mark.slow
@pytest.mark.differs(runc="1.1.5 has this defect: CVE-2024-45310")
def test_exchanged_destination(bundle, running, rt, here):
    """Two containers share a volume; the first exchanges a directory in it with a symlink to /, without end."""
    volume, source = here.dir / "volume", here.dir / "source"
    (volume / "dir").mkdir(parents=True)
    (volume / "link").symlink_to("/")
    source.mkdir()
    running(["/bin/probe", "exchange", "/mnt/dir", "/mnt/link"], mounts=[bind(volume, "/mnt")])
    name = f"escaped-{here.tag}"
    c = bundle(args=["true"], copy=True, mounts=[bind(volume, "/mnt"), bind(source, f"/mnt/dir/{name}"), tmpfs(f"/mnt/dir/{name}-t")])
    outside = [Path("/") / n for n in (name, f"{name}-t")]
    end = time.monotonic() + 2
    n = 0
    try:
        while n <= 3 or time.monotonic() < end and n < 200:
            r = rt.run(c, timeout=20)
            n += 1
            assert not [d for d in outside if d.exists()], str(r)
            for place in (c.rootfs, volume / "dir", volume / "link"):  # so that the next has to make them again
                remove_below(place, [d.name for d in outside])
    finally:
        for d in outside:
            if d.exists():
                d.rmdir()
    assert n > 3


# 8. descriptors and the working directory: see also test_process.py

@pytest.mark.parametrize("cwd", ["/proc/self/fd", "/proc/self/fd/3/..", "/proc/self/root/../..", "/proc/1/cwd", "/proc/self/cwd/../../.."])
def test_working_directory_stays_inside(bundle, rt, cwd):
    r = rt.run(bundle(args=["/bin/sh", "-c", "ls -id / . ; cat /etc/hostname; cd ../../../../..; ls -id ."], cwd=cwd))
    if r.returncode == 0:
        assert "from-the-image" in r.stdout
        inodes = [l.split() for l in r.lines if l.split()[-1] in ("/", ".")]
        assert [i for i, n in inodes if n == "/"] == [inodes[-1][0]], str(r)


def test_working_directory_is_a_symlink_to_a_descriptor(bundle, rt):
    for n in range(3, 10):
        c = bundle(args=["/bin/cat", "etc/hostname"], copy=True, cwd="/w")
        (c.rootfs / "w").symlink_to(f"/proc/self/fd/{n}")
        r = rt.run(c)
        assert r.returncode != 0, str(r)


# 10., 11., 12. /dev

@pytest.mark.ours
def test_null_of_the_image_is_a_host_file(bundle, rt, here):
    """12: the standard streams are not re-opened on it."""
    victim = here.dir / "victim"
    victim.write_text("untouched\n")
    c = bundle(args=["true"], copy=True, user={"uid": 1000, "gid": 1000}, mounts=[bind(victim, "/dev/null")])
    r = rt.run(c, stdin=subprocess.DEVNULL)
    if user.ACTIVE:  # the host's is bound over it
        assert r.returncode == 0, str(r)
    else:
        rt.fails(r, '"/dev/null": something else stands in the place of the device')
    assert victim.read_text() == "untouched\n" and victim.stat().st_uid == os.geteuid()


# 15. the read-only root

def test_read_only_root_through_descriptors(bundle, run):
    c = bundle(args=["sh", "-c", "for f in /proc/self/fd/* /proc/1/fd/*; do echo x > $f/etc/new; done 2>/dev/null; ls /etc"], copy=True, root={"readonly": True})
    r = run(c)
    assert "new" not in r.stdout.split() and not (c.rootfs / "etc/new").exists()


def test_read_only_root_with_descriptors_of_the_image(bundle, run):
    """CVE-2026-115521: the image brings a /proc/self/fd of its own, and no procfs lies on it; the root is read-only all the same."""
    c = bundle(args=["sh", "-c", "touch /x /tmp/x; ls -d /x /tmp/x; echo done"], copy=True, root={"readonly": True})
    for n in range(128):
        (c.rootfs / f"proc/self/fd/{n}").mkdir(parents=True)
        if n % 2:
            (c.rootfs / f"proc/self/fd/{n}").rmdir()
            (c.rootfs / f"proc/self/fd/{n}").symlink_to("/tmp")
    c.config["mounts"] = [m for m in c.config["mounts"] if m["destination"] != "/proc"]
    c.config["linux"].update(maskedPaths=[], readonlyPaths=[])
    r = run(c.write())
    assert r.returncode == 0 and r.stdout == "done\n", str(r)
    assert not (c.rootfs / "x").exists() and not (c.rootfs / "tmp/x").exists()


@pytest.mark.parametrize("options", [[], ["--no-pivot"]])
def test_read_only_root_cannot_be_remounted(bundle, run, options):
    c = bundle(args=["sh", "-c", "mount -o remount,rw / ; touch /x && echo WRITTEN"], copy=True, root={"readonly": True})
    r = run(c, *options)
    assert "WRITTEN" not in r.stdout and not (c.rootfs / "x").exists()


# 18. not dumpable, not traceable

@pytest.mark.ours
def test_created_init_cannot_be_traced_from_inside(running, bundle, rt):
    """A process in the same pid namespace with CAP_SYS_PTRACE in a user namespace of its own is no match."""
    from lib.bundle import user_mappings
    first = running(["/bin/probe", "sleep"], namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings())
    p = f"/proc/{rt.pid(first)}/ns"
    c = bundle(args=["/bin/probe", "sleep"], namespaces=namespaces("mount", "ipc", "uts", "network", user=f"{p}/user", pid=f"{p}/pid"))
    rt.create(c)
    pid = rt.pid(c)
    r = subprocess.run(["nsenter", "-t", str(rt.pid(first)), "-U", "-p", "cat", f"/proc/{pid}/environ"], capture_output=True, timeout=10)
    assert r.returncode != 0, "the init of a created container can be read from its own user namespace"


# nothing of the host inside

def test_no_host_path_in_mountinfo(probe, here):
    """Only the root's own place is to be seen, as it cannot be helped."""
    facts = probe()
    for line in facts["mountinfo"].splitlines():
        target = line.split(" ")[4]
        assert not target.startswith("/tmp") and "state" not in target, line


def test_old_root_is_gone(sh):
    assert not [d for d in sh("ls -A /").split() if "old" in d or "pivot" in d]


def test_environment_of_init_before_start(created, rt):
    """create leaves the caller's environment out of the container."""
    pid = rt.pid(created(env=["MARK=1"]))
    env = open(f"/proc/{pid}/environ", "rb").read()
    assert b"PWD=" not in env and b"HOSTNAME" not in env or not rt.ours

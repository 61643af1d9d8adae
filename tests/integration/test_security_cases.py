# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases of docs/security-cases.md that no other file's subject covers."""

import os
import socket
import stat
import subprocess
import time

import pytest

from lib import processes, user
from lib.bundle import DEFAULT_NAMESPACES, bind, caps, namespaces, user_mappings
from lib.user import as_root

SHARED_CGROUP = [n for n in DEFAULT_NAMESPACES if n != "cgroup"]


# 1. on exec

@pytest.mark.slow
@pytest.mark.ours
def test_overwriting_the_runtime_that_executes(running, rt, program):
    """The attacker is in the pid namespace that every exec enters, and has all that it could be given."""
    before = program.path.read_bytes()
    c = running(["/bin/probe", "attack", 3], process={"capabilities": caps("SYS_PTRACE", "DAC_OVERRIDE", "SYS_ADMIN", "DAC_READ_SEARCH"),
                                                      "noNewPrivileges": False})
    rt.wait_output(c, "ready")
    end, n = time.monotonic() + 2.5, 0
    while time.monotonic() < end:
        r = rt("exec", c.id, "/proc/self/exe" if n % 2 else "/bin/true")
        assert r.returncode in range(0, 128) or n % 2, str(r)
        n += 1
    rt.wait_output(c, "saw")
    assert "WROTE" not in rt.output(c) and n > 3
    assert program.path.read_bytes() == before


# 5. lengths

def long_map(lines):
    rows = [{"containerID": 2 * i, "hostID": 100000 + 2 * i, "size": 1} for i in range(lines)]
    rows[0]["size"] = 1
    return {"uidMappings": rows, "gidMappings": [dict(r) for r in rows]}


@pytest.mark.ours
@pytest.mark.parametrize("lines", [341, 5000])
def test_id_map_with_too_many_lines(bundle, run, rt, lines):
    """5000 lines are more than 64 KiB of map: refused, not cut (CVE-2021-43784)."""
    c = bundle(args=["true"], copy=True, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=long_map(lines))
    rt.fails(run(c), f"linux.uidMappings: {lines} separate ranges, the kernel takes 340 at most")


@pytest.mark.root("the ids are not his, and newgidmap says so first")
@pytest.mark.ours
def test_id_map_of_more_than_a_page(bundle, run, rt):
    """340 ranges, but more text than one write may have."""
    maps = long_map(340)
    for kind in maps.values():
        for row in kind:
            row["hostID"] += 1_000_000_000
    c = bundle(args=["true"], copy=True, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=maps)
    rt.fails(run(c), "linux.gidMappings: a list of", "the kernel takes less than")


@pytest.mark.ours
def test_id_map_of_adjacent_ranges(bundle, rt):
    """Five thousand single ids in one row are one range."""
    rows = [{"containerID": i, "hostID": 100000 + i, "size": 1} for i in range(5000)]
    c = bundle(args=["cat", "/proc/self/uid_map"], copy=True, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"),
               linux={"uidMappings": rows, "gidMappings": rows})
    as_root(["chown", "100000:100000", c.rootfs], check=True)
    r = rt.run(c)
    assert r.stdout.split() == ["0", "100000", "5000"], str(r)


@pytest.mark.ours
@pytest.mark.parametrize("row, text", [
    ({"containerID": 5, "hostID": 300000, "size": 3}, "linux.uidMappings[1]: overlaps linux.uidMappings[0]"),
    ({"containerID": 20, "hostID": 100009, "size": 3}, "linux.uidMappings[1]: overlaps linux.uidMappings[0]"),
    ({"containerID": 20, "hostID": 300000, "size": 0}, "linux.uidMappings[1]: 0 ids"),
    ({"containerID": 4294967290, "hostID": 300000, "size": 10}, "linux.uidMappings[1]: 10 ids"),
    ({"containerID": 20, "hostID": 4294967295, "size": 1}, "linux.uidMappings[1]: 1 ids")])
def test_id_map_that_is_none(bundle, run, rt, row, text):
    first = {"containerID": 0, "hostID": 100000, "size": 10}
    c = bundle(args=["true"], copy=True, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"),
               linux={"uidMappings": [first, row], "gidMappings": [first]})
    rt.fails(run(c), text)


def test_id_map_with_many_lines(bundle, rt):
    """The kernel takes 340, in less than a page."""
    c = bundle(args=["cat", "/proc/self/uid_map"], copy=True, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=long_map(300))
    as_root(["chown", "100000:100000", c.rootfs], check=True)
    r = rt.run(c)
    assert len(r.lines) == 300 and r.lines[299].split() == ["598", "100598", "1"], str(r)


@pytest.mark.ours
@pytest.mark.parametrize("change", [
    {"args": ["/" + "a" * 70000]},
    {"cwd": "/" + "a" * 70000},
    {"hostname": "h" * 70000},
    {"mounts": [{"destination": "/" + "d" * 70000, "type": "tmpfs", "source": "tmpfs"}]},
    {"mounts": [{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["size=" + "1" * 70000]}]},
    {"linux": {"maskedPaths": ["/" + "m" * 70000]}},
], ids=["args", "cwd", "hostname", "destination", "option", "masked"])
def test_more_than_64_kib(bundle, run, change):
    """Refused, or passed over where it cannot be there; never cut off and used."""
    r = run(bundle(**{"args": ["echo", "inside"], **change}))
    assert r.returncode in (0, 1, 126, 127) and (r.returncode == 0) == ("inside" in r.stdout), str(r)[:2000]
    assert r.returncode == 0 or len(r.stderr) < 8192


def test_large_arguments_and_environment(bundle, run):
    r = run(bundle(args=["sh", "-c", "echo ${#1} ${#LONG}", "sh", "a" * 100000], env=["LONG=" + "e" * 100000]))
    assert r.stdout == "100000 100000\n", str(r)[:2000]


# 7. the host's cgroups, from a user namespace without a cgroup namespace

def test_cgroups_of_others_cannot_be_written(bundle, run, here):
    """CVE-2023-25809. What is made without the defence bears our tag, and is nobody else's trouble."""
    script = f"""for d in /sys/fs/cgroup /sys/fs/cgroup/* $(find /sys/fs/cgroup -type d -path '*{here.tag}*'); do
        mkdir $d/escaped-{here.tag} && echo MADE $d; done 2>/dev/null; true"""
    c = bundle(args=["sh", "-c", script], copy=True, namespaces=namespaces(*SHARED_CGROUP, "user"), linux=user_mappings(0, 65536),
               process={"capabilities": caps("SYS_ADMIN", "DAC_OVERRIDE")})
    r = run(c)
    assert r.returncode == 0 and "MADE" not in r.stdout, str(r)


# 9. what masks a file, while a sibling exchanges the /dev/null of the image

@pytest.mark.slow
@pytest.mark.ours
def test_exchanged_null(bundle, running, rt, here):
    volume = here.dir / "dev"
    volume.mkdir()
    as_root(["mknod", "-m", "666", volume / "null", "c", "1", "3"], check=True)
    (volume / "other").symlink_to("/etc/hostname")
    running(["/bin/probe", "exchange", "/mnt/null", "/mnt/other"], mounts=[bind(volume, "/mnt")])
    end, n = time.monotonic() + 2, 0
    while n < 2 or time.monotonic() < end:  # on a slow machine one round may take all that time
        c = bundle(args=["/bin/stat", "-c", "%F %t:%T", "/proc/keys"], copy=True)
        c.config["mounts"] = [m for m in c.config["mounts"] if m["destination"] == "/proc"] + [bind(volume, "/dev")]
        r = rt.run(c.write(), timeout=20)
        assert r.stdout == "character special file 1:3\n" if r.returncode == 0 else r.stderr, str(r)
        n += 1


# 10. the console

@pytest.mark.ours
@pytest.mark.parametrize("kind", ["file of the host", "symlink to it", "symlink to nothing"])
def test_console_of_the_image(bundle, rt, here, kind):
    """CVE-2025-52565: what is mounted on it stays inside, and what is behind it is not touched."""
    victim = here.dir / "victim"
    victim.write_text("untouched\n")
    c = bundle(args=["true"], copy=True, process={"terminal": True})
    c.config["mounts"] = [m for m in c.config["mounts"] if m["destination"] in ("/proc", "/dev/pts")]
    target = {"symlink to it": victim, "symlink to nothing": here.dir / "made"}.get(kind)
    if target:
        (c.rootfs / "dev/console").symlink_to(target)
    else:
        c.config["mounts"].append(bind(victim, "/dev/console"))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(here.dir / "s"))
    listener.listen()
    r = rt("create", "--bundle", c.write().path, "--console-socket", here.dir / "s", c.id, files=here.dir)
    listener.close()
    assert victim.read_text() == "untouched\n" and victim.stat().st_uid == os.geteuid() and not (here.dir / "made").exists()
    if target:
        assert r.returncode == 1 and "/dev/console" in r.stderr, str(r)


# 11. /dev of the image

@pytest.mark.parametrize("name", ["dev", "dev/fd", "dev/ptmx", "dev/pts", "dev/shm"])
def test_dev_is_a_symlink_to_the_host(bundle, rt, here, name):
    outside = here.dir / "outside"
    outside.mkdir()
    c = bundle(args=["true"], copy=True)
    c.config["mounts"] = [m for m in c.config["mounts"] if m["destination"] == "/proc"]
    subprocess.run(["rm", "-rf", c.rootfs / name], check=True)
    (c.rootfs / name).symlink_to(outside)
    rt.run(c.write())
    assert os.listdir(outside) == [] and not any(m in open("/proc/self/mountinfo").read() for m in [str(outside)])


# 18. owned by the host's root until it is the container's process

@pytest.mark.ours
def test_created_init_is_not_dumpable(created, rt):
    """/proc/PID of a process that may be traced belongs to its user; of one that may not, to the host's root."""
    c = created(copy=True, user={"uid": 1000, "gid": 1000}, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings(0, 65536))
    assert os.stat(f"/proc/{rt.pid(c)}/environ").st_uid == user.outside(0)
    other = user.outside(1000)
    r = as_root(["setpriv", f"--reuid={other}", f"--regid={other}", "--clear-groups", "cat", f"/proc/{rt.pid(c)}/maps"], capture_output=True, check=False)
    assert r.returncode != 0 and not r.stdout, "its user can read the memory map of a created container's init"
    processes.reap()


@pytest.mark.root("another process of uid 0 without capabilities")
@pytest.mark.ours
def test_created_init_of_root_is_not_dumpable(created, rt):
    """Where no id changes the kernel does nothing by itself: a uid 0 that has no more rights than the container's has none over it."""
    c = created(process={"capabilities": caps()})
    r = subprocess.run(["setpriv", "--bounding-set=-all", "--inh-caps=-all", "cat", f"/proc/{rt.pid(c)}/maps", "/proc/self/status"],
                       capture_output=True, text=True, check=False)
    assert "CapEff:\t0000000000000000" in r.stdout, str(r)
    assert f"/proc/{rt.pid(c)}/maps: Permission denied" in r.stderr and "memfd" not in r.stdout, str(r)


# 19. bpf(2)

@pytest.mark.root("only the host's root may set device rules")
@pytest.mark.ours
def test_bpf_attribute_is_larger_than_any_kernels(traced, v2_view):
    """Kernels 6.17 to 7.1 write past the end of a short one. (That its end is zero the kernel itself asks for.)"""
    sizes = [int(w[5]) for w in traced(v2_view) if w[3] == "bpf"]
    assert len(sizes) > 1 and min(sizes) >= 512, sizes


# 20. mounts by descriptor

@pytest.mark.root("a set-user-ID helper has no rights under a tracer, and newuidmap is one")
@pytest.mark.ours
def test_no_mount_by_path(traced):
    """crun-init calls mount(2) for propagation of "/" only: everything else goes by descriptors."""
    names = [w[3] for w in traced() if w[2] == "crun-init"]
    assert names.count("move_mount") > 5 and names.count("mount") <= 2, names


@pytest.fixture
def traced(bundle, rt, here):
    """The calls of a run, as words (inject.c): traced(prefix)."""
    source = os.path.join(os.path.dirname(__file__), "../security/inject.c")
    inject = here.dir / "inject"
    r = subprocess.run(["gcc", "-O1", "-D_GNU_SOURCE", "-o", inject, source, "-lseccomp"], capture_output=True, text=True, check=False)
    if r.returncode != 0:
        pytest.skip(f"inject.c does not compile here: {r.stderr[:200]}")

    def calls(prefix=()):
        c = bundle(args=["true"])
        subprocess.run([*prefix, inject, "--report", here.dir / "calls", "--", rt.program.path, "--root", rt.root, "run", "--bundle", c.path, c.id],
                       check=True, timeout=60)
        words = [line.split(" ") for line in (here.dir / "calls").read_text().splitlines()]
        return [w for w in words if len(w) == 7]
    return calls

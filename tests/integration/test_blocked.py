# SPDX-License-Identifier: GPL-2.0-or-later
"""In sandboxes that block system calls, as missing (ENOSYS) and as forbidden (EPERM): everything works by older calls,
or fails with one line that names the call; and nothing is left."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from lib import cgroups, processes, rootless, user
from lib.bundle import bind, namespaces, tmpfs, user_mappings
from lib.rootless import User

pytestmark = pytest.mark.ours

MOUNT_API = "fsopen,fsconfig,fsmount,fspick,move_mount,open_tree,mount_setattr"
GROUPS = {
    "openat2": "openat2",
    "clone3": "clone3",
    "mount-api": MOUNT_API,
    "mount_setattr": "mount_setattr",
    "fsopen": "fsopen",
    "open_tree": "open_tree",
    "keyctl": "keyctl",
    "pidfd": "pidfd_open,pidfd_send_signal",
    "pidfd_open": "pidfd_open",
    "pidfd_send_signal": "pidfd_send_signal",
    "close_range": "close_range",
    "bpf": "bpf",
    "all": f"openat2,clone3,{MOUNT_API},keyctl,pidfd_open,pidfd_send_signal,close_range,bpf,faccessat2",
}
if not cgroups.v1_mount("devices"):  # nothing is like bpf(2) there: test_device_program_on_v2
    del GROUPS["bpf"]
    GROUPS["all"] = GROUPS["all"].replace("bpf,", "")
matrix = pytest.mark.parametrize("calls", GROUPS.values(), ids=GROUPS.keys())
errors = pytest.mark.parametrize("error", ["ENOSYS", "EPERM"])


@pytest.fixture
def bundle(bundle):
    """Where the devices are ruled by a program alone, a container with rules needs bpf(2), and says so (below)."""
    def make(resources=None, **changes):
        if not resources and not cgroups.v1_mount("devices"):
            resources = {"devices": None}
        return bundle(resources=resources, **changes)
    return make


@errors
@matrix
def test_run(bundle, rt, blocked, calls, error, here):
    """With binds, a tmpfs, masked and read-only paths, devices, a user: all that those calls are for."""
    source = here.dir / "source"
    source.mkdir()
    (source / "file").write_text("from the host\n")
    c = bundle(args=["sh", "-c", "id -u; cat /mnt/bound/file; touch /mnt/bound/x 2>/dev/null && echo written; touch /mnt/t/y && echo ok;"
                     "touch /proc/sys/x 2>/dev/null; touch /etc/x 2>/dev/null && echo root; wc -c < /proc/keys"],
               mounts=[bind(source, "/mnt/bound", "ro", "nosuid"), tmpfs("/mnt/t", "mode=1777")], copy=True,
               root={"readonly": True}, user={"uid": 1000, "gid": 1000})
    r = rt.with_options(prefix=[blocked, error, calls]).run(c)
    assert (r.returncode, r.stdout) == (0, "1000\nfrom the host\nok\n0\n"), str(r)
    assert not r.stderr, str(r)


@errors
@matrix
def test_life(bundle, rt, blocked, calls, error):
    b = rt.with_options(prefix=[blocked, error, calls])
    c = bundle(args=["/bin/probe", "sleep"])
    b.create(c)
    assert b.status(c) == "created"
    b.start(c)
    assert b.status(c) == "running"
    assert b.ps(c)
    b.kill(c, "KILL")
    b.wait_status(c, "stopped")
    b.delete(c)


@errors
@matrix
def test_exec(bundle, rt, blocked, calls, error):
    """Of a container that was started outside."""
    c = bundle(args=["/bin/probe", "sleep"])
    rt.run_detached(c)
    r = rt.with_options(prefix=[blocked, error, calls])("exec", "--user", "1000:1000", "--cwd", "/tmp", c.id, "sh", "-c", "id -u; pwd; exit 5")
    assert (r.returncode, r.stdout) == (5, "1000\n/tmp\n") and not r.stderr, str(r)
    assert rt.status(c) == "running"


@errors
@matrix
def test_exec_detached(bundle, rt, blocked, calls, error, here):
    c = bundle(args=["/bin/probe", "sleep"])
    rt.run_detached(c)
    b = rt.with_options(prefix=[blocked, error, calls])
    r = b("exec", "--detach", "--pid-file", here.dir / "pid", c.id, "/bin/probe", "sleep", files=here.dir)
    assert r.returncode == 0, str(r)
    pid = int((here.dir / "pid").read_text())
    assert pid in rt.ps(c)
    os.kill(pid, signal.SIGKILL)
    processes.wait_exit(pid)


@errors
@pytest.mark.parametrize("calls", [GROUPS["pidfd_open"], GROUPS["pidfd"], GROUPS["all"]], ids=["pidfd_open", "pidfd", "all"])
def test_exec_in_user_namespaces(bundle, rt, blocked, calls, error):
    """No pidfd to enter by: the files of each namespace, below the process's own directory. A pid namespace is joined, too."""
    b = rt.with_options(prefix=[blocked, error, calls])
    c = bundle(args=["/bin/probe", "sleep"], namespaces=namespaces("mount", "pid", "ipc", "uts", "user", "network"), linux=user_mappings(0, 65536))
    rt.run_detached(c)
    r = b("exec", "--user", "1000:1000", c.id, "sh", "-c", "id -u; readlink /proc/self/ns/user")
    assert (r.returncode, r.stdout) == (0, "1000\n" + os.readlink(f"/proc/{rt.pid(c)}/ns/user") + "\n") and not r.stderr, str(r)
    if "open_tree" not in calls:  # test_user_namespace
        second = bundle(args=["cat", "/proc/1/comm"], hostname=None, namespaces=namespaces("mount", **{k: f"/proc/{rt.pid(c)}/ns/{k}" for k in ("pid", "user")}),
                        edit=lambda d: d.update(mounts=[m for m in d["mounts"] if m["destination"] in ("/proc", "/dev")]))
        r = b.run(second)
        assert (r.returncode, r.stdout) == (0, "probe\n") and not r.stderr, str(r)


@errors
@pytest.mark.parametrize("calls", ["pidfd_open", GROUPS["pidfd"]], ids=["pidfd_open", "pidfd"])
def test_mounts_of_a_running_container(bundle, rt, blocked, calls, error, here):
    b = rt.with_options(prefix=[blocked, error, calls])
    c = bundle(args=["/bin/probe", "sleep"])
    rt.run_detached(c)
    (here.dir / "new").write_text(json.dumps([{"destination": "/dev/new", "type": "tmpfs", "source": "tmpfs"}]))
    for verb, n in (("add", "1"), ("remove", "0")):
        r = b("mounts", verb, c.id, here.dir / "new")
        assert (r.returncode, r.stderr) == (0, ""), str(r)
        assert rt("exec", c.id, "sh", "-c", "grep -c /dev/new /proc/mounts || true", check=True).stdout.strip() == n


@errors
@matrix
def test_kill_all(bundle, rt, blocked, calls, error):
    b = rt.with_options(prefix=[blocked, error, calls])
    c = bundle(args=["/bin/probe", "tree", "2"], namespaces=namespaces("mount", "ipc", "uts", "network"))
    rt.run_detached(c)
    b.kill(c, "--all", "KILL")
    rt.wait_status(c, "stopped")
    b.delete(c)


@errors
@pytest.mark.parametrize("call", ["execveat", "setns", "statx", "faccessat2", "unshare", "pivot_root",
                                  pytest.param("prctl", marks=pytest.mark.root("newuidmap calls it too"))])
def test_older_calls(bundle, rt, blocked, call, error):
    """What no sandbox for containers blocks: a run and an exec work, or one line names the call; nothing is left."""
    c = bundle(args=["/bin/probe", "sleep"])
    b = rt.with_options(prefix=[blocked, error, call])
    for r in (b.run(bundle(args=["true"])), rt.run_detached(c) and b("exec", c.id, "true")):
        if r.returncode:
            rt.fails(r, call, code=r.returncode)


@errors
@matrix
def test_delete_by_force(bundle, rt, blocked, calls, error):
    b = rt.with_options(prefix=[blocked, error, calls])
    c = bundle(args=["/bin/probe", "tree", "2"], namespaces=namespaces("mount", "ipc", "uts"))
    b.run_detached(c)
    b.delete(c, "--force")
    assert b.list() == []


@errors
@matrix
def test_user_namespace(bundle, rt, blocked, calls, error):
    row = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    c = bundle(args=["id", "-u"], namespaces=namespaces("mount", "pid", "ipc", "uts", "user", "network"),
               linux={"uidMappings": row, "gidMappings": row})
    r = rt.with_options(prefix=[blocked, error, calls]).run(c)
    if r.returncode == 0:
        assert r.stdout == "0\n" and not r.stderr, str(r)
    else:
        rt.fails(r, "root.path", "open_tree" if "open_tree" in calls else "mount_setattr")  # only the host's root can give the tree to the user namespace


@pytest.mark.once("makes an ordinary user itself, for which it must be root")
@errors
@matrix
def test_rootless(bundle, here, program, blocked, calls, error):
    user = User(here.dir / "user")
    here.roots.append(user.runtime_dir / "crun")
    c = bundle(args=["id", "-u"], copy=True, cgroup=False, resources={"devices": None})
    rootless.give(c.path)
    r = user.runtime(program, blocked, error, calls).run(c)
    assert (r.returncode, r.stdout) == (0, "0\n") and not r.stderr, str(r)


@errors
@matrix
def test_recursive_options(bundle, rt, blocked, calls, error, here):
    """Each mount of a tree by itself, whatever its path is called."""
    source = here.dir / "source"
    (source / "sub").mkdir(parents=True)
    (source / "a b\\c").mkdir()
    view = here.dir / "view"
    view.write_text(f"""#!/bin/sh -e
mount -t tmpfs one {source}/sub
mkdir {source}/sub/deep
mount -t tmpfs two {source}/sub/deep
mount -t tmpfs three '{source}/a b\\c'
chmod 777 {source}/sub {source}/sub/deep '{source}/a b\\c'
exec "$@"
""")
    view.chmod(0o755)
    b = rt.with_options(prefix=["unshare", "--mount", "--propagation", "private", view, blocked, error, calls])
    script = "cd /mnt; for d in . sub sub/deep 'a b\\c'; do touch \"$d/x\" 2>/dev/null && echo \"$d\"; done; grep -c ' /mnt' /proc/self/mountinfo"
    r = b.run(bundle(args=["sh", "-c", script], mounts=[bind(source, "/mnt", "rro", recursive=True)]))
    assert (r.returncode, r.stdout) == (0, "4\n") and not r.stderr, str(r)


@pytest.mark.once("makes an ordinary user itself, for which it must be root")
@errors
@matrix
def test_rootless_sys_is_read_only(bundle, here, program, blocked, calls, error):
    """With the host's network its /sys stands in, and with it /sys/fs/cgroup (CVE-2023-25809)."""
    person = User(here.dir / "user")
    here.roots.append(person.runtime_dir / "crun")
    c = bundle(args=["cat", "/proc/self/mountinfo"], copy=True, cgroup=False, resources={"devices": None}, namespaces=namespaces("mount", "pid", "ipc", "uts"))
    rootless.give(c.path)
    r = person.runtime(program, blocked, error, calls).run(c)
    assert r.returncode == 0 and not r.stderr, str(r)
    options = {l.split(" ")[4]: l.split(" ")[5] for l in r.lines if l.split(" ")[4].startswith("/sys")}
    assert "/sys" in options and all("ro" in o.split(",") for o in options.values()), options


@errors
@pytest.mark.parametrize("calls", ["fspick", MOUNT_API])
def test_remount(bundle, rt, blocked, calls, error):
    mounts = [tmpfs("/mnt", "size=100k", "nosuid"), tmpfs("/mnt", "remount", "nodev", "size=40k")]
    r = rt.with_options(prefix=[blocked, error, calls]).run(bundle(args=["grep", "/mnt", "/proc/mounts"], mounts=mounts))
    assert "nosuid,nodev" in r.stdout and "size=40k" in r.stdout and r.stderr == "", str(r)


half = pytest.mark.parametrize("call", ["move_mount", "fsmount", "fsconfig"])


@errors
@half
def test_half_an_interface(bundle, rt, blocked, call, error, here):
    """The second half of a mount alone: what was begun by the first is done anew by mount(2)."""
    test_run(bundle, rt, blocked, call, error, here)


@pytest.mark.once("makes an ordinary user itself, for which it must be root")
@errors
@half
def test_half_an_interface_rootless(bundle, here, program, blocked, call, error):
    """And with the host's network, where the host's /sys is bound."""
    test_rootless(bundle, here, program, blocked, call, error)
    test_rootless_sys_is_read_only(bundle, here, program, blocked, call, error)


@errors
@half
def test_half_an_interface_and_life(bundle, rt, blocked, call, error):
    """Created, started and entered."""
    test_life(bundle, rt, blocked, call, error)
    test_exec(bundle, rt, blocked, call, error)


@errors
@half
def test_half_an_interface_and_a_terminal(bundle, rt, blocked, call, error):
    r = rt.with_options(prefix=[blocked, error, call]).run(bundle(args=["sh", "-c", "test -t 1 && tty"], process={"terminal": True}))
    assert r.returncode == 0 and "/dev/" in r.stdout, str(r)


@errors
def test_without_memfd(bundle, rt, blocked, error):
    """There is no other way to hand over a plan that nobody can change."""
    rt.fails(rt.with_options(prefix=[blocked, error, "memfd_create"]).run(bundle(args=["true"])), "memfd_create")


@errors
def test_hook_with_timeout(bundle, rt, blocked, error):
    """A hook's end, and its time, are waited for without pidfd_open too."""
    b = rt.with_options(prefix=[blocked, error, "pidfd_open"])
    c = bundle(args=["true"], hooks={"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "30"], "timeout": 1}]})
    rt.fails(b.run(c), "createRuntime", "timed out")


@errors
def test_keyring_is_done_without(bundle, rt, blocked, error):
    """Nobody has asked for it: who wonders finds it."""
    b = rt.with_options("--debug", prefix=[blocked, error, "keyctl"])
    r = b.run(bundle(args=["true"]))
    assert r.returncode == 0 and "session keyring: keyctl" in r.stderr, str(r)


@errors
def test_terminal(bundle, rt, blocked, error):
    b = rt.with_options(prefix=[blocked, error, GROUPS["all"]])
    r = b.run(bundle(args=["sh", "-c", "test -t 1 && tty"], process={"terminal": True}))
    assert r.returncode == 0 and "/dev/" in r.stdout, str(r)


@errors
def test_pause(bundle, rt, blocked, error):
    b = rt.with_options(prefix=[blocked, error, GROUPS["all"]])
    c = bundle(args=["/bin/probe", "sleep"])
    b.run_detached(c)
    b("pause", c.id, check=True)
    assert b.status(c) == "paused"
    b("resume", c.id, check=True)
    b.kill(c, "KILL")
    b.wait_status(c, "stopped")


@pytest.mark.root("only the host's root may set device rules")
@errors
def test_device_program_on_v2(bundle, rt, blocked, error, v2_view):
    """Rules that cannot be had are an error where they were asked for."""
    b = rt.with_options(prefix=[*v2_view, blocked, error, "bpf"])
    rules = {"devices": [{"allow": False, "access": "rwm"}]}
    rt.fails(b.run(bundle(args=["true"], resources=rules)), "linux.resources.devices", "bpf")
    r = b.run(bundle(args=["true"], resources={"devices": None}))
    assert (r.returncode, r.stderr) == (0, ""), str(r)

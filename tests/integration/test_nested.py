# SPDX-License-Identifier: GPL-2.0-or-later
"""In places where others give up: in containers, without capabilities, descriptors, /sys, /dev or a writable /run."""

import copy
import json
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from lib import rootfs as images, rootless, user
from lib.bundle import CAPABILITIES, DEFAULT_NAMESPACES, bind, caps, default_config, namespaces, tmpfs, user_mappings
from lib.rootless import User
from lib.runtime import call

pytestmark = pytest.mark.ours

ALL = caps(*[c for c in CAPABILITIES if c != "SYS_RESOURCE"])


def view(here, name, script) -> list:
    """A prefix of commands: a mount namespace of its own, changed by a script."""
    path = here.dir / name
    path.write_text(f'#!/bin/sh -e\n{script}\nexec "$@"\n')
    path.chmod(0o755)
    return ["unshare", "--mount", "--propagation", "private", path]


# ---- nested ----


def libraries(program) -> list:
    """What the program needs of the host to run inside an image: nothing if it is static."""
    r = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return [w for l in r.stdout.splitlines() for w in l.split() if w.startswith("/")]


def put_program(program, root: Path) -> None:
    shutil.copy(program.path, root / "bin/crun")
    for l in libraries(program.path):
        (root / l[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(l), root / l[1:])


def inner_config(args, root="/", capabilities=ALL, **linux) -> dict:
    """For the inside: its root is the outer container's own tree, bound."""
    c = default_config()
    c["root"] = {"path": str(root), "readonly": False}
    c["process"].update(args=args, capabilities=capabilities, noNewPrivileges=False)
    c["process"].pop("rlimits")
    c["linux"].pop("resources")
    c["linux"].update(linux)
    return c


LEVEL = "crun --root /run/crun run --bundle /bundle{n} level{n}"


@pytest.fixture
def nest(bundle, program, here):
    """A writable bundle with the program in it, and /bundle1, /bundle2 ... whose configurations are `inner`; each root
    is the image itself, bound read-write."""
    def make(inner, **changes):
        c = bundle(copy=True, **changes)
        put_program(program, c.rootfs)
        for n, config in enumerate(inner, 1):
            d = c.rootfs / f"bundle{n}"
            d.mkdir()
            (d / "config.json").write_text(json.dumps(config))
        return c
    return make


def test_three_levels(nest, rt):
    """Root with all capabilities in each; a file shows how deep it is."""
    leaf = ["sh", "-c", "echo pid $$; id -u; mount | grep -c ' / '"]
    inner = [inner_config(["sh", "-c", LEVEL.format(n=2)]), inner_config(leaf)]
    c = nest(inner, args=["sh", "-c", LEVEL.format(n=1)], process={"capabilities": ALL, "noNewPrivileges": False, "rlimits": []},
             mounts=[tmpfs("/run")], linux={"maskedPaths": [], "readonlyPaths": []})
    r = rt.run(c)
    assert r.returncode == 0 and r.stdout.startswith("pid 1\n0\n") and not r.stderr, str(r)


def test_three_levels_masked(nest, rt):
    """With the usual masked and read-only paths all the way: the host's user namespace may mount a procfs anew."""
    inner = [inner_config(["sh", "-c", LEVEL.format(n=2)]), inner_config(["echo", "deep"])]
    c = nest(inner, args=["sh", "-c", LEVEL.format(n=1)], process={"capabilities": ALL, "noNewPrivileges": False, "rlimits": []},
             mounts=[tmpfs("/run")])
    r = rt.run(c)
    assert (r.returncode, r.stdout, r.stderr) == (0, "deep\n", ""), str(r)


EXEC = "crun --root /run/crun run --detach --bundle /bundle{n} level{n} </dev/null >/tmp/log 2>&1 && crun --root /run/crun exec level{n} {command} && crun --root /run/crun delete --force level{n}"


def sleeper(**how):
    return inner_config(["/bin/probe", "sleep"], **how)


def test_exec_at_the_third_level(nest, rt):
    """Each level is entered from the one around it, by exec."""
    second = EXEC.format(n=3, command="sh -c 'echo deep; id -u; cat /proc/1/comm; exit 0'")
    third = copy.deepcopy(sleeper())
    inner = [sleeper(), sleeper(), third]
    c = nest(inner, args=["sh", "-c", EXEC.format(n=1, command="sh /go2")],
             process={"capabilities": ALL, "noNewPrivileges": False, "rlimits": []}, mounts=[tmpfs("/run")],
             linux={"maskedPaths": [], "readonlyPaths": []})
    (c.rootfs / "go2").write_text(EXEC.format(n=2, command="sh /go3") + "\n")
    (c.rootfs / "go3").write_text(second + "\n")
    r = rt.run(c)
    assert (r.returncode, r.stdout, r.stderr) == (0, "deep\n0\nprobe\n", ""), str(r)


@pytest.mark.once("makes an ordinary user itself, for which it must be root")
def test_exec_in_a_nested_user_namespace(nest, program, here):
    """An ordinary user's container, and another in it, entered by exec."""
    person = User(here.dir / "user")
    here.roots.append(person.runtime_dir / "crun")
    row = [{"containerID": 0, "hostID": 0, "size": 1}]
    inner = sleeper(namespaces=namespaces(*USERNS), uidMappings=row, gidMappings=row)
    inner["mounts"] = [m for m in inner["mounts"] if m["destination"] != "/dev/pts"]
    c = nest([inner], args=["sh", "-c", EXEC.format(n=1, command="sh -c 'id -u; readlink /proc/self/ns/user; readlink /proc/1/ns/user'")],
             process={"capabilities": ALL, "noNewPrivileges": False, "rlimits": []}, mounts=[tmpfs("/run")],
             linux={"maskedPaths": [], "readonlyPaths": []}, namespaces=namespaces(*USERNS), resources={"devices": None}, cgroup=False)
    rootless.give(c.path)
    r = person.runtime(program).run(c)
    assert (r.returncode, r.stderr) == (0, ""), str(r)
    assert r.lines[0] == "0" and r.lines[1] == r.lines[2] != os.readlink("/proc/self/ns/user"), str(r)


USERNS = ("pid", "network", "ipc", "uts", "mount", "cgroup", "user")


@pytest.mark.once("makes an ordinary user itself, for which it must be root")
def test_three_levels_rootless(nest, program, here):
    """Each in a user namespace of the one before, the first of an ordinary user."""
    user = User(here.dir / "user")
    here.roots.append(user.runtime_dir / "crun")
    row = [{"containerID": 0, "hostID": 0, "size": 1}]
    inner = [inner_config(["sh", "-c", LEVEL.format(n=2)], namespaces=namespaces(*USERNS), uidMappings=row, gidMappings=row,
                          maskedPaths=[], readonlyPaths=[]),
             inner_config(["sh", "-c", "id -u; cat /proc/self/uid_map"], namespaces=namespaces(*USERNS), uidMappings=row, gidMappings=row)]
    for i in inner:
        i["mounts"] = [m for m in i["mounts"] if m["destination"] != "/dev/pts"]
    c = nest(inner, args=["sh", "-c", LEVEL.format(n=1)], process={"capabilities": ALL, "noNewPrivileges": False, "rlimits": []},
             mounts=[tmpfs("/run")], linux={"maskedPaths": [], "readonlyPaths": []}, namespaces=namespaces(*USERNS),
             resources={"devices": None}, cgroup=False)
    rootless.give(c.path)
    r = user.runtime(program).run(c)
    assert (r.returncode, r.stdout.split()[:3], r.stderr) == (0, ["0", "0", "0"], ""), str(r)


# What a container's root has of ids, as uid_map shows it inside.
WHOLE_MAP = "0 0 1 1 1 65536".split() if user.WANTED else ["0", "0", str(2**32 - 1)]


def test_without_cap_sys_admin(nest, rt):
    """An ordinary container's root (no CAP_SYS_ADMIN): a user namespace is made by itself."""
    inner = [inner_config(["sh", "-c", "id -u; cat /proc/self/uid_map"], capabilities=caps())]
    inner[0]["mounts"] = [m for m in inner[0]["mounts"] if m["destination"] in ("/proc", "/dev")]
    c = nest(inner, args=["sh", "-c", LEVEL.format(n=1)], process={"capabilities": caps("SETUID", "SETGID", "SETFCAP"), "rlimits": []},
             mounts=[tmpfs("/run")], linux={"maskedPaths": [], "readonlyPaths": []})
    r = rt.run(c)
    assert (r.returncode, r.stdout.split(), r.stderr) == (0, ["0", *WHOLE_MAP], ""), str(r)


def test_without_any_capability(nest, rt):
    """The kernel maps root for nobody without CAP_SETFCAP: said."""
    inner = [inner_config(["true"], capabilities=caps())]
    inner[0]["mounts"] = [m for m in inner[0]["mounts"] if m["destination"] in ("/proc", "/dev")]
    c = nest(inner, args=["sh", "-c", LEVEL.format(n=1)], process={"capabilities": caps(), "rlimits": []},
             mounts=[tmpfs("/run")], linux={"maskedPaths": [], "readonlyPaths": []})
    r = rt.run(c)
    assert r.returncode == 1 and "CAP_SETFCAP" in r.stderr and len(r.stderr.splitlines()) == 1, str(r)


def test_masked_proc_in_user_namespace(nest, rt):
    """The kernel refuses a procfs that would show what is masked: said, with the remedy."""
    inner = [inner_config(["true"], capabilities=caps())]
    c = nest(inner, args=["sh", "-c", LEVEL.format(n=1)], process={"capabilities": caps("SETUID", "SETGID", "SETFCAP"), "rlimits": []},
             mounts=[tmpfs("/run")])
    r = rt.run(c)
    assert r.returncode == 1 and "/proc" in r.stderr and "masked" in r.stderr and len(r.stderr.splitlines()) == 1, str(r)


def test_masked_proc_shared_pid_namespace(nest, rt):
    """With the pid namespace of the outside its procfs will do."""
    inner = [inner_config(["sh", "-c", "test -e /proc/self/status && wc -c < /proc/keys"], capabilities=caps(),
                          namespaces=namespaces("mount", "ipc", "uts"))]
    inner[0]["mounts"] = [m for m in inner[0]["mounts"] if m["destination"] in ("/proc", "/dev")]
    c = nest(inner, args=["sh", "-c", LEVEL.format(n=1)], process={"capabilities": caps("SETUID", "SETGID", "SETFCAP"), "rlimits": []},
             mounts=[tmpfs("/run")])
    r = rt.run(c)
    assert (r.returncode, r.stdout, r.stderr) == (0, "0\n", ""), str(r)


RUNC = shutil.which("runc", path="/usr/sbin:/usr/bin")


@pytest.mark.root("the peer makes no user namespace by itself")
@pytest.mark.skipif(not RUNC, reason="runc is not installed")
@pytest.mark.parametrize("masked", [False, True])
def test_in_a_container_of_runc(nest, here, masked):
    """Its container is the outermost of three levels; with its masked paths too."""
    inner = [inner_config(["sh", "-c", LEVEL.format(n=2)]), inner_config(["sh", "-c", "echo deep; id -u"])]
    linux = {"cgroupsPath": here.parent} | ({} if masked else {"maskedPaths": [], "readonlyPaths": []})
    c = nest(inner, args=["sh", "-c", LEVEL.format(n=1)], process={"capabilities": ALL, "noNewPrivileges": False, "rlimits": []},
             mounts=[tmpfs("/run")], linux=linux)
    root = here.dir / "peer"
    try:
        r = call([RUNC, "--root", root, "run", "--bundle", c.path, c.id])
        assert (r.returncode, r.stdout, r.stderr) == (0, "deep\n0\n", ""), str(r)
    finally:
        call([RUNC, "--root", root, "delete", "--force", c.id])


# ---- capabilities ----


@pytest.mark.parametrize("drop", [*[pytest.param(c, marks=pytest.mark.root("newuidmap, which is set-user-ID, needs it")) for c in ("sys_admin", "dac_override")],
                                  "sys_resource", "mknod", "net_admin", "sys_ptrace", "setpcap", "sys_chroot"])
def test_without_one_capability(bundle, rt, drop):
    """As root of the host, but for one capability."""
    b = rt.with_options(prefix=["setpriv", "--bounding-set", f"-{drop}", "--inh-caps", f"-{drop}"])
    c = bundle(args=["id", "-u"], process={"rlimits": []}, resources={"devices": None}, copy=True,
               capabilities=None)
    r = b.run(c)
    if drop == "setpcap" and r.returncode:
        rt.fails(r, "capabilit")
    else:
        assert (r.returncode, r.stdout, r.stderr) == (0, "0\n", ""), str(r)


@pytest.mark.root("what root's own programs may not do is asked")
@pytest.mark.parametrize("drop, user, mapped, text", [
    ("setuid", {"uid": 1000}, False, "process.user: setresuid (it takes CAP_SETUID)"),
    ("setgid", {}, False, "setgroups (it takes CAP_SETGID)"),
    ("setpcap", {}, False, "it takes CAP_SETPCAP"),
    ("setuid", {}, True, "linux.uidMappings: root without CAP_SETUID maps no more than his own id"),
    ("setgid", {}, True, "linux.gidMappings: root without CAP_SETGID maps no more than his own id")])
def test_capability_that_is_missed(bundle, rt, drop, user, mapped, text):
    b = rt.with_options(prefix=["setpriv", "--bounding-set", f"-{drop}", "--inh-caps", f"-{drop}"])
    more = {"namespaces": namespaces(*DEFAULT_NAMESPACES, "user"), "linux": user_mappings()} if mapped else {}
    b.fails(b.run(bundle(args=["true"], process={"rlimits": []}, user=user, **more)), text)


# ---- descriptors ----


@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1, 2]])
def test_closed_streams(bundle, rt, closed, here):
    """The container sees something on each, and no error is written into a file of ours."""
    close = " ".join(f"{fd}{'<' if fd == 0 else '>'}&-" for fd in closed)
    c = bundle(args=["sh", "-c", "for i in 0 1 2; do test -e /proc/self/fd/$i || exit 3; done; ls /proc/self/fd | wc -l >&2; exit 7"])
    rt.ids.append(c.id)
    r = call(["sh", "-c", f'exec "$@" {close}', "sh", *rt.argv("run", "--bundle", c.path, c.id)])
    assert r.returncode == 7, str(r)
    r = call(["sh", "-c", f'exec "$@" {close}', "sh", *rt.argv("list")])
    assert r.returncode == (1 if 1 in closed else 0) or r.returncode == 0, str(r)


def test_few_descriptors(bundle, rt):
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    source = Path(bundle().path)
    c = bundle(args=["true"], process={"rlimits": []}, mounts=[bind(source, f"/mnt/{i}") for i in range(20)], copy=True)
    r = rt.run(c, preexec_fn=limit)
    assert (r.returncode, r.stderr) == (0, ""), str(r)


def test_few_descriptors_user_namespace(bundle, rt):
    """Here the parent opens every source: it works, or what is too many is refused by name."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    source = Path(bundle().path)
    row = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    for n in (10, 80):
        c = bundle(args=["true"], process={"rlimits": []}, mounts=[bind(source, f"/mnt/{i}") for i in range(n)], copy=True,
                   namespaces=namespaces("mount", "pid", "ipc", "uts", "network", "user"), linux={"uidMappings": row, "gidMappings": row})
        images.shift(c.rootfs, row, row)
        r = rt.run(c, preexec_fn=limit)
        if n == 10 or r.returncode == 0:
            assert (r.returncode, r.stderr) == (0, ""), str(r)
        else:
            rt.fails(r, "mounts[", "descriptors" if "descriptors" in r.stderr else "open files")


# ---- places ----


@pytest.mark.root("chroot(2) is root's")
def test_chroot(bundle, rt, here, program):
    """No root of a mount: neither pivot_root nor a user namespace can be had, and that is said."""
    c = bundle(copy=True, args=["true"])
    put_program(program, c.rootfs)
    (c.rootfs / "b").mkdir()
    (c.rootfs / "b/config.json").write_text(json.dumps(inner_config(["true"])))
    script = f'mount -t proc proc {c.rootfs}/proc; mount -t tmpfs tmpfs {c.rootfs}/run; exec chroot {c.rootfs} "$@"'
    r = call([*view(here, "chroot-view", script), "crun", "run", "--bundle", "/b", "x"])
    rt.fails(r, "chroot")
    r = call([*view(here, "chroot-view", script), "setpriv", "--bounding-set", "-sys_admin", "crun", "--root", "/run/x", "run", "--bundle", "/b", "x"])
    assert r.returncode != 0, str(r)


@pytest.mark.root("unshare(1) with the mounts of this host")
@pytest.mark.parametrize("kind", ["user", "pid", "net", "mnt", "ipc", "uts", "cgroup"])
def test_namespaces_used_up(bundle, rt, here, kind):
    """The kernel says ENOSPC; which limit it was is said by us."""
    script = f'exec unshare --user --map-root-user --mount sh -ec \'echo 0 > /proc/sys/user/max_{kind}_namespaces; exec "$@"\' sh "$@"'
    rt = rt.with_options("--cgroup-manager", "disabled", prefix=view(here, "limit-view", script))
    c = bundle(args=["true"], copy=True, linux=user_mappings(0, 1) | {"namespaces": namespaces(*DEFAULT_NAMESPACES, "user", "cgroup")})
    rt.fails(rt.run(c), "no space left on device", f"sysctl user.max_{kind}_namespaces is 0")


@pytest.mark.once("his state root is elsewhere (test_rootless)")
def test_read_only_run(bundle, here, program, rt):
    prefix = view(here, "run-view", "mount -t tmpfs -o ro tmpfs /run")
    c = bundle(args=["echo", "fine"])
    rt.fails(call([*prefix, program.path, "run", "--bundle", c.path, c.id]), "state root", "/run/crun", "read-only file system", "--root")
    r = rt.with_options(prefix=prefix).run(c)
    assert (r.returncode, r.stdout, r.stderr) == (0, "fine\n", ""), str(r)


@pytest.mark.root("what root's own programs may not do is asked")
@pytest.mark.parametrize("place, why", [("/run/crun", "permission denied"), ("/proc/crun", "no such file"), ("/run/user/0/x/crun", "permission denied")])
def test_state_root_that_cannot_be_used(here, program, bundle, place, why):
    """Root of nothing but a user namespace of his own finds the host's; he is told of another one."""
    script = f'mkdir -p -m 700 /run/crun /run/user/0; exec setpriv --reuid 65533 --clear-groups unshare --user --map-root-user "$@"'
    options = [] if place == "/run/crun" else ["--root", place]
    r = call([*view(here, "root-view", "mount -t tmpfs tmpfs /run; chmod 755 /run; " + script), "env", "-u", "XDG_RUNTIME_DIR", program.path, *options, "run", "--bundle", bundle(args=["true"]).path, here.tag])
    assert r.returncode == 1 and why in r.stderr and f'"{place.rpartition("/x")[0] or place}' in r.stderr, str(r)
    assert ("--root DIR takes another place" in r.stderr) == (why == "permission denied"), str(r)


def test_without_sys(bundle, here, rt):
    """Nothing at /sys: no cgroups; rules that were asked for cannot be had, and those that all get are missed by name."""
    b = rt.with_options(prefix=view(here, "sys-view", "mount -t tmpfs tmpfs /sys"))
    if not user.ACTIVE:  # nobody would enforce his rules anywhere
        rules = {"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 200, "access": "rwm"}]}
        rt.fails(b.run(bundle(args=["true"], resources=rules)), "linux.resources.devices", "no cgroup")
        rt.fails(b.run(bundle(args=["true"], process={"capabilities": caps("MKNOD")})), "linux.resources.devices", "no cgroup")
        r = b.run(bundle(args=["echo", "fine"]))
        assert (r.returncode, r.stdout) == (0, "fine\n") and "linux.resources.devices" in r.stderr and len(r.stderr.splitlines()) == 1, str(r)
    r = b.run(bundle(args=["echo", "fine"], resources={"devices": None}))
    assert (r.returncode, r.stdout, r.stderr) == (0, "fine\n", ""), str(r)


@pytest.mark.root("only root may make devices, and outside there is none to bind")
@pytest.mark.parametrize("how", ["empty", "file", "gone"])
def test_without_dev_null(bundle, here, rt, how):
    """The container has its own devices all the same, and what is masked stays masked."""
    script = {"empty": "mount -t tmpfs tmpfs /dev", "file": "mount -t tmpfs tmpfs /dev; echo secret > /dev/null",
              "gone": "mount -t tmpfs tmpfs /dev; ln -s /etc/passwd /dev/null"}[how]
    b = rt.with_options(prefix=view(here, "dev-view", script))
    r = b.run(bundle(args=["sh", "-c", "wc -c < /proc/keys; echo x > /dev/null; head -c 3 /dev/zero | wc -c"],
                     hooks={"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "echo of a hook"]}]}))
    assert (r.returncode, r.stdout, r.stderr) == (0, "0\n3\n", ""), str(r)


def test_without_proc(bundle, here, rt):
    """Nothing that is missing for want of /proc is said of the kernel."""
    b = rt.with_options(prefix=view(here, "proc-view", "umount -l /proc || mount -t tmpfs tmpfs /proc"))
    c = bundle(args=["true"])
    rt.fails(b.run(c), "/proc is not mounted here")
    rt.fails(b("plan", "--bundle", c.path), "/proc is not mounted here")


def test_read_only_cgroups(bundle, here, rt):
    """Mounted read-only: runs where nothing was asked, and says what it cannot have otherwise."""
    script = "for m in $(awk '$3 ~ /^cgroup/ { print $2 }' /proc/mounts); do mount -o remount,bind,ro $m; done"
    b = rt.with_options(prefix=view(here, "cgroup-view", script))
    r = b.run(bundle(args=["echo", "fine"], resources={"devices": None}))
    assert (r.returncode, r.stdout, r.stderr) == (0, "fine\n", ""), str(r)
    c = bundle(args=["true"], resources={"devices": None, "pids": {"limit": 10}})
    rt.fails(b.run(c), "linux.resources.pids.limit", 'controller "pids"', "read-only")
    c = bundle(args=["/bin/probe", "sleep"], resources={"devices": None})
    b.run_detached(c)
    assert b.ps(c)
    b.kill(c, "--all", "KILL")
    b.wait_status(c, "stopped")
    b.delete(c)


def test_without_home_path_and_cwd(bundle, rt):
    """An empty environment, and a working directory that is gone."""
    c = bundle(args=["echo", "fine"])
    rt.ids.append(c.id)
    r = call(["env", "-i", "sh", "-c", 'd=$(mktemp -d); cd $d; rmdir $d; exec "$@"', "sh", *rt.argv("run", "--bundle", c.path, c.id)])
    assert (r.returncode, r.stdout, r.stderr) == (0, "fine\n", ""), str(r)

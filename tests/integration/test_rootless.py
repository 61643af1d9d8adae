# SPDX-License-Identifier: GPL-2.0-or-later
"""As an ordinary user: ids, mounts, cgroups and state with nothing set up by root, and what is said when that is not
enough."""

import json
import os
import shutil
import subprocess

import pytest

from lib import cgroups, rootless
from lib.bundle import bind, namespaces
from lib.rootless import GID, SUBORDINATE, UID, User
from lib.runtime import call
from lib.user import helpers

pytestmark = [pytest.mark.ours, pytest.mark.once("makes its ordinary users itself, for which it must be root")]

NO_USER = ("pid", "network", "ipc", "uts", "mount", "cgroup")
needs_helpers = pytest.mark.skipif(not helpers(), reason="newuidmap and newgidmap (package uidmap) are not installed")


@pytest.fixture
def user(here):
    """Makes the user; one a test."""
    def make(subids=None, **how):
        u = User(here.dir / "user", subids, **how)
        here.roots.append(u.runtime_dir / "crun")
        return u
    return make


@pytest.fixture
def mine(bundle):
    """A bundle that belongs to the user, and asks for no cgroup."""
    def make(copy=True, namespaces_=NO_USER, **changes):
        changes.setdefault("namespaces", namespaces(*namespaces_))
        changes.setdefault("resources", {"devices": None})
        c = bundle(copy=copy, cgroup=changes.pop("cgroup", False), **changes)
        rootless.give(c.path)
        return c
    return make


@pytest.fixture
def ask(user, mine, program):
    """Runs the probe as the user."""
    def run(subids=None, options=(), how=None, **changes):
        u = user(subids, **(how or {}))
        r = u.runtime(program).run(mine(args=["/bin/probe"], **changes), *options)
        assert (r.returncode, r.stderr) == (0, ""), str(r)
        return r.json
    return run


def ranges(text):
    return [tuple(map(int, l.split())) for l in text.splitlines()]


def maps(rt, c):
    """uid_map, gid_map and setgroups as the container sees them."""
    r = rt.run(c)
    assert (r.returncode, r.stderr) == (0, ""), str(r)
    uids, gids, groups = r.stdout.split("--\n")
    return ranges(uids), ranges(gids), groups.strip()


SHOW_MAPS = ["sh", "-c", "cat /proc/self/uid_map; echo --; cat /proc/self/gid_map; echo --; cat /proc/self/setgroups"]


# ---- ids ----


def test_alone(user, mine, program):
    """No subordinate ids: the own id alone is mapped."""
    rt = user().runtime(program)
    assert maps(rt, mine(args=SHOW_MAPS)) == ([(0, UID, 1)], [(0, GID, 1)], "deny")


def test_alone_is_said(user, mine, program):
    rt = user().runtime(program).with_options("--debug")
    r = rt.run(mine(args=["true"]))
    assert r.returncode == 0
    assert f"only uid {UID} is mapped" in r.stderr and "/etc/subuid has no range" in r.stderr


@needs_helpers
@pytest.mark.parametrize("by", ["name", "number"])
def test_subordinate_ids(user, mine, program, by):
    rt = user(by).runtime(program)
    wanted = [(0, UID, 1), (1, *SUBORDINATE)]
    assert maps(rt, mine(args=SHOW_MAPS)) == (wanted, wanted, "allow")


@needs_helpers
def test_helper_forbidden_by_no_new_privs(user, mine, program):
    """A set-user-ID program is of no use then: the own id alone."""
    u = user("name")
    rt = u.runtime(program)
    rt.prefix += ["setpriv", "--no-new-privs"]
    assert maps(rt, mine(args=SHOW_MAPS))[0] == [(0, UID, 1)]


@needs_helpers
@pytest.mark.parametrize("how", ["sys_admin", "dac_override", "nosuid"])
def test_helper_without_privilege(user, mine, program, how):
    """It is there, and would fail: the own id alone, and a word of why."""
    u = user("name")
    rt = u.runtime(program)
    if how == "nosuid":
        script = "for h in newuidmap newgidmap; do f=$(command -v $h); mount --bind $f $f; mount -o remount,bind,nosuid $f; done; exec \"$@\""
        rt = u.runtime(program, "sh", "-ec", script, "sh")
    else:
        at = rt.prefix.index("setpriv") + 1
        rt.prefix[at:at] = ["--bounding-set", f"-{how}"]
    assert maps(rt, mine(args=SHOW_MAPS)) == ([(0, UID, 1)], [(0, GID, 1)], "deny")
    r = rt.with_options("--debug").run(mine(args=["true"]))
    assert r.returncode == 0 and "the bounding set" in r.stderr, str(r)


@needs_helpers
@pytest.mark.parametrize("lines, wanted", [([(UID - 50, 100)], []), ([SUBORDINATE, (SUBORDINATE[0] + 5, 10), (900000, 7)], [(1, *SUBORDINATE), (65537, 900000, 7)])])
def test_subordinate_ids_that_are_mapped_already(user, mine, program, lines, wanted):
    """A range with the own id, and one inside another: the kernel would refuse the whole map."""
    u = user("name")
    for name in ("subuid", "subgid"):
        (u.place / "etc" / name).write_text("".join(f"{UID}:{first}:{n}\n" for first, n in lines))
    got = maps(u.runtime(program), mine(args=SHOW_MAPS))
    assert got[:2] == ([(0, UID, 1), *wanted], [(0, GID, 1), *wanted]), got


@needs_helpers
def test_user_namespace_without_mappings(user, mine, program):
    rt = user("name").runtime(program)
    c = mine(args=SHOW_MAPS, namespaces_=(*NO_USER, "user"))
    assert maps(rt, c)[0] == [(0, UID, 1), (1, *SUBORDINATE)]


@needs_helpers
def test_explicit_ranges(user, mine, program):
    first, _ = SUBORDINATE
    rows = [{"containerID": 0, "hostID": first, "size": 1000}, {"containerID": 1000, "hostID": UID, "size": 1}]
    c = mine(args=SHOW_MAPS, namespaces_=(*NO_USER, "user"), linux={"uidMappings": rows, "gidMappings": rows},
             user={"uid": 1000, "gid": 1000})
    subprocess.run(["chmod", "-R", "a+rX", c.path], check=True)
    assert maps(user("name").runtime(program), c)[:2] == ([(0, first, 1000), (1000, UID, 1)],) * 2


def test_pid_namespace_with_the_proc_of_another(user, mine, program):
    """Its process ids are others': what is written there would be written of them."""
    rt = user().runtime(program)
    rt.prefix += ["unshare", "-Ur", "--pid", "--fork"]
    rt.fails(rt.run(mine(args=["true"])), "/proc", "another pid namespace")


@pytest.mark.parametrize("more", [[], ["--mount"]])
def test_root_of_a_user_namespace_without_mounts_of_its_own(user, mine, program, here, more):
    """`unshare -Ur` alone: nobody there may clone a mount of the host's; the container's process can, for itself."""
    (here.dir / "source").mkdir()
    (here.dir / "source/file").write_text("from the host\n")
    rt = user().runtime(program)
    rt.prefix += ["unshare", "-Ur", *more]
    row = [{"containerID": 0, "hostID": 0, "size": 1}]
    c = mine(args=["cat", "/mnt/file"], namespaces_=(*NO_USER, "user"), linux={"uidMappings": row, "gidMappings": row},
             mounts=[bind(here.dir / "source", "/mnt", "ro")])
    r = rt.run(c)
    assert (r.returncode, r.stdout, r.stderr) == (0, "from the host\n", ""), str(r)


def test_user_with_cap_setuid(user, mine, program):
    """Without CAP_SYS_ADMIN, and ids that no file gives him: he may write the maps himself."""
    u = user()
    rows = [{"containerID": 0, "hostID": UID, "size": 1}, {"containerID": 1, "hostID": 700000, "size": 100}]
    c = mine(args=SHOW_MAPS, linux={"uidMappings": rows, "gidMappings": rows})
    rt = u.runtime(program)
    rt.prefix = [w if w != "setpriv" else ["setpriv", "--inh-caps", "+setuid,+setgid", "--ambient-caps", "+setuid,+setgid"] for w in rt.prefix]
    rt.prefix = [x for w in rt.prefix for x in (w if isinstance(w, list) else [w])]
    wanted = [(0, UID, 1), (1, 700000, 100)]
    assert maps(rt, c) == (wanted, wanted, "allow")


def test_explicit_own_id(user, mine, program):
    row = [{"containerID": 0, "hostID": UID, "size": 1}]
    c = mine(args=SHOW_MAPS, linux={"uidMappings": row, "gidMappings": row})
    assert maps(user().runtime(program), c)[:2] == ([(0, UID, 1)], [(0, GID, 1)])


@needs_helpers
def test_range_that_is_not_his(user, mine, program):
    """The helper refuses; its words are in the error, and nothing is left."""
    row = [{"containerID": 0, "hostID": 5, "size": 10}]
    rt = user("name").runtime(program)
    r = rt.run(mine(args=["true"], linux={"uidMappings": row, "gidMappings": row}))
    rt.fails(r, "linux.gidMappings", "newgidmap", "not allowed", f'root can add the line "{UID}:5:10" to /etc/subgid')


def test_map_outside_of_ours(mine, rt):
    """In a user namespace of single ids: the kernel says "operation not permitted" for the whole list."""
    row = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    c = mine(args=["true"], namespaces_=(*NO_USER, "user"), linux={"uidMappings": row, "gidMappings": row})
    inside = rt.with_options(prefix=["unshare", "--user", "--map-root-user", "--mount"])
    inside.fails(inside.run(c), "linux.uidMappings[0]: 65536 ids from 100000 on", "which has uid 0")


def test_root_of_the_host_is_not_his(user, mine, program):
    row = [{"containerID": 0, "hostID": 0, "size": 65536}]
    rt = user().runtime(program)
    r = rt.run(mine(args=["true"], linux={"uidMappings": row, "gidMappings": row}))
    rt.fails(r, "linux.uidMappings", "an ordinary user cannot map the host's root", "/etc/subuid")
    assert "CAP_SETFCAP" not in r.stderr


@needs_helpers
def test_user_and_groups(ask):
    facts = ask("name", user={"uid": 1000, "gid": 100, "additionalGids": [5, 1000]})
    assert (facts["uid"], facts["gid"], sorted(facts["groups"])) == (1000, 100, [5, 1000])


def test_unmapped_user(user, mine, program):
    rt = user().runtime(program)
    rt.fails(rt.run(mine(args=["true"], user={"uid": 1000})), "process.user.uid: 1000 is not mapped", "/etc/subuid")


@pytest.mark.parametrize("subids, ids", [(None, "0"), pytest.param("name", "0, 1-65536", marks=needs_helpers)])
def test_exec_with_an_unmapped_user(user, mine, program, subids, ids):
    """The maps were made by themselves: config.json says nothing of them. The id is named, and those that there are."""
    rt = user(subids).runtime(program)
    c = mine(args=["/bin/probe", "sleep"])
    rt.run_detached(c)
    rt.fails(rt("exec", "--user", "70000", c.id, "true"), "user 70000 is not mapped", f"uid {ids}")
    rt.fails(rt("exec", "--user", "0:70001", c.id, "true"), "group 70001 is not mapped", f"gid {ids}")
    r = rt("exec", "--additional-gids", "70002", c.id, "true")
    rt.fails(r, "70002 is not mapped", f"gid {ids}")
    rt.delete(c, "--force")


@pytest.mark.parametrize("option, text", [("uid=1000", "1000 is not mapped in the container's user namespace, which has uid 0"),
                                          ("gid=77", "77 is not mapped in the container's user namespace, which has gid 0")])
def test_tmpfs_of_an_unmapped_owner(user, mine, program, option, text):
    c = mine(args=["true"])
    c.config["mounts"] = [{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": [option]}]
    rootless.give(c.write().path)
    rt = user().runtime(program)
    rt.fails(rt.run(c), 'mounts[0] "/mnt"', option, text)


def test_unmapped_user_in_a_joined_user_namespace(user, mine, program):
    """Nobody knows before it is entered what it maps; the error has its lines."""
    rt = user().runtime(program)
    first = mine(args=["/bin/probe", "sleep"])
    rt.run_detached(first)
    c = mine(args=["true"], namespaces_=(), namespaces=namespaces("mount", user=f"/proc/{rt.pid(first)}/ns/user"), hostname=None)
    for who, id, text in (({"uid": 1000, "gid": 0}, "uid 1000", f"uid_map: 0 {UID} 1)"), ({"uid": 0, "gid": 77}, "gid 77", f"gid_map: 0 {GID} 1)")):
        c.config["process"]["user"] = who
        c.config["mounts"] = [m for m in c.config["mounts"] if m["type"] == "tmpfs"]
        rootless.give(c.write().path)
        rt.fails(rt.run(c), "process.user", f"{id} is not mapped", text)
    rt.delete(first, "--force")


def _joined_groups(user, mine, program, subids, wished):
    """A second container in the user namespace of a first one: what it says its groups are, and a file of the caller's group."""
    rt = user(subids, groups=[61111]).runtime(program)
    first = mine(args=["/bin/probe", "sleep"])
    rt.run_detached(first)
    c = mine(args=["sh", "-c", "id -G; cat /gfile"], namespaces_=(), hostname=None, user={"additionalGids": wished},
             namespaces=namespaces("mount", user=f"/proc/{rt.pid(first)}/ns/user"))
    c.config["mounts"] = [m for m in c.config["mounts"] if m["type"] == "tmpfs"]
    rootless.give(c.write().path)
    secret = c.path / "rootfs/gfile"
    secret.write_text("of the group\n")
    os.chown(secret, 0, 61111)
    secret.chmod(0o640)
    r = rt.run(c)
    rt.delete(first, "--force")
    return r


@needs_helpers
@pytest.mark.parametrize("wished", [[], [7]])
def test_groups_in_a_joined_user_namespace(user, mine, program, wished):
    """setgroups(2) is allowed there: the caller's groups do not come along, and those that are asked for can be had."""
    r = _joined_groups(user, mine, program, "name", wished)
    assert r.stdout == " ".join(map(str, [0, *wished])) + "\n" and "denied" in r.stderr, str(r)


def test_groups_where_setgroups_is_denied(user, mine, program):
    """The user namespace that is joined has one id alone: nobody takes groups away, and nobody adds any."""
    r = _joined_groups(user, mine, program, None, [])
    assert r.stdout == "0 65534\nof the group\n" and r.returncode == 0, str(r)


def test_additional_groups_where_setgroups_is_denied(user, mine, program):
    r = _joined_groups(user, mine, program, None, [0])
    user().runtime(program).fails(r, "process.user.additionalGids", "setgroups", "/proc/PID/setgroups")


def test_groups_without_helper(user, mine, program):
    rt = user().runtime(program)
    r = rt.run(mine(args=["true"], user={"additionalGids": [0]}))
    rt.fails(r, "process.user.additionalGids", "/etc/subgid")


@pytest.mark.parametrize("subids", [None, pytest.param("name", marks=needs_helpers)])
def test_keep_original_groups(ask, subids):
    """The caller's own supplementary groups, which show as the overflow id where they are not mapped."""
    facts = ask(subids, how={"groups": [61111, 61112]}, annotations={"run.oci.keep_original_groups": "1"})
    assert facts["groups"].count(65534) == 2


@needs_helpers
def test_groups_are_cleared(ask):
    assert ask("name", how={"groups": [61111]})["groups"] == []


# ---- mounts and devices ----


def test_default_bundle_of_root(user, mine, program):
    """What `spec` writes for root runs as it is, but for the device rules that nobody could enforce."""
    u = user()
    c = mine()
    config = json.loads(_spec(u, program, c, "spec"))
    config["process"].update(terminal=False, args=["sh", "-c", "ls /dev/pts /dev/mqueue; cat /proc/self/mountinfo"])
    c.config = config
    c.write()
    rt = u.runtime(program)
    r = rt.run(c)
    assert (r.returncode, r.stderr) == (0, ""), str(r)


def _spec(u, program, c, *args):
    (c.path / "config.json").unlink()
    call([*u.prefix(), program.path, *args, "--bundle", c.path], check=True)
    return (c.path / "config.json").read_text()


def test_spec_rootless(user, mine, program):
    u = user()
    c = mine()
    c.config = json.loads(_spec(u, program, c, "spec", "--rootless"))
    c.config["process"].update(terminal=False, args=["id", "-u"])
    r = u.runtime(program).run(c.write())
    assert (r.returncode, r.stdout, r.stderr) == (0, "0\n", ""), str(r)


def test_spec_rootless_with_few_descriptors(user, mine, program):
    """A user cannot raise a limit: his configuration asks for none."""
    u = user()
    c = mine()
    c.config = json.loads(_spec(u, program, c, "spec", "--rootless"))
    assert "rlimits" not in c.config["process"]
    c.config["process"].update(terminal=False, args=["sh", "-c", "ulimit -n"])
    rt = u.runtime(program, "prlimit", "--nofile=64:64")
    r = rt.run(c.write())
    assert (r.returncode, r.stdout, r.stderr) == (0, "64\n", ""), str(r)


def test_spec_rootless_terminal(user, mine, program):
    """With a terminal, as it comes."""
    u = user()
    c = mine()
    c.config = json.loads(_spec(u, program, c, "spec", "--rootless"))
    c.config["process"].update(args=["sh", "-c", "tty; test -t 1 && echo terminal"])
    r = u.runtime(program).run(c.write())
    assert r.returncode == 0 and "terminal" in r.stdout, str(r)


def test_host_network(user, mine, program):
    """A sysfs is refused: the host's is bound, read-only, with everything below."""
    rt = user().runtime(program)
    c = mine(args=["cat", "/proc/self/mountinfo"], namespaces_=("mount", "pid", "ipc", "uts"))
    r = rt.run(c)
    assert (r.returncode, r.stderr) == (0, ""), str(r)
    for l in r.stdout.splitlines():
        if l.split(" ")[4].startswith("/sys"):
            assert l.split(" ")[5].startswith("ro"), l


def test_host_ipc_and_pid(user, mine, program):
    rt = user().runtime(program)
    c = mine(args=["sh", "-c", "test -d /proc/self && echo fine; test -d /dev/mqueue && echo queues"], namespaces_=("mount",), hostname=None)
    r = rt.run(c)
    wanted = "fine\nqueues\n" if os.path.isdir("/dev/mqueue") else "fine\n"
    assert (r.returncode, r.stdout, r.stderr) == (0 if "queues" in wanted else 1, wanted, ""), str(r)


def test_devices_are_the_hosts(user, mine, program):
    rt = user().runtime(program)
    r = rt.run(mine(args=["sh", "-c", "echo x > /dev/null; head -c 4 /dev/zero | wc -c; grep -c ' /dev/null ' /proc/self/mountinfo"]))
    assert (r.returncode, r.stdout, r.stderr) == (0, "4\n1\n", ""), str(r)


@pytest.mark.parametrize("process, field, text", [
    ({"scheduler": {"policy": "SCHED_OTHER", "nice": -5}}, "process.scheduler", "CAP_SYS_NICE"),
    ({"ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 1}}, "process.ioPriority", "CAP_SYS_NICE"),
    ({}, 'mounts[0] "/mnt"', "mount it there, and add a bind mount")], ids=["scheduler", "ioPriority", "mount"])
def test_what_the_kernel_refuses(user, mine, program, process, field, text):
    """Root of a user namespace is not the host's: what to ask for is said."""
    c = mine(args=["true"], process=process)
    if not process:
        c.config["mounts"] = [{"destination": "/mnt", "type": "debugfs", "source": "debugfs"}]
        rootless.give(c.write().path)
    rt = user().runtime(program)
    rt.fails(rt.run(c), field, text, "peration not permitted")


@pytest.mark.parametrize("closed, texts", [
    ("..", ["bundle", f"uid {UID} may not enter", "mode 0700"]),
    (".", ["bundle", f"uid {UID} may not enter", "belongs to uid 0", "mode 0700"]),
    ("config.json", [f"uid {UID} may not read", "mode 0600"]),
    ("rootfs", ['mounts[0] "/proc"', "may not enter the root file system", "chmod o+x"]),
    ("rootfs/mnt/..", ["may not enter", "chmod o+x"]),
    ("source", ["mounts[", "may not enter", "chmod o+x"])])
def test_closed_directories(user, mine, program, here, closed, texts):
    """The one that lets nobody through is named, and what its owner can do."""
    place = here.dir / "place"
    (place / "source/file").mkdir(parents=True)
    c = mine(args=["true"], mounts=[bind(place / "source/file", "/mnt")])
    c.path.rename(place / "bundle")
    c.path = place / "bundle"
    if closed == "rootfs/mnt/..":  # above the root
        (place / "above").mkdir()
        (c.path / "rootfs").rename(place / "above/rootfs")
        c.change(root={"path": str(place / "above/rootfs")})
    else:
        c.change(root={"path": "rootfs"})
    target = {"source": place / "source", "rootfs/mnt/..": place / "above"}.get(closed, c.path / closed)
    os.chown(target, 0, 0)
    target.chmod(0o600 if target.is_file() else 0o700)
    rt = user().runtime(program)
    rt.fails(rt.run(c), "permission denied", str(target.resolve()), *texts)


def test_closed_configuration(user, mine, program, here):
    place = here.dir / "closed"
    place.mkdir(mode=0o700)
    (place / "c.json").write_text("{}")
    rt = user().runtime(program)
    rt.fails(rt.run(mine(args=["true"]), "--config", place / "c.json"), f"uid {UID} may not enter \"{place}\"", "mode 0700")


def test_mount_point_that_is_not_his_to_make(user, mine, program):
    c = mine(args=["true"])
    (c.path / "rootfs/proc").rmdir()
    os.chown(c.path / "rootfs", 0, 0)
    rt = user().runtime(program)
    rt.fails(rt.run(c), 'mounts[0] "/proc"', "it is not there", "make it beforehand", "permission denied")


def _empty_dev(u, *kept):
    """A view in which /dev has but the devices KEPT."""
    view = u.place / "empty-dev"
    binds = "".join(f"touch /dev/{n}; mount --bind {u.place}/dev/{n} /dev/{n}\n" for n in kept)
    view.write_text(f"#!/bin/sh -e\nmkdir {u.place}/dev\nmount --bind /dev {u.place}/dev\nmount -t tmpfs t /dev\n{binds}exec \"$@\"\n")
    view.chmod(0o755)
    return ["unshare", "--mount", "--propagation", "private", view]


def test_host_without_some_devices(user, mine, program):
    """What nobody can bind is left out, and named; the rest is there."""
    u = user()
    rt = u.runtime(program)
    rt.prefix = _empty_dev(u, "null", "zero") + rt.prefix
    r = rt.run(mine(args=["sh", "-c", "echo x > /dev/null; head -c 3 /dev/zero | wc -c; ls /dev/tty /dev/random"]))
    assert r.stdout == "3\n" and r.returncode == 1, str(r)
    for name in ("full", "random", "urandom", "tty"):
        assert f'default device "/dev/{name}": ' in r.stderr, str(r)
    assert "/dev/zero" not in r.stderr, str(r)


def test_host_without_null(user, mine, program):
    """Programs would make a file of it, and masked files have nothing else that covers them."""
    u = user()
    rt = u.runtime(program)
    rt.prefix = _empty_dev(u) + rt.prefix
    rt.fails(rt.run(mine(args=["true"])), 'default device "/dev/null"', "ask root", "mknod", "mounts")


@pytest.mark.parametrize("outside", ["gone", "file"])
def test_null_from_elsewhere(user, mine, program, outside):
    """A null device of any place will do, where the host's /dev has none."""
    u = user()
    rt = u.runtime(program)
    rt.prefix = _empty_dev(u) + (["sh", "-ec", 'touch /dev/null; exec "$@"', "sh"] if outside == "file" else []) + rt.prefix
    c = mine(args=["sh", "-c", "echo x > /dev/null; wc -c < /dev/null; wc -c < /proc/keys"], mounts=[bind(u.place / "dev/null", "/dev/null")])
    r = rt.run(c)
    assert (r.returncode, r.stdout) == (0, "0\n0\n") and "/dev/null" not in r.stderr, str(r)


def _pts(c):
    """A terminal's owner that takes an id."""
    c.config["mounts"] = [m for m in c.config["mounts"] if m["destination"] != "/dev/pts"]
    c.config["mounts"].append({"destination": "/dev/pts", "type": "devpts", "source": "devpts",
                               "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]})
    c.config["process"]["args"] = ["ls", "/dev/pts"]
    rootless.give(c.write().path)
    return c


@pytest.mark.parametrize("calls", [None, "fsopen"])
def test_terminals_in_a_joined_user_namespace(user, mine, program, blocked, calls):
    """It maps one id alone, which nobody knows before it is entered: the group of terminals is left out."""
    rt = user().runtime(program, *(["env"] if not calls else [blocked, "ENOSYS", calls]))
    first = mine(args=["/bin/probe", "sleep"])
    rt.run_detached(first)
    c = mine(namespaces_=(), hostname=None, namespaces=namespaces("mount", user=f"/proc/{rt.pid(first)}/ns/user"))
    c.config["mounts"] = [m for m in c.config["mounts"] if m["type"] == "tmpfs"]
    r = rt.run(_pts(c))
    assert (r.returncode, r.stdout, r.stderr) == (0, "ptmx\n", ""), str(r)
    assert any('"gid=5" is left out where' in l for l in rt("plan", "--bundle", c.path).lines)
    rt.delete(first, "--force")


def test_terminals_of_root_in_a_user_namespace(user, mine, program):
    """Started as root of one that has a single id, as `unshare -Ur` makes it."""
    rt = user().runtime(program)
    rt.prefix += ["unshare", "-Ur"]
    r = rt.run(_pts(mine(namespaces_=("pid", "network", "ipc", "uts", "mount"))))
    assert (r.returncode, r.stdout, r.stderr) == (0, "ptmx\n", ""), str(r)


def test_plan_says_what_is_not_had(user, mine, program):
    """It runs without them; whoever wonders finds each."""
    rt = user().runtime(program)
    c = mine(args=["true"], process={"oomScoreAdj": -500}, resources={"devices": [{"allow": False, "access": "rwm"}]},
             annotations={"run.oci.keep_original_groups": "1"}, user={"additionalGids": [5]})
    notes = [l for l in rt("plan", "--bundle", c.path, check=True).lines if l.startswith("note: ")]
    for field in ("process.oomScoreAdj", "process.user.additionalGids", "linux.resources.devices"):
        assert sum(field in n for n in notes) == 1, (field, notes)
    r = rt.run(c)
    assert (r.returncode, r.stderr) == (0, ""), str(r)


def test_plan_says_why(user, mine, program):
    rt = user().runtime(program)
    c = mine(args=["true"], namespaces_=("mount", "pid"), hostname=None)
    r = rt("plan", "--bundle", c.path, check=True)
    notes = [l for l in r.lines if l.startswith("note: ")]
    for word in ("linux.uidMappings", "linux.gidMappings", "/sys", "/dev/mqueue", "gid=5", "cgroup", "devices: "):
        assert any(word in n for n in notes), (word, notes)
    assert not r.stderr


def test_cgroup_mount_without_namespace(user, mine, program):
    """Not a byte can be written there (CVE-2023-25809)."""
    rt = user().runtime(program)
    c = mine(args=["sh", "-c", "find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs | while read f; do "
                   "echo $$ 2>/dev/null > $f && echo written $f; done; ls /sys/fs/cgroup | wc -l"],
             namespaces_=("mount", "pid", "ipc", "uts", "network"))
    c.config["mounts"][-1]["options"] = ["nosuid"]
    rootless.give(c.write().path)
    r = rt.run(c)
    assert r.returncode == 0 and "written" not in r.stdout and r.stdout.strip() != "0", str(r)


# ---- cgroups ----


@pytest.mark.parametrize("resources, controller", [({"memory": {"limit": 1 << 28}}, "memory"), ({"pids": {"limit": 100}}, "pids"),
                                                   ({"cpu": {"shares": 100}}, "cpu")])
@pytest.mark.parametrize("path", [False, True])
def test_limits_without_delegation(user, mine, program, resources, controller, path):
    """Field, controller and remedy."""
    rt = user().runtime(program)
    r = rt.run(mine(args=["true"], resources={"devices": None, **resources}, cgroup=path))
    rt.fails(r, f"linux.resources.{controller}.", f'controller "{controller}"', "delegate")


@pytest.mark.parametrize("resources", [{"memory": {"limit": -1, "swap": -1}}, {"pids": {"limit": -1}}], ids=str)
def test_no_limit_without_delegation(user, mine, program, resources):
    """What says that there is none needs no controller."""
    r = user().runtime(program).run(mine(args=["true"], resources={"devices": None, **resources}))
    assert (r.returncode, r.stderr) == (0, ""), str(r)


@pytest.mark.skipif(cgroups.v1_mount("pids") is None, reason="the pids controller is not at v1 here")
def test_limits_of_the_delegated_cgroup_itself(user, mine, program, here):
    """Its files stay root's: one below it is to be named."""
    d = cgroups.v1_mount("pids") / here.tag
    d.mkdir()
    for n in (".", "cgroup.procs", "tasks"):
        os.chown(d / n, UID, GID)
    rt = user().runtime(program)
    try:
        r = rt.run(mine(args=["true"], resources={"devices": None, "pids": {"limit": 100}}, linux={"cgroupsPath": f"/{here.tag}"}))
        rt.fails(r, "linux.resources.pids.limit", "pids.max", "permission denied", "one below it", "linux.cgroupsPath")
    finally:
        d.rmdir()


@pytest.fixture
def delegated(here):
    """A v2 cgroup that is the user's, and a command that goes on in it; removed afterwards."""
    if not cgroups.v2_mount():
        pytest.skip("no cgroup v2 hierarchy on this host")
    made = []
    def make(u):
        d = cgroups.v2_mount() / f"{here.tag}-user"
        d.mkdir()
        made.append(d)
        for n in (".", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
            os.chown(d / n, u.uid, u.gid)
        enter = u.place / "enter"
        enter.write_text(f'#!/bin/sh -e\necho 0 > {d}/cgroup.procs\nexec "$@"\n')
        enter.chmod(0o755)
        return d, enter
    yield make
    for d in made:
        for sub in sorted(d.rglob("*"), reverse=True):
            if sub.is_dir():
                sub.rmdir()
        d.rmdir()


def test_own_cgroup(user, mine, program, delegated):
    """The container gets a cgroup below the caller's, and it is gone afterwards."""
    u = user()
    d, enter = delegated(u)
    rt = u.runtime(program, enter)
    c = mine(args=["/bin/probe", "sleep"])
    rt.run_detached(c)
    pid = rt.pid(c)
    assert f"0::/{d.name}/{c.id}\n" in open(f"/proc/{pid}/cgroup").read()
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.delete(c)
    assert not (d / c.id).exists()


def test_cgroups_path_that_is_not_delegated(user, mine, program):
    """Nothing was asked for but a name: it runs where the caller is."""
    rt = user().runtime(program)
    r = rt.run(mine(args=["true"], cgroup=True))
    assert (r.returncode, r.stderr) == (0, ""), str(r)


# ---- state ----


def test_state_in_runtime_dir(user, mine, program):
    u = user()
    rt = u.runtime(program)
    rt.argv = lambda *args: [*u.prefix(), program.path, *args]
    c = mine(args=["/bin/probe", "sleep"])
    rt.run_detached(c)
    assert (u.runtime_dir / "crun" / c.id).is_dir()
    assert [x["id"] for x in rt.list()] == [c.id]
    assert (u.runtime_dir / "crun").stat().st_uid == UID
    rt.delete(c, "--force")
    assert not (u.runtime_dir / "crun" / c.id).exists()


def without_runtime_dir(u, tmp, program):
    """/tmp is `tmp` for the command, and there is no XDG_RUNTIME_DIR."""
    script = u.place / "tmp-view"
    script.write_text(f'#!/bin/sh -e\nmount --bind {tmp} /tmp\nexec "$@"\n')
    script.chmod(0o755)
    prefix = u.prefix(script)
    prefix[prefix.index("env"):] = ["env", "-u", "XDG_RUNTIME_DIR"]
    shutil.copy(program.path, tmp / "program")  # the program itself may be below the /tmp that is covered
    rt = u.runtime(program)
    rt.argv = lambda *args: [*prefix, "/tmp/program", *args]
    return rt


@pytest.fixture
def tmp(here):
    d = here.dir / "tmp"
    d.mkdir()
    d.chmod(0o1777)
    return d


@pytest.fixture
def launch(mine, tmp):
    """Arguments of a run, which makes a state root, where /tmp is `tmp`."""
    c = mine(args=["true"])
    c.path.rename(tmp / "bundle")
    c.path = tmp / "bundle"
    c.change(root={"path": "rootfs"})
    return "run", "--bundle", "/tmp/bundle", "x"


def test_state_without_runtime_dir(user, program, tmp, launch):
    rt = without_runtime_dir(user(), tmp, program)
    rt(*launch, check=True)
    made = tmp / f"crun-run-{UID}"
    assert made.is_dir() and made.stat().st_uid == UID and made.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("whose", ["his", "foreign", "open"])
def test_state_in_run_user(user, program, tmp, launch, whose):
    """/run/user/UID is taken where it is his own and private, and passed over where it is somebody else's or all may write."""
    u = user()
    mounted = u.place / "run-user"
    (mounted / str(UID)).mkdir(parents=True)
    os.chown(mounted / str(UID), 61234 if whose == "foreign" else UID, GID)
    (mounted / str(UID)).chmod(0o777 if whose == "open" else 0o700)
    view = u.place / "run-view"
    view.write_text(f'#!/bin/sh -e\nmount -t tmpfs tmpfs /run\nmkdir -p /run/user\nmount --bind {mounted} /run/user\nmount --bind {tmp} /tmp\nexec "$@"\n')
    view.chmod(0o755)
    shutil.copy(program.path, tmp / "program")
    prefix = u.prefix(view)
    prefix[prefix.index("env"):] = ["env", "-u", "XDG_RUNTIME_DIR"]
    call([*prefix, "/tmp/program", *launch], check=True)
    his, other = mounted / str(UID) / "crun", tmp / f"crun-run-{UID}"
    assert (his.is_dir(), other.is_dir()) == ((True, False) if whose == "his" else (False, True))


@pytest.mark.parametrize("trap", ["foreign", "open", "link"])
def test_state_directory_is_verified(user, program, tmp, trap):
    """What somebody else has put there is not used."""
    made = tmp / f"crun-run-{UID}"
    if trap == "link":
        made.symlink_to(tmp)
    else:
        made.mkdir()
        made.chmod(0o777 if trap == "open" else 0o700)
        os.chown(made, UID if trap == "open" else 61234, GID)
    rt = without_runtime_dir(user(), tmp, program)
    rt.fails(rt("list"), "state root", str("/tmp/crun-run"))


def test_state_of_nobody(user, program, tmp, launch):
    """`unshare -U`: all ids look alike, so that a directory of anybody's would pass for his own."""
    rt = without_runtime_dir(user(), tmp, program)
    plain = rt.argv
    rt.argv = lambda *args: [*plain()[:-1], "unshare", "-U", *plain()[-1:], *args]
    rt.fails(rt(*launch), "state root", "crun-run-65534", "unshare --map-root-user")


# ---- life ----


@pytest.mark.parametrize("subids", [None, pytest.param("name", marks=needs_helpers)])
def test_life(user, mine, program, subids):
    rt = user(subids).runtime(program)
    c = mine(args=["/bin/probe", "sleep"])
    rt.create(c)
    assert rt.status(c) == "created"
    rt.start(c)
    assert rt.status(c) == "running"
    assert rt.ps(c)
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.delete(c)
    assert rt.list() == []


@pytest.mark.parametrize("limit, subids", [(1, None), (3, None), *[pytest.param(n, "name", marks=needs_helpers) for n in (1, 2, 4)]])
def test_few_processes(user, mine, program, here, subids, limit):
    """RLIMIT_NPROC counts all that a user has: crun, a helper for his ids, the container. He is told, and nothing is left."""
    uid = 61000 + os.getpid() % 1000  # nobody else's, not even another worker's
    u = user(subids, uid=uid, gid=uid)
    c = mine(args=["echo", "inside"])
    rootless.give(c.path, uid, uid)
    rt = u.runtime(program)
    r = rt.with_options(prefix=[*rt.prefix, "prlimit", f"--nproc={limit}:{limit}"]).run(c, timeout=20)
    if r.returncode == 0:
        assert r.stdout == "inside\n" and limit > 1, str(r)
    else:
        rt.fails(r, "RLIMIT_NPROC")
        assert limit < 4, str(r)


def test_update_without_cgroup(user, mine, program):
    """The container has none: whether one is mounted here, or which manager is given, is not the matter."""
    rt = user().runtime(program)
    c = mine(args=["/bin/probe", "sleep"])
    rt.run_detached(c)
    rt.fails(rt("update", "--pids-limit", "7", c.id), "linux.resources.pids.limit: the container has no cgroup of its own")
    rt.delete(c, "--force")


@pytest.mark.parametrize("namespaces_, known", [(NO_USER, True), (tuple(n for n in NO_USER if n != "pid"), False)])
def test_processes_without_cgroup(user, mine, program, namespaces_, known):
    """Without a pid namespace nothing tells of those that the first one has started: that is said, not passed over."""
    rt = user().runtime(program)
    for verb in (["kill", "--all"], ["delete", "--force"]):
        c = mine(args=["/bin/probe", "sleep"], namespaces_=namespaces_)
        rt.run_detached(c)
        r = rt(*verb, c.id, *(["KILL"] if verb[0] == "kill" else []), check=True)
        assert ("may be left" in r.stderr) == (not known) and bool(r.stderr) == (not known), str(r)
        rt.delete(c, "--force")


def test_pause_without_cgroup(user, mine, program):
    rt = user().runtime(program)
    c = mine(args=["/bin/probe", "sleep"])
    rt.run_detached(c)
    rt.fails(rt("pause", c.id), "has no cgroup")
    rt.delete(c, "--force")


def test_create_in_joined_namespaces_takes_no_time(user, mine, program):
    """An ordinary user may not look at what crun-init executes there; that it waits for the start is no doubt about it."""
    rt = user().runtime(program)
    first = mine(args=["/bin/probe", "sleep"])
    rt.run_detached(first)
    ns = f"/proc/{rt.pid(first)}/ns"
    c = mine(args=["/bin/probe", "sleep"], namespaces=namespaces("mount", "pid", user=f"{ns}/user", ipc=f"{ns}/ipc", uts=f"{ns}/uts", network=f"{ns}/net"),
             hostname=None, edit=lambda d: d.update(mounts=[m for m in d["mounts"] if m["type"] != "devpts"]))
    assert rt.create(c).seconds < 9
    rt.start(c)
    assert rt.status(c) == "running"
    for x in (c, first):
        rt.delete(x, "--force")


def test_created_namespaces_are_joined(user, mine, program):
    """A second container in the namespaces of the first: the user namespace is entered first."""
    rt = user().runtime(program)
    first = mine(args=["/bin/probe", "sleep"])
    rt.run_detached(first)
    ns = f"/proc/{rt.pid(first)}/ns"
    c = mine(args=["readlink", "/proc/self/ns/net"],
             namespaces=namespaces("mount", user=f"{ns}/user", network=f"{ns}/net", ipc=f"{ns}/ipc", uts=f"{ns}/uts", pid=f"{ns}/pid"), hostname=None)
    c.config["mounts"] = [m for m in c.config["mounts"] if m["type"] != "devpts"]  # what is mapped there cannot be known
    rootless.give(c.write().path)
    r = rt.run(c)
    assert (r.returncode, r.stdout.strip()) == (0, os.readlink(f"{ns}/net")), str(r)
    rt.delete(first, "--force")


# ---- a /proc that hides processes ----

HIDE = ["sh", "-c", 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', "sh"]


def joining(mine, first, rt, *args):
    """Another of his containers, in the namespaces of the first."""
    ns = f"/proc/{rt.pid(first)}/ns"
    c = mine(args=list(args), namespaces=namespaces("mount", **{n: f"{ns}/{n}" for n in ("user", "ipc", "uts", "pid")}), hostname=None)
    c.config["mounts"] = [m for m in c.config["mounts"] if m["type"] not in ("devpts", "sysfs")]
    rootless.give(c.write().path)
    return c


def test_hidden_processes(user, mine, program):
    """With hidepid=2 a user does not see a process of his that has entered a user namespace and executed nothing yet."""
    rt = user().runtime(program, *HIDE)
    first = mine(args=["/bin/probe", "sleep"])
    rt.run_detached(first)
    r = rt("exec", first.id, "echo", "inside")
    assert (r.returncode, r.stdout, r.stderr) == (0, "inside\n", "")
    c = joining(mine, first, rt, "/bin/probe", "sleep")
    r = rt.create(c, check=False)
    if tuple(map(int, os.uname().release.split(".")[:2])) < (6, 9) and "hidepid" in r.stderr:
        pytest.skip(f"before Linux 6.9 a hidden process cannot be known again: {r.stderr}")
    assert (r.returncode, r.stderr) == (0, "")
    assert rt.state(c)["status"] == "created"
    rt.start(c)
    assert rt.wait_status(c, "running")
    rt.delete(c, "--force")
    rt.delete(first, "--force")


def test_bind_of_locked_mounts(user, mine, program):
    """Alone it would show what is covered by them."""
    rt = user().runtime(program)
    rt.fails(rt.run(mine(args=["true"], mounts=[bind("/sys", "/mnt")])), '"/mnt"', "use rbind")
    assert rt.run(mine(args=["true"], mounts=[bind("/sys", "/mnt", recursive=True)])).returncode == 0

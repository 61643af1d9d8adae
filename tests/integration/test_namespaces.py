# SPDX-License-Identifier: GPL-2.0-or-later
"""linux.namespaces: new, joined by path, and shared with the host where absent; hostname, domainname, sysctl, id maps."""

import itertools
import os
import subprocess
from pathlib import Path

import pytest

from lib import cgroups, processes, user
from lib.bundle import DEFAULT_NAMESPACES, namespaces, tmpfs, user_mappings
from lib.user import as_root

# The type's name in config.json and in /proc/PID/ns
KINDS = {"pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts", "mount": "mnt", "cgroup": "cgroup", "user": "user",
         "time": "time"}


def link(kind, pid="self"):
    return os.readlink(f"/proc/{pid}/ns/{KINDS[kind]}")


def no_mounts_that_need(kind):
    """Without a namespace of its own some mounts of the default config are not the container's to make."""
    def edit(c):
        if kind == "network":
            c["mounts"] = [m for m in c["mounts"] if m["type"] not in ("sysfs", "cgroup")]
        if kind == "uts":
            c.pop("hostname", None)
    return edit


@pytest.mark.parametrize("kind", ["pid", "network", "ipc", "uts", "mount"])
def test_new(probe, kind):
    assert probe()["namespaces"][KINDS[kind]] != link(kind)


def test_new_cgroup(probe):
    facts = probe(namespaces=namespaces(*DEFAULT_NAMESPACES, "cgroup"))
    assert facts["namespaces"]["cgroup"] != link("cgroup")
    # made after the process was put into its cgroups, so that it sees itself at the root
    assert {l.split(":", 2)[2] for l in facts["cgroup"].splitlines()} == {"/"}


@pytest.mark.differs(runc="1.1.5 has no time namespace")
def test_new_time(probe):
    facts = probe(namespaces=namespaces(*DEFAULT_NAMESPACES, "time"),
                  linux={"timeOffsets": {"monotonic": {"secs": 1000}, "boottime": {"secs": 2000, "nanosecs": 5}}})
    assert facts["namespaces"]["time"] != link("time")
    rows = {l.split()[0]: [int(n) for n in l.split()[1:]] for l in facts["timens_offsets"].splitlines()}
    assert rows == {"monotonic": [1000, 0], "boottime": [2000, 5]}


@pytest.mark.ours
def test_time_offsets_without_a_time_namespace(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], linux={"timeOffsets": {"monotonic": {"secs": 1}}})), "linux.timeOffsets")


def test_new_user(probe):
    facts = probe(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings())
    assert facts["namespaces"]["user"] != link("user")
    assert facts["uid_map"].split() == ["0", "100000", "65536"] == facts["gid_map"].split()
    assert (facts["uid"], facts["gid"]) == (0, 0)


def test_user_namespace_and_user(probe):
    facts = probe(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings(),
                  user={"uid": 1000, "gid": 1000, "additionalGids": [7, 8]})
    assert (facts["uid"], facts["gid"]) == (1000, 1000)
    assert set(facts["groups"]) - {1000} == {7, 8}


def test_user_namespace_with_several_mappings(probe):
    rows = [{"containerID": 0, "hostID": 100000, "size": 10}, {"containerID": 10, "hostID": 120000, "size": 5},
            {"containerID": 1000, "hostID": os.geteuid(), "size": 1}]
    gids = [{"containerID": 0, "hostID": 200000, "size": 7}, {"containerID": 7, "hostID": os.getegid(), "size": 1}]
    facts = probe(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux={"uidMappings": rows, "gidMappings": gids if not user.ACTIVE else rows})
    assert facts["uid_map"].split() == f"0 100000 10 10 120000 5 1000 {os.geteuid()} 1".split()
    if not user.ACTIVE:
        assert facts["gid_map"].split() == f"0 200000 7 7 {os.getegid()} 1".split()


WITHOUT_ROOT = pytest.mark.parametrize("row", [(1000, None, 1), (1, 100000, 65535)], ids=["own", "many"])


def without_root(row):
    """linux fields of a user namespace in which nobody is root; None: the caller's own id."""
    first, uid, size = row
    return {f"{k}Mappings": [{"containerID": first, "hostID": own() if uid is None else uid, "size": size}] for k, own in
            (("uid", os.geteuid), ("gid", os.getegid))}


@pytest.mark.differs(runc="wants id 0 to be mapped", crun="does not leave out the group of /dev/pts")
@WITHOUT_ROOT
def test_user_namespace_without_root(bundle, run, row):
    """What root would set up, the process's own id does; it gets no capability by that."""
    c = bundle(args=["sh", "-c", "id -u; id -g; pwd; cat /proc/sys/net/ipv4/ip_forward; wc -c < /proc/keys; touch /dev/t/x && stat -c %u /dev/t/x; "
                     "cat /proc/self/uid_map; grep CapEff /proc/self/status; test -t 0 && touch $(tty)"],
               user={"uid": 1000, "gid": 1000}, process={"terminal": True, "capabilities": {"bounding": [], "effective": [], "permitted": []}},
               cwd="/dev/made", mounts=[tmpfs("/dev/t", "mode=0755")], namespaces=namespaces(*DEFAULT_NAMESPACES, "user"),
               linux=without_root(row) | {"sysctl": {"net.ipv4.ip_forward": "1"}})
    r = run(c)
    uids = without_root(row)["uidMappings"][0]
    wanted = ["1000", "1000", "/dev/made", "1", "0", "1000", f"{uids['containerID']} {uids['hostID']} {uids['size']}", "CapEff: 0000000000000000"]
    assert [" ".join(l.split()) for l in r.lines] == wanted and r.returncode == 0 and not r.stderr, str(r)


@pytest.mark.ours
@WITHOUT_ROOT
def test_life_without_root(bundle, created, rt, row):
    """Created, started, entered by exec as another id of its own, and joined by a second container."""
    c = created(user={"uid": 1000, "gid": 1000}, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=without_root(row))
    rt.start(c)
    assert rt("exec", c.id, "id", "-u", check=True).stdout == "1000\n"
    if row[2] > 1:
        assert rt("exec", "--user", "7:8", c.id, "sh", "-c", "id -u; id -g", check=True).lines == ["7", "8"]
    rt.fails(rt("exec", "--user", "0", c.id, "true"), "user 0 is not mapped")
    second = bundle(args=["id", "-u"], user={"uid": 1000, "gid": 1000}, hostname=None,
                    namespaces=namespaces("mount", "pid", **{k: f"/proc/{rt.pid(c)}/ns/{KINDS[k]}" for k in ("user", "network", "ipc", "uts")}))
    r = rt.run(second)
    assert (r.returncode, r.stdout, r.stderr) == (0, "1000\n", ""), str(r)


def test_user_namespace_seen_from_the_host(running, rt):
    c = running(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings(123456, 1000))
    status = open(f"/proc/{rt.pid(c)}/status").read()
    assert "\nUid:\t123456\t123456\t123456\t123456\n" in status
    assert "\nGid:\t123456\t123456\t123456\t123456\n" in status


def test_root_of_a_user_namespace_owns_nothing_outside(sh):
    out = sh("stat -c %u /etc/passwd; touch /etc/x 2>/dev/null || echo refused", copy=True,
             namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings())
    assert out == "65534\nrefused\n"


def test_user_namespace_has_its_capabilities(probe):
    facts = probe(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings())
    assert facts["caps"]["effective"] == facts["caps"]["permitted"] != 0


@pytest.mark.ours
def test_user_namespace_without_mappings(probe):
    """A default mapping: all ids."""
    facts = probe(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"))
    assert facts["namespaces"]["user"] != link("user")
    wanted = [str(r[k]) for r in user.rows() for k in ("containerID", "hostID", "size")] if user.WANTED else ["0", "0", "4294967295"]
    assert facts["uid_map"].split() == wanted == facts["gid_map"].split()


@pytest.mark.ours
def test_mappings_without_a_user_namespace(bundle, run, rt):
    """An ordinary user's is made by itself."""
    r = run(bundle(args=["cat", "/proc/self/uid_map"], linux=user_mappings()))
    if user.ACTIVE:
        assert (r.returncode, r.stdout.split()) == (0, ["0", "100000", "65536"]), str(r)
    else:
        rt.fails(r, "linux.uidMappings")


def test_overlapping_mappings(bundle, run, rt):
    row = {"containerID": 0, "hostID": 100000, "size": 10}
    c = bundle(args=["true"], namespaces=namespaces(*DEFAULT_NAMESPACES, "user"),
               linux={"uidMappings": [row, row], "gidMappings": [row]})
    rt.fails(run(c), "linux.uidMappings")


@pytest.mark.parametrize("kind", ["pid", "network", "ipc", "uts", "cgroup", "time", "user"])
def test_absent_is_shared(probe, kind):
    facts = probe(namespaces=namespaces(*(n for n in DEFAULT_NAMESPACES if n != kind)), edit=no_mounts_that_need(kind))
    if facts["namespaces"][KINDS[kind]] is None:
        pytest.skip(f"no {kind} namespaces in this kernel")
    made = kind == "user" and user.ACTIVE  # an ordinary user's is made by itself
    assert (facts["namespaces"][KINDS[kind]] == link(kind)) == (not made)


@pytest.mark.parametrize("kind", ["network", "ipc", "uts", "pid", "cgroup"])
def test_joined(probe, running, rt, kind):
    """As a pod's containers join the sandbox's."""
    first = running(namespaces=namespaces(*DEFAULT_NAMESPACES, "cgroup"))
    path = f"/proc/{rt.pid(first)}/ns/{KINDS[kind]}"
    kinds = [n for n in DEFAULT_NAMESPACES if n != kind]
    facts = probe(namespaces=namespaces(*kinds, **{kind: path}), hostname=None)
    assert facts["namespaces"][KINDS[kind]] == os.readlink(path)
    if kind == "pid":
        assert facts["pid"] > 1
    else:
        assert facts["pid"] == 1


def test_joined_all_of_a_pod(probe, running, rt):
    first = running()
    p = f"/proc/{rt.pid(first)}/ns"
    facts = probe(namespaces=namespaces("mount", pid=f"{p}/pid", network=f"{p}/net", ipc=f"{p}/ipc", uts=f"{p}/uts"),
                  hostname=None)
    for kind in ("pid", "network", "ipc", "uts"):
        assert facts["namespaces"][KINDS[kind]] == os.readlink(f"{p}/{KINDS[kind]}")
    assert facts["hostname"] == "crun-test"


def test_joined_pid_namespace_is_left_alone(running, rt, run, bundle):
    """The second container's end is not the first one's."""
    first = running()
    path = f"/proc/{rt.pid(first)}/ns/pid"
    c = bundle(args=["sh", "-c", "exit 4"], namespaces=namespaces("mount", "network", "ipc", "uts", pid=path))
    assert run(c).returncode == 4
    second = running(namespaces=namespaces("mount", "network", "ipc", "uts", pid=path))
    rt.delete(second, "--force")
    assert rt.status(first) == "running" and processes.alive(rt.pid(first))


@pytest.mark.differs(runc="1.1.5 asks for mappings")
def test_joined_user(probe, running, rt):
    first = running(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings())
    p = f"/proc/{rt.pid(first)}/ns"
    facts = probe(namespaces=namespaces("mount", "pid", "ipc", "uts", "network", user=f"{p}/user"))
    assert facts["namespaces"]["user"] == os.readlink(f"{p}/user")
    assert facts["uid_map"].split() == ["0", "100000", "65536"]


@pytest.mark.ours
@pytest.mark.parametrize("uids, wrong", [([(0, 100000, 65536)], False), ([(1, 100001, 65535), (0, 100000, 1)], False), ([(0, 100000, 65535)], True),
                                         ([(0, 200000, 65536)], True), ([(0, 100000, 65536), (65536, 7, 1)], True)])
def test_joined_user_with_mappings(bundle, running, rt, uids, wrong):
    """They may be repeated, in other ranges too; others would come to nothing."""
    first = running(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings())
    maps = {**user_mappings(), "uidMappings": [{"containerID": c, "hostID": h, "size": n} for c, h, n in uids]}
    r = rt.run(bundle(args=["true"], namespaces=namespaces(*DEFAULT_NAMESPACES, user=f"/proc/{rt.pid(first)}/ns/user"), linux=maps))
    if wrong:
        rt.fails(r, "linux.uidMappings: ", " ".join(map(str, uids[0])), "0 100000 65536")
    else:
        assert r.returncode == 0, str(r)


@pytest.mark.differs(runc="1.1.5 asks for mappings")
def test_joined_user_and_network(probe, running, rt):
    first = running(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings())
    p = f"/proc/{rt.pid(first)}/ns"
    facts = probe(namespaces=namespaces("mount", "pid", "uts", user=f"{p}/user", network=f"{p}/net", ipc=f"{p}/ipc"))
    for kind in ("user", "network", "ipc"):
        assert facts["namespaces"][KINDS[kind]] == os.readlink(f"{p}/{KINDS[kind]}")


@pytest.mark.differs(runc="1.1.5 has no time namespace")
def test_joined_time(probe, running, rt):
    first = running(namespaces=namespaces(*DEFAULT_NAMESPACES, "time"), linux={"timeOffsets": {"boottime": {"secs": 77}}})
    path = f"/proc/{rt.pid(first)}/ns/time"
    facts = probe(namespaces=namespaces(*DEFAULT_NAMESPACES, time=path))
    assert facts["namespaces"]["time"] == os.readlink(path)


@pytest.mark.root("the namespace is the host's: setns(2) wants CAP_SYS_ADMIN there")
def test_joined_bound_network(probe, here):
    """`ip netns add` leaves a file that is a namespace."""
    path = here.dir / "netns"
    path.touch()
    subprocess.run(["unshare", "-n", "sh", "-c", f"mount --bind /proc/self/ns/net {path}"], check=False)
    # unshare -n keeps our mount namespace, so the mount is seen here
    as_root(["mountpoint", "-q", path], check=True)
    try:
        facts = probe(namespaces=namespaces("pid", "mount", "ipc", "uts", network=path))
        assert facts["namespaces"]["net"] == f"net:[{path.stat().st_ino}]"
    finally:
        as_root(["umount", path], check=True)


# a new user namespace, and others joined by path: the host owns these, so that they are entered first; which an ordinary
# user cannot

JOINABLE = ("pid", "network", "ipc", "uts", "cgroup", "time")
JOINS = [c for n in range(1, len(JOINABLE) + 1) for c in itertools.combinations(JOINABLE, n)]


def joined_with(kinds, pid, *new):
    """The changes of a bundle: KINDS joined from process PID, the others and NEW new."""
    gone = {"ipc": "mqueue", "pid": "proc", "cgroup": "cgroup"}  # what only the owner of these may mount

    def edit(c):
        c["mounts"] = [m for m in c["mounts"] if m["type"] not in {gone.get(k) for k in kinds if "user" in new}]
        if "uts" in kinds:
            c.pop("hostname", None)
    rest = [k for k in (*DEFAULT_NAMESPACES, *new) if k not in kinds]
    return {"namespaces": namespaces(*rest, **{k: f"/proc/{pid}/ns/{KINDS[k]}" for k in kinds}), "edit": edit}


@pytest.fixture
def sandbox(running, rt):
    c = running(namespaces=namespaces(*DEFAULT_NAMESPACES, "cgroup", "time"), linux={"timeOffsets": {"boottime": {"secs": 77}}})
    return rt.pid(c)


@pytest.mark.ours
@pytest.mark.parametrize("kinds", JOINS, ids="-".join)
def test_joined_with_a_new_user_namespace(bundle, running, rt, sandbox, kinds):
    """Looked at from the host: where the pid namespace is joined it has no procfs."""
    if user.ACTIVE:  # whoever owns them, a new user namespace has no right to them
        c = bundle(args=["true"], linux=user_mappings(), **joined_with(kinds, sandbox, "user"))
        rt.fails(rt.run(c), f"linux.namespaces[{len(DEFAULT_NAMESPACES) + 1 - len(set(kinds) & set(DEFAULT_NAMESPACES))}] {kinds[0]}", '"type": "user"')
        return
    c = running(copy=True, linux=user_mappings(), **joined_with(kinds, sandbox, "user"))
    pid = rt.pid(c)
    proc = Path(f"/proc/{pid}")
    assert (proc / "uid_map").read_text().split() == ["0", "100000", "65536"]
    for kind in kinds:
        assert link(kind, pid) == link(kind, sandbox), kind
    for kind in ("user", "mount", *(set(DEFAULT_NAMESPACES) - set(kinds))):
        assert link(kind, pid) not in (link(kind, sandbox), link(kind)), kind
    number = [l for l in (proc / "status").read_text().splitlines() if l.startswith("NSpid:")][0].split()[-1]
    assert (number == "1") == ("pid" not in kinds)
    if "time" in kinds:
        assert "77" in (proc / "timens_offsets").read_text()


@pytest.mark.ours
@pytest.mark.parametrize("kind, mount", [("pid", "/proc"), ("ipc", "/dev/mqueue"), ("cgroup", "/sys/fs/cgroup")])
def test_mount_of_a_joined_namespace_in_a_new_user_namespace(bundle, run, rt, sandbox, kind, mount):
    """The kernel gives it to its owner only: said by name, with what to do."""
    if kind == "cgroup" and not cgroups.mount_of("memory") or str(cgroups.mount_of("memory")) == str(cgroups.v2_mount()):
        pytest.skip("no cgroup v1 here")
    changes = joined_with([kind], sandbox, "user")
    changes.pop("edit")
    c = bundle(args=["true"], copy=True, linux=user_mappings(), **changes)
    rt.fails(run(c), "user namespace", *([f'"{mount}"', f"{kind} namespace"] if not user.ACTIVE else [f"{kind} ", '"type": "user"']))


@pytest.mark.ours
@pytest.mark.root("an ordinary user is refused before")
@pytest.mark.parametrize("field", ["hostname", "domainname"])
def test_name_in_a_joined_namespace_with_a_new_user_namespace(bundle, rt, sandbox, field):
    c = bundle(args=["true"], linux=user_mappings(), **joined_with(["uts"], sandbox, "user"))
    c.change(**{field: "x"})
    rt.fails(rt.run(c), f'{field} "x": the uts namespace is joined')


@pytest.mark.ours
@pytest.mark.root("the mount namespace is the host's: setns(2) wants CAP_SYS_ADMIN there")
def test_joined_mount_with_a_new_user_namespace(bundle, run, rt, here):
    """It enters a directory of that namespace by chroot, and is root of nothing there but of what its user namespace maps."""
    c = bundle(edit=bare, hostname=None, args=["sh", "-c", "readlink /proc/self/ns/mnt; id -u; touch /x 2>/dev/null || echo refused"], copy=True, linux=user_mappings())
    sleeper = subprocess.Popen(["unshare", "-m", "sleep", "1000"])
    try:
        processes.until(lambda: link("mount", sleeper.pid) != link("mount"), "no new mount namespace")
        c.config["linux"]["namespaces"] = namespaces("user", "pid", mount=f"/proc/{sleeper.pid}/ns/mnt")
        r = run(c.write())
        assert r.stdout.splitlines()[-2:] == ["0", "refused"], str(r)
    finally:
        sleeper.kill()
        sleeper.wait()


# time

@pytest.mark.ours
@pytest.mark.parametrize("new_user", [False, True])
@pytest.mark.parametrize("offsets, shown", [
    ({"monotonic": {"secs": 1000}}, {"monotonic": [1000, 0], "boottime": [0, 0]}),
    ({"boottime": {"secs": 5, "nanosecs": 999999999}}, {"monotonic": [0, 0], "boottime": [5, 999999999]}),
    ({"monotonic": {"secs": 7, "nanosecs": 8}, "boottime": {"secs": 86400 * 365}}, {"monotonic": [7, 8], "boottime": [86400 * 365, 0]}),
    ({}, {"monotonic": [0, 0], "boottime": [0, 0]}),
], ids=["monotonic", "boottime", "both", "none"])
def test_time_and_user(probe, offsets, shown, new_user):
    """The offsets are written before the process is there; with a user namespace the host's root still owns the time."""
    more = {"linux": {"timeOffsets": offsets} | (user_mappings() if new_user else {})}
    facts = probe(copy=True, namespaces=namespaces(*DEFAULT_NAMESPACES, "time", *(["user"] if new_user else [])), **more)
    rows = {l.split()[0]: [int(n) for n in l.split()[1:]] for l in facts["timens_offsets"].splitlines()}
    assert rows == shown and facts["namespaces"]["time"] != link("time")


@pytest.mark.ours
def test_clock_of_the_container(sh):
    """What processes see, not only what the kernel was told."""
    up = float(sh("cat /proc/uptime", namespaces=namespaces(*DEFAULT_NAMESPACES, "time"),
                  linux={"timeOffsets": {"boottime": {"secs": 100000000}}}).split()[0])
    assert up > 100000000


@pytest.mark.ours
@pytest.mark.parametrize("offsets, text", [({"monotonic": {"secs": -10 ** 15}}, "linux.timeOffsets"), ({"boottime": {"nanosecs": 10 ** 9}}, "linux.timeOffsets"),
                                           ({"realtime": {"secs": 1}}, 'linux.timeOffsets["realtime"]: no clock')])
def test_time_offsets_refused(bundle, run, rt, offsets, text):
    rt.fails(run(bundle(args=["true"], namespaces=namespaces(*DEFAULT_NAMESPACES, "time"), linux={"timeOffsets": offsets})), text)


@pytest.mark.ours
def test_offsets_of_a_joined_time_namespace(bundle, run, rt, sandbox):
    """They are fixed by now; to pass them over would be another time than was asked for."""
    c = bundle(args=["true"], linux={"timeOffsets": {"boottime": {"secs": 1}}}, **joined_with(["time"], sandbox))
    rt.fails(run(c), "linux.timeOffsets")


# a wrong path

@pytest.mark.ours
@pytest.mark.parametrize("new_user", [False, True])
@pytest.mark.parametrize("kind", [k for k in KINDS if k != "user"])
def test_joined_wrong_kind(bundle, run, rt, kind, new_user):
    """Each kind, by the path of another one."""
    other = "uts" if kind != "uts" else "ipc"
    rest = [k for k in DEFAULT_NAMESPACES if k != kind] + (["user"] if new_user else [])
    c = bundle(args=["true"], copy=True, edit=bare if kind == "mount" or new_user else None, linux=user_mappings() if new_user else {},
               namespaces=namespaces(*rest, **{kind: f"/proc/self/ns/{KINDS[other]}"}), hostname=None)
    if kind == "mount":
        c.config["linux"]["namespaces"] = namespaces("pid", *(["user"] if new_user else []), mount=f"/proc/self/ns/{KINDS[other]}")
        c.write()
    rt.fails(run(c), "linux.namespaces[", f"/proc/self/ns/{KINDS[other]}")


# lists of id maps

@pytest.mark.ours
@pytest.mark.parametrize("n", [5, 6, 340])
def test_many_id_maps(bundle, run, n):
    """More than five are searched in another way by the kernel; it takes 340 lines, and less than a page."""
    n, base = (min(n, 300), 100000) if user.ACTIVE else (n, 1000)  # his ids have more digits
    rows = [{"containerID": 2 * i, "hostID": base + 2 * i, "size": 1} for i in range(n)]
    c = bundle(args=["sh", "-c", "wc -l < /proc/self/uid_map; wc -l < /proc/self/gid_map; tail -n 1 /proc/self/uid_map"],
               copy=True, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux={"uidMappings": rows, "gidMappings": rows})
    r = run(c)
    assert r.lines[:2] == [str(n)] * 2 and r.lines[2].split() == [str(rows[-1][k]) for k in ("containerID", "hostID", "size")], str(r)


@pytest.mark.ours
def test_id_maps_over_a_page(bundle, run, rt):
    """user_namespaces(7): one write, of less than a page. Said before anything is made."""
    rows = [{"containerID": 1000000000 + 2 * i, "hostID": 110000 + 2 * i, "size": 1} for i in range(300)]
    rows.insert(0, {"containerID": 0, "hostID": 100000, "size": 10})
    c = bundle(args=["true"], copy=True, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux={"uidMappings": rows, "gidMappings": rows})
    rt.fails(run(c), "Mappings", "4096")


@pytest.mark.ours
def test_too_many_id_maps(bundle, run, rt):
    rows = [{"containerID": 2 * i, "hostID": 100000 + 2 * i, "size": 1} for i in range(341)]
    c = bundle(args=["true"], copy=True, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux={"uidMappings": rows, "gidMappings": rows})
    rt.fails(run(c), "linux.uidMappings", "340")


def test_joined_path_that_is_missing(bundle, run, rt):
    joined = {"user": "/proc/self/ns/user"} if user.ACTIVE else {}  # without it that is what an ordinary user is told
    c = bundle(args=["true"], namespaces=namespaces("pid", "mount", "ipc", "uts", network="/no/such/netns", **joined))
    rt.fails(run(c), "linux.namespaces[4]", "does not exist", anyone=["/no/such/netns"])


def test_joined_path_of_another_kind(bundle, run, rt):
    c = bundle(args=["true"], namespaces=namespaces("pid", "mount", "ipc", "uts", network="/proc/self/ns/uts"))
    rt.fails(run(c), "linux.namespaces[4]")


def test_joined_path_that_is_no_namespace(bundle, run, rt):
    c = bundle(args=["true"], namespaces=namespaces("pid", "mount", "ipc", "uts", network="/etc/passwd"))
    rt.fails(run(c), "linux.namespaces[4]", "/etc/passwd")


@pytest.mark.parametrize("kind", ["pid", "mount"])
def test_duplicate(bundle, run, rt, kind):
    c = bundle(args=["true"], namespaces=namespaces(*DEFAULT_NAMESPACES, kind))
    rt.fails(run(c), "linux.namespaces[5]", "duplicate", kind)


def test_unknown(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], namespaces=namespaces("mount", "pid", "hyperspace"))),
             "linux.namespaces[2]", "hyperspace")


def test_pid_1(probe):
    facts = probe()
    assert (facts["pid"], facts["ppid"]) == (1, 0)


def test_processes_of_the_host_are_hidden(sh):
    assert sh("ls -d /proc/[0-9]* | wc -l").strip() in ("1", "2", "3")


def test_network_has_only_loopback(sh):
    assert sh("ls /sys/class/net").split() == ["lo"]


def test_loopback_is_down_or_up_but_there(sh):
    assert "lo" in sh("cat /proc/net/dev")


def test_hostname(probe):
    before = os.uname().nodename
    assert probe(hostname="other-name")["hostname"] == "other-name"
    assert os.uname().nodename == before


def test_hostname_longest(probe):
    assert probe(hostname="h" * 64)["hostname"] == "h" * 64


def test_hostname_too_long(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], hostname="h" * 65)), "hostname")


def test_hostname_without_uts(bundle, run, rt):
    before = os.uname().nodename
    c = bundle(args=["true"], namespaces=namespaces("mount", "pid", "network", "ipc"))
    rt.fails(run(c), "hostname")
    assert os.uname().nodename == before


@pytest.mark.differs(runc="1.1.5 has no domainname")
def test_domainname(probe):
    assert probe(domainname="example.org")["domainname"] == "example.org"


@pytest.mark.differs(runc="1.1.5 has no domainname")
def test_domainname_without_uts(bundle, run, rt):
    c = bundle(args=["true"], hostname=None, domainname="x", namespaces=namespaces("mount", "pid", "network", "ipc"))
    rt.fails(run(c), "domainname")


@pytest.mark.parametrize("name, value", [("net.ipv4.ip_forward", "1"), ("kernel.msgmax", "4242"), ("net.ipv4.conf.lo.rp_filter", "2"),
                                         ("fs.mqueue.msg_max", "20"), ("kernel.shm_rmid_forced", "1"),
                                         ("net/ipv4/ip_forward", "1")])
def test_sysctl(sh, name, value):
    path = name if "/" in name else name.replace(".", "/")
    before = open(f"/proc/sys/{path}").read()
    assert sh(f"cat /proc/sys/{path}", linux={"sysctl": {name: value}}).strip() == value
    assert open(f"/proc/sys/{path}").read() == before


@pytest.mark.parametrize("name, without", [("net.ipv4.ip_forward", "network"), ("kernel.msgmax", "ipc"), ("fs.mqueue.msg_max", "ipc"),
                                           ("vm.swappiness", None), ("kernel.hostname", None), ("kernel.printk", None),
                                           ("fs.file-max", None), ("net.ipv4/../../vm/swappiness", None)])
def test_sysctl_that_is_the_hosts(bundle, run, rt, name, without):
    kinds = [n for n in DEFAULT_NAMESPACES if n != without]
    c = bundle(args=["true"], namespaces=namespaces(*kinds), linux={"sysctl": {name: "1"}},
               edit=no_mounts_that_need(without) if without else None)
    rt.fails(run(c), name)


OWN = [("network", {"linux": {"sysctl": {"net.ipv4.ip_forward": None}}}, 'linux.sysctl["net.ipv4.ip_forward"]'),
       ("network", {"linux": {"netDevices": {"nosuchdev": {}}}}, 'linux.netDevices["nosuchdev"]'),
       ("ipc", {"linux": {"sysctl": {"kernel/msgmax": None}}}, 'linux.sysctl["kernel/msgmax"]'),
       ("ipc", {"linux": {"sysctl": {"fs.mqueue.msg_max": None}}}, 'linux.sysctl["fs.mqueue.msg_max"]'),
       ("uts", {"linux": {"sysctl": {"kernel.domainname": None}}}, 'linux.sysctl["kernel.domainname"]'),
       ("uts", {"hostname": os.uname().nodename}, "hostname "), ("uts", {"domainname": open("/proc/sys/kernel/domainname").read().strip()}, "domainname ")]


def as_it_is(linux):
    """What is written is what is there: nothing changes if it is written after all."""
    keys = linux.get("sysctl", {})
    values = {k: open("/proc/sys/" + k.replace(".", "/")).read().strip() for k in keys}
    return {**linux, **({"sysctl": values} if keys else {})}


@pytest.mark.ours
@pytest.mark.root("an ordinary user joins no namespace of the host")
@pytest.mark.parametrize("whose", ["self", "a process"])
@pytest.mark.parametrize("kind, fields, name", OWN)
def test_nothing_is_written_into_the_runtimes_own_namespace(bundle, run, rt, kind, fields, name, whose):
    path = f"/proc/{'self' if whose == 'self' else os.getpid()}/ns/{KINDS[kind]}"
    rest = [n for n in DEFAULT_NAMESPACES if n != kind]
    c = bundle(args=["true"], namespaces=namespaces(*rest, **{kind: path}), edit=bare,
               **{"hostname": None, **fields, "linux": as_it_is(fields.get("linux", {}))})
    text = f"it is the runtime's own {kind} namespace, which {name}"
    rt.fails(run(c), f'linux.namespaces[4] {kind} "{path}": {text}')
    checked = rt("check", "--bundle", c.path)
    assert checked.returncode == 1 and text in checked.stdout + checked.stderr, str(checked)


@pytest.mark.root("the namespaces are the host's: setns(2) wants CAP_SYS_ADMIN there")
def test_namespaces_of_others_are_written_into(bundle, running, run, rt):
    first = running(hostname="first")
    p = f"/proc/{rt.pid(first)}/ns"
    c = bundle(args=["cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/msgmax", "/proc/sys/kernel/hostname"], hostname="second",
               namespaces=namespaces("mount", "pid", network=f"{p}/net", ipc=f"{p}/ipc", uts=f"{p}/uts"),
               linux={"sysctl": {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4242"}})
    assert run(c).stdout == "1\n4242\nsecond\n"


@pytest.mark.ours
@pytest.mark.root("an ordinary user joins no namespace of the host")
@pytest.mark.parametrize("kind", ["uts", "time", "user"])
def test_joined_path_that_nobody_answers(bundle, run, rt, here, kind):
    """A FIFO: nothing waits for its other end."""
    os.mkfifo(here.dir / "fifo")
    c = bundle(args=["true"], namespaces=namespaces("mount", "pid", **{kind: here.dir / "fifo"}), hostname=None, edit=bare)
    rt.fails(rt("run", "-b", c.path, c.id, timeout=10), "it is not a namespace but a FIFO")


def test_sysctl_that_does_not_exist(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], linux={"sysctl": {"net.no.such.thing": "1"}})), "net.no.such.thing", anyone=["no such"])


def test_sysctl_with_a_bad_value(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], linux={"sysctl": {"kernel.msgmax": "many"}})), "kernel.msgmax", anyone=["invalid argument"])


def test_host_ipc_and_mqueue(bundle, run):
    c = bundle(args=["true"], namespaces=namespaces("pid", "network", "uts", "mount"))
    assert run(c).returncode == 0


def test_host_network_with_sysfs_bound(bundle, run):
    """What podman does for --net host: a bind of the host's /sys."""
    def edit(c):
        c["mounts"] = [m for m in c["mounts"] if not m["destination"].startswith("/sys")]
        c["mounts"].append({"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rprivate", "nosuid", "noexec", "nodev", "ro", "rbind"]})
    c = bundle(args=["ls", "/sys/class/net"], namespaces=namespaces("pid", "ipc", "uts", "mount"), edit=edit)
    r = run(c)
    assert set(r.stdout.split()) == set(os.listdir("/sys/class/net")), str(r)


# ---- without a mount namespace of its own ----

def bare(c):
    """Nothing that is a mount."""
    c["mounts"], c["root"]["readonly"] = [], False
    for field in ("maskedPaths", "readonlyPaths", "devices", "rootfsPropagation"):
        c["linux"].pop(field, None)


@pytest.mark.ours
def test_no_mount_namespace(bundle, run):
    """The host's mounts stay as they are; the root is the container's."""
    r = run(bundle(args=["sh", "-c", "ls -d /bin/busybox; ls /home /srv 2>&1; pwd"], copy=True, edit=bare,
                   namespaces=namespaces("pid", "network", "ipc", "uts")))
    assert r.returncode in (0, 1) and r.stdout.startswith("/bin/busybox\n") and r.stdout.endswith("/\n"), str(r)


@pytest.mark.root("the mount namespace is the host's: setns(2) wants CAP_SYS_ADMIN there")
@pytest.mark.ours
def test_joined_mount_namespace(bundle, rt, here):
    """root.path is a path of that namespace."""
    p = subprocess.Popen(["unshare", "-m", "sh", "-c", f"read x && mount -t tmpfs tmpfs {here.dir}/bundle-2 && mkdir {here.dir}/bundle-2/r && "
                          f"cp -a /bin/busybox {here.dir}/bundle-2/r/ && echo ready && read x"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        c = bundle(args=["/busybox", "ls", "/"], edit=bare, namespaces=namespaces("pid", "uts", mount=f"/proc/{p.pid}/ns/mnt"),
                   root={"path": str(here.dir / "bundle-2/r")})
        assert c.path == here.dir / "bundle-2"
        p.stdin.write("the bundle is there\n")
        p.stdin.flush()
        assert p.stdout.readline() == "ready\n"
        r = rt.run(c)
        assert r.stdout == "busybox\n", str(r)
    finally:
        p.communicate("\n", timeout=10)


@pytest.mark.ours
@pytest.mark.parametrize("change, field", [
    ({"mounts": [{"destination": "/x", "type": "tmpfs"}]}, "mounts"),
    ({"linux": {"maskedPaths": ["/proc/x"]}}, "linux.maskedPaths"),
    ({"linux": {"readonlyPaths": ["/proc/x"]}}, "linux.readonlyPaths"),
    ({"linux": {"rootfsPropagation": "slave"}}, "linux.rootfsPropagation"),
    ({"root": {"readonly": True}}, "root.readonly"),
    ({"process": {"terminal": True}}, "process.terminal"),
])
def test_what_needs_a_mount_namespace(bundle, run, rt, change, field):
    def edit(c):
        bare(c)
        for k, v in change.items():
            if isinstance(v, dict):
                c[k].update(v)
            else:
                c[k] = v

    rt.fails(run(bundle(args=["true"], edit=edit, namespaces=namespaces("pid", "uts"))), field, "mount namespace")


@pytest.mark.ours
@pytest.mark.root("an ordinary user's groups stay his own")
def test_joined_user_namespace_that_denies_groups(bundle, rt):
    """Nobody asks for groups; the runtime's own are not the container's either."""
    holder = subprocess.Popen(["unshare", "--user", "--map-root-user", "sleep", "1000"])
    try:
        processes.until(lambda: os.readlink(f"/proc/{holder.pid}/exe").endswith("sleep"), lambda: "unshare has not become sleep")
        c = bundle(args=["grep", "Groups", "/proc/self/status"], copy=True, hostname=None, namespaces=namespaces("mount", "pid", user=f"/proc/{holder.pid}/ns/user"),
                   edit=lambda c: (bare(c), c.update(mounts=[{"destination": "/proc", "type": "proc", "source": "proc"}])))
        inherited = ["python3", "-c", "import os, sys; os.setgroups([0, 5]); os.execvp(sys.argv[1], sys.argv[1:])"]
        r = rt.with_options(prefix=inherited).run(c)
        assert (r.returncode, r.stdout.split()) == (0, ["Groups:"]), str(r)
    finally:
        holder.kill()
        holder.wait()

# SPDX-License-Identifier: GPL-2.0-or-later
"""The container's cgroup: made, entered, limited, removed; on this host's layout, and where only v2 is mounted."""

import concurrent.futures
import json
import os
import subprocess
from pathlib import Path

import pytest

from lib import cgroups, processes, user
from lib.bundle import DEFAULT_NAMESPACES, caps, namespaces

needs = {c: pytest.mark.skipif(c not in cgroups.controllers(), reason=f"no {c} controller on this host")
         for c in ("memory", "pids", "cpu", "cpuset", "devices", "blkio", "freezer", "hugetlb")}


def knob(c, controller, v1, v2=""):
    return cgroups.knob(controller, c.config["linux"]["cgroupsPath"], v1, v2)


def values(c, controller, v1, v2=""):
    return knob(c, controller, v1, v2).read_text().split()


def where(tag):
    return [d for d in cgroups.named(tag) if d.name != tag]


# made, entered, removed

def test_made_and_removed(created, rt, here):
    c = created()
    made = where(here.tag)
    assert {d.name for d in made} == {c.id} and {d.parent.name for d in made} == {here.tag}
    assert len(made) >= len(cgroups.controllers() & {"memory", "pids", "cpu", "devices", "freezer"}) if cgroups.v1_mount("pids") else len(made) == 1
    for d in made:
        assert cgroups.members(d) == [rt.pid(c)], d
    rt.delete(c, "--force")
    assert where(here.tag) == []


def test_process_is_in_every_hierarchy(running, rt, here):
    c = running()
    path = c.config["linux"]["cgroupsPath"]
    rows = cgroups.of_process(rt.pid(c))
    mounted = {k: v for k, v in rows.items() if k in ("memory", "pids", "cpu", "devices", "freezer", "") and cgroups.mount_of(k)}
    assert mounted and set(mounted.values()) == {path}, rows


def test_removed_after_run(bundle, run, here):
    assert run(bundle(args=["true"])).returncode == 0
    assert where(here.tag) == []


def test_removed_after_a_failed_create(bundle, rt, here):
    rt.fails(rt.create(bundle(args=["true"], root={"path": "/no/such"}), check=False))
    rt.fails(rt.create(bundle(args=["true"], mounts=[{"destination": "/mnt", "type": "no-such"}]), check=False))
    assert where(here.tag) == []


def test_default_path(bundle, rt, here):
    """Without cgroupsPath: named after the container, and gone afterwards with whatever was made above it."""
    c = bundle(args=["/bin/probe", "sleep"], cgroup=False)
    rt.create(c)
    made = cgroups.named(c.id)
    assert made and all(rt.pid(c) in cgroups.members(d) for d in made)
    rt.delete(c, "--force")
    assert cgroups.named(here.tag) == []


def test_relative_path(bundle, rt, here):
    c = bundle(args=["/bin/probe", "sleep"], linux={"cgroupsPath": f"{here.tag}/relative/{here.tag}-x"})
    rt.create(c)
    made = [d for d in where(here.tag) if d.name == f"{here.tag}-x"]
    assert made and all(rt.pid(c) in cgroups.members(d) for d in made)
    rt.delete(c, "--force")
    assert not [d for d in where(here.tag) if d.name == f"{here.tag}-x"]


def test_deep_path(bundle, rt, here):
    """Kubernetes' depth; every level that cpuset (v1) needs is set up."""
    c = bundle(args=["/bin/probe", "sleep"], linux={"cgroupsPath": f"/{here.tag}/burstable/pod-1/c"})
    rt.create(c)
    rt.start(c)
    assert rt.status(c) == "running"
    assert [d for d in where(here.tag) if str(d).endswith("/burstable/pod-1/c")]
    rt.delete(c, "--force")
    assert not [d for d in where(here.tag) if d.name == "c"]


# what lies above it

@pytest.mark.ours
@pytest.mark.root("what an ordinary user may not make he goes without")
def test_parents_of_a_leaf_that_cannot_be_made(bundle, rt, here):
    """Below a file of the cgroup file system: mkdir(2) fails when what lies above is there."""
    c = bundle(args=["true"], linux={"cgroupsPath": f"/{here.tag}/made/cgroup.procs/c"})
    rt.fails(rt.run(c), "make cgroup", "cgroup.procs/c")
    assert not cgroups.named(here.tag)


@pytest.mark.ours
@pytest.mark.parametrize("how", ["delete", "run", "failed"])
def test_parents_that_were_made_are_removed(bundle, rt, here, how):
    """On v1, hybrid and v2: what was made goes, what was there stays."""
    for mount in cgroups.hierarchies():
        (mount / here.tag / "there").mkdir(parents=True)
    c = bundle(args=["true"], linux={"cgroupsPath": f"/{here.tag}/there/made/deeper/c"},
               hooks={"createRuntime": [{"path": "/bin/false"}]} if how == "failed" else None)
    if how == "delete":
        rt.create(c)
        assert [d for d in cgroups.named(here.tag) if d.name == "deeper"]
        rt.delete(c, "--force")
    else:
        assert rt.run(c).returncode == (how == "failed")
    left = cgroups.named(here.tag)
    assert {d.name for d in left} == {here.tag, "there"} and len(left) == 2 * len(cgroups.hierarchies())
    cgroups.remove(left)


@pytest.mark.ours
@pytest.mark.parametrize("first", [0, 1], ids=["maker-first", "maker-last"])
def test_parents_are_removed_by_the_last(bundle, rt, here, first):
    """Whoever is deleted last, not only who made them; and not by one that goes while others are there."""
    pair = [bundle(args=["/bin/probe", "sleep"], linux={"cgroupsPath": f"/{here.tag}/pod/{n}"}) for n in "ab"]
    for c in pair:
        rt.create(c)
    rt.delete(pair[first], "--force")
    assert {d.name for d in where(here.tag)} == {"pod", "ba"[first]}
    rt.delete(pair[not first], "--force")
    assert cgroups.named(here.tag) == []


@pytest.mark.ours
def test_parents_under_concurrent_lives(bundle, rt, here):
    """One removes what another has just found there: that one makes it again."""
    bundles = [bundle(args=["true"], linux={"cgroupsPath": f"/{here.tag}/a/b/{n}"}) for n in range(6)]

    def lives(c):
        for _ in range(12):
            r = rt.run(c)
            assert (r.returncode, r.stderr) == (0, ""), str(r)

    with concurrent.futures.ThreadPoolExecutor(len(bundles)) as pool:
        for f in [pool.submit(lives, c) for c in bundles]:
            f.result()
    assert cgroups.named(here.tag) == []


def test_dots_in_the_path(bundle, rt, here):
    """SECURITY-CASES.md 16"""
    c = bundle(args=["/bin/probe", "sleep"], linux={"cgroupsPath": f"/{here.tag}/../../../../{here.tag}/c"})
    r = rt.create(c, check=False)
    for mount in cgroups.hierarchies():
        assert not (mount.parent / here.tag).exists()
    if r.returncode:
        rt.fails(r, "linux.cgroupsPath")


def test_path_that_exists_already(bundle, rt, here):
    """An engine made it, with an empty cpuset as the kernel makes them."""
    c = bundle(args=["cat", "/proc/self/cgroup"])
    path = c.config["linux"]["cgroupsPath"]
    for mount in cgroups.hierarchies():
        (mount / path.lstrip("/")).mkdir(parents=True)
    r = rt.run(c)
    assert r.returncode == 0 and path in r.stdout, str(r)
    cgroups.remove(cgroups.named(here.tag))


@pytest.mark.differs(runc="1.1.5 only on some layouts")
@pytest.mark.parametrize("resources", [{}, {"devices": None}], ids=["rules", "nothing-asked"])
def test_cgroup_that_is_not_empty(bundle, rt, running, resources):
    first = running()
    c = bundle(args=["true"], linux={"cgroupsPath": first.config["linux"]["cgroupsPath"]}, resources=resources)
    rt.fails(rt.run(c), "container's cgroup is not empty")
    assert rt.status(first) == "running" and processes.alive(rt.pid(first))


@pytest.fixture
def another(here):
    """Somebody's directories, in every hierarchy."""
    made = [mount / f"{here.tag}-another" for mount in cgroups.hierarchies()]
    for d in made:
        d.mkdir()
    yield made
    cgroups.remove(d for top in made for d in (top / "below", top) if d.exists())


@pytest.mark.ours
@pytest.mark.root("makes cgroups for a test")
def test_processes_below_an_existing_cgroup(bundle, rt, another):
    """They would be killed with the container."""
    mount = cgroups.v1_mount("pids") or cgroups.v2_mount()
    below = next(d for d in another if d.parent == mount) / "below"
    below.mkdir()
    with processes.Process(["/bin/sleep", "60"]) as p:
        (below / "cgroup.procs").write_text(str(p.pid))
        c = bundle(args=["true"], linux={"cgroupsPath": f"/{another[0].name}"})
        rt.fails(rt.run(c), "container's cgroup is not empty")
        assert p.poll() is None and below.exists()
        p.kill()


@pytest.mark.root("makes cgroups for a test")
def test_existing_cgroup_becomes_the_containers(bundle, rt, another):
    """An empty one may be what a killed launch has left: it is taken, and goes with the container, as its peers have it."""
    (another[0] / "below").mkdir()
    assert rt.run(bundle(args=["echo", "ok"], linux={"cgroupsPath": f"/{another[0].name}"})).stdout == "ok\n"
    assert [d for d in another if d.exists()] == []


@pytest.mark.ours
@pytest.mark.root("an ordinary user's are below a directory that has no such files")
@pytest.mark.parametrize("name", ["cgroup.procs", "cpu.shares"])
def test_name_of_a_file(bundle, rt, name):
    if name == "cpu.shares" and not cgroups.v1_mount("cpu"):
        pytest.skip("the cpu controller is not at v1")
    rt.fails(rt.run(bundle(args=["true"], linux={"cgroupsPath": f"/{name}"})), f'cgroup "/{name}"', "file of that name")
    assert rt.list() == []


def test_sub_cgroups_are_removed(running, rt, here):
    c = running()
    for d in where(here.tag):
        (d / "a/b").mkdir(parents=True)
    rt.delete(c, "--force")
    assert where(here.tag) == []


@pytest.mark.parametrize("how", ["deleted", "ended"])
def test_many_processes_that_are_dying(running, run, bundle, rt, here, how):
    """Without a pid namespace they outlive the first one, and are killed by us: the cgroups go when the last has gone."""
    alone = dict(namespaces=namespaces("mount", "network", "ipc", "uts"))
    if how == "deleted":
        c = running(["/bin/probe", "tree", "40"], **alone)
        rt.wait_output(c, "ready")
        rt.delete(c, "--force")
    else:
        many = "i=0; while [ $i -lt 40 ]; do sleep 4326 >/dev/null 2>&1 & i=$((i+1)); done; exit 5"
        assert run(bundle(args=["sh", "-c", many], **alone)).returncode == 5
    assert where(here.tag) == []


def test_sub_cgroups_with_processes_are_removed(running, rt, here):
    c = running(["/bin/probe", "tree", "2"], namespaces=namespaces("mount", "network", "ipc", "uts"))
    rt.wait_output(c, "ready")
    pids = rt.ps(c)
    for d in where(here.tag):
        (d / "a/b").mkdir(parents=True)
        try:
            (d / "a/b/cgroup.procs").write_text(str(pids[-1]))
        except OSError:
            pass  # cpuset without cpus
    rt.delete(c, "--force")
    assert where(here.tag) == []
    for p in pids:
        processes.wait_gone(p)


STRANGERS_PLACES = sorted({next(iter(sorted(names))) for names in cgroups.hierarchies().values()} & {"memory", "freezer", "pids", "", "devices"}) + ["all"]


def stranger(c, place):
    """A process of the host, moved into the container's cgroup: in one hierarchy, or in all."""
    p = processes.Process(["sleep", "1000"])
    for d in where(c.id.rsplit("-", 1)[0]):
        if place == "all" or cgroups.mount_of(place) in d.parents:
            (d / "cgroup.procs").write_text(str(p.pid))
    return p


@pytest.mark.ours
@pytest.mark.parametrize("place", STRANGERS_PLACES)
def test_strangers_in_the_cgroup(running, rt, place):
    """With --force they are killed, as whoever is in the cgroup; without they are named."""
    c = running()
    p = stranger(c, place)
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    if cgroups.mount_of(place) or place == "all":
        rt.fails(rt.delete(c, check=False), f"it still has process {p.pid} (not the container's: move it elsewhere, or use --force to kill it)")
        assert p.poll() is None
    rt.delete(c, "--force")
    assert p.wait_and_forget(10) == -9


@pytest.mark.ours
def test_strangers_in_the_cgroup_of_a_running_container(running, rt):
    c = running()
    p = stranger(c, "all")
    rt.delete(c, "--force")
    assert p.wait_and_forget(10) == -9


def test_frozen_container_is_deleted(running, rt, here):
    c = running()
    freezer = cgroups.v1_mount("freezer")
    if freezer:
        (freezer / here.tag / c.id / "freezer.state").write_text("FROZEN")
    else:
        (cgroups.v2_mount() / here.tag / c.id / "cgroup.freeze").write_text("1")
    rt.delete(c, "--force")
    assert where(here.tag) == []


@pytest.mark.differs(runc="has no --cgroup-manager")
def test_manager_disabled(bundle, rt, here):
    c = bundle(args=["cat", "/proc/self/cgroup"],
               edit=lambda c: c["linux"].pop("resources"))
    r = rt.with_options("--cgroup-manager", "disabled").run(c)
    assert r.returncode == 0 and here.tag not in r.stdout, str(r)
    assert r.stdout == Path("/proc/self/cgroup").read_text()
    d = bundle(args=["/bin/probe", "sleep"], edit=lambda c: c["linux"].pop("resources"))
    rt.with_options("--cgroup-manager=disabled").create(d)
    assert where(here.tag) == []
    rt.start(d)
    rt.kill(d, "KILL")
    rt.wait_status(d, "stopped")
    rt.delete(d)  # the manager is remembered


@pytest.mark.ours
def test_manager_disabled_names_what_is_not_applied(bundle, rt):
    """A line for each controller: nothing that was asked for is dropped in silence."""
    b = rt.with_options("--cgroup-manager", "disabled")
    c = bundle(args=["true"], resources={"memory": {"limit": 10000000, "swap": 20000000}, "pids": {"limit": 3}, "unified": {"memory.high": "1000000"}})
    r = b.run(c)
    lines = r.stderr.splitlines()
    assert r.returncode == 0 and len(lines) == 3 and all("--cgroup-manager disabled" in l for l in lines), str(r)
    for field, line in zip(("linux.resources.memory.limit", "linux.resources.pids.limit", "linux.resources.unified"), lines):
        assert field in line, str(r)
    assert "linux.resources.pids.limit" in b("plan", "--bundle", c.path, check=True).stdout


@pytest.mark.differs(runc="has no --cgroup-manager")
def test_manager_cgroupfs(bundle, rt):
    assert rt.with_options("--cgroup-manager", "cgroupfs").run(bundle(args=["true"])).returncode == 0


@pytest.mark.ours
def test_manager_unknown(bundle, rt):
    rt.fails(rt.with_options("--cgroup-manager", "no-such").run(bundle(args=["true"])), "no-such")


# limits

@needs["memory"]
def test_memory_limit(running):
    c = running(resources={"memory": {"limit": 64 << 20, "reservation": 32 << 20}})
    assert values(c, "memory", "memory.limit_in_bytes", "memory.max") == [str(64 << 20)]
    assert values(c, "memory", "memory.soft_limit_in_bytes", "memory.low") == [str(32 << 20)]


@needs["memory"]
@pytest.mark.differs(runc="1.3.6 needs two megabytes itself")
def test_memory_of_512_kib(bundle, run):
    """What a runtime needs inside the limit is small."""
    c = bundle(args=["/bin/echo", "fits"], resources={"memory": {"limit": 512 << 10}})
    for _ in range(5):
        r = run(c)
        assert (r.returncode, r.stdout, r.stderr) == (0, "fits\n", ""), str(r)


@needs["memory"]
def test_memory_limit_is_enforced(bundle, run):
    c = bundle(args=["/bin/probe", "allocate", 64 << 20], resources={"memory": {"limit": 16 << 20}})
    assert run(c).returncode == 137


@needs["memory"]
def test_memory_unlimited(running):
    c = running(resources={"memory": {"limit": -1}})
    assert int(values(c, "memory", "memory.limit_in_bytes", "memory.max")[0].replace("max", str(2**63))) > 2**60


@needs["memory"]
def test_memory_swappiness(running):
    if not cgroups.v1_mount("memory"):
        pytest.skip("v1 only")
    c = running(resources={"memory": {"swappiness": 7, "disableOOMKiller": False}})
    assert values(c, "memory", "memory.swappiness") == ["7"]


@pytest.mark.ours
@needs["pids"]
def test_exec_names_the_limit_of_processes(running, rt):
    c = running(["/bin/sleep", "1000"], resources={"pids": {"limit": 1}})
    rt.fails(rt("exec", c.id, "true"), "linux.resources.pids.limit of 1 is reached")


@pytest.mark.ours
@needs["pids"]
def test_run_names_the_callers_limit_of_processes(bundle, rt, here):
    d = cgroups.mount_of("pids") / f"{here.tag}-caller" if cgroups.mount_of("pids") else None
    if not d:
        pytest.skip("the pids controller is not on v1 here")
    d.mkdir()
    try:
        (d / "pids.max").write_text("1")
        r = rt.with_options(prefix=["sh", "-c", f'echo $$ > {d}/cgroup.procs; exec "$@"', "sh"]).run(bundle(args=["true"]))
        rt.fails(r, f'pids.max of the cgroup "/{d.name}", 1, is reached')
    finally:
        cgroups.remove([d])


@needs["pids"]
def test_pids_limit(running):
    c = running(resources={"pids": {"limit": 12}})
    assert values(c, "pids", "pids.max") == ["12"]


@needs["pids"]
def test_pids_limit_1(bundle, run):
    c = bundle(args=["/bin/echo", "alone"], resources={"pids": {"limit": 1}})
    for _ in range(5):
        r = run(c)
        assert (r.returncode, r.stdout, r.stderr) == (0, "alone\n", ""), str(r)


@needs["pids"]
def test_pids_limit_is_enforced(probe):
    facts = probe("forks", 50, resources={"pids": {"limit": 10}})
    assert facts["forks"] == 9


@needs["pids"]
def test_pids_unlimited(running):
    assert values(running(resources={"pids": {"limit": -1}}), "pids", "pids.max") == ["max"]


@needs["cpu"]
def test_cpu_shares(running):
    c = running(resources={"cpu": {"shares": 512}})
    if cgroups.v1_mount("cpu"):
        assert values(c, "cpu", "cpu.shares") == ["512"]
    else:
        assert 20 <= int(values(c, "cpu", "cpu.weight")[0]) <= 60


@needs["cpu"]
def test_cpu_quota(running):
    c = running(resources={"cpu": {"quota": 25000, "period": 50000}})
    if cgroups.v1_mount("cpu"):
        assert values(c, "cpu", "cpu.cfs_quota_us") == ["25000"] and values(c, "cpu", "cpu.cfs_period_us") == ["50000"]
    else:
        assert values(c, "cpu", "cpu.max") == ["25000", "50000"]


@needs["cpuset"]
def test_cpuset(probe, running):
    facts = probe(resources={"cpu": {"cpus": "0", "mems": "0"}})
    assert facts["cpus"] == 1
    c = running(resources={"cpu": {"cpus": "0"}})
    assert values(c, "cpuset", "cpuset.cpus") == ["0"]


def test_limits_before_the_first_instruction(probe):
    """They are there when the process starts."""
    if "pids" in cgroups.controllers():
        assert probe("forks", 5, resources={"pids": {"limit": 3}})["forks"] == 2
    else:
        pytest.skip("no pids controller")


@pytest.mark.root("only the host's root may set device rules")
@needs["devices"]
def test_devices_rules_on_v1(running):
    if not cgroups.v1_mount("devices"):
        pytest.skip("v1 only")
    c = running(resources={"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"}]})
    rows = knob(c, "devices", "devices.list").read_text().splitlines()
    assert "c 10:229 rw" in rows and "a *:* rwm" not in rows
    assert {"c 1:3 rwm", "c 1:5 rwm", "c 1:8 rwm", "c 136:* rwm"} <= set(rows)


@pytest.mark.parametrize("resources, text", [
    ({"cpu": {"quota": 1, "period": 50000}}, "cpu"), ({"cpu": {"cpus": "0-999999"}}, "cpu"),
    ({"pids": {"limit": 2**62}}, "pids")])
def test_values_that_the_kernel_refuses(bundle, run, rt, here, resources, text):
    r = run(bundle(args=["true"], resources=resources))
    if r.returncode == 0 and text == "pids":
        pytest.skip("this kernel takes it")
    rt.fails(r, text)
    assert where(here.tag) == []


@pytest.mark.ours
@pytest.mark.parametrize("resources, path", [
    ({"pids": {"limit": "ten"}}, "linux.resources.pids.limit"), ({"memory": {"limit": 1.5}}, "linux.resources.memory.limit"),
    ({"cpu": {"shares": -1}}, "linux.resources.cpu.shares"), ({"memory": {"limit": -2}}, "linux.resources.memory.limit: expected an integer from 0 on"),
    ({"cpu": {"idle": 5}}, "linux.resources.cpu.idle: expected an integer from 0 to 1, found 5"),
    ({"blockIO": {"weight": 5}}, "linux.resources.blockIO.weight: expected an integer from 10 to 1000, or 0, found 5"), ({"memory": {"swappiness": 2**70}}, "linux.resources.memory.swappiness"),
    ({"cpu": "all"}, "linux.resources.cpu"), ({"devices": {}}, "linux.resources.devices")])
def test_wrong_types(bundle, run, rt, resources, path):
    rt.fails(run(bundle(args=["true"], resources=None, edit=lambda c: c["linux"]["resources"].update(resources))), path)


def test_ps_uses_the_cgroup(running, rt, here):
    c = running(["/bin/probe", "tree", "2"])
    rt.wait_output(c, "ready")
    assert sorted(rt.ps(c)) == sorted(cgroups.members(where(here.tag)[0]))


# the view from inside

def test_view_from_inside(sh, here):
    """The mounted hierarchies show the container's own cgroup at their top."""
    out = sh("cat /sys/fs/cgroup/pids/cgroup.procs 2>/dev/null || cat /sys/fs/cgroup/cgroup.procs")
    assert out.split()[0] == "1"


@needs["pids"]
def test_limit_seen_from_inside(sh):
    out = sh("cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max", resources={"pids": {"limit": 123}})
    assert out == "123\n"


def test_view_is_read_only(sh):
    assert sh("mkdir /sys/fs/cgroup/pids/x /sys/fs/cgroup/x 2>/dev/null || echo refused").strip().endswith("refused")


def test_view_writable_when_asked(sh):
    def edit(c):
        c["mounts"][-1]["options"] = ["nosuid", "noexec", "nodev", "relatime", "rw"]
    out = sh("d=/sys/fs/cgroup; [ -d $d/pids ] && d=$d/pids; mkdir $d/sub && ls -d $d/sub && rmdir $d/sub", edit=edit,
             namespaces=namespaces(*DEFAULT_NAMESPACES, "cgroup"))
    assert out.strip().endswith("/sub")


# only v2

@pytest.fixture
def v2(rt, v2_view):
    r = rt.with_options(prefix=v2_view)
    yield r
    for id in r.ids:
        r.delete(id, "--force")


def test_v2_run(v2, bundle, here):
    r = v2.run(bundle(args=["cat", "/proc/self/cgroup"]))
    assert r.returncode == 0, str(r)
    assert [l for l in r.lines if l.startswith("0::")] == [f"0::/{here.tag}/{here.tag}-1"]
    assert where(here.tag) == []


def test_v2_life(v2, bundle, here):
    c = bundle(args=["/bin/probe", "tree", "2"])
    v2.create(c)
    made = where(here.tag)
    assert made == [cgroups.v2_mount() / here.tag / c.id]
    assert cgroups.members(made[0]) == [v2.pid(c)]
    v2.start(c)
    v2.wait_output(c, "ready")
    assert len(v2.ps(c)) == 3
    v2("kill", "--all", c.id, "KILL", check=True)
    v2.wait_status(c, "stopped")
    v2.delete(c)
    assert where(here.tag) == []


def test_v2_mount(v2, bundle):
    c = bundle(args=["sh", "-c", "grep cgroup /proc/self/mountinfo; cat /sys/fs/cgroup/cgroup.procs"],
               namespaces=namespaces(*DEFAULT_NAMESPACES, "cgroup"))
    r = v2.run(c)
    rows = [l for l in r.lines if " - cgroup" in l]
    assert len(rows) == 1 and " - cgroup2 " in rows[0] and " /sys/fs/cgroup " in rows[0] and r.lines[1] == "1", str(r)


@pytest.mark.differs(runc="shows the whole tree of the host")
def test_v2_mount_without_a_namespace(v2, bundle, here):
    r = v2.run(bundle(args=["sh", "-c", "cat /sys/fs/cgroup/cgroup.procs; ls -d /sys/fs/cgroup/*/"]))
    assert r.lines[0] == "1" and here.tag not in r.stdout, str(r)


@pytest.mark.root("only the host's root may set device rules")
def test_v2_devices(v2, bundle):
    """By a BPF program: what is not listed cannot be opened."""
    fuse = {"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o666}
    for rules, want in (([], "EPERM"), ([{"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"}], "ok")):
        c = bundle(args=["sh", "-c", "probe open /dev/fuse rw; echo x > /dev/null && head -c1 /dev/zero | wc -c"], linux={"devices": [fuse]},
                   resources={"devices": [{"allow": False, "access": "rwm"}, *rules]})
        r = v2.run(c)
        assert r.returncode == 0 and r.lines[-1] == "1", str(r)
        assert json.loads(r.lines[0])["errno"] == (1 if want == "EPERM" else 0), str(r)


def test_v2_devices_mknod(v2, bundle):
    c = bundle(args=["sh", "-c", "mknod /tmp/fuse c 10 229; probe open /tmp/fuse r"], copy=True, process={"capabilities": caps("MKNOD")})
    r = v2.run(c)
    assert json.loads(r.lines[-1])["ret"] == -1, str(r)


def test_v2_sub_cgroups(v2, bundle, here):
    c = bundle(args=["/bin/probe", "sleep"])
    v2.run_detached(c)
    (where(here.tag)[0] / "a/b").mkdir(parents=True)
    v2.delete(c, "--force")
    assert where(here.tag) == []


def test_v2_threaded_sub_cgroup(v2, bundle, here):
    c = bundle(args=["/bin/probe", "sleep"])
    v2.run_detached(c)
    d = where(here.tag)[0]
    (d / "t").mkdir()
    (d / "t/cgroup.type").write_text("threaded")
    v2.delete(c, "--force")
    assert where(here.tag) == []


def test_v2_user_namespace(v2, bundle):
    from lib.bundle import user_mappings
    c = bundle(args=["sh", "-c", "id -u; cat /sys/fs/cgroup/cgroup.procs"], namespaces=namespaces(*DEFAULT_NAMESPACES, "user", "cgroup"), linux=user_mappings())
    r = v2.run(c)
    assert r.stdout == "0\n1\n", str(r)


def test_v2_unified(v2, bundle, here):
    """Keys of `unified` are written as they are."""
    c = bundle(args=["/bin/probe", "sleep"], resources={"unified": {"cgroup.max.depth": "3"}})
    r = v2.create(c, check=False)
    assert r.returncode == 0, (c.path / "stderr").read_text()
    assert (where(here.tag)[0] / "cgroup.max.depth").read_text() == "3\n"


@pytest.mark.ours
def test_v2_missing_controller(v2, bundle, here):
    """A limit that this host cannot give is an error, not silence."""
    missing = {"memory", "pids"} - set((cgroups.v2_mount() / "cgroup.controllers").read_text().split())
    if not missing:
        pytest.skip("v2 has every controller here")
    name = sorted(missing)[0]
    r = v2.run(bundle(args=["true"], resources={name: {"limit": 1 << 24}}))
    v2.fails(r, name)
    assert where(here.tag) == []


def test_hybrid_uses_the_v1_controllers(running, here):
    if not (cgroups.v1_mount("pids") and cgroups.v2_mount()):
        pytest.skip("not a hybrid host")
    c = running(resources={"pids": {"limit": 5}})
    assert (cgroups.v1_mount("pids") / here.tag / c.id / "pids.max").read_text() == "5\n"


CGROUP_MOUNT = {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                "options": ["rprivate", "nosuid", "noexec", "nodev", "relatime", "ro"]}


def mount_cgroup(c):
    """As podman --cgroups=disabled writes it."""
    c["mounts"] = [m for m in c["mounts"] if m["type"] != "cgroup"] + [CGROUP_MOUNT]
    c["linux"].pop("resources")


@pytest.mark.differs(runc="has no --cgroup-manager", crun="refuses hybrid")
def test_manager_disabled_with_cgroup_mount(bundle, rt):
    c = bundle(args=["cat", "/proc/self/mountinfo"], edit=mount_cgroup)
    r = rt.with_options("--cgroup-manager", "disabled").run(c)
    assert r.returncode == 0, str(r)
    shown = [line.split(" ")[4] for line in r.stdout.splitlines() if " - cgroup" in line]
    assert shown and all(t.startswith("/sys/fs/cgroup") for t in shown)


@pytest.mark.ours
def test_cgroup_mount_without_cgroup_file_system(rt, bundle):
    """Passed over, the mount's propagation too; a note says so, for standard error stays empty on success."""
    prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", 'umount -R /sys/fs/cgroup; exec "$@"', "sh"]
    r = rt.with_options("--cgroup-manager", "disabled", prefix=prefix).run(bundle(args=["echo", "works"], edit=mount_cgroup))
    assert (r.returncode, r.stdout, r.stderr) == (0, "works\n", ""), str(r)
    r = rt.with_options("--cgroup-manager", "disabled", "--debug", prefix=prefix).run(bundle(args=["true"], edit=mount_cgroup))
    assert r.returncode == 0 and "no cgroup file system is mounted" in r.stderr


def test_no_cgroup_file_system(rt, bundle):
    """Nothing mounted on /sys/fs/cgroup at all: with the manager disabled a container runs."""
    if not rt.ours:
        pytest.skip("a peer needs one")
    prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", 'umount -R /sys/fs/cgroup; exec "$@"', "sh"]

    def edit(c):
        c["mounts"] = [m for m in c["mounts"] if m["type"] != "cgroup"]
        c["linux"].pop("resources")
    c = bundle(args=["echo", "works"], edit=edit)
    r = rt.with_options("--cgroup-manager", "disabled", prefix=prefix).run(c)
    assert (r.returncode, r.stdout) == (0, "works\n"), str(r)


# cgroups that take no processes

@pytest.mark.ours
@pytest.mark.parametrize("path, resources, words", [
    ("t", None, None),  # takes processes, all threads of which are in one threaded domain
    ("t/c", None, 'the cgroup is "domain invalid"'), ("t/c/deeper", None, 'the cgroup is "domain invalid"'), ("t/new", None, 'the cgroup is "domain invalid"'),
    ("t", {"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}, 'the cgroup is "domain threaded"'),
    ("t/new", {"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}, 'the cgroup is "domain threaded"')], ids=str)
def test_v2_threaded_parent(v2, bundle, here, path, resources, words):
    """A threaded cgroup, or one below it, as the container's or as its parent: what is wrong with it is said."""
    if resources and user.ACTIVE and "hugetlb" not in (cgroups.v2_mount() / "cgroup.subtree_control").read_text().split():
        pytest.skip("the controller hugetlb is not enabled for cgroups below the root")
    top = cgroups.v2_mount() / f"{here.tag}-top"
    (top / "t").mkdir(parents=True)
    try:
        (top / "t/cgroup.type").write_text("threaded")
        (top / "t/c").mkdir()
        r = v2.run(bundle(args=["true"], linux={"cgroupsPath": f"/{top.name}/{path}"}, resources=resources or {}))
        if not words:
            assert (r.returncode, r.stderr) == (0, ""), str(r)
            return
        v2.fails(r, words, f"/{top.name}")
        assert not (top / "t/new").exists() and not (top / "t/c/deeper").exists()
    finally:
        cgroups.remove([d for d in (top / "t/c", top / "t", top) if d.exists()])


@pytest.mark.parametrize("signal", ["KILL", "TERM"])
def test_frozen_container_is_killed(running, rt, signal):
    """KILL ends a frozen one; other signals wait until it is thawed."""
    c = running(["sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.1; done"])
    rt("pause", c.id, check=True)
    rt("kill", c.id, signal, check=True)
    if signal == "TERM":
        assert rt.status(c) == "paused"
        rt("resume", c.id, check=True)
    rt.wait_status(c, "stopped")
    rt.delete(c)


def test_many_slow_processes_are_removed(bundle, rt, here):
    """delete waits for the last of them to leave."""
    c = bundle(args=["sh", "-c", "i=0; while [ $i -lt 300 ]; do sleep 1000 & i=$((i+1)); done; echo ready; wait"])
    rt.run_detached(c)
    rt.wait_output(c, "ready", 60)
    r = rt.delete(c, "--force")
    assert (r.returncode, r.stderr) == (0, ""), str(r)
    assert where(here.tag) == []

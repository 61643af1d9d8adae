# SPDX-License-Identifier: GPL-2.0-or-later
"""ps and kill --all reach what the container has put into cgroups below its own: v1, v2, and threaded ones."""

import pytest

from lib import cgroups, processes, rootless
from lib.bundle import namespaces, user_mappings
from lib.rootless import User

SHARED = namespaces("mount", "network", "ipc", "uts")  # no pid namespace: only the cgroup holds them together


@pytest.fixture
def v2(rt, v2_view):
    two = rt.with_options(prefix=v2_view)
    yield two
    for id in rt.ids:
        two("delete", "--force", id)


def make_child(c, name="child"):
    """A cgroup below the container's in every hierarchy that takes processes as it is."""
    made = []
    for mount, controllers in cgroups.hierarchies().items():
        d = mount / c.config["linux"]["cgroupsPath"].lstrip("/")
        if d.is_dir() and "cpuset" not in controllers:
            (d / name).mkdir()
            made.append(d / name)
    return made


def family(r, c):
    r.wait_output(c, "ready")
    pids = r.ps(c)
    assert len(pids) >= 2
    return pids, next(p for p in pids if p != r.pid(c))


def gone(pids):
    processes.until(lambda: processes.reap() or not any(processes.alive(p) for p in pids), f"{pids} are still there")


def test_v1_or_hybrid(running, rt):
    c = running(["/bin/probe", "tree", "2"], namespaces=SHARED)
    pids, other = family(rt, c)
    for d in make_child(c) + make_child(c, "child/deeper"):
        (d / "cgroup.procs").write_text(str(other))
    assert sorted(rt.ps(c)) == sorted(pids)
    rt("kill", "--all", c.id, "KILL", check=True)
    gone(pids)
    assert rt.ps(c) == []


def test_v2(v2, bundle):
    c = bundle(args=["/bin/probe", "tree", "2"], namespaces=SHARED)
    v2.run_detached(c)
    pids, other = family(v2, c)
    for d in make_child(c):
        (d / "cgroup.procs").write_text(str(other))
    assert sorted(v2.ps(c)) == sorted(pids)
    v2("kill", "--all", c.id, "KILL", check=True)
    gone(pids)
    assert v2.ps(c) == []


@pytest.mark.parametrize("signal", ["KILL", "TERM"])
def test_v2_threaded(v2, bundle, signal):
    """A threaded cgroup refuses cgroup.procs; its threads' processes are still the container's."""
    c = bundle(args=["/bin/sh", "-c", "sleep 100 & sleep 100 & echo ready; wait"], namespaces=SHARED)
    v2.run_detached(c)
    pids, other = family(v2, c)
    child = make_child(c)[-1]
    (child / "cgroup.type").write_text("threaded")
    (child / "cgroup.threads").write_text(str(other))
    assert sorted(v2.ps(c)) == sorted(pids)
    v2("kill", "--all", c.id, signal, check=True)
    gone(pids)


@pytest.mark.ours
def test_paused_with_children(running, rt):
    """Frozen at the top, a child cgroup too, and killed there."""
    c = running(["/bin/probe", "tree", "2"], namespaces=SHARED)
    pids, other = family(rt, c)
    for d in make_child(c):
        (d / "cgroup.procs").write_text(str(other))
    rt("pause", c.id, check=True)
    assert rt.status(c) == "paused" and sorted(rt.ps(c)) == sorted(pids)
    rt("kill", "--all", c.id, "KILL", check=True)
    gone(pids)


# who may not make a cgroup is told for what one is needed

@pytest.mark.once("makes an ordinary user itself, for which it must be root")
@pytest.mark.ours
def test_limit_without_a_delegated_cgroup(bundle, here, program):
    user = User(here.dir / "user")
    rt = user.runtime(program)
    here.roots.append(rt.root)
    c = bundle(args=["true"], copy=True, resources={"devices": None, "pids": {"limit": 20}},
               edit=lambda x: (x["linux"]["namespaces"].append({"type": "user"}), x["mounts"].pop()))
    rootless.give(c.path)
    rt.fails(rt.run(c), "linux.resources.pids.limit", "delegated")


# run.oci.delegate-cgroup

def delegated(bundle, name="mine", args=("/bin/sh", "-c", "grep 0:: /proc/self/cgroup; echo ready; exec sleep 100"), **more):
    return bundle(args=list(args), annotations={"run.oci.delegate-cgroup": name}, **more)


def v2_path(c):
    return cgroups.v2_mount() / c.config["linux"]["cgroupsPath"].lstrip("/")


@pytest.mark.root("only root may give a cgroup to ids that are not his own")
@pytest.mark.ours
def test_delegated(v2, bundle):
    """Init lives below the container's cgroup, in one that the container's root owns; the namespace shows the upper one."""
    c = delegated(bundle, namespaces=namespaces("pid", "mount", "network", "ipc", "uts", "user", "cgroup"), linux=user_mappings())
    v2.run_detached(c)
    v2.wait_output(c, "ready")
    assert v2.output(c).splitlines()[-2] == "0::/mine"
    top, sub = v2_path(c), v2_path(c) / "mine"
    assert cgroups.members(sub) == [v2.pid(c)] and cgroups.members(top) == []
    for f in ("", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
        assert (sub / f).stat().st_uid == 100000 and (sub / f).stat().st_gid == 100000, f
    assert (sub / "cgroup.max.depth").stat().st_uid == 0 and top.stat().st_uid == 0
    assert v2.ps(c) == [v2.pid(c)]
    v2.delete(c, "--force")
    assert not top.exists()


@pytest.mark.root("only root may give a cgroup to ids that are not his own")
@pytest.mark.ours
def test_delegated_root_makes_cgroups(v2, bundle):
    script = "mkdir /sys/fs/cgroup/mine/below && echo $$ > /sys/fs/cgroup/mine/below/cgroup.procs; grep 0:: /proc/self/cgroup; mkdir /sys/fs/cgroup/other 2>/dev/null || echo refused"
    c = delegated(bundle, args=["/bin/sh", "-c", script], namespaces=namespaces("pid", "mount", "network", "ipc", "uts", "user", "cgroup"),
                  linux=user_mappings(), edit=lambda x: x["mounts"][-1]["options"].remove("ro"))
    r = v2.run(c)
    assert (r.returncode, r.stdout) == (0, "0::/mine/below\nrefused\n"), str(r)


@pytest.mark.ours
def test_delegated_created_and_hybrid(created, rt, bundle):
    if not cgroups.v2_mount():
        pytest.skip("no cgroup v2 hierarchy on this host")
    c = delegated(bundle)
    rt.create(c)
    rt.start(c)
    rt.wait_output(c, "ready")
    assert cgroups.of_process(rt.pid(c))[""].endswith(f"{c.id}/mine")


@pytest.mark.ours
@pytest.mark.parametrize("name", ["", "..", "a/b", "/x", "n" * 256])
def test_delegated_bad_name(run, rt, bundle, name):
    rt.fails(run(delegated(bundle, name)), 'annotations["run.oci.delegate-cgroup"]')

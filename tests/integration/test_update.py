# SPDX-License-Identifier: GPL-2.0-or-later
"""update: what was asked for is in force, nothing else has changed, and a failure changes nothing at all."""

import json
import os

import pytest

from lib import cgroups, user
from lib.engines import DATA
from lib.limits import M, document

needs = {c: pytest.mark.skipif(c not in cgroups.controllers(), reason=f"no {c} controller on this host")
         for c in ("memory", "pids", "cpu", "cpuset", "devices", "blkio", "freezer")}
v1 = {c: pytest.mark.skipif(cgroups.v1_mount(c) is None, reason=f"the {c} controller is not at v1 here")
      for c in ("memory", "cpu", "devices", "cpuset", "freezer")}


def value(c, controller, v1, v2=""):
    return cgroups.knob(controller, c.config["linux"]["cgroupsPath"], v1, v2).read_text().strip()


def update(rt, c, *options, check=True, **how):
    r = rt("update", *options, c.id, **how)
    if check:
        assert r.returncode == 0 and r.stdout == "" and r.stderr == "", str(r)
    return r


def memory(c):
    return int(value(c, "memory", "memory.limit_in_bytes")), int(value(c, "memory", "memory.memsw.limit_in_bytes"))


UNLIMITED = 9223372036854771712  # as v1 shows it


# options

@v1["memory"]
@v1["cpu"]
@needs["pids"]
@pytest.mark.parametrize("options, controller, file, expected", [
    (["--memory", "64m"], "memory", "memory.limit_in_bytes", 64 * M),
    (["--memory=65536k"], "memory", "memory.limit_in_bytes", 64 * M),
    (["--memory", "67108864"], "memory", "memory.limit_in_bytes", 64 * M),
    (["--memory", "1GiB"], "memory", "memory.limit_in_bytes", 1024 * M),
    (["--memory-reservation", "8M"], "memory", "memory.soft_limit_in_bytes", 8 * M),
    (["--memory", "64m", "--memory-swap", "128m"], "memory", "memory.memsw.limit_in_bytes", 128 * M),
    (["--cpu-share", "512"], "cpu", "cpu.shares", 512),
    (["--cpu-shares", "513"], "cpu", "cpu.shares", 513),
    (["--cpu-period", "50000"], "cpu", "cpu.cfs_period_us", 50000),
    (["--cpu-quota", "20000"], "cpu", "cpu.cfs_quota_us", 20000),
    (["--cpu-quota", "20000", "--cpu-burst", "1000"], "cpu", "cpu.cfs_burst_us", 1000),
    (["--cpu-idle", "1"], "cpu", "cpu.idle", 1),
    (["--cpuset-cpus", "0"], "cpuset", "cpuset.cpus", 0),
    (["--cpuset-mems", "0"], "cpuset", "cpuset.mems", 0),
    (["--pids-limit", "77"], "pids", "pids.max", 77),
    (["--pids-limit", "0"], "pids", "pids.max", 0),
])
def test_options(running, rt, options, controller, file, expected):
    c = running()
    update(rt, c, *options)
    assert int(value(c, controller, file)) == expected


@pytest.mark.ours
@v1["memory"]
def test_memory_in_use(running, rt):
    rt.fails(update(rt, running(resources={"memory": {"limit": 64 * M}}), "--memory", "4k", check=False), "linux.resources.memory.limit", "more is in use")


needs_idle = pytest.mark.skipif("cpu" not in cgroups.controllers() or not any(cgroups.knob("cpu", "", "").rglob("cpu.idle")), reason="no cpu.idle on this host")


def weight(c):
    return value(c, "cpu", "cpu.idle"), value(c, "cpu", "cpu.shares", "cpu.weight")


SHARES = {2048: "2048", 512: "512", 300: "300"} if cgroups.v1_mount("cpu") else {2048: "174", 512: "59", 300: "39"}


@pytest.mark.ours
@needs_idle
def test_weight_after_idleness(running, rt):
    """Linux forgets the weight of a group that becomes idle: it comes back, from wherever it was."""
    c = running(resources={"cpu": {"shares": 2048, "idle": 1}})
    update(rt, c, "--cpu-idle", "0")
    assert weight(c) == ("0", SHARES[2048]), "of config.json"
    update(rt, c, "--cpu-share", "512")
    update(rt, c, "--cpu-idle", "1")
    rt.fails(update(rt, c, "--cpu-share", "300", check=False), "linux.resources.cpu.shares: the container is idle", "--cpu-idle 0")
    update(rt, c, "--cpu-idle", "0")
    assert weight(c) == ("0", SHARES[512]), "of an update before"
    update(rt, c, "--cpu-idle", "1")
    document(rt, c, {"cpu": {"idle": 1, "shares": 300}})
    update(rt, c, "--cpu-idle", "0")
    assert weight(c) == ("0", SHARES[300]), "of an update in between"
    assert document(rt, c, {"cpu": {"idle": 1}, "unified": {"cgroup.max.depth": "-5"}}, check=False).returncode == 1
    assert weight(c) == ("0", SHARES[300]), "taken back"


@needs["pids"]
def test_options_behind_the_id(running, rt):
    c = running()
    r = rt("update", c.id, "--pids-limit", "55")
    assert r.returncode == 0, str(r)
    assert value(c, "pids", "pids.max") == "55"


@needs["pids"]
def test_no_limit(running, rt):
    c = running(resources={"pids": {"limit": 20}})
    update(rt, c, "--pids-limit", "-1")
    assert value(c, "pids", "pids.max") == "max"


@v1["memory"]
def test_memory_without_limit(running, rt):
    """On v1 a limit of memory and swap together would be in the way of it."""
    c = running(resources={"memory": {"limit": 64 * M, "swap": 64 * M}})
    update(rt, c, "--memory", "-1")
    assert memory(c) == (UNLIMITED, UNLIMITED)


@pytest.mark.ours
@pytest.mark.parametrize("options, text", [
    (["--memory", "x"], "--memory"),
    (["--memory", "-5m"], "--memory"),
    (["--memory", "9223372036854775807g"], "--memory"),
    (["--memory", "5q"], "--memory"),
    (["--memory", ""], "--memory"),
    (["--pids-limit", "5m"], "--pids-limit"),
    (["--cpu-period", "-3"], "--cpu-period"),
    (["--blkio-weight", "4294967297"], "--blkio-weight"),
    (["--memory", " 5m"], 'invalid value " 5m" for --memory: expected a size like 512m, or -1'),
    (["--memory", "5m "], "--memory"), (["--memory", "+5m"], "--memory"), (["--memory", "05m"], "--memory"),
    (["--memory", "0x500000"], "--memory"), (["--memory", "5\t"], "--memory"), (["--memory", "--5"], "--memory"),
    (["--memory", "-2"], "--memory: expected a number from 0 on, or -1 for no limit, found -2"),
    (["--memory-swap", "-2"], "--memory-swap"), (["--memory-reservation", "-9"], "--memory-reservation"),
    (["--kernel-memory", "-2"], "--kernel-memory"), (["--kernel-memory-tcp", "-2"], "--kernel-memory-tcp"),
    (["--cpu-quota", "-2"], "--cpu-quota"), (["--cpu-rt-runtime", "-2"], "--cpu-rt-runtime"),
    (["--cpu-quota", "\n5000"], "--cpu-quota"), (["--cpu-idle", "2"], "--cpu-idle: expected a number from 0 to 1, found 2"),
    (["--cpu-shares", "-1"], "--cpu-share: expected a number from 0 on, found -1"), (["--cpu-burst", " 0"], "--cpu-burst"),
    (["--blkio-weight", "5"], "--blkio-weight: expected a number from 10 to 1000, or 0, found 5"),
    (["--blkio-weight", "1001"], "--blkio-weight"), (["--blkio-weight", "-1"], "--blkio-weight"),
    (["--pids-limit", "010"], 'invalid value "010" for --pids-limit: expected a number'), (["--pids-limit", "1e3"], "--pids-limit"),
    (["--l3-cache-schema", "L3:0=f"], "linux.intelRdt"),
    (["--mem-bw-schema", "MB:0=10"], "linux.intelRdt"),
    (["--resources", "/no/such"], "no such file or directory"),
])
def test_bad_values(running, rt, options, text):
    c = running()
    rt.fails(update(rt, c, *options, check=False), text)


@pytest.mark.ours
def test_bad_numbers_in_a_document(running, rt):
    """With the limits of config.json, and the place."""
    c = running()
    rt.fails(document(rt, c, {"memory": {"limit": -2}}, check=False), "standard input:1:22: memory.limit: expected an integer from 0 on, or -1 for no limit, found -2")
    rt.fails(document(rt, c, {"blockIO": {"weight": 5}}, check=False), "blockIO.weight: expected an integer from 10 to 1000, or 0, found 5")


# order and partial documents

@v1["memory"]
@pytest.mark.parametrize("before, after", [((64, 128), (256, 512)), ((256, 512), (64, 128)), ((64, 64), (65, 65)), ((65, 65), (64, 64)),
                                           ((64, 128), (128, 128)), ((64, 128), (64, -1))])
def test_memory_and_swap_in_either_direction(running, rt, before, after):
    c = running(resources={"memory": {"limit": before[0] * M, "swap": before[1] * M}})
    document(rt, c, {"memory": {"limit": after[0] * M, "swap": after[1] * M if after[1] > 0 else -1}})
    assert memory(c) == (after[0] * M, after[1] * M if after[1] > 0 else UNLIMITED)


@v1["memory"]
def test_swap_alone(running, rt):
    c = running(resources={"memory": {"limit": 64 * M, "swap": 128 * M}})
    document(rt, c, {"memory": {"swap": 96 * M}})
    assert memory(c) == (64 * M, 96 * M)
    rt.fails(document(rt, c, {"memory": {"swap": 32 * M}}, check=False), "linux.resources.memory.swap")
    assert memory(c) == (64 * M, 96 * M)


@v1["memory"]
def test_limit_above_the_one_with_swap(running, rt):
    c = running(resources={"memory": {"limit": 64 * M, "swap": 128 * M}})
    rt.fails(update(rt, c, "--memory", "256m", check=False), "linux.resources.memory.limit", "linux.resources.memory.swap")
    assert memory(c) == (64 * M, 128 * M)


@v1["cpu"]
@pytest.mark.parametrize("before, after", [((50000, 100000), (5000, 10000)), ((5000, 10000), (50000, 100000)), ((50000, 100000), (100000, 1000000))])
def test_quota_and_period_below_a_limited_parent(running, rt, here, before, after):
    """The ratio of quota and period may not exceed the parent's, in between neither."""
    c = running(resources={"cpu": {"quota": before[0], "period": before[1]}})
    parent = cgroups.v1_mount("cpu") / here.tag
    (parent / "cpu.cfs_quota_us").write_text("50000")
    update(rt, c, "--cpu-quota", str(after[0]), "--cpu-period", str(after[1]))
    assert int(value(c, "cpu", "cpu.cfs_quota_us")) == after[0] and int(value(c, "cpu", "cpu.cfs_period_us")) == after[1]


@v1["cpu"]
def test_burst_before_a_smaller_quota(running, rt):
    c = running(resources={"cpu": {"quota": 50000, "period": 100000, "burst": 40000}})
    update(rt, c, "--cpu-quota", "10000", "--cpu-burst", "5000")
    assert value(c, "cpu", "cpu.cfs_quota_us") == "10000" and value(c, "cpu", "cpu.cfs_burst_us") == "5000"


@v1["memory"]
@v1["cpu"]
@needs["pids"]
def test_only_what_was_asked(running, rt):
    c = running(resources={"memory": {"limit": 64 * M, "swap": 128 * M, "reservation": 32 * M}, "cpu": {"shares": 300, "quota": 30000, "period": 60000},
                           "pids": {"limit": 30}})
    files = [("memory", f) for f in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.soft_limit_in_bytes")] + \
            [("cpu", f) for f in ("cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us")] + [("pids", "pids.max"), ("devices", "devices.list")]
    before = {f: value(c, *f) for f in files}
    document(rt, c, {"cpu": {"shares": 400}})
    assert {f: value(c, *f) for f in files} == before | {("cpu", "cpu.shares"): "400"}
    document(rt, c, {})
    document(rt, c, {"memory": {"limit": 0, "swap": 0}, "cpu": {"shares": 0, "quota": 0, "period": 0, "cpus": ""}})
    assert {f: value(c, *f) for f in files} == before | {("cpu", "cpu.shares"): "400"}


@v1["memory"]
@v1["cpu"]
@needs["pids"]
@pytest.mark.ours
def test_failure_restores(running, rt):
    c = running(resources={"memory": {"limit": 64 * M, "swap": 128 * M}, "cpu": {"shares": 300}, "pids": {"limit": 30}})
    r = document(rt, c, {"memory": {"limit": 32 * M, "swap": 64 * M}, "cpu": {"shares": 700, "cpus": "4000"}, "pids": {"limit": 7}}, check=False)
    rt.fails(r, "linux.resources.cpu.cpus")
    r = document(rt, c, {"memory": {"limit": 32 * M, "swap": 64 * M}, "cpu": {"shares": 700, "quota": 5}, "pids": {"limit": 7}}, check=False)
    rt.fails(r, "linux.resources.cpu.quota")
    assert memory(c) == (64 * M, 128 * M)
    assert value(c, "cpu", "cpu.shares") == "300" and value(c, "pids", "pids.max") == "30"


@v1["memory"]
@pytest.mark.ours
def test_check_before_update(running, rt):
    c = running(["/bin/sh", "-c", "head -c 30000000 /dev/zero >/dev/shm/x; echo ready; exec sleep 100"])
    rt.wait_output(c, "ready")
    rt.fails(document(rt, c, {"memory": {"limit": M, "checkBeforeUpdate": True}}, check=False), "rejecting memory limit", "linux.resources.memory.limit")
    assert memory(c)[0] == UNLIMITED
    document(rt, c, {"memory": {"limit": 512 * M, "checkBeforeUpdate": True}})
    assert memory(c)[0] == 512 * M


# engines

@v1["memory"]
@v1["cpu"]
@pytest.mark.parametrize("name", sorted(p.parent.name for p in DATA.glob("*/resources.json")))
def test_documents_of_engines(running, rt, name):
    """They say "deny all devices" in passing; the container's devices stay."""
    text = (DATA / name / "resources.json").read_text()
    wanted = json.loads(text)
    c = running(["/bin/sh", "-c", "while read x; do echo ok >/dev/null && echo fine; done </dev/zero; exec sleep 100"],
                resources={"memory": {"limit": 256 * M, "swap": 512 * M}})
    before = value(c, "devices", "devices.list") if cgroups.v1_mount("devices") else ""
    update(rt, c, "--resources", "-", input=text)
    assert memory(c)[0] == wanted["memory"]["limit"]
    assert int(value(c, "cpu", "cpu.cfs_quota_us")) == wanted["cpu"]["quota"]
    if before:
        assert value(c, "devices", "devices.list") == before


@needs["pids"]
def test_resources_of_a_file(running, rt, here):
    c = running()
    (here.dir / "r.json").write_text('{"pids": {"limit": 44}}')
    update(rt, c, f"--resources={here.dir / 'r.json'}")
    assert value(c, "pids", "pids.max") == "44"


@pytest.mark.ours
@needs["pids"]
def test_options_over_the_document(running, rt):
    c = running()
    update(rt, c, "--pids-limit", "12", "-r", "-", input='{"pids": {"limit": 44}}')
    assert value(c, "pids", "pids.max") == "12"


@pytest.mark.ours
@pytest.mark.parametrize("text, error", [("{", "standard input:1"), ("", "standard input"), ('{"pids": {"limit": "ten"}}', "pids.limit"), ("[]", "standard input"),
                                         ('{"unified": {"../x": "1"}}', "linux.resources.unified")])
def test_bad_documents(running, rt, text, error):
    c = running()
    rt.fails(update(rt, c, "-r", "-", input=text, check=False), error)


# devices

def device_list(c):
    return sorted(value(c, "devices", "devices.list").splitlines())


@pytest.mark.root("only the host's root may set device rules")
@v1["devices"]
@pytest.mark.ours
def test_devices_are_changed(running, rt):
    c = running(resources={"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 200, "access": "rwm"}]})
    before = device_list(c)
    assert "c 10:200 rwm" in before
    document(rt, c, {"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"},
                                 {"allow": True, "type": "b", "major": 7, "access": "r"}]})
    after = device_list(c)
    assert "c 10:200 rwm" not in after and "c 10:229 rw" in after and "b 7:* r" in after
    assert {l for l in before if not l.startswith("c 10:")} <= set(after)


@pytest.mark.root("only the host's root may set device rules")
@v1["devices"]
@needs["freezer"]
@pytest.mark.ours
def test_devices_to_all_and_back(running, rt):
    c = running()
    before = device_list(c)
    document(rt, c, {"devices": [{"allow": True, "access": "rwm"}]})
    assert device_list(c) == ["a *:* rwm"]
    document(rt, c, {"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"}]})
    assert device_list(c) == before
    assert rt.status(c) == "running"


@pytest.mark.root("only the host's root may set device rules")
@v1["devices"]
@needs["freezer"]
@pytest.mark.slow
def test_no_gap_in_the_rules(running, rt):
    """/dev/null can be opened at every moment of a change of rules, and /dev/zero's neighbour never."""
    script = "while true; do true </dev/null || echo refused; true 2>/dev/null </dev/forbidden && echo open; done"
    c = running(["/bin/sh", "-c", script],
                linux={"devices": [{"path": "/dev/forbidden", "type": "c", "major": 10, "minor": 200, "fileMode": 0o666}]},
                resources={"devices": [{"allow": False, "access": "rwm"}]})
    for i in range(30):
        document(rt, c, {"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 210 + i % 2, "access": "rwm"}]})
    assert rt.status(c) == "running"
    said = rt.output(c)
    assert "refused" not in said and "open" not in said


@pytest.mark.root("only the host's root may set device rules")
@v1["devices"]
@pytest.mark.ours
def test_failed_devices_restore(running, rt):
    c = running()
    before = device_list(c)
    r = document(rt, c, {"devices": [{"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"}], "cpu": {"cpus": "4000"}}, check=False)
    rt.fails(r, "linux.resources.cpu.cpus")
    assert device_list(c) == before


# states

@needs["freezer"]
@needs["pids"]
def test_paused_stays_paused(running, rt):
    c = running()
    rt("pause", c.id, check=True)
    update(rt, c, "--pids-limit", "9")
    if not user.ACTIVE:
        document(rt, c, {"devices": [{"allow": True, "access": "rwm"}]})
    assert rt.status(c) == "paused" and value(c, "pids", "pids.max") == "9"
    rt("resume", c.id, check=True)
    assert rt.status(c) == "running"


@needs["pids"]
def test_created(created, rt):
    c = created()
    update(rt, c, "--pids-limit", "9")
    assert value(c, "pids", "pids.max") == "9" and rt.status(c) == "created"
    rt.start(c)


@pytest.mark.ours
def test_stopped_and_unknown(running, rt):
    c = running(["true"])
    rt.wait_status(c, "stopped")
    rt.fails(update(rt, c, "--pids-limit", "9", check=False), "container not running")
    rt.fails(rt("update", "--pids-limit", "9", "no-such"), 'container "no-such" does not exist')


# cgroup v2

@pytest.fixture
def two(rt, v2_view):
    """The runtime where only v2 is mounted; what it has made it also deletes there."""
    two = rt.with_options(prefix=v2_view)
    yield two
    for id in rt.ids:
        two("delete", "--force", id)


@pytest.mark.ours
def test_v2_hugetlb(two, bundle):
    """The one controller that v1 leaves to v2 on a hybrid host: both the limit and its undoing."""
    c = bundle(args=["/bin/probe", "sleep"])
    two.run_detached(c)
    path = cgroups.v2_mount() / c.config["linux"]["cgroupsPath"].lstrip("/")
    if not (path / "hugetlb.2MB.max").exists():
        pytest.skip("no hugetlb controller at v2 here")
    assert document(two, c, {"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * M}]}).returncode == 0
    assert (path / "hugetlb.2MB.max").read_text() == f"{4 * M}\n"
    r = document(two, c, {"hugepageLimits": [{"pageSize": "2MB", "limit": 8 * M}], "unified": {"hugetlb.no-such": "1"}}, check=False)
    two.fails(r, 'linux.resources.unified["hugetlb.no-such"]')
    assert (path / "hugetlb.2MB.max").read_text() == f"{4 * M}\n"
    two.fails(document(two, c, {"memory": {"swappiness": 3}}, check=False), "linux.resources.memory.swappiness")


@pytest.mark.root("only the host's root may set device rules")
@pytest.mark.ours
@pytest.mark.skipif(not os.path.exists("/dev/net/tun"), reason="no /dev/net/tun on this host")
def test_v2_devices_are_replaced(two, bundle):
    """One program goes, another comes; a third beside it would only ever take away."""
    script = "while true; do (echo tun </dev/tun) 2>/dev/null || echo no; (echo full </dev/full) 2>/dev/null || echo nofull; sleep 0.02; done"
    c = bundle(args=["/bin/sh", "-c", script], process={"noNewPrivileges": False},
               linux={"devices": [{"path": "/dev/tun", "type": "c", "major": 10, "minor": 200, "fileMode": 0o666}]},
               resources={"devices": [{"allow": False, "access": "rwm"}]})
    two.run_detached(c)
    two.wait_output(c, "no\nfull\n")
    document(two, c, {"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 200, "access": "rwm"}]})
    two.wait_output(c, "tun\nfull\n")
    document(two, c, {"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "r"}]})
    two.wait_output(c, "tun\nfull\nno\nfull\n")
    document(two, c, {"devices": [{"allow": True, "access": "rwm"}]})
    document(two, c, {"pids": {"limit": 5}} if "pids" in (cgroups.v2_mount() / "cgroup.controllers").read_text() else {})
    assert "nofull" not in two.output(c)


@pytest.mark.ours
@pytest.mark.parametrize("file", ["cgroup.procs", "cgroup.threads", "cgroup.kill", "cgroup.freeze", "cgroup.type", "cgroup.subtree_control"])
def test_what_is_no_resource(bundle, rt, file):
    """It would move or end processes, and could not be given back."""
    c = bundle(args=["sleep", "100"])
    rt.run_detached(c)
    r = rt("update", "--resources", "-", c.id, input=json.dumps({"unified": {file: "1"}}))
    assert r.returncode == 1 and f'unified["{file}"]: not a resource' in r.stderr, str(r)
    assert rt("state", c.id, check=True).json["status"] == "running"
    other = bundle(args=["true"], linux={"resources": {"unified": {file: "1"}}})
    assert "not a resource" in rt.run(other).stderr

# SPDX-License-Identifier: GPL-2.0-or-later
"""Every resource of cgroup v1, where its controllers are mounted: in the kernel's files after start and after update, in force,
and what has no counterpart refused by name."""

import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from lib import cgroups
from lib.bundle import bind

pytestmark = [pytest.mark.root("v1 is not delegated"),
              pytest.mark.skipif(cgroups.v1_mount("memory") is None, reason="cgroup v1 is not mounted here")]
M = 1 << 20


def directory(c, controller) -> Path:
    mount = cgroups.v1_mount(controller) or cgroups.v2_mount()
    if not mount or controller not in cgroups.controllers():
        pytest.skip(f"no {controller} controller on this host")
    return mount / c.config["linux"]["cgroupsPath"].lstrip("/")


def document(rt, c, resources, check=True):
    r = rt("update", "--resources", "-", c.id, input=json.dumps(resources))
    assert not check or (r.returncode, r.stdout, r.stderr) == (0, "", ""), str(r)
    return r


def block_device() -> tuple:
    """(major, minor) of some disk"""
    disks = [d for d in Path("/sys/block").iterdir() if "virtual" not in os.path.realpath(d)]
    if not disks:
        pytest.skip("no disk here")
    return tuple(int(n) for n in (disks[0] / "dev").read_text().split(":"))


def throttle(kind, rate):
    major, minor = block_device()
    return {"blockIO": {f"throttle{kind}Device": [{"major": major, "minor": minor, "rate": rate}]}}


def bfq():
    return any("bfq" in f.read_text() for f in Path("/sys/block").glob("*/queue/scheduler"))


# (resources, others for the update), controller, file, what it has then; "{disk}" is the disk's number
TABLE = {
    "limit": ([{"memory": {"limit": n * M}} for n in (64, 80)], "memory", "memory.limit_in_bytes", [f"{n * M}" for n in (64, 80)]),
    "reservation": ([{"memory": {"reservation": n * M}} for n in (32, 16)], "memory", "memory.soft_limit_in_bytes", [f"{n * M}" for n in (32, 16)]),
    "swap": ([{"memory": {"limit": 64 * M, "swap": n * M}} for n in (96, 128)], "memory", "memory.memsw.limit_in_bytes", [f"{n * M}" for n in (96, 128)]),
    "swappiness": ([{"memory": {"swappiness": n}} for n in (7, 8)], "memory", "memory.swappiness", ["7", "8"]),
    "disableOOMKiller": ([{"memory": {"disableOOMKiller": b}} for b in (True, False)], "memory", "memory.oom_control",
                         [f"oom_kill_disable {b}" for b in (1, 0)]),
    "kernelTCP": ([{"memory": {"kernelTCP": n * M}} for n in (4, 8)], "memory", "memory.kmem.tcp.limit_in_bytes", [f"{n * M}" for n in (4, 8)]),
    "shares": ([{"cpu": {"shares": n}} for n in (512, 256)], "cpu", "cpu.shares", ["512", "256"]),
    "quota": ([{"cpu": {"quota": n, "period": 50000}} for n in (25000, 20000)], "cpu", "cpu.cfs_quota_us", ["25000", "20000"]),
    "period": ([{"cpu": {"period": n}} for n in (50000, 60000)], "cpu", "cpu.cfs_period_us", ["50000", "60000"]),
    "burst": ([{"cpu": {"quota": 50000, "burst": n}} for n in (5000, 4000)], "cpu", "cpu.cfs_burst_us", ["5000", "4000"]),
    "idle": ([{"cpu": {"idle": n}} for n in (1, 0)], "cpu", "cpu.idle", ["1", "0"]),
    "cpus": ([{"cpu": {"cpus": n}} for n in ("0", "0")], "cpuset", "cpuset.cpus", ["0", "0"]),
    "mems": ([{"cpu": {"mems": n}} for n in ("0", "0")], "cpuset", "cpuset.mems", ["0", "0"]),
    "pids": ([{"pids": {"limit": n}} for n in (12, 0)], "pids", "pids.max", ["12", "0"]),
    "hugepages": ([{"hugepageLimits": [{"pageSize": "2MB", "limit": n * M}]} for n in (4, 8)], "hugetlb", "hugetlb.2MB.max", [f"{n * M}" for n in (4, 8)]),
    "rbps": ([lambda n=n: throttle("ReadBps", n) for n in (1000000, 2000000)], "blkio", "blkio.throttle.read_bps_device", ["{disk} 1000000", "{disk} 2000000"]),
    "wbps": ([lambda n=n: throttle("WriteBps", n) for n in (1000000, 0)], "blkio", "blkio.throttle.write_bps_device", ["{disk} 1000000", ""]),
    "riops": ([lambda n=n: throttle("ReadIOPS", n) for n in (1000, 2000)], "blkio", "blkio.throttle.read_iops_device", ["{disk} 1000", "{disk} 2000"]),
    "wiops": ([lambda n=n: throttle("WriteIOPS", n) for n in (1000, 2000)], "blkio", "blkio.throttle.write_iops_device", ["{disk} 1000", "{disk} 2000"]),
    "weight": ([{"blockIO": {"weight": n}} for n in (500, 300)], "blkio", "blkio.bfq.weight", ["500", "300"]),
}


@pytest.mark.parametrize("name", TABLE)
def test_files(running, rt, name):
    resources, controller, file, want = TABLE[name]
    if name == "weight" and not bfq():
        pytest.skip("the kernel has no bfq")
    resources = [r() if callable(r) else r for r in resources]
    c = running(resources=resources[0])
    path = directory(c, controller) / (file if controller != "hugetlb" or not cgroups.v1_mount("hugetlb") else "hugetlb.2MB.limit_in_bytes")
    for i in (0, 1):
        if i:
            document(rt, c, resources[1])
        number = "{}:{}".format(*block_device()) if "{disk}" in want[i] else ""
        assert path.read_text().split("\n")[0] == want[i].replace("{disk}", number)


def test_realtime(bundle, rt, here):
    """A cgroup can only have what the one above it has: one below the root."""
    root = cgroups.v1_mount("cpu")
    if not (root / "cpu.rt_runtime_us").exists() or int((root / "cpu.rt_runtime_us").read_text()) <= 0:
        pytest.skip("the kernel has no realtime groups, or no time for them here")
    c = bundle(args=["sleep", "1000"], linux={"cgroupsPath": f"/{here.tag}"}, resources={"cpu": {"realtimePeriod": 500000, "realtimeRuntime": 1000}})
    rt.run_detached(c)
    d = root / here.tag
    assert [(d / f).read_text() for f in ("cpu.rt_period_us", "cpu.rt_runtime_us")] == ["500000\n", "1000\n"]
    r = rt("update", "--cpu-rt-runtime", "2000", c.id)
    assert r.returncode == 0 and (d / "cpu.rt_runtime_us").read_text() == "2000\n", str(r)
    rt.delete(c, "--force")


@pytest.mark.ours
@pytest.mark.parametrize("resources, words", [
    ({"network": {"classID": 5}}, ("linux.resources.network.classID", "net_cls")),
    ({"network": {"priorities": [{"name": "lo", "priority": 5}]}}, ("linux.resources.network.priorities", "net_prio")),
    ({"rdma": {"mlx": {"hcaHandles": 3}}}, ("linux.resources.rdma", "rdma")),
    ({"unified": {"memory.high": "1000000"}}, ('linux.resources.unified["memory.high"]', "memory")),
    ({"hugepageLimits": [{"pageSize": "3MB", "limit": 0}]}, ("linux.resources.hugepageLimits[0]",)),
    ({"blockIO": {"leafWeight": 10}}, ("linux.resources.blockIO.leafWeight",))], ids=lambda v: next(iter(v)) if isinstance(v, dict) else "")
def test_without_a_counterpart(bundle, run, rt, resources, words):
    controller = {"network": "net_cls", "rdma": "rdma"}.get(next(iter(resources)))
    if controller in cgroups.controllers():
        pytest.skip(f"there is a controller {controller} here")
    rt.fails(run(bundle(args=["true"], resources=resources)), *words)


# in force

HUNGRY = ["/bin/sh", "-c", "echo ready; while [ ! -e /dev/shm/go ]; do sleep 0.05; done; probe allocate 67108864; echo status $?; exec sleep 1000"]


def go(rt, c):
    Path(f"/proc/{rt.pid(c)}/root/dev/shm/go").touch()


@pytest.mark.parametrize("when", ["start", "update"])
def test_memory_is_enforced(running, rt, when):
    limit = {"memory": {"limit": 16 * M, "swap": 16 * M}}
    c = running(HUNGRY, resources=limit if when == "start" else {"memory": {"limit": 256 * M, "swap": 256 * M}})
    rt.wait_output(c, "ready", 60)
    if when == "update":
        document(rt, c, limit)
    go(rt, c)
    rt.wait_output(c, "status 137", 60)
    assert rt.status(c) == "running"


@pytest.mark.parametrize("when", ["start", "update"])
def test_pids_are_enforced(running, rt, when):
    limit = {"pids": {"limit": 10}}
    c = running(["/bin/sh", "-c", "while [ ! -e /dev/shm/go ]; do sleep 0.05; done; probe forks 50; exec sleep 1000"],
                resources=limit if when == "start" else {"pids": {"limit": 100}})
    if when == "update":
        document(rt, c, limit)
    go(rt, c)
    rt.wait_output(c, '"forks"', 60)
    assert int(rt.output(c).split('"forks":')[1].split(",")[0].strip(" }\n")) < 10


@pytest.mark.parametrize("when", ["start", "update"])
def test_cpu_is_enforced(running, rt, when):
    """A tenth of a processor: 0.2 seconds of work take 1.5 seconds at least."""
    limit = {"cpu": {"quota": 10000, "period": 100000}}
    c = running(["/bin/sh", "-c", "while [ ! -e /dev/shm/go ]; do sleep 0.05; done; while :; do :; done"], resources=limit if when == "start" else None)
    if when == "update":
        document(rt, c, limit)
    go(rt, c)
    usage = directory(c, "cpuacct") / "cpuacct.usage"
    before, begin = int(usage.read_text()), time.monotonic()
    while (used := int(usage.read_text()) - before) < 200000000:
        assert time.monotonic() - begin < 120, used
        time.sleep(0.05)
    assert time.monotonic() - begin > 1.5


@pytest.mark.parametrize("when", ["start", "update"])
def test_writing_is_throttled(running, rt, when):
    d = Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        number = os.stat(d).st_dev
        if not Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/queue").exists():
            pytest.skip("/var/tmp is not on a whole disk here")
        d.chmod(0o777)
        limit = {"blockIO": {"throttleWriteBpsDevice": [{"major": os.major(number), "minor": os.minor(number), "rate": 2 * M}]}}
        script = "while [ ! -e /dev/shm/go ]; do sleep 0.05; done; dd if=/dev/zero of=/mnt/x bs=1M count=8 oflag=direct 2>/dev/null; echo written; exec sleep 1000"
        c = running(["/bin/sh", "-c", script], resources=limit if when == "start" else None, mounts=[bind(d, "/mnt", "rw")])
        if when == "update":
            document(rt, c, limit)
        begin = time.monotonic()
        go(rt, c)
        rt.wait_output(c, "written", 120)
        assert time.monotonic() - begin > 2, "8 MiB at 2 MiB/s"
        rt.delete(c, "--force")
    finally:
        shutil.rmtree(d)


def test_devices_are_enforced(running, rt):
    """What no rule allows cannot be opened, what one allows can (by the error of there being no driver); and after update."""
    node = {"path": "/dev/x", "type": "c", "major": 10, "minor": 250, "fileMode": 0o666}
    rules = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 250, "access": "rw"}]
    c = running(linux={"devices": [node]}, resources={"devices": rules[:1]})
    for listed, text in ((rules, "No such device"), ([*rules[:1], rules[1] | {"minor": 251}], "Operation not permitted")):
        assert ("Operation not permitted" if listed is rules else "No such device") in rt("exec", c.id, "sh", "-c", ": </dev/x").stderr
        document(rt, c, {"devices": listed})
        assert text in rt("exec", c.id, "sh", "-c", ": </dev/x").stderr

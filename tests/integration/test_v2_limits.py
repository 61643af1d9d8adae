# SPDX-License-Identifier: GPL-2.0-or-later
"""Limits of cgroup v2, in its files and in force, from the start and after update: where v2 has the controllers (make check-vm)."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from lib import cgroups, processes
from lib.bundle import bind
from lib.limits import HUNGRY, M, WAIT, document, go, limited, out_of_memory
from lib.user import as_root

V2 = cgroups.v2_mount()
HERE = set((V2 / "cgroup.controllers").read_text().split()) if V2 else set()
pytestmark = pytest.mark.skipif(not {"memory", "cpu", "pids", "io", "cpuset"} <= HERE, reason="cgroup v2 has not the controllers here (make check-vm)")

K = 1 << 10


def place(c) -> Path:
    return V2 / c.config["linux"]["cgroupsPath"].lstrip("/")


def value(c, file) -> str:
    return (place(c) / file).read_text().strip()


def counts(c, file) -> dict:
    return {k: int(v) for k, v in (l.split() for l in value(c, file).splitlines())}


# what stands in the files

TABLE = {
    "memory": ({"memory": {"limit": 64 * M, "reservation": 32 * M}}, {"memory.max": f"{64 * M}", "memory.low": f"{32 * M}"}),
    "swap": ({"memory": {"limit": 64 * M, "swap": 96 * M}}, {"memory.max": f"{64 * M}", "memory.swap.max": f"{32 * M}"}),
    "no-swap": ({"memory": {"limit": 64 * M, "swap": 64 * M}}, {"memory.swap.max": "0"}),
    "any-swap": ({"memory": {"limit": 64 * M, "swap": -1}}, {"memory.max": f"{64 * M}", "memory.swap.max": "max"}),
    "no-memory-limit": ({"memory": {"limit": -1}}, {"memory.max": "max"}),
    "quota": ({"cpu": {"quota": 25000, "period": 50000}}, {"cpu.max": "25000 50000"}),
    "burst": ({"cpu": {"quota": 25000, "period": 50000, "burst": 5000}}, {"cpu.max": "25000 50000", "cpu.max.burst": "5000"}),
    "idle": ({"cpu": {"idle": 1}}, {"cpu.idle": "1"}),
    "least-shares": ({"cpu": {"shares": 2}}, {"cpu.weight": "1"}),
    "usual-shares": ({"cpu": {"shares": 1024}}, {"cpu.weight": "100"}),
    "most-shares": ({"cpu": {"shares": 262144}}, {"cpu.weight": "10000"}),
    "cpuset": ({"cpu": {"cpus": "0", "mems": "0"}}, {"cpuset.cpus": "0", "cpuset.mems": "0"}),
    "pids": ({"pids": {"limit": 12}}, {"pids.max": "12"}),
    "no-pids": ({"pids": {"limit": 0}}, {"pids.max": "0"}),
    "unified": ({"unified": {"memory.high": f"{48 * M}", "cpu.weight": "77", "pids.max": "33", "memory.oom.group": "1"}},
                {"memory.high": f"{48 * M}", "cpu.weight": "77", "pids.max": "33", "memory.oom.group": "1"}),
    "hugetlb": ({"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * M}]}, {"hugetlb.2MB.max": f"{4 * M}"}),
}


def check_files(c, files):
    for file, want in files.items():
        assert value(c, file) == want, file


@pytest.mark.parametrize("row", TABLE)
def test_files(running, rt, row):
    resources, files = TABLE[row]
    if row == "hugetlb" and "hugetlb" not in HERE:
        pytest.skip("no hugetlb controller in v2 here")
    check_files(running(resources=resources), files)
    if row == "no-pids":
        return
    c = running()
    document(rt, c, resources)
    check_files(c, files)


def test_memory_limits_in_either_direction(running, rt):
    c = running(resources={"memory": {"limit": 64 * M, "swap": 128 * M}})
    for limit, swap in ((256, 512), (32, 48), (48, 48)):
        document(rt, c, {"memory": {"limit": limit * M, "swap": swap * M}})
        check_files(c, {"memory.max": f"{limit * M}", "memory.swap.max": f"{(swap - limit) * M}"})


@pytest.mark.ours
def test_refused_update_changes_nothing(running, rt):
    c = running(resources={"memory": {"limit": 64 * M}, "pids": {"limit": 12}})
    rt.fails(document(rt, c, {"memory": {"limit": 32 * M}, "pids": {"limit": 9}, "cpu": {"cpus": "4000"}}, check=False), "linux.resources.cpu.cpus")
    rt.fails(document(rt, c, {"memory": {"limit": 32 * M}, "unified": {"memory.no-such": "1"}}, check=False), 'unified["memory.no-such"]')
    check_files(c, {"memory.max": f"{64 * M}", "pids.max": "12"})


@pytest.mark.parametrize("options, files", [
    (["--memory", "64m", "--memory-swap", "96m"], {"memory.max": f"{64 * M}", "memory.swap.max": f"{32 * M}"}),
    (["--memory-reservation", "8m"], {"memory.low": f"{8 * M}"}), (["--cpu-shares", "1024"], {"cpu.weight": "100"}),
    (["--cpu-quota", "20000", "--cpu-period", "50000"], {"cpu.max": "20000 50000"}), (["--cpuset-cpus", "0"], {"cpuset.cpus": "0"}),
    (["--pids-limit", "77"], {"pids.max": "77"})])
def test_update_by_options(running, rt, options, files):
    c = running(resources={"cpu": {"cpus": "0-1"}} if os.cpu_count() > 1 else {})
    r = rt("update", *options, c.id)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", ""), str(r)
    check_files(c, files)


# memory

@pytest.mark.parametrize("when", ["start", "update"])
def test_memory_is_enforced(running, rt, when):
    assert counts(out_of_memory(running, rt, when), "memory.events")["oom_kill"] == 1


def test_memory_that_update_gives(running, rt):
    c = running(HUNGRY, resources={"memory": {"limit": 16 * M, "swap": 16 * M}})
    rt.wait_output(c, "ready", 60)
    document(rt, c, {"memory": {"limit": 256 * M, "swap": 256 * M}})
    go(rt, c)
    rt.wait_output(c, "status 0", 60)
    assert counts(c, "memory.events")["oom_kill"] == 0


@pytest.fixture
def swap():
    """Swap space on the disk, for as long as the test takes."""
    d = Path(tempfile.mkdtemp(dir="/var/tmp"))
    file = d / "swap"
    file.touch(0o600)
    try:
        subprocess.run(["fallocate", "-l", "128M", file], check=True, timeout=120)
        subprocess.run(["mkswap", file], check=True, capture_output=True, timeout=120)
        as_root(["swapon", file], check=True, timeout=120)
        yield
        as_root(["swapoff", file], check=True, timeout=300)
    finally:
        shutil.rmtree(d)


@pytest.mark.parametrize("resources, status", [({"limit": 32 * M, "swap": 32 * M}, 137), ({"limit": 32 * M, "swap": 128 * M}, 0)],
                         ids=["no swap", "swap"])
def test_swap_is_what_the_two_limits_leave(swap, running, rt, resources, status):
    c = running(HUNGRY, resources={"memory": resources})
    rt.wait_output(c, "ready", 60)
    go(rt, c)
    rt.wait_output(c, f"status {status}", 120)


def test_out_of_memory_as_one(running, rt):
    """memory.oom.group: all of the container, not its largest process."""
    c = running(HUNGRY, resources={"memory": {"limit": 16 * M, "swap": 16 * M}, "unified": {"memory.oom.group": "1"}})
    rt.wait_output(c, "ready", 60)
    go(rt, c)
    rt.wait_status(c, "stopped", 60)


def test_half_a_mebibyte(bundle, run):
    """A promise. 256 KiB do with Linux 7.2, and not always with 6.1."""
    c = bundle(args=["/bin/echo", "fits"], resources={"memory": {"limit": 512 * K, "swap": 512 * K}, "pids": {"limit": 1}})
    for _ in range(10):
        r = run(c)
        assert (r.returncode, r.stdout, r.stderr) == (0, "fits\n", ""), str(r)


# cpu

BUSY = ["/bin/sh", "-c", "while :; do :; done"]


def used(c) -> float:
    return counts(c, "cpu.stat")["usage_usec"] / 1e6


@pytest.mark.parametrize("when", ["start", "update"])
def test_cpu_max_is_enforced(running, rt, when):
    limit = {"cpu": {"quota": 10000, "period": 50000}}
    c = running(BUSY, resources=limit if when == "start" else None)
    if when == "update":
        document(rt, c, limit)
    processes.until(lambda: counts(c, "cpu.stat")["nr_throttled"] > 2, "never throttled", 60)
    begin, before = time.monotonic(), used(c)
    time.sleep(2)
    share = (used(c) - before) / (time.monotonic() - begin)
    assert share < 0.3, "a fifth of a processor was asked for"
    if when == "update":
        document(rt, c, {"cpu": {"quota": -1}})
        assert value(c, "cpu.max").split()[0] == "max"


def test_cpu_shares_are_weights(running):
    """Two that want the same processor."""
    less, more = (running(BUSY, resources={"cpu": {"cpus": "0", "shares": n}}) for n in (128, 8192))
    before = used(less), used(more)
    time.sleep(4)
    assert used(more) - before[1] > 3 * (used(less) - before[0])


@pytest.mark.parametrize("when", ["start", "update"])
def test_cpuset_is_enforced(running, rt, when):
    if os.cpu_count() < 2:
        pytest.skip("one processor")
    c = running(resources={"cpu": {"cpus": "1"}} if when == "start" else None)
    if when == "update":
        document(rt, c, {"cpu": {"cpus": "1"}})
    allowed = [l.split()[1] for l in Path(f"/proc/{rt.pid(c)}/status").read_text().splitlines() if l.startswith("Cpus_allowed_list")]
    assert allowed == ["1"] and value(c, "cpuset.cpus.effective") == "1"


# pids

@pytest.mark.parametrize("when", ["start", "update"])
def test_pids_are_enforced(running, rt, when):
    args = ["/bin/sh", "-c", WAIT + "probe forks 50; sleep 1000"]
    c = limited(running, rt, args, when, {"pids": {"limit": 10}}, {"pids": {"limit": 100}})
    rt.wait_output(c, '"forks": 8', 60)  # beside the shell and the probe
    assert counts(c, "pids.events")["max"] > 0


# io

@pytest.fixture
def on_disk():
    """(directory, "major:minor" of the disk that it is on)"""
    d = Path(tempfile.mkdtemp(dir="/var/tmp"))
    d.chmod(0o777)
    number = os.stat(d).st_dev
    yield d, (os.major(number), os.minor(number))
    shutil.rmtree(d)


def throttle(device, **rates) -> dict:
    names = {"rbps": "throttleReadBpsDevice", "wbps": "throttleWriteBpsDevice", "riops": "throttleReadIOPSDevice", "wiops": "throttleWriteIOPSDevice"}
    return {"blockIO": {names[k]: [{"major": device[0], "minor": device[1], "rate": v}] for k, v in rates.items()}}


@pytest.mark.parametrize("when", ["start", "update"])
def test_io_max_is_enforced(on_disk, running, rt, when):
    directory, device = on_disk
    limit = throttle(device, wbps=2 * M, riops=500)
    script = "while [ ! -e /dev/shm/go ]; do sleep 0.05; done; dd if=/dev/zero of=/mnt/x bs=1M count=8 conv=fsync 2>/dev/null; echo written; sleep 1000"
    c = running(["/bin/sh", "-c", script], resources=limit if when == "start" else None, mounts=[bind(directory, "/mnt", "rw")])
    if when == "update":
        document(rt, c, limit)
    assert sorted(value(c, "io.max").split()) == sorted([f"{device[0]}:{device[1]}", "rbps=max", f"wbps={2 * M}", "riops=500", "wiops=max"])
    begin = time.monotonic()
    go(rt, c)
    rt.wait_output(c, "written", 120)
    assert time.monotonic() - begin > 2, "8 MiB at 2 MiB/s"
    if when == "update":
        document(rt, c, throttle(device, wbps=0, riops=0))
        assert value(c, "io.max") == ""


def test_io_weight(on_disk, running, rt):
    """The first of bfq's and iocost's files that there is; one that there is not is an error."""
    c = running()
    r = document(rt, c, {"blockIO": {"weight": 1000}}, check=False)
    files = [f for f in ("io.bfq.weight", "io.weight") if (place(c) / f).exists()]
    if not files:
        rt.fails(r, "linux.resources.blockIO.weight")
        return
    assert r.returncode == 0, str(r)
    assert value(c, files[0]).split("\n")[0] == {"io.bfq.weight": "default 1000", "io.weight": "default 10000"}[files[0]]


# huge pages, rdma

@pytest.fixture
def huge_pages():
    file = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")
    before = file.read_text()
    file.write_text("8")
    if int(file.read_text()) < 4:
        file.write_text(before)
        pytest.skip("no memory for huge pages here")
    yield
    file.write_text(before)


@pytest.mark.root("a hugetlbfs is not mounted in a user namespace")
def test_huge_pages_are_limited(huge_pages, sh):
    if "hugetlb" not in HERE:
        pytest.skip("no hugetlb controller in v2 here")
    script = "cd /mnt; busybox fallocate -l 2097152 a && echo one; busybox fallocate -l 4194304 a 2>/dev/null || echo no more; cat /sys/fs/cgroup/hugetlb.2MB.events"
    out = sh(script, resources={"hugepageLimits": [{"pageSize": "2MB", "limit": 2 * M}]},
             mounts=[{"destination": "/mnt", "type": "hugetlbfs", "source": "hugetlbfs", "options": ["pagesize=2M"]}])
    assert out.splitlines()[:2] == ["one", "no more"]


@pytest.fixture
def rdma_device() -> str:
    """One of the host's, or one of software over a network device of nothing."""
    devices = Path("/sys/class/infiniband")
    if "rdma" not in HERE:
        pytest.skip("no rdma controller in v2 here")
    if devices.is_dir() and any(devices.iterdir()):
        yield sorted(os.listdir(devices))[0]
        return
    lock = open(Path(tempfile.gettempdir()) / "crun-test-rdma.lock", "w")  # one device at a time: a second one is refused
    fcntl.flock(lock, fcntl.LOCK_EX)
    failed, name = [], f"crdma{os.getpid()}"
    with_network(*f"ip link add {name} type dummy".split())
    with_network(*f"ip link set {name} up".split())
    for kind, module in (("siw", "siw"), ("rxe", "rdma_rxe")):
        with_network("modprobe", "-a", "ib_uverbs", module)
        failed.append(with_network(*f"rdma link add {name} type {kind} netdev {name}".split()))
        if not failed[-1]:
            break
    if not failed[-1]:
        yield name
        with_network(*f"rdma link delete {name}".split())
    with_network(*f"ip link delete {name}".split())
    lock.close()
    if failed[-1]:
        pytest.skip(f"no RDMA device here, and none can be made: {failed}")


def with_network(*command) -> str:
    """What has gone wrong."""
    try:
        r = subprocess.run(command, capture_output=True, text=True)
    except OSError as e:
        return str(e)
    return r.stderr.strip() if r.returncode else ""


@pytest.mark.root("RDMA devices are an administrator's")
def test_rdma(running, rt, rdma_device):
    limit = {"rdma": {rdma_device: {"hcaHandles": 3, "hcaObjects": 10000}}}
    c, d = running(resources=limit), running()
    document(rt, d, limit)
    for x in (c, d):
        assert f"{rdma_device} hca_handle=3 hca_object=10000" in value(x, "rdma.max")
        assert {"device": rdma_device, "hca_handles": 3, "hca_objects": 10000} in stats(rt, x)["rdma"]["rdma_limit"]


# A handle is taken by the first call of every user of a device: GET_CONTEXT, which is number 0; 4 words in, 4 out, and where the answer goes.
# The device is opened before: the container may not.
TAKE_HANDLE = """import ctypes, os, struct, sys
device = os.open(sys.argv[2], os.O_RDWR)
open(sys.argv[1], "w").write(str(os.getpid()))
answer = ctypes.create_string_buffer(16)
os.write(device, struct.pack("<IHHQ", 0, 4, 4, ctypes.addressof(answer)))
print(open(sys.argv[3]).read())
"""


@pytest.mark.root("RDMA devices are an administrator's")
def test_rdma_is_enforced(running, rt, rdma_device):
    verbs = [d for d in Path("/sys/class/infiniband_verbs").glob("uverbs*") if (d / "ibdev").read_text().strip() == rdma_device]
    if not verbs:
        pytest.skip("the device has no uverbs")
    c = running(resources={"rdma": {rdma_device: {"hcaHandles": 0}}})
    d = cgroups.knob("rdma", c.config["linux"]["cgroupsPath"], "")
    take = [sys.executable, "-c", TAKE_HANDLE, d / "cgroup.procs", f"/dev/infiniband/{verbs[0].name}", d / "rdma.current"]
    r = subprocess.run(take, capture_output=True, text=True)
    assert r.returncode and "Resource temporarily unavailable" in r.stderr, r
    document(rt, c, {"rdma": {rdma_device: {"hcaHandles": 1}}})
    r = subprocess.run(take, capture_output=True, text=True)
    assert r.returncode == 0 and f"{rdma_device} hca_handle=1" in r.stdout, r


# events

def stats(rt, c) -> dict:
    return rt("events", "--stats", c.id, check=True).json["data"]


def test_numbers(running, rt):
    c = running(["/bin/sh", "-c", "head -c 8000000 /dev/zero >/dev/shm/x; echo ready; exec sleep 1000"],
                resources={"memory": {"limit": 64 * M, "swap": 96 * M}, "pids": {"limit": 33}, "cpu": {"quota": 20000, "period": 50000}})
    rt.wait_output(c, "ready", 60)
    data = stats(rt, c)
    assert data["memory"]["usage"]["limit"] == 64 * M and 8_000_000 <= data["memory"]["usage"]["usage"] <= 64 * M
    assert data["memory"]["swap"]["limit"] == 96 * M
    assert data["pids"] == {"current": 1, "limit": 33}
    assert data["cpu"]["usage"]["total"] > 0 and data["cpu"]["usage"]["user"] + data["cpu"]["usage"]["kernel"] <= data["cpu"]["usage"]["total"] + 1000


def test_pressure(running, rt):
    """A throttled container waits for its processor, and says so."""
    if not (V2 / "cpu.pressure").exists() and not Path("/proc/pressure/cpu").exists():
        pytest.skip("no pressure stall information in this kernel")
    c = running(BUSY, resources={"cpu": {"quota": 5000, "period": 50000}})
    total = processes.until(lambda: stats(rt, c)["cpu"]["psi"]["some"]["total"], "no pressure", 60)
    assert total > 0
    assert {"some", "full"} == set(stats(rt, c)["memory"]["psi"]) == set(stats(rt, c)["blkio"]["psi"])


def test_block_io(on_disk, running, rt):
    directory, device = on_disk
    c = running(["/bin/sh", "-c", "dd if=/dev/zero of=/mnt/x bs=1M count=2 conv=fsync 2>/dev/null; echo written; exec sleep 1000"],
                mounts=[bind(directory, "/mnt", "rw")])
    rt.wait_output(c, "written", 60)
    rows = [r for r in stats(rt, c)["blkio"]["ioServiceBytesRecursive"] if (r["major"], r["minor"]) == device and r["op"].lower() == "write"]
    assert rows and rows[0]["value"] >= 2 * M

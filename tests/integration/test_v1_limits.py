# SPDX-License-Identifier: GPL-2.0-or-later
"""Every resource of cgroup v1, where its controllers are mounted: in the kernel's files after start and after update, in force,
and what has no counterpart refused by name."""

import ctypes
import os
import platform
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from lib import cgroups, processes
from lib.bundle import bind, namespaces
from lib.limits import M, WAIT, document, go, limited, out_of_memory

pytestmark = pytest.mark.skipif(cgroups.v1_mount("memory") is None, reason="cgroup v1 is not mounted here")


def directory(c, controller) -> Path:
    mount = cgroups.v1_mount(controller) or cgroups.v2_mount()
    if not mount or controller not in cgroups.controllers():
        pytest.skip(f"no {controller} controller on this host")
    return mount / c.config["linux"]["cgroupsPath"].lstrip("/")


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
    ({"unified": {"memory.high": "1000000"}}, ('linux.resources.unified["memory.high"]', 'the controller "memory" is at cgroup v1 here')),
    ({"hugepageLimits": [{"pageSize": "3MB", "limit": 0}]}, ("linux.resources.hugepageLimits[0]",)),
    ({"blockIO": {"leafWeight": 10}}, ("linux.resources.blockIO.leafWeight",))], ids=lambda v: next(iter(v)) if isinstance(v, dict) else "")
def test_without_a_counterpart(bundle, run, rt, resources, words):
    controller = {"network": "net_cls", "rdma": "rdma"}.get(next(iter(resources)))
    if controller in cgroups.controllers():
        pytest.skip(f"there is a controller {controller} here")
    rt.fails(run(bundle(args=["true"], resources=resources)), *words)


# in force

@pytest.mark.parametrize("when", ["start", "update"])
def test_memory_is_enforced(running, rt, when):
    out_of_memory(running, rt, when)


@pytest.mark.parametrize("when", ["start", "update"])
def test_pids_are_enforced(running, rt, when):
    args = ["/bin/sh", "-c", WAIT + "probe forks 50; exec sleep 1000"]
    c = limited(running, rt, args, when, {"pids": {"limit": 10}}, {"pids": {"limit": 100}})
    rt.wait_output(c, '"forks"', 60)
    assert int(rt.output(c).split('"forks":')[1].split(",")[0].strip(" }\n")) < 10


@pytest.mark.once("takes seconds, and the scheduler does not ask who has set a quota")
@pytest.mark.parametrize("when", ["start", "update"])
def test_cpu_is_enforced(running, rt, when):
    """A tenth of a processor: 0.2 seconds of work take 1.5 seconds at least."""
    args = ["/bin/sh", "-c", WAIT + "while :; do :; done"]
    c = limited(running, rt, args, when, {"cpu": {"quota": 10000, "period": 100000}}, None)
    usage = directory(c, "cpuacct") / "cpuacct.usage"
    before, begin = int(usage.read_text()), time.monotonic()
    while (used := int(usage.read_text()) - before) < 200000000:
        assert time.monotonic() - begin < 120, used
        time.sleep(0.05)
    assert time.monotonic() - begin > 1.5


@pytest.mark.once("takes seconds, and the disk does not ask who has set a rate")
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


@pytest.mark.root("only the host's root may set device rules")
def test_devices_are_enforced(running, rt):
    """What no rule allows cannot be opened, what one allows can (by the error of there being no driver); and after update."""
    node = {"path": "/dev/x", "type": "c", "major": 10, "minor": 250, "fileMode": 0o666}
    rules = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 250, "access": "rw"}]
    c = running(linux={"devices": [node]}, resources={"devices": rules[:1]})
    for listed, text in ((rules, "No such device"), ([*rules[:1], rules[1] | {"minor": 251}], "Operation not permitted")):
        assert ("Operation not permitted" if listed is rules else "No such device") in rt("exec", c.id, "sh", "-c", ": </dev/x").stderr
        document(rt, c, {"devices": listed})
        assert text in rt("exec", c.id, "sh", "-c", ": </dev/x").stderr


# net_cls and net_prio: mounted for the test alone, where the kernel has them and nobody else has mounted them

NETWORK_VIEW = """#!/bin/sh -e
view=$(mktemp -d)
mount -t tmpfs view "$view"
cd /sys/fs/cgroup
for d in *; do
    [ -d "$d" ] && [ ! -L "$d" ] || continue
    mkdir "$view/$d"
    mount --bind "$d" "$view/$d"
done
cd /
mkdir "$view/net_cls,net_prio"
mount -t cgroup -o net_cls,net_prio network "$view/net_cls,net_prio"
mount --move "$view" /sys/fs/cgroup
rmdir "$view"
exec "$@"
"""
# The kernel keeps the hierarchy if its last cgroup has not gone completely when it is unmounted, and engines that find it take it for theirs.
UNMOUNTED = """for i in $(seq 200); do
    read -r name id number rest <<-END
	$(grep ^net_cls /proc/cgroups)
	END
    [ "$id" = 0 ] && exit
    [ "$number" = 1 ] && mount -t cgroup -o net_cls,net_prio network "$1" && umount "$1"
    sleep 0.1
done
exit 1"""
NETWORK = {"network": {"classID": 0x100001, "priorities": [{"name": "lo", "priority": 5}]}}
TREE = Path("/var/cache/crun-tests/sid-tree")


def enabled() -> dict:
    """{controller: number of its hierarchy}"""
    rows = [r.split() for r in Path("/proc/cgroups").read_text().splitlines()]
    return {r[0]: r[1] for r in rows if r[3] == "1"}


@pytest.fixture
def network(rt, here):
    """The runtime where net_cls and net_prio are mounted too, as distributions did: together."""
    if not {"net_cls", "net_prio"} <= set(enabled()):
        pytest.skip("the kernel has no net_cls and net_prio")
    if {"net_cls", "net_prio"} & cgroups.controllers():
        pytest.skip("net_cls or net_prio is mounted here")
    script = here.dir / "view"
    script.write_text(NETWORK_VIEW)
    script.chmod(0o755)
    view = rt.with_options(prefix=["unshare", "--mount", "--propagation", "private", str(script)])
    yield view
    for id in rt.ids:
        view("delete", "--force", id)
    processes.reap()  # a zombie is still in its cgroup
    subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", UNMOUNTED, "sh", str(here.dir)], check=True, timeout=30)


def seen(network, *command):
    return subprocess.run([*network.prefix, *command], capture_output=True, text=True, check=True, timeout=30).stdout


@pytest.mark.root("mounting a hierarchy is an administrator's")
def test_network(network, bundle):
    c = bundle(args=["sleep", "1000"], resources=NETWORK)
    network.run_detached(c)
    d = "/sys/fs/cgroup/net_cls,net_prio" + c.config["linux"]["cgroupsPath"]
    assert seen(network, "cat", f"{d}/net_cls.classid") == f"{0x100001}\n"
    assert "lo 5\n" in seen(network, "cat", f"{d}/net_prio.ifpriomap")
    assert seen(network, "cat", f"{d}/cgroup.procs") == f"{network.pid(c)}\n"
    document(network, c, {"network": {"classID": 0x200002, "priorities": [{"name": "lo", "priority": 9}]}})
    assert seen(network, "cat", f"{d}/net_cls.classid") == f"{0x200002}\n"
    assert "lo 9\n" in seen(network, "cat", f"{d}/net_prio.ifpriomap")
    network.delete(c, "--force")
    assert seen(network, "ls", str(Path(d).parent.parent)).find(c.id.rsplit("-", 1)[0]) < 0


def sniffer(priority) -> socket.socket:
    """What goes through the host's lo with the priority. net_prio knows the devices of the first network namespace only, and what
    it sets is seen by an eBPF filter alone."""
    program = b"".join(struct.pack("<BBhi", *i) for i in [
        (0x61, 0x10, 32, 0),        # r0 = skb->priority
        (0x15, 0x00, 2, priority),  # if r0 == priority goto +2
        (0xb7, 0x00, 0, 0), (0x95, 0, 0, 0), (0xb7, 0x00, 0, 0xffff), (0x95, 0, 0, 0)])
    code, licence = ctypes.create_string_buffer(program), ctypes.create_string_buffer(b"GPL")
    attr = ctypes.create_string_buffer(struct.pack("<IIQQ", 1, len(program) // 8, ctypes.addressof(code), ctypes.addressof(licence)), 128)
    number = {"x86_64": 321}.get(platform.machine(), 280)
    fd = ctypes.CDLL(None, use_errno=True).syscall(number, 5, attr, 128)  # BPF_PROG_LOAD, of type SOCKET_FILTER
    if fd < 0:
        pytest.skip(f"no eBPF socket filter: {os.strerror(ctypes.get_errno())}")
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    s.setsockopt(socket.SOL_SOCKET, 50, fd)  # SO_ATTACH_BPF
    os.close(fd)
    s.bind(("lo", 3))
    return s


@pytest.mark.root("mounting a hierarchy is an administrator's")
@pytest.mark.parametrize("asked", [True, False], ids=["asked", "not asked"])
def test_priorities_are_in_force(network, bundle, asked):
    priority = 100000 + os.getpid() % 100000
    c = bundle(args=["/bin/sh", "-c", "nc 127.0.0.1 9 </dev/null 2>/dev/null; true"], namespaces=namespaces("pid", "mount", "ipc", "uts"),
               resources={"network": {"priorities": [{"name": "lo", "priority": priority}]}} if asked else None)
    with sniffer(priority) as s:
        network.run(c, check=True)
        assert bool(select.select([s], [], [], 10 if asked else 0.2)[0]) == asked


def nft() -> str:
    if shutil.which("nft"):
        return "nft"
    if not (TREE / "usr/sbin/nft").exists():
        pytest.skip("no nft(8) here")
    return f"chroot {TREE} /usr/sbin/nft"


@pytest.mark.root("mounting a hierarchy is an administrator's")
@pytest.mark.parametrize("resources, want", [(NETWORK, True), (None, False)], ids=["asked", "not asked"])
def test_class_is_in_force(network, bundle, here, resources, want):
    """What the container sends bears its class, as netfilter counts."""
    script = here.dir / "counted"
    script.write_text(f"""#!/bin/sh -e
ip link set lo up
printf '%s\\n' 'add table t' 'add chain t o {{ type filter hook output priority 0; }}' 'add rule t o meta cgroup {0x100001} counter' | {nft()} -f -
"$@"
{nft()} list ruleset
""")
    script.chmod(0o755)
    c = bundle(args=["/bin/sh", "-c", "nc 127.0.0.1 9 </dev/null 2>/dev/null; true"], resources=resources, namespaces=namespaces("pid", "mount", "ipc", "uts"))
    counted = network.with_options(prefix=[*network.prefix, "unshare", "--net", str(script)]).run(c, check=True).stdout
    assert (int(counted.split("counter packets ")[1].split()[0]) > 0) == want, counted

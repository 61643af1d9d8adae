# SPDX-License-Identifier: GPL-2.0-or-later
"""Limits that systemd sets for us, in force, where v2 has every controller: of root's containers, of an ordinary user's
in what his manager has delegated, and of podman's and Docker's for both."""

import json

import pytest

from lib import daemons
from lib import machine as machines
from lib.bundles import bundle
from test_systemd import OWN, RUN, SLEEP, USER, cgroup, s, show  # noqa: F401

pytestmark = [pytest.mark.layouts("systemd"),
              pytest.mark.skipif(not machines.HERE_ITSELF, reason="cgroup v2 has not the controllers here (make check-vm)")]

M = 1 << 20
LIMITS = {"memory": {"limit": 64 * M, "reservation": 32 * M, "swap": 96 * M}, "pids": {"limit": 50},
          "cpu": {"quota": 50000, "period": 100000, "shares": 1024, "cpus": "0"}}
FILES = {"memory.max": f"{64 * M}", "memory.low": f"{32 * M}", "memory.swap.max": f"{32 * M}", "pids.max": "50",
         "cpu.max": "50000 100000", "cpu.weight": "100", "cpuset.cpus": "0"}
CHANGE = {"memory": {"limit": 128 * M, "swap": 160 * M}, "pids": {"limit": 77}, "cpu": {"quota": 20000, "period": 100000}}
CHANGED = {"memory.max": f"{128 * M}", "memory.swap.max": f"{32 * M}", "pids.max": "77", "cpu.max": "20000 100000"}
HUNGRY = ["sh", "-c", "exec tail /dev/zero"]


def files(m, path, names):
    return {n: m.sh(f"cat /sys/fs/cgroup{path}/{n}") for n in names}


def test_files(s):  # noqa: F811
    """In the kernel's files at the start, after update, and after systemd has looked at all of its units again."""
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP, resources=LIMITS)} c1")
    path = cgroup(s, "c1")
    for now, want in ((LIMITS, FILES), (CHANGE, CHANGED)):
        if now is CHANGE:
            s.sh("crun update -r - c1", input=json.dumps(CHANGE))
        assert files(s, path, want) == want
        s.sh("systemctl daemon-reload")
        assert files(s, path, want) == want
    assert show(s, "crun-c1.scope", "MemoryMax", "TasksMax") == {"MemoryMax": f"{128 * M}", "TasksMax": "77"}


# After each of these systemd has written again what it knows of the unit.
AGAIN = ["true", "systemctl daemon-reload", "systemctl daemon-reexec"]


def disk(m):
    """(major, minor) of the disk that we are on, which is scheduled by bfq from now on."""
    name = m.sh("lsblk -no PKNAME,KNAME $(findmnt -no SOURCE /) | awk '{print $1}'")
    m.sh(f"modprobe bfq && echo bfq >/sys/block/{name}/queue/scheduler")
    return m.read(f"/sys/block/{name}/dev").strip().split(":")


def everything(device, at_start):
    """All that v2 has, (resources, files, properties); with other values for an update."""
    n = 1 if at_start else 2
    major, minor = device
    one = {"major": int(major), "minor": int(minor)}
    resources = {
        "memory": {"limit": n * 64 * M, "reservation": n * 16 * M, "swap": n * 96 * M},
        "cpu": {"shares": n * 1024, "quota": n * 20000, "period": 100000, "burst": n * 5000, "cpus": "0", "mems": "0"},
        "pids": {"limit": n * 50},
        "blockIO": {"weight": n * 250, "weightDevice": [one | {"weight": n * 50}], "throttleReadBpsDevice": [one | {"rate": n << 30}],
                    "throttleWriteIOPSDevice": [one | {"rate": n * 10000}]},
        "hugepageLimits": [{"pageSize": "2MB", "limit": n * 4 * M}],
        "unified": {"memory.high": f"{n * 48 * M}", "memory.min": f"{n * 4 * M}", "memory.oom.group": "1", "memory.zswap.max": f"{n * 8 * M}",
                    "memory.zswap.writeback": str(n - 1)}}
    files = {
        "memory.max": n * 64 * M, "memory.low": n * 16 * M, "memory.swap.max": n * 32 * M, "memory.high": n * 48 * M, "memory.min": n * 4 * M,
        "memory.oom.group": 1, "memory.zswap.max": n * 8 * M, "memory.zswap.writeback": n - 1, "cpu.weight": {1: 100, 2: 174}[n], "cpu.max": f"{n * 20000} 100000", "cpu.max.burst": n * 5000,
        "cpuset.cpus": 0, "cpuset.mems": 0, "pids.max": n * 50, "hugetlb.2MB.max": n * 4 * M, "hugetlb.2MB.rsvd.max": n * 4 * M,
        "io.bfq.weight": f"default {n * 250} {major}:{minor} {n * 50}",
        "io.max": f"{major}:{minor} rbps={n << 30} wbps=max riops=max wiops={n * 10000}"}
    shown = {
        "MemoryMax": n * 64 * M, "MemoryLow": n * 16 * M, "MemorySwapMax": n * 32 * M, "MemoryHigh": n * 48 * M, "MemoryMin": n * 4 * M,
        "MemoryZSwapMax": n * 8 * M,
        "MemoryZSwapWriteback": ["no", "yes"][n - 1], "CPUWeight": {1: 100, 2: 174}[n], "CPUQuotaPerSecUSec": f"{n * 200}ms", "AllowedCPUs": 0, "AllowedMemoryNodes": 0, "TasksMax": n * 50,
        "IOReadBandwidthMax": f"/dev/block/{major}:{minor} {n << 30}", "IOWriteIOPSMax": f"/dev/block/{major}:{minor} {n * 10000}"}
    return resources, {k: str(v) for k, v in files.items()}, {k: str(v) for k, v in shown.items()}


def test_everything(s):  # noqa: F811
    """Every resource, at the start and after update, in the kernel's files and as systemctl shows it, and none is undone."""
    device = disk(s)
    for at_start in (True, False):
        resources, want, shown = everything(device, at_start)
        if at_start:
            s.sh(f"{RUN} -d -b {bundle(s, SLEEP, resources=resources)} c1")
            path = cgroup(s, "c1")
        else:
            s.sh("crun update -r - c1", input=json.dumps(resources))
        for step in AGAIN:
            s.sh(step)
            assert {n: " ".join(v.split()) for n, v in files(s, path, want).items()} == want, step
            assert show(s, "crun-c1.scope", *shown) == shown, step


def test_idle(s):  # noqa: F811
    """Idle, and with its weight again when that ends, which the kernel has forgotten."""
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP, resources={'cpu': {'idle': 1, 'shares': 2048}})} c1")
    path = cgroup(s, "c1")
    for step in AGAIN:
        s.sh(step)
        assert files(s, path, ["cpu.idle"]) == {"cpu.idle": "1"} and show(s, "crun-c1.scope", "CPUWeight") == {"CPUWeight": "idle"}, step
    s.sh("crun update --cpu-idle 0 c1")
    for step in AGAIN:
        s.sh(step)
        assert files(s, path, ["cpu.idle", "cpu.weight"]) == {"cpu.idle": "0", "cpu.weight": "174"}, step


def test_memory_is_enforced(s):  # noqa: F811
    b = bundle(s, HUNGRY, resources={"memory": {"limit": 16 * M, "swap": 16 * M}})
    for _ in range(5):  # systemd removes the cgroup, which knows it, as soon as it is empty
        assert "killed by the memory limit of 16 MiB" in s.fails(f"{RUN} -b {b} c1", 137).err


def test_small_limits(s):  # noqa: F811
    b = bundle(s, ["echo", "fits"], resources={"memory": {"limit": M // 2, "swap": M // 2}, "pids": {"limit": 1}})
    for _ in range(3):
        assert s.sh(f"{RUN} -b {b} c1") == "fits"


def test_killed_init(s):  # noqa: F811
    r = s.fails(f"{RUN} -b {bundle(s, ['true'], resources={'memory': {'limit': 4096, 'swap': 4096}})} c1", 1)
    assert "killed by the memory limit of 4 KiB" in r.err


# an ordinary user, whose manager has cpu, memory and pids

MINE = {"memory": LIMITS["memory"], "pids": LIMITS["pids"], "cpu": {"quota": 50000, "period": 100000, "shares": 1024}}


def test_what_is_delegated(s):  # noqa: F811
    assert {"cpu", "memory", "pids"} <= set(s.sh(f"cat /sys/fs/cgroup{OWN}/cgroup.controllers").split())


def test_user_files(s):  # noqa: F811
    s.sh(f"{USER} run -d -b {bundle(s, SLEEP, user=True, resources=MINE)} u1")
    path, mine = cgroup(s, "u1", True), ("memory.max", "memory.low", "memory.swap.max", "pids.max", "cpu.max", "cpu.weight")
    want = {n: FILES[n] for n in mine}
    shown = {"MemoryMax": f"{64 * M}", "MemorySwapMax": f"{32 * M}", "TasksMax": "50", "CPUQuotaPerSecUSec": "500ms", "CPUWeight": "100"}
    assert path.startswith(OWN)
    for now in (MINE, CHANGE):
        if now is CHANGE:
            s.sh("as-user crun update -r - u1", input=json.dumps(CHANGE))
            want |= CHANGED
            shown |= {"MemoryMax": f"{128 * M}", "TasksMax": "77", "CPUQuotaPerSecUSec": "200ms"}
        for step in ("true", "as-user systemctl --user daemon-reload", "systemctl daemon-reload", "as-user systemctl --user daemon-reexec"):
            s.sh(step)
            assert files(s, path, want) == want, step
            assert show(s, "crun-u1.scope", *shown, user=True) == shown, step


def test_user_memory_is_enforced(s):  # noqa: F811
    b = bundle(s, HUNGRY, user=True, resources={"memory": {"limit": 16 * M, "swap": 16 * M}})
    assert "killed by the memory limit of 16 MiB" in s.fails(f"{USER} run -b {b} u1", 137).err


def test_user_scope(s):  # noqa: F811
    """cgroupfs in a delegated scope: the caller steps into a leaf, what is beside it is his to divide."""
    b = bundle(s, ["sh", "-c", "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max"], user=True,
               resources={"memory": {"limit": 64 * M}, "pids": {"limit": 50}})
    script = ("set -e; cd /sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup); mkdir self; echo $$ >self/cgroup.procs; "
              "own=$(sed -n s/^0:://p /proc/self/cgroup); c=${own%/self}/c; "
              f"sed -i \"s|\\\"linux\\\": *{{|\\\"linux\\\":{{\\\"cgroupsPath\\\":\\\"$c\\\",|\" {b}/config.json; crun run -b {b} u1")
    out = s.sh(["as-user", "systemd-run", "--user", "--scope", "-q", "--expand-environment=no", "-p", "Delegate=yes", "bash", "-c", script])
    assert out.split() == [f"{64 * M}", "50"]


# engines with systemd as their manager

ASKED = "--memory 64m --memory-swap 96m --pids-limit 50 --cpus 0.5"
INSIDE = "cd /sys/fs/cgroup; cat memory.max memory.swap.max pids.max cpu.max"
FOUND = [f"{64 * M}", f"{32 * M}", "50", "50000", "100000"]


@pytest.mark.parametrize("who", ["", "as-user "], ids=["root", "user"])
def test_podman(s, who):  # noqa: F811
    from conftest import BOX
    s.once(f"{who}box", lambda: s.sh(BOX.format(f"{who}podman")))
    podman = f"{who}podman"
    assert s.sh(f"{podman} info -f '{{{{.Host.CgroupManager}}}} {{{{.Host.OCIRuntime.Name}}}}'") == "systemd crun"
    assert s.sh(f"{podman} run --rm {ASKED} box sh -c '{INSIDE}'").split() == FOUND
    s.sh(f"{podman} run -d --name c1 {ASKED} box sleep 600")
    try:
        s.sh(f"{podman} update --memory 128m --memory-swap 160m --pids-limit 77 c1")
        assert s.sh(f"{podman} exec c1 sh -c '{INSIDE}'").split()[:3] == [f"{128 * M}", f"{32 * M}", "77"]
        stats = json.loads(s.sh(f"{podman} stats --no-stream --format json c1"))[0]
        assert stats["pids"] == "1" and "134.2MB" in stats["mem_usage"]
    finally:
        s.sh(f"{podman} rm -f -t0 c1")


def test_cri(s):  # noqa: F811
    """What a kubelet with the systemd cgroup driver asks of containerd, whose options say SystemdCgroup."""
    cri = "/run/engines/inside/cri"
    daemons.containerd_settings(s, systemd=True)
    s.sh("mkdir -p /run/engines/data; systemctl restart containerd")
    try:
        daemons.containerd_images(s)
        s.until(f"{cri} Version")
        s.sh(f"{cri} sandbox --cgroup-parent kubepods-podW.slice; {cri} container --limits", env={"CRI_DATA": "/run/engines/data"})
        own = s.sh(f"{cri} exec sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max'").split()
        assert own == [f"{64 * M}", "50000", "100000"]
        units = s.sh("systemctl list-units --no-legend --plain 'cri-containerd-*.scope'").splitlines()
        assert len(units) == 2 and all("running" in u for u in units)
        assert s.sh("find /sys/fs/cgroup/kubepods.slice/kubepods-podW.slice -name 'cri-containerd-*.scope' | wc -l") == "2"
        s.sh(f"{cri} update; systemctl daemon-reload")
        assert s.sh(f"{cri} exec cat /sys/fs/cgroup/memory.max") == f"{128 * M}"
        s.sh(f"{cri} stop")
    finally:
        s.run(f"{cri} clean")
        s.sh("systemctl stop containerd; systemctl stop kubepods.slice")


def test_docker(s):  # noqa: F811
    """By its unit, whose driver is systemd's."""
    from conftest import BOX
    s.write("/etc/docker/daemon.json", '{"default-runtime": "crun", "runtimes": {"crun": {"path": "/usr/bin/crun"}}}\n')
    s.sh("systemctl restart docker")
    try:
        s.sh(BOX.format("docker").replace(" -q ", " ").replace("- box", "- box:latest"))
        assert s.sh("docker info -f '{{.CgroupDriver}} {{.DefaultRuntime}}'") == "systemd crun"
        assert s.sh(f"docker run --rm {ASKED} box sh -c '{INSIDE}'").split() == FOUND
        s.sh("docker run -d --name c1 -m 64m box sleep 600; docker update --memory 128m --memory-swap 160m --pids-limit 77 c1")
        assert s.sh(f"docker exec c1 sh -c '{INSIDE}'").split()[:3] == [f"{128 * M}", f"{32 * M}", "77"]
        s.sh("docker rm -f c1")
    finally:
        s.sh("systemctl stop docker.socket docker containerd")

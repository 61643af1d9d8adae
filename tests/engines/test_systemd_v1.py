# SPDX-License-Identifier: GPL-2.0-or-later
"""The systemd cgroup manager on a hybrid host: Debian bookworm's systemd 252, with limits that the kernel enforces."""

import json

import pytest

from lib.bundles import bundle

pytestmark = pytest.mark.layouts("systemd-v1")
RUN = "crun --systemd-cgroup run"
SLEEP = ["sleep", "1000"]
M = 1 << 20
SCOPE = "system.slice/crun-c1.scope"
LIMITS = {"memory": {"limit": 64 * M, "reservation": 32 * M, "swap": 96 * M, "swappiness": 7, "disableOOMKiller": True}, "pids": {"limit": 50},
          "devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 250, "access": "rw"}],
          "cpu": {"shares": 512, "quota": 50000, "period": 100000, "burst": 10000, "cpus": "0", "mems": "0"}}
FILES = {"memory/memory.limit_in_bytes": f"{64 * M}", "memory/memory.soft_limit_in_bytes": f"{32 * M}", "memory/memory.memsw.limit_in_bytes": f"{96 * M}",
         "memory/memory.swappiness": "7", "memory/memory.oom_control": "1", "pids/pids.max": "50",
         "cpu/cpu.shares": "512", "cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000", "cpu/cpu.cfs_burst_us": "10000",
         "cpuset/cpuset.cpus": "0", "cpuset/cpuset.mems": "0"}
UNIT = {"MemoryLimit": f"{64 * M}", "CPUShares": "512", "CPUQuotaPerSecUSec": "500ms", "TasksMax": "50", "DevicePolicy": "strict"}
CHANGE = {"memory": {"limit": 128 * M, "swap": 160 * M}, "pids": {"limit": 77}, "cpu": {"shares": 256, "quota": 20000}}
CHANGED = {"memory/memory.limit_in_bytes": f"{128 * M}", "memory/memory.memsw.limit_in_bytes": f"{160 * M}", "pids/pids.max": "77",
           "cpu/cpu.shares": "256", "cpu/cpu.cfs_quota_us": "20000"}
UNIT_CHANGED = {"MemoryLimit": f"{128 * M}", "CPUShares": "256", "CPUQuotaPerSecUSec": "200ms", "TasksMax": "77"}
# After each of these systemd has written again what it knows of the unit.
AGAIN = ["true", "systemctl daemon-reload", "systemctl daemon-reexec"]


@pytest.fixture
def s(machine):
    yield machine
    machine.sh("for c in $(crun list -q); do crun delete -f $c; done")
    machine.until("! systemctl list-units --all --no-legend --plain 'crun-*.scope' | grep .")
    assert machine.sh("find /sys/fs/cgroup/ -name 'crun-*'") == ""


def files(m, names):
    """Their first lines, without a name at the beginning."""
    return {n: m.sh("head -n 1 /sys/fs/cgroup/{}/{}/{} | sed 's/^[a-z_]* //'".format(n.split("/")[0], SCOPE, n.split("/")[1])) for n in names}


def unit(m, names):
    return dict(line.split("=", 1) for line in m.sh("systemctl show crun-c1.scope " + " ".join(f"-p {n}" for n in names)).splitlines())


def devices(m):
    return sorted(m.sh(f"cat /sys/fs/cgroup/devices/{SCOPE}/devices.list").splitlines())


def test_limits(s):
    """Every resource that v1 has here: the files and the unit agree, after the start, after update, and whatever systemd does."""
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP, resources=LIMITS)} c1")
    rules = devices(s)
    assert "c 1:3 rwm" in rules and "c 10:250 rw" in rules and "a *:* rwm" not in rules
    for want, shown in ((FILES, UNIT), (FILES | CHANGED, UNIT | UNIT_CHANGED)):
        if want is not FILES:
            s.sh("crun update -r - c1", input=json.dumps(CHANGE))
        for step in AGAIN:
            s.sh(step)
            assert files(s, want) == want, step
            assert unit(s, shown) == shown, step
            assert devices(s) == rules, step


def test_block_io(s):
    """systemd has no property that gives bfq the weight that was asked for: it hears of none, and leaves the files alone."""
    major, minor = s.sh("cat /sys/block/*/dev | tail -n 1").split(":")

    def block_io(weight, rate):
        rates = {f"throttle{kind}Device": [{"major": int(major), "minor": int(minor), "rate": rate}] for kind in ("ReadBps", "WriteIOPS")}
        return {"blockIO": rates | ({"weight": weight} if bfq else {})}

    bfq = s.run("ls /sys/fs/cgroup/blkio/*/blkio.bfq.weight").status == 0
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP, resources=block_io(500, 1 << 30))} c1")
    for weight, rate in ((500, 1 << 30), (300, 1 << 29)):
        if weight == 300:
            s.sh("crun update -r - c1", input=json.dumps(block_io(weight, rate)))
        want = {f"blkio/blkio.throttle.{f}_device": f"{major}:{minor} {rate}" for f in ("read_bps", "write_iops")}
        want |= {"blkio/blkio.bfq.weight": f"{weight}"} if bfq else {}
        for step in AGAIN:
            s.sh(step)
            assert files(s, want) == want, step


def test_device_exceptions_refused(s):
    """systemd would allow everything again with its next look at the unit."""
    rules = [{"allow": True, "access": "rwm"}, {"allow": False, "type": "c", "major": 10, "minor": 250, "access": "rw"}]
    r = s.fails(f"{RUN} -d -b {bundle(s, SLEEP, resources={'devices': rules})} c1", 1)
    assert "linux.resources.devices[1]" in r.err and "systemd" in r.err
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP, resources={'devices': rules[:1]})} c1")
    assert "linux.resources.devices[1]" in s.fails("crun update -r - c1", 1, input=json.dumps({"devices": rules})).err
    s.sh("systemctl daemon-reload")
    assert devices(s) == ["a *:* rwm"]


def test_every_hierarchy(s):
    """In those that systemd does not manage as well: exec joins, the freezer stops, delete removes."""
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP)} c1; crun exec -d c1 sleep 1001")
    for pid in s.sh("pgrep -x sleep").split():
        lines = s.sh(f"cat /proc/{pid}/cgroup").splitlines()
        assert len(lines) > 5 and all(line.endswith(f":/{SCOPE}") for line in lines), lines
    s.sh("crun pause c1")
    assert s.sh(f"cat /sys/fs/cgroup/freezer/{SCOPE}/freezer.state") == "FROZEN"
    s.sh("crun delete -f c1")


def test_enforced(s):
    s.fails(f"{RUN} -b {bundle(s, ['tail', '/dev/zero'], resources={'memory': {'limit': 16 * M, 'swap': 16 * M}})} c1", 137)


def test_small_limits(s):
    b = bundle(s, ["echo", "fits"], resources={"memory": {"limit": M // 2}, "pids": {"limit": 1}})
    for _ in range(5):
        assert s.sh(f"{RUN} -b {b} c1") == "fits"


def test_cycles(s):
    b = bundle(s, ["true"])
    s.sh(f"for i in $(seq 10); do crun --systemd-cgroup create -b {b} c$i && crun start c$i && crun delete -f c$i && {RUN} -b {b} r$i || exit; done")
    assert s.sh("systemctl list-units --failed --no-legend --plain 'crun-*'") == ""

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
LIMITS = {"memory": {"limit": 64 * M, "reservation": 32 * M}, "pids": {"limit": 50}, "devices": [{"allow": False, "access": "rwm"}],
          "cpu": {"shares": 512, "quota": 50000, "period": 100000, "cpus": "0"}}
FILES = {"memory/memory.limit_in_bytes": f"{64 * M}", "memory/memory.soft_limit_in_bytes": f"{32 * M}", "pids/pids.max": "50",
         "cpu/cpu.shares": "512", "cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000", "cpuset/cpuset.cpus": "0"}
UNIT = {"MemoryLimit": f"{64 * M}", "CPUShares": "512", "CPUQuotaPerSecUSec": "500ms", "TasksMax": "50", "DevicePolicy": "strict"}
CHANGE = {"memory": {"limit": 128 * M}, "pids": {"limit": 77}, "cpu": {"shares": 256, "quota": 20000}}
CHANGED = {"memory/memory.limit_in_bytes": f"{128 * M}", "pids/pids.max": "77", "cpu/cpu.shares": "256", "cpu/cpu.cfs_quota_us": "20000"}
UNIT_CHANGED = {"MemoryLimit": f"{128 * M}", "CPUShares": "256", "CPUQuotaPerSecUSec": "200ms", "TasksMax": "77"}


@pytest.fixture
def s(machine):
    yield machine
    machine.sh("for c in $(crun list -q); do crun delete -f $c; done")
    machine.until("! systemctl list-units --all --no-legend --plain 'crun-*.scope' | grep .")
    assert machine.sh("find /sys/fs/cgroup/ -name 'crun-*'") == ""


def files(m, names):
    return {n: m.sh("cat /sys/fs/cgroup/{}/{}/{}".format(n.split("/")[0], SCOPE, n.split("/")[1])) for n in names}


def unit(m, names):
    return dict(line.split("=", 1) for line in m.sh("systemctl show crun-c1.scope " + " ".join(f"-p {n}" for n in names)).splitlines())


def test_limits(s):
    """The files and the unit agree, after the start, after update, and after daemon-reload."""
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP, resources=LIMITS)} c1")
    devices = s.sh(f"cat /sys/fs/cgroup/devices/{SCOPE}/devices.list")
    assert "c 1:3 rwm" in devices and "a *:* rwm" not in devices
    for want, shown in ((FILES, UNIT), (FILES | CHANGED, UNIT | UNIT_CHANGED)):
        if want is not FILES:
            s.sh("crun update -r - c1", input=json.dumps(CHANGE))
        for _ in range(2):
            assert files(s, want) == want
            assert unit(s, shown) == shown
            assert s.sh(f"cat /sys/fs/cgroup/devices/{SCOPE}/devices.list") == devices
            s.sh("systemctl daemon-reload")


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

# SPDX-License-Identifier: GPL-2.0-or-later
"""Limits that systemd sets for us, in force, where v2 has every controller: of root's containers, of an ordinary user's
in what his manager has delegated, and of podman's and Docker's for both."""

import json

import pytest

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
HUNGRY = ["sh", "-c", "tail /dev/zero"]


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


def test_memory_is_enforced(s):  # noqa: F811
    s.fails(f"{RUN} -b {bundle(s, HUNGRY, resources={'memory': {'limit': 16 * M, 'swap': 16 * M}})} c1", 137)


def test_small_limits(s):  # noqa: F811
    b = bundle(s, ["echo", "fits"], resources={"memory": {"limit": M // 2, "swap": M // 2}, "pids": {"limit": 1}})
    for _ in range(3):
        assert s.sh(f"{RUN} -b {b} c1") == "fits"


def test_killed_init(s):  # noqa: F811
    r = s.fails(f"{RUN} -b {bundle(s, ['true'], resources={'memory': {'limit': 4096, 'swap': 4096}})} c1", 1)
    assert "killed by the memory limit of 4 KiB" in r.err


# an ordinary user, whose manager has cpu, memory and pids

MINE = {"memory": LIMITS["memory"], "pids": LIMITS["pids"], "cpu": {"quota": 50000, "period": 100000}}


def test_what_is_delegated(s):  # noqa: F811
    assert {"cpu", "memory", "pids"} <= set(s.sh(f"cat /sys/fs/cgroup{OWN}/cgroup.controllers").split())


def test_user_files(s):  # noqa: F811
    s.sh(f"{USER} run -d -b {bundle(s, SLEEP, user=True, resources=MINE)} u1")
    path, want = cgroup(s, "u1", True), ("memory.max", "memory.swap.max", "pids.max", "cpu.max")
    assert path.startswith(OWN) and files(s, path, want) == {n: FILES[n] for n in want}
    s.sh("as-user crun update -r - u1", input=json.dumps(CHANGE))
    s.sh("as-user systemctl --user daemon-reload")
    assert files(s, path, CHANGED) == CHANGED


def test_user_memory_is_enforced(s):  # noqa: F811
    b = bundle(s, HUNGRY, user=True, resources={"memory": {"limit": 16 * M, "swap": 16 * M}})
    s.fails(f"{USER} run -b {b} u1", 137)


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

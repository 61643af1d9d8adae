# SPDX-License-Identifier: GPL-2.0-or-later
"""Limits of the engines in cgroup v2 with every controller, as their users ask for them, in their files and in force."""

import json

import pytest

from lib.machine import INSIDE
from test_containerd import ctr  # noqa: F401
from test_cri import cri  # noqa: F401
from test_docker import docker  # noqa: F401

pytestmark = pytest.mark.layouts("enforced")

FILES = "cd /sys/fs/cgroup; cat memory.max memory.low pids.max cpu.max cpuset.cpus"
ASKED = "--memory 64m --memory-reservation 32m --pids-limit 50 --cpus 0.5 --cpuset-cpus 0"
FOUND = ["67108864", "33554432", "50", "50000", "100000", "0"]


def test_podman(podman):
    assert podman.sh(f"podman run --rm {ASKED} --memory-swap 96m box sh -c '{FILES}; cat memory.swap.max'").split() == [*FOUND, "33554432"]


def test_podman_small_limits(podman):
    """A promise: half a MiB and one process are enough for echo."""
    assert podman.sh("podman run --rm --memory 512k box echo small") == "small"
    assert podman.sh("podman run --rm --pids-limit 1 box echo one") == "one"


def test_podman_out_of_memory(podman):
    podman.run("podman run --name c1 -m 8m --memory-swap 8m box sh -c 'exec tail /dev/zero'")
    assert podman.sh("podman inspect -f '{{.State.ExitCode}} {{.State.OOMKilled}}' c1") == "137 true"


def test_podman_pids(podman):
    r = podman.run("podman run --rm --pids-limit 4 box sh -c 'for i in 1 2 3 4 5 6; do sleep 5 & done; wait'")
    assert "can't fork" in r.err


def test_podman_stats_and_update(podman):
    podman.sh("podman run -d --name c1 -m 64m box sleep 600")
    s = json.loads(podman.sh("podman stats --no-stream --format json c1"))[0]
    assert s["name"] == "c1" and s["pids"] == "1" and "67.11MB" in s["mem_usage"]
    podman.sh("podman update --memory 128m --memory-swap 160m --cpus 1.5 --pids-limit 77 c1")
    out = podman.sh("podman exec c1 sh -c 'cd /sys/fs/cgroup; cat memory.max memory.swap.max cpu.max pids.max'")
    assert out.split() == ["134217728", "33554432", "150000", "100000", "77"]


PROFILE = "profile crun-engines flags=(attach_disconnected, mediate_deleted) {\\n file, capability, network, mount, umount, ptrace, signal, unix,\\n deny /**/forbidden w,\\n}"


def test_podman_apparmor(podman):
    """The profile is asked for, is there, is in force; and podman's own where nothing is asked."""
    podman.sh(f"printf '{PROFILE}' | apparmor_parser -r -K")
    run = "podman run --rm --security-opt apparmor=crun-engines box"
    assert podman.sh(f"{run} cat /proc/self/attr/current") == "crun-engines (enforce)"
    podman.fails(f"{run} touch /tmp/forbidden")
    podman.sh(f"{run} touch /tmp/allowed")
    assert podman.sh("podman run --rm --security-opt apparmor=unconfined box cat /proc/self/attr/current") == "unconfined"


def test_docker(docker):  # noqa: F811
    assert docker.sh(f"docker run --rm {ASKED} box sh -c '{FILES}'").split() == FOUND
    docker.run("docker run --name c1 -m 8m --memory-swap 8m box sh -c 'exec tail /dev/zero'")
    assert docker.sh("docker inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' c1") == "true 137"


def test_docker_stats_and_update(docker):  # noqa: F811
    docker.sh("docker run -d --name c1 -m 64m box sleep 600")
    s = json.loads(docker.sh("docker stats --no-stream --format json c1"))
    assert s["PIDs"] == "1" and s["MemUsage"].endswith("/ 64MiB")
    docker.sh("docker update --memory 128m --memory-swap 160m --cpus 1.5 --pids-limit 77 c1")
    out = docker.sh("docker exec c1 sh -c 'cd /sys/fs/cgroup; cat memory.max memory.swap.max cpu.max pids.max'")
    assert out.split() == ["134217728", "33554432", "150000", "100000", "77"]


def test_containerd(ctr):  # noqa: F811
    ctr.sh("ctr run -d --runc-binary /usr/bin/crun --memory-limit 67108864 --cpu-quota 50000 --cpu-period 100000 localhost/box:latest c1 sleep 600")
    assert ctr.sh("cd /sys/fs/cgroup/default/c1; cat memory.max cpu.max pids.current").split() == ["67108864", "50000", "100000", "1"]
    assert "memory" in ctr.sh("ctr task metrics c1")


def test_cri(cri):  # noqa: F811
    """What a kubelet does: a pod's cgroup, limits, exec, an update in place."""
    cri("sandbox --cgroup-parent /kubepods/burstable/podU")
    cri("container --limits")
    limits = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max"
    assert cri(f"exec {limits}").split() == ["67108864", "50000", "100000"]
    cri("update")
    assert cri(f"exec {limits}").split() == ["134217728", "70000", "100000"]
    cri.machine.fails(f"{INSIDE}/inside/cri exec sh -c 'exit 5'", 5)
    cri("stop")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Kubernetes over containerd: what a kubelet asks for, by the CRI (inside/cri is its part)."""

import pytest

from conftest import nothing_left
from lib import daemons
from lib.machine import INSIDE

pytestmark = pytest.mark.layouts("hybrid", "v1", "enforced")


class Kubelet:
    def __init__(self, machine):
        self.machine = machine

    def __call__(self, arguments):
        return self.machine.sh(f"{INSIDE}/inside/cri {arguments}", env={"CRI_DATA": "/run/engines/data"})


@pytest.fixture
def cri(machine):
    machine.once("containerd", lambda: daemons.containerd(machine))
    machine.sh("mkdir -p /run/engines/data")
    machine.until(f"{INSIDE}/inside/cri Version")
    yield Kubelet(machine)
    machine.run(f"{INSIDE}/inside/cri clean")
    nothing_left(machine, "/run/containerd/runc/k8s.io")
    nothing_left(machine)


def test_pod(cri):
    cri("sandbox")
    cri("container")
    assert cri("exec echo from inside") == "from inside"
    assert cri("exec hostname") == "pod"
    cri.machine.fails(f"{INSIDE}/inside/cri exec sh -c 'exit 5'", 5)
    cri("stop")


def test_two_containers(cri):
    """They share the pod's network, IPC and host name, each has processes, limits and an end of its own; what they say is logged."""
    cri("sandbox --cgroup-parent /kubepods/podV")
    cri("container --limits")
    cri("container --name side")
    shared = "sh -c 'cd /proc/self/ns; readlink net ipc uts | sort; hostname'"
    assert cri(f"exec {shared}") == cri(f"exec --in side {shared}")
    assert cri("exec readlink /proc/self/ns/pid") != cri("exec --in side readlink /proc/self/ns/pid")
    assert cri("exec --in side cat /proc/1/cmdline").split("\0")[:2] == ["sleep", "600"]
    assert cri.machine.until("grep -o 'stdout F side is up' /tmp/logs/side.log")
    assert 0 < int(cri("stats")) < 67108864
    cri("stop --in side")
    assert (cri("status --in side"), cri("status")) == ("exited 137", "running 0")
    assert cri("exec echo still here") == "still here"


@pytest.mark.parametrize("handler", ["crun", "runc"])
def test_handler(cri, handler):
    """What a RuntimeClass asks for: ours by its path, and ours where the shim calls "runc"."""
    cri(f"sandbox --handler {handler}")
    cri("container")
    assert cri("exec echo inside") == "inside"


@pytest.mark.layouts("hybrid", "v1")
def test_limits(cri):
    cri("sandbox --cgroup-parent /kubepods/burstable/podU")
    cri("container --limits")
    limits = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us"
    assert cri(f"exec {limits}").split() == ["67108864", "50000"]
    cri("update")
    assert cri(f"exec {limits}").split() == ["134217728", "70000"]


def test_restricted(cri):
    cri("sandbox")
    cri("container --restricted")
    out = cri("exec sh -c 'id -u; id -G; touch /x 2>/dev/null || echo ro; grep -E CapBnd\\|NoNewPrivs /proc/self/status'").split()
    assert out[0] == "1000" and "2000" in out and "ro" in out and out[-4:] == ["CapBnd:", "0000000000000000", "NoNewPrivs:", "1"]


@pytest.mark.parametrize("options", ["--host", "--host --privileged", "--userns"])
def test_variants(cri, options):
    cri(f"sandbox {options}")
    cri(f"container {options}")
    assert cri("exec echo inside") == "inside"

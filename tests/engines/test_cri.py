# SPDX-License-Identifier: GPL-2.0-or-later
"""Kubernetes over containerd: what a kubelet asks for, by the CRI (inside/cri is its part)."""

import pytest

from conftest import nothing_left
from lib import daemons
from lib.machine import INSIDE

pytestmark = pytest.mark.layouts("hybrid", "v1")


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
    assert machine.sh("crun --root /run/containerd/runc/k8s.io list -q") == ""
    nothing_left(machine)


def test_pod(cri):
    cri("sandbox")
    cri("container")
    assert cri("exec echo from inside") == "from inside"
    assert cri("exec hostname") == "pod"
    cri.machine.fails(f"{INSIDE}/inside/cri exec sh -c 'exit 5'", 5)
    cri("stop")


def test_as_runc(cri):
    cri("sandbox --handler runc")
    cri("container")
    assert cri("exec echo inside") == "inside"


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

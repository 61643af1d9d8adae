# SPDX-License-Identifier: GPL-2.0-or-later
"""podman container checkpoint and restore, and ctr task checkpoint, with the real CRIU."""

import pytest

from test_containerd import BOX, ctr  # noqa: F401 (a fixture)

ALL = pytest.mark.layouts("v2", "hybrid", "v1", "systemd")
# Not `sleep`: a process in nanosleep(2) is interrupted by a restore.
COUNT = "'mkfifo /dev/f; exec 3<>/dev/f; i=0; while :; do i=$((i+1)); echo $i; read -t 0.1 x <&3; done'"


@pytest.fixture
def criu(machine):
    """Where the host has v1, CRIU's part in cgroups is crun's (docs/decisions/0211); nothing is to be configured."""
    machine.sh("criu check")


def lines(podman, name="c1") -> list:
    return [int(n) for n in podman.sh(f"podman logs {name}").split()]


@ALL
def test_podman(podman, criu):
    podman.sh(f"podman run -d --name c1 --network none box sh -c {COUNT}")
    podman.until("test $(podman logs c1 | wc -l) -gt 3")
    podman.sh("podman container checkpoint c1")
    assert podman.sh("podman ps -a --format '{{.Names}} {{.Status}}'").startswith("c1 Exited")
    before = lines(podman)
    podman.sh("podman container restore c1")
    podman.until(f"test $(podman logs c1 | wc -l) -gt {len(before) + 3}")
    after = lines(podman)
    assert after == list(range(1, len(after) + 1))
    assert podman.sh("podman exec c1 echo inside") == "inside"
    podman.sh("podman rm -f -t0 c1")


def test_podman_export(podman, criu):
    """To a file, and from it under another name, twice."""
    podman.sh(f"podman run -d --name c1 --network none box sh -c {COUNT}")
    podman.until("test $(podman logs c1 | wc -l) -gt 3")
    podman.sh("podman exec c1 touch /dev/kept; podman container checkpoint -e /run/c1.tar c1; podman rm -f -t0 c1")
    for name in "a", "b":
        podman.sh(f"podman container restore -i /run/c1.tar -n {name}")
        n = len(lines(podman, name))
        podman.until(f"test $(podman logs {name} | wc -l) -gt {n + 3}")
        podman.sh(f"podman exec {name} test -e /dev/kept")  # a tmpfs of the one that was
    podman.sh("podman rm -f -t0 a b; rm /run/c1.tar")


def test_podman_leave_running(podman, criu):
    podman.sh(f"podman run -d --name c1 --network none box sh -c {COUNT}")
    podman.until("podman logs c1 | grep -q 3")
    podman.sh("podman container checkpoint --leave-running -e /run/c1.tar c1")
    assert podman.sh("podman ps --format '{{.Names}}'") == "c1"
    n = len(lines(podman))
    podman.until(f"test $(podman logs c1 | wc -l) -gt {n + 3}")
    podman.sh("podman rm -f -t0 c1; rm /run/c1.tar")


def test_podman_bridge(podman, criu):
    """A network namespace that podman has made, by its path: the restore brings another."""
    podman.sh(f"podman run -d --name c1 box sh -c {COUNT}")
    podman.until("podman logs c1 | grep -q 3")
    podman.sh("podman container checkpoint c1; podman container restore c1")
    n = len(lines(podman))
    podman.until(f"test $(podman logs c1 | wc -l) -gt {n + 3}")
    podman.sh("podman exec c1 ip addr show eth0; podman rm -f -t0 c1")


def test_podman_terminal(podman, criu):
    podman.sh("podman run -dt --name c1 --network none box sh")
    podman.sh("podman container checkpoint c1; podman container restore c1")
    assert podman.sh("podman exec c1 readlink /proc/1/fd/0") == "/dev/pts/0"
    podman.sh("podman rm -f -t0 c1")


def test_podman_pre_checkpoint(podman, criu):
    if podman.run("criu check --feature mem_dirty_track").status != 0:
        pytest.skip("the kernel does not track changed memory (CONFIG_MEM_SOFT_DIRTY)")
    podman.sh(f"podman run -d --name c1 --network none box sh -c {COUNT}")
    podman.until("podman logs c1 | grep -q 3")
    podman.sh("podman container checkpoint -P -e /run/pre.tar c1")
    podman.sh("podman container checkpoint --with-previous -e /run/c1.tar c1; podman rm -f -t0 c1")
    podman.sh("podman container restore --import-previous /run/pre.tar -i /run/c1.tar -n c2")
    podman.until("test $(podman logs c2 | wc -l) -gt 3")
    podman.sh("podman rm -f -t0 c2; rm /run/c1.tar /run/pre.tar")


@pytest.mark.layouts("hybrid", "v1", "enforced")
def test_containerd(ctr, criu):  # noqa: F811
    """ctr pauses the task, asks for a checkpoint, and looks at the task afterwards."""
    ctr.sh(f"ctr run -d --runc-binary /usr/bin/crun {BOX} sh -c {COUNT} </dev/null >/dev/null 2>&1")
    ctr.sh("ctr task checkpoint --image-path /run/images c1")
    assert ctr.sh("ls /run/images | grep -c inventory.img") == "1"
    ctr.until("ctr task ls | grep -q 'c1 .*RUNNING'")
    ctr.sh("rm -r /run/images")
    ctr.sh("ctr task checkpoint --exit --image-path /run/images c1")
    ctr.until("ctr task ls | grep -q 'c1 .*STOPPED'")
    ctr.sh("ctr task rm c1; ctr container rm c1; rm -r /run/images")

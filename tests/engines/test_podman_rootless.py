# SPDX-License-Identifier: GPL-2.0-or-later
"""podman of an ordinary user, with a delegated cgroup in v2 and none in the others."""

import pytest

from conftest import BOX, nothing_left

ALL = pytest.mark.layouts("v2", "hybrid", "v1")
RUN = "as-user podman run --rm"


@pytest.fixture
def user(machine):
    machine.once("rootless", lambda: machine.sh(BOX.format("as-user podman")))
    yield machine
    machine.sh("as-user podman pod rm -fa -t0; as-user podman rm -fa -t0")
    nothing_left(machine, user="as-user")


@ALL
def test_run(user):
    assert user.sh(f"{RUN} box sh -c 'id -u; cat /proc/self/uid_map | head -1'").split() == ["0", "0", "1000", "1"]


@ALL
def test_as_runc(user):
    assert user.sh("as-user podman --runtime runc run --rm box echo hello") == "hello"


def test_exec(user):
    user.sh("as-user podman run -d --name c1 box sleep 600")
    assert user.sh("as-user podman exec -u user c1 id -u") == "1000"


@ALL
def test_kill(user):
    user.sh("as-user podman run -d --name c1 box sleep 600")
    user.sh("as-user podman kill c1")
    assert user.sh("as-user podman wait c1") == "137"


def test_pause(user):
    user.sh("as-user podman run -d --name c1 box sleep 600")
    user.sh("as-user podman pause c1; as-user podman unpause c1")
    assert user.sh("as-user podman inspect -f '{{.State.Status}}' c1") == "running"


def test_keep_id(user):
    user.sh("mkdir -p /home/user/data && chown user: /home/user/data")
    assert user.sh(f"{RUN} --userns=keep-id -v /home/user/data:/data box sh -c 'touch /data/f; id -u'") == "1000"
    assert user.sh("stat -c %u /home/user/data/f") == "1000"


def test_nomap(user):
    assert user.sh(f"{RUN} --userns=nomap box head -1 /proc/self/uid_map").split()[:2] == ["0", "1"]


def test_uidmap(user):
    assert user.sh(f"{RUN} --uidmap 0:1:1000 --gidmap 0:1:1000 box cat /proc/self/uid_map").split() == ["0", "1", "1000"]


def test_keep_groups(user):
    """A group that is not mapped in the container still opens what only it may read."""
    user.sh("getent group kept || { groupadd -g 4242 kept && usermod -aG kept user; }")
    user.sh("mkdir -p /run/engines/kept && chgrp kept /run/engines/kept && chmod 750 /run/engines/kept && echo for the group >/run/engines/kept/file")
    read = "-v /run/engines/kept:/kept:ro box cat /kept/file"
    assert user.sh(f"{RUN} --group-add keep-groups {read}") == "for the group"
    assert "Permission denied" in user.fails(f"{RUN} {read}").err


def test_privileged(user):
    assert user.sh(f"{RUN} --privileged box sh -c 'mkdir /m && mount -t tmpfs none /m && echo yes'") == "yes"


def test_host_namespaces(user):
    assert user.sh(f"{RUN} --network host --pid host box readlink /proc/self/ns/net") == user.sh("readlink /proc/self/ns/net")


@pytest.mark.parametrize("network", ["pasta", "slirp4netns", "none"])
def test_network(user, network):
    names = user.sh(f"{RUN} --network {network} box ls /sys/class/net").split()
    assert "lo" in names and (network == "none") == (len(names) == 1)


def test_pod(user):
    user.sh("as-user podman pod create --name p1")
    assert user.sh(f"{RUN} --pod p1 box echo in pod") == "in pod"


def test_terminal(user):
    out = user.tty("as-user podman run --rm -it box sh -c 'tty; sleep 1'")
    assert "/dev/" in out


def test_init(user):
    assert user.sh(f"{RUN} --init box cat /proc/1/comm") in ("catatonit", "podman-init")

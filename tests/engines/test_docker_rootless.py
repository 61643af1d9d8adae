# SPDX-License-Identifier: GPL-2.0-or-later
"""Docker of an ordinary user: rootlesskit makes the namespaces, and dockerd in them is root of nothing."""

import pytest

from conftest import BOX

ROOTLESS = "dockerd-rootless.sh --add-runtime crun=/usr/bin/crun --default-runtime crun --storage-driver overlay2 --exec-opt native.cgroupdriver="
SOCKET = "unix:///run/user/1000/docker.sock"
DOCKER = f"as-user docker -H {SOCKET}"
START = "export PATH=$PATH:/usr/share/docker.io/contrib DOCKERD_ROOTLESS_ROOTLESSKIT_NET=slirp4netns; exec " + ROOTLESS


def start(m):
    """His daemon; where systemd manages him, a service of his, with limits in force as far as he has been given controllers."""
    driver = "systemd" if m.layout == "systemd" else "cgroupfs"
    unit = "as-user systemd-run --user -q -u docker -p Delegate=yes" if m.layout == "systemd" else "as-user"
    m.write("/run/engines/rootless-docker", f"#!/bin/bash\n{START}{driver}\n", 0o755)
    m.sh(f"{unit} /run/engines/rootless-docker >/run/engines/rootless-docker.log 2>&1 </dev/null {'' if m.layout == 'systemd' else '&'}")
    m.until(f"{DOCKER} version", seconds=120)
    m.sh(BOX.format(DOCKER).replace(" -q ", " ").replace("- box", "- box:latest"))


@pytest.fixture
def docker(machine):
    machine.once("rootless docker", lambda: start(machine))
    yield machine
    machine.sh(f"l=$({DOCKER} ps -aq); [ -z \"$l\" ] || {DOCKER} rm -f $l")


EVERYWHERE = pytest.mark.layouts("v2", "systemd")


@EVERYWHERE
def test_run(docker):
    assert docker.sh(f"{DOCKER} info -f '{{{{.DefaultRuntime}}}}'") == "crun"
    assert docker.sh(f"{DOCKER} run --rm box sh -c 'id -u; head -1 /proc/self/uid_map'").split() == ["0", "0", "1000", "1"]
    docker.fails(f"{DOCKER} run --rm box sh -c 'exit 7'", 7)


@EVERYWHERE
def test_exec(docker):
    docker.sh(f"{DOCKER} run -d --name c1 box sleep 600")
    assert docker.sh(f"{DOCKER} exec -u user -w /tmp c1 sh -c 'id -u; pwd'").split() == ["1000", "/tmp"]
    docker.fails(f"{DOCKER} exec c1 sh -c 'exit 5'", 5)
    docker.sh(f"{DOCKER} restart -t 0 c1; {DOCKER} exec c1 true; {DOCKER} kill c1")
    assert docker.sh(f"{DOCKER} inspect -f '{{{{.State.ExitCode}}}}' c1") == "137"


@pytest.mark.layouts("systemd")
def test_limits(docker):
    """A scope of his systemd's, with the limits in force. Where he has no controllers the daemon asks for no cgroup, and gets ours."""
    own = "/user.slice/user-1000.slice/user@1000.service"
    given = "memory" in docker.sh(f"cat /sys/fs/cgroup{own}/cgroup.controllers").split()
    id = docker.sh(f"{DOCKER} run -d --name c1 -m 64m --pids-limit 50 box sleep 600")
    pid = docker.sh(f"{DOCKER} top c1 -o pid").split()[-1]
    path = docker.sh(f"sed -n 's/^0:://p' /proc/{pid}/cgroup")
    assert path == f"{own}/user.slice/{'docker' if given else 'crun'}-{id}.scope"
    if given:
        assert docker.sh(f"cat /sys/fs/cgroup{path}/memory.max /sys/fs/cgroup{path}/pids.max").split() == ["67108864", "50"]

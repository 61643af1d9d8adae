# SPDX-License-Identifier: GPL-2.0-or-later
"""Engines and services on a host with systemd: its cgroup driver, Quadlet, units that run the runtime themselves, the
journal and sockets."""

import json
import re
import time

import pytest

from conftest import BOX, nothing_left
from lib import daemons
from lib.bundles import bundle
from lib.machine import PATIENCE

pytestmark = pytest.mark.layouts("systemd")
# The machine's own programs in a container: what systemd-notify and python3 need.
USR = [{"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]},
       {"destination": "/lib", "type": "bind", "source": "/usr/lib", "options": ["rbind", "ro"]},
       {"destination": "/lib64", "type": "bind", "source": "/usr/lib64", "options": ["rbind", "ro"]}]


def no_scopes(m, pattern):
    end = time.monotonic() + 60 * PATIENCE
    while left := m.sh(f"systemctl list-units --all --no-legend --plain '{pattern}'"):
        assert time.monotonic() < end, left
        time.sleep(0.05)


def unit(m, name, text):
    m.write(f"/run/systemd/system/{name}", text)
    m.sh("systemctl daemon-reload")


@pytest.fixture
def units(machine):
    yield machine
    machine.sh("systemctl stop 't-*.service' 't-*.socket'; rm -f /run/systemd/system/t-*; systemctl daemon-reload; systemctl reset-failed")
    nothing_left(machine)


# engines

def test_podman(podman):
    assert podman.sh("podman info --format '{{.Host.CgroupManager}} {{.Host.OCIRuntime.Name}}'") == "systemd crun"
    podman.sh("podman run -d --name c1 box sleep 600")
    pid, id = podman.sh("podman inspect -f '{{.State.Pid}} {{.Id}}' c1").split()
    assert podman.sh(f"sed -n 's/^0:://p' /proc/{pid}/cgroup") == f"/machine.slice/libpod-{id}.scope"
    assert podman.sh("podman exec c1 echo inside") == "inside"
    podman.sh("systemctl daemon-reload; podman pause c1; podman unpause c1; podman exec c1 sh -c 'echo x >/dev/null'")
    assert podman.sh("podman inspect -f '{{.State.CgroupPath}}' c1") == f"/machine.slice/libpod-{id}.scope"
    podman.sh("podman stats --no-stream c1 && podman top c1")
    podman.sh("podman stop -t 0 c1; podman start c1; podman exec c1 true; podman rm -f -t 0 c1")
    no_scopes(podman, f"libpod-{id}*")


def test_podman_pod(podman):
    podman.sh("podman pod create --name p1 && podman run -d --pod p1 --name c1 box sleep 600 && podman exec c1 true")
    pid = podman.sh("podman inspect -f '{{.State.Pid}}' c1")
    assert re.match(r"/machine.slice/machine-libpod_pod_[0-9a-f]+.slice/libpod-[0-9a-f]+.scope$", podman.sh(f"sed -n 's/^0:://p' /proc/{pid}/cgroup"))


def test_podman_systemd_inside(podman):
    """An init system in the container finds its cgroup to be its own."""
    podman.sh("podman run -d --name c1 --systemd=always box sleep 600")
    assert podman.sh("podman exec c1 sh -c 'mkdir /sys/fs/cgroup/below && rmdir /sys/fs/cgroup/below && echo ok'") == "ok"


def test_podman_user(machine):
    machine.once("rootless", lambda: machine.sh(BOX.format("as-user podman")))
    try:
        machine.sh("as-user podman --cgroup-manager systemd run -d --name c1 box sleep 600")
        pid, id = machine.sh("as-user podman inspect -f '{{.State.Pid}} {{.Id}}' c1").split()
        path = machine.sh(f"sed -n 's/^0:://p' /proc/{pid}/cgroup")
        assert path == f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{id}.scope"
        assert machine.sh("as-user podman exec c1 id -u") == "0"
        machine.sh("as-user podman pause c1; as-user podman unpause c1")
    finally:
        machine.sh("as-user podman rm -fa -t0")


def test_kube(podman):
    podman.write("/run/engines/kube.yaml", json.dumps({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
        "spec": {"terminationGracePeriodSeconds": 0, "volumes": [{"name": "data", "emptyDir": {}}], "containers": [
            {"name": n, "image": "localhost/box", "imagePullPolicy": "Never", "command": ["sh", "-c", c],
             "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
            for n, c in (("main", "echo from main >/data/file; sleep 600"), ("side", "until cat /data/file 2>/dev/null; do sleep 0.1; done; sleep 600"))]}}))
    podman.sh("podman kube play /run/engines/kube.yaml")
    try:
        assert podman.until("podman logs web-side | grep main") == "from main"
    finally:
        podman.run("podman kube down --force /run/engines/kube.yaml")
    assert podman.sh("podman ps -aq") == ""
    no_scopes(podman, "libpod-*.scope")


def test_health(podman):
    """The timer that podman has systemd make runs the checks, each an exec."""
    podman.sh("podman run -d --name c1 --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 1 box sleep 600")
    state = "podman inspect -f '{{.State.Health.Status}}' c1"
    podman.until(f"{state} | grep -x unhealthy")
    podman.sh("podman exec c1 touch /tmp/well")
    podman.until(f"{state} | grep -x healthy")


def test_quadlet(podman):
    podman.write("/etc/containers/systemd/q.container", "[Container]\nImage=localhost/box\nExec=sh -c 'echo up; sleep 600'\nPull=never\nStopTimeout=0\n[Service]\nRestart=no\n")
    podman.sh("systemctl daemon-reload && systemctl start q.service")
    try:
        assert podman.sh("systemctl is-active q.service") == "active"
        assert podman.sh("podman exec systemd-q echo inside") == "inside"
        pid = podman.sh("podman inspect -f '{{.State.Pid}}' systemd-q")
        assert podman.sh(f"sed -n 's/^0:://p' /proc/{pid}/cgroup").startswith("/system.slice/q.service/libpod-payload-")
        podman.until("journalctl -o cat -u q.service | grep -x up")
    finally:
        podman.sh("systemctl stop q.service; rm /etc/containers/systemd/q.container; systemctl daemon-reload; systemctl reset-failed")
    assert podman.sh("podman ps -aq") == ""


@pytest.mark.parametrize("who", ["", "as-user "], ids=["root", "user"])
def test_split(machine, who):
    """--cgroups=split: beside conmon, in the cgroup of the service that podman is run by."""
    machine.once(f"{who}box", lambda: machine.sh(BOX.format(f"{who}podman")))
    unit = f"{who}systemd-run {'--user ' if who else ''}-q --wait -P -p Delegate=yes -u t-split"
    path = machine.sh(f"{unit} podman run --rm --cgroups=split --cgroupns=host box cat /proc/self/cgroup")
    assert re.search(r"/t-split.service/libpod-payload-[0-9a-f]{64}$", path)


@pytest.fixture
def docker(machine):
    machine.once("docker", lambda: daemons.docker(machine, "--exec-opt native.cgroupdriver=systemd"))
    yield machine
    machine.sh("l=$(docker ps -aq); [ -z \"$l\" ] || docker rm -f $l")
    nothing_left(machine)


def test_docker(docker):
    assert docker.sh("docker info -f '{{.CgroupDriver}} {{.DefaultRuntime}}'") == "systemd crun"
    id = docker.sh("docker run -d --name c1 box sleep 600")
    pid = docker.sh("docker inspect -f '{{.State.Pid}}' c1")
    assert docker.sh(f"sed -n 's/^0:://p' /proc/{pid}/cgroup") == f"/system.slice/docker-{id}.scope"
    assert docker.sh("docker exec c1 echo inside") == "inside"
    docker.sh("docker pause c1; docker unpause c1; systemctl daemon-reload; docker exec c1 sh -c 'echo x >/dev/null'; docker stats --no-stream c1")
    docker.sh("docker update --restart no c1; docker restart -t 0 c1; docker exec c1 true; docker rm -f c1")
    assert docker.sh("docker run --rm --runtime runc box echo as runc") == "as runc"
    no_scopes(docker, "docker-*.scope")


# units that run the runtime

def test_notify(units):
    """Type=notify: the unit is active when the container has said so, and not before."""
    b = bundle(units, ["/usr/bin/sh", "-c", "trap 'exit 0' TERM; until [ -e /run/go/go ]; do sleep 0.1; done; "
                       "systemd-notify --ready --status='from inside'; while :; do sleep 0.1; done"],
               mounts=[*USR, {"destination": "/run/go", "type": "bind", "source": "/run/engines/go", "options": ["bind"]}])
    units.sh("rm -rf /run/engines/go; mkdir /run/engines/go")
    unit(units, "t-notify.service", f"[Service]\nType=notify\nNotifyAccess=all\nExecStart=/usr/bin/crun --systemd-cgroup run -b {b} n1\n")
    units.sh("systemctl start --no-block t-notify.service")
    units.until("crun exec n1 true")
    assert units.run("systemctl is-active t-notify.service").out.strip() == "activating"
    units.sh("touch /run/engines/go/go")
    units.until("systemctl is-active t-notify.service")
    assert units.until("systemctl show t-notify.service -p StatusText --value | grep inside") == "from inside"
    units.sh("systemctl stop t-notify.service")


@pytest.mark.parametrize("manager", ["cgroupfs", "systemd"])
def test_service(units, manager):
    """A service that runs a container in the foreground: what that says is in the journal, stopping the one ends the other."""
    b = bundle(units, ["sh", "-c", f"trap 'echo bye {manager}; exit 0' TERM; echo up {manager}; while :; do sleep 0.1; done"])
    unit(units, "t-plain.service", f"[Service]\nExecStart=/usr/bin/crun --cgroup-manager {manager} run -b {b} p1\n")
    units.sh("systemctl start t-plain.service")
    units.until(f"journalctl --sync; journalctl -o cat {'-u crun-p1.scope' if manager == 'systemd' else ''} | grep -x 'up {manager}'")
    units.sh("systemctl stop t-plain.service")
    units.until(f"journalctl --sync; journalctl -o cat | grep -x 'bye {manager}'")
    assert units.sh("systemctl show -p Result --value t-plain.service") == "success"


def test_journal(units):
    units.fails("crun --log journald:of-crun --systemd-cgroup run -b /no/such j1", 1)
    units.sh("journalctl --sync")
    entry = json.loads(units.until("journalctl -t of-crun -o json -n 1 | grep ."))
    assert "/no/such" in entry["MESSAGE"] and entry["CONTAINER_ID"] == "j1" and entry["OPERATION"] == "run" and entry["PRIORITY"] == "3"


SERVE = """import os, socket
assert os.environ["LISTEN_PID"] == str(os.getpid()), os.environ
assert os.environ["LISTEN_FDS"] == "2", os.environ
names = os.environ["LISTEN_FDNAMES"].split(":")
c = socket.socket(fileno=3 + names.index("two")).accept()[0]
c.sendall(b"from inside " + c.recv(100))
"""


def test_sockets(units):
    """Socket activation: the first connection starts the container, which finds the sockets."""
    b = bundle(units, ["/usr/bin/python3", "-c", SERVE], mounts=USR)
    for name in ("one", "two"):
        unit(units, f"t-{name}.socket", f"[Socket]\nListenStream=/run/engines/{name}.sock\nFileDescriptorName={name}\nService=t-listen.service\n")
    unit(units, "t-listen.service", f"[Unit]\nRequires=t-one.socket t-two.socket\n[Service]\nSockets=t-one.socket t-two.socket\n"
         f"ExecStart=/usr/bin/crun --systemd-cgroup run -b {b} l1\n")
    units.sh("systemctl start t-one.socket t-two.socket")
    assert units.sh(["python3", "-c", "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/engines/two.sock'); "
                     "s.sendall(b'hello'); print(s.recv(100).decode())"]) == "from inside hello"

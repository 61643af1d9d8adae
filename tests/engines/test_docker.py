# SPDX-License-Identifier: GPL-2.0-or-later
"""Docker with crun as its default runtime."""

import json

import pytest

from conftest import BOX, nothing_left
from lib import daemons

ALL = pytest.mark.layouts("v2", "hybrid", "v1")
LIMITS = pytest.mark.layouts("hybrid", "v1")


@pytest.fixture
def docker(machine):
    machine.once("docker", lambda: daemons.docker(machine))
    yield machine
    machine.sh("l=$(docker ps -aq); [ -z \"$l\" ] || docker rm -f $l")
    nothing_left(machine, "/run/docker/runtime-runc/moby")
    nothing_left(machine)


@pytest.fixture
def running(docker):
    docker.sh("docker run -d --name c1 box sleep 600")
    return docker


@ALL
def test_run(docker):
    assert docker.sh("docker run --rm box echo hello") == "hello"


def test_info(docker):
    assert docker.sh("docker info -f '{{.DefaultRuntime}}'") == "crun"
    assert docker.sh("docker info -f '{{.RuncCommit.ID}}'")


@ALL
def test_as_runc(docker):
    assert docker.sh("docker run --rm --runtime runc box echo hello") == "hello"
    docker.sh("docker run -d --runtime runc --name c1 box sleep 600")
    assert docker.sh("docker exec c1 echo inside") == "inside"


def test_exit_status(docker):
    docker.fails("docker run --rm box sh -c 'exit 7'", 7)
    assert "executable file not found in $PATH" in docker.fails("docker run --rm box nosuch", 127).err
    docker.fails("docker run --rm box /etc", 126)


@ALL
def test_exec(running):
    assert running.sh("docker exec -e A=b -w /tmp -u user c1 sh -c 'echo $A; pwd; id -u'").split() == ["b", "/tmp", "1000"]
    running.fails("docker exec c1 sh -c 'exit 5'", 5)
    assert "/dev/pts" in running.tty("docker exec -it c1 sh -c 'tty; sleep 1'")
    running.fails("docker exec c1 nosuch", 127)


def test_exec_privileged(running):
    assert running.sh("docker exec --privileged c1 grep CapEff /proc/self/status") != running.sh("docker exec c1 grep CapEff /proc/self/status")


def test_terminal(docker):
    assert "/dev/" in docker.tty("docker run --rm -it box sh -c 'tty; sleep 1'")


@ALL
def test_pause(running):
    running.sh("docker pause c1")
    assert running.sh("docker inspect -f '{{.State.Status}}' c1") == "paused"
    running.sh("docker unpause c1")
    assert running.sh("docker inspect -f '{{.State.Status}}' c1") == "running"


@ALL
def test_stop_start(running):
    running.sh("docker stop -t 1 c1 && docker start c1 && docker restart -t 0 c1 && docker kill -s USR1 c1")
    assert running.sh("docker inspect -f '{{.State.ExitCode}}' c1")


def test_top(running):
    assert "sleep 600" in running.sh("docker top c1")


@LIMITS
def test_stats(docker):
    docker.sh("docker run -d --name c1 -m 64m box sleep 600")
    s = json.loads(docker.sh("docker stats --no-stream --format json c1"))
    assert s["PIDs"] == "1" and s["MemUsage"].endswith("/ 64MiB")


@LIMITS
def test_limits(docker):
    out = docker.sh("docker run --rm --memory 64m --memory-reservation 32m --cpus 0.5 --pids-limit 50 --cpu-shares 512 --cpuset-cpus 0 box "
                    "sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory/memory.soft_limit_in_bytes pids/pids.max "
                    "cpu/cpu.cfs_quota_us cpu/cpu.shares cpuset/cpuset.cpus'")
    assert out.split() == ["67108864", "33554432", "50", "50000", "512", "0"]


@LIMITS
def test_update(running):
    running.sh("docker update --memory 64m --memory-swap 128m --cpus 1.5 --pids-limit 77 c1")
    out = running.sh("docker exec c1 sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max'")
    assert out.split() == ["67108864", "150000", "77"]


@LIMITS
def test_out_of_memory(docker):
    docker.run("docker run --name c1 -m 8m box sh -c 'exec tail /dev/zero'")
    assert docker.sh("docker inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' c1") == "true 137"


def test_init(docker):
    assert docker.sh("docker run --rm --init box cat /proc/1/comm") in ("docker-init", "tini")


def test_restart_policy(docker):
    docker.sh("docker run -d --name c1 --restart on-failure:2 box sh -c 'echo try; exit 1'")
    docker.until("test $(docker logs c1 | grep -c try) = 3")


def test_live_restore(machine):
    """The daemon ends and another one takes over, of which the container sees nothing."""
    d, docker = daemons.second_docker(machine, "--live-restore")
    try:
        machine.sh(BOX.format(docker).replace(" -q ", " ").replace("- box", "- box:latest"))
        machine.sh(f"{docker} run -d --network none --name c1 box sh -c 'n=0; while :; do echo $((n += 1)) >/tmp/n; sleep 0.1; done'")
        pid = machine.sh(f"{docker} inspect -f '{{{{.State.Pid}}}}' c1")
        n = machine.until(f"{docker} exec c1 grep . /tmp/n")
        assert machine.reap(d["id"], 15) == 0
        machine.until(f"test $(cat /proc/{pid}/root/tmp/n || echo 0) -gt {int(n) + 5}")
        d, docker = daemons.second_docker(machine, "--live-restore")
        assert machine.sh(f"{docker} inspect -f '{{{{.State.Pid}}}} {{{{.State.Status}}}}' c1") == f"{pid} running"
        assert machine.sh(f"{docker} exec c1 echo inside") == "inside"
        machine.sh(f"{docker} pause c1; {docker} unpause c1; {docker} stop -t 0 c1")
        assert machine.sh(f"{docker} inspect -f '{{{{.State.ExitCode}}}}' c1") == "137"
    finally:
        machine.run(f"{docker} rm -f c1")
        machine.reap(d["id"], 15)


COMPOSE = """\
services:
  web:
    image: box
    pull_policy: never
    command: httpd -f -p 80 -h /data
    volumes: [data:/data]
    stop_grace_period: 0s
    healthcheck: {test: wget -qO- http://localhost/file, interval: 1s, retries: 300}
  client:
    image: box
    pull_policy: never
    command: sh -c "wget -qO- http://web/file; sleep 600"
    stop_grace_period: 0s
    depends_on: {web: {condition: service_healthy}, fill: {condition: service_completed_successfully}}
  fill:
    image: box
    pull_policy: never
    command: sh -c "echo by compose >/data/file"
    volumes: [data:/data]
volumes: {data: }
"""


def test_compose(docker):
    """Three containers, a network and a volume; health and an exit status decide when the last begins."""
    docker.write("/run/engines/compose/compose.yaml", COMPOSE)
    compose = "docker compose --project-directory /run/engines/compose"
    docker.sh(f"{compose} up -d")
    try:
        assert docker.until(f"{compose} logs --no-log-prefix client | grep compose") == "by compose"
        assert docker.sh(f"{compose} exec web echo inside") == "inside"
        assert docker.sh(f"{compose} ps -a --format '{{{{.Service}}}} {{{{.State}}}} {{{{.ExitCode}}}}' | sort").split("\n") == \
            ["client running 0", "fill exited 0", "web running 0"]
    finally:
        docker.sh(f"{compose} down -v -t 0")


def test_health(docker):
    docker.sh("docker run -d --name c1 --health-cmd true --health-interval 1s --health-start-interval 1s box sleep 600")
    docker.until("test $(docker inspect -f '{{.State.Health.Status}}' c1) = healthy")


def test_volumes(docker):
    docker.sh("mkdir -p /run/engines/docker-data")
    out = docker.sh("docker run --rm -v /run/engines/docker-data:/data -v vol1:/var/lib/data:ro --tmpfs /scratch:size=1m "
                    "--mount type=bind,src=/run/engines,dst=/again,readonly,bind-propagation=rslave --read-only box "
                    "sh -c 'touch /data/f /scratch/f; touch /again/f || echo ro; touch /f || echo ro' 2>/dev/null")
    assert out.split() == ["ro", "ro"]


def test_user(docker):
    out = docker.sh("docker run --rm --user user --group-add audio -w /srv/new box sh -c 'id -u; id -G; pwd'")
    uid, groups, cwd = out.split("\n")
    assert (uid, set(groups.split()), cwd) == ("1000", {"1000", "29"}, "/srv/new")


def test_security(docker):
    out = docker.sh("docker run --rm --cap-drop ALL --security-opt no-new-privileges box grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status")
    assert out.split() == ["CapEff:", "0000000000000000", "NoNewPrivs:", "1", "Seccomp:", "2"]


@ALL
def test_privileged(docker):
    docker.sh("docker run --rm --privileged box sh -c 'mkdir /m && mount -t tmpfs none /m'")


@pytest.mark.parametrize("options", ["--net host", "--net none", "--pid host --ipc host --uts host --cgroupns host", "--cgroupns private",
                                     "--security-opt seccomp=unconfined --security-opt systempaths=unconfined", "--ulimit nofile=100:200 --shm-size 1m",
                                     "--sysctl kernel.msgmax=65536", "--device /dev/fuse", "--hostname h1 --domainname example.org"])
def test_variants(docker, options):
    assert docker.sh(f"docker run --rm {options} box echo hello") == "hello"


def test_network(docker):
    docker.sh("docker run -d --name c1 box httpd -f -p 80 -h /etc")
    address = docker.sh("docker inspect -f '{{.NetworkSettings.Networks.bridge.IPAddress}}' c1")
    assert "root:" in docker.until(f"docker run --rm box wget -qO- http://{address}/passwd")


def test_join_container(docker):
    docker.sh("docker run -d --name c0 --ipc shareable box sleep 600")
    assert docker.sh("docker run --rm --network container:c0 --pid container:c0 --ipc container:c0 box cat /proc/1/comm") == "sleep"


@ALL
@pytest.mark.parametrize("buildkit", ["0", "1"])
def test_build(docker, buildkit):
    docker.write("/run/engines/docker-build/Dockerfile", "FROM box\nENV A=b\nWORKDIR /srv/app\nRUN echo $A >file\n")
    docker.sh(f"DOCKER_BUILDKIT={buildkit} docker build -q --no-cache -t built /run/engines/docker-build")
    assert docker.sh("docker run --rm built cat /srv/app/file") == "b"


def test_copy(running):
    running.sh("echo copied >/run/engines/file && docker cp /run/engines/file c1:/tmp/file && docker cp c1:/tmp/file - | tar -xO | grep copied")

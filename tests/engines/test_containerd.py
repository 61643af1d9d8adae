# SPDX-License-Identifier: GPL-2.0-or-later
"""containerd by ctr. It always sets cpu shares, so v2 without controllers is not for it."""

import json

import pytest

from conftest import nothing_left
from lib import daemons

pytestmark = pytest.mark.layouts("hybrid", "v1", "enforced")
RUN = "ctr run --rm --runc-binary /usr/bin/crun"
BOX = "localhost/box:latest c1"


@pytest.fixture
def ctr(machine):
    machine.once("containerd", lambda: daemons.containerd(machine))
    yield machine
    machine.run("for c in $(ctr container ls -q); do ctr task kill -s KILL -a $c; ctr task rm -f $c; ctr container rm $c; done")
    nothing_left(machine, "/run/containerd/runc/default")
    nothing_left(machine)


@pytest.fixture
def running(ctr):
    ctr.sh(f"ctr run -d --runc-binary /usr/bin/crun {BOX} sleep 600")
    return ctr


def test_run(ctr):
    assert ctr.sh(f"{RUN} {BOX} echo hello") == "hello"


def test_default_is_runc(ctr):
    """Without BinaryName the shim calls "runc"."""
    assert ctr.sh(f"ctr run --rm {BOX} echo hello") == "hello"


def test_exit_status(ctr):
    ctr.fails(f"{RUN} {BOX} sh -c 'exit 7'", 7)


def test_not_found(ctr):
    assert "no such file or directory" in ctr.fails(f"{RUN} {BOX} /no/such").err


def test_exec(running):
    assert running.sh("ctr task exec --exec-id e1 --cwd /tmp --user 1000 c1 sh -c 'pwd; id -u'").split() == ["/tmp", "1000"]
    running.fails("ctr task exec --exec-id e2 c1 sh -c 'exit 5'", 5)
    assert "/dev/pts" in running.tty("ctr task exec -t --exec-id e3 c1 sh -c 'tty; sleep 1'")


def test_kill(running):
    running.sh("ctr task kill -s KILL c1")
    running.until("ctr task ls | grep -q 'c1 .*STOPPED'")
    running.sh("ctr task rm c1 || test $? = 137; ctr container rm c1")


def test_pause(running):
    running.sh("ctr task pause c1")
    assert "PAUSED" in running.sh("ctr task ls")
    running.sh("ctr task resume c1")
    assert "RUNNING" in running.sh("ctr task ls")


def test_processes(running):
    pid = running.sh("ctr task ls").split("\n")[1].split()[1]
    assert pid in running.sh("ctr task ps c1")


def test_metrics(running):
    """v1's have one level more than v2's."""
    m = json.loads(running.sh("ctr task metrics --format json c1"))
    usage = m["memory"]["usage"]
    assert int(usage["usage"] if isinstance(usage, dict) else usage) > 0 and int(m["pids"]["current"]) == 1


@pytest.mark.layouts("hybrid", "v1")
def test_limits(ctr):
    out = ctr.sh(f"{RUN} --memory-limit 67108864 --cpus 0.5 {BOX} cat /proc/self/cgroup")
    assert "default/c1" in out
    ctr.sh(f"ctr run -d --runc-binary /usr/bin/crun --memory-limit 67108864 --cpus 0.5 {BOX} sleep 600")
    assert ctr.sh("cat /sys/fs/cgroup/memory/default/c1/memory.limit_in_bytes /sys/fs/cgroup/cpu/default/c1/cpu.cfs_quota_us").split() == ["67108864", "50000"]


def test_options(ctr):
    out = ctr.sh(f"{RUN} --user 1000:1000 --cwd /tmp --env A=b --hostname h1 --cap-drop CAP_CHOWN --label l=1 --annotation a=b "
                 f"--device /dev/fuse {BOX} sh -c 'id -u; pwd; echo $A; hostname; ls /dev/fuse'")
    assert out.split() == ["1000", "/tmp", "b", "h1", "/dev/fuse"]


def test_mounts(ctr):
    out = ctr.sh(f"{RUN} --mount type=bind,src=/run/engines,dst=/data,options=rbind:ro --mount type=tmpfs,dst=/scratch,options=size=1m "
                 f"--read-only {BOX} sh -c 'ls -d /data/rootfs; touch /data/x || echo ro; touch /scratch/x; touch /x || echo ro' 2>/dev/null")
    assert out.split() == ["/data/rootfs", "ro", "ro"]


@pytest.mark.parametrize("options", ["--privileged", "--net-host", "--seccomp", "--no-pivot", "--snapshotter native",
                                     "--uidmap 0:100000:65536 --gidmap 0:100000:65536", "--with-ns network:/proc/1/ns/net"])
def test_variants(ctr, options):
    assert ctr.sh(f"{RUN} {options} {BOX} echo hello") == "hello"


def test_rootfs(ctr):
    assert ctr.sh(f"{RUN} --rootfs --env PATH=/bin --rootfs-propagation rslave /run/engines/rootfs c1 /bin/echo hello") == "hello"


def test_terminal(ctr):
    assert "/dev/" in ctr.tty(f"{RUN} -t {BOX} sh -c 'tty; sleep 1'")


def events(m, log):
    """A listener that has begun to listen."""
    e = m.spawn("ctr events", log)
    m.until(f"ctr image label localhost/box:latest seen=$RANDOM >/dev/null; grep -q /images/update {log}")
    return e


def test_events(running):
    e = events(running, "/run/engines/events")
    running.sh("ctr task pause c1; ctr task resume c1")
    running.until("grep -q /tasks/paused /run/engines/events && grep -q /tasks/resumed /run/engines/events")
    running.reap(e["id"], 15)


def test_out_of_memory_event(ctr):
    e = events(ctr, "/run/engines/oom-events")
    ctr.sh(f"ctr run -d --runc-binary /usr/bin/crun --memory-limit 8388608 {BOX} sh -c 'sleep 1; exec tail /dev/zero'")
    ctr.until("grep -q /tasks/oom /run/engines/oom-events")
    ctr.reap(e["id"], 15)


# SPDX-License-Identifier: GPL-2.0-or-later
"""events: statistics in the shape that runc's consumers decode, and a word when memory runs out."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from lib import cgroups, processes
from lib.bundle import namespaces

v1_memory = pytest.mark.skipif(cgroups.v1_mount("memory") is None, reason="the memory controller is not at v1 here")
memory = pytest.mark.skipif("memory" not in cgroups.controllers(), reason="no memory controller on this host")
M = 1 << 20


def stats(rt, c):
    r = rt("events", "--stats", c.id)
    assert r.returncode == 0 and r.stderr == "" and len(r.lines) == 1, str(r)
    assert r.json["type"] == "stats" and r.json["id"] == c.id
    return r.json["data"]


# What containerd decodes, and the types in which it does: Go's uint64, uint32, string, and so on.
U64, U32, TEXT = (lambda v: isinstance(v, int) and 0 <= v < 1 << 64), (lambda v: isinstance(v, int) and 0 <= v < 1 << 32), (lambda v: isinstance(v, str))
NUMBER = lambda v: isinstance(v, (int, float))  # noqa: E731
ENTRY = {"limit": U64, "usage": U64, "max": U64, "failcnt": U64}
IO = [{"major": U64, "minor": U64, "op": TEXT, "value": U64}]
PSI_LINE = {"avg10": NUMBER, "avg60": NUMBER, "avg300": NUMBER, "total": U64}
PSI = {"some": PSI_LINE, "full": PSI_LINE}
RDMA = [{"device": TEXT, "hca_handles": U32, "hca_objects": U32}]
SHAPE = {
    "cpu": {"usage": {"total": U64, "percpu": [U64], "percpu_kernel": [U64], "percpu_user": [U64], "kernel": U64, "user": U64},
            "throttling": {"periods": U64, "throttledPeriods": U64, "throttledTime": U64}, "psi": PSI},
    "cpuset": {"cpus": [U64], "mems": [U64], "sched_relax_domain_level": lambda v: isinstance(v, int), **{k: U64 for k in ("cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page",
                                                                "memory_spread_slab", "memory_pressure", "sched_load_balance")}},
    "memory": {"cache": U64, "usage": ENTRY, "swap": ENTRY, "kernel": ENTRY, "kernelTCP": ENTRY, "raw": {None: U64}, "psi": PSI},
    "pids": {"current": U64, "limit": U64},
    "blkio": {k: IO for k in ("ioServiceBytesRecursive", "ioServicedRecursive", "ioQueueRecursive", "ioServiceTimeRecursive", "ioWaitTimeRecursive",
                              "ioMergedRecursive", "ioTimeRecursive", "sectorsRecursive")} | {"psi": PSI},
    "hugetlb": {None: {"usage": U64, "max": U64, "failcnt": U64}},
    "rdma": {"rdma_limit": RDMA, "rdma_current": RDMA},
    "intel_rdt": {},
    "network_interfaces": [{"Name": TEXT, **{d + n: U64 for d in ("Rx", "Tx") for n in ("Bytes", "Packets", "Errors", "Dropped")}}],
}


def fits(value, shape, where="data"):
    if callable(shape):
        assert shape(value), f"{where}: {value!r}"
    elif isinstance(shape, list):
        assert isinstance(value, list), f"{where}: {value!r}"
        for i, v in enumerate(value):
            fits(v, shape[0], f"{where}[{i}]")
    else:
        assert isinstance(value, dict), f"{where}: {value!r}"
        for k, v in value.items():
            assert k in shape or None in shape, f"{where}.{k}: a member that nobody knows"
            fits(v, shape.get(k, shape.get(None)), f"{where}.{k}")


def test_shape(running, rt):
    data = stats(rt, running())
    if not rt.ours:  # null where it has nothing to say
        data = {k: v for k, v in data.items() if v is not None}
    fits(data, SHAPE)
    assert {"cpu", "memory", "pids", "blkio", "hugetlb", "intel_rdt"} <= set(data)


@v1_memory
def test_numbers(running, rt):
    c = running(["/bin/sh", "-c", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; head -c 8000000 /dev/zero >/dev/shm/x; echo ready; exec sleep 100"],
                resources={"memory": {"limit": 64 * M}, "pids": {"limit": 33}})
    rt.wait_output(c, "ready")
    data = stats(rt, c)
    assert data["memory"]["usage"]["limit"] == 64 * M
    assert 8_000_000 <= data["memory"]["usage"]["usage"] <= data["memory"]["usage"]["max"] <= 64 * M
    assert data["memory"]["cache"] >= 8_000_000 and data["memory"]["raw"]["cache"] == data["memory"]["cache"]
    assert data["memory"]["usage"]["failcnt"] == 0
    assert data["pids"] == {"current": 1, "limit": 33}
    usage = data["cpu"]["usage"]
    assert usage["total"] > 5_000_000 and abs(sum(usage["percpu"]) - usage["total"]) < usage["total"] / 2


@pytest.mark.skipif("cpu" not in cgroups.controllers(), reason="no cpu controller on this host")
def test_throttling(running, rt):
    c = running(["/bin/sh", "-c", "while true; do :; done"], resources={"cpu": {"quota": 2000, "period": 20000}})
    data = processes.until(lambda: (d := stats(rt, c))["cpu"]["throttling"].get("throttledTime") and d, "never throttled")
    assert data["cpu"]["throttling"]["throttledPeriods"] > 0 and data["cpu"]["throttling"]["periods"] > 0


@pytest.mark.ours
def test_network_interfaces(running, rt):
    assert [i["Name"] for i in stats(rt, running())["network_interfaces"]][:1] == ["lo"]
    shared = running(namespaces=namespaces("pid", "mount", "ipc", "uts"))
    assert stats(rt, shared)["network_interfaces"] is None


@pytest.mark.ours
def test_without_cgroups(bundle, rt):
    none = rt.with_options("--cgroup-manager", "disabled")
    c = bundle(args=["/bin/probe", "sleep"], cgroup=False, resources={"devices": None}, edit=lambda x: x["mounts"].pop())
    none.run_detached(c)
    r = none("events", "--stats", c.id, check=True)
    fits(r.json["data"], SHAPE)
    assert "has no cgroup" in r.stderr and len(r.stderr.splitlines()) == 1, str(r)


def lines_of(rt, c, *options):
    p = rt.popen("events", *options, c.id, text=True)
    return p


def test_interval(running, rt):
    """JSON lines as they come, until the container ends."""
    c = running()
    start = time.monotonic()
    p = lines_of(rt, c, "--interval", "50ms")
    lines = [json.loads(p.stdout.readline()) for _ in range(4)]
    assert 0.15 < time.monotonic() - start < 10
    assert [l["type"] for l in lines] == ["stats"] * 4 and {l["id"] for l in lines} == {c.id}
    fits({k: v for k, v in lines[3]["data"].items() if v is not None} if not rt.ours else lines[3]["data"], SHAPE) if rt.ours else None
    rt.kill(c, "KILL")
    rest, error = p.communicate(timeout=10)
    p.forget()
    if rt.ours:
        assert p.returncode == 0 and error == ""


HUNGRY = ["/bin/sh", "-c", "while [ ! -e /dev/shm/go ]; do sleep 0.01; done; tail /dev/zero >/dev/null; echo killed; exec sleep 100"]


def eats(rt, c, mount=None):
    """A process of the container takes memory until it is killed; the container goes on."""
    Path(f"/proc/{rt.pid(c)}/root/dev/shm/go").touch()
    rt.wait_output(c, "killed")


def watched(p):
    """Waits until the memory of the container is watched: by an eventfd on v1, by inotify on v2."""
    kind = "eventfd" if cgroups.v1_mount("memory") else "inotify"
    processes.until(lambda: any(kind in link for link in processes.descriptors(p.pid)), f"no {kind}")
    time.sleep(0.05)


@memory
def test_out_of_memory(running, rt):
    c = running(HUNGRY, resources={"memory": {"limit": 32 * M, "swap": 32 * M}})
    p = lines_of(rt, c, "--interval", "1h")
    watched(p)
    eats(rt, c)
    assert json.loads(p.stdout.readline()) == {"type": "oom", "id": c.id}
    assert rt.status(c) == "running"
    rt.kill(c, "KILL")
    rest, _ = p.communicate(timeout=10)
    p.forget()
    if rt.ours:
        assert rest == ""


@pytest.mark.ours
@memory
def test_last_process_out_of_memory(running, rt):
    """The container's own process is the one: the event comes before the end."""
    c = running(["/bin/sh", "-c", "while [ ! -e /dev/shm/go ]; do sleep 0.01; done; exec tail /dev/zero >/dev/null"],
                resources={"memory": {"limit": 32 * M, "swap": 32 * M}})
    p = lines_of(rt, c, "--interval", "1h")
    watched(p)
    Path(f"/proc/{rt.pid(c)}/root/dev/shm/go").touch()
    out, _ = p.communicate(timeout=10)
    p.forget()
    assert [json.loads(l) for l in out.splitlines()] == [{"type": "oom", "id": c.id}]


# where only v2 is

@pytest.fixture
def two(rt, v2_view):
    two = rt.with_options(prefix=v2_view)
    yield two
    for id in rt.ids:
        two("delete", "--force", id)


def test_v2(two, bundle):
    c = bundle(args=["/bin/sh", "-c", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo ready; exec sleep 100"])
    two.run_detached(c)
    two.wait_output(c, "ready")
    data = stats(two, c)
    if two.ours:
        fits(data, SHAPE)
    assert data["cpu"]["usage"]["total"] > 5_000_000 and data["pids"]["current"] == 1
    if (cgroups.v2_mount() / "cpu.pressure").exists() or Path("/proc/pressure/cpu").exists():
        assert set(data["cpu"]["psi"]) == {"some", "full"} and data["memory"]["psi"] and data["blkio"]["psi"]
    if "hugetlb" in (cgroups.v2_mount() / "cgroup.controllers").read_text():
        assert data["hugetlb"]["2MB"]["failcnt"] == 0


# errors

@pytest.mark.ours
@pytest.mark.parametrize("interval", ["", "x", "5", "-5s", "0s", "5q", "1000000h"])
def test_bad_interval(running, rt, interval):
    rt.fails(rt("events", "--interval", interval, running().id), "--interval")


@pytest.mark.ours
def test_not_running(running, rt):
    c = running(["true"])
    rt.wait_status(c, "stopped")
    rt.fails(rt("events", "--stats", c.id), "container not running")
    rt.fails(rt("events", c.id), "container not running")
    rt.fails(rt("events", "--stats", "no-such"), 'container "no-such" does not exist')


def test_paused(running, rt):
    c = running()
    rt("pause", c.id, check=True)
    assert stats(rt, c)["pids"]["current"] == 1
    rt("resume", c.id, check=True)


# the container's init and its memory limit

@pytest.mark.ours
@memory
@pytest.mark.parametrize("verb", ["run", "run --detach", "create", "start"])
def test_init_killed_by_the_memory_limit(bundle, rt, verb):
    """Too little for the program to be executed at all."""
    c = bundle(args=["/bin/sh", "-c", "echo never"], resources={"memory": {"limit": 4096, "swap": 4096}})
    if verb == "start":
        rt("create", "--bundle", c.path, rt._remember(c, None), files=c.path)
        r = rt.start(c, check=False)
        if r.returncode == 0 or "does not exist" in r.stderr:
            pytest.skip("the created container was killed before")
    elif verb == "create":
        r = rt.create(c, check=False)
    else:
        r = rt.run(c, *verb.split()[1:])
    if verb == "create" and r.returncode == 0:
        pytest.skip("4 KiB were enough to wait for the start")
    assert r.returncode == 1, str(r)
    assert "the container's init was killed by the memory limit of 4 KiB" in r.stderr, str(r)
    assert "linux.resources.memory.limit" in r.stderr and "it has used" in r.stderr


@pytest.mark.ours
@memory
def test_the_limit_is_named_as_it_was_asked_for(bundle, rt):
    """The kernel has rounded it to pages, that is to nothing."""
    r = rt.run(bundle(args=["true"], resources={"memory": {"limit": 1}}))
    rt.fails(r, "memory limit of 1 byte (")


@pytest.mark.ours
@memory
def test_small_limit_that_is_enough(bundle, rt):
    c = bundle(args=["/bin/echo", "fits"], resources={"memory": {"limit": 512 << 10, "swap": 512 << 10}})
    r = rt.run(c)
    assert (r.returncode, r.stdout, r.stderr) == (0, "fits\n", ""), str(r)


# Its end later on, by the limit; what else ends it is not put down to the limit.

def eats_it_up(bundle, limit=32 * M, script="exec tail /dev/zero >/dev/null"):
    return bundle(args=["/bin/sh", "-c", script], resources={"memory": {"limit": limit, "swap": limit}} if limit else None)


def says_it_was_the_limit(r, limit="32 MiB"):
    """One line of ours, and the status that it would have had without."""
    assert r.returncode == 137, str(r)
    assert len(r.stderr.splitlines()) == 1, str(r)
    assert f"the container's init was killed by the memory limit of {limit} (linux.resources.memory.limit; it has used {limit})" in r.stderr, str(r)


@pytest.mark.ours
@memory
@pytest.mark.parametrize("option", [[], ["--keep"]], ids=["removed", "kept"])
def test_init_killed_by_the_memory_limit_later(bundle, rt, option):
    c = eats_it_up(bundle)
    says_it_was_the_limit(rt.run(c, *option))
    assert rt("state", c.id).returncode == (0 if option else 1)


@pytest.mark.ours
@memory
def test_limit_of_an_update_is_the_one_that_is_named(bundle, rt):
    c = eats_it_up(bundle, 256 * M, "echo ready; while [ ! -e /dev/shm/go ]; do sleep 0.01; done; exec tail /dev/zero >/dev/null")
    p = rt.start_foreground(c, text=True)
    assert p.stdout.readline() == "ready\n"
    rt("update", "--memory", "32m", "--memory-swap", "32m", c.id, check=True)
    Path(f"/proc/{rt.pid(c)}/root/dev/shm/go").touch()
    _, error = p.communicate(timeout=10)
    p.forget()
    assert p.returncode == 137 and "killed by the memory limit of 32 MiB" in error


@pytest.mark.ours
@memory
@pytest.mark.parametrize("script, status", [("kill -KILL $$", 137), ("(exec tail /dev/zero >/dev/null); exit 3", 3), ("exit 137", 137)],
                         ids=["a signal", "a child's end", "a status"])
def test_another_end_is_no_matter_of_memory(bundle, rt, script, status):
    """sh in the pid namespace of the host, for a first process is not killed by itself."""
    c = bundle(args=["/bin/sh", "-c", script], resources={"memory": {"limit": 32 * M, "swap": 32 * M}}, namespaces=namespaces("mount", "ipc", "uts"))
    r = rt.run(c)
    assert r.returncode == status and "memory" not in r.stderr.replace("Out of memory", ""), str(r)


@pytest.mark.ours
@memory
@pytest.mark.root("puts a process of the host into the container's cgroup")
def test_start_of_a_process_that_the_limit_has_killed(bundle, rt):
    """The created container's process is the first choice of the killer when somebody else is greedy."""
    c = bundle(args=["true"], resources={"memory": {"limit": 32 * M, "swap": 32 * M}}, process={"oomScoreAdj": 1000})
    rt.create(c)
    procs = cgroups.knob("memory", cgroups.of_process(rt.pid(c))["memory" if cgroups.v1_mount("memory") else ""], "cgroup.procs")
    eaters = subprocess.Popen(["sh", "-c", f"echo $$ >{procs}; tail /dev/zero & tail /dev/zero; wait"], stderr=subprocess.DEVNULL)
    eaters.wait(timeout=20)
    rt.wait_status(c, "stopped")
    rt.fails(rt.start(c, check=False), "cannot start a container that has stopped: the container's init was killed by the memory limit of 32 MiB")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing is left: after a SIGKILL at any moment, after a thousand runs, after eight threads of a hundred.

CRUN_TEST_RUNS scales the counts: 1 is what a normal run does, 10 the full measure of issue 2 (1,000 sequential, 8 × 100).
"""

import concurrent.futures
import os
import random
import re
import signal
import subprocess
import threading
import time

import pytest

from lib import cgroups, processes
from lib.bundle import DEFAULT_NAMESPACES, bind, namespaces, user_mappings

SCALE = float(os.environ.get("CRUN_TEST_RUNS", "1"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 120 * SCALE)]


def count(n):
    return max(2, int(n * SCALE))


def nothing_left(rt, here, c):
    left = here.leaks.wait(3)
    assert not left, "\n".join(left)


def measure(rt, c):
    """How long a whole create takes here, in seconds."""
    times = []
    for _ in range(3):
        times.append(rt.create(c).seconds)
        rt.delete(c, "--force")
    return max(times)


def killed(rt, c, words, delay):
    """Starts the command, and kills it after so many seconds. Did it end before that?"""
    p = rt.popen(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.perf_counter() + delay
    while time.perf_counter() < end:  # sleep is too coarse for microseconds
        if delay > 0.002 and end - time.perf_counter() > 0.001:
            time.sleep(0.0005)
    done = p.poll() is not None
    p.kill()
    p.wait_and_forget(10)
    return done


def check_clean(rt, here, c, what):
    r = rt.delete(c, "--force", check=False)
    assert r.returncode == 0 and not r.stderr, f"{what}: {r}"
    left = here.leaks.wait(3)
    if left:
        pytest.fail(f"{what}, then delete --force, left:\n  " + "\n  ".join(left))
    again = rt("state", c.id)
    assert again.returncode != 0 and "does not exist" in again.stderr, f"{what}: {again}"


@pytest.mark.differs(runc="leaves cgroups and half-made state behind")
@pytest.mark.parametrize("kind", ["plain", "user", "no-pid"])
def test_create_killed_at_any_moment(bundle, rt, here, kind):
    """SIGKILL of the runtime at many moments of create; delete --force then leaves nothing."""
    changes = {"plain": {}, "user": dict(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings()),
               "no-pid": dict(namespaces=namespaces("mount", "network", "ipc", "uts"))}[kind]
    c = bundle(args=["/bin/probe", "sleep"], **changes)
    whole = measure(rt, c)
    n = count(60)
    finished = 0
    for i in range(n):
        delay = whole * 1.3 * i / n
        finished += killed(rt, c, ["create", "--bundle", c.path, c.id], delay)
        check_clean(rt, here, c, f"create killed after {delay * 1e6:.0f} µs")
    assert finished < n, "every create had ended before it could be killed"


@pytest.mark.differs(runc="leaves cgroups and half-made state behind")
def test_create_killed_and_created_again(bundle, rt, here):
    """After the clean-up the same id works."""
    c = bundle(args=["/bin/probe", "sleep"])
    whole = measure(rt, c)
    for i in range(count(10)):
        killed(rt, c, ["create", "--bundle", c.path, c.id], random.uniform(0, whole))
        rt.delete(c, "--force")
        rt.create(c)
        assert rt.status(c) == "created"
        rt.delete(c, "--force")


@pytest.mark.differs(runc="leaves its hook's child behind")
def test_create_killed_in_a_hook(bundle, rt, here):
    for name in ("prestart", "createRuntime", "createContainer"):
        flag = here.dir / f"{name}-runs"
        c = bundle(args=["true"], hooks={name: [{"path": "/bin/sh", "args": ["sh", "-c", f"cat > /dev/null; touch {flag}; exec sleep 2"]}]})
        rt._remember(c, None)
        p = rt.popen("create", "--bundle", c.path, c.id, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        processes.until(flag.exists, "the hook does not run")
        p.kill()
        p.wait_and_forget(10)
        check_clean(rt, here, c, f"create killed in {name}")


@pytest.mark.ours
def test_start_killed_at_any_moment(bundle, rt, here):
    c = bundle(args=["/bin/probe", "sleep"])
    rt.create(c)
    whole = rt.start(c).seconds
    rt.delete(c, "--force")
    n = count(20)
    for i in range(n):
        rt.create(c)
        killed(rt, c, ["start", c.id], whole * 1.3 * i / n)
        assert rt.status(c) in ("created", "running", "stopped")
        check_clean(rt, here, c, "start killed")


@pytest.mark.differs(runc="leaves cgroups and half-made state behind")
def test_delete_killed_at_any_moment(bundle, rt, here):
    c = bundle(args=["/bin/probe", "sleep"])
    rt.run_detached(c)
    whole = rt.delete(c, "--force").seconds
    n = count(20)
    for i in range(n):
        rt.run_detached(c)
        killed(rt, c, ["delete", "--force", c.id], whole * 1.3 * i / n)
        check_clean(rt, here, c, "delete killed")


@pytest.mark.differs(runc="leaves cgroups and half-made state behind")
def test_run_killed_at_any_moment(bundle, rt, here):
    """The foreground's death does not have to be the container's, but delete --force has to find it."""
    c = bundle(args=["/bin/probe", "sleep"])
    whole = measure(rt, c)
    n = count(20)
    for i in range(n):
        killed(rt, c, ["run", "--bundle", c.path, c.id], whole * 1.5 * i / n)
        check_clean(rt, here, c, "run killed")


@pytest.mark.differs(runc="leaves cgroups and half-made state behind")
def test_killed_with_its_whole_process_group(bundle, rt, here):
    """As an engine's clean-up does: every process of the runtime at once."""
    c = bundle(args=["/bin/probe", "sleep"])
    whole = measure(rt, c)
    n = count(20)
    for i in range(n):
        p = rt.popen("create", "--bundle", c.path, c.id, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(whole * i / n)
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.wait_and_forget(10)
        check_clean(rt, here, c, "the group killed")


@pytest.mark.ours
def test_terminated_at_any_moment(bundle, rt, here):
    """SIGTERM and SIGINT to create: it undoes what it did, or is done; without delete --force nothing of an unfinished one is left."""
    c = bundle(args=["/bin/probe", "sleep"])
    whole = measure(rt, c)
    for i in range(count(20)):
        p = rt.popen("create", "--bundle", c.path, c.id, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * 1.2 * i / count(20))
        p.send_signal(random.choice([signal.SIGTERM, signal.SIGINT]))
        p.wait_and_forget(10)
        check_clean(rt, here, c, "create terminated")


def test_sequential(bundle, rt, here):
    c = bundle(args=["/bin/true"])
    for i in range(count(100)):
        r = rt.run(c)
        assert (r.returncode, r.stdout, r.stderr) == (0, "", ""), f"run {i}: {r}"
    nothing_left(rt, here, c)
    assert not [line for line in processes.command_lines() if here.tag in line]


def test_sequential_life(bundle, rt, here):
    c = bundle(args=["/bin/probe", "sleep"])
    for i in range(count(20)):
        rt.create(c)
        rt.start(c)
        rt.kill(c, "KILL")
        rt.wait_status(c, "stopped")
        rt.delete(c)
    nothing_left(rt, here, c)


def test_parallel(bundle, rt, here):
    """Eight at a time, in one state root and below one cgroup."""
    bundles = [bundle(args=["sh", "-c", f"echo {i}; exit {i}"]) for i in range(8)]

    def work(i):
        for _ in range(count(10)):
            r = rt.run(bundles[i])
            assert (r.returncode, r.stdout, r.stderr) == (i, f"{i}\n", ""), str(r)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for f in [pool.submit(work, i) for i in range(8)]:
            f.result()
    nothing_left(rt, here, bundles[0])


def test_parallel_lives(bundle, rt, here):
    """Detached ones, while another looks at the list all the time."""
    bundles = [bundle(args=["/bin/probe", "sleep"]) for _ in range(8)]
    stop = threading.Event()
    seen = []

    def work(c):
        for _ in range(count(4)):
            rt.create(c)
            rt.start(c)
            assert rt("state", c.id, check=True).json["status"] == "running"
            rt.delete(c, "--force")

    def look():
        while not stop.is_set():
            r = rt("list", "--format", "json")
            seen.append(r)

    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        watcher = pool.submit(look)
        try:
            for f in [pool.submit(work, c) for c in bundles]:
                f.result()
        finally:
            stop.set()
        watcher.result()
    assert seen
    if rt.ours:
        bad = [r for r in seen if r.returncode or r.stderr]
        assert not bad, str(bad[0])
    nothing_left(rt, here, bundles[0])


# What each verb may say when others work on the same container; nothing else.
GONE, BUSY, ENDED = r'container "\S+" does not exist', r'container "\S+" is still being created', r"container not running(: .+)?"
DELETED, KILLED = r'container "\S+" was deleted meanwhile: .+', r"the container's process (ended|was killed) .+"
ANSWERS = {
    "create": [r'container with id "\S+" already exists', DELETED, KILLED],
    "start": [GONE, BUSY, DELETED, r"cannot start an already running container", r"cannot start a container that has stopped",
              r"cannot start a paused container \(resume it first\)", r"connect to the created container: .+", KILLED,
              r"receive from crun-init: .+", r"cannot start a container that is not created completely"],
    "state": [GONE, r'container "\S+" does not exist yet: .+'],
    "list": [],
    "ps": [GONE],
    "kill": [GONE, ENDED, r"no such process \(os: process already finished\)"],
    "exec": [GONE, BUSY, ENDED, KILLED, r"cannot exec in a paused container .+"],
    "pause": [GONE, BUSY, ENDED, r"container already paused"],
    "resume": [GONE, BUSY, ENDED, r"container not paused"],
    "update": [GONE, BUSY, ENDED, r'linux\.resources\.pids\.limit: no cgroup controller "pids" is available .+'],
    "delete": [GONE, BUSY, r'cannot delete container "\S+" that is not stopped: (running|paused|creating) .+'],
    "delete --force": [],
}
KILLED_MEANWHILE = 128 + signal.SIGKILL  # the exit status of an exec whose process was killed


@pytest.mark.ours
def test_one_id_from_many_processes(bundle, rt, here):
    """Never a hang, a crash, two at once, or something left; and who fails says why in one line."""
    says = here.dir / "says"
    says.mkdir()
    c = bundle(args=["/bin/probe", "alone", "/says/alone", "/says/twice"], mounts=[bind(says, "/says")], copy=True)
    rt._remember(c, None)
    calls = {"create": ["--bundle", c.path, c.id], "kill": [c.id, "KILL"], "exec": [c.id, "true"], "list": [],
             "update": ["--pids-limit", "100", c.id]}
    seed, end = random.randrange(1 << 30), time.monotonic() + 2.5 * SCALE
    done, odd = {v: [0, 0] for v in ANSWERS}, []

    def work(n):
        rng = random.Random(seed + n)
        out = here.dir / f"out-{n}"
        out.mkdir()
        while time.monotonic() < end and not odd:
            verb = rng.choice([*ANSWERS, *["create", "start"] * 3])
            first, *more = verb.split()
            r = rt(first, *more, *calls.get(verb, [c.id]), files=out, timeout=30)
            done[verb][bool(r.returncode)] += 1
            text = r.stderr.split("Z: ", 1)[-1].rstrip("\n")
            well = r.returncode == 1 and any(re.fullmatch(a, text) for a in ANSWERS[verb]) or \
                r.returncode == 0 and not text or verb == "exec" and r.returncode == KILLED_MEANWHILE and not text
            if not well:
                odd.append(str(r))

    with processes.reaping(), concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
        assert not odd, f"seed {seed}, {done}\n" + "\n".join(odd)
        assert not (says / "twice").exists(), f"seed {seed}: two at once"
        check_clean(rt, here, c, f"seed {seed}")
    assert done["create"][0] and done["delete --force"][0], f"seed {seed}: {done}"


def test_failures_leave_nothing(bundle, rt, here):
    bad = [bundle(args=["/no/such"]), bundle(args=["true"], mounts=[{"destination": "/mnt", "type": "no-such"}]),
           bundle(args=["true"], root={"path": "/no/such"}), bundle(args=["true"], hooks={"prestart": [{"path": "/bin/false"}]}),
           bundle(args=["true"], linux={"sysctl": {"net.no.such": "1"}})]
    for i in range(count(4)):
        for c in bad:
            assert rt.run(c).returncode != 0
    nothing_left(rt, here, bad[0])


def test_killed_containers_leave_nothing(bundle, rt, here):
    """The process dies in every possible way while it is deleted."""
    for i in range(count(10)):
        c = bundle(args=["sh", "-c", f"sleep 0.0{i % 10}"])
        rt.run_detached(c)
        time.sleep(random.uniform(0, 0.05))
        rt.delete(c, "--force")
    nothing_left(rt, here, None)


def test_mounts_of_the_host_stay(bundle, rt, here):
    """But those of tests beside this one, which come and go."""
    def mounts():
        with open("/proc/self/mountinfo", encoding="utf-8") as f:
            return [m for m in f if "/crun-test-" not in m or str(here.dir) in m]

    before = mounts()
    for _ in range(5):
        rt.run(bundle(args=["true"]))
    assert mounts() == before

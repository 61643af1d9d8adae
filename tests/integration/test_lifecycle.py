# SPDX-License-Identifier: GPL-2.0-or-later
"""create, start, state, kill, delete: the states of a container, and what may be done in which."""

import json
import os
import pwd
import re
import signal
import time

import pytest

from lib import processes
from lib.bundle import namespaces


def test_life(bundle, rt):
    c = bundle(args=["sh", "-c", "echo started; exec sleep 1000"])
    rt.create(c)
    assert rt.status(c) == "created" and rt.output(c) == ""
    rt.start(c)
    assert rt.status(c) == "running"
    rt.wait_output(c, "started\n")
    rt.kill(c, "KILL")
    assert rt.wait_status(c, "stopped")["pid"] == 0
    rt.delete(c)
    rt.fails(rt("state", c.id), f'container "{c.id}" does not exist', anyone=["does not exist"])


def test_silence(bundle, rt):
    """CRI-O reads both streams together."""
    c = bundle(args=["/bin/probe", "sleep"])
    for r in (rt.create(c), rt.start(c), rt.kill(c, "KILL")):
        assert (r.stdout, r.stderr) == ("", ""), str(r)
    rt.wait_status(c, "stopped")
    r = rt.delete(c)
    assert (r.stdout, r.stderr) == ("", ""), str(r)


def test_state_document(bundle, rt):
    c = bundle(args=["/bin/probe", "sleep"], annotations={"org.example.key": "a value", "empty": ""})
    rt.create(c)
    s = rt.state(c)
    assert s["id"] == c.id and s["status"] == "created"
    assert s["bundle"] == str(c.path) and s["rootfs"] == str(c.rootfs)
    assert re.fullmatch(r"1\.\d+\.\d+(-\w+)?", s["ociVersion"])
    assert s["annotations"]["org.example.key"] == "a value" and s["annotations"]["empty"] == ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(Z|[+-]\d\d:\d\d)", s["created"])
    assert processes.alive(s["pid"])
    assert "owner" in s


@pytest.mark.ours
def test_state_document_is_complete(created, rt):
    s = rt.state(created())
    assert list(s) == "ociVersion id pid status bundle rootfs created annotations owner".split()
    assert s["owner"] == pwd.getpwuid(os.geteuid()).pw_name and s["annotations"] == {}
    assert re.fullmatch(r".*T\d\d:\d\d:\d\d\.\d{9}Z", s["created"])


def test_state_of_a_relative_bundle(bundle, rt):
    c = bundle(args=["/bin/probe", "sleep"])
    rt._remember(c, None)
    rt("create", "-b", c.path.name, c.id, cwd=c.path.parent, files=c.path, check=True)
    assert rt.state(c)["bundle"] == str(c.path)


def test_state_without_annotations(created, rt):
    assert not rt.state(created()).get("annotations")


def test_pid_stays(created, rt):
    c = created()
    before = rt.pid(c)
    rt.start(c)
    assert rt.pid(c) == before and processes.alive(before)


def test_init_is_a_child_of_the_subreaper(created, rt):
    """conmon waits for the container's process."""
    assert rt.pid(created()) in processes.strays()


def test_subreaper_gets_the_status(bundle, rt):
    c = bundle(args=["sh", "-c", "exit 9"])
    rt.create(c)
    pid = rt.pid(c)
    rt.start(c)
    assert processes.wait_exit(pid) == 9
    assert rt.state(c)["status"] == "stopped"


def test_zombie_is_stopped(bundle, rt):
    """Nobody has waited for it, and yet it runs no more."""
    c = bundle(args=["true"])
    rt.create(c)
    pid = rt.pid(c)
    rt.start(c)
    processes.until(lambda: " [Z]" in processes.describe(pid), "no zombie")
    assert rt("state", c.id, check=True).json["status"] == "stopped"
    rt.delete(c)


def test_start_twice(running, rt):
    c = running()
    rt.fails(rt.start(c, check=False))
    assert rt.status(c) == "running"


def test_start_stopped(bundle, rt):
    c = bundle(args=["true"])
    rt.run_detached(c)
    rt.wait_status(c, "stopped")
    rt.fails(rt.start(c, check=False))
    assert rt.status(c) == "stopped"


def test_start_after_death_in_created(created, rt):
    c = created()
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.fails(rt.start(c, check=False))
    rt.delete(c)


def test_create_twice(created, bundle, rt):
    c = created()
    rt.fails(rt.create(bundle(id=c.id, args=["true"]), check=False), c.id, "already exists", anyone=["exist"])
    assert rt.status(c) == "created"


def test_delete_running(running, rt):
    c = running()
    rt.fails(rt.delete(c, check=False), c.id)
    assert rt.status(c) == "running" and processes.alive(rt.pid(c))


def test_delete_running_by_force(running, rt):
    c = running()
    pid = rt.pid(c)
    r = rt.delete(c, "--force")
    assert (r.stdout, r.stderr) == ("", "")
    assert not processes.alive(pid)
    rt.fails(rt("state", c.id), "does not exist")


def test_delete_created_by_force(created, rt):
    c = created()
    pid = rt.pid(c)
    rt.delete(c, "-f")
    assert not processes.alive(pid)


def test_delete_created(created, rt):
    """runc and crun both end it."""
    c = created()
    pid = rt.pid(c)
    rt.delete(c)
    processes.wait_gone(pid)


def test_delete_twice(bundle, rt):
    c = bundle(args=["true"])
    rt.run_detached(c)
    rt.wait_status(c, "stopped")
    rt.delete(c)
    rt.fails(rt.delete(c, check=False), f'container "{c.id}" does not exist', anyone=["does not exist"])


def test_delete_by_force_twice(running, rt):
    c = running()
    rt.delete(c, "--force")
    assert rt.delete(c, "--force").stderr == ""


def test_delete_option_after_the_id(running, rt, program):
    c = running()
    if rt.ours:
        rt("delete", c.id, "--force", check=True)
        rt.fails(rt("state", c.id), "does not exist")
    else:
        rt("delete", "--force", c.id, check=True)


@pytest.mark.differs(runc="has no --regex")
def test_delete_by_regex(running, rt, here):
    a, b, other = (running(id=f"{here.tag}-{n}") for n in ("re-a", "re-b", "different"))
    for c in (a, b):
        rt.kill(c, "KILL")
        rt.wait_status(c, "stopped")
    rt("delete", "--regex", f"{here.tag}-re-.*", check=True)
    assert [s["id"] for s in rt.list()] == [other.id]
    rt("delete", "--force", "--regex", f"{here.tag}-diff.*", check=True)
    assert rt.list() == []


@pytest.mark.differs(runc="has no --regex")
def test_delete_by_bad_regex(running, rt):
    c = running()
    rt.fails(rt("delete", "--regex", "("), "(")
    assert rt.status(c) == "running"


@pytest.mark.differs(runc="has no --regex")
def test_delete_by_regex_that_matches_nothing(running, rt):
    c = running()
    rt("delete", "--force", "--regex", "no-such-.*")
    assert rt.status(c) == "running"


@pytest.mark.parametrize("verb", [["state"], ["start"], ["kill"], ["delete"], ["ps"], ["pause"], ["resume"]])
def test_unknown_container(rt, here, verb):
    id = f"{here.tag}-unknown"
    r = rt(*verb, id)
    if rt.ours and "not implemented" in r.stderr:
        pytest.skip(f"{verb[0]} comes with a later issue")
    rt.fails(r, f'container "{id}" does not exist', anyone=["does not exist"])


def test_unknown_container_deleted_by_force(rt, here):
    r = rt.delete(f"{here.tag}-unknown", "--force")
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")


def test_unknown_container_without_a_state_root(rt, here):
    assert not rt.root.exists()
    if rt.ours:
        assert rt("list", check=True).stderr == ""
    rt.delete(f"{here.tag}-unknown", "--force")
    rt.fails(rt("state", "x"), 'container "x" does not exist')


# kill

@pytest.mark.parametrize("form", ["9", "KILL", "SIGKILL", "kill", "sigkill"])
def test_kill_forms(running, rt, form):
    c = running()
    pid = rt.pid(c)
    rt.kill(c, form)
    assert processes.wait_exit(pid) == -signal.SIGKILL


@pytest.mark.parametrize("form, number", [("10", 10), ("USR1", 10), ("SIGUSR2", 12), ("34", 34), ("64", 64), ("0", None),
                                          ("WINCH", 28), ("SIGCONT", 18)])
def test_kill_numbers(running, rt, form, number):
    c = running(["/bin/probe", "signals"])
    rt.wait_output(c, "ready\n")
    rt.kill(c, form)
    if number:
        rt.wait_output(c, f"ready\n{number}\n")
    assert rt.status(c) == "running"


@pytest.mark.differs(runc="knows no real-time names")
@pytest.mark.parametrize("form, number", [("RTMIN", 34), ("RTMIN+3", 37), ("SIGRTMIN+3", 37), ("RTMAX-2", 62), ("RTMAX", 64)])
def test_kill_real_time(running, rt, form, number):
    c = running(["/bin/probe", "signals"])
    rt.wait_output(c, "ready\n")
    rt.kill(c, form)
    rt.wait_output(c, f"ready\n{number}\n")


def test_kill_is_term(running, rt):
    c = running(["/bin/probe", "signals"])
    rt.wait_output(c, "ready\n")
    rt.kill(c)
    rt.wait_output(c, "ready\n15\n")
    rt.wait_status(c, "stopped")


@pytest.mark.parametrize("form", ["NOSUCH", "SIG", "-1", "65", "999999999999", "9x", "RTMIN+99", "RTMAX+1", "RTMIN-1"])
def test_kill_bad_signal(running, rt, form):
    c = running()
    if form == "-1":
        r = rt("kill", c.id, "--", form)
    else:
        r = rt.kill(c, form, check=False)
    rt.fails(r)
    assert rt.status(c) == "running"


def test_kill_created(created, rt):
    c = created()
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")


def test_kill_stopped(bundle, rt):
    c = bundle(args=["true"])
    rt.run_detached(c)
    rt.wait_status(c, "stopped")
    rt.fails(rt.kill(c, "KILL", check=False), "container not running", anyone=["not running"])


@pytest.mark.differs(runc="1.1.5 fails on v1")
def test_kill_all_stopped(bundle, rt):
    c = bundle(args=["true"])
    rt.run_detached(c)
    rt.wait_status(c, "stopped")
    rt("kill", "--all", c.id, "KILL", check=True)


@pytest.mark.parametrize("option", ["--all", "-a"])
def test_kill_all(running, rt, option):
    c = running(["/bin/probe", "tree", "3"])
    rt.wait_output(c, "ready")
    pids = rt.ps(c)
    assert len(pids) == 4
    rt("kill", option, c.id, "KILL", check=True)
    for p in pids:
        processes.wait_gone(p)
    rt.wait_status(c, "stopped")


def test_kill_all_without_a_pid_namespace(running, rt):
    c = running(["/bin/probe", "tree", "3"], namespaces=namespaces("mount", "network", "ipc", "uts"))
    rt.wait_output(c, "ready")
    pids = rt.ps(c)
    assert len(pids) == 4
    rt("kill", "--all", c.id, "KILL", check=True)
    for p in pids:
        processes.wait_gone(p)


@pytest.mark.differs(runc="since 1.2 does so for KILL only")
def test_kill_all_with_a_mild_signal(running, rt):
    """Every process gets it, not the first only."""
    c = running(["sh", "-c", "probe signals & exec probe signals"])
    processes.until(lambda: rt.output(c).count("ready") == 2, "not ready")
    rt("kill", "--all", c.id, "USR1", check=True)
    processes.until(lambda: rt.output(c).count("10\n") == 2, lambda: rt.output(c))


@pytest.mark.differs(runc="1.1.5 kills the first only")
def test_kill_without_a_pid_namespace_kills_everything(running, rt):
    c = running(["/bin/probe", "tree", "3"], namespaces=namespaces("mount", "network", "ipc", "uts"))
    rt.wait_output(c, "ready")
    pids = rt.ps(c)
    assert len(pids) == 4
    rt.kill(c, "KILL")
    for p in pids:
        processes.wait_gone(p)


@pytest.mark.differs(runc="1.1.5 does not look after init is gone")
def test_kill_reaches_what_init_left_behind(running, rt):
    """Without a pid namespace a daemon survives; KILL still finds it in the cgroup."""
    c = running(["/bin/probe", "daemon"], namespaces=namespaces("mount", "network", "ipc", "uts"))
    rt.wait_status(c, "stopped")
    daemons = processes.strays()
    assert len(daemons) == 1
    rt("kill", "--all", c.id, "KILL", check=True)
    for p in daemons:
        processes.wait_gone(p)


def test_delete_takes_what_init_left_behind(running, rt):
    """... and so does delete --force; otherwise the cgroup could not go."""
    c = running(["/bin/probe", "daemon"], namespaces=namespaces("mount", "network", "ipc", "uts"))
    rt.wait_status(c, "stopped")
    assert len(processes.strays()) == 1
    rt.delete(c, "--force")
    for p in processes.strays():
        processes.wait_gone(p)


@pytest.mark.differs(runc="has no --regex")
def test_kill_by_regex(running, rt, here):
    a, b, other = (running(id=f"{here.tag}-{n}") for n in ("re-a", "re-b", "different"))
    rt("kill", "--regex", f"{here.tag}-re-.*", "KILL", check=True)
    for c in (a, b):
        rt.wait_status(c, "stopped")
    assert rt.status(other) == "running"


def test_kill_does_not_hit_a_stranger(bundle, rt):
    """The pid in the state may have become somebody else's: its start time says so."""
    c = bundle(args=["true"])
    rt.run_detached(c)
    rt.wait_status(c, "stopped")
    assert rt.state(c)["pid"] == 0
    assert rt.kill(c, "KILL", check=False).returncode != 0


# pause and resume

@pytest.fixture(params=["created", "running"])
def paused(request, rt):
    """A paused container that was made as the parameter says, and what that was."""
    c = request.getfixturevalue(request.param)()
    rt("pause", c.id, check=True)
    yield c, request.param


def test_pause_and_resume(paused, rt):
    c, before = paused
    assert rt.status(c) == "paused"
    assert [x["status"] for x in rt.list()] == ["paused"]
    assert rt("pause", c.id).returncode == 1 or not rt.ours
    rt("resume", c.id, check=True)
    assert rt.status(c) == before
    rt.fails(rt("resume", c.id), "container not paused")
    if before == "created":
        rt.start(c)
        assert rt.status(c) == "running"


def test_start_of_a_paused_container(paused, rt):
    c, before = paused
    text = {"created": "cannot start a paused container", "running": "cannot start an already running container"}
    rt.fails(rt.start(c, check=False, timeout=10), text[before])
    assert rt.status(c) == "paused"


def test_exec_in_a_paused_container(paused, rt):
    c, before = paused
    rt.fails(rt("exec", c.id, "true", timeout=10), "cannot exec in a paused container", anyone=["paused"],
             code=1)


def test_kill_of_a_paused_container(paused, rt):
    """A mild signal waits for the resume, KILL does not."""
    c, before = paused
    rt.kill(c, "WINCH")
    assert rt.status(c) == "paused"
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.delete(c)


def test_delete_of_a_paused_container(paused, rt):
    c, before = paused
    rt.fails(rt.delete(c, check=False), "that is not stopped: paused")
    assert rt.status(c) == "paused"
    rt.delete(c, "--force")
    rt.fails(rt("state", c.id), "does not exist")


# several at once

@pytest.mark.differs(runc="1.1.5 lets every one of them fail")
def test_create_and_delete_race(bundle, rt):
    """Of two that create the same id one succeeds; nothing is left of the other."""
    c = bundle(args=["/bin/probe", "sleep"])
    rt._remember(c, None)
    for i in range(5):
        ps = [rt.popen("create", "--bundle", c.path, c.id, stdout=-3, stderr=-3) for _ in range(3)]
        codes = sorted(bool(p.wait_and_forget(20)) for p in ps)
        assert codes == [False, True, True]
        assert rt.status(c) == "created"
        rt.delete(c, "--force")


@pytest.mark.ours
def test_start_race(bundle, rt):
    c = bundle(args=["sh", "-c", "echo once; sleep 1000"])
    for i in range(5):
        rt.create(c)
        ps = [rt.popen("start", c.id, stdout=-3, stderr=-3) for _ in range(3)]
        codes = sorted(bool(p.wait_and_forget(20)) for p in ps)
        assert codes == [False, True, True]
        rt.wait_output(c, "once\n")
        rt.delete(c, "--force")


def test_delete_race(created, rt):
    for i in range(5):
        c = created()
        ps = [rt.popen("delete", "--force", c.id, stdout=-3, stderr=-3) for _ in range(3)]
        codes = [p.wait_and_forget(20) for p in ps]
        assert 0 in codes
        if rt.ours:
            assert codes == [0, 0, 0]
        rt.fails(rt("state", c.id), "does not exist")


@pytest.mark.ours
def test_state_while_others_work(bundle, rt):
    """state and list never see half a state file."""
    c = bundle(args=["/bin/probe", "sleep"])
    rt._remember(c, None)
    for i in range(10):
        p = rt.popen("create", "--bundle", c.path, c.id, stdout=-3, stderr=-3)
        while p.poll() is None:
            r = rt("state", c.id)
            assert r.returncode == 0 or "does not exist" in r.stderr, str(r)
            if r.returncode == 0:
                assert r.json["status"] in ("creating", "created")
            rt("list", check=True)
        assert p.wait_and_forget(10) == 0
        rt.delete(c, "--force")


def test_ids(bundle, rt):
    for id in ("a", "0", "_x", "+1", "A.b-c_d+e", "x" * 200, "a..b"):
        c = bundle(id=id, args=["true"])
        c.change(linux={"cgroupsPath": None})
        c.config["linux"].pop("cgroupsPath", None)
        c.write()
        r = rt.run(c)
        assert r.returncode == 0, str(r)


@pytest.mark.ours
@pytest.mark.slow
def test_delete_names_a_process_that_is_not_reaped(bundle, running, rt):
    """A joined pid namespace: the first process of it cannot end while a dead one of ours waits to be reaped."""
    first = running(["/bin/probe", "sleep"])
    c = bundle(args=["/bin/probe", "sleep"], namespaces=namespaces("mount", "ipc", "uts", "network", pid=f"/proc/{rt.pid(first)}/ns/pid"))
    rt.create(c)
    rt.start(c)
    r = rt("delete", "--force", first.id, timeout=25)
    rt.fails(r, "container init still running")
    processes.reap()
    assert rt("delete", "--force", first.id).returncode == 0


@pytest.mark.ours
def test_pid_file_of_another_stays(bundle, rt, here):
    """The path was used again: what is there now is not this container's."""
    first, second, pid_file = bundle(args=["sleep", "100"]), bundle(args=["sleep", "100"]), here.dir / "pid"
    rt.run_detached(first, "--pid-file", pid_file)
    rt.run_detached(second, "--pid-file", pid_file)
    rt.delete(first, "--force")
    assert pid_file.read_text() == str(rt("state", second.id, check=True).json["pid"])
    rt.delete(second, "--force")
    assert not pid_file.exists()


@pytest.mark.ours
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_signal_after_the_end(bundle, rt, here, number):
    """A run that removes its container ends with the process's status and leaves nothing; what ends others ends the hook."""
    begun = here.dir / "begun"
    c = bundle(args=["sh", "-c", "exit 42"], hooks={"poststop": [{"path": "/bin/sh", "args": ["sh", "-c", f"touch {begun}; sleep 2"]}]})
    p = rt.popen("run", "--bundle", c.path, c.id)
    deadline = time.monotonic() + 30
    while not begun.exists():
        assert p.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    p.send_signal(number)
    assert p.wait_and_forget(30) == 42
    assert "does not exist" in rt("state", c.id).stderr


OTHER_TIME = ["unshare", "--time", "--boottime", "1000000", "--fork", "--kill-child"]


@pytest.mark.ours
@pytest.mark.root("a time namespace of the host's user namespace")
@pytest.mark.parametrize("maker, visitor", [([], OTHER_TIME), (OTHER_TIME, []), (OTHER_TIME, ["unshare", "--time", "--boottime", "77", "--fork"])],
                         ids=["seen from another", "made in another", "made and seen in others"])
@pytest.mark.parametrize("inode", ["with", "without"])
def test_other_time_namespace(bundle, rt, maker, visitor, inode):
    """Start times are told with the offset of whoever asks."""
    there, here = rt.with_options(prefix=maker), rt.with_options(prefix=visitor)
    c = bundle(args=["sleep", "100"])
    there.create(c)
    if inode == "without":
        f = rt.root / c.id / "state.json"
        state = json.loads(f.read_text())
        process = state.pop("pidfdInode", None) and rt("state", c.id).json["pid"]
        if process:  # as it is where there is no pidfs: by the clock of the host
            state["pidStartTime"] = int(open(f"/proc/{process}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[19])
            f.write_text(json.dumps(state))
    assert here.status(c) == "created"
    here.start(c)
    assert here.status(c) == "running" and there.status(c) == "running"
    here.fails(here.delete(c, check=False), "not stopped: running")
    assert here("exec", c.id, "true").returncode == 0
    here.kill(c, "KILL")
    assert here.wait_status(c, "stopped")["pid"] == 0
    here.delete(c)


@pytest.mark.ours
@pytest.mark.root("a time namespace of the host's user namespace")
def test_joined_time_namespace(bundle, rt):
    """Its offset is not ours when we look at the process first."""
    p = processes.Process([*OTHER_TIME, "sleep", "100"])
    try:
        child = processes.until(lambda: next(iter(processes.children(p.pid)), None), "unshare has no child")
        c = bundle(args=["sleep", "100"], namespaces=namespaces("mount", "pid", "network", "ipc", "uts", time=f"/proc/{child}/ns/time"))
        rt.run_detached(c)
        assert rt.status(c) == "running"
        rt.delete(c, "--force")
    finally:
        p.kill()
        p.wait_and_forget(10)

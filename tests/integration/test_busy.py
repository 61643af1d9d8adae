# SPDX-License-Identifier: GPL-2.0-or-later
"""A container that another command works on, which waits for a hook: what others may do with it, the hook itself, and whoever deletes it."""

import os
import shlex
import signal
import time

import pytest

from lib import processes
from lib.bundle import bind, namespaces
from lib.runtime import finish

pytestmark = pytest.mark.ours
CHANGES = {"start": [], "delete": [], "pause": [], "resume": [], "update": ["--pids-limit", "10"], "checkpoint": [],
           "delete --force": []}


@pytest.fixture
def hooked(bundle, here):
    """A container with a shell script as its hook NAME, which says in the directory SAYS that it is up."""
    says = here.dir / "says"
    says.mkdir()

    def make(name, script, more={}, **changes):
        where = "/says" if name == "startContainer" else says
        text = script.replace("$D", str(where))
        hooks = {name: [{"path": "/bin/sh", "args": ["sh", "-c", f"echo $$ > {where}/up; {text}"]}], **more}
        changes.setdefault("args", ["/bin/probe", "sleep"])
        c = bundle(mounts=[bind(says, "/says")], hooks=hooks, copy=True, **changes)
        c.says = says
        return c
    return make


HANG = "sleep 987 & sleep 986; true"


def hang(rt, c, *words):
    rt._remember(c, None)
    p = rt.popen(*words, stdout=-3 if "run" not in words else -1)
    processes.until((c.says / "up").exists, "the hook has not come up")
    return p


def launch(rt, c, *words):
    return hang(rt, c, *words, "--bundle", c.path, c.id)


def deleted_by_force(rt, c):
    began = time.monotonic()
    r = rt.delete(c, "--force")
    assert r.stderr == "", str(r)
    assert time.monotonic() - began < 5 * processes.PATIENCE
    rt.fails(rt("state", c.id), "does not exist")


def nothing_runs():
    processes.until(lambda: processes.strays() == {}, lambda: f"left: {processes.strays()}")


@pytest.mark.parametrize("launch_words", ["prestart create", "createRuntime run", "createRuntime run --detach", "createContainer create"])
def test_delete_by_force_ends_a_launch(hooked, rt, launch_words):
    """The launch says why, and its hook goes with all that it has started; poststop runs."""
    name, *words = launch_words.split()
    c = hooked(name, HANG, more={"poststop": [{"path": "/bin/sh", "args": ["sh", "-c", "echo poststop >&2; exit 3"]}]})
    p = launch(rt, c, *words)
    deleted_by_force(rt, c)
    r = finish(p, timeout=20)
    assert r.returncode == 1 and f'container "{c.id}" was deleted meanwhile' in r.stderr and "poststop" in r.stderr, str(r)
    nothing_runs()


def test_delete_by_force_without_cgroups(hooked, rt):
    """The process is found by its number."""
    rt = rt.with_options("--cgroup-manager", "disabled")
    c = hooked("createContainer", HANG)
    p = launch(rt, c, "create")
    deleted_by_force(rt, c)
    r = finish(p, timeout=20)
    assert r.returncode == 1 and "was deleted meanwhile" in r.stderr, str(r)
    nothing_runs()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_callers_who_ignore_signals(hooked, rt, number):
    c = hooked("createRuntime", HANG)
    rt._remember(c, None)
    p = rt.popen("create", "--bundle", c.path, c.id, preexec_fn=lambda: signal.signal(number, signal.SIG_IGN))
    processes.until((c.says / "up").exists, "the hook has not come up")
    deleted_by_force(rt, c)
    assert finish(p, timeout=20).returncode == 1


@pytest.mark.parametrize("name", ["startContainer", "poststart"])
def test_delete_by_force_ends_a_start(hooked, rt, name):
    c = hooked(name, HANG)
    rt.create(c)
    p = hang(rt, c, "start", c.id)
    deleted_by_force(rt, c)
    r = finish(p, timeout=20)
    assert r.returncode == 1 and "was deleted meanwhile" in r.stderr, str(r)
    nothing_runs()


def test_delete_by_force_waits_for_poststop(hooked, rt):
    """What has been set up is taken down, whoever is in a hurry."""
    c = hooked("poststop", "sleep 1; echo done > $D/done")
    rt.create(c)
    p = hang(rt, c, "delete", c.id)
    rt.delete(c, "--force")
    assert (c.says / "done").exists()
    assert finish(p, timeout=20).returncode == 0


@pytest.mark.parametrize("verb", CHANGES)
def test_others_are_told_at_once(hooked, rt, verb):
    c = hooked("createRuntime", HANG)
    p = launch(rt, c, "create")
    if verb != "delete --force":
        rt.fails(rt(verb, *CHANGES[verb], c.id, timeout=10), f'container "{c.id}" is still being created')
    assert rt.status(c) == "creating"
    deleted_by_force(rt, c)
    assert finish(p, timeout=20).returncode == 1


def called_by_hook(hooked, rt, name, calls):
    """What a hook's child hears when it calls the runtime: [(call, exit status, output)]."""
    c = hooked(name, "sh $D/calls; true")
    with open(c.says / "calls", "w", encoding="utf-8") as f:
        for i, call in enumerate(calls):
            words = rt.argv(*(c.id if w == "ID" else w for w in call.split()))
            f.write(f"{shlex.join(map(str, words))} > {c.says}/{i}.out 2>&1; echo $? > {c.says}/{i}.status\n")
    rt.create(c, timeout=20)
    rt.start(c, timeout=20)
    rt.delete(c, "--force", timeout=20)
    return c, [(call, int((c.says / f"{i}.status").read_text()), (c.says / f"{i}.out").read_text()) for i, call in enumerate(calls)]


@pytest.mark.parametrize("name", ["createRuntime", "poststart", "poststop"])
def test_hook_cannot_change_its_container(hooked, rt, name):
    """It would wait for itself."""
    c, said = called_by_hook(hooked, rt, name, [" ".join([v, *CHANGES[v], "ID"]) for v in CHANGES])
    for call, status, out in said:
        assert status == 1 and f'container "{c.id}" cannot be changed by its own hook, which is waited for' in out, f"{call}: {status} {out}"
        assert out.count("\n") == 1


@pytest.mark.root("the hook of a user namespace's container may not enter the user's state directory")
def test_hook_inside_cannot_stop_itself(hooked, rt):
    """It is in the container's cgroup: freezing or killing that, it would never come to the end."""
    calls = ["delete --force ID", "kill --all ID KILL"]
    _, said = called_by_hook(hooked, rt, "createContainer", calls)
    for call, status, out in said:
        assert status == 1 and "runs inside of the container's cgroup" in out, f"{call}: {status} {out}"
        assert out.count("\n") == 1


ANSWERS = {"createRuntime": {"exec": "is still being created", "kill": "container not running", "events": "container not running"},
           "poststart": {}, "poststop": {v: "container not running" for v in ("kill", "exec", "events")}}


@pytest.mark.parametrize("name", ANSWERS)
def test_hook_may_ask(hooked, rt, name):
    """What looks takes no lock; kill and exec neither, and say what there is."""
    _, said = called_by_hook(hooked, rt, name, ["state ID", "list", "ps ID", "kill ID WINCH", "exec ID true", "events --stats ID"])
    for call, status, out in said:
        wrong = ANSWERS[name].get(call.split()[0])
        assert status == bool(wrong) and (wrong or "") in out, f"{call}: {status} {out}"


@pytest.mark.parametrize("name", ["prestart", "createRuntime", "poststart", "poststop"])
def test_killed_in_a_hook(hooked, rt, name):
    """Nobody waits for the hook any more: delete ends it, with what it has started."""
    c = hooked(name, HANG, namespaces=namespaces("mount", "ipc", "uts"))
    rt._remember(c, None)
    if name in ("poststart", "poststop"):
        rt.create(c)
    p = {"poststart": lambda: hang(rt, c, "start", c.id), "poststop": lambda: hang(rt, c, "delete", c.id)}.get(
        name, lambda: launch(rt, c, "create"))()
    os.kill(p.pid, signal.SIGKILL)
    p.wait_and_forget(10)
    processes.until(lambda: any("sleep 987" in s for s in processes.strays().values()), "the hook's child was not left")
    if name == "poststop":  # it runs once more
        (c.says / "up").unlink()
        q = hang(rt, c, "delete", "--force", c.id)
        nothing_runs()
        q.send_signal(signal.SIGTERM)
        finish(q, timeout=20)
    else:
        deleted_by_force(rt, c)
    nothing_runs()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_to_delete(hooked, rt, number):
    """It ends the hook that hangs; then all is removed, and the signal has its effect."""
    c = hooked("poststop", HANG)
    rt.create(c)
    p = hang(rt, c, "delete", c.id)
    r = finish(p, send=number, timeout=20)
    assert r.returncode in (-number, 128 + number) and "error running poststop hook #0" in r.stderr, str(r)
    rt.fails(rt("state", c.id), "does not exist")
    nothing_runs()

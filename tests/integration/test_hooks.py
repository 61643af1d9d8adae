# SPDX-License-Identifier: GPL-2.0-or-later
"""The six hooks: their order, what they read, where they run, and what a failing one does."""

import contextlib
import ctypes
import json
import os
import platform
import shlex
import signal
import time

import pytest

from lib import processes
from lib.bundle import PATH, bind, namespaces
from lib.runtime import call, environment, finish

ALL = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
OF_CREATE = ALL[:3]
IN_RUNTIME_NAMESPACE = ["prestart", "createRuntime", "poststart", "poststop"]


class Diary:
    """Hooks that write what they see into one directory, which is also bound into the container at /diary."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        directory.chmod(0o777)

    def entry(self, name, more="", **fields):
        """A hook of the kind `name`. Its shell script comes from outside, or for startContainer from the image."""
        where = "/diary" if name == "startContainer" else self.directory
        shell = "/bin/sh"
        script = f"cat > {where}/{name}.json; echo {name} >> {where}/order; {more.replace('$D', str(where))}"
        return {"path": shell, "args": ["sh", "-c", script], "env": [PATH, "FROM=config"], **fields}

    def mount(self):
        return bind(self.directory, "/diary")

    @property
    def order(self):
        f = self.directory / "order"
        return f.read_text().split() if f.exists() else []

    def state(self, name):
        return json.loads((self.directory / f"{name}.json").read_text())

    def read(self, name):
        return (self.directory / name).read_text()


@pytest.fixture
def diary(here):
    return Diary(here.dir / "diary")


@pytest.fixture
def hooked(bundle, diary):
    def make(hooks, args=("/bin/sh", "-c", "echo process >> /diary/order"), **changes):
        return bundle(args=args, copy=True, mounts=[diary.mount()], hooks=hooks, **changes)
    return make


@pytest.mark.differs(runc="1.3.6 runs poststart in create")
def test_order(hooked, diary, rt):
    c = hooked({n: [diary.entry(n)] for n in ALL}, args=["sh", "-c", "echo process >> /diary/order; exec sleep 1000"])
    rt.create(c)
    assert diary.order == OF_CREATE
    rt.start(c)
    processes.until(lambda: "process" in diary.order, "the process has not written")
    assert diary.order.index("startContainer") == 3
    assert diary.order.index("startContainer") < diary.order.index("process")
    assert set(diary.order[4:]) == {"process", "poststart"}  # these two have no order
    rt.delete(c, "--force")
    assert diary.order[-1] == "poststop"


def test_run(hooked, diary, run):
    r = run(hooked({n: [diary.entry(n)] for n in ALL}))
    assert (r.returncode, r.stderr) == (0, "")
    assert set(diary.order) == {*ALL, "process"}
    assert [n for n in diary.order if n in OF_CREATE] == OF_CREATE and diary.order[-1] == "poststop"


def test_several_of_a_kind(hooked, diary, run):
    hooks = {n: [diary.entry(n, f"echo {n}{i} >> $D/numbers") for i in range(4)] for n in ALL}
    r = run(hooked(hooks))
    assert r.returncode == 0, str(r)
    numbers = diary.read("numbers").split()
    for n in ALL:
        assert [x for x in numbers if x.startswith(n) and x[len(n):].isdigit()] == [f"{n}{i}" for i in range(4)]


def test_state(hooked, diary, rt):
    c = hooked({n: [diary.entry(n)] for n in ALL}, args=["/bin/probe", "sleep"], annotations={"org.example": "ä \" \\ \n"})
    rt.create(c)
    pid = rt.pid(c)
    rt.start(c)
    processes.until(lambda: "poststart" in diary.order, "no poststart")
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.delete(c)
    for n in ALL:
        s = diary.state(n)
        assert s["id"] == c.id and s["bundle"] == str(c.path) and s["ociVersion"].startswith("1."), n
        assert s["annotations"] == {"org.example": "ä \" \\ \n"}, n
        if n in ("prestart", "createRuntime", "poststart"):
            assert s["pid"] == pid, n
    for n in OF_CREATE:
        assert diary.state(n)["status"] in ("creating", "created"), n
    assert diary.state("startContainer")["status"] == "created"
    assert diary.state("poststart")["status"] == "running" or not rt.ours
    assert diary.state("poststop")["status"] == "stopped"


@pytest.mark.ours
def test_state_of_create_hooks_is_creating(hooked, diary, run):
    run(hooked({n: [diary.entry(n)] for n in OF_CREATE}))
    assert [diary.state(n)["status"] for n in OF_CREATE] == ["creating"] * 3


@pytest.mark.ours
@pytest.mark.parametrize("how", ["run", "run --detach", "create and start"])
def test_statuses(hooked, diary, rt, how):
    """The table of the specification, whichever way a container is started."""
    c = hooked({n: [diary.entry(n)] for n in ALL}, args=["sleep", "0.3"])
    if how == "run":
        assert rt.run(c, check=True).stderr == ""
    else:
        if how == "run --detach":
            rt.run_detached(c)
        else:
            rt.create(c)
            rt.start(c)
        processes.until(lambda: "poststart" in diary.order, "no poststart")
        rt.wait_status(c, "stopped")
        rt.delete(c)
    states = {n: diary.state(n) for n in ALL}
    assert {n: s["status"] for n, s in states.items()} == {
        "prestart": "creating", "createRuntime": "creating", "createContainer": "creating",
        "startContainer": "created", "poststart": "running", "poststop": "stopped"}
    assert {s["bundle"] for s in states.values()} == {str(c.path)}
    assert len({states[n]["pid"] for n in ALL[:-1]}) == 1 and states["prestart"]["pid"] > 1, states
    assert states["poststop"].get("pid", 0) == 0


def test_large_state(hooked, diary, run):
    """More than a pipe holds."""
    annotations = {f"key{i}": "v" * 1000 for i in range(300)}
    r = run(hooked({n: [diary.entry(n)] for n in ALL}, annotations=annotations))
    assert r.returncode == 0, str(r)
    for n in ALL:
        assert diary.state(n)["annotations"] == annotations


def test_hook_that_does_not_read(hooked, diary, run):
    """An EPIPE is nobody's error."""
    hook = {"path": "/bin/true"}
    r = run(hooked({n: [hook] for n in ALL}, annotations={f"key{i}": "v" * 1000 for i in range(300)}))
    assert (r.returncode, r.stderr) == (0, ""), str(r)


def test_namespaces(hooked, diary, rt):
    look = "readlink /proc/self/ns/mnt > $D/{0}.mnt; readlink /proc/self/ns/net > $D/{0}.net; readlink /proc/self/ns/pid > $D/{0}.pid"
    c = hooked({n: [diary.entry(n, look.format(n))] for n in ALL}, args=["/bin/probe", "sleep"])
    rt.create(c)
    pid = rt.pid(c)
    rt.start(c)
    processes.until(lambda: "poststart" in diary.order, "no poststart")
    inside = {k: os.readlink(f"/proc/{pid}/ns/{k}") for k in ("mnt", "net", "pid")}
    rt.delete(c, "--force")
    mine = {k: os.readlink(f"/proc/self/ns/{k}") for k in ("mnt", "net", "pid")}
    for n in ALL:
        for k in ("mnt", "net", "pid"):
            want = mine if n in IN_RUNTIME_NAMESPACE else inside
            assert diary.read(f"{n}.{k}").strip() == want[k], f"{k} of {n}"


def test_create_container_sees_host_and_container(hooked, diary, run):
    """Before pivot_root: the path is the host's, and the container's mounts are there below root.path."""
    c = hooked({"createContainer": [diary.entry("createContainer", "grep -c diary /proc/self/mountinfo > $D/seen; test -d " + str(diary.directory) + " && echo host >> $D/seen")]})
    assert run(c).returncode == 0
    assert diary.read("seen").split()[-1] == "host" and int(diary.read("seen").split()[0]) >= 1


@pytest.mark.root("a hook is the user, and only root of the container's user namespace may enter its network")
def test_prestart_can_set_up_the_network(hooked, diary, run):
    """What CNI does: it enters the container's network namespace by the pid."""
    script = r"""pid=$(sed 's/.*"pid": *\([0-9]*\).*/\1/' $D/createRuntime.json | tr -d '\n'); nsenter --net=/proc/$pid/ns/net sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'"""
    c = hooked({"createRuntime": [diary.entry("createRuntime", script)]}, args=["cat", "/proc/sys/net/ipv4/ip_forward"])
    r = run(c)
    assert (r.returncode, r.stdout) == (0, "1\n"), str(r)


def test_environment(hooked, diary, run):
    c = hooked({n: [diary.entry(n, f"env > $D/{n}.env")] for n in ALL})
    assert run(c, env=environment(SECRET="x")).returncode == 0
    for n in ALL:
        env = diary.read(f"{n}.env").splitlines()
        assert "FROM=config" in env and not [e for e in env if e.startswith("SECRET=")], n


def test_environment_absent_inherits_the_path(hooked, diary, run):
    c = hooked({n: [diary.entry(n, f"env > $D/{n}.env", env=None)] for n in ("prestart", "createRuntime", "createContainer", "poststart", "poststop")},
               edit=lambda c: [h.pop("env") for hs in c["hooks"].values() for h in hs])
    r = run(c, env=environment(PATH="/usr/bin:/bin:/some/where"))
    assert r.returncode == 0, str(r)
    for n in ("prestart", "createRuntime", "poststop"):
        assert "PATH=/usr/bin:/bin:/some/where" in diary.read(f"{n}.env").splitlines(), n


@pytest.mark.ours
def test_start_container_gets_the_process_environment(hooked, diary, run):
    c = hooked({"startContainer": [diary.entry("startContainer", "env > $D/env")]}, env=["OF=the process"],
               edit=lambda c: c["hooks"]["startContainer"][0].pop("env"))
    assert run(c).returncode == 0
    assert "OF=the process" in diary.read("env").splitlines()


def test_arguments(hooked, diary, run):
    hook = {"path": "/bin/sh", "args": ["any name", "-c", f'printf "%s|" "$0" "$@" > {diary.directory}/args', "zero", "one", "", "t w o"]}
    assert run(hooked({"prestart": [hook]})).returncode == 0
    assert diary.read("args") == "zero|one||t w o|"


def test_without_arguments(hooked, diary, here, run):
    script = here.dir / "hook"
    script.write_text(f"#!/bin/sh\necho $# > {diary.directory}/count\n")
    script.chmod(0o755)
    assert run(hooked({"prestart": [{"path": str(script)}]})).returncode == 0
    assert diary.read("count") == "0\n"


@pytest.mark.differs(runc="1.3.6 leaks some into createContainer")
def test_descriptors(hooked, diary, run):
    """Nothing of the runtime's comes along."""
    c = hooked({n: [diary.entry(n, f"ls /proc/self/fd | wc -l > $D/{n}.fds; ls -l /proc/self/fd > $D/{n}.list")] for n in ALL})
    assert run(c).returncode == 0
    for n in ALL:
        assert int(diary.read(f"{n}.fds")) <= 4, f"{n}:\n" + diary.read(f"{n}.list")  # 0, 1, 2, and the directory


@pytest.mark.parametrize("verb", ["create", "run"])
def test_caller_that_ignores_its_children(bundle, rt, verb):
    """With SIGCHLD ignored the kernel reaps by itself, and no exit status is to be had."""
    ignore = {"preexec_fn": lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)}
    call = getattr(rt, verb)
    assert call(bundle(args=["true"], hooks={"prestart": [{"path": "/bin/true"}]}), **ignore).returncode == 0
    r = call(bundle(args=["true"], hooks={"prestart": [{"path": "/bin/false"}]}), check=False, **ignore)
    rt.fails(r, "prestart", "exit status 1")


def test_empty_lists(hooked, run):
    assert run(hooked({n: [] for n in ALL})).returncode == 0
    assert run(hooked({})).returncode == 0


# failing

@pytest.mark.parametrize("name", OF_CREATE)
@pytest.mark.parametrize("how", ["exit 3", "kill -9 $$"])
def test_failing_hook_stops_creation(hooked, diary, rt, name, how):
    c = hooked({name: [diary.entry(name, how)], "poststart": [diary.entry("poststart")]}, args=["touch", "/diary/process-was-here"])
    r = rt.create(c, check=False)
    rt.fails(r, f"error running {name} hook #0", anyone=["hook"])
    rt.fails(rt("state", c.id), "does not exist")
    assert not (diary.directory / "process-was-here").exists() and "poststart" not in diary.order


@pytest.mark.parametrize("name", OF_CREATE)
def test_failing_hook_stops_run(hooked, diary, rt, name):
    c = hooked({name: [diary.entry(name), diary.entry(name, "exit 1"), diary.entry(name)]}, args=["touch", "/diary/process-was-here"])
    rt.fails(rt.run(c), f"error running {name} hook #1", anyone=["hook"])
    assert not (diary.directory / "process-was-here").exists()
    assert diary.order == [name] * 2


def test_failing_hook_shows_what_it_said(hooked, diary, rt):
    c = hooked({"prestart": [diary.entry("prestart", "echo the reason is this >&2; exit 1")]})
    r = rt.run(c)
    assert r.returncode != 0 and "the reason is this" in r.stderr


def test_failing_start_container(hooked, diary, rt):
    c = hooked({"startContainer": [diary.entry("startContainer", "exit 1")]}, args=["touch", "/diary/process-was-here"])
    r = rt.run(c)
    assert r.returncode != 0 and not (diary.directory / "process-was-here").exists(), str(r)
    if rt.ours:
        rt.fails(r, "error running startContainer hook #0")


@pytest.mark.ours
def test_failing_start_container_in_start(hooked, diary, rt):
    c = hooked({"startContainer": [diary.entry("startContainer", "exit 1")]}, args=["touch", "/diary/process-was-here"])
    rt.create(c)
    rt.fails(rt.start(c, check=False), "error running startContainer hook #0")
    assert not (diary.directory / "process-was-here").exists()


@pytest.mark.ours
@pytest.mark.parametrize("reaped", [False, True])
def test_killed_in_start_container(hooked, diary, rt, reaped):
    """`start` is told, also when nothing is left of the process to be looked at."""
    c = hooked({"startContainer": [diary.entry("startContainer", "sleep 987")]}, args=["sh", "-c", "exec sleep 1000"])
    rt.create(c)
    p = rt.popen("start", c.id)
    processes.until(lambda: diary.order, "the hook has not come up")
    with processes.reaping() if reaped else contextlib.nullcontext():
        rt.kill(c, "KILL")
        rt.fails(finish(p, timeout=20), "the container's process ended", "before its program was executed")


@pytest.mark.ours
def test_failing_poststart_deletes(hooked, diary, rt):
    c = hooked({"poststart": [diary.entry("poststart", "exit 1")], "poststop": [diary.entry("poststop")]}, args=["/bin/probe", "sleep"])
    rt.create(c)
    pid = rt.pid(c)
    rt.fails(rt.start(c, check=False), "error running poststart hook #0")
    processes.wait_gone(pid)
    rt.fails(rt("state", c.id), "does not exist")


@pytest.mark.differs(runc="1.3.6 fails")
def test_failing_poststop_only_warns(hooked, diary, rt):
    c = hooked({"poststop": [diary.entry("poststop", "exit 1"), diary.entry("poststop", "echo second > $D/second")]})
    rt.run_detached(c)
    rt.wait_status(c, "stopped")
    assert rt.delete(c, check=False).returncode == 0
    assert diary.read("second") == "second\n"
    rt.fails(rt("state", c.id), "does not exist")


def test_poststop_with_force(hooked, diary, rt):
    c = hooked({"poststop": [diary.entry("poststop")]}, args=["/bin/probe", "sleep"])
    rt.run_detached(c)
    rt.delete(c, "--force")
    assert diary.order == ["poststop"]


def test_missing_hook(hooked, rt):
    rt.fails(rt.run(hooked({"prestart": [{"path": "/no/such/hook"}]})), "error running prestart hook #0", anyone=["/no/such/hook", "no such file"])


def test_relative_hook(hooked, rt):
    r = rt.run(hooked({"prestart": [{"path": "bin/true"}]}))
    rt.fails(r, "hooks.prestart[0].path")


@pytest.mark.ours
def test_hook_without_a_path(hooked, rt):
    rt.fails(rt.run(hooked({"prestart": [{"args": ["x"]}]})), "hooks.prestart[0].path")


# poststop after a failure: what was begun is destroyed, and its hooks hear of it

def failing(diary, name):
    hooks = {n: [diary.entry(n)] for n in ALL}
    hooks[name] = [diary.entry(name, "exit 1")]
    return hooks


@pytest.mark.differs(crun="runs them after poststart only")
@pytest.mark.parametrize("verb", ["run", "run --detach", "create"])
@pytest.mark.parametrize("name", [*OF_CREATE, "startContainer", "poststart"])
def test_poststop_after_a_failing_hook(hooked, diary, rt, name, verb):
    c = hooked(failing(diary, name), args=["/bin/probe", "sleep"])
    if verb == "create":
        r = rt.create(c, check=False)
        if name not in OF_CREATE:
            r = rt.start(c, check=False)
        rt("delete", "--force", c.id, check=True)
    else:
        r = rt.run(c) if verb == "run" else rt("run", "--detach", "--bundle", c.path, c.id)
    assert r.returncode == 1 and f"error running {name} hook #0" in r.stderr or not rt.ours, str(r)
    before = ALL[:ALL.index(name) + 1]
    assert diary.order == [*before, "poststop"] or not rt.ours
    assert diary.order[-1] == "poststop" and diary.order.count("poststop") == 1
    s = diary.state("poststop")
    assert (s["id"], s["status"], s.get("pid", 0)) == (c.id, "stopped", 0)


@pytest.mark.ours
@pytest.mark.parametrize("verb", ["run", "create"])
@pytest.mark.parametrize("why", ["mount", "command"])
def test_poststop_after_another_failure(hooked, diary, rt, verb, why):
    """From the state directory on something has been made that a hook may know of."""
    c = hooked({n: [diary.entry(n)] for n in ALL}, **({"args": ["/no/such"]} if why == "command" else {}),
               edit=lambda c: c["mounts"].append(bind("/no/such/source", "/mnt")) if why == "mount" else None)
    assert getattr(rt, verb)(c, check=False).returncode in (1, 127)
    assert diary.order == ([] if why == "mount" else OF_CREATE) + ["poststop"]


@pytest.mark.ours
def test_no_poststop_before_anything_is_made(hooked, diary, rt):
    """Neither for a document that cannot be planned, nor for an id that is somebody else's."""
    hooks = {"poststop": [diary.entry("poststop")]}
    assert rt.run(hooked(hooks, linux={"namespaces": [{"type": "no"}]})).returncode == 1
    c = hooked(hooks, args=["/bin/probe", "sleep"])
    rt.create(c)
    rt.fails(rt.create(c, check=False), "already exists")
    assert diary.order == []


@pytest.mark.ours
def test_poststop_that_fails_after_a_failure(hooked, diary, rt):
    """It warns; what is told at the end is why there is no container."""
    c = hooked({"prestart": [diary.entry("prestart", "exit 1")],
                "poststop": [diary.entry("poststop", "exit 2"), diary.entry("poststop", "echo > $D/second")]})
    r = rt.create(c, check=False)
    first, last = r.stderr.splitlines()
    assert "warning: error running poststop hook #0" in first and "exit status 2" in first
    assert "error running prestart hook #0" in last and diary.read("second")
    rt.fails(rt("state", c.id), "does not exist")


@pytest.mark.ours
def test_poststop_of_what_was_killed_while_it_was_made(hooked, diary, rt):
    """The runtime is killed in a hook of create: the delete that cleans up runs poststop."""
    c = hooked({"createRuntime": [diary.entry("createRuntime", "exec sleep 1000")], "poststop": [diary.entry("poststop")]})
    p = rt.popen("create", "--bundle", c.path, c.id)
    processes.until(lambda: diary.order, "the hook has not come up")
    p.kill()
    p.wait()
    for stray in processes.strays():
        with contextlib.suppress(ProcessLookupError):  # crun-init ends with its parent
            os.kill(stray, signal.SIGKILL)
        processes.wait_gone(stray)
    rt("delete", "--force", c.id, check=True)
    assert diary.order == ["createRuntime", "poststop"]


# texts: the same for hooks of ours and of crun-init

FAILING = {
    "status": ({"path": "/bin/sh", "args": ["sh", "-c", "echo what is wrong >&2; exit 3"]},
               'error running {} hook #0: "/bin/sh": exit status 3, stderr: what is wrong'),
    "signal": ({"path": "/bin/sh", "args": ["sh", "-c", "echo last words >&2; kill -9 $$"]},
               'error running {} hook #0: "/bin/sh": killed by signal 9, stderr: last words'),
    "timeout": ({"path": "/bin/sh", "args": ["sh", "-c", "echo so slow >&2; exec sleep 20"], "timeout": 1},
                'error running {} hook #0: "/bin/sh": timed out after 1 s, stderr: so slow'),
    "silent": ({"path": "/bin/false"}, 'error running {} hook #0: "/bin/false": exit status 1'),
    "missing": ({"path": "/no/such/hook"}, 'error running {} hook #0: execve "/no/such/hook": no such file or directory'),
    "directory": ({"path": "/tmp"}, 'error running {} hook #0: execve "/tmp": permission denied'),
}


@pytest.mark.ours
@pytest.mark.parametrize("name", [*OF_CREATE, "startContainer", "poststart"])
@pytest.mark.parametrize("how", FAILING)
def test_texts(bundle, rt, name, how):
    hook, text = FAILING[how]
    error = rt.fails(rt.run(bundle(args=["/bin/probe", "sleep"], hooks={name: [hook]})))
    assert error.endswith(text.format(name)), error


@pytest.mark.ours
@pytest.mark.parametrize("how", FAILING)
def test_texts_of_poststop(bundle, rt, how):
    hook, text = FAILING[how]
    r = rt.run(bundle(args=["true"], hooks={"poststop": [hook]}))
    assert r.returncode == 0 and r.stderr.strip().endswith(text.format("poststop")), str(r)


@pytest.mark.ours
@pytest.mark.parametrize("name", ["prestart", "createContainer"])
def test_last_words_of_many(bundle, rt, name):
    """Only the tail of what it says is shown, and a path that is as long as one can be leaves no room for it."""
    script = "i=0; while [ $i -lt 500 ]; do echo line $i >&2; i=$((i+1)); done; printf 'the end  \\n\\n' >&2; exit 1"
    hook = {"path": "/bin/sh", "args": ["sh", "-c", script]}
    r = rt.run(bundle(args=["true"], hooks={name: [hook]}))
    assert r.returncode == 1 and "the end" in r.stderr and "line 10" not in r.stderr and len(r.stderr) < 1000, str(r)
    long = "/" + "x" * 200 + "/" + "y" * 200 + "/" + "z" * 200
    error = rt.fails(rt.run(bundle(args=["true"], hooks={name: [{"path": long}]})))
    assert f'error running {name} hook #0: execve "/xxx' in error


# signals

@pytest.mark.ours
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the test calls rt_sigaction by its number on x86_64")
@pytest.mark.parametrize("name", ALL)
def test_signals_are_reset(hooked, diary, rt, name):
    """Nothing is blocked or ignored, not even the real-time signals that C libraries keep to themselves.

    (What busybox executes as a script's last command has SIGQUIT ignored.)
    """
    c = hooked({name: [diary.entry(name, "grep -E 'Sig(Blk|Ign)' /proc/self/status > $D/signals; true")]})
    rt.run(c, check=True, preexec_fn=_ignore_and_block)
    masks = [line.split()[1] for line in diary.read("signals").splitlines()]
    assert masks == ["0" * 16] * 2, diary.read("signals")


def _ignore_and_block():
    libc = ctypes.CDLL(None, use_errno=True)
    action = (ctypes.c_ulong * 4)(1, 0, 0, 0)  # the kernel's: SIG_IGN
    for number in range(1, 65):
        if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD):
            assert libc.syscall(13, number, action, None, 8) == 0, number
    all = (ctypes.c_ulong * 1)(0xffffffffffffffff)
    assert libc.syscall(14, 0, all, None, 8) == 0


# timeouts

@pytest.mark.parametrize("name", OF_CREATE)
def test_timeout(hooked, diary, rt, name):
    c = hooked({name: [diary.entry(name, "exec sleep 20", timeout=1)]})
    r = rt.run(c)
    rt.fails(r, f"error running {name} hook #0", anyone=["hook"])
    assert 0.9 < r.seconds < 5, str(r)


def test_timeout_of_poststart(hooked, diary, rt):
    """The container does not outlive it."""
    c = hooked({"poststart": [diary.entry("poststart", "exec sleep 20", timeout=1)]}, args=["sh", "-c", "exec sleep 1000"])
    rt.create(c)
    r = rt.start(c, check=False)
    rt.fails(r, "error running poststart hook #0", anyone=["hook"])
    assert 0.9 < r.seconds < 5, str(r)
    if rt.ours:
        assert c.id not in [s["id"] for s in rt.list()]


def test_timeout_of_poststop(hooked, diary, rt):
    c = hooked({"poststop": [diary.entry("poststop", "exec sleep 20", timeout=1)]})
    start = time.monotonic()
    assert rt.run(c).returncode == 0
    assert 0.9 < time.monotonic() - start < 5


@pytest.mark.ours
@pytest.mark.parametrize("name", ALL)
def test_timeout_ends_what_the_hook_has_started(hooked, diary, rt, name):
    """Without a pid namespace of its own, with which crun-init's hooks would end in any case."""
    hook = diary.entry(name, "sleep 987 & echo $! > $D/child; sleep 986; true", timeout=1)
    c = hooked({name: [hook]}, args=["true"], namespaces=namespaces("mount", "ipc", "uts"))
    started = time.monotonic()
    if name == "startContainer":
        rt.create(c)
        rt.fails(rt.start(c, check=False), "timed out after 1 s")
    else:
        assert "timed out after 1 s" in rt.run(c).stderr
    assert time.monotonic() - started < 20
    processes.wait_gone(int(diary.read("child")))
    processes.until(lambda: processes.strays() == {}, lambda: f"left: {processes.strays()}")


@pytest.mark.ours
@pytest.mark.parametrize("name", ["createRuntime", "createContainer"])
def test_what_a_hook_leaves_behind_goes_on(hooked, diary, rt, name):
    """A hook may start a daemon, which holds the hook's streams: nobody waits for it."""
    more = "sleep 987 & echo $! > $D/child; until grep -q ^sleep /proc/$!/cmdline; do sleep 0.01; done"  # not in the middle of a pivot_root
    c = hooked({name: [diary.entry(name, more)]}, args=["/bin/probe", "sleep"],
               namespaces=namespaces("mount", "ipc", "uts"))
    rt.create(c, timeout=20)
    child = int(diary.read("child"))
    assert "sleep" in processes.describe(child)
    os.kill(child, signal.SIGKILL)
    processes.wait_gone(child)
    rt.delete(c, "--force")


@pytest.mark.ours
@pytest.mark.parametrize("timeout", [4294968, 2**63 - 1])
@pytest.mark.parametrize("name", ["createRuntime", "createContainer", "poststart"])
def test_timeout_of_many_days(hooked, diary, run, name, timeout):
    """4294968 s are 2**32 ms and 704."""
    assert run(hooked({name: [diary.entry(name, "sleep 1.2", timeout=timeout)]})).returncode == 0


def test_timeout_that_is_not_reached(hooked, diary, run):
    assert run(hooked({n: [diary.entry(n, "sleep 0.05", timeout=20)] for n in ALL})).returncode == 0


@pytest.mark.parametrize("timeout", [0, -1])
def test_bad_timeout(hooked, diary, rt, timeout):
    if not rt.ours:
        pytest.skip("a peer gives up at once or never")
    rt.fails(rt.run(hooked({"prestart": [diary.entry("prestart", timeout=timeout)]})), "hooks.prestart[0].timeout")


def test_slow_hooks_delay(hooked, diary, rt):
    """create returns when they are done."""
    c = hooked({"createRuntime": [diary.entry("createRuntime", "sleep 0.3")]})
    assert rt.create(c).seconds >= 0.3


@pytest.mark.differs(runc="does not know the annotations")
def test_output_goes_to_files(hooked, diary, rt, here):
    c = hooked({n: [diary.entry(n, f"echo out {n}; echo err {n} >&2")] for n in ("prestart", "createRuntime", "poststop")},
               annotations={"run.oci.hooks.stdout": str(here.dir / "out"), "run.oci.hooks.stderr": str(here.dir / "err")})
    (here.dir / "out").write_text("before\n")
    assert rt.run(c).returncode == 0
    assert (here.dir / "out").read_text() == "before\nout prestart\nout createRuntime\nout poststop\n"
    assert (here.dir / "err").read_text() == "err prestart\nerr createRuntime\nerr poststop\n"


@pytest.mark.ours
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("how", ["run", "start"])
def test_output_of_every_hook_goes_to_files(hooked, diary, rt, here, name, how):
    """Those of crun-init too; and not to the container's streams."""
    c = hooked({name: [diary.entry(name, "echo out; echo err >&2")]}, args=["true"],
               annotations={"run.oci.hooks.stdout": str(here.dir / "out"), "run.oci.hooks.stderr": str(here.dir / "err")})
    if how == "run":
        r = rt.run(c)
        assert (r.returncode, r.stdout, r.stderr) == (0, "", "")
    else:
        rt.create(c)
        rt.start(c)
        rt.wait_status(c, "stopped")
        rt.delete(c)
    assert ((here.dir / "out").read_text(), (here.dir / "err").read_text()) == ("out\n", "err\n")


@pytest.mark.ours
@pytest.mark.parametrize("name", ["prestart", "createContainer", "startContainer"])
def test_errors_that_go_to_a_file_are_told_too(hooked, diary, rt, here, name):
    """And not what others have written there before."""
    (here.dir / "err").write_text("of another\n")
    c = hooked({name: [diary.entry(name, "echo my reason >&2; exit 3")]}, annotations={"run.oci.hooks.stderr": str(here.dir / "err")})
    r = rt.run(c)
    assert r.returncode == 1 and "exit status 3, stderr: my reason" in r.stderr and "another" not in r.stderr, str(r)
    assert (here.dir / "err").read_text() == "of another\nmy reason\n"


@pytest.mark.ours
@pytest.mark.parametrize("name", ALL)
def test_output_of_hooks_is_not_the_container_s(hooked, diary, rt, name):
    """Whoever reads what the container writes gets that alone (decision 0183)."""
    c = hooked({name: [diary.entry(name, "echo out; echo err >&2; readlink /proc/self/fd/1 > $D/stdout")]}, args=["echo", "in"])
    r = rt.run(c)
    assert (r.returncode, r.stdout, r.stderr) == (0, "in\n", "")
    assert "pipe" not in diary.read("stdout")


@pytest.mark.ours
@pytest.mark.parametrize("name", ["createRuntime", "createContainer"])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_to_a_fifo_that_nobody_reads(hooked, diary, rt, here, name, stream):
    os.mkfifo(here.dir / "fifo")
    c = hooked({name: [diary.entry(name)]}, annotations={f"run.oci.hooks.{stream}": str(here.dir / "fifo")})
    rt.fails(rt.run(c, timeout=10), str(here.dir / "fifo"), "nobody reads it")


def test_hook_may_call_the_runtime(hooked, diary, rt):
    """state from within a hook: the lock is not held against it."""
    words = shlex.join(str(a) for a in rt.argv("state"))
    c = hooked({n: [diary.entry(n, f"{words} " + "$(sed 's/.*\"id\": *\"\\([^\"]*\\)\".*/\\1/' $D/" + n + ".json | tr -d '\\n')" + f" > $D/{n}.state 2>&1 || true", timeout=10)]
                for n in ("createRuntime", "poststart")}, args=["/bin/probe", "sleep"])
    rt.create(c)
    rt.start(c)
    assert rt.status(c) == "running"
    if rt.ours:
        assert json.loads(diary.read("createRuntime.state"))["status"] == "creating"
        assert json.loads(diary.read("poststart.state"))["status"] == "running"

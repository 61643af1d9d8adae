# SPDX-License-Identifier: GPL-2.0-or-later
"""What a caller has open stays with the caller, on every command: neither a container nor a hook nor a helper gets it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lib import processes, user
from lib.bundle import DEFAULT_NAMESPACES, PATH, bind, namespaces
from lib.rootless import User, give
from lib.runtime import call, environment

MANY = 50
HOOKS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
OPEN = "for f in /proc/self/fd/*; do readlink $f; done; true"  # the shell's look at the directory is over by then


@pytest.fixture
def caller(here):
    """How to call with fifty descriptors open, from 3 up and high ones, which a program that is executed gets."""
    (here.dir / "secret").write_text("")
    (here.dir / "secret").chmod(0o666)

    def before():
        for n in [*range(3, 3 + MANY), 1000]:
            os.dup2(fd, n)
        os.set_inheritable(fd, True)
    fd = os.open(here.dir / "secret", os.O_RDWR)
    yield {"preexec_fn": before, "close_fds": False}
    os.close(fd)


def test_the_test_sees_them(caller):
    r = subprocess.run(["sh", "-c", OPEN], capture_output=True, text=True, check=False, **caller)
    assert r.stdout.count("secret") == MANY + 1


@pytest.fixture
def diary(here):
    """Hooks that write down what they have open, and a look at what they wrote."""
    d = here.dir / "diary"
    d.mkdir()
    d.chmod(0o777)

    def entry(name):
        to = "/diary" if name == "startContainer" else d
        return {"path": "/bin/sh", "args": ["sh", "-c", f"cat > /dev/null; ({OPEN}) > {to}/{name}"], "env": [PATH]}

    def look(names):
        assert sorted(os.listdir(d)) == sorted(names)
        for n in names:
            text = (d / n).read_text()
            assert text.count("\n") == 3, (n, text)
    return {n: [entry(n)] for n in HOOKS}, bind(d, "/diary"), look


def beyond(text):
    """What there is beside the three standard streams."""
    return text.splitlines()[3:]


def test_run(bundle, rt, caller, diary):
    hooks, mount, look = diary
    r = rt.run(bundle(args=["sh", "-c", OPEN], hooks=hooks, mounts=[mount], copy=True), **caller)
    assert r.returncode == 0 and beyond(r.stdout) == [], str(r)
    look(HOOKS)


def test_create_start_delete(bundle, rt, caller, diary):
    hooks, mount, look = diary
    c = bundle(args=["sh", "-c", OPEN + "; exec sleep 1000"], hooks=hooks, mounts=[mount], copy=True)
    rt.create(c, **caller)
    pid = rt.pid(c)
    own = [os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")]
    assert not [l for l in own if "secret" in l], own
    look(HOOKS[:3])
    rt.start(c, **caller)
    processes.until(lambda: rt.output(c).count("\n") >= 3, lambda: rt.output(c))
    assert beyond(rt.output(c)) == []
    look(HOOKS[:5])
    rt.delete(c, "--force", **caller)
    look(HOOKS)


def test_exec(running, rt, caller):
    c = running()
    r = rt("exec", c.id, "sh", "-c", OPEN, **caller)
    assert r.returncode == 0 and beyond(r.stdout) == [], str(r)


@pytest.mark.differs(crun="wants a terminal on standard input", runc="wants a terminal on standard input")
def test_exec_with_a_terminal(running, rt, caller):
    r = rt("exec", "--tty", running().id, "sh", "-c", OPEN, **caller)
    assert r.returncode == 0 and len(r.lines) == 3 and all(l.startswith("/dev/pts/") for l in r.lines), str(r)


@pytest.mark.parametrize("listen", [False, True])
def test_only_what_is_asked_for(running, bundle, rt, caller, listen):
    """--preserve-fds 2 or LISTEN_FDS=2: 3 and 4."""
    options, env = ([], environment(LISTEN_FDS="2")) if listen else (["--preserve-fds", "2"], environment())
    if listen and not rt.ours:
        pytest.skip("a peer wants LISTEN_PID")
    for r in (rt("exec", *options, running().id, "sh", "-c", OPEN, env=env, **caller),
              rt.run(bundle(args=["sh", "-c", OPEN]), *options, env=env, **caller)):
        assert r.returncode == 0 and ["secret" in l for l in beyond(r.stdout)] == [True, True], str(r)


@pytest.mark.parametrize("words", [["ps"], ["ps", "--format", "json"], ["state"], ["events", "--stats"], ["pause"], ["resume"], ["update", "--pids-limit", "50"],
                                   ["kill"], ["list"], ["features"]], ids=" ".join)
def test_other_commands(running, rt, caller, words):
    """They work, and the container's process has no more open than before."""
    c = running()
    pid = rt.pid(c)
    if words[0] == "resume":
        rt("pause", c.id, check=True)
    before = os.listdir(f"/proc/{pid}/fd")
    id = [c.id] if words[0] not in ("list", "features") else []
    r = rt(*words, *id, *(["0"] if words[0] == "kill" else []), **caller)
    if words[0] == "update" and r.returncode != 0 and "pids" in r.stderr:
        pytest.skip("no controller for pids")
    assert r.returncode == 0, str(r)
    assert os.listdir(f"/proc/{pid}/fd") == before
    rt("resume", c.id)


@pytest.mark.ours
@pytest.mark.parametrize("verb", ["run", "create", "exec"])
@pytest.mark.parametrize("options, env, text", [
    (["--preserve-fds", "1"], {}, "--preserve-fds 1: descriptor 3 is not open"),
    (["--preserve-fds", "5"], {}, "--preserve-fds 5: descriptor 3 is not open"),
    ([], {"LISTEN_FDS": "1"}, "LISTEN_FDS=1: descriptor 3 is not open"),
    (["--preserve-fds", "1"], {"LISTEN_FDS": "2"}, "LISTEN_FDS=2: descriptor 3 is not open")], ids=lambda x: " ".join(map(str, x)) if len(x) < 3 else None)
def test_our_own_are_not_the_callers(running, bundle, rt, here, verb, options, env, text):
    """What we have opened ourselves, a log, the state directory, stands where the caller has nothing."""
    words = ["exec", *options, running().id, "true"] if verb == "exec" else [verb, "-b", bundle(args=["true"]).path, *options, here.tag + "-none"]
    r = rt("--log", here.dir / "log", *words, env=environment(**env))
    assert r.returncode != 0 and text in (here.dir / "log").read_text(), str(r)


@pytest.mark.ours
def test_podman_counts_the_sockets_twice(bundle, rt, here):
    """It hands one socket on, and says LISTEN_FDS=1 and --preserve-fds 1: there is no second one."""
    (here.dir / "socket").write_text("secret")

    def one():
        os.dup2(os.open(here.dir / "socket", os.O_RDONLY), 3, inheritable=True)
    r = rt.run(bundle(args=["sh", "-c", OPEN]), "--preserve-fds", "1", env=environment(LISTEN_FDS="1"), preexec_fn=one, close_fds=False)
    assert r.returncode == 0 and len(beyond(r.stdout)) == 1, str(r)


# programs that we call ourselves

def recorder(path, to, then="exit 1"):
    """A program that writes down what it has open."""
    path.write_text(f"#!/bin/sh\n({OPEN}) > {to}\n{then}\n")
    path.chmod(0o755)


def recorded(to):
    """Each line beside the standard streams but the recorder's own file."""
    return [l for l in to.read_text().splitlines()[3:] if l != str(to)]


SANDBOXES = pytest.mark.parametrize("calls", [None, "close_range"], ids=["", "close_range blocked"])


@pytest.fixture
def maybe_blocked(rt, blocked):
    return lambda calls: rt.with_options(prefix=[blocked, "ENOSYS", calls]) if calls else rt


@SANDBOXES
def test_ps(running, rt, caller, here, maybe_blocked, calls):
    """ps(1) is a program of its own."""
    recorder(here.dir / "ps", here.dir / "open", "echo PID; echo $$")
    c = running()
    r = maybe_blocked(calls)("ps", c.id, env=environment(PATH=f"{here.dir}:{os.environ['PATH']}"), **caller)
    assert r.returncode == 0 and recorded(here.dir / "open") == [], (str(r), recorded(here.dir / "open"))


@pytest.mark.ours
@pytest.mark.root("an ordinary user has no system manager")
@SANDBOXES
def test_helper_for_systemd(bundle, rt, caller, here, maybe_blocked, calls):
    """The one beside the program is taken. It needs its socket, which is its standard input."""
    shutil.copy(rt.program.path, here.dir / "crun")
    recorder(here.dir / "crun-systemd", here.dir / "open")
    prefix = maybe_blocked(calls).prefix
    r = call([*prefix, here.dir / "crun", "--root", rt.root, "--systemd-cgroup", "run", "--bundle", bundle(args=["true"], cgroup=False).path, "x"],
             **caller)
    assert r.returncode == 1 and "systemd" in r.stderr, str(r)
    assert (here.dir / "open").read_text().startswith("socket:") and recorded(here.dir / "open") == []


@SANDBOXES
def test_hooks_where_calls_are_blocked(bundle, maybe_blocked, caller, diary, calls):
    hooks, mount, look = diary
    r = maybe_blocked(calls).run(bundle(args=["sh", "-c", OPEN], hooks=hooks, mounts=[mount], copy=True), **caller)
    assert r.returncode == 0 and beyond(r.stdout) == [], str(r)
    look(HOOKS)


@pytest.mark.ours
@pytest.mark.once("makes an ordinary user itself")
@pytest.mark.skipif(not user.helpers(), reason="newuidmap and newgidmap (package uidmap) are not installed")
@pytest.mark.parametrize("calls", ["", "close_range"])
def test_helpers_of_id_maps(bundle, program, blocked, caller, here, calls):
    u = User(here.dir / "user", "name")
    here.roots.append(u.runtime_dir / "crun")
    places = [here.dir / "user" / n for n in ("newuidmap", "newgidmap")]
    for p in places:
        (p.parent / f"{p.name}.open").touch()
        (p.parent / f"{p.name}.open").chmod(0o666)
        recorder(p, f"{p}.open", f'exec /usr/bin/{p.name} "$@"')
    c = bundle(args=["cat", "/proc/self/uid_map"], copy=True, cgroup=False, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), resources={"devices": None})
    give(c.path)
    rt = u.runtime(program, *([blocked, "ENOSYS", calls] if calls else []))
    r = rt.run(c, env=environment(PATH=f"{here.dir}/user:{os.environ['PATH']}"), **caller)
    assert r.returncode == 0 and r.stdout.count("\n") == 2, str(r)
    for p in places:
        assert recorded(Path(f"{p}.open")) == [] and Path(f"{p}.open").read_text().count("\n") == 3


# closed standard streams

LOOK = "x=$(for i in 0 1 2; do readlink /proc/$$/fd/$i; stat -L -c %t:%T /proc/$$/fd/$i; done); echo \"$x\" >/tmp/looked; mv /tmp/looked /tmp/seen"
COMBINATIONS = [" ".join(c for i, c in enumerate(("<&-", ">&-", "2>&-")) if n >> i & 1) for n in range(8)]


@pytest.mark.ours
@pytest.mark.parametrize("verb", ["run", "run --detach", "create", "exec", "exec --detach"])
def test_closed_streams(bundle, rt, here, verb):
    """Nothing of the runtime's takes their place in the container: it has /dev/null there, and the others are as they were."""
    exec_ = verb.startswith("exec")
    c = bundle(args=["/bin/probe", "sleep"] if exec_ else ["sh", "-c", LOOK], copy=True)
    if exec_:
        rt.run_detached(c)
    (here.dir / "in").write_text("")
    seen = c.rootfs / "tmp/seen"
    for closed in COMBINATIONS:
        through = rt.with_options(prefix=["sh", "-c", f'exec "$@" {closed}', "sh"])
        argv = through.argv(*verb.split(), *([c.id, "sh", "-c", LOOK] if exec_ else ["--bundle", c.path, rt._remember(c, None)]))
        with open(here.dir / "in") as i, open(here.dir / "out", "w") as o, open(here.dir / "err", "w") as e:
            p = subprocess.run([str(a) for a in argv], stdin=i, stdout=o, stderr=e, timeout=30, check=False)
        assert p.returncode == 0, (closed, (here.dir / "err").read_text())
        if verb == "create":
            through.start(c)
        processes.until(seen.exists, f"{verb} {closed}: no look")
        found = seen.read_text().splitlines()
        seen.unlink()
        for n, (redirection, name) in enumerate((("<&-", "in"), (">&-", "out"), ("2>&-", "err"))):
            is_closed = redirection in closed.split()
            wanted = ["/dev/null", "1:3"] if is_closed else [str(here.dir / name), "0:0"]
            assert found[2 * n:2 * n + 2] == wanted, (closed, found)
        assert not (here.dir / "out").read_text() and not (here.dir / "err").read_text()
        if not exec_:
            rt.delete(c, "--force")


@pytest.mark.ours
@pytest.mark.parametrize("closed", COMBINATIONS)
def test_errors_with_closed_streams(rt, bundle, here, closed):
    """They reach standard error if there is one, the log in any case, and nothing else."""
    through = rt.with_options("--log", here.dir / "log", prefix=["sh", "-c", f'exec "$@" {closed}', "sh"])
    r = through.run(bundle(args=["/no/such/command"]))
    assert r.returncode == 127 and not r.stdout
    assert ("/no/such/command" in r.stderr) == ("2>&-" not in closed.split()), str(r)
    lines = (here.dir / "log").read_text().splitlines()
    assert len(lines) == 1 and "/no/such/command" in lines[0]


@pytest.mark.ours
@pytest.mark.root("his containers get the /dev/null of the host")
@pytest.mark.parametrize("null", [":", "echo secret >/dev/null", "mknod /dev/null c 1 5", "mknod /dev/null c 1 3"])
@pytest.mark.parametrize("verb", ["run", "exec"])
def test_closed_streams_where_there_is_no_null(bundle, rt, verb, null):
    """What a container gets in the place of a closed stream is nothing of the host's, whatever the host has there."""
    script = 'x=$(for i in 0 1; do readlink /proc/$$/fd/$i; done); echo "$x" >&2'
    through = rt.with_options(prefix=["unshare", "-m", "sh", "-c", f'mount -t tmpfs t /dev; {null}; exec "$@" <&- >&-', "sh"])
    if verb == "run":
        r = through.run(bundle(args=["sh", "-c", script]))
    else:
        c = bundle(args=["/bin/probe", "sleep"])
        rt.run_detached(c)
        r = through("exec", c.id, "sh", "-c", script)
    wanted = "/dev/null" if null.endswith("1 3") else "pipe:"
    assert r.returncode == 0 and len(r.stderr.splitlines()) == 2, str(r)
    assert all(line.startswith(wanted) for line in r.stderr.splitlines()), str(r)

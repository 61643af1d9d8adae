# SPDX-License-Identifier: GPL-2.0-or-later
"""NOTIFY_SOCKET: the sd_notify(3) proxy. As crun: /d/s becomes the socket /d/s/notify in the container."""

import errno
import os
import signal
import socket
import time

import pytest

from lib import processes
from lib.bundle import namespaces, user_mappings
from lib.runtime import environment, finish

pytestmark = pytest.mark.ours


@pytest.fixture
def manager(here):
    """The service manager's socket: (path, what has come so far)."""
    path = here.dir / "manager"
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(str(path))
    s.settimeout(10)
    yield path, lambda: s.recv(65536).decode()
    s.close()


def how(manager):
    return {"env": environment(NOTIFY_SOCKET=str(manager[0]))}


def send(*lines, then="exec sleep 1000"):
    return ["sh", "-c", f"probe notify '{chr(10).join(lines)}' && {then}"]


def test_foreground(bundle, rt, manager):
    c = bundle(args=send("READY=1", "STATUS=fine", "MAINPID=1", "FDSTORE=1", "UNKNOWN=x"), copy=True)
    p = rt.start_foreground(c, **how(manager))
    assert manager[1]() == f"READY=1\nSTATUS=fine\nMAINPID={rt.pid(c)}\n"
    rt.kill(c, "KILL")
    assert finish(p).returncode == 137
    assert not (rt.root / c.id).exists()


def test_every_message_in_order(bundle, rt, manager):
    script = "probe notify STATUS=one; probe notify MAINPID=1; probe notify READY=1; probe notify STOPPING=1"
    c = bundle(args=["sh", "-c", script], copy=True)
    assert rt.run(c, **how(manager)).returncode == 0
    assert manager[1]() == "STATUS=one\n"
    assert manager[1]().startswith("READY=1\nMAINPID=")
    assert manager[1]() == "STOPPING=1\n"


def test_create_does_not_wait_and_start_does(bundle, rt, manager):
    c = bundle(args=["sh", "-c", "sleep 0.5; probe notify READY=1; exec sleep 1000"], copy=True)
    rt.create(c, **how(manager))
    begin = time.monotonic()
    rt.start(c, **how(manager))
    assert time.monotonic() - begin > 0.4
    assert manager[1]() == f"READY=1\nMAINPID={rt.pid(c)}\n"


def test_start_ends_with_the_container(bundle, rt, manager):
    c = bundle(args=["sh", "-c", "sleep 0.2"], copy=True)
    rt.create(c, **how(manager))
    p = rt.popen("start", c.id, **how(manager))
    end = time.monotonic() + 10
    while p.poll() is None and time.monotonic() < end:
        processes.reap()
        time.sleep(0.01)
    assert finish(p).returncode == 0


def test_deletion_while_start_waits(bundle, rt, manager):
    c = bundle(args=["sleep", "1000"], copy=True)
    rt.create(c, **how(manager))
    p = rt.popen("start", c.id, **how(manager))
    rt.wait_status(c, "running")
    d = rt.popen("delete", "--force", c.id)
    end = time.monotonic() + 10
    while d.poll() is None and time.monotonic() < end:
        processes.reap()
        time.sleep(0.01)
    assert finish(d).returncode == 0
    assert finish(p).returncode == 0


def test_start_without_the_variable(bundle, rt, manager):
    c = bundle(args=["sleep", "1000"], copy=True)
    rt.create(c, **how(manager))
    rt.start(c)
    assert rt.status(c) == "running"


def test_detached(bundle, rt, manager):
    c = bundle(args=send("READY=1"), copy=True)
    rt.run_detached(c, **how(manager))
    assert manager[1]() == f"READY=1\nMAINPID={rt.pid(c)}\n"


FULL = ": >/tmp/full; probe notify READY=1; sleep 1000 & wait"


def fill(manager):
    """Nobody reads: the queue holds net.unix.max_dgram_qlen of them, ten or five hundred, which one sender may not fill alone."""
    while True:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as s:
            try:
                s.sendto(b"STATUS=", str(manager[0]))
            except BlockingIOError:
                return


def wait_full(c):
    processes.until((c.rootfs / "tmp/full").exists, "READY=1 to be said")
    time.sleep(0.5)  # for READY=1 to come and to wait


def test_ready_waits_for_room(bundle, rt, manager):
    fill(manager)
    c = bundle(args=["sh", "-c", FULL], copy=True)
    p = rt.popen("run", "--detach", "--bundle", c.path, c.id, **how(manager))
    wait_full(c)
    assert p.poll() is None, "it did not wait"
    while (last := manager[1]()) == "STATUS=":
        pass
    assert last == f"READY=1\nMAINPID={rt.pid(c)}\n"
    processes.until(lambda: p.poll() is not None, "the end of run --detach")
    assert p.returncode == 0


def test_end_of_service_waits_for_room(bundle, rt, manager):
    """What is said once is not lost."""
    c = bundle(args=["sh", "-c", FULL.replace("READY=1", "STOPPING=1")], copy=True)
    p = rt.start_foreground(c, **how(manager))
    wait_full(c)
    while (last := manager[1]()).startswith("STATUS="):
        pass
    assert last == "STOPPING=1\n"
    rt.kill(c, "KILL")
    assert finish(p).returncode == 137


def test_signal_while_ready_waits(bundle, rt, manager):
    fill(manager)
    c = bundle(args=["sh", "-c", "trap 'exit 7' TERM; " + FULL], copy=True)
    p = rt.start_foreground(c, **how(manager))
    wait_full(c)
    begin = time.monotonic()
    r = finish(p, send=signal.SIGTERM, timeout=20)
    assert r.returncode == 7 and time.monotonic() - begin < 4, str(r)
    assert "READY=1 of the container was not passed on" in r.stderr, str(r)


def test_after_ready_of_a_detached_one(bundle, rt, manager):
    """Nobody of ours is there any more: what is said later is refused, and hurts nobody (decision 0034)."""
    script = "probe notify READY=1; while [ ! -e /tmp/go ]; do sleep 0.05; done; probe notify STATUS=later; echo status $?; exec sleep 1000"
    c = bundle(args=["sh", "-c", script], copy=True)
    rt.run_detached(c, **how(manager))
    assert manager[1]().startswith("READY=1\n")
    (c.rootfs / "tmp/go").touch()
    rt.wait_output(c, f"status {errno.ECONNREFUSED}")
    assert rt.status(c) == "running"


@pytest.mark.root("root of this map is another than the user, who alone may enter his state directory")
def test_user_of_a_user_namespace(bundle, rt, manager):
    c = bundle(args=send("READY=1", then="true"), copy=True, user={"uid": 1000, "gid": 1000}, linux=user_mappings(),
               namespaces=namespaces("user", "pid", "network", "ipc", "uts", "mount"))
    r = rt.run(c, **how(manager))
    assert r.returncode == 0, str(r)
    assert manager[1]().startswith("READY=1\nMAINPID=")


def test_place(bundle, rt, manager):
    c = bundle(args=["sh", "-c", "echo $NOTIFY_SOCKET; stat -c %a $NOTIFY_SOCKET"], env=["NOTIFY_SOCKET=/elsewhere"], copy=True)
    assert rt.run(c, **how(manager)).stdout == f"{manager[0]}/notify\n777\n"


def test_manager_that_is_gone(bundle, rt, here):
    c = bundle(args=["sh", "-c", "probe notify STATUS=x; probe notify READY=1; probe notify READY=1; echo on"], copy=True)
    r = rt.run(c, env=environment(NOTIFY_SOCKET=str(here.dir / "nobody")))
    assert (r.returncode, r.stdout, len(r.stderr.splitlines())) == (0, "on\n", 1), str(r)
    assert r.stderr.strip().endswith(f'warning: READY=1 of the container was not passed on: NOTIFY_SOCKET "{here.dir}/nobody": no such file or directory')


@pytest.mark.parametrize("value,text", [("/", "neither"), ("/etc", "not a socket"), ("/etc/passwd", "not a socket"), ("vsock:2:3", "neither"), ("@", "neither"),
                                        ("some/path", "neither"), ("/" + 107 * "x", "neither")])
def test_variable_that_names_no_socket(bundle, rt, value, text):
    """A warning; nothing of the container is covered by a mount, and it goes on without."""
    c = bundle(args=["sh", "-c", "echo x$NOTIFY_SOCKET"])
    r = rt.run(c, env=environment(NOTIFY_SOCKET=value))
    assert (r.returncode, r.stdout) == (0, "x\n") and f'NOTIFY_SOCKET "{value}": {text}' in r.stderr, str(r)
    rt.create(c, env=environment(NOTIFY_SOCKET=value))
    assert rt.start(c, env=environment(NOTIFY_SOCKET=value)).stderr == ""


def test_path_that_leaves_no_room_for_a_name(bundle, rt, here):
    """107 bytes have room in a socket's address, and "/notify" behind them has not."""
    c = bundle(args=send("READY=1", then="echo $NOTIFY_SOCKET"), copy=True)
    place = f"/tmp/{here.tag}".ljust(107, "x")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(place)
        try:
            r = rt.run(c, env=environment(NOTIFY_SOCKET=place))
        finally:
            os.unlink(place)
        assert r.stdout == "/run/notify/notify\n" and s.recv(100).startswith(b"READY=1\nMAINPID="), str(r)


def test_abstract_socket(bundle, rt, here):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(f"\0{here.tag}")
        r = rt.run(bundle(args=send("READY=1", then="echo $NOTIFY_SOCKET"), copy=True), env=environment(NOTIFY_SOCKET=f"@{here.tag}"))
        assert r.stdout == "/run/notify/notify\n" and s.recv(100).startswith(b"READY=1\nMAINPID="), str(r)


def test_what_does_not_go_on(bundle, rt, manager):
    """Who else may speak for the service; what is behind a NUL, as managers see it; what a terminal would obey."""
    script = ("probe notify NOTIFYACCESS=all; probe notify BARRIER=1; probe notify 'STATUS=a'$(printf '\\033')'[2J'$(printf '\\302\\233\\303\\251'); "
              "probe notify-hex 52454144593d3100; probe notify-hex 5354415455533d78004d4f52453d31")
    c = bundle(args=["sh", "-c", script], copy=True)
    assert rt.run(c, **how(manager)).returncode == 0
    assert manager[1]() == "STATUS=a?[2J??\u00e9\n"
    assert manager[1]().startswith("READY=1\nMAINPID=")
    assert manager[1]() == "STATUS=x\n"


def test_without(bundle, rt):
    c = bundle(args=["sh", "-c", "echo x$NOTIFY_SOCKET"])
    assert rt.run(c).stdout == "x\n"


def test_exec_does_not_hear_of_it(bundle, rt, manager):
    """A process of an exec has the container's environment, and NOTIFY_SOCKET is not in config.json."""
    c = bundle(args=send("READY=1"), copy=True)
    rt.run_detached(c, **how(manager))
    assert rt("exec", c.id, "sh", "-c", "echo x$NOTIFY_SOCKET").stdout == "x\n"


def test_ready_is_a_line_and_not_a_part_of_one(bundle, rt, manager):
    """What a status says does not make the container ready."""
    script = "probe notify STATUS=READY=1; probe notify STATUS=$(seq -s x 20000); probe notify STOPPING=1"
    c = bundle(args=["sh", "-c", script], copy=True)
    assert rt.run(c, **how(manager)).returncode == 0
    assert manager[1]() == "STATUS=READY=1\n"
    assert manager[1]() == "STOPPING=1\n"  # what was too long to be read whole is dropped


def test_plan_makes_nothing(bundle, rt, manager):
    c = bundle(args=["true"])
    r = rt("plan", "--bundle", c.path, c.id, **how(manager))
    assert f'source "{rt.root}/{c.id}/notify"' in r.stdout, str(r)
    assert not rt.root.exists()


@pytest.mark.once("it is an ordinary user's already")
def test_plan_without_privileges(bundle, rt, manager):
    """Another user's state root is not looked at."""
    rt.root.mkdir(mode=0o700)
    r = rt.with_options(prefix=["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"])(
        "plan", "--bundle", bundle(args=["true"]).path, "x", **how(manager))
    assert r.returncode == 0 and "notify" in r.stdout, str(r)


def test_container_that_never_stops_talking(bundle, rt, manager):
    """Signals are forwarded all the same, and a manager that does not listen (its queue is full here) hangs nobody."""
    p = rt.start_foreground(bundle(args=["/bin/probe", "flood"], copy=True), **how(manager))
    for _ in range(5):
        assert p.stdout.read(1) == b"x"
    time.sleep(1)  # of being flooded
    begin = time.monotonic()
    assert finish(p, send=signal.SIGTERM, timeout=20).returncode == signal.SIGTERM
    assert time.monotonic() - begin < 10

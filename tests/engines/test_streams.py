# SPDX-License-Identifier: GPL-2.0-or-later
"""conmon (podman) and the containerd shim at our streams: 100 MB both ways at once through terminals and pipes, of which
none is lost; and somebody who resizes, detaches and attaches again."""

import os

import pytest

from conftest import nothing_left
from lib import daemons

pytestmark = [pytest.mark.layouts("hybrid"), pytest.mark.timeout(400)]
MEGABYTES = int(os.environ.get("CRUN_TEST_STREAM", "100"))
DATA = "/run/engines/bulk-data"
BULK = "/run/engines/inside/bulk"
SECONDS = 300


def bulk(m, command, terminal, data=DATA):
    m.sh(f"{BULK} {'--terminal ' if terminal else ''}{data} {command}", timeout=SECONDS)


@pytest.fixture
def data(machine):
    machine.once("bulk", lambda: machine.sh(f"head -c {MEGABYTES}M /dev/urandom > {DATA}"))
    return f"-v {DATA}:{DATA}:ro"


# Bytes that end an attachment are keys for people.
KEYS = "--detach-keys="


@pytest.mark.parametrize("terminal", [False, True], ids=["pipes", "terminal"])
def test_bulk_podman_run(podman, data, terminal):
    bulk(podman, f"podman run --rm --log-driver=none {data} {KEYS} -i{'t' if terminal else ''} box", terminal)


@pytest.mark.parametrize("terminal", [False, True], ids=["pipes", "terminal"])
def test_bulk_podman_exec(podman, data, terminal):
    podman.sh(f"podman run -d --name c1 {data} box sleep 600")
    bulk(podman, f"podman exec {KEYS} -i{'t' if terminal else ''} c1", terminal)


@pytest.fixture
def ctr(machine):
    machine.once("containerd", lambda: daemons.containerd(machine))
    yield machine
    machine.run("for c in $(ctr container ls -q); do ctr task kill -s KILL -a $c; ctr task rm -f $c; ctr container rm $c; done")
    nothing_left(machine)


MOUNT = f"--mount type=bind,src={DATA},dst={DATA},options=bind:ro"


@pytest.mark.parametrize("terminal", [False, True], ids=["pipes", "terminal"])
def test_bulk_shim_run(ctr, data, terminal):
    bulk(ctr, f"ctr run --rm --runc-binary /usr/bin/crun {MOUNT} {'-t' if terminal else ''} localhost/box:latest c1", terminal)


@pytest.mark.parametrize("terminal", [False, True], ids=["pipes", "terminal"])
def test_bulk_shim_exec(ctr, data, terminal):
    ctr.sh(f"ctr run -d --runc-binary /usr/bin/crun {MOUNT} localhost/box:latest c1 sleep 600")
    bulk(ctr, f"ctr task exec --exec-id e1 {'-t' if terminal else ''} c1", terminal)


# attach, resize, detach

KEYBOARD = "/run/engines/inside/keys"
# Does what is typed. (A WINCH trap would end its read.)
SHELL = "sh -c 'echo ready; while :; do read -r x && eval \"$x\"; done'"


def size(rows, columns, resize=True):
    """Steps: another window, of which the container hears in a while. What is typed comes back as an echo, unlike what is told."""
    change = f"size:{rows},{columns} " if resize else ""
    return change + (f"'type:until [ \"$(stty size)\" = \"{rows} {columns}\" ]; do sleep 0.1; done; echo is-{rows}\"\"x{columns}\\n' "
                     f"'expect:is-{rows}x{columns}' ")


def test_podman_detach_and_attach(podman):
    podman.sh(f"{KEYBOARD} expect:ready {size(24, 80, False)} {size(50, 132)} 'press:\\x10\\x11' -- podman run --name c1 -it box {SHELL}")
    assert podman.sh("podman ps --format '{{.Names}} {{.State}}'") == "c1 running"
    podman.sh(f"{KEYBOARD} {size(40, 100)} 'press:\\x10\\x11' -- podman attach c1")
    # Its exit status is 0 here with runc 1.3.6 and crun 1.28 as well (8 times of 8 each), so it is podman's own.
    podman.run(f"{KEYBOARD} {size(30, 90)} 'type:exit 5\\n' -- podman attach c1")
    assert podman.sh("podman wait c1") == "5"


def test_podman_exec(podman):
    podman.sh("podman run -d --name c1 box sleep 600")
    podman.fails(f"{KEYBOARD} expect:ready {size(24, 80, False)} {size(50, 132)} 'type:exit 3\\n' -- podman exec -it c1 {SHELL}", 3)
    podman.fails(f"{KEYBOARD} expect:ready 'type:\\x03' -- podman exec -it c1 sh -c 'trap \"exit 4\" INT; echo ready; read x'", 4)
    podman.sh(f"{KEYBOARD} expect:ready 'press:\\x10\\x11' -- podman exec -it c1 {SHELL}")
    assert "while :" in podman.sh("podman top c1 args")


def test_shim_detach_and_attach(ctr):
    """A client that is gone, and another one."""
    ctr.sh(f"{KEYBOARD} expect:ready {size(24, 80, False)} {size(50, 132)} kill -- "
           f"ctr run -t --runc-binary /usr/bin/crun localhost/box:latest c1 {SHELL}")
    assert "RUNNING" in ctr.sh("ctr task ls")
    ctr.fails(f"{KEYBOARD} {size(40, 100)} 'type:exit 5\\n' -- ctr task attach c1", 5)


def test_shim_exec(ctr):
    ctr.sh("ctr run -d --runc-binary /usr/bin/crun localhost/box:latest c1 sleep 600")
    ctr.fails(f"{KEYBOARD} expect:ready {size(24, 80, False)} {size(50, 132)} 'type:exit 3\\n' -- ctr task exec -t --exec-id e1 c1 {SHELL}", 3)

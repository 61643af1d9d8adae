# SPDX-License-Identifier: GPL-2.0-or-later
"""conmon by hand, as podman and CRI-O call it: it is the one that calls create and exec."""

import json

import pytest

pytestmark = pytest.mark.layouts("v2", "hybrid", "v1")
DIR = "/run/engines/conmon"


@pytest.fixture
def bundle(machine):
    """Makes a bundle whose process is args, and gives conmon's words for it."""
    def make(args, terminal=False):
        machine.sh(f"rm -rf {DIR} && mkdir -p {DIR}/exits && cd {DIR} && crun spec")
        config = json.loads(machine.read(f"{DIR}/config.json"))
        config["root"] = {"path": "/run/engines/rootfs"}
        config["process"].update(args=args, terminal=terminal)
        machine.write(f"{DIR}/config.json", json.dumps(config))
        return machine
    yield make
    machine.run("crun delete -f c1")


CREATE = (f"conmon -c c1 -u c1 -n c1 -b {DIR} -r /usr/bin/crun -p {DIR}/pidfile -l k8s-file:{DIR}/log "
          f"--exit-dir {DIR}/exits --socket-dir-path {DIR} --full-attach")


def test_create_start(bundle):
    m = bundle(["sh", "-c", "echo out; echo err >&2; exit 4"])
    m.sh(CREATE)
    m.until(f"test -s {DIR}/pidfile")
    assert m.read(f"{DIR}/pidfile").isdigit() and json.loads(m.sh("crun state c1"))["status"] == "created"
    m.sh("crun start c1")
    assert m.until(f"cat {DIR}/exits/c1") == "4"
    log = m.read(f"{DIR}/log")
    assert "stdout F out" in log and "stderr F err" in log


def test_terminal(bundle):
    m = bundle(["sh", "-c", "tty; exit 0"], terminal=True)
    m.sh(CREATE + " -t")
    m.until(f"test -s {DIR}/pidfile")
    m.sh("crun start c1")
    m.until(f"test -e {DIR}/exits/c1")
    assert "/dev/" in m.read(f"{DIR}/log")


def test_exec(bundle):
    m = bundle(["sleep", "600"])
    m.sh(CREATE)
    m.until(f"test -s {DIR}/pidfile")
    m.sh("crun start c1")
    m.write(f"{DIR}/process.json", json.dumps({"args": ["sh", "-c", "echo inside; exit 6"], "cwd": "/", "user": {"uid": 0, "gid": 0},
                                               "env": ["PATH=/bin"]}))
    m.sh(f"conmon -c c1 -u e1 -n c1 -b {DIR} -r /usr/bin/crun -p {DIR}/exec-pid -l k8s-file:{DIR}/exec-log --exit-dir {DIR}/exits "
         f"--socket-dir-path {DIR} -e --exec-process-spec {DIR}/process.json")
    assert m.until(f"cat {DIR}/exits/e1 2>/dev/null || cat {DIR}/exits/c1") == "6"
    assert "inside" in m.read(f"{DIR}/exec-log")

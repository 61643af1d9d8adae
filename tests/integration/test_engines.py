# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations that podman, Buildah, containerd and Docker wrote, recorded in tests/data/engines, run here."""

import json
import os
from pathlib import Path

import pytest

from lib import engines, user

RECORDINGS = engines.recordings()
if not RECORDINGS:
    RECORDINGS = [pytest.param(None, marks=pytest.mark.skip(reason=f"no recordings in {engines.DATA}"))]


@pytest.fixture
def recorded(bundle, here):
    def make(recording, args):
        c = bundle(copy=True)
        config = json.loads((recording / "config.json").read_text())
        for m in config.get("mounts") or []:  # a layout of cgroups that is not this one
            if m["destination"].startswith("/sys/fs/cgroup/") and not Path(m["destination"]).exists():
                pytest.skip(f"recorded where {m['destination']} was, and here it is not")
        if user.ACTIVE and engines.id_mapped(config):
            pytest.skip("as an ordinary user: an id-mapped mount needs CAP_SYS_ADMIN where the file system was mounted")
        c.config = engines.adapt(config, c.rootfs, f"{here.parent}/{c.id}", c.path, args)
        return c.write()
    return make


def name(r):
    return r.name if isinstance(r, Path) else "none"


@pytest.mark.parametrize("recording", RECORDINGS, ids=name)
def test_runs(recorded, run, recording):
    """It runs, and the process is what the configuration says."""
    c = recorded(recording, ["/bin/probe"])
    r = run(c, *engines.options(recording))
    assert (r.returncode, r.stderr) == (0, ""), str(r)
    facts, p = r.json, c.config["process"]
    who = p.get("user", {})
    assert (facts["uid"], facts["gid"]) == (who.get("uid", 0), who.get("gid", 0))
    assert set(who.get("additionalGids") or []) <= set(facts["groups"]) | {facts["gid"]}
    assert facts["cwd"] == p["cwd"]
    assert facts["no_new_privs"] == int(p.get("noNewPrivileges", False))
    assert facts["seccomp"] == (2 if c.config["linux"].get("seccomp") else 0)
    for limit in p.get("rlimits") or []:
        assert facts["rlimits"][limit["type"]] == [limit["soft"], limit["hard"]]
    env = dict(e.split("=", 1) for e in facts["env"])
    for e in p.get("env") or []:
        k, _, v = e.partition("=")
        assert k == "HOME" or env[k] == v
    targets = {l.split(" ")[4] for l in (facts["mountinfo"] or "").splitlines()}
    none = {"/dev/mqueue"} if user.ACTIVE and not os.path.exists("/dev/mqueue") else set()  # the host's would stand in, where it has one
    assert not targets or {m["destination"] for m in c.config["mounts"]} - none <= targets


PLAIN = [r for r in RECORDINGS if isinstance(r, Path) and r.name.endswith(("-run", "-cri-container", "-kube-container", "-run-runc", "-run-crun"))]


@pytest.mark.parametrize("recording", PLAIN, ids=name)
def test_life(recorded, rt, recording):
    c = recorded(recording, ["/bin/probe", "sleep"])
    rt.create(c, *engines.options(recording))
    assert rt.status(c) == "created"
    rt.start(c)
    assert rt.status(c) == "running"
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.delete(c)

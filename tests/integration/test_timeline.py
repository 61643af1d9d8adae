# SPDX-License-Identifier: GPL-2.0-or-later
"""--timeline: the times of every operation on both sides, as a Chrome trace or as text."""

import json
import re
import time

import pytest

pytestmark = pytest.mark.ours


@pytest.fixture
def trace(here):
    return here.dir / "trace.json"


def events(trace):
    """The complete events by side, in their order."""
    document = json.loads(trace.read_text())["traceEvents"]
    sides = {e["tid"]: e["args"]["name"] for e in document if e["ph"] == "M"}
    spans = [{**e, "side": sides[e["tid"]]} for e in document if e["ph"] == "X"]
    assert all(e["ts"] >= 0 and e["dur"] >= 0 for e in spans)
    return spans


def names(trace, side, category=None):
    return [e["name"] for e in events(trace) if e["side"] == side and category in (None, e["cat"])]


def test_both_sides(bundle, rt, trace):
    r = rt.run(bundle(args=["sh", "-c", "echo out; exit 3"]), f"--timeline={trace}")
    assert (r.returncode, r.stdout, r.stderr) == (3, "out\n", "")
    phases = names(trace, "crun", "phase")
    assert phases[0] == "read the configuration" and phases[-1] == "remove the container"
    assert "container process" in names(trace, "crun", "operation")
    inside = names(trace, "crun-init", "operation")
    assert inside[0] == "crun-init starts" and 'mounts[0] "/proc"' in inside and inside[-1].startswith("process.args[0]")
    assert set(names(trace, "crun", "wait")) == set(names(trace, "crun-init", "wait")) != set()


def test_operations_follow_one_another(bundle, rt, trace):
    rt.run(bundle(args=["true"]), f"--timeline={trace}", check=True)
    for side in ("crun", "crun-init"):
        rows = [e for e in events(trace) if e["side"] == side and e["cat"] != "phase"]
        assert len(rows) > 5
        for one, next in zip(rows, rows[1:]):
            assert one["ts"] + one["dur"] <= next["ts"] + 0.001


def test_rows_and_their_clock(bundle, rt, trace):
    """What kind of row an event is, and where its time lies on the host's clock."""
    before = time.monotonic_ns()
    rt.run(bundle(args=["true"]), f"--timeline={trace}", check=True)
    zero = json.loads(trace.read_text())["otherData"]["CLOCK_MONOTONIC"]
    assert before < zero and zero + events(trace)[-1]["ts"] * 1000 < time.monotonic_ns()
    kinds = {e["name"]: e["args"]["row"] for e in events(trace) if "args" in e}
    assert kinds['mounts[0] "/proc"'] == "mount" and "clone" in kinds.values() and "exec" in kinds.values()


def test_time_is_where_it_was_spent(bundle, rt, trace):
    rt.run(bundle(args=["sleep", "0.3"]), f"--timeline={trace}", check=True)
    took = {e["name"]: e["dur"] for e in events(trace)}
    assert took["the container runs"] >= 250_000 > took["plan"]


def test_text_goes_to_standard_error(bundle, rt):
    r = rt.run(bundle(args=["echo", "out"]), "--timeline=-")
    assert (r.returncode, r.stdout) == (0, "out\n")
    lines = r.stderr.splitlines()
    assert "who" in lines[0]
    assert all(re.fullmatch(r" *\d+\.\d +\d+\.\d  crun(-init)? +\|[ =#.]{32}\| .+", line) for line in lines[1:])
    assert any(line.endswith('| mounts[0] "/proc"') and " crun-init " in line for line in lines)


def test_create(bundle, rt, trace):
    c = bundle(args=["true"])
    rt.create(c, f"--timeline={trace}")
    assert names(trace, "crun-init")[-1] == "start"
    assert rt.status(c) == "created"
    rt.start(c)


def test_exec(running, rt, trace):
    c = running()
    r = rt("exec", f"--timeline={trace}", c.id, "echo", "out")
    assert (r.returncode, r.stdout) == (0, "out\n")
    assert names(trace, "crun", "phase")[-1] == "the process runs"
    assert names(trace, "crun-init", "operation")[-1] == 'process.args[0] "echo"'


def test_a_launch_that_fails_is_told_as_far_as_it_came(bundle, rt, trace):
    c = bundle(args=["true"])
    c.config["mounts"].append({"destination": "/x", "type": "bind", "source": "/no/such/source", "options": ["bind"]})
    c.write()
    r = rt.run(c, f"--timeline={trace}")
    assert r.returncode == 1 and "/no/such/source" in r.stderr
    inside = names(trace, "crun-init", "operation")
    assert 'mounts[0] "/proc"' in inside and not any(name.startswith("process.args") for name in inside)


def test_a_file_that_cannot_be_written_is_told_before_anything_is_made(bundle, rt):
    r = rt.run(bundle(args=["echo", "out"]), "--timeline=/no/such/directory/file")
    rt.fails(r, '--timeline "/no/such/directory/file"')
    assert r.stdout == ""


def test_nothing_of_it_is_in_the_container(bundle, rt, trace):
    r = rt.run(bundle(args=["sh", "-c", "cat /proc/self/maps; ls -l /proc/self/fd"]), f"--timeline={trace}", check=True)
    assert "[stack]" in r.stdout and "timeline" not in r.stdout

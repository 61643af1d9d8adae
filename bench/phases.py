# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the time of a run goes: the parts of our timeline (--timeline) beside those of the floor, medians of many runs."""

import json
import statistics

OURS, FLOOR, WAITS = "crun", "floor", "waits"
RUNS = 40

# In the order of time: what it is called, then what begins it in our timeline (the beginning of a name, whose it is).
PARTS = [
    ("read, check and plan", "read the configuration", "crun"),
    ("state directory", "state directory", "crun"),
    ("cgroup and device program", "cgroup ", "crun"),
    ("clone with namespaces, first exec", "container process", "crun"),
    ("crun-init starts, waits for the parent", "crun-init starts", "crun-init"),
    ("namespaces, session, root, mounts", "cgroup namespace", "crun-init"),
    ("devices and links", "default device", "crun-init"),
    ("pivot_root, old root away", "root file system", "crun-init"),
    ("read-only and masked paths", "linux.readonlyPaths", "crun-init"),
    ("identity, capabilities", "process.cwd", "crun-init"),
    ("ready: state written, word to go on", "set up", "crun-init"),
    ("limits, filter, exec until it is known", "process.rlimits", "crun-init"),
    ("the program runs, is waited for", "the container runs", "crun"),
    ("removal", "remove the container", "crun"),
]
# Stamps of the floor, by the same names.
FLOOR_PARTS = ["cgroup and device program", "clone with namespaces, first exec", "namespaces, session, root, mounts",
               "devices and links", "pivot_root, old root away", "read-only and masked paths", "identity, capabilities",
               "limits, filter, exec until it is known", "the program runs, is waited for", "removal"]


def script(home, programs):
    """RUNS runs of each in turn: HOME/phases-N.json and HOME/phases-floor."""
    return f"""
: >{home}/phases-floor
i=0; while [ $i -lt {RUNS} ]; do
  {programs[OURS]} run --timeline {home}/phases-$i.json --bundle {home}/default bench || exit 1
  {programs[FLOOR]} default {home}/default times >>{home}/phases-floor || exit 1
  i=$((i+1))
done
"""


def begins(events):
    """[(part, begin)] of one run, the parts that it has."""
    threads = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
    for part, name, thread in PARTS:
        found = [e["ts"] for e in events if e["ph"] == "X" and threads[e["tid"]] == thread and e["name"].startswith(name)]
        if found:
            yield part, min(found), thread


def waited(events, thread, begin, end):
    """How long THREAD waited for the other side between BEGIN and END."""
    threads = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
    spans = [(e["ts"], e["ts"] + e["dur"]) for e in events if e["ph"] == "X" and e["cat"] == "wait" and threads[e["tid"]] == thread]
    return sum(max(0, min(after, end) - max(at, begin)) for at, after in spans)


def lengths(text):
    """({part: microseconds}, {part: of them waiting}) of one run: each lasts until the next one begins."""
    events = json.loads(text)["traceEvents"]
    end = max(e["ts"] + e["dur"] for e in events if e["ph"] == "X")
    parts = [*begins(events), (None, end, None)]
    spans = [(part, at, after, thread) for (part, at, thread), (_, after, _) in zip(parts, parts[1:])]
    return ({part: after - at for part, at, after, _ in spans},
            {part: waited(events, thread, at, after) for part, at, after, thread in spans})


def medians(rows):
    return {part: round(statistics.median(r[part] for r in rows if part in r)) for part in rows[0]}


def parse(work):
    """{candidate: {part: microseconds}}, and under WAITS what of ours was waiting for the other side"""
    ours = [lengths((work / f"phases-{i}.json").read_text()) for i in range(RUNS)]
    floor = [dict(zip(FLOOR_PARTS, map(float, line.split()))) for line in (work / "phases-floor").read_text().splitlines()]
    return {OURS: medians([lengths for lengths, _ in ours]), WAITS: medians([waits for _, waits in ours]), FLOOR: medians(floor)}


def rows(phases):
    for part, *_ in PARTS:
        yield [part, *(phases.get(c, {}).get(part, "–") for c in (OURS, WAITS, FLOOR))]
    yield ["together", *(sum(phases.get(c, {}).values()) for c in (OURS, WAITS, FLOOR))]

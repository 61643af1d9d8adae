#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many containers: ALIVE at once, listed and deleted; then RUNS one after another, after which nothing has grown.

    tests/security/many.py [ALIVE [RUNS [SECONDS]]]  (1000 10000 0); no run begins after SECONDS, which is told
    RUNTIME=PATH                                     the program under test (build/crun)
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from lib import cgroups, processes, rootfs  # noqa: E402
from lib.bundle import configure  # noqa: E402
from lib.kernel_log import KernelLog  # noqa: E402


class Many:
    def __init__(self, d: Path):
        self.program = Path(os.environ.get("RUNTIME") or HERE.parents[1] / "build/crun").resolve()
        self.dir, self.state, self.tag = d, d / "state", f"many{os.getpid()}"
        self.image = rootfs.make(d / "image")
        self.log = KernelLog()
        if self.log.why_not:
            print(f"the kernel's messages are not looked at: {self.log.why_not}", flush=True)

    def crun(self, *words):
        p = processes.Process([str(self.program), "--root", str(self.state), *map(str, words)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE if words[0] == "list" else subprocess.DEVNULL, stderr=open(self.dir / "stderr", "wb"))
        out = p.stdout.read() if p.stdout else b""
        if p.wait_and_forget(120) != 0:
            sys.exit(f"FAILED: {words}: {(self.dir / 'stderr').read_text()}")
        processes.reap()
        return out

    def bundle(self, id, args):
        b = self.dir / id
        b.mkdir(exist_ok=True)
        (b / "config.json").write_text(json.dumps(configure(self.image, f"/{self.tag}/{id}", args=args)))
        return b

    def facts(self):
        """What would grow if something were left."""
        memory = {l.split(":")[0]: int(l.split()[1]) for l in Path("/proc/meminfo").read_text().splitlines()}
        return {"mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()), "keys": Path("/proc/keys").read_text().count(self.tag),
                "cgroups": len([c for c in cgroups.named(self.tag) if c.name != self.tag]), "children": len(processes.strays()),
                "descriptors": len(os.listdir("/proc/self/fd")), "states": len(os.listdir(self.state)) if self.state.exists() else 0,
                "complaints of the kernel": len(self.log.look().complaints),
                "warnings of the kernel, other tests' too (told only)": self.log.messages,
                "unreclaimable slab KiB (told only)": memory["SUnreclaim"]}


def alive(m, n, _seconds):
    begin = time.monotonic()
    for i in range(n):
        m.crun("run", "--detach", "--bundle", m.bundle(f"{m.tag}-{i}", ["/bin/probe", "sleep"]), f"{m.tag}-{i}")
    made = time.monotonic()
    listed = json.loads(m.crun("list", "--format", "json"))
    ended = time.monotonic()
    if [c["status"] for c in listed] != ["running"] * n:
        sys.exit(f"FAILED: {len(listed)} of {n} are listed, not running: {[c['id'] for c in listed if c['status'] != 'running'][:5]}")
    for i in range(n):
        m.crun("delete", "--force", f"{m.tag}-{i}")
    print(f"{n} alive at once: made in {made - begin:.1f} s, listed in {(ended - made) * 1000:.0f} ms, deleted in {time.monotonic() - ended:.1f} s", flush=True)


def sequential(m, n, seconds):
    b = m.bundle(f"{m.tag}-s", ["/bin/true"])
    begin, done = time.monotonic(), 0
    while done < n and not (seconds and time.monotonic() > begin + seconds):
        m.crun("run", "--bundle", b, f"{m.tag}-s")
        done += 1
    print(f"{done} runs one after another: {(time.monotonic() - begin) * 1000 / done:.2f} ms each"
          f"{f', {n - done} not done for want of time' if done < n else ''}", flush=True)


def same(what, before, facts, complaints):
    """The kernel frees keyrings a moment after their last user."""
    end = time.monotonic() + 30
    after = facts()
    while any(after[k] > before[k] for k in before if "told" not in k) and time.monotonic() < end:
        time.sleep(0.1)
        after = facts()
    print(f"{what}: before {before}, after {after}", flush=True)
    grown = [k for k in before if "told" not in k and after[k] > before[k]]
    if grown:
        sys.exit(f"FAILED: {what}: left behind: {grown} {complaints}")


def main():
    n_alive, n_runs, seconds = [int(a) for a in sys.argv[1:]] + [1000, 10000, 0][len(sys.argv) - 1:]
    processes.become_subreaper()
    with tempfile.TemporaryDirectory(prefix="crun-many-") as d:
        Path(d).chmod(0o755)
        m = Many(Path(d))
        m.crun("run", "--bundle", m.bundle(f"{m.tag}-s", ["/bin/true"]), f"{m.tag}-s")
        for what, part, n in (("alive", alive, n_alive), ("sequential", sequential, n_runs)):
            before = m.facts()
            try:
                part(m, n, seconds)
            finally:
                processes.kill_all(processes.strays())
            same(what, before, m.facts, m.log.complaints)
        if m.log.lost:
            print("the kernel had more to say than its log holds: some of it was not seen", flush=True)
        cgroups.remove(cgroups.named(m.tag))


if __name__ == "__main__":
    main()

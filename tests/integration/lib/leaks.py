# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be the same after a test as before it.

Everything that a test makes bears its tag: the ids, the directory, the cgroup's parent. So tests may run beside one
another, and each answers for its own leavings: cgroups, mounts, entries of the state directory, processes, descriptors.
"""

import contextlib
import gc
import os
import time
from pathlib import Path

from . import cgroups, processes, user


def mounts(where: Path) -> list:
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        return [l.rstrip("\n") for l in f if str(where) in l]


def descriptors() -> dict:
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            found[int(fd)] = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            pass  # the directory's own
    return found


class Leaks:
    def __init__(self, tag: str, directory: Path, state_roots, fixtures=(), keeps_parents=False):
        """fixtures: names that stay in the state root, once and for all. keeps_parents: of cgroups."""
        self.keeps_parents = keeps_parents
        self.tag, self.directory, self.state_roots, self.fixtures = tag, directory, state_roots, set(fixtures)
        self.before = descriptors()
        self.others = set(processes.strays())  # of an earlier test, which has been blamed already

    def found(self) -> list:
        """What is left, in words."""
        left = [f"process {p}: {c}" for p, c in processes.strays().items() if p not in self.others]
        # A peer may leave the parent that cgroupsPath names; nothing below it, and nothing elsewhere.
        left += [f"cgroup {p}" for p in cgroups.named(self.tag) if not self.keeps_parents or p.name != self.tag]
        left += [f"mount {m}" for m in mounts(self.directory)]
        for root in self.state_roots:
            if root.is_dir():
                left += [f"state {root / n}" for n in sorted(set(os.listdir(root)) - self.fixtures)]
        return left

    def found_descriptors(self) -> list:
        new = {fd: l for fd, l in descriptors().items() if self.before.get(fd) != l}
        if new:
            gc.collect()
            new = {fd: l for fd, l in descriptors().items() if self.before.get(fd) != l}
        return [f"descriptor {fd} of the test process: {l}" for fd, l in new.items()]

    def wait(self, timeout=3.0) -> list:
        """What is left after a short time of grace: a killed process takes a moment to go."""
        end = time.monotonic() + timeout * processes.PATIENCE
        pause = 0.001
        while (left := self.found()) and time.monotonic() < end:
            time.sleep(pause)
            pause = min(pause * 2, 0.05)
        return left + self.found_descriptors()

    def clean(self) -> None:
        """Takes away what was left, so that the next test does not pay for it."""
        with user.root() if user.WANTED else contextlib.nullcontext():
            processes.kill_all(processes.strays())
            cgroups.remove(cgroups.named(self.tag))
            for m in reversed(mounts(self.directory)):
                os.system(f"umount -l {m.split(' ')[4]!r} 2>/dev/null")
        processes.reap()

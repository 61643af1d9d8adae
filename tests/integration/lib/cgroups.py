# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's cgroup hierarchies as this process sees them: v1, hybrid or v2."""

import os
import time
from functools import lru_cache
from pathlib import Path

from . import processes


def _unescape(s: str) -> str:
    return s.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")


@lru_cache
def hierarchies() -> dict:
    """{mount point: set of controllers}; the v2 hierarchy has {""}."""
    found = {}
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        for line in f:
            left, right = line.rstrip("\n").split(" - ", 1)
            kind, _, options = right.split(" ", 2)
            where = Path(_unescape(left.split(" ")[4]))
            if kind == "cgroup2":
                found[where] = {""}
            elif kind == "cgroup":
                found[where] = {o for o in options.split(",") if o not in ("rw", "ro", "xattr")}
    return found


def mount_of(controller: str):
    return next((m for m, c in hierarchies().items() if controller in c), None)


v1_mount = mount_of


def v2_mount():
    return mount_of("")


def controllers() -> set:
    """What can be limited here, v1 and v2 together."""
    found = set().union(*hierarchies().values()) - {""}
    if v2_mount():
        found |= set((v2_mount() / "cgroup.controllers").read_text().split())
    return found


def knob(controller: str, path: str, v1: str, v2: str = "") -> Path:
    """The file that holds a limit of the container whose cgroup is `path`."""
    mount = v1_mount(controller)
    if mount:
        return mount / path.lstrip("/") / v1
    return v2_mount() / path.lstrip("/") / (v2 or v1)


def named(tag: str) -> list:
    """Every cgroup, in any hierarchy, whose name contains `tag`, children first."""
    found = []
    for mount in hierarchies():
        for d, ds, _ in os.walk(mount, topdown=False):
            if tag in os.path.relpath(d, mount):
                found.append(Path(d))
    return found


def members(path: Path) -> list:
    try:
        return [int(p) for p in (path / "cgroup.procs").read_text().split()]
    except (FileNotFoundError, OSError):
        return []


def of_process(pid) -> dict:
    """{controllers or "": path} of /proc/PID/cgroup"""
    rows = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return {c: p for _, c, p in (r.split(":", 2) for r in rows)}


def remove(paths) -> None:
    """Removes cgroups that a test made or a runtime left, with what still runs in them."""
    for p in paths:
        for _ in range(100):
            freezer = p / "freezer.state"
            if freezer.exists():
                try:
                    freezer.write_text("THAWED")
                except OSError:
                    pass
            processes.kill_all(members(p))
            processes.reap()
            try:
                p.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.01)

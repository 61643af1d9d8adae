# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made once and kept: /var/cache/crun-tests/vm, or below XDG_CACHE_HOME.

An entry's name ends in a hash of what it is made from, so one that exists is good. It is made beside its place and
renamed; older ones of the same name are removed then.
"""

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(os.environ.get("XDG_CACHE_HOME") or "/var/cache") / "crun-tests/vm"


@dataclass
class File:
    path: Path


def key(*parts) -> str:
    """A hash of words, and of files' contents where a part is File(path)."""
    h = hashlib.sha256()
    for p in parts:
        b = p.path.read_bytes() if isinstance(p, File) else str(p).encode()
        h.update(b"%d:" % len(b) + b)
    return h.hexdigest()[:12]


@contextmanager
def lock():
    """One at a time makes things here; the lock ends with the process."""
    ROOT.mkdir(parents=True, exist_ok=True)
    with open(ROOT / "lock", "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def entry(name: str, key: str, make, say=lambda what: None) -> Path:
    """The directory NAME-KEY; if it is missing, make(directory) fills it."""
    place = ROOT / f"{name}-{key}"
    if place.is_dir():
        return place
    new = ROOT / f".{name}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    say(f"making {place}")
    make(new)
    new.rename(place)
    for old in ROOT.glob(f"{name}-{'?' * len(key)}"):
        if old != place:
            shutil.rmtree(old)
    return place


def forget(*names: str) -> None:
    for name in names:
        for place in ROOT.glob(f"{name}-{'?' * 12}"):
            shutil.rmtree(place)

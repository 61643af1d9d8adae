# SPDX-License-Identifier: GPL-2.0-or-later
"""The golden tests' folders, as fuzz-plan takes them: one byte of options, then documents with NUL between."""

from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PLANS = TOP / "tests/golden/plans"
# Numbers of plan.c.
OPTIONS = {"runc": 1, "no-pivot": 2, "create": 4, "disabled": 8, "remove": 16, "frozen": 32, "denied": 64, "systemd": 128}


def text(path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def flags(folder) -> int:
    return sum(OPTIONS.get(w, 0) for w in text(folder / "options").decode().split())


def documents(folder) -> list:
    """config.json, host.json, and what comes to a running container."""
    return [text(folder / "config.json"), text(folder / "host.json"), text(folder / "exec.json") or text(folder / "mounts.json")]


def plan_input(flags, documents) -> bytes:
    return bytes([flags]) + b"\0".join(documents)

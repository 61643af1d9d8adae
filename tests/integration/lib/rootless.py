# SPDX-License-Identifier: GPL-2.0-or-later
"""The runtime as an ordinary user who needs nothing from the host: his name and his subordinate ids exist only in a
mount namespace of the command's own, his files below the test's directory."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import rootfs as images
from .runtime import Runtime

# With CRUN_TEST_USER=1 the suite's runtime is run by an ordinary user (with subordinate ids, where the helpers are).
AS_USER = os.environ.get("CRUN_TEST_USER", "") not in ("", "0")

UID = GID = 60123  # nobody's on any host
NAME = "crun-test"
SUBORDINATE = 1 << 20, 65536

VIEW = """#!/bin/sh -e
# VIEW DIRECTORY COMMAND...: /etc/subuid, /etc/subgid and /etc/passwd are those of DIRECTORY, where it has them
for name in subuid subgid passwd; do
    if test -e "$1/$name"; then mount --bind "$1/$name" "/etc/$name"; fi
done
shift
exec "$@"
"""


def helpers() -> bool:
    return all(shutil.which(n) for n in ("newuidmap", "newgidmap"))


def give(path: Path, uid=UID, gid=GID) -> Path:
    """The tree becomes the user's."""
    subprocess.run(["chown", "-hR", f"{uid}:{gid}", path], check=True, timeout=60)
    return path


def rows() -> list:
    """The map that a container of his gets by itself."""
    own = [{"containerID": 0, "hostID": UID, "size": 1}]
    return own + [{"containerID": 1, "hostID": SUBORDINATE[0], "size": SUBORDINATE[1]}] if helpers() else own


def give_image(root: Path) -> None:
    """The tree as the container's users see it: root's files are the user's, others' those of his subordinate ids."""
    images.shift(root, rows(), rows())


# What the runtime answers where an ordinary user asks for what only root can have.
REFUSALS = re.compile(r"ordinary user|not delegated to you|is not mapped in the container's user namespace|has no cgroup, it")


class User:
    """Who runs the runtime: subids is None, "name" or "number" (how /etc/subuid calls him)."""

    def __init__(self, place: Path, subids=None, groups=(), uid=UID, gid=GID):
        self.uid, self.gid, self.groups = uid, gid, list(groups)
        self.place = place
        self.runtime_dir = place / "xdg"
        etc = place / "etc"
        for d in (place, self.runtime_dir, etc):
            d.mkdir(exist_ok=True)
        self.runtime_dir.chmod(0o700)
        os.chown(self.runtime_dir, uid, gid)
        owner = {"name": NAME, "number": str(uid)}.get(subids)
        line = f"{owner}:{SUBORDINATE[0]}:{SUBORDINATE[1]}\n" if owner else ""
        (etc / "subuid").write_text(line)
        (etc / "subgid").write_text(line)
        (etc / "passwd").write_text(Path("/etc/passwd").read_text() + f"{NAME}:x:{uid}:{gid}::{place}:/bin/sh\n")
        self.view = place / "view"
        self.view.write_text(VIEW)
        self.view.chmod(0o755)

    def prefix(self, *more) -> list:
        groups = ["--groups", ",".join(map(str, self.groups))] if self.groups else ["--clear-groups"]
        return ["unshare", "--mount", "--propagation", "private", self.view, self.place / "etc", *more,
                "setpriv", "--reuid", str(self.uid), "--regid", str(self.gid), *groups,
                "env", "-u", "XDG_RUNTIME_DIR", f"XDG_RUNTIME_DIR={self.runtime_dir}", f"HOME={self.place}"]

    def suite(self, program, state: Path) -> Runtime:
        """The suite's runtime, as this user."""
        state.mkdir(mode=0o700, exist_ok=True)
        os.chown(state, self.uid, self.gid)
        r = self.runtime(program, root=state)
        r.refusals = REFUSALS
        return r

    def runtime(self, program, *more, root=None) -> Runtime:
        """The runtime as this user; its state below `root`, or his XDG_RUNTIME_DIR."""
        return Runtime(program, root or self.runtime_dir / "crun", prefix=self.prefix(*more))

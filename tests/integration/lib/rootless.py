# SPDX-License-Identifier: GPL-2.0-or-later
"""The runtime as an ordinary user who needs nothing from the host: his name and his subordinate ids exist only in a
mount namespace of the command's own, his files below the test's directory."""

import os
import subprocess
from pathlib import Path

from .runtime import Runtime
from .user import GID, NAME, UID

SUBORDINATE = 1 << 20, 65536

VIEW = """#!/bin/sh -e
# VIEW DIRECTORY COMMAND...: /etc/subuid, /etc/subgid and /etc/passwd are those of DIRECTORY, where it has them
for name in subuid subgid passwd; do
    if test -e "$1/$name"; then mount --bind "$1/$name" "/etc/$name"; fi
done
shift
exec "$@"
"""


def give(path: Path, uid=UID, gid=GID) -> Path:
    """The tree becomes the user's."""
    subprocess.run(["chown", "-hR", f"{uid}:{gid}", path], check=True, timeout=60)
    return path


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

    def runtime(self, program, *more, root=None) -> Runtime:
        """The runtime as this user; its state below `root`, or his XDG_RUNTIME_DIR."""
        return Runtime(program, root or self.runtime_dir / "crun", prefix=self.prefix(*more))

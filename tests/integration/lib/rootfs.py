# SPDX-License-Identifier: GPL-2.0-or-later
"""The root file system of the tests: Debian's static busybox, a few files under /etc, and our probe.

It is made once a session. Most containers share it read-only; a test that writes into it, or whose mounts need new
targets, asks for a copy (two megabytes, a few milliseconds).
"""

import os
import shutil
import subprocess
from pathlib import Path

from . import user

HERE = Path(__file__).resolve().parent.parent

PASSWD = """root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
alice:x:1000:1000:Alice:/home/alice:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
"""
GROUP = """root:x:0:
daemon:x:1:
tty:x:5:
alice:x:1000:
users:x:100:alice
nogroup:x:65534:
"""
# Not all of busybox's four hundred: a copy is made for every third test.
APPLETS = """[ ash awk basename cat chgrp chmod chown cmp cp cut date dd df diff dirname dmesg du echo env expr false find grep head
hostname id ifconfig ip kill ln ls md5sum mkdir mkfifo mknod mount mv nc nsenter od ping printenv printf ps pwd readlink rm rmdir route sed
seq setpriv sh sleep sort stat stty sync sysctl tail tar tee test top touch tr true tty umount uname uniq unshare usleep vi wc whoami
xargs yes""".split()
DIRECTORIES = """bin sbin usr/bin usr/sbin usr/local/bin etc root home/alice tmp var/tmp run
proc sys sys/fs/cgroup dev dev/pts dev/shm dev/mqueue mnt""".split()


def build_probe(to: Path) -> None:
    """Compiles probe.c, static, into the file `to`. What a newer compiler refuses is refused by all."""
    compiler = os.environ.get("CC", "gcc").split()
    subprocess.run([*compiler, "-static", "-O1", "-Werror=implicit-function-declaration", "-o", to, HERE / "probe.c"], check=True, timeout=120)


def make(root: Path) -> Path:
    """Makes the tree below `root`, which must not exist."""
    busybox = shutil.which("busybox", path="/bin:/usr/bin")
    if not busybox:
        raise RuntimeError("busybox-static is not installed")
    for d in DIRECTORIES:
        (root / d).mkdir(parents=True, exist_ok=True)
    shutil.copy(busybox, root / "bin/busybox")
    for name in APPLETS:
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text(PASSWD)
    (root / "etc/group").write_text(GROUP)
    (root / "etc/hostname").write_text("from-the-image\n")
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    user.chown(root / "home/alice", 1000, 1000)
    build_probe(root / "bin/probe")
    return root


def copy(root: Path, to: Path) -> Path:
    """A private copy, owners and links kept."""
    with user.root():
        subprocess.run(["cp", "-a", "--reflink=auto", root, to], check=True, timeout=60)
    return to


def shift(root: Path, uids: list, gids: list) -> None:
    """Gives the tree to the users of a user namespace, as an engine does; the lists are its mappings."""
    def to(n, rows):
        for r in rows:
            if r["containerID"] <= n < r["containerID"] + r["size"]:
                return r["hostID"] + n - r["containerID"]
        return n
    with user.root():
        for d, ds, fs in os.walk(root):
            for n in [d, *(os.path.join(d, n) for n in ds + fs)]:
                st = os.lstat(n)
                if n == d and d != str(root):
                    continue  # done among its parent's
                os.lchown(n, to(user.inside(st.st_uid), uids), to(user.inside(st.st_gid), gids))
                if not os.path.islink(n):
                    os.chmod(n, st.st_mode & 0o7777)


def names(root: Path) -> set:
    """What stands in the tree: to see that nobody has changed the shared one."""
    return {os.path.join(d, n) for d, ds, fs in os.walk(root) for n in ds + fs}

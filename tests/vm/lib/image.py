# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's root file system: tools/sid-tree's packages and a few more, as an ext4 image.

It is never written to (machines write into an overlay). The kernel and its modules are apart, so that one image does
for every kernel.
"""

import os
import shutil
import subprocess
from pathlib import Path

from . import cache

VM = Path(__file__).resolve().parent.parent
TOP = VM.parent.parent
PACKAGES = "python3-pytest python3-pytest-xdist python3-pytest-timeout gcc libc6-dev libseccomp-dev apparmor e2fsprogs"
SIZE = "6G"  # sparse; the tree takes 1.2 of them

# What would only take time: what engines need is started by the tests that are about it.
UNWANTED = """apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer containerd.service
docker.service docker.socket netavark-dhcp-proxy.service netavark-dhcp-proxy.socket systemd-pstore.service remote-fs.target
getty@tty1.service podman-auto-update.timer podman-restart.service podman.socket""".split()

UNIT = """[Unit]
Description=Wait for the host's payload and run it
After=multi-user.target
[Service]
Type=exec
ExecStart=/usr/local/lib/crun-vm/agent
StandardInput=null
StandardOutput=file:/dev/hvc0
StandardError=file:/dev/hvc0
# Every controller in the root's cgroup.subtree_control for as long as the machine runs, and no limits of our own.
Delegate=yes
TasksMax=infinity
LimitNOFILE=1048576
KillMode=none
[Install]
WantedBy=default.target
"""


def settle(tree: Path) -> None:
    """The tree's own settings: nothing from the host in them."""
    etc, units = tree / "etc", tree / "etc/systemd/system"
    for wants in units.glob("*.wants"):
        for unit in wants.iterdir():
            if unit.name in UNWANTED:
                unit.unlink()
    (units / "vm-tests.service").write_text(UNIT)
    (units / "default.target.wants").mkdir(exist_ok=True)
    (units / "default.target.wants/vm-tests.service").symlink_to("../vm-tests.service")
    (units / "default.target").unlink(missing_ok=True)
    (units / "default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
    agent = tree / "usr/local/lib/crun-vm/agent"
    agent.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(VM / "inside/agent", agent)
    agent.chmod(0o755)
    (etc / "fstab").write_text("")
    (etc / "hostname").write_text("crun-vm\n")
    (etc / "hosts").write_text("127.0.0.1 localhost crun-vm\n::1 localhost\n")
    (etc / "resolv.conf").unlink(missing_ok=True)
    (etc / "resolv.conf").write_text("nameserver 192.0.2.1\n")
    (etc / "machine-id").write_text("6372756e2d766d2d6372756e2d766d00\n")
    (tree / "lib/modules").mkdir(exist_ok=True)


def make(place: Path) -> None:
    tree = cache.ROOT / ".tree"
    shutil.rmtree(tree, ignore_errors=True)
    env = {**os.environ, "CRUN_SID_TREE": str(tree), "CRUN_SID_PACKAGES": PACKAGES}
    try:
        subprocess.run([TOP / "tools/sid-tree"], env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=900)
        settle(tree)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-d", tree, "-L", "crun-vm", "-m", "0", "-O", "^has_journal",
                        "-E", "lazy_itable_init=1,root_owner=0:0", place / "root.ext4", SIZE],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=600)
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def get(say) -> Path:
    k = cache.key(*map(cache.File, (Path(__file__), VM / "inside/agent", TOP / "tools/sid-tree")))
    return cache.entry("root", k, make, say) / "root.ext4"

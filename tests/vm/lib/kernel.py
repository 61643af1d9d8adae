# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel as a Debian release ships it: vmlinuz, an initrd of our own and its modules as an image.

The packages are downloaded and unpacked, not installed: that would ask for a boot loader's and an initrd's tools.
The initrd is busybox, the modules of the disks, and a script of ten lines; the same for every kernel.
"""

import lzma
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import cache

SUITES = ("bookworm", "trixie", "sid")
DEFAULT = "sid"
MIRROR = os.environ.get("CRUN_SID_MIRROR", "http://deb.debian.org/debian")
META = "linux-image-amd64"

# In this order, each with what it depends on. What a kernel has built in, or has not, is passed over.
BOOT_MODULES = "virtio_pci virtio_blk virtio_console crc32c_generic crc32c_cryptoapi ext4".split()

INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
for m in $(/bin/busybox cat /modules/order); do /bin/busybox insmod /modules/$m; done
disk() {
	for b in /sys/block/vd*; do
		[ "$(/bin/busybox cat $b/serial)" = $1 ] && echo /dev/${b##*/}
	done
}
n=0
until [ -n "$(disk root)" ] && [ -n "$(disk modules)" ]; do
	n=$((n + 1))
	[ $n -lt 600 ] || { echo "initrd: no disks"; /bin/busybox reboot -f; }
	/bin/busybox sleep 0.1
done
/bin/busybox mount -t ext4 -o noatime "$(disk root)" /root || /bin/busybox reboot -f
/bin/busybox mount -t ext4 -o ro "$(disk modules)" /root/usr/lib/modules || /bin/busybox reboot -f
/bin/busybox umount /sys /proc
exec /bin/busybox switch_root /root /sbin/init
"""


class Packages:
    """apt with lists and a cache of its own, for one release."""

    def __init__(self, suite: str, place: Path):
        self.place = place
        (place / "lists/partial").mkdir(parents=True)
        (place / "cache/archives/partial").mkdir(parents=True)
        (place / "sources.list").write_text(f"deb {MIRROR} {suite} main\n")
        self.options = [f"-o{n}={v}" for n, v in {
            "Dir::Etc::sourcelist": place / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::lists": place / "lists", "Dir::Cache": place / "cache", "APT::Sandbox::User": "root",
            "Acquire::Check-Valid-Until": "false", "Acquire::Check-Date": "false", "Acquire::Languages": "none"}.items()]
        self.apt("apt-get", "-qq", "update")

    def apt(self, program, *words) -> str:
        return subprocess.run([program, *self.options, *words], cwd=self.place, check=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True, timeout=600).stdout

    def depends(self, package: str, pattern: str) -> list:
        return re.findall(rf"^ *Depends: ({pattern})$", self.apt("apt-cache", "depends", package), re.M)

    def unpack(self, packages: list, to: Path) -> None:
        self.apt("apt-get", "-qq", "download", *packages)
        for deb in sorted(self.place.glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", deb, to], check=True, timeout=300)


def unpack(suite: str, scratch: Path) -> tuple:
    """(release, vmlinuz, directory of modules). Newer packages are in parts and hold the kernel beside its modules."""
    packages = Packages(suite, scratch / "apt")
    image, = packages.depends(META, r"linux-image-\d\S+")
    release = image.removeprefix("linux-image-")
    parts = packages.depends(image, rf"linux-(?:base|binary|modules)-{re.escape(release)}")
    files = scratch / "files"
    packages.unpack([image, *parts], files)
    modules = next(d for d in (files / "usr/lib/modules" / release, files / "lib/modules" / release) if d.is_dir())
    vmlinuz = next(f for f in (files / f"boot/vmlinuz-{release}", modules / "vmlinuz") if f.is_file())
    return release, vmlinuz, modules


def with_needs(names: list, modules: Path) -> list:
    """The files of these modules, each after what it depends on."""
    needs = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        file, _, rest = line.partition(":")
        needs[re.sub(r"\.ko(\.\w+)?$", "", Path(file).name).replace("-", "_")] = [*reversed(rest.split()), file]
    return list(dict.fromkeys(f for n in names for f in needs.get(n, [])))


def make_initrd(modules: Path, scratch: Path, to: Path) -> None:
    top = scratch / "initrd"
    for d in ("bin", "dev", "proc", "sys", "root", "modules"):
        (top / d).mkdir(parents=True)
    shutil.copy(shutil.which("busybox", path="/bin:/usr/bin"), top / "bin/busybox")
    (top / "init").write_text(INIT)
    (top / "init").chmod(0o755)
    order = []
    for file in with_needs(BOOT_MODULES, modules):
        data = (modules / file).read_bytes()
        name = Path(file).name
        if name.endswith(".xz"):
            data, name = lzma.decompress(data), name.removesuffix(".xz")
        (top / "modules" / name).write_bytes(data)
        order.append(name)
    (top / "modules/order").write_text(" ".join(order) + "\n")
    names = "\n".join(sorted(str(p.relative_to(top)) for p in top.rglob("*")))
    with open(to, "wb") as f:
        subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=top, input=names.encode(), stdout=f, stderr=subprocess.DEVNULL,
                       check=True, timeout=60)


def make(suite: str, place: Path) -> None:
    scratch = place / "scratch"
    release, vmlinuz, modules = unpack(suite, scratch)
    base = scratch / "modules/lib/modules"
    base.mkdir(parents=True)
    modules = modules.rename(base / release)
    vmlinuz = vmlinuz if vmlinuz.exists() else modules / "vmlinuz"
    shutil.copy(vmlinuz, place / "vmlinuz")
    subprocess.run(["depmod", "-b", scratch / "modules", release], check=True, timeout=300)
    make_initrd(modules, scratch, place / "initrd")
    subprocess.run(["mkfs.ext4", "-q", "-F", "-d", base, "-m", "0", "-O", "^has_journal", place / "modules.ext4", "1G"],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=300)
    (place / "release").write_text(release + "\n")
    shutil.rmtree(scratch)


def get(suite: str, say) -> Path:
    return cache.entry(f"kernel-{suite}", cache.key(cache.File(Path(__file__))), lambda place: make(suite, place), say)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles from Python: a default configuration as `spec` prints it, and the few changes a test is about."""

import copy
import json
from pathlib import Path

from . import user

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Of capabilities(7), in the order of their numbers.
CAPABILITIES = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT
SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()


def cap_mask(*names: str) -> int:
    return sum(1 << CAPABILITIES.index(n.removeprefix("CAP_")) for n in names)


def caps(*names: str, sets=("bounding", "effective", "permitted")) -> dict:
    """A process.capabilities object with the same capabilities in each of `sets`."""
    return {s: [f"CAP_{n.removeprefix('CAP_')}" for n in names] for s in sets}


def namespaces(*new: str, **joined: str) -> list:
    """namespaces("pid", "mount", network="/proc/1/ns/net"). An ordinary user joins what a container of his has with the
    user namespace that owns it."""
    owners = {str(p)[:str(p).rindex("/")] for p in joined.values() if str(p).startswith("/proc/") and "/self/" not in str(p)}
    if user.ACTIVE and owners and "user" not in (*new, *joined):
        joined["user"] = f"{min(owners)}/user"
    return [{"type": t} for t in new] + [{"type": t, "path": str(p)} for t, p in joined.items()]


def bind(source, destination, *options, recursive=False) -> dict:
    kind = "rbind" if recursive else "bind"
    return {"destination": destination, "type": "bind", "source": str(source), "options": [kind, *options]}


def tmpfs(destination, *options) -> dict:
    return {"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": list(options)}


def user_mappings(host=100000, size=65536) -> dict:
    """linux fields for a user namespace whose root is `host`; 0 stands for whoever runs the suite."""
    row = user.rows() if host == 0 and user.WANTED else [{"containerID": 0, "hostID": host, "size": size}]
    return {"uidMappings": row, "gidMappings": copy.deepcopy(row)}


DEFAULT_NAMESPACES = ("pid", "network", "ipc", "uts", "mount")

_DEFAULT = {
    "ociVersion": "1.0.2",
    "process": {
        "terminal": False,
        "user": {"uid": 0, "gid": 0},
        "args": ["sh"],
        "env": [PATH, "TERM=xterm"],
        "cwd": "/",
        "capabilities": {
            "bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
            "effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
            "permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
        },
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        "noNewPrivileges": True,
    },
    "root": {"path": "rootfs", "readonly": True},
    "hostname": "crun-test",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
         "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
         "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]},
    ],
    "linux": {
        "resources": {"devices": [{"allow": False, "access": "rwm"}]},
        "namespaces": namespaces(*DEFAULT_NAMESPACES),
        "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
}


def default_config() -> dict:
    return copy.deepcopy(_DEFAULT)


def _merge(into: dict, changes: dict) -> None:
    """Objects are merged, anything else is replaced, None removes."""
    for k, v in changes.items():
        if v is None:
            into.pop(k, None)
        elif isinstance(v, dict) and isinstance(into.get(k), dict):
            _merge(into[k], v)
        else:
            into[k] = v


class Bundle:
    """A directory with a config.json, and the id of the container which the test will make of it."""

    def __init__(self, path: Path, rootfs: Path, id: str, config: dict):
        self.path, self.rootfs, self.id, self.config = Path(path), Path(rootfs), id, config

    def write(self) -> "Bundle":
        self.write_text(json.dumps(self.config, indent=1))
        return self

    def write_text(self, text) -> "Bundle":
        mode = "wb" if isinstance(text, bytes) else "w"
        with open(self.path / "config.json", mode) as f:
            f.write(text)
        return self

    def change(self, **changes) -> "Bundle":
        _merge(self.config, changes)
        return self.write()

    def __repr__(self):
        return f"Bundle({self.id!r}, {str(self.path)!r})"


def configure(rootfs: Path, cgroups_path, args=None, env=None, cwd=None, user=None, process=None, mounts=None,
              namespaces=None, resources=None, linux=None, root=None, edit=None, seccomp=None, **top) -> dict:
    """The default configuration with a test's changes.

    args, env (added to the default), cwd, user, process: merged into `process`. mounts: appended. namespaces: replaced.
    resources, seccomp, linux: merged into `linux`. root: merged. Other names are members of the document (hooks,
    annotations, hostname, ...). None removes a member. edit: a function that gets the finished dictionary.
    """
    c = default_config()
    c["root"]["path"] = str(rootfs)
    p, l = c["process"], c["linux"]
    if cgroups_path:
        l["cgroupsPath"] = str(cgroups_path)
    if args is not None:
        p["args"] = [str(a) for a in args]
    if env is not None:
        p["env"] += env
    if cwd is not None:
        p["cwd"] = str(cwd)
    if user is not None:
        _merge(p["user"], user)
    _merge(p, process or {})
    c["mounts"] += mounts or []
    if namespaces is not None:
        l["namespaces"] = namespaces
    if resources is not None:
        _merge(l.setdefault("resources", {}), resources)
    if seccomp is not None:
        l["seccomp"] = seccomp
    _merge(l, linux or {})
    _merge(c["root"], root or {})
    _merge(c, top)
    if edit:
        edit(c)
    return c

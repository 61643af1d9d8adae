# SPDX-License-Identifier: GPL-2.0-or-later
"""Recorded configurations of real engines, made to run here.

tests/data/engines/NAME/ holds a config.json as an engine wrote it, and the command line (`argv`, a word a line) with which
it called the runtime. What belonged to that moment and that machine is replaced: the root file system, sources of bind mounts that are
not here, the cgroup, hooks, paths of namespaces, limits above ours. Everything else stays as the engine wrote it.
"""

import copy
import os
import resource
from pathlib import Path

from . import cgroups, user
from . import rootfs as rootfs_of
from .bundle import CAPABILITIES

DATA = Path(__file__).resolve().parents[2] / "data/engines"

def recordings() -> list:
    return sorted(p.parent for p in DATA.glob("*/config.json"))


def options(recording: Path) -> list:
    """The recorded options of create or run that mean something without the engine."""
    f = recording / "argv"
    words = f.read_text().splitlines() if f.exists() else []
    return [w for w in words if w in ("--no-pivot", "--no-new-keyring")]


# Where engines keep what they bind into their containers; never take a live one's.
ENGINES_OWN = ("/var/lib/containers/", "/run/containers/", "/var/lib/docker/", "/run/docker/", "/var/lib/containerd/", "/run/containerd/")


# A limit that this host cannot give is refused, as it should be; the recording's host could.
CONTROLLERS = {"memory": "memory", "pids": "pids", "cpu": "cpu", "blockIO": "blkio", "hugepageLimits": "hugetlb"}


def _is_a_file(destination: str) -> bool:
    name = os.path.basename(destination)
    return "." in name.lstrip(".") or name in ("hosts", "hostname", "passwd", "group", "catatonit", "podman-init", "docker-init", "file")


def _limit(name):
    number = getattr(resource, name, None)
    return resource.getrlimit(number)[1] if number is not None else None


def as_ordinary_user(config: dict) -> None:
    """What an engine asks of root only: ids that are not the user's become some of his, and what the kernel refuses him is left out."""
    l = config["linux"]
    for key in ("uidMappings", "gidMappings"):
        first, left = user.SUBORDINATE
        for row in l.get(key) or []:
            row.update(hostID=first, size=min(row["size"], left))
            first, left = first + row["size"], left - row["size"]
        l[key] = [row for row in l.get(key) or [] if row["size"]]
    (l.get("sysctl") or {}).pop("net.ipv4.ping_group_range", None)  # groups that are not his
    l["devices"] = [d for d in l.get("devices") or [] if os.path.exists(d["path"])]  # the host's are bound


def id_mapped(config: dict) -> bool:
    return any(m.get("uidMappings") or any("idmap" in o for o in m.get("options") or []) for m in config.get("mounts") or [])


def adapt(config: dict, rootfs: Path, cgroups_path: str, directory: Path, args: list) -> dict:
    """A copy of an engine's configuration that runs here."""
    c = copy.deepcopy(config)
    c["root"]["path"] = str(rootfs)
    c.pop("hooks", None)
    p, l = c["process"], c.setdefault("linux", {})
    p["args"], p["terminal"] = args, False
    p.pop("consoleSize", None)
    for key in ("apparmorProfile", "selinuxLabel"):  # of the recording's machine
        p.pop(key, None)
    l.pop("mountLabel", None)
    for r in p.get("rlimits") or []:
        most = _limit(r["type"])
        if most is not None and most >= 0:
            r["hard"], r["soft"] = min(r["hard"], most), min(r["soft"], most)
    mine = int(next(line for line in open("/proc/self/status", encoding="ascii") if line.startswith("CapBnd")).split()[1], 16)
    have = {f"CAP_{n}" for i, n in enumerate(CAPABILITIES) if mine >> i & 1}
    for key, names in (p.get("capabilities") or {}).items():
        p["capabilities"][key] = [n for n in names or [] if n in have]
    if p.get("oomScoreAdj", 0) < int(Path("/proc/self/oom_score_adj").read_text()):
        p.pop("oomScoreAdj", None)  # lowering needs CAP_SYS_RESOURCE
    l["cgroupsPath"] = cgroups_path
    if user.ACTIVE:
        as_ordinary_user(c)
    for key, controller in CONTROLLERS.items():
        if controller not in cgroups.controllers():
            (l.get("resources") or {}).pop(key, None)
    if not cgroups.v1_mount("memory"):
        for key in ("swappiness", "disableOOMKiller"):  # v1's alone
            ((l.get("resources") or {}).get("memory") or {}).pop(key, None)
    for n in l.get("namespaces") or []:
        if n.get("path") and not os.path.exists(n["path"]):
            n.pop("path")
    for i, m in enumerate(c.get("mounts") or []):
        stand_in = directory / f"source-{i}"
        opts = m.get("options") or []
        if m.get("type") == "overlay":
            for d in ("lower", "upper", "work"):
                (stand_in / d).mkdir(parents=True)
            m["options"] = [o for o in opts if "dir=" not in o] + [f"{d}dir={stand_in / d}" for d in ("lower", "upper", "work")]
        elif "bind" in opts or "rbind" in opts or m.get("type") == "bind":
            source = os.path.join(directory, m["source"])
            if not os.path.exists(source) or source.startswith(ENGINES_OWN):
                if _is_a_file(m["destination"]):
                    stand_in.write_text("stands in\n")
                else:
                    stand_in.mkdir()
                m["source"] = str(stand_in)
    if any(n["type"] == "user" for n in l.get("namespaces") or []):
        rootfs_of.shift(rootfs, l.get("uidMappings") or [], l.get("gidMappings") or [])
    annotations = c.get("annotations") or {}
    for key in list(annotations):  # they would change what the runtime does, with paths of the recording
        if key.startswith(("run.oci.hooks", "org.systemd.property")):
            annotations.pop(key)
    return c

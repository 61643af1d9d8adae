# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles inside a machine, for tests that call the runtime themselves."""

import json


def bundle(m, args, name="b", user=False, top="/run/engines/bundles", cgroups_path=None, annotations=None, hooks=None,
           resources=None, env=(), mounts=(), **process):
    """A bundle of the busybox tree; its directory."""
    path = f"/home/user/{name}" if user else f"{top}/{name}"
    as_user = "as-user " if user else ""
    m.sh(f"rm -rf {path}; {as_user}mkdir -p {path} && {as_user}crun spec -b {path} {'--rootless' if user else ''}")
    c = json.loads(m.read(f"{path}/config.json"))
    c["root"] = {"path": "/run/engines/rootfs"}
    c["process"].update(terminal=False, args=args, **process)
    c["process"]["env"] += env
    c["mounts"] += mounts
    if annotations:
        c["annotations"] = annotations
    if hooks:
        c["hooks"] = hooks
    if cgroups_path:
        c["linux"]["cgroupsPath"] = cgroups_path
    if resources:
        c["linux"]["resources"] = resources
    m.write(f"{path}/config.json", json.dumps(c))
    return path

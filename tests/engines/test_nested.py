# SPDX-License-Identifier: GPL-2.0-or-later
"""Our program inside containers that podman (with our program) and the peer runc have made: run and exec in there."""

import json

import pytest

ALL = pytest.mark.layouts("v2", "hybrid")
RUN = "podman run --rm --network none -v /usr/bin/crun:/bin/crun:ro -v /run/inner:/inner --tmpfs /run"
GO = """crun run -d -b /inner/{bundle} one </dev/null >/tmp/log 2>&1 || {{ cat /tmp/log; exit 1; }}
crun exec one sh -c 'echo in $(id -u); head -c 3 /dev/zero | wc -c'
crun list -q
crun delete --force one"""
WORKS = ["in", "0", "3", "one"]


def config(m, *namespaces, drop=()):
    c = json.loads(m.sh("d=$(mktemp -d); cd $d; crun spec; cat config.json"))
    c["process"].update(terminal=False, args=["sleep", "600"])
    c["process"].pop("rlimits", None)
    c["root"] = {"path": "/inner/rootfs", "readonly": True}
    c["linux"].pop("resources", None)
    if namespaces:
        c["linux"]["namespaces"] = [{"type": n} for n in namespaces]
        c.pop("hostname", None)
    c["mounts"] = [x for x in c["mounts"] if x["destination"] not in drop]
    return json.dumps(c)


@pytest.fixture
def inner(podman):
    """Two bundles for the inside: `whole`, and `shared` with the namespaces that a container without privileges can give."""
    def make():
        podman.sh("mkdir -p /run/inner/whole /run/inner/shared && cp -a /run/engines/rootfs /run/inner/rootfs")
        podman.write("/run/inner/whole/config.json", config(podman))
        podman.write("/run/inner/shared/config.json", config(podman, "mount", "ipc", "uts", drop=("/sys/fs/cgroup",)))
    podman.once("inner", make)
    return podman


@ALL
def test_in_a_privileged_container(inner):
    inner.write("/run/inner/go", GO.format(bundle="whole"))
    assert inner.sh(f"{RUN} --privileged box sh /inner/go").split() == WORKS


@ALL
def test_in_a_common_container(inner):
    """Without CAP_SYS_ADMIN, with masked paths and a read-only /sys/fs/cgroup: a user namespace is made by itself, the
    procfs is the one outside."""
    inner.write("/run/inner/go", GO.format(bundle="shared"))
    assert inner.sh(f"{RUN} box sh /inner/go").split() == WORKS


@ALL
def test_in_a_container_of_runc(inner):
    """The peer's, with its own capabilities, masked paths and cgroup."""
    if inner.run("test -x /run/engines/peer").status:
        pytest.skip("the peer runc is not in this machine")
    spec = json.loads(config(inner))
    spec["process"].update(args=["sh", "/inner/go"])
    caps = spec["process"]["capabilities"]
    for name in ("bounding", "effective", "permitted"):
        caps[name] = sorted({*caps.get(name, []), "CAP_SETUID", "CAP_SETGID", "CAP_SETFCAP"})
    spec["root"]["path"] = "/run/inner/rootfs"
    spec["root"]["readonly"] = False
    spec["mounts"] += [{"destination": d, "source": s, "type": "bind", "options": ["bind", "ro"]}
                       for d, s in (("/bin/crun", "/usr/bin/crun"), ("/inner", "/run/inner"))]
    spec["mounts"] += [{"destination": d, "source": "tmpfs", "type": "tmpfs"} for d in ("/run", "/tmp")]
    inner.write("/run/inner/go", GO.format(bundle="shared"))
    inner.sh("mkdir -p /run/outer")
    inner.write("/run/outer/config.json", json.dumps(spec))
    assert inner.sh("install -m 755 /run/engines/peer /usr/local/bin/peer; peer --version").startswith("runc version 1.")
    assert inner.sh("peer run -b /run/outer outer").split() == WORKS

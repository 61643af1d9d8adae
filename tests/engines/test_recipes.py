# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/engines.md, as a user follows it: files are written, shell is run, and what it prints is what the page says.

The machine has our program in /usr/local/bin, and a distribution's runtimes that do nothing but fail, so that what
works was ours.
"""

import json
import re
from dataclasses import dataclass, field

import pytest

from conftest import BOX
from lib.daemons import CONTAINERD
from lib.machine import INSIDE, TOP, Machine

PAGE = TOP / "docs/engines.md"


@dataclass
class Section:
    title: str
    steps: list = field(default_factory=list)  # (kind, text, path)


def sections():
    """The page by its headings. A fence is a file if a path in backticks and a colon stand before it."""
    found = []
    for part in re.split(r"^## ", PAGE.read_text(), flags=re.M)[1:]:
        s = Section(part.split("\n", 1)[0])
        for m in re.finditer(r"(?:`([/~][^`\s]+)`:\n\n)?^```(\w+)\n(.*?)^```$", part, flags=re.M | re.S):
            s.steps.append((m[2], m[3], m[1]))
        if s.steps:
            found.append(s)
    return found


def pairs(steps):
    """(shell, what it prints)"""
    for (kind, text, _), after in zip(steps, [*steps[1:], (None, "", None)]):
        if kind == "sh":
            yield text, after[1].splitlines() if after[0] == "text" else []


def ours_is_local(m):
    m.sh("rm /usr/bin/crun /usr/bin/runc && install -m 755 /run/engines/crun /usr/local/bin/crun")
    for name in ("crun", "runc"):
        m.write(f"/usr/bin/{name}", "#!/bin/sh\necho \"the distribution's $0 was called\" >&2\nexit 1\n", 0o755)


@pytest.fixture(scope="module")
def fresh(request):
    m = Machine("hybrid", request.config.runtime)
    ours_is_local(m)
    m.sh(f"ln -s {INSIDE}/inside/systemctl /usr/local/sbin/systemctl")
    m.sh(BOX.format("podman") + " && podman save -q --format oci-archive -o /run/engines/box.tar localhost/box")
    m.sh(BOX.format("as-user podman"))
    m.sh("systemctl restart containerd && ctr image import --index-name localhost/box:latest /run/engines/box.tar")
    m.sh("systemctl restart docker && " + BOX.format("docker").replace(" -q ", " ").replace("- box", "- box:latest"))
    yield m
    m.close()


ROOTLESS_DOCKER = """\
[Service]
Type=notify
NotifyAccess=all
Delegate=yes
Environment=PATH=/usr/share/docker.io/contrib:/usr/sbin:/usr/bin
ExecStart=/usr/share/docker.io/contrib/dockerd-rootless.sh
"""  # as dockerd-rootless-setuptool.sh makes it


@pytest.fixture(scope="module")
def booted(request):
    """The same where systemd is process 1."""
    m = Machine("systemd", request.config.runtime)
    ours_is_local(m)
    m.write("/etc/containers/containers.conf.d/50-crun.conf", '[engine]\nruntime = "/usr/local/bin/crun"\n')
    m.sh(BOX.format("podman"))
    m.sh("mkdir -p /srv/web && cd /srv/web && crun spec && ln -s /run/engines/rootfs rootfs")
    config = json.loads(m.read("/srv/web/config.json"))
    config["process"].update(terminal=False, args=["/usr/bin/sh", "-c", "echo up; systemd-notify --ready --status='at work'; exec sleep 600"])
    config["mounts"] += [{"destination": d, "type": "bind", "source": s, "options": ["rbind", "ro"]}
                         for d, s in (("/usr", "/usr"), ("/lib", "/usr/lib"), ("/lib64", "/usr/lib64"))]
    m.write("/srv/web/config.json", json.dumps(config))
    m.write("/home/user/.config/systemd/user/docker.service", ROOTLESS_DOCKER)
    m.sh("as-user systemctl --user daemon-reload; as-user podman --version; mkdir -p /home/user/.config/docker; chown -R user: /home/user")
    m.sh(f"tar -C {INSIDE}/rootfs -cf /home/user/box.tar .")
    yield m
    m.run("crun kill web KILL; podman rm -fa -t0; systemctl stop web box; as-user systemctl --user stop docker")
    m.close()


def test_page_has_recipes():
    titles = [s.title for s in sections()]
    assert titles == ["podman", "podman, as an ordinary user", "Buildah", "Docker", "Docker, as an ordinary user", "containerd",
                      "Kubernetes over containerd", "systemd's cgroups", "systemd: a container as a service",
                      "systemd: Quadlet", "In place of runc, for everything"]
    assert all(list(pairs(s.steps)) for s in sections())


def test_kubernetes_is_as_driven():
    """The page has no shell for pods, as Debian has no kubelet: its settings are those that test_cri.py has pods made with."""
    section, = (s for s in sections() if s.title.startswith("Kubernetes"))
    settings, = (text for kind, text, _ in section.steps if kind == "toml")
    runtime_class, = (text for kind, text, _ in section.steps if kind == "yaml")
    assert set(settings.replace("/usr/local/bin", "/usr/bin").splitlines()) <= set(CONTAINERD.splitlines())
    assert "handler: crun\n" in runtime_class and ".containerd.runtimes.crun]" in settings


@pytest.mark.parametrize("section", sections(), ids=lambda s: s.title)
def test_recipe(request, section):
    user = "ordinary user" in section.title
    fresh = request.getfixturevalue("booted" if "systemd" in section.title or section.title.startswith("Docker, as") else "fresh")
    for kind, text, path in section.steps:
        if path:
            fresh.write(path.replace("~", "/home/user"), text)
    for shell, expected in pairs(section.steps):
        out = fresh.sh(["as-user", "bash", "-ec", shell] if user else "set -e\n" + shell)
        lines = out.splitlines()
        assert len(lines) == len(expected) and all(e in l for e, l in zip(expected, lines)), out

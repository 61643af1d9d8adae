# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers of a Debian tree, where the others are of busybox: glibc, bash, and systemd as process 1 of a container."""

import pytest

from conftest import nothing_left
from lib.machine import INSIDE

# systemd 262 does not start where there is cgroup v1.
EVERYWHERE = pytest.mark.layouts("v2", "systemd")
PACKAGES = "systemd-sysv dbus bash dash coreutils grep libc-bin"
INIT = "sh -c 'echo 6372756e2d6465622d6372756e2d6465 >/etc/machine-id; exec /sbin/init'"
# What the container is asked to do: a service of its own, with what its end leaves.
UNIT = """[Service]
ExecStart=/bin/bash -c "echo up; exec sleep 600"
ExecStopPost=/bin/touch /var/stopped
"""


def image(who):
    return f"{INSIDE}/inside/debian {PACKAGES} | {who}podman import -q -c 'ENV PATH=/usr/sbin:/usr/bin' - debian"


@pytest.fixture
def debian(machine):
    machine.once("debian", lambda: machine.sh(image("")))
    yield machine
    machine.sh("podman rm -fa -t0")
    nothing_left(machine)


@EVERYWHERE
def test_shell(debian):
    assert debian.sh("podman run --rm debian bash -c 'a=(1 2 3); echo ${#a[@]} $(stat -c %U /etc/passwd)'") == "3 root"


@pytest.mark.layouts("v2")
def test_build(debian):
    debian.write("/run/engines/debian/Containerfile", "FROM localhost/debian\nRUN [\"/bin/bash\", \"-c\", \"echo $((6 * 7)) | sha256sum >/sum\"]\nRUN cut -c 1-8 /sum\n")
    assert "084c799c" in debian.sh("buildah bud --isolation oci --layers=false -t built /run/engines/debian")


def look_inside(m, podman):
    """A systemd that has come up runs units in cgroups of its own, and ends well when it is told to stop."""
    m.until(f"{podman} exec c1 systemctl is-system-running", seconds=120)
    assert m.sh(f"{podman} exec c1 cat /proc/1/comm") == "systemd"
    m.sh(f"{podman} exec -i c1 bash -c 'cat >/etc/systemd/system/t.service; systemctl daemon-reload; systemctl start t.service'", input=UNIT)
    assert m.sh(f"{podman} exec c1 systemctl is-active t.service") == "active"
    assert m.sh(f"{podman} exec c1 systemctl show -p ControlGroup --value t.service").endswith("/system.slice/t.service")
    assert m.sh(f"{podman} exec c1 bash -c 'grep -c t.service$ /proc/$(systemctl show -p MainPID --value t.service)/cgroup'") == "1"
    assert m.sh(f"{podman} exec c1 systemctl list-units --failed --no-legend") == ""
    m.until(f"{podman} exec c1 journalctl -o cat -u t.service | grep -x up")
    m.sh(f"{podman} stop -t 60 c1")
    assert m.sh(f"{podman} inspect -f '{{{{.State.ExitCode}}}}' c1") == "0"
    assert "A /var/stopped" in m.sh(f"{podman} diff c1").splitlines()


@EVERYWHERE
def test_systemd(debian):
    debian.sh(f"podman run -d --systemd=always --name c1 debian {INIT}")
    look_inside(debian, "podman")


@EVERYWHERE
def test_systemd_of_a_user(machine):
    """In the cgroup that he has been given."""
    machine.once("debian-user", lambda: machine.sh(image("as-user ")))
    try:
        machine.sh(f"as-user podman run -d --systemd=always --name c1 debian {INIT}")
        look_inside(machine, "as-user podman")
    finally:
        machine.sh("as-user podman rm -fa -t0")
        nothing_left(machine, user="as-user")

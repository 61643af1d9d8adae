# SPDX-License-Identifier: GPL-2.0-or-later
"""Buildah with OCI isolation, where every RUN is a container of the runtime."""

import pytest

from conftest import BOX, nothing_left

ALL = pytest.mark.layouts("v2", "hybrid", "v1")
BUILD = "/run/engines/build"


@pytest.fixture
def buildah(podman):
    podman.write(f"{BUILD}/Containerfile", "FROM localhost/box\nENV A=b\nWORKDIR /srv/app\nRUN echo $A >file\nRUN cat file && pwd\n")
    yield podman
    podman.sh("buildah rm -a >/dev/null; podman image prune -f >/dev/null")


@ALL
def test_build(buildah):
    out = buildah.sh(f"buildah bud --isolation oci --layers=false -t built {BUILD}")
    assert "b\n/srv/app\n" in out
    assert buildah.sh("podman run --rm built cat /srv/app/file") == "b"


def test_podman_build(buildah):
    assert "b\n/srv/app\n" in buildah.sh(f"podman build --isolation oci --no-cache {BUILD}")


def test_failing_step(buildah):
    buildah.write(f"{BUILD}/Failing", "FROM localhost/box\nRUN exit 9\n")
    assert "exit status 9" in buildah.fails(f"buildah bud --isolation oci -f {BUILD}/Failing {BUILD}").err


def test_mounts(buildah):
    buildah.write(f"{BUILD}/Mounts", "FROM localhost/box\nRUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/t "
                  "--mount=type=secret,id=s cat /run/secrets/s && touch /cache/f /t/f\n")
    buildah.write("/run/engines/secret", "hidden\n")
    assert "hidden" in buildah.sh(f"buildah bud --isolation oci --no-cache --secret id=s,src=/run/engines/secret -f {BUILD}/Mounts {BUILD}")


@pytest.mark.layouts("hybrid", "v1")
def test_limits(buildah):
    buildah.write(f"{BUILD}/Limits", "FROM localhost/box\nRUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes\n")
    assert "67108864" in buildah.sh(f"buildah bud --isolation oci --memory 64m --layers=false -f {BUILD}/Limits {BUILD}")


def run(m, options, command):
    return m.sh(f"c=$(buildah from --pull=never localhost/box) && buildah run --isolation oci {options} $c -- {command}")


@ALL
@pytest.mark.parametrize("runtime", ["crun", "runc"])
def test_run(buildah, runtime):
    assert run(buildah, f"--runtime {runtime}", "echo hello") == "hello"


def test_exit_status(buildah):
    buildah.fails("c=$(buildah from --pull=never localhost/box) && buildah run --isolation oci $c -- sh -c 'exit 6'", 6)


def test_run_options(buildah):
    out = run(buildah, "--user user --hostname h1 --workingdir /tmp -v /run/engines:/data:ro", "sh -c 'id -u; hostname; pwd; ls -d /data/rootfs'")
    assert out.split() == ["1000", "h1", "/tmp", "/data/rootfs"]


@pytest.mark.parametrize("network", ["none", "host"])
def test_network(buildah, network):
    assert "lo" in run(buildah, f"--network {network}", "ls /sys/class/net")


def test_terminal(buildah):
    assert "/dev/" in buildah.tty("c=$(buildah from --pull=never localhost/box) && buildah run -t --isolation oci $c -- sh -c 'tty; sleep 1'")


@ALL
def test_ordinary_user(machine):
    machine.once("rootless", lambda: machine.sh(BOX.format("as-user podman")))
    machine.write("/home/user/build/Containerfile", "FROM localhost/box\nRUN id -u && cat /proc/self/uid_map | head -1\nUSER user\nRUN id -u\n")
    try:
        out = machine.sh("as-user buildah bud --isolation oci --layers=false -t built /home/user/build").split()
        at = out.index("0")
        assert out[at:at + 4] == ["0", "0", "1000", "1"] and "1000" in out[at + 4:]
        assert machine.sh("as-user podman run --rm built id -u") == "1000"
    finally:
        machine.sh("as-user buildah rm -a >/dev/null; as-user podman rmi -f built")
        nothing_left(machine, user="as-user")


def test_uidmap(buildah):
    out = buildah.sh("c=$(buildah from --pull=never --userns-uid-map 0:100000:65536 --userns-gid-map 0:100000:65536 localhost/box) && "
                     "buildah run --isolation oci $c -- cat /proc/self/uid_map")
    assert out.split() == ["0", "100000", "65536"]

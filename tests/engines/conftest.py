# SPDX-License-Identifier: GPL-2.0-or-later
"""Real engines with our program as their only runtime, each test in a machine that a cgroup layout names.

    @pytest.mark.layouts("v1", "hybrid")        # limits are enforced there; the default is v2
    def test_limit(podman): assert "67108864" in podman.sh("podman run --rm -m 64m box cat ...")
"""

import os

import pytest

from lib import machine as machines

BOX = """tar -C /run/engines/rootfs -c . | {} import -q -c 'CMD ["/bin/sh"]' \
-c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - box"""


def pytest_configure(config):
    if os.geteuid() != 0:
        raise pytest.UsageError("these tests make namespaces and cgroups as root")
    try:
        config.runtime = machines.runtime()
    except FileNotFoundError as e:
        raise pytest.UsageError(str(e)) from None


def pytest_report_header(config):
    return f"runtime: {config.runtime}"


def layouts(wanted):
    """Where a test is run: in namespaces, with the layouts it wants; in the virtual machine, which has v2 with every
    controller ("enforced"), and systemd, in the one of these that it is told."""
    if here := machines.HERE_ITSELF:
        ours = here in wanted or here == "enforced" and "v2" in wanted
        return [here] if ours else [pytest.param(here, marks=pytest.mark.skip(reason="is about another cgroup layout"))]
    return [l for l in wanted if l != "enforced"] or \
        [pytest.param("enforced", marks=pytest.mark.skip(reason="cgroup v2 has not the controllers here (make check-vm)"))]


def pytest_generate_tests(metafunc):
    """Every test that needs a machine, in each of its layouts."""
    if "machine" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("layouts")
        metafunc.parametrize("machine", layouts(mark.args if mark else ("v2",)), indirect=True, scope="session")


@pytest.fixture(scope="session")
def _machines(request):
    made = {}
    yield lambda layout: made.get(layout) or made.setdefault(layout, machines.Machine(layout, request.config.runtime))
    for m in made.values():
        m.close()


@pytest.fixture(scope="session")
def machine(request, _machines):
    return _machines(request.param)


def nothing_left(m, root="", user=""):
    """No container of the program outlives a test; an engine may need a while to delete it. root: where that engine has it."""
    program = f"{user} crun --root {root}" if root else f"{user} crun"
    names = f"{program} list -q" + ("" if root or user else "; runc list -q")
    left = m.run(f"for i in $(seq 100); do l=$({names}); [ -z \"$l\" ] && exit; sleep 0.1; done\n"
                 f"echo $l; for c in $l; do {program} delete -f $c; runc delete -f $c; done").out.strip()
    assert not left, f"the runtime still has containers: {left}"


@pytest.fixture
def podman(machine):
    machine.once("podman", lambda: machine.sh(BOX.format("podman")))
    yield machine
    machine.sh("podman pod rm -fa -t0; podman rm -fa -t0; podman volume prune -f")
    nothing_left(machine)

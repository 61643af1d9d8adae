# SPDX-License-Identifier: GPL-2.0-or-later
"""AppArmor profiles of the container's process and of exec's, as the kernel shows them and as it enforces them."""

import shutil
import subprocess
from pathlib import Path

import pytest

ENABLED = Path("/sys/module/apparmor/parameters/enabled")
pytestmark = [
    pytest.mark.skipif(not ENABLED.exists() or ENABLED.read_text().strip() != "Y", reason="AppArmor is not enabled on this host (make check-vm)"),
    pytest.mark.skipif(not shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin"), reason="no apparmor_parser on this host")]

# Everything, but for one file.
PROFILE = """abi <abi/3.0>,
profile {} flags=(attach_disconnected, mediate_deleted) {{
  file, capability, network, mount, umount, pivot_root, ptrace, signal, unix, dbus,
  deny /**/forbidden rwklx,
}}
"""


@pytest.fixture
def profile(here):
    """profile() loads one under a name of the test's own."""
    loaded = []

    def parser(option, name):
        subprocess.run(["/usr/sbin/apparmor_parser", option, "-K"], input=PROFILE.format(name), text=True, check=True, capture_output=True, timeout=120)

    def load():
        loaded.append(f"crun-test-{here.tag}-{len(loaded)}")
        parser("-r", loaded[-1])
        return loaded[-1]

    yield load
    for name in loaded:
        parser("-R", name)


SHOW = ["cat", "/proc/self/attr/current"]
TRY = ["sh", "-c", "echo x >/dev/shm/allowed && echo allowed; echo x 2>/dev/null >/dev/shm/forbidden || echo forbidden"]


def test_run(profile, bundle, run):
    name = profile()
    r = run(bundle(args=SHOW, process={"apparmorProfile": name}))
    assert (r.returncode, r.stdout, r.stderr) == (0, f"{name} (enforce)\n", ""), str(r)


def test_enforced(profile, bundle, run):
    r = run(bundle(args=TRY, process={"apparmorProfile": profile()}))
    assert r.lines == ["allowed", "forbidden"], str(r)


def test_none(bundle, run):
    r = run(bundle(args=TRY))
    assert r.lines == ["allowed"], str(r)


@pytest.mark.parametrize("privileges", [True, False])
def test_user_namespace(profile, bundle, run, privileges):
    from lib.bundle import DEFAULT_NAMESPACES, namespaces, user_mappings
    name = profile()
    r = run(bundle(args=SHOW, copy=True, namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings(),
                   process={"apparmorProfile": name, "noNewPrivileges": privileges}))
    assert r.stdout == f"{name} (enforce)\n", str(r)


def test_exec_has_the_containers(profile, running, rt):
    name = profile()
    c = running(process={"apparmorProfile": name})
    assert rt("exec", c.id, *SHOW, check=True).stdout == f"{name} (enforce)\n"
    assert rt("exec", c.id, *TRY, check=True).stdout.splitlines() == ["allowed", "forbidden"]


def test_exec_has_its_own(profile, running, rt):
    c = running(process={"apparmorProfile": profile(), "noNewPrivileges": False})
    other = profile()
    assert rt("exec", "--apparmor", other, c.id, *SHOW, check=True).stdout == f"{other} (enforce)\n"


def test_unknown_profile(bundle, rt):
    rt.fails(rt.run(bundle(args=["true"], process={"apparmorProfile": "no-such-profile"})), "process.apparmorProfile", "no-such-profile")


def test_unknown_profile_of_exec(running, rt):
    c = running()
    r = rt("exec", "--apparmor", "no-such-profile", c.id, "true")
    assert r.returncode != 0 and "no-such-profile" in r.stderr, str(r)
    assert rt.status(c) == "running"

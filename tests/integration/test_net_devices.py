# SPDX-License-Identifier: GPL-2.0-or-later
"""linux.netDevices. The runtime runs in a network namespace of the test's own, where there are devices to give away."""

import json
import subprocess

import pytest

from lib.bundle import namespaces, user_mappings
from lib.user import as_root

pytestmark = [pytest.mark.ours, pytest.mark.root("a device of the host's is moved with CAP_NET_ADMIN there")]


@pytest.fixture
def net(here):
    """A prefix of commands that run in one network namespace with devices ct0 (up, with addresses) and ct1."""
    path = here.dir / "netns"
    path.touch()
    setup = ("ip link add ct0 address 02:00:00:00:00:07 type veth peer name ct1 && ip addr add 10.9.8.7/24 brd + dev ct0 && "
             "ip -6 addr add fd00::5/64 nodad dev ct0 && ip link set ct0 mtu 1400 up && ip link set lo up")
    r = subprocess.run(["unshare", f"--net={path}", "sh", "-c", setup], capture_output=True, text=True, check=False)
    if r.returncode:
        as_root(["umount", path], check=False, stderr=subprocess.DEVNULL)
        pytest.skip(f"no veth devices here: {r.stderr}")
    yield ["nsenter", f"--net={path}"]
    as_root(["umount", path], check=True)


@pytest.fixture
def inside(rt, net):
    return rt.with_options(prefix=net)


def names(net):
    out = subprocess.run([*net, "ip", "-j", "link"], capture_output=True, text=True, check=True).stdout
    return {link["ifname"] for link in json.loads(out)}


def links(net):
    return subprocess.run([*net, "ip", "-o", "addr"], capture_output=True, text=True, check=True).stdout


def test_moved(bundle, inside, net):
    """With its addresses, and up; at home it is gone."""
    c = bundle(args=["sh", "-c", "ip addr show ct0; sleep 100"], linux={"netDevices": {"ct0": {}}})
    inside.run_detached(c)
    out = inside.wait_output(c, "fd00::5")
    assert "inet 10.9.8.7/24 brd 10.9.8.255" in out and ",UP" in out and "mtu 1400" in out and "02:00:00:00:00:07" in out
    assert names(net) == {"lo", "ct1"}


def test_renamed(bundle, inside):
    c = bundle(args=["sh", "-c", "ip addr show eth7; ip link show ct0"], linux={"netDevices": {"ct0": {"name": "eth7"}}})
    r = inside.run(c)
    assert "10.9.8.7/24" in r.stdout and ",UP" in r.stdout and r.returncode != 0, str(r)


def test_named_by_the_kernels_template(bundle, inside, net):
    """The first free number, for each."""
    c = bundle(args=["ip", "-o", "link"], linux={"netDevices": {"ct0": {"name": "e%d"}, "ct1": {"name": "e%d"}}})
    r = inside.run(c)
    assert r.returncode == 0 and " e0@e1: " in r.stdout and " e1@e0: " in r.stdout, str(r)


def test_named_by_a_template_and_given_back(bundle, inside, net):
    c = bundle(args=["no-such-program"], linux={"netDevices": {"ct0": {"name": "e%d"}, "ct1": {"name": "x%dy"}}})
    inside.fails(inside.run(c), "no-such-program", code=127)
    assert names(net) == {"lo", "ct0", "ct1"}


@pytest.mark.parametrize("name", ["e%", "e%s", "e%d%d", "e%dabcdefghijklmn"])
def test_other_templates(bundle, inside, name):
    inside.fails(inside.run(bundle(args=["true"], linux={"netDevices": {"ct0": {"name": name}}})), f'"{name}" is not a name of a network device')


def test_two(bundle, inside):
    c = bundle(args=["ip", "link"], linux={"netDevices": {"ct0": {"name": "a"}, "ct1": {"name": "ct0"}}})
    out = inside.run(c).stdout
    assert " a@" in out and " ct0@" in out


def test_user_namespace(bundle, inside):
    c = bundle(args=["ip", "addr", "show", "ct0"], copy=True, namespaces=namespaces("pid", "mount", "user", "ipc", "uts", "network"),
               linux={"netDevices": {"ct0": {}}, **user_mappings(0)})
    r = inside.run(c)
    assert "10.9.8.7/24" in r.stdout, str(r)


def test_joined_namespace(bundle, inside, here):
    other = here.dir / "other"
    other.touch()
    subprocess.run(["unshare", f"--net={other}", "true"], check=True)
    try:
        c = bundle(args=["true"], namespaces=namespaces("pid", "mount", "ipc", "uts", network=other), linux={"netDevices": {"ct0": {"name": "n0"}}})
        r = inside.run(c)
        assert r.returncode == 0, str(r)
        assert "10.9.8.7/24" in links(["nsenter", f"--net={other}"])
    finally:
        as_root(["umount", other], check=True)


def test_given_back_when_the_launch_fails(bundle, inside, net, rt):
    """Under its old name, with its addresses."""
    before = links(net)
    c = bundle(args=["/no/such/program"], linux={"netDevices": {"ct0": {"name": "x"}}})
    r = inside.run(c)
    assert r.returncode == 127
    after = links(net)
    assert "10.9.8.7/24" in after and "fd00::5" in after, after + "\nbefore:\n" + before


def test_given_back_as_it_was(bundle, inside, net):
    """Up or down; in the container both are up."""
    c = bundle(args=["/no/such/program"], linux={"netDevices": {"ct0": {}, "ct1": {"name": "x"}}})
    assert inside.run(c).returncode == 127
    up = {l["ifname"]: "UP" in l["flags"] for l in json.loads(subprocess.run([*net, "ip", "-j", "link"], capture_output=True, text=True, check=True).stdout)}
    assert up == {"lo": True, "ct0": True, "ct1": False}


@pytest.mark.parametrize("devices, text", [
    ({"nosuch": {}}, "no such network device"),
    ({"a/b": {}}, "not a name of a network device"),
    ({"ct0": {"name": "a" * 16}}, "not a name of a network device"),
    ({"ct0": {"name": "x"}, "ct1": {"name": "x"}}, "is the name of another one"),
    ({"ct0": {"name": "lo"}}, "already"),
])
def test_refused(bundle, inside, rt, net, devices, text):
    rt.fails(inside.run(bundle(args=["true"], linux={"netDevices": devices})), "linux.netDevices", text)
    assert names(net) == {"lo", "ct0", "ct1"}, "given back"


def test_without_a_network_namespace(bundle, inside, rt):
    c = bundle(args=["true"], namespaces=namespaces("mount", "pid", "uts", "ipc"), linux={"netDevices": {"ct0": {}}})
    rt.fails(inside.run(c), "linux.netDevices", "network namespace")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices: the default ones and their links, linux.devices, and what may be opened."""

import errno
import json
import os
import stat

import pytest

from lib import cgroups, user
from lib.bundle import DEFAULT_NAMESPACES, caps, namespaces, tmpfs, user_mappings

DEFAULT = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"}

needs_rules = pytest.mark.skipif(cgroups.v1_mount("devices") is None and cgroups.v2_mount() is None, reason="no cgroups at all")


def rows(out):
    """{name: (kind, mode, uid, gid, major, minor)} of stat -c '%n %f %u %g %t %T'"""
    found = {}
    for l in out.splitlines():
        name, mode, uid, gid, major, minor = l.split()
        found[name] = (stat.S_IFMT(int(mode, 16)), stat.S_IMODE(int(mode, 16)), int(uid), int(gid), int(major, 16), int(minor, 16))
    return found


STAT = "stat -c '%n %f %u %g %t %T'"


@pytest.mark.parametrize("user_namespace", [False, True])
def test_default_devices(sh, user_namespace):
    more = dict(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings()) if user_namespace else {}
    found = rows(sh("cd /dev; " + STAT + " " + " ".join(DEFAULT), **more))
    for name, (major, minor) in DEFAULT.items():
        kind, mode, uid, gid, ma, mi = found[name]
        assert (kind, mode, ma, mi) == (stat.S_IFCHR, 0o666, major, minor)
        if not user_namespace and not user.ACTIVE:  # the host's, bound: their owner is not mapped
            assert (uid, gid) == (0, 0) or name == "tty"


@pytest.mark.parametrize("user_namespace", [False, True])
def test_default_devices_work(sh, user_namespace):
    more = dict(namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux=user_mappings()) if user_namespace else {}
    out = sh("echo x > /dev/null; head -c 2 /dev/zero | od -An -tx1; head -c 4 /dev/random | wc -c; head -c 4 /dev/urandom | wc -c;"
             "echo x > /dev/full || echo full", how={"stderr": None}, **more)
    assert out.split() == ["00", "00", "4", "4", "full"]


def test_links(sh):
    out = sh("cd /dev; for l in " + " ".join(LINKS) + "; do echo $l $(readlink $l); done")
    assert dict(l.split() for l in out.splitlines()) == LINKS


def test_core_link_only_with_kcore(sh):
    assert sh("readlink /dev/core || true").strip() in ("", "/proc/kcore")


def test_nothing_else_in_dev(sh):
    assert set(sh("ls -A /dev").split()) - {"core"} == {*DEFAULT, *LINKS, "pts", "shm", "mqueue"}


def test_dev_of_the_image(bundle, run):
    """Without a mount on /dev the devices are made in the image's own directory."""
    c = bundle(args=["sh", "-c", "echo x > /dev/null && head -c1 /dev/zero | wc -c"], copy=True,
               edit=lambda c: c.update(mounts=[m for m in c["mounts"] if not m["destination"].startswith("/dev")]))
    r = run(c)
    assert (r.returncode, r.stdout) == (0, "1\n"), str(r)


def test_dev_bound_from_the_host(bundle, run):
    """--privileged with the host's /dev: nothing is made there."""
    before = sorted(os.listdir("/dev"))
    c = bundle(args=["sh", "-c", "echo x > /dev/null"],
               edit=lambda c: c.update(mounts=[m for m in c["mounts"] if not m["destination"].startswith("/dev")]
                                       + [{"destination": "/dev", "type": "bind", "source": "/dev", "options": ["rbind"]}]))
    r = run(c)
    assert r.returncode == 0, str(r)
    assert sorted(os.listdir("/dev")) == before
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


DEVICES = [
    {"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o640, "uid": 1, "gid": 2},
    {"path": "/dev/deep/below/block", "type": "b", "major": 7, "minor": 3, "fileMode": 0o666},
    {"path": "/dev/unbuffered", "type": "u", "major": 1, "minor": 3},
    {"path": "/dev/queue", "type": "p", "fileMode": 0o600},
    {"path": "/outside-of-dev", "type": "c", "major": 1, "minor": 5, "fileMode": 0o666},
]


@pytest.mark.root("only the host's root may make device files, and the host has none by these names to bind")
def test_devices(sh):
    found = rows(sh(STAT + " /dev/fuse /dev/deep/below/block /dev/unbuffered /dev/queue /outside-of-dev", copy=True, linux={"devices": DEVICES},
                    how={"umask": 0o77}))
    assert found["/dev/fuse"] == (stat.S_IFCHR, 0o640, 1, 2, 10, 229)
    assert found["/dev/deep/below/block"] == (stat.S_IFBLK, 0o666, 0, 0, 7, 3)
    assert (found["/dev/unbuffered"][0], *found["/dev/unbuffered"][4:]) == (stat.S_IFCHR, 1, 3)
    assert found["/dev/queue"][:2] == (stat.S_IFIFO, 0o600)
    assert found["/outside-of-dev"][:2] == (stat.S_IFCHR, 0o666)


def test_devices_over_existing_ones(bundle, run):
    """Podman lists the default ones, too."""
    devices = [{"path": f"/dev/{n}", "type": "c", "major": a, "minor": b, "fileMode": 0o666, "uid": 0, "gid": 0} for n, (a, b) in DEFAULT.items()]
    rules = [{"allow": False, "access": "rwm"}] + [{"allow": True, "type": "c", "major": a, "minor": b, "access": "rwm"} for a, b in DEFAULT.values()]
    r = run(bundle(args=["sh", "-c", "echo x > /dev/null && echo ok"], linux={"devices": devices}, resources={"devices": rules}))
    assert r.stdout == "ok\n", str(r)


@pytest.mark.parametrize("device, text", [
    ({"path": "/dev/x", "type": "z", "major": 1, "minor": 1}, "linux.devices[0]"),
    ({"path": "/dev/x", "major": 1, "minor": 1}, "linux.devices[0]"),
])
def test_bad_devices(bundle, run, rt, device, text):
    rt.fails(run(bundle(args=["true"], linux={"devices": [device]})), text)


@pytest.mark.ours
def test_device_without_a_path(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], linux={"devices": [{"type": "c", "major": 1, "minor": 1}]})), "linux.devices[0]", "path")


@pytest.mark.differs(runc="1.1.5 has this defect")
@pytest.mark.parametrize("where", ["/dev/fuse", "/link/fuse"])
def test_device_under_a_symlink(bundle, run, here, where):
    """SECURITY-CASES.md 11: nothing is made outside of the root."""
    outside = here.dir / "outside"
    outside.mkdir()
    c = bundle(args=["true"], copy=True, linux={"devices": [{**DEVICES[0], "path": where}]},
               edit=lambda c: c.update(mounts=[m for m in c["mounts"] if not m["destination"].startswith("/dev")]))
    (c.rootfs / "link").symlink_to(outside)
    if where.startswith("/dev"):
        os.system(f"rm -r {c.rootfs}/dev")
        (c.rootfs / "dev").symlink_to(outside)
    run(c)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["ptmx", "fd", "null", "console"])
def test_links_of_the_image_in_dev(bundle, run, here, name):
    outside = here.dir / "outside"
    outside.write_text("host\n")
    c = bundle(args=["true"], copy=True,
               edit=lambda c: c.update(mounts=[m for m in c["mounts"] if not m["destination"].startswith("/dev")]))
    (c.rootfs / "dev" / name).symlink_to(outside)
    run(c)
    assert outside.read_text() == "host\n" and stat.S_ISREG(outside.lstat().st_mode)


# what may be opened: linux.resources.devices

# A device that root may open without further capabilities, that does nothing, and that no runtime allows by itself.
FUSE = {"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o666}
FUSE_RULE = {"type": "c", "major": 10, "minor": 229}
DENY = {"allow": False, "access": "rwm"}


@pytest.fixture
def try_open(bundle, run):
    """Which of reading and writing /dev/fuse is allowed by these rules?"""
    for flags in (os.O_RDONLY, os.O_WRONLY):
        try:
            os.close(os.open("/dev/fuse", flags))
        except OSError as e:
            pytest.skip(f"/dev/fuse does not open on this host: {e}")

    def ask(*rules, args=("/bin/sh", "-c", "probe open /dev/fuse r; probe open /dev/fuse w"), **changes):
        r = run(bundle(args=args, linux={"devices": [FUSE]}, resources={"devices": list(rules)}, **changes))
        assert r.returncode == 0, str(r)
        found = [json.loads(l) for l in r.lines]
        assert all(f["errno"] in (0, errno.EPERM) for f in found), str(r)
        return "".join(w for w, f in zip("rw", found) if f["errno"] == 0)
    return ask


@pytest.mark.root("only the host's root may set device rules; without mknod there is nothing that they could refuse")
@pytest.mark.differs(runc="and crun let every node be made")
@needs_rules
def test_unlisted_device_is_refused(bundle, run):
    """SECURITY-CASES.md 4: the list is an allow-list, whatever the capabilities. A node that lies in a volume could be opened on the host."""
    c = bundle(args=["sh", "-c", "mknod /tmp/disk b 7 0 || echo no disk; mknod /tmp/fuse c 10 229 || echo no fuse; mknod /tmp/null c 1 3 && echo x > /tmp/null && echo fine"],
               copy=True, process={"capabilities": caps("MKNOD", "SYS_ADMIN", "DAC_OVERRIDE")})
    assert run(c).lines == ["no disk", "no fuse", "fine"]


@pytest.mark.root("only the host's root may set device rules")
@needs_rules
def test_unlisted_device_is_not_opened(bundle, run):
    """A node that is there already, of a rule that lets it be made and no more."""
    c = bundle(args=["sh", "-c", "probe open /dev/fuse; mknod /tmp/disk b 7 0 && probe open /tmp/disk"], copy=True, linux={"devices": [FUSE]},
               resources={"devices": [DENY, {"allow": True, "type": "b", "access": "m"}]}, process={"capabilities": caps("MKNOD", "SYS_ADMIN", "DAC_OVERRIDE")})
    found = [json.loads(l)["errno"] for l in run(c).lines]
    assert found == [errno.EPERM, errno.EPERM]


@needs_rules
@pytest.mark.parametrize("access", ["r", "w", "rw", "rwm"])
def test_listed_device_is_allowed(try_open, access):
    assert try_open(DENY, {"allow": True, **FUSE_RULE, "access": access}) == access.removesuffix("m")


@needs_rules
@pytest.mark.parametrize("near", [{"type": "b"}, {"major": 11}, {"minor": 230}], ids=str)
def test_other_devices_are_not(try_open, near):
    assert try_open(DENY, {"allow": True, **FUSE_RULE, "access": "rw", **near}) == ""


@needs_rules
def test_device_that_is_only_listed_to_be_made(try_open):
    """linux.devices makes the node; it allows nothing."""
    assert try_open(DENY) == ""


@needs_rules
@pytest.mark.parametrize("rule", [{"type": "c", "major": 10}, {"type": "c"}, {"type": "a"}, {}])
def test_wildcards(try_open, rule):
    assert try_open(DENY, {"allow": True, **rule, "access": "rwm"}) == "rw"
    assert try_open(DENY, {"allow": True, **rule, "type": "b", "access": "rwm"}) == ""


@pytest.mark.root("only the host's root may set device rules")
@needs_rules
def test_allowed_then_denied(bundle, run, rt):
    """Later rules win. v1 cannot deny a part of a wildcard: there an error says so."""
    rules = [DENY, {"allow": True, "type": "c", "major": 10, "access": "rwm"}, {"allow": False, **FUSE_RULE, "access": "w"}]
    r = run(bundle(args=["sh", "-c", "probe open /dev/fuse r; probe open /dev/fuse w"], linux={"devices": [FUSE]}, resources={"devices": rules}))
    if r.returncode and cgroups.v1_mount("devices"):
        rt.fails(r, "linux.resources.devices[2]", anyone=["v1"])
    else:
        assert [json.loads(l)["errno"] for l in r.lines] == [0, errno.EPERM], str(r)


@needs_rules
def test_allowed_twice_denied_once(try_open):
    assert try_open(DENY, {"allow": True, **FUSE_RULE, "access": "rw"}, {"allow": False, **FUSE_RULE, "access": "w"}) == "r"


@needs_rules
def test_allow_all(try_open):
    assert try_open({"allow": True, "access": "rwm"}) == "rw"


@needs_rules
def test_no_rules(bundle, run):
    """Without resources the default devices work."""
    r = run(bundle(args=["sh", "-c", "echo x > /dev/null && head -c1 /dev/zero | wc -c"], linux={"resources": None}))
    assert (r.returncode, r.stdout) == (0, "1\n"), str(r)


@needs_rules
@pytest.mark.parametrize("rule", [{"allow": True, "type": "q", "access": "rwm"}, {"allow": True, "type": "c", "access": "xyz"}])
def test_bad_rules(bundle, run, rt, rule):
    if rule["access"] == "xyz" and not rt.ours:
        pytest.skip("a peer takes what it knows of the letters")
    rt.fails(run(bundle(args=["true"], resources={"devices": [DENY, rule]})), "linux.resources.devices[1]")


@pytest.mark.ours
@pytest.mark.parametrize("device, text", [
    ({"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 3}, "the host's of this name, which could be bound, is c 1:11"),
    ({"path": "/dev/kmsg", "type": "b", "major": 1, "minor": 11}, "the host's of this name, which could be bound, is c 1:11"),
    ({"path": "/dev/no-such", "type": "c", "major": 1, "minor": 3}, "no device can be made here (that takes CAP_MKNOD outside of user namespaces), and the host has none of this name")])
def test_another_device_is_not_bound(bundle, run, rt, device, text):
    """In a user namespace it is the host's that is shown: the one that is asked for, or none."""
    c = bundle(args=["true"], namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), linux={**user_mappings(), "devices": [device]})
    rt.fails(run(c), f'linux.devices[0] "{device["path"]}": ', text)

# SPDX-License-Identifier: GPL-2.0-or-later
"""mounts, root, maskedPaths, readonlyPaths: what a container sees of file systems."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from lib import user
from lib.bundle import DEFAULT_NAMESPACES, bind, caps, namespaces, tmpfs, user_mappings
from lib.runtime import call
from lib.user import as_root


class Mount:
    """A row of /proc/self/mountinfo"""

    def __init__(self, line):
        left, right = line.split(" - ")
        f = left.split(" ")
        self.root, self.target, self.options, self.tags = f[3], f[4], set(f[5].split(",")), f[6:]
        self.type, self.source, sb = right.split(" ")
        self.super = set(sb.split(","))

    def __repr__(self):
        return f"<{self.type} {self.source} on {self.target} {self.options} {self.super}>"


def table(facts):
    """The mounts of a probe's answer; of two on one target the upper one."""
    return {m.target: m for m in map(Mount, facts["mountinfo"].splitlines())}


@pytest.fixture
def mounts(probe):
    return lambda **changes: table(probe(**changes))


def test_default(mounts):
    t = mounts()
    assert t["/"].options >= {"ro"}
    assert t["/proc"].type == "proc" and "rw" in t["/proc"].options
    assert t["/dev"].type == "tmpfs" and t["/dev"].options >= {"rw", "nosuid"} and t["/dev"].super >= {"size=65536k", "mode=755"}
    assert t["/dev/pts"].type == "devpts" and t["/dev/pts"].options >= {"nosuid", "noexec"}
    assert t["/dev/pts"].super >= {f"gid={user.outside(5)}", "mode=620", "ptmxmode=666"}
    assert t["/dev/shm"].type == "tmpfs" and t["/dev/shm"].options >= {"nosuid", "noexec", "nodev"}
    assert t["/dev/mqueue"].type == "mqueue" and t["/dev/mqueue"].options >= {"nosuid", "noexec", "nodev"}
    assert t["/sys"].type == "sysfs" and t["/sys"].options >= {"ro", "nosuid", "noexec", "nodev"}


def test_nothing_else(mounts):
    """No mount of the host and none of the runtime's own is left."""
    t = mounts()
    known = {"/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"}
    if user.ACTIVE:  # he cannot make them
        known |= {f"/dev/{n}" for n in ("null", "zero", "full", "random", "urandom", "tty")}
    masked = ("/proc/", "/sys/firmware", "/sys/fs/cgroup")
    assert [m for m in t if m not in known and not m.startswith(masked)] == []


def test_no_propagation_by_default(mounts):
    assert not [m for m in mounts().values() if any(t.startswith("shared") for t in m.tags)]


@pytest.mark.parametrize("mode", ["slave", "rslave", "private", "rprivate"])
def test_root_propagation(mounts, mode):
    assert not [t for t in mounts(linux={"rootfsPropagation": mode})["/"].tags if not t.startswith("master")]


@pytest.mark.differs(runc="applies it before the root is bound, so that it is lost")
@pytest.mark.parametrize("mode, tag", [("shared", "shared:"), ("rshared", "shared:"), ("unbindable", "unbindable"), ("runbindable", "unbindable")])
def test_root_propagation_towards_others(mounts, mode, tag):
    tags = mounts(linux={"rootfsPropagation": mode})["/"].tags
    assert [t for t in tags if t.startswith(tag)], tags


def test_root_propagation_bad(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], linux={"rootfsPropagation": "sideways"})), "linux.rootfsPropagation", "sideways")


@pytest.mark.parametrize("options, flags", [
    (["ro"], {"ro"}), (["rw"], {"rw"}), (["nosuid"], {"nosuid"}), (["nodev"], {"nodev"}), (["noexec"], {"noexec"}),
    (["noatime"], {"noatime"}), (["nodiratime"], {"nodiratime"}), (["relatime"], {"relatime"}), (["ro", "rw"], {"rw"}),
    (["nosuid", "nodev", "noexec", "ro"], {"nosuid", "nodev", "noexec", "ro"}), (["nosuid", "suid"], set()),
    (["noexec", "exec", "nodev", "dev"], set())])
def test_flags(mounts, options, flags):
    m = mounts(mounts=[tmpfs("/mnt", *options)])["/mnt"]
    assert m.options >= flags
    for off in {"nosuid", "nodev", "noexec", "ro"} - flags:
        assert off not in m.options


@pytest.mark.differs(runc="1.3.6 passes it to the file system")
def test_defaults(mounts):
    assert "rw" in mounts(mounts=[tmpfs("/mnt", "defaults")])["/mnt"].options


@pytest.mark.parametrize("options", [["sync"], ["dirsync"]])
def test_super_block_flags(mounts, options):
    assert mounts(mounts=[tmpfs("/mnt", *options)])["/mnt"].super >= set(options)


@pytest.mark.parametrize("options, want", [(["strictatime"], set()), (["noatime"], {"noatime"}), (["relatime"], {"relatime"}), (["noatime", "atime"], {"relatime"}),
                                           (["noatime", "strictatime"], set()), (["strictatime", "relatime"], {"relatime"}),
                                           (["strictatime", "nostrictatime"], {"relatime"})], ids=",".join)
def test_atime(mounts, options, want):
    assert {"noatime", "relatime"} & mounts(mounts=[tmpfs("/mnt", *options)])["/mnt"].options == want


@pytest.mark.differs(runc="1.1.5 passes it to the file system")
def test_nosymfollow(mounts):
    assert "nosymfollow" in mounts(mounts=[tmpfs("/mnt", "nosymfollow")])["/mnt"].options


@pytest.mark.parametrize("data", ["size=1m", "size=1048576", "nr_inodes=77", "mode=1750", "uid=5", "gid=6"])
def test_tmpfs_data(mounts, data):
    m = mounts(mounts=[tmpfs("/mnt", data)])["/mnt"]
    want = {"size=1m": "size=1024k", "size=1048576": "size=1024k", "uid=5": f"uid={user.outside(5)}", "gid=6": f"gid={user.outside(6)}"}.get(data, data)
    assert want in m.super, m


def test_unknown_option_goes_to_the_file_system(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], mounts=[tmpfs("/mnt", "no-such-option=1")])), 'mounts[7] "/mnt"')


def test_unknown_type(bundle, run, rt):
    m = {"destination": "/mnt", "type": "no-such-fs", "source": "none"}
    rt.fails(run(bundle(args=["true"], mounts=[m])), 'mounts[7] "/mnt"', anyone=["no such device"])


def test_root_is_covered_first(bundle, run, here):
    """What follows goes into what was mounted there, and so do the default devices."""
    c = bundle(args=["sh", "-c", "cat /within/proof; test -c /dev/null && ls -d /proc/1"], copy=True)
    (c.rootfs / "within").mkdir()
    source = here.dir / "covering"
    source.mkdir()
    (source / "proof").write_text("covered\n")
    c.config["mounts"] = [bind(c.rootfs, "/", recursive=True), bind(source, "/within"), *c.config["mounts"]]
    assert run(c.write()).stdout == "covered\n/proc/1\n"


def test_in_order(sh):
    """A later mount covers, and a target inside an earlier mount is made there."""
    out = sh("cat /mnt/inner/file; ls /mnt", mounts=[tmpfs("/mnt"), tmpfs("/mnt/inner"), bind("/etc/hostname", "/mnt/inner/file")])
    assert out == Path("/etc/hostname").read_text() + "inner\n"


def test_same_target_twice(sh, here):
    for n in ("a", "b"):
        (here.dir / n).mkdir()
        (here.dir / n / "file").write_text(n)
    assert sh("cat /mnt/file", mounts=[bind(here.dir / "a", "/mnt"), bind(here.dir / "b", "/mnt")]) == "b"


# bind mounts

@pytest.fixture
def volume(here):
    v = here.dir / "volume"
    v.mkdir()
    (v / "file").write_text("from the host\n")
    v.chmod(0o777)
    return v


def test_bind_directory(sh, volume):
    assert sh("cat /mnt/file; echo written > /mnt/new", mounts=[bind(volume, "/mnt")]) == "from the host\n"
    assert (volume / "new").read_text() == "written\n"


def test_bind_read_only(sh, volume, mounts):
    out = sh("cat /mnt/file; touch /mnt/new 2>&1 || true", mounts=[bind(volume, "/mnt", "ro")])
    assert "Read-only" in out and not (volume / "new").exists()
    # and the host's own mount is not made read-only
    (volume / "still").touch()


def test_bind_flags(mounts, volume):
    assert mounts(mounts=[bind(volume, "/mnt", "ro", "nosuid", "nodev", "noexec")])["/mnt"].options >= {"ro", "nosuid", "nodev", "noexec"}


def test_bind_file(sh, volume):
    c = dict(copy=True, mounts=[bind(volume / "file", "/etc/hostname")])
    assert sh("cat /etc/hostname", **c) == "from the host\n"


def test_bind_file_read_only(sh, volume):
    out = sh("cat /etc/hostname; echo x > /etc/hostname || echo refused", copy=True, mounts=[bind(volume / "file", "/etc/hostname", "ro")],
             how={"stderr": subprocess.DEVNULL})
    assert out == "from the host\nrefused\n"


@pytest.mark.parametrize("target", ["/new-dir", "/a/b/c/d", "/etc/../new2", "/mnt//x/"])
def test_target_directory_is_made(bundle, run, volume, target):
    c = bundle(args=["cat", f"{target}/file"], copy=True, mounts=[bind(volume, target)])
    r = run(c)
    assert r.stdout == "from the host\n", str(r)
    d = c.rootfs / os.path.normpath(target).lstrip("/")
    assert d.is_dir() and stat.S_IMODE(d.stat().st_mode) == 0o755 and d.stat().st_uid == user.outside(0)


@pytest.mark.parametrize("target", ["/new-file", "/a/b/c/new-file"])
def test_target_file_is_made(bundle, run, volume, target):
    c = bundle(args=["cat", target], copy=True, mounts=[bind(volume / "file", target)])
    r = run(c)
    assert r.stdout == "from the host\n", str(r)
    f = c.rootfs / target.lstrip("/")
    assert f.is_file() and f.stat().st_size == 0 and stat.S_IMODE(f.stat().st_mode) & 0o022 == 0


def test_target_of_the_wrong_kind(bundle, run, rt, volume):
    rt.fails(run(bundle(args=["true"], copy=True, mounts=[bind(volume, "/etc/hostname")])), 'mounts[7] "/etc/hostname"', anyone=["not a directory"])
    rt.fails(run(bundle(args=["true"], copy=True, mounts=[bind(volume / "file", "/etc")])), 'mounts[7] "/etc"')


def test_missing_source(bundle, run, rt):
    r = run(bundle(args=["true"], mounts=[bind("/no/such/source", "/mnt")]))
    rt.fails(r, 'mounts[7] "/mnt": source "/no/such/source" does not exist', anyone=["/no/such/source"])
    if rt.ours:  # engines would take it for a missing command
        assert "no such file" not in r.stderr.lower()


def test_relative_source(bundle, run):
    """Relative to the bundle."""
    c = bundle(args=["cat", "/mnt/file"], mounts=[bind("data", "/mnt")])
    (c.path / "data").mkdir()
    (c.path / "data/file").write_text("beside config.json\n")
    r = run(c)
    assert r.stdout == "beside config.json\n", str(r)


def test_relative_target(bundle, run, rt, volume):
    """The specification says absolute; callers of old send the other, too."""
    r = run(bundle(args=["cat", "/mnt/file"], mounts=[bind(volume, "mnt")]))
    if r.returncode:
        rt.fails(r, "mounts[7]", "absolute")
    else:
        assert r.stdout == "from the host\n"


def test_source_is_a_symlink(sh, volume, here):
    (here.dir / "link").symlink_to(volume)
    assert sh("cat /mnt/file", mounts=[bind(here.dir / "link", "/mnt")]) == "from the host\n"


@pytest.mark.root("the kernel refuses a bind that would uncover what root has mounted over")
def test_bind_is_not_recursive_and_rbind_is(sh, volume, here):
    (volume / "sub").mkdir()
    as_root(["mount", "-t", "tmpfs", "inner", volume / "sub"], check=True)
    try:
        (volume / "sub/deep").write_text("deep")
        assert sh("ls /mnt/sub", mounts=[bind(volume, "/mnt")]) == ""
        assert sh("ls /mnt/sub", mounts=[bind(volume, "/mnt", recursive=True)]) == "deep\n"
        # ro of an rbind is the top's alone, and rro the whole tree's
        script = "touch /mnt/x 2>/dev/null || echo top; touch /mnt/sub/x 2>/dev/null || echo sub"
        assert sh(script, mounts=[bind(volume, "/mnt", "ro", recursive=True)]) == "top\n"
    finally:
        as_root(["umount", volume / "sub"], check=True)


def test_recursive_read_only(sh, volume):
    (volume / "sub").mkdir()
    as_root(["mount", "-t", "tmpfs", "inner", volume / "sub"], check=True)
    try:
        script = "touch /mnt/x 2>/dev/null || echo top; touch /mnt/sub/x 2>/dev/null || echo sub"
        assert sh(script, mounts=[bind(volume, "/mnt", "rro", recursive=True)]) == "top\nsub\n"
        (volume / "sub/writable-for-the-host").touch()
    finally:
        as_root(["umount", volume / "sub"], check=True)


PROPAGATED = {"private": set(), "slave": {"master"}, "shared": {"shared", "master"}, "unbindable": {"unbindable"}}


@pytest.mark.parametrize("recursive", ["", "r"])
@pytest.mark.parametrize("mode", PROPAGATED)
def test_propagation_of_a_mount(mounts, shared, mode, recursive):
    """Of a mount that the host has shared: what comes in is another's slave, and what goes out a peer group's."""
    as_root(["mount", "-t", "tmpfs", "below", shared / "a"], check=True)
    table = mounts(mounts=[bind(shared, "/mnt", recursive + mode, recursive=True)])
    want = PROPAGATED[mode]
    if mode == "shared" and not want & {t.split(":")[0] for t in table["/mnt"].tags}:
        want = {"shared"}
    assert {t.split(":")[0] for t in table["/mnt"].tags} == want
    below = {t.split(":")[0] for t in table["/mnt/a"].tags}
    assert (below == want) == (bool(recursive) or mode == "slave"), below  # the copy of a tree is its slave already


@pytest.mark.ours
def test_the_last_propagation_counts(mounts, shared):
    """A slave is what a volume is by itself."""
    assert {t.split(":")[0] for t in mounts(mounts=[bind(shared, "/mnt", "private", "slave")])["/mnt"].tags} == {"master"}


def test_slave_receives(running, rt, here):
    """A mount of the host's under an rslave volume comes in."""
    shared = here.dir / "shared"
    shared.mkdir()
    as_root(["mount", "-t", "tmpfs", "outer", shared], check=True)
    as_root(["mount", "--make-shared", shared], check=True)
    (shared / "sub").mkdir()
    try:
        c = running(["sh", "-c", "until [ -e /mnt/sub/seen ]; do sleep 0.02; done; echo seen; sleep 1000"],
                    mounts=[bind(shared, "/mnt", "rslave", recursive=True)], linux={"rootfsPropagation": "rslave"})
        as_root(["mount", "-t", "tmpfs", "inner", shared / "sub"], check=True)
        (shared / "sub/seen").touch()
        rt.wait_output(c, "seen")
        rt.delete(c, "--force")
    finally:
        as_root(["umount", shared / "sub"], check=False)
        as_root(["umount", shared], check=True)


# rootfsPropagation and the option of a mount, as runc 1.1.5 has it: seen in the container what the host mounts on the
# volume after the start; seen on the host what the container mounts there
PROPAGATION = [(root, option, root not in ("private", "rprivate", "runbindable") and option != "rprivate",
                root in ("shared", "rshared") and option in (None, "rshared"))
               for root in (None, "private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable", "runbindable")
               for option in (None, "rprivate", "rslave", "rshared")]


@pytest.fixture
def shared(here):
    """A shared mount of the host with directories a and b."""
    d = here.dir / "shared"
    d.mkdir()
    as_root(["mount", "-t", "tmpfs", "outer", d], check=True)
    as_root(["mount", "--make-shared", d], check=True)
    user.chown(d, 0, 0)
    (d / "a").mkdir()
    (d / "b").mkdir()
    yield d
    for sub in ("a", "b"):
        while os.path.ismount(d / sub):
            as_root(["umount", d / sub], check=True)
    as_root(["umount", "-l", d], check=True)


@pytest.mark.ours
@pytest.mark.parametrize("root, option, comes_in, goes_out", PROPAGATION)
def test_mounts_after_the_start(running, rt, shared, root, option, comes_in, goes_out):
    c = running(["sh", "-c", "mount -t tmpfs in /mnt/a && echo mounted; exec sleep 1000"], linux={"rootfsPropagation": root},
                mounts=[bind(shared, "/mnt", *([option] if option else []), recursive=True)],
                process={"capabilities": caps("SYS_ADMIN"), "noNewPrivileges": False})
    rt.wait_output(c, "mounted")
    as_root(["mount", "-t", "tmpfs", "late", shared / "b"], check=True)
    inside = Path(f"/proc/{rt.pid(c)}/mountinfo").read_text()
    assert (" /mnt/b " in inside) == comes_in
    assert os.path.ismount(shared / "a") == (goes_out and not user.ACTIVE)  # a user namespace receives only
    assert " /mnt/a " in inside
    rt.delete(c, "--force")


@pytest.mark.ours
@pytest.mark.parametrize("root, comes_in", [(None, True), ("private", False), ("rprivate", False), ("slave", True), ("rslave", True),
                                            ("shared", True), ("rshared", True), ("unbindable", False), ("runbindable", False)])
def test_mounts_in_the_root_after_the_start(running, rt, here, shared, root, comes_in):
    """On the root file system itself; what the container mounts there never gets out."""
    def move_root(d):
        subprocess.run(["cp", "-a", d["root"]["path"], shared / "root"], check=True)
        d["root"]["path"] = str(shared / "root")

    c = running(["sh", "-c", "mount -t tmpfs in /mnt && echo mounted; exec sleep 1000"], copy=True, linux={"rootfsPropagation": root},
                edit=move_root, process={"capabilities": caps("SYS_ADMIN"), "noNewPrivileges": False})
    rt.wait_output(c, "mounted")
    as_root(["mount", "-t", "tmpfs", "late", shared / "root/home"], check=True)
    try:
        assert (" /home " in Path(f"/proc/{rt.pid(c)}/mountinfo").read_text()) == comes_in
        assert not os.path.ismount(shared / "root/mnt") and not os.path.ismount(shared / "root/proc")
        rt.delete(c, "--force")
    finally:
        as_root(["umount", shared / "root/home"], check=True)


@pytest.mark.ours
def test_nothing_gets_out_of_a_user_namespace(running, rt, shared):
    c = running(["sh", "-c", "mount -t tmpfs in /mnt/a && echo mounted; exec sleep 1000"], copy=True, linux={"rootfsPropagation": "rshared"} | user_mappings(),
                mounts=[bind(shared, "/mnt", "rshared", recursive=True)], namespaces=namespaces(*DEFAULT_NAMESPACES, "user"),
                process={"capabilities": caps("SYS_ADMIN"), "noNewPrivileges": False})
    rt.wait_output(c, "mounted")
    assert not os.path.ismount(shared / "a")
    rt.delete(c, "--force")


# overlay

@pytest.fixture
def layers(here):
    """On a tmpfs: the file system of the tests may be an overlay itself."""
    d = here.dir / "layers"
    d.mkdir()
    as_root(["mount", "-t", "tmpfs", "layers", d], check=True)
    user.chown(d, 0, 0)
    for n in ("lower1", "lower2", "upper", "work"):
        (d / n).mkdir(mode=0o777)
        (d / n).chmod(0o777)
    (d / "lower1/a").write_text("one\n")
    (d / "lower2/a").write_text("two\n")
    (d / "lower2/b").write_text("two\n")
    yield d
    as_root(["umount", "-l", d], check=True)


def overlay(d, *options, lower="lower1:lower2"):
    dirs = ":".join(str(d / l) for l in lower.split(":"))
    return {"destination": "/mnt", "type": "overlay", "source": "overlay", "options": [f"lowerdir={dirs}", *options]}


def test_overlay(sh, layers):
    upper = [f"upperdir={layers}/upper", f"workdir={layers}/work"]
    assert sh("cat /mnt/a /mnt/b; echo new > /mnt/a; cat /mnt/a", mounts=[overlay(layers, *upper)]) == "one\ntwo\nnew\n"
    assert (layers / "upper/a").read_text() == "new\n" and (layers / "lower1/a").read_text() == "one\n"


def test_overlay_without_an_upper_directory(sh, layers):
    assert sh("cat /mnt/a; touch /mnt/x 2>/dev/null || echo refused", mounts=[overlay(layers)]) == "one\nrefused\n"


@pytest.mark.ours
def test_overlay_of_many_layers(sh, layers):
    """Options longer than the 255 bytes that fsconfig takes."""
    names = [f"layer-{i:03}-{'x' * 40}" for i in range(12)]
    for n in names:
        (layers / n).mkdir()
        (layers / n / n).write_text("")
    assert sh("ls /mnt | wc -l", mounts=[overlay(layers, "ro", lower=":".join(names))]).split() == ["12"]


@pytest.mark.ours
def test_overlay_in_a_user_namespace(bundle, run, layers):
    """Made by the container's root, whose directories these are."""
    for n in ("lower1", "lower2", "upper", "work"):
        with user.root():
            os.chown(layers / n, 100000, 100000)
    c = bundle(args=["sh", "-c", "cat /mnt/a; echo new > /mnt/c; stat -c %u /mnt/c"], copy=True, linux=user_mappings(),
               namespaces=namespaces(*DEFAULT_NAMESPACES, "user"), mounts=[overlay(layers, f"upperdir={layers}/upper", f"workdir={layers}/work", "userxattr")])
    r = run(c)
    assert r.stdout == "one\n0\n", str(r)
    assert (layers / "upper/c").stat().st_uid == 100000


@pytest.mark.ours
@pytest.mark.parametrize("options, words", [(["lowerdir=/no/such"], ("mounts[7]", "/mnt")), (["nonsense=1"], ("mounts[7]", "nonsense")),
                                            ([f"lowerdir=/etc{'/../etc' * 40}:/usr", "nonsense=1"], ('mounts[7] "/mnt"', "nonsense"))])
def test_overlay_refused(bundle, run, rt, options, words):
    rt.fails(run(bundle(args=["true"], mounts=[{"destination": "/mnt", "type": "overlay", "source": "overlay", "options": options}])), *words)


@pytest.mark.differs(runc="makes the source's flags vanish or not by its own rules")
def test_bind_keeps_the_flags_of_its_source(mounts, here):
    d = here.dir / "flagged"
    d.mkdir()
    as_root(["mount", "-t", "tmpfs", "-o", "nosuid,nodev,noexec", "x", d], check=True)
    try:
        assert mounts(mounts=[bind(d, "/mnt")])["/mnt"].options >= {"nosuid", "nodev", "noexec"}
    finally:
        as_root(["umount", d], check=True)


def test_remount(mounts, here, volume):
    """Of what an earlier entry has mounted; alone, and with its whole tree."""
    m = mounts(mounts=[bind(volume, "/mnt"), {"destination": "/mnt", "type": "none", "source": "none", "options": ["remount", "bind", "ro", "nosuid", "nodev"]}])["/mnt"]
    assert m.options >= {"ro", "nosuid", "nodev"}


# flags of a mount that another user namespace has locked

OPTIONS = {"bind": [], "ro": ["ro"], "nosuid": ["nosuid"], "rw": ["rw"], "suid": ["suid"], "dev": ["dev"], "exec": ["exec"], "rrw": ["rrw"], "rsuid": ["rsuid"]}


@pytest.mark.ours
@pytest.mark.parametrize("face", ["crun", "runc"])
@pytest.mark.parametrize("option", OPTIONS)
def test_locked_flags(bundle, rt, here, program, option, face):
    """Kept, also where runc resets what is not listed; to clear one by its name is refused by its name."""
    d, link = here.dir / "flagged", here.dir / face
    d.mkdir()
    link.symlink_to(program.path)
    here.dir.chmod(0o755)
    c = bundle(args=["cat", "/proc/self/mountinfo"], copy=True, cgroup=False, resources={"devices": None}, namespaces=namespaces("mount", "pid", "ipc", "uts"),
               edit=lambda c: c.update(mounts=[m for m in c["mounts"] if m["destination"] in ("/proc", "/mnt")]),
               mounts=[bind(d, "/mnt", *OPTIONS[option])], process={"rlimits": []}, linux={"maskedPaths": [], "readonlyPaths": []})
    script = f'mount -t tmpfs -o nosuid,nodev,noexec,ro x {d} && exec unshare --user --map-root-user --mount "$@"'
    outer = ["--user", "--map-root-user"] if user.ACTIVE else []
    r = rt._remember(c, None) and call(["unshare", *outer, "--mount", "sh", "-c", script, "sh", link, "--root", here.state, "--cgroup-manager", "disabled",
                                        "run", "--bundle", c.path, c.id])
    if option in ("bind", "ro", "nosuid"):
        line, = [l for l in r.stdout.splitlines() if " /mnt " in l]
        assert Mount(line).options >= {"ro", "nosuid", "nodev", "noexec"}, str(r)
    else:
        flag = {"rw": "ro", "rrw": "ro", "suid": "nosuid", "rsuid": "nosuid", "dev": "nodev", "exec": "noexec"}[option]
        assert r.returncode == 1 and "/mnt" in r.stderr and f"mounted {flag} by another user namespace" in r.stderr, str(r)


def test_bind_of_a_device(sh):
    assert sh("head -c 3 /dev/my-zero | od -An -tx1", mounts=[bind("/dev/zero", "/dev/my-zero")]).split() == ["00"] * 3


def test_bind_of_a_socket(sh, here):
    import socket
    s = socket.socket(socket.AF_UNIX)
    with s:
        s.bind(str(here.dir / "socket"))
        assert sh("test -S /tmp/socket && echo yes", copy=True, mounts=[bind(here.dir / "socket", "/tmp/socket")]) == "yes\n"


@pytest.mark.root("a source that only root can reach")
def test_bind_with_a_user_namespace(sh, here):
    """A source that only the host's root can reach."""
    d = here.dir / "closed"
    d.mkdir(mode=0o700)
    (d / "open").mkdir()
    (d / "open/file").write_text("reached\n")
    assert sh("cat /mnt/file", mounts=[bind(d / "open", "/mnt")], namespaces=namespaces(*DEFAULT_NAMESPACES, "user"),
              linux=user_mappings()) == "reached\n"


def test_many_mounts(sh, volume):
    n = 200
    out = sh("ls /mnt | wc -l; cat /mnt/199/file", mounts=[tmpfs("/mnt"), *(bind(volume, f"/mnt/{i}") for i in range(n))])
    assert out == f"{n}\nfrom the host\n"


def test_long_target(sh, volume):
    target = "/mnt/" + "/".join(["d" * 200] * 15)
    assert sh(f"cat {target}/file", mounts=[tmpfs("/mnt"), bind(volume, target)]) == "from the host\n"


# Whatever the image says, a target is inside the root.

def test_absolute_symlink_stays_inside(bundle, run, here, volume):
    outside = here.dir / "outside"
    outside.mkdir()
    c = bundle(args=["sh", "-c", f"cat {outside}/file"], copy=True, mounts=[bind(volume, "/link")])
    (c.rootfs / "link").symlink_to(outside)
    r = run(c)
    assert r.stdout == "from the host\n", str(r)
    assert list(outside.iterdir()) == []
    assert (c.rootfs / str(outside).lstrip("/")).is_dir()


@pytest.mark.parametrize("link", ["/", "..", "../../../../../../../../..", "/proc/1/root", "/proc/self/cwd/.."])
def test_symlink_to_the_hosts_root(bundle, run, rt, here, volume, link):
    """SECURITY-CASES.md 3: nothing appears outside."""
    name = f"escaped-{here.tag}"
    c = bundle(args=["true"], copy=True, mounts=[bind(volume, f"/link/{name}/sub"), bind(volume / "file", f"/link/{name}-file")])
    (c.rootfs / "link").symlink_to(link)
    r = run(c)
    for place in (Path("/"), c.path, here.dir, c.rootfs.parent, Path.cwd()):
        assert not [p for p in os.listdir(place) if name in p], f"{place}\n{r}"
    if link in ("/", "..", "../../../../../../../../.."):
        assert r.returncode == 0 and (c.rootfs / name / "sub").is_dir(), str(r)


def test_dots_in_the_target(bundle, run, here, volume):
    name = f"escaped-{here.tag}"
    c = bundle(args=["cat", f"/{name}/file"], copy=True, mounts=[bind(volume, f"/../../../{name}")])
    assert run(c).stdout == "from the host\n"
    assert not os.path.exists(f"/{name}") and (c.rootfs / name).is_dir()


def test_dangling_symlink_as_a_target(bundle, run, volume):
    c = bundle(args=["cat", "/not/yet/file"], copy=True, mounts=[bind(volume, "/link")])
    (c.rootfs / "link").symlink_to("/not/yet")
    assert run(c).stdout == "from the host\n"


def test_symlink_loop_as_a_target(bundle, run, rt, volume):
    c = bundle(args=["true"], copy=True, mounts=[bind(volume, "/a/x")])
    (c.rootfs / "a").symlink_to("b")
    (c.rootfs / "b").symlink_to("a")
    rt.fails(run(c), 'mounts[7] "/a/x"')


@pytest.mark.parametrize("where", ["proc", "sys"])
def test_proc_is_a_symlink(bundle, run, rt, here, where):
    """SECURITY-CASES.md 2"""
    c = bundle(args=["true"], copy=True)
    d = c.rootfs / where
    subprocess.run(["rm", "-r", d], check=True)
    d.symlink_to("/tmp")
    rt.fails(run(c), "must be mounted on ordinary directory", f"/{where}", anyone=["must be mounted on ordinary directory"])


@pytest.mark.ours
def test_proc_covered_by_a_volume(bundle, run, rt, volume):
    """Writes that the runtime makes to procfs must not land in a volume (labels, sysctl, setgroups)."""
    for d in ("sys/net/ipv4", "self/attr", "thread-self/attr"):
        (volume / d).mkdir(parents=True)
    (volume / "sys/net/ipv4/ip_forward").write_text("untouched")
    (volume / "self/attr/exec").write_text("untouched")
    c = bundle(args=["true"], mounts=[bind(volume, "/proc")], linux={"sysctl": {"net.ipv4.ip_forward": "1"}})
    r = run(c)
    assert (volume / "sys/net/ipv4/ip_forward").read_text() == "untouched"
    rt.fails(r, 'mounts[7] "/proc": only a procfs can be mounted on /proc')


@pytest.mark.ours
@pytest.mark.parametrize("destination", ["/proc/sys/kernel", "/proc/self/attr", "proc/self/attr/exec", "/tmp/../proc//1", "/proc/cpuinfo/..//sys"])
@pytest.mark.parametrize("what", ["tmpfs", "bind"])
def test_mount_inside_proc(bundle, run, rt, volume, destination, what):
    m = bind(volume, destination) if what == "bind" else tmpfs(destination)
    rt.fails(run(bundle(args=["true"], mounts=[m])), 'mounts[7] "/', "cannot be mounted because it is inside /proc")


@pytest.mark.ours
@pytest.mark.parametrize("destination", ["/proc", "proc", "/proc/", "//proc/."])
def test_something_else_on_proc(bundle, run, rt, destination):
    rt.fails(run(bundle(args=["true"], mounts=[tmpfs(destination)])), "mounts[7]", 'expected type "proc", found "tmpfs"')


@pytest.mark.ours
@pytest.mark.parametrize("link", ["/proc/sys/kernel", "proc/1/attr", "/proc", "/proc/cpuinfo"])
@pytest.mark.parametrize("what", ["tmpfs", "bind", "file"])
def test_link_of_the_image_into_proc(bundle, run, rt, volume, link, what):
    """The destination says nothing of /proc; what it leads to does."""
    (volume / "file").write_text("x")
    m = {"tmpfs": tmpfs("/data"), "bind": bind(volume, "/data"), "file": bind(volume / "file", "/data")}[what]
    c = bundle(args=["true"], copy=True, mounts=[m])
    (c.rootfs / "data").symlink_to(link)
    r = run(c)
    if (link == "/proc/cpuinfo") == (what == "file"):
        rt.fails(r, 'mounts[7] "/data": cannot be mounted because it is inside /proc')
    else:
        rt.fails(r, 'mounts[7] "/data"')


@pytest.mark.ours
@pytest.mark.parametrize("where", ["proc", "sys"])
def test_bind_on_a_link_in_place_of_proc_or_sys(bundle, run, rt, where):
    c = bundle(args=["true"], copy=True, edit=lambda c: c.update(mounts=[bind(f"/{where}", f"/{where}", recursive=True)]))
    (c.rootfs / where / "fs/cgroup").exists() and (c.rootfs / where / "fs/cgroup").rmdir()
    (c.rootfs / where / "fs").exists() and (c.rootfs / where / "fs").rmdir()
    (c.rootfs / where).rmdir()
    (c.rootfs / where).symlink_to("/tmp")
    rt.fails(run(c), f'mounts[0] "/{where}": must be mounted on ordinary directory')


def test_procfs_of_the_host_on_proc(bundle, run):
    """As podman does without a pid namespace."""
    c = bundle(args=["readlink", "/proc/self"], namespaces=namespaces(*(n for n in DEFAULT_NAMESPACES if n != "pid")),
               edit=lambda c: c["mounts"].__setitem__(0, bind("/proc", "/proc", recursive=True)))
    r = run(c)
    assert r.returncode == 0 and r.stdout.strip().isdigit(), str(r)


def test_proc_sub_directory_covered(bundle, run, volume):
    """lxcfs and the like: files below /proc may be covered, and only these are allowed by runc."""
    (volume / "uptime").write_text("1.00 1.00\n")
    r = run(bundle(args=["cat", "/proc/uptime"], mounts=[bind(volume / "uptime", "/proc/uptime")]))
    assert r.stdout == "1.00 1.00\n", str(r)


# tmpfs

def test_tmpfs_takes_the_mode_of_its_mount_point(bundle, run):
    c = bundle(args=["stat", "-c", "%a", "/tmp", "/odd"], copy=True, mounts=[tmpfs("/tmp"), tmpfs("/odd")])
    (c.rootfs / "odd").mkdir()
    (c.rootfs / "odd").chmod(0o2750)
    assert run(c).stdout.split()[0] == "1777"
    if run.__self__.ours:
        assert run(c).stdout.split() == ["1777", "2750"]


@pytest.mark.differs(runc="1.1.5 takes the mode of the mount point even so")
def test_tmpfs_with_a_mode(sh):
    assert sh("stat -c %a /tmp", mounts=[tmpfs("/tmp", "mode=0711")]) == "711\n"


@pytest.mark.ours
def test_tmpfs_on_a_new_target(sh):
    assert sh("stat -c %a /brand/new /brand", copy=True, mounts=[tmpfs("/brand/new")]) == "1777\n755\n"


def test_tmpcopyup(bundle, run):
    c = bundle(args=["sh", "-ec", "cat /data/file; stat -c '%a %u %N' /data/file /data/sub /data/link; echo x > /data/new"], copy=True,
               process={"capabilities": caps("DAC_OVERRIDE")}, mounts=[tmpfs("/data", "tmpcopyup")])
    d = c.rootfs / "data"
    (d / "sub").mkdir(parents=True)
    (d / "file").write_text("kept\n")
    (d / "file").chmod(0o640)
    user.chown(d / "file", 12, 13)
    (d / "link").symlink_to("file")
    r = run(c)
    assert r.returncode == 0, str(r)
    assert r.lines[0] == "kept" and r.lines[1].startswith("640 12") and "link" in r.lines[3]
    assert not (d / "new").exists()


# the root

def test_root_read_only(sh):
    assert sh("touch /x 2>&1 || true", copy=True, root={"readonly": True}).rstrip().endswith("Read-only file system")


def test_root_writable(bundle, run):
    c = bundle(args=["touch", "/x"], copy=True)
    assert run(c).returncode == 0 and (c.rootfs / "x").exists()


def test_root_read_only_does_not_touch_the_hosts_mount(bundle, run):
    c = bundle(args=["true"], copy=True, root={"readonly": True})
    assert run(c).returncode == 0
    (c.rootfs / "still-writable").touch()


def test_root_missing(bundle, run, rt, here):
    r = run(bundle(args=["true"], root={"path": str(here.dir / "no-rootfs")}))
    rt.fails(r, "root.path", "does not exist", anyone=["no-rootfs"])


def test_root_is_a_file(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], root={"path": "/etc/passwd"})), "root", "/etc/passwd", anyone=["not a directory"])


def test_root_absent(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], edit=lambda c: c.pop("root"))), "root", anyone=["root"])


def test_no_way_out(sh):
    """.. at the top is the top, and the old root is gone."""
    assert sh("cat /../../../etc/hostname; ls / | tr '\\n' ' '").splitlines()[0] == "from-the-image"


@pytest.mark.parametrize("option", [[], ["--no-pivot"]])
def test_mounts_with_and_without_pivot(bundle, run, volume, option):
    c = bundle(args=["sh", "-c", "cat /mnt/file; cat /proc/self/mountinfo | wc -l; touch /x || echo ro"], mounts=[bind(volume, "/mnt")])
    r = run(c, *option, stderr=subprocess.DEVNULL)
    assert r.returncode == 0 and r.lines[0] == "from the host" and r.lines[-1] == "ro", str(r)


def test_no_pivot_cannot_be_left(bundle, run):
    c = bundle(args=["sh", "-c", "cd /; for i in 1 2 3 4 5 6 7 8; do cd ..; done; cat etc/hostname; ls -id / | cut -d' ' -f1"],
               process={"capabilities": caps("SYS_CHROOT", "SYS_ADMIN")})
    r = run(c, "--no-pivot")
    assert r.lines[0] == "from-the-image"


# masked and read-only paths

def test_masked_paths(bundle, run):
    c = bundle(args=["sh", "-c", "cat /proc/kcore | wc -c; cat /secret-file | wc -c; ls -A /secret-dir | wc -l; touch /secret-dir/x || echo ro"], copy=True,
               linux={"maskedPaths": ["/proc/kcore", "/secret-file", "/secret-dir", "/does/not/exist"]})
    (c.rootfs / "secret-file").write_text("secret")
    (c.rootfs / "secret-dir").mkdir()
    (c.rootfs / "secret-dir/file").write_text("secret")
    r = run(c, stderr=subprocess.DEVNULL)
    assert r.returncode == 0 and r.stdout.split() == ["0", "0", "0", "ro"], str(r)


def test_default_masked_paths(probe, sh):
    t = table(probe())
    for p in ("/proc/keys", "/proc/timer_list", "/proc/kcore"):
        if os.path.exists(p):
            assert p in t, p
    if os.path.exists("/sys/firmware"):
        assert "ro" in t["/sys/firmware"].options and sh("ls -A /sys/firmware") == ""


def test_read_only_paths(bundle, run):
    c = bundle(args=["sh", "-c", "for f in /dir/x /dir/sub/x /file; do echo y > $f && echo WRITTEN $f; done; cat /file"], copy=True,
               linux={"readonlyPaths": ["/dir", "/file", "/does/not/exist"]})
    (c.rootfs / "dir/sub").mkdir(parents=True)
    (c.rootfs / "file").write_text("old\n")
    r = run(c, stderr=subprocess.DEVNULL)
    assert r.stdout == "old\n", str(r)


def test_default_read_only_paths(sh):
    assert sh("echo 1 > /proc/sys/net/ipv4/ip_forward || echo refused", how={"stderr": subprocess.DEVNULL},
              process={"capabilities": caps("NET_ADMIN", "SYS_ADMIN")}) == "refused\n"


def test_read_only_paths_keep_flags(probe, mounts):
    t = mounts(edit=lambda c: c["mounts"][0].update(options=["nosuid", "noexec", "nodev"]))
    assert t["/proc/sys"].options >= {"ro", "nosuid", "noexec", "nodev"}


def test_masked_path_is_a_symlink(bundle, run, here):
    """It is followed inside the root or left alone, never outside."""
    (here.dir / "target").write_text("host\n")
    c = bundle(args=["cat", "/etc/hostname"], copy=True, linux={"maskedPaths": ["/link"], "readonlyPaths": ["/link2"]})
    (c.rootfs / "link").symlink_to(here.dir / "target")
    (c.rootfs / "link2").symlink_to("/../../../etc")
    r = run(c)
    assert r.stdout == "from-the-image\n", str(r)
    assert (here.dir / "target").read_text() == "host\n"
    (here.dir / "target").write_text("still writable\n")


def test_masked_with_a_forged_null(bundle, run, rt):
    """SECURITY-CASES.md 9: with no /dev of its own, what is bound over a path is not the image's idea of /dev/null."""
    c = bundle(args=["sh", "-c", "cat /secret"], copy=True, linux={"maskedPaths": ["/secret"]},
               edit=lambda c: c.update(mounts=[m for m in c["mounts"] if not m["destination"].startswith("/dev")]))
    (c.rootfs / "secret").write_text("secret\n")
    (c.rootfs / "dev/null").write_text("forged\n")
    r = run(c)
    if rt.ours:
        assert "secret" not in r.stdout and "forged" not in r.stdout, str(r)
    else:
        assert "secret" not in r.stdout, str(r)


# what the file systems are for

def test_shm(sh):
    assert sh("echo x > /dev/shm/f; cat /dev/shm/f; stat -c %a /dev/shm") == "x\n1777\n"


def test_mqueue(sh):
    assert sh("touch /dev/mqueue/q; ls /dev/mqueue") == "q\n"


def test_devpts_is_new(sh):
    assert sh("ls /dev/pts") == "ptmx\n"


def test_ptmx_works(sh):
    assert sh("exec 3<>/dev/ptmx; ls /dev/pts; stat -L -c '%t %T' /dev/ptmx").split() == ["0", "ptmx", "5", "2"]


def test_proc_is_the_containers(sh):
    assert sh("cat /proc/1/comm; true") == "sh\n"


def test_sysfs_is_read_only(sh):
    assert sh("touch /sys/x 2>/dev/null || echo refused") == "refused\n"


def test_cgroup_mount(probe, mounts):
    """The container's own view: nothing of the host's tree."""
    t = mounts()
    cg = [m for m in t.values() if m.type in ("cgroup", "cgroup2")]
    assert cg, "no cgroup mount"
    assert all("ro" in m.options for m in cg)
    assert all(m.root != "/" or "cgroup" == m.type and not m.root for m in cg if m.target != "/sys/fs/cgroup"), cg


def test_cgroup_mount_with_a_namespace(mounts):
    t = mounts(namespaces=namespaces(*DEFAULT_NAMESPACES, "cgroup"))
    cg = [m for m in t.values() if m.type in ("cgroup", "cgroup2")]
    assert cg and all(m.root == "/" for m in cg), cg


def test_cgroup_mount_can_be_read(sh, here):
    out = sh("cat /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs 2>/dev/null | sort -u")
    assert "1" in out.split()


def test_type_is_guessed_from_the_bind_option(sh, volume):
    assert sh("cat /mnt/file", mounts=[{"destination": "/mnt", "source": str(volume), "options": ["bind"]}]) == "from the host\n"


@pytest.mark.ours
def test_mount_on_root(bundle, run, rt, volume):
    """/ is a valid destination."""
    r = run(bundle(args=["cat", "/file"], mounts=[bind(volume, "/")]))
    assert r.returncode in (0, 127), str(r)  # the volume has a file, and no cat


def shared_host(before=":", after=":"):
    """A mount namespace as a host under systemd has it, shared."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", f'mount --make-rshared /; {before}; s=0; "$@" || s=$?; {after}; exit $s', "sh"]


@pytest.fixture
def mapped(bundle):
    """A container with a user namespace, on a host whose mounts are shared."""
    def make(script, **changes):
        return bundle(args=["/bin/sh", "-ec", script], namespaces=namespaces(*DEFAULT_NAMESPACES, "user"),
                      linux=user_mappings(), **changes)
    return make


def test_user_namespace_on_shared_mounts(mapped, rt):
    """pivot_root(2) refuses a shared root, and a tree that the parent opened is one unless it was made a slave."""
    r = rt.with_options(prefix=shared_host()).run(mapped("echo in"))
    assert (r.returncode, r.stdout, r.stderr) == (0, "in\n", ""), str(r)


def test_user_namespace_does_not_mount_on_the_host(mapped, rt, here):
    """A bind without a word on propagation: what the container mounts below it stays in the container.

    The root is on a private mount, as an engine's often is, so that it is the bind that counts.
    """
    source, seen = here.dir / "source", here.dir / "seen"
    (source / "sub").mkdir(parents=True)
    c = mapped("mount -t tmpfs escaped /mnt/sub", mounts=[bind(source, "/mnt")], process={"capabilities": caps("CAP_SYS_ADMIN")})
    private_root = f"mount --bind {c.rootfs} {c.rootfs}; mount --make-private {c.rootfs}"
    r = rt.with_options(prefix=shared_host(private_root, f"cat /proc/self/mountinfo >{seen}")).run(c)
    assert r.returncode == 0, str(r)
    assert "escaped" not in seen.read_text()


# ---- id-mapped by the option, with ranges ----

@pytest.mark.ours
@pytest.mark.parametrize("option, uid, gid", [
    ("idmap=uids=0-7-1#1-1000-10;gids=0-8-1#1-2000-10", 7, 8),
    ("ridmap=uids=0-7-100;gids=0-8-100", 7, 8),
    ({"uidMappings": [{"containerID": 0, "hostID": 7, "size": 5}], "gidMappings": [{"containerID": 0, "hostID": 8, "size": 5}]}, 7, 8),
], ids=str)
@pytest.mark.root("an id-mapped mount needs CAP_SYS_ADMIN where the file system was mounted")
def test_idmap_ranges(bundle, run, here, option, uid, gid):
    """A file of root is shown as somebody else's."""
    (here.dir / "data").mkdir()
    (here.dir / "data/f").write_text("x")
    m = bind(here.dir / "data", "/mnt") | option if isinstance(option, dict) else bind(here.dir / "data", "/mnt", option)
    r = run(bundle(args=["stat", "-c", "%u:%g", "/mnt/f"], mounts=[m]))
    assert r.stdout == f"{uid}:{gid}\n", str(r)


@pytest.mark.root("an id-mapped mount needs CAP_SYS_ADMIN where the file system was mounted")
@pytest.mark.ours
def test_idmap_of_others_than_root(bundle, run, here):
    data = here.dir / "data"
    data.write_text("x")
    os.chown(data, 3, 4)
    maps = {"uidMappings": [{"containerID": 3, "hostID": 30, "size": 1}], "gidMappings": [{"containerID": 4, "hostID": 40, "size": 1}]}
    assert run(bundle(args=["stat", "-c", "%u:%g", "/mnt/f"], copy=True, mounts=[bind(data, "/mnt/f") | maps])).stdout == "30:40\n"


@pytest.mark.root("an id-mapped mount needs CAP_SYS_ADMIN where the file system was mounted")
@pytest.mark.ours
def test_idmap_ranges_of_the_containers_namespace(bundle, run, here):
    """With @ the ids are those of the container: root's files are its user 5's."""
    (here.dir / "data").mkdir()
    (here.dir / "data/f").write_text("x")
    c = bundle(args=["stat", "-c", "%u:%g", "/mnt/f"], copy=True, namespaces=namespaces("pid", "mount", "user", "ipc", "uts", "network"),
               linux=user_mappings(0, 65536) | {"uidMappings": [{"containerID": 0, "hostID": 0, "size": 4}, {"containerID": 4, "hostID": 100000, "size": 1000}]},
               mounts=[bind(here.dir / "data", "/mnt", "idmap=uids=@0-5-10;gids=@0-6-10")])
    r = run(c)
    assert r.stdout == "5:6\n", str(r)


@pytest.mark.root("an id-mapped mount needs CAP_SYS_ADMIN where the file system was mounted")
def test_idmap_of_a_joined_user_namespace(bundle, running, rt, run, here):
    """A pod's member: config.json has its path and no maps, what the namespace maps is found by its file."""
    (here.dir / "data").mkdir()
    (here.dir / "data/f").write_text("x")
    first = running(namespaces=namespaces("mount", "user"), linux=user_mappings(), hostname=None, copy=True)
    c = bundle(args=["stat", "-c", "%u:%g", "/mnt/f"], namespaces=namespaces("mount", user=f"/proc/{rt.pid(first)}/ns/user"), hostname=None, copy=True)
    c.config["mounts"] = [m for m in c.config["mounts"] if m["type"] == "tmpfs"] + [bind(here.dir / "data", "/mnt", "idmap")]
    assert run(c.write()).stdout == "0:0\n"


@pytest.mark.root("an ordinary user's container has one")
def test_idmap_without_a_user_namespace(bundle, run, rt, here):
    rt.fails(run(bundle(args=["true"], mounts=[bind(here.dir, "/mnt", "idmap")])), "uidMappings and gidMappings of the mount, or a user namespace", anyone=["/mnt"])


@pytest.mark.ours
@pytest.mark.parametrize("option", ["idmap=", "idmap=uids=0-0-1", "idmap=uids=0-0-0;gids=0-0-1", "idmap=uids=@0-0-1;gids=0-0-1", "ridmap=uids=a-b-c;gids=0-0-1",
                                    "idmap=uids=0-0-1;gids=0-0-1;foo=1", "idmap=uids=0-0-1#;gids=0-0-1", "idmap=uids=0-0-1;gids=0-0-1#", "idmap=uids=0-0-1;uids=0-1-1;gids=0-0-1"])
def test_idmap_ranges_refused(bundle, run, rt, here, option):
    rt.fails(run(bundle(args=["true"], mounts=[bind(here.dir, "/mnt", option)])), 'mounts[7] "/mnt"', "idmap=")


# ---- many ----

@pytest.mark.ours
@pytest.mark.parametrize("user", [False, True])
def test_a_thousand_mounts_with_few_descriptors(bundle, rt, here, user):
    """RLIMIT_NOFILE 256; in a user namespace the runtime opens the sources, as many as there are."""
    (here.dir / "data").mkdir()
    (here.dir / "data/f").write_text("x")
    changes = {"namespaces": namespaces("pid", "mount", "user", "ipc", "uts", "network"), "linux": user_mappings(0, 65536)} if user else {}
    c = bundle(args=["sh", "-c", "grep -c ' /m/' /proc/self/mountinfo; cat /m/999/f"], copy=True, process={"rlimits": []},
               mounts=[bind(here.dir / "data", f"/m/{i}") for i in range(1000)], **changes)
    r = rt.with_options(prefix=["prlimit", "--nofile=256:256"]).run(c)
    assert r.stdout == "1000\nx", str(r)


@pytest.mark.ours
@pytest.mark.slow
@pytest.mark.root("measures one way of it")
@pytest.mark.parametrize("user", [False, True])
def test_time_of_many_mounts_is_linear(bundle, rt, here, user):
    """Twice as many take about twice the time: 1,000 against 250 would take sixteen times as long if each looked at all others."""
    (here.dir / "data").mkdir()
    changes = {"namespaces": namespaces("pid", "mount", "user", "ipc", "uts", "network"), "linux": user_mappings(0, 65536)} if user else {}

    def seconds(n):
        c = bundle(args=["true"], copy=True, mounts=[bind(here.dir / "data", f"/m/{i}") for i in range(n)], **changes)
        return min(rt.run(c, check=True, timeout=120).seconds for _ in range(2))

    few, many = seconds(250), seconds(1000)
    assert many < 9 * few + 0.5, (few, many)


@pytest.mark.ours
def test_a_failure_among_many_mounts(bundle, run, rt, here):
    """The parent may still be sending trees when init fails: init's word is what counts."""
    (here.dir / "data").mkdir()
    mounts = [bind(here.dir / "data", f"/m/{i}") for i in range(600)]
    mounts[20] = bind(here.dir / "data", "/etc/hostname")
    c = bundle(args=["true"], copy=True, namespaces=namespaces("pid", "mount", "user", "ipc", "uts", "network"), linux=user_mappings(0, 65536), mounts=mounts)
    rt.fails(run(c), 'mounts[27] "/etc/hostname"', "not a directory")
    mounts[20] = bind("/no/such", "/m/20")
    c = bundle(args=["true"], copy=True, namespaces=namespaces("pid", "mount", "user", "ipc", "uts", "network"), linux=user_mappings(0, 65536), mounts=mounts)
    rt.fails(run(c), 'mounts[27] "/m/20"', "/no/such")


# ---- every option of the table, alone ----

RECURSIVE = {"ro": {"ro"}, "nosuid": {"nosuid"}, "nodev": {"nodev"}, "noexec": {"noexec"}, "nodiratime": {"nodiratime"},
             "nosymfollow": {"nosymfollow"}, "noatime": {"noatime"}, "relatime": {"relatime"}, "nostrictatime": {"relatime"}, "atime": {"relatime"}}
CLEARED = {"rw": "ro", "suid": "nosuid", "dev": "nodev", "exec": "noexec", "diratime": "nodiratime", "symfollow": "nosymfollow",
           "strictatime": "relatime", "norelatime": "relatime"}


def nested(here):
    """A directory with a mount below it, in a mount namespace that the runtime is started in."""
    (here.dir / "tree/sub").mkdir(parents=True)
    return ["unshare", "-m", "sh", "-c", f'mount -t tmpfs -o $1 tmpfs {here.dir}/tree/sub && shift && exec "$@"', "sh"]


def sub_mount(r):
    line, = [l for l in r.stdout.splitlines() if " /mnt/sub " in l]
    return Mount(line)


ATIME = "atime noatime nodiratime nostrictatime relatime".split()


@pytest.mark.ours
@pytest.mark.parametrize("option", [pytest.param(o, marks=pytest.mark.root("the kernel locks what root has set on a mount: the atime mode")) if o in ATIME else o
                                    for o in RECURSIVE])
def test_recursive_options_that_set(bundle, rt, here, option):
    prefix = [*nested(here), "strictatime" if "rel" in str(RECURSIVE[option]) else "rw"]
    c = bundle(args=["cat", "/proc/self/mountinfo"], mounts=[bind(here.dir / "tree", "/mnt", "r" + option, recursive=True)])
    r = rt.with_options(prefix=prefix).run(c)
    assert r.returncode == 0 and RECURSIVE[option] <= sub_mount(r).options, str(r)


@pytest.mark.root("the kernel locks the flags of a mount that root has made (mount_namespaces(7)); of his own ones: test_locked_flags")
@pytest.mark.ours
@pytest.mark.parametrize("option", CLEARED)
def test_recursive_options_that_clear(bundle, rt, here, option):
    flag = CLEARED[option]
    c = bundle(args=["cat", "/proc/self/mountinfo"], mounts=[bind(here.dir / "tree", "/mnt", "r" + option, recursive=True)])
    r = rt.with_options(prefix=[*nested(here), flag]).run(c)
    assert r.returncode == 0 and flag not in sub_mount(r).options, str(r)


@pytest.mark.root("the kernel locks the flags of a mount that root has made (mount_namespaces(7)); of his own ones: test_locked_flags")
@pytest.mark.ours
@pytest.mark.parametrize("option", CLEARED)
def test_plain_options_that_clear(bundle, rt, here, option):
    """Of the top mount only."""
    flag = CLEARED[option]
    c = bundle(args=["cat", "/proc/self/mountinfo"], mounts=[bind(here.dir / "tree/sub", "/mnt", option)])
    r = rt.with_options(prefix=[*nested(here), flag]).run(c)
    line, = [l for l in r.stdout.splitlines() if " /mnt " in l]
    assert flag not in Mount(line).options, str(r)


@pytest.mark.ours
@pytest.mark.parametrize("option", ["defaults", "silent", "loud", "auto", "noauto", "nofail", "_netdev", "async", "nomand"])
def test_options_without_effect(bundle, run, option):
    """They are of mount(8), or ask for what is so in any case."""
    r = run(bundle(args=["echo", "fine"], mounts=[tmpfs("/mnt", option)]))
    assert (r.stdout, r.stderr) == ("fine\n", ""), str(r)


@pytest.mark.ours
@pytest.mark.parametrize("option", ["acl", "iversion", "noiversion", "rsync", "rasync", "rdirsync", "rmand", "rnomand"])
def test_options_that_nobody_honours(bundle, run, option):
    """No file system hears of them."""
    r = run(bundle(args=["echo", "fine"], mounts=[tmpfs("/mnt", option)]))
    assert r.stdout == "fine\n" and f'"{option}" has no effect' in r.stderr, str(r)


@pytest.mark.ours
def test_src_nofollow(bundle, run, here):
    """The link itself is mounted, not what it leads to."""
    (here.dir / "link").symlink_to("/somewhere")
    r = run(bundle(args=["readlink", "/mnt/x"], copy=True, mounts=[bind(here.dir / "link", "/mnt/x", "src-nofollow")]))
    assert r.stdout == "/somewhere\n", str(r)


@pytest.mark.ours
def test_dest_nofollow(bundle, run, here):
    """What the link at the target leads to is left alone."""
    (here.dir / "file").write_text("mounted\n")
    c = bundle(args=["sh", "-c", "cat /mnt/behind; cat /mnt/link"], copy=True, mounts=[bind(here.dir / "file", "/mnt/link", "dest-nofollow")])
    (c.rootfs / "mnt/behind").write_text("behind\n")
    (c.rootfs / "mnt/link").symlink_to("behind")
    r = run(c)
    assert r.stdout.startswith("behind\n") and "mounted" in r.stdout, str(r)


def warned(result):
    """The lines that a run has written beside its container's, without their times."""
    return [l.split(": ", 1)[1] for l in result.stderr.splitlines()]


@pytest.mark.ours
@pytest.mark.parametrize("options, text", [
    (["RO", "ro ", "size=5", "bind=3"], '"RO", "ro ", "size=5", "bind=3" have no effect on a bind mount'),
    (["sync"], '"sync" has no effect on a bind mount'), (["acl", "rsync"], '"acl", "rsync" have no effect'),
    (["tmpcopyup"], '"tmpcopyup" has no effect, it is for a tmpfs')])
def test_options_that_a_bind_mount_cannot_honour(bundle, run, here, options, text):
    (here.dir / "d").mkdir()
    c = bundle(args=["echo", "fine"], mounts=[bind(here.dir / "d", "/mnt", "rprivate", "nosuid", "nodev", "defaults", *options)])
    r = run(c)
    index = len(c.config["mounts"]) - 1
    assert (r.returncode, r.stdout) == (0, "fine\n") and warned(r) == [f'warning: mounts[{index}] "/mnt": {text}'], str(r)


@pytest.mark.ours
def test_options_that_a_view_of_cgroups_cannot_honour(bundle, run):
    c = bundle(args=["echo", "fine"], mounts=[{"destination": "/mnt", "type": "cgroup", "source": "cgroup", "options": ["ro", "frob"]}])
    r = run(c)
    assert r.stdout == "fine\n" and '"/mnt": "frob" has no effect on the container\'s view of cgroups' in r.stderr, str(r)


@pytest.mark.ours
def test_options_that_a_remount_cannot_honour(bundle, run):
    c = bundle(args=["df", "-k", "/mnt"], mounts=[tmpfs("/mnt", "size=100k"), tmpfs("/mnt", "bind", "remount", "ro", "size=40k")])
    r = run(c)
    assert r.returncode == 0 and " 100 " in r.stdout and '"/mnt": "size=40k" has no effect on a remount of a bind mount' in r.stderr, str(r)


def test_remount_changes_the_file_system(bundle, run):
    c = bundle(args=["sh", "-c", "df -k /mnt; grep /mnt /proc/mounts; mkdir /mnt/x"], mounts=[tmpfs("/mnt", "size=100k", "nosuid"), tmpfs("/mnt", "remount", "nodev", "size=40k")])
    r = run(c)
    assert r.returncode == 0 and " 40 " in r.stdout and "nodev" in r.stdout and "size=40k" in r.stdout and r.stderr == "", str(r)


@pytest.mark.ours
def test_remount_of_proc(bundle, run):
    c = bundle(args=["grep", "^proc /proc ", "/proc/mounts"], mounts=[{"destination": "/proc", "type": "proc", "options": ["remount", "hidepid=2"]}])
    assert "hidepid=" in run(c).stdout


@pytest.mark.ours
def test_remount_of_what_is_no_mount(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], mounts=[{"destination": "/etc", "type": "none", "options": ["remount", "ro"]}])), 'mounts[7] "/etc"', "is it a mount point?")


@pytest.mark.ours
@pytest.mark.parametrize("option", ["frob", "size=many"])
def test_remount_with_an_unknown_option(bundle, run, rt, option):
    c = bundle(args=["true"], mounts=[tmpfs("/mnt"), tmpfs("/mnt", "remount", option)])
    rt.fails(run(c), f'mounts[{len(c.config["mounts"]) - 1}] "/mnt": tmpfs: ', option.split("=")[0])


@pytest.mark.ours
def test_options_that_the_hosts_proc_cannot_honour(bundle, run):
    """Without a pid namespace of its own a user namespace is shown the host's."""
    c = bundle(args=["echo", "fine"], namespaces=namespaces("mount", "user", "uts", "ipc", "network"), linux=user_mappings(),
               edit=lambda c: [m.update(options=["hidepid=1"]) for m in c["mounts"] if m["type"] == "proc"])
    r = run(c)
    assert r.stdout == "fine\n" and '"/proc": "hidepid=1" has no effect where the host\'s is bound' in r.stderr, str(r)


@pytest.mark.ours
def test_tmpcopyup_into_a_read_only_one(bundle, run):
    """Filled first, read-only then."""
    c = bundle(args=["sh", "-c", "cat /data/f; touch /data/g 2>/dev/null || echo refused; cat /proc/mounts"], copy=True, mounts=[tmpfs("/data", "tmpcopyup", "ro")])
    (c.rootfs / "data").mkdir()
    (c.rootfs / "data/f").write_text("copied\n")
    r = run(c)
    assert r.stdout.startswith("copied\nrefused\n"), str(r)
    assert [l.split()[3].split(",")[0] for l in r.stdout.splitlines() if " /data " in l] == ["ro"], str(r)

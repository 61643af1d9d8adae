# SPDX-License-Identifier: GPL-2.0-or-later
"""checkpoint and restore without CRIU: what is asked of it, and what becomes of its failures. lib/fake_criu.py takes its
place (the global option --criu); with the real one: test_checkpoint.py."""

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from lib import processes
from lib.bundle import bind, namespaces
from lib.runtime import environment, finish

FAKE = Path(__file__).resolve().parent / "lib/fake_criu.py"

pytestmark = [pytest.mark.ours, pytest.mark.root("CRIU wants all privileges"),
              pytest.mark.skipif(not Path("/usr/include/criu/rpc.proto").is_file(),
                                 reason="rpc.proto is missing (Debian: package criu or libcriu-dev)")]


@pytest.fixture
def criu(rt, here):
    """criu("word", command...): the command with a criu that does this; the result, and what it was asked."""
    place = here.dir / "fake"
    place.mkdir()

    def call(what, *words, **how):
        (place / "do").write_text(what)
        (place / "request.json").unlink(missing_ok=True)
        r = rt("--criu", FAKE, *words, env=environment(FAKE_CRIU=str(place)), **how)
        request = place / "request.json"
        return r, json.loads(request.read_text()) if request.exists() else None
    return call


@pytest.fixture
def images(here):
    return here.dir / "images"


def opts_of(request) -> dict:
    """Without what every request has."""
    o = dict(request["opts"])
    for name in "images_dir_fd work_dir_fd pid log_level log_file root notify_scripts orphan_pts_master freeze_cgroup " \
                "manage_cgroups manage_cgroups_mode external inherit_fd rst_sibling".split():
        o.pop(name, None)
    return o


def test_plain(running, criu, images, rt):
    c = running()
    pid = rt.pid(c)
    r, request = criu("succeed", "checkpoint", "--image-path", images, c.id)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", ""), str(r)
    assert request["type"] == "DUMP" and request["images"] == request["work"] == str(images)
    o = request["opts"]
    assert o["pid"] == pid and o["log_file"] == "dump.log" and o["log_level"] == 4 and o["root"] == str(c.rootfs)
    assert o["notify_scripts"] and o["manage_cgroups_mode"] == "IGNORE" and opts_of(request) == {}
    assert c.id in o["freeze_cgroup"] and os.path.isdir(o["freeze_cgroup"].rsplit("/", 1)[0])
    assert len(request["open"]) <= 8  # its streams, the socket, two directories, and what it has opened itself
    assert rt.status(c) == "stopped"
    assert stat.S_IMODE(images.stat().st_mode) == 0o700
    assert json.loads((images / "descriptors.json").read_text())


@pytest.mark.parametrize("option, wanted", [
    ("--leave-running", {"leave_running": True}),
    ("--tcp-established", {"tcp_established": True}),
    ("--tcp-skip-in-flight", {"tcp_skip_in_flight": True}),
    ("--tcp-close", {"tcp_close": True}),
    ("--ext-unix-sk", {"ext_unix_sk": True}),
    ("--shell-job", {"shell_job": True}),
    ("--file-locks", {"file_locks": True}),
    ("--link-remap", {"link_remap": True}),
    ("--auto-dedup", {"auto_dedup": True}),
    ("--lazy-pages", {"lazy_pages": True}),
    ("--page-server=::1:1234", {"ps": {"address": "::1", "port": 1234}}),
    ("--empty-ns=network", {"empty_ns": 0x40000000}),
    ("--network-lock=nftables", {"network_lock": "NFTABLES"}),
    ("--pre-dump", {"leave_running": True, "track_mem": True}),
])
def test_option(running, criu, images, rt, option, wanted):
    c = running()
    r, request = criu("succeed", "checkpoint", "--image-path", images, option, c.id)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", ""), str(r)
    assert opts_of(request) == wanted
    assert request["type"] == ("PRE_DUMP" if option == "--pre-dump" else "DUMP")
    assert rt.status(c) == ("running" if "leave_running" in wanted else "stopped")


@pytest.mark.parametrize("mode", ["soft", "full", "strict", "ignore"])
def test_manage_cgroups(running, criu, images, mode):
    _, request = criu("succeed", "checkpoint", "--image-path", images, "--manage-cgroups-mode", mode, running().id)
    assert request["opts"]["manage_cgroups_mode"] == mode.upper()
    assert request["opts"]["manage_cgroups"] == (mode != "ignore")


def test_paths(running, criu, images, here):
    c = running()
    for name in "one", "two":
        (images / name).mkdir(parents=True)
    _, request = criu("succeed", "checkpoint", "--image-path", images / "two", "--work-path", here.dir / "work",
                      "--parent-path", "../one", c.id)
    assert request["images"] == str(images / "two") and request["work"] == str(here.dir / "work")
    assert opts_of(request) == {"parent_img": "../one"}


def test_directories_are_made(running, criu, here):
    """With those above them."""
    images, work = here.dir / "a/b//c/../d", here.dir / "e/f/"
    (here.dir / "a" / "b" / "c").mkdir(parents=True)
    r, request = criu("succeed", "checkpoint", "--image-path", images, "--work-path", f"{work}/", running().id)
    assert r.returncode == 0 and request["images"] == str(here.dir / "a/b/d") and request["work"] == str(here.dir / "e/f"), request
    assert (here.dir / "e").stat().st_mode & 0o777 == 0o700


def test_relative_to_the_caller(running, criu, here):
    r, request = criu("succeed", "checkpoint", running().id, cwd=here.dir)
    assert r.returncode == 0 and request["images"] == str(here.dir / "checkpoint")


@pytest.mark.parametrize("words, text", [
    (["--parent-path", "nowhere"], '--parent-path "nowhere"'),
    (["--page-server", "1234"], "--page-server: expected ADDRESS:PORT"),
    (["--page-server", "::1:x"], "--page-server: expected ADDRESS:PORT"),
    (["--page-server", "::1:65536"], "--page-server: expected ADDRESS:PORT"),
    (["--empty-ns", "mount"], '--empty-ns: expected "network"'),
    (["--work-path", "/dev/null/x"], '--work-path "/dev/null/x": not a directory'),
    (["--image-path", "/proc/nothing/x"], '--image-path "/proc/nothing/x": no such file or directory'),
    (["--manage-cgroups-mode", "some"], "--manage-cgroups-mode"),
    (["--network-lock", "some"], "--network-lock"),
])
def test_wrong(running, criu, images, rt, words, text):
    c = running()
    r, request = criu("succeed", "checkpoint", "--image-path", images, *words, c.id)
    rt.fails(r, text)
    assert request is None and rt.status(c) == "running"


@pytest.mark.parametrize("annotation, wanted", [("/etc/some.conf", "/etc/some.conf"), ("", None)])
def test_config_file(running, criu, images, annotation, wanted):
    """org.criu.config"""
    c = running(annotations={"org.criu.config": annotation})
    _, request = criu("succeed", "checkpoint", "--image-path", images, c.id)
    assert request["opts"].get("config_file") == wanted


def test_status_descriptor(running, criu, images, here):
    """A byte when the page server waits, so that the other side is started in time."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        criu("succeed", "checkpoint", "--image-path", images, "--lazy-pages", "--status-fd", write, running().id, pass_fds=[write])
        os.close(write)
        assert os.read(read, 10) == b"\0"
    finally:
        os.close(read)


def test_external(running, criu, images, here):
    """What comes from outside, by its destination; what CRIU makes anew is not named."""
    (here.dir / "source").mkdir()
    c = running(copy=True, mounts=[bind(here.dir / "source", "/srv//x/")], linux={"maskedPaths": ["/proc/keys", "/proc/acpi"]},
                namespaces=namespaces("pid", "network", "ipc", "uts", "mount", "cgroup"))
    _, request = criu("succeed", "checkpoint", "--image-path", images, c.id)
    mounts = [e for e in request["opts"]["external"] if e.startswith("mnt[")]
    assert sorted(mounts) == ["mnt[/proc/keys]:/proc/keys", "mnt[/srv/x]:/srv/x"]


def test_external_network(running, criu, images, rt):
    one = running()
    net = f"/proc/{rt.pid(one)}/ns/net"
    c = running(namespaces=namespaces("pid", "ipc", "uts", "mount", network=net))
    _, request = criu("succeed", "checkpoint", "--image-path", images, c.id)
    assert f"net[{os.stat(net).st_ino}]:extRootNetNS" in request["opts"]["external"]


# ---- failures


def test_missing(running, images, rt):
    c = running()
    rt.fails(rt("--criu", "/nonexistent/criu", "checkpoint", "--image-path", images, c.id),
             'the program "/nonexistent/criu" is missing', "package criu")
    rt.fails(rt("checkpoint", "--image-path", images, c.id, env=environment(PATH="/nonexistent")),
             'the program "criu" is missing', "package criu")
    assert rt.status(c) == "running"


def test_not_a_program(running, images, rt, here):
    (here.dir / "criu").write_bytes(b"\0no program")
    (here.dir / "criu").chmod(0o755)
    c = running()
    rt.fails(rt("--criu", here.dir / "criu", "checkpoint", "--image-path", images, c.id), "start criu", "exec format error")
    assert rt.status(c) == "running"


def test_failure(running, criu, images, rt):
    """The errors at the end of its log, and where that is."""
    c = running()
    r, _ = criu("fail", "checkpoint", "--image-path", images, c.id)
    line = rt.fails(r, "criu: checkpoint failed: file exists", f'(log: "{images}/dump.log")')
    assert "one.c:10): the first: Error (criu/two.c:20): the second \"quoted\": Error (criu/three.c:30): the third (log" in line
    assert "early" not in line and "FAILED" not in line and "careful" not in line
    assert rt.status(c) == "running"


@pytest.mark.parametrize("what, text", [
    ("refuse", "criu: checkpoint failed: file exists (it has written no log"),
    ("vanish", "criu: ended in the midst of the checkpoint"),
    ("nonsense", "criu sent what is no message"),
])
def test_strange_criu(running, criu, images, rt, what, text):
    c = running()
    r, _ = criu(what, "checkpoint", "--image-path", images, c.id)
    rt.fails(r, text)
    assert rt.status(c) == "running"


@pytest.mark.parametrize("what, text", [
    ("fail", "criu: restore failed: file exists"),
    ("vanish", "criu: ended in the midst of the restore"),
    ("succeed", "criu has not told which process"),
])
def test_failed_restore(bundle, criu, images, rt, what, text):
    """Nothing is left: the fixtures see to processes, cgroups and mounts."""
    images.mkdir()
    c = bundle()
    r, _ = criu(what, "restore", "--detach", "--image-path", images, "--bundle", c.path, rt._remember(c, None))
    rt.fails(r, text)
    assert rt.list() == []


def test_restore_request(bundle, criu, images, rt, here):
    images.mkdir()
    (images / "descriptors.json").write_text('["pipe:[17]", "/in/the/container", "file[1b:5]"]')
    (here.dir / "source").mkdir()
    c = bundle(mounts=[bind(here.dir / "source", "/mnt")], linux={"maskedPaths": ["/proc/keys"]})
    rt._remember(c, None)
    _, request = criu("fail", "restore", "--detach", "--image-path", images, "--bundle", c.path, "--lsm-profile", "apparmor:x",
                      "--lsm-mount-context", "a:b", "--tcp-established", c.id)
    assert request["type"] == "RESTORE"
    o = request["opts"]
    assert o["root"] == str(c.rootfs) and o["rst_sibling"] and o["log_file"] == "restore.log"
    assert opts_of(request) == {"lsm_profile": "apparmor:x", "lsm_mount_context": "a:b", "tcp_established": True}
    assert o["inherit_fd"] == [{"key": "pipe:[17]", "fd": 0}, {"key": "file[1b:5]", "fd": 2}]
    assert {f"mnt[/mnt]:{here.dir}/source", "mnt[/proc/keys]:/dev/null"} <= set(o["external"])


def test_restore_into_namespaces(bundle, criu, images, rt, running):
    images.mkdir()
    other = rt.pid(running())
    net, ipc = (f"/proc/{other}/ns/{n}" for n in ("net", "ipc"))
    c = bundle(namespaces=namespaces("pid", "uts", "mount", network=net, ipc=ipc))
    rt._remember(c, None)
    _, request = criu("fail", "restore", "--detach", "--image-path", images, "--bundle", c.path, c.id)
    o = request["opts"]
    assert o["join_ns"] == [{"ns": "ipc", "ns_file": ipc}]
    assert [i["key"] for i in o["inherit_fd"]] == ["extRootNetNS"]


def test_missing_source(bundle, criu, images, rt):
    images.mkdir()
    c = bundle(mounts=[bind("/nonexistent/x", "/mnt")])
    r, request = criu("fail", "restore", "--detach", "--image-path", images, "--bundle", c.path, rt._remember(c, None))
    rt.fails(r, 'mounts[', '"/mnt": source "/nonexistent/x" does not exist')
    assert request is None


@pytest.mark.parametrize("text, words", [
    ('{"a": 1}', 'descriptors.json" is no array'), ('["x"', "descriptors.json:1:5: unexpected end of file"),
    ("[" + "[]," * 300_000 + "0]", "more than 300000 objects and arrays")], ids=["object", "cut", "too many"])
def test_unreadable_descriptors(bundle, criu, images, rt, text, words):
    images.mkdir()
    (images / "descriptors.json").write_text(text)
    c = bundle()
    r, request = criu("fail", "restore", "--detach", "--image-path", images, "--bundle", c.path, rt._remember(c, None))
    rt.fails(r, str(images), words)
    assert request is None


def test_killed_while_restoring(bundle, here, images, rt):
    """SIGKILL in the midst: delete --force clears up."""
    images.mkdir()
    place = here.dir / "fake"
    place.mkdir()
    (place / "do").write_text("sleep")
    c = bundle()
    rt._remember(c, None)
    p = rt.popen("--criu", FAKE, "restore", "--detach", "--image-path", images, "--bundle", c.path, c.id,
                 env=environment(FAKE_CRIU=str(place)))
    processes.until(lambda: (place / "request.json").exists(), "criu was not asked")
    assert rt.status(c) == "creating"
    criu_pid = next(pid for pid in processes.children(p.pid))
    p.kill()
    p.wait_and_forget(10)
    processes.wait_gone(criu_pid)  # it has seen the end of the socket
    rt.delete(c, "--force")
    assert rt.list() == []


def test_interrupted_restore(bundle, here, images, rt):
    """A ^C, or whoever waits no longer: everything is undone."""
    images.mkdir()
    place = here.dir / "fake"
    place.mkdir()
    (place / "do").write_text("sleep")
    c = bundle()
    p = rt.popen("--criu", FAKE, "restore", "--image-path", images, "--bundle", c.path, rt._remember(c, None),
                 env=environment(FAKE_CRIU=str(place)))
    processes.until(lambda: (place / "request.json").exists(), "criu was not asked")
    p.send_signal(signal.SIGTERM)  # the real one sees the end of the socket; so does this one
    assert finish(p).returncode == -signal.SIGTERM
    assert rt.list() == []


def test_features(rt, here):
    """It is a feature where the program is."""
    enabled = "run.oci.crun.checkpoint.enabled"
    (here.dir / "criu").symlink_to(FAKE)
    for path, there in ((str(here.dir), True), ("/nonexistent", False)):
        env = environment(PATH=path)
        assert json.loads(rt("features", env=env, check=True).stdout)["annotations"][enabled] == str(there).lower()
        assert ("+CRIU" in rt("--version", env=env, check=True).stdout.split()) == there


# ---- hostile destinations (SECURITY-CASES.md 14; with the real one: test_checkpoint.py)


@pytest.fixture
def linked(bundle, here):
    """A bundle whose image has a symlink, made by the caller, in the way of a bind mount."""
    def make(destination, name, to):
        (here.dir / "data").mkdir()
        c = bundle(args=["/bin/probe", "sleep"], copy=True, mounts=[bind(here.dir / "data", destination)])
        if name:
            (c.rootfs / name).symlink_to(to)
        return c
    return make


def test_destination_through_a_symlink(linked, criu, images, rt):
    """Where it is says the kernel, beneath the root; what it is called, config.json."""
    c = linked("/link/data", "link", "/real")
    (c.rootfs / "real").mkdir()
    rt.run_detached(c)
    r, request = criu("succeed", "checkpoint", "--image-path", images, c.id)
    assert r.returncode == 0 and "mnt[/real/data]:/link/data" in request["opts"]["external"], (str(r), request["opts"]["external"])


def test_brackets_in_a_destination(linked, criu, images, rt):
    """CRIU cuts there, and would take the rest for another mount: it is not even asked."""
    c = linked("/srv]:/etc", None, None)
    rt.run_detached(c)
    r, request = criu("succeed", "checkpoint", "--image-path", images, c.id)
    rt.fails(r, 'mounts "/srv]:/etc"', '"]:"')
    assert request is None and rt.status(c) == "running"


def test_mount_point_through_a_symlink(linked, criu, images, rt, here):
    """The image of a restore may be another one: what it has no place for is made in it, and not where its links lead."""
    outside = here.dir / "outside"
    outside.mkdir()
    images.mkdir()
    (images / "descriptors.json").write_text('["/dev/null", "/dev/null", "/dev/null"]')
    c = linked("/srv/below/more", "srv", outside)
    r, request = criu("fail", "restore", "--image-path", images, "--bundle", c.path, c.id)
    assert r.returncode != 0 and request["type"] == "RESTORE", str(r)
    assert os.listdir(outside) == [], "made on the host"

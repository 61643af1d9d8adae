# SPDX-License-Identifier: GPL-2.0-or-later
"""run: output, input, exit statuses, and what becomes of the caller's streams."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import time

import pytest

from lib import user
from lib.bundle import DEFAULT_NAMESPACES, bind, namespaces, tmpfs, user_mappings
from lib.runtime import finish
from lib.user import as_root

NO_PID = namespaces("mount", "network", "ipc", "uts")  # a process that is not pid 1 can be killed by its own signal


def test_output(bundle, run):
    r = run(bundle(args=["echo", "hello", "world"]))
    assert (r.returncode, r.stdout, r.stderr) == (0, "hello world\n", "")


def test_user(bundle, run):
    c = bundle(args=["id", "-u"], user={"uid": 1000, "gid": 1000})
    assert run(c).stdout == "1000\n"


def test_standard_error_is_apart(bundle, run):
    r = run(bundle(args=["sh", "-c", "echo out; echo err >&2"]))
    assert (r.returncode, r.stdout, r.stderr) == (0, "out\n", "err\n")


@pytest.mark.parametrize("code", [0, 1, 2, 42, 126, 127, 128, 200, 255])
def test_exit_status(bundle, run, code):
    r = run(bundle(args=["sh", "-c", f"exit {code}"]))
    assert (r.returncode, r.stderr) == (code, "")


@pytest.mark.parametrize("name", ["TERM", "KILL", "ABRT", "USR1"])
def test_ended_by_a_signal(bundle, run, name):
    r = run(bundle(args=["sh", "-c", f"kill -{name} $$"], namespaces=NO_PID))
    assert r.returncode == 128 + signal.Signals[f"SIG{name}"]


def test_killed_from_outside(bundle, rt):
    c = bundle(args=["/bin/probe", "tree", "1"])
    p = rt.start_foreground(c)
    assert p.stdout.readline() == b"ready\n"
    rt.kill(c, "KILL")
    assert finish(p).returncode == 137


@pytest.mark.differs(runc="exits with 1")
@pytest.mark.parametrize("args", [["no-such-command"], ["/no/such/command"]])
def test_command_not_found(bundle, run, rt, args):
    r = run(bundle(args=args))
    rt.fails(r, args[0], code=127)
    if "/" not in args[0]:
        assert "executable file not found in $PATH" in r.stderr
    else:
        assert "no such file or directory" in r.stderr.lower()


@pytest.mark.differs(runc="exits with 1")
@pytest.mark.parametrize("args", [["/etc/passwd"], ["/etc"]])
def test_command_not_executable(bundle, run, rt, args):
    rt.fails(run(bundle(args=args)), code=126, anyone=[args[0], "permission denied"])


def test_command_errors_of_a_peer_too(bundle, run, rt):
    rt.fails(run(bundle(args=["no-such-command"])), code=127, anyone=["executable file not found in $PATH"])
    rt.fails(run(bundle(args=["/etc/passwd"])), code=126, anyone=["permission denied"])


def test_missing_interpreter(bundle, run, rt):
    c = bundle(args=["/script"], copy=True)
    (c.rootfs / "script").write_text("#!/no/such/interpreter\n")
    (c.rootfs / "script").chmod(0o755)
    rt.fails(run(c), code=127, anyone=["no such file or directory"])


def test_not_a_program(bundle, run, rt):
    c = bundle(args=["/nonsense"], copy=True)
    (c.rootfs / "nonsense").write_bytes(b"\0\1\2\3 nothing that a kernel runs")
    (c.rootfs / "nonsense").chmod(0o755)
    rt.fails(run(c), code=126, anyone=["exec format error"])


@pytest.mark.ours
def test_runtime_error_is_1(rt, here):
    rt.fails(rt("run", "--bundle", here.dir / "nowhere", "x"), "nowhere", code=1)


def test_input(bundle, run):
    r = run(bundle(args=["cat"]), input="a\nb\n")
    assert (r.returncode, r.stdout) == (0, "a\nb\n")


def test_much_output_and_input(bundle, run):
    data = "0123456789abcde\n" * 65536
    r = run(bundle(args=["cat"]), input=data)
    assert r.returncode == 0 and r.stdout == data


def test_binary_output_is_untouched(bundle, rt):
    c = bundle(args=["printf", r"a\r\nb\000\nc"])
    p = rt.start_foreground(c)
    out, _ = p.communicate(timeout=20)
    p.forget()
    assert out == b"a\r\nb\0\nc"


def test_closed_reader(bundle, rt):
    """The container's process gets the SIGPIPE, and the runtime passes the status on."""
    c = bundle(args=["/bin/busybox", "yes"], namespaces=NO_PID)
    p = rt.start_foreground(c)
    p.stdout.read(10)
    p.stdout.close()
    p.stdout = open(os.devnull, "rb")
    with p.stdout:
        assert finish(p).returncode in (128 + signal.SIGPIPE, 1)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(bundle, rt, closed):
    """A runtime started without some of its streams does not confuse its own descriptors with them."""
    c = bundle(args=["/bin/sh", "-c", "exit 5"])
    script = f'exec "$@" {closed}'
    r = rt.with_options(prefix=["sh", "-c", script, "sh"]).run(c)
    assert r.returncode == 5, str(r)


def test_twice_with_one_id(bundle, run):
    c = bundle(args=["echo", "again"])
    for _ in range(3):
        r = run(c)
        assert (r.returncode, r.stdout) == (0, "again\n")


def test_id_in_use(bundle, running, rt, run):
    c = running()
    rt.fails(run(bundle(id=c.id, args=["true"])), c.id, "already exists", anyone=["exist"])
    assert rt.status(c) == "running"


def test_bundle_is_the_working_directory(bundle, rt):
    c = bundle(args=["echo", "here"])
    r = rt("run", c.id, cwd=c.path)
    assert (r.returncode, r.stdout) == (0, "here\n")


def test_relative_bundle(bundle, rt):
    c = bundle(args=["echo", "here"])
    r = rt("run", "--bundle", c.path.name, c.id, cwd=c.path.parent)
    assert (r.returncode, r.stdout) == (0, "here\n")


def test_relative_root(bundle, run):
    c = bundle(args=["cat", "/etc/hostname"], copy=True, root={"path": "rootfs"})
    assert run(c).stdout == "from-the-image\n"


def test_root_is_the_bundle(bundle, run):
    c = bundle(args=["cat", "/etc/hostname"], copy=True)
    for n in list(c.rootfs.iterdir()):
        shutil.move(n, c.path / n.name)
    c.rootfs.rmdir()
    c.change(root={"path": "."})
    assert run(c).stdout == "from-the-image\n"


@pytest.mark.differs(runc="refuses a symlink as root.path")
def test_root_is_a_symlink(bundle, run):
    c = bundle(args=["cat", "/etc/hostname"], copy=True, root={"path": "link"})
    (c.path / "link").symlink_to("rootfs")
    r = run(c)
    assert r.stdout == "from-the-image\n", str(r)


@pytest.mark.differs(runc="has no --config")
def test_config_elsewhere(bundle, rt):
    c = bundle(args=["echo", "moved"], copy=True, root={"path": "rootfs"})
    (c.path / "dir").mkdir()
    (c.path / "config.json").rename(c.path / "dir/other.json")
    for option in (["-f", "dir/other.json"], ["--config", c.path / "dir/other.json"], ["--config=dir/other.json"]):
        r = rt("run", *option, "-b", ".", c.id, cwd=c.path)
        assert (r.returncode, r.stdout) == (0, "moved\n"), str(r)


def test_long_arguments(bundle, run):
    words = ["x" * 100000, *(str(i) for i in range(5000))]
    r = run(bundle(args=["sh", "-c", 'echo "$# ${#1}"', "sh", *words]))
    assert r.stdout == "5001 100000\n"


def test_odd_arguments(bundle, run):
    words = ["", " ", "a b", "'", '"', "\\", "ü€😀", "\n", "\t", "%s%n", "--", "-x"]
    r = run(bundle(args=["sh", "-c", 'for a; do echo "[$a]"; done', "sh", *words]))
    assert r.stdout == "".join(f"[{w}]\n" for w in words)


@pytest.mark.slow
def test_exits_at_once(bundle, run):
    """However fast the process is gone, its status is not lost."""
    c = bundle(args=["/bin/false"])
    assert [run(c).returncode for _ in range(25)] == [1] * 25


def test_orphans_are_reaped_with_the_container(bundle, rt):
    """A daemon that outlives the container's first process dies with the pid namespace."""
    r = rt.run(bundle(args=["/bin/probe", "daemon"]))
    assert r.returncode == 0


def test_detached(bundle, rt):
    c = bundle(args=["/bin/probe", "sleep"])
    r = rt.run_detached(c)
    assert (r.stdout, r.stderr) == ("", "")
    assert rt.status(c) == "running"
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.delete(c)


def test_detached_short_option(bundle, rt):
    c = bundle(args=["/bin/probe", "sleep"])
    rt._remember(c, None)
    rt("run", "-d", "-b", c.path, c.id, files=c.path, check=True)
    assert rt.status(c) == "running"


def test_detached_output(bundle, rt):
    c = bundle(args=["echo", "from afar"])
    rt.run_detached(c)
    rt.wait_output(c, "from afar\n")


def test_foreground_is_deleted(bundle, rt):
    c = bundle(args=["true"])
    assert rt.run(c).returncode == 0
    rt.fails(rt("state", c.id), "does not exist", anyone=["does not exist"])


def test_keep(bundle, rt):
    c = bundle(args=["sh", "-c", "exit 3"])
    assert rt.run(c, "--keep").returncode == 3
    s = rt.state(c)
    assert (s["status"], s["pid"]) == ("stopped", 0)
    rt.delete(c)
    rt.fails(rt("state", c.id), "does not exist")


def test_detached_without_a_console_socket(bundle, rt):
    c = bundle(args=["true"], process={"terminal": True})
    r = rt.create(c, check=False)
    rt.fails(r, "--console-socket", anyone=["console"])


def test_no_process(bundle, run, rt):
    rt.fails(run(bundle(process=None, edit=lambda c: c.pop("process"))), "process")


def test_no_args(bundle, run, rt):
    rt.fails(run(bundle(args=[])), "process.args", anyone=["args"])


def test_nothing_but_the_bundle_is_read(bundle, run, here):
    """The runtime leaves nothing in the bundle."""
    c = bundle(args=["true"], copy=True)
    before = sorted(p.name for p in c.path.iterdir())
    assert run(c).returncode == 0
    assert sorted(p.name for p in c.path.iterdir()) == before


def test_pid_file(bundle, rt, here):
    c = bundle(args=["/bin/probe", "sleep"])
    rt.create(c, "--pid-file", here.dir / "pid")
    assert (here.dir / "pid").read_text() == str(rt.pid(c))


def test_pid_file_is_relative_to_the_caller(bundle, rt, here):
    c = bundle(args=["/bin/probe", "sleep"])
    (here.dir / "elsewhere").mkdir()
    rt.create(c, "--pid-file", "the.pid", cwd=here.dir / "elsewhere")
    assert (here.dir / "elsewhere/the.pid").read_text() == str(rt.pid(c))
    assert not (c.path / "the.pid").exists()
    assert [p.name for p in (here.dir / "elsewhere").iterdir()] == ["the.pid"]


def test_pid_file_of_a_detached_run(bundle, rt, here):
    c = bundle(args=["/bin/probe", "sleep"])
    rt.run_detached(c, "--pid-file", here.dir / "pid")
    assert (here.dir / "pid").read_text() == str(rt.pid(c))


@pytest.mark.ours
@pytest.mark.parametrize("kind", ["directory", "fifo", "device", "link", "socket"])
def test_pid_file_that_is_no_file(bundle, rt, here, kind):
    """`--pid-file /dev/null` must not put a file in the place of the host's device, nor may its undoing take it away."""
    p = here.dir / "pid"
    make = {"directory": p.mkdir, "fifo": lambda: os.mkfifo(p), "device": lambda: as_root(["mknod", "-m", "666", p, "c", "1", "3"], check=True),
            "link": lambda: p.symlink_to("/proc/self/fd/1"), "socket": lambda: os.mknod(p, stat.S_IFSOCK | 0o666)}
    make[kind]()
    before = os.lstat(p)
    for verb in (rt.create, rt.run):
        rt.fails(verb(bundle(args=["true"]), "--pid-file", p, check=False), f'--pid-file "{p}"',
                 "a symbolic link, which is neither followed nor replaced" if kind == "link" else "")
    assert os.lstat(p)[:3] == before[:3] and os.listdir(p.parent).count(".pid.new") == 0


@pytest.mark.ours
def test_pid_file_of_somebody_else_stays(bundle, rt, here):
    """What fails before it comes to the pid file leaves the one that is there."""
    (here.dir / "pid").write_text("4711")
    rt.fails(rt.create(bundle(args=["true"], mounts=[tmpfs("/mnt", "no-such-option")]), "--pid-file", here.dir / "pid", check=False))
    assert (here.dir / "pid").read_text() == "4711"


def test_pid_file_that_cannot_be_written(bundle, rt, here):
    c = bundle(args=["/bin/probe", "sleep"])
    rt.fails(rt.create(c, "--pid-file", here.dir / "no/such/dir/pid", check=False), "no/such/dir/pid")
    rt.fails(rt("state", c.id), "does not exist")


def test_no_pivot(bundle, run):
    c = bundle(args=["sh", "-c", "cat /etc/hostname; ls /; ls /../.."])
    r = run(c, "--no-pivot")
    assert r.returncode == 0 and r.stdout.startswith("from-the-image\n"), str(r)
    assert "lost+found" not in r.stdout and r.stdout.count("proc") == 2


@pytest.mark.parametrize("option", ["--no-pivot", "--no-new-keyring", "--no-subreaper"])
def test_options_in_run(bundle, run, option):
    assert run(bundle(args=["echo", "x"]), option).stdout == "x\n"


def test_standard_streams_become_the_users(bundle, rt):
    """A log file that root has opened can be re-opened by the container's user."""
    c = bundle(args=["sh", "-c", "echo one > /dev/stdout; echo two > /dev/stderr"], user={"uid": 1000, "gid": 1001})
    rt.create(c)
    rt.start(c)
    rt.wait_status(c, "stopped")
    assert ((c.path / "stdout").read_text(), (c.path / "stderr").read_text()) == ("one\n", "two\n")
    st = (c.path / "stdout").stat()
    assert st.st_uid == user.outside(1000)
    assert st.st_gid == user.outside(1001) or not rt.ours


@pytest.mark.differs(runc="puts pipes between")
def test_streams_of_a_foreground_run_become_the_users(bundle, rt, here):
    c = bundle(args=["sh", "-c", "echo one >> /dev/stdout; echo two >> /dev/stderr"], user={"uid": 1000, "gid": 1000})
    with open(here.dir / "log", "ab") as log:
        r = rt.run(c, stdout=log, stderr=log)
    assert (r.returncode, sorted((here.dir / "log").read_text().split())) == (0, ["one", "two"])
    assert (here.dir / "log").stat().st_uid == user.outside(1000)


@pytest.fixture(params=["host's", "own"])
def mapped(request):
    """What makes a container with a user namespace or without one, and what uid and gid 1000 are on the host then."""
    if request.param == "own":
        return {"user": {"uid": 1000, "gid": 1001}, "linux": user_mappings(),
                "namespaces": namespaces(*DEFAULT_NAMESPACES, "user")}, (101000, 101001)
    return {"user": {"uid": 1000, "gid": 1001}}, (user.outside(1000), user.outside(1001))


def _owner(fd):
    st = os.fstat(fd)
    return st.st_uid, st.st_gid


@pytest.mark.root("a stream of his that the container's user is to own is given away with CAP_CHOWN, which he has over his own ids only")
@pytest.mark.ours
@pytest.mark.parametrize("how", ["run", "create", "exec"])
def test_owner_of_streams(bundle, rt, here, mapped, how):
    """A pipe and a file for output become the container user's, what they are not stays as it is: a file that is only read, too."""
    changes, owner = mapped
    c = bundle(args=["/bin/probe", "sleep"] if how == "exec" else ["true"], **changes)
    if how == "exec":
        rt.run_detached(c)
    r, w = os.pipe()
    one, other = socket.socketpair()
    null, before = os.open("/dev/null", os.O_RDWR), os.stat("/dev/null")
    log = os.open(here.dir / "log", os.O_WRONLY | os.O_CREAT)
    foreign = os.open(here.dir / "foreign", os.O_WRONLY | os.O_CREAT)
    os.fchown(foreign, 12, 34)
    script = os.open(here.dir / "script", os.O_RDONLY | os.O_CREAT)
    verb = {"run": ["run", "-b", c.path], "create": ["create", "-b", c.path], "exec": ["exec"]}[how]
    rt._remember(c, None)
    for streams in ((null, w, log), (r, other, foreign), (r, null, null), (script, null, null)):
        argv = [str(a) for a in (*rt.argv(*verb), c.id, *(["true"] if how == "exec" else []))]
        p = subprocess.run(argv, stdin=streams[0], stdout=streams[1], stderr=streams[2], timeout=30, check=False)
        assert p.returncode == 0
        if how == "create":
            rt.delete(c, "--force")
    assert _owner(w) == owner and _owner(log) == owner
    assert _owner(foreign) == (12, 34) and _owner(script) == (0, 0) and _owner(other.fileno()) == (0, 0)
    after = os.stat("/dev/null")
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    for fd in (r, w, null, log, foreign, script):
        os.close(fd)
    one.close()
    other.close()


@pytest.mark.root("the maps have ids of root, which are not his")
@pytest.mark.ours
@pytest.mark.parametrize("devices", [[], ["/dev/null", "/dev/tty"]])
def test_devices_of_the_host_keep_their_owner(bundle, rt, mapped, devices):
    """Whether streams are closed (and become /dev/null), or devices are bound into the container."""
    changes, _ = mapped
    mounts = [{"destination": d, "type": "bind", "source": d, "options": ["bind"]} for d in devices]
    names = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/console")
    before = {n: os.stat(n) for n in names if os.path.exists(n)}
    c = bundle(args=["true"], mounts=mounts, **changes)
    for closed in ("", "<&- >&- 2>&-"):
        subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *map(str, rt.argv("run", "-b", c.path, rt._remember(c, None)))],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=30)
    for n, st in before.items():
        after = os.stat(n)
        assert (after.st_uid, after.st_gid, after.st_mode) == (st.st_uid, st.st_gid, st.st_mode), n


def test_dev_null_keeps_its_owner(bundle, rt):
    c = bundle(args=["true"], user={"uid": 1000, "gid": 1000})
    before = os.stat("/dev/null")
    rt.run(c, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = os.stat("/dev/null")
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)


def test_environment_of_the_runtime_does_not_leak(probe):
    facts = probe(how={"env": {"PATH": os.environ["PATH"], "SECRET": "x"}})
    assert not [e for e in facts["env"] if "SECRET" in e]


def test_time_of_a_run(bundle, run):
    """Not a benchmark: a start that takes a second is broken."""
    c = bundle(args=["true"])
    run(c)
    start = time.monotonic()
    run(c)
    assert time.monotonic() - start < 1.5


def test_bundle_on_another_mount(bundle, run, here):
    """The image is itself a mount point, as with overlays."""
    c = bundle(args=["cat", "/etc/hostname"], copy=True)
    as_root(["mount", "--bind", c.rootfs, c.rootfs], check=True)
    try:
        assert run(c).stdout == "from-the-image\n"
    finally:
        as_root(["umount", c.rootfs], check=True)


def test_shared_propagation_of_the_caller(bundle, rt, here):
    """Mounts of the container do not appear on the host, even if the host's tree is shared."""
    c = bundle(args=["cat", "/etc/hostname"], mounts=[bind(here.dir, "/mnt")])
    script = 'mount --make-rshared / && n=$(wc -l < /proc/self/mountinfo) && "$@" && m=$(wc -l < /proc/self/mountinfo) && [ $n = $m ]'
    r = rt.with_options(prefix=["unshare", "-m", "sh", "-c", script, "sh"]).run(c)
    assert (r.returncode, r.stdout) == (0, "from-the-image\n"), str(r)

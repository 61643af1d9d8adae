# SPDX-License-Identifier: GPL-2.0-or-later
"""linux.seccomp: actions, arguments, what is newer than the profile, and when the filter is loaded."""

import base64
import errno
import fcntl
import json
import os
import platform
import select
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

from lib import processes, user
from lib.bundle import namespaces, user_mappings
from lib.runtime import environment

ARCH = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}.get(platform.machine())
MKDIRAT = {"x86_64": 258, "aarch64": 34}.get(platform.machine())
GETPRIORITY = {"x86_64": 140, "aarch64": 141}.get(platform.machine())

pytestmark = pytest.mark.skipif(ARCH is None, reason=f"no system call numbers for {platform.machine()} here")


def profile(*rows, default="SCMP_ACT_ALLOW", **more):
    return {"defaultAction": default, "architectures": [ARCH], "syscalls": list(rows), **more}


def row(action, *names, **more):
    return {"names": list(names), "action": action, **more}


@pytest.fixture
def call(bundle, run):
    """The outcome of one system call under a profile."""
    def ask(seccomp, number, *args, **changes):
        r = run(bundle(args=["/bin/probe", "syscall", number, *args], seccomp=seccomp, **changes))
        assert r.returncode == 0, str(r)
        return r.json
    return ask


def test_none(probe):
    assert probe()["seccomp"] == 0


@pytest.mark.parametrize("nnp", [True, False])
def test_mode(probe, nnp):
    assert probe(seccomp=profile(row("SCMP_ACT_ERRNO", "mkdir")), process={"noNewPrivileges": nnp})["seccomp"] == 2


def test_errno_default(call):
    assert call(profile(row("SCMP_ACT_ERRNO", "getpriority")), GETPRIORITY)["errno"] == errno.EPERM


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, 99, 133])
def test_errno_given(call, number):
    assert call(profile(row("SCMP_ACT_ERRNO", "getpriority", errnoRet=number)), GETPRIORITY)["errno"] == number


def test_every_name_of_a_row(sh):
    out = sh("mkdir /tmp/x || echo 1; chown 1 /tmp || echo 2; ln -s a /tmp/y || echo 3", copy=True, how={"stderr": None},
             seccomp=profile(row("SCMP_ACT_ERRNO", "mkdir", "mkdirat", "chown", "fchownat", "lchown", "symlink", "symlinkat")))
    assert out.split() == ["1", "2", "3"]


def test_several_rows(sh):
    out = sh("mkdir /tmp/x || echo 1; ln -s a /tmp/y || echo 2", copy=True, how={"stderr": None},
             seccomp=profile(row("SCMP_ACT_ERRNO", "mkdir", "mkdirat"), row("SCMP_ACT_ERRNO", "symlink", "symlinkat", errnoRet=28)))
    assert out.split() == ["1", "2"]


@pytest.mark.parametrize("action", ["SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"])
def test_killed(bundle, run, action):
    from lib.bundle import namespaces
    c = bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=profile(row(action, "getpriority")),
               namespaces=namespaces("mount", "network", "ipc", "uts"))
    assert run(c).returncode == 128 + 31


def test_killed_as_pid_1(bundle, run):
    c = bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=profile(row("SCMP_ACT_KILL_PROCESS", "getpriority")))
    assert run(c).returncode == 128 + 31


@pytest.mark.parametrize("action", ["SCMP_ACT_LOG", "SCMP_ACT_ALLOW"])
def test_allowed(call, action):
    assert call(profile(row(action, "getpriority")), GETPRIORITY)["errno"] == 0


def test_trace_without_a_tracer(call):
    assert call(profile(row("SCMP_ACT_TRACE", "getpriority", errnoRet=1)), GETPRIORITY)["errno"] == errno.ENOSYS


@pytest.mark.parametrize("op, value, two, hits", [
    ("SCMP_CMP_EQ", 5, None, [5]), ("SCMP_CMP_NE", 5, None, [4, 6]), ("SCMP_CMP_LT", 5, None, [4]), ("SCMP_CMP_LE", 5, None, [4, 5]),
    ("SCMP_CMP_GT", 5, None, [6]), ("SCMP_CMP_GE", 5, None, [5, 6]), ("SCMP_CMP_MASKED_EQ", 4, 4, [4, 5, 6])])
def test_arguments(bundle, run, op, value, two, hits):
    """On the second argument of getpriority (which), with 4, 5 and 6."""
    arg = {"index": 1, "value": value, "op": op}
    if two is not None:
        arg["valueTwo"] = two
    c = bundle(args=["sh", "-c", f"for i in 4 5 6; do probe syscall {GETPRIORITY} 0 $i; done"],
               seccomp=profile(row("SCMP_ACT_ERRNO", "getpriority", errnoRet=77, args=[arg])))
    r = run(c)
    found = [i for i, l in zip((4, 5, 6), r.lines) if json.loads(l)["errno"] == 77]
    assert found == hits, str(r)


def test_several_arguments(call):
    """All of them must match."""
    args = [{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 7, "op": "SCMP_CMP_EQ"}]
    p = profile(row("SCMP_ACT_ERRNO", "getpriority", errnoRet=77, args=args))
    assert call(p, GETPRIORITY, 0, 7)["errno"] == 77
    assert call(p, GETPRIORITY, 0, 8)["errno"] != 77


def test_large_values(call):
    p = profile(row("SCMP_ACT_ERRNO", "getpriority", errnoRet=77, args=[{"index": 1, "value": 2**64 - 2, "op": "SCMP_CMP_EQ"}]))
    assert call(p, GETPRIORITY, 0, -2)["errno"] == 77
    assert call(p, GETPRIORITY, 0, -3)["errno"] != 77


# A profile that names what it allows, as the engines' do.
ALLOWED = """access arch_prctl brk capget capset chdir clone clone3 close close_range dup dup2 dup3 execve execveat exit exit_group faccessat
faccessat2 fchdir fchown fcntl fork vfork fstat fstatfs futex getcwd getdents64 getegid geteuid getgid getgroups getpid getppid getrandom getuid
ioctl lseek mmap mprotect munmap newfstatat open openat openat2 prctl pread64 prlimit64 read readlink readlinkat readv rseq
rt_sigaction rt_sigprocmask rt_sigreturn set_robust_list set_tid_address setgid setgroups setresgid setresuid setuid sigaltstack
stat statx uname wait4 write writev sendmsg recvmsg epoll_pwait epoll_ctl epoll_create1 pipe2 tgkill gettid sched_yield
sched_getaffinity nanosleep madvise getsockopt poll ppoll""".split()


def allow_list(**more):
    return profile(row("SCMP_ACT_ALLOW", *ALLOWED), default="SCMP_ACT_ERRNO", **more)


def test_allow_list(bundle, run):
    c = bundle(args=["sh", "-c", f"echo works; probe syscall {GETPRIORITY}; probe syscall {MKDIRAT} -100 0 0"], seccomp=allow_list())
    r = run(c)
    assert r.lines[0] == "works" and [json.loads(l)["errno"] for l in r.lines[1:]] == [errno.EPERM] * 2, str(r)


def test_default_errno(call):
    assert call(allow_list(defaultErrnoRet=88), GETPRIORITY)["errno"] == 88


def test_newer_than_the_profile(call):
    """SECURITY-CASES.md 17: ENOSYS, so that a C library falls back."""
    for number in (1000, 2000, 467 + 100):
        assert call(allow_list(), number)["errno"] == errno.ENOSYS


def test_newer_than_the_profile_with_a_default_errno(call):
    assert call(allow_list(defaultErrnoRet=errno.EACCES), 1000)["errno"] in (errno.EACCES, errno.ENOSYS)


def test_unknown_names_are_left_out(call):
    assert call(profile(row("SCMP_ACT_ERRNO", "no_such_system_call", "getpriority")), GETPRIORITY)["errno"] == errno.EPERM


@pytest.mark.differs(runc="does not know the annotation")
def test_unknown_names_refused_on_request(bundle, run, rt):
    c = bundle(args=["true"], seccomp=profile(row("SCMP_ACT_ERRNO", "no_such_system_call")),
               annotations={"run.oci.seccomp_fail_unknown_syscall": "1"})
    rt.fails(run(c), "no_such_system_call")


def test_no_architectures(bundle, run):
    p = profile(row("SCMP_ACT_ERRNO", "getpriority"))
    del p["architectures"]
    r = run(bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=p))
    assert r.json["errno"] == errno.EPERM, str(r)


def test_architectures_of_the_engines(call):
    p = profile(row("SCMP_ACT_ERRNO", "getpriority"))
    p["architectures"] = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"] if platform.machine() == "x86_64" else ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]
    assert call(p, GETPRIORITY)["errno"] == errno.EPERM


@pytest.mark.skipif(platform.machine() != "x86_64", reason="needs a machine with a second architecture")
def test_second_architecture(bundle, run):
    """A profile is for the architectures that it names: theirs are filtered by their own numbers, any other ends the process."""
    p = profile(row("SCMP_ACT_ERRNO", "getpriority", errnoRet=77))
    found = []
    for architectures in (["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], ["SCMP_ARCH_X86_64"]):
        c = bundle(args=["sh", "-c", "probe syscall32 20; probe syscall32 96; true"], seccomp=p | {"architectures": architectures})
        r = run(c)
        found.append([json.loads(l)["errno"] for l in r.lines])
    if not found[0] or found[0][0] == errno.ENOSYS:
        pytest.skip("the kernel runs no 32-bit programs")
    assert found == [[0, 77], []]


@pytest.mark.ours
@pytest.mark.root("newuidmap is set-user-ID, and has no rights under a tracer")
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("flags, shown", [(["SECCOMP_FILTER_FLAG_LOG"], "SECCOMP_FILTER_FLAG_LOG"), (["SECCOMP_FILTER_FLAG_TSYNC"], "SECCOMP_FILTER_FLAG_TSYNC"),
                                          (["SECCOMP_FILTER_FLAG_SPEC_ALLOW"], "SECCOMP_FILTER_FLAG_SPEC_ALLOW"),
                                          (["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"], "SECCOMP_FILTER_FLAG_LOG|SECCOMP_FILTER_FLAG_SPEC_ALLOW")])
def test_flags_reach_the_kernel(bundle, rt, here, flags, shown):
    out = here.dir / "strace"
    traced = rt.with_options(prefix=["strace", "-f", "-qq", "-o", out, "-e", "trace=seccomp"])
    r = traced.run(bundle(args=["true"], seccomp=profile(row("SCMP_ACT_ERRNO", "getpriority"), flags=flags)))
    assert r.returncode == 0 and f"SECCOMP_SET_MODE_FILTER, {shown}," in out.read_text(), (str(r), out.read_text())



@pytest.mark.differs(runc="1.1.5 knows no flags")
@pytest.mark.parametrize("flags", [["SECCOMP_FILTER_FLAG_LOG"], ["SECCOMP_FILTER_FLAG_TSYNC"], ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"], []])
def test_flags(call, flags):
    assert call(profile(row("SCMP_ACT_ERRNO", "getpriority"), flags=flags), GETPRIORITY)["errno"] == errno.EPERM


def test_empty_profile(call):
    assert call({"defaultAction": "SCMP_ACT_ALLOW"}, GETPRIORITY)["errno"] == 0


@pytest.mark.parametrize("seccomp, text", [
    ({"defaultAction": "SCMP_ACT_NO_SUCH"}, "linux.seccomp.defaultAction"),
    ({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_PDP11"]}, "linux.seccomp.architectures[0]"),
    ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "NO_SUCH"}]}, "linux.seccomp.syscalls[0].action"),
    ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "BAD"}]}]},
     "linux.seccomp.syscalls[0].args[0].op"),
    ({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_NO_SUCH"]}, "linux.seccomp.flags[0]"),
])
def test_bad_profiles(bundle, run, rt, seccomp, text):
    rt.fails(run(bundle(args=["true"], seccomp=seccomp)), text)


@pytest.mark.ours
@pytest.mark.parametrize("seccomp, text", [
    ({}, "linux.seccomp.defaultAction"),
    ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]},
     "linux.seccomp.syscalls[0].args[0].index"),
    ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5000}]}, "errnoRet"),
    ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_ERRNO"}]}, "linux.seccomp.syscalls[0].names"),
])
def test_more_bad_profiles(bundle, run, rt, seccomp, text):
    rt.fails(run(bundle(args=["true"], seccomp=seccomp)), text)


def test_the_runtimes_own_calls_are_not_filtered(bundle, run):
    """The last privileged steps come before the filter: setuid, capset, chdir, mount may be forbidden."""
    p = profile(row("SCMP_ACT_KILL_PROCESS", "mount", "umount2", "pivot_root", "setuid", "setgid", "setgroups", "setresuid", "setresgid", "chroot",
                    "sethostname", "keyctl", "unshare", "setns", "capset", "chdir", "fchdir", "move_mount", "fsopen", "open_tree", "mknodat"))
    r = run(bundle(args=["/bin/probe", "open", "/etc/passwd"], seccomp=p, user={"uid": 1000, "gid": 1000}, cwd="/tmp"))
    assert (r.returncode, r.json["errno"]) == (0, 0), str(r)


def test_without_no_new_privileges_as_a_user(bundle, run):
    """CAP_SYS_ADMIN loads the filter before it is given away."""
    c = bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=profile(row("SCMP_ACT_ERRNO", "getpriority")),
               user={"uid": 1000, "gid": 1000}, process={"noNewPrivileges": False})
    r = run(c)
    assert r.returncode == 0 and r.json["errno"] == errno.EPERM, str(r)


def test_inherited(sh):
    """Every process of the container has it."""
    out = sh("sh -c 'grep ^Seccomp: /proc/self/status'", seccomp=profile(row("SCMP_ACT_ERRNO", "mkdir")))
    assert out.split() == ["Seccomp:", "2"]


def test_large_profile(bundle, run):
    """Many rows with arguments: some thousand instructions."""
    rows = [row("SCMP_ACT_ERRNO", "getpriority", errnoRet=77, args=[{"index": 1, "value": 1000 + i, "op": "SCMP_CMP_EQ"}]) for i in range(400)]
    r = run(bundle(args=["/bin/probe", "syscall", GETPRIORITY, 0, 1399], seccomp=profile(*rows)))
    assert r.returncode == 0 and r.json["errno"] == 77, str(r)


@pytest.mark.ours
def test_notify_without_a_listener(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], seccomp=profile(row("SCMP_ACT_NOTIFY", "mkdir")))), "linux.seccomp")


@pytest.mark.ours
def test_notify_of_write(bundle, run, rt, here):
    c = bundle(args=["true"], seccomp=profile(row("SCMP_ACT_NOTIFY", "write"), listenerPath=str(here.dir / "no-agent")))
    rt.fails(run(c), "SCMP_ACT_NOTIFY cannot be used for the write syscall")


# plugins: programs that get the listener, examples/seccomp-plugin.c

PLUGINS = "run.oci.seccomp.plugins"


@pytest.fixture(scope="session")
def plugin(session):
    """The example, built."""
    path = session / "seccomp-plugin"
    source = Path(__file__).resolve().parents[2] / "examples/seccomp-plugin.c"
    subprocess.run([os.environ.get("CC", "gcc"), "-Wall", "-Wextra", "-Werror", "-O2", "-o", path, source], check=True)
    return path


def plugins_of(path) -> list:
    """Processes that execute the program PATH."""
    found = []
    for p in os.listdir("/proc"):
        try:
            if p.isdigit() and os.readlink(f"/proc/{p}/exe") == str(path):
                found.append(int(p))
        except OSError:
            pass
    return found


@pytest.fixture
def own_plugin(plugin, here):
    """A copy for this test alone. No process of it is left when the containers are gone."""
    path = here.dir / "plugin"
    shutil.copy(plugin, path)
    yield path
    processes.until(lambda: processes.reap() or not plugins_of(path), lambda: f"still there: {plugins_of(path)}")


@pytest.mark.ours
def test_plugin(bundle, run, own_plugin):
    seccomp = profile(row("SCMP_ACT_NOTIFY", "getpriority"), listenerMetadata="errno=99")
    r = run(bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=seccomp, annotations={PLUGINS: str(own_plugin)}))
    assert r.json["errno"] == 99, str(r)
    seccomp = profile(row("SCMP_ACT_NOTIFY", "getpriority"))
    r = run(bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=seccomp, annotations={PLUGINS: str(own_plugin)}))
    assert r.json["errno"] == 0, str(r)


@pytest.mark.ours
@pytest.mark.root("looks at processes of root")
def test_plugin_of_a_created_container_and_of_exec(bundle, rt, own_plugin):
    """It answers as long as anybody has the filter; an exec has its own, which ends with it."""
    c = bundle(args=["/bin/probe", "sleep"], seccomp=profile(row("SCMP_ACT_NOTIFY", "getpriority"), listenerMetadata="errno=77"),
               annotations={PLUGINS: str(own_plugin)})
    rt.create(c)
    assert not plugins_of(own_plugin)
    rt.start(c)
    first, = plugins_of(own_plugin)
    facts = Path(f"/proc/{first}")
    assert (facts / "cmdline").read_bytes().split(b"\0")[1].decode() == c.id
    assert os.readlink(facts / "cwd") == "/" and os.readlink(facts / "fd/2") == "/dev/null" and os.readlink(facts / "ns/pid") == os.readlink("/proc/self/ns/pid")
    assert sorted(os.listdir(facts / "fd")) == ["0", "1", "2", "3"]
    assert c.id not in (facts / "cgroup").read_text()
    for _ in range(2):
        r = rt("exec", c.id, "/bin/probe", "syscall", GETPRIORITY)
        assert r.json["errno"] == 77, str(r)
    processes.until(lambda: processes.reap() or plugins_of(own_plugin) == [first], lambda: str(plugins_of(own_plugin)))
    rt.delete(c, "--force")  # with it the plugin ends, which the fixture looks at


@pytest.mark.parametrize("path, words", [("x.so", ("absolute",)), ("/no/such", ("/no/such", "no such file")), ("/etc/passwd", ("not a program",)),
                                         ("/bin/true:/bin/false", ("one program",)), ("/tmp", ("not a program",))])
@pytest.mark.ours
def test_plugin_refused(bundle, run, rt, path, words):
    c = bundle(args=["true"], seccomp=profile(row("SCMP_ACT_NOTIFY", "mkdir")), annotations={PLUGINS: path})
    rt.fails(run(c), f'annotations["{PLUGINS}"]', *words)


@pytest.mark.ours
def test_plugin_that_others_can_change(bundle, run, rt, own_plugin):
    own_plugin.chmod(0o777)
    c = bundle(args=["true"], seccomp=profile(row("SCMP_ACT_NOTIFY", "mkdir")), annotations={PLUGINS: str(own_plugin)})
    rt.fails(run(c), PLUGINS, "changed by others")


@pytest.mark.ours
def test_plugin_where_others_can_write(bundle, run, rt, plugin, here):
    """They could put another program in its place."""
    for path in (here.dir / "wide/plugin", here.dir / "wide/closed/plugin", here.dir / "link"):
        if path.name == "plugin":
            path.parent.mkdir(parents=True)
            shutil.copy(plugin, path)
        else:
            path.symlink_to(here.dir / "wide/closed/plugin")
        (here.dir / "wide").chmod(0o777)
        c = bundle(args=["true"], seccomp=profile(row("SCMP_ACT_NOTIFY", "mkdir")), annotations={PLUGINS: str(path)})
        rt.fails(run(c), f'others can write to the directory "{here.dir}/wide"')


def test_plugin_that_cannot_be_executed(bundle, run, rt, here):
    (here.dir / "bad").write_text("#!/no/such/interpreter\n")
    (here.dir / "bad").chmod(0o755)
    c = bundle(args=["true"], seccomp=profile(row("SCMP_ACT_NOTIFY", "mkdir")), annotations={PLUGINS: str(here.dir / "bad")})
    rt.fails(run(c), PLUGINS, "bad", "no such file")


@pytest.mark.ours
def test_plugin_beside_an_agent(bundle, run, rt, own_plugin):
    c = bundle(args=["true"], seccomp=profile(row("SCMP_ACT_NOTIFY", "mkdir"), listenerPath="/agent"), annotations={PLUGINS: str(own_plugin)})
    rt.fails(run(c), PLUGINS, "listenerPath")


@pytest.mark.ours
def test_plugin_without_a_listener(bundle, run, own_plugin):
    r = run(bundle(args=["echo", "x"], seccomp=profile(row("SCMP_ACT_ERRNO", "mkdir")), annotations={PLUGINS: str(own_plugin)}))
    assert r.stdout == "x\n" and PLUGINS in r.stderr and "SCMP_ACT_NOTIFY" in r.stderr


@pytest.mark.ours
def test_missing_agent(bundle, run, rt, here):
    c = bundle(args=["true"], seccomp=profile(row("SCMP_ACT_NOTIFY", "mkdir"), listenerPath=str(here.dir / "no-agent")))
    rt.fails(run(c), "failed to connect with seccomp agent", "no-agent")


@pytest.mark.ours
def test_agent_path_is_absolute(bundle, run, rt):
    c = bundle(args=["true"], seccomp=profile(row("SCMP_ACT_NOTIFY", "mkdir"), listenerPath="agent.sock"))
    rt.fails(run(c), "linux.seccomp.listenerPath", "absolute")


# ---- a listener: linux.seccomp.listenerPath, SECCOMP_IOCTL_NOTIF_* of linux/seccomp.h ----

RECV, SEND, ID_VALID = 0xC0502100, 0xC0182101, 0x40082102


class Agent(threading.Thread):
    """Takes one listener, keeps what came with it, and answers every call with errno 99, or lets it go on."""

    def __init__(self, path, go_on=False):
        super().__init__(daemon=True)
        self.go_on, self.calls, self.message, self.fds = go_on, [], None, []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.socket.settimeout(20)
        self.start()

    def run(self):
        connection, _ = self.socket.accept()
        data, self.fds, _, _ = socket.recv_fds(connection, 65536, 4)
        self.message = json.loads(data)
        assert connection.recv(1) == b"", "more than one message"
        connection.close()
        poll = select.poll()
        poll.register(self.fds[0], select.POLLIN)
        while call := self.receive(poll):
            id, pid, _, number = call
            self.answer(id, pid, number)
        for fd in self.fds:
            os.close(fd)
        self.socket.close()

    def receive(self, poll):
        """A call's id, caller, flags and number; None when there will be no more."""
        (_, events), *_ = poll.poll(20000) or [(0, 0)]
        if not events & select.POLLIN:
            return None
        asked = bytearray(80)
        fcntl.ioctl(self.fds[0], RECV, asked)
        return struct.unpack_from("QIIi", asked)

    def answer(self, id, pid, number):
        self.calls.append(number)
        fcntl.ioctl(self.fds[0], SEND, struct.pack("QqiI", id, 0, 0 if self.go_on else -99, 1 if self.go_on else 0))


@pytest.fixture
def agent(here):
    made = []

    def make(kind=Agent, **how):
        made.append(kind(here.dir / "agent.sock", **how))
        made[-1].path = str(here.dir / "agent.sock")
        return made[-1]

    yield make
    for a in made:
        a.join(20)
        assert not a.is_alive(), "the listener was not closed with the container"


def notify(*names, **more):
    return profile(row("SCMP_ACT_NOTIFY", *names), **more)


@pytest.mark.ours
def test_listener(bundle, run, agent, here):
    a = agent()
    c = bundle(args=["/bin/probe", "syscall", GETPRIORITY], annotations={"a": "b"},
               seccomp=notify("getpriority", listenerPath=a.path, listenerMetadata="for the agent"))
    r = run(c)
    a.join(20)
    assert r.json["errno"] == 99 and a.calls == [GETPRIORITY], str(r)
    m = a.message
    assert len(a.fds) == 1 and m["fds"] == ["seccompFd"] and m["metadata"] == "for the agent" and m["ociVersion"]
    assert m["state"]["id"] == c.id and m["state"]["status"] == "creating" and m["state"]["annotations"] == {"a": "b"}
    assert m["pid"] == m["state"]["pid"] > 1


class Interrupter(Agent):
    """Sends the caller SIGUSR1 before it answers, and notes whether it waits for the answer all the same."""

    def answer(self, id, pid, number):
        os.kill(pid, signal.SIGUSR1)
        self.calls.append(self.still_waits(id))
        if self.calls[-1]:
            fcntl.ioctl(self.fds[0], SEND, struct.pack("QqiI", id, 0, -99, 0))

    def still_waits(self, id):
        for _ in range(30):
            time.sleep(0.01)
            try:
                fcntl.ioctl(self.fds[0], ID_VALID, struct.pack("Q", id))
            except FileNotFoundError:
                return False
        return True


@pytest.mark.ours
@pytest.mark.root("the signal is sent by its number on the host")
@pytest.mark.skipif(tuple(map(int, platform.release().split(".")[:2])) < (5, 19), reason="Linux before 5.19 has no WAIT_KILLABLE_RECV")
@pytest.mark.parametrize("flags, waits, code", [(["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"], True, 99), ([], False, errno.EINTR)], ids=["killable", "without"])
def test_wait_killable(bundle, run, agent, flags, waits, code):
    """Once the agent has the call only a signal that ends the process interrupts it."""
    a = agent(kind=Interrupter)
    r = run(bundle(args=["/bin/probe", "interrupted", GETPRIORITY], seccomp=notify("getpriority", listenerPath=a.path, flags=flags)))
    a.join(20)
    assert a.calls == [waits] and r.json["errno"] == code, (a.calls, str(r))


@pytest.mark.ours
@pytest.mark.parametrize("start", [True, False])
def test_listener_of_exec(bundle, rt, agent, start):
    """A listener of its own for the process that enters, with its number, and the container as it is."""
    a = agent() if start else None
    path = a.path if a else None
    path = path or str(rt.root.parent / "agent.sock")
    c = bundle(args=["/bin/probe", "sleep"], seccomp=notify("getpriority", listenerPath=path, listenerMetadata="m"))
    rt.create(c)
    if start:
        rt.start(c)
        os.unlink(path)
    b = agent()
    r = rt("exec", "--pid-file", rt.root.parent / "exec-pid", c.id, "/bin/probe", "syscall", GETPRIORITY)
    b.join(20)
    assert r.json["errno"] == 99 and b.calls == [GETPRIORITY] and len(b.fds) == 1, str(r)
    m = b.message
    assert m["pid"] == int((rt.root.parent / "exec-pid").read_text()) and m["metadata"] == "m" and m["fds"] == ["seccompFd"]
    s = rt.state(c)
    assert m["state"]["pid"] == s["pid"] != m["pid"] and m["state"]["status"] == s["status"] == ("running" if start else "created")
    assert m["state"]["id"] == c.id
    rt.delete(c, "--force")


@pytest.mark.ours
def test_listener_of_a_created_container(bundle, rt, agent, here):
    """It comes with the start, from another process of the runtime."""
    a = agent()
    c = bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=notify("getpriority", listenerPath=a.path))
    rt.create(c)
    assert a.message is None
    rt.start(c)
    rt.wait_status(c, "stopped")
    a.join(20)
    assert json.loads(rt.output(c))["errno"] == 99 and a.message["state"]["id"] == c.id


@pytest.mark.ours
def test_agent_that_went_away(bundle, rt, here):
    """Between create and start."""
    c = bundle(args=["true"], seccomp=notify("mkdir", listenerPath=str(here.dir / "agent.sock")))
    rt.create(c)
    rt.fails(rt.start(c, check=False), "failed to connect with seccomp agent")
    rt.wait_status(c, "stopped")


@pytest.mark.ours
@pytest.mark.parametrize("where", ["annotation", "environment"])
def test_agent_by_other_means(bundle, rt, agent, where):
    a = agent()
    c = bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=notify("getpriority"),
               annotations={"run.oci.seccomp.receiver": a.path} if where == "annotation" else {})
    env = environment(RUN_OCI_SECCOMP_RECEIVER=a.path) if where == "environment" else environment()
    rt.create(c, env=env)
    rt.start(c)  # remembers where it was told
    rt.wait_status(c, "stopped")
    a.join(20)
    assert a.calls == [GETPRIORITY]


@pytest.mark.ours
def test_listener_does_not_stay_in_the_container(bundle, run, agent):
    """SECURITY-CASES.md 17."""
    a = agent()
    r = run(bundle(args=["sh", "-c", "for f in /proc/self/fd/*; do readlink $f; done; exit 0"], seccomp=notify("getpriority", listenerPath=a.path)))
    assert r.returncode == 0 and "seccomp" not in r.stdout, str(r)


@pytest.mark.ours
def test_listener_for_the_runtimes_own_calls(bundle, run, agent):
    """Whatever crun-init still calls after its filter does not wait for an agent that has no listener yet."""
    a = agent(go_on=True)
    names = ["sendmsg", "recvmsg", "read", "close", "execve", "prctl", "rt_sigaction", "rt_sigprocmask", "umask", "getpriority"]
    r = run(bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=notify(*names, listenerPath=a.path)))
    assert r.returncode == 0 and r.json["errno"] == 0, str(r)
    a.join(20)
    assert GETPRIORITY in a.calls


@pytest.mark.ours
def test_listener_in_a_user_namespace(bundle, run, agent):
    a = agent()
    c = bundle(args=["/bin/probe", "syscall", GETPRIORITY], copy=True, user={"uid": 1000, "gid": 1000},
               namespaces=namespaces("pid", "mount", "user", "ipc", "uts", "network"), linux=user_mappings(0, 65536),
               seccomp=notify("getpriority", listenerPath=a.path))
    r = run(c)
    a.join(20)
    assert r.json["errno"] == 99, str(r)


@pytest.mark.ours
def test_nothing_but_execve_after_the_filter(bundle, run):
    """Handlers, masks and the like are set before: a profile may kill for them."""
    p = profile(row("SCMP_ACT_KILL_PROCESS", "rt_sigaction", "rt_sigprocmask", "prctl", "umask", "sendmsg", "recvmsg", "close"))
    r = run(bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=p))
    assert r.returncode == 0 and r.json["errno"] == 0, str(r)


# ---- a program that was compiled elsewhere ----

def bpf(*instructions) -> str:
    return base64.b64encode(b"".join(struct.pack("HBBI", *i) for i in instructions)).decode()


ALLOW, ERRNO, NOTIFY = 0x7FFF0000, 0x00050000, 0x7FC00000


def refusing(number, action):
    """Load the number; if it is this one: the action, else allow."""
    return bpf((0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, action), (0x06, 0, 0, ALLOW))


@pytest.mark.ours
def test_raw_program(bundle, run):
    """It is taken instead of the profile."""
    c = bundle(args=["/bin/probe", "syscall", GETPRIORITY], annotations={"run.oci.seccomp_bpf_data": refusing(GETPRIORITY, ERRNO | 66)},
               seccomp=profile(row("SCMP_ACT_ERRNO", "getpriority", errnoRet=77)))
    assert run(c).json["errno"] == 66


@pytest.mark.ours
def test_raw_program_with_a_listener(bundle, run, agent):
    a = agent()
    c = bundle(args=["/bin/probe", "syscall", GETPRIORITY],
               annotations={"run.oci.seccomp_bpf_data": refusing(GETPRIORITY, NOTIFY), "run.oci.seccomp.receiver": a.path})
    assert run(c).json["errno"] == 99


@pytest.mark.ours
@pytest.mark.parametrize("data", ["", "*", "AAAA", base64.b64encode(b"x" * 8 * 4097).decode()])
def test_bad_raw_programs(bundle, run, rt, data):
    rt.fails(run(bundle(args=["true"], annotations={"run.oci.seccomp_bpf_data": data})), "run.oci.seccomp_bpf_data")


@pytest.mark.ours
def test_raw_program_that_the_kernel_refuses(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], annotations={"run.oci.seccomp_bpf_data": bpf((0xFF, 0, 0, 0))})), 'annotations["run.oci.seccomp_bpf_data"]: seccomp')


STOPPED = "linux.seccomp: the profile stopped the container's set-up: "
ENDED = "the process ended after the filter was installed and before its program was executed"  # not `start`'s child
REFUSED = "execve was refused, and so was the message about it; the process ended after the filter was installed"
SIGSYS = "the process was killed by SIGSYS after the filter was installed and before its program was executed"


@pytest.fixture(params=["run", "run --detach", "create and start", "exec"])
def stopped(request, bundle, rt):
    """The error of a container, or of another process in one, under this profile."""
    def ask(seccomp, code=1):
        c = bundle(args=["true"], linux={"seccomp": seccomp})
        if request.param == "run":
            return rt.fails(rt.run(c, timeout=20), code=code)
        if request.param == "run --detach":
            return rt.fails(rt.run_detached(c, check=False, timeout=20), code=code)
        if request.param == "exec":
            c = bundle(args=["/bin/probe", "sleep"])
            rt.run_detached(c)
            kept = rt.root / c.id / "config.json"
            config = json.loads(kept.read_text())
            config["linux"]["seccomp"] = seccomp
            kept.write_text(json.dumps(config))
            return rt.fails(rt("exec", c.id, "true", timeout=20), code=code)
        rt.create(c)
        return rt.fails(rt.start(c, check=False, timeout=20), code=1)
    ask.how = request.param
    return ask


@pytest.mark.ours
@pytest.mark.parametrize("allowed", [[], ["exit"], ["exit_group"]])
def test_profile_that_refuses_everything(stopped, allowed):
    """Neither the exec nor the word about it is allowed: a failure, and nobody who spins."""
    rules = [{"names": allowed, "action": "SCMP_ACT_ALLOW"}] if allowed else []
    error = stopped({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": rules})
    assert STOPPED + (ENDED if stopped.how == "create and start" else REFUSED) in error, error


@pytest.mark.ours
@pytest.mark.parametrize("action", ["SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP"])
def test_profile_that_kills_everything(stopped, action):
    error = stopped({"defaultAction": action})
    assert STOPPED + (ENDED if stopped.how == "create and start" else SIGSYS) in error, error


@pytest.mark.ours
@pytest.mark.parametrize("allowed", ["write", "sendmsg"])
def test_profile_that_refuses_the_exec(stopped, allowed):
    """The word about it goes through by either call; by write alone through the pipe that an exec has without a user namespace."""
    silent = stopped.how == "exec" and allowed == "sendmsg" and not user.ACTIVE
    error = stopped(profile(row("SCMP_ACT_ALLOW", allowed, "exit_group"), default="SCMP_ACT_ERRNO"), code=1 if silent else 126)
    assert STOPPED + REFUSED in error if silent else 'execve "true" (does the seccomp profile allow it?): operation not permitted' in error, error


@pytest.mark.ours
def test_program_that_is_killed_at_its_start(bundle, rt):
    """The profile allows the exec and nothing else: that is the program's own end, and no failure of ours."""
    c = bundle(args=["true"], seccomp=profile(row("SCMP_ACT_ALLOW", "execve"), default="SCMP_ACT_KILL_PROCESS"))
    r = rt.run(c, timeout=20)
    assert (r.returncode, r.stderr) == (128 + 31, ""), str(r)

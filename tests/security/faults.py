#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every system call that crun and crun-init make fails once, or is where they are killed; afterwards nothing is left.

    tests/security/faults.py                       all scenarios, every call, every error that it can return, and kills; in loops of
                                                   the same calls the first time, the middle one and the last (--all: every time)
    tests/security/faults.py --sample 400          a part of the points, drawn with --seed
    tests/security/faults.py --only run 1:37:EPERM one point again, with all that is known of it
    tests/security/faults.py --operations          every operation of the plan fails once (below)
    tests/security/faults.py --systemd             the systemd manager: crun-systemd's calls, in a machine whose process 1 is systemd
    RUNTIME=PATH                                   the program under test (build/crun)

A scenario is a command on a container with much in its configuration, and what must be true when it says success. A
first, traced run without injection lists the calls; then each is made to fail in a container of its own (inject.c). The
verdict on each point is one of

    fallback       exit status 0, and the effect is that of a run without a fault, to the last mount option
    clean error    exit status not 0 and one line on standard error that says more than an errno
    killed         (kills only) crun is gone
    unclear error  no line, several, or only an errno
    wrong effect   exit status 0, but something is not as it was asked for
    leak           a process, mount, cgroup, state, file or key is left after `delete --force`, or that fails
    hang           no end in time
    crash          a signal that we did not send, or a sanitizer's report

and the last five fail the whole.

An operation is a row of the plan. Which calls belong to which row is known from --timeline: a call's time lies between those of its
row. With --operations the calls of each row are made to fail one after another until one of them makes the row fail; the
message must then begin with what the row is about. A row whose every call may fail without harm is told as "falls back",
one without a call that can fail as "no calls".

With --systemd the same is done in the machine of tools/in-tree, with crun-systemd beside the program, for the calls of that program and
of crun's end of their socket. Its loader's calls, which come before the first request and all have the one outcome that there is no
answer, are failed at the first of a name, the middle one and the last.
"""

import argparse
import collections
import errno
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from lib import cgroups, leaks, processes, rootfs  # noqa: E402
from lib.bundle import DEFAULT_NAMESPACES, bind, configure, namespaces, tmpfs, user_mappings  # noqa: E402
from lib.runtime import environment  # noqa: E402

BAD = ("unclear error", "wrong effect", "leak", "hang", "crash")
KINDS = ("fallback", "clean error", "killed", *BAD)
TIMEOUT = 20

# What a call can return, the likeliest first. "-": it cannot fail, or its failure means nothing. The errors of close(2)
# come after it has closed.
_errors = """
brk mmap mremap: ENOMEM
open openat: EMFILE ENOMEM EPERM EIO EINTR
openat2: EMFILE ENOSYS EPERM ENOMEM EAGAIN
read pread64 getdents64: EIO EINTR ENOMEM
write pwrite64 writev: ENOSPC EIO EINTR EPERM ENOMEM
close: EINTR EIO
fstat newfstatat stat lstat statx fstatfs statfs readlink readlinkat access faccessat faccessat2: EIO ENOMEM
clone clone3 fork vfork: EAGAIN ENOMEM EPERM ENOSYS
execve execveat: ENOMEM EPERM EIO EAGAIN
memfd_create: EMFILE ENOMEM ENOSYS EPERM
socket socketpair pipe pipe2 signalfd4 epoll_create1 timerfd_create dup dup2 dup3: EMFILE ENOMEM EINTR
fcntl: EMFILE EPERM EINTR
connect bind listen accept accept4: ENOMEM EINTR EPERM
sendmsg recvmsg sendto recvfrom: ENOMEM EINTR EAGAIN
mount umount2 pivot_root chroot setns unshare sethostname setdomainname: EPERM ENOMEM EIO
open_tree fsopen fspick mount_setattr: ENOSYS EPERM ENOMEM EMFILE
move_mount fsconfig fsmount: ENOMEM EPERM EMFILE
poll ppoll: EINTR ENOMEM
waitid wait4: EINTR
setsid: -
flock: EINTR ENOMEM
mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 symlink symlinkat mknod mknodat: ENOSPC EIO EPERM ENOMEM
fchownat: EIO ENOSPC
link linkat chown fchown lchown chmod fchmod fchmodat utimensat ftruncate fallocate: EIO EPERM ENOSPC
fsync fdatasync: EIO ENOSPC
bpf: EPERM ENOMEM ENOSYS
keyctl add_key: ENOSYS EPERM ENOMEM EDQUOT
seccomp: ENOMEM EPERM ENOSYS
pidfd_open: EMFILE ENOSYS EPERM ENOMEM
pidfd_send_signal kill pidfd_getfd: EPERM ENOSYS
close_range: ENOSYS EMFILE
ioctl: EPERM ENOMEM EIO
getrandom: EINTR
munmap rt_sigprocmask rt_sigaction rt_sigreturn exit exit_group getpid gettid getppid getuid geteuid getgid getegid: -
umask lseek clock_gettime futex set_robust_list set_tid_address rseq arch_prctl sigaltstack uname restart_syscall: -
madvise mprotect sched_yield getcwd getrlimit sched_getaffinity getgroups: -
prlimit64: EPERM
"""
ERRORS = {name: [] if errs.strip() == "-" else errs.split()
          for names, errs in (line.split(":") for line in _errors.strip().splitlines()) for name in names.split()}
OTHERS = ["EPERM", "ENOMEM"]
# AddressSanitizer's own calls, which it takes ill.
SANITIZERS_OWN = {"brk", "mmap", "mremap", "readlink", "readlinkat"}

FACTS = """/bin/probe; for f in memory/memory.limit_in_bytes pids/pids.max cpu/cpu.shares; do cat /sys/fs/cgroup/$f; done
: < /dev/zero; cat /proc/self/limits /proc/self/oom_score_adj; ls -ln /dev; id; umask; hostname; ls /full"""


def hooks(diary: Path) -> dict:
    def entry(name, where):
        return [{"path": "/bin/sh", "args": ["sh", "-c", f"echo {name} >> {where}/order"], "env": ["PATH=/bin"]}]
    return {n: entry(n, "/diary" if n == "startContainer" else diary)
            for n in ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")}


SECCOMP = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["swapon", "kexec_load"], "action": "SCMP_ACT_ERRNO"}]}
# Long enough for the cache.
LONG_SECCOMP = {"defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [{"names": ["swapon", *(f"no_such_system_call_{n}" for n in range(60))], "action": "SCMP_ACT_ERRNO"}]}


def rich(place, args, **changes) -> dict:
    """Much of what a configuration can hold."""
    d = place.dir
    config = configure(
        place.image, place.cgroups_path(), args=args, cwd="/tmp", user={"additionalGids": [5, 100], "umask": 0o27},
        process={"oomScoreAdj": int(Path("/proc/self/oom_score_adj").read_text()) + 1,
                 "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]},
        mounts=[bind(d / "diary", "/diary"), bind(d / "volume", "/mnt", "ro", "nosuid", recursive=True), bind(d / "file", "/etc/bound", "rslave"),
                tmpfs("/full", "tmpcopyup", "mode=0750", "size=1m"), tmpfs("/run", "nosuid", "rshared")],
        resources={"memory": {"limit": 1 << 28}, "pids": {"limit": 100}, "cpu": {"shares": 512}},
        linux={"devices": [{"path": "/dev/fifo", "type": "p", "fileMode": 0o600}, {"path": "/dev/mine", "type": "c", "major": 1, "minor": 5}],
               "sysctl": {"net.ipv4.ip_forward": "1", "kernel.msgmax": "8000"}, "rootfsPropagation": "rslave"},
        namespaces=namespaces(*DEFAULT_NAMESPACES, "cgroup"), seccomp=SECCOMP, hooks=hooks(d / "diary"), root={"readonly": True})
    changed = dict(changes)
    config["linux"].update(changed.pop("linux", {}))
    config["process"].update(changed.pop("process", {}))
    config.update(changed)
    return config


# The part of "make check": about 40 s on two idle cores.
SAMPLE = 350

# Where defects were found (docs/decisions/0091): in every sample.
REGRESSIONS = {
    ("run", 0, "prctl", "EPERM"),  # the bounding set kept what is above a guess
    ("run-user", 1, "fstatfs", "EIO"), ("run-user", 1, "mmap", "ENOMEM"),  # HOME was "/", or absent
    ("run-user", 1, "fsconfig", "ENOMEM"),  # the host's /sys was bound where memory was short
    ("kill-all", 0, "openat", "EMFILE"), ("kill-all", 0, "write", "ENOSPC"),  # left frozen, without a word
    ("delete-paused", 0, "openat", "EMFILE"), ("delete-paused", 0, "write", "ENOSPC"),  # waited for what was frozen
    ("delete-paused", 0, "lstat", "EIO"),  # the pid file was left without a word
    ("create-terminal", 0, "read", "EIO"),  # created, but "stopped" ever after
    ("create", 1, "accept4", "EPERM"),  # one refused peer ended a created container
    ("create", 0, "renameat", "KILL"),  # .PIDFILE.new was left
    ("start", 1, "accept4", "ENOMEM"),  # said to be started, but had ended
    ("mounts-add", 0, "recvmsg", "ENOMEM"), ("mounts-add", 0, "renameat", "ENOSPC"),  # mounts that were in no list were left
    ("mounts-remove", 0, "recvmsg", "ENOMEM"), ("mounts-add", 2, "fcntl", "EMFILE"),
}


class Place:
    """Where one worker makes its containers, one after another."""

    options = ()
    grace = 4.0

    def __init__(self, session: Path, image: Path, inject: Path, program: Path, number: int, sanitizer: bool):
        self.tag = f"cf{os.getpid()}x{number}"
        self.id = f"{self.tag}-1"
        self.dir = session / self.tag
        self.image, self.inject, self.program, self.sanitizer = image, inject, program, sanitizer
        self.state, self.bundle, self.diary = self.dir / "state", self.dir / "bundle", self.dir / "diary"
        for d in (self.dir, self.state, self.bundle, self.diary, self.dir / "volume", self.dir / "tmp"):
            d.mkdir()
        self.dir.chmod(0o755)
        self.diary.chmod(0o777)
        (self.dir / "file").write_text("bound\n")
        self.image_names = rootfs.names(image)
        self.console = None

    def command(self, *words) -> list:
        return [str(w) for w in (self.program, "--root", self.state, *self.options, *words)]

    def cgroups_path(self) -> str:
        return f"/{self.tag}/{self.id}"

    def environment(self) -> dict:
        return environment(TMPDIR=str(self.dir / "tmp"), ASAN_OPTIONS="detect_leaks=0:abort_on_error=0", UBSAN_OPTIONS="halt_on_error=1")

    def call(self, argv, timeout=TIMEOUT + 10):
        """To its end; the streams are files, for a container may hold them. (status, stdout, stderr)"""
        for name in ("stdout", "stderr"):
            (self.dir / name).unlink(missing_ok=True)  # its owner may have changed
        with open(self.dir / "stdout", "w+b") as out, open(self.dir / "stderr", "w+b") as err:
            p = processes.Process([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=self.environment())
            try:
                status = wait_and_reap(p, timeout)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait_and_forget(5)
                status = "hang"
            out.seek(0)
            err.seek(0)
            return status, out.read().decode(errors="replace"), err.read().decode(errors="replace")

    def crun(self, *words):
        status, out, err = self.call(self.command(*words))
        if status != 0:
            raise RuntimeError(f"{words}: {status}: {err}")
        return out

    def status(self) -> str:
        return json.loads(self.crun("state", self.id))["status"]

    def pid(self) -> int:
        return json.loads(self.crun("state", self.id))["pid"]

    def order(self) -> list:
        f = self.diary / "order"
        return f.read_text().split() if f.exists() else []

    def listen(self):
        self.console = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path = self.dir / "console"
        path.unlink(missing_ok=True)
        self.console.bind(str(path))
        self.console.listen(4)
        return path

    def reset(self):
        (self.diary / "order").unlink(missing_ok=True)
        self.hang_up()

    def hang_up(self):
        """The terminal's master, unread in our socket, holds on to its opener's credentials and so to the keyring."""
        if self.console:
            self.console.close()
            self.console = None
            (self.dir / "console").unlink(missing_ok=True)

    # ---- what is left ----

    def left(self) -> list:
        found = [f"process {p}: {c}" for p, c in processes.strays().items()]
        for mount in cgroups.hierarchies():
            parent = mount / self.tag
            if parent.is_dir():
                found += [f"cgroup {d}" for d, _, _ in os.walk(parent) if d != str(parent)]
        found += [f"mount {m}" for m in leaks.mounts(self.dir)]
        found += [f"state {n}" for n in os.listdir(self.state) if n != ".seccomp"]
        found += [f"temporary file {n}" for n in os.listdir(self.dir / "tmp")]
        found += [f"file {n}" for n in set(os.listdir(self.dir)) - KNOWN_FILES]
        found += [f"file {n} in the bundle" for n in set(os.listdir(self.bundle)) - OWN_FILES]
        found += [f"key {l}" for l in Path("/proc/keys").read_text().splitlines() if self.id in l]
        return found

    def wait_left(self) -> list:
        self.hang_up()
        end = time.monotonic() + self.grace
        pause = 0.001
        while (found := self.left()) and time.monotonic() < end:
            time.sleep(pause)
            pause = min(pause * 2, 0.05)
        return found + [f"in the image: {n}" for n in rootfs.names(self.image) ^ self.image_names]

    def clean(self):
        """After a leak, or an interrupt: the next point must not pay for it."""
        processes.kill_all(processes.strays())
        cgroups.remove(p for p in cgroups.named(self.tag) if p.name != self.tag)
        for m in reversed(leaks.mounts(self.dir)):
            subprocess.run(["umount", "-l", m.split(" ")[4]], stderr=subprocess.DEVNULL, check=False)
        for name in ("pid", ".pid.new", "exec-pid", ".exec-pid.new"):
            (self.bundle / name).unlink(missing_ok=True)
        for d in (self.state, self.dir / "tmp"):
            shutil.rmtree(d, ignore_errors=True)
            d.mkdir()
        processes.reap()

    def remove(self):
        cgroups.remove(cgroups.named(self.tag))
        shutil.rmtree(self.dir, ignore_errors=True)


class SystemdPlace(Place):
    """In a machine of its own, where each container has a scope."""

    options = ("--systemd-cgroup",)
    grace = 15.0  # systemd removes in a moment of its own

    def cgroups_path(self) -> str:
        return f"system.slice:cf:{self.id}"

    def units(self) -> list:
        text = subprocess.run(["systemctl", "list-units", "--all", "--no-legend", "--plain", f"*{self.tag}*"], capture_output=True, text=True, check=False).stdout
        return [" ".join(line.split()[:4]) for line in text.splitlines()]

    def left(self) -> list:
        found = super().left() + [f"cgroup {c}" for c in cgroups.named(self.tag)]
        return found + [f"unit {u}" for u in self.units()]

    def clean(self):
        super().clean()
        for verb in ("stop", "reset-failed"):
            subprocess.run(["systemctl", verb, *(u.split()[0] for u in self.units())], capture_output=True, check=False)


# In the bundle. An exec's pid file belongs to whoever asked for it; so does what a killed one has left beside it.
OWN_FILES = {"config.json", "exec-pid", ".exec-pid.new"}
KNOWN_FILES = {"state", "bundle", "diary", "volume", "tmp", "file", "mounts", "resources", "stdout", "stderr", "report", "console"}



def wait_and_reap(process, timeout):
    """As every parent of crun does, who is an init or a subreaper: a zombie of a joined pid namespace would keep its init from ending."""
    end = time.monotonic() + timeout
    while True:
        processes.reap()
        try:
            return process.wait_and_forget(0.01)
        except subprocess.TimeoutExpired:
            if time.monotonic() > end:
                raise


# ---- scenarios ----

SLEEP = ["/bin/probe", "sleep"]


class Scenario:
    """prepare() and then `words`, the command under injection; check() says what is wrong with its success."""

    def __init__(self, name, words, config=None, before=(), status=None, order=None, pid_file=False, terminal=False, attach=False,
                 output=False, shown=False, mounts=False):
        self.name, self.words, self.config, self.before = name, words, config or {}, before
        self.want_status, self.want_order, self.output = status, order, output
        self.terminal, self.attach = terminal, attach
        self.shown, self.mounts, self.mounts_before = output or shown, mounts, None
        self.reference = None

    def prepare(self, place):
        place.reset()
        shutil.rmtree(place.state / ".seccomp", ignore_errors=True)
        args = ["/bin/sh", "-c", FACTS] if self.output else SLEEP
        config = rich(place, args, **self.config)
        (place.bundle / "config.json").write_text(json.dumps(config))
        (place.dir / "mounts").write_text(json.dumps(added_mounts(place)))
        (place.dir / "resources").write_text(json.dumps({"devices": [{"allow": False, "access": "rwm"},
                                                                     {"allow": True, "type": "c", "major": 10, "minor": 250, "access": "rw"}]}))
        for words in self.before:
            place.crun(*self.fill(place, words))
        self.mounts_before = seen_mounts(place) if self.mounts else None
        return place.pid() if self.attach else None

    def fill(self, place, words):
        named = {"@id": place.id, "@bundle": place.bundle, "@pid": place.bundle / "pid", "@exec-pid": place.bundle / "exec-pid",
                 "@mounts": place.dir / "mounts", "@resources": place.dir / "resources", "@console": place.dir / "console"}
        if "@console" in words:
            place.listen()
        return [named.get(w, w) for w in words]

    def argv(self, place):
        return place.command(*self.fill(place, self.words))

    def effect(self, place, out) -> dict:
        """What must be the same with and without a fault."""
        facts = {"order": place.order()}
        if self.want_status:
            facts["status"] = place.status() if [n for n in os.listdir(place.state) if n != ".seccomp"] else "gone"
        if self.shown:
            facts.update(normalised(place, out))
        if self.mounts:
            facts["mounts"] = seen_mounts(place)
        return facts

    def half_done(self, place):
        """What a command that does all or nothing has changed although it failed, or None."""
        if not self.mounts or place.status() != "running":
            return None
        got = seen_mounts(place)
        return None if got == self.mounts_before else f"{got - self.mounts_before} {self.mounts_before - got}"

    def settle(self, place):
        """The effect of a success is reached a moment later where the container's process has a part in it."""
        if self.want_status in ("running", "stopped"):
            end = time.monotonic() + 5
            while time.monotonic() < end and place.status() != self.want_status:
                time.sleep(0.005)


def added_mounts(place) -> list:
    """One of each way in which a mount comes into a container that runs: by descriptor, made inside, and with a pid namespace."""
    return [bind(place.dir / "volume", "/run/added", "ro", "nosuid"), tmpfs("/run/made", "size=1m"), bind(place.dir / "file", "/run/one"),
            {"destination": "/run/proc", "type": "proc", "source": "proc"}]


def seen_mounts(place) -> collections.Counter:
    return collections.Counter(map(mount_line, Path(f"/proc/{place.pid()}/mountinfo").read_text().replace(place.tag, "TAG").splitlines()))


# Of /proc/PID/status: what is asked for, not what was used.
KEPT_STATUS = {"Umask", "Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Seccomp_filters", "CoreDumping", "SigBlk", "SigIgn",
               "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Cpus_allowed", "Mems_allowed", "Speculation_Store_Bypass"}


def mount_line(line) -> str:
    """Root, place, options and type: without the numbers that belong to one container only, and without the name and the
    "ro" of a super block, which mount(2) cannot set apart from those of the mount."""
    fields = line.split(" ")
    if fields[3] == "/null":  # what masks a file: the host's, or where that cannot be had the container's
        return f"null at {fields[4]}"
    if fields[4].startswith("/sys/fs/cgroup/"):  # a view of its own, or where that is refused the same cgroup bound
        return f"cgroup at {fields[4]} {fields[5]}"
    source = fields.index("-") + 2
    fields[source:source + 2] = [re.sub(r"^r[ow],?", "", fields[source + 1])]
    return re.sub(r"\b(shared|master|peer_group|propagate_from):\d+", r"\1", " ".join(fields[3:]))


def is_device(line) -> bool:
    """Where mknod(2) is refused the host's is bound: it is seen in the listing of /dev that it is the same."""
    root, place, *_ = line.replace("null at", "/null").split(" ")
    return place == f"/dev{root}"


def normalised(place, out) -> dict:
    """The facts of a run, each by a name."""
    text = out.replace(place.id, "ID").replace(place.tag, "TAG")
    try:
        probe, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return {"output": text}
    facts = {f"line {i}": re.sub(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d ", "", line) for i, line in enumerate(text[end:].splitlines())}
    mounts = collections.Counter(map(mount_line, probe.pop("mountinfo").splitlines()))
    facts.update({f"mount {line}": n for line, n in mounts.items()}, mounts=sum(n for line, n in mounts.items() if not is_device(line)))
    fields = dict(line.split(":\t", 1) for line in probe.pop("status").splitlines() if ":\t" in line)
    facts.update({f"status {k}": v for k, v in fields.items() if k in KEPT_STATUS})
    probe["cgroup"] = sorted({line.split(":", 2)[2] for line in probe["cgroup"].splitlines()})  # (another's test may mount a hierarchy)
    probe["namespaces"] = sorted(probe.get("namespaces") or {})
    facts.update(probe)
    return facts


def scenarios() -> list:
    user = {"linux": {"namespaces": namespaces(*DEFAULT_NAMESPACES, "cgroup", "user"), **user_mappings(0, 65536), "devices": [], "sysctl": {}}}
    terminal = {"process": {"terminal": True, "consoleSize": {"height": 24, "width": 80}}}
    profile = {"linux": {"seccomp": LONG_SECCOMP}}
    create = ("create", "--bundle", "@bundle", "--pid-file", "@pid", "@id")
    detach = ("run", "--detach", "--bundle", "@bundle", "@id")
    start = ("start", "@id")
    return [
        Scenario("run", ("run", "--bundle", "@bundle", "--pid-file", "@pid", "@id"), output=True),
        Scenario("run-user", ("run", "--bundle", "@bundle", "@id"), config=user, output=True),
        Scenario("run-detach", detach, status="running"),
        Scenario("run-keep", detach, config=profile, status="running"),
        Scenario("run-cached", detach, config=profile, before=(detach, ("delete", "--force", "@id")), status="running"),
        Scenario("create", create, status="created"),
        Scenario("create-terminal", ("create", "--bundle", "@bundle", "--console-socket", "@console", "@id"), config=terminal, status="created"),
        Scenario("start", start, before=(create,), status="running", attach=True),
        Scenario("pause", ("pause", "@id"), before=(create, start), status="paused"),
        Scenario("resume", ("resume", "@id"), before=(create, start, ("pause", "@id")), status="running"),
        Scenario("kill", ("kill", "@id", "KILL"), before=(create, start), status="stopped"),
        Scenario("kill-all", ("kill", "--all", "@id", "KILL"), before=(create, start), status="stopped"),
        Scenario("state", ("state", "@id"), before=(create,), status="created"),
        Scenario("list", ("list",), before=(create,), status="created"),
        Scenario("ps", ("ps", "@id"), before=(create, start), status="running"),
        Scenario("delete", ("delete", "@id"), before=(create,), status="gone"),
        Scenario("delete-force", ("delete", "--force", "@id"), before=(create, start), status="gone"),
        Scenario("delete-paused", ("delete", "--force", "@id"), before=(create, start, ("pause", "@id")), status="gone"),
        Scenario("update", ("update", "--memory", "200000000", "--pids-limit", "50", "--cpu-share", "300", "@id"), before=(create, start), status="running"),
        Scenario("exec", ("exec", "@id", "/bin/true"), before=(create, start), status="running"),
        Scenario("exec-rich", ("exec", "--user", "5:7", "--cwd", "/tmp", "--env", "MARK=1", "--cap", "CAP_NET_RAW", "--pid-file", "@exec-pid", "@id",
                               "/bin/sh", "-c", "id; umask; pwd; echo $MARK; cat /proc/self/status"), before=(create, start), status="running", shown=True),
        Scenario("mounts-add", ("mounts", "add", "@id", "@mounts"), before=(create, start), status="running", mounts=True),
        Scenario("mounts-remove", ("mounts", "remove", "@id", "@mounts"), before=(create, start, ("mounts", "add", "@id", "@mounts")),
                 status="running", mounts=True),
    ]


class SystemdScenario(Scenario):
    """What the machine's own v2 hierarchy can limit, and the scope that the container is in."""

    def effect(self, place, out) -> dict:
        facts = super().effect(place, out)
        if self.want_status == "running":
            facts["cgroup"] = Path(f"/proc/{place.pid()}/cgroup").read_text().replace(place.id, "ID")
            facts["scope"] = subprocess.run(["systemctl", "show", f"cf-{place.id}.scope", "-p", "ActiveState", "-p", "Description", "-p", "Slice", "-p", "TasksMax",
                                             "-p", "DeviceAllow"],
                                            capture_output=True, text=True, check=True).stdout.replace(place.id, "ID")
        return facts


def systemd_scenarios() -> list:
    config = {"resources": {"hugepageLimits": [{"pageSize": "2MB", "limit": 1 << 22}]}, "devices": [], "sysctl": {}}
    create = ("create", "--bundle", "@bundle", "@id")
    detach = ("run", "--detach", "--bundle", "@bundle", "@id")
    return [SystemdScenario(name, words, config={"linux": config}, **how) for name, words, how in (
        ("systemd-run", detach, {"status": "running"}),
        ("systemd-create", create, {"status": "created"}),
        ("systemd-update", ("update", "--resources", "@resources", "@id"), {"before": (detach,), "status": "running"}),
        ("systemd-delete", ("delete", "--force", "@id"), {"before": (detach,), "status": "gone"}))]


# ---- one point ----

Point = collections.namedtuple("Point", "scenario process number name error")  # error "" without, "KILL" for a kill


class Outcome:
    def __init__(self, point, kind, detail, calls=None):
        self.point, self.kind, self.detail, self.calls = point, kind, detail, calls or []

    def __str__(self):
        p = self.point
        return f"{p.scenario} {p.process}:{p.number}:{p.error} ({p.name}): {self.kind}: {self.detail}"


def read_report(path: Path):
    """(calls, the injected call or None, other remarks)"""
    calls, injected, remarks = [], None, []
    for line in path.read_text().splitlines():
        words = line.split(" ")
        if words[0].isdigit():
            calls.append((int(words[0]), int(words[1]), words[2], words[3]))
        elif words[0] == "injected":
            injected = (int(words[1]), int(words[2]), words[3])
        elif words[0] in ("hang", "signal"):
            remarks.append(line)
    return calls, injected, remarks


ERRNO_TEXTS = {os.strerror(n).lower() for n in errno.errorcode} | {
    "no file descriptors available", "out of memory", "i/o error", "function not implemented", "resource temporarily unavailable"}  # musl's


def unclear(err: str):
    """What is wrong with an error message, or None. Warnings may stand before it."""
    lines = [l for l in err.splitlines() if l.strip() and "warning" not in l.lower()]
    if len(lines) != 1:
        return f"{len(lines)} lines: {err!r}"
    words = re.sub(r"^(\S+Z: )?(crun: )?(error: )?", "", lines[0]).lower()
    for text in ERRNO_TEXTS:
        if words.endswith(text):
            words = words[:-len(text)].rstrip(": ")
            break
    if len(words) < 6 or " " not in words:
        return f"says too little: {err!r}"
    return None


def sanitizer_report(err):
    found = re.search(r"(ERROR: AddressSanitizer[^\n]*|runtime error:[^\n]*)", err)
    return found[0] if found else None


def inject(place, scenario, point):
    """Prepare, run under injection: (status, out, err, calls, injected, remarks)"""
    pid = scenario.prepare(place)
    argv = [place.inject, "--report", place.dir / "report", "--timeout", TIMEOUT]
    if point.error:
        argv += ["--process", point.process, "--at", point.number, "--name", point.name]
        number = getattr(errno, point.error, 0)
        argv += ["--kill"] if point.error == "KILL" else [("--after" if point.name == "close" else "--fail"), number]
    if pid:
        argv += ["--attach", pid]  # its interrupted accept4(2) counts as the first call or not: --name sees to the right one
    status, out, err = place.call([*argv, "--", *scenario.argv(place)])
    return (status, out, err, *read_report(place.dir / "report"))


def is_of_the_hosts_sys(wrong) -> bool:
    """A sysfs that is refused in a user namespace is the host's, read-only with all that lies below it; the cgroups that
    were asked for lie on those, so that each is there twice."""
    return all(key == "mounts" or "/sys/fs/cgroup" in key and " ro," in key and got > want for key, (got, want) in wrong.items())


def judge(place, scenario, point, status, out, err, injected, remarks):
    if remarks and remarks[0].startswith("hang") or status == "hang":
        return "hang", f"{remarks} {err!r}"
    if remarks or sanitizer_report(err):
        return "crash", f"{remarks} {sanitizer_report(err)}"
    # crun-init killed on its last steps is not to be told from the container's process killed on its first.
    if point.error == "KILL" and injected and (point.process == 0 or status in (0, 137)):
        return "killed", ""
    if status == 0:
        if scenario.reference is None:
            return "fallback", ""
        scenario.settle(place)
        got = scenario.effect(place, out)
        # "If any hook returns an error, the runtime MUST log a warning, but continue" (runtime-spec, poststop).
        if "poststop hooks were not run" in err or "poststop" in err and "warning" in err:
            got["order"] += [] if "poststop" in got["order"] else ["poststop"]  # it may have ended before the fault
        if point.name == "keyctl":
            got["keyring"] = scenario.reference.get("keyring")  # without one; the debug log says so
        wrong = {k: (got.get(k), v) for k, v in scenario.reference.items() if got.get(k) != v}
        if scenario.name == "run-user" and is_of_the_hosts_sys(wrong):
            wrong = {}
        return ("wrong effect", f"(got, want) {str(wrong)[:1000]} {err!r}") if wrong else ("fallback", err.strip())
    if isinstance(status, int) and status > 128:
        return "crash", f"status {status} {err!r}"
    changed = scenario.half_done(place) if point.error != "KILL" else None  # (a killed crun-init can take nothing back)
    if changed:
        return "wrong effect", f"failed, but has changed: {changed} {err!r}"
    complaint = unclear(err)
    return ("unclear error", complaint) if complaint else ("clean error", err.strip())


def attempt(place, scenario, point) -> Outcome:
    status, out, err, calls, injected, remarks = inject(place, scenario, point)
    try:
        kind, detail = judge(place, scenario, point, status, out, err, injected, remarks)
    except (RuntimeError, OSError, ValueError) as e:
        kind, detail = "wrong effect", str(e)
    if point.error and not injected and kind not in BAD:
        kind = "not reached"
    status, _, complaint = place.call(place.command("delete", "--force", place.id))
    if "the pid file" in err + complaint and " is left" in err + complaint:
        (place.bundle / "pid").unlink(missing_ok=True)  # said so
    left = place.wait_left()
    if status != 0 or left or sanitizer_report(complaint):
        kind, detail = ("leak" if kind not in BAD else kind), f"{detail} | delete --force: {status} {complaint.strip()} | left: {left}"
        if left:
            place.clean()
    return Outcome(point, kind, detail, calls)


def learn(place, scenario):
    """The effects that several runs without a fault have in common, and the calls of one."""
    common, calls = None, []
    for i in range(3):
        point = Point(scenario.name, 0, 0, "", "")
        status, out, err, calls, _, remarks = inject(place, scenario, point)
        if status != 0:
            raise RuntimeError(f"{scenario.name} fails without a fault: {status}: {err} {remarks}")
        scenario.settle(place)
        facts = scenario.effect(place, out)
        common = facts if common is None else {k: v for k, v in common.items() if facts.get(k) == v}
        place.crun("delete", "--force", place.id)
        left = place.wait_left()
        if left:
            raise RuntimeError(f"{scenario.name} leaves without a fault: {left}")
    scenario.reference = common
    return calls


def start_of_program(place) -> int:
    """How many calls the C library makes before main(): what has every command in common."""
    sequences = []
    for words in (["--version"], ["state", "nothing"]):
        place.call([place.inject, "--report", place.dir / "report", "--", *place.command(*words)])
        sequences.append([c[3] for c in read_report(place.dir / "report")[0]])
    n = 0
    while n < min(map(len, sequences)) and sequences[0][n] == sequences[1][n]:
        n += 1
    return n


def points_of(place, scenario, calls, skip, modes) -> list:
    points = []
    for process, number, program, name in calls:
        errors = [] if program == "crun" and process == 0 and number <= skip else ERRORS.get(name, OTHERS)
        if place.sanitizer and name in SANITIZERS_OWN or program == "crun-systemd" and name == "brk":
            errors = []  # (the kernel's brk returns the old end, and never an error: glibc looks for that only)
        if "fail" in modes:
            points += [Point(scenario.name, process, number, name, e) for e in errors]
        if "kill" in modes:
            points.append(Point(scenario.name, process, number, name, "KILL"))
    return points


# ---- loops ----

LEAST, LONGEST = 4, 12


def without_loops(calls) -> list:
    """Where a process makes the same calls, by name, at least LEAST times over, the first time, the middle one and the last."""
    kept, by_process = [], collections.defaultdict(list)
    for c in calls:
        by_process[c[0]].append(c)
    for own in by_process.values():
        names, i = [c[2:] for c in own], 0
        while i < len(own):
            times, period = longest_loop(names, i)
            chosen = dict.fromkeys((0, times // 2, times - 1)) if times >= LEAST else range(times)
            for k in chosen:
                kept += own[i + k * period:i + (k + 1) * period]
            i += times * period
    return kept


def longest_loop(names, i):
    """(how often, how many calls) what begins at I is repeated; (1, 1): it is not."""
    best = 1, 1
    for period in range(1, LONGEST + 1):
        block, times = names[i:i + period], 1
        while names[i + times * period:i + (times + 1) * period] == block:
            times += 1
        if times >= LEAST and times * period > best[0] * best[1]:
            best = times, period
    return best


# ---- with systemd ----

# crun's end of the socket to the helper, and the helper's start and end.
TALK = {"socketpair", "clone", "sendto", "sendmsg", "recvfrom", "recvmsg", "poll", "shutdown", "kill", "wait4", "waitid", "setsockopt", "access", "faccessat"}


def talk_of(calls) -> list:
    """Of the calls of a run those of crun-systemd, of what it was before its execution, and of crun with it. Of the
    loader's calls of one name the first, the middle one and the last."""
    helpers = {process for process, _, program, _ in calls if program == "crun-systemd"}
    chosen = []
    for helper in sorted(helpers):
        own = [c for c in calls if c[0] == helper]
        first = next((i for i, c in enumerate(own) if c[2] == "crun-systemd" and c[3] == "recvfrom"), 0)
        loading = collections.defaultdict(list)
        for c in own[:first]:
            loading[c[2:]].append(c)
        for of in loading.values():
            chosen += dict.fromkeys((of[0], of[len(of) // 2], of[-1]))
        chosen += own[first:]
    return [c for c in calls if c[0] == 0 and c[3] in TALK] + chosen


def in_machine(a, session, own) -> int:
    """The same in the tree's machine: what has to be compiled is, and lies where it lies here."""
    helper = Path(os.environ.get("RUNTIME") or HERE.parents[1] / "build/crun").resolve().with_name("crun-systemd")
    if not helper.exists():
        print(f"SKIP: no {helper}: crun was built without libsystemd")
        return 77
    shutil.copy(helper, own.with_name("crun-systemd"))
    build(session)
    words = [w for w in sys.argv[1:] if w != "--systemd"]
    top = HERE.parents[1]
    return subprocess.run([top / "tools/in-tree", "--systemd", "--bind", f"{session}:{session}", "--bind", f"{top}:{top}", "--env", "PYTHONDONTWRITEBYTECODE=1",
                           "--", "/usr/bin/python3", Path(__file__).resolve(), "--inside", str(session), *words], check=False, stdin=subprocess.DEVNULL).returncode


# ---- by operations ----

Row = collections.namedtuple("Row", "scenario process place kind what points")

# Where the message has other words than the row: it names the cgroup, or the whole for which both sides wait.
OTHER_WORDS = {"sync": "", "refork": "", "state_create": "", "cgroup_make": "cgroup", "cgroup_join": "cgroup", "clone": "cgroup"}
TRIES = 3


def with_timeline(scenario, place):
    """The same command, with a timeline."""
    verb, *rest = scenario.words
    scenario.words = (verb, "--timeline", str(place.dir.parent / f"timeline-{scenario.name}"), *rest)
    return scenario


def rows_of(place, scenario, skip) -> list:
    """The rows of one run, each with a point for each of its calls that can fail."""
    path = Path(scenario.words[2])
    inject(place, scenario, Point(scenario.name, 0, 0, "", ""))
    document = json.loads(path.read_text())
    place.crun("delete", "--force", place.id)
    place.wait_left()
    zero, calls = document["otherData"]["CLOCK_MONOTONIC"], timed_calls(place.dir / "report")
    inside = {e["tid"] for e in document["traceEvents"] if e["ph"] == "M" and e["args"]["name"] == "crun-init"}
    rows = []
    for i, e in enumerate(e for e in document["traceEvents"] if "row" in e.get("args", {})):
        begin, process = zero + round(e["ts"] * 1000), int(e["tid"] in inside)
        own = [c for c in calls if begin <= c[4] <= begin + round(e["dur"] * 1000) and (c[2] == "crun-init") == bool(process)]
        points = [p for p in points_of(place, scenario, [c[:4] for c in own], skip, ["fail"])]
        rows.append(Row(scenario.name, process, i, e["args"]["row"], e["name"], likeliest_first(points)))
    return rows


def timed_calls(report: Path) -> list:
    words = (line.split(" ") for line in report.read_text().splitlines())
    return [(int(w[0]), int(w[1]), w[2], w[3], int(w[6])) for w in words if w[0].isdigit() and len(w) == 7]


def one_error_each(points) -> list:
    return list({(p.scenario, p.process, p.number, p.error == "KILL"): p for p in reversed(points)}.values())[::-1]


def errors_in_turn(points) -> list:
    """One error of every call: at the first position of a name in a process the likeliest, at the next the second, ..."""
    by_call, seen, chosen = {}, collections.Counter(), []
    for p in points:
        by_call.setdefault((p.scenario, p.process, p.number, p.error == "KILL"), []).append(p)
    for (scenario, process, *_), of in by_call.items():
        turn = seen[scenario, process, of[0].name, of[0].error == "KILL"]
        seen[scenario, process, of[0].name, of[0].error == "KILL"] += 1
        chosen.append(of[turn % len(of)])
    return chosen


def likeliest_first(points) -> list:
    """The likeliest error of every call, then the others."""
    first = one_error_each(points)
    return first + [p for p in points if p not in first]


def fail_row(place, scenario, row, others) -> Outcome:
    """The first of the row's calls that makes it fail. The two sides run beside each other, so that the count of calls may
    lead to a neighbour, whose words the message has then: once more."""
    outcome = Outcome(Point(row.scenario, row.process, 0, row.kind, "-"), "no calls" if not row.points else "falls back", row.what)
    for point in row.points:
        for _ in range(TRIES):
            o = attempt(place, scenario, point)
            if o.kind in BAD:
                return o
            if o.kind != "clean error":
                break
            if OTHER_WORDS.get(row.kind, row.what) in o.detail:
                return Outcome(o.point._replace(name=row.kind), "clean error", o.detail)
            if not any(what in o.detail for what in others - {row.what}):
                return Outcome(point, "unclear error", f"not of {row.what!r}: {o.detail}")
    return outcome


def operations(a, place, skip) -> int:
    names = {"run", "run-user", "create", "create-terminal", "exec", "exec-rich"}
    chosen = [with_timeline(s, place) for s in scenarios() if s.name in (set(filter(None, a.scenario.split(","))) or names)]
    outcomes, begin, untried = [], time.monotonic(), 0
    for s in chosen:
        learn(place, s)
        rows = rows_of(place, s, skip)
        for row in rows:
            if a.seconds and time.monotonic() > begin + a.seconds:
                untried += 1
                continue
            o = fail_row(place, s, row, {r.what for r in rows})
            outcomes.append((row, o))
            if a.verbose or o.kind in BAD:
                print(f"{row.scenario} {'init' if row.process else 'parent'} {row.kind}: {o}"[:1000], flush=True)
    kinds = ["clean error", "falls back", "no calls", *BAD]
    print(f"{'':16}", *(f"{k:>13}" for k in ["operations", *kinds]))
    for name in [*(s.name for s in chosen), "all"]:
        of = [o.kind for r, o in outcomes if name in (r.scenario, "all")]
        print(f"{name:16}", *(f"{n:>13}" for n in [len(of), *(of.count(k) for k in kinds)]))
    failed = {r.kind for r, o in outcomes if o.kind == "clean error"}
    print(f"{len({r.kind for r, _ in outcomes})} kinds of operations, {len(failed)} of them failed; only ever passed over or without a call: "
          f"{', '.join(sorted({r.kind for r, _ in outcomes} - failed)) or 'none'}; in {time.monotonic() - begin:.0f} s"
          f"{f', {untried} not tried for want of time' if untried else ''}")
    return 1 if any(o.kind in BAD for _, o in outcomes) else 0


def work(place, todo, by_name, pipe, end):
    with os.fdopen(pipe, "w") as out:
        for point in todo:
            if end and time.monotonic() > end:
                break
            o = attempt(place, by_name[point.scenario], point)
            out.write(json.dumps([list(o.point), o.kind, o.detail]) + "\n")
            out.flush()
        place.remove()


def run_workers(places, points, by_name, verbose, end) -> list:
    readers = []
    for i, place in enumerate(places):
        r, w = os.pipe()
        if os.fork() == 0:
            os.close(r)
            processes.become_subreaper()
            processes.end_with_parent()
            code = 1
            try:
                work(place, points[i::len(places)], by_name, w, end)
                code = 0
            finally:
                if code:
                    place.clean()
                os._exit(code)
        os.close(w)
        readers.append(os.fdopen(r))
    outcomes = []
    import threading

    def collect(reader):
        for line in reader:
            point, kind, detail = json.loads(line)
            o = Outcome(Point(*point), kind, detail)
            outcomes.append(o)
            if verbose or kind in BAD:
                print(str(o)[:1500], flush=True)
    threads = [threading.Thread(target=collect, args=(r,)) for r in readers]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    failed = [os.wait()[1] for _ in places]
    if any(failed):
        print("a worker has failed", file=sys.stderr)
        sys.exit(2)
    return outcomes


def table(outcomes, by_name):
    kinds = [*KINDS, "not reached"]
    columns = ["points", *kinds]
    rows = []
    for mode in ("errors", "kills"):
        for name in by_name:
            of = [o for o in outcomes if o.point.scenario == name and (o.point.error == "KILL") == (mode == "kills")]
            if of:
                rows.append([f"{name}, {mode}", len(of), *(sum(o.kind == k for o in of) for k in kinds)])
    rows.append(["all", len(outcomes), *(sum(o.kind == k for o in outcomes) for k in kinds)])
    width = max(len(r[0]) for r in rows)
    print(" " * width, *(f"{c:>{max(len(c), 5)}}" for c in columns), sep="  ")
    for r in rows:
        print(f"{r[0]:<{width}}", *(f"{v:>{max(len(c), 5)}}" for v, c in zip(r[1:], columns)), sep="  ")


def arguments():
    p = argparse.ArgumentParser(description="faults at every system call of crun")
    p.add_argument("--mode", default="fail,kill", help="fail, kill, or both with a comma")
    p.add_argument("--scenario", default="", help="names with commas (all)")
    p.add_argument("--one-error", action="store_true", help="one error of each call, those that it can return in turn")
    p.add_argument("--all", action="store_true", help="in loops every time, not the first, the middle one and the last")
    p.add_argument("--operations", action="store_true", help="every operation of the plan fails once")
    p.add_argument("--sample", type=int, nargs="?", const=SAMPLE, help=f"this many points ({SAMPLE}), drawn with --seed")
    p.add_argument("--seconds", type=int, help="begin no point after this time; what was not tried is told")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--only", nargs=2, metavar=("SCENARIO", "PROCESS:NUMBER:ERROR"))
    p.add_argument("--systemd", action="store_true", help="the systemd manager, in a machine with systemd")
    p.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    p.add_argument("--list", action="store_true", help="print the calls and stop")
    p.add_argument("--sanitizer", action="store_true", help="RUNTIME is built with AddressSanitizer")
    p.add_argument("-v", "--verbose", action="store_true")
    return p.parse_args()


def build(session: Path) -> Path:
    inject_path = session / "inject"
    subprocess.run([*os.environ.get("CC", "gcc").split(), "-O1", "-D_GNU_SOURCE", "-o", inject_path, HERE / "inject.c", "-lseccomp"], check=True, timeout=60)
    image = rootfs.make(session / "image")
    (image / "full/sub").mkdir(parents=True)
    (image / "full/file").write_text("copied up\n")
    (image / "full/link").symlink_to("file")
    for d in ("diary", "etc/bound"):
        (image / d).mkdir() if d == "diary" else (image / d).write_text("")
    for name in ("null", "zero", "full", "tty", "random", "urandom"):
        (image / "dev" / name).touch()
    for name in ("fd", "stdin"):
        (image / "dev" / name).touch()
    return image


def main():
    a = arguments()
    program = Path(os.environ.get("RUNTIME") or HERE.parents[1] / "build/crun").resolve()
    processes.become_subreaper()
    signal.signal(signal.SIGTERM, terminated)
    if a.inside:
        sys.exit(whole(a, a.inside / "crun", a.inside))
    session = Path(tempfile.mkdtemp(prefix="crun-faults-"))
    session.chmod(0o755)
    try:
        sys.exit(whole(a, program, session))
    finally:
        end_children()  # after an interrupt, or an error of ours
        for d in session.glob("cf*x*"):
            cgroups.remove(cgroups.named(d.name))
        if not leaks.mounts(session):
            shutil.rmtree(session, ignore_errors=True)


def terminated(number, _frame):
    """By timeout(1): what runs must not stay. It sends the signal twice, to us and to the group."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def end_children():
    """The workers, and then what was theirs and comes to us, the subreaper: or a crun that they had begun goes on."""
    end = time.monotonic() + 10
    while (left := processes.children()) and time.monotonic() < end:
        processes.kill_all(left)
        processes.reap()
        time.sleep(0.005)


def whole(a, program, session) -> int:
    own = session / "crun"
    if not a.inside:
        shutil.copy(program, own)
    if a.systemd:
        return in_machine(a, session, own)
    image, kind = (session / "image", SystemdPlace) if a.inside else (build(session), Place)
    first = kind(session, image, session / "inject", own, 0, a.sanitizer)
    wanted = set(filter(None, a.scenario.split(","))) or ({a.only[0]} if a.only else None)
    chosen = [s for s in (systemd_scenarios() if a.inside else scenarios()) if wanted is None or s.name in wanted]
    skip = start_of_program(first)
    if a.operations:
        return operations(a, first, skip)
    points, by_name, every = [], {}, 0
    begin = time.monotonic()
    for s in chosen:
        try:
            calls = learn(first, s)
        except RuntimeError:
            first.clean()
            raise
        by_name[s.name] = s
        calls = talk_of(calls) if a.inside else calls
        every += len(calls)
        calls = calls if a.all or a.only or a.sample else without_loops(calls)
        points += points_of(first, s, calls, skip, a.mode.split(","))
        if a.list:
            for c in calls:
                print(s.name, *c)
    if a.one_error:
        points = errors_in_turn(points)
    print(f"{len(by_name)} scenarios, {every} calls, {len(points)} injection points, learned in {time.monotonic() - begin:.1f} s", flush=True)
    if a.list:
        return 0
    if a.only:
        process, number, error = a.only[1].split(":")
        points = [p for p in points if (p.process, p.number, p.error) == (int(process), int(number), error)]
        a.verbose = True
    if a.sample and a.sample < len(points):
        known = [p for p in points if (p.scenario, p.process, p.name, p.error) in REGRESSIONS]
        points = list(dict.fromkeys(known + random.Random(a.seed).sample(points, a.sample)))
    else:
        random.Random(a.seed).shuffle(points)
    places = [kind(session, image, session / "inject", own, i + 1, a.sanitizer) for i in range(max(1, a.jobs))]
    outcomes = run_workers(places, points, by_name, a.verbose, begin + a.seconds if a.seconds else None)
    first.remove()
    table(outcomes, by_name)
    untried = len(points) - len(outcomes)
    print(f"{len(outcomes)} points in {time.monotonic() - begin:.0f} s{f', {untried} not tried for want of time' if untried else ''}; {program}")
    return 1 if any(o.kind in BAD for o in outcomes) else 0


if __name__ == "__main__":
    main()

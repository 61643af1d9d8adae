# SPDX-License-Identifier: GPL-2.0-or-later
"""exec: another process in a container that is created, running or paused."""

import array
import json
import os
import signal
import socket
import threading
import time

import pytest

from lib import cgroups, leaks, processes
from lib.bundle import PATH, cap_mask, caps, namespaces, user_mappings
from lib.marks import NOT_HIS
from lib.runtime import environment, finish


@pytest.fixture
def inside(rt):
    """inside(container, *words): runs words there; options before them in `options`. The result."""
    def call(c, *words, options=(), **how):
        return rt("exec", *options, c.id, *words, **how)
    return call


@pytest.fixture
def facts(inside):
    def ask(c, *options, **how):
        r = inside(c, "/bin/probe", options=options, **how)
        assert r.returncode == 0 and not r.stderr, str(r)
        return r.json
    return ask


def process(here, **members):
    """A file with a process object."""
    p = here.dir / f"process-{time.monotonic_ns()}"
    p.write_text(json.dumps({"user": {"uid": 0, "gid": 0}, "args": ["/bin/probe"], "env": [PATH], "cwd": "/",
                             **members}))
    return p


# where it is

def test_namespaces_are_the_containers(running, facts, rt):
    c = running()
    own = facts(c)["namespaces"]
    for name in ("mnt", "pid", "net", "ipc", "uts", "cgroup", "user"):
        assert own[name] == os.readlink(f"/proc/{rt.pid(c)}/ns/{name}"), name


@pytest.mark.parametrize("kinds", [["mount"], ["mount", "pid"], ["mount", "pid", "uts", "ipc", "network", "cgroup"],
                                   ["mount", "time"]], ids=lambda k: " ".join(k))
def test_only_some_namespaces(running, facts, rt, kinds):
    c = running(namespaces=namespaces(*kinds), hostname=None)
    own = facts(c)["namespaces"]
    for name in os.listdir("/proc/self/ns"):
        if "for_children" not in name:
            assert own[name] == os.readlink(f"/proc/{rt.pid(c)}/ns/{name}"), name


def test_user_namespace(running, facts, image, here, rt):
    c = running(copy=True, namespaces=namespaces("user", "mount", "pid", "network", "ipc", "uts", "cgroup"),
                linux=user_mappings())
    f = facts(c, "--user", "3:4")
    assert (f["uids"], f["gids"]) == ([3] * 3, [4] * 3)
    for name in ("user", "mnt", "pid", "net"):
        assert f["namespaces"][name] == os.readlink(f"/proc/{rt.pid(c)}/ns/{name}"), name
    assert f["caps"]["inheritable"] == f["caps"]["ambient"] == 0
    rt.fails(rt("exec", "--user", "70000", c.id, "true"), "70000", "not mapped")


def test_user_namespace_and_one_of_the_hosts(running, facts, rt):
    """The host owns the network namespace: it is joined before the user namespace."""
    c = running(copy=True, namespaces=namespaces("user", "mount", "pid", "ipc", "uts"), linux=user_mappings(),
                edit=lambda d: d["mounts"].remove(next(m for m in d["mounts"] if m["destination"] == "/sys")))
    assert facts(c)["namespaces"]["net"] == os.readlink("/proc/self/ns/net")


def test_joined_namespace(running, facts, rt):
    first = running()
    pid = rt.pid(first)
    c = running(namespaces=namespaces("mount", "uts", "ipc", pid=f"/proc/{pid}/ns/pid", network=f"/proc/{pid}/ns/net"))
    own = facts(c)["namespaces"]
    assert own["net"] == os.readlink(f"/proc/{pid}/ns/net") and own["pid"] == os.readlink(f"/proc/{pid}/ns/pid")


def test_container_that_hides_proc(running, inside):
    c = running(edit=lambda c: c["mounts"].pop(0))  # the image's own, empty
    r = inside(c, "sh", "-c", "ls -A /proc; echo in", options=["--user", "1000"])
    assert (r.returncode, r.stdout, r.stderr) == (0, "in\n", "")


@pytest.mark.differs(crun="1 for a command that is not found")
def test_container_without_a_shell_in_path(running, inside, rt):
    c = running()
    r = inside(c, "nothing")
    assert r.returncode == 127
    rt.fails(r, "executable file not found in $PATH", code=127)
    rt.fails(inside(c, "/etc/passwd"), "permission denied", code=126)
    rt.fails(inside(c, "/bin/nothing"), "no such file or directory", code=127)


# its statuses

@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_exit_status(running, inside, status):
    assert inside(running(), "sh", "-c", f"exit {status}").returncode == status


def test_status_after_a_signal(running, inside):
    assert inside(running(), "sh", "-c", "kill -9 $$").returncode == 128 + 9


@pytest.mark.ours
def test_failure_as_runc(running, rt, here, program):
    link = here.dir / "runc"
    link.symlink_to(program.path)
    c = running()
    as_runc = lambda *a: rt.__class__(type(program)(link, *list(vars(program).values())[1:]), rt.root)("exec", *a)
    assert as_runc(c.id, "nothing").returncode == 255
    assert as_runc("unknown", "true").returncode == 255
    assert as_runc(c.id, "sh", "-c", "exit 3").returncode == 3


def test_unknown_container(rt):
    rt.fails(rt("exec", "nobody", "true"), 'container "nobody" does not exist', anyone=["does not exist"])


@pytest.mark.ours
def test_no_command(running, rt):
    rt.fails(rt("exec", running().id), "no command")


def test_created(created, inside, rt):
    c = created()
    assert inside(c, "echo", "in").stdout == "in\n"
    assert rt.status(c) == "created"
    rt.start(c)
    assert rt.status(c) == "running"


def test_stopped(running, inside, rt):
    c = running()
    rt.kill(c, "KILL")
    rt.wait_status(c, "stopped")
    rt.fails(inside(c, "true"), "container not running", anyone=["running"])


def test_paused(running, inside, rt):
    c = running()
    rt("pause", c.id, check=True)
    rt.fails(inside(c, "true"), "cannot exec in a paused container", anyone=["paused"])
    assert rt.status(c) == "paused"
    rt("resume", c.id, check=True)
    assert inside(c, "true").returncode == 0


@pytest.mark.differs(crun="does not know --ignore-paused")
def test_ignore_paused(running, rt):
    c = running()
    rt("pause", c.id, check=True)
    p = rt.popen("exec", "--ignore-paused", c.id, "echo", "after")
    time.sleep(0.3)
    assert p.poll() is None
    rt("resume", c.id, check=True)
    r = finish(p)
    assert (r.returncode, r.stdout) == (0, "after\n"), str(r)


# who it is

@pytest.mark.differs(crun="group 0 where none is given, and 31 bits only")
@pytest.mark.parametrize("user,uid,gid", [("0", 0, None), ("1", 1, None), ("1:2", 1, 2), ("1000:100", 1000, 100),
                                          pytest.param("2147483648:3", 2147483648, 3, marks=NOT_HIS),
                                          pytest.param("4294967294:4294967294", 4294967294, 4294967294, marks=NOT_HIS)])
def test_user(running, facts, user, uid, gid):
    """SECURITY-CASES.md 13"""
    f = facts(running(user={"uid": 5, "gid": 6}), "--user", user)
    assert f["uids"] == [uid] * 3 and f["gids"] == [6 if gid is None else gid] * 3


@pytest.mark.differs(crun="takes signs and blanks", runc="takes signs, and names no value")
@pytest.mark.parametrize("user", ["", "1:", ":1", ":", "-1", "abc", "1:abc", "root", "4294967295", "4294967296", "1:4294967296",
                                  "18446744073709551617", "0x1", " 1", "+1", "1:2:3", "010", "1:00"])
def test_wrong_user(running, inside, rt, user):
    rt.fails(inside(running(), "id", options=["--user", user]), "--user", f'"{user}"')


@pytest.mark.differs(crun="does not know -g")
def test_additional_groups(running, facts):
    c = running(user={"uid": 1000, "gid": 1000, "additionalGids": [7]})
    assert sorted(facts(c, "-g", "20", "-g", "21")["groups"]) == [7, 20, 21]
    assert facts(c)["groups"] == [7]


@pytest.mark.ours
@pytest.mark.parametrize("gid", ["", "-1", "a", "4294967295"])
def test_wrong_group(running, inside, rt, gid):
    rt.fails(inside(running(), "id", options=["-g", gid]), "--additional-gids", f'"{gid}"')


def test_capabilities_are_the_containers(running, facts):
    want = cap_mask("AUDIT_WRITE", "KILL", "NET_BIND_SERVICE")
    assert facts(running())["caps"] == {"bounding": want, "effective": want, "permitted": want, "inheritable": 0, "ambient": 0}


@pytest.mark.differs(crun="instead of the container's")
def test_added_capability(running, facts):
    """SECURITY-CASES.md 6"""
    want = cap_mask("AUDIT_WRITE", "KILL", "NET_BIND_SERVICE", "CHOWN")
    f = facts(running(), "--cap", "CAP_CHOWN")
    assert f["caps"] == {"bounding": want, "effective": want, "permitted": want, "inheritable": 0, "ambient": 0}


@pytest.mark.differs(crun="instead of the container's", runc="a warning for ambient capabilities that are not inheritable")
def test_added_capability_of_a_user(running, facts):
    f = facts(running(), "--cap", "CAP_CHOWN", "--user", "1000")
    assert f["caps"]["effective"] == f["caps"]["ambient"] == f["caps"]["inheritable"] == 0
    sets = ("bounding", "effective", "permitted", "inheritable", "ambient")
    f = facts(running(process={"capabilities": caps("KILL", sets=sets)}), "--cap", "CAP_CHOWN", "--user", "1000")
    assert f["caps"]["effective"] == f["caps"]["ambient"] == cap_mask("KILL", "CHOWN")


@pytest.mark.ours
def test_unknown_capability(running, inside, rt):
    rt.fails(inside(running(), "id", options=["--cap", "CAP_NOTHING"]), "--cap", "CAP_NOTHING")


def test_inheritable_of_the_caller(running, rt):
    c = running()
    r = rt.with_options(prefix=["setpriv", "--inh-caps", "+chown,+net_raw"])("exec", c.id, "/bin/probe")
    assert r.json["caps"]["inheritable"] == 0


def test_no_new_privileges(running, facts):
    c = running(process={"noNewPrivileges": False})
    assert facts(c)["no_new_privs"] == 0
    assert facts(c, "--no-new-privs")["no_new_privs"] == 1


def test_seccomp_of_the_container(running, inside, facts):
    profile = {"defaultAction": "SCMP_ACT_ALLOW",
               "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 121}]}
    for nnp in (True, False):
        c = running(seccomp=profile, process={"noNewPrivileges": nnp})
        assert facts(c)["seccomp"] == 2
        r = inside(c, "mkdir", "/tmp/x")
        assert r.returncode != 0 and "Remote I/O error" in r.stderr


# its surroundings

def test_environment(running, facts):
    env = facts(running(env=["A=1", "B=2"]), "-e", "B=3", "-e", "C=4=5")["env"]
    assert "A=1" in env and "B=3" in env and "B=2" not in env and "C=4=5" in env
    assert len([e for e in env if e.startswith("B=")]) == 1


@pytest.mark.ours
@pytest.mark.parametrize("word", ["A", "=1", ""])
def test_wrong_environment(running, inside, rt, word):
    rt.fails(inside(running(), "id", options=["-e", word]), "--env", "NAME=VALUE")


@pytest.mark.parametrize("uid,home", [(0, "/root"), (1000, "/home/alice"), (4242, "/")])
def test_home(running, facts, uid, home):
    assert f"HOME={home}" in facts(running(), "--user", str(uid))["env"]


@pytest.mark.differs(crun="/ where none is given")
def test_working_directory(running, facts):
    c = running(cwd="/tmp")
    assert facts(c)["cwd"] == "/tmp"
    assert facts(c, "--cwd", "/home/alice")["cwd"] == "/home/alice"


@pytest.mark.ours
def test_working_directory_that_is_missing(running, inside, rt):
    c = running(copy=True)
    rt.fails(inside(c, "true", options=["--cwd", "/missing"]), "/missing", "no such file or directory")
    assert not (c.rootfs / "missing").exists()
    rt.fails(inside(c, "true", options=["--cwd", "tmp"]), "--cwd", "absolute")


@pytest.mark.parametrize("cwd", [f"/proc/self/fd/{n}" for n in (3, 4, 5, 6, 7, 8, 9, 10)])
def test_working_directory_stays_inside(running, inside, cwd):
    """SECURITY-CASES.md 8"""
    r = inside(running(), "sh", "-c", "pwd; cat ../../../../../../etc/hostname", options=["--cwd", cwd])
    assert r.returncode != 0 or "from-the-image" in r.stdout, str(r)


def test_working_directory_is_a_symlink_to_a_descriptor(running, inside):
    """SECURITY-CASES.md 8"""
    c = running(copy=True)
    for n in range(3, 11):
        (c.rootfs / "here").unlink(missing_ok=True)
        (c.rootfs / "here").symlink_to(f"/proc/self/fd/{n}")
        r = inside(c, "sh", "-c", "cat ../../../../../../etc/hostname", options=["--cwd", "/here"])
        assert r.returncode != 0 or "from-the-image" in r.stdout, str(r)


def test_no_descriptor_comes_along(running, inside):
    r = inside(running(), "sh", "-c", "echo /proc/self/fd/*")
    assert r.stdout.split() == [f"/proc/self/fd/{n}" for n in (0, 1, 2, 3)]  # 3 is the shell's look at the directory


def test_preserved_descriptors(running, inside, here):
    (here.dir / "file").write_text("through\n")
    fd = os.open(here.dir / "file", os.O_RDONLY)
    try:
        r = inside(running(), "sh", "-c", "cat <&3", options=["--preserve-fds", "1"],
                   preexec_fn=lambda: os.dup2(fd, 3), close_fds=False)
    finally:
        os.close(fd)
    assert r.stdout == "through\n", str(r)


@pytest.mark.differs(crun="the caller's limits")
def test_limits_umask_and_scheduling_are_the_containers(running, facts):
    c = running(process={"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 123, "hard": 456}],
                         "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 5}}, user={"umask": 0o27})
    f = facts(c)
    assert f["rlimits"]["RLIMIT_NOFILE"] == [123, 456]
    assert f["ioprio"] == (2 << 13 | 5) and f["umask"] == 0o27


@pytest.mark.ours
def test_scheduler_is_the_containers_or_its_own(running, rt, here):
    c = running(process={"scheduler": {"policy": "SCHED_BATCH", "nice": 5}})
    f = rt("exec", c.id, "/bin/probe").json
    assert (f["scheduler"], f["nice"]) == (3, 5)
    p = process(here, scheduler={"policy": "SCHED_OTHER", "nice": 7}, ioPriority={"class": "IOPRIO_CLASS_IDLE", "priority": 0})
    f = rt("exec", "-p", p, c.id).json
    assert (f["scheduler"], f["nice"], f["ioprio"]) == (0, 7, 3 << 13)


@pytest.mark.ours
@NOT_HIS
@pytest.mark.parametrize("filtered", [False, True])
def test_scheduler_that_no_child_inherits(running, rt, here, filtered):
    """It is set once the process is born, by what is kept for that and no longer."""
    c = running(**({"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}} if filtered else {}))
    p = process(here, noNewPrivileges=False, capabilities=caps("KILL", "SYS_NICE"),
                scheduler={"policy": "SCHED_BATCH", "nice": -5, "flags": ["SCHED_FLAG_RESET_ON_FORK"]})
    f = rt("exec", "-p", p, c.id).json
    assert (f["scheduler"], f["nice"], f["caps"]["permitted"]) == (0x40000003, -5, cap_mask("KILL", "SYS_NICE"))
    p = process(here, user={"uid": 1000, "gid": 1000}, noNewPrivileges=True, capabilities=caps("KILL"),
                scheduler={"policy": "SCHED_BATCH", "nice": -5, "flags": ["SCHED_FLAG_RESET_ON_FORK"]})
    f = rt("exec", "-p", p, c.id).json
    assert (f["scheduler"], f["nice"], f["caps"]["permitted"], f["seccomp"]) == (0x40000003, -5, 0, 2 if filtered else 0)


@pytest.mark.root("the kernel counts an ordinary user's processes of elsewhere too")
@pytest.mark.ours
def test_user_with_too_many_processes(running, rt):
    """The limit of the caller counts at the birth; the container's own from then on, and so it may be 1."""
    c = running(process={"rlimits": [{"type": "RLIMIT_NPROC", "soft": 1, "hard": 1}], "capabilities": caps("KILL")})
    few = rt.with_options(prefix=["prlimit", "--nproc=1:1"])
    few.fails(few("exec", "--user", "61234", c.id, "true"),
              "pid namespace of the container: clone (has its user more processes than RLIMIT_NPROC allows?): resource temporarily unavailable")
    assert rt("exec", "--user", "61234", c.id, "/bin/probe").json["rlimits"]["RLIMIT_NPROC"] == [1, 1]


@pytest.mark.ours
def test_inheritable_only_when_asked(running, rt, here):
    """SECURITY-CASES.md 6"""
    c = running()
    sets = ("bounding", "effective", "permitted")
    f = rt("exec", "-p", process(here, capabilities=caps("KILL", "CHOWN", sets=sets)), c.id).json
    assert f["caps"]["effective"] == cap_mask("KILL", "CHOWN") and f["caps"]["inheritable"] == f["caps"]["ambient"] == 0
    f = rt("exec", "-p", process(here, capabilities=caps("KILL", sets=(*sets, "inheritable"))), c.id).json
    assert f["caps"]["inheritable"] == cap_mask("KILL") and f["caps"]["ambient"] == 0


ALLOWED = ["grep", "Cpus_allowed_list", "/proc/self/status"]


@pytest.mark.ours
@pytest.mark.parametrize("of", ["process object", "config.json"])
def test_cpu_affinity(bundle, here, rt, of):
    """Without a cgroup nothing widens what was there initially; the final one is the process's in any case."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        pytest.skip("one CPU only")
    without = rt.with_options("--cgroup-manager", "disabled")
    for affinity, want in (({"initial": str(cpus[0])}, cpus[0]), ({"initial": str(cpus[1])}, cpus[1]), ({"final": str(cpus[1])}, cpus[1]),
                           ({"initial": str(cpus[0]), "final": str(cpus[1])}, cpus[1])):
        by = rt if "final" in affinity else without
        c = bundle(args=["sleep", "1000"], process={"execCPUAffinity": affinity} if of == "config.json" else {})
        by.run_detached(c)
        options = [] if of == "config.json" else ["-p", process(here, args=ALLOWED, execCPUAffinity=affinity)]
        r = by("exec", *options, c.id, *(ALLOWED if of == "config.json" else []))
        assert r.returncode == 0 and r.stdout.split()[1] == str(want), str(r)
        assert by("exec", c.id, "grep", "Cpus_allowed_list", "/proc/1/status").stdout.split()[1] != str(want)  # is not the first process's
        by.delete(c, "--force")


@pytest.mark.ours
def test_cpu_affinity_beyond_1024(running, here, rt):
    """Larger than a cpu_set_t. CPUs that are not there are left out by the kernel; none at all is refused by name."""
    cpu = sorted(os.sched_getaffinity(0))[0]
    c = running()
    f = process(here, execCPUAffinity={"initial": f"{cpu},2000-2010", "final": f"{cpu},1024,4095,65535"})
    assert rt("exec", "-p", f, c.id).json["cpus"] == 1
    f = process(here, execCPUAffinity={"final": "3000"})
    rt.fails(rt("exec", "-p", f, c.id), "process.execCPUAffinity.final", "sched_setaffinity", "none of these CPUs", code=1)
    f = process(here, execCPUAffinity={"initial": "0,65536"})
    rt.fails(rt("exec", "-p", f, c.id), "process.execCPUAffinity.initial", "65536", code=1)


def test_session_and_signals(running, facts):
    f = facts(running())
    assert f["sid"] == f["pid"] and f["blocked"] == [] and f["ignored"] == [] and f["pdeathsig"] == 0


# a process object

def test_process_object(running, rt, here):
    c = running()
    f = process(here, args=["sh", "-c", "id -u; id -g; pwd; echo $A $PATH"], cwd="/tmp", env=["A=b", PATH],
                user={"uid": 1000, "gid": 100})
    r = rt("exec", "--process", f, c.id)
    assert r.stdout == f"1000\n100\n/tmp\nb {PATH[5:]}\n", str(r)


def test_process_object_through_a_descriptor(running, rt, here):
    c = running()
    fd = os.open(process(here, args=["echo", "in"]), os.O_RDONLY)
    try:
        r = rt("exec", "-p", f"/dev/fd/{fd}", c.id, pass_fds=[fd])
    finally:
        os.close(fd)
    assert r.stdout == "in\n", str(r)


@pytest.mark.differs(crun="the caller's limits", runc="rlimits of config.json are not for a process object")
def test_process_object_has_its_own(running, rt, here):
    c = running(process={"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 123, "hard": 456}]})
    f = process(here, rlimits=[{"type": "RLIMIT_NOFILE", "soft": 99, "hard": 100}], capabilities=caps("CHOWN"),
                noNewPrivileges=True)
    r = rt("exec", "-p", f, c.id)
    assert r.returncode == 0, str(r)
    assert r.json["caps"]["effective"] == cap_mask("CHOWN") and r.json["no_new_privs"] == 1
    r = rt("exec", "-p", process(here, args=["sh", "-c", "ulimit -n"]), c.id)
    assert r.stdout == "123\n"


@pytest.mark.ours
@pytest.mark.parametrize("own", [True, False])
def test_process_object_inherits_no_new_privileges(running, rt, here, own):
    c = running(process={"noNewPrivileges": own})
    for named, expected in (({}, own), ({"noNewPrivileges": None}, own), ({"noNewPrivileges": False}, False), ({"noNewPrivileges": True}, True)):
        r = rt("exec", "-p", process(here, **named), c.id)
        assert r.json["no_new_privs"] == int(expected), (named, str(r))


@pytest.mark.ours
@pytest.mark.parametrize("text,words", [("", ["empty"]), ("{", []), ('{"args":["a"]}', ["cwd"]),
                                        ('{"cwd":"/","args":[]}', ["no command"]), ('{"cwd":"/","args":[7]}', ["args[0]"])])
def test_wrong_process_object(running, rt, here, text, words):
    f = here.dir / "wrong"
    f.write_text(text)
    rt.fails(rt("exec", "-p", f, running().id), *words)
    rt.fails(rt("exec", "-p", here.dir / "nowhere", running().id), "nowhere", "no such file or directory")


# cgroups

def test_cgroup_is_the_containers(running, inside, rt):
    c = running(namespaces=namespaces("mount", "pid"), hostname=None)
    assert inside(c, "cat", "/proc/self/cgroup").stdout == open(f"/proc/{rt.pid(c)}/cgroup").read()


@pytest.mark.differs(crun="the cgroup that create made", runc="the cgroup that create made")
def test_cgroup_where_init_is_now(running, inside, rt, here):
    c = running(namespaces=namespaces("mount", "pid"), hostname=None)
    for mount in cgroups.hierarchies():
        d = mount / here.tag / c.id
        if d.is_dir():
            (d / "sub").mkdir()
            for f in ("cpuset.cpus", "cpuset.mems"):
                if (d / f).exists() and (d / f).read_text().strip():  # v1; on v2 an empty one is the parent's
                    (d / "sub" / f).write_text((d / f).read_text())
            (d / "sub/cgroup.procs").write_text(str(rt.pid(c)))
    r = inside(c, "cat", "/proc/self/cgroup")
    assert r.stdout == open(f"/proc/{rt.pid(c)}/cgroup").read() and f"{c.id}/sub" in r.stdout, str(r)


@pytest.mark.differs(crun="one path, without controllers")
def test_cgroup_below(running, inside, rt, here):
    c = running(namespaces=namespaces("mount", "pid"), hostname=None)
    pids = cgroups.knob("pids", f"{here.parent}/{c.id}", "", "")
    (pids / "below").mkdir()
    options = ["--cgroup", "pids:below"] if cgroups.v1_mount("pids") else ["--cgroup", "below"]
    r = inside(c, "cat", "/proc/self/cgroup", options=options)
    assert f"{c.id}/below" in r.stdout, str(r)
    r = inside(c, "cat", "/proc/self/cgroup", options=[options[0], options[1].replace("below", "/")])
    assert f"{c.id}/below" not in r.stdout and c.id in r.stdout, str(r)


@pytest.mark.differs(crun="no value is the container's own cgroup", runc="x/.. and nothing are the container's own cgroup")
@pytest.mark.parametrize("path", ["..", "../x", "below/../../x", "/..", "x/..", "",
                                  *(["pids:..", "pids:/../x"] if cgroups.v1_mount("pids") else [])])
def test_cgroup_escapes(running, inside, rt, path):
    """SECURITY-CASES.md 16"""
    if path == "pids:.." and not cgroups.v1_mount("pids"):
        pytest.skip("no hierarchy of pids: that is a name like any other")
    rt.fails(inside(running(), "true", options=["--cgroup", path]), "is not a sub cgroup path")


@pytest.mark.ours
def test_cgroup_that_is_missing(running, inside, rt):
    c = running()
    rt.fails(inside(c, "true", options=["--cgroup", "missing"]), "missing", "no such file or directory")
    if cgroups.v1_mount("pids"):
        rt.fails(inside(c, "true", options=["--cgroup", "pids:missing"]), "missing", "no such file or directory")
        rt.fails(inside(c, "true", options=["--cgroup", "nothing:/"]), "nothing")


def test_cgroup_with_a_prefix_of_the_name(running, inside, rt, here):
    """SECURITY-CASES.md 16: a sibling whose name begins like the container's."""
    c = running()
    mount = cgroups.v1_mount("pids") or cgroups.v2_mount()
    sibling = mount / here.tag / f"{c.id}-sibling"
    sibling.mkdir()
    try:
        for path in (f"{c.id}-sibling", f"/{here.tag}/{c.id}-sibling", "-sibling"):
            wish = f"pids:{path}" if cgroups.v1_mount("pids") else path  # (an empty v1 cpuset refuses anybody)
            assert inside(c, "true", options=[f"--cgroup={wish}"]).returncode != 0
    finally:
        sibling.rmdir()


@pytest.mark.differs(crun="no hybrid layout")
def test_cgroup_of_v2_beside_v1(running, inside, rt):
    """A path without controllers is for all hierarchies, that one too: its own, and one that is missing nowhere else."""
    if not cgroups.v2_mount() or not cgroups.v1_mount("pids"):
        pytest.skip("not a hybrid layout")
    c = running(namespaces=namespaces("mount", "pid"), hostname=None)
    place = open(f"/proc/{rt.pid(c)}/cgroup").read().split("0::/")[1].strip()
    (cgroups.v2_mount() / place / "moved").mkdir()
    (cgroups.v2_mount() / place / "moved/cgroup.procs").write_text(str(rt.pid(c)))
    see = ("sed", "-n", "s/^0:://p", "/proc/self/cgroup")
    assert inside(c, *see).stdout == f"/{place}/moved\n"
    assert inside(c, *see, options=["--cgroup", "/"]).stdout == f"/{place}\n"
    assert inside(c, *see, options=["--cgroup", "pids:/"]).stdout == f"/{place}/moved\n"
    for mount in cgroups.hierarchies():
        if mount != cgroups.v2_mount() and (mount / place).is_dir():
            (mount / place / "below").mkdir()
    rt.fails(inside(c, "true", options=["--cgroup", "below"]), f"{place}/below", "no such file or directory")


def test_v2_only(v2_view, bundle, rt):
    """Born in its cgroup; and one that gives controllers to its children takes no process: init's is taken."""
    v2 = rt.with_options(prefix=v2_view)
    c = bundle(args=["/bin/probe", "sleep"], namespaces=namespaces("mount", "pid"), hostname=None)
    v2.run_detached(c)
    r = v2("exec", c.id, "cat", "/proc/self/cgroup")
    assert f"{c.id}" in r.stdout, str(r)
    v2.delete(c, "--force")


# engines' options

def test_pid_file_and_detach(running, rt, here):
    c = running()
    f = here.dir / "pid"
    r = rt("exec", "--detach", "--pid-file", f, c.id, "/bin/probe", "sleep", files=here.dir)
    assert r.returncode == 0 and not r.stdout and not r.stderr, str(r)
    pid = int(f.read_text())
    assert str(pid) == f.read_text() and pid in rt.ps(c)
    assert processes.children() & {pid}  # of ours, the subreaper: not of the container's init
    os.kill(pid, signal.SIGKILL)
    processes.wait_gone(pid)


def test_pid_file_relative_to_the_caller(running, rt, here):
    assert rt("exec", "--pid-file", "relative", running().id, "true", cwd=here.dir).returncode == 0
    assert (here.dir / "relative").read_text().isdigit()


@pytest.mark.ours
def test_no_pid_file_of_a_failure(running, rt, here):
    rt.fails(rt("exec", "--pid-file", here.dir / "pid", running().id, "nothing"), "not found", code=127)
    assert not (here.dir / "pid").exists()


def receive(server, result):
    peer, _ = server.accept()
    data, ancillary, _, _ = peer.recvmsg(4096, socket.CMSG_SPACE(4))
    fds = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(content[:4])
    peer.close()
    result += [data, *fds]


@pytest.fixture
def receiver(here):
    """A socket that takes one message with one descriptor: (path, wait)."""
    path, got = here.dir / "receiver", []
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    thread = threading.Thread(target=receive, args=(server, got), daemon=True)
    thread.start()
    def wait():
        thread.join(10)
        assert len(got) == 2, got
        return got
    yield path, wait
    server.close()
    for fd in got[1:]:
        try:
            os.close(fd)
        except OSError:
            pass


def pidfd_pid(fd):
    return int(next(l for l in open(f"/proc/self/fdinfo/{fd}") if l.startswith("Pid:")).split()[1])


def test_pidfd_socket(running, rt, here, receiver):
    c = running()
    f = here.dir / "pid"
    rt("exec", "--detach", "--pidfd-socket", receiver[0], "--pid-file", f, c.id, "/bin/probe", "sleep", files=here.dir, check=True)
    _, fd = receiver[1]()
    assert pidfd_pid(fd) == int(f.read_text())
    signal.pidfd_send_signal(fd, signal.SIGKILL)
    processes.wait_gone(int(f.read_text()))


def test_pidfd_socket_of_create(bundle, rt, receiver):
    c = bundle(args=["true"])
    rt.create(c, "--pidfd-socket", receiver[0])
    _, fd = receiver[1]()
    assert pidfd_pid(fd) == rt.pid(c)


@pytest.mark.differs(runc="does not know it")
def test_pidfd_receiver(bundle, rt, receiver):
    c = bundle(args=["true"], annotations={"run.oci.pidfd_receiver": str(receiver[0])})
    rt.create(c)
    _, fd = receiver[1]()
    assert pidfd_pid(fd) == rt.pid(c)


@pytest.mark.ours
def test_pidfd_socket_that_nobody_has(running, rt, here):
    rt.fails(rt("exec", "--pidfd-socket", here.dir / "none", running().id, "true"), "--pidfd-socket", "none\" does not exist")


def test_console_socket(running, rt, here, receiver):
    c = running()
    rt("exec", "--detach", "--tty", "--console-socket", receiver[0], c.id, "sh", "-c", "tty; read x; echo got $x",
       files=here.dir, check=True)
    _, master = receiver[1]()
    os.write(master, b"hello\n")
    out = b""
    try:
        while b"got hello" not in out:
            out += os.read(master, 4096)
    except OSError:
        pass
    assert b"/dev/pts/" in out and b"got hello" in out


@pytest.mark.differs(crun="wants a terminal on standard input", runc="wants a terminal on standard input")
def test_terminal_in_the_foreground(running, inside):
    c = running()
    r = inside(c, "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && tty", options=["-t"])
    assert r.returncode == 0 and r.stdout.startswith("/dev/pts/"), str(r)


@pytest.mark.differs(crun="wants a terminal on standard input", runc="wants a terminal on standard input")
def test_terminal_leaves_the_console_alone(running, inside, rt):
    c = running()
    before = open(f"/proc/{rt.pid(c)}/mountinfo").read()
    assert inside(c, "true", options=["--tty"]).returncode == 0
    assert open(f"/proc/{rt.pid(c)}/mountinfo").read() == before


@pytest.mark.ours
def test_terminal_checks(running, inside, rt):
    c = running()
    rt.fails(inside(c, "true", options=["-t", "-d"]), "--console-socket")
    rt.fails(inside(c, "true", options=["--console-socket", "/x"]), "--console-socket")


def test_standard_streams(running, inside):
    r = inside(running(), "sh", "-c", "cat; echo err >&2", input="some text\n")
    assert (r.stdout, r.stderr) == ("some text\n", "err\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP])
def test_signals_are_forwarded(running, rt, number):
    p = rt.popen("exec", running().id, "/bin/probe", "signals")
    assert p.stdout.readline() == b"ready\n"
    p.send_signal(number)
    assert int(p.stdout.readline()) == number
    r = finish(p, send=signal.SIGTERM) if number != signal.SIGTERM else finish(p)
    assert r.returncode == 7, str(r)


def test_runtime_is_killed(running, rt, here):
    """The process lives on, as a shim's does."""
    c = running()
    p = rt.popen("exec", "--pid-file", here.dir / "pid", c.id, "/bin/probe", "signals")
    assert p.stdout.readline() == b"ready\n"
    p.kill()
    p.wait_and_forget(5)
    pid = int((here.dir / "pid").read_text())
    assert processes.alive(pid)
    os.kill(pid, signal.SIGKILL)
    processes.wait_gone(pid)


# nothing else changes

def surroundings(c, rt, pid):
    """What an exec might change: the state directory to the byte, the mounts of the bundle and in the container, who is in which cgroup,
    and what the container's process is."""
    state = {p.name: (p.lstat().st_mtime_ns, p.lstat().st_ctime_ns, p.lstat().st_ino, p.read_bytes() if p.is_file() else None)
             for p in sorted((rt.root / c.id).iterdir())}
    own = {f: open(f"/proc/{pid}/{f}").read() for f in ("cgroup", "mountinfo", "limits", "oom_score_adj", "loginuid")}
    own["fd"] = sorted(os.listdir(f"/proc/{pid}/fd"))
    return {"state": state, "mounts": leaks.mounts(c.path), "own": own, "ours": open("/proc/self/cgroup").read(),
            "cgroups": {d: (d / "cgroup.procs").read_text() for d in cgroups.named(c.id)}}


@pytest.mark.parametrize("options", [[], ["--tty"], ["--user", "1000"], ["--detach"], ["--cwd", "/tmp", "-e", "A=b"]], ids=" ".join)
def test_nothing_else_changes(running, rt, options):
    if "--tty" in options and not rt.ours:
        pytest.skip("a peer wants a terminal on standard input")
    c = running()
    pid = rt.pid(c)
    before = surroundings(c, rt, pid)
    assert before["cgroups"]
    if "--detach" in options:
        assert rt("exec", *options, c.id, "true", files=c.path).returncode == 0
        processes.until(lambda: rt.ps(c) == [pid], "it is still there")
    else:
        assert rt("exec", *options, c.id, "true").returncode == 0
    assert surroundings(c, rt, pid) == before


@pytest.mark.once("ten seconds, and nothing in it depends on who runs it")
@pytest.mark.slow
def test_a_thousand_execs_leave_nothing(running, rt):
    c = running()
    pid = rt.pid(c)
    before = surroundings(c, rt, pid)
    count = int(os.environ.get("CRUN_TEST_EXECS", "1000"))
    for _ in range(count):
        assert os.spawnve(os.P_WAIT, rt.program.path, [str(a) for a in rt.argv("exec", c.id, "/bin/true")], environment()) == 0
    after = surroundings(c, rt, pid)
    for what in before:
        assert after[what] == before[what]
    assert rt.ps(c) == [pid]


def test_many_at_once(running, rt):
    c = running()
    started = [rt.popen("exec", c.id, "sh", "-c", f"echo {i}; exit {i}") for i in range(20)]
    for i, p in enumerate(started):
        r = finish(p)
        assert (r.returncode, r.stdout) == (i, f"{i}\n"), str(r)


# sockets for sd_listen_fds(3)

def listening(fd, **env):
    """How to call with a descriptor at 3."""
    return {"env": environment(LISTEN_FDS="1", **env), "preexec_fn": lambda: os.dup2(fd, 3), "close_fds": False}


@pytest.fixture
def some_file(here):
    (here.dir / "file").write_text("through\n")
    fd = os.open(here.dir / "file", os.O_RDONLY)
    yield fd
    os.close(fd)


SHOW = ["sh", "-c", "echo $LISTEN_FDS $LISTEN_FDNAMES; test $LISTEN_PID = $$ && cat <&3"]


@pytest.mark.differs(crun="not for an exec", runc="wants LISTEN_PID, and sets 1 for an exec too")
@pytest.mark.parametrize("seccomp", [None, {"defaultAction": "SCMP_ACT_ALLOW"}], ids=["", "filtered"])
def test_listen_fds(running, rt, some_file, seccomp):
    r = rt("exec", running(seccomp=seccomp).id, *SHOW, **listening(some_file, LISTEN_FDNAMES="name"))
    assert r.stdout == "1 name\nthrough\n", str(r)


@pytest.mark.differs(crun="wants LISTEN_PID", runc="wants LISTEN_PID")
@pytest.mark.parametrize("verb", ["run", "create"])
def test_listen_fds_of_a_container(bundle, rt, some_file, verb):
    c = bundle(args=SHOW, env=["LISTEN_FDNAMES=of-the-image"])
    how = listening(some_file, LISTEN_FDNAMES="name")
    if verb == "run":
        assert rt.run(c, **how).stdout == "1 name\nthrough\n"
    else:
        rt.create(c, **how)
        rt.start(c)
        rt.wait_output(c, "1 name\nthrough\n")


@pytest.mark.ours
def test_listen_fds_without_a_pid_namespace(bundle, rt, some_file):
    c = bundle(args=SHOW, namespaces=namespaces("mount"), hostname=None)
    assert rt.run(c, **listening(some_file)).stdout == "1\nthrough\n"


@pytest.mark.ours
def test_listen_fds_of_somebody_else(running, rt, some_file):
    c = running()
    r = rt("exec", c.id, "sh", "-c", "echo x$LISTEN_FDS; test -e /proc/self/fd/3 || echo none",
           env=environment(LISTEN_FDS="1", LISTEN_PID="1"))
    assert r.stdout == "x\nnone\n", str(r)
    rt.fails(rt("exec", c.id, "true", env=environment(LISTEN_FDS="1000")), "descriptor")


@pytest.mark.differs(crun="not for an exec", runc="wants LISTEN_PID, and sets 1 for an exec too")
def test_listen_fds_and_preserved_ones(running, rt, some_file, here):
    (here.dir / "other").write_text("another\n")
    other = os.open(here.dir / "other", os.O_RDONLY)
    def place():
        a, b = os.dup(some_file), os.dup(other)
        os.dup2(a, 3)
        os.dup2(b, 4)
    try:
        r = rt("exec", "--preserve-fds", "1", running().id, "sh", "-c", "cat <&3; cat <&4; echo $LISTEN_FDS",
               env=environment(LISTEN_FDS="1"), preexec_fn=place, close_fds=False)
    finally:
        os.close(other)
    assert r.stdout == "through\nanother\n1\n", str(r)

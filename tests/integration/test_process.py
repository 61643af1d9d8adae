# SPDX-License-Identifier: GPL-2.0-or-later
"""What the container's process is: ids, groups, umask, capabilities, limits, environment, directory, descriptors, keyring."""

import os
import resource
import select
import shutil
import signal

import pytest

from lib import user
from lib.bundle import CAPABILITIES, DEFAULT_NAMESPACES, cap_mask, caps, namespaces, user_mappings
from lib.marks import NOT_HIS
from lib.runtime import environment, finish
from lib.user import as_root


def test_default(probe):
    facts = probe()
    assert facts["uids"] == [0, 0, 0] and facts["gids"] == [0, 0, 0]
    assert facts["pid"] == 1 and facts["cwd"] == "/"
    assert facts["blocked"] == [] and facts["ignored"] == []
    assert facts["pdeathsig"] == 0 and facts["subreaper"] == 0 and facts["keepcaps"] == 0 and facts["securebits"] == 0
    assert facts["scheduler"] == 0 and facts["nice"] == 0 and facts["personality"] == 0
    assert facts["sid"] == 1 and not facts["controlling_tty"]


@pytest.mark.parametrize("uid, gid", [(0, 0), (1000, 1000), (1, 2), (65534, 65534), pytest.param(2**31 - 1, 2**31 - 1, marks=NOT_HIS)])
def test_ids(probe, uid, gid):
    facts = probe(user={"uid": uid, "gid": gid})
    assert facts["uids"] == [uid] * 3 and facts["gids"] == [gid] * 3


@NOT_HIS
@pytest.mark.differs(runc="allows 31 bits only")
def test_large_ids(probe):
    facts = probe(user={"uid": 4000000000, "gid": 2**32 - 2, "additionalGids": [3000000000]})
    assert facts["uids"] == [4000000000] * 3 and facts["gids"] == [2**32 - 2] * 3
    assert set(facts["groups"]) - {2**32 - 2} == {3000000000}


def test_no_groups(probe):
    """None of the caller's come along."""
    assert probe()["groups"] in ([], [0])
    assert probe(user={"uid": 1000, "gid": 1000})["groups"] in ([], [1000])


def test_callers_groups_do_not_come_along(bundle, rt):
    prefix = ["python3", "-c", "import os, sys; os.setgroups([11, 12]); os.execvp(sys.argv[1], sys.argv[1:])"]
    r = rt.with_options(prefix=prefix).run(bundle(args=["/bin/probe"], user={"uid": 1000, "gid": 1000}))
    assert set(r.json["groups"]) <= {1000}


@pytest.mark.once("test_rootless has it with groups of the user's")
@pytest.mark.differs(runc="does not know the annotation")
@pytest.mark.parametrize("value", ["1", "true", "yes", "0", "false", "no", ""])
def test_keep_original_groups(bundle, rt, value):
    prefix = ["python3", "-c", "import os, sys; os.setgroups([11, 12]); os.execvp(sys.argv[1], sys.argv[1:])"]
    c = bundle(args=["/bin/probe"], annotations={"run.oci.keep_original_groups": value})
    assert ({11, 12} <= set(rt.with_options(prefix=prefix).run(c).json["groups"])) == (value in ("1", "true", "yes"))


def test_additional_groups(probe):
    high = 60000 if user.ACTIVE else 2000000000
    facts = probe(user={"uid": 1000, "gid": 1000, "additionalGids": [5, 100, high]})
    assert set(facts["groups"]) - {1000} == {5, 100, high}


def test_many_groups(probe):
    groups = list(range(2000, 2500))
    assert set(probe(user={"additionalGids": groups})["groups"]) - {0} == set(groups)


@pytest.mark.parametrize("umask", [0, 0o22, 0o77, 0o777])
def test_umask(probe, umask):
    assert probe(user={"umask": umask})["umask"] == umask


def test_umask_default(probe):
    assert probe(how={"umask": 0o77})["umask"] == 0o22


def test_umask_of_the_caller_does_not_matter(sh):
    out = sh("stat -c %a /dev/null /dev/shm /dev/pts/ptmx /new /run/new; touch /tmp/f; stat -c %a /tmp/f", copy=True, how={"umask": 0o77},
             mounts=[{"destination": "/new", "type": "tmpfs", "source": "tmpfs"},
                     {"destination": "/run/new", "type": "bind", "source": "/etc/hostname", "options": ["bind"]}])
    assert out.split()[:3] == ["666", "1777", "666"]
    assert out.split()[-1] == "644"


# capabilities

def test_capabilities_default(probe):
    want = cap_mask("AUDIT_WRITE", "KILL", "NET_BIND_SERVICE")
    assert probe()["caps"] == {"bounding": want, "effective": want, "permitted": want, "inheritable": 0, "ambient": 0}


@pytest.mark.differs(runc="1.3.6 keeps the bounding set, as before 1.2 it did not")
def test_capabilities_absent(probe):
    assert set(probe(process={"capabilities": None})["caps"].values()) == {0}


def test_no_capabilities(probe):
    assert set(probe(process={"capabilities": caps()})["caps"].values()) == {0}


def test_capability_sets_apart(probe):
    c = {"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_SETGID"], "permitted": ["CAP_CHOWN", "CAP_KILL"],
         "inheritable": ["CAP_KILL"], "effective": ["CAP_CHOWN"], "ambient": []}
    facts = probe(process={"capabilities": c, "noNewPrivileges": False})
    # root regains at execve what is in the bounding or inheritable set
    assert facts["caps"]["bounding"] == cap_mask("CHOWN", "KILL", "SETUID", "SETGID")
    assert facts["caps"]["inheritable"] == cap_mask("KILL")
    assert facts["caps"]["ambient"] == 0


def test_capability_sets_of_a_user(bundle, run):
    """What is inheritable and permitted can be ambient; what is not effective is so after the exec all the same (capabilities(7))."""
    sets = {"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_FOWNER"], "permitted": ["CAP_CHOWN", "CAP_KILL"], "inheritable": ["CAP_KILL", "CAP_FOWNER"],
            "effective": [], "ambient": ["CAP_KILL"]}
    r = run(bundle(args=["/bin/probe"], user={"uid": 1000, "gid": 1000}, process={"capabilities": sets, "noNewPrivileges": False}))
    caps_ = r.json["caps"]
    assert caps_["ambient"] == caps_["permitted"] == caps_["effective"] == cap_mask("KILL"), str(r)
    assert caps_["inheritable"] == cap_mask("KILL", "FOWNER") and caps_["bounding"] == cap_mask("CHOWN", "KILL", "FOWNER")
    sets |= {"permitted": ["CAP_CHOWN"], "ambient": ["CAP_KILL"]}
    r = run(bundle(args=["/bin/probe"], user={"uid": 1000, "gid": 1000}, process={"capabilities": sets, "noNewPrivileges": False}))
    assert r.returncode == 0 and r.json["caps"]["ambient"] == 0, str(r)  # it is not permitted: a warning


def test_capabilities_of_a_user_are_lost(probe):
    facts = probe(user={"uid": 1000, "gid": 1000}, process={"capabilities": caps("KILL", "CHOWN")})
    assert facts["caps"]["effective"] == facts["caps"]["permitted"] == 0
    assert facts["caps"]["bounding"] == cap_mask("KILL", "CHOWN")


def test_ambient_capabilities_of_a_user(probe):
    sets = ("bounding", "effective", "permitted", "inheritable", "ambient")
    facts = probe(user={"uid": 1000, "gid": 1000}, process={"capabilities": caps("NET_BIND_SERVICE", "CHOWN", sets=sets)})
    assert set(facts["caps"].values()) == {cap_mask("NET_BIND_SERVICE", "CHOWN")}


@pytest.mark.differs(runc="1.1.5: an error")
def test_ambient_without_inheritable(bundle, run):
    """Cannot be raised: a warning, and the run goes on."""
    c = bundle(args=["/bin/probe"], process={"capabilities": {**caps("KILL"), "ambient": ["CAP_KILL"]}})
    r = run(c)
    assert r.returncode == 0 and r.json["caps"]["ambient"] == 0, str(r)


def test_inheritable_stays_empty(probe):
    """SECURITY-CASES.md 6"""
    assert probe(process={"capabilities": caps(*CAPABILITIES[:24])})["caps"]["inheritable"] == 0


def test_inheritable_of_the_caller(bundle, rt):
    prefix = ["setpriv", "--inh-caps", "+chown,+net_raw"]
    r = rt.with_options(prefix=prefix).run(bundle(args=["/bin/probe"]))
    assert r.json["caps"]["inheritable"] == 0


def test_all_capabilities_that_we_have(probe):
    mine = int(next(l for l in open("/proc/self/status") if l.startswith("CapEff")).split()[1], 16)
    names = [n for i, n in enumerate(CAPABILITIES) if mine >> i & 1]
    facts = probe(process={"capabilities": caps(*names)})
    assert facts["caps"]["effective"] == cap_mask(*names) == facts["caps"]["bounding"]


@pytest.mark.root("root of a user namespace has every capability")
@pytest.mark.ours
def test_capability_beyond_ours(bundle, run, rt):
    mine = int(next(l for l in open("/proc/self/status") if l.startswith("CapEff")).split()[1], 16)
    missing = [n for i, n in enumerate(CAPABILITIES) if not mine >> i & 1]
    if not missing:
        pytest.skip("this host's root has every capability")
    r = run(bundle(args=["/bin/probe"], process={"capabilities": caps(missing[0], "KILL")}))
    if r.returncode == 0:  # a runtime may leave out what nobody can give
        assert r.json["caps"]["effective"] == cap_mask("KILL")
    else:
        rt.fails(r, missing[0])


@pytest.mark.differs(runc="warns and ignores it")
def test_unknown_capability(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], process={"capabilities": caps("NO_SUCH")})), "CAP_NO_SUCH", "process.capabilities")


def test_capabilities_work(sh):
    script = "chown 1:1 /tmp/f 2>/dev/null && echo yes || echo no"
    assert sh("touch /tmp/f; " + script, copy=True) == "no\n"
    assert sh("touch /tmp/f; " + script, copy=True, process={"capabilities": caps("CHOWN")}) == "yes\n"


# no_new_privs, oom_score_adj, rlimits

@pytest.mark.parametrize("value", [True, False])
def test_no_new_privileges(probe, value):
    assert probe(process={"noNewPrivileges": value})["no_new_privs"] == int(value)


def test_no_new_privileges_absent(probe):
    assert probe(process={"noNewPrivileges": None})["no_new_privs"] == 0


@pytest.mark.parametrize("nnp, uid", [(True, 1000), (False, 0)])
def test_set_user_id_program(bundle, run, nnp, uid):
    """The reason for no_new_privs."""
    c = bundle(args=["/suid"], copy=True, user={"uid": 1000, "gid": 1000}, process={"noNewPrivileges": nnp})
    shutil.copy(c.rootfs / "bin/probe", c.rootfs / "suid")
    (c.rootfs / "suid").chmod(0o4755)
    assert run(c).json["uids"] == [1000, uid, uid]


@pytest.mark.parametrize("value", [0, 100, 1000])
def test_oom_score_adj(probe, value):
    assert probe(process={"oomScoreAdj": value})["oom_score_adj"] == str(value)


def test_oom_score_adj_absent(probe):
    assert probe()["oom_score_adj"] == open("/proc/self/oom_score_adj").read().strip()


@pytest.mark.parametrize("value", [1001, -1001, 2**40])
def test_oom_score_adj_out_of_range(bundle, run, rt, value):
    rt.fails(run(bundle(args=["true"], process={"oomScoreAdj": value})), "process.oomScoreAdj")


@pytest.mark.parametrize("name, soft, hard", [("NOFILE", 100, 200), ("NPROC", 50, 60), ("CORE", 0, 0), ("FSIZE", 1 << 20, 1 << 21),
                                              ("STACK", 1 << 20, 1 << 23), ("CPU", 100, 200), ("AS", 1 << 30, 1 << 31),
                                              ("DATA", 1 << 30, 1 << 30), ("RSS", 1 << 30, 1 << 30), ("MEMLOCK", 4096, 8192),
                                              ("LOCKS", 10, 20), ("SIGPENDING", 10, 20), ("MSGQUEUE", 0, 4096), ("RTTIME", 1000000, 2000000)])
def test_rlimits(probe, name, soft, hard):
    facts = probe(process={"rlimits": [{"type": f"RLIMIT_{name}", "soft": soft, "hard": hard}]})
    assert facts["rlimits"][f"RLIMIT_{name}"] == [soft, hard]


def test_rlimits_absent_are_the_callers(probe):
    facts = probe(process={"rlimits": None})
    for name in ("RLIMIT_NOFILE", "RLIMIT_NPROC"):
        soft, hard = resource.getrlimit(getattr(resource, name))
        assert facts["rlimits"][name][1] == (hard if hard >= 0 else 2**64 - 1)


@pytest.mark.ours
def test_rlimit_that_nobody_may_have(bundle, run, rt):
    """Not even who has CAP_SYS_RESOURCE."""
    error = rt.fails(run(bundle(args=["true"], process={"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 10, "hard": 2**64 - 1}]})), "process.rlimits[0]")
    assert " to unlimited (" in error and "fs.nr_open" in error, error


def test_rlimit_infinity(probe):
    facts = probe(process={"rlimits": [{"type": "RLIMIT_CPU", "soft": 2**64 - 1, "hard": 2**64 - 1}]})
    assert facts["rlimits"]["RLIMIT_CPU"] == [2**64 - 1] * 2


def test_rlimit_unknown(bundle, run, rt):
    c = bundle(args=["true"], process={"rlimits": [{"type": "RLIMIT_NO_SUCH", "soft": 1, "hard": 1}]})
    rt.fails(run(c), "process.rlimits[0]", anyone=["RLIMIT_NO_SUCH"])


@pytest.mark.differs(runc="1.3.6 sets them twice")
def test_rlimit_duplicate(bundle, run, rt):
    row = {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}
    rt.fails(run(bundle(args=["true"], process={"rlimits": [row, row]})), "process.rlimits[1]", "RLIMIT_CORE")


def test_rlimit_soft_above_hard(bundle, run, rt):
    c = bundle(args=["true"], process={"rlimits": [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]})
    rt.fails(run(c), "process.rlimits[0]")


# environment and directory

def env(facts):
    return dict(e.split("=", 1) for e in facts["env"])


@pytest.mark.parametrize("uid, home", [(0, "/root"), (1000, "/home/alice"), (65534, "/nonexistent"), (4321, "/")])
def test_home(probe, uid, home):
    assert env(probe(user={"uid": uid, "gid": 0}))["HOME"] == home


def test_home_given(probe):
    assert env(probe(env=["HOME=/elsewhere"]))["HOME"] == "/elsewhere"


@pytest.mark.differs(runc="1.1.5 keeps it empty")
def test_home_empty_is_unset(probe):
    assert env(probe(env=["HOME="]))["HOME"] == "/root"


def test_home_in_a_bad_passwd(bundle, run):
    """Lines of nonsense, a line without an end, an overlong one."""
    c = bundle(args=["/bin/probe"], copy=True, user={"uid": 77, "gid": 0})
    (c.rootfs / "etc/passwd").write_bytes(b"\n::::::\nx\n#\nfoo:x:abc:1::/bad:\n" + b"l" * 3000 + b":x:1:1::/x:/y\n\xff\0:x:2\nlast:x:77:7:g:/last/home:/bin/sh")
    r = run(c)
    assert r.returncode == 0 and env(r.json)["HOME"] == "/last/home", str(r)


@pytest.mark.ours
def test_home_in_a_passwd_with_a_huge_line(bundle, run):
    c = bundle(args=["/bin/probe"], copy=True, user={"uid": 77, "gid": 0})
    (c.rootfs / "etc/passwd").write_bytes(b"l" * (1 << 20) + b":x:77:1::/wrong" * 1000 + b"\nlast:x:77:7:g:/last/home:/bin/sh\n")
    r = run(c)
    assert r.returncode == 0 and env(r.json)["HOME"] in ("/last/home", "/"), str(r)


def test_home_without_a_passwd(bundle, run):
    c = bundle(args=["/bin/probe"], copy=True)
    (c.rootfs / "etc/passwd").unlink()
    r = run(c)
    assert r.returncode == 0 and env(r.json)["HOME"] in ("/", "/root"), str(r)


@pytest.mark.ours
def test_passwd_that_is_a_symlink_to_the_host(bundle, run, here):
    """The look-up stays below the root."""
    (here.dir / "passwd").write_text("x:x:99:99::/from/the/host:/bin/sh\n")
    c = bundle(args=["/bin/probe"], copy=True, user={"uid": 99, "gid": 99})
    (c.rootfs / "etc/passwd").unlink()
    (c.rootfs / "etc/passwd").symlink_to(here.dir / "passwd")
    assert env(run(c).json)["HOME"] == "/"


@pytest.mark.differs(runc="1.3.6 waits for a writer")
def test_passwd_that_is_a_fifo(bundle, run):
    """An image may not stop us."""
    c = bundle(args=["/bin/probe"], copy=True)
    (c.rootfs / "etc/passwd").unlink()
    os.mkfifo(c.rootfs / "etc/passwd")
    r = run(c, timeout=10)
    assert r.returncode in (0, 1)


def test_environment_order_and_values(probe):
    values = ["A=1", "EMPTY=", "WITH=a=b=c", "SPACE= x y ", "NEWLINE=a\nb"]
    got = [e for e in probe(env=values)["env"] if e.split("=")[0] in ("A", "EMPTY", "WITH", "SPACE", "NEWLINE")]
    assert sorted(got) == sorted(values)


@pytest.mark.differs(runc="1.1.5 passes both")
def test_environment_last_wins(probe):
    assert [e for e in probe(env=["X=1", "Y=2", "X=3"])["env"] if e.startswith("X=")] == ["X=3"]


def test_environment_is_only_what_is_asked_for(probe):
    names = {e.split("=")[0] for e in probe()["env"]}
    assert names == {"PATH", "TERM", "HOME"}


def test_no_environment(probe):
    names = {e.split("=")[0] for e in probe(process={"env": None})["env"]}
    assert names <= {"HOME", "PATH"}


def test_path_is_the_containers(bundle, run, rt):
    c = bundle(args=["tool"], copy=True, process={"env": ["PATH=/opt/a:/opt/b"]})
    for d, mode in (("a", 0o644), ("b", 0o755)):
        (c.rootfs / "opt" / d).mkdir(parents=True)
        (c.rootfs / "opt" / d / "tool").write_text(f"#!/bin/sh\necho {d}\n")
        (c.rootfs / "opt" / d / "tool").chmod(mode)
    assert run(c).stdout == "b\n"  # the first is not executable


def test_path_is_not_the_callers(bundle, run, rt):
    c = bundle(args=["ls"], process={"env": ["PATH=/nowhere"]})
    rt.fails(run(c), code=127, anyone=["executable file not found in $PATH"])


def test_path_skips_directories(bundle, run):
    c = bundle(args=["tool"], copy=True, process={"env": ["PATH=/opt:/bin"]})
    (c.rootfs / "opt/tool").mkdir(parents=True)
    (c.rootfs / "bin/tool").symlink_to("true")
    (c.rootfs / "bin/tool").unlink()
    (c.rootfs / "bin/tool").write_text("#!/bin/sh\necho found\n")
    (c.rootfs / "bin/tool").chmod(0o755)
    assert run(c).stdout == "found\n"


def test_relative_command(bundle, run):
    c = bundle(args=["./tool"], copy=True, cwd="/opt")
    (c.rootfs / "opt").mkdir()
    (c.rootfs / "opt/tool").write_text("#!/bin/sh\necho relative\n")
    (c.rootfs / "opt/tool").chmod(0o755)
    assert run(c).stdout == "relative\n"


def test_command_through_a_symlink_to_an_absolute_path(bundle, run):
    c = bundle(args=["/link"], copy=True)
    (c.rootfs / "link").symlink_to("/bin/probe")
    assert run(c).json["argv"] == ["/link"]


def test_argv_0_is_what_was_asked_for(probe):
    assert probe("a", "b")["argv"] == ["/bin/probe", "a", "b"]


def test_cwd(probe):
    assert probe(cwd="/etc")["cwd"] == "/etc"


def test_cwd_through_a_symlink(bundle, run):
    c = bundle(args=["pwd", "-P"], copy=True, cwd="/link/sub")
    (c.rootfs / "tmp/sub").mkdir()
    (c.rootfs / "link").symlink_to("/tmp")
    assert run(c).stdout == "/tmp/sub\n"


def test_cwd_is_made(bundle, run):
    c = bundle(args=["sh", "-c", "pwd; stat -c '%a %u' ."], copy=True, cwd="/made/on/demand")
    assert run(c).stdout == "/made/on/demand\n755 0\n"


def test_cwd_relative(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], cwd="tmp")), "process.cwd", anyone=["cwd"])


@pytest.mark.ours
def test_cwd_empty(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], cwd="")), "process.cwd")


def test_cwd_is_a_file(bundle, run, rt):
    rt.fails(run(bundle(args=["true"], cwd="/etc/passwd")), "/etc/passwd", anyone=["not a directory"])


def test_cwd_that_only_the_user_may_enter(bundle, run):
    c = bundle(args=["pwd"], copy=True, cwd="/home/alice/private", user={"uid": 1000, "gid": 1000}, process={"capabilities": caps()})
    owner = str(user.outside(1000))
    as_root(["install", "-d", "-m", "700", "-o", owner, "-g", owner, c.rootfs / "home/alice/private"], check=True)
    assert run(c).stdout == "/home/alice/private\n"


@pytest.mark.parametrize("n", range(3, 12))
def test_cwd_is_inside_the_root(bundle, rt, n):
    """SECURITY-CASES.md 8: a descriptor of the runtime must not be a way out."""
    c = bundle(args=["sh", "-c", "pwd -P; ls -id ."], cwd=f"/proc/self/fd/{n}")
    r = rt.run(c)
    assert r.returncode != 0 and r.stdout == "", str(r)


# descriptors

def test_descriptors(probe):
    assert set(probe()["fds"]) == {"0", "1", "2"}


def test_descriptors_of_the_caller_do_not_come_along(bundle, rt, here):
    files = [open(here.dir / "inherited", "w") for _ in range(5)]
    try:
        for mode in ("run", "create"):
            c = bundle(args=["/bin/probe"])
            if mode == "run":
                facts = rt.run(c, pass_fds=[f.fileno() for f in files]).json
                assert set(facts["fds"]) == {"0", "1", "2"}
            else:
                rt.create(c, pass_fds=[f.fileno() for f in files])
                held = os.listdir(f"/proc/{rt.pid(c)}/fd")
                links = [os.readlink(f"/proc/{rt.pid(c)}/fd/{fd}") for fd in held]
                assert not [l for l in links if "inherited" in l]
    finally:
        for f in files:
            f.close()


@pytest.mark.ours
def test_created_init_holds_nothing(created, rt):
    """Only its streams, the start channel and what it is about to execute."""
    pid = rt.pid(created())
    links = {fd: os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    assert not [l for l in links.values() if l.startswith("/") and "std" not in l and l != "/dev/null" and "memfd" not in l], links


def with_fds(rt, here, n):
    """A prefix that opens the descriptors 3, 4, … on files."""
    redirections = " ".join(f"{3 + i}<{here.dir}/file{i}" for i in range(n))
    for i in range(n):
        (here.dir / f"file{i}").write_text(f"content {i}\n")
    return rt.with_options(prefix=["sh", "-c", f'exec "$@" {redirections}', "sh"])


def test_preserve_fds(bundle, rt, here):
    c = bundle(args=["sh", "-c", "cat <&3; cat <&4; ls /proc/self/fd | wc -l"])
    r = with_fds(rt, here, 2).run(c, "--preserve-fds", "2")
    assert r.stdout.splitlines()[:2] == ["content 0", "content 1"], str(r)


def test_preserve_some_fds(bundle, rt, here):
    c = bundle(args=["/bin/probe"])
    r = with_fds(rt, here, 4).run(c, "--preserve-fds=2")
    assert set(r.json["fds"]) == {"0", "1", "2", "3", "4"}
    assert r.json["fds"]["3"]["link"].endswith("file0") and not r.json["fds"]["3"]["cloexec"]


def test_preserve_fds_in_create(bundle, rt, here):
    c = bundle(args=["sh", "-c", "cat <&3"])
    with_fds(rt, here, 1).create(c, "--preserve-fds", "1")
    rt.start(c)
    rt.wait_output(c, "content 0\n")


@pytest.mark.ours
@pytest.mark.parametrize("value", ["-1", "x", "3x", "99999999999", ""])
def test_preserve_fds_bad(bundle, rt, value):
    rt.fails(rt.run(bundle(args=["true"]), f"--preserve-fds={value}"), "preserve-fds")


@pytest.mark.differs(runc="1.3.6 passes descriptors of its own")
def test_preserve_fds_that_are_not_open(bundle, rt):
    r = rt.run(bundle(args=["/bin/probe"]), "--preserve-fds", "3")
    if r.returncode == 0:
        assert set(r.json["fds"]) == {"0", "1", "2"}
    else:
        rt.fails(r, "preserve")


def test_listen_fds(bundle, rt, here):
    """Socket activation: LISTEN_PID is the process's own."""
    c = bundle(args=["/bin/probe"])
    shell = 'exec 3<"$0"; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web; exec "$@"'
    (here.dir / "file").write_text("x")
    r = rt.with_options(prefix=["sh", "-c", shell, here.dir / "file"]).run(c)
    assert r.returncode == 0, str(r)
    e = env(r.json)
    assert (e["LISTEN_FDS"], e["LISTEN_PID"]) == ("1", "1")
    assert set(r.json["fds"]) == {"0", "1", "2", "3"}
    if rt.ours:
        assert e["LISTEN_FDNAMES"] == "web"


# keyring

def test_session_keyring(probe, here):
    facts = probe()
    assert facts["keyring"] and here.tag in facts["keyring"]


def test_session_keyring_is_new_each_time(probe):
    assert probe()["keyring_id"] != probe()["keyring_id"]


@pytest.mark.root("a session without a keyring has another one in each user namespace")
def test_no_new_keyring(probe):
    facts = probe(options=["--no-new-keyring"])
    import ctypes
    mine = ctypes.CDLL(None).syscall(250, 0, -3, 0)
    assert facts["keyring_id"] == mine


def test_session_keyring_of_a_user(bundle, run):
    """The user can use it: it is searched with the process's own ids."""
    r = run(bundle(args=["/bin/probe"], user={"uid": 1000, "gid": 1000}))
    assert r.returncode == 0 and r.json["keyring_id"] > 0


# signals

@pytest.mark.ours
def test_signal_state_of_the_caller_does_not_come_along(bundle, rt):
    prefix = ["python3", "-c", "import os, signal, sys; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 12, 13, 17, 31, 34, 40, 64)];"
              "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM]); os.execvp(sys.argv[1], sys.argv[1:])"]
    r = rt.with_options(prefix=prefix).run(bundle(args=["/bin/probe"]))
    assert (r.json["blocked"], r.json["ignored"]) == ([], [])


def next_signal(p, wanted):
    """The next line of `probe signals`. (The Go runtime sends itself SIGURG, and runc passes that on.)"""
    while True:
        readable, _, _ = select.select([p.stdout], [], [], 10)
        assert readable, f"no signal {wanted} within 10 s; the runtime: {p.poll()}"
        line = p.stdout.readline()
        if line != b"23\n" or wanted == signal.SIGURG:
            return int(line)


@pytest.mark.parametrize("name", ["HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "CONT", "SEGV", "ILL", "TRAP",
                                  "BUS", "FPE", "SYS", "PIPE", "ABRT"])
def test_signals_are_forwarded(bundle, rt, name):
    number = signal.Signals[f"SIG{name}"]
    p = rt.start_foreground(bundle(args=["/bin/probe", "signals"]))
    assert p.stdout.readline() == b"ready\n"
    p.send_signal(number)
    assert next_signal(p, number) == number
    r = finish(p, send=signal.SIGTERM)
    assert (r.returncode, r.stdout.splitlines()[-1]) == (7, "15")


@pytest.mark.differs(runc="takes WINCH and URG for itself, and knows no real-time signals")
@pytest.mark.parametrize("number", [signal.SIGWINCH, signal.SIGURG, signal.SIGRTMIN, signal.SIGRTMIN + 5, signal.SIGRTMAX])
def test_more_signals_are_forwarded(bundle, rt, number):
    p = rt.start_foreground(bundle(args=["/bin/probe", "signals"]))
    assert p.stdout.readline() == b"ready\n"
    p.send_signal(number)
    assert next_signal(p, number) == number
    assert finish(p, send=signal.SIGTERM).returncode == 7


def test_many_signals_are_forwarded(bundle, rt):
    p = rt.start_foreground(bundle(args=["/bin/probe", "signals"]))
    assert p.stdout.readline() == b"ready\n"
    for i in range(50):
        p.send_signal(signal.SIGUSR1)
        assert next_signal(p, signal.SIGUSR1) == signal.SIGUSR1
    assert finish(p, send=signal.SIGTERM).returncode == 7


def test_signal_while_starting(bundle, rt):
    """Whatever moment a TERM comes at: the runtime ends, with the process's status or its own, and leaves nothing."""
    c = bundle(args=["/bin/probe", "signals"])
    for ms in (0, 1, 2, 4, 8, 16, 32):
        p = rt.start_foreground(c)
        try:
            p.wait(ms / 1000)
        except Exception:  # noqa: BLE001 still starting
            pass
        p.send_signal(signal.SIGTERM)
        try:
            p.wait(0.5)
        except Exception:  # noqa: BLE001 it came before the process could take it
            rt.kill(c, "KILL", check=False)
        finish(p, timeout=10)
        rt.delete(c, "--force")


def test_runtime_killed_leaves_the_container_to_delete(bundle, rt):
    """The container goes on, or goes with it; delete --force takes what there is."""
    c = bundle(args=["/bin/probe", "tree", "1"])
    p = rt.start_foreground(c)
    assert p.stdout.readline() == b"ready\n"
    p.kill()
    assert p.wait_and_forget(10) == -signal.SIGKILL
    p.stdout.close()
    p.stderr.close()
    assert rt.status(c) in ("running", "stopped")
    rt.delete(c, "--force")


# rows of later issues that the decoder takes already

@pytest.mark.parametrize("changes", [
    {"process": {"consoleSize": {"height": 10, "width": 20}}},
    {"process": {"apparmorProfile": ""}},
    {"process": {"selinuxLabel": ""}},
    {"process": {"user": {"username": "root"}}},
    {"linux": {"intelRdt": None}},
    {"annotations": {"a": "b"}},
    {"ociVersion": "1.2.0"},
    {"x-unknown": {"deep": [1, 2, {"x": None}]}},
])
def test_harmless_members(bundle, run, changes):
    assert run(bundle(args=["echo", "fine"], **changes)).stdout == "fine\n"


@pytest.mark.differs(runc="1.1.5 has none of them")
def test_scheduler_and_io_priority(probe):
    facts = probe(process={"scheduler": {"policy": "SCHED_BATCH", "nice": 5}, "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 6}})
    assert (facts["scheduler"], facts["nice"], facts["ioprio"]) == (3, 5, 2 << 13 | 6)


@pytest.mark.differs(runc="1.1.5 has no personality")
def test_personality(probe):
    assert probe(linux={"personality": {"domain": "LINUX32"}})["personality"] & 0xff == 8


@pytest.mark.ours
@NOT_HIS
def test_bounding_set_without_cap_setpcap(bundle, rt):
    weak = rt.with_options(prefix=["setpriv", "--bounding-set", "-setpcap", "--inh-caps", "-setpcap"])
    weak.fails(weak.run(bundle(args=["true"])), "PR_CAPBSET_DROP", "CAP_SETPCAP")


@pytest.mark.ours
@pytest.mark.parametrize("scheduler, policy", [
    ({"policy": "SCHED_OTHER", "nice": 3}, 0), ({"policy": "SCHED_FIFO", "priority": 4}, 1), ({"policy": "SCHED_RR", "priority": 99}, 2),
    ({"policy": "SCHED_BATCH"}, 3), ({"policy": "SCHED_IDLE"}, 5),
])
def test_scheduler_policies(bundle, run, scheduler, policy):
    """Real-time ones are up to the cgroup, where the kernel has CONFIG_RT_GROUP_SCHED."""
    r = run(bundle(args=["/bin/probe"], process={"scheduler": scheduler}))
    if r.returncode and policy in (1, 2):
        assert "process.scheduler: sched_setattr " in r.stderr and "operation not permitted" in r.stderr.lower(), str(r)
    else:
        assert r.json["scheduler"] == policy, str(r)


@pytest.mark.ours
def test_scheduler_flags(probe):
    """SCHED_RESET_ON_FORK shows in the policy."""
    assert probe(process={"scheduler": {"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_RESET_ON_FORK"]}})["scheduler"] == 0x40000000


@pytest.mark.ours
def test_scheduler_deadline(bundle, run):
    """A deadline task may be refused where its CPUs are limited, or without privileges: then by name."""
    c = bundle(args=["/bin/probe"],
               process={"scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 10000000, "period": 20000000,
                                      "flags": ["SCHED_FLAG_DL_OVERRUN"]}})
    r = run(c)
    if r.returncode == 0:
        assert (r.json["scheduler"], r.json["deadline"]) == (6, [1000000, 10000000, 20000000, 4]), str(r)
    else:
        assert "process.scheduler: sched_setattr" in r.stderr, str(r)


DEADLINE = {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 10000000}


@pytest.mark.ours
@pytest.mark.parametrize("scheduler", [{"policy": "SCHED_FIFO", "priority": 0}, {"policy": "SCHED_OTHER", "priority": 5}, {"policy": "SCHED_DEADLINE"}, {"policy": "SCHED_NONE"}])
def test_scheduler_refused(bundle, run, rt, scheduler):
    rt.fails(run(bundle(args=["true"], process={"scheduler": scheduler})), "process.scheduler")


@pytest.mark.ours
@pytest.mark.parametrize("scheduler, text", [({"policy": "SCHED_OTHER", "nice": 20}, "nice: 20 is out of range"), ({"policy": "SCHED_BATCH", "nice": -21}, "nice: -21"),
                                             ({**DEADLINE, "priority": 1}, "priority: 1 is out of range")])
def test_scheduler_values_refused(bundle, run, rt, scheduler, text):
    rt.fails(run(bundle(args=["true"], process={"scheduler": scheduler})), f"process.scheduler.{text}")


@pytest.mark.ours
def test_scheduler_fields_without_effect(bundle, run):
    """The kernel does not look at them."""
    r = run(bundle(args=["true"], process={"scheduler": {"policy": "SCHED_IDLE", "nice": 5, "runtime": 1, "deadline": 2, "period": 3}}))
    assert r.returncode == 0, str(r)
    for field in ("nice", "runtime", "deadline", "period"):
        assert f"process.scheduler.{field}: has no effect" in r.stderr, str(r)


@pytest.mark.ours
def test_scheduler_utilization(bundle, run):
    """The kernel wants the longer structure for these flags, and may not know them."""
    r = run(bundle(args=["/bin/probe"], process={"scheduler": {"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_UTIL_CLAMP_MIN"]}}))
    assert r.returncode == 0 or "CONFIG_UCLAMP_TASK" in r.stderr, str(r)


@pytest.mark.ours
@pytest.mark.parametrize("name, number", [
    pytest.param("IOPRIO_CLASS_RT", 1, marks=pytest.mark.root("real-time I/O needs CAP_SYS_NICE outside of a user namespace")), ("IOPRIO_CLASS_BE", 2), ("IOPRIO_CLASS_IDLE", 3)])
def test_io_priority_classes(probe, name, number):
    priority = 0 if number == 3 else 4
    assert probe(process={"ioPriority": {"class": name, "priority": priority}})["ioprio"] == number << 13 | priority


@pytest.mark.ours
@pytest.mark.parametrize("policy, shown", [
    ({"mode": "MPOL_BIND", "nodes": "0"}, "bind:0"), ({"mode": "MPOL_PREFERRED", "nodes": "0"}, "prefer:0"), ({"mode": "MPOL_LOCAL"}, "local"),
    ({"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}, "interleave=static:0"), ({"mode": "MPOL_DEFAULT"}, "default"),
])
def test_memory_policy(bundle, run, policy, shown):
    if not os.path.exists("/proc/self/numa_maps"):
        pytest.skip("this kernel has no NUMA")
    r = run(bundle(args=["cat", "/proc/self/numa_maps"], linux={"memoryPolicy": policy}))
    assert r.returncode == 0 and f" {shown} " in r.stdout, str(r)


STATIC, RELATIVE, BALANCING = "MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES", "MPOL_F_NUMA_BALANCING"


@pytest.mark.ours
@pytest.mark.parametrize("policy, text", [
    ({"mode": "MPOL_BIND"}, "linux.memoryPolicy.nodes: missing"), ({"mode": "MPOL_DEFAULT", "nodes": "0"}, "linux.memoryPolicy.nodes: MPOL_DEFAULT takes none"),
    ({"mode": "MPOL_LOCAL", "nodes": "0"}, "linux.memoryPolicy.nodes: MPOL_LOCAL takes none"), ({"mode": "MPOL_LOCAL", "flags": [STATIC]}, "linux.memoryPolicy.flags"),
    ({"mode": "MPOL_PREFERRED", "flags": [RELATIVE]}, "linux.memoryPolicy.flags"),
    ({"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": [BALANCING]}, "linux.memoryPolicy.flags: MPOL_F_NUMA_BALANCING"),
    ({"nodes": "0"}, "linux.memoryPolicy.mode: missing"), ({"flags": [STATIC]}, "linux.memoryPolicy.mode: missing"),
    ({"mode": "MPOL_BIND", "nodes": "0-2000000000"}, "linux.memoryPolicy.nodes: expected no number above 1023"),
    ({"mode": "MPOL_BIND", "nodes": "1000"}, "linux.memoryPolicy: set_mempolicy (has this host"),
    ({"mode": "MPOL_BIND", "nodes": "0-"}, "linux.memoryPolicy.nodes"), ({"mode": "MPOL_NONE"}, "linux.memoryPolicy.mode"),
    ({"mode": "MPOL_BIND", "nodes": "0", "flags": [STATIC, RELATIVE]}, "linux.memoryPolicy.flags"),
    ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_NONE"]}, "linux.memoryPolicy.flags[0]"),
])
def test_memory_policy_refused(bundle, run, rt, policy, text):
    rt.fails(run(bundle(args=["true"], linux={"memoryPolicy": policy})), text)


@pytest.mark.ours
def test_personality_flags(bundle, run, rt):
    """The specification has none."""
    rt.fails(run(bundle(args=["true"], linux={"personality": {"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}})), "linux.personality.flags")
    rt.fails(run(bundle(args=["true"], linux={"personality": {"domain": "MINIX"}})), "linux.personality.domain")


@pytest.mark.ours
@pytest.mark.parametrize("which", ["uid", "gid"])
def test_highest_number_is_no_id(bundle, rt, which):
    """setresuid(2) takes it for "unchanged", and the process would stay root."""
    user = {"uid": 1000, "gid": 1000, which: 4294967295}
    rt.fails(rt.run(bundle(args=["id"], user=user)), f"process.user.{which}")


@pytest.mark.ours
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="this takes two CPUs")
def test_affinity_of_the_caller_is_not_the_containers(bundle, rt, running):
    """The container's CPUs are its cpuset's, whatever the runtime was bound to; exec's too."""
    cpus = sorted(os.sched_getaffinity(0))
    bound = rt.with_options(prefix=["taskset", "-c", str(cpus[1])])
    allowed = ["grep", "Cpus_allowed_list", "/proc/self/status"]
    free = rt.run(bundle(args=allowed)).stdout
    assert free.split()[1] != str(cpus[1])
    assert bound.run(bundle(args=allowed)).stdout == free
    assert bound("exec", running().id, *allowed).stdout == free

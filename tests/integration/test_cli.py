# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: options in every position and form, help and version, both faces, spec and features."""

import json
import os
import re

import pytest

from lib import user
from lib.runtime import REPOSITORY, Runtime, call, environment

COMMANDS = ["create", "start", "run", "state", "list", "kill", "delete", "ps", "spec", "features"]


@pytest.fixture
def bare(program):
    """The program with nothing but what the test says."""
    return lambda *args, **how: call([program.path, *args], **how)


@pytest.fixture
def as_name(program, here):
    """The program called by another name."""
    def make(name):
        link = here.dir / name
        link.symlink_to(program.path.resolve())
        return lambda *args, **how: call([link, *args], **how)
    return make


# help and version

@pytest.mark.parametrize("option", ["--version", "-v"])
def test_version(bare, option):
    r = bare(option)
    assert r.returncode == 0 and r.stderr == ""
    assert re.match(r"\S+ version \S+", r.lines[0])
    assert [l for l in r.lines if l.startswith("commit: ")] and [l for l in r.lines if l.startswith("spec: 1.")]


@pytest.mark.ours
def test_version_of_crun(as_name):
    crun = as_name("crun")
    for option in ("--version", "-V", "-v"):
        r = crun(option)
        assert r.returncode == 0 and r.stderr == ""
        names = [l.split(" ")[0] for l in r.lines]
        assert r.lines[0].startswith("crun version ") and names[1:4] == ["commit:", "rundir:", "spec:"]
        assert (f"rundir: {os.environ['XDG_RUNTIME_DIR']}/crun" if user.ACTIVE else "rundir: /run/crun") in r.lines
        assert r.lines[-1].startswith("+") and {"+SECCOMP", "+CAP"} <= set(r.lines[-1].split())


@pytest.mark.ours
def test_version_of_a_user(bare):
    env = environment(XDG_RUNTIME_DIR="/run/nobody")
    assert "rundir: /run/nobody/crun" in bare("--rootless", "true", "--version", env=env).lines
    del env["XDG_RUNTIME_DIR"]
    line = next(l for l in bare("--rootless", "true", "--version", env=env).lines if l.startswith("rundir: "))
    assert line.split()[1] in (f"/run/user/{os.geteuid()}/crun", f"/tmp/crun-run-{os.geteuid()}")


@pytest.mark.ours
def test_version_of_runc(as_name):
    r = as_name("runc")("--version")
    assert r.returncode == 0 and r.lines[0].startswith("runc version ") and r.stderr == ""
    assert [l for l in r.lines if l.startswith("commit: ")] and [l for l in r.lines if l.startswith("spec: ")]


@pytest.mark.ours
@pytest.mark.parametrize("option", ["--version", "-V"])
@pytest.mark.parametrize("command", COMMANDS)
def test_version_of_a_command(bare, command, option):
    r = bare(command, option)
    assert r.returncode == 0 and "version" in r.lines[0] and r.stderr == ""


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(bare, option):
    r = bare(option)
    assert r.returncode == 0 and r.stderr == ""
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", r.stdout), command


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(bare, command):
    r = bare(command, "--help")
    assert r.returncode == 0 and command in r.stdout and r.stderr == ""


@pytest.mark.ours
@pytest.mark.parametrize("option", ["--help", "-h", "-?", "--usage"])
@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_in_every_form(bare, command, option):
    for words in ([command, option], [command, "some-id", option], [command, option, "some-id"]) if command else ([option],):
        r = bare(*words)
        assert r.returncode == 0 and r.stdout.strip() and r.stderr == "", str(r)


@pytest.mark.ours
def test_help_after_other_options(bare, here):
    assert bare("--debug", "--root", here.dir, "--help").returncode == 0
    assert bare("run", "--bundle", "/nowhere", "x", "--help").returncode == 0


@pytest.mark.ours
def test_help_does_nothing(rt, bundle):
    c = bundle(args=["true"])
    assert rt("run", "-b", c.path, c.id, "--help").returncode == 0
    assert rt.list() == []


@pytest.mark.ours
def test_help_of_runc(as_name):
    runc = as_name("runc")
    for words in (["--help"], ["-h"], ["help"], []):
        r = runc(*words)
        assert r.returncode == 0 and "NAME:" in r.stdout and "USAGE:" in r.stdout, str(r)
    r = runc("run", "--help")
    assert r.returncode == 0 and "NAME:" in r.stdout and "USAGE:" in r.stdout
    r = runc("no-such-command")
    assert r.returncode != 0 and "No help topic for 'no-such-command'" in r.stdout + r.stderr


@pytest.mark.ours
def test_help_of_crun(as_name):
    crun = as_name("crun")
    r = crun("--help")
    assert r.stdout.startswith("Usage: ") and "--root" in r.stdout
    r = crun("run", "--help")
    assert r.stdout.startswith("Usage: ") and "--bundle" in r.stdout and "--keep" in r.stdout


@pytest.mark.ours
def test_engines_questions(bare):
    """podman asks these two before it offers checkpoints."""
    assert bare("checkpoint", "--help").returncode == 0
    r = bare("restore", "--lsm-mount-context")
    assert r.returncode != 0 and "requires an argument" in r.stdout + r.stderr


# options

def test_forms(bundle, rt):
    c = bundle(args=["echo", "ok"])
    pid = c.path / "pid"
    for words in (["--bundle", c.path, "--pid-file", pid, c.id], [f"--bundle={c.path}", f"--pid-file={pid}", c.id], ["-b", c.path, c.id]):
        r = rt("run", *words)
        assert (r.returncode, r.stdout) == (0, "ok\n"), str(r)


@pytest.mark.differs(runc="takes no options after the id")
def test_after_the_id(bundle, rt):
    c = bundle(args=["echo", "ok"])
    pid = c.path / "pid"
    for words in ([c.id, "--bundle", c.path], [c.id, f"--bundle={c.path}", "--pid-file", pid], [c.id, "-b", c.path], ["--pid-file", pid, c.id, f"-b{c.path}"],
                  [f"-b{c.path}", c.id], ["--no-pivot", c.id, "-b", c.path]):
        r = rt("run", *words)
        assert (r.returncode, r.stdout) == (0, "ok\n"), str(r)


@pytest.mark.ours
def test_single_dash_long_option(bundle, rt):
    """containerd sends -no-subreaper."""
    c = bundle(args=["echo", "ok"])
    for words in (["-no-subreaper", "-b", c.path, c.id], ["-b", c.path, "-no-subreaper", c.id], ["-bundle", c.path, c.id], [f"-bundle={c.path}", c.id]):
        r = rt("run", *words)
        assert (r.returncode, r.stdout) == (0, "ok\n"), str(r)


@pytest.mark.ours
def test_bundled_short_options(running, rt):
    c = running()
    r = rt("delete", "-fr", c.id)
    assert r.returncode == 0 and rt.list() == [], str(r)


@pytest.mark.ours
def test_unambiguous_beginning(bundle, rt):
    """As getopt_long takes them, or refuses: but never as something else."""
    c = bundle(args=["echo", "ok"])
    r = rt("run", "--bund", c.path, c.id)
    if r.returncode:
        rt.fails(r, "--bund")


@pytest.mark.ours
def test_double_dash(bundle, rt):
    c = bundle(args=["echo", "ok"])
    assert rt("run", "-b", c.path, "--", c.id).stdout == "ok\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_option(rt, command, here):
    r = rt(command, "--no-such-option", "x", cwd=here.dir)
    rt.fails(r, "--no-such-option", anyone=["no-such-option"])


@pytest.mark.ours
def test_unknown_options_in_other_forms(rt, here):
    for words, named in ((["--no-such-global", "list"], "--no-such-global"), (["run", "-Z", "x"], "-Z"), (["run", "-no-such", "x"], "no-such"),
                         (["run", "--no-such=1", "x"], "--no-such")):
        rt.fails(rt(*words, cwd=here.dir), named)


@pytest.mark.ours
def test_missing_value(rt, here):
    for words in (["run", "x", "--bundle"], ["run", "x", "-b"], ["--root"], ["list", "--format"]):
        r = call([rt.program.path, *words], cwd=here.dir)
        rt.fails(r, "requires an argument", words[-1])


def test_unknown_command(rt):
    r = rt("no-such-command")
    assert r.returncode != 0 and "no-such-command" in r.stdout + r.stderr
    if rt.ours:
        rt.fails(r, "no-such-command")


@pytest.mark.ours
def test_no_command(bare):
    r = bare()
    assert r.returncode in (0, 1) and r.stdout + r.stderr


@pytest.mark.parametrize("words", [["state"], ["start"], ["kill"], ["delete"], ["run"], ["create"], ["ps"]])
def test_missing_id(rt, here, words):
    rt.fails(rt(*words, cwd=here.dir))


@pytest.mark.parametrize("words", [["state", "a", "b"], ["start", "a", "b"], ["delete", "a", "b"], ["kill", "a", "KILL", "c"], ["list", "a"] , ["run", "a", "b"]])
def test_too_many_words(rt, here, words):
    if not rt.ours and words[0] in ("delete", "list", "kill"):
        pytest.skip("a peer does not mind")
    rt.fails(rt(*words, cwd=here.dir), words[-1])


@pytest.mark.parametrize("option", [["--debug"], ["--log-level", "debug"], ["--log-level=error"], ["--systemd-cgroup=false"], ["--rootless", "false"], ["--rootless=auto"]])
def test_global_options(bundle, rt, option):
    if not rt.ours and option[0] in ("--log-level", "--log-level=error"):
        pytest.skip("a peer has no such option")
    r = rt.with_options(*option).run(bundle(args=["echo", "ok"]))
    assert (r.returncode, r.stdout) == (0, "ok\n"), str(r)


@pytest.mark.ours
@pytest.mark.parametrize("option", [["--log-level", "loud"], ["--log-format", "xml"], ["--rootless", "perhaps"], ["--cgroup-manager", "x"]])
def test_bad_global_values(bundle, rt, option):
    rt.fails(rt.with_options(*option).run(bundle(args=["echo", "ok"])), option[1])


@pytest.mark.ours
def test_global_options_after_the_command(bundle, rt, program, here):
    """Not before: they belong to the program."""
    c = bundle(args=["echo", "ok"])
    r = call([program.path, "run", "--root", here.state, "-b", c.path, c.id])
    if r.returncode:
        rt.fails(r, "--root")
    else:
        assert r.stdout == "ok\n"


def test_root_is_made(bundle, rt, here):
    other = Runtime(rt.program, here.dir / "deep/state/root")
    here.roots.append(other.root)
    assert other.run(bundle(args=["echo", "ok"])).stdout == "ok\n"
    if other.root.exists():
        assert other.root.stat().st_mode & 0o022 == 0


@pytest.mark.ours
@pytest.mark.parametrize("words, end", [(["spec", "-b", "/" + "d" * 4000], ": file name too long"), (["list", "--" + "d" * 4000], 'd"'), (["d" * 4000], 'd"')], ids=range(3))
def test_long_words(rt, words, end):
    """What is wrong with them is told, in one line."""
    error = rt.fails(rt(*words))
    assert error.endswith(end) and "d...d" in error and len(error) < 2100, error


@pytest.mark.ours
@pytest.mark.parametrize("words, error", [
    (["list"], None), (["list", "--quiet"], None), (["list", "--format", "json"], None), (["delete", "--force", "x"], None),
    (["kill", "--regex", "."], None), (["delete", "--regex", "."], None),
    *(([verb, "x"], 'container "x" does not exist') for verb in ("state", "start", "kill", "delete", "ps", "pause", "resume", "events", "checkpoint")),
    (["exec", "x", "true"], 'container "x" does not exist'), (["update", "--memory", "1m", "x"], 'container "x" does not exist')])
def test_no_root_and_none_made(rt, here, words, error):
    """Where no container was ever made, who asks for one makes no directory."""
    other = Runtime(rt.program, here.dir / "nowhere/state")
    r = other(*words)
    if error:
        rt.fails(r, error)
    else:
        assert r.returncode == 0 and not r.stderr, str(r)
        assert r.stdout == "" or r.stdout.split() in (["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"], ["[]"])
    assert not other.root.parent.exists()


def test_relative_root(bundle, rt, here):
    c = bundle(args=["/bin/probe", "sleep"])
    other = Runtime(rt.program, "relative-state")
    here.roots.append(here.dir / "relative-state")
    other("create", "-b", c.path, c.id, cwd=here.dir, files=c.path, check=True)
    assert (here.dir / "relative-state").is_dir()
    assert other("state", c.id, cwd=here.dir, check=True).json["status"] == "created"
    other("delete", "--force", c.id, cwd=here.dir, check=True)


def test_root_that_cannot_be_made(bundle, rt):
    other = Runtime(rt.program, "/proc/no/such")
    rt.fails(other("run", "-b", bundle(args=["true"]).path, "x"), "/proc/no")


@pytest.mark.ours
def test_default_roots(as_name, bundle, here):
    """/run/crun and /run/runc; an id that nobody else uses."""
    top = os.environ["XDG_RUNTIME_DIR"] if user.ACTIVE else "/run"
    for name in ("crun", "runc"):
        c = bundle(args=["/bin/probe", "sleep"])
        program = as_name(name)
        program("create", "-b", c.path, c.id, files=c.path, check=True)
        try:
            assert os.path.isdir(f"{top}/{name}/{c.id}")
        finally:
            program("delete", "--force", c.id, check=True)
        assert not os.path.exists(f"{top}/{name}/{c.id}")


@pytest.mark.ours
def test_faces_share_the_rest(as_name, bundle, here):
    """A container made by one face is known to the other, given the root."""
    c = bundle(args=["/bin/probe", "sleep"])
    crun, runc = as_name("crun"), as_name("runc")
    crun("--root", here.state, "create", "-b", c.path, c.id, files=c.path, check=True)
    assert runc("--root", here.state, "state", c.id).json["id"] == c.id
    runc("--root", here.state, "delete", "--force", c.id, check=True)


@pytest.mark.ours
def test_errors_of_both_faces(as_name, here):
    r = as_name("crun")("--root", here.state, "state", "nobody")
    assert r.returncode == 1 and re.fullmatch(r'(\d{4}-\d\d-\d\dT[\d:.]+Z: )?(error: |crun: )?container "nobody" does not exist\n', r.stderr), r.stderr
    r = as_name("runc")("--root", here.state, "state", "nobody")
    assert r.returncode == 1
    assert re.fullmatch(r'time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*" level=error msg="container \\"nobody\\" does not exist"\n', r.stderr), r.stderr


@pytest.mark.ours
@pytest.mark.parametrize("words, text", [
    (["--log-format", "xml"], "--log-format"), (["--log", "/no/such/dir/log"], 'open log file "/no/such/dir/log"'),
    (["--log", "x:y"], 'unknown log destination "x:y"'), (["--log"], "option requires an argument"),
    (["--log", "/no/such/dir/log", "--log-format", "json"], 'open log file')])
def test_errors_of_the_log_itself(as_name, here, words, text):
    """On standard error, in the form that the face has there."""
    for name, form in (("crun", r'\S+Z: .*\n'), ("runc", r'time="\S+" level=error msg=".*"\n')):
        r = as_name(name)("--root", here.state, *words, *(["state", "x"] if len(words) > 1 else []))
        assert r.returncode == 1 and re.fullmatch(form, r.stderr) and text in r.stderr.replace('\\"', '"'), str(r)


@pytest.mark.ours
def test_unknown_capability_as_runc(as_name, bundle, here):
    from lib.bundle import caps
    c = bundle(args=["/bin/probe"], process={"capabilities": caps("KILL", "NO_SUCH")})
    r = as_name("runc")("--root", here.state, "run", "-b", c.path, c.id)
    assert r.returncode == 0 and "CAP_NO_SUCH" in r.stderr and "level=warning" in r.stderr, str(r)


# spec

def test_spec(bundle, rt, here):
    """What it prints runs, once it does not want a terminal."""
    c = bundle(copy=True)
    (c.path / "config.json").unlink()
    r = rt("spec", cwd=c.path)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")
    config = json.loads((c.path / "config.json").read_text())
    assert config["process"]["terminal"] is True and config["process"]["args"] == ["sh"] and config["root"]["path"] == "rootfs"
    assert {n["type"] for n in config["linux"]["namespaces"]} >= {"pid", "network", "ipc", "uts", "mount"}
    config["process"]["terminal"] = False
    config["process"]["args"] = ["echo", "works"]
    config["linux"]["cgroupsPath"] = f"{here.parent}/{c.id}"
    c.write_text(json.dumps(config))
    r = rt.run(c)
    assert (r.returncode, r.stdout, r.stderr) == (0, "works\n", ""), str(r)


def test_spec_in_a_bundle(rt, here):
    for option in (["-b", here.dir / "b"], ["--bundle", here.dir / "c"], [f"--bundle={here.dir}/d"]):
        d = here.dir / str(option[-1])[-1]
        d.mkdir()
        assert rt("spec", *option, cwd="/").returncode == 0
        assert json.loads((d / "config.json").read_text())["ociVersion"].startswith("1.")


def test_spec_keeps_what_is_there(rt, here):
    (here.dir / "config.json").write_text("mine")
    r = rt("spec", cwd=here.dir)
    rt.fails(r, "config.json", "exist", anyone=["config.json"])
    assert (here.dir / "config.json").read_text() == "mine"


def test_spec_rootless(rt, here):
    assert rt("spec", "--rootless", cwd=here.dir).returncode == 0
    config = json.loads((here.dir / "config.json").read_text())
    assert "user" in {n["type"] for n in config["linux"]["namespaces"]}
    assert "network" not in {n["type"] for n in config["linux"]["namespaces"]}
    assert config["linux"]["uidMappings"] == [{"containerID": 0, "hostID": os.geteuid(), "size": 1}]
    assert config["linux"]["gidMappings"] == [{"containerID": 0, "hostID": os.getegid(), "size": 1}]
    assert not config["linux"].get("resources")


def test_spec_rootless_runs(bundle, rt, here):
    c = bundle(copy=True)
    (c.path / "config.json").unlink()
    rt("spec", "--rootless", "-b", c.path, check=True)
    config = json.loads((c.path / "config.json").read_text())
    config["process"].update(terminal=False, args=["id", "-u"])
    config["linux"]["cgroupsPath"] = f"{here.parent}/{c.id}"
    c.write_text(json.dumps(config))
    r = rt.run(c)
    assert (r.returncode, r.stdout) == (0, "0\n"), str(r)


def test_spec_without_a_directory(rt):
    rt.fails(rt("spec", "-b", "/no/such/dir"), "/no/such/dir")


@pytest.mark.ours
def test_spec_and_our_default_agree(rt, here):
    """The default of these tests is what spec prints."""
    from lib.bundle import default_config
    rt("spec", "-b", here.dir, check=True)
    theirs, mine = json.loads((here.dir / "config.json").read_text()), default_config()
    assert [m["destination"] for m in theirs["mounts"]] == [m["destination"] for m in mine["mounts"]]
    assert set(theirs["process"]["capabilities"]["bounding"]) >= set(mine["process"]["capabilities"]["bounding"])
    assert set(mine["linux"]["maskedPaths"]) - set(theirs["linux"]["maskedPaths"]) <= {"/proc/latency_stats", "/proc/timer_stats"}
    assert set(theirs["linux"]["readonlyPaths"]) >= set(mine["linux"]["readonlyPaths"])


# features

def test_features(rt):
    doc = rt("features", check=True).json
    assert doc["ociVersionMin"].startswith("1.0") and re.match(r"1\.\d+\.\d+", doc["ociVersionMax"])
    assert set(doc["hooks"]) == {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}
    assert {"bind", "rbind", "ro", "rw", "nosuid", "nodev", "noexec", "rprivate", "rslave", "rshared"} <= set(doc["mountOptions"])
    linux = doc["linux"]
    assert {"cgroup", "ipc", "mount", "network", "pid", "user", "uts"} <= set(linux["namespaces"])
    assert {"CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE"} <= set(linux["capabilities"])
    assert linux["cgroup"]["v1"] is True and linux["cgroup"]["v2"] is True
    assert linux["seccomp"]["enabled"] is True
    assert {"SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", "SCMP_ACT_KILL_PROCESS"} <= set(linux["seccomp"]["actions"])
    assert {"SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"} <= set(linux["seccomp"]["operators"])
    assert "SCMP_ARCH_X86_64" in linux["seccomp"]["archs"]


@pytest.mark.ours
def test_features_of_ours(rt):
    doc = rt("features", check=True).json
    assert "time" in doc["linux"]["namespaces"]
    assert set(doc["potentiallyUnsafeConfigAnnotations"]) >= {"run.oci.", "org.systemd.property."} or \
        [a for a in doc["potentiallyUnsafeConfigAnnotations"] if a.startswith("run.oci.")]
    assert {"rro", "tmpcopyup", "idmap", "ridmap", "copy-symlink"} <= set(doc["mountOptions"])
    assert isinstance(doc["annotations"], dict)
    for value in doc["annotations"].values():
        assert isinstance(value, str)


@pytest.mark.ours
def test_features_and_the_schema(rt):
    """Against the specification's own schema, as far as its keys go."""
    doc = rt("features", check=True).json
    top = {"ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "annotations", "potentiallyUnsafeConfigAnnotations", "linux"}
    linux = {"namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "memoryPolicy", "mountExtensions", "netDevices"}
    assert set(doc) <= top and set(doc["linux"]) <= linux


# plan and check, ours alone

@pytest.mark.ours
def test_plan(bundle, rt):
    c = bundle(args=["echo", "never"])
    r = rt("plan", "--bundle", c.path)
    assert r.returncode == 0 and r.stderr == "" and "never" not in r.stdout.split("\n")
    assert len(r.lines) > 10 and rt.list() == []


@pytest.mark.ours
def test_plan_without_root(bundle, rt):
    c = bundle(args=["echo"])
    r = call(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *rt.argv("plan", "--bundle", c.path)], starter=user.root())
    assert r.returncode == 0, str(r)


@pytest.mark.ours
def test_plan_is_stable(bundle, rt):
    c = bundle(args=["echo"])
    assert rt("plan", "-b", c.path).stdout == rt("plan", "-b", c.path).stdout


@pytest.mark.ours
def test_plan_of_a_bad_bundle(bundle, rt):
    rt.fails(rt("plan", "-b", bundle(text="{").path), "config.json:1:")


@pytest.mark.ours
@pytest.mark.parametrize("words", [["state"], ["list", "--format", "json"], ["ps", "--format", "json"], ["features"], ["plan"]], ids=" ".join)
def test_documents_end_with_a_newline(created, bundle, rt, words):
    """One: a shell's prompt comes on the next line, and `while read` sees the last one."""
    c = created()
    r = rt(*words, *{"list": [], "features": [], "plan": ["--bundle", c.path]}.get(words[0], [c.id]), check=True)
    assert r.stdout.endswith("\n") and not r.stdout.endswith("\n\n")


@pytest.mark.ours
def test_plan_is_in_words(bundle, rt):
    """No flags as numbers."""
    c = bundle(mounts=[{"destination": "/a", "type": "bind", "source": "/tmp", "options": ["rbind", "src-nofollow", "dest-nofollow", "ro"]}],
               process={"scheduler": {"policy": "SCHED_BATCH", "flags": ["SCHED_FLAG_RESET_ON_FORK"]}},
               seccomp={"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG"],
                        "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_LOG"}]})
    plan = rt("plan", "--bundle", c.path, check=True).stdout
    assert not re.search(r"\b0x|flags \d", plan), plan
    assert all(w in plan for w in ("of-cgroups", "SCHED_FLAG_RESET_ON_FORK", "SECCOMP_FILTER_FLAG_LOG", "src-nofollow"))


# the man page

SHARED = {"run": ["create"], "plan": ["create", "run"], "restore": ["create", "run", "checkpoint"], "checkpoint": ["restore"]}


def options_of_help(rt, *words):
    """{name: letter or ""} of what --help shows."""
    return {name: letter for letter, name in re.findall(r"(?m)^  (?:-(\S), |    )--([a-z0-9-]+)", rt(*words, "--help").stdout)}


@pytest.fixture(scope="module")
def man_page():
    """{verb: text} of crun(1) without fonts; "": what stands before the commands."""
    page = re.sub(r"\\f[A-Z]", "", (REPOSITORY / "man/crun.1").read_text().replace("\\-", "-"))
    before, commands = page.split(".SH COMMANDS")
    sections = {"": before}
    for part in re.split(r"(?m)^\.TP\n(?=(?:\.B )?crun )", commands)[1:]:
        for verb in re.findall(r"crun (\w+)", part.split("\n")[0]):
            sections[verb] = sections.get(verb, "") + re.split(r"(?m)^\.SH ", part)[0]
    return sections


@pytest.mark.ours
@pytest.mark.once("no container is made")
def test_man_page_has_the_options(rt, man_page):
    """Each option of each command stands in its section, or in that of a command whose options it shares; and no other."""
    common = options_of_help(rt)
    verbs = re.findall(r"(?m)^  (\w+) ", rt("--help").stdout.split("Commands:")[1].split("Global")[0])
    assert set(man_page) == {"", *verbs} and len(verbs) > 15
    wrong = [f"--{o}: not in crun(1)" for o in common if f"--{o}" not in man_page[""]]
    for verb in verbs:
        options = {o: l for v in (verb, *SHARED.get(verb, [])) for o, l in options_of_help(rt, v).items()}
        text = "".join(man_page[v] for v in (verb, *SHARED.get(verb, [])))
        own = {o: l for o, l in options_of_help(rt, verb).items() if o not in ("help", "usage", "version")}
        wrong += [f"{verb} --{o}: not in crun(1)" for o in own if o not in re.findall(r"--([a-z0-9-]+)", text)]
        wrong += [f"{verb} -{l}: not in crun(1)" for l in own.values() if l and not re.search(rf"(?m)(^\.BR |\[)-{re.escape(l)}\b", text)]
        wrong += [f"{verb} --{o}: not of the program" for o in re.findall(r"(?m)^(?:\.BI? |\.BR |crun ).*?--([a-z0-9-]+)", man_page[verb])
                  if o not in options and o not in common]
    assert wrong == []

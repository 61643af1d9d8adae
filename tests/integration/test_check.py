# SPDX-License-Identifier: GPL-2.0-or-later
"""`crun check`: every problem of a bundle at once, and nothing done."""

import json

import pytest

from lib import user
from lib.bundle import bind, namespaces

pytestmark = pytest.mark.ours


@pytest.fixture
def check(rt):
    def go(c, *options):
        r = rt("check", "--bundle", c.path, "--format", "json", *options)
        assert r.stderr == "" and r.returncode in (0, 1), str(r)
        found = json.loads(r.stdout)
        assert found["valid"] == (r.returncode == 0) == (not [p for p in found["problems"] if p["level"] == "error"])
        return found["problems"]

    return go


def find(problems, path):
    return next((p for p in problems if p["path"] == path), None)


def test_sound(bundle, rt):
    r = rt("check", "--bundle", bundle(args=["true"]).path)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")


def test_all_of_the_planner(bundle, check, here):
    """Each of them alone would stop a launch."""
    c = bundle(args=["true"], hostname="x", namespaces=namespaces("mount", "pid"),
               mounts=[{"destination": "/a", "type": "bind"}, {"destination": "/b"}],
               linux={"sysctl": {"kernel.nope": "1"}},
               process={"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 2, "hard": 1}], "capabilities": {"bounding": ["CAP_NOPE"]}})
    problems = check(c)
    n = len(c.config["mounts"])
    for path, text in (("hostname", "UTS"), (f"mounts[{n - 2}]", "needs a source"), (f"mounts[{n - 1}]", "neither a type"),
                       ('linux.sysctl["kernel.nope"]', "separate kernel namespace"), ("process.rlimits[0]", "soft limit"),
                       ("process.capabilities.bounding[0]", "CAP_NOPE")):
        assert text in find(problems, path)["text"], problems
    assert len({(p["path"], p["text"]) for p in problems}) == len(problems), "said twice"
    lines = (c.path / "config.json").read_text().splitlines()
    p = find(problems, "hostname")
    assert lines[p["line"] - 1][p["column"] - 1:].startswith('"x"')


def test_all_of_the_decoder(bundle, check):
    c = bundle(process={"cwd": 7, "args": "sh"}, hostname=[])
    problems = check(c)
    assert [p["path"] for p in problems] == ["process.args", "process.cwd", "hostname"]
    assert problems[0]["text"] == 'expected an array of strings, found "sh"'
    assert all(p["line"] > 1 and p["file"] == "config.json" for p in problems)


def test_duplicates(bundle, check):
    """Wherever they are; a name counts as what it means, and only in its own object. They do no harm by themselves."""
    c = bundle()
    text = json.dumps({**c.config, "annotations": {"a.b": "1", "x": "2"}}, indent=1)
    text = text.replace('"a.b"', '"\\u0061.b": "0",\n"a.b"').replace('"cwd": "/"', '"cwd": "/a", "cwd": [[{"p": 1,\n\n "p":2}]], "cwd": "/"')
    problems = check(c.write_text(text))
    assert {(p["level"], p["text"]) for p in problems} == {("warning", "a duplicate, of which the last one counts")}
    assert [p["path"] for p in problems] == ["process.cwd", "process.cwd[0][0].p", 'annotations["a.b"]']
    lines = text.splitlines()
    for p, at in zip(problems, ['"cwd": [[{', '"p":2', '"a.b": "1"']):
        assert lines[p["line"] - 1][p["column"] - 1:].startswith(at)


def test_many_duplicates(bundle, check):
    """In the time that it takes to read them, and not all of them are told."""
    c = bundle(args=["true"])
    text = json.dumps({**c.config, "annotations": {}}).replace('"annotations": {', '"annotations": {' + ",".join(f'"k{i % 100000}": ""' for i in range(200000)) )
    problems = check(c.write_text(text))
    assert len(problems) == 100 and problems[0]["path"] == "annotations.k0"


TEN = """{
  "ociVersion": "1.2.0",
  "root": { "path": "rootfs" },
  "hostname": "web",
  "process": {
    "user": { "uid": 0, "gid": 0 }, "args": ["sh"], "cwd": "work", "env": ["PATH=/bin"],
    "capabilities": { "bounding": ["CAP_SYS_ADMINN"] },
    "rlimits": [ { "type": "RLIMIT_NOFILES", "hard": 20, "soft": 10 } ],
    "oomScoreAdj": 2000
  },
  "mounts": [
    { "destination": "/proc", "type": "proc" },
    { "destination": "/data", "type": "bind", "source": "/no/such/dir" },
    { "destination": "/x", "options": ["ro"] },
    7
  ],
  "hooks": { "prestart": [ { "path": "/usr/bin/no-such-hook" } ] },
  "linux": {
    "namespaces": [ { "type": "mount" }, { "type": "pid" } ],
    "sysctl": { "kernel.hostname": "x" },
    "seccomp": { "defaultAction": "SCMP_ACT_DENY" },
    "resources": { "pids": { "limit": "ten" } }
  }
}
"""


def test_ten_faults_at_once(bundle, check):
    """Of the decoder, the planner and the host together; what only follows from another one is not said."""
    c = bundle(text=TEN)
    problems = check(c)
    wanted = {"root.path": "no such file", "hostname": "UTS", "process.cwd": "an absolute path", "process.capabilities.bounding[0]": "CAP_SYS_ADMINN",
              "process.rlimits[0].type": "RLIMIT_NOFILES", "process.oomScoreAdj": "-1000 to 1000", "mounts[1].source": "/no/such/dir",
              "mounts[2]": "neither a type", "mounts[3]": "expected an object, found 7", "hooks.prestart[0].path": "no-such-hook",
              'linux.sysctl["kernel.hostname"]': "hostname", "linux.seccomp.defaultAction": "SCMP_ACT_DENY", "linux.resources.pids.limit": "an integer"}
    for path, text in wanted.items():
        assert text in (find(problems, path) or {"text": "nothing"})["text"], (path, problems)
    assert {p["path"] for p in problems} == set(wanted)
    assert all(p["line"] > 1 and p["column"] > 1 for p in problems)


@pytest.mark.parametrize("text", ['{"linux": 7}', '{"process": {"rlimits": [1, {}], "user": []}, "mounts": [{}, null, {"destination": 1}], "annotations": {"a": 1}}',
                                  '{"root": {}, "linux": {"devices": [{}], "namespaces": [{"type": 1}, 2], "maskedPaths": [1], "sysctl": {"a": []}}}',
                                  '{"linux": {"seccomp": {"syscalls": [{"names": [1], "action": 2, "args": [{}]}], "architectures": [1]}, "uidMappings": [{}]}}',
                                  '{"linux": {"resources": {"devices": [{"type": 1}], "hugepageLimits": [{}], "rdma": {"x": 1}, "unified": {"a": 1}, "cpu": {"cpus": 1}}, "intelRdt": {"schemata": [1]}}}',
                                  '{"hooks": {"poststop": [{}, 1, {"path": "x", "env": [1]}]}, "process": {"scheduler": {}, "ioPriority": {}, "env": [1], "args": [1], "capabilities": {"bounding": [1]}}}',
                                  '{"linux": {"memoryPolicy": {}, "personality": {}, "netDevices": {"x": 1}, "timeOffsets": {"x": 1}, "rootfsPropagation": 1, "cgroupsPath": 1}}', "[]", "7"])
def test_goes_on_after_any_fault(bundle, check, text):
    assert len(check(bundle(text=text))) > 1 or text in ("[]", "7")


def test_too_much_to_tell(bundle, check):
    """Each problem is looked for in the text: of tens of thousands that would take minutes."""
    problems = check(bundle(args=["true"], linux={"netDevices": {f"nosuch{i}": {} for i in range(3000)}}))
    assert len(problems) == 200 and 'linux.netDevices["nosuch0"]' in [p["path"] for p in problems[:2]]  # a user may move none at all


def test_syntax(bundle, check):
    (p,) = check(bundle(text="{,}"))
    assert (p["line"], p["column"], p["path"]) == (1, 2, "")


def test_what_the_host_lacks(bundle, check, here):
    c = bundle(args=["true"], namespaces=namespaces("mount", "uts", network="/proc/self/ns/uts", ipc=here.dir / "none", pid="/etc/passwd"),
               mounts=[bind(here.dir / "nowhere", "/x")], hooks={"poststop": [{"path": "/no/hook"}]},
               linux={"netDevices": {"nosuchdev": {}}}, root={"path": "nowhere"})
    problems = check(c)
    for path, text in (("root.path", "no such file"), (f"mounts[{len(c.config['mounts']) - 1}].source", "nowhere"),
                       ("linux.namespaces[2].path", "is not a network namespace"), ("linux.namespaces[3].path", "does not exist"),
                       ("linux.namespaces[4].path", "is not a namespace"), ("hooks.poststop[0].path", "/no/hook"),
                       ('linux.netDevices["nosuchdev"]', "no such network device")):
        assert text in find(problems, path)["text"], (path, problems)


def test_warnings_do_not_fail(bundle, check):
    c = bundle(args=["true"], seccomp={"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["no_such_call"], "action": "SCMP_ACT_ERRNO"}]})
    (p,) = check(c)
    assert p["level"] == "warning" and "no_such_call" in p["text"]


@pytest.mark.parametrize("path", ["%::a", "a::b", "a-:x:y", "no-colon", "a:b:", "::" + "x" * 300])
def test_the_path_of_a_scope(bundle, rt, path):
    """What is wrong with it is said, and the planner goes on with the default."""
    c = bundle(linux={"cgroupsPath": path}, hostname="x", namespaces=namespaces("mount", "pid"))
    r = rt("--cgroup-manager", "systemd", "check", "--bundle", c.path, "--format", "json")
    assert r.returncode == 1 and r.stderr == "", str(r)
    problems = json.loads(r.stdout)["problems"]
    assert (find(problems, "linux.cgroupsPath") is None) == path.startswith("::"), problems
    assert find(problems, "hostname"), "not looked at any more"


def test_text(bundle, rt):
    c = bundle(args=[], hostname="x", namespaces=namespaces("mount"))
    r = rt("check", "-b", c.path)
    lines = r.stdout.splitlines()
    assert r.returncode == 1 and r.stderr == "" and len(lines) == 2
    assert all(l.startswith("config.json:") for l in lines)


@pytest.mark.parametrize("version", ["1.0.0", "1.0.0-rc5", "1.0.2-dev", "1.1.0+dev", "1.2.1", "1.3.0", "1.3.99", "1.4.0", "1.77.1"])
def test_versions_of_the_specification(bundle, run, check, version):
    """A newer minor too: what it has more is passed over, and nobody is told by default."""
    c = bundle(args=["echo", "fine"], ociVersion=version)
    assert check(c) == []
    r = run(c)
    assert (r.stdout, r.stderr) == ("fine\n", ""), str(r)


@pytest.mark.parametrize("version, newer", [("1.3.7", False), ("1.4.0", True), ("1.10.0", True)])
def test_newer_minor_in_the_debug_log(bundle, rt, version, newer):
    r = rt.with_options("--debug").run(bundle(args=["true"], ociVersion=version))
    assert r.returncode == 0 and (f'ociVersion "{version}" is newer than' in r.stderr) == newer, str(r)


def test_a_problem_is_one_line(bundle, rt):
    """Whatever a configuration brings in: no line ends, nothing that a terminal obeys."""
    r = rt("check", "-b", bundle(args=["true"], mounts=[{"destination": "/m", "type": "bind", "source": "/no\n\x1b[31m\u009bsuch", "options": ["bind"]}]).path)
    assert r.returncode == 1 and len(r.stdout.splitlines()) == 1 and r.stdout.rstrip("\n").isprintable(), repr(r.stdout)


@pytest.mark.parametrize("version", ["2.0.0", "0.9.0", "1", "1.0", "one", "", "11.0.0", None, 1.0])
def test_other_versions_are_refused(bundle, run, rt, version):
    rt.fails(run(bundle(args=["true"], ociVersion=version)), "ociVersion")


def test_other_configuration(bundle, rt, here):
    c = bundle(args=["true"])
    other = here.dir / "other.json"
    other.write_text("{}")
    r = rt("check", "--bundle", c.path, "--config", other)
    assert r.returncode == 1 and "ociVersion" in r.stdout


def test_nothing_is_made(bundle, rt, here):
    rt("check", "--bundle", bundle(args=["true"]).path)
    assert not here.state.exists()


def test_no_bundle(rt, here):
    rt.fails(rt("check", "--bundle", here.dir / "nowhere"), "nowhere")


@pytest.mark.ours
def test_the_bundle_as_a_word(bundle, rt, here):
    bad = bundle(args=["true"], linux={"maskedPaths": ["/"]}).path
    good = bundle(args=["true"]).path
    r = rt("check", bad, cwd=good)
    assert r.returncode == 1 and "linux.maskedPaths[0]" in r.stdout, str(r)
    assert rt("check", good, cwd=bad).returncode == 0
    rt.fails(rt("check", here.dir / "nowhere", cwd=good), "nowhere")
    rt.fails(rt("check", good, "--bundle", good), "--bundle")
    rt.fails(rt("check", good, good), "unexpected argument")


NOTIFY = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["swapoff"], "action": "SCMP_ACT_NOTIFY"}]}


@pytest.mark.parametrize("seccomp, annotations, path, text", [
    ({}, {}, "linux.seccomp.listenerPath", "needs an agent's socket"), ({"listenerPath": "a.sock"}, {}, "linux.seccomp.listenerPath", "absolute"),
    ({"listenerPath": "unix:///a"}, {}, "linux.seccomp.listenerPath", "absolute"), ({"listenerPath": "/no/a.sock"}, {}, "linux.seccomp.listenerPath", "no such file"),
    ({"listenerPath": "/etc/passwd"}, {}, "linux.seccomp.listenerPath", "not a socket"), ({}, {"seccomp.receiver": "a.sock"}, 'annotations["run.oci.seccomp.receiver"]', "absolute"),
    ({}, {"seccomp.plugins": "/no/plugin"}, 'annotations["run.oci.seccomp.plugins"]', "/no/plugin"), ({}, {"seccomp.plugins": "p"}, 'annotations["run.oci.seccomp.plugins"]', "absolute"),
    ({"listenerPath": "/a"}, {"seccomp.plugins": "/bin/true"}, 'annotations["run.oci.seccomp.plugins"]', "only one"),
])
def test_agents(bundle, check, seccomp, annotations, path, text):
    problems = check(bundle(args=["true"], seccomp={**NOTIFY, **seccomp}, annotations={f"run.oci.{k}": v for k, v in annotations.items()}))
    assert [p["path"] for p in problems] == [path] and text in problems[0]["text"], problems


@pytest.mark.parametrize("key, value, text", [
    ("handler", "foo", 'no handler "foo"'), ("pidfd_receiver", "/no/socket", "no such file"), ("hooks.stdout", "", "no such file"),
    ("hooks.stderr", "/no/such/file", "no such file"), ("hooks.stdout", "/etc", "is a directory"),
])
def test_annotations(bundle, check, key, value, text):
    problems = check(bundle(args=["true"], annotations={f"run.oci.{key}": value}, hooks={"poststart": [{"path": "/bin/true"}]}))
    assert [p["path"] for p in problems] == [f'annotations["run.oci.{key}"]'] and text in problems[0]["text"], problems


GROUPS = {"additionalGids": list(range(65537))}
MAPS = {"uidMappings": [{"containerID": 0, "hostID": 100000, "size": 0}], "gidMappings": [{"containerID": 0, "hostID": 4294967295, "size": 2}]}


@pytest.mark.parametrize("changes, problems", [
    ({"linux": {"netDevices": {"lo": {}}}}, {'linux.netDevices["lo"]': "loopback"}),
    ({"linux": {"netDevices": {"nosuchdev": None}}}, {'linux.netDevices["nosuchdev"]': "no such network device"}),
    ({"linux": {"devices": [{"path": "/dev/k", "type": "c", "major": 1, "minor": m} for m in (3, 3, 5)]}}, {"linux.devices[2].path": "linux.devices[0] puts another"}),
    ({"process": {"execCPUAffinity": {"initial": "0-", "final": "1-0"}}}, {"process.execCPUAffinity.initial": '"0-"', "process.execCPUAffinity.final": '"1-0"'}),
    ({"process": {"execCPUAffinity": {"initial": "0,,1", "final": "-"}}}, {"process.execCPUAffinity.initial": '"0,,1"', "process.execCPUAffinity.final": '"-"'}),
    ({"user": {"uid": 0, "gid": 0, **GROUPS}}, {"process.user.additionalGids": "more than the 65536"}),
    ({"linux": {k: [{"containerID": 2 * i, "hostID": 100000 + 3 * i, "size": 1} for i in range(340)] for k in MAPS}, "namespaces": namespaces("mount", "pid", "uts", "user")},
     {"linux.uidMappings": "one page", "linux.gidMappings": "one page"}),
    ({"linux": {"intelRdt": {"closID": "a/b", "schemata": ["a\nb"]}}}, {"linux.intelRdt.closID": "not a name", "linux.intelRdt.schemata[0]": "more than one line"}),
    ({"linux": {"timeOffsets": {"boottime": {"secs": -9000000000}}}, "namespaces": namespaces("mount", "pid", "uts", "time")}, {"linux.timeOffsets.boottime.secs": "below 0"}),
    ({"linux": {"timeOffsets": {"monotonic": {"nanosecs": 10**9, "secs": 2**62}}}}, {"linux.timeOffsets.monotonic.nanosecs": "999999999", "linux.timeOffsets.monotonic.secs": "9223372036"}),
    ({"linux": MAPS, "namespaces": namespaces("mount", "pid", "uts", "user")}, {"linux.uidMappings[0]": "at least one", "linux.gidMappings[0]": "none above"}),
])
def test_what_a_launch_would_refuse(bundle, check, changes, problems):
    found = {p["path"]: p["text"] for p in check(bundle(args=["true"], **changes))}
    found.pop("linux.intelRdt", None)  # that this host has none
    assert set(problems) <= set(found) if user.ACTIVE else set(problems) == set(found), found  # he may lack more than what is asked
    assert all(text in found[path] for path, text in problems.items()), found


def test_goes_on_without_arguments(bundle, check):
    c = bundle(args=[], user={"uid": 4294967295, "gid": 0}, annotations={"run.oci.delegate-cgroup": "../x"})
    assert {p["path"] for p in check(c)} == {"process.args", "process.user.uid", 'annotations["run.oci.delegate-cgroup"]'}


def test_fields_for_windows(bundle, rt, check):
    """Who validates is warned, who launches finds it in the debug log."""
    c = bundle(args=["true"], process={"commandLine": "x", "consoleSize": {"height": 1, "width": 2}}, user={"uid": 0, "gid": 0, "username": "daemon"})
    assert [(p["level"], p["path"]) for p in check(c)] == [("warning", "process.user.username"), ("warning", "process.commandLine")]
    assert rt.run(c).stderr == ""
    r = rt.with_options("--debug").run(c)
    assert all(f"process.{field}: " in r.stderr for field in ("user.username", "commandLine", "consoleSize")), str(r)


@pytest.mark.root("an ordinary user's own is kept where it cannot be lowered")
def test_oom_score_adj_without_privilege(bundle, rt):
    c = bundle(args=["true"], process={"oomScoreAdj": -1000})
    weak = rt.with_options(prefix=["setpriv", "--bounding-set", "-sys_resource", "--inh-caps", "-sys_resource"])
    r = weak("check", "--bundle", c.path)
    assert r.returncode == 1 and "process.oomScoreAdj: -1000 is less" in r.stdout, str(r)
    weak.fails(weak.run(c), "process.oomScoreAdj", "CAP_SYS_RESOURCE")


@pytest.mark.root("the kernel is asked with CAP_SYS_ADMIN")
@pytest.mark.parametrize("mount, field, text", [
    ({"type": "foo"}, ".type", 'no file system "foo"'), ({"type": "none"}, ".type", 'no file system "none"'),
    ({"type": "tmpfs", "options": ["foo=bar"]}, ".options", "foo"), ({"type": "tmpfs", "options": ["mode=9"]}, ".options", "mode"),
    ({"type": "overlay", "options": ["lowerdir=/usr"]}, "", "two directories"),
    ({"type": "overlay", "options": [r"lowerdir=/a\:b"]}, "", "two directories"),
    ({"type": "bind", "source": "/usr", "uidMappings": [{"containerID": 0, "hostID": 0, "size": 0}], "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}, ".uidMappings[0]", "at least one"),
    ({"type": "bind", "source": "/usr", "uidMappings": [{"containerID": 0, "hostID": 0, "size": 10}, {"containerID": 5, "hostID": 50, "size": 10}],
      "gidMappings": [{"containerID": i, "hostID": i, "size": 1} for i in range(341)]}, ".uidMappings[1]", "overlaps mounts"),
    ({"type": "bind", "source": "/usr", "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}], "gidMappings": [{"containerID": i, "hostID": i, "size": 1} for i in range(341)]}, ".gidMappings", "340 at most"),
])
def test_mounts_that_a_launch_would_refuse(bundle, check, mount, field, text):
    c = bundle(args=["true"], mounts=[{"destination": "/mnt", **mount}])
    found = {p["path"]: p["text"] for p in check(c)}
    assert text in found.get(f"mounts[{len(c.config['mounts']) - 1}]{field}", ""), found


@pytest.mark.root("the kernel is asked with CAP_SYS_ADMIN")
def test_mounts_that_a_launch_takes(bundle, check, run):
    """What is checked is what the kernel says, and not more."""
    mounts = [{"destination": "/mnt", "type": "tmpfs", "source": "x", "options": ["size=1m", "mode=755", "uid=7", "tmpcopyup", "sync"]},
              {"destination": "/mnt", "type": "ramfs"}, {"destination": "/mnt", "type": "overlay", "options": ["lowerdir=/usr:/etc"]}]
    c = bundle(args=["true"], mounts=mounts)
    assert check(c) == [] and run(c).returncode == 0


@pytest.mark.root("the kernel is asked with CAP_SYS_ADMIN")
def test_device_that_is_not_there(bundle, check):
    types = [line.strip() for line in open("/proc/filesystems") if not line.startswith("nodev")]
    if not types:
        pytest.skip("this kernel has no file system on a device")
    c = bundle(args=["true"], mounts=[{"destination": "/mnt", "type": types[0], "source": s} for s in ("/dev/nope", "/dev/null")])
    found = {p["path"]: p["text"] for p in check(c)}
    assert "no such file" in found["mounts[7].source"] and "not a block device" in found["mounts[8].source"], found

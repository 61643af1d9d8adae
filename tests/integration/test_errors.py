# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input: one clear line, exit status 1, nothing left. (That nothing is left, the `here` fixture checks after each.)"""

import json
import os
import re
import shutil
import socket

import pytest

from lib import cgroups, processes
from lib.bundle import caps, default_config, namespaces, tmpfs
from lib.runtime import Runtime, call
from lib.user import as_root


# ids

@pytest.mark.parametrize("id", ["", ".", "..", "../x", "a/b", "/abs", "a b", "a\nb", "ü", "a*", "a;b", "x" * 1025, ".hidden", "a\tb", "a:b", "@"], ids=lambda s: repr(s[:20]))
def test_bad_ids(bundle, rt, here, id):
    c = bundle(args=["true"])
    r = rt("run", "-b", c.path, "--", id) if rt.ours else rt("run", "-b", c.path, id)
    if not rt.ours and id in (".hidden", "x" * 1025):
        pytest.skip("a peer takes it or fails later")
    rt.fails(r)
    assert not os.path.exists(here.dir / "x") and (not rt.root.exists() or os.listdir(rt.root) == [])


@pytest.mark.ours
@pytest.mark.parametrize("id", ["a/b", "..", "a b"])
def test_bad_ids_are_named(bundle, rt, id):
    rt.fails(rt("run", "-b", bundle(args=["true"]).path, id), id, "container id")


@pytest.mark.parametrize("verb", ["state", "start", "kill", "delete", "ps"])
@pytest.mark.parametrize("id", ["../../etc", "..", ".", "a/b", ""])
def test_bad_ids_elsewhere(rt, verb, id):
    """None of the verbs looks outside of the state root."""
    rt.fails(rt(verb, id))


@pytest.mark.ours
def test_delete_by_force_of_a_bad_id(rt, here):
    (here.dir / "victim").mkdir()
    (here.dir / "victim/file").touch()
    rt("list")
    rt.root.mkdir(exist_ok=True)
    rt("delete", "--force", "../victim")
    assert (here.dir / "victim/file").exists()


@pytest.mark.ours
def test_directory_without_a_state(rt, here):
    """Made by hand, or by a launch that was killed at its first step."""
    made = here.dir / "state" / "empty"
    made.mkdir(parents=True)
    rt.fails(rt("state", "empty"), 'container "empty" does not exist yet: it has no state', "delete --force")
    assert [e["id"] for e in rt.list()] == ["empty"]
    rt("delete", "--force", "empty", check=True)
    assert not made.exists()


@pytest.mark.ours
def test_longest_id(bundle, rt):
    id = "x" * 1024
    c = bundle(args=["true"], linux={"cgroupsPath": None})
    r = rt.run(c, id=id)
    if r.returncode:  # a file name has 255 bytes
        rt.fails(r, "container id")


# bundles

def test_missing_bundle(rt):
    """Not "no such file or directory", by which engines know a missing command."""
    rt.fails(rt("run", "-b", "/no/such/bundle", "x"), 'bundle "/no/such/bundle" does not exist', anyone=["/no/such/bundle"])


def test_missing_config(rt, here):
    (here.dir / "empty").mkdir()
    rt.fails(rt("run", "-b", here.dir / "empty", "x"), "config.json", anyone=["config.json"])


def test_bundle_is_a_file(rt):
    rt.fails(rt("run", "-b", "/etc/passwd", "x"), "/etc/passwd", anyone=["not a directory"])


@pytest.mark.ours
def test_config_is_a_directory(rt, here):
    (here.dir / "b/config.json").mkdir(parents=True)
    rt.fails(rt("run", "-b", here.dir / "b", "x"), "config.json", "is a directory")


@pytest.mark.ours
def test_config_is_a_fifo(rt, here):
    (here.dir / "b").mkdir()
    os.mkfifo(here.dir / "b/config.json")
    for verb in (["run"], ["create"], ["check"], ["plan"]):
        r = rt(*verb, "-b", here.dir / "b", *(["x"] if verb[0] in ("run", "create") else []), timeout=30)
        rt.fails(r, '"config.json" is a FIFO, expected a file')


@pytest.mark.ours
@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero", "/dev/tty"])
def test_config_is_a_device(bundle, rt, here, device):
    rt.fails(rt.run(bundle(args=["true"]), "--config", device, timeout=30), device)
    (here.dir / "b").mkdir()
    (here.dir / "b/config.json").symlink_to(device)
    rt.fails(rt("run", "-b", here.dir / "b", "x", timeout=30), "config.json")


@pytest.mark.ours
def test_config_from_a_pipe(bundle, rt):
    c = bundle(args=["echo", "ok"])
    text = (c.path / "config.json").read_text()
    (c.path / "config.json").unlink()
    r = rt.run(c, "--config", "/dev/fd/0", input=text)
    assert r.stdout == "ok\n", str(r)


# JSON

def full():
    return json.dumps({**default_config()}, indent=1)


@pytest.mark.parametrize("text", ["", " ", "{", "}", "[", "[]", "null", "1", '"x"', "{]", '{"a"}', '{"a":}', '{"a":1,}', "{'a':1}", "{}{}", "{} x",
                                  '{"a":"\x01"}', '{"a":"\\q"}', '{"a":"\\ud800"}', '{"a": 01}', '{"a": 1e}', '{"a": nul}', '{"a": +1}', '{"a": NaN}',
                                  '{"ociVersion": "1.0.0"', b"\xff\xfe{}", b"{\"a\": \"\xff\"}", b"\x00", b"{}\x00", b"\xef\xbb\xbf{}", "// x\n{}", "/* x */ {}"])
def test_bad_syntax(bundle, rt, text):
    r = rt.run(bundle(text=text))
    rt.fails(r, "config.json")


@pytest.mark.ours
@pytest.mark.parametrize("text, where", [('{\n "a": 1,\n "b": tru\n}', r":3:\d+"), ("{", r":1:\d+"), ('{"a":\n\n\n[1,2,,3]}', r":4:\d+"), ('{\n"process": {"args": ["x" "y"]}}', r":2:\d+")])
def test_syntax_errors_are_located(bundle, rt, text, where):
    r = rt.run(bundle(text=text))
    rt.fails(r)
    assert re.search("config.json" + where, r.stderr), r.stderr


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_truncated(bundle, rt, part):
    text = full()
    rt.fails(rt.run(bundle(text=text[:int(len(text.rstrip()) * part)])), "config.json")


@pytest.mark.slow
def test_every_truncation_of_a_small_one(bundle, rt):
    text = '{"ociVersion":"1.0.0","process":{"args":["true"],"cwd":"/","user":{"uid":0}},"root":{"path":"/"}}'
    c = bundle(text="")
    for i in range(0, len(text) - 1, 1 if rt.ours else 7):
        rt.fails(rt.run(c.write_text(text[:i])))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["string", "garbage", "spaces", "array", "zeros"])
def test_huge(bundle, rt, kind):
    """100 MB: refused, in bounded time, with a short line."""
    n = 100_000_000
    text = {"string": lambda: b'{"annotations": {"a": "' + b"A" * n, "garbage": lambda: b"\xa5" * n, "spaces": lambda: b" " * n,
            "array": lambda: b'{"hooks": [' + b"1," * (n // 2), "zeros": lambda: b"\0" * n}[kind]()
    c = bundle(text=text)
    rt.fails(rt.run(c, timeout=60), "config.json")
    (c.path / "config.json").unlink()


@pytest.mark.slow
def test_huge_and_valid(bundle, rt):
    """Refused, or run."""
    c = bundle(args=["true"], annotations={"big": "A" * 20_000_000})
    r = rt.run(c, timeout=60)
    if r.returncode:
        rt.fails(r)


@pytest.mark.ours
def test_long_environment(bundle, rt):
    """Of each name the last one is looked for, and that is not done by comparing all with all."""
    c = bundle(args=["true"], env=["A=first", *(f"A{i}=b" for i in range(200_000)), "A=last"])
    assert '"A199999=b" "A=last"' in rt("plan", "-b", c.path, check=True).stdout.replace(",", "")
    r = rt.run(c)
    assert r.returncode == 126 and "argument list too long" in r.error, str(r)


@pytest.mark.parametrize("depth", [1000, 100_000, 5_000_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep(bundle, rt, depth, opening):
    closing = {"[": "]", '{"a":': "}"}[opening]
    for text in (opening * depth, '{"x": ' + opening * depth + "1" + closing * depth + "}"):
        rt.fails(rt.run(bundle(text=text), timeout=60))


@pytest.mark.ours
def test_many_members(bundle, rt):
    """A hundred thousand unknown members are only slow to write."""
    c = bundle(args=["echo", "ok"], edit=lambda c: c.update({f"k{i}": i for i in range(100_000)}))
    assert rt.run(c).stdout == "ok\n"


def test_duplicate_members(bundle, rt):
    """The last one counts, or it is an error: never half of each."""
    c = bundle(args=["echo", "first"])
    text = (c.path / "config.json").read_text().replace('"args":', '"args": ["echo", "second"], "args":', 1)
    r = rt.run(c.write_text(text))
    assert r.stdout == "first\n" or r.returncode == 1, str(r)


@pytest.mark.ours
@pytest.mark.parametrize("verb", ["run", "create", "exec", "update"])
def test_duplicate_members_are_told(bundle, rt, running, here, verb):
    """A warning with the place; the last one counts."""
    args = '{"cwd": "/", "user": {},\n  "args": ["false"], "args": ["true"]}'
    if verb == "exec":
        (here.dir / "p.json").write_text(args)
        r, where = rt("exec", "--process", here.dir / "p.json", running().id), f"{here.dir}/p.json:2:22: args: "
    elif verb == "update":
        (here.dir / "r.json").write_text('{"pids": {"limit": 5, "limit": 6}}')
        r, where = rt("update", "--resources", here.dir / "r.json", running().id), f"{here.dir}/r.json:1:23: pids.limit: "
    else:
        c = bundle()
        c.write_text('{"ociVersion": "1.0.0", "root": {"path": "%s"}, "process":%s}' % (c.rootfs, args))
        r, where = getattr(rt, verb)(c), "config.json:2:22: process.args: "
    assert r.returncode == 0 and len(r.stderr.splitlines()) == 1, str(r)
    assert r.stderr.rstrip().endswith(f"warning: {where}a duplicate, of which the last one counts"), str(r)


@pytest.mark.ours
def test_case_of_members(bundle, rt):
    """Exactly first, then without regard to case (as Go's decoder)."""
    c = bundle(args=["echo", "exact"])
    text = (c.path / "config.json").read_text().replace('"args":', '"ARGS": ["echo", "other"], "args":', 1)
    assert rt.run(c.write_text(text)).stdout == "exact\n"
    text = (c.path / "config.json").read_text().replace('"ARGS": ["echo", "other"], "args":', '"Args":', 1)
    assert rt.run(c.write_text(text)).stdout == "exact\n"


@pytest.mark.parametrize("text", [r'"a\u0000b"', '"a\\u0000"'])
def test_nul_in_a_string(bundle, rt, text):
    """A C string would end there: an argument, a path, a host name is never cut short."""
    c = bundle(args=["echo", "NUL-HERE"])
    r = rt.run(c.write_text((c.path / "config.json").read_text().replace('"NUL-HERE"', text)))
    rt.fails(r, "process.args[1]")


# meaning

def has_path(rt, r, path):
    rt.fails(r, path)


@pytest.mark.parametrize("path, value", [
    ("process", []), ("process", "x"), ("process.args", "echo"), ("process.args", [1]), ("process.args", {}), ("process.env", "A=1"), ("process.env", [None, 1]),
    ("process.cwd", 1), ("process.user", "root"), ("process.user.uid", "0"), ("process.user.uid", -1), ("process.user.uid", 1.5), ("process.user.uid", 2**32),
    ("process.user.gid", 2**64), ("process.user.additionalGids", 5), ("process.user.additionalGids", ["x"]), ("process.user.umask", -1),
    ("process.noNewPrivileges", "yes"), ("process.terminal", 1), ("process.oomScoreAdj", "0"), ("process.capabilities", ["CAP_KILL"]),
    ("process.rlimits", {}), ("process.rlimits", [{"type": "RLIMIT_CORE", "soft": -1, "hard": 0}]), ("root", "rootfs"), ("root.path", 5), ("root.readonly", "no"),
    ("hostname", 5), ("mounts", {}), ("mounts", ["x"]), ("hooks", []), ("hooks.prestart", {}), ("annotations", []), ("annotations", {"a": 1}),
    ("linux", []), ("linux.namespaces", {}), ("linux.namespaces", ["pid"]), ("linux.resources", 1), ("linux.maskedPaths", "x"), ("linux.sysctl", []),
    ("linux.sysctl", {"net.x": 1}), ("linux.seccomp", []), ("linux.devices", {}), ("linux.uidMappings", {}), ("ociVersion", 1),
    ("linux.rootfsPropagation", 1), ("linux.cgroupsPath", 7)])
def test_wrong_types(bundle, rt, path, value):
    def edit(c):
        *parents, last = path.split(".")
        for p in parents:
            c = c.setdefault(p, {})
        c[last] = value
    rt.fails(rt.run(bundle(args=["true"], edit=edit)), path, "config.json")


def set_at(path, value):
    def edit(c):
        *parents, last = path.split(".")
        for p in parents:
            c = c.setdefault(p, {})
        c[last] = value
    return edit


@pytest.mark.ours
@pytest.mark.parametrize("path, value, text", [
    ("linux.maskedPaths", ["/proc/kcore", "/"], "linux.maskedPaths[1]"), ("linux.maskedPaths", ["//"], "linux.maskedPaths[0]"),
    ("linux.maskedPaths", ["/."], "linux.maskedPaths[0]"), ("linux.readonlyPaths", ["/"], "linux.readonlyPaths[0]"),
    ("linux.readonlyPaths", ["/a/.."], "linux.readonlyPaths[0]"), ("linux.readonlyPaths", ["proc/sys"], "linux.readonlyPaths[0]"),
    ("hostname", "h" * 65, "hostname: expected a name of at most 64 bytes"), ("domainname", "h" * 65, "domainname: expected"),
    ("hostname", "h\nx", "hostname: expected a name of at most 64 bytes without control characters, found"),
    ("domainname", "d\u007f", "domainname: expected a name"), ("hostname", "h\0x", "hostname: expected a string without NUL"),
    ("linux.cgroupsPath", "/b2/c/a\nb", "linux.cgroupsPath: expected a text without control characters"),
    ("mounts", [{"destination": "", "type": "tmpfs"}], "mounts[0].destination"), ("process.user.umask", 0o1000, "process.user.umask"),
    ("process.env", ["A=1", "B"], "process.env[1]: expected NAME=VALUE"), ("process.env", ["=x"], "process.env[0]"),
    ("linux.devices", [{"path": "/dev/x", "type": "c", "major": -1, "minor": 3}], "linux.devices[0].major"),
    ("linux.devices", [{"path": "/dev/../etc/x", "type": "c", "major": 1, "minor": 3}],
     'linux.devices[0].path: expected an absolute path below "/" without "..", found "/dev/../etc/x"'),
    ("linux.devices", [{"path": "/dev/x", "type": "c"}], "linux.devices[0].major: required for a device of type c, but missing"),
    ("linux.devices", [{"path": "/dev/x", "type": "b", "major": 7}], "linux.devices[0].minor: required for a device of type b, but missing"),
    ("linux.devices", [{"path": "/dev/x", "type": "c", "major": 1, "minor": -1}], "linux.devices[0].minor")])
def test_values_that_no_container_can_have(bundle, rt, path, value, text):
    r = rt.run(bundle(args=["true"], edit=set_at(path, value)))
    rt.fails(r, text)
    assert re.search(r"config\.json:\d+:\d+: ", r.stderr), r.stderr


@pytest.mark.ours
@pytest.mark.root("only the host's root may set device rules: there are none to be looked at")
@pytest.mark.parametrize("number", [{"major": -2}, {"major": 1, "minor": -2}, {"minor": 1 << 20}])
def test_device_rules_out_of_range(bundle, rt, number):
    rt.fails(rt.run(bundle(args=["true"], resources={"devices": [{"allow": True, "type": "c", **number, "access": "r"}]})),
             "linux.resources.devices[0].", "out of range")


@pytest.mark.ours
@pytest.mark.parametrize("args, text", [([], "process.args: empty"), ([""], "process.args[0]: empty"), (["", "x"], "process.args[0]: empty")])
def test_nothing_to_run(bundle, rt, args, text):
    rt.fails(rt.run(bundle(args=args)), text)


@pytest.mark.ours
def test_longest_names(bundle, rt):
    r = rt.run(bundle(args=["hostname"], hostname="h" * 64, domainname="d" * 64))
    assert r.stdout == "h" * 64 + "\n", str(r)


@pytest.mark.ours
@pytest.mark.parametrize("verb", ["list", "run", "state", "delete --force"])
def test_empty_state_root(bundle, rt, here, verb):
    """Not the current directory, which is full of names."""
    (here.dir / "victim").mkdir()
    c = bundle(args=["true"])
    words = {"run": ["-b", c.path, "x"], "list": []}.get(verb, ["victim"])
    rt.fails(call([rt.program.path, "--root", "", *verb.split(), *words], cwd=here.dir), "--root: expected a directory")
    assert (here.dir / "victim").is_dir()


@pytest.mark.ours
@pytest.mark.parametrize("option", ["--pid-file", "--pidfd-socket", "--config", "--bundle"])
def test_empty_paths(bundle, rt, option):
    rt.fails(rt("run", "-b", bundle(args=["true"]).path, option, "", "x"), *([option] if option.startswith("--pid") else []))


@pytest.mark.ours
@pytest.mark.parametrize("byte", ["\n", "\t", "\x01", "\x1f"])
def test_control_character_in_a_string(bundle, rt, byte):
    """JSON forbids them unescaped; escaped they are as good as any other."""
    c = bundle(args=["printf", "%s", f"a{byte}b"])
    assert rt.run(c).stdout == f"a{byte}b"
    text = (c.path / "config.json").read_text().replace(json.dumps(f"a{byte}b"), f'"a{byte}b"')
    rt.fails(rt.run(c.write_text(text)), "a control character in a string")


@pytest.mark.ours
@pytest.mark.parametrize("path, value, text", [
    ("linux.resources.pids.limit", "ten", 'linux.resources.pids.limit: expected an integer, found "ten"'),
    ("process.args", "echo", "process.args: expected"), ("mounts", [{"type": "tmpfs"}], "mounts[0].destination"),
    ("process.env", ["A=1", 7], "process.env[1]"), ("linux.namespaces", [{"path": "/x"}], "linux.namespaces[0].type")])
def test_errors_name_the_member_and_the_place(bundle, rt, path, value, text):
    def edit(c):
        *parents, last = path.split(".")
        for p in parents:
            c = c.setdefault(p, {})
        c[last] = value
    r = rt.run(bundle(args=["true"], edit=edit))
    rt.fails(r, text)
    assert re.search(r"config\.json:\d+:\d+: ", r.stderr), r.stderr


@pytest.mark.parametrize("member", ["ociVersion", "process", "root"])
def test_missing_members(bundle, rt, member):
    if not rt.ours and member == "ociVersion":
        pytest.skip("a peer does not mind")
    rt.fails(rt.run(bundle(args=["true"], edit=lambda c: c.pop(member))), member)


@pytest.mark.parametrize("version", ["", "x", "0.5.0", "2.0.0", "1", "1.0.0.0.0"])
def test_versions(bundle, rt, version):
    if not rt.ours:
        pytest.skip("a peer does not look at it")
    r = rt.run(bundle(args=["true"], ociVersion=version))
    if version in ("0.5.0", "1"):
        assert r.returncode in (0, 1)
    else:
        rt.fails(r, "ociVersion")


@pytest.mark.parametrize("version", ["1.0.0", "1.0.2-dev", "1.1.0", "1.2.1", "1.3.0", "1.0.0-rc5"])
def test_good_versions(bundle, rt, version):
    assert rt.run(bundle(args=["true"], ociVersion=version)).returncode == 0


@pytest.mark.ours
def test_duplicate_mounts_are_fine(bundle, rt):
    """The specification allows them: the later one covers."""
    assert rt.run(bundle(args=["true"], mounts=[tmpfs("/mnt"), tmpfs("/mnt")])).returncode == 0


def test_failure_after_the_cgroup_is_made(bundle, rt):
    rt.fails(rt.run(bundle(args=["true"], mounts=[tmpfs("/mnt", "no-such-option")])))


def test_failure_in_every_mount(bundle, rt):
    """Whichever of the mounts it is that fails: nothing is left."""
    for i in range(7):
        def edit(c):
            c["mounts"][i] = {"destination": c["mounts"][i]["destination"], "type": "no-such-fs", "source": "x"}
        rt.fails(rt.run(bundle(args=["true"], edit=edit)), f"mounts[{i}]")


def test_create_can_be_repeated_after_a_failure(bundle, rt):
    c = bundle(args=["/no/such"])
    assert rt.run(c).returncode != 0
    c.change(process={"args": ["echo", "now"]})
    assert rt.run(c).stdout == "now\n"


def test_readable_message_for_people(bundle, rt):
    """Not an errno alone, nor a function's name."""
    r = rt.run(bundle(args=["true"], mounts=[tmpfs("/mnt", "size=abc")]))
    rt.fails(r, 'mounts[7] "/mnt"', anyone=["/mnt"])


@pytest.mark.ours
@pytest.mark.parametrize("edit, words", [
    (lambda c, deep: c["mounts"].append({"destination": "/m", "type": "bind", "source": f"/{deep}", "options": ["bind"]}), ['mounts[7] "/m"', 'd" does not exist']),
    (lambda c, deep: c["mounts"].append(tmpfs(f"/proc/{deep}")), ['mounts[7] "/proc/', 'd": ']),
    (lambda c, deep: c["process"].update(args=[f"/{deep}"]), ['process.args[0] "/d', 'd": no such file or directory']),
    (lambda c, deep: c["root"].update(path=f"/{deep}"), ['d" does not exist']),
    (lambda c, deep: c.update(hooks={"createRuntime": [{"path": f"/{deep}"}]}), ["error running createRuntime hook #0", 'd": no such file or directory'])],
    ids=["source", "destination", "args", "root", "hook"])
def test_long_path(bundle, rt, edit, words):
    """It is shortened in its middle, and what is wrong with it is told."""
    deep = "/".join(["d" * 99] * 39)
    r = rt.run(bundle(args=["true"], edit=lambda c: edit(c, deep)))
    assert r.returncode and all(w in r.error for w in words), str(r)
    assert "..." in r.error and r.error.count('"') % 2 == 0 and len(r.error) < 1500, r.error


# state files

@pytest.mark.ours
@pytest.mark.parametrize("damage", ["", "{", "null", "[]", '{"id": 5}', "\0" * 100, "x" * 100_000], ids=range(7))
def test_damaged_state(created, rt, here, damage):
    """Every verb says so; delete --force cleans up all the same."""
    c = created()
    pid = rt.pid(c)
    files = [f for f in (rt.root / c.id).rglob("*") if f.is_file() and f.stat().st_size]
    assert files
    for f in files:
        f.write_text(damage)
    for verb in ("state", "start", "kill", "ps"):
        rt.fails(rt(verb, c.id))
    assert rt("list").returncode in (0, 1)
    assert "may be left" in rt.fails(_last_line(rt.delete(c, "--force", check=False)))
    assert not (rt.root / c.id).exists()
    if processes.alive(pid):  # nothing says any more which process and which cgroup it was
        processes.kill_all([pid])
        processes.wait_gone(pid)
    cgroups.remove(cgroups.named(here.tag))


def _last_line(r):
    """A warning says what is wrong with the state, the error what that means."""
    r.stderr = r.stderr.splitlines()[-1] if r.stderr else ""
    return r


@pytest.mark.ours
@pytest.mark.parametrize("how", ["created", "running"])
@pytest.mark.parametrize("damage", ["", "{", '{"id": 5}'], ids=range(3))
def test_damaged_state_alone(request, rt, how, damage):
    """config.json still says where its processes and cgroups are."""
    c = request.getfixturevalue(how)(["/bin/probe", "tree", "2"])
    pid = rt.pid(c)
    assert cgroups.named(c.id)
    (rt.root / c.id / "state.json").write_text(damage)
    rt.delete(c, "--force")
    assert not (rt.root / c.id).exists()
    processes.wait_gone(pid)
    assert not cgroups.named(c.id)


@pytest.mark.ours
@pytest.mark.parametrize("kind", ["link", "loose link", "directory", "fifo", "socket"])
def test_state_that_is_no_file(running, rt, here, kind):
    """Damage like any other; where a link leads nothing is touched."""
    c = running(["sleep", "1000"])
    pid, state, elsewhere = rt.pid(c), rt.root / c.id / "state.json", here.dir / "elsewhere"
    elsewhere.write_bytes(state.read_bytes())
    state.unlink()
    if kind == "directory":
        (state / "below").mkdir(parents=True)
    elif kind == "fifo":
        os.mkfifo(state)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(state))
    else:
        state.symlink_to(elsewhere if kind == "link" else "/no/such")
    rt.fails(rt("state", c.id), "state.json is not a file")
    rt.delete(c, "--force")
    assert elsewhere.exists() and not (rt.root / c.id).exists()
    processes.wait_gone(pid)
    assert not cgroups.named(c.id)


@pytest.mark.ours
def test_state_that_is_too_large(running, rt):
    """More than is read at all is damage like any other."""
    c = running(["sleep", "1000"])
    pid = rt.pid(c)
    with open(rt.root / c.id / "state.json", "w") as f:
        f.truncate((16 << 20) + 1)
    rt.delete(c, "--force")
    assert not (rt.root / c.id).exists()
    processes.wait_gone(pid)
    assert not cgroups.named(c.id)


@pytest.mark.ours
@pytest.mark.parametrize("how", ["created", "running"])
def test_state_that_is_missing(request, rt, how):
    """As a damaged one: whether it runs is not known, and config.json says what there is to remove."""
    c = request.getfixturevalue(how)(["sleep", "1000"])
    pid = rt.pid(c)
    (rt.root / c.id / "state.json").unlink()
    for words in (["kill", c.id, "0"], ["kill", "--all", c.id, "0"]):
        assert "not running" not in rt.fails(rt(*words), c.id, "state.json")
    rt.delete(c, "--force")
    assert not (rt.root / c.id).exists()
    processes.wait_gone(pid)
    assert not cgroups.named(c.id)


@pytest.mark.ours
@pytest.mark.parametrize("name, text", [("config.json", ""), ("config.json", None), (".state.json.new", "{"), ("doomed", "")], ids=range(4))
def test_first_file_of_a_launch_alone(bundle, rt, name, text):
    """What a SIGKILL before the first state.json leaves: nothing that it describes is there yet."""
    d = rt.root / "begun"
    d.mkdir(parents=True)
    (d / name).write_text((bundle().path / "config.json").read_text() if text is None else text)
    assert rt("delete", "--force", "begun", check=True).stderr == ""
    assert not d.exists()


@pytest.mark.ours
@pytest.mark.parametrize("name", ["letter", "mounts/x", "config.json+letter", "state.json+main.tf"])
def test_directory_that_is_not_ours(rt, name):
    """--root /home: nothing there is a container, and nothing is touched."""
    d = rt.root / "user"
    for n in name.split("+"):
        (d / n).parent.mkdir(parents=True, exist_ok=True)
        (d / n).write_text("mine")
    try:
        for words in (["delete", "--force", "user"], ["delete", "--force", "--regex", "us.*"], ["state", "user"]):
            rt.fails(rt(*words), f"{d} is not a container's state", "no state.json")
        assert all((d / n).read_text() == "mine" for n in name.split("+"))
        r = rt("list", "-q", check=True)
        assert "user" not in r.stdout and not r.stderr
    finally:
        shutil.rmtree(d)


@pytest.mark.ours
def test_state_of_an_empty_directory(rt, here):
    """What a SIGKILL at the first moment of create leaves."""
    (rt.root / "empty").mkdir(parents=True)
    r = rt("state", "empty")
    if r.returncode:
        rt.fails(r)
    rt("delete", "--force", "empty", check=True)
    assert not (rt.root / "empty").exists()


# resources of the runtime itself

@pytest.mark.ours
@pytest.mark.parametrize("n", [3, 5, 8, 12, 20])
def test_few_descriptors(bundle, rt, n):
    """Runs, or one line; never a crash, nothing left."""
    prefix = ["sh", "-c", f'ulimit -Sn {n}; ulimit -Hn 1024; exec "$@"', "sh"]
    r = rt.with_options(prefix=prefix).run(bundle(args=["echo", "ok"]))
    assert (r.returncode, r.stdout) == (0, "ok\n") or r.returncode in (1, 126, 127) and r.stderr, str(r)


@pytest.mark.ours
def test_little_memory(bundle, rt):
    for kib in (2000, 4000, 8000, 16000, 64000):
        r = rt.with_options(prefix=["sh", "-c", f'ulimit -v {kib}; exec "$@"', "sh"]).run(bundle(args=["echo", "ok"], process={"rlimits": None}))
        assert r.returncode in (0, 1, 126, 127, 139), str(r)


@pytest.mark.ours
def test_full_device_for_output(rt, here):
    with open("/dev/full", "w") as full:
        for words in (["--version"], ["features"], ["list"], ["--help"]):
            r = rt(*words, stdout=full)
            assert r.returncode == 1 and r.stderr, str(r)


@pytest.mark.ours
def test_full_state_root(bundle, rt, here):
    """ENOSPC while the state is written."""
    d = here.dir / "full"
    d.mkdir()
    as_root(["mount", "-t", "tmpfs", "-o", f"size=4k,nr_inodes=3,mode=0700,uid={os.geteuid()}", "full", d], check=True)
    try:
        (d / "filler").write_bytes(b"x" * 4096)
        other = Runtime(rt.program, d)
        r = other.run(bundle(args=["true"]))
        other.fails(r, "No space left on device")
        assert os.listdir(d) == ["filler"]
    finally:
        as_root(["umount", d], check=True)


@pytest.mark.ours
def test_read_only_state_root(bundle, rt):
    other = Runtime(rt.program, "/sys/kernel")
    other.fails(other.run(bundle(args=["true"])), "/sys/kernel")


def test_output_to_a_closed_pipe(rt):
    """list | head -1: no traceback."""
    p = rt.popen("features")
    p.stdout.close()
    err = p.stderr.read()
    p.wait_and_forget(10)
    p.stderr.close()
    p.stdout = p.stderr = None
    assert b"panic" not in err and b"Sanitizer" not in err


# what the kernel calls an invalid argument, or a file that is not there

@pytest.mark.ours
def test_sysctl_that_does_not_exist(bundle, rt):
    r = rt.run(bundle(args=["true"], linux={"sysctl": {"net.no.such": "1"}}))
    rt.fails(r, 'linux.sysctl["net.no.such"]: the kernel has no such setting')
    assert "no such file" not in r.stderr


@pytest.mark.ours
def test_too_many_groups(bundle, rt):
    r = rt.run(bundle(args=["true"], user={"uid": 0, "gid": 0, "additionalGids": list(range(65537))}))
    rt.fails(r, "process.user.additionalGids: 65537 groups are more than the 65536 that the kernel takes")


@pytest.mark.ours
def test_group_that_is_none(bundle, rt):
    r = rt.run(bundle(args=["true"], user={"uid": 0, "gid": 0, "additionalGids": [5, 2**32 - 1]}))
    rt.fails(r, "process.user.additionalGids[1]: 4294967295 is no group id, the highest is 4294967294")


@pytest.mark.ours
@pytest.mark.parametrize("sets, text", [
    ({"permitted": ["CAP_CHOWN"]}, "process.capabilities.effective: CAP_KILL is not in process.capabilities.permitted, and only what is permitted can be in force"),
    ({"inheritable": ["CAP_CHOWN", "CAP_FOWNER"]}, "process.capabilities.inheritable: CAP_FOWNER is not in process.capabilities.bounding, beyond which nothing is inherited")])
def test_capability_sets_that_cannot_be(bundle, rt, sets, text):
    rt.fails(rt.run(bundle(args=["true"], process={"capabilities": {**caps("CHOWN", "KILL"), **sets}})), text)


@pytest.mark.ours
@pytest.mark.root("an ordinary user joins no namespace of the host")
@pytest.mark.parametrize("kind, path, text", [
    ("network", "/proc/self/ns/uts", "it is not a network namespace but one of type uts (expected one like /proc/PID/ns/net)"),
    ("uts", "/proc/self/ns/net", "it is not a uts namespace but one of type net (expected one like /proc/PID/ns/uts)"),
    ("pid", "/proc/self/ns/user", "it is not a pid namespace but one of type user"), ("user", "/proc/self/ns/ipc", "it is not a user namespace but one of type ipc"),
    ("time", "/proc/self/ns/mnt", "it is not a time namespace but one of type mnt"), ("ipc", "/etc/passwd", "it is not a namespace but a file (expected one like /proc/PID/ns/ipc)"),
    ("time", "/etc", "it is not a namespace but a directory (expected one like /proc/PID/ns/time)"), ("cgroup", "/dev/null", "it is not a namespace but a device"),
    ("user", "/proc/self/ns/user", "the runtime is in it already (leave it out of linux.namespaces to stay there)")])
def test_namespace_of_the_wrong_type(bundle, rt, kind, path, text):
    def join(c):
        c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != kind] + [{"type": kind, "path": path}]
        c.pop("hostname", None)
    rt.fails(rt.run(bundle(args=["true"], edit=join)), f'{kind} "{path}": {text}', "linux.namespaces[")


@pytest.mark.ours
@pytest.mark.root("an ordinary user's are refused before")
@pytest.mark.parametrize("call, text", [
    ("setns", 'uts "/proc/self/ns/uts": setns (it takes CAP_SYS_ADMIN in the user namespace that owns it): operation not permitted'),
    ("setgroups", "process.user.additionalGids: setgroups (it takes CAP_SETGID): operation not permitted")])
def test_calls_that_are_not_permitted(bundle, rt, blocked, call, text):
    c = bundle(args=["true"], namespaces=namespaces("pid", "mount", uts="/proc/self/ns/uts"), hostname=None, user={"uid": 0, "gid": 0, "additionalGids": [3]})
    rt.fails(rt.with_options(prefix=[blocked, "EPERM", call]).run(c), text)


@pytest.mark.ours
@pytest.mark.root("an ordinary user's groups are refused before")
def test_group_that_a_joined_namespace_has_not(bundle, running, rt):
    """What it maps is known to the kernel alone."""
    row = [{"containerID": 0, "hostID": 100000, "size": 1000}]
    first = running(namespaces=namespaces("pid", "mount", "user"), linux={"uidMappings": row, "gidMappings": row}, hostname=None)
    c = bundle(args=["true"], namespaces=namespaces("pid", "mount", user=f"/proc/{rt.pid(first)}/ns/user"), hostname=None,
               user={"uid": 0, "gid": 0, "additionalGids": [3, 7000]})
    rt.fails(rt.run(c), "process.user.additionalGids: gid 7000 is not mapped in the container's user namespace (gid_map: 0 100000 1000)")


# values that only the kernel refuses: it says "invalid argument", we say what it takes

@pytest.mark.ours
@pytest.mark.parametrize("resources, text", [
    ({"cpu": {"period": 2_000_000}}, 'linux.resources.cpu.period: write "2000000" to'),
    ({"cpu": {"period": 10}}, "1000 to 1000000"),
    ({"cpu": {"quota": 2**63 - 1}}, "1000 to 17592186044415"), ({"cpu": {"quota": 1}}, 'linux.resources.cpu.quota: write "1'),
    ({"cpu": {"quota": 10_000, "period": 100_000, "burst": 20_000}}, "0 to the quota"),
    ({"pids": {"limit": 2**63 - 1}}, 'linux.resources.pids.limit: write "9223372036854775807"'), ({"pids": {"limit": 4_194_305}}, "0 to 4194304"),
    ({"cpu": {"cpus": "999"}}, "CPUs that the parent cgroup has"), ({"cpu": {"mems": "9"}}, "memory nodes that the parent cgroup has")],
    ids=str)
def test_values_out_of_the_kernel_s_range(bundle, rt, running, here, resources, text):
    error = rt.fails(rt.run(bundle(args=["true"], resources=resources)), text)
    assert re.search(r": (invalid argument|numerical result out of range) \(it takes .*\)$", error), error
    (here.dir / "r.json").write_text(json.dumps(resources))
    if "burst" not in resources.get("cpu", {}):
        assert "(it takes " in rt.fails(rt("update", "--resources", here.dir / "r.json", running().id), text)


@pytest.mark.ours
@pytest.mark.parametrize("scheduler, text", [
    ({}, "process.scheduler.deadline: 0 is out of range for SCHED_DEADLINE (1024 nanoseconds or more)"),
    ({"deadline": 10**6}, "process.scheduler.runtime: 0 is out of range for SCHED_DEADLINE (1024 nanoseconds to the deadline, 1000000)"),
    ({"deadline": 10**6, "runtime": 5}, "process.scheduler.runtime: 5 is out of range"),
    ({"deadline": 10**6, "runtime": 10**7}, "process.scheduler.runtime: 10000000 is out of range"),
    ({"deadline": 10**6, "runtime": 10**5, "period": 10**5}, "process.scheduler.period: 100000 is out of range for SCHED_DEADLINE (0, or the deadline, 1000000, or more)"),
    ({"deadline": 2**63, "runtime": 10**5}, "process.scheduler.deadline: 9223372036854775808 is out of range"),
    ({"policy": "SCHED_FIFO"}, "process.scheduler.priority: 0 is out of range for SCHED_FIFO (1 to 99)"),
    ({"policy": "SCHED_RR", "priority": 100}, "process.scheduler.priority: 100 is out of range for SCHED_RR (1 to 99)"),
    ({"policy": "SCHED_OTHER", "priority": 5}, "process.scheduler.priority: 5 is out of range for SCHED_OTHER (0 alone)"),
    ({"policy": "SCHED_ISO"}, "process.scheduler.policy: Linux has no SCHED_ISO")], ids=str)
def test_scheduler_out_of_range(bundle, rt, scheduler, text):
    rt.fails(rt.run(bundle(args=["true"], process={"scheduler": {"policy": "SCHED_DEADLINE", **scheduler}})), text)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The cache of compiled profiles below the state root: it spares work, and never decides anything."""

import json
import os
import platform
import shutil
import stat

import pytest

from lib import user

ARCH = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}.get(platform.machine())
GETPRIORITY = {"x86_64": 140, "aarch64": 141}.get(platform.machine())
HIT, COMPILED = "seccomp cache: a program of", "compile the seccomp profile"
# Names that no kernel has: they make the profile long enough, and nothing else.
UNKNOWN = [f"no_such_system_call_{n}" for n in range(60)]

pytestmark = [pytest.mark.ours, pytest.mark.skipif(ARCH is None, reason=f"no system call numbers for {platform.machine()} here")]


def profile(errno_ret, unknown=UNKNOWN, **more):
    return {"defaultAction": "SCMP_ACT_ALLOW", "architectures": [ARCH], **more,
            "syscalls": [{"names": ["getpriority", *unknown], "action": "SCMP_ACT_ERRNO", "errnoRet": errno_ret}]}


@pytest.fixture
def cache(rt):
    return rt.root / ".seccomp"


@pytest.fixture
def start(bundle, rt, here):
    """Runs a container under a profile: the errno of getpriority in it, the phases of its start, and what --debug says."""
    def run(seccomp, **changes):
        c = bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=seccomp, **changes)
        log, trace = here.dir / f"{c.id}.log", here.dir / f"{c.id}.trace"
        r = rt.with_options("--debug", "--log", log).run(c, f"--timeline={trace}", check=True)
        phases = [e["name"] for e in json.loads(trace.read_text())["traceEvents"] if e.get("cat") == "phase"]
        return r.json["errno"], phases, log.read_text()
    return run


def files(cache):
    return sorted(cache.iterdir()) if cache.exists() else []


def test_only_the_first_start_compiles(start, cache):
    first, second = start(profile(77)), start(profile(77), hostname="another")
    assert (first[0], COMPILED in first[1], HIT in first[2]) == (77, True, False)
    assert (second[0], COMPILED in second[1], HIT in second[2]) == (77, False, True)
    assert second[2].count("unknown system call") == first[2].count("unknown system call") == len(UNKNOWN)
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert [stat.S_IMODE(f.stat().st_mode) for f in files(cache)] == [0o600]


def test_another_profile_is_another_program(start, cache):
    assert [start(profile(n))[0] for n in (77, 78, 77, 78)] == [77, 78, 77, 78]
    assert len(files(cache)) == 2


def test_create_uses_it_too(start, bundle, rt):
    start(profile(77))
    c = bundle(args=["/bin/probe", "syscall", GETPRIORITY], seccomp=profile(77))
    assert HIT in rt.with_options("--debug").create(c).stderr + rt.output(c) + (c.path / "stderr").read_text()
    rt.start(c)
    assert json.loads(rt.wait_output(c, "}"))["errno"] == 77


def test_exec_uses_it_too(bundle, rt, cache):
    """And does without it."""
    c = bundle(args=["/bin/probe", "sleep"], seccomp=profile(77))
    rt.run_detached(c)
    for hit in (True, False, True):
        if not hit:
            shutil.rmtree(cache)
        r = rt.with_options("--debug")("exec", c.id, "/bin/probe", "syscall", GETPRIORITY, check=True)
        assert r.json["errno"] == 77 and (HIT in r.stderr) == hit, str(r)


def test_start_reads_the_hooks(bundle, rt, here):
    """It has no use for the profile, and leaves it out; not the rest."""
    hooks = {n: [{"path": "/bin/sh", "args": ["sh", "-c", f"echo {n} >> {here.dir}/order"]}] for n in ("poststart", "poststop")}
    c = bundle(args=["/bin/probe", "sleep"], seccomp=profile(77), hooks=hooks)
    rt.create(c)
    rt.start(c)
    rt.delete(c, "--force")
    assert (here.dir / "order").read_text() == "poststart\npoststop\n"


def test_short_profiles_are_not_kept(start, cache):
    assert start(profile(77, unknown=[]))[0] == start(profile(77, unknown=[]))[0] == 77
    assert files(cache) == []


def test_it_is_no_container(start, rt, cache):
    start(profile(77))
    assert rt.list() == [] and rt("list", check=True).stdout.count("\n") == 1
    rt.fails(rt("state", ".seccomp"), "invalid container id")
    rt.fails(rt("delete", "--force", ".seccomp"), "invalid container id")
    rt("delete", "--force", "--regex", ".*")
    assert len(files(cache)) == 1


def test_plan_and_check_read_the_profile(start, bundle, rt):
    start(profile(77))
    c = bundle(args=["true"], seccomp=profile(77))
    r = rt.with_options("--debug")("plan", "--bundle", c.path, "x", check=True)
    assert HIT not in r.stderr and "unknown system call" in r.stderr


def test_a_wrong_document_is_told_as_ever(start, bundle, rt):
    """What is wrong beside a known profile has its own line and column, which count the profile's."""
    start(profile(77))
    c = bundle(args=["true"], seccomp=profile(77))
    config = json.loads((c.path / "config.json").read_text())
    config["linux"]["zz"] = 0
    config["linux"]["readonlyPaths"] = [7]
    c.write_text(text := json.dumps(config))
    rt.fails(rt.run(c), f"config.json:1:{text.index('[7]') + 2}: linux.readonlyPaths[0]: expected a string, found 7")


def test_duplicates_are_warned_of_every_time(bundle, rt):
    c = bundle(args=["true"], seccomp=profile(77))
    c.write_text((c.path / "config.json").read_text().replace('"errnoRet"', '"errnoRet": 1, "errnoRet"'))
    for _ in range(2):
        r = rt.run(c, check=True)
        assert "errnoRet: a duplicate" in r.stderr, str(r)


def test_unknown_names_are_refused_all_the_same(start, bundle, rt):
    start(profile(77))
    c = bundle(args=["true"], seccomp=profile(77), annotations={"run.oci.seccomp_fail_unknown_syscall": "1"})
    rt.fails(rt.run(c), UNKNOWN[0])


def test_raw_program_comes_first(start, bundle, rt):
    """The annotation's program, one instruction: getpriority and all else is allowed."""
    start(profile(77))
    assert start(profile(77), annotations={"run.oci.seccomp_bpf_data": "BgAAAAAA/38="})[0] != 77


def test_listeners_are_not_kept(start, cache):
    start(profile(77, listenerPath="/no/such/agent"))
    assert files(cache) == []


def others_mode(f):
    f.chmod(0o644)


def second_name(f):
    os.link(f, f.parent / "second")


def truncated(f):
    os.truncate(f, f.stat().st_size - 8)


def symlink(f):
    f.rename(f.parent.parent / "aside")
    f.symlink_to(f.parent.parent / "aside")


def others_folder(f):
    f.parent.chmod(0o777)


@pytest.mark.parametrize("tamper", [others_mode, second_name, truncated, symlink, others_folder])
def test_what_is_not_plainly_ours_is_not_used(start, cache, tamper, rt):
    start(profile(77))
    tamper(*files(cache))
    found, phases, log = start(profile(77))
    assert found == 77 and COMPILED in phases and HIT not in log and "is not used" in log
    (rt.root / "aside").unlink(missing_ok=True)


def test_anothers_file(start, cache):
    if user.WANTED:
        pytest.skip("only root gives away files")
    start(profile(77))
    os.chown(files(cache)[0], 1, 1)
    found, phases, log = start(profile(77))
    assert found == 77 and COMPILED in phases and "is not used" in log
    assert [f.stat().st_uid for f in files(cache)] == [0]  # a good one is in its place
    assert HIT in start(profile(77))[2]


@pytest.mark.parametrize("make", [lambda p: p.write_text(""), lambda p: p.symlink_to("/tmp"), lambda p: p.mkdir(mode=0o755)])
def test_works_without_it(start, rt, cache, make):
    rt.root.mkdir(mode=0o700)
    make(cache)
    for _ in range(2):
        found, phases, log = start(profile(77))
        assert found == 77 and COMPILED in phases and "is not kept" in log
    cache.rmdir() if cache.is_dir() and not cache.is_symlink() else cache.unlink()

# SPDX-License-Identifier: GPL-2.0-or-later
"""--log and --log-format: where errors go, and what a line of them looks like."""

import contextlib
import json
import os
import re
import socket
import subprocess

import pytest

from lib.bundle import caps

RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"


@pytest.fixture
def log(here):
    return here.dir / "log"


def test_json(bundle, rt, log):
    r = rt.with_options("--log", log, "--log-format", "json").run(bundle(args=["/no/such/command"]))
    assert r.returncode != 0
    rows = [json.loads(l) for l in log.read_text().splitlines()]
    errors = [r for r in rows if r["level"] == "error"]
    assert len(errors) == 1 and "no such file or directory" in errors[0]["msg"].lower()
    assert re.fullmatch(RFC3339, errors[0]["time"])


@pytest.mark.ours
def test_json_is_exactly_one_object(bundle, rt, log):
    rt.with_options("--log", log, "--log-format=json").run(bundle(args=["/no/such/command"]))
    lines = log.read_text().splitlines()
    assert len(lines) == 1 and set(json.loads(lines[0])) == {"level", "msg", "time"}


def test_json_with_odd_characters(bundle, rt, log):
    odd = "a\"b\\c\nd\te\u00e9\U0001F600\x01"
    r = rt.with_options("--log", log, "--log-format", "json").run(bundle(args=["/no/" + odd]))
    assert r.returncode != 0
    rows = [json.loads(l) for l in log.read_text().splitlines()]
    assert any("\u00e9\U0001F600" in row["msg"] for row in rows)


def test_text(bundle, rt, log):
    r = rt.with_options("--log", log).run(bundle(args=["/no/such/command"]))
    assert r.returncode != 0
    text = log.read_text()
    assert "no such file or directory" in text.lower() and "/no/such/command" in text


@pytest.mark.ours
def test_error_is_on_standard_error_too(bundle, rt, log):
    """containerd reads the file, people and conmon read the stream."""
    for form in ("text", "json"):
        r = rt.with_options("--log", log, "--log-format", form).run(bundle(args=["/no/such/command"]))
        rt.fails(r, "/no/such/command", code=127)


def test_success_writes_nothing(bundle, rt, log):
    r = rt.with_options("--log", log, "--log-format", "json").run(bundle(args=["true"]))
    assert (r.returncode, r.stderr) == (0, "")
    assert not log.exists() or log.read_text() == ""


def test_appends(rt, log, here):
    log.write_text("before\n")
    for _ in range(2):
        rt.with_options("--log", log, "--log-format", "json")("state", "nobody")
    lines = log.read_text().splitlines()
    assert lines[0] == "before" and len(lines) >= 3
    assert all("exist" in json.loads(l)["msg"] for l in lines[1:])


def test_debug(bundle, rt, log):
    r = rt.with_options("--debug", "--log", log, "--log-format", "json").run(bundle(args=["echo", "x"]))
    assert (r.returncode, r.stdout) == (0, "x\n")
    rows = [json.loads(l) for l in log.read_text().splitlines()]
    assert rows and "debug" in {r["level"] for r in rows}


@pytest.mark.ours
def test_debug_does_not_mix_with_output(bundle, rt):
    r = rt.with_options("--debug").run(bundle(args=["echo", "x"]))
    assert (r.returncode, r.stdout) == (0, "x\n")


@pytest.mark.ours
@pytest.mark.parametrize("level, seen", [("debug", True), ("info", False), ("warning", False), ("error", False)])
def test_levels(bundle, rt, log, level, seen):
    r = rt.with_options("--log-level", level, "--log", log, "--log-format", "json").run(bundle(args=["true"]))
    assert r.returncode == 0
    text = log.read_text() if log.exists() else ""
    assert ('"debug"' in text) == seen


@pytest.mark.ours
def test_file_prefix(rt, log):
    rt.with_options("--log", f"file:{log}")("state", "nobody")
    assert "nobody" in log.read_text()


@pytest.mark.ours
@pytest.mark.parametrize("where", ["journald:crun-test", "syslog:crun-test", "journald:", "syslog:"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_accepted(bundle, rt, where, form):
    """Whether or not somebody listens there."""
    r = rt.with_options("--log", where, "--log-format", form).run(bundle(args=["echo", "x"]))
    assert (r.returncode, r.stdout, r.stderr) == (0, "x\n", ""), str(r)
    rt.fails(rt.with_options("--log", where, "--log-format", form)("state", "nobody"), 'container "nobody" does not exist')


@pytest.mark.ours
def test_syslog_gets_it(bundle, rt, here):
    """A socket in place of /dev/log, in a mount namespace of its own."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(here.dir / "log.socket"))
        s.settimeout(5)
        prefix = ["unshare", "-m", "sh", "-c",
                  f'mount -t tmpfs t /dev && mknod -m 666 /dev/null c 1 3 && ln -s {here.dir}/log.socket /dev/log && exec "$@"', "sh"]
        r = rt.with_options("--log", "syslog:the-name", prefix=prefix)("state", "nobody")
        assert r.returncode == 1, str(r)
        text = s.recv(8192).decode()
        assert "nobody" in text and "the-name" in text and text.startswith("<")


@pytest.fixture
def journal(here):
    """journal(*words): what the runtime tells a socket in place of journald's, as a list of {field: value}."""
    def records(rt, *words):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(str(here.dir / "journal.socket"))
            s.settimeout(0.2)
            prefix = ["unshare", "-m", "sh", "-c", "mount -t tmpfs t /run && mkdir -p /run/systemd/journal && touch /run/systemd/journal/socket && "
                      f'mount --bind {here.dir}/journal.socket /run/systemd/journal/socket && exec "$@"', "sh"]
            r = rt.with_options("--log", "journald:the-name", prefix=prefix)(*words)
            got = []
            try:
                while True:
                    got.append(fields(s.recv(65536)))
            except TimeoutError:
                return r, got
    return records


def fields(datagram: bytes) -> dict:
    """systemd.io/JOURNAL_NATIVE_PROTOCOL"""
    found = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            n = int.from_bytes(rest[:8], "little")
            value, rest = rest[8:8 + n], rest[8 + n + 1:]
        found[name.decode()] = value.decode(errors="surrogateescape")
        datagram = rest
    return found


@pytest.mark.ours
@pytest.mark.parametrize("verb", ["state", "start", "pause", "kill", "delete"])
def test_journald_gets_it(rt, journal, verb):
    r, records = journal(rt, verb, "nobody")
    rt.fails(r, 'container "nobody" does not exist')
    assert records == [{"MESSAGE": 'container "nobody" does not exist', "PRIORITY": "3", "SYSLOG_IDENTIFIER": "the-name",
                        "CONTAINER_ID": "nobody", "OPERATION": verb}]


@pytest.mark.ours
def test_journald_gets_line_feeds(rt, journal):
    """The message as it is: the protocol has lengths."""
    r, records = journal(rt, "run", "--bundle", "/no\nPRIORITY=0\nX=y", "x")
    rt.fails(r, "/no")
    assert len(records) == 1 and "/no\nPRIORITY=0\nX=y" in records[0]["MESSAGE"], records
    assert (records[0]["PRIORITY"], records[0]["OPERATION"], "X" in records[0]) == ("3", "run", False)


EVERY = bytes(i for i in range(1, 256) if i != ord("/"))


@pytest.mark.ours
@pytest.mark.parametrize("face", ["crun", "runc"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_every_byte(rt, log, here, program, face, form):
    """An error is one line, and of JSON one object in UTF-8, whatever a path holds."""
    link = here.dir / face
    link.symlink_to(program.path)
    r = subprocess.run([link, "--root", rt.root, "--log", log, "--log-format", form, "run", "--bundle", b"/no/" + EVERY, "x"],
                       capture_output=True, check=False, timeout=20, stdin=subprocess.DEVNULL)
    assert r.returncode == 1 and not r.stdout
    for text in (r.stderr, log.read_bytes()):
        assert text.endswith(b"\n") and not any(c < 0x20 or c == 0x7f for c in text[:-1]), text
    if form == "json":
        message = json.loads(log.read_bytes())["msg"]
        assert EVERY[:0x7f - 1].decode() in message and "\ufffd" in message and message.endswith("does not exist")


def test_log_that_cannot_be_opened(rt):
    r = rt.with_options("--log", "/no/such/dir/log")("list")
    rt.fails(r, "/no/such/dir/log", anyone=["/no/such/dir/log"])


@pytest.mark.ours
def test_unknown_destination_is_a_path(rt, here):
    rt.with_options("--log", "odd:name")("state", "nobody", cwd=here.dir)
    # a bare path, for want of a known prefix; or an error that names it
    r = rt.with_options("--log", "odd:name")("state", "nobody", cwd=here.dir)
    assert (here.dir / "odd:name").exists() or "odd" in r.stderr


@pytest.mark.ours
@pytest.mark.parametrize("destination", ["file:", "file:/no/such/directory/log"])
def test_bad_file(rt, destination):
    r = rt("--log", destination, "list")
    rt.fails(r, 'log destination "file:": expected a path' if destination == "file:" else '"/no/such/directory/log"')


@pytest.mark.ours
def test_directory(rt, here):
    rt.fails(rt("--log", here.dir, "list"), f'"{here.dir}"', "is a directory")


@pytest.mark.ours
def test_full_disk(bundle, rt):
    """Standard error still has it."""
    full = rt.with_options("--log", "/dev/full")
    rt.fails(full("state", "nobody"), 'container "nobody" does not exist')
    assert full.with_options("--debug").run(bundle(args=["echo", "x"])).stdout == "x\n"


@pytest.mark.ours
@pytest.mark.parametrize("reader", ["nobody", "does not read"])
def test_pipe(bundle, rt, log, reader):
    """It is not waited for."""
    os.mkfifo(log)
    fd = os.open(log, os.O_RDONLY | os.O_NONBLOCK) if reader == "does not read" else -1
    r = rt.with_options("--log", log)("state", "nobody", timeout=5)
    rt.fails(r, f'open log file "{log}" (a pipe that nobody reads' if fd < 0 else '"nobody" does not exist')
    if fd >= 0:
        assert b"nobody" in os.read(fd, 4096)
        filler = os.open(log, os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while os.write(filler, b"x" * 4096):
                pass
        rt.fails(rt.with_options("--log", log)("state", "nobody", timeout=5), '"nobody" does not exist')
        os.close(filler)
        os.close(fd)


@pytest.mark.ours
@pytest.mark.parametrize("verb", [["create"], ["run"], ["run", "--detach"]])
def test_reader_of_a_warning_is_gone(bundle, rt, verb):
    """SIGPIPE does not end a launch in the middle."""
    c = bundle(args=["sh", "-c", "exit 0"], process={"capabilities": {**caps("KILL"), "ambient": ["CAP_KILL"]}})
    assert "warning: " in rt.run(c, check=True).stderr
    r, w = os.pipe()
    os.close(r)
    p = rt.popen(*verb, "--bundle", c.path, c.id, stderr=w, stdout=subprocess.DEVNULL)
    os.close(w)
    assert p.wait_and_forget(20) == 0


@pytest.mark.ours
@pytest.mark.parametrize("face", ["crun", "runc"])
def test_reader_of_an_error_is_gone(rt, here, log, program, face):
    """The exit status and the log tell it all the same."""
    (here.dir / face).symlink_to(program.path)
    r, w = os.pipe()
    os.close(r)
    p = subprocess.run([here.dir / face, "--root", rt.root, "--log", log, "state", "nobody"], stderr=w, check=False, timeout=20)
    os.close(w)
    assert p.returncode == 1 and "does not exist" in log.read_text()


@pytest.mark.ours
@pytest.mark.parametrize("hook", ["createRuntime", "createContainer"])
def test_what_a_hook_says_is_one_line(bundle, rt, log, here, hook):
    c = bundle(args=["true"], hooks={hook: [{"path": "/bin/sh", "args": ["sh", "-c", "printf 'a\\nb\\033[31m\\302\\233c' >&2; exit 3"]}]})
    r = rt.with_options("--log", log, "--log-format", "json").run(c)
    rt.fails(r, "stderr: a\\nb\\x1b[31m\\xc2\\x9bc")
    lines = log.read_text().splitlines()
    assert len(lines) == 1 and json.loads(lines[0])["msg"].endswith("a\nb\033[31m\x9bc")

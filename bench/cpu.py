# SPDX-License-Identifier: GPL-2.0-or-later
"""What the processors do in a run, ours and the floor's: sampled by perf(1), by what the kernel was asked for."""

import collections
import re
import shutil
import subprocess

OURS, FLOOR = "crun", "floor"
RUNS, FREQUENCY = 300, 9000

# What is called, and by which system calls; the rest of them is REST.
GROUPS = [
    ("namespaces: clone, unshare", "clone clone3 unshare setns"),
    ("programs: exec, exit", "execve execveat exit exit_group"),
    ("mounts and their removal", "mount umount umount2 pivot_root fsopen fsconfig fsmount move_mount open_tree mount_setattr"),
    ("look-ups beneath the root", "openat2"),
    ("devices and links", "mknod mknodat symlink symlinkat mkdirat"),
    ("bounding set, ids, capabilities", "prctl setresuid setresgid setgroups capset"),
    ("cgroup directories", "mkdir rmdir"),
    ("device program", "bpf"),
    ("memory taken and given back", "mmap munmap mremap brk"),
]
USER, FAULTS, REST = "the programs' own code", "page faults", "files, descriptors, messages, the scheduler"
NAMES = {call: name for name, calls in GROUPS for call in calls.split()}
ROWS = [USER, FAULTS, *(name for name, _ in GROUPS), REST]

EVENT = re.compile(r"PERF_RECORD_(?:FORK\((\d+):\d+\):\((\d+):|COMM exec: ([^:\n]*):(\d+)/)")
CALL = re.compile(r"__(?:x64|arm64|do|se)_sys_(\w+)")


def recorder(file):
    """The words before a command that sample it and all its descendants, or None: no perf here."""
    perf = shutil.which("perf")
    words = [perf, "record", "-q", "-g", "-e", "cpu-clock", "-F", str(FREQUENCY), "-o", str(file), "--"]
    works = perf and subprocess.run([*words, "true"], capture_output=True).returncode == 0
    return words if works else None


def script(home, programs):
    return f"""
i=0; while [ $i -lt {RUNS} ]; do
  {programs[OURS]} run --bundle {home}/default bench || exit 1
  {programs[FLOOR]} default {home}/default || exit 1
  i=$((i+1))
done
"""


def owner_of(pid, parents, programs):
    """Whose run the process belongs to: the first of its ancestors that is one of the two."""
    while pid and pid not in programs:
        pid = parents.get(pid)
    return programs.get(pid)


def group_of(frames):
    """Of a sample, innermost frame first: (address, symbol)."""
    if not frames[0][0].startswith("ffff"):
        return USER
    for _, symbol in frames:
        if "exc_page_fault" in symbol or "do_mem_abort" in symbol:
            return FAULTS
        if match := CALL.match(symbol):
            return NAMES.get(match[1], REST)
    return REST


def samples(text):
    """(pid, frames) of each; processes come before what they do: parents and programs fill as the text is read."""
    parents, programs = {}, {}
    for block in text.split("\n\n"):
        lines = block.strip("\n").split("\n")
        for line in lines:
            if match := EVENT.search(line):
                child, parent, program, executed = match.groups()
                parents |= {child: parent} if child else {}
                programs |= {executed: program} if program in (OURS, FLOOR) else {}
        lines = [line for line in lines if "PERF_RECORD" not in line]
        head = re.match(r"\s*\S.*?\s+(\d+)\s", lines[0]) if len(lines) > 1 else None
        if head and (owner := owner_of(head[1], parents, programs)):
            yield owner, [(line.split(None, 1) + [""])[:2] for line in lines[1:]]


def parse(file):
    """{candidate: {row: microseconds of a run}}"""
    text = subprocess.run(["perf", "script", "-i", str(file), "--show-task-events", "-F", "comm,pid,ip,sym,event"], check=True,
                          capture_output=True, text=True).stdout
    counts = collections.Counter((owner, group_of(frames)) for owner, frames in samples(text))
    return {c: {row: round(counts[c, row] * 1e6 / FREQUENCY / RUNS) for row in ROWS} for c in (OURS, FLOOR)}


def rows(figures):
    for row in ROWS:
        yield [row, figures[OURS][row], figures[FLOOR][row]]
    yield ["together", *(sum(figures[c].values()) for c in (OURS, FLOOR))]

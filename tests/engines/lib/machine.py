# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine of its own for real engines, in namespaces: tools/in-tree with inside/agent as the shell at its end.

The layout "systemd" is v2 with systemd as process 1. Making one takes a second, so one is kept for each cgroup layout and worker, and the tests share it.
"""

import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
TOP = HERE.parent.parent
INSIDE = "/run/engines"
PATIENCE = float(os.environ.get("CRUN_TEST_PATIENCE") or 1)  # how much slower than a usual machine this one is
TIMEOUT = 120 * PATIENCE
# The virtual machine of tests/vm names a layout, "enforced" or "systemd": engines are run, and settings written, in the
# machine that pytest runs in.
HERE_ITSELF = os.environ.get("CRUN_ENGINES_HERE", "")


@dataclass
class Result:
    command: str
    status: int
    out: str
    err: str
    late: bool = False

    def __str__(self):
        late = " (killed: took too long)" if self.late else ""
        return f"$ {self.command}\nexit status {self.status}{late}\n--- output\n{self.out[-4000:]}\n--- errors\n{self.err[-4000:]}"


class Failed(AssertionError):
    pass


def boot(layout: str) -> list:
    """Which tree, and what is process 1. "systemd-v1" is hybrid, with an older systemd that still manages v1; no engines."""
    if layout == "systemd-v1":
        tree = subprocess.run([TOP / "tools/bookworm-tree"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        return ["--tree", tree, "--systemd", "--cgroup", "hybrid"]
    return ["--systemd"] if layout == "systemd" else ["--cgroup", layout]


class Machine:
    def __init__(self, layout: str, runtime: Path):
        self.layout = layout
        self.marks = {}  # what was set up once: images, daemons
        self.errors = tempfile.TemporaryFile("w+", errors="replace")
        self.p = subprocess.Popen(self.shell(layout, runtime), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.sh(f"{INSIDE}/inside/prepare {layout}")

    def shell(self, layout, runtime):
        """The command of the agent: in namespaces, or in this machine itself where it is one for these tests alone."""
        helper = runtime.parent / "crun-systemd"
        if not HERE_ITSELF:
            return [TOP / "tools/in-tree", *boot(layout),
                    "--bind", f"{runtime}:{INSIDE}/crun", *(["--bind", f"{helper}:{INSIDE}/crun-systemd"] if helper.exists() else []),
                    "--bind", f"{tree()}/usr/bin/runc:{INSIDE}/peer",
                    "--bind", f"{HERE}/inside:{INSIDE}/inside", "--env", "PODMAN_IGNORE_CGROUPSV1_WARNING=1",
                    "--", f"{INSIDE}/inside/agent"]
        os.makedirs(INSIDE, exist_ok=True)
        for program in (runtime, helper):
            if program.exists():
                shutil.copy(program, f"{INSIDE}/{program.name}")
        shutil.copytree(HERE / "inside", f"{INSIDE}/inside", dirs_exist_ok=True)
        return [f"{INSIDE}/inside/agent"]

    def ask(self, do, **what):
        try:
            self.p.stdin.write(json.dumps({"do": do, **what}) + "\n")
            self.p.stdin.flush()
            line = self.p.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed(self._last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def _last_words(self) -> str:
        self.errors.seek(0)
        return f"the machine has ended, exit status {self.p.wait(10)}: {self.errors.read()[-4000:]}"

    def run(self, command, input=None, timeout=TIMEOUT, env=None) -> Result:
        """A line of shell, whatever comes of it."""
        argv = ["bash", "-c", command] if isinstance(command, str) else command
        a = self.ask("run", argv=argv, input=input, timeout=timeout, env=env or {})
        return Result(command if isinstance(command, str) else shlex.join(command), **a)

    def sh(self, command, **how) -> str:
        """A line of shell that must succeed; its output, without the last newline."""
        __tracebackhide__ = True
        r = self.run(command, **how)
        if r.status != 0:
            raise Failed(str(r))
        return r.out.rstrip("\n")

    def fails(self, command, status=None, **how) -> Result:
        """A line of shell that must fail, in time."""
        __tracebackhide__ = True
        r = self.run(command, **how)
        if r.late or (r.status == 0 if status is None else r.status != status):
            raise Failed(f"expected it to fail{'' if status is None else f' with {status}'}: {r}")
        return r

    def tty(self, command, **how) -> str:
        """A line of shell with a terminal. Engines may lose the output of a container that ends before they have
        attached to its terminal (seen with peers too, on a busy machine), so let it sleep a little at its end."""
        return self.sh(f"script -qec {shlex.quote(command)} /dev/null", **how)

    def spawn(self, command, log, env=None):
        return self.ask("spawn", argv=["bash", "-c", "exec " + command], log=log, env=env or {})

    def reap(self, id, signal=None, timeout=60 * PATIENCE):
        return self.ask("reap", id=id, signal=signal, timeout=timeout)["status"]

    def read(self, path) -> str:
        return self.ask("read", path=path)["text"]

    def write(self, path, text, mode=0o644):
        self.ask("write", path=path, text=text, mode=mode)

    def until(self, command, seconds=60, what=None) -> str:
        """A line of shell, tried until it succeeds."""
        __tracebackhide__ = True
        end = time.monotonic() + seconds * PATIENCE
        while True:
            r = self.run(command)
            if r.status == 0:
                return r.out.rstrip("\n")
            if time.monotonic() > end:
                raise Failed(f"waited {seconds} s in vain{f' ({what})' if what else ''}: {r}")
            time.sleep(0.05)

    def once(self, name, make):
        if name not in self.marks:
            self.marks[name] = make()
        return self.marks[name]

    def close(self):
        self.p.stdin.close()
        try:
            self.p.wait(60)
        except subprocess.TimeoutExpired:
            self.p.terminate()
            self.p.wait(60)


def tree() -> Path:
    """Where the tree of the machines is, for what in it is not in them."""
    return Path(subprocess.run([TOP / "tools/sid-tree"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


def runtime() -> Path:
    p = Path(os.environ.get("RUNTIME") or TOP / "build/crun").resolve()
    if not os.access(p, os.X_OK):
        raise FileNotFoundError(f"no runtime at {p}: build it (make), or set RUNTIME")
    return p

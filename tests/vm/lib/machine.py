# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine of qemu's software emulation, saved once when it has booted, and resumed from there each time.

The saved machine is an overlay of the root disk and a stream of qemu's migration, made when inside/agent waits for a
payload. A run puts the payload on its disk, resumes, follows the log and takes the results from theirs.
"""

import io
import json
import shlex
import shutil
import socket
import subprocess
import tarfile
import time
from pathlib import Path

from . import cache

QEMU = "qemu-system-x86_64"
MEMORY = "3G"
quote = shlex.quote
PAYLOAD, RESULTS = 512 << 20, 256 << 20  # the disks' sizes, which a saved machine remembers; the files are sparse
PARAMETERS = "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off systemd.getty_auto=no systemd.show_status=no apparmor=1 security=apparmor"
BOOT_TIMEOUT = 300


class Failed(Exception):
    pass


BOARD = ["-cpu", "Nehalem-v1", "-M", "q35,hpet=off", "-accel", "tcg,thread=multi,tb-size=512", "-m", MEMORY, "-smp", "2",
         "-nodefaults", "-no-reboot", "-display", "none"]


def version() -> str:
    return subprocess.run([QEMU, "--version"], check=True, stdout=subprocess.PIPE, text=True, timeout=30).stdout.splitlines()[0]


def disk(name: str, file: Path, *options: str) -> list:
    return ["-drive", ",".join(["if=none", f"id={name}", f"file={file}", "cache=unsafe", *options]),
            "-device", f"virtio-blk-pci,drive={name},serial={name}"]


def devices(place: Path, kernel: Path, root: list, person="null") -> list:
    """What the machine is made of, with its files at PLACE; a saved one is only good for the same."""
    return [*BOARD, "-kernel", kernel / "vmlinuz", "-initrd", kernel / "initrd", "-append", PARAMETERS,
            *disk("root", *root), *disk("modules", kernel / "modules.ext4", "format=raw", "readonly=on"),
            *disk("payload", place / "payload", "format=raw", "readonly=on"), *disk("results", place / "results", "format=raw"),
            "-device", "virtio-serial-pci", "-chardev", f"file,id=log,path={place}/log", "-device", "virtconsole,chardev=log",
            "-chardev", f"{person},id=person", "-device", "virtconsole,chardev=person", "-serial", f"file:{place}/kernel.log"]


class Qemu:
    """One process of qemu, in a directory of its own. root: file and options of the root disk."""

    def __init__(self, place: Path, kernel: Path, root: list, *more: str, shell=False):
        self.place = place
        self.log, self.kernel_log = place / "log", place / "kernel.log"
        self.payload, self.results = place / "payload", place / "results"
        self.read, self.pending = 0, ""
        for file, size in ((self.payload, PAYLOAD), (self.results, RESULTS)):
            with open(file, "ab") as f:
                f.truncate(size)
        self.log.write_bytes(b"")
        self.errors = open(place / "qemu.log", "wb")  # noqa: SIM115
        argv = [QEMU, *devices(place, kernel, root, "stdio,signal=off" if shell else "null"), "-qmp", f"unix:{place}/qmp,server=on,wait=off", *more]
        self.p = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *argv], stdin=None if shell else subprocess.DEVNULL,
                                  stdout=None if shell else self.errors, stderr=self.errors)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        self.errors.close()

    def new_text(self) -> str:
        """What the log has got since the last call."""
        with open(self.log, "rb") as f:
            f.seek(self.read)
            data = f.read()
        self.read += len(data)
        return data.decode(errors="replace").replace("\r", "")

    def tail(self) -> str:
        """The last lines of all that the machine has said, for a person who must find out what happened."""
        parts = []
        for file in (self.log, self.kernel_log, self.place / "qemu.log"):
            text = file.read_text(errors="replace").replace("\r", "") if file.exists() else ""
            parts += [f"--- the end of {file.name}", *text.splitlines()[-25:]]
        return "\n".join(parts)

    def wait_for(self, line: str, timeout: float, silence=None, show=lambda line: None) -> str:
        """Follows the log until a line that begins with LINE, and returns its rest; show() gets the lines before it."""
        end, quiet = time.monotonic() + timeout, time.monotonic() + (silence or timeout)
        while True:
            gone, new = self.p.poll() is not None, self.new_text()
            self.pending += new
            while "\n" in self.pending:
                first, self.pending = self.pending.split("\n", 1)
                if first.startswith(line):
                    return first.removeprefix(line).strip()
                show(first)
            now = time.monotonic()
            if new:
                quiet = now + (silence or timeout)
            if gone:
                raise Failed(f"the machine has ended (qemu's exit status {self.p.returncode})\n{self.tail()}")
            if now > end:
                raise Failed(f"waited {timeout:.0f} s for \"{line}\"\n{self.tail()}")
            if now > quiet:
                raise Failed(f"no word for {silence:.0f} s\n{self.tail()}")
            time.sleep(0.1)

    def ask(self, *commands: dict) -> None:
        """Gives qemu's monitor commands, one after the other; the last may be a question that is asked until done."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(str(self.place / "qmp"))
            with s.makefile("rw", encoding="utf-8") as f:
                f.readline()
                for c in ({"execute": "qmp_capabilities"}, *commands):
                    answer(f, c)
                while (state := answer(f, {"execute": "query-migrate"}).get("status")) != "completed":
                    if state in ("failed", "cancelled"):
                        raise Failed("the machine could not be saved")
                    time.sleep(0.1)

    def save(self, to: Path) -> None:
        self.ask({"execute": "migrate-set-parameters", "arguments": {"max-bandwidth": 1 << 40}},
                 {"execute": "migrate", "arguments": {"uri": f"exec:cat >{quote(str(to))}"}})


def answer(f, command: dict) -> dict:
    """Sends a command and returns what comes back, events passed over."""
    f.write(json.dumps(command) + "\n")
    f.flush()
    while line := f.readline():
        found = json.loads(line)
        if "error" in found:
            raise Failed(f"qemu refuses {command['execute']}: {found['error']}")
        if "return" in found:
            return found["return"]
    raise Failed(f"qemu has ended at {command['execute']}")


def make_ready(root: Path, kernel: Path, place: Path) -> None:
    scratch = place / "scratch"
    scratch.mkdir()
    overlay = place / "root.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", root, "-F", "raw", overlay], check=True, timeout=60)
    with Qemu(scratch, kernel, [overlay, "format=qcow2"]) as q:
        q.wait_for("vm: ready", BOOT_TIMEOUT)
        q.save(place / "state")
    shutil.copy(scratch / "kernel.log", place / "boot.log")
    shutil.rmtree(scratch)


def ready(root: Path, kernel: Path, say) -> Path:
    """The saved machine with this kernel: directory with root.qcow2 and state."""
    k = cache.key(version(), PAYLOAD, RESULTS, *devices(Path(), kernel, [root]))
    return cache.entry(f"ready-{kernel.name.rsplit('-', 1)[0]}", k, lambda place: make_ready(root, kernel, place), say)


def write_payload(file: Path, command: str, members: dict) -> None:
    """members: {name below /crun in the machine: file or directory here}; command: shell, run there."""
    with open(file, "wb") as f:
        f.truncate(PAYLOAD)
        f.seek(1 << 20)
        with tarfile.open(fileobj=f, mode="w|") as t:
            for name, source in members.items():
                t.add(source, name, filter=lambda m: None if "__pycache__" in m.name else m)
            script = tarfile.TarInfo("command")
            script.size = len(command.encode())
            t.addfile(script, io.BytesIO(command.encode()))
        if f.tell() > PAYLOAD:
            raise Failed("the payload is larger than its disk")
        f.seek(0)
        f.write(f"CRUN-VM {int(time.time())}".encode().ljust(512, b"\0"))


def read_results(file: Path, to: Path) -> None:
    with tarfile.open(file) as t:
        t.extractall(to, filter="data") if hasattr(tarfile, "data_filter") else t.extractall(to)  # noqa: S202


def resume(saved: Path, kernel: Path, place: Path, **how) -> Qemu:
    return Qemu(place, kernel, [saved / "root.qcow2", "format=qcow2", "snapshot=on"],
                "-incoming", f"exec:cat {quote(str(saved / 'state'))}", **how)

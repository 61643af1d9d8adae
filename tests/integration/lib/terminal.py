# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal with somebody at it: a process whose controlling terminal and standard streams are ours."""

import fcntl
import os
import select
import struct
import termios
import time

from . import processes
from .runtime import environment


class Terminal:
    """Both ends are held open: a look at the modes is possible when nobody else has it, too."""

    def __init__(self, rows=24, columns=80):
        self.master, self.slave = os.openpty()
        self.resize(rows, columns)
        self.seen = b""
        self.process = None

    def spawn(self, argv, **how):
        """A session of its own, with this as its controlling terminal."""
        def before():
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        streams = {"stdin": self.slave, "stdout": self.slave, "stderr": self.slave, **how}
        self.process = processes.Process([str(a) for a in argv], preexec_fn=before, env=environment(PS1="$ ", TERM="dumb"),
                                         **streams)
        return self.process

    def type(self, text: str):
        os.write(self.master, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def modes(self):
        return termios.tcgetattr(self.slave)

    def is_raw(self):
        return not self.modes()[3] & (termios.ICANON | termios.ECHO)

    def read(self, seconds=10.0, size=65536) -> bytes:
        if not select.select([self.master], [], [], seconds)[0]:
            return b""
        return os.read(self.master, size)

    def expect(self, text: str, seconds=20.0) -> str:
        """Reads until TEXT has come; what came with it and before, and no more."""
        wanted, end = text.encode(), time.monotonic() + seconds
        while wanted not in self.seen:
            assert time.monotonic() < end, f"no {text!r} on the terminal, but {self.seen.decode(errors='replace')!r}"
            self.seen += self.read(0.2)
        n = self.seen.index(wanted) + len(wanted)
        said, self.seen = self.seen[:n], self.seen[n:]
        return said.decode(errors="replace")

    def wait(self, seconds=20.0) -> int:
        """The end of the process; its exit status. What it writes meanwhile is kept."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end: {self.seen.decode(errors='replace')!r}"
            if self.master >= 0:
                self.seen += self.read(0.05)
            else:
                time.sleep(0.01)
        self.process.forget()
        while self.master >= 0 and (more := self.read(0)):
            self.seen += more
        return self.process.returncode

    def hang_up(self):
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def close(self):
        if self.process and self.process.returncode is None:
            self.process.kill()
            self.process.wait_and_forget(5)
        if self.master >= 0:
            self.hang_up()

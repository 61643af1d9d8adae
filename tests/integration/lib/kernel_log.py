# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel says meanwhile (/dev/kmsg): complaints that no container may cause, whoever else works on the machine.

Reports of a cgroup that is out of memory, refused forks and bad mount options are answers, and mostly other tests' own.
"""

import os
import re

COMPLAINT = re.compile(r"\bWARNING:|\bBUG\b|\bOops\b|UBSAN|KASAN|refcount_t|general protection|unregister_netdevice|lockup|stall(s|ed) on|"
                       r"blocked for more than|possible deadlock|bad page|corrupt|memory leak|task .* taking a long time", re.IGNORECASE)
WARNING = 4  # syslog(2): the lower the worse


class KernelLog:
    """From now on. Without the device, or the right to read it, `why_not` says so and nothing is counted."""

    def __init__(self):
        self.messages, self.complaints, self.lost, self.why_not = 0, [], False, None
        try:
            self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.lseek(self.fd, 0, os.SEEK_END)
        except OSError as e:
            self.fd, self.why_not = -1, f"/dev/kmsg: {e.strerror}"

    def look(self):
        """Reads what has come; returns self."""
        while self.fd >= 0:
            try:
                record = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                break
            except BrokenPipeError:  # more has come than it keeps
                self.lost = True
                continue
            head, _, text = record.partition(";")
            text = text.splitlines()[0] if text else ""
            self.messages += (int(head.split(",")[0]) & 7) <= WARNING
            if COMPLAINT.search(text):
                self.complaints.append(text)
        return self

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)

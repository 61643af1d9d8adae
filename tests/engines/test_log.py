# SPDX-License-Identifier: GPL-2.0-or-later
"""--log at real loggers: journald, and a syslog daemon (busybox's)."""

import json

import pytest


@pytest.mark.layouts("systemd")
def test_journald(machine):
    machine.fails("crun --log journald:crun-test kill c1-of-nobody TERM", 1)
    machine.fails("crun --log journald:crun-test run -b $'/no\\nPRIORITY=0' x1", 1)
    machine.until("journalctl -q --sync; test $(journalctl -q -t crun-test -o json | wc -l) = 2")
    first, second = map(json.loads, machine.sh("journalctl -q -t crun-test -o json").splitlines())
    assert {k: first[k] for k in ("MESSAGE", "PRIORITY", "CONTAINER_ID", "OPERATION", "SYSLOG_IDENTIFIER")} == {
        "MESSAGE": 'container "c1-of-nobody" does not exist', "PRIORITY": "3", "CONTAINER_ID": "c1-of-nobody", "OPERATION": "kill",
        "SYSLOG_IDENTIFIER": "crun-test"}
    assert "/no\nPRIORITY=0" in second["MESSAGE"] and (second["PRIORITY"], second["OPERATION"]) == ("3", "run")
    assert machine.sh("journalctl -q CONTAINER_ID=c1-of-nobody -o cat") == 'container "c1-of-nobody" does not exist'


@pytest.mark.layouts("hybrid")
def test_syslog(machine):
    d = machine.spawn("busybox syslogd -n -O /run/engines/syslog", "/run/engines/syslogd.log")
    try:
        machine.until("test -S /dev/log || test -S $(readlink /dev/log)")
        machine.fails("crun --log syslog:crun-test kill nobody TERM", 1)
        line = machine.until("grep crun-test /run/engines/syslog")
    finally:
        machine.reap(d["id"], signal=15)
    assert "daemon.err crun-test" in line and line.endswith(': container "nobody" does not exist') and "\n" not in line

# SPDX-License-Identifier: GPL-2.0-or-later
"""The systemd cgroup manager, with systemd as process 1 of the machine: the system's manager and an ordinary user's.

The host leaves v2 the hugetlb controller only, so limits that others enforce are seen as properties here (test_properties)
and in force in the virtual machine. CYCLES=500 makes test_cycles long.
"""

import json
import os
import re
import time
from pathlib import Path

import pytest

from lib.bundles import bundle
from lib.machine import PATIENCE

pytestmark = pytest.mark.layouts("systemd")
GOLDEN = Path(__file__).resolve().parent.parent / "golden/plans/systemd-limits/plan.txt"
RUN = "crun --systemd-cgroup run"
CREATE = "crun --systemd-cgroup create"
SLEEP = ["sleep", "1000"]
HUGE = {"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}


def scopes(m, user=False):
    lines = m.sh(f"{'as-user ' if user else ''}systemctl {'--user ' if user else ''}list-units --all --no-legend --plain '*.scope'")
    return {line.split()[0]: line.split()[2] for line in lines.splitlines() if not re.match(r"(init|podman-pause\S*|session\S*)\.scope", line)}


def no_scopes(m, user=False):
    """systemd forgets a unit in a moment of its own."""
    end = time.monotonic() + 60 * PATIENCE
    while left := scopes(m, user):
        assert time.monotonic() < end, f"left: {left}"
        time.sleep(0.05)


@pytest.fixture
def s(machine):
    yield machine
    machine.sh("for c in $(crun list -q); do crun delete -f $c; done; for c in $(as-user crun list -q); do as-user crun delete -f $c; done")
    no_scopes(machine)
    no_scopes(machine, True)
    assert machine.sh("find /sys/fs/cgroup -name 'crun-*' -o -name 'libpod*' -o -name 'docker-*.scope'") == ""


def show(m, unit, *properties, user=False):
    lines = m.sh(f"{'as-user systemctl --user' if user else 'systemctl'} show {unit} " + " ".join(f"-p {p}" for p in properties)).splitlines()
    return {p: " ".join(line.split("=", 1)[1] for line in lines if line.startswith(p + "=")) for p in properties}


def cgroup(m, id, user=False):
    pid = json.loads(m.sh(f"{'as-user ' if user else ''}crun state {id}"))["pid"]
    return m.sh(f"sed -n 's/^0:://p' /proc/{pid}/cgroup")


def until(condition, seconds=60):
    end = time.monotonic() + seconds * PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


# the system's manager

def test_run(s):
    b = bundle(s, ["sh", "-c", "echo hello; exit 7"])
    assert s.fails(f"{RUN} -b {b} r1", 7).out == "hello\n"
    assert s.sh("crun list -q") == ""


def test_life(s):
    b = bundle(s, SLEEP)
    s.sh(f"{CREATE} -b {b} c1")
    assert cgroup(s, "c1") == "/system.slice/crun-c1.scope"
    assert show(s, "crun-c1.scope", "Slice", "Delegate", "DefaultDependencies", "Description", "TasksMax", "ActiveState") == {
        "Slice": "system.slice", "Delegate": "yes", "DefaultDependencies": "no", "Description": "container c1",
        "TasksMax": "infinity", "ActiveState": "active"}
    assert s.sh("crun start c1; crun exec c1 sleep 0 && crun exec c1 echo inside") == "inside"
    s.sh("crun exec -d c1 sleep 1001")
    assert len(s.sh("cat /sys/fs/cgroup/system.slice/crun-c1.scope/cgroup.procs").split()) == 2
    assert s.sh("crun ps c1").count("sleep 100") == 2
    s.sh("crun pause c1")
    assert json.loads(s.sh("crun state c1"))["status"] == "paused"
    s.sh("crun resume c1; crun kill --all c1 KILL")
    until(lambda: json.loads(s.sh("crun state c1"))["status"] == "stopped")
    s.sh("crun delete c1")


def test_manager_by_name(s):
    b = bundle(s, ["true"])
    s.sh(f"crun --cgroup-manager systemd run -b {b} c1; crun --cgroup-manager=systemd run -b {b} c1")


@pytest.mark.parametrize("path,slice,cgroup_path", [
    ("machine.slice:libpod:abc", "machine.slice", "/machine.slice/libpod-abc.scope"),
    ("a-b.slice::x", "a-b.slice", "/a.slice/a-b.slice/x.scope"),
    ("-:crun:x", "-.slice", "/crun-x.scope"),
    (":p:a+b", "system.slice", "/system.slice/p-a\\x2bb.scope"),
])
def test_path(s, path, slice, cgroup_path):
    b = bundle(s, SLEEP, cgroups_path=path)
    s.sh(f"{CREATE} -b {b} c1")
    assert cgroup(s, "c1") == cgroup_path
    assert show(s, f"'{cgroup_path.rsplit('/', 1)[1]}'", "Slice") == {"Slice": slice}
    s.sh("crun delete -f c1")
    assert s.run(f"test -e '/sys/fs/cgroup{cgroup_path}'").status == 1


def test_annotations(s):
    b = bundle(s, SLEEP, annotations={"org.systemd.property.TimeoutStopUSec": "uint64 123456789",
                                      "org.systemd.property.CollectMode": "'inactive-or-failed'",
                                      "org.systemd.property.Description": "'of mine'",
                                      "org.systemd.property.After": "['a.service', 'b.service']"})
    s.sh(f"{CREATE} -b {b} c1")
    assert show(s, "crun-c1.scope", "TimeoutStopUSec", "CollectMode", "Description") == {
        "TimeoutStopUSec": "2min 3.456789s", "CollectMode": "inactive-or-failed", "Description": "of mine"}
    assert {"a.service", "b.service"} <= set(show(s, "crun-c1.scope", "After")["After"].split())


NODES = {"allow": True, "type": "c", "access": "m"}  # what is not listed could not be made either


def opens(m, major, minor):
    """Whether the container may open a device: what no driver has is told from what may not be opened. (/dev/shm is nodev.)"""
    err = m.run(f"crun exec --cap CAP_MKNOD c1 sh -c 'rm -f /dev/x; mknod /dev/x c {major} {minor} && : </dev/x'").err
    assert ("No such device" in err) != ("Operation not permitted" in err), err
    return "No such device" in err


# After each of these systemd has written what it knows of its units again.
AGAIN = ["true", "systemctl daemon-reload", "systemctl set-property --runtime crun-c1.scope CPUWeight=50", "systemctl daemon-reexec"]


def test_devices(s):
    """The list is the unit's too, and nothing opens or closes when systemd writes it again."""
    rules = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 250, "access": "r"},
             {"allow": True, "type": "c", "major": 10, "minor": 250, "access": "w"}, NODES]
    b = bundle(s, SLEEP, resources={"devices": rules})
    s.sh(f"{RUN} -d -b {b} c1")
    assert show(s, "crun-c1.scope", "DevicePolicy")["DevicePolicy"] == "strict"
    assert "/dev/char/10:250 rw" in show(s, "crun-c1.scope", "DeviceAllow")["DeviceAllow"]
    for step in AGAIN:
        s.sh(step + "; crun exec c1 sh -c 'echo x >/dev/null'")
        assert (opens(s, 10, 250), opens(s, 10, 251)) == (True, False), step
    rules[1]["minor"] = rules[2]["minor"] = 251
    s.sh("crun update -r - c1", input=json.dumps({"devices": rules}))
    assert "/dev/char/10:251 rw" in show(s, "crun-c1.scope", "DeviceAllow")["DeviceAllow"]
    for step in AGAIN:
        s.sh(step)
        assert (opens(s, 10, 250), opens(s, 10, 251)) == (False, True), step


def test_device_exceptions(s):
    """systemd knows none; our program has them, and it stays when systemd loads its own again."""
    rules = [{"allow": True, "access": "rwm"}, {"allow": False, "type": "c", "major": 10, "minor": 250, "access": "rw"}]
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP, resources={'devices': rules})} c1")
    for step in AGAIN:
        s.sh(step)
        assert (opens(s, 10, 250), opens(s, 10, 251)) == (False, True), step


def test_failed_update_restores(s):
    """systemd hears of a change last; when it does not take it, files and device program are as before."""
    rules = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 250, "access": "rw"}, NODES]
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP, resources={'devices': rules, **HUGE})} c1")
    s.sh("mv /usr/local/libexec/crun/crun-systemd /run/engines/away")
    try:
        rules[1]["minor"] = 251
        change = json.dumps({"devices": rules, "hugepageLimits": [{"pageSize": "2MB", "limit": 2097152}]})
        assert "crun-systemd" in s.fails("crun update -r - c1", 1, input=change).err
    finally:
        s.sh("mv /run/engines/away /usr/local/libexec/crun/crun-systemd")
    assert s.sh("cat /sys/fs/cgroup/system.slice/crun-c1.scope/hugetlb.2MB.max") == "4194304"
    s.sh("systemctl set-property --runtime crun-c1.scope DevicePolicy=auto DeviceAllow=")  # ours alone
    assert (opens(s, 10, 250), opens(s, 10, 251)) == (True, False)


def test_privileged_devices(s):
    b = bundle(s, SLEEP, resources={"devices": [{"allow": True, "access": "rwm"}]})
    s.sh(f"{RUN} -d -b {b} c1")
    assert show(s, "crun-c1.scope", "DevicePolicy", "DeviceAllow") == {"DevicePolicy": "auto", "DeviceAllow": ""}


def test_files(s):
    """What no property can say is in the file, at the start, after update and after daemon-reload."""
    b = bundle(s, SLEEP, resources=HUGE)
    s.sh(f"{RUN} -d -b {b} c1")
    file = "cat /sys/fs/cgroup/system.slice/crun-c1.scope/hugetlb.2MB.max"
    assert s.sh(file) == "4194304"
    s.sh("systemctl daemon-reload")
    assert s.sh(file) == "4194304"
    s.sh("crun update -r - c1", input=json.dumps({"unified": {"hugetlb.2MB.max": "2097152"}}))
    s.sh("systemctl daemon-reload")
    assert s.sh(file) == "2097152"


def test_subgroup(s):
    b = bundle(s, SLEEP, annotations={"run.oci.systemd.subgroup": "container", "run.oci.delegate-cgroup": "mine"})
    s.sh(f"{CREATE} -b {b} c1")
    assert cgroup(s, "c1") == "/system.slice/crun-c1.scope/container/mine"
    s.sh("crun start c1; crun exec -d c1 sleep 1001")
    assert len(s.sh("cat /sys/fs/cgroup/system.slice/crun-c1.scope/container/mine/cgroup.procs").split()) == 2
    assert "hugetlb" in s.sh("cat /sys/fs/cgroup/system.slice/crun-c1.scope/container/cgroup.controllers")
    assert s.sh("crun exec c1 sh -c 'sed -n s/^0:://p /proc/1/cgroup'") == "/mine"
    assert s.sh("crun ps c1").count("sleep 100") == 2


def test_host_cgroup_namespace(s):
    """Without a cgroup namespace the container sees where it is."""
    b = bundle(s, ["sed", "-n", "s/^0:://p", "/proc/self/cgroup"])
    c = json.loads(s.read(f"{b}/config.json"))
    c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "cgroup"]
    s.write(f"{b}/config.json", json.dumps(c))
    assert s.sh(f"{RUN} -b {b} c1") == "/system.slice/crun-c1.scope"


# nothing is left of what fails

@pytest.mark.parametrize("how", ["command", "hook", "poststart"])
def test_undo(s, how):
    hooks = {"hook": {"createRuntime": [{"path": "/bin/false"}]}, "poststart": {"poststart": [{"path": "/bin/false"}]}}.get(how)
    b = bundle(s, ["/no/such"] if how == "command" else SLEEP, hooks=hooks)
    s.fails(f"{RUN} -d -b {b} c1")
    assert s.sh("crun list -q") == ""
    no_scopes(s)


def test_runtime_killed(s):
    """A create that is killed in the middle leaves what `delete --force` removes."""
    b = bundle(s, SLEEP, hooks={"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "600"]}]})
    s.sh(f"{CREATE} -b {b} c1 >/dev/null 2>&1 & p=$!; until pgrep -x sleep >/dev/null; do sleep 0.05; done; kill -9 $p; pkill -x sleep; wait $p; true")
    s.sh("crun delete -f c1")
    no_scopes(s)


def test_runtime_killed_early(s):
    """Killed while it waits for the job: the process that holds the scope does not outlive it."""
    slow(s)
    b = bundle(s, SLEEP, annotations={"org.systemd.property.After": "['slow.service']"})
    s.sh(f"systemctl start --no-block slow.service; {CREATE} -b {b} c1 >/dev/null 2>&1 & p=$!; "
         "until systemctl list-jobs | grep -q crun-c1.scope; do sleep 0.05; done; kill -9 $p; "
         "until ! pgrep -x crun-scope >/dev/null; do sleep 0.05; done; systemctl stop slow.service")
    s.sh("crun delete -f c1")
    no_scopes(s)


def slow(m):
    m.write("/run/systemd/system/slow.service", "[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\n")
    m.sh("systemctl daemon-reload")


def test_job_fails(s):
    """A job that ends with anything but "done" is an error that says so."""
    slow(s)
    s.sh("systemctl start --no-block slow.service")
    b = bundle(s, SLEEP, annotations={"org.systemd.property.After": "['slow.service']", "org.systemd.property.JobTimeoutUSec": "uint64 200000"})
    r = s.fails(f"{RUN} -d -b {b} c1", 1)
    assert 'the job of "crun-c1.scope" ended with "timeout"' in r.err
    no_scopes(s)
    s.sh("systemctl stop slow.service")
    assert s.sh("crun list -q") == ""


def test_damaged_state(s):
    """What cannot be read is found by the configuration, without being told that it was systemd's."""
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP, cgroups_path='a.slice:p:x')} c1; echo '{{' >/run/crun/c1/state.json")
    s.sh("crun delete -f c1")
    assert s.run("pgrep -x sleep").status == 1
    no_scopes(s)


def test_property_refused(s):
    b = bundle(s, SLEEP, annotations={"org.systemd.property.NoSuchThing": "true"})
    assert "NoSuchThing" in s.fails(f"{RUN} -d -b {b} c1", 1).err
    b = bundle(s, SLEEP, annotations={"org.systemd.property.TimeoutStopUSec": "'soon'"})
    assert "systemd: crun-c1.scope:" in s.fails(f"{RUN} -d -b {b} c1", 1).err
    assert s.sh("crun list -q") == ""


def test_failed_unit(s):
    """One that has failed is no obstacle for the next, and delete forgets it."""
    b = bundle(s, SLEEP, annotations={"org.systemd.property.RuntimeMaxUSec": "uint64 200000", "org.systemd.property.TimeoutStopUSec": "uint64 100000"})
    s.sh(f"{RUN} -d -b {b} c1")
    s.until("systemctl is-failed crun-c1.scope")
    s.sh("crun delete c1")
    no_scopes(s)
    s.sh(f"{RUN} -d -b {b} c1")
    s.until("systemctl is-failed crun-c1.scope")
    s.sh("rm -rf /run/crun/c1")  # nobody has deleted it
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP)} c1")


def test_unit_exists(s):
    s.sh("systemd-run -q --scope --unit crun-c1 sleep 1002 >/dev/null 2>&1 & until systemctl is-active -q crun-c1.scope; do sleep 0.05; done")
    assert "crun-c1.scope" in s.fails(f"{RUN} -d -b {bundle(s, SLEEP)} c1", 1).err
    assert show(s, "crun-c1.scope", "ActiveState") == {"ActiveState": "active"}
    s.sh("systemctl stop crun-c1.scope")


def test_no_helper(s):
    s.sh(f"{RUN} -d -b {bundle(s, SLEEP)} c1; mv /usr/local/libexec/crun/crun-systemd /run/engines/away")
    try:
        assert json.loads(s.sh("crun features"))["linux"]["cgroup"]["systemd"] is False
        assert "+SYSTEMD" not in s.sh("crun --version")
        r = s.fails(f"{RUN} -d -b {bundle(s, SLEEP)} c2", 1)
        assert '"/usr/local/libexec/crun/crun-systemd" is missing' in r.err and "cgroupfs" in r.err
        assert "not stopped" in s.run("crun delete -f c1").err
        assert s.sh("crun list -q") == ""
    finally:
        s.sh("mv /run/engines/away /usr/local/libexec/crun/crun-systemd")
    assert json.loads(s.sh("crun features"))["linux"]["cgroup"]["systemd"] is True
    assert "+SYSTEMD" in s.sh("crun --version")


@pytest.mark.layouts("v2")
def test_no_systemd(machine):
    r = machine.fails(f"{RUN} -d -b {bundle(machine, SLEEP)} c1", 1)
    assert "systemd is not the init system here" in r.err and "cgroupfs" in r.err
    assert machine.sh("crun list -q") == ""


@pytest.mark.layouts("v2")
def test_forced_v1(machine):
    """A systemd without cgroup v2 in the container gets the v1 hierarchy that it needs, of which it sees its own part."""
    m = machine
    b = bundle(m, SLEEP, annotations={"run.oci.systemd.force_cgroup_v1": "/sys/fs/cgroup"})
    r = m.fails(f"crun run -d -b {b} c1", 1)
    assert "run.oci.systemd.force_cgroup_v1" in r.err and "mount -t cgroup -o none,name=systemd,xattr" in r.err
    m.sh("mkdir /sys/fs/cgroup/systemd; mount -t cgroup -o none,name=systemd,xattr cgroup /sys/fs/cgroup/systemd")
    try:
        m.sh(f"crun run -d -b {b} c1")
        assert m.sh("crun exec c1 sh -c 'grep -c name=systemd /proc/mounts; mkdir /sys/fs/cgroup/below && ls -d /sys/fs/cgroup/below'") == "1\n/sys/fs/cgroup/below"
        assert m.sh("ls -d /sys/fs/cgroup/systemd/c1/below; ls -d /sys/fs/cgroup/c1").count("\n") == 1
        assert m.sh("crun exec c1 cat /sys/fs/cgroup/cgroup.procs").split()[0] == "1"
        m.sh("crun pause c1; crun resume c1; crun delete -f c1; ! ls -d /sys/fs/cgroup/systemd/c1")
    finally:
        m.sh("crun delete -f c1; umount /sys/fs/cgroup/systemd; rmdir /sys/fs/cgroup/systemd")


def test_cycles(s):
    n = int(os.environ.get("CYCLES", "20"))
    b = bundle(s, ["true"])
    s.sh(f"for i in $(seq {n}); do {CREATE} -b {b} c$i && crun start c$i && crun delete -f c$i && {RUN} -b {b} r$i || exit; done", timeout=300 + n)
    no_scopes(s)
    assert s.sh("systemctl list-units --failed --no-legend --plain 'crun-*'") == ""
    assert s.sh("find /sys/fs/cgroup -name 'crun-*'") == ""
    assert s.run("pgrep -x crun-scope").status == 1


# what the plan says is what systemd takes

ASK = """
import socket, subprocess, sys
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
p = subprocess.Popen(["/usr/local/libexec/crun/crun-systemd", "system"], stdin=b)
b.close()
for request in sys.stdin.read().split("\\n\\n"):
    a.send(b"".join(w.encode() + b"\\0" for w in request.split("\\n")))
    print(a.recv(4096).decode().replace("\\0", " ").strip())
"""


def ask(m, *requests):
    return m.sh(["python3", "-c", ASK], input="\n\n".join("\n".join(r) for r in requests)).splitlines()


def golden_properties():
    row = next(line for line in GOLDEN.read_text().splitlines() if " scope_start " in line)
    return json.loads(re.search(r"properties (\[.*\])  #", row).group(1))


SHOWN = {"MemoryMax": "536870912", "MemorySwapMax": "536870912", "MemoryLow": "268435456", "MemoryHigh": "419430400",
         "TasksMax": "100", "CPUWeight": "59", "IOWeight": "4950", "CPUQuotaPerSecUSec": "670ms", "CPUQuotaPeriodUSec": "50ms",
         "AllowedCPUs": "0-2 9", "AllowedMemoryNodes": "0", "IODeviceWeight": "/dev/block/8:0 2930",
         "IOReadBandwidthMax": "/dev/block/8:0 1048576", "IOWriteIOPSMax": "/dev/block/8:16 100", "DevicePolicy": "strict",
         "Slice": "machine-a.slice", "TimeoutStopUSec": "5s", "OOMPolicy": "kill"}


def test_properties(s):
    """Every property of the golden plan, sent as it stands there, is what systemctl shows, also after daemon-reload;
    and a change."""
    s.write("/run/engines/start.py", ASK + "\nimport time\nopen('/run/engines/started', 'w')\ntime.sleep(60)\n")
    s.write("/run/engines/request", "\n".join(["start", "10000", "golden.scope", *golden_properties()]))
    s.sh("rm -f /run/engines/started")
    n = s.spawn("python3 -u /run/engines/start.py </run/engines/request", "/run/engines/start.log")["id"]
    s.until("test -e /run/engines/started")
    try:
        assert s.read("/run/engines/start.log").strip() == "0 /machine.slice/machine-a.slice/golden.scope"
        assert show(s, "golden.scope", *SHOWN) == SHOWN
        s.sh("systemctl daemon-reload")
        assert show(s, "golden.scope", *SHOWN) == SHOWN
        changes = {"MemoryMax=uint64 1048576": ("MemoryMax", "1048576"), "TasksMax=uint64 7": ("TasksMax", "7"),
                   "CPUWeight=uint64 0": ("CPUWeight", "idle"), "AllowedCPUs=@ay [0x02]": ("AllowedCPUs", "1"),
                   "CPUQuotaPerSecUSec=uint64 18446744073709551615": ("CPUQuotaPerSecUSec", "infinity")}
        assert ask(s, ["set", "10000", "golden.scope", *changes]) == ["0"]
        s.sh("systemctl daemon-reload")
        assert show(s, "golden.scope", *SHOWN) == SHOWN | dict(changes.values())
    finally:
        assert ask(s, ["stop", "10000", "golden.scope"]) == ["0"]
        s.reap(n, signal=9)


def test_helper_timeout(s):
    slow(s)
    s.sh("systemctl start --no-block slow.service")
    answer, = ask(s, ["start", "300", "late.scope", "After=['slow.service']", "CollectMode='inactive-or-failed'"])
    assert answer.startswith("-110 ") and "is not done after 300 ms" in answer
    s.sh("systemctl stop slow.service")
    no_scopes(s)
    assert s.run("pgrep -x crun-scope").status == 1


def test_helper_refuses(s):
    assert ask(s, ["start"], ["fly", "100", "x.scope"], ["start", "1000", "x.scope", "NoValue"], ["stop", "1000", "no-such.scope"]) == [
        "-22 crun-systemd: not a request", '-22 crun-systemd: no such request: "fly"', '-22 "NoValue" is not a property', "0"]


def test_helper_does_without_what_systemd_lacks(s):
    """A property with ? before its name is one that older versions of systemd do not have; what it has is sent."""
    word = "Description='odd'"
    assert ask(s, ["start", "9000", "odd.scope", word, "NoSuchThing=true"])[0].startswith("-")
    started, changed, refused, shown = ask(s, ["start", "9000", "odd.scope", word, "?NoSuchThing=true"], ["set", "9000", "odd.scope", "?NoSuchThing=1", "?Description='even'", "TasksMax=uint64 7"],
                                           ["set", "9000", "odd.scope", "NoSuchThing=1"], ["stop", "9000", "odd.scope"])
    assert (started, changed, shown) == ("0 /system.slice/odd.scope", "0", "0") and refused.startswith("-") and "NoSuchThing" in refused
    started, changed, _ = ask(s, ["start", "9000", "odd.scope", "?Description='even'"], ["set", "9000", "odd.scope", "?TasksMax=uint64 7"], ["stop", "9000", "odd.scope"])
    assert (started, changed) == ("0 /system.slice/odd.scope", "0")


# an ordinary user's manager

USER = "as-user crun --systemd-cgroup"
OWN = "/user.slice/user-1000.slice/user@1000.service"


def test_user(s):
    b = bundle(s, SLEEP, user=True)
    s.sh(f"{USER} create -b {b} u1")
    assert cgroup(s, "u1", True) == f"{OWN}/user.slice/crun-u1.scope"
    assert show(s, "crun-u1.scope", "Slice", "Delegate", user=True) == {"Slice": "user.slice", "Delegate": "yes"}
    s.sh("as-user crun start u1")
    assert s.sh("as-user crun exec u1 id -u") == "0"
    s.sh("as-user crun exec -d u1 sleep 1001")
    assert len(s.sh(f"cat /sys/fs/cgroup{OWN}/user.slice/crun-u1.scope/cgroup.procs").split()) == 2
    s.sh("as-user crun pause u1")
    s.sh("as-user systemctl --user daemon-reload")
    assert json.loads(s.sh("as-user crun state u1"))["status"] == "paused"
    s.sh("as-user crun resume u1; as-user crun kill u1 KILL")
    until(lambda: json.loads(s.sh("as-user crun state u1"))["status"] == "stopped")
    s.sh("as-user crun delete u1")


def test_user_run(s):
    b = bundle(s, ["sh", "-c", "echo hello; exit 7"], user=True, cgroups_path="a-b.slice:p:x")
    assert s.fails(f"{USER} run -b {b} u1", 7).out == "hello\n"


def test_user_limits(s):
    b = bundle(s, SLEEP, user=True, resources=HUGE)
    r = s.run(f"{USER} run -d -b {b} u1")
    if "hugetlb" not in s.sh(f"cat /sys/fs/cgroup{OWN}/cgroup.controllers"):
        assert r.status == 1 and "hugetlb" in r.err
        return
    assert r.status == 0, r
    assert s.sh(f"cat /sys/fs/cgroup{OWN}/user.slice/crun-u1.scope/hugetlb.2MB.max") == "4194304"


def test_user_subgroup(s):
    b = bundle(s, SLEEP, user=True, annotations={"run.oci.systemd.subgroup": "container"})
    s.sh(f"{USER} run -d -b {b} u1")
    assert cgroup(s, "u1", True) == f"{OWN}/user.slice/crun-u1.scope/container"
    s.sh("as-user crun exec -d u1 sleep 1001")
    assert len(s.sh(f"cat /sys/fs/cgroup{OWN}/user.slice/crun-u1.scope/container/cgroup.procs").split()) == 2


def test_user_without_manager(s):
    b = bundle(s, SLEEP, user=True)
    r = s.fails(f"as-user env XDG_RUNTIME_DIR=/home/user {' '.join(USER.split()[1:])} run -d -b {b} u1", 1)
    assert "the user's systemd" in r.err and "enable-linger" in r.err

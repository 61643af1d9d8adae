# SPDX-License-Identifier: GPL-2.0-or-later
"""podman as root: what a user types first."""

import json

import pytest

ALL = pytest.mark.layouts("v2", "hybrid", "v1")
LIMITS = pytest.mark.layouts("hybrid", "v1")


@ALL
def test_run(podman):
    assert podman.sh("podman run --rm box echo hello") == "hello"


@ALL
def test_exit_status(podman):
    podman.fails("podman run --rm box sh -c 'exit 7'", 7)


def test_input(podman):
    assert podman.sh("podman run --rm -i box cat", input="through\n") == "through"


def test_not_found(podman):
    r = podman.fails("podman run --rm box /no/such", 127)
    assert "no such file or directory" in r.err.lower()
    r = podman.fails("podman run --rm box nosuch", 127)
    assert "executable file" in r.err and "not found in $PATH" in r.err
    podman.fails("podman run --rm box /etc", 126)


def test_runtime_is_ours(podman):
    info = json.loads(podman.sh("podman info --format json"))["host"]["ociRuntime"]
    assert info["name"] == "crun" and info["path"] == "/usr/bin/crun"
    assert info["version"].startswith("crun version")


@ALL
def test_as_runc(podman):
    assert podman.sh("podman --runtime runc run --rm box echo hello") == "hello"
    podman.sh("podman --runtime runc run -d --name c1 box sleep 600")
    assert podman.sh("podman exec c1 echo inside") == "inside"
    podman.sh("podman rm -f -t0 c1")


@ALL
def test_detached(podman):
    podman.sh("podman run -d --name c1 box sh -c 'echo started; exec sleep 600'")
    assert podman.sh("podman ps --format '{{.Names}} {{.State}}'") == "c1 running"
    podman.until("podman logs c1 | grep started")
    podman.sh("podman kill -s KILL c1")
    assert podman.sh("podman wait c1") == "137"


@ALL
def test_exec(podman):
    podman.sh("podman run -d --name c1 box sleep 600")
    assert podman.sh("podman exec c1 cat", input="") == ""
    assert podman.sh("podman exec -i c1 cat", input="through\n") == "through"
    assert podman.sh("podman exec -e A=b -w /tmp -u user c1 sh -c 'echo $A $PWD $(id -u) $HOME'") == "b /tmp 1000 /home/user"
    podman.fails("podman exec c1 sh -c 'exit 5'", 5)
    podman.fails("podman exec c1 nosuch", 127)


def test_exec_terminal(podman):
    podman.sh("podman run -d --name c1 box sleep 600")
    assert "/dev/pts/" in podman.tty("podman exec -it c1 sh -c 'tty; sleep 1'")


def test_exec_detached(podman):
    podman.sh("podman run -d --name c1 box sleep 600")
    podman.sh("podman exec -d c1 touch /tmp/done")
    podman.until("podman exec c1 test -e /tmp/done")


def test_exec_privileged(podman):
    podman.sh("podman run -d --name c1 box sleep 600")
    assert podman.sh("podman exec --privileged c1 grep CapEff /proc/self/status").split()[1] != \
        podman.sh("podman exec c1 grep CapEff /proc/self/status").split()[1]


def test_terminal(podman):
    out = podman.tty("podman run --rm -t -i box sh -c 'tty; stty size; sleep 1'")
    assert "/dev/console" in out or "/dev/pts/0" in out


def test_terminal_detached(podman):
    podman.sh("podman run -dt --name c1 box sh -c 'tty; sleep 600'")
    podman.until("podman logs c1 | grep /dev/")


@ALL
def test_stop(podman):
    podman.sh("podman run -d --name c1 box sh -c 'trap \"exit 3\" TERM; echo ready; while :; do sleep 0.1; done'")
    podman.until("podman logs c1 | grep ready")
    podman.sh("podman stop -t 10 c1")
    assert podman.sh("podman inspect -f '{{.State.ExitCode}} {{.State.Status}}' c1") == "3 exited"
    podman.sh("podman start c1")
    assert podman.sh("podman inspect -f '{{.State.Status}}' c1") == "running"
    podman.sh("podman restart -t 0 c1")
    assert podman.sh("podman inspect -f '{{.State.Status}}' c1") == "running"


def test_create_start_attach(podman):
    podman.sh("podman create --name c1 box echo out")
    assert podman.sh("podman start -a c1") == "out"


@ALL
def test_pause(podman):
    podman.sh("podman run -d --name c1 box sleep 600")
    podman.sh("podman pause c1")
    assert podman.sh("podman inspect -f '{{.State.Status}}' c1") == "paused"
    podman.fails("podman exec c1 true")
    podman.sh("podman unpause c1")
    assert podman.sh("podman inspect -f '{{.State.Status}}' c1") == "running"


@ALL
def test_top(podman):
    podman.sh("podman run -d --name c1 box sleep 600")
    assert "sleep 600" in podman.sh("podman top c1")


@LIMITS
def test_stats(podman):
    podman.sh("podman run -d --name c1 -m 64m box sleep 600")
    s = json.loads(podman.sh("podman stats --no-stream --format json c1"))[0]
    assert s["name"] == "c1" and s["pids"] == "1" and "67.11MB" in s["mem_usage"]


@LIMITS
def test_limits(podman):
    out = podman.sh("podman run --rm --memory 64m --memory-reservation 32m --pids-limit 50 --cpus 0.5 --cpu-shares 512 "
                    "--cpuset-cpus 0 box sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes "
                    "memory/memory.soft_limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.shares cpuset/cpuset.cpus'")
    assert out.split() == ["67108864", "33554432", "50", "50000", "512", "0"]


@LIMITS
def test_small_limits(podman):
    """A promise: half a MiB and one process are enough for echo."""
    assert podman.sh("podman run --rm --memory 512k box echo small") == "small"
    assert podman.sh("podman run --rm --pids-limit 1 box echo one") == "one"


@LIMITS
def test_update(podman):
    podman.sh("podman run -d --name c1 -m 32m box sleep 600")
    podman.sh("podman update --memory 64m --memory-swap 128m --cpus 1.5 --pids-limit 77 c1")
    out = podman.sh("podman exec c1 sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max'")
    assert out.split() == ["67108864", "150000", "77"]


@LIMITS
def test_out_of_memory(podman):
    podman.run("podman run --name c1 -m 8m box sh -c 'exec tail /dev/zero'")
    assert podman.sh("podman inspect -f '{{.State.ExitCode}}' c1") == "137"


@LIMITS
def test_device_rules(podman):
    mknod = "--cap-add MKNOD box sh -c 'mknod /tmp/f c 10 229 && : </tmp/f'"
    podman.sh(f"podman run --rm --device-cgroup-rule 'c 10:229 rwm' {mknod}")
    assert "not permitted" in podman.fails(f"podman run --rm {mknod}").err


@ALL
def test_device(podman):
    run = "podman run --rm --device /dev/fuse:/dev/f:r box sh -c"
    podman.sh(f"{run} ': </dev/f'")
    assert "not permitted" in podman.fails(f"{run} ': >/dev/f'").err


def test_logs(podman):
    podman.sh("podman run --name c1 box sh -c 'echo out; echo err >&2'")
    r = podman.run("podman logs c1")
    assert (r.out, r.err) == ("out\n", "err\n")


def test_volumes(podman):
    podman.sh("mkdir -p /run/engines/data && echo from host >/run/engines/data/file")
    run = "podman run --rm"
    assert podman.sh(f"{run} -v /run/engines/data:/data box cat /data/file") == "from host"
    podman.fails(f"{run} -v /run/engines/data:/data:ro box touch /data/new")
    podman.sh(f"{run} -v /run/engines/data:/data:O box touch /data/new")
    podman.fails("test -e /run/engines/data/new")
    podman.sh(f"{run} -v v1:/var/lib/data box touch /var/lib/data/kept")
    assert podman.sh(f"{run} -v v1:/v box ls /v") == "kept"
    assert podman.sh(f"{run} -v /run/engines/data:/data:U -u 1000 box stat -c %u /data") == "1000"
    podman.sh("chown -R 0:0 /run/engines/data")


def test_tmpfs(podman):
    assert podman.sh("podman run --rm --tmpfs /scratch:size=1m,mode=700 box stat -c '%a' /scratch") == "700"
    assert "size=1024k" in podman.sh("podman run --rm --tmpfs /scratch:size=1m box grep scratch /proc/mounts")


def test_image_mount(podman):
    assert podman.sh("podman run --rm --mount type=image,source=box,destination=/image box ls /image/bin/busybox")


def test_user(podman):
    out = podman.sh("podman run --rm --user user --group-add audio -w /home/user box sh -c 'id -u; id -G; pwd; echo $HOME'")
    assert out.split("\n") == ["1000", "1000 29", "/home/user", "/home/user"]
    assert podman.sh("podman run --rm --user 4321:4321 box id -u") == "4321"


def capabilities(m, options):
    return int(m.sh(f"podman run --rm {options} box grep CapEff /proc/self/status").split()[1], 16)


def test_capabilities(podman):
    default = capabilities(podman, "")
    assert capabilities(podman, "--cap-drop all") == 0
    assert capabilities(podman, "--cap-add SYS_ADMIN") == default | 1 << 21
    assert capabilities(podman, "--cap-drop CHOWN") == default & ~1


def test_read_only(podman):
    podman.fails("podman run --rm --read-only box touch /file")
    podman.sh("podman run --rm --read-only box touch /tmp/file")


@ALL
def test_privileged(podman):
    podman.sh("podman run --rm --privileged box sh -c 'mount -t tmpfs none /mnt 2>/dev/null || mkdir /m && mount -t tmpfs none /m'")


@ALL
def test_uidmap(podman):
    out = podman.sh("podman run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 box cat /proc/self/uid_map")
    assert out.split() == ["0", "100000", "65536"]


def test_idmapped_volume(podman):
    podman.sh("mkdir -p /run/engines/id && touch /run/engines/id/f")
    assert podman.sh("podman run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 -v /run/engines/id:/d:idmap box stat -c %u /d/f") == "0"


@ALL
def test_userns_auto(podman):
    first, base, size = podman.sh("podman run --rm --userns=auto box cat /proc/self/uid_map").split()
    assert first == "0" and int(base) >= 2147483648 and int(size) >= 1024


def test_init(podman):
    assert podman.sh("podman run --rm --init box cat /proc/1/comm") in ("catatonit", "podman-init")


def test_ulimit(podman):
    assert podman.sh("podman run --rm --ulimit nofile=100:200 box sh -c 'ulimit -Sn; ulimit -Hn'").split() == ["100", "200"]


def test_security_options(podman):
    status = "grep -E 'NoNewPrivs|Seccomp:' /proc/self/status"
    assert podman.sh(f"podman run --rm --security-opt no-new-privileges box {status}").split() == ["NoNewPrivs:", "1", "Seccomp:", "2"]
    assert podman.sh(f"podman run --rm --security-opt seccomp=unconfined box {status}").split() == ["NoNewPrivs:", "0", "Seccomp:", "0"]


def test_seccomp_profile(podman):
    podman.write("/run/engines/seccomp.json", json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 9}]}))
    r = podman.fails("podman run --rm --security-opt seccomp=/run/engines/seccomp.json box mkdir /tmp/x", 1)
    assert "Bad file descriptor" in r.err


def test_masks(podman):
    assert podman.sh("podman run --rm --security-opt mask=/proc/version box cat /proc/version") == ""


def test_sysctl(podman):
    assert podman.sh("podman run --rm --sysctl kernel.msgmax=65536 box cat /proc/sys/kernel/msgmax") == "65536"


def test_namespaces(podman):
    here = podman.sh("readlink /proc/self/ns/{net,pid,ipc,uts,cgroup}")
    there = podman.sh("podman run --rm --net host --pid host --ipc host --uts host --cgroupns host box "
                      "sh -c 'cd /proc/self/ns; for n in net pid ipc uts cgroup; do readlink $n; done'")
    assert here == there


def test_hostname(podman):
    assert podman.sh("podman run --rm --hostname box1 --umask 0077 box sh -c 'hostname; umask'").split() == ["box1", "0077"]


def test_join_container(podman):
    podman.sh("podman run -d --name c0 --ipc shareable --hostname c0 box sleep 600")
    run = "podman run --rm --network container:c0 --pid container:c0 --ipc container:c0 --uts container:c0"
    assert podman.sh(f"{run} box sh -c 'hostname; cat /proc/1/comm'").split() == ["c0", "sleep"]


def test_keep_descriptors(podman):
    assert podman.sh("podman run --rm --preserve-fds 1 box cat /proc/self/fd/3 3<<<kept") == "kept"


def test_hooks(podman):
    podman.write("/run/engines/hooks/a.json", json.dumps({
        "version": "1.0.0", "hook": {"path": "/bin/sh", "args": ["sh", "-c", "cat >/run/engines/hook-state; echo said"]},
        "when": {"always": True}, "stages": ["prestart"]}))
    podman.sh("podman --hooks-dir /run/engines/hooks run --rm --annotation run.oci.hooks.stdout=/run/engines/hook-out box true")
    assert json.loads(podman.read("/run/engines/hook-state"))["status"] in ("creating", "created")
    assert podman.read("/run/engines/hook-out") == "said\n"


def test_sdnotify(podman):
    """conmon's own readiness comes when the container's READY=1 does."""
    podman.write("/run/engines/listen", "import socket\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                 "s.bind('/run/engines/notify')\ns.settimeout(300)\nwhile True:\n m = s.recv(4096).decode()\n print(m, flush=True)\n"
                 " if 'READY' in m: break\n")
    d = podman.spawn("python3 /run/engines/listen", "/run/engines/notified")
    podman.until("test -S /run/engines/notify")
    podman.sh("podman run -d --name c1 --sdnotify=container -v /usr:/usr:ro -v /usr/lib:/lib:ro -v /usr/lib64:/lib64:ro box "
              "sh -c '/usr/bin/systemd-notify --ready; sleep 600'", env={"NOTIFY_SOCKET": "/run/engines/notify"})
    status = podman.reap(d["id"])
    podman.sh("rm -f /run/engines/notify")
    assert status == 0, podman.read("/run/engines/notified")


def test_listen_fds(podman):
    assert podman.sh("LISTEN_FDS=1 podman run --rm box sh -c 'echo $LISTEN_FDS $LISTEN_PID; cat <&3' 3<<<socket").split() == ["1", "1", "socket"]


@ALL
def test_cgroups_disabled(podman):
    assert podman.sh("podman run --rm --cgroups=disabled box echo none") == "none"


@ALL
def test_cgroup_parent(podman):
    assert "/outer/inner/libpod-" in podman.sh("podman run --rm --cgroupns host --cgroup-parent /outer/inner box cat /proc/self/cgroup")


def test_health(podman):
    podman.sh("podman run -d --name c1 --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1 box sleep 600")
    podman.fails("podman healthcheck run c1")
    podman.sh("podman exec c1 touch /tmp/well")
    podman.sh("podman healthcheck run c1")
    assert podman.sh("podman inspect -f '{{.State.Health.Status}}' c1") == "healthy"


def test_secret(podman):
    podman.sh("echo hidden | podman secret create s1 -")
    assert podman.sh("podman run --rm --secret s1 box cat /run/secrets/s1") == "hidden"
    podman.sh("podman secret rm s1")


def test_network(podman):
    """The container's own network, made by netavark between create and start."""
    podman.sh("podman run -d --name c1 box httpd -f -p 80 -h /etc")
    address = podman.sh("podman inspect -f '{{.NetworkSettings.IPAddress}}' c1")
    assert "root:" in podman.until(f"podman run --rm box wget -qO- http://{address}/passwd")


def test_restart_policy(podman):
    podman.sh("podman run -d --name c1 --restart on-failure:2 box sh -c 'echo try; exit 1'")
    podman.until("test $(podman logs c1 | grep -c try) = 3")


def test_systemd_mode(podman):
    out = podman.sh("podman run --rm --systemd=always box sh -c 'echo $container; grep -c \" /run tmpfs\\| /tmp tmpfs\" /proc/mounts'")
    assert out.split() == ["oci", "2"] or out.split()[0] in ("oci", "podman")


def test_skopeo(podman):
    """An image that skopeo has copied out of the storage."""
    podman.sh("rm -rf /run/engines/oci && skopeo copy -q containers-storage:localhost/box:latest oci:/run/engines/oci:1")
    assert podman.sh("podman run --rm oci:/run/engines/oci:1 echo by skopeo") == "by skopeo"


def test_commit_diff_cp(podman):
    podman.sh("podman run -d --name c1 box sleep 600")
    podman.sh("echo copied >/run/engines/file && podman cp /run/engines/file c1:/tmp/file")
    assert podman.sh("podman exec c1 cat /tmp/file") == "copied"

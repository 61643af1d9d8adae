# SPDX-License-Identifier: GPL-2.0-or-later
"""containerd and dockerd, started once for a machine, with the settings a user would write."""

from conftest import BOX

DOCKER = "unix:///run/engines/docker.sock"

CONTAINERD = """\
version = 3
[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = 'localhost/pause:latest'
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  enable_cdi = false
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['/opt/cni/bin']
  conf_dir = '/etc/cni/net.d'
  use_internal_loopback = true
[plugins.'io.containerd.cri.v1.runtime'.containerd]
  default_runtime_name = 'crun'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.crun]
  runtime_type = 'io.containerd.runc.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.crun.options]
  BinaryName = '/usr/bin/crun'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
"""

# A network plugin that does nothing, for a sandbox wants one.
CNI = """\
#!/bin/sh
cat >/dev/null
case $CNI_COMMAND in
ADD) echo "{\\"cniVersion\\":\\"1.0.0\\",\\"interfaces\\":[{\\"name\\":\\"eth0\\",\\"sandbox\\":\\"$CNI_NETNS\\"}],\\"ips\\":[{\\"address\\":\\"192.0.2.2/24\\",\\"interface\\":0}]}" ;;
VERSION) echo '{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}' ;;
esac
"""


def containerd_settings(m, systemd=False):
    binary = "BinaryName = '/usr/bin/crun'\n"
    m.write("/etc/containerd/config.toml", CONTAINERD.replace(binary, binary + "  SystemdCgroup = true\n" if systemd else binary))
    m.write("/opt/cni/bin/none", CNI, 0o755)
    m.write("/etc/cni/net.d/10-none.conflist", '{"cniVersion":"1.0.0","name":"none","plugins":[{"type":"none"}]}\n')


def containerd_images(m):
    m.once("podman", lambda: m.sh(BOX.format("podman")))
    m.sh("tar -C /run/engines/rootfs -c . | podman import -q -c 'CMD [\"/bin/sleep\", \"600\"]' - pause")
    m.until("ctr version")
    for image in ("box", "pause"):
        m.sh(f"podman save -q --format oci-archive -o /run/engines/{image}.tar localhost/{image}")
        for namespace in ("default", "k8s.io"):
            m.sh(f"ctr -n {namespace} image import --index-name localhost/{image}:latest /run/engines/{image}.tar")


def containerd(m):
    containerd_settings(m)
    m.spawn("containerd", "/run/engines/containerd.log")
    containerd_images(m)


def second_docker(m, *options):
    """Another one beside it, with nothing in common, the network neither; (what spawn() says, the client's command)."""
    place = "/run/engines/second-docker"
    m.sh(f"mkdir -p {place}; [ -e {place}/daemon.json ] || echo '{{}}' >{place}/daemon.json")
    d = m.spawn(f"unshare -n dockerd --config-file {place}/daemon.json --data-root /var/lib/docker/second --exec-root {place}/exec --pidfile {place}/pid "
                f"--bridge none --iptables=false --ip6tables=false --storage-driver overlay2 -H unix://{place}/sock --add-runtime crun=/usr/bin/crun "
                f"--default-runtime crun --exec-opt native.cgroupdriver=cgroupfs {' '.join(options)}", f"{place}/log")
    client = f"docker -H unix://{place}/sock"
    m.until(f"{client} version")
    return d, client


def docker(m, *options):
    m.write("/etc/docker/daemon.json", '{"default-runtime": "crun", "runtimes": {"crun": {"path": "/usr/bin/crun"}}}\n')
    m.spawn("dockerd --data-root /var/lib/docker --exec-root /run/docker --storage-driver overlay2 "
            f"-H {DOCKER} {' '.join(options or ['--exec-opt native.cgroupdriver=cgroupfs'])}", "/run/engines/dockerd.log")
    m.until(f"docker -H {DOCKER} version")
    m.sh("docker context create here --docker host=" + DOCKER + " >/dev/null && docker context use here")
    m.sh(BOX.format("docker").replace(" -q ", " ").replace("- box", "- box:latest"))
    return m

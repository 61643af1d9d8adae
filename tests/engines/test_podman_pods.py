# SPDX-License-Identifier: GPL-2.0-or-later
"""podman's pods, and what kube play makes of Kubernetes YAML."""

import pytest

ALL = pytest.mark.layouts("v2", "hybrid", "v1")

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: {example.org/key: value}
spec:
  hostname: web
  terminationGracePeriodSeconds: 0
  securityContext: {runAsUser: 1000, fsGroup: 2000}
  volumes:
  - name: data
    emptyDir: {}
  containers:
  - name: main
    image: localhost/box
    imagePullPolicy: Never
    command: [sh, -c, "echo from main >/data/file; sleep 600"]
    env: [{name: A, value: b}]
    volumeMounts: [{name: data, mountPath: /data}]
    securityContext:
      readOnlyRootFilesystem: true
      allowPrivilegeEscalation: false
      capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
  - name: side
    image: localhost/box
    imagePullPolicy: Never
    command: [sh, -c, "until cat /data/file 2>/dev/null; do sleep 0.1; done; sleep 600"]
    volumeMounts: [{name: data, mountPath: /data}]
    RESOURCES
"""
RESOURCES = "resources: {limits: {memory: 64Mi, cpu: 500m}}"
LIMIT = dict.fromkeys(("hybrid", "v1"), "{memory/memory.limit_in_bytes,cpu/cpu.cfs_quota_us}") | {"enforced": "{memory.max,cpu.max}"}
FOUND = dict.fromkeys(("hybrid", "v1"), ["67108864", "50000"]) | {"enforced": ["67108864", "50000", "100000"]}


@ALL
def test_pod(podman):
    podman.sh("podman pod create --name p1 --share net,ipc,uts,pid --hostname pod")
    podman.sh("podman run -d --pod p1 --name c1 box sleep 77")
    assert podman.sh("podman run --rm --pod p1 box hostname") == "pod"
    assert "sleep 77" in podman.sh("podman run --rm --pod p1 box ps")
    assert podman.sh("podman pod inspect -f '{{.State}}' p1") == "Running"
    podman.sh("podman pod pause p1 && podman pod unpause p1")
    podman.sh("podman pod stop -t 0 p1")
    podman.sh("podman pod start p1")
    assert podman.sh("podman inspect -f '{{.State.Status}}' c1") == "running"


@ALL
def test_pod_user_namespace(podman):
    podman.sh("podman pod create --name p1 --userns=auto")
    assert podman.sh("podman run --rm --pod p1 box cat /proc/self/uid_map").split()[0] == "0"


@pytest.mark.layouts("hybrid", "v1")
def test_pod_limits(podman):
    podman.sh("podman pod create --name p1 --memory 64m --cpus 1")
    own = podman.sh("podman run --rm --pod p1 --cgroupns host box grep memory: /proc/self/cgroup").split(":")[2]
    parent = own.rsplit("/", 1)[0]
    assert podman.sh(f"cat /sys/fs/cgroup/memory{parent}/memory.limit_in_bytes") == "67108864"


@ALL
def test_kube(podman):
    limits = "" if podman.layout == "v2" else RESOURCES
    podman.write("/run/engines/pod.yaml", POD.replace("RESOURCES", limits))
    podman.sh("podman kube play /run/engines/pod.yaml")
    try:
        assert podman.until("podman logs web-side | grep main") == "from main"
        assert podman.sh("podman exec web-main sh -c 'echo $A; id -u; hostname'").split() == ["b", "1000", "web"]
        podman.fails("podman exec web-main touch /file")
        status = podman.sh("podman exec web-main grep -E 'NoNewPrivs|CapBnd' /proc/self/status").split()
        assert status == ["CapBnd:", "0000000000000400", "NoNewPrivs:", "1"]
        if limits:
            assert podman.sh(f"podman exec web-side cat /sys/fs/cgroup/{LIMIT[podman.layout]}").split() == FOUND[podman.layout]
    finally:
        podman.run("podman kube down --force /run/engines/pod.yaml")
    assert podman.sh("podman ps -aq") == ""

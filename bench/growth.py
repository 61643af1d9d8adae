# SPDX-License-Identifier: GPL-2.0-or-later
"""How a run grows with its configuration, and what is measured beside it: many containers, two at a time."""

import copy

MOUNTS, RULES, MAPS, LIVE = [1, 10, 100, 1000], [1, 10, 100, 500], [1, 10, 100], [1, 10, 100, 1000]
SYSTEM_CALL = "getpriority"  # conditions on its arguments make rules that differ


def with_mounts(config, n):
    config["mounts"] += [{"destination": f"/m/{i}", "type": "tmpfs", "source": "tmpfs"} for i in range(n)]


def with_rules(config, n):
    rules = [{"names": [SYSTEM_CALL], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 + i % 100,
              "args": [{"index": 0, "value": 1000 + i, "op": "SCMP_CMP_EQ"}]} for i in range(n)]
    config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules}


def with_maps(config, n):
    maps = [{"containerID": i, "hostID": 200000 + 2 * i, "size": 1} for i in range(n)]
    config["linux"]["namespaces"].append({"type": "user"})
    for mount in config["mounts"]:  # a group that is not in every map
        mount["options"] = [o for o in mount.get("options", []) if not o.startswith("gid=")]
    config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = maps


KINDS = {"mounts": (with_mounts, MOUNTS), "rules": (with_rules, RULES), "maps": (with_maps, MAPS)}


def make_bundles(work, base, make_bundle, guest):
    """work/KIND-N for all kinds and numbers."""
    for kind, (change, numbers) in KINDS.items():
        for n in numbers:
            config = copy.deepcopy(base)
            change(config, n)
            make_bundle(work, f"{kind}-{n}", config, guest)


def growth_lines(programs, home, line):
    for kind, (_, numbers) in KINDS.items():
        for n in numbers:
            for candidate, program in programs.items():
                yield line(candidate, f"{kind}-{n}", "m", [program, "run", "--bundle", f"{home}/{kind}-{n}", "bench"])


def live_script(program, home, n):
    """N containers that are created, in a state root of their own."""
    return (f"i=0; while [ $i -lt {n} ]; do {program} --root /run/live create --bundle {home}/life live$i </dev/null "
            f">/dev/null 2>&1 || exit 1; i=$((i+1)); done\n")


def live_end(program, n):
    return f"i=0; while [ $i -lt {n} ]; do {program} --root /run/live delete --force live$i; i=$((i+1)); done\n"


def live_lines(candidate, program, home, n, line):
    root = [program, "--root", "/run/live"]
    yield line(candidate, f"list-{n}", "m", [*root, "list"])
    yield line(candidate, f"state-{n}", "m", [*root, "state", "live0"])
    yield line(candidate, f"run-{n}", "m", [*root, "run", "--bundle", f"{home}/default", "bench"])


def parallel_script(program, home, loops, runs, out):
    """LOOPS shells at the same time, RUNS containers each; nanoseconds to OUT."""
    return f"""start=$(date +%s%N)
for loop in {" ".join(map(str, range(loops)))}; do
  (i=0; while [ $i -lt {runs} ]; do {program} run --bundle {home}/default p$loop || exit 1; i=$((i+1)); done) &
done
wait
echo $(( $(date +%s%N) - start )) >{out}
"""


def series(steps, kind, field="min_us"):
    """{candidate: [(n, microseconds)]} of the steps KIND-N."""
    found = {}
    for step, candidates in steps.items():
        name, _, n = step.rpartition("-")
        if name == kind:
            for candidate, figures in candidates.items():
                found.setdefault(candidate, []).append((int(n), figures[field]))
    return found

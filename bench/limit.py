# SPDX-License-Identifier: GPL-2.0-or-later
"""The smallest memory limit with which a container runs: found by halving, in a tree with the v1 memory controller."""

import json

LOW, HIGH = 0, 32 << 20  # bytes: none runs with LOW, all run with HIGH
PAGE = 4096
TRIES = 5  # all of them must succeed


def make_bundle(work, config, make):
    config["linux"].setdefault("resources", {})["memory"] = {"limit": "LIMIT"}
    make(work, "limit", config)
    template = json.dumps(json.loads((work / "limit/config.json").read_text())).replace('"LIMIT"', "@LIMIT@")
    (work / "limit/template").write_text(template)


def script(programs, home):
    """For each of PROGRAMS a line "number bytes" in HOME/limits, in their order."""
    lines = [f"""
runs() {{ # PROGRAM PAGES
  sed "s/@LIMIT@/$(($2 * {PAGE}))/" {home}/limit/template >{home}/limit/config.json
  for try in {" ".join(map(str, range(TRIES)))}; do
    "$1" run --bundle {home}/limit limit </dev/null >/dev/null 2>&1 || {{ "$1" delete --force limit >/dev/null 2>&1; return 1; }}
  done
}}
least() {{ # NUMBER PROGRAM
  low={LOW // PAGE} high={HIGH // PAGE}
  runs "$2" $high || {{ echo "$1 0"; return; }}
  while [ $((high - low)) -gt 1 ]; do
    middle=$(((low + high) / 2))
    if runs "$2" $middle; then high=$middle; else low=$middle; fi
  done
  echo "$1 $((high * {PAGE}))"
}}
: >{home}/limits"""]
    lines += [f"least {i} {program} >>{home}/limits" for i, program in enumerate(programs)]
    return "\n".join(lines) + "\n"


def parse(text, candidates):
    """{candidate: KiB}, without those that never ran."""
    rows = [map(int, line.split()) for line in text.splitlines()]
    return {candidates[i]: size // 1024 for i, size in rows if size}

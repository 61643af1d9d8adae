#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The documents that the program writes against the schemas of the OCI specification.

schema_check.py PROGRAM [SCHEMAS]; SCHEMAS is the folder with features-schema.json and config-schema.json (shared/oci
beside the checkout when it is not given). TAP; everything is skipped, with the reason, where the python module or the
schemas are missing.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

SHARED = pathlib.Path(__file__).resolve().parents[3] / "shared" / "oci"


def features(program):
    return subprocess.run([program, "features"], check=True, capture_output=True).stdout


def spec(program, *options):
    with tempfile.TemporaryDirectory() as bundle:
        subprocess.run([program, "spec", *options, "--bundle", bundle], check=True, capture_output=True)
        return (pathlib.Path(bundle) / "config.json").read_bytes()


CASES = [
    ("features", "features-schema.json", features),
    ("spec", "config-schema.json", spec),
    ("spec --rootless", "config-schema.json", lambda program: spec(program, "--rootless")),
]


def problems(jsonschema, schemas, schema_name, document):
    """What the schema says against the document, one line each."""
    # RefResolver is what every version has; its successor is missing in Debian 12's.
    warnings.simplefilter("ignore", DeprecationWarning)
    schema = json.loads((schemas / schema_name).read_text())
    resolver = jsonschema.RefResolver((schemas / schema_name).as_uri(), schema)
    validator = jsonschema.Draft4Validator(schema, resolver=resolver)
    for error in validator.iter_errors(document):
        yield f"{'.'.join(str(part) for part in error.absolute_path)}: {error.message}"


def check(jsonschema, schemas, program, number, case):
    name, schema_name, make = case
    found = list(problems(jsonschema, schemas, schema_name, json.loads(make(program))))
    for line in found:
        print(f"# {line}")
    print(f"{'not ok' if found else 'ok'} {number} - {name}")
    return not found


def main():
    program = pathlib.Path(sys.argv[1]).resolve()  # a name without a slash would be looked up in PATH
    schemas = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else SHARED
    try:
        import jsonschema
    except ImportError:
        print("1..0 # SKIP no python3-jsonschema")
        return 0
    if not (schemas / "features-schema.json").exists():
        print(f"1..0 # SKIP no schemas in {schemas}")
        return 0
    print(f"1..{len(CASES)}")
    results = [check(jsonschema, schemas, program, i + 1, case) for i, case in enumerate(CASES)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

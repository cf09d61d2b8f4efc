"""`python -m tests.benchmarks --out var/bench.json [--only NAME]... [--quick]`: runs benchmarks and writes a JSON object."""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from tests.benchmarks.harness import BENCHMARKS, Scale, measure

#: Each registers its benchmarks when it is imported; add a file here.
FILES = (
    "credit_worker",
    "credit_million",
    "cost_growth",
    "get_credit_record",
    "embedded",
    "index_rebuild",
    "kafka_worker",
    "cluster",
    "check_enterprise",
    "decision_to_department",
    "directive_replay",
)


def main() -> int:
    for file in FILES:
        import_module(f"tests.benchmarks.{file}")
    given = _arguments()
    results: dict[str, object] = {}
    for name in given.only or BENCHMARKS:
        results[name] = measure(BENCHMARKS[name], Scale(quick=given.quick))
        print(json.dumps({name: results[name]}), flush=True)  # noqa: T201 - a command line tool
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(results, indent=2) + "\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--out", type=Path, required=True, help="where the JSON goes")
    parser.add_argument("--only", action="append", choices=sorted(BENCHMARKS), help="run this one; may be repeated")
    parser.add_argument("--quick", action="store_true", help="one run of a tenth")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env bash
# Fails when protos/gen is not what the protos generate.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
tools/gen_protos.sh "$fresh/gen" >/dev/null
diff -r -x __pycache__ "$fresh/gen" protos/gen || { echo "protos/gen is stale: run 'make proto' and commit"; exit 1; }

#!/usr/bin/env bash
# The only producer of protos/gen: generates into $1 (default protos/gen) from protos/.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
out=${1:-protos/gen}
rm -rf "$out" && mkdir -p "$out"
mapfile -t files < <(cd protos && find merchantcredit -name '*.proto' | sort)
PATH="$(dirname "$python"):$PATH" "$python" -m grpc_tools.protoc -Iprotos --python_out="$out" --grpc_python_out="$out" \
  --mypy_out="$out" --mypy_grpc_out=only_async:"$out" "${files[@]}"
find "$out/merchantcredit" -type d -exec touch {}/__init__.py {}/py.typed \;

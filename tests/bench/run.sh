#!/usr/bin/env bash
# ./dev bench NAME: runs one bench of build/release; without a name, lists them.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=${1:-}
bench=build/release/bin/bench_$name
if [[ -z $name || ! -x $bench ]]; then
    echo "benches:" >&2
    for bench in build/release/bin/bench_*; do echo "  ${bench##*bench_}" >&2; done
    exit 2
fi
exec "$bench" "${@:2}"

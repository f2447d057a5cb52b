#!/usr/bin/env bash
# ./dev bench [quick]: figures of the whole product, then of its parts. Ratios of one run count, absolute
# figures only on a quiet machine.
set -euo pipefail
bin=build/release/bin
cmake --build --preset release --target load_bench store_bench http_bench contract_bench ledger_bench connector_bench
sales=${CROSSFOOT_BENCH_SALES:-100000}
echo "## as fast as it goes"
$bin/load_bench $bin/crossfoot connectors "$sales" 64
echo "## at half that rate, open loop"
$bin/load_bench $bin/crossfoot connectors "$sales" 64 "${CROSSFOOT_BENCH_RATE:-3000}"
[ "${1:-}" = quick ] && exit 0
echo "## parts"
$bin/contract_bench
$bin/ledger_bench
$bin/connector_bench
$bin/http_bench
$bin/store_bench "$(mktemp -d)" --stored 0,100000,1000000

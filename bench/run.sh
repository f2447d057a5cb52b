#!/usr/bin/env bash
# ./dev bench [quick|long]: figures of the whole product, then of its parts. Ratios of one run count, absolute
# figures only on a quiet machine.
set -euo pipefail
bin=build/release/bin
cmake --build --preset release --target load_bench store_bench http_bench contract_bench ledger_bench connector_bench
sales=${CROSSFOOT_BENCH_SALES:-100000}
load() { $bin/load_bench $bin/crossfoot connectors --connections 64 "$@"; }
echo "## as fast as it goes"
load --sales "$sales"
echo "## at half that rate, open loop"
rate=${CROSSFOOT_BENCH_RATE:-2000}
load --sales "$sales" --rate "$rate"
[ "${1:-}" = quick ] && exit 0
if [ "${1:-}" = long ]; then
  echo "## ten minutes at half the rate, a console refreshing and a reconciliation running"
  load --sales $((rate * 600)) --rate "$rate" --watch
  echo "## with sales already stored"
  for stored in 0 100000 2000000; do load --sales "$sales" --stored $stored; done
  echo "## a backlog of a million"
  load --sales 1000000 --backlog
fi
echo "## parts"
$bin/contract_bench
$bin/ledger_bench
$bin/connector_bench
$bin/http_bench
$bin/store_bench "$(mktemp -d)" --stored 0,100000,1000000

// Costs of the contract: parse and check, content hash, rendering of a 1.2 KB sale of six lines,
// and its validation by the published schema. Run from the root of the checkout.
#include <benchmark/benchmark.h>

#include <fstream>
#include <iterator>
#include <string>

#include "contract/schema/schema.h"
#include "contract/transaction_hash.h"
#include "contract/transaction_json.h"

namespace {

using namespace crossfoot;
using namespace crossfoot::contract;

std::string six_line_sale() {
  std::string json =
      R"({"kind":"sale","channel":"pos","shop":"DE-001","register":"3","register_epoch":0,)"
      R"("business_date":"2026-11-21","sequence":"1234","occurred_at":"2026-11-21T10:03:04+01:00",)"
      R"("currency":"EUR","tax_mode":"inclusive","region":"DE","member":"M-1001","lines":[)";
  for (int line = 1; line <= 6; ++line) {
    if (line > 1) json += ',';
    json += R"({"line":)" + std::to_string(line) + R"(,"kind":"goods","article":"TOY-)" +
            std::to_string(line) +
            R"(","quantity":"2","unit":"EA","unit_price":"19.99","discount":"0.00",)"
            R"("tax_code":"DE-STD","tax_rate":"0.19"})";
  }
  return json + R"(],"discounts":[{"amount":"4.50","reason":"coupon"}],)"
                R"("tenders":[{"kind":"card","amount":"235.38"}],"totals":{"gross":"235.38"}})";
}

ParsePolicy policy() {
  return {.now = *parse_instant("2026-11-21T12:00:00Z")};
}

void parse_and_check(benchmark::State& state) {
  const std::string json = six_line_sale();
  TransactionParser parser;
  if (!parser.parse(json, policy())) state.SkipWithError("the sale does not parse");
  for (auto _ : state) {
    auto parsed = parser.parse(json, policy());
    benchmark::DoNotOptimize(parsed);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(json.size()));
  state.counters["bytes"] = static_cast<double>(json.size());
}
BENCHMARK(parse_and_check);

void content_hash(benchmark::State& state) {
  const auto parsed = parse_transaction(six_line_sale(), policy());
  for (auto _ : state) benchmark::DoNotOptimize(transaction_hash(parsed->transaction));
}
BENCHMARK(content_hash);

void natural_key_hash(benchmark::State& state) {
  const auto parsed = parse_transaction(six_line_sale(), policy());
  for (auto _ : state) benchmark::DoNotOptimize(parsed->transaction.key.hash());
}
BENCHMARK(natural_key_hash);

void render(benchmark::State& state) {
  const auto parsed = parse_transaction(six_line_sale(), policy());
  for (auto _ : state) benchmark::DoNotOptimize(render_transaction(parsed->transaction));
}
BENCHMARK(render);

std::string transaction_schema() {
  std::ifstream in("api/schemas/transaction/v1.json");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Against parse_and_check: the same text, read by the schema's own reader and judged by the
/// schema.
void schema_parse_and_validate(benchmark::State& state) {
  const auto compiled = schema::Schema::compile(transaction_schema());
  if (!compiled) return state.SkipWithError("the schema does not compile");
  const std::string json = six_line_sale();
  for (auto _ : state) {
    const auto document = schema::JsonDocument::parse(json);
    const auto verdict = compiled->validate(document->root());
    if (!verdict || !verdict->valid) return state.SkipWithError("the sale is not valid");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(json.size()));
}
BENCHMARK(schema_parse_and_validate);

void schema_validate(benchmark::State& state) {
  const auto compiled = schema::Schema::compile(transaction_schema());
  if (!compiled) return state.SkipWithError("the schema does not compile");
  const auto document = schema::JsonDocument::parse(six_line_sale());
  for (auto _ : state) benchmark::DoNotOptimize(compiled->validate(document->root()));
}
BENCHMARK(schema_validate);

void schema_compile(benchmark::State& state) {
  const std::string text = transaction_schema();
  for (auto _ : state) benchmark::DoNotOptimize(schema::Schema::compile(text));
}
BENCHMARK(schema_compile);

}  // namespace

BENCHMARK_MAIN();

#include <benchmark/benchmark.h>

#include "connector/exchange.h"

namespace crossfoot::connector {
namespace {

/// Six lines, about 1.2 KB: the sale of the performance budget.
std::string six_line_sale() {
  std::string text =
      R"({"kind":"sale","channel":"pos","shop":"DE-001","register":"3","register_epoch":0,)"
      R"("business_date":"2026-11-21","sequence":"1234","occurred_at":"2026-11-21T10:03:04+01:00",)"
      R"("currency":"EUR","tax_mode":"inclusive","region":"DE","member":"M-1001","lines":[)";
  for (int i = 1; i <= 6; ++i) {
    if (i > 1) text += ',';
    text += R"({"line":)" + std::to_string(i) + R"(,"kind":"goods","article":"ART-10)" +
            std::to_string(i) +
            R"(","description":"Wooden train","quantity":"2","unit":"EA","unit_price":"19.99",)"
            R"("discount":"0.00","tax_code":"DE-STD","tax_rate":"0.19"})";
  }
  return text + R"(],"discounts":[{"amount":"4.50","reason":"coupon"}],)"
                R"("tenders":[{"kind":"card","amount":"235.38"}],"totals":{"gross":"235.38"}})";
}

constexpr std::string_view jq_post = R"jq(
{ reference, kind: .transaction.kind, shop: .transaction.shop, region: .transaction.region,
  business_date: .transaction.business_date, occurred_at: .transaction.occurred_at,
  currency: .transaction.currency, tax_mode: .transaction.tax_mode,
  receipt: (.transaction | "\(.shop)/\(.register)/\(.business_date)/\(.sequence)"),
  lines: (.transaction.lines | map({line, action: (.action // "sold"), kind, article, quantity,
    unit_price, discount: (.discount // "0"), tax_code, tax_rate})),
  discounts: (.transaction.discounts | map({amount})),
  tenders: (.transaction.tenders | map({kind, amount})) })jq";

const Operation& post_operation() {
  static const LoadedPack loaded = load_pack("connectors/sandbox-erp");
  if (!loaded.pack) std::abort();
  return loaded.pack->operations.at("post");
}

flow::CallRequest sale_request() {
  flow::CallRequest request{.target = "erp", .operation = "post", .correlation_id = "01KAXF8Q2R7M"};
  request.items.push_back(
      {"7ZK3Q8M2W5N9C4T1B6X0", "", std::make_shared<const std::string>(six_line_sale()), ""});
  return request;
}

std::string mapping_input() {
  return R"({"reference":"7ZK3Q8M2W5N9C4T1B6X0","arguments":{},"transaction":)" + six_line_sale() +
         "}";
}

/// The mapping alone: the input is parsed already.
void template_render(benchmark::State& state) {
  const auto& mapping = std::get<Template>(post_operation().request);
  simdjson::dom::parser parser;
  const Json input = *parse_json(mapping_input(), parser);
  std::string out;
  for (auto _ : state) {
    out.clear();
    if (!mapping.render(input, out)) std::abort();
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["bytes_in"] = static_cast<double>(mapping_input().size());
  state.counters["bytes_out"] = static_cast<double>(out.size());
}
BENCHMARK(template_render);

/// From the call to the whole request: input, parse, path, body, headers.
void template_whole_request(benchmark::State& state) {
  const flow::CallRequest request = sale_request();
  Workspace workspace;
  for (auto _ : state) {
    auto made = make_call(post_operation(), request, workspace);
    if (!made) std::abort();
    benchmark::DoNotOptimize(made->http.body.data());
  }
}
BENCHMARK(template_whole_request);

/// The same body made by jq, its own parsing and printing included.
void jq_mapping(benchmark::State& state) {
  const auto mapping = JqMapping::compile(jq_post);
  if (!mapping) std::abort();
  const std::string input = mapping_input();
  std::string out;
  for (auto _ : state) {
    out.clear();
    if (!mapping->run(input, out)) std::abort();
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(jq_mapping);

/// An answer of the ERP, from its bytes to id and hash.
void read_answer_of_posting(benchmark::State& state) {
  const flow::CallRequest request = sale_request();
  static const LoadedPack loaded = load_pack("connectors/sandbox-erp");
  Workspace workspace;
  auto sent = make_call(post_operation(), request, workspace);
  const runtime::HttpAnswer answer{
      201,
      {},
      R"({"id":"D-1","reference":"7ZK3Q8M2W5N9C4T1B6X0","net":"197.80","tax":"37.58",)"
      R"("gross":"235.38","state":"posted"})"};
  for (auto _ : state) {
    auto read = read_answer(*loaded.pack, post_operation(), request, *sent, answer, {}, workspace);
    if (!read) std::abort();
    benchmark::DoNotOptimize(read->data());
  }
}
BENCHMARK(read_answer_of_posting);

}  // namespace
}  // namespace crossfoot::connector

BENCHMARK_MAIN();

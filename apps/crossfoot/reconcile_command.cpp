#include "reconcile_command.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <thread>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "progress.h"

namespace crossfoot::app {

namespace {

Fault unreadable() {
  return {.code = std::string(contract::error_code::corrupt_answer),
          .fault_class = FaultClass::corrupt,
          .where = "reconciliation",
          .cause = "the server's answer cannot be read"};
}

}  // namespace

Result<std::string> reconcile(ApiClient& api, BusinessDate from, BusinessDate to) {
  contract::JsonWriter out;
  out.begin_object().member("from", to_string(from)).member("to", to_string(to)).end_object();
  auto body = api.json(runtime::Method::post, "/v1/reconciliations", out.take());
  if (!body) return body;
  simdjson::dom::parser parser;
  std::string_view text;
  if (parser.parse(*body)["id"].get(text) != simdjson::SUCCESS) return fail(unreadable());
  const std::string target = fmt::format("/v1/reconciliations/{}", text);
  std::unique_ptr<Progress> progress;
  for (;;) {
    body = api.json(runtime::Method::get, target);
    if (!body) return body;
    simdjson::dom::element root;
    if (parser.parse(*body).get(root) != simdjson::SUCCESS ||
        root["state"].get(text) != simdjson::SUCCESS) {
      return fail(unreadable());
    }
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    (void)root["progress"]["done"].get(done);
    (void)root["progress"]["total"].get(total);
    if (progress == nullptr && total > 0) {
      progress = std::make_unique<Progress>("comparing three sides", total, "days");
    }
    if (progress != nullptr) progress->at(done);
    if (text == "done") return body;
    if (text == "failed") {
      std::string_view cause = "the reconciliation failed";
      (void)root["detail"].get(cause);
      return fail({.code = std::string(contract::error_code::target_unavailable),
                   .fault_class = FaultClass::transient,
                   .where = "reconciliation",
                   .cause = std::string(cause)});
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
}

Result<ReconciliationSummary> summarise_reconciliation(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ReconciliationSummary summary;
  const bool read = parser.parse(json).get(root) == simdjson::SUCCESS &&
                    root["receipts"].get(summary.receipts) == simdjson::SUCCESS &&
                    root["items"]["agreed"].get(summary.agreed) == simdjson::SUCCESS &&
                    root["items"]["in_flight"].get(summary.in_flight) == simdjson::SUCCESS &&
                    root["items"]["explained"].get(summary.explained) == simdjson::SUCCESS &&
                    root["items"]["unverified"].get(summary.unverified) == simdjson::SUCCESS &&
                    root["items"]["break"].get(summary.breaks) == simdjson::SUCCESS;
  if (!read) return fail(unreadable());
  return summary;
}

std::string describe_reconciliation(const std::string& json) {
  const auto summary = summarise_reconciliation(json);
  if (!summary) return "reconciliation: unreadable\n";
  return fmt::format(
      "reconciliation: {} receipts on three sides: {} agreed, {} in flight, {} explained, {} "
      "unverified, {} breaks\n",
      summary->receipts, summary->agreed, summary->in_flight, summary->explained,
      summary->unverified, summary->breaks);
}

}  // namespace crossfoot::app

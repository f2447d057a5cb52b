// Goal: the program behaves over real HTTP as a vendor does: faults, kills and all.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>
#include <set>

#include "runtime/http_client.h"
#include "runtime/process.h"
#include "sandbox/testing.h"

namespace crossfoot::sandbox {
namespace {

using runtime::HttpAnswer;
using runtime::HttpCall;
using runtime::HttpClient;
using runtime::Method;
using testing::Json;
using testing::TempFolder;

constexpr Duration patience{std::chrono::seconds{30}};

std::string sale(std::string_view reference) {
  return fmt::format(
      R"({{"reference": "{}", "kind": "sale", "shop": "GB", "business_date": "2010-12-01",
      "occurred_at": "2010-12-01T08:26:00Z", "currency": "GBP", "tax_mode": "not_in_source",
      "lines": [{{"line": 1, "kind": "goods", "article": "85123A", "quantity": "6",
      "unit_price": "2.55"}}], "tenders": [{{"kind": "on_account", "amount": "15.30"}}]}})",
      reference);
}

std::string accrual(std::string_view reference, std::string_view member) {
  return fmt::format(
      R"({{"reference": "{}", "member": "{}", "shop": "GB", "business_date": "2010-12-01",
      "occurred_at": "2010-12-01T08:26:00Z", "currency": "GBP", "tax_mode": "not_in_source",
      "lines": [{{"line": 1, "kind": "goods", "article": "85123A", "quantity": "6",
      "unit_price": "2.55"}}]}})",
      reference, member);
}

/// The program as its own process, and a client to it.
class Program {
 public:
  explicit Program(std::string kind) : kind_(std::move(kind)) { start(); }

  void start() {
    auto spawned =
        runtime::Process::spawn({.arguments = {CROSSFOOT_SANDBOX_PROGRAM, kind_, "--port", "0",
                                               "--data", folder_.path(), "--parent-pid-death"}});
    ASSERT_TRUE(spawned) << spawned.error().cause;
    process_.emplace(std::move(*spawned));
    const auto line = process_->read_line(patience);
    ASSERT_TRUE(line) << line.error().cause;
    constexpr std::string_view prefix = "listening 127.0.0.1:";
    ASSERT_TRUE(line->starts_with(prefix)) << *line;
    client_ = std::make_unique<HttpClient>(
        context_, "http://127.0.0.1:" + line->substr(prefix.size()), runtime::HttpClientLimits{});
  }
  void kill() {
    client_.reset();
    process_->kill();
  }
  int stop() {
    client_.reset();
    return process_->stop(patience);
  }

  /// Sends all calls at once; the answers in their order.
  std::vector<Result<HttpAnswer>> send(std::vector<HttpCall> calls) {
    std::vector<std::optional<Result<HttpAnswer>>> answers(calls.size());
    std::size_t left = calls.size();
    for (std::size_t i = 0; i < calls.size(); ++i) {
      client_->call(std::move(calls[i]), [&, i](Result<HttpAnswer> answer) {
        answers[i] = std::move(answer);
        --left;
      });
    }
    context_.restart();
    while (left > 0) context_.run_one();
    std::vector<Result<HttpAnswer>> all;
    for (auto& answer : answers) all.push_back(std::move(*answer));
    return all;
  }
  Result<HttpAnswer> send(HttpCall call) {
    std::vector<HttpCall> calls;
    calls.push_back(std::move(call));
    return std::move(send(std::move(calls)).front());
  }
  HttpAnswer answer(Method method, std::string target, std::string body = {}) {
    auto answered = send(HttpCall{.method = method,
                                  .target = std::move(target),
                                  .headers = {},
                                  .body = std::move(body),
                                  .deadline = patience});
    EXPECT_TRUE(answered) << answered.error().cause;
    return answered ? std::move(*answered) : HttpAnswer{};
  }
  HttpAnswer post(std::string body) {
    return answer(Method::post, "/erp/v1/postings", std::move(body));
  }
  std::size_t known(std::string_view reference) {
    return Json(answer(Method::get, fmt::format("/erp/v1/documents?reference={}", reference)).body)
        .size("/items");
  }
  void faults(std::string plan) {
    EXPECT_EQ(answer(Method::put, "/admin/faults", std::move(plan)).status, 200);
  }
  void no_faults() { EXPECT_EQ(answer(Method::delete_, "/admin/faults").status, 200); }

 private:
  std::string kind_;
  TempFolder folder_;
  boost::asio::io_context context_;
  std::optional<runtime::Process> process_;
  std::unique_ptr<HttpClient> client_;
};

TEST(Program, KeepsWhatItAnsweredThroughAKillAndStopsCleanly) {
  Program erp("erp");
  EXPECT_EQ(erp.answer(Method::get, "/healthz/ready").status, 200);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(erp.post(sale(fmt::format("R{}", i))).status, 201);
  erp.kill();
  erp.start();
  const Json page(erp.answer(Method::get, "/erp/v1/documents?business_date=2010-12-01").body);
  EXPECT_EQ(page.size("/items"), 20U);
  EXPECT_EQ(page["/items/19/gross"], "15.30");
  EXPECT_EQ(erp.stop(), 0);
}

TEST(Program, RefusesBeforeTheEffect) {
  Program erp("erp");
  erp.faults(R"({"rate_429": 1, "retry_after_s": 7})");
  const HttpAnswer throttled = erp.post(sale("R1"));
  EXPECT_EQ(throttled.status, 429);
  EXPECT_EQ(throttled.header("retry-after"), "7");
  erp.faults(R"({"rate_503": 1})");
  EXPECT_EQ(erp.post(sale("R1")).status, 503);
  erp.faults(R"({"outage": {"from_ms": 0, "for_ms": 600000}})");
  EXPECT_EQ(erp.post(sale("R1")).status, 503);
  EXPECT_EQ(erp.answer(Method::get, "/healthz/ready").status, 200);
  erp.no_faults();
  EXPECT_EQ(erp.known("R1"), 0U);
}

TEST(Program, FailsAfterTheEffect) {
  Program erp("erp");
  erp.faults(R"({"rate_503_after_effect": 1})");
  EXPECT_EQ(erp.post(sale("R1")).status, 503);
  erp.faults(R"({"rate_malformed": 1})");
  EXPECT_FALSE(Json(erp.post(sale("R2")).body).valid());
  erp.faults(R"({"rate_duplicate_answer": 1})");
  const std::string twice = erp.post(sale("R3")).body;
  EXPECT_FALSE(Json(twice).valid());
  EXPECT_TRUE(Json(twice.substr(0, twice.find('\n'))).valid());
  EXPECT_EQ(twice.substr(0, twice.find('\n')), twice.substr(twice.find('\n') + 1));
  erp.faults(R"({"rate_timeout_after_success": 1})");
  const auto silent = erp.send(HttpCall{.method = Method::post,
                                        .target = "/erp/v1/postings",
                                        .headers = {},
                                        .body = sale("R4"),
                                        .deadline = std::chrono::milliseconds{300}});
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().fault_class, FaultClass::unknown_outcome);
  erp.no_faults();
  for (const std::string_view reference : {"R1", "R2", "R3", "R4"}) {
    EXPECT_EQ(erp.known(reference), 1U) << reference;
  }
  EXPECT_EQ(erp.stop(), 0);
}

TEST(Program, AppliesAfterItSaidNotFound) {
  Program erp("erp");
  erp.faults(R"({"rate_applied_after_not_found": 1, "late_ms": 1000})");
  EXPECT_EQ(erp.post(sale("R1")).status, 504);
  EXPECT_EQ(erp.known("R1"), 0U);
  std::size_t known = 0;
  for (int i = 0; i < 1'000'000 && known == 0; ++i) known = erp.known("R1");
  EXPECT_EQ(known, 1U);
}

TEST(Program, RefusesParallelWritesForOneMember) {
  Program loyalty("loyalty");
  loyalty.faults(R"({"latency_ms": [300, 300]})");
  const auto write = [](std::string_view reference, std::string_view member) {
    return HttpCall{.method = Method::post,
                    .target = "/loyalty/v1/accruals",
                    .headers = {{"Idempotency-Key", std::string(reference)}},
                    .body = accrual(reference, member),
                    .deadline = patience};
  };
  std::vector<HttpCall> calls;
  calls.push_back(write("A1", "M-1"));
  calls.push_back(write("A2", "M-1"));
  calls.push_back(write("A3", "M-2"));
  const auto answers = loyalty.send(std::move(calls));
  std::multiset<int> same_member;
  for (const std::size_t i : {0U, 1U}) {
    ASSERT_TRUE(answers[i]);
    same_member.insert(answers[i]->status);
    if (answers[i]->status == 409) {
      EXPECT_EQ(Json(answers[i]->body)["/error/code"], "concurrent_update");
    }
  }
  EXPECT_EQ(same_member, (std::multiset<int>{201, 409}));
  EXPECT_EQ(answers[2]->status, 201);
  loyalty.no_faults();
  const auto repeated = loyalty.send(write("A3", "M-2"));
  ASSERT_TRUE(repeated);
  EXPECT_EQ(repeated->header("idempotency-replayed"), "true");
  EXPECT_EQ(repeated->body, answers[2]->body);
}

TEST(Program, OutlivesHostileInput) {
  Program erp("erp");
  EXPECT_EQ(erp.post("{").status, 400);
  EXPECT_EQ(erp.post(std::string(4'000'000, '[')).status, 400);
  EXPECT_EQ(erp.answer(Method::get, "/erp/v1/products/%00%ff%zz").status, 404);
  const auto huge = erp.send(HttpCall{.method = Method::post,
                                      .target = "/erp/v1/postings",
                                      .headers = {},
                                      .body = std::string(9'000'000, ' '),
                                      .deadline = patience});
  if (huge) EXPECT_EQ(huge->status, 413);  // or the connection was closed while it was sent
  EXPECT_EQ(erp.post(sale("R1")).status, 201);
  const Json stats(erp.answer(Method::get, "/admin/stats").body);
  EXPECT_EQ(stats["/documents"], "1");
}

}  // namespace
}  // namespace crossfoot::sandbox

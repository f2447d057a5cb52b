// Goal: a day is what its messages say, whatever came when; a close takes each receipt once, and
// what comes later makes the next slice.
#include "observe/store_days.h"

#include <gmock/gmock.h>

#include "edge/api_world.h"
#include "observe/day_json.h"
#include "process/processes.h"

namespace crossfoot::edge::test {

std::unique_ptr<flow::Processes> retail_processes() {
  return std::make_unique<process::RetailProcesses>();
}

}  // namespace crossfoot::edge::test

namespace crossfoot::observe {
namespace {

using edge::test::at;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view day_path = "/process/v1/settlement/store-days/DE-001/2026-11-21";

std::string receipt(int sequence, const std::string& kind = "sale",
                    const std::string& price = "10.00", const std::string& extra = "") {
  return R"({"kind":")" + kind +
         R"(","channel":"pos","shop":"DE-001","register":"3","business_date":"2026-11-21",)"
         R"("sequence":")" +
         std::to_string(sequence) + R"(","occurred_at":"2026-11-21T10:)" +
         std::to_string(10 + sequence % 50) +
         R"(:04+01:00","currency":"EUR","tax_mode":"inclusive","region":"DE-BY","lines":[{"line":1,)"
         R"("kind":"goods","article":"TOY-1","quantity":"1","unit_price":")" +
         price + R"(","tax_code":"STD","tax_rate":"0.20"}],"tenders":[{"kind":"cash","amount":")" +
         price + R"("}])" + extra + "}";
}

std::string voided_body(int sequence, int original) {
  return R"({"kind":"void","channel":"pos","shop":"DE-001","register":"3",)"
         R"("business_date":"2026-11-21","sequence":")" +
         std::to_string(sequence) +
         R"(","occurred_at":"2026-11-21T11:00:00+01:00","currency":"EUR","tax_mode":"inclusive",)"
         R"("region":"DE-BY","original":{"shop":"DE-001","register":"3",)"
         R"("business_date":"2026-11-21","sequence":")" +
         std::to_string(original) + R"("}})";
}

std::string till(const std::string& kind, int sequence, const std::string& rest = "") {
  return R"({"kind":")" + kind +
         R"(","shop":"DE-001","register":"3","business_date":"2026-11-21","sequence":")" +
         std::to_string(sequence) + R"(","occurred_at":"2026-11-21T10:)" +
         std::to_string(10 + sequence % 50) + R"(:00+01:00","region":"DE-BY")" + rest + "}";
}

std::string cash(const std::string& amount) {
  return R"(,"counted":[{"kind":"cash","amount":{"amount":")" + amount + R"(","currency":"EUR"}}])";
}

std::string z_totals(int count, const std::string& gross, int first, int last) {
  return R"(,"totals":{"count":)" + std::to_string(count) + R"(,"first_sequence":")" +
         std::to_string(first) + R"(","last_sequence":")" + std::to_string(last) +
         R"(","gross":{"amount":")" + gross + R"(","currency":"EUR"}})";
}

class StoreDaysTest : public testing::Test {
 protected:
  explicit StoreDaysTest(const std::string& policy = R"({"version":1})") {
    auto parsed = ledger::parse_settlement_policy(policy);
    EXPECT_TRUE(parsed.has_value());
    days_ = std::make_unique<StoreDays>(
        world_.scheduler(), [this] { return &world_.data_store(); }, std::move(*parsed));
    world_.store_days.owner = days_.get();
  }

  void sell(int sequence, const std::string& price = "10.00", const std::string& extra = "") {
    expect_taken("/v1/transactions", receipt(sequence, "sale", price, extra));
  }
  void send_till(const std::string& record) { expect_taken("/v1/till-records", record); }
  void expect_taken(const std::string& path, const std::string& body) {
    const auto taken = world_.post(path, body);
    EXPECT_EQ(taken.status, 202) << taken.body;
  }
  std::string look(const std::string& rest = "") {
    world_.settle();
    const auto found = world_.get(std::string(day_path) + rest);
    EXPECT_EQ(found.status, 200) << found.body;
    return found.body;
  }
  runtime::HttpAnswer close(bool in_spite = false, const std::string& by = "Ada") {
    world_.settle();
    return world_.post(std::string(day_path) + "/close",
                       R"({"by":")" + by + R"(","reason":"end of day","in_spite_of_findings":)" +
                           (in_spite ? "true" : "false") + "}");
  }
  std::string sum_of_slices() {
    const std::string day = look();
    ledger::DayTotals sum;
    for (int i = 0;; ++i) {
      const std::string totals = at(day, "/slices/" + std::to_string(i) + "/totals");
      if (totals == "<none>") break;
      auto read = parse_totals(totals);
      EXPECT_TRUE(read.has_value()) << totals;
      sum.add(*read);
    }
    const auto* euros = sum.find(*find_currency("EUR"));
    return euros == nullptr ? "0" : std::to_string(static_cast<long long>(euros->gross));
  }

  edge::test::World world_;
  std::unique_ptr<StoreDays> days_;
};

// Goal: a day that ties is ready, is closed once, and the second close finds nothing.
TEST_F(StoreDaysTest, ADayThatTiesIsClosedOnce) {
  send_till(till("till_open", 1, cash("100.00")));
  sell(2);
  sell(3, "5.00");
  EXPECT_EQ(at(look(), "/reasons/0/code"), "CF-3302") << "no Z-report yet";
  const auto early = close();
  EXPECT_EQ(early.status, 409);
  EXPECT_EQ(at(early.body, "/code"), "CF-2451");
  EXPECT_EQ(at(early.body, "/errors/0/code"), "CF-3302");
  send_till(till("till_close", 4, cash("115.00") + z_totals(2, "15.00", 2, 3)));
  const std::string ready = look();
  EXPECT_EQ(at(ready, "/state"), "ready") << ready;
  EXPECT_EQ(at(ready, "/may_close"), "true");
  EXPECT_EQ(at(ready, "/totals/0/gross"), "15.00");
  EXPECT_EQ(at(ready, "/registers/0/sessions/0/cash/0/over_short"), "0.00");
  const auto closed = close();
  ASSERT_EQ(closed.status, 202) << closed.body;
  EXPECT_EQ(at(closed.body, "/slice"), "1");
  EXPECT_EQ(at(closed.body, "/added"), "2");
  const std::string after = look();
  EXPECT_EQ(at(after, "/state"), "closed");
  EXPECT_EQ(at(after, "/slices/0/by"), "Ada");
  const auto again = close();
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(at(again.body, "/code"), "CF-2452");
  const auto timeline = world_.get("/v1/transactions/" + at(closed.body, "/id") + "/timeline");
  EXPECT_THAT(timeline.body, HasSubstr("slice 1 by Ada: end of day"));
  EXPECT_EQ(at(world_.get("/v1/transactions/" + at(closed.body, "/id")).body, "/kind"),
            "store_day_close");
}

// V19: a store day with a late receipt after its close: slice 2 is the delta, what is posted is the
// sum of the slices, and slice 1 is untouched.
TEST_F(StoreDaysTest, V19ALateReceiptMakesTheNextSlice) {
  send_till(till("till_open", 1, cash("0.00")));
  sell(2);
  send_till(till("till_close", 4, cash("10.00") + z_totals(2, "15.00", 2, 3)));
  EXPECT_EQ(close().status, 409) << "number 3 is missing and the Z-report differs";
  const auto first = close(true);
  ASSERT_EQ(first.status, 202) << first.body;
  EXPECT_EQ(at(first.body, "/in_spite_of/0"), "CF-3301") << first.body;
  const std::string slice = look("/slices/1");
  sell(3, "5.00");
  const std::string late = look();
  EXPECT_EQ(at(late, "/state"), "late");
  EXPECT_EQ(at(late, "/since_last_close/added"), "1");
  EXPECT_EQ(at(late, "/since_last_close/totals/0/gross"), "5.00");
  EXPECT_THAT(late, HasSubstr("CF-3308")) << "named as late after its Z-report";
  const auto second = close(true);
  ASSERT_EQ(second.status, 202) << second.body;
  EXPECT_EQ(at(second.body, "/slice"), "2");
  EXPECT_EQ(at(second.body, "/totals/0/gross"), "5.00");
  EXPECT_EQ(look("/slices/1"), slice) << "a slice never changes";
  EXPECT_EQ(sum_of_slices(), "1500");
  EXPECT_EQ(at(look(), "/state"), "closed");
}

// Goal: a void and a correction after the close go into later slices, and the slices still come to
// what the receipts come to.
TEST_F(StoreDaysTest, VoidsAndCorrectionsAfterTheCloseAreDeltas) {
  sell(1);
  sell(2, "7.00");
  ASSERT_EQ(close(true).status, 202);
  expect_taken("/v1/transactions", voided_body(3, 1));
  sell(2, "6.00", R"(,"revision":1)");
  const auto second = close(true);
  ASSERT_EQ(second.status, 202) << second.body;
  EXPECT_EQ(at(second.body, "/added"), "2") << "the void and the correction";
  EXPECT_EQ(at(second.body, "/removed"), "1") << "the revision before";
  EXPECT_EQ(at(second.body, "/totals/0/gross"), "-11.00");
  EXPECT_EQ(sum_of_slices(), "600");
  EXPECT_EQ(at(look(), "/totals/0/gross"), "6.00");
  // Each receipt says where it is.
  const auto found = world_.get("/v1/transactions?business_date=2026-11-21&shop=DE-001&sequence=2");
  for (int i = 0; i < 2; ++i) {
    const std::string id = at(found.body, "/items/" + std::to_string(i) + "/id");
    const auto receipt_of = world_.get("/v1/transactions/" + id);
    const bool superseded = at(receipt_of.body, "/state") == "superseded";
    EXPECT_EQ(at(receipt_of.body, "/slices/0/slice"), superseded ? "1" : "2") << receipt_of.body;
    EXPECT_EQ(at(receipt_of.body, "/slices/1/removed"), superseded ? "true" : "<none>");
  }
}

// Goal: of two that close at once one takes the slice; the other finds nothing left.
TEST_F(StoreDaysTest, TwoWhoCloseAtOnceTakeOneSlice) {
  sell(1);
  world_.settle();
  const std::string order = R"({"by":"Ada","reason":"end","in_spite_of_findings":true})";
  const std::size_t before = world_.answers.size();
  for (int i = 0; i < 4; ++i) {
    world_.send(runtime::Method::post, std::string(day_path) + "/close",
                {{"Content-Type", "application/json"}}, order);
  }
  int taken = 0;
  world_.run_until([&] {
    return std::all_of(world_.answers.begin() + static_cast<std::ptrdiff_t>(before),
                       world_.answers.end(), [](const auto& one) { return one.has_value(); });
  });
  for (std::size_t i = before; i < world_.answers.size(); ++i) {
    const auto& answer = *world_.answers[i];
    taken += answer.status == 202 ? 1 : 0;
    if (answer.status != 202) EXPECT_EQ(at(answer.body, "/code"), "CF-2452") << answer.body;
  }
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(at(look(), "/slices/1/slice"), "<none>");
}

// Goal: a restart, as after a crash, finds days and slices as they were; nothing counts in memory.
TEST_F(StoreDaysTest, ARestartFindsTheSameDay) {
  sell(1);
  sell(5);
  ASSERT_EQ(close(true).status, 202);
  sell(6);
  const auto without_time = [](std::string day) {
    const std::size_t from = day.find(R"("as_of":")");
    return day.erase(from, day.find(',', from) - from);
  };
  const std::string before = without_time(look());
  world_.reopen();
  EXPECT_EQ(without_time(look()), before);
  EXPECT_THAT(before, HasSubstr(R"({"first":"2","last":"4","count":3})"));
  const auto list = world_.get("/v1/store-days?date=2026-11-21");
  EXPECT_EQ(at(list.body, "/items/0/state"), "late");
}

// Goal: held and unreadable messages of the day keep it open, and count for nothing.
TEST_F(StoreDaysTest, WhatIsInDoubtKeepsTheDayOpen) {
  sell(1);
  expect_taken("/v1/transactions", receipt(1, "sale", "11.00"));
  (void)world_.post("/v1/transactions", receipt(2, "sale", "x"));
  const std::string day = look();
  EXPECT_THAT(day, HasSubstr("CF-3307"));
  EXPECT_EQ(at(day, "/totals/0/gross"), "10.00");
  EXPECT_EQ(at(day, "/may_close"), "false");
}

// Goal: bad questions and orders are refused with their place, and change nothing.
TEST_F(StoreDaysTest, RefusesWhatMakesNoSense) {
  sell(1);
  EXPECT_EQ(world_.get("/process/v1/settlement/store-days/DE-001/2026-02-30").status, 404);
  EXPECT_EQ(world_.get("/process/v1/settlement/store-days/XX/2026-11-21").status, 404);
  EXPECT_EQ(world_.get(std::string(day_path) + "/slices/0").status, 404);
  EXPECT_EQ(world_.get(std::string(day_path) + "/slices/1").status, 404);
  EXPECT_EQ(world_.get(std::string(day_path) + "/slices/99999999999").status, 404);
  EXPECT_EQ(world_.get(std::string(day_path) + "?tenant=other").status, 404);
  EXPECT_THAT(world_.get("/v1/store-days").body, HasSubstr("?date"));
  EXPECT_EQ(world_.get("/v1/store-days?date=today").status, 400);
  EXPECT_EQ(world_.get("/v1/store-days?date=2026-11-21&state=done").status, 400);
  EXPECT_EQ(world_.get("/v1/store-days?date=2026-11-21&limit=0").status, 400);
  const std::string path = std::string(day_path) + "/close";
  const std::pair<std::string, std::string> bad[] = {
      {"", "CF-1001"},
      {"[]", "CF-1201"},
      {R"({"by":"A"})", "CF-1202"},
      {R"({"by":"A","reason":"r","in_spite_of_findings":"yes"})", "CF-1201"},
      {R"({"by":"A","reason":"r","slice":2})", ""},
  };
  for (const auto& [body, code] : bad) {
    const auto refused = world_.post(path, body);
    EXPECT_EQ(refused.status, 400) << body << refused.body;
    if (!code.empty()) EXPECT_EQ(at(refused.body, "/code"), code) << refused.body;
  }
  EXPECT_EQ(at(look(), "/slices/0/slice"), "<none>");
}

class RandomDays : public StoreDaysTest, public testing::WithParamInterface<std::uint32_t> {
 protected:
  std::string cents(int most) {
    const int value = draw(most) + 1;
    std::string text = std::to_string(100 + value % 100);
    return std::to_string(value / 100) + "." + text.substr(1);
  }
  int draw(int below) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(below))); }

  runtime::Random random_{GetParam()};
};

// Goal: in any order of sale, return, void (also before its receipt), correction, Z-report, close
// and crash, the slices come to what the receipts come to, and each receipt that counts is in one.
TEST_P(RandomDays, SlicesComeToWhatTheReceiptsComeTo) {
  std::vector<int> unsent;
  std::vector<std::pair<int, int>> revisions;  // number, revision
  std::vector<int> voided;
  int number = 0;
  for (int step = 0; step < 40; ++step) {
    switch (draw(8)) {
      case 0:
      case 1:
        sell(++number, cents(5000));
        revisions.emplace_back(number, 0);
        break;
      case 2:
        expect_taken("/v1/transactions", receipt(++number, "return", cents(900)));
        break;
      case 3:
        if (revisions.empty()) break;
        {
          auto& [which, revision] =
              revisions[static_cast<std::size_t>(draw(static_cast<int>(revisions.size())))];
          if (std::ranges::find(voided, which) != voided.end()) break;
          sell(which, cents(5000), R"(,"revision":)" + std::to_string(++revision));
        }
        break;
      case 4: {
        // Of a receipt that is there, or of one that comes later.
        const bool later = draw(3) == 0 || revisions.empty();
        int original = 0;
        if (later) {
          original = ++number;
          unsent.push_back(original);
        } else {
          original =
              revisions[static_cast<std::size_t>(draw(static_cast<int>(revisions.size())))].first;
        }
        voided.push_back(original);
        expect_taken("/v1/transactions", voided_body(++number, original));
        break;
      }
      case 5:
        ++number;
        send_till(till("till_close", number, cash("1.00") + z_totals(1, "1.00", 1, number)));
        break;
      case 6: {
        const auto closed = close(true);
        ASSERT_TRUE(closed.status == 202 || closed.status == 409 || closed.status == 404)
            << closed.body;
        break;
      }
      case 7:
        world_.settle();
        world_.reopen();
        break;
    }
  }
  for (const int late : unsent) sell(late, cents(5000));
  sell(++number, "1.00");
  ASSERT_EQ(close(true).status, 202);
  EXPECT_EQ(at(close(true).body, "/code"), "CF-2452");
  const std::string day = look();
  auto totals = parse_totals(at(day, "/totals"));
  ASSERT_TRUE(totals.has_value());
  const auto gross = totals->find(*find_currency("EUR"))->gross;
  EXPECT_EQ(sum_of_slices(), std::to_string(static_cast<long long>(gross)));
  std::map<std::string, int> times;
  for (int slice = 1;; ++slice) {
    const auto found = world_.get(std::string(day_path) + "/slices/" + std::to_string(slice));
    if (found.status != 200) break;
    for (int i = 0;; ++i) {
      const std::string id = at(found.body, "/receipts/added/" + std::to_string(i));
      if (id == "<none>") break;
      ++times[id];
    }
    for (int i = 0;; ++i) {
      const std::string id = at(found.body, "/receipts/removed/" + std::to_string(i));
      if (id == "<none>") break;
      --times[id];
    }
  }
  int counted = 0;
  for (const auto& [id, count] : times) {
    EXPECT_TRUE(count == 0 || count == 1) << id << " " << count;
    counted += count;
  }
  EXPECT_EQ(std::to_string(counted), at(day, "/totals/0/receipts"));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomDays, testing::Range(1U, 13U));

class ExpectedShops : public StoreDaysTest {
 protected:
  ExpectedShops()
      : StoreDaysTest(R"({"version":1,"z_reports":true,"close_minutes_after_z":0,"shops":[
          {"shop":"DE-001","region":"DE-BY","registers":["3"],"trading_days":["sat"]},
          {"shop":"DE-002","region":"DE-BE","trading_days":["sat"]},
          {"shop":"AT-001","region":"AT","trading_days":["sat"]},
          {"shop":"CH-001","region":"CH","trading_days":["mon"]}]})") {}
};

// Goal: shops that should have sent something are in the list, by region and state, page by page.
TEST_F(ExpectedShops, AreListedThoughTheySentNothing) {
  sell(1);
  world_.settle();
  const auto all = world_.get("/v1/store-days?date=2026-11-21").body;
  EXPECT_EQ(at(all, "/items/0/shop"), "AT-001");
  EXPECT_EQ(at(all, "/items/0/reasons/0"), "CF-3305");
  EXPECT_EQ(at(all, "/items/0/state"), "open");
  EXPECT_EQ(at(all, "/items/1/shop"), "DE-001");
  EXPECT_EQ(at(all, "/items/1/gross/EUR"), "10.00");
  EXPECT_EQ(at(all, "/items/2/shop"), "DE-002");
  EXPECT_EQ(at(all, "/items/3/shop"), "<none>");
  const auto german = world_.get("/v1/store-days?date=2026-11-21&region=DE").body;
  EXPECT_THAT(german, Not(HasSubstr("AT-001")));
  EXPECT_EQ(at(german, "/items/1/shop"), "DE-002");
  const auto page = world_.get("/v1/store-days?date=2026-11-21&limit=2").body;
  EXPECT_EQ(at(page, "/items/2/shop"), "<none>");
  const auto rest =
      world_.get("/v1/store-days?date=2026-11-21&after=2026-11-21%7Cdefault%7CDE-001").body;
  EXPECT_EQ(at(rest, "/items/0/shop"), "DE-002");
  EXPECT_EQ(at(rest, "/next"), "null");
  EXPECT_THAT(world_.get("/v1/store-days?date=2026-11-21&state=ready").body,
              HasSubstr(R"("items":[])"));
}

// Goal: the policy closes what ties, and nothing else.
TEST_F(ExpectedShops, ThePolicyClosesWhatTies) {
  const auto due = [this] {
    std::optional<std::size_t> count;
    days_->due(
        [&count](const std::vector<edge::StoreDayService::Name>& days) { count = days.size(); });
    world_.run_until([&count] { return count.has_value(); });
    return *count;
  };
  // The day must be one of the last: it is today's, as the clock of the test says.
  const std::string today = to_string(utc_date(world_.scheduler().now()));
  const auto on_today = [&today](std::string body) {
    for (std::size_t at = body.find("2026-11-21"); at != std::string::npos;
         at = body.find("2026-11-21", at)) {
      body.replace(at, 10, today);
    }
    return body;
  };
  expect_taken("/v1/till-records", on_today(till("till_open", 1, cash("0.00"))));
  expect_taken("/v1/transactions", on_today(receipt(2)));
  world_.settle();
  EXPECT_EQ(due(), 0U) << "no Z-report yet";
  expect_taken("/v1/till-records",
               on_today(till("till_close", 3, cash("10.00") + z_totals(1, "10.00", 2, 2))));
  world_.settle();
  EXPECT_EQ(due(), 1U);
  const auto closed = world_.post("/process/v1/settlement/store-days/DE-001/" + today + "/close",
                                  R"({"by":"Ada","reason":"end"})");
  EXPECT_EQ(closed.status, 202) << closed.body;
  world_.settle();
  EXPECT_EQ(due(), 0U);
}

}  // namespace
}  // namespace crossfoot::observe

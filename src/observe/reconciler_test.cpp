// Goal: reconciliations run day by day over both books, find what moved between days, are stored
// with their breaks, and survive the data store and the server going away.
#include "observe/reconciler.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <set>

#include "contract/error_codes.h"
#include "observe/stored_world.h"

namespace crossfoot::observe {
namespace {

using edge::ReconciliationService;
using testing::day;
using testing::eur;
using testing::goods;
using testing::MadeUpBooks;
using testing::StoredWorld;

class Json {
 public:
  explicit Json(std::string text) : text_(std::move(text)) { root_ = parser_.parse(text_); }
  std::string operator[](std::string_view pointer) const {
    simdjson::dom::element found;
    if (root_.at_pointer(pointer).get(found) != simdjson::SUCCESS) return "(none)";
    std::string_view words;
    return found.get(words) == simdjson::SUCCESS ? std::string(words) : simdjson::minify(found);
  }
  [[nodiscard]] std::size_t items() const {
    return root_.at_pointer("/items").get_array().value().size();
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

class ReconcilerTest : public ::testing::Test {
 protected:
  ReconcilerTest() { start_server(); }

  void start_server() {
    auto made_up = std::make_unique<MadeUpBooks>(world.scheduler);
    if (books != nullptr) {
      made_up->books = books->books;
    }
    books = made_up.get();
    ReconcilerOptions options;
    options.page = 2;
    reconciler = std::make_unique<Reconciler>(
        world.scheduler, [this]() -> store::Store* { return closed ? nullptr : &*world.store; },
        std::move(made_up), world.programme, world.zones, options);
  }

  Result<std::string> start(BusinessDate from, BusinessDate to) {
    std::optional<Result<std::string>> id;
    reconciler->start_reconciliation(
        {from, to}, [&id](Result<ReconciliationService::Started> started) {
          id = transform(std::move(started), [](auto each) { return each.id; });
        });
    EXPECT_FALSE(id.has_value()) << "never inside the call";
    world.run_until([&id] { return id.has_value(); });
    return *id;
  }
  template <class Ask>
  Result<std::string> answer(Ask ask) {
    std::optional<Result<std::string>> text;
    ask([&text](Result<std::string> got) { text = std::move(got); });
    world.run_until([&text] { return text.has_value(); });
    return *text;
  }
  Json get(const std::string& id) {
    return Json(answer([&](auto done) { reconciler->get(id, std::move(done)); }).value());
  }
  Json finished(const std::string& id) {
    for (;;) {
      const bool more = world.scheduler.step();
      Json json = get(id);
      if (json["/state"] != "running" || !more) return json;
    }
  }
  Json reconcile(BusinessDate from, BusinessDate to) { return finished(start(from, to).value()); }
  Result<std::string> breaks(ReconciliationService::BreakQuery query) {
    return answer([&](auto done) { reconciler->breaks(query, std::move(done)); });
  }

  StoredWorld world;
  MadeUpBooks* books = nullptr;
  bool closed = false;
  std::unique_ptr<Reconciler> reconciler;
};

TEST_F(ReconcilerTest, ACleanWeekAgrees) {
  for (std::int32_t on = 0; on < 3; ++on) {
    for (int i = 0; i < 5; ++i) world.store_sale(world.sale(day(on)));
    world.fill_books(*books, day(on));
  }
  auto exact = world.sale(day(2));
  exact.member.clear();
  exact.lines = {goods(1, 3, "0.335")};
  world.store_message(exact, {world.leg(flow::LegKind::post, "erp", "X")});
  books->books.clear();
  for (std::int32_t on = 0; on < 3; ++on) world.fill_books(*books, day(on));
  const Json json = reconcile(day(0), day(2));
  EXPECT_EQ(json["/state"], "done") << json.text();
  EXPECT_EQ(json["/items/agreed"], "31") << json.text();
  EXPECT_EQ(json["/items/break"], "0");
  EXPECT_EQ(json["/receipts"], "16");
  EXPECT_EQ(json["/progress/done"], "3");
  EXPECT_EQ(json["/progress/total"], "3");
  EXPECT_EQ(json["/money/0/channel"], "179.505") << "exact, before rounding";
  EXPECT_EQ(json["/money/0/erp"], "179.51");
  EXPECT_EQ(json["/money/0/rounding"], "0.005");
  EXPECT_EQ(json["/points/crossfoot"], "165");
  EXPECT_EQ(json["/points/loyalty"], "165");
  EXPECT_EQ(json["/control/different"], "0");
  EXPECT_NE(json["/control/compared"], "0");
  EXPECT_EQ(books->lists, 6U) << "no day beside the period is read without need";
}

TEST_F(ReconcilerTest, WhatMovedToAnotherDayIsOneTimingBreakEvenBesideThePeriod) {
  world.store_sale(world.sale(day(0)));
  world.store_sale(world.sale(day(1)));
  world.fill_books(*books, day(0));
  world.fill_books(*books, day(1));
  auto& erp = books->books;
  const auto moved_out = erp[{"erp", day(0)}];
  erp[{"erp", day(0)}].clear();
  erp[{"erp", day(3)}] = moved_out;
  const auto moved_in = erp[{"loyalty", day(1)}];
  erp[{"loyalty", day(1)}].clear();
  erp[{"loyalty", day(0)}].push_back(moved_in.front());
  const Json both = reconcile(day(0), day(1));
  EXPECT_EQ(both["/breaks"], R"([{"class":"timing","count":2}])") << both.text();
  EXPECT_EQ(both["/items/break"], "2");
  // The neighbour's item in this day's book is this day's break too; its own day's is not.
  const Json alone = reconcile(day(0), day(0));
  EXPECT_EQ(alone["/breaks"], R"([{"class":"timing","count":2}])") << alone.text();
}

TEST_F(ReconcilerTest, AnAgreedItemOnceMoreUnderAnotherDayIsADuplicate) {
  const Id id = world.store_sale(world.sale(day(0)));
  world.fill_books(*books, day(0));
  books->books[{"erp", day(1)}] = books->books[{"erp", day(0)}];
  const Json json = reconcile(day(0), day(1));
  EXPECT_EQ(json["/breaks"], R"([{"class":"duplicate","count":1}])") << json.text();
  EXPECT_EQ(json["/receipts"], "1") << "looking for it counts nothing twice";
  const Json found(breaks({.reconciliation = json["/id"]}).value());
  EXPECT_EQ(found["/items/0/transaction"], to_string(id));
}

TEST_F(ReconcilerTest, AnItemThatNobodyKnowsIsMissingOnTheChannelsSide) {
  connector::BookItem foreign = testing::booked(testing::sale("FOREIGN"));
  books->books[{"erp", day(0)}] = {foreign};
  const Json json = reconcile(day(0), day(0));
  EXPECT_EQ(json["/breaks"], R"([{"class":"missing","count":1}])") << json.text();
  const Json found(breaks({.reconciliation = json["/id"]}).value());
  EXPECT_EQ(found["/items/0/side"], "channel");
  EXPECT_EQ(found["/items/0/transaction"], "null");
  EXPECT_EQ(found["/items/0/money"], "12.97");
  EXPECT_EQ(found["/items/0/currency"], "EUR");
  EXPECT_NE(found["/items/0/detail"].find("control total"), std::string::npos) << "evidence";
}

TEST_F(ReconcilerTest, ATargetThatCannotBeReadIsUnverifiedNeverAgreed) {
  world.store_sale(world.sale(day(0)));
  world.store_sale(world.sale(day(1)));
  world.fill_books(*books, day(0));
  world.fill_books(*books, day(1));
  books->unlistable.insert("erp");
  books->failing.insert({"loyalty", day(0)});
  const Json json = reconcile(day(0), day(1));
  EXPECT_EQ(json["/state"], "done");
  EXPECT_EQ(json["/items/unverified"], "4") << json.text();
  EXPECT_EQ(json["/items/agreed"], "0");
  EXPECT_EQ(json["/items/break"], "0");
  EXPECT_EQ(json["/unverified_targets"], R"(["erp","loyalty"])");
}

TEST_F(ReconcilerTest, WhatWaitsIsExplainedByCodeWithItsMoney) {
  world.store_kept(world.sale(day(0)), store::MessageState::held, {});
  world.store_kept(world.sale(day(0)), store::MessageState::held, {});
  flow::Leg rejected = world.leg(flow::LegKind::post, "erp", "E");
  rejected.state = flow::LegState::rejected;
  rejected.reason = contract::error_code::target_rejected;
  world.store_message(world.sale(day(0)), {rejected});
  flow::Leg due = world.leg(flow::LegKind::post, "erp", "F");
  due.state = flow::LegState::due;
  world.store_message(world.sale(day(0)), {due});
  const Json json = reconcile(day(0), day(0));
  EXPECT_EQ(json["/items/explained"], "3") << json.text();
  EXPECT_EQ(json["/items/in_flight"], "1");
  EXPECT_EQ(json["/items/break"], "0");
  EXPECT_EQ(json["/explained_by/0"],
            R"({"code":"CF-3009","count":2,"currency":"EUR","money":"23.80"})");
  EXPECT_EQ(json["/explained_by/1/code"], "CF-3103");
  world.scheduler.jump(std::chrono::minutes{2});
  EXPECT_EQ(reconcile(day(0), day(0))["/items/break"], "1") << "too old to be in flight";
}

/// A sale of three units for ten points (4, 3, 3) and one return of a unit on each day after.
class OvertakingTest : public ReconcilerTest {
 protected:
  OvertakingTest() {
    auto sale = world.sale(day(0));
    sale.lines = {goods(1, 3, "3.50")};
    const Id original = world.store_sale(sale);
    flow::Book book;
    book.key = sale.key.hash();
    for (std::int32_t i = 0; i < 3; ++i) {
      auto back = world.document(contract::TransactionKind::return_goods, day(1 + i));
      back.lines = {goods(1, 1, "3.50")};
      back.lines[0].action = contract::LineAction::returned;
      back.lines[0].original = contract::OriginalLine{sale.key, 1};
      flow::Leg leg = world.leg(flow::LegKind::reverse, "loyalty", "B" + std::to_string(i));
      leg.undoes = original;
      leg.book = book.key;
      flow::Claim claim;
      claim.flow = world.store_message(back, {leg});
      claim.status = flow::ClaimStatus::answered;
      claim.revision = static_cast<std::uint32_t>(1 + i);
      claim.reversal = {{1, 1, {}}};
      book.claims.push_back(claim);
    }
    world.store_book(book);
    for (std::int32_t i = 0; i < 4; ++i) world.fill_books(*books, day(i));
  }

  /// Whether one period over all days, and the breaks of it, are as told.
  void expect(std::array<std::int64_t, 3> points, std::vector<std::string> wanted) {
    for (std::int32_t i = 0; i < 3; ++i) {
      auto& item = books->books[{"loyalty", day(1 + i)}];
      for (auto& each : item) each.points = Points{points[static_cast<std::size_t>(i)]};
    }
    const Json json = reconcile(day(0), day(3));
    std::vector<std::string> found;
    const Json page(breaks({.reconciliation = json["/id"]}).value());
    for (std::size_t i = 0; i < page.items(); ++i) {
      found.push_back(page["/items/" + std::to_string(i) + "/reference"]);
      EXPECT_EQ(page["/items/" + std::to_string(i) + "/class"], "rate");
    }
    std::ranges::sort(found);
    EXPECT_EQ(found, wanted) << json.text();
    EXPECT_EQ(json["/items/break"], std::to_string(wanted.size()));
    EXPECT_EQ(json["/items/agreed"], std::to_string(5 - wanted.size()));
  }
};

TEST_F(OvertakingTest, AnyOrderOfArrivalAgrees) {
  expect({4, 3, 3}, {});
  expect({3, 4, 3}, {});
  expect({3, 3, 4}, {});
}

TEST_F(OvertakingTest, WhatNoOrderExplainsIsABreak) {
  expect({5, 3, 3}, {"B0"});
  expect({4, 4, 3}, {"B1"});
  expect({3, 3, 3}, {"B0"});
  expect({3, 4, 5}, {"B2"});
  expect({3, 5, 3}, {"B0", "B1"});  // one alone would be explained by another order
}

TEST_F(ReconcilerTest, BreaksArePagedAndFilteredByClass) {
  for (int i = 0; i < 300; ++i) world.store_sale(world.sale(day(0)));
  world.fill_books(*books, day(0));
  books->books[{"erp", day(0)}].clear();
  for (connector::BookItem& item : books->books[{"loyalty", day(0)}]) item.points = Points{1};
  const Json json = reconcile(day(0), day(0));
  EXPECT_EQ(json["/items/break"], "600");
  for (const auto& [name, count] : {std::pair{"", 600U}, std::pair{"rate", 300U},
                                    std::pair{"missing", 300U}, std::pair{"timing", 0U}}) {
    std::set<std::string> seen;
    std::string after;
    do {
      const Json page(breaks({json["/id"], name, after, 70}).value());
      for (std::size_t i = 0; i < page.items(); ++i) {
        const std::string at = "/items/" + std::to_string(i);
        EXPECT_TRUE(seen.insert(page[at + "/id"]).second);
        if (*name != '\0') EXPECT_EQ(page[at + "/class"], name);
      }
      after = page["/next"] == "null" ? "" : page["/next"];
    } while (!after.empty());
    EXPECT_EQ(seen.size(), count) << name;
  }
  EXPECT_EQ(breaks({.reconciliation = "nothing"}).error().fault_class, FaultClass::not_found);
  EXPECT_EQ(breaks({.reconciliation = json["/id"], .after = "x"}).error().fault_class,
            FaultClass::rejected);
}

TEST_F(ReconcilerTest, TheNewestIsListedFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(reconcile(day(0), day(0))["/id"]);
  const auto list = [this](ReconciliationService::PageQuery query) {
    return answer([&](auto done) { reconciler->list(query, std::move(done)); });
  };
  const Json first(list({.limit = 2}).value());
  EXPECT_EQ(first["/items/0/id"], ids[2]);
  EXPECT_EQ(first["/items/1/id"], ids[1]);
  const Json second(list({.after = first["/next"], .limit = 2}).value());
  EXPECT_EQ(second["/items/0/id"], ids[0]);
  EXPECT_EQ(second["/next"], "null");
  EXPECT_EQ(list({.after = "no id"}).error().fault_class, FaultClass::rejected);
}

TEST_F(ReconcilerTest, OneRunsAndTheOthersWaitUpToALimit) {
  std::vector<std::string> ids;
  std::optional<Fault> refused;
  for (int i = 0; i < 30; ++i) {
    auto id = start(day(0), day(0));
    if (id) {
      EXPECT_NE(get(*id)["/state"], "(none)");
      ids.push_back(*id);
    } else {
      refused = id.error();
    }
  }
  for (const std::string& id : ids) EXPECT_EQ(finished(id)["/state"], "done");
  EXPECT_EQ(start(day(1), day(0)).error().fault_class, FaultClass::rejected);
}

TEST_F(ReconcilerTest, WithoutADataStoreItSaysSo) {
  closed = true;
  EXPECT_EQ(start(day(0), day(0)).error().fault_class, FaultClass::transient);
  EXPECT_FALSE(answer([&](auto done) { reconciler->get("x", std::move(done)); }));
  closed = false;
  EXPECT_EQ(answer([&](auto done) { reconciler->get("x", std::move(done)); }).error().fault_class,
            FaultClass::not_found);
}

TEST_F(ReconcilerTest, ARunGoesOnOverTheReopenedDataStore) {
  for (int i = 0; i < 40; ++i) world.store_sale(world.sale(day(0)));
  world.fill_books(*books, day(0));
  const std::string id = start(day(0), day(0)).value();
  for (int i = 0; i < 12; ++i) world.scheduler.step();
  world.store->crash();
  world.store.reset();
  closed = true;
  world.scheduler.after(std::chrono::seconds{2}, [this] {
    world.open();
    closed = false;
  });
  world.run_until([this] { return !closed; });
  const Json json = finished(id);
  EXPECT_EQ(json["/state"], "done") << json.text();
  EXPECT_EQ(json["/items/agreed"], "80") << json.text();
}

TEST_F(ReconcilerTest, ARunWithoutADataStoreFailsInTheEnd) {
  world.store_sale(world.sale(day(0)));
  const std::string id = start(day(0), day(0)).value();
  closed = true;
  std::string state;
  for (int i = 0; i < 1000 && world.scheduler.step(); ++i) {
  }
  closed = false;
  const Json json = finished(id);
  EXPECT_EQ(json["/state"], "failed") << json.text();
  EXPECT_NE(json["/detail"], "(none)");
}

TEST_F(ReconcilerTest, AStopLeavesItFailedWithItsReason) {
  world.store_sale(world.sale(day(0)));
  const std::string id = start(day(0), day(0)).value();
  EXPECT_EQ(get(id)["/state"], "running");
  start_server();
  const Json json = get(id);
  EXPECT_EQ(json["/state"], "failed");
  EXPECT_NE(json["/detail"].find("interrupted"), std::string::npos);
}

}  // namespace
}  // namespace crossfoot::observe

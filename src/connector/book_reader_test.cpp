#include "connector/book_reader.h"

#include <gtest/gtest.h>

#include "connector/loopback_test_target.h"

namespace crossfoot::connector {
namespace {

constexpr std::string_view quick_pack = R"(name: x
version: "1"
base_url: http://127.0.0.1:1
errors:
  - {status: 429, class: throttled, retry_after: 1ms}
operations:
  post: {path: /p, response: {id: /id}}
list:
  path: /list
  query: {day: "${business_date}", after: "${cursor}"}
  next: /next
  item:
    {id: /id, reference: /reference, currency: /currency, net: /net, points: /points,
     business_date: /day}
)";

class Books : public testing::Test {
 protected:
  Status read(std::shared_ptr<const Pack> pack) {
    targets = target.targets(std::move(pack), no_secrets());
    BookReader reader(target.scheduler, *targets);
    std::optional<Status> done;
    reader.list(
        "it", BusinessDate{20'778}, std::chrono::seconds{5},
        [&](std::vector<BookItem> page) {
          ++pages;
          for (BookItem& item : page) items.push_back(std::move(item));
        },
        [&](Status status) { done = std::move(status); });
    EXPECT_FALSE(done);
    target.run_until([&] { return done.has_value(); });
    return done ? std::move(*done) : fail({});
  }

  LoopbackTarget target;
  std::unique_ptr<Targets> targets;
  std::vector<BookItem> items;
  int pages = 0;
};

// Goal: all pages are read in order, over passing faults, without an item twice.
TEST_F(Books, ReadsPageByPageOverPassingFaults) {
  target.answer(429, "{}");
  target.answer(
      200, R"({"items":[{"id":1,"reference":"A","currency":"EUR","net":"1.20"}],"next":"a&b"})");
  target.answer(200, "{broken");
  target.answer(
      200, R"({"items":[{"id":2,"reference":"B","points":-5,"day":"2026-11-21"}],"next":null})");
  ASSERT_TRUE(read(pack_of(quick_pack)));
  EXPECT_EQ(pages, 2);
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].net->minor, 120);
  EXPECT_EQ(items[0].problem, "");
  EXPECT_EQ(items[1].points, Points{-5});
  EXPECT_EQ(items[1].business_date, BusinessDate{20'778});
  ASSERT_EQ(target.seen.size(), 4U);
  EXPECT_EQ(target.seen[0].target, "/list?day=2026-11-21");
  EXPECT_EQ(target.seen[3].target, "/list?day=2026-11-21&after=a%26b");
}

// Goal: a value that makes no sense is kept visible; a document without money is none.
TEST_F(Books, KeepsUnreadableValuesVisible) {
  target.answer(200, R"({"items":[{"id":1,"reference":"A","currency":"EUR","net":"1.205"},)"
                     R"({"id":2,"reference":"B","currency":"","net":"0"},)"
                     R"({"id":3,"reference":"C","currency":"","net":"7.00"},)"
                     R"({"id":4,"reference":"D","currency":"QQQ","net":"1"},)"
                     R"({"id":5,"reference":"E","points":1.5}]})");
  ASSERT_TRUE(read(pack_of(quick_pack)));
  ASSERT_EQ(items.size(), 5U);
  EXPECT_EQ(items[0].problem, "net: '1.205' cannot be read");
  EXPECT_FALSE(items[0].net);
  EXPECT_EQ(items[1].problem, "");
  EXPECT_EQ(items[2].problem, "net: '7.00' cannot be read");
  EXPECT_EQ(items[3].problem, "currency: 'QQQ' cannot be read");
  EXPECT_EQ(items[4].problem, "points: '1.5' cannot be read");
}

// Goal: refusals, circles and packs without a list end the reading with a fault.
TEST_F(Books, EndsWithAFault) {
  target.answer(403, "{}");
  EXPECT_EQ(read(pack_of(quick_pack)).error().fault_class, FaultClass::unauthorised);
  target.answer(200, R"({"items":[],"next":"a"})");
  target.answer(200, R"({"items":[],"next":"a"})");
  EXPECT_EQ(read(pack_of(quick_pack)).error().fault_class, FaultClass::corrupt);
  EXPECT_EQ(read(pack_of("name: x\nversion: \"1\"\nbase_url: http://127.0.0.1:1\n"
                         "operations: {post: {path: /p, response: {id: /id}}}\n"))
                .error()
                .fault_class,
            FaultClass::rejected);
}

}  // namespace
}  // namespace crossfoot::connector

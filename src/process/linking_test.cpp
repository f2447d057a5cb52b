// Goal: returned lines without an original take the sold lines that fit best, and looking again
// takes nothing away from what is linked already.
#include <gtest/gtest.h>

#include "contract/transaction.h"
#include "process/processes.h"

namespace crossfoot::process {
namespace {

using flow::Disposition;

contract::Transaction return_of(const std::vector<std::pair<std::string, std::int64_t>>& articles) {
  contract::Transaction made;
  made.kind = contract::TransactionKind::return_goods;
  made.member = "M-1";
  for (const auto& [article, units] : articles) {
    contract::Line line;
    line.number = static_cast<std::uint32_t>(made.lines.size() + 1);
    line.action = contract::LineAction::returned;
    line.article = article;
    line.quantity = {units, 0};
    line.unit_price = {150, 2};
    made.lines.push_back(line);
  }
  return made;
}

flow::Candidate sold(const char* book, const char* article, std::int64_t units, Decimal price,
                     std::int64_t at) {
  flow::Candidate made;
  made.book = hash128(book);
  made.original = Id{1, static_cast<std::uint64_t>(at)};
  made.line = 1;
  made.article = article;
  made.unit_price = price;
  made.occurred_at = Instant{at};
  made.units_left = units;
  return made;
}

TEST(Linking, TakesTheSamePriceFirstThenTheLatest) {
  const auto links =
      RetailProcesses().link(return_of({{"A", 3}}), {},
                             {sold("old", "A", 1, {150, 2}, 1), sold("newer", "A", 1, {150, 2}, 2),
                              sold("dearer", "A", 5, {200, 2}, 3)});
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0].disposition, Disposition::matched);
  ASSERT_EQ(links[0].parts.size(), 3U);
  EXPECT_EQ(links[0].parts[0].book, hash128("newer"));
  EXPECT_EQ(links[0].parts[1].book, hash128("old"));
  EXPECT_EQ(links[0].parts[2].book, hash128("dearer"));
}

TEST(Linking, LookingAgainKeepsWhatIsLinked) {
  const contract::Transaction returned = return_of({{"A", 1}, {"B", 2}});
  const auto links = RetailProcesses().link(returned, {}, {sold("first", "A", 1, {150, 2}, 1)});
  ASSERT_EQ(links.size(), 2U);
  EXPECT_EQ(links[0].disposition, Disposition::matched);
  EXPECT_EQ(links[1].disposition, Disposition::orphaned);
  // The unit of the first line is taken by now, and a sale of the second article has come.
  const auto again = RetailProcesses().link(
      returned, links, {sold("first", "A", 0, {150, 2}, 1), sold("late", "B", 2, {150, 2}, 2)});
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].line, 2U);
  EXPECT_EQ(again[0].disposition, Disposition::matched);
  EXPECT_EQ(again[0].parts.at(0).book, hash128("late"));
}

TEST(Linking, ABookThatIsClaimedAlreadyIsNotClaimedAgain) {
  const contract::Transaction returned = return_of({{"A", 1}, {"B", 1}});
  const auto links = RetailProcesses().link(returned, {}, {sold("one", "A", 1, {150, 2}, 1)});
  auto more = sold("one", "B", 1, {150, 2}, 1);
  more.line = 2;
  const auto again = RetailProcesses().link(returned, links, {more});
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].disposition, Disposition::orphaned);
}

}  // namespace
}  // namespace crossfoot::process

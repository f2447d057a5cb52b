// Goal: every read of the contract: pages, orders, filters, journal positions.
#include <gmock/gmock.h>

#include "store/store_contract.h"

namespace crossfoot::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> entries_of(const std::vector<JournalRow>& rows) {
  std::vector<std::string> entries;
  for (const JournalRow& row : rows) entries.push_back(row.entry);
  return entries;
}

TEST_P(StoreContract, JournalPositionsArePerPartition) {
  // Goal: rows are found by position and read on from one, each partition by itself, after a
  // restart too, whatever the order in which lanes committed them.
  std::vector<Unit> units;
  for (std::uint64_t position : {1U, 2U, 4U, 3U, 6U, 5U}) {
    for (Partition partition : {Partition{0}, Partition{4095}}) {
      Unit unit;
      unit.journal = {{.partition = partition,
                       .position = position,
                       .flow = id(position),
                       .at = {static_cast<std::int64_t>(position)},
                       .entry = std::to_string(partition) + ":" + std::to_string(position)}};
      units.push_back(std::move(unit));
    }
  }
  for (const auto& result : commit(std::move(units))) ASSERT_EQ(result.outcome, Outcome::applied);
  for (int times = 0; times < 2; ++times) {
    const auto read_after = [&](std::uint64_t position, std::size_t limit) {
      return entries_of(
          read([&](Reader& r) { return r.journal_after(4095, position, limit); }).value());
    };
    EXPECT_THAT(read_after(0, 3), ElementsAre("4095:1", "4095:2", "4095:3"));
    EXPECT_THAT(read_after(3, 9), ElementsAre("4095:4", "4095:5", "4095:6"));
    EXPECT_THAT(read_after(6, 9), IsEmpty());
    const std::vector<std::uint64_t> wanted{5, 77, 2};
    const auto found = read([&](Reader& r) { return r.journal_at(0, wanted); }).value();
    EXPECT_THAT(entries_of(found), ElementsAre("0:5", "0:2"));
    EXPECT_EQ(found[0].flow, id(5));
    EXPECT_EQ(found[0].at, Instant{5});
    EXPECT_EQ(read([](Reader& r) { return r.last_position(0); }).value(), 6U);
    EXPECT_EQ(read([](Reader& r) { return r.last_position(1); }).value(), 0U);
    reopen();
  }
  // A position below the last one may still come, once.
  Unit late;
  late.journal = {{.partition = 0, .position = 9, .entry = "nine"}};
  EXPECT_EQ(commit_one(late).outcome, Outcome::applied);
  late.journal = {{.partition = 0, .position = 8, .entry = "eight"}};
  EXPECT_EQ(commit_one(late).outcome, Outcome::applied);
  EXPECT_EQ(commit_one(late).outcome, Outcome::failed);
  late.journal = {{.partition = 0, .position = 3, .entry = "again"}};
  EXPECT_EQ(commit_one(late).outcome, Outcome::failed);
  reopen();
  late.journal = {{.partition = 0, .position = 7, .entry = "seven"}};
  EXPECT_EQ(commit_one(late).outcome, Outcome::applied);
  late.journal = {{.partition = 0, .position = 0, .entry = "next"}};
  EXPECT_THAT(commit_one(late).positions, ElementsAre(10));
  reopen();
  EXPECT_THAT(entries_of(read([](Reader& r) { return r.journal_after(0, 5, 9); }).value()),
              ElementsAre("0:6", "seven", "eight", "nine", "next"));
}

TEST_P(StoreContract, ALongJournalIsReadWithoutGaps) {
  // Goal: tens of thousands of rows over few and many partitions, read back in pages.
  constexpr std::uint64_t rows = 40'000;
  std::vector<Unit> units;
  std::map<Partition, std::uint64_t> written;
  for (std::uint64_t n = 0; n < rows; n += 20) {
    Unit unit;
    for (std::uint64_t i = n; i < n + 20; ++i) {
      // Half of the rows in one partition, the others spread over all.
      const auto partition = static_cast<Partition>(i % 2 == 0 ? 17 : (i * 2654435761U) % 4096);
      ++written[partition];
      unit.journal.push_back({.partition = partition, .flow = id(i), .entry = std::to_string(i)});
    }
    units.push_back(std::move(unit));
  }
  for (const auto& result : commit(std::move(units))) ASSERT_EQ(result.outcome, Outcome::applied);
  for (int times = 0; times < 2; ++times) {
    for (Partition partition : {Partition{17}, Partition{1}, Partition{2049}, Partition{4095}}) {
      std::uint64_t last = 0;
      for (;;) {
        const auto page =
            read([&](Reader& r) { return r.journal_after(partition, last, 777); }).value();
        if (page.empty()) break;
        for (const JournalRow& row : page) ASSERT_EQ(row.position, ++last);
      }
      EXPECT_EQ(last, written[partition]) << partition;
      EXPECT_EQ(read([&](Reader& r) { return r.last_position(partition); }).value(), last);
    }
    reopen();
  }
}

TEST_P(StoreContract, MessagesComeInPagesOfIds) {
  // Goal: newest first and oldest first, each filter alone and together, no row twice or never.
  std::vector<Unit> units;
  for (std::uint64_t n = 1; n <= 60; ++n) {
    Unit unit;
    // Committed out of the order of their ids.
    const std::uint64_t number = (n * 37) % 61;
    unit.message = message(id(number), std::to_string(number));
    unit.message->business_date = {static_cast<std::int32_t>(number % 2)};
    unit.message->shop = number % 3 == 0 ? "A" : "B";
    unit.message->register_name = number % 5 == 0 ? "1" : "2";
    if (number % 10 == 0) unit.message->state = MessageState::invalid;
    units.push_back(std::move(unit));
  }
  commit(std::move(units));
  const auto pages = [&](MessageQuery query) {
    std::vector<std::uint64_t> numbers;
    query.limit = 4;
    for (;;) {
      const auto page = read([&](Reader& r) { return r.messages(query, false); }).value();
      for (const MessageRow& row : page) {
        numbers.push_back(row.id.low);
        EXPECT_TRUE(row.body.empty());
      }
      if (page.empty()) break;
      query.after = page.back().id;
    }
    return numbers;
  };
  const auto expected = [](bool oldest_first, const std::function<bool(std::uint64_t)>& wanted) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t n = 1; n <= 60; ++n) {
      if (wanted(n)) numbers.push_back(n);
    }
    if (!oldest_first) std::ranges::reverse(numbers);
    return numbers;
  };
  for (const bool oldest : {false, true}) {
    MessageQuery any{.oldest_first = oldest};
    EXPECT_EQ(pages(any), expected(oldest, [](auto) { return true; }));
    MessageQuery day{.business_date = BusinessDate{1}, .oldest_first = oldest};
    EXPECT_EQ(pages(day), expected(oldest, [](auto n) { return n % 2 == 1; }));
    MessageQuery shop = day;
    shop.shop = "A";
    EXPECT_EQ(pages(shop), expected(oldest, [](auto n) { return n % 2 == 1 && n % 3 == 0; }));
    MessageQuery till = shop;
    till.register_name = "1";
    EXPECT_EQ(pages(till), expected(oldest, [](auto n) { return n % 2 == 1 && n % 15 == 0; }));
    MessageQuery receipt = till;
    receipt.sequence = "45";
    EXPECT_EQ(pages(receipt), expected(oldest, [](auto n) { return n == 45; }));
    MessageQuery invalid{.state = MessageState::invalid, .oldest_first = oldest};
    EXPECT_EQ(pages(invalid), expected(oldest, [](auto n) { return n % 10 == 0; }));
    MessageQuery accepted{.state = MessageState::accepted, .oldest_first = oldest};
    EXPECT_EQ(pages(accepted), expected(oldest, [](auto n) { return n % 10 != 0; }));
    MessageQuery day_invalid = invalid;
    day_invalid.business_date = BusinessDate{0};
    EXPECT_EQ(pages(day_invalid), expected(oldest, [](auto n) { return n % 10 == 0; }));
  }
  const auto bodies = read([](Reader& r) { return r.messages({.limit = 1}, true); }).value();
  ASSERT_THAT(bodies, SizeIs(1));
  EXPECT_EQ(bodies[0].body, "{}");
  EXPECT_EQ(bodies[0].id, id(60));
}

TEST_P(StoreContract, CallingFlowsAndPendingBooksAreFoundAgain) {
  // Goal: what was under way is found after a restart, in pages, and only that.
  std::vector<Unit> units;
  for (std::uint64_t n = 1; n <= 9; ++n) {
    Unit unit = flow_unit(flow(id(n)));
    unit.flows[0].calling = n % 2 == 0;
    unit.books = {{.key = hash(std::to_string(n)), .pending = n % 3 == 0, .state = "b"}};
    units.push_back(std::move(unit));
  }
  commit(std::move(units));
  Unit answered = flow_unit(flow(id(4), 2));
  answered.books = {{.key = hash("9"), .version = 2, .state = "c"}};
  ASSERT_EQ(commit_one(answered).outcome, Outcome::applied);
  reopen();
  std::vector<std::uint64_t> calling;
  Id after;
  for (;;) {
    const auto page = read([&](Reader& r) { return r.calling_flows(after, 2); }).value();
    if (page.empty()) break;
    for (const FlowRow& row : page) calling.push_back(row.id.low);
    after = page.back().id;
  }
  EXPECT_THAT(calling, ElementsAre(2, 6, 8));
  const auto first = read([](Reader& r) { return r.pending_books({}, 1); }).value();
  ASSERT_THAT(first, SizeIs(1));
  const auto second = read([&](Reader& r) { return r.pending_books(first[0].key, 5); }).value();
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(std::min(hash("3"), hash("6")), first[0].key);
  EXPECT_EQ(std::max(hash("3"), hash("6")), second[0].key);
}

TEST_P(StoreContract, ParkedFlowsAreGroupedAndListed) {
  // Goal: groups by code with count and oldest; lists by code and over all codes.
  std::vector<Unit> units;
  for (std::uint64_t n = 1; n <= 12; ++n) {
    Unit unit = flow_unit(flow(id(n)));
    unit.flows[0].status = n > 9 ? FlowStatus::dead : n > 2 ? FlowStatus::parked : FlowStatus::open;
    unit.flows[0].code = n % 2 == 0 ? "CF-3001" : "CF-3002";
    unit.flows[0].since = {static_cast<std::int64_t>(100 - n)};
    units.push_back(std::move(unit));
  }
  commit(std::move(units));
  const auto groups = read([](Reader& r) { return r.parked_groups(FlowStatus::parked); }).value();
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_EQ(groups[0].code, "CF-3001");
  EXPECT_EQ(groups[0].count, 3U);
  EXPECT_EQ(groups[0].oldest, Instant{92});
  EXPECT_EQ(groups[1].count, 4U);
  EXPECT_EQ(groups[1].oldest, Instant{91});
  const auto numbers = [&](FlowStatus status, const std::string& code, Id after) {
    std::vector<std::uint64_t> found;
    const auto page =
        read([&](Reader& r) { return r.flows_by_status(status, code, after, 3); }).value();
    for (const FlowRow& row : page) found.push_back(row.id.low);
    return found;
  };
  EXPECT_THAT(numbers(FlowStatus::parked, "CF-3002", {}), ElementsAre(3, 5, 7));
  EXPECT_THAT(numbers(FlowStatus::parked, "CF-3002", id(7)), ElementsAre(9));
  EXPECT_THAT(numbers(FlowStatus::parked, "", {}), ElementsAre(3, 4, 5));
  EXPECT_THAT(numbers(FlowStatus::dead, "", id(10)), ElementsAre(11, 12));
  EXPECT_THAT(numbers(FlowStatus::open, "", {}), ElementsAre(1, 2));
  EXPECT_THAT(numbers(FlowStatus::done, "", {}), IsEmpty());
}

TEST_P(StoreContract, SoldLinesAreNewestFirst) {
  // Goal: (occurred_at, source_row) descending, up to an instant, of one link key.
  Unit unit;
  for (const auto& [at, row] : {std::pair{5, 1}, {5, 3}, {9, 2}, {7, 4}, {5, 2}}) {
    unit.sold.push_back({.link_key = hash("k"),
                         .occurred_at = {at},
                         .source_row = row,
                         .flow = id(static_cast<std::uint64_t>(row)),
                         .line = 2,
                         .book = hash("b"),
                         .price_units = 1999,
                         .price_scale = 2,
                         .quantity = 6});
  }
  unit.sold.push_back({.link_key = hash("other"), .occurred_at = {5}});
  ASSERT_EQ(commit_one(unit).outcome, Outcome::applied);
  const auto lines = read([&](Reader& r) { return r.sold_lines(hash("k"), {7}); }).value();
  std::vector<std::pair<std::int64_t, std::int64_t>> order;
  for (const SoldLineRow& row : lines) order.emplace_back(row.occurred_at.micros, row.source_row);
  EXPECT_THAT(order,
              ElementsAre(std::pair(7, 4), std::pair(5, 3), std::pair(5, 2), std::pair(5, 1)));
  EXPECT_EQ(lines[0].flow, id(4));
  EXPECT_EQ(lines[0].line, 2U);
  EXPECT_EQ(lines[0].book, hash("b"));
  EXPECT_EQ(lines[0].price_units, 1999);
  EXPECT_EQ(lines[0].price_scale, 2);
  EXPECT_EQ(lines[0].quantity, 6);
  EXPECT_EQ(commit_one(unit).outcome, Outcome::failed) << "a line is sold once";
}

TEST_P(StoreContract, DocumentsAreOrderedByBytes) {
  // Goal: text order is bytewise in both directions; an empty value deletes; kinds do not mix.
  Unit unit;
  for (const char* key : {"b", "a", "\xc3\xa4", "Z", "aa", "z"}) {
    unit.documents.push_back({"break", key, std::string("v-") + key});
  }
  unit.documents.push_back({"breaks", "a", "other"});
  unit.documents.push_back({"brea", "z", "other"});
  ASSERT_EQ(commit_one(unit).outcome, Outcome::applied);
  const auto keys = [&](std::string_view after, std::size_t limit, bool descending) {
    std::vector<std::string> found;
    const auto page =
        read([&](Reader& r) { return r.documents("break", after, limit, descending); }).value();
    for (const DocumentRow& row : page) found.push_back(row.key);
    return found;
  };
  EXPECT_THAT(keys("", 9, false), ElementsAre("Z", "a", "aa", "b", "z", "\xc3\xa4"));
  EXPECT_THAT(keys("a", 2, false), ElementsAre("aa", "b"));
  EXPECT_THAT(keys("", 2, true), ElementsAre("\xc3\xa4", "z"));
  EXPECT_THAT(keys("b", 9, true), ElementsAre("aa", "a", "Z"));
  Unit change;
  change.documents = {{"break", "a", "new"}, {"break", "b", ""}};
  ASSERT_EQ(commit_one(change).outcome, Outcome::applied);
  EXPECT_EQ(read([](Reader& r) { return r.document("break", "a"); }).value(), "new");
  EXPECT_EQ(read([](Reader& r) { return r.document("break", "b"); }).value(), std::nullopt);
  EXPECT_THAT(keys("", 9, false), ElementsAre("Z", "a", "aa", "z", "\xc3\xa4"));
}

}  // namespace
}  // namespace crossfoot::store

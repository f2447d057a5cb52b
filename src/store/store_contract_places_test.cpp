// Goal: places of order keys: who is due, who waits, who comes next.
#include <gmock/gmock.h>

#include "store/store_contract.h"

namespace crossfoot::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr TargetNumber erp = 2;
constexpr Instant now{1'000'000};

TEST_P(StoreContract, WithoutAnOrderKeyEveryoneIsDue) {
  // Goal: a zero order key never waits; a due row is found with all its fields.
  DueRow one{.target = erp, .lane = Lane::replay, .due_at = {5}, .flow = id(1), .leg = 3};
  DueRow two = one;
  two.leg = 4;
  Unit unit;
  unit.places = {{.row = one, .place = id(1), .occupied = true}, {.row = two, .place = id(2)}};
  EXPECT_THAT(commit_one(unit).place_is_due, ElementsAre(true, true));
  const auto due = read([](Reader& r) { return r.due(erp, Lane::replay, {5}, nullptr, 9); });
  ASSERT_THAT(due.value(), SizeIs(2));
  EXPECT_EQ(due->front().leg, 3);
  EXPECT_EQ(due->front().flow, id(1));
  EXPECT_EQ(due->front().due_at, Instant{5});
  EXPECT_TRUE(due->front().order_key.is_zero());
  EXPECT_FALSE(read([](Reader& r) { return r.has_waiters(erp); }).value());
}

TEST_P(StoreContract, TheHeadIsDueAndTheOthersWaitInTheirOrder) {
  // Goal: place by place, each promoted by the leaving of the one before.
  const auto row = [&](std::uint64_t n) {
    return DueRow{.target = erp, .due_at = {10}, .flow = id(n), .order_key = hash("member")};
  };
  std::vector<Unit> units;
  units.push_back(due_unit(row(1), id(101)));
  units.push_back(due_unit(row(3), id(103)));
  units.push_back(due_unit(row(2), id(102)));
  const auto placed = commit(std::move(units));
  EXPECT_THAT(placed[0].place_is_due, ElementsAre(true));
  EXPECT_THAT(placed[1].place_is_due, ElementsAre(false));
  EXPECT_THAT(placed[2].place_is_due, ElementsAre(false));
  EXPECT_TRUE(read([](Reader& r) { return r.has_waiters(erp); }).value());
  EXPECT_FALSE(read([](Reader& r) { return r.has_waiters(erp + 1); }).value());
  const auto flows = [&](TargetNumber target, std::string_view key, std::size_t limit) {
    std::vector<Id> found;
    const auto rows = read([&](Reader& r) { return r.placed(target, hash(key), limit); });
    for (const DueRow& placed : rows.value()) found.push_back(placed.flow);
    return found;
  };
  EXPECT_THAT(flows(erp, "member", 9), ElementsAre(id(1), id(2), id(3)));
  EXPECT_THAT(flows(erp, "member", 2), ElementsAre(id(1), id(2)));
  EXPECT_THAT(flows(erp, "another", 9), IsEmpty());
  EXPECT_THAT(flows(erp + 1, "member", 9), IsEmpty());

  Unit taken;
  taken.taken = {row(1)};
  ASSERT_EQ(commit_one(taken).outcome, Outcome::applied);
  EXPECT_EQ(commit_one(taken).outcome, Outcome::conflict);

  Unit leaving;
  leaving.leaves = {{.target = erp, .order_key = hash("member"), .now = now}};
  UnitResult left = commit_one(leaving);
  ASSERT_THAT(left.promoted, SizeIs(1));
  EXPECT_EQ(left.promoted[0].flow, id(2));
  EXPECT_EQ(left.promoted[0].due_at, now);
  EXPECT_EQ(left.promoted[0].order_key, hash("member"));
  // While that one is due the key is held: nobody overtakes it.
  EXPECT_THAT(commit_one(leaving).promoted, IsEmpty());

  Unit next;
  next.taken = {left.promoted[0]};
  next.leaves = leaving.leaves;
  left = commit_one(next);
  ASSERT_THAT(left.promoted, SizeIs(1));
  EXPECT_EQ(left.promoted[0].flow, id(3));
  next.taken = {left.promoted[0]};
  EXPECT_THAT(commit_one(next).promoted, IsEmpty());
  EXPECT_FALSE(read([](Reader& r) { return r.has_waiters(erp); }).value());
  // The key is free again.
  EXPECT_THAT(commit_one(due_unit(row(4), id(104))).place_is_due, ElementsAre(true));
}

TEST_P(StoreContract, ACallInFlightOccupiesItsKeyAndARetryKeepsIt) {
  // Goal: `occupied` makes others wait though no due row is there; the holder comes back before
  // them.
  const DueRow first{.target = erp, .due_at = {1}, .flow = id(1), .order_key = hash("m")};
  DueRow second = first;
  second.flow = id(2);
  ASSERT_THAT(commit_one(due_unit(first, id(1))).place_is_due, ElementsAre(true));
  Unit taken;
  taken.taken = {first};
  ASSERT_EQ(commit_one(taken).outcome, Outcome::applied);
  Unit behind = due_unit(second, id(2));
  behind.places[0].occupied = true;
  EXPECT_THAT(commit_one(behind).place_is_due, ElementsAre(false));

  DueRow retry = first;
  retry.due_at = {500};
  Unit back = due_unit(retry, id(3));
  back.places[0].holder = true;
  EXPECT_THAT(commit_one(back).place_is_due, ElementsAre(true));
  EXPECT_EQ(read([](Reader& r) { return r.next_due(erp, Lane::live); }).value(), Instant{500});

  // A third one waits behind the waiter, even once the holder's row is taken.
  Unit third = due_unit(second, id(4));
  third.places[0].row.flow = id(3);
  third.taken = {retry};
  EXPECT_THAT(commit_one(third).place_is_due, ElementsAre(false));
  Unit leaving;
  leaving.leaves = {{.target = erp, .order_key = hash("m"), .now = now}};
  const UnitResult left = commit_one(leaving);
  ASSERT_THAT(left.promoted, SizeIs(1));
  EXPECT_EQ(left.promoted[0].flow, id(2));
}

TEST_P(StoreContract, LeavingComesBeforeAskingInAUnit) {
  // Goal: a leg that leaves and asks again goes to the tail; alone it is due at once.
  const DueRow mine{.target = erp, .due_at = {1}, .flow = id(1), .order_key = hash("m")};
  DueRow other = mine;
  other.flow = id(2);
  commit_one(due_unit(mine, id(1)));
  commit_one(due_unit(other, id(2)));
  Unit again = due_unit(mine, id(3));
  again.taken = {mine};
  again.leaves = {{.target = erp, .order_key = hash("m"), .now = now}};
  const UnitResult result = commit_one(again);
  ASSERT_THAT(result.promoted, SizeIs(1));
  EXPECT_EQ(result.promoted[0].flow, id(2));
  EXPECT_THAT(result.place_is_due, ElementsAre(false));
}

TEST_P(StoreContract, APoisonedKeyHoldsUpNobodyElse) {
  // Goal: 10,000 waiters behind one key; the due index holds only heads, promotion stays one by
  // one.
  constexpr std::uint64_t waiters = 10'000;
  const auto row = [&](std::uint64_t n, std::string_view key) {
    return DueRow{.target = erp,
                  .due_at = {static_cast<std::int64_t>(n)},
                  .flow = id(n),
                  .order_key = hash(key)};
  };
  std::vector<Unit> units;
  for (std::uint64_t n = 1; n <= waiters + 1; n += 100) {
    Unit unit;
    for (std::uint64_t i = n; i < n + 100 && i <= waiters + 1; ++i) {
      unit.places.push_back({.row = row(i, "poisoned"), .place = id(i)});
    }
    units.push_back(std::move(unit));
  }
  units.push_back(due_unit(row(20'000, "healthy"), id(20'000)));
  for (const UnitResult& result : commit(std::move(units))) {
    ASSERT_EQ(result.outcome, Outcome::applied);
  }
  const auto due =
      read([](Reader& r) { return r.due(erp, Lane::live, Instant::never(), nullptr, 1000); });
  ASSERT_THAT(due.value(), SizeIs(2));
  EXPECT_EQ(due->back().flow, id(20'000));

  DueRow head = due->front();
  for (std::uint64_t n = 2; n <= 50; ++n) {
    Unit unit;
    unit.taken = {head};
    unit.leaves = {{.target = erp, .order_key = hash("poisoned"), .now = now}};
    const UnitResult result = commit_one(unit);
    ASSERT_THAT(result.promoted, SizeIs(1));
    head = result.promoted[0];
    ASSERT_EQ(head.flow, id(n));
  }
}

TEST_P(StoreContract, TwoDueRowsOfOneKeyAreRefused) {
  // Goal: a holder that comes back twice fails alone; a key is never held by two.
  const DueRow first{.target = erp, .due_at = {1}, .flow = id(1), .order_key = hash("m")};
  commit_one(due_unit(first, id(1)));
  Unit twice = due_unit(first, id(2));
  twice.places[0].row.flow = id(2);
  twice.places[0].holder = true;
  twice.counters = {{"n", 1}};
  EXPECT_EQ(commit_one(twice).outcome, Outcome::failed);
  EXPECT_THAT(read([](Reader& r) { return r.counters(); }).value(), IsEmpty());
  EXPECT_THAT(
      read([](Reader& r) { return r.due(erp, Lane::live, Instant::never(), nullptr, 9); }).value(),
      SizeIs(1));
}

TEST_P(StoreContract, DuePagesAreOldestFirstPerTargetAndLane) {
  // Goal: keyset pages of due rows, bounded by time, never of another lane or target.
  Unit unit;
  for (std::uint64_t n = 1; n <= 30; ++n) {
    DueRow row{.target = erp, .due_at = {static_cast<std::int64_t>(n / 3)}, .flow = id(100 - n)};
    unit.places.push_back({.row = row, .place = id(n)});
  }
  unit.places.push_back({.row = {.target = erp, .lane = Lane::batch, .flow = id(500)}});
  unit.places.push_back({.row = {.target = erp + 1, .flow = id(501)}});
  ASSERT_EQ(commit_one(unit).outcome, Outcome::applied);
  std::vector<DueRow> all;
  for (;;) {
    const auto page = read([&](Reader& r) {
      return r.due(erp, Lane::live, {8}, all.empty() ? nullptr : &all.back(), 7);
    });
    if (page->empty()) break;
    all.insert(all.end(), page->begin(), page->end());
  }
  EXPECT_THAT(all, SizeIs(26));
  EXPECT_TRUE(std::ranges::is_sorted(
      all, {}, [](const DueRow& row) { return std::pair(row.due_at, row.flow); }));
  EXPECT_EQ(read([](Reader& r) { return r.next_due(erp, Lane::live); }).value(), Instant{0});
  EXPECT_EQ(read([](Reader& r) { return r.next_due(erp, Lane::checkout); }).value(), std::nullopt);
}

}  // namespace
}  // namespace crossfoot::store

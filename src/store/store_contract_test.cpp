// Goal: every engine answers each unit by itself, and a unit is there as a whole or not at all.
#include <gmock/gmock.h>

#include "store/store_contract.h"

namespace crossfoot::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(StoreContract, EveryUnitOfABatchIsAnsweredByItself) {
  // Goal: applied, duplicate, conflict and failed side by side in one batch.
  std::vector<Unit> units(5);
  units[0] = flow_unit(flow(id(1)));
  units[0].keys = {natural_key("a", id(1))};
  units[1] = flow_unit(flow(id(2)));
  units[1].keys = {natural_key("a", id(2))};
  units[2] = flow_unit(flow(id(3), 4));
  units[3].journal = {{.partition = 1, .position = 1, .entry = "one"},
                      {.partition = 1, .position = 1, .entry = "again"}};
  units[4] = flow_unit(flow(id(5)));
  const auto results = commit(std::move(units));
  EXPECT_EQ(results[0].outcome, Outcome::applied);
  EXPECT_EQ(results[1].outcome, Outcome::duplicate);
  EXPECT_EQ(results[1].duplicate_of.id, id(1));
  EXPECT_EQ(results[2].outcome, Outcome::conflict);
  EXPECT_EQ(results[3].outcome, Outcome::failed);
  EXPECT_EQ(results[3].fault.fault_class, FaultClass::rejected);
  EXPECT_EQ(results[4].outcome, Outcome::applied);

  EXPECT_TRUE(read([&](Reader& r) { return r.load_flow(id(1)); })->has_value());
  EXPECT_FALSE(read([&](Reader& r) { return r.load_flow(id(2)); })->has_value());
  EXPECT_FALSE(read([&](Reader& r) { return r.load_flow(id(3)); })->has_value());
  EXPECT_TRUE(read([&](Reader& r) { return r.load_flow(id(5)); })->has_value());
  EXPECT_EQ(read([&](Reader& r) { return r.last_position(1); }).value(), 0U);
}

TEST_P(StoreContract, ALateRefusalLeavesNothingOfItsUnit) {
  // Goal: a conflict found after rows were written takes all of them back, and the other units
  // stay.
  ASSERT_EQ(commit_one(flow_unit(flow(id(1)))).outcome, Outcome::applied);
  std::vector<Unit> units;
  for (std::uint64_t n = 10; n < 30; ++n) {
    Unit unit = flow_unit(flow(id(n)));
    unit.keys = {natural_key(std::to_string(n), id(n))};
    unit.counters = {{"accepted", 1}};
    unit.journal = {{.partition = 7, .entry = std::to_string(n)}};
    if (n % 7 == 0) unit.flows.push_back(flow(id(1), 9));  // at the wrong version
    units.push_back(std::move(unit));
  }
  const auto results = commit(std::move(units));
  std::uint64_t position = 0;
  for (std::uint64_t n = 10; n < 30; ++n) {
    const UnitResult& result = results[n - 10];
    const bool bad = n % 7 == 0;
    EXPECT_EQ(result.outcome, bad ? Outcome::conflict : Outcome::applied) << n;
    if (!bad) EXPECT_THAT(result.positions, ElementsAre(++position)) << n;
    EXPECT_EQ(read([&](Reader& r) { return r.load_flow(id(n)); })->has_value(), !bad) << n;
    const KeyRow key = natural_key(std::to_string(n), id(n));
    const auto stored = read([&](Reader& r) { return r.find_key(key.kind, key.date, key.hash); });
    EXPECT_EQ(stored->has_value(), !bad) << n;
  }
  EXPECT_THAT(read([](Reader& r) { return r.counters(); }).value(),
              ElementsAre(std::pair<std::string, std::int64_t>("accepted", 17)));
  EXPECT_EQ(read([](Reader& r) { return r.journal_after(7, 0, 100); })->size(), 17U);
}

TEST_P(StoreContract, TheFirstTakenKeyEndsTheUnitInOrder) {
  // Goal: the idempotency key is judged before the natural key; earlier keys are taken back.
  const auto idempotency = [&](std::string_view text, Id message) {
    KeyRow key = natural_key(text, message);
    key.kind = KeyKind::idempotency;
    key.revision = 3;
    key.projection = 2;
    return key;
  };
  Unit first;
  first.keys = {idempotency("i1", id(1)), natural_key("n1", id(1))};
  ASSERT_EQ(commit_one(first).outcome, Outcome::applied);

  Unit both;
  both.keys = {idempotency("i1", id(2)), natural_key("n1", id(2))};
  const UnitResult repeated = commit_one(both);
  EXPECT_EQ(repeated.outcome, Outcome::duplicate);
  EXPECT_EQ(repeated.duplicate_index, 0U);
  EXPECT_EQ(repeated.duplicate_of.kind, KeyKind::idempotency);
  EXPECT_EQ(repeated.duplicate_of.revision, 3U);
  EXPECT_EQ(repeated.duplicate_of.projection, 2U);
  EXPECT_EQ(repeated.duplicate_of.content, hash("content"));

  Unit fresh;
  fresh.keys = {idempotency("i2", id(3)), natural_key("n1", id(3))};
  const UnitResult natural = commit_one(fresh);
  EXPECT_EQ(natural.outcome, Outcome::duplicate);
  EXPECT_EQ(natural.duplicate_index, 1U);
  EXPECT_EQ(natural.duplicate_of.id, id(1));
  // The idempotency key of the refused unit is free again.
  Unit again;
  again.keys = {idempotency("i2", id(4))};
  EXPECT_EQ(commit_one(again).outcome, Outcome::applied);
}

TEST_P(StoreContract, KeysOfOneHashDifferByKindAndDate) {
  // Goal: kind and date belong to a key's identity.
  KeyRow other_date = natural_key("a", id(2));
  other_date.date = {20'001};
  KeyRow call = natural_key("a", id(3));
  call.kind = KeyKind::call;
  Unit unit;
  unit.keys = {natural_key("a", id(1)), other_date, call};
  EXPECT_EQ(commit_one(unit).outcome, Outcome::applied);
}

TEST_P(StoreContract, VersionsGuardFlowsAndBooks) {
  // Goal: version n is written over n - 1 only.
  const Hash128 key = hash("receipt");
  const auto write = [&](std::uint32_t version) {
    Unit unit;
    unit.books = {{.key = key, .version = version, .state = std::to_string(version)}};
    return commit_one(std::move(unit)).outcome;
  };
  EXPECT_EQ(write(2), Outcome::conflict);
  EXPECT_EQ(write(1), Outcome::applied);
  EXPECT_EQ(write(1), Outcome::conflict);
  EXPECT_EQ(write(2), Outcome::applied);
  EXPECT_EQ(write(4), Outcome::conflict);
  EXPECT_EQ(read([&](Reader& r) { return r.load_book(key); }).value()->state, "2");

  EXPECT_EQ(commit_one(flow_unit(flow(id(1), 2))).outcome, Outcome::conflict);
  EXPECT_EQ(commit_one(flow_unit(flow(id(1), 1))).outcome, Outcome::applied);
  EXPECT_EQ(commit_one(flow_unit(flow(id(1), 2, "two"))).outcome, Outcome::applied);
  const auto stored = read([&](Reader& r) { return r.load_flow(id(1)); }).value();
  EXPECT_EQ(stored->version, 2U);
  EXPECT_EQ(stored->state, "two");
}

TEST_P(StoreContract, EveryFieldComesBack) {
  // Goal: what is written is read, byte for byte.
  MessageRow row = message(id(1), "seq-1");
  row.state = MessageState::held;
  row.kind = 4;
  row.channel = 3;
  row.conflict_with = id(9);
  row.code = "CF-1207";
  row.gross_minor = -5;
  row.body = std::string("\xff\x01 raw", 6);
  FlowRow f{.id = id(1),
            .status = FlowStatus::dead,
            .calling = true,
            .code = "CF-3001",
            .since = {77},
            .state = std::string("\0\1\2", 3)};
  Unit unit = flow_unit(f);
  unit.message = row;
  unit.books = {{.key = hash("b"), .pending = true, .state = ""}};
  ASSERT_EQ(commit_one(unit).outcome, Outcome::applied);
  const MessageRow m = read([&](Reader& r) { return r.load_message(id(1)); }).value().value();
  EXPECT_EQ(m.recorded_at, row.recorded_at);
  EXPECT_EQ(m.state, row.state);
  EXPECT_EQ(m.kind, row.kind);
  EXPECT_EQ(m.channel, row.channel);
  EXPECT_EQ(m.business_date, row.business_date);
  EXPECT_EQ(m.occurred_at, row.occurred_at);
  EXPECT_EQ(m.shop + m.register_name + m.sequence + m.currency, "DE-0013seq-1EUR");
  EXPECT_EQ(m.gross_minor, row.gross_minor);
  EXPECT_EQ(m.member, row.member);
  EXPECT_EQ(m.conflict_with, row.conflict_with);
  EXPECT_EQ(m.correlation_id, row.correlation_id);
  EXPECT_EQ(m.code, row.code);
  EXPECT_EQ(m.body, row.body);
  const FlowRow g = read([&](Reader& r) { return r.load_flow(id(1)); }).value().value();
  EXPECT_EQ(g.status, f.status);
  EXPECT_TRUE(g.calling);
  EXPECT_EQ(g.code, f.code);
  EXPECT_EQ(g.since, f.since);
  EXPECT_EQ(g.state, f.state);
  EXPECT_FALSE(read([&](Reader& r) { return r.load_message(id(2)); })->has_value());
}

TEST_P(StoreContract, AMessageChangesItsStateAlone) {
  // Goal: writing a message again moves its state and nothing else.
  Unit unit;
  unit.message = message(id(1));
  unit.message->state = MessageState::held;
  ASSERT_EQ(commit_one(unit).outcome, Outcome::applied);
  unit.message->state = MessageState::accepted;
  unit.message->body = "other";
  ASSERT_EQ(commit_one(unit).outcome, Outcome::applied);
  const MessageRow m = read([&](Reader& r) { return r.load_message(id(1)); }).value().value();
  EXPECT_EQ(m.state, MessageState::accepted);
  EXPECT_EQ(m.body, "{}");
}

TEST_P(StoreContract, OneUnitChangesAnotherMessagesStateWithItsOwn) {
  // Goal: a correction stores its message and supersedes the one before in one unit, also when both
  // share a commit, and a refused unit changes neither.
  Unit first;
  first.message = message(id(1));
  first.keys = {natural_key("a", id(1))};
  Unit second;
  second.message = message(id(2));
  second.keys = {natural_key("b", id(2))};
  second.changes = {{id(1), MessageState::superseded, id(2)}};
  Unit refused;
  refused.message = message(id(3));
  refused.keys = {natural_key("b", id(3))};
  refused.changes = {{id(2), MessageState::superseded, id(3)}};
  commit({first, second, refused});
  const auto state_of = [this](const Id& of) {
    return read([&](Reader& r) { return r.load_message(of); }).value().value();
  };
  EXPECT_EQ(state_of(id(1)).state, MessageState::superseded);
  EXPECT_EQ(state_of(id(1)).conflict_with, id(2));
  EXPECT_EQ(state_of(id(2)).state, MessageState::accepted);
  Unit third;
  third.changes = {{id(2), MessageState::superseded, id(4)}};
  ASSERT_EQ(commit_one(third).outcome, Outcome::applied);
  reopen();
  EXPECT_EQ(state_of(id(2)).state, MessageState::superseded);
  EXPECT_EQ(state_of(id(2)).conflict_with, id(4));
  EXPECT_EQ(state_of(id(2)).body, "{}");
  MessageQuery query;
  query.state = MessageState::superseded;
  EXPECT_EQ(read([&](Reader& r) { return r.messages(query, false); })->size(), 2U);
}

TEST_P(StoreContract, AMessageLikeAnotherWithinTheWindowIsSuspected) {
  // Goal: the first row with the same hash on either side of the window ends the unit, also within
  // one commit; what is refused leaves nothing, and a row outside the window is not seen.
  const auto like = [&](std::uint64_t number, std::int64_t seconds, std::int64_t within,
                        std::string_view look = "basket") {
    Unit unit;
    unit.keys = {natural_key(std::to_string(number), id(number))};
    unit.message = message(id(number));
    unit.fingerprint = {hash(look), {seconds * 1'000'000}, id(number)};
    unit.suspect_within = std::chrono::seconds{within};
    return unit;
  };
  const auto results = commit({like(1, 10'000, 300), like(2, 10'300, 300), like(3, 9'700, 300),
                               like(4, 10'301, 300), like(5, 10'000, 300, "another")});
  EXPECT_EQ(results[0].outcome, Outcome::applied);
  EXPECT_EQ(results[1].outcome, Outcome::suspected);
  EXPECT_EQ(results[1].suspected, id(1));
  EXPECT_EQ(results[2].outcome, Outcome::suspected);
  EXPECT_EQ(results[3].outcome, Outcome::applied);
  EXPECT_EQ(results[4].outcome, Outcome::applied);
  EXPECT_FALSE(read([&](Reader& r) { return r.load_message(id(2)); })->has_value());
  reopen();
  // Between two rows the first message is named; without a window the row is only left.
  EXPECT_EQ(commit_one(like(2, 10'200, 300)).suspected, id(1));
  EXPECT_EQ(commit_one(like(2, 10'200, 0)).outcome, Outcome::applied) << "its key was free again";
  EXPECT_EQ(commit_one(like(6, 10'500, 300)).suspected, id(2));
  EXPECT_EQ(commit_one(like(7, 13'800, 3'600)).suspected, id(2)) << "through many buckets";
}

TEST_P(StoreContract, OldFingerprintsGoAFewAtATime) {
  // Goal: what lies before a bucket goes, at most so many a unit, and nothing else.
  std::vector<Unit> units;
  for (std::uint64_t number = 1; number <= fingerprints_dropped_max + 20; ++number) {
    Unit unit;
    unit.fingerprint = {
        hash("basket"), {1'000'000'000 + static_cast<std::int64_t>(number)}, id(number)};
    units.push_back(std::move(unit));
  }
  Unit recent;
  recent.fingerprint = {hash("basket"), {9'000'000'000}, id(900)};
  units.push_back(recent);
  commit(std::move(units));
  const auto seen_at = [&](std::int64_t micros) {
    Unit unit;
    unit.fingerprint = {hash("basket"), {micros}, id(901)};
    unit.suspect_within = std::chrono::seconds{1};
    unit.counters = {{"never", 1}};
    return commit_one(unit).outcome == Outcome::suspected;
  };
  Unit forget;
  forget.forget_before = {9'000'000'000};
  ASSERT_EQ(commit_one(forget).outcome, Outcome::applied);
  EXPECT_TRUE(seen_at(1'000'000'140)) << "more than one unit drops";
  ASSERT_EQ(commit_one(forget).outcome, Outcome::applied);
  EXPECT_TRUE(seen_at(9'000'000'000));
  EXPECT_FALSE(seen_at(1'000'000'140));
}

TEST_P(StoreContract, CountersAddUp) {
  // Goal: sums over units and commits, negative ones too; refused units add nothing.
  Unit unit;
  unit.counters = {{"accepted|pos", 2}, {"open", 5}};
  std::vector<Unit> units(3, unit);
  units.push_back(flow_unit(flow(id(1), 5)));
  units.back().counters = {{"open", 1000}};
  commit(std::move(units));
  unit.counters = {{"open", -4}};
  ASSERT_EQ(commit_one(unit).outcome, Outcome::applied);
  EXPECT_THAT(read([](Reader& r) { return r.counters(); }).value(),
              ElementsAre(std::pair<std::string, std::int64_t>("accepted|pos", 6),
                          std::pair<std::string, std::int64_t>("open", 11)));
}

TEST_P(StoreContract, RestartKeepsEverythingAndRaisesTheIncarnation) {
  // Goal: close and reopen: rows, positions, counters and target numbers stay.
  const std::uint32_t before = store().opened().incarnation;
  EXPECT_EQ(store().opened().last_recorded_at, Instant{});
  const TargetNumber loyalty = store().target_number("loyalty").value();
  const TargetNumber erp = store().target_number("erp").value();
  EXPECT_NE(loyalty, erp);
  Unit unit = flow_unit(flow(id(1)));
  unit.keys = {natural_key("a", id(1))};
  unit.message = message(id(1));
  unit.journal = {{.partition = 7, .position = 1, .flow = id(1), .at = {3}, .entry = "e"}};
  unit.counters = {{"n", 1}};
  unit.documents = {{"break", "1", "x"}};
  ASSERT_EQ(commit_one(unit).outcome, Outcome::applied);

  for (int times = 1; times <= 2; ++times) {
    reopen();
    EXPECT_EQ(store().opened().incarnation, before + static_cast<std::uint32_t>(times));
    EXPECT_EQ(store().opened().last_recorded_at, message(id(1)).recorded_at);
    EXPECT_GE(store().opened().schema_version, 1U);
    EXPECT_EQ(store().target_number("loyalty").value(), loyalty);
    EXPECT_EQ(store().target_number("erp").value(), erp);
    EXPECT_TRUE(read([&](Reader& r) { return r.load_flow(id(1)); })->has_value());
    EXPECT_EQ(read([](Reader& r) { return r.last_position(7); }).value(), 1U);
    EXPECT_EQ(read([](Reader& r) { return r.journal_after(7, 0, 9); })->front().entry, "e");
    EXPECT_EQ(read([](Reader& r) { return r.document("break", "1"); }).value(), "x");
    Unit again;
    again.keys = {natural_key("a", id(2))};
    EXPECT_EQ(commit_one(again).outcome, Outcome::duplicate);
  }
}

TEST_P(StoreContract, TheClocksFloorIsTheNewestThatWasRecordedAnywhere) {
  // Goal: places are ordered by when they were asked for; after a restart the clock must not run
  // below any of them, so what a journal row says counts as a message's time does.
  const Instant later = message(id(1)).recorded_at + std::chrono::seconds{3};
  Unit unit = flow_unit(flow(id(1)));
  unit.message = message(id(1));
  unit.journal = {{.partition = 7, .position = 1, .flow = id(1), .at = later, .entry = "j"}};
  ASSERT_EQ(commit_one(std::move(unit)).outcome, Outcome::applied);
  reopen();
  EXPECT_EQ(store().opened().last_recorded_at, later);
}

TEST_P(StoreContract, CloseFinishesWhatIsQueuedAndRefusesTheRest) {
  // Goal: queued units are durable after close; later calls answer failed.
  std::vector<UnitResult> results;
  for (std::uint64_t n = 1; n <= 50; ++n) {
    Unit unit = flow_unit(flow(id(n)));
    unit.lane = n % 2 == 0 ? Lane::batch : Lane::checkout;
    store().commit(std::move(unit), [&](UnitResult r) { results.push_back(std::move(r)); });
  }
  store().close();
  store().commit(flow_unit(flow(id(99))), [&](UnitResult r) { results.push_back(std::move(r)); });
  std::optional<Fault> refused;
  bool done = false;
  store().read([&](Reader& r) { refused = r.load_flow(id(1)).error(); }, [&] { done = true; });
  run_until([&] { return done && results.size() == 51; });
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(results[i].outcome, Outcome::applied);
  EXPECT_EQ(results[50].outcome, Outcome::failed);
  EXPECT_EQ(results[50].fault.fault_class, FaultClass::transient);
  EXPECT_EQ(refused->fault_class, FaultClass::transient);
  EXPECT_FALSE(store().target_number("new").has_value());
  reopen();
  for (std::uint64_t n = 1; n <= 50; ++n) {
    EXPECT_TRUE(read([&](Reader& r) { return r.load_flow(id(n)); })->has_value()) << n;
  }
  EXPECT_FALSE(read([&](Reader& r) { return r.load_flow(id(99)); })->has_value());
}

TEST_P(StoreContract, CompletionsOfALaneComeInTheOrderOfTheirCommit) {
  // Goal: first in, first out within each lane, whatever the weights between them.
  std::vector<std::uint64_t> live;
  std::vector<std::uint64_t> batch;
  for (std::uint64_t n = 0; n < 400; ++n) {
    Unit unit = flow_unit(flow(id(n + 1)));
    unit.lane = n % 2 == 0 ? Lane::live : Lane::batch;
    auto& order = n % 2 == 0 ? live : batch;
    store().commit(std::move(unit), [&order, n](UnitResult) { order.push_back(n); });
  }
  run_until([&] { return live.size() + batch.size() == 400; });
  EXPECT_TRUE(std::ranges::is_sorted(live));
  EXPECT_TRUE(std::ranges::is_sorted(batch));
  EXPECT_EQ(store().stats().units, 400U);
  EXPECT_EQ(store().stats().queue_depth, 0U);
  EXPECT_FALSE(store().under_pressure());
}

}  // namespace
}  // namespace crossfoot::store

// Goal: a journal entry keeps events, facts and version through its stored form; entries of earlier
// releases are read; decided again it gives the same states, and says where it does not.
#include "flow/decide/journal.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "flow/decide/input_codec.h"

namespace crossfoot::flow {
namespace {

constexpr Instant start{1'764'000'000'000'000};

Flow planned() {
  Flow flow;
  flow.id = Id{1, 2};
  flow.natural_key = "key";
  Leg validate;
  validate.number = 1;
  Leg accrue;
  accrue.number = 2;
  accrue.kind = LegKind::accrue;
  accrue.target = "loyalty";
  accrue.after = {1};
  accrue.steps = {{.operation = "accrue", .reference = "REF"}};
  flow.legs = {validate, accrue};
  flow.frozen = {{1, {.quantity = {2, false}, .runs = {}}, 200}};
  return flow;
}

Facts facts_at(std::int64_t micros) {
  Facts facts;
  facts.now = start + Duration{micros};
  facts.random = 7;
  facts.traits = {.order = Order::strict,
                  .idempotent = true,
                  .idempotent_for = std::chrono::hours{1},
                  .lookup = true,
                  .settle = std::chrono::seconds{3},
                  .deadline = std::chrono::seconds{4}};
  return facts;
}

ItemAnswer answer() {
  ItemAnswer made;
  made.target_id = "T1";
  made.response_hash = hash128("body");
  made.points = Points{4};
  made.line_points = {{1, Points{4}}};
  return made;
}

/// Decides as an engine does: one entry for each group of events.
class Story {
 public:
  Story() : flow_(planned()) { entry_.beginning = beginning_of(flow_); }

  void decide(Event event, const Facts& facts) {
    const Transition transition = flow::decide(flow_, event, facts);
    ASSERT_FALSE(transition.stale);
    entry_.inputs.push_back({std::move(event), facts});
  }
  void commit() {
    ++flow_.version;
    flow_.journal.push_back(++position_);
    entry_.at = start;
    entry_.state_hash = hash128(encode(flow_));
    entry_.salt = hash128(std::to_string(position_));
    const auto again = decode_journal(encode(entry_));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(encode(*again), encode(entry_));
    entries.push_back(*again);
    entry_ = {};
  }
  [[nodiscard]] const Flow& flow() const { return flow_; }

  std::vector<JournalEntry> entries;

 private:
  Flow flow_;
  JournalEntry entry_;
  std::uint64_t position_ = 40;
};

Story sold() {
  Story story;
  story.decide(Begun{}, facts_at(0));
  story.commit();
  story.decide(Taken{2, Id{9, 9}}, facts_at(10));
  story.commit();
  story.decide(Failed{2, {.code = "CF-3102", .cause = "no", .retry_after = {}}}, facts_at(20));
  story.decide(Taken{2, Id{9, 10}}, facts_at(30));
  story.commit();
  story.decide(Answered{2, answer()}, facts_at(40));
  story.commit();
  return story;
}

TEST(Journal, IsDecidedAgainWithTheSameStates) {
  const Story story = sold();
  const Replayed replayed = replay_journal(story.flow(), story.entries);
  EXPECT_EQ(replayed.outcome, Replayed::Outcome::same);
  EXPECT_EQ(replayed.entries, 4U);
}

TEST(Journal, WhatAPersonDecidesIsDecidedAgainToo) {
  // Goal: a release that changes the lane, and a leg sent once more, change what else never
  // changes.
  Story story;
  story.decide(Begun{}, facts_at(0));
  story.decide(Taken{2, Id{9, 9}}, facts_at(10));
  story.commit();
  story.decide(Failed{2, {.code = "CF-3103", .fault_class = FaultClass::rejected, .cause = "no"}},
               facts_at(20));
  story.commit();
  story.decide(Released{2, Lane::replay, {"ann", "again"}}, facts_at(30));
  story.decide(Taken{2, Id{9, 10}}, facts_at(40));
  story.commit();
  story.decide(Answered{2, answer()}, facts_at(50));
  story.commit();
  story.decide(Resent{2, {"ann", "lost there"}}, facts_at(60));
  story.commit();
  EXPECT_EQ(story.flow().legs[1].lane, Lane::replay);
  ASSERT_EQ(story.flow().legs.size(), 3U);
  const Replayed replayed = replay_journal(story.flow(), story.entries);
  EXPECT_EQ(replayed.outcome, Replayed::Outcome::same) << replayed.position;
  EXPECT_EQ(replayed.entries, 5U);
}

TEST(Journal, SaysWhereADecisionComesOutOtherwise) {
  Story story = sold();
  std::get<Answered>(story.entries[3].inputs[0].event).answer.points = Points{5};
  const Replayed replayed = replay_journal(story.flow(), story.entries);
  EXPECT_EQ(replayed.outcome, Replayed::Outcome::different);
  EXPECT_EQ(replayed.position, 44U);
  EXPECT_EQ(replayed.entries, 3U);
  story.entries[3].decider = decider_version + 1;
  EXPECT_EQ(replay_journal(story.flow(), story.entries).outcome, Replayed::Outcome::other_decider);
}

TEST(Journal, AStoredStateThatWasChangedComesOutOtherwise) {
  const Story story = sold();
  Flow changed = story.flow();
  changed.legs[1].steps[0].reference = "OTHER";
  const Replayed replayed = replay_journal(changed, story.entries);
  EXPECT_EQ(replayed.outcome, Replayed::Outcome::different);
  EXPECT_EQ(replayed.entries, 0U);
}

/// One of each, with all that they carry.
std::vector<Event> one_of_each() {
  Leg more;
  more.state = LegState::parked;
  more.reason = "CF-3001";
  more.detail = "why";
  LineLink link{.line = 3,
                .disposition = Disposition::matched,
                .units = 2,
                .parts = {{hash128("book"), Id{3, 4}, 1, 2, 2}}};
  ClaimAnswer claim;
  claim.status = ClaimStatus::answered;
  claim.sale.flow = Id{5, 6};
  claim.lines = {{.line = 1, .covered = 2, .measured = true}};
  claim.reversal = {{.units = -3}};
  claim.released = true;
  claim.anew = true;
  const Fault fault{.code = "CF-3101",
                    .fault_class = FaultClass::throttled,
                    .cause = "busy",
                    .retry_after = std::chrono::milliseconds{300}};
  return {Begun{},
          Taken{1, Id{7, 8}},
          Answered{2, answer()},
          Failed{2, fault},
          LookedUp{2, std::optional(answer())},
          LookedUp{2, std::optional<ItemAnswer>{}},
          LookedUp{2, fail(fault)},
          Restarted{2},
          Claimed{3, claim, {more}},
          Linked{4, {link}, {more, Leg{}}},
          VoidRequested{Id{1, 1}},
          Released{5, Lane::batch, {"ann", "checked"}},
          Discarded{5, {"ann", "not wanted"}},
          Confirmed{5, true, "T9", {"ann", "seen"}},
          Resent{5, {"ann", "asked for"}},
          Paused{5},
          Decided{"held message discarded", {"ann", "typed twice"}},
          Corrected{Id{2, 3}, 4, true},
          Suspected{Id{6, 7}}};
}

TEST(Journal, EveryEventSurvivesItsStoredFormAndDamageIsRefused) {
  JournalEntry entry;
  entry.at = start;
  entry.events = {{.kind = JournalEvent::Kind::calling,
                   .leg = 2,
                   .attempt = 1,
                   .state = LegState::calling,
                   .step = "accrue",
                   .reference = "REF",
                   .detail = {},
                   .call = Id{9, 9}}};
  for (Event& event : one_of_each()) {
    entry.inputs.push_back({std::move(event), facts_at(-5)});
    // Of one target, then of another, and of one that has the usual schedule.
    RetrySchedule& retry = entry.inputs.back().facts.retry;
    const std::size_t count = entry.inputs.size();
    if (count > 3) retry.usual = {.first = Duration{123}, .tries_max = 7};
    if (count > 6) retry.by_class = {{FaultClass::throttled, {.budget = Duration{456}}}};
  }
  const std::string bytes = encode(entry);
  const auto again = decode_journal(bytes);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(encode(*again), bytes);
  ASSERT_EQ(again->inputs.size(), entry.inputs.size());
  for (std::size_t i = 0; i < entry.inputs.size(); ++i) {
    EXPECT_EQ(again->inputs[i].event.index(), entry.inputs[i].event.index());
    EXPECT_EQ(again->inputs[i].facts.now, facts_at(-5).now);
    EXPECT_EQ(again->inputs[i].facts.retry, entry.inputs[i].facts.retry) << i;
  }
  EXPECT_EQ(std::get<Failed>(again->inputs[3].event).fault.retry_after.count(), 300);
  EXPECT_EQ(std::get<Claimed>(again->inputs[8].event).more[0].reason, "CF-3001");
  EXPECT_TRUE(std::get<Claimed>(again->inputs[8].event).answer.released);
  EXPECT_TRUE(std::get<Claimed>(again->inputs[8].event).answer.anew);
  EXPECT_LT(std::get<Claimed>(again->inputs[8].event).answer.reversal[0].units, 0);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_journal(bytes.substr(0, size)).has_value()) << size;
  }
}

TEST(Journal, ReadsEntriesOfTheFirstRelease) {
  ByteWriter out;
  out.u64(1);
  out.u64(1);
  out.instant(start);
  out.hash(hash128("state"));
  out.u64(1);
  out.enumerator(JournalEvent::Kind::accepted);
  out.u64(0);
  out.u64(0);
  out.enumerator(LegState::waiting);
  for (int i = 0; i < 3; ++i) out.text({});
  out.boolean(false);
  const auto entry = decode_journal(out.take());
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->events.size(), 1U);
  EXPECT_EQ(entry->state_hash, hash128("state"));
  EXPECT_FALSE(entry->has_inputs);
  Flow flow = planned();
  flow.journal = {1};
  EXPECT_EQ(replay_journal(flow, {&*entry, 1}).outcome, Replayed::Outcome::not_recorded);
}

TEST(Journal, ReadsEntriesWithOnePolicyForAllInputs) {
  ByteWriter out;
  out.u64(3);
  out.hash(hash128("salt"));
  out.u64(1);
  out.instant(start);
  out.hash(hash128("state"));
  out.u64(0);
  out.boolean(false);
  out.u64(2);
  out.boolean(false);
  for (const std::int64_t micros : {123, 456, 789}) out.i64(micros);
  for (int i = 0; i < 2; ++i) {
    put_facts(out, facts_at(0), start);
    put_event(out, VoidRequested{Id{1, 1}});
  }
  const auto entry = decode_journal(out.take());
  ASSERT_TRUE(entry.has_value());
  ASSERT_EQ(entry->inputs.size(), 2U);
  const RetrySchedule stated{.usual = {Duration{123}, Duration{456}, Duration{789}, 0}};
  for (const JournalInput& input : entry->inputs) EXPECT_EQ(input.facts.retry, stated);
}

TEST(Journal, ErasingKeepsTheDigestAlone) {
  const std::string bytes = encode(sold().entries[3]);
  const std::string erased = erased_form(bytes);
  EXPECT_EQ(erased_digest(erased), sha256(bytes));
  EXPECT_EQ(erased_digest(bytes), std::nullopt);
  EXPECT_EQ(erased_form(erased), erased);
  const auto entry = decode_journal(erased);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->decider, 0U);
  EXPECT_TRUE(entry->events.empty());
}

}  // namespace
}  // namespace crossfoot::flow

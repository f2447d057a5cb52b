// Goal: on virtual time, with crashes, unclear commits and targets at their worst, every accepted
// message is done or visibly parked, and every target's own book holds each effect exactly once.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "contract/transaction_hash.h"
#include "contract/transaction_json.h"
#include "flow/decide/journal.h"
#include "flow/engine/engine.h"
#include "flow/engine/sim_targets.h"
#include "flow/engine/sim_world.h"
#include "process/processes.h"
#include "runtime/sim_scheduler.h"
#include "store/memory/memory_store.h"

namespace crossfoot::flow {
namespace {

using contract::Transaction;
using contract::TransactionKind;
using namespace sim;

/// Sends a higher revision with other units, sometimes another member.
void correct(runtime::Random& random, Transaction& transaction) {
  ++transaction.revision;
  for (contract::Line& line : transaction.lines) {
    const auto units = static_cast<std::int64_t>(1 + random.below(4));
    line.quantity = {units, 0};
    line.amount = {1000 * units, transaction.currency};
  }
  if (!transaction.member.empty() && random.below(3) == 0) {
    transaction.member = "M-" + std::to_string(random.below(3));
  }
}

/// What one seed does: a set of messages that a channel sends until each has an answer.
struct Story {
  struct Message {
    Transaction transaction;
    Duration at{0};
    bool answered = false;
    AcceptAnswer answer;
  };
  std::vector<Message> messages;
  std::map<std::uint32_t, std::map<std::uint32_t, std::int64_t>> sold;     ///< sale → line → units
  std::map<std::uint32_t, std::map<std::uint32_t, std::int64_t>> claimed;  ///< likewise
  std::set<std::uint32_t> voided;
  std::set<std::uint32_t> members;
};

Story make_story(runtime::Random& random, std::uint32_t sales) {
  Story story;
  const auto soon = [&random] {
    return Duration{static_cast<std::int64_t>(random.below(60'000'000))};
  };
  const auto add = [&story, &soon](Transaction transaction) {
    story.messages.push_back({std::move(transaction), soon(), false, {}});
  };
  std::uint32_t sequence = 1;
  for (std::uint32_t i = 0; i < sales; ++i) {
    const std::uint32_t number = sequence++;
    const Instant at = start_of_time + Duration{std::int64_t{number} * 1'000'000};
    Transaction sale = receipt(TransactionKind::sale, number, at);
    if (random.below(4) != 0) {
      sale.member = "M-" + std::to_string(random.below(3));
      story.members.insert(number);
    }
    const auto lines = static_cast<std::uint32_t>(1 + random.below(3));
    for (std::uint32_t line = 1; line <= lines; ++line) {
      const auto units = static_cast<std::int64_t>(1 + random.below(3));
      add_line(sale, line, units, contract::LineAction::sold);
      story.sold[number][line] = units;
    }
    if (random.below(5) == 0) add(sale);  // sent twice
    if (random.below(8) == 0) {
      Transaction other = sale;  // the same key with other content
      other.lines[0].article = "OTHER";
      add(other);
    }
    add(sale);
    for (std::uint64_t revisions = random.below(5) == 0 ? 1 + random.below(3) : 0; revisions > 0;
         --revisions) {
      correct(random, sale);
      for (const contract::Line& line : sale.lines) {
        story.sold[number][line.number] = line.quantity.units;
      }
      add(sale);
      if (random.below(5) == 0) add(sale);
    }
    for (std::uint64_t returns = random.below(3); returns > 0; --returns) {
      const std::uint32_t own = sequence++;
      Transaction back = receipt(TransactionKind::return_goods, own,
                                 start_of_time + Duration{std::int64_t{own} * 1'000'000});
      const auto line = static_cast<std::uint32_t>(1 + random.below(lines));
      const auto units = static_cast<std::int64_t>(1 + random.below(2));
      add_line(back, 1, units, contract::LineAction::returned);
      back.lines[0].original = contract::OriginalLine{till_key(number), line};
      add(back);
      if (random.below(5) == 0) {
        correct(random, back);
        add(back);
      }
      if (random.below(4) == 0) {
        const std::uint32_t later = sequence++;
        Transaction undo = receipt(TransactionKind::void_sale, later,
                                   start_of_time + Duration{std::int64_t{later} * 1'000'000});
        undo.original = till_key(own);
        add(undo);
      } else {
        story.claimed[number][line] += back.lines[0].quantity.units;
      }
    }
    if (random.below(6) == 0) {
      const std::uint32_t own = sequence++;
      Transaction undo = receipt(TransactionKind::void_sale, own,
                                 start_of_time + Duration{std::int64_t{own} * 1'000'000});
      undo.original = till_key(number);
      story.voided.insert(number);
      add(undo);
    }
    if (random.below(6) == 0) {
      Transaction stock = receipt(TransactionKind::stock_adjustment, sequence++, at);
      add_line(stock, 1, -3, contract::LineAction::sold);
      add(stock);
    }
  }
  return story;
}

/// One run: server, channel and targets, from the seed alone.
class World {
 public:
  World(std::uint64_t seed, sim::TargetFaults faults, std::uint32_t sales, std::uint64_t crashes)
      : random_(seed),
        story_(make_story(random_, sales)),
        faults_(faults),
        programme_(programme()),
        looks_for_suspects_(seed % 2 == 0),
        crashes_left_(crashes) {}

  void run() {
    open();
    for (std::size_t i = 0; i < story_.messages.size(); ++i) {
      scheduler_.after(story_.messages[i].at, [this, i] { send(i); });
    }
    plan_mischief();
    const Duration limit = std::chrono::hours{8};
    std::uint64_t steps = 0;
    while (scheduler_.monotonic() < limit && scheduler_.step()) {
      ASSERT_LT(++steps, 5'000'000U) << "the run does not come to rest";
      if (quiet()) break;
    }
    EXPECT_TRUE(quiet()) << "after " << scheduler_.monotonic().count()
                         << " us: " << engine_->activity().moving_legs << " legs still move, "
                         << engine_->activity().calls << " calls";
  }

  void check() {
    EXPECT_TRUE(targets_.faults.empty()) << targets_.faults.front();
    for (const auto& [call, count] : caller_->reserved) {
      EXPECT_EQ(count, 0) << call << " was reserved and neither sent nor given back";
    }
    gated = caller_->gated;
    std::map<std::string, std::set<std::string>> references;
    std::map<std::string, Flow> by_key;
    std::map<Id, Flow> past;
    read([&](store::Reader& reader) {
      for (const Story::Message& message : story_.messages) {
        ASSERT_TRUE(message.answered);
        const auto stored = reader.load_message(message.answer.id);
        ASSERT_TRUE(stored && *stored) << "an answered message is gone";
        if (message.answer.held) {
          EXPECT_EQ((*stored)->state, store::MessageState::held);
          continue;
        }
        const auto row = reader.load_flow(message.answer.id);
        ASSERT_TRUE(row.has_value());
        if (!*row) {
          EXPECT_EQ((*stored)->state, store::MessageState::superseded)
              << "an accepted message has no flow";
          continue;
        }
        auto flow = decode_flow((*row)->state);
        ASSERT_TRUE(flow.has_value());
        check_replay(reader, *flow, (*row)->state);
        const bool superseded = !flow->superseded_by.is_nil();
        const store::MessageState state = (*stored)->state;
        EXPECT_EQ(state == store::MessageState::superseded, superseded);
        if (state == store::MessageState::suspected) ++suspects;
        EXPECT_TRUE(superseded || state == store::MessageState::accepted ||
                    state == store::MessageState::suspected);
        if (superseded) {
          ++corrections;
          past.insert_or_assign(flow->id, std::move(*flow));
          continue;
        }
        by_key.insert_or_assign(flow->natural_key, std::move(*flow));
      }
      check_journal(reader);
      const auto counters = reader.counters();
      for (const auto& [name, value] : *counters) {
        if (name.starts_with("moving|")) EXPECT_EQ(value, 0) << name;
      }
      const auto books = reader.pending_books(Hash128{}, 100);
      EXPECT_TRUE(books && books->empty()) << "a receipt book still waits";
    });
    for (const auto& [key, flow] : by_key) check_flow(flow);
    for (const auto& [id, flow] : past) {
      check_flow(flow);
      check_taken_back(flow);
    }
    for (const auto& [sequence, lines] : story_.sold) check_receipt(sequence, by_key);
    for (const auto& [target, effects] : targets_.effects) {
      for (const sim::Effect& effect : effects) {
        EXPECT_EQ(targets_.count(target, effect.reference), 1U)
            << target << " has " << effect.operation << " " << effect.reference << " twice";
      }
    }
  }

  std::size_t restarts = 0;
  std::size_t unclear = 0;
  std::size_t gated = 0;
  std::uint64_t sales_done = 0;
  std::size_t corrections = 0;
  std::size_t suspects = 0;

 private:
  void open() {
    ++generation_;
    store_ = std::make_unique<store::MemoryStore>(disk_, scheduler_);
    if (caller_ == nullptr) {
      // The targets live on when the server dies: what is under way there goes on.
      caller_ = std::make_unique<sim::SimCaller>(scheduler_, targets_, faults_, random_.next());
    }
    engine_ = std::make_unique<Engine>(
        scheduler_, *store_, *caller_, processes_, programme_, zones_,
        [](std::string_view body) -> Result<Transaction> {
          contract::TransactionParser parser;
          auto parsed = parser.parse(body, contract::ParsePolicy::stored());
          if (!parsed) return fail({.code = "SIM", .cause = parsed.error().detail});
          return std::move(parsed->transaction);
        },
        options(), random_.next(), [this](Fault) { restart(); });
    engine_->start({"erp", "loyalty"}, [](Status status) { ASSERT_TRUE(status.has_value()); });
  }

  /// What looks like another receipt is marked, in every other run.
  [[nodiscard]] EngineOptions options() const {
    EngineOptions options;
    if (looks_for_suspects_) options.suspects.fill(SuspectPolicy::flag);
    return options;
  }

  /// The process dies and comes back: only the disk and the targets' books survive.
  void restart() {
    ++restarts;
    engine_.reset();
    store_->crash(random_.below(2) == 0 ? store::MemoryStore::InFlight::lost
                                        : store::MemoryStore::InFlight::applied);
    store_.reset();
    open();
    for (std::size_t i = 0; i < story_.messages.size(); ++i) {
      if (!story_.messages[i].answered) send_later(i);
    }
  }

  void plan_mischief() {
    scheduler_.after(std::chrono::seconds{120}, [this] { mischief_over_ = true; });
    for (; crashes_left_ > 0; --crashes_left_) {
      const Duration at{static_cast<std::int64_t>(random_.below(90'000'000))};
      switch (random_.below(4)) {
        case 0:
          scheduler_.after(at, [this] {
            ++unclear;
            store_->fail_next_commit(store::MemoryStore::CommitFault::unclear_applied);
          });
          break;
        case 1:
          scheduler_.after(at, [this] {
            ++unclear;
            store_->fail_next_commit(store::MemoryStore::CommitFault::unclear_lost);
          });
          break;
        default:
          scheduler_.after(at, [this] { restart(); });
      }
    }
    const std::string target = random_.below(2) == 0 ? "erp" : "loyalty";
    const Duration from{static_cast<std::int64_t>(random_.below(60'000'000))};
    scheduler_.after(from, [this, target] { targets_.down.insert(target); });
    scheduler_.after(from + std::chrono::seconds{25},
                     [this, target] { targets_.down.erase(target); });
  }

  void send_later(std::size_t index) {
    const Duration wait{static_cast<std::int64_t>(random_.below(2'000'000))};
    scheduler_.after(std::max(wait, story_.messages[index].at - scheduler_.monotonic()),
                     [this, index] { send(index); });
  }

  void send(std::size_t index) {
    Story::Message& message = story_.messages[index];
    if (message.answered) return;
    AcceptRequest request;
    request.transaction = std::make_shared<const Transaction>(message.transaction);
    request.body =
        std::make_shared<const std::string>(contract::render_transaction(message.transaction));
    request.content = contract::transaction_hash(message.transaction).hash;
    const std::uint64_t generation = generation_;
    engine_->accept(std::move(request), [this, index, generation](AcceptAnswer answer) {
      if (generation != generation_) return;
      if (answer.kind == AcceptAnswer::Kind::unavailable) return send_later(index);
      story_.messages[index].answered = true;
      story_.messages[index].answer = std::move(answer);
    });
  }

  bool quiet() const {
    const bool all = std::ranges::all_of(story_.messages, &Story::Message::answered);
    const Activity activity = engine_->activity();
    return engine_->ready() && all && activity.moving_legs == 0 && activity.calls == 0 &&
           activity.accepts == 0 && activity.active_flows == 0 && activity.pending_books == 0 &&
           mischief_over_;
  }

  void read(const std::function<void(store::Reader&)>& work) {
    bool done = false;
    store_->read([&work](store::Reader& reader) { work(reader); }, [&done] { done = true; });
    while (!done && scheduler_.step()) {
    }
    ASSERT_TRUE(done);
  }

  static void check_journal(store::Reader& reader) {
    for (Partition partition = 0; partition < partition_count; ++partition) {
      const auto last = reader.last_position(partition);
      ASSERT_TRUE(last.has_value());
      if (*last == 0) continue;
      const auto rows = reader.journal_after(partition, 0, 10'000);
      ASSERT_TRUE(rows.has_value());
      std::uint64_t expected = 0;
      for (const store::JournalRow& row : *rows) EXPECT_EQ(row.position, ++expected);
      EXPECT_EQ(expected, *last);
    }
  }

  /// What was decided is decided again from the journal alone, with the same states.
  static void check_replay(store::Reader& reader, const Flow& flow, const std::string& state) {
    const auto rows = reader.journal_at(flow.id.partition(), flow.journal);
    ASSERT_TRUE(rows && rows->size() == flow.journal.size());
    std::vector<JournalEntry> entries;
    for (const store::JournalRow& row : *rows) {
      auto entry = decode_journal(row.entry);
      ASSERT_TRUE(entry.has_value());
      EXPECT_EQ(encode(*entry), row.entry);
      entries.push_back(std::move(*entry));
    }
    const Replayed replayed = replay_journal(flow, entries);
    EXPECT_EQ(replayed.outcome, Replayed::Outcome::same)
        << flow.natural_key << " at position " << replayed.position;
    EXPECT_EQ(replayed.entries, entries.size());
    EXPECT_EQ(entries.back().state_hash, hash128(state));
  }

  void check_flow(const Flow& flow) {
    if (flow.kind == TransactionKind::sale && state_of(flow) == FlowState::done) ++sales_done;
    EXPECT_NE(state_of(flow), FlowState::open) << flow.natural_key;
    EXPECT_NE(state_of(flow), FlowState::dead) << flow.natural_key;
    for (const Leg& leg : flow.legs) {
      if (leg.state == LegState::parked) {
        EXPECT_EQ(leg.reason, "CF-3006") << to_string(leg.kind) << " " << leg.detail;
      }
      for (const Step& step : leg.steps) {
        const std::size_t effects = targets_.count(leg.target, step.reference);
        EXPECT_EQ(effects, step.done ? 1U : 0U)
            << to_string(leg.kind) << " " << step.operation << " is " << to_string(leg.state);
      }
    }
  }

  /// Nothing of an earlier revision is left at any target.
  void check_taken_back(const Flow& flow) {
    for (const Leg& leg : flow.legs) {
      if (leg.state != LegState::done || leg.steps.empty()) continue;
      const std::string& reference = leg.steps.front().reference;
      if (leg.kind == LegKind::post || leg.kind == LegKind::post_refund) {
        EXPECT_EQ(targets_.undone("erp", "post_void", reference), 1U) << flow.natural_key;
      }
      if (leg.kind != LegKind::accrue) continue;
      for (const FrozenLine& frozen : flow.frozen) {
        EXPECT_EQ(targets_.lines_left.at(reference + "|" + std::to_string(frozen.line)), 0)
            << flow.natural_key << " revision " << flow.revision << " line " << frozen.line;
      }
    }
  }

  void check_receipt(std::uint32_t sequence, const std::map<std::string, Flow>& by_key) {
    const auto at = by_key.find(till_key(sequence).canonical());
    ASSERT_NE(at, by_key.end());
    const Flow& sale = at->second;
    const Leg* accrue = sale.first_of(LegKind::accrue);
    const bool voided = story_.voided.contains(sequence);
    if (accrue == nullptr) return;
    if (accrue->state == LegState::cancelled) {
      EXPECT_TRUE(voided);
      return;
    }
    const auto claims = story_.claimed.find(sequence);
    for (const FrozenLine& frozen : sale.frozen) {
      const std::int64_t sold = frozen.points.quantity.count;
      std::int64_t back = 0;
      if (claims != story_.claimed.end() && claims->second.contains(frozen.line)) {
        back = std::min(sold, claims->second.at(frozen.line));
      }
      if (voided) back = sold;
      EXPECT_EQ(
          targets_.lines_left.at(accrue->steps[0].reference + "|" + std::to_string(frozen.line)),
          sold - back)
          << "receipt " << sequence << " line " << frozen.line;
    }
  }

  runtime::Random random_;
  Story story_;
  sim::TargetFaults faults_;
  ledger::Programme programme_;
  bool looks_for_suspects_;
  UtcZones zones_;
  process::RetailProcesses processes_;
  runtime::SimScheduler scheduler_{start_of_time};
  store::MemoryDisk disk_;
  sim::Targets targets_;
  std::unique_ptr<store::MemoryStore> store_;
  std::unique_ptr<sim::SimCaller> caller_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t generation_ = 0;
  bool mischief_over_ = false;
  std::uint64_t crashes_left_;
};

sim::TargetFaults bad_day() {
  sim::TargetFaults faults;
  faults.lost_before = 50'000;
  faults.lost_after = 50'000;
  faults.lost_unclear = 30'000;
  faults.throttled = 50'000;
  faults.late_apply = 30'000;
  faults.malformed = 20'000;
  return faults;
}

TEST(Simulation, AQuietDayEndsWithEverythingDone) {
  World world(1, {}, 20, 0);
  world.run();
  world.check();
}

TEST(Simulation, TargetsAtTheirWorst) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, bad_day(), 12, 0);
    world.run();
    world.check();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Simulation, CrashesAndUnclearCommits) {
  std::size_t restarts = 0;
  std::size_t unclear = 0;
  std::size_t corrections = 0;
  std::size_t suspects = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, bad_day(), 8, 6);
    world.run();
    world.check();
    restarts += world.restarts;
    unclear += world.unclear;
    corrections += world.corrections;
    suspects += world.suspects;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(corrections, 500U);
  EXPECT_GT(suspects, 30U);
  EXPECT_GT(restarts, 3000U);
  EXPECT_GT(unclear, 1000U);
}

// Goal: quotas and breakers that shut one operation delay calls, and neither lose one nor let any
// leave that was not reserved.
TEST(Simulation, QuotasAndShutOperations) {
  sim::TargetFaults faults = bad_day();
  faults.call_every = std::chrono::milliseconds{40};
  faults.shut_for = std::chrono::seconds{6};
  faults.shut_every = std::chrono::seconds{20};
  std::size_t gated = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, faults, 12, seed % 2 == 0 ? 4 : 0);
    world.run();
    world.check();
    gated += world.gated;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(gated, 10'000U);
}

TEST(Simulation, OneSeed) {
  const char* seed = std::getenv("CROSSFOOT_SIM_SEED");
  World world(seed == nullptr ? 4711 : std::strtoull(seed, nullptr, 10), bad_day(), 8, 6);
  world.run();
  world.check();
}

}  // namespace
}  // namespace crossfoot::flow

// Goal: support for the simulation: the run of one seed and what must hold in and after it.
#include "flow/engine/sim_run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "contract/transaction_hash.h"
#include "contract/transaction_json.h"
#include "flow/decide/journal.h"
#include "flow/engine/restored.h"
#include "process/processes.h"

namespace crossfoot::flow::sim {

using contract::Transaction;
using contract::TransactionKind;

namespace {

constexpr std::size_t events_kept = 50;
constexpr std::uint64_t steps_max = 50'000'000;
constexpr Duration patience{std::chrono::hours{8}};  ///< after the last message was sent
constexpr Duration first_reopen_delay{std::chrono::milliseconds{100}};
constexpr Duration reopen_delay_max{std::chrono::seconds{5}};

Result<Transaction> parse_stored(std::string_view body) {
  contract::TransactionParser parser;
  auto parsed = parser.parse(body, contract::ParsePolicy::stored());
  if (!parsed) return fail({.code = "SIM", .cause = parsed.error().detail});
  return std::move(parsed->transaction);
}

/// Shows the rows of every partition that has any, with its last position.
template <class Look>
void each_journal(store::Reader& reader, Look look) {
  for (Partition partition = 0; partition < partition_count; ++partition) {
    const auto last = reader.last_position(partition);
    ASSERT_TRUE(last.has_value());
    if (*last == 0) continue;
    const auto rows = reader.journal_after(partition, 0, 100'000);
    ASSERT_TRUE(rows.has_value());
    look(*rows, *last);
  }
}

Duration drawn(runtime::Random& random, Duration most) {
  return Duration{
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.count())))};
}

}  // namespace

const char* to_string(Mischief mischief) {
  switch (mischief) {
    case Mischief::crash:
      return "crash";
    case Mischief::unclear_commit:
      return "unclear commit";
    case Mischief::full_disk:
      return "full disk";
    case Mischief::frozen:
      return "frozen";
    case Mischief::clock_jump:
      return "clock jump";
    case Mischief::outage:
      return "outage";
    case Mischief::drift:
      return "drift";
    case Mischief::slow:
      return "slow";
    case Mischief::restore:
      return "restore";
  }
  return "";
}

TargetFaults bad_day() {
  TargetFaults faults;
  faults.lost_before = 50'000;
  faults.lost_after = 50'000;
  faults.lost_unclear = 30'000;
  faults.throttled = 50'000;
  faults.late_apply = 30'000;
  faults.malformed = 20'000;
  faults.duplicated = 20'000;
  return faults;
}

const std::vector<Mischief>& every_mischief() {
  static const std::vector<Mischief> all = {
      Mischief::crash,  Mischief::unclear_commit, Mischief::full_disk,
      Mischief::frozen, Mischief::clock_jump,     Mischief::outage,
      Mischief::drift,  Mischief::slow,           Mischief::restore};
  return all;
}

World::World(SimDisk& disk, WorldOptions options)
    : disk_(disk),
      options_(std::move(options)),
      random_(options_.seed),
      story_(make_story(random_, options_.sales, options_.span)),
      unanswered_(story_.messages.size()),
      programme_(programme()),
      zones_(std::make_unique<UtcZones>()),
      processes_(std::make_unique<process::RetailProcesses>()),
      // The targets live on when the server dies: what is under way there goes on.
      caller_(std::make_unique<SimCaller>(scheduler_, server_, targets_, options_.faults,
                                          options_.scripted, random_.next())),
      reopen_delay_(first_reopen_delay) {
  targets_.told = [this](std::string what) { note(std::move(what)); };
}

World::~World() {
  engine_.reset();
  disk_.drop(std::move(store_));
}

void World::note(std::string what) {
  last_events_.push_back({scheduler_.monotonic(), std::move(what)});
  if (last_events_.size() > events_kept) last_events_.pop_front();
}

std::string World::report() const {
  std::string text =
      fmt::format("seed {}, after {} tasks; the last events:\n", options_.seed, steps);
  for (const Event& event : last_events_) {
    text +=
        fmt::format("  {:>14.6f} s  {}\n", static_cast<double>(event.at.count()) / 1e6, event.what);
  }
  return text;
}

void World::at(Duration time, std::function<void()> task) {
  scheduler_.after(time, std::move(task));
}

// The server.

void World::open() {
  ++generation_;
  ++openings;
  auto opened = disk_.open(server_);
  if (!opened) return failed(opened.error());
  store_ = std::move(*opened);
  engine_ = std::make_unique<Engine>(server_, *store_, *caller_, *processes_, programme_, *zones_,
                                     parse_stored, engine_options(), random_.next(),
                                     [this, generation = generation_](const Fault& fault) {
                                       // The engine that calls this is discarded: not while it is
                                       // still on the stack.
                                       server_.post([this, generation, fault] {
                                         if (generation == generation_) failed(fault);
                                       });
                                     });
  engine_->start({"erp", "loyalty"}, [this, generation = generation_](Status status) {
    if (generation != generation_) return;
    if (status) {
      reopen_delay_ = first_reopen_delay;
      note("the server is ready");
      return send_unanswered();
    }
    server_.post([this, generation, fault = status.error()] {
      if (generation == generation_) failed(fault);
    });
  });
}

/// What looks like another receipt is marked, in every other run.
EngineOptions World::engine_options() const {
  EngineOptions options;
  if (options_.seed % 2 == 0) options.suspects.fill(SuspectPolicy::flag);
  return options;
}

/// As the product does: the store is given up and opened again, later and later.
void World::failed(const Fault& fault) {
  note(fmt::format("the store failed: {} {}", fault.code, fault.cause));
  ++generation_;
  engine_.reset();
  disk_.drop(std::move(store_));
  server_.after(reopen_delay_, [this, generation = generation_] {
    if (generation == generation_) open();
  });
  reopen_delay_ = std::min(reopen_delay_ * 2, reopen_delay_max);
}

/// The process ends and is started again: only the disk and the targets' books survive.
void World::die() {
  if (restoring_) return;
  note("the server dies");
  ++generation_;
  engine_.reset();
  disk_.crash(std::move(store_), random_);
  open();
}

bool World::quiet() const {
  if (unanswered_ > 0 || !mischief_over_ || backup_ || engine_ == nullptr || !engine_->ready())
    return false;
  const Activity activity = engine_->activity();
  return activity.moving_legs == 0 && activity.calls == 0 && activity.accepts == 0 &&
         activity.active_flows == 0 && activity.pending_books == 0;
}

void World::run() {
  open();
  for (std::size_t i = 0; i < story_.messages.size(); ++i) {
    scheduler_.after(story_.messages[i].at, [this, i] { send(i); });
  }
  plan_mischief();
  while (scheduler_.monotonic() < options_.span + patience && scheduler_.step()) {
    if (++steps == options_.crash_after_step) die();
    ASSERT_LT(steps, steps_max) << "the run does not come to rest";
    check_step();
    if (testing::Test::HasFailure() || quiet()) break;
  }
  EXPECT_TRUE(quiet()) << "after " << scheduler_.monotonic().count() << " us: " << unanswered_
                       << " messages without an answer, "
                       << (engine_ == nullptr ? -1 : engine_->activity().moving_legs)
                       << " legs that move";
  gated = caller_->gated;
  surveys = caller_->surveys;
  scripted_came = caller_->struck;
}

// What befalls it.

void World::plan_mischief() {
  const Duration worst = options_.span + options_.span / 2;
  scheduler_.after(2 * options_.span, [this] { mischief_over_ = true; });
  for (std::uint32_t i = 0; i < options_.mischiefs; ++i) {
    const Mischief mischief = options_.kinds[random_.below(options_.kinds.size())];
    scheduler_.after(drawn(random_, worst), [this, mischief] { befall(mischief); });
  }
}

void World::befall(Mischief mischief) {
  note(fmt::format("mischief: {}", to_string(mischief)));
  ++befell[static_cast<std::size_t>(mischief)];
  const std::string target = random_.below(2) == 0 ? "erp" : "loyalty";
  const Duration some_time = std::chrono::seconds{5 + random_.below(25)};
  const auto for_some_time = [this, some_time](std::set<std::string>& targets,
                                               const std::string& name) {
    targets.insert(name);
    scheduler_.after(some_time, [&targets, name] { targets.erase(name); });
  };
  switch (mischief) {
    case Mischief::crash:
      return die();
    case Mischief::unclear_commit:
      (void)disk_.blur_next_commit(random_);
      return;
    case Mischief::full_disk:
      if (disk_.fill(true)) scheduler_.after(some_time, [this] { disk_.fill(false); });
      return;
    case Mischief::frozen:
      return server_.freeze(drawn(random_, std::chrono::minutes{1}));
    case Mischief::clock_jump: {
      const Duration jump = drawn(random_, std::chrono::minutes{15});
      return scheduler_.jump(random_.below(2) == 0 ? jump : -jump);
    }
    case Mischief::outage:
      return for_some_time(targets_.down, target);
    case Mischief::drift:
      return for_some_time(targets_.drifted, target);
    case Mischief::slow:
      return for_some_time(targets_.slow, target);
    case Mischief::restore:
      return back_up();
  }
}

void World::back_up() {
  if (backup_ || restoring_ || !disk_.back_up()) return;
  backup_ = {.at = scheduler_.monotonic(), .restores = restores_};
  scheduler_.after(drawn(random_, std::chrono::seconds{20}), [this] { restore(); });
}

/// The disk is lost, the backup takes its place, and the channels send anew what was answered
/// since.
void World::restore() {
  note("the backup is restored");
  ++generation_;
  engine_.reset();
  disk_.crash(std::move(store_), random_);
  disk_.restore();
  watch_ = JournalWatch{};
  for (Story::Message& message : story_.messages) {
    if (!message.answered || message.answered_at < backup_->at) continue;
    message.answered = false;
    ++unanswered_;
  }
  restores_ = backup_->restores + 1;
  backup_.reset();
  restoring_ = restored_ = true;
  mark_restored();
}

/// As who restores a data store does, before the server starts.
void World::mark_restored() {
  const auto again = [this, generation = ++generation_] {
    disk_.drop(std::move(store_));
    server_.after(first_reopen_delay, [this, generation] {
      if (generation == generation_) mark_restored();
    });
  };
  auto opened = disk_.open(server_);
  if (!opened) return again();
  store_ = std::move(*opened);
  store::Unit unit;
  unit.documents.push_back(restore_document({.count = restores_, .at = scheduler_.now()}));
  store_->commit(std::move(unit),
                 [this, again, generation = generation_](const store::UnitResult& result) {
                   if (generation != generation_) return;
                   if (result.outcome != store::Outcome::applied) return server_.post(again);
                   server_.post([this, generation] {
                     if (generation != generation_) return;
                     restoring_ = false;
                     disk_.drop(std::move(store_));
                     open();
                   });
                 });
}

// The channels.

void World::send(std::size_t index) {
  Story::Message& message = story_.messages[index];
  if (message.answered) return;
  const auto waits_for = [&](const Story::Message& other) {
    return !other.answered && other.transaction.key == message.transaction.key &&
           other.transaction.revision < message.transaction.revision;
  };
  // After a restore the channels send the revisions of a receipt in their order.
  if (restored_ && std::ranges::any_of(story_.messages, waits_for)) return send_later(index);
  if (engine_ == nullptr || server_.frozen()) return send_later(index);
  AcceptRequest request;
  request.transaction = std::make_shared<const Transaction>(message.transaction);
  request.body =
      std::make_shared<const std::string>(contract::render_transaction(message.transaction));
  request.content = contract::transaction_hash(message.transaction).hash;
  engine_->accept(std::move(request), [this, index, generation = generation_](AcceptAnswer answer) {
    if (generation != generation_) return;
    if (answer.kind == AcceptAnswer::Kind::unavailable) return send_later(index);
    Story::Message& sent = story_.messages[index];
    if (std::exchange(sent.answered, true)) return;
    --unanswered_;
    note(fmt::format("{} {} accepted{}", contract::to_string(sent.transaction.kind),
                     sent.transaction.key.sequence, answer.held ? ", held" : ""));
    sent.answer = std::move(answer);
    sent.answered_at = scheduler_.monotonic();
  });
}

void World::send_later(std::size_t index) {
  const Duration wait = drawn(random_, std::chrono::seconds{2});
  scheduler_.after(std::max(wait, story_.messages[index].at - scheduler_.monotonic()),
                   [this, index] { send(index); });
}

/// What an earlier process was asked and never answered.
void World::send_unanswered() {
  for (std::size_t i = 0; i < story_.messages.size(); ++i) {
    if (!story_.messages[i].answered) send_later(i);
  }
}

// The checks.

void World::check_step() {
  if (const store::memory::State* state = disk_.state()) {
    const std::string wrong = watch_.look(*state);
    EXPECT_EQ(wrong, "") << "invariant of the journal";
  }
  EXPECT_TRUE(targets_.faults.empty()) << targets_.faults.front();
  if (engine_ == nullptr) return;
  const EngineOptions bounds = engine_options();
  const Activity activity = engine_->activity();
  EXPECT_LE(activity.accepts, bounds.accepts_in_flight_max) << "accepts in flight over their bound";
  EXPECT_LE(activity.active_flows, bounds.active_flows_max + activity.accepts)
      << "flows in memory over their bound";
  EXPECT_LE(activity.calls, 2 * caller_->concurrency("erp")) << "calls over their bound";
}

void World::check() {
  check_targets();
  engine_.reset();
  ++generation_;
  if (store_ != nullptr) store_->close();
  disk_.drop(std::move(store_));
  auto opened = disk_.open(server_);
  ASSERT_TRUE(opened.has_value()) << "it does not open again: " << opened.error().cause;
  store_ = std::move(*opened);
  close_gaps();
  if (const store::memory::State* state = disk_.state()) {
    EXPECT_EQ(watch_.look_back(*state), "") << "invariant of the journal";
  }
  check_stored();
}

/// As the audit keeper does: a place that only a crash between a refused unit and its filler leaves
/// empty is closed in the open.
void World::close_gaps() {
  store::Unit fillers;
  read([&fillers](store::Reader& reader) {
    each_journal(reader, [&fillers](const std::vector<store::JournalRow>& rows, std::uint64_t) {
      std::uint64_t expected = 1;
      for (const store::JournalRow& row : rows) {
        for (; expected < row.position; ++expected) {
          fillers.journal.push_back({row.partition, expected, Id{}, row.at, {}});
        }
        expected = row.position + 1;
      }
    });
  });
  EXPECT_LE(fillers.journal.size(), openings) << "a place is empty that no crash has left";
  if (fillers.journal.empty()) return;
  bool filled = false;
  store_->commit(std::move(fillers), [&filled](const store::UnitResult& result) {
    filled = result.outcome == store::Outcome::applied;
  });
  while (!filled && scheduler_.step()) {
  }
  ASSERT_TRUE(filled);
}

void World::check_targets() {
  for (const auto& [call, count] : caller_->reserved) {
    EXPECT_EQ(count, 0) << call << " was reserved and neither sent nor given back";
  }
  for (const auto& [target, effects] : targets_.effects) {
    for (const Effect& effect : effects) {
      EXPECT_EQ(targets_.count(target, effect.reference), 1U)
          << target << " has " << effect.operation << " " << effect.reference << " twice";
    }
  }
}

void World::check_stored() {
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
      const store::MessageState state = (*stored)->state;
      if (!*row) {
        EXPECT_EQ(state, store::MessageState::superseded) << "an accepted message has no flow";
        continue;
      }
      auto flow = decode_flow((*row)->state);
      ASSERT_TRUE(flow.has_value());
      check_replay(reader, *flow, (*row)->state);
      const bool superseded = !flow->superseded_by.is_nil();
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
    ASSERT_TRUE(counters.has_value()) << counters.error().cause;
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
}

void World::read(const std::function<void(store::Reader&)>& work) {
  bool done = false;
  store_->read([&work](store::Reader& reader) { work(reader); }, [&done] { done = true; });
  while (!done && scheduler_.step()) {
  }
  ASSERT_TRUE(done);
}

void World::check_journal(store::Reader& reader) {
  each_journal(reader, [](const std::vector<store::JournalRow>& rows, std::uint64_t last) {
    std::uint64_t expected = 0;
    for (const store::JournalRow& row : rows) EXPECT_EQ(row.position, ++expected);
    EXPECT_EQ(expected, last);
  });
}

/// What was decided is decided again from the journal alone, with the same states.
void World::check_replay(store::Reader& reader, const Flow& flow, const std::string& state) {
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

void World::check_flow(const Flow& flow) {
  if (flow.kind == TransactionKind::sale && state_of(flow) == FlowState::done) ++sales_done;
  EXPECT_NE(state_of(flow), FlowState::open) << flow.natural_key;
  EXPECT_NE(state_of(flow), FlowState::dead) << flow.natural_key;
  for (const Leg& leg : flow.legs) {
    if (leg.state == LegState::parked) {
      EXPECT_EQ(leg.reason, "CF-3006") << to_string(leg.kind) << " " << leg.detail;
    }
    for (const Step& step : leg.steps) {
      // What others had brought about before a restore is there under their reference.
      const std::string reference = sent_reference(leg, step);
      const bool own = step.done && !(leg.covered && leg.covered_by.empty());
      const std::size_t effects = targets_.count(leg.target, reference);
      EXPECT_EQ(effects, own ? 1U : 0U) << flow.natural_key << ": " << to_string(leg.kind) << " "
                                        << step.operation << " is " << to_string(leg.state);
    }
  }
}

/// Nothing of an earlier revision is left at any target.
void World::check_taken_back(const Flow& flow) {
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

/// Points are conserved: what the target has left of a receipt is what was sold and neither
/// returned nor voided.
void World::check_receipt(std::uint32_t sequence, const std::map<std::string, Flow>& by_key) {
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
    const std::string line = accrue->steps[0].reference + "|" + std::to_string(frozen.line);
    ASSERT_TRUE(targets_.lines_left.contains(line)) << "receipt " << sequence;
    EXPECT_EQ(targets_.lines_left.at(line), sold - back)
        << "receipt " << sequence << " line " << frozen.line;
  }
}

}  // namespace crossfoot::flow::sim

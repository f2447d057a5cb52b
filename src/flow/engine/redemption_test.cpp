// Goal: the same points are never spent twice, whatever tills, platform, crashes and power cuts do:
// 64 tills at one member, on the memory store and on SQLite; and each word of a till has the effect
// that it was told, once.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/codec.h"
#include "contract/error_codes.h"
#include "flow/decide/journal.h"
#include "flow/engine/sim_wallet_world.h"
#include "flow/plan/reference.h"
#include "process/processes.h"

namespace crossfoot::flow {
namespace {

using namespace sim;
using std::chrono::milliseconds;
using std::chrono::seconds;
using State = RedemptionState;

const process::RetailProcesses retail;

struct World : WalletWorld {
  World(SimDisk& disk, WalletFaults faults, std::uint64_t seed, bool only_deducts = false,
        std::int64_t floor_limit = 0)
      : WalletWorld(retail, disk, faults, seed, only_deducts, floor_limit) {}
};

constexpr Duration hold_time{seconds{20}};
constexpr Duration till_patience{milliseconds{1500}};

AcceptRequest request_of(const std::string& id, std::int64_t points, bool revoked) {
  contract::Transaction asked;
  asked.kind = contract::TransactionKind::redemption;
  asked.key.form = contract::NaturalKey::Form::redemption;
  asked.key.tenant = "default";
  asked.key.external_id = "id:" + id;
  asked.shop = "S-1";
  asked.business_date = {20'400};
  asked.occurred_at = start_of_time;
  asked.member = "M-1";
  asked.redemption =
      contract::RedemptionTerms{.points = {points}, .hold_for = hold_time, .revoked = revoked};
  AcceptRequest request;
  ByteWriter content;
  content.text(id);
  content.i64(points);
  request.content = hash128(content.view());
  request.body = std::make_shared<const std::string>(R"({"member":"M-1","shop":"S-1"})");
  request.transaction = std::make_shared<const contract::Transaction>(std::move(asked));
  request.lane = Lane::checkout;
  return request;
}

/// A till and what its customer wants. It asks until it knows.
class Till {
 public:
  enum class Wish : std::uint8_t { pay, pay_less, give_up, walk_away, give_up_unheard };

  Till(World& world, std::string id, std::int64_t points, Wish wish)
      : world_(world), id_(std::move(id)), points_(points), wish_(wish) {}

  void start(Duration after) {
    later(after, [this] { ask(); });
  }
  [[nodiscard]] bool done() const { return done_; }

  void check() const {
    SCOPED_TRACE(id_ + " was told " + std::string(to_string(told_)));
    std::int64_t captured = 0;
    for (const auto& [reference, hold] : world_.wallets.holds) {
      if (reference == reference_of_) captured += hold.captured;
    }
    EXPECT_EQ(told_ == State::captured ? wanted() : 0, captured);
    if (wish_ == Wish::give_up_unheard) EXPECT_EQ(told_, State::voided);
  }

  std::string reference_of_;

 private:
  [[nodiscard]] std::int64_t wanted() const {
    return wish_ == Wish::pay_less ? (points_ + 1) / 2 : points_;
  }
  void later(Duration delay, std::function<void()> work) {
    world_.clock().after(delay, [this, work = std::move(work), turn = ++turn_] {
      if (!done_ && turn == turn_) work();
    });
  }
  /// If nothing has been heard by then, it begins again with what it knows: nothing.
  void or_again() {
    later(seconds{3}, [this] { ask(); });
  }

  void ask() {
    or_again();
    Engine* engine = world_.engine();
    if (engine == nullptr) return;
    const bool revoked = wish_ == Wish::give_up_unheard && ++asked_ > 1;
    engine->accept(request_of(id_, points_, revoked), [this](AcceptAnswer answer) {
      if (done_) return;
      if (answer.kind == AcceptAnswer::Kind::unavailable) return;
      EXPECT_TRUE(answer.kind == AcceptAnswer::Kind::accepted ||
                  answer.kind == AcceptAnswer::Kind::replayed);
      flow_ = answer.id;
      // This one's line is cut as soon as it has asked; later it gives up what it never heard of.
      if (wish_ == Wish::give_up_unheard) {
        if (asked_ > 1) later(milliseconds{1}, [this] { say(ReleaseRequested{}); });
        return;
      }
      later(milliseconds{1}, [this] { look(till_patience); });
    });
  }
  void look(Duration patience) {
    or_again();
    Engine* engine = world_.engine();
    if (engine == nullptr) return;
    engine->await_redemption(flow_, patience, [this](std::optional<RedemptionView> view) {
      if (done_) return;
      ASSERT_TRUE(view.has_value());
      hear(*view);
    });
  }
  void hear(const RedemptionView& view) {
    switch (view.state) {
      case State::pending:
      case State::capturing:
      case State::voiding:
        return;  // it asks again
      case State::declined:
      case State::captured:
      case State::settling:
      case State::voided:
      case State::lapsed:
        told_ = view.state;
        done_ = true;
        return;
      case State::capture_refused:
        ADD_FAILURE() << id_ << ": " << view.code;
        done_ = true;
        return;
      case State::authorised:
        break;
    }
    EXPECT_EQ(view.redemption.authorised.count, points_);
    if (wish_ == Wish::walk_away) return later(seconds{5}, [this] { look(till_patience); });
    if (wish_ == Wish::give_up || wish_ == Wish::give_up_unheard) return say(ReleaseRequested{});
    say(CaptureRequested{Points{wanted()}});
  }
  void say(Engine::TillWord word) {
    or_again();
    Engine* engine = world_.engine();
    if (engine == nullptr) return;
    engine->redeem(flow_, word, [this](Status) {
      if (!done_) later(milliseconds{1}, [this] { look(till_patience); });
    });
  }

  World& world_;
  std::string id_;
  std::int64_t points_;
  Wish wish_;
  Id flow_;
  State told_ = State::pending;
  bool done_ = false;
  int asked_ = 0;
  std::uint64_t turn_ = 0;
};

/// Under which the platform knows it.
std::string reference_of(const std::string& id, bool only_deducts) {
  const auto request = request_of(id, 1, false);
  return make_reference({.natural_key = request.transaction->key.canonical(),
                         .revision = 0,
                         .target = "loyalty",
                         .leg = only_deducts ? "capture" : "authorise",
                         .step = only_deducts ? "deduct" : "authorise",
                         .book = {},
                         .book_revision = 0});
}

struct Rush {
  std::uint64_t seed = 1;
  WalletFaults faults;
  int tills = 64;
  int crashes = 0;
  int unclear = 0;  ///< commits whose outcome the server does not hear
  bool only_deducts = false;
};

Rush bad_rush(std::uint64_t seed, bool only_deducts) {
  return {.seed = seed,
          .faults = {.lost_before = 8, .lost_after = 12, .refused_503 = 10, .busy_409 = 10},
          .crashes = 4,
          .unclear = 3,
          .only_deducts = only_deducts};
}

/// Tills that want more than the member has.
void run(SimDisk& disk, const Rush& rush) {
  SCOPED_TRACE(fmt::format("seed {}", rush.seed));
  World world(disk, rush.faults, rush.seed, rush.only_deducts);
  const std::int64_t all = 1'000 * rush.tills / 64;
  world.wallets.balances["M-1"] = all;
  std::deque<Till> tills;
  for (int i = 0; i < rush.tills; ++i) {
    const std::string id = fmt::format("T-{}", i);
    const auto points = static_cast<std::int64_t>(20 + world.random().below(120));
    const auto wish = static_cast<Till::Wish>(world.random().below(5));
    tills.emplace_back(world, id, points, wish);
    tills.back().reference_of_ = reference_of(id, rush.only_deducts);
    tills.back().start(milliseconds{world.random().below(400)});
  }
  for (int i = 0; i < rush.crashes; ++i) {
    world.clock().after(milliseconds{20 + world.random().below(6'000)},
                        [&world] { world.crash(); });
  }
  for (int i = 0; i < rush.unclear; ++i) {
    world.clock().after(milliseconds{world.random().below(3'000)}, [&world] { world.blur(); });
  }
  world.run_until([&tills] {
    return std::ranges::all_of(tills, [](const Till& till) { return till.done(); });
  });
  // What was given up late is still freed.
  world.run_until(world.clock().monotonic() + std::chrono::minutes{10});
  for (const Till& till : tills) till.check();
  EXPECT_GE(world.crashes, static_cast<std::size_t>(rush.crashes));
  for (const std::string& wrong : world.wallets.wrong) ADD_FAILURE() << wrong;
  EXPECT_GE(world.wallets.balances["M-1"], 0);
  EXPECT_EQ(world.wallets.balances["M-1"] + world.wallets.spent("M-1"), all);
  EXPECT_EQ(world.wallets.reserved("M-1", world.clock().now()), 0);
  if (rush.tills == 64) EXPECT_GT(world.wallets.spent("M-1"), 0);
}

TEST(Redemption, SixtyFourTillsOnAGoodDay) {
  for (const bool only_deducts : {false, true}) {
    MemorySimDisk disk;
    run(disk, {.faults = {}, .only_deducts = only_deducts});
  }
}

TEST(Redemption, SixtyFourTillsOnManyBadDays) {
  for (std::uint64_t seed = 1; seed <= 40 && !testing::Test::HasFailure(); ++seed) {
    MemorySimDisk disk;
    run(disk, bad_rush(seed, false));
  }
}

TEST(Redemption, SixtyFourTillsWhereThePlatformOnlyDeducts) {
  for (std::uint64_t seed = 1; seed <= 40 && !testing::Test::HasFailure(); ++seed) {
    MemorySimDisk disk;
    run(disk, bad_rush(seed, true));
  }
}

TEST(Redemption, SixtyFourTillsOnSqliteWithPowerCuts) {
  for (std::uint64_t seed = 1; seed <= 12 && !testing::Test::HasFailure(); ++seed) {
    SqliteSimDisk disk;
    run(disk, bad_rush(seed, seed % 2 == 0));
  }
}

/// The n-th call of this kind to the files fails, for n = 1 … until none does.
std::uint64_t fail_each(store::sqlite::FaultVfs::Call call, bool only_deducts) {
  for (std::uint64_t n = 1;; ++n) {
    SCOPED_TRACE(fmt::format("call {} of its kind", n));
    SqliteSimDisk disk;
    disk.vfs().fail_nth(call, n, false);
    run(disk, {.seed = 5, .faults = {}, .tills = 4, .only_deducts = only_deducts});
    if (testing::Test::HasFailure() || !disk.vfs().struck()) return n - 1;
  }
}

TEST(Redemption, EachWriteToTheDiskFails) {
  EXPECT_GT(fail_each(store::sqlite::FaultVfs::Call::write, false), 20U);
  EXPECT_GT(fail_each(store::sqlite::FaultVfs::Call::write, true), 20U);
}

TEST(Redemption, EachSyncOfTheDiskFails) {
  EXPECT_GT(fail_each(store::sqlite::FaultVfs::Call::sync, false), 5U);
  EXPECT_GT(fail_each(store::sqlite::FaultVfs::Call::sync, true), 5U);
}

/// One till's words, one after the other.
class OneTill : public ::testing::Test {
 protected:
  explicit OneTill(bool only_deducts = false, std::int64_t floor_limit = 0)
      : world(disk, {}, 1, only_deducts, floor_limit) {
    world.wallets.balances["M-1"] = 100;
    world.run_until([this] { return world.engine() != nullptr; });
  }

  Id ask(std::int64_t points, bool revoked = false, const std::string& id = "T") {
    std::optional<AcceptAnswer> answer;
    world.engine()->accept(request_of(id, points, revoked),
                           [&answer](AcceptAnswer given) { answer = std::move(given); });
    world.run_until([&answer] { return answer.has_value(); });
    kind = answer->kind;
    return answer->id;
  }
  RedemptionView look(Id id, Duration patience = till_patience) {
    std::optional<RedemptionView> view;
    bool heard = false;
    world.engine()->await_redemption(id, patience, [&](std::optional<RedemptionView> given) {
      view = std::move(given);
      heard = true;
    });
    world.run_until([&heard] { return heard; });
    return view.value_or(RedemptionView{});
  }
  bool say(Id id, Engine::TillWord word) {
    std::optional<Status> told;
    world.engine()->redeem(id, word, [&told](Status status) { told = std::move(status); });
    world.run_until([&told] { return told.has_value(); });
    return told->has_value();
  }
  bool instruct(Id id, Engine::Instruction instruction) {
    std::optional<Status> told;
    world.engine()->instruct(id, std::move(instruction),
                             [&told](Status status) { told = std::move(status); });
    world.run_until([&told] { return told.has_value(); });
    return told->has_value();
  }
  Flow stored(Id id) {
    std::optional<Flow> flow;
    world.data_store()->read(
        [&flow, id](store::Reader& reader) {
          const auto row = reader.load_flow(id);
          flow = *decode_flow((**row).state);
        },
        [] {});
    world.run_until([&flow] { return flow.has_value(); });
    return *flow;
  }

  MemorySimDisk disk;
  World world;
  AcceptAnswer::Kind kind = AcceptAnswer::Kind::accepted;
};

TEST_F(OneTill, CapturesPartAndFreesTheRest) {
  const Id id = ask(80);
  EXPECT_EQ(look(id).state, State::authorised);
  EXPECT_TRUE(say(id, CaptureRequested{Points{50}}));
  EXPECT_EQ(look(id).state, State::captured);
  EXPECT_EQ(world.wallets.balances["M-1"], 50);
  EXPECT_EQ(world.wallets.reserved("M-1", world.clock().now()), 0);
  EXPECT_FALSE(say(id, CaptureRequested{Points{51}}));
  EXPECT_FALSE(say(id, ReleaseRequested{}));
  EXPECT_EQ(state_of(stored(id)), FlowState::done);
}

TEST_F(OneTill, IsDeclinedWithAReasonAndNobodysWork) {
  const Id id = ask(101);
  const RedemptionView view = look(id);
  EXPECT_EQ(view.state, State::declined);
  EXPECT_EQ(view.code, contract::error_code::points_insufficient);
  EXPECT_FALSE(say(id, CaptureRequested{Points{1}}));
  EXPECT_EQ(state_of(stored(id)), FlowState::done);
  // Nobody asks again behind the till's back.
  EXPECT_FALSE(instruct(id, Released{authorise_number, {}, {"ann", "again"}}));
  EXPECT_FALSE(instruct(id, Discarded{authorise_number, {"ann", "away"}}));
}

TEST_F(OneTill, IsNotReservedOnceMoreByHand) {
  const Id id = ask(80);
  EXPECT_EQ(look(id).state, State::authorised);
  EXPECT_FALSE(instruct(id, Resent{authorise_number, {"ann", "again"}}));
  EXPECT_EQ(world.wallets.reserved("M-1", world.clock().now()), 80);
}

TEST_F(OneTill, RepeatsItsQuestionAndIsRefusedAnother) {
  const Id id = ask(80);
  EXPECT_EQ(ask(80), id);
  EXPECT_EQ(kind, AcceptAnswer::Kind::replayed);
  EXPECT_EQ(ask(81), id);
  EXPECT_EQ(kind, AcceptAnswer::Kind::idempotency_conflict);
  EXPECT_EQ(look(id).state, State::authorised);
}

TEST_F(OneTill, VoidBeforeItsAuthorisationReservesNothing) {
  const Id id = ask(80, true);
  EXPECT_EQ(look(id).state, State::voided);
  EXPECT_EQ(ask(80), id);
  EXPECT_EQ(look(id).state, State::voided);
  EXPECT_TRUE(world.wallets.holds.empty());
}

TEST_F(OneTill, LapsesAtItsTimeAndNotBefore) {
  const Id id = ask(80);
  const Instant lapses_at = look(id).redemption.lapses_at;
  world.run_until(world.clock().monotonic() + (lapses_at - world.clock().now()) - milliseconds{10});
  EXPECT_EQ(look(id, Duration{0}).state, State::authorised);
  world.run_until(world.clock().monotonic() + seconds{1});
  EXPECT_EQ(look(id, Duration{0}).state, State::lapsed);
  EXPECT_FALSE(say(id, CaptureRequested{Points{80}}));
  world.run_until(world.clock().monotonic() + seconds{1});
  EXPECT_EQ(world.wallets.reserved("M-1", world.clock().now()), 0);
}

TEST_F(OneTill, LapsesAfterARestartToo) {
  const Id id = ask(80);
  EXPECT_EQ(look(id).state, State::authorised);
  world.crash();
  world.run_until([this] { return world.engine() != nullptr; });
  EXPECT_EQ(look(id, Duration{0}).state, State::authorised);
  world.run_until(world.clock().monotonic() + hold_time + seconds{1});
  EXPECT_EQ(look(id, Duration{0}).state, State::lapsed);
  EXPECT_EQ(world.wallets.reserved("M-1", world.clock().now()), 0);
}

TEST_F(OneTill, IsToldPendingWhileThePlatformIsAway) {
  world.wallets.down = true;
  const Id id = ask(80);
  EXPECT_EQ(look(id).state, State::pending);
  EXPECT_FALSE(say(id, CaptureRequested{Points{80}}));
  EXPECT_TRUE(say(id, ReleaseRequested{}));
  EXPECT_EQ(look(id).state, State::voided);
  world.wallets.down = false;
  world.run_until(world.clock().monotonic() + std::chrono::minutes{5});
  EXPECT_TRUE(world.wallets.holds.empty());
}

TEST_F(OneTill, AnAuthorisationThatComesTooLateIsFreed) {
  WalletFaults silent{.lost_before = 0, .lost_after = 100, .refused_503 = 0, .busy_409 = 0};
  MemorySimDisk other;
  World late(other, silent, 3);
  late.wallets.balances["M-1"] = 100;
  late.run_until([&late] { return late.engine() != nullptr; });
  std::optional<Id> id;
  late.engine()->accept(request_of("T", 80, false), [&id](AcceptAnswer given) { id = given.id; });
  late.run_until([&id] { return id.has_value(); });
  std::optional<Status> told;
  late.run_until(late.clock().monotonic() + milliseconds{100});
  EXPECT_EQ(late.wallets.reserved("M-1", late.clock().now()), 80);
  late.engine()->redeem(*id, ReleaseRequested{},
                        [&told](Status status) { told = std::move(status); });
  late.run_until([&told] { return told.has_value(); });
  EXPECT_TRUE(told->has_value());
  late.heal();
  late.run_until([&late] { return late.wallets.reserved("M-1", late.clock().now()) == 0; },
                 std::chrono::minutes{5});
  for (const std::string& wrong : late.wallets.wrong) ADD_FAILURE() << wrong;
}

/// The call was lost, or the server died before it left: the repeat under its key is refused, and a
/// question settles it. The till is told within its hold's time.
TEST_F(OneTill, ARefusalAfterAnUnknownOutcomeIsADeclineInTheEnd) {
  MemorySimDisk other;
  World lost(other, {.lost_before = 100}, 3);
  lost.wallets.balances["M-1"] = 100;
  lost.run_until([&lost] { return lost.engine() != nullptr; });
  std::optional<Id> id;
  lost.engine()->accept(request_of("T", 101, false), [&id](AcceptAnswer given) { id = given.id; });
  lost.run_until([&id] { return id.has_value(); });
  lost.run_until(lost.clock().monotonic() + milliseconds{100});
  lost.heal();
  std::optional<RedemptionView> told;
  lost.engine()->await_redemption(*id, hold_time - seconds{1},
                                  [&told](std::optional<RedemptionView> view) { told = view; });
  lost.run_until([&told] { return told.has_value(); });
  EXPECT_EQ(told->state, State::declined);
  EXPECT_EQ(told->code, contract::error_code::points_insufficient);
}

/// What was decided can be decided again from the journal, to the same state.
TEST_F(OneTill, IsDecidedAgainToTheSameState) {
  const Id id = ask(80);
  EXPECT_EQ(look(id).state, State::authorised);
  EXPECT_TRUE(say(id, CaptureRequested{Points{50}}));
  EXPECT_EQ(look(id).state, State::captured);
  const Flow flow = stored(id);
  std::vector<JournalEntry> entries;
  bool read = false;
  world.data_store()->read(
      [&](store::Reader& reader) {
        const auto rows = reader.journal_at(id.partition(), flow.journal);
        for (const store::JournalRow& row : *rows) entries.push_back(*decode_journal(row.entry));
        read = true;
      },
      [] {});
  world.run_until([&read] { return read; });
  const Replayed replayed = replay_journal(flow, entries);
  EXPECT_EQ(replayed.outcome, Replayed::Outcome::same);
  EXPECT_EQ(replayed.entries, flow.journal.size());
}

/// The platform only deducts: the points are held here.
struct HeldHere : OneTill {
  HeldHere() : OneTill(true) {}
};

TEST_F(HeldHere, TwoHoldsNeverTakeMoreThanThereIs) {
  const Id first = ask(60, false, "A");
  const Id second = ask(60, false, "B");
  EXPECT_EQ(look(first).state, State::authorised);
  EXPECT_EQ(look(second).state, State::declined);
  EXPECT_EQ(look(second).code, contract::error_code::points_insufficient);
  EXPECT_TRUE(say(first, CaptureRequested{Points{50}}));
  EXPECT_EQ(look(first).state, State::captured);
  EXPECT_EQ(world.wallets.balances["M-1"], 50);
  const Id third = ask(51, false, "C");
  EXPECT_EQ(look(third).state, State::declined);
  EXPECT_EQ(look(ask(50, false, "D")).state, State::authorised);
}

TEST_F(HeldHere, AVoidAndTheEndOfTheTimeFreeThePoints) {
  const Id first = ask(100, false, "A");
  EXPECT_EQ(look(first).state, State::authorised);
  EXPECT_TRUE(say(first, ReleaseRequested{}));
  EXPECT_EQ(look(first).state, State::voided);
  const Id second = ask(100, false, "B");
  EXPECT_EQ(look(second).state, State::authorised);
  world.run_until(world.clock().monotonic() + hold_time + seconds{1});
  EXPECT_EQ(look(second, Duration{0}).state, State::lapsed);
  EXPECT_EQ(look(ask(100, false, "C")).state, State::authorised);
  EXPECT_TRUE(world.wallets.holds.empty());
}

TEST_F(HeldHere, HoldsSurviveARestart) {
  const Id first = ask(60, false, "A");
  EXPECT_EQ(look(first).state, State::authorised);
  world.crash();
  world.run_until([this] { return world.engine() != nullptr; });
  EXPECT_EQ(look(ask(60, false, "B")).state, State::declined);
  EXPECT_TRUE(say(first, CaptureRequested{Points{60}}));
  EXPECT_EQ(look(first).state, State::captured);
}

TEST_F(HeldHere, NothingIsHeldWhileThePlatformDoesNotSayWhatThereIs) {
  world.wallets.down = true;
  const Id id = ask(10);
  EXPECT_EQ(look(id).state, State::declined);
  EXPECT_EQ(state_of(stored(id)), FlowState::done);
}

/// The channel may grant 50 points while the platform gives no answer.
struct OnTheFloor : OneTill {
  explicit OnTheFloor(bool only_deducts = false) : OneTill(only_deducts, 50) {
    world.wallets.down = true;
  }
  State granted(Id id) {
    EXPECT_EQ(look(id).state, State::pending);
    bool decided = false;
    world.engine()->grant_offline(id, [&decided](Status) { decided = true; });
    world.run_until([&decided] { return decided; });
    return look(id, Duration{0}).state;
  }
};

TEST_F(OnTheFloor, GrantsUpToTheLimitAndSettlesLater) {
  const Id first = ask(30, false, "A");
  EXPECT_EQ(granted(first), State::authorised);
  EXPECT_TRUE(look(first, Duration{0}).redemption.granted);
  const Id second = ask(21, false, "B");
  EXPECT_EQ(granted(second), State::pending);
  EXPECT_TRUE(say(first, CaptureRequested{Points{30}}));
  EXPECT_EQ(look(first).state, State::settling);
  const Id third = ask(21, false, "C");
  EXPECT_EQ(granted(third), State::pending);
  EXPECT_EQ(granted(ask(20, false, "D")), State::authorised);
  world.crash();
  world.wallets.down = false;
  world.run_until(world.clock().monotonic() + std::chrono::minutes{5});
  EXPECT_EQ(look(first, Duration{0}).state, State::captured);
  EXPECT_EQ(world.wallets.spent("M-1"), 30);
  EXPECT_EQ(world.wallets.reserved("M-1", world.clock().now()), 0);
  EXPECT_EQ(state_of(stored(first)), FlowState::done);
}

TEST_F(OnTheFloor, WhatIsNotCoveredInTheEndIsAPersonsWork) {
  world.wallets.balances["M-1"] = 10;
  const Id id = ask(30);
  EXPECT_EQ(granted(id), State::authorised);
  EXPECT_TRUE(say(id, CaptureRequested{Points{30}}));
  world.wallets.down = false;
  world.run_until(world.clock().monotonic() + std::chrono::minutes{5});
  EXPECT_EQ(look(id, Duration{0}).state, State::settling);
  const Flow stuck = stored(id);
  EXPECT_EQ(state_of(stuck), FlowState::parked);
  ASSERT_NE(first_stuck(stuck), nullptr);
  EXPECT_EQ(first_stuck(stuck)->reason, contract::error_code::points_insufficient);
  // The member has earned enough since, and a person lets it go on.
  world.wallets.balances["M-1"] = 40;
  EXPECT_TRUE(instruct(id, Released{authorise_number, {}, {"ann", "covered now"}}));
  EXPECT_EQ(look(id, seconds{5}).state, State::settling);
  world.run_until(world.clock().monotonic() + seconds{10});
  EXPECT_EQ(look(id, Duration{0}).state, State::captured);
  EXPECT_EQ(world.wallets.balances["M-1"], 10);
}

struct OnTheFloorHere : OnTheFloor {
  OnTheFloorHere() : OnTheFloor(true) {}
};

TEST_F(OnTheFloorHere, GrantsWhereThePlatformOnlyDeductsToo) {
  const Id first = ask(30, false, "A");
  EXPECT_EQ(look(first).state, State::authorised);
  EXPECT_TRUE(look(first).redemption.granted);
  EXPECT_EQ(look(ask(21, false, "B")).state, State::declined);
  EXPECT_TRUE(say(first, CaptureRequested{Points{25}}));
  EXPECT_EQ(look(first).state, State::settling);
  world.wallets.down = false;
  world.run_until(world.clock().monotonic() + std::chrono::minutes{5});
  EXPECT_EQ(look(first, Duration{0}).state, State::captured);
  EXPECT_EQ(world.wallets.balances["M-1"], 75);
}

}  // namespace
}  // namespace crossfoot::flow

// Goal: {sale, correction, returns, void of a return, exchange, corrected return, void} end in the
// same ledger in every order, whatever leg is parked on the way, and every repeat finds its answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>

#include "contract/error_codes.h"
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

using contract::LineAction;
using contract::Transaction;
using contract::TransactionKind;
using namespace sim;

Transaction at_till(TransactionKind kind, std::uint32_t sequence) {
  return receipt(kind, sequence, start_of_time + Duration{std::int64_t{sequence} * 1'000'000});
}

/// Units by line.
Transaction sale(std::uint32_t sequence, std::uint32_t revision,
                 const std::vector<std::int64_t>& units) {
  Transaction made = at_till(TransactionKind::sale, sequence);
  made.member = "M-1";
  made.revision = revision;
  for (std::size_t i = 0; i < units.size(); ++i) {
    add_line(made, static_cast<std::uint32_t>(i + 1), units[i], LineAction::sold);
  }
  return made;
}

void take_back(Transaction& made, std::uint32_t sale, std::uint32_t line, std::int64_t units) {
  const auto number = static_cast<std::uint32_t>(made.lines.size() + 1);
  add_line(made, number, units, LineAction::returned);
  made.lines.back().original = contract::OriginalLine{till_key(sale), line};
}

Transaction return_of(std::uint32_t sequence, std::uint32_t sale, std::uint32_t line,
                      std::int64_t units, std::uint32_t revision = 0) {
  Transaction made = at_till(TransactionKind::return_goods, sequence);
  made.revision = revision;
  take_back(made, sale, line, units);
  return made;
}

Transaction exchange_of(std::uint32_t sequence, std::uint32_t sale, std::uint32_t line) {
  Transaction made = at_till(TransactionKind::exchange, sequence);
  made.member = "M-2";
  take_back(made, sale, line, 1);
  add_line(made, 2, 1, LineAction::sold);
  return made;
}

Transaction void_of(std::uint32_t sequence, std::uint32_t original) {
  Transaction made = at_till(TransactionKind::void_sale, sequence);
  made.original = till_key(original);
  return made;
}

/// What the targets have in the end, and what each return is covered for.
struct Ledger {
  std::set<std::string> documents;                 ///< at the ERP and not mirrored
  std::map<std::string, std::int64_t> units_left;  ///< accrual|line → not taken back, without zeros
  std::int64_t points = 0;
  std::map<std::string, std::int64_t> covered;  ///< natural key → units

  bool operator==(const Ledger&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Ledger& ledger) {
  out << ledger.points << " points; documents";
  for (const std::string& document : ledger.documents) out << " " << document;
  for (const auto& [line, units] : ledger.units_left) out << "; " << line << ": " << units;
  for (const auto& [key, units] : ledger.covered) out << "; " << key << " covers " << units;
  return out;
}

/// One engine over the memory store and well-behaved targets, on virtual time.
class World {
 public:
  World()
      : programme_(programme()),
        store_(std::make_unique<store::MemoryStore>(disk_, scheduler_)),
        caller_(scheduler_, targets_, {}, 7) {
    open();
  }

  AcceptAnswer accept(const Transaction& transaction, const std::string& idempotency_key = {}) {
    AcceptRequest request;
    request.transaction = std::make_shared<const Transaction>(transaction);
    request.body = std::make_shared<const std::string>(contract::render_transaction(transaction));
    const contract::ContentHash content = contract::transaction_hash(transaction);
    request.content = content.hash;
    request.projection = content.projection;
    request.idempotency_key = idempotency_key;
    std::optional<AcceptAnswer> answer;
    engine_->accept(std::move(request), [&answer](AcceptAnswer given) { answer = given; });
    while (!answer && scheduler_.step()) {
    }
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(AcceptAnswer{});
  }

  void settle() {
    const auto quiet = [this] {
      const Activity activity = engine_->activity();
      return activity.accepts == 0 && activity.calls == 0 && activity.moving_legs == 0 &&
             activity.active_flows == 0 && activity.pending_books == 0;
    };
    const Duration limit = scheduler_.monotonic() + std::chrono::hours{1};
    while (!quiet() && scheduler_.monotonic() < limit && scheduler_.step()) {
    }
    EXPECT_TRUE(quiet());
  }

  void step(int times) {
    while (times-- > 0 && scheduler_.step()) {
    }
  }

  /// The process dies and comes back.
  void restart() {
    engine_.reset();
    store_->crash(store::MemoryStore::InFlight::applied);
    store_ = std::make_unique<store::MemoryStore>(disk_, scheduler_);
    open();
  }

  void release(Id flow, std::uint16_t leg) {
    std::optional<Status> done;
    engine_->instruct(flow, Released{leg, {}, {"ann", "look again"}},
                      [&done](Status status) { done = std::move(status); });
    while (!done && scheduler_.step()) {
    }
    ASSERT_TRUE(done.has_value());
    EXPECT_TRUE(done->has_value()) << done->error().cause;
    settle();
  }

  /// A person lets everything go on that a target had turned away.
  void release_all() {
    bool any = true;
    for (int rounds = 0; any && rounds < 20; ++rounds) {
      any = false;
      for (const Flow& flow : flows()) {
        for (const Leg& leg : flow.legs) {
          if (leg.reason != "SIM" || !is_stuck(leg.state)) continue;
          any = true;
          release(flow.id, leg.number);
        }
      }
    }
  }

  std::vector<Flow> flows() {
    std::vector<Flow> all;
    read([&all](store::Reader& reader) {
      store::MessageQuery query{.business_date = BusinessDate{20'400}, .limit = 1000};
      const auto messages = reader.messages(query, false);
      ASSERT_TRUE(messages.has_value());
      for (const store::MessageRow& message : *messages) {
        const auto row = reader.load_flow(message.id);
        ASSERT_TRUE(row.has_value());
        if (*row) all.push_back(decode_flow((*row)->state).value());
      }
    });
    return all;
  }

  Flow flow(Id id) {
    for (Flow& flow : flows()) {
      if (flow.id == id) return flow;
    }
    ADD_FAILURE() << "no flow " << to_string(id);
    return {};
  }

  store::MessageRow message(Id id) {
    store::MessageRow found;
    read([&](store::Reader& reader) { found = reader.load_message(id).value().value(); });
    return found;
  }

  std::vector<JournalEvent> timeline(Id id) {
    std::vector<JournalEvent> events;
    const Flow of = flow(id);
    read([&](store::Reader& reader) {
      for (const auto& row : reader.journal_at(id.partition(), of.journal).value()) {
        std::ranges::move(decode_journal(row.entry).value().events, std::back_inserter(events));
      }
    });
    return events;
  }

  Ledger ledger() {
    EXPECT_TRUE(targets_.faults.empty()) << targets_.faults.front();
    Ledger ledger;
    for (const Effect& effect : targets_.effects["erp"]) {
      EXPECT_EQ(targets_.count("erp", effect.reference), 1U);
      if (effect.operation != "post" && effect.operation != "create_memo") continue;
      const std::size_t mirrored = targets_.undone("erp", "post_void", effect.reference);
      EXPECT_LE(mirrored, 1U) << effect.reference;
      if (mirrored == 0) ledger.documents.insert(effect.reference);
    }
    for (const Effect& effect : targets_.effects["loyalty"]) ledger.points += effect.points;
    for (const auto& [line, units] : targets_.lines_left) {
      if (units != 0) ledger.units_left.emplace(line, units);
    }
    for (const Flow& flow : flows()) {
      EXPECT_NE(state_of(flow), FlowState::open);
      if (!flow.superseded_by.is_nil() || flow.links.empty()) continue;
      std::int64_t& covered = ledger.covered[flow.natural_key];
      for (const LineLink& link : flow.links) {
        for (const LinkPart& part : link.parts) covered += part.covered;
      }
    }
    read([](store::Reader& reader) {
      EXPECT_TRUE(reader.pending_books(Hash128{}, 10).value().empty());
    });
    return ledger;
  }

  Targets& targets() { return targets_; }
  Engine& engine() { return *engine_; }

 private:
  void open() {
    engine_ = std::make_unique<Engine>(
        scheduler_, *store_, caller_, processes_, programme_, zones_,
        [](std::string_view body) -> Result<Transaction> {
          contract::TransactionParser parser;
          return std::move(parser.parse(body, contract::ParsePolicy::stored())->transaction);
        },
        EngineOptions{}, 11, [](const Fault& fault) { ADD_FAILURE() << fault.cause; });
    bool started = false;
    engine_->start({"erp", "loyalty"}, [&started](Status) { started = true; });
    while (!started && scheduler_.step()) {
    }
  }

  void read(const std::function<void(store::Reader&)>& work) {
    bool done = false;
    store_->read([&work](store::Reader& reader) { work(reader); }, [&done] { done = true; });
    while (!done && scheduler_.step()) {
    }
    ASSERT_TRUE(done);
  }

  ledger::Programme programme_;
  UtcZones zones_;
  process::RetailProcesses processes_;
  runtime::SimScheduler scheduler_{start_of_time};
  store::MemoryDisk disk_;
  Targets targets_;
  std::unique_ptr<store::MemoryStore> store_;
  SimCaller caller_;
  std::unique_ptr<Engine> engine_;
};

/// The ledger after the facts in this order. `turned_away`: this operation is, as often.
Ledger run(const std::vector<Transaction>& facts, const std::vector<std::size_t>& order,
           bool in_peace, const std::string& turned_away, int times) {
  World world;
  world.targets().refuses_excess = !turned_away.empty();
  if (!turned_away.empty()) world.targets().refuse[turned_away] = times;
  for (const std::size_t fact : order) {
    const AcceptAnswer answer = world.accept(facts[fact]);
    EXPECT_TRUE(answer.kind == AcceptAnswer::Kind::accepted ||
                answer.kind == AcceptAnswer::Kind::corrected ||
                answer.kind == AcceptAnswer::Kind::replayed ||
                answer.kind == AcceptAnswer::Kind::superseded);
    if (in_peace) world.settle();
  }
  world.settle();
  world.release_all();
  return world.ledger();
}

void expect_one_ledger(const std::vector<Transaction>& facts, std::int64_t points) {
  std::vector<std::size_t> order(facts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const Ledger first = run(facts, order, true, {}, 0);
  EXPECT_EQ(first.points, points);
  const std::array<std::string, 8> operations{"",        "accrue",       "post",      "create_memo",
                                              "reverse", "release_memo", "post_void", "reinstate"};
  std::size_t turn = 0;
  do {
    for (const std::string& turned_away : operations) {
      const bool in_peace = turn % 2 == 0;
      const int times = turn % 3 == 0 ? 2 : 1;
      ++turn;
      const Ledger ledger = run(facts, order, in_peace, turned_away, times);
      if (ledger == first && !testing::Test::HasFailure()) continue;
      std::string text;
      for (const std::size_t fact : order) text += std::to_string(fact);
      ADD_FAILURE() << "order " << text << (in_peace ? " one by one" : " at once") << ", "
                    << turned_away << " turned away " << times << " times:\n"
                    << ledger << "\ninstead of\n"
                    << first;
      return;
    }
    ++turn;  // the other half of the operations comes at once
  } while (std::ranges::next_permutation(order).found);
}

TEST(Corrections, ACorrectedSaleItsReturnsAVoidedReturnAndAnExchangeInAnyOrder) {
  // Of 3 + 1 units that the correction makes 2 + 2: one return asks for 3 of 2, one is voided, an
  // exchange takes 1 of 2 back and sells 1. 40 - 20 - 10 + 10.
  expect_one_ledger({sale(1, 0, {3, 1}), sale(1, 1, {2, 2}), return_of(2, 1, 1, 3),
                     return_of(3, 1, 1, 1), void_of(4, 3), exchange_of(5, 1, 2)},
                    20);
}

TEST(Corrections, ACorrectedReturnOfACorrectedSaleInAnyOrder) {
  // The correction sells enough for what was over-returned before; the return is corrected from 3
  // to 2; the exchange is voided: 40 + 10 - 20.
  expect_one_ledger({sale(1, 0, {1, 1}), sale(1, 1, {4, 1}), return_of(2, 1, 1, 3),
                     return_of(2, 1, 1, 2, 1), exchange_of(3, 1, 2), void_of(4, 3)},
                    30);
}

TEST(Corrections, AVoidedSaleStaysVoidedWhateverCorrectsIt) {
  expect_one_ledger({sale(1, 0, {3, 1}), sale(1, 1, {2, 2}), sale(1, 2, {5}), return_of(2, 1, 1, 1),
                     void_of(3, 1)},
                    0);
}

TEST(Corrections, AVoidedReturnStaysVoidedWhateverCorrectsIt) {
  // Found by the simulation: the void was answered by the corrected return at once and released
  // nothing of it.
  expect_one_ledger({sale(1, 0, {4}), return_of(2, 1, 1, 1), return_of(2, 1, 1, 3, 1),
                     void_of(3, 2), return_of(4, 1, 1, 2)},
                    20);
}

TEST(Corrections, ThreeRevisionsInAnyOrderEndInTheLast) {
  expect_one_ledger({sale(1, 0, {3}), sale(1, 1, {4, 1}), sale(1, 2, {2, 2, 1}),
                     return_of(2, 1, 3, 1), return_of(3, 1, 1, 2)},
                    20);
}

TEST(Corrections, ASaleMayBecomeAnExchangeAndAReturnASale) {
  // What was keyed as the wrong kind of receipt is corrected to what it was.
  Transaction exchange = exchange_of(2, 1, 1);
  exchange.revision = 1;
  Transaction sold = sale(3, 1, {1});
  expect_one_ledger({sale(1, 0, {3}), sale(2, 0, {1}), exchange, return_of(3, 1, 1, 1), sold}, 40);
}

TEST(Corrections, TheOlderRevisionIsKeptAndBothNameEachOther) {
  World world;
  const AcceptAnswer first = world.accept(sale(1, 0, {3}));
  world.settle();
  const AcceptAnswer second = world.accept(sale(1, 1, {2}));
  EXPECT_EQ(second.kind, AcceptAnswer::Kind::corrected);
  EXPECT_EQ(second.supersedes, first.id);
  EXPECT_FALSE(second.held);
  world.settle();
  EXPECT_EQ(world.message(first.id).state, store::MessageState::superseded);
  EXPECT_EQ(world.message(first.id).conflict_with, second.id);
  EXPECT_EQ(world.message(second.id).state, store::MessageState::accepted);
  EXPECT_EQ(world.flow(first.id).superseded_by, second.id);
  EXPECT_EQ(world.flow(second.id).supersedes, first.id);
  const auto old_events = world.timeline(first.id);
  const auto told =
      std::ranges::find(old_events, JournalEvent::Kind::superseded, &JournalEvent::kind);
  ASSERT_NE(told, old_events.end());
  EXPECT_EQ(told->detail, "revision 1, " + to_string(second.id));
  EXPECT_EQ(world.timeline(second.id).front().detail, "corrects " + to_string(first.id));
  EXPECT_EQ(state_of(world.flow(second.id)), FlowState::done);
}

TEST(Corrections, ARepeatOfAnyRevisionFindsItsAnswer) {
  World world;
  const AcceptAnswer first = world.accept(sale(1, 0, {3}));
  const AcceptAnswer second = world.accept(sale(1, 1, {2}));
  const AcceptAnswer again = world.accept(sale(1, 1, {2}));
  EXPECT_EQ(again.kind, AcceptAnswer::Kind::replayed);
  EXPECT_EQ(again.id, second.id);
  const AcceptAnswer old = world.accept(sale(1, 0, {3}));
  EXPECT_EQ(old.kind, AcceptAnswer::Kind::replayed);
  EXPECT_EQ(old.id, first.id);
  EXPECT_EQ(old.superseded_by, second.id);
  // The same content under a higher number is a repeat of what counts, not another correction.
  const AcceptAnswer higher = world.accept(sale(1, 7, {2}));
  EXPECT_EQ(higher.kind, AcceptAnswer::Kind::replayed);
  EXPECT_EQ(higher.id, second.id);
  world.settle();
  EXPECT_EQ(world.ledger().points, 20);
}

TEST(Corrections, ACorrectionMayGoBackToWhatWasThereFirst) {
  World world;
  (void)world.accept(sale(1, 0, {3}));
  (void)world.accept(sale(1, 1, {2}));
  const AcceptAnswer third = world.accept(sale(1, 2, {3}));
  EXPECT_EQ(third.kind, AcceptAnswer::Kind::corrected);
  world.settle();
  EXPECT_EQ(world.ledger().points, 30);
}

TEST(Corrections, TheLastRevisionMayRepeatTheFirstInAnyOrder) {
  // What was changed and changed back is what it was first, also when the way back came first; which
  // of the two equal revisions counts depends on that, and so do its references.
  const std::vector<Transaction> facts{sale(1, 0, {3}), sale(1, 1, {1}), sale(1, 2, {3}),
                                       return_of(2, 1, 1, 2)};
  std::array<std::size_t, 4> order{0, 1, 2, 3};
  do {
    const Ledger ledger = run(facts, {order.begin(), order.end()}, true, {}, 0);
    EXPECT_EQ(ledger.points, 10) << order[0] << order[1] << order[2] << order[3];
    EXPECT_EQ(ledger.documents.size(), 2U);
  } while (std::ranges::next_permutation(order).found);
}

TEST(Corrections, ARevisionThatIsThereWithOtherContentIsHeld) {
  World world;
  (void)world.accept(sale(1, 0, {3}));
  const AcceptAnswer second = world.accept(sale(1, 1, {2}));
  for (const std::uint32_t revision : {0U, 1U}) {
    const AcceptAnswer other = world.accept(sale(1, revision, {8 + revision}));
    EXPECT_EQ(other.kind, AcceptAnswer::Kind::held) << revision;
    EXPECT_EQ(world.message(other.id).state, store::MessageState::held);
  }
  EXPECT_FALSE(second.id.is_nil());
  world.settle();
  EXPECT_EQ(world.ledger().points, 20);
}

TEST(Corrections, ALowerRevisionThatComesLateIsSupersededOnArrival) {
  World world;
  (void)world.accept(sale(1, 0, {3}));
  const AcceptAnswer third = world.accept(sale(1, 2, {1}));
  world.settle();
  const AcceptAnswer late = world.accept(sale(1, 1, {2}));
  EXPECT_EQ(late.kind, AcceptAnswer::Kind::superseded);
  EXPECT_EQ(late.superseded_by, third.id);
  const store::MessageRow kept = world.message(late.id);
  EXPECT_EQ(kept.state, store::MessageState::superseded);
  EXPECT_EQ(kept.conflict_with, third.id);
  EXPECT_EQ(world.timeline(third.id).back().kind, JournalEvent::Kind::revision_noted);
  const AcceptAnswer again = world.accept(sale(1, 1, {2}));
  EXPECT_EQ(again.id, late.id);
  EXPECT_EQ(again.superseded_by, third.id);
  EXPECT_EQ(world.accept(sale(1, 1, {8})).kind, AcceptAnswer::Kind::held);
  world.settle();
  EXPECT_EQ(world.ledger().points, 10);
}

TEST(Corrections, ACorrectionThatDoesNotAddUpTakesNothingBack) {
  World world;
  (void)world.accept(sale(1, 0, {3}));
  world.settle();
  Transaction odd = sale(1, 1, {2});
  odd.totals.gross = Money{1, odd.currency};
  const AcceptAnswer second = world.accept(odd);
  EXPECT_EQ(second.kind, AcceptAnswer::Kind::corrected);
  world.settle();
  EXPECT_EQ(state_of(world.flow(second.id)), FlowState::parked);
  EXPECT_EQ(world.ledger().points, 30);
  // The next one does, and takes both places.
  EXPECT_EQ(world.accept(sale(1, 2, {1})).kind, AcceptAnswer::Kind::corrected);
  world.settle();
  EXPECT_EQ(world.ledger().points, 10);
  EXPECT_EQ(state_of(world.flow(second.id)), FlowState::done);
}

TEST(Corrections, AFaultyReceiptIsRepairedByItsCorrection) {
  World world;
  Transaction odd = sale(1, 0, {3});
  odd.totals.gross = Money{1, odd.currency};
  const AcceptAnswer first = world.accept(odd);
  world.settle();
  EXPECT_EQ(world.ledger().documents.size(), 0U);
  (void)world.accept(sale(1, 1, {3, 1}));
  world.settle();
  EXPECT_EQ(state_of(world.flow(first.id)), FlowState::done);
  EXPECT_EQ(world.ledger().documents.size(), 1U);
  EXPECT_EQ(world.ledger().points, 40);
}

TEST(Corrections, AnIdempotencyKeyOfOtherContentLeavesTheReceiptAsItWas) {
  World world;
  const AcceptAnswer first = world.accept(sale(1, 0, {3}));
  world.settle();
  (void)world.accept(sale(9, 0, {1}), "key-1");
  EXPECT_EQ(world.accept(sale(1, 1, {2}), "key-1").kind, AcceptAnswer::Kind::idempotency_conflict);
  EXPECT_TRUE(world.flow(first.id).superseded_by.is_nil());
  EXPECT_EQ(world.accept(sale(1, 1, {2}), "key-2").kind, AcceptAnswer::Kind::corrected);
  EXPECT_EQ(world.accept(sale(1, 1, {2}), "key-2").kind, AcceptAnswer::Kind::replayed);
  world.settle();
  EXPECT_EQ(world.ledger().points, 30);
}

TEST(Corrections, ACrashBetweenTheTwoRevisionsLosesNothing) {
  // The process dies after each number of steps of the correction's work.
  for (int steps = 0; steps < 60; ++steps) {
    World world;
    (void)world.accept(sale(1, 0, {3}));
    (void)world.accept(return_of(2, 1, 1, 1));
    world.settle();
    (void)world.accept(sale(1, 1, {2}));
    world.step(steps);
    world.restart();
    world.settle();
    EXPECT_EQ(world.ledger().points, 10) << steps;
    EXPECT_EQ(world.ledger().documents.size(), 2U) << steps;
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Corrections, AClaimThatIsLetGoOnTakesBackNothingTwice) {
  // What was over-returned and is released asks its book again: the reversal it had is not
  // repeated.
  World world;
  (void)world.accept(sale(1, 0, {2}));
  const AcceptAnswer back = world.accept(return_of(2, 1, 1, 3));
  world.settle();
  const std::size_t legs = world.flow(back.id).legs.size();
  const Flow flow = world.flow(back.id);
  const Leg* claim = flow.first_of(LegKind::claim);
  world.release(back.id, claim->number);
  EXPECT_EQ(world.flow(back.id).legs.size(), legs);
  EXPECT_EQ(world.flow(back.id).reversed, Points{20});
}

TEST(Corrections, AVoidIsNotCorrectedButHeld) {
  World world;
  (void)world.accept(sale(1, 0, {2}));
  (void)world.accept(void_of(2, 1));
  Transaction other = void_of(2, 5);
  other.revision = 1;
  EXPECT_EQ(world.accept(other).kind, AcceptAnswer::Kind::held);
}

}  // namespace
}  // namespace crossfoot::flow

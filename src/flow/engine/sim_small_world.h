#pragma once

// One shop's receipts, one engine over the memory store and well-behaved targets, on virtual time.
// Test code.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
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
#include "runtime/sim_scheduler.h"
#include "store/memory/memory_store.h"

namespace crossfoot::flow::sim {

using contract::LineAction;
using contract::Transaction;
using contract::TransactionKind;

inline Transaction at_till(TransactionKind kind, std::uint32_t sequence) {
  return receipt(kind, sequence, start_of_time + Duration{std::int64_t{sequence} * 1'000'000});
}

/// Units by line.
inline Transaction sale(std::uint32_t sequence, std::uint32_t revision,
                        const std::vector<std::int64_t>& units) {
  Transaction made = at_till(TransactionKind::sale, sequence);
  made.member = "M-1";
  made.revision = revision;
  for (std::size_t i = 0; i < units.size(); ++i) {
    add_line(made, static_cast<std::uint32_t>(i + 1), units[i], LineAction::sold);
  }
  return made;
}

inline void take_back(Transaction& made, std::uint32_t sale, std::uint32_t line,
                      std::int64_t units) {
  const auto number = static_cast<std::uint32_t>(made.lines.size() + 1);
  add_line(made, number, units, LineAction::returned);
  made.lines.back().original = contract::OriginalLine{till_key(sale), line};
}

inline Transaction return_of(std::uint32_t sequence, std::uint32_t sale, std::uint32_t line,
                             std::int64_t units, std::uint32_t revision = 0) {
  Transaction made = at_till(TransactionKind::return_goods, sequence);
  made.revision = revision;
  take_back(made, sale, line, units);
  return made;
}

inline Transaction exchange_of(std::uint32_t sequence, std::uint32_t sale, std::uint32_t line) {
  Transaction made = at_till(TransactionKind::exchange, sequence);
  made.member = "M-2";
  take_back(made, sale, line, 1);
  add_line(made, 2, 1, LineAction::sold);
  return made;
}

inline Transaction void_of(std::uint32_t sequence, std::uint32_t original) {
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

inline std::ostream& operator<<(std::ostream& out, const Ledger& ledger) {
  out << ledger.points << " points; documents";
  for (const std::string& document : ledger.documents) out << " " << document;
  for (const auto& [line, units] : ledger.units_left) out << "; " << line << ": " << units;
  for (const auto& [key, units] : ledger.covered) out << "; " << key << " covers " << units;
  return out;
}

/// One engine over the memory store and well-behaved targets, on virtual time.
class SmallWorld {
 public:
  explicit SmallWorld(const Processes& processes, EngineOptions options = {})
      : processes_(processes),
        options_(std::move(options)),
        programme_(programme()),
        store_(std::make_unique<store::MemoryStore>(disk_, scheduler_)),
        caller_(scheduler_, scheduler_, targets_, {}, {}, 7) {
    open();
  }

  AcceptAnswer accept(const Transaction& transaction, const std::string& idempotency_key = {}) {
    AcceptRequest request = request_of(transaction);
    request.idempotency_key = idempotency_key;
    std::optional<AcceptAnswer> answer;
    engine_->accept(std::move(request), [&answer](AcceptAnswer given) { answer = given; });
    while (!answer && scheduler_.step()) {
    }
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(AcceptAnswer{});
  }

  /// All before the first is committed.
  std::vector<AcceptAnswer> accept_at_once(const std::vector<Transaction>& transactions) {
    std::vector<std::optional<AcceptAnswer>> answers(transactions.size());
    for (std::size_t i = 0; i < transactions.size(); ++i) {
      engine_->accept(request_of(transactions[i]),
                      [&answers, i](AcceptAnswer given) { answers[i] = std::move(given); });
    }
    const auto all = [&answers] {
      return std::ranges::all_of(answers, [](const auto& answer) { return answer.has_value(); });
    };
    while (!all() && scheduler_.step()) {
    }
    std::vector<AcceptAnswer> given;
    for (auto& answer : answers) given.push_back(answer.value_or(AcceptAnswer{}));
    return given;
  }

  AcceptAnswer edit(Id stuck, const Transaction& instead) {
    std::optional<AcceptAnswer> answer;
    engine_->edit(stuck, request_of(instead), {"ann", "typed wrong"},
                  [&answer](AcceptAnswer given) { answer = std::move(given); });
    while (!answer && scheduler_.step()) {
    }
    return answer.value_or(AcceptAnswer{});
  }

  /// Whether a person's decision was carried out.
  bool decide(const std::function<void(Engine&, Engine::Done)>& work) {
    std::optional<Status> done;
    work(*engine_, [&done](Status status) { done = std::move(status); });
    while (!done && scheduler_.step()) {
    }
    return done && done->has_value();
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
    read([](store::Reader& reader) {
      EXPECT_TRUE(reader.pending_books(Hash128{}, 10).value().empty());
    });
    return ledger_without_books();
  }

  /// As long as a book may still wait.
  Ledger ledger_without_books() {
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
    return ledger;
  }

  Targets& targets() { return targets_; }
  Engine& engine() { return *engine_; }

 private:
  static AcceptRequest request_of(const Transaction& transaction) {
    AcceptRequest request;
    request.transaction = std::make_shared<const Transaction>(transaction);
    request.body = std::make_shared<const std::string>(contract::render_transaction(transaction));
    const contract::ContentHash content = contract::transaction_hash(transaction);
    request.content = content.hash;
    request.projection = content.projection;
    return request;
  }

  void open() {
    engine_ = std::make_unique<Engine>(
        scheduler_, *store_, caller_, processes_, programme_, zones_,
        [](std::string_view body) -> Result<Transaction> {
          contract::TransactionParser parser;
          return std::move(parser.parse(body, contract::ParsePolicy::stored())->transaction);
        },
        options_, 11, [](const Fault& fault) { ADD_FAILURE() << fault.cause; });
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

  const Processes& processes_;
  EngineOptions options_;
  ledger::Programme programme_;
  UtcZones zones_;
  runtime::SimScheduler scheduler_{start_of_time};
  store::MemoryDisk disk_;
  Targets targets_;
  std::unique_ptr<store::MemoryStore> store_;
  SimCaller caller_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace crossfoot::flow::sim

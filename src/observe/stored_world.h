#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/invariant.h"
#include "contract/transaction_json.h"
#include "flow/plan/book.h"
#include "flow/plan/flow.h"
#include "flow/plan/programme_versions.h"
#include "ledger/programme.h"
#include "observe/book_source.h"
#include "observe/channel_reader.h"
#include "observe/item_builder.h"
#include "runtime/sim_scheduler.h"
#include "store/memory/memory_store.h"

/// A data store with accepted messages and flows in every state, and books to compare it with, on
/// virtual time: for the tests of this module.
namespace crossfoot::observe::testing {

/// Books that are made up.
class MadeUpBooks final : public BookSource {
 public:
  explicit MadeUpBooks(runtime::Scheduler& scheduler) : scheduler_(scheduler) {}

  bool can_list(std::string_view target) const override { return !unlistable.contains(target); }
  void list(std::string_view target, BusinessDate date, connector::BookReader::Page page,
            connector::BookReader::Done done) override {
    ++lists;
    scheduler_.post([this, alive = std::weak_ptr<bool>(alive_), name = std::string(target), date,
                     page = std::move(page), done = std::move(done)]() mutable {
      if (alive.expired()) return;
      // One entry a page: a day's book is the sum of its pages.
      for (const connector::BookItem& item : books[{name, date}]) page({item});
      if (failing.contains({name, date})) return done(fail({.cause = "out of order"}));
      done({});
    });
  }

  std::map<std::pair<std::string, BusinessDate>, std::vector<connector::BookItem>> books;
  std::set<std::pair<std::string, BusinessDate>> failing;
  std::set<std::string, std::less<>> unlistable;
  std::size_t lists = 0;

 private:
  runtime::Scheduler& scheduler_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class UtcZones final : public ledger::ZoneLookup {
 public:
  Result<ledger::LocalTime> local(std::string_view, Instant at) const override {
    return ledger::LocalTime{at.micros};
  }
};

/// One point per EUR, goods only.
inline ledger::Programme plain_programme() {
  ledger::Programme programme;
  programme.currency = *find_currency("EUR");
  programme.line_kinds = 1U << static_cast<unsigned>(contract::LineKind::goods);
  return programme;
}

inline contract::Line goods(std::uint32_t number, std::int64_t quantity, std::string_view price) {
  contract::Line line;
  line.number = number;
  line.article = "A-" + std::to_string(number);
  line.quantity = {quantity, 0};
  line.unit = "EA";
  line.unit_price = *parse_decimal(price);
  line.amount = eur(*multiply_round(line.quantity, line.unit_price, 2, Rounding::half_up));
  line.discount = eur(0);
  line.tax_code = "DE-STD";
  line.tax_rate = Decimal{19, 2};
  return line;
}

class StoredWorld {
 public:
  StoredWorld() { open(); }

  void open() { store.emplace(disk, scheduler); }

  /// A document of a till, without lines.
  contract::Transaction document(contract::TransactionKind kind, BusinessDate date) {
    contract::Transaction made;
    made.kind = kind;
    made.key.tenant = "default";
    made.key.shop = made.shop = "DE-001";
    made.key.register_name = "1";
    made.key.business_date = made.business_date = date;
    made.key.sequence = std::to_string(++count_);
    made.occurred_at = Instant{date.days * 86'400'000'000 + count_ * 1'000'000};
    made.currency = *find_currency("EUR");
    return made;
  }
  contract::Transaction sale(BusinessDate date, std::string_view price = "11.90") {
    contract::Transaction made = document(contract::TransactionKind::sale, date);
    made.member = "M-1";
    made.lines = {goods(1, 1, price)};
    return made;
  }

  flow::Leg leg(flow::LegKind kind, std::string_view target, std::string reference) {
    flow::Leg made;
    made.kind = kind;
    made.state = flow::LegState::done;
    made.target = target;
    made.steps.push_back({.operation = std::string(to_string(kind)),
                          .reference = std::move(reference),
                          .done = true});
    return made;
  }
  flow::Leg local_leg(flow::LegKind kind, flow::LegState state, std::string_view reason = {}) {
    flow::Leg made;
    made.kind = kind;
    made.state = state;
    made.reason = reason;
    return made;
  }

  /// Stores an accepted message with its flow.
  Id store_message(const contract::Transaction& transaction, std::vector<flow::Leg> legs,
                   std::vector<flow::LineLink> links = {},
                   std::optional<flow::Redemption> redemption = {}) {
    store::Unit unit;
    unit.message = row_of(transaction);
    const Id id = unit.message->id;
    flow::Flow flow;
    flow.id = id;
    flow.kind = transaction.kind;
    flow.programme_version = programme.version;
    flow.natural_key = transaction.key.canonical();
    flow.recorded_at = scheduler.now();
    flow.legs = std::move(legs);
    for (std::size_t i = 0; i < flow.legs.size(); ++i) {
      flow.legs[i].number = static_cast<std::uint16_t>(i + 1);
    }
    flow.links = std::move(links);
    flow.redemption = redemption;
    unit.flows.push_back({.id = id, .state = encode(flow)});
    commit(std::move(unit));
    return id;
  }
  /// A sale whose legs are done: `erp` and `loyalty` with the number of its receipt.
  Id store_sale(const contract::Transaction& sale) {
    return store_message(sale, {local_leg(flow::LegKind::validate, flow::LegState::done),
                                leg(flow::LegKind::accrue, "loyalty", "L" + sale.key.sequence),
                                leg(flow::LegKind::post, "erp", "E" + sale.key.sequence)});
  }
  Id store_kept(const contract::Transaction& transaction, store::MessageState state,
                std::string code) {
    store::Unit unit;
    unit.message = row_of(transaction);
    unit.message->state = state;
    unit.message->code = std::move(code);
    const Id id = unit.message->id;
    commit(std::move(unit));
    return id;
  }
  /// The rules of a version, as a server keeps them when it starts with them.
  void keep_programme(std::uint32_t version, std::string text) {
    store::Unit unit;
    unit.documents.push_back(
        {std::string(flow::programme_documents), flow::programme_key(version), std::move(text)});
    commit(std::move(unit));
  }
  void store_book(const flow::Book& book) {
    store::Unit unit;
    unit.books.push_back({.key = book.key, .state = encode(book)});
    commit(std::move(unit));
  }

  /// What the day leads one to expect.
  std::vector<ExpectedItem> expect(BusinessDate date) {
    std::vector<ExpectedItem> items;
    bool done = false;
    store->read(
        [&](store::Reader& reader) {
          ChannelReader channel(programme, zones, {"erp", "loyalty"});
          auto page = channel.read(reader, date, Id{}, 1000);
          if (page) items = std::move(page->items);
        },
        [&done] { done = true; });
    run_until([&done] { return done; });
    return items;
  }
  /// Books of both targets as they should be.
  void fill_books(MadeUpBooks& books, BusinessDate date) {
    for (const ExpectedItem& item : expect(date)) {
      const std::string target = item.side == Side::erp ? "erp" : "loyalty";
      if (!item.reference.empty()) books.books[{target, date}].push_back(booked(item));
    }
  }

  template <class Predicate>
  bool run_until(Predicate predicate) {
    while (!predicate()) {
      if (!scheduler.step()) return predicate();
    }
    return true;
  }

  runtime::SimScheduler scheduler{*parse_instant("2026-11-25T10:00:00Z")};
  store::MemoryDisk disk;
  std::optional<store::MemoryStore> store;
  ledger::Programme programme = plain_programme();
  UtcZones zones;

 private:
  store::MessageRow row_of(const contract::Transaction& transaction) {
    store::MessageRow row;
    row.id = ids_.next(scheduler.now(), 0);
    row.recorded_at = scheduler.now();
    row.kind = static_cast<std::uint8_t>(transaction.kind);
    row.channel = static_cast<std::uint8_t>(transaction.channel);
    row.business_date = transaction.business_date;
    row.occurred_at = transaction.occurred_at;
    row.shop = transaction.shop;
    row.register_name = transaction.key.register_name;
    row.sequence = transaction.key.sequence;
    row.currency = transaction.currency.code();
    row.gross_minor = ledger::price(transaction).due.minor;
    row.member = transaction.member;
    row.body = contract::render_transaction(transaction);
    return row;
  }
  void commit(store::Unit unit) {
    std::optional<store::Outcome> outcome;
    store->commit(std::move(unit),
                  [&outcome](const store::UnitResult& result) { outcome = result.outcome; });
    run_until([&outcome] { return outcome.has_value(); });
    INVARIANT(outcome == store::Outcome::applied, "the test's own rows are stored");
  }

  IdSource ids_{1};
  std::int64_t count_ = 0;
};

}  // namespace crossfoot::observe::testing

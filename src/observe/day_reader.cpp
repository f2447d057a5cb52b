#include "observe/day_reader.h"

#include <algorithm>

#include "contract/error_codes.h"
#include "contract/stored_message.h"
#include "observe/day_json.h"

namespace crossfoot::observe {

namespace {

constexpr std::size_t page_messages = 500;
/// Revisions that lead from the first one of a receipt to the one that counts, at most.
constexpr int revisions_max = 200;
constexpr int tries = 10;

using contract::TransactionKind;

bool is_open(store::MessageState state) {
  return state == store::MessageState::held || state == store::MessageState::invalid;
}

bool counts(store::MessageState state) {
  return state == store::MessageState::accepted || state == store::MessageState::suspected;
}

/// The receipt that counts under a natural key; no value when there is none.
Result<std::optional<contract::Transaction>> find_receipt(store::Reader& reader,
                                                          const contract::NaturalKey& key) {
  const bool till = key.form == contract::NaturalKey::Form::till;
  const auto first = reader.find_key(store::KeyKind::natural,
                                     till ? key.business_date : BusinessDate{}, key.hash());
  if (!first) return fail(first.error());
  if (!*first) return std::nullopt;
  Id id = (*first)->id;
  for (int i = 0; i < revisions_max; ++i) {
    const auto message = reader.load_message(id);
    if (!message) return fail(message.error());
    if (!*message) return std::nullopt;
    if ((*message)->state == store::MessageState::superseded) {
      id = (*message)->conflict_with;
      continue;
    }
    if (!counts((*message)->state)) return std::nullopt;
    auto transaction = contract::read_stored_message((*message)->body);
    if (!transaction) return fail(transaction.error());
    return std::move(*transaction);
  }
  return std::nullopt;
}

}  // namespace

std::string_view StoreDay::state() const {
  if (!slices.empty()) return has_open() ? "late" : "closed";
  return seen && status.may_close() ? "ready" : "open";
}

struct DayReader::Reading {
  Reading(StoreDay wanted, ledger::DayRules rules, Done answer)
      : day(std::move(wanted)), review(std::move(rules)), done(std::move(answer)) {}

  StoreDay day;
  ledger::DayReview review;
  Done done;
  Id after;
  bool more = false;

  /// May run again when its snapshot ended: each message is taken once.
  Status take(store::Reader& reader);
  Status take(store::Reader& reader, const store::MessageRow& row);
  Status find_voided(store::Reader& reader);
};

void DayReader::read(edge::StoreDayService::Name name, Done done) {
  ledger::DayRules rules = policy_.rules_of(name.tenant, name.shop, name.date);
  StoreDay day{.name = std::move(name)};
  if (const auto* named = policy_.find(day.name.tenant, day.name.shop)) day.region = named->region;
  page(std::make_shared<Reading>(std::move(day), std::move(rules), std::move(done)));
}

void DayReader::page(const ReadingPtr& reading) {
  access_.read([reading](store::Reader& reader) { return reading->take(reader); },
               [this, reading](Status status) {
                 if (!status) return reading->done(fail(std::move(status.error())));
                 if (reading->more) return page(reading);
                 finish(reading);
               },
               tries);
}

Status DayReader::Reading::take(store::Reader& reader) {
  store::MessageQuery query;
  query.business_date = day.name.date;
  query.shop = day.name.shop;
  query.after = after;
  query.oldest_first = true;
  query.limit = page_messages;
  const auto rows = reader.messages(query, true);
  if (!rows) return fail(rows.error());
  for (const store::MessageRow& row : *rows) {
    if (Status taken = take(reader, row); !taken) return taken;
    after = row.id;
  }
  more = rows->size() == page_messages;
  return {};
}

Status DayReader::Reading::take(store::Reader& reader, const store::MessageRow& row) {
  if (row.state == store::MessageState::invalid) {
    if (day.name.tenant != edge::StoreDayService::Name{}.tenant) return {};
    day.seen = true;
    review.add_open({row.id, row.recorded_at, row.code}, row.register_name, Money{});
    return {};
  }
  if (!counts(row.state) && !is_open(row.state)) return {};
  const auto kind = static_cast<TransactionKind>(row.kind);
  if (kind == TransactionKind::redemption || kind == TransactionKind::customer_profile) return {};
  auto transaction = contract::read_stored_message(row.body);
  if (!transaction) return fail(transaction.error());
  if (transaction->key.tenant != day.name.tenant) return {};
  if (kind == TransactionKind::store_day_close) {
    day.slices.push_back({row.id, row.recorded_at, *transaction->close});
    return {};
  }
  day.seen = true;
  if (day.region.empty()) day.region = transaction->region;
  if (is_open(row.state)) {
    const auto currency = find_currency(row.currency);
    review.add_open(
        {row.id, row.recorded_at,
         row.code.empty() ? std::string(contract::error_code::identity_conflict) : row.code},
        row.register_name, Money{row.gross_minor, currency.value_or(Currency{})});
    return {};
  }
  const auto flow = reader.load_flow(row.id);
  if (!flow) return fail(flow.error());
  const bool stuck = *flow && ((*flow)->status == store::FlowStatus::parked ||
                               (*flow)->status == store::FlowStatus::dead);
  review.add({row.id, row.recorded_at, stuck ? (*flow)->code : std::string()}, *transaction);
  return {};
}

Status DayReader::Reading::find_voided(store::Reader& reader) {
  for (const contract::NaturalKey& key : review.voided_elsewhere()) {
    auto receipt = find_receipt(reader, key);
    if (!receipt) return fail(receipt.error());
    if (*receipt) review.add_voided(key, **receipt);
  }
  return {};
}

void DayReader::finish(const ReadingPtr& reading) {
  access_.read(
      [reading](store::Reader& reader) { return reading->find_voided(reader); },
      [reading](Status status) {
        if (!status) return reading->done(fail(std::move(status.error())));
        StoreDay& day = reading->day;
        day.status = reading->review.finish();
        std::ranges::sort(day.slices, {}, [](const TakenSlice& one) { return one.close.slice; });
        std::vector<Id> taken;
        day.open = day.status.totals;
        for (const TakenSlice& slice : day.slices) {
          auto totals = parse_totals(slice.close.totals);
          if (!totals) return reading->done(fail(std::move(totals.error())));
          day.open.subtract(*totals);
          std::vector<Id> next;
          std::ranges::set_union(taken, slice.close.added, std::back_inserter(next));
          taken.clear();
          std::ranges::set_difference(next, slice.close.removed, std::back_inserter(taken));
        }
        std::vector<Id> now;
        for (const ledger::DayReceipt& receipt : day.status.receipts) now.push_back(receipt.id);
        std::ranges::set_difference(now, taken, std::back_inserter(day.added));
        std::ranges::set_difference(taken, now, std::back_inserter(day.removed));
        reading->done(std::move(day));
      },
      tries);
}

}  // namespace crossfoot::observe

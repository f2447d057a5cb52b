#pragma once

// What the engine's simulations have in common: a programme, a till and its receipts. Test code.

#include <gtest/gtest.h>

#include <string>

#include "contract/transaction.h"
#include "ledger/programme_json.h"

namespace crossfoot::flow::sim {

inline constexpr Instant start_of_time{1'764'000'000'000'000};

class UtcZones final : public ledger::ZoneLookup {
 public:
  [[nodiscard]] Result<ledger::LocalTime> local(std::string_view, Instant at) const override {
    return ledger::LocalTime{at.micros};
  }
};

inline ledger::Programme programme() {
  auto parsed = ledger::parse_programme(R"({"programme": "default", "version": 1,
      "currency": "EUR", "earn": {"points_per_unit": "1", "rounding": "floor", "base": "gross",
      "stacking": "multiplicative", "line_kinds": ["goods"], "excluded_tenders": []},
      "rates": [], "tiers": [], "campaigns": [], "zones": {}})");
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().cause);
  return std::move(*parsed);
}

inline contract::NaturalKey till_key(std::uint32_t sequence) {
  contract::NaturalKey key;
  key.tenant = "default";
  key.shop = "S-" + std::to_string(sequence % 3);
  key.register_name = "1";
  key.business_date = {20'400};
  key.sequence = std::to_string(sequence);
  return key;
}

inline contract::Transaction receipt(contract::TransactionKind kind, std::uint32_t sequence,
                                     Instant at) {
  contract::Transaction transaction;
  transaction.kind = kind;
  transaction.key = till_key(sequence);
  transaction.shop = transaction.key.shop;
  transaction.business_date = transaction.key.business_date;
  transaction.occurred_at = at;
  transaction.currency = *find_currency("EUR");
  return transaction;
}

inline void add_line(contract::Transaction& transaction, std::uint32_t number, std::int64_t units,
                     contract::LineAction action) {
  contract::Line line;
  line.number = number;
  line.action = action;
  line.article = "A-" + std::to_string(number);
  line.quantity = {units, 0};
  line.unit = "EA";
  line.unit_price = {1000, 2};
  line.amount = {1000 * units, transaction.currency};
  line.discount = {0, transaction.currency};
  transaction.lines.push_back(line);
}

}  // namespace crossfoot::flow::sim

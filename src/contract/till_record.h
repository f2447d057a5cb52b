#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/problem.h"
#include "contract/schema/schema.h"
#include "contract/transaction.h"
#include "contract/transaction_hash.h"

namespace crossfoot::contract {

/// A till's own sums since it was opened, as its Z-report states them.
struct TillTotals {
  struct Tax {
    std::string code;
    Money net;
    Money tax;

    bool operator==(const Tax&) const = default;
  };
  std::uint32_t receipts = 0;
  std::string first_sequence;
  std::string last_sequence;
  std::optional<Money> gross;
  std::vector<Tax> taxes;       ///< empty: not stated
  std::vector<Tender> tenders;  ///< signed; empty: not stated

  bool operator==(const TillTotals&) const = default;
};

/// What a till numbers without selling (api/schemas/till_record/v1.json). Its kind, place, day and
/// number stand in the transaction that carries it.
struct TillRecord {
  std::optional<Money> amount;  ///< >= 0; of paid_in and paid_out
  std::string reason;           ///< a code
  std::string cashier;
  std::vector<Tender> counted;       ///< what lay in the drawer; each with its own currency
  std::optional<TillTotals> totals;  ///< of a till_close, and where a till_audit states them
  std::string suspended_sequence;    ///< of a resumed receipt
  std::string suspended_register;

  bool operator==(const TillRecord&) const = default;
};

/// Reads a till record that a channel hands over, judged by its contract. `now` bounds its dates
/// as those of transactions are: from 2000 to 24 hours ahead.
[[nodiscard]] std::expected<Transaction, Problem> read_till_record(const schema::Schema& contract,
                                                                   std::string_view json,
                                                                   Instant now);

/// Reads a stored one, which the contract has judged. Fault: stored_bytes_corrupt.
[[nodiscard]] Result<Transaction> stored_till_record(std::string_view json);

/// Hash over "till-record-content/1": the key and every field that says what happened.
[[nodiscard]] ContentHash till_record_hash(const Transaction& record);

}  // namespace crossfoot::contract

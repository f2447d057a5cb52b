#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contract/problem.h"
#include "contract/transaction.h"

namespace crossfoot::contract {

/// What happens to a field that this version of the contract does not know.
enum class UnknownFields : std::uint8_t {
  record_and_ignore,  ///< the transaction is taken; the pointers come back in `ignored`
  strict,             ///< the transaction is refused
};

struct ParseLimits {
  std::size_t bytes_max = 4UL << 20;
  std::size_t depth_max = 32;  ///< levels of objects and arrays
  std::size_t lines_max = 20'000;
  std::size_t discounts_max = 1'000;
  std::size_t tenders_max = 1'000;
  std::size_t text_characters_max = 128;
  std::size_t description_characters_max = 512;
  std::size_t errors_max = 20;    ///< faults listed in one problem
  std::size_t ignored_max = 100;  ///< ignored fields recorded of one transaction
};

struct ParsePolicy {
  UnknownFields unknown_fields = UnknownFields::record_and_ignore;
  Instant now;  ///< dates later than now + 24 h are refused (before 2000 always)
  ParseLimits limits;

  /// For bodies that were accepted before: no date is in the future of theirs.
  [[nodiscard]] static ParsePolicy stored() { return {.now = Instant::never()}; }
};

struct ParsedTransaction {
  Transaction transaction;
  std::vector<std::string> ignored;  ///< pointers of unknown fields, when they are not refused
};

/// Reads canonical transactions. Keeps its buffers, so one object per shard is reused for every
/// message. Single owner.
class TransactionParser {
 public:
  TransactionParser();
  ~TransactionParser();
  TransactionParser(TransactionParser&&) noexcept;
  TransactionParser& operator=(TransactionParser&&) noexcept;

  /// Refuses only what cannot be read or identified: syntax, type, form, range, limits, identity,
  /// version, impossible dates, and unknown fields where the policy is strict. Business faults
  /// (totals, tenders, a stated amount that differs, unknown articles) pass. A problem carries the
  /// code of its errors when they share one, else `invalid_transaction`.
  [[nodiscard]] std::expected<ParsedTransaction, Problem> parse(std::string_view json,
                                                                const ParsePolicy& policy);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

/// As TransactionParser::parse with buffers of its own; for rare use.
[[nodiscard]] std::expected<ParsedTransaction, Problem> parse_transaction(
    std::string_view json, const ParsePolicy& policy);

/// The canonical JSON of a transaction: fixed field order, defaults left out, times in UTC. Parsing
/// it gives the same transaction again.
[[nodiscard]] std::string render_transaction(const Transaction& transaction);

}  // namespace crossfoot::contract

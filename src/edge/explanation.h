#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/transaction.h"
#include "flow/plan/book.h"
#include "flow/plan/flow.h"
#include "ledger/programme.h"
#include "store/api/rows.h"

/// Why a receipt has the points that it has (docs/adr/0023). Pure; any thread.
namespace crossfoot::edge {

/// What one return (or void, or correction) took of a receipt, or gave again, by its receipt book.
struct Reversal {
  Id by;                                  ///< flow of the return
  Id of;                                  ///< flow of the sale; nil: it has not arrived
  std::vector<flow::ReversalLine> lines;  ///< below zero: given again
};

/// All that an explanation stands on was committed with the receipt: the original as it came, its
/// flow, the rules of the version that it was planned by, the receipt books.
struct ExplanationFacts {
  const store::MessageRow& message;
  const contract::Transaction& transaction;
  const flow::Flow* flow = nullptr;            ///< null: held or invalid, nothing was planned
  std::optional<ledger::Programme> programme;  ///< none: rules of that version were not kept
  const ledger::ZoneLookup& zones;
  std::vector<Reversal> reversals;  ///< of this receipt
  std::vector<Reversal> takes;      ///< by this receipt, of others
};

[[nodiscard]] std::string render_explanation(const ExplanationFacts& facts);

}  // namespace crossfoot::edge

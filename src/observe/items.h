#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/money.h"
#include "base/time.h"
#include "observe/exact_sum.h"

namespace crossfoot::observe {

class ReversalGroup;

enum class Side : std::uint8_t { channel, erp, loyalty };
[[nodiscard]] std::string_view to_string(Side side);

/// What kind of disagreement a break is (DESIGN.md, "Settled questions").
enum class BreakClass : std::uint8_t {
  missing,    ///< one side has it, the other does not
  duplicate,  ///< the target has it more than once
  amount,     ///< money, tax, tax code, article or quantity differ
  timing,     ///< the target has it under another business date
  rate,       ///< the points differ from Crossfoot's own computation
  rounding,   ///< the lines agree, a total of them does not
  ownership,  ///< another shop or another member
};
inline constexpr std::size_t break_class_count = 7;
[[nodiscard]] std::string_view to_string(BreakClass break_class);

/// What the channel's own record, and what is known of the way there, lead one to expect.
enum class Expectation : std::uint8_t {
  there,       ///< the target acknowledged it
  pending,     ///< it is on its way
  explained,   ///< it waits for something known: `code` says for what
  absent,      ///< it was cancelled before it left
  unreadable,  ///< the stored original cannot be read again
};

/// Signed: what is sold is positive, what comes back negative.
struct ExpectedLine {
  std::uint32_t line = 0;
  std::string article;
  Decimal quantity;
  Money amount;  ///< in the document's tax mode, after discounts
  Money net;
  Money tax;
  std::string tax_code;
};

struct TaxAmounts {
  Money net;
  Money tax;
};

/// The money side of a document.
struct ExpectedDocument {
  Money net;
  Money tax;
  Money gross;
  std::vector<ExpectedLine> lines;
  std::map<std::string, Money> tenders;  ///< by kind
  ExactSum rounding;                     ///< posted lines less exact quantity × price

  [[nodiscard]] std::map<std::string, TaxAmounts> taxes() const;
  [[nodiscard]] ExpectedDocument mirrored() const;
};

/// One entry that a target's book must (or must not) hold.
struct ExpectedItem {
  Side side = Side::erp;
  std::string reference;  ///< empty: nothing was ever sent
  Id transaction;
  Expectation expectation = Expectation::there;
  Instant since;     ///< there: when acknowledged; pending: since when it could have left
  std::string code;  ///< of what is explained
  std::string shop;
  BusinessDate business_date;
  Currency currency;
  std::string member;                        ///< loyalty only
  std::optional<ExpectedDocument> document;  ///< ERP, but for movements of stock
  std::vector<ExpectedLine> moved;           ///< lines of a movement: article and quantity only
  std::optional<Points> points;  ///< without a sign; loyalty, when they could be computed
  bool takes_back = false;       ///< the points are taken from the member
  /// Of a reversal that is not the only one of its receipt: all of them.
  std::shared_ptr<const ReversalGroup> group;
  std::optional<Money> waiting;  ///< money of what is explained, when it is not the document's
};

struct Break {
  BreakClass break_class = BreakClass::missing;
  Side side = Side::erp;  ///< where the deviation is; `channel`: nobody there knows of the item
  std::string reference;
  Id transaction;  ///< nil when unknown
  std::string shop;
  std::string member;
  BusinessDate business_date;
  std::optional<Money> money;  ///< target less channel; for timing and ownership what is concerned
  Points points;               ///< the same, in points
  std::string detail;
};

}  // namespace crossfoot::observe

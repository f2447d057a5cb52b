#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/id.h"
#include "base/money.h"
#include "base/time.h"

namespace crossfoot::contract {

enum class TransactionKind : std::uint8_t {
  sale,
  return_goods,
  exchange,
  void_sale,              ///< post-void: cancels one whole completed receipt
  stock_adjustment,       ///< moves stock only; no receipt, no money
  accounting_adjustment,  ///< money outside trade; parked for a person
  redemption,             ///< points as tender; a question of a till, never handed over as a fact
  customer_profile,       ///< a change of a customer; no trade, made by Crossfoot alone
  // What a till numbers without selling (contract/till_record.h): no points, no revenue.
  till_open,
  till_close,  ///< the Z-report
  no_sale,
  paid_in,
  paid_out,
  training,
  suspended,
  resumed,
  aborted,
  till_audit,
  store_day_close,    ///< a shop's day is closed (contract/store_day_close.h)
  points_adjustment,  ///< points that a service desk grants or deducts; no trade
};
inline constexpr auto transaction_kind_last = TransactionKind::points_adjustment;

[[nodiscard]] constexpr bool is_till_record(TransactionKind kind) {
  return kind >= TransactionKind::till_open && kind <= TransactionKind::till_audit;
}

enum class Channel : std::uint8_t { pos, ecommerce, mobile, partner, customer_service, file };
inline constexpr auto channel_last = Channel::file;
inline constexpr std::size_t channel_count = static_cast<std::size_t>(channel_last) + 1;

/// Whether the customer takes the line home or brings it back. A sale has only `sold` lines, a
/// return only `returned` ones, an exchange both. Quantities are positive either way (R25, P2).
enum class LineAction : std::uint8_t { sold, returned };

enum class LineKind : std::uint8_t { goods, voucher, shipping, manual, fee };
inline constexpr auto line_kind_last = LineKind::fee;

enum class TaxMode : std::uint8_t { inclusive, exclusive, not_in_source };
inline constexpr auto tax_mode_last = TaxMode::not_in_source;

enum class TenderKind : std::uint8_t { cash, card, gift_card, points, voucher, on_account, other };
inline constexpr auto tender_kind_last = TenderKind::other;

/// What names a transaction in the retailer's world, the same whoever sends it and however often.
/// Either the till's key (shop … sequence) or the channel's own id. Identity is (tenant, key). A
/// redemption's, an adjustment's, and that of the close of a store day are apart from those of
/// receipts: ids of forms of their own.
struct NaturalKey {
  enum class Form : std::uint8_t { till, channel_id, redemption, store_day, adjustment };

  Form form = Form::till;
  std::string tenant;
  // till
  std::string shop;
  std::string register_name;
  std::uint32_t register_epoch = 0;  ///< rises when a till is re-imaged and counts from 1 again
  BusinessDate business_date;
  std::string sequence;
  // channel_id, redemption, store_day, adjustment
  Channel channel = Channel::pos;
  std::string external_id;

  bool operator==(const NaturalKey&) const = default;

  /// Unambiguous bytes of the key: hashing and references are made from them.
  [[nodiscard]] std::string canonical() const;
  [[nodiscard]] Hash128 hash() const { return hash128(canonical()); }
  /// The home of the transaction's flow and of its receipt book, fixed for life.
  [[nodiscard]] Partition home() const;
  /// For people: `DE-001/3/2026-11-21/1234` or `ecommerce:#1001`.
  [[nodiscard]] std::string display() const;
};

struct OriginalLine {
  NaturalKey key;
  std::uint32_t line = 0;

  bool operator==(const OriginalLine&) const = default;
};

struct Line {
  std::uint32_t number = 0;  ///< 1 … lines_max, unique in the transaction
  LineAction action = LineAction::sold;
  LineKind kind = LineKind::goods;
  std::string article;
  std::string description;
  /// > 0, at most 6 places; any sign but zero in a stock or accounting adjustment.
  Decimal quantity;
  std::string unit;       ///< unit of measure, `EA` when the source has none
  bool measured = false;  ///< weighed or cut: the whole line is one unit of allocation
  /// Exact rate in major units of the currency (not money), >= 0; below only in an accounting
  /// adjustment.
  Decimal unit_price;
  Money amount;    ///< quantity × unit_price rounded half away from zero to minor units
  Money discount;  ///< of this line alone, 0 <= discount <= amount
  std::string tax_code;
  std::optional<Decimal> tax_rate;       ///< 0.19 for 19 %
  std::optional<OriginalLine> original;  ///< of a returned line, when the channel knows it
  std::int64_t source_row = 0;           ///< position in a source file, 0 when there is none

  bool operator==(const Line&) const = default;
};

struct Discount {
  Money amount;  ///< > 0; taken off the sold lines together, allocated by the ledger
  std::string reason;

  bool operator==(const Discount&) const = default;
};

struct Tender {
  TenderKind kind = TenderKind::cash;
  Money amount;  ///< positive; money in for sold lines, out for returned ones

  bool operator==(const Tender&) const = default;
};

struct Totals {
  std::optional<Money> net;
  std::optional<Money> tax;
  std::optional<Money> gross;

  bool operator==(const Totals&) const = default;
};

/// What a redemption asks for (docs/adr/0018).
struct RedemptionTerms {
  Points points;         ///< > 0
  Duration hold_for{0};  ///< how long they stay reserved, from when it was accepted; > 0
  bool revoked = false;  ///< its void came first: it authorises nothing. No part of its content

  bool operator==(const RedemptionTerms&) const = default;
};

/// What a service desk asks for (docs/adr/0024).
struct AdjustmentTerms {
  Points points;                           ///< granted; below zero: deducted
  std::string reason;                      ///< a word of the policy
  std::string receipt;                     ///< id of the transaction it is about; empty: none
  std::optional<BusinessDate> expires_on;  ///< the first day on which granted points are gone
  std::string asked_by;                    ///< proven where callers are
  bool second_person = false;              ///< nothing happens before somebody else has agreed

  bool operator==(const AdjustmentTerms&) const = default;
};

struct ProfileChange;
struct TillRecord;
struct StoreDayClose;

/// One completed transaction in canonical form (api/schemas/transaction/v1.json).
struct Transaction {
  TransactionKind kind = TransactionKind::sale;
  NaturalKey key;
  std::uint32_t revision = 0;  ///< a higher revision of the same key is a correction
  Channel channel = Channel::pos;
  std::string shop;
  std::string region;  ///< ISO 3166 country or sub-division; empty when unknown
  BusinessDate business_date;
  Instant occurred_at;
  Currency currency;
  TaxMode tax_mode = TaxMode::inclusive;
  std::string member;  ///< loyalty member, empty when none
  std::vector<Line> lines;
  std::vector<Discount> discounts;
  std::vector<Tender> tenders;
  Totals totals;
  std::optional<NaturalKey>
      original;               ///< the voided receipt; for a return, the default of its lines
  std::string source_format;  ///< `online-retail` when a file importer made it
  std::optional<RedemptionTerms> redemption;     ///< of a redemption, and of nothing else
  std::optional<AdjustmentTerms> adjustment;     ///< of a points_adjustment alone
  std::shared_ptr<const ProfileChange> profile;  ///< of a customer_profile alone
  std::shared_ptr<const TillRecord> till;        ///< of a till record alone
  std::shared_ptr<const StoreDayClose> close;    ///< of a store_day_close alone

  bool operator==(const Transaction&) const = default;
};

/// The words of the contract: `sale`, `return`, `void`, `on_account` ….
[[nodiscard]] std::string_view to_string(TransactionKind kind);
[[nodiscard]] std::string_view to_string(Channel channel);
[[nodiscard]] std::string_view to_string(LineAction action);
[[nodiscard]] std::string_view to_string(LineKind kind);
[[nodiscard]] std::string_view to_string(TaxMode mode);
[[nodiscard]] std::string_view to_string(TenderKind kind);

}  // namespace crossfoot::contract

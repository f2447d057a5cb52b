#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// The field names of api/schemas/transaction/v1.json, object by object, in the order of their
/// enumerators, and a look-up that costs one comparison. A test holds them against the schema.
namespace crossfoot::contract::fields {

enum class Top : std::uint8_t {
  version,
  kind,
  channel,
  tenant,
  shop,
  register_name,
  register_epoch,
  business_date,
  sequence,
  external_id,
  revision,
  occurred_at,
  currency,
  tax_mode,
  region,
  member,
  lines,
  discounts,
  tenders,
  totals,
  original,
  source_format,
  count,
};
inline constexpr std::array<std::string_view, 22> top_names = {
    "version",        "kind",          "channel",  "tenant",       "shop",     "register",
    "register_epoch", "business_date", "sequence", "external_id",  "revision", "occurred_at",
    "currency",       "tax_mode",      "region",   "member",       "lines",    "discounts",
    "tenders",        "totals",        "original", "source_format"};

enum class OfLine : std::uint8_t {
  line,
  action,
  kind,
  article,
  description,
  quantity,
  unit,
  measured,
  unit_price,
  amount,
  discount,
  tax_code,
  tax_rate,
  original,
  source_row,
  count,
};
inline constexpr std::array<std::string_view, 15> line_names = {
    "line",     "action",   "kind",     "article",    "description",
    "quantity", "unit",     "measured", "unit_price", "amount",
    "discount", "tax_code", "tax_rate", "original",   "source_row"};

enum class OfOriginal : std::uint8_t {
  shop,
  register_name,
  register_epoch,
  business_date,
  sequence,
  channel,
  external_id,
  line,
  count,
};
inline constexpr std::array<std::string_view, 8> original_names = {
    "shop",     "register", "register_epoch", "business_date",
    "sequence", "channel",  "external_id",    "line"};

enum class OfDiscount : std::uint8_t { amount, reason, count };
inline constexpr std::array<std::string_view, 2> discount_names = {"amount", "reason"};

enum class OfTender : std::uint8_t { kind, amount, count };
inline constexpr std::array<std::string_view, 2> tender_names = {"kind", "amount"};

enum class OfTotals : std::uint8_t { net, tax, gross, count };
inline constexpr std::array<std::string_view, 3> totals_names = {"net", "tax", "gross"};

/// Equality of two names of the same length, 1 to 16: two overlapping loads each instead of a call.
[[nodiscard]] inline bool same_name(const char* a, const char* b, std::size_t size) {
  const auto differ = [&]<class Word>(Word) {
    Word first_a, first_b, last_a, last_b;
    std::memcpy(&first_a, a, sizeof(Word));
    std::memcpy(&first_b, b, sizeof(Word));
    std::memcpy(&last_a, a + size - sizeof(Word), sizeof(Word));
    std::memcpy(&last_b, b + size - sizeof(Word), sizeof(Word));
    return first_a != first_b || last_a != last_b;
  };
  if (size >= 8) return !differ(std::uint64_t{});
  if (size >= 4) return !differ(std::uint32_t{});
  return a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1];
}

/// A perfect hash over a few names, found while compiling.
template <std::size_t N>
class Table {
 public:
  static constexpr std::size_t size = N;

  consteval explicit Table(const std::array<std::string_view, N>& names) : names_(names) {
    for (const std::string_view name : names) {
      if (name.empty() || name.size() > 16) throw "names have 1 to 16 characters";
    }
    while (!fill()) ++seed_;
  }

  /// The index of a name, N when the object has no such field.
  [[nodiscard]] std::size_t find(std::string_view key) const {
    const std::size_t index = slots_[slot(key)];
    if (index == N || names_[index].size() != key.size()) return N;
    return same_name(names_[index].data(), key.data(), key.size()) ? index : N;
  }
  [[nodiscard]] constexpr const std::array<std::string_view, N>& names() const { return names_; }

 private:
  static constexpr std::size_t slot_count = 64;

  [[nodiscard]] constexpr std::size_t slot(std::string_view key) const {
    if (key.empty()) return 0;
    const auto byte = [&](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<std::uint8_t>(key[i]));
    };
    const std::uint32_t mixed = byte(0) * seed_ + byte(key.size() / 2) * (seed_ >> 3) +
                                byte(key.size() - 1) * 31 +
                                static_cast<std::uint32_t>(key.size()) * 0x9e37U;
    return (mixed ^ (mixed >> 7)) % slot_count;
  }

  consteval bool fill() {
    slots_.fill(static_cast<std::uint8_t>(N));
    for (std::size_t i = 0; i < N; ++i) {
      std::uint8_t& entry = slots_[slot(names_[i])];
      if (entry != N) return false;
      entry = static_cast<std::uint8_t>(i);
    }
    return true;
  }

  std::array<std::string_view, N> names_;
  std::array<std::uint8_t, slot_count> slots_{};
  std::uint32_t seed_ = 1;
};

template <class Field>
struct Names;

#define CROSSFOOT_FIELDS(Field, names)                                              \
  template <>                                                                       \
  struct Names<Field> {                                                             \
    static constexpr Table table{names};                                            \
    static_assert(decltype(table)::size == static_cast<std::size_t>(Field::count)); \
  }
CROSSFOOT_FIELDS(Top, top_names);
CROSSFOOT_FIELDS(OfLine, line_names);
CROSSFOOT_FIELDS(OfOriginal, original_names);
CROSSFOOT_FIELDS(OfDiscount, discount_names);
CROSSFOOT_FIELDS(OfTender, tender_names);
CROSSFOOT_FIELDS(OfTotals, totals_names);
#undef CROSSFOOT_FIELDS

}  // namespace crossfoot::contract::fields

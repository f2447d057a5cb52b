#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace crossfoot::ledger {

/// Numbers of a till that nothing came under, both ends included.
struct MissingNumbers {
  std::string first;  ///< as the till writes them
  std::string last;
  std::uint64_t count = 0;

  bool operator==(const MissingNumbers&) const = default;
};

/// A number as a till wrote it, and when.
struct TillNumber {
  std::string_view text;
  Instant at;
};

/// The numbers of one till, one register epoch and one day in the order in which the till counted.
/// A till with few digits begins again after its highest number: numbers far below the day's first
/// come behind it. The first is the one that happened first.
class TillNumbers {
 public:
  /// No value when one of them is no number of 1 to 18 digits: such a till cannot be checked.
  [[nodiscard]] static std::optional<TillNumbers> of(std::span<const TillNumber> numbers);

  /// Where the number stands; numbers that follow each other have places that do. No value for
  /// what is no number.
  [[nodiscard]] std::optional<std::uint64_t> place_of(std::string_view text) const;

  /// What is missing between the lowest and the highest of `numbers` and `bounds` (numbers that
  /// the till states as its first or last), in order. Zero is missing nowhere: tills begin again
  /// with 0 or with 1.
  [[nodiscard]] std::vector<MissingNumbers> missing(std::span<const TillNumber> numbers,
                                                    std::span<const std::string_view> bounds) const;

 private:
  [[nodiscard]] std::string text_of(std::uint64_t place) const;

  std::uint64_t first_ = 0;
  std::uint64_t modulus_ = 0;  ///< one more than the highest number of as many digits
  std::size_t width_ = 0;      ///< digits with leading zeros; 0: none are written
};

}  // namespace crossfoot::ledger

#include "ledger/till_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace crossfoot::ledger {

namespace {

constexpr std::size_t digits_max = 18;

std::optional<std::uint64_t> number_of(std::string_view text) {
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || at != end) return std::nullopt;
  return value;
}

}  // namespace

std::optional<TillNumbers> TillNumbers::of(std::span<const TillNumber> numbers) {
  TillNumbers made;
  std::size_t longest = 0;
  std::size_t shortest = digits_max;
  bool padded = false;
  const TillNumber* first = nullptr;
  for (const TillNumber& number : numbers) {
    if (!number_of(number.text)) return std::nullopt;
    longest = std::max(longest, number.text.size());
    shortest = std::min(shortest, number.text.size());
    padded |= number.text.size() > 1 && number.text.front() == '0';
    if (first == nullptr || number.at < first->at) first = &number;
  }
  if (first == nullptr) return std::nullopt;
  made.first_ = *number_of(first->text);
  made.modulus_ = 1;
  for (std::size_t i = 0; i < longest; ++i) made.modulus_ *= 10;
  if (padded && longest == shortest) made.width_ = longest;
  return made;
}

std::optional<std::uint64_t> TillNumbers::place_of(std::string_view text) const {
  const auto value = number_of(text);
  if (!value) return std::nullopt;
  const bool begun_again = *value < first_ && first_ - *value > modulus_ / 2;
  return begun_again ? *value + modulus_ : *value;
}

std::vector<MissingNumbers> TillNumbers::missing(std::span<const TillNumber> numbers,
                                                 std::span<const std::string_view> bounds) const {
  std::vector<std::uint64_t> there;
  there.reserve(numbers.size());
  for (const TillNumber& number : numbers) there.push_back(*place_of(number.text));
  std::ranges::sort(there);
  std::uint64_t low = there.front();
  std::uint64_t high = there.back();
  for (const std::string_view bound : bounds) {
    const auto place = place_of(bound);
    if (!place) continue;
    low = std::min(low, *place);
    high = std::max(high, *place);
  }
  std::vector<MissingNumbers> gaps;
  const auto add = [&](std::uint64_t from, std::uint64_t to) {
    if (from % modulus_ == 0) ++from;
    if (from <= to && to % modulus_ == 0) --to;
    if (from > to) return;
    const bool over_zero = from < modulus_ && to > modulus_;
    gaps.push_back({text_of(from), text_of(to), to - from + 1 - (over_zero ? 1 : 0)});
  };
  std::uint64_t next = low;
  for (const std::uint64_t place : there) {
    if (place > next) add(next, place - 1);
    next = std::max(next, place + 1);
  }
  if (next <= high) add(next, high);
  return gaps;
}

std::string TillNumbers::text_of(std::uint64_t place) const {
  return fmt::format("{:0{}}", place % modulus_, width_);
}

}  // namespace crossfoot::ledger

#include "base/id.h"

#include "base/invariant.h"

namespace crossfoot {

namespace {
constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t text_size = 26;
constexpr std::uint64_t counter_mask = (std::uint64_t{1} << 40) - 1;
}  // namespace

std::array<char, 16> Id::bytes() const {
  std::array<char, 16> out{};
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] = static_cast<char>(high >> (56 - 8 * i));
    out[8 + i] = static_cast<char>(low >> (56 - 8 * i));
  }
  return out;
}

Id Id::from_bytes(std::string_view sixteen_bytes) {
  INVARIANT(sixteen_bytes.size() == 16, "an id has sixteen bytes");
  Id id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.high = (id.high << 8) | static_cast<std::uint8_t>(sixteen_bytes[i]);
    id.low = (id.low << 8) | static_cast<std::uint8_t>(sixteen_bytes[8 + i]);
  }
  return id;
}

std::string to_string(Id id) {
  // 26 characters hold 130 bits: the two topmost are zero.
  std::string text(text_size, '0');
  for (std::size_t i = text_size; i-- > 0;) {
    text[i] = alphabet[id.low & 31];
    id.low = (id.low >> 5) | (id.high << 59);
    id.high >>= 5;
  }
  return text;
}

std::optional<Id> parse_id(std::string_view text) {
  if (text.size() != text_size || text.front() > '7') return std::nullopt;
  Id id;
  for (const char c : text) {
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    id.high = (id.high << 5) | (id.low >> 59);
    id.low = (id.low << 5) | digit;
  }
  return id;
}

Id IdSource::next(Instant now, Partition partition) {
  INVARIANT(partition < partition_count, "a partition is one of 4,096");
  const auto millis = static_cast<std::uint64_t>(now.micros / 1000) & 0xffffffffffff;
  counter_ = (counter_ + 1) & counter_mask;
  return {(millis << 16) | (std::uint64_t{partition} << 4),
          (std::uint64_t{incarnation_} << 40) | counter_};
}

}  // namespace crossfoot

#include "observe/audit/chain.h"

#include <array>
#include <cstring>

#include "base/codec.h"
#include "flow/decide/journal.h"

namespace crossfoot::observe {

namespace {

constexpr std::uint64_t stored_version = 1;

class FixedWriter {
 public:
  void bytes(const void* from, std::size_t size) {
    std::memcpy(buffer_.data() + used_, from, size);
    used_ += size;
  }
  void number(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      buffer_[used_++] = static_cast<char>((value >> shift) & 0xffU);
    }
  }
  [[nodiscard]] std::string_view view() const { return {buffer_.data(), used_}; }

 private:
  std::array<char, 4 + 32 + 8 + 8 + 16 + 8 + 32> buffer_{};
  std::size_t used_ = 0;
};

std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

}  // namespace

Sha256 audit_digest(std::string_view entry) {
  if (const auto kept = flow::erased_digest(entry)) return *kept;
  return sha256(entry);
}

void ChainEnd::extend(const store::JournalRow& row, const Sha256& digest) {
  FixedWriter link;
  link.bytes("CFA1", 4);
  link.bytes(head.data(), head.size());
  link.number(row.partition);
  link.number(++position);
  link.number(row.flow.high);
  link.number(row.flow.low);
  link.number(static_cast<std::uint64_t>(row.at.micros));
  link.bytes(digest.data(), digest.size());
  head = sha256(link.view());
}

std::uint64_t fingerprint(const store::JournalRow& row, const Sha256& digest) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, digest.data(), sizeof bits);
  return bits ^ mixed(row.flow.high ^
                      mixed(row.flow.low ^ mixed(static_cast<std::uint64_t>(row.at.micros))));
}

std::string encode(const std::vector<Segment>& segments) {
  ByteWriter out;
  out.u64(stored_version);
  out.u64(segments.size());
  for (const Segment& segment : segments) {
    out.u64(segment.partition);
    out.u64(segment.first);
    out.text({reinterpret_cast<const char*>(segment.head.data()), segment.head.size()});
    out.text({reinterpret_cast<const char*>(segment.fingerprints.data()),
              segment.fingerprints.size() * sizeof(std::uint64_t)});
  }
  return out.take();
}

std::optional<std::vector<Segment>> decode_segments(std::string_view bytes) {
  ByteReader in(bytes);
  bool sound = in.u64() == stored_version;
  std::vector<Segment> segments(in.count());
  for (Segment& segment : segments) {
    const std::uint64_t partition = in.u64();
    segment.partition = static_cast<Partition>(partition);
    segment.first = in.u64();
    const std::string_view head = in.view();
    const std::string_view prints = in.view();
    sound = sound && partition < partition_count && segment.first > 0 &&
            head.size() == segment.head.size() && prints.size() % sizeof(std::uint64_t) == 0 &&
            !prints.empty();
    if (!sound || in.failed()) return std::nullopt;
    std::memcpy(segment.head.data(), head.data(), head.size());
    segment.fingerprints.resize(prints.size() / sizeof(std::uint64_t));
    std::memcpy(segment.fingerprints.data(), prints.data(), prints.size());
  }
  if (!sound || in.failed() || !in.at_end()) return std::nullopt;
  return segments;
}

std::string hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char each : bytes) {
    const auto byte = static_cast<std::uint8_t>(each);
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

std::string hex(const Sha256& digest) {
  return hex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

std::optional<Sha256> parse_sha256(std::string_view hex_digits) {
  Sha256 digest{};
  if (hex_digits.size() != digest.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = hex_value(hex_digits[2 * i]);
    const int low = hex_value(hex_digits[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

}  // namespace crossfoot::observe

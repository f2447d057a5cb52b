#include "runtime/chunk_decoder.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace crossfoot::runtime {

namespace {

constexpr std::size_t size_digits_max = 16;

bool is_control(char c) {
  return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f';
}

}  // namespace

ChunkDecoder::Step ChunkDecoder::decode(char* base, std::size_t body, std::size_t& size,
                                        std::size_t& raw, std::size_t end) {
  std::string_view line;
  for (;;) {
    const std::string_view bytes(base + raw, end - raw);
    switch (part_) {
      case Part::size:
        if (take_line(bytes, line)) {
          raw += line.size() + 2;
          take_size(line, size);
        } else if (part_ == Part::size) {
          return Step::need_more;
        }
        break;
      case Part::data: {
        const std::size_t count = std::min<std::uint64_t>(left_, bytes.size());
        std::memmove(base + body + size, bytes.data(), count);
        size += count;
        raw += count;
        left_ -= count;
        if (left_ != 0) return Step::need_more;
        part_ = Part::data_end;
        break;
      }
      case Part::data_end: {
        const std::string_view both = bytes.substr(0, 2);
        if (!std::string_view("\r\n").starts_with(both)) return Step::malformed;
        if (both.size() < 2) return Step::need_more;
        raw += 2;
        part_ = Part::size;
        break;
      }
      case Part::trailers:
        if (take_line(bytes, line)) {
          raw += line.size() + 2;
          take_trailer(line);
        } else if (part_ == Part::trailers) {
          return Step::need_more;
        }
        break;
      case Part::done:
        return Step::complete;
      case Part::malformed:
        return Step::malformed;
      case Part::too_large:
        return Step::too_large;
    }
  }
}

bool ChunkDecoder::take_line(std::string_view bytes, std::string_view& line) {
  const std::size_t line_feed = bytes.substr(0, line_bytes_max_).find('\n');
  if (line_feed == std::string_view::npos) {
    if (bytes.size() >= line_bytes_max_) part_ = Part::malformed;
    return false;
  }
  if (line_feed == 0 || bytes[line_feed - 1] != '\r') {
    part_ = Part::malformed;
    return false;
  }
  line = bytes.substr(0, line_feed - 1);
  if (std::ranges::any_of(line, is_control)) {
    part_ = Part::malformed;
    return false;
  }
  return true;
}

void ChunkDecoder::take_size(std::string_view line, std::size_t body_size) {
  part_ = Part::malformed;
  const char* const end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data(), end, left_, 16);
  const auto digits = static_cast<std::size_t>(rest - line.data());
  if (error != std::errc{} || digits > size_digits_max) return;
  const std::string_view extension(rest, end);
  const std::size_t begin = extension.find_first_not_of(" \t");
  if (begin != std::string_view::npos && extension[begin] != ';') return;
  if (begin == std::string_view::npos && !extension.empty()) return;
  if (left_ == 0) {
    part_ = Part::trailers;
  } else {
    part_ = left_ > body_bytes_max_ - body_size ? Part::too_large : Part::data;
  }
}

void ChunkDecoder::take_trailer(std::string_view line) {
  trailer_bytes_ += line.size() + 2;
  const std::size_t colon = line.find(':');
  if (line.empty()) {
    part_ = Part::done;
  } else if (trailer_bytes_ > line_bytes_max_ || colon == std::string_view::npos ||
             line.find_first_of(" \t") < colon || colon == 0) {
    part_ = Part::malformed;
  }
}

}  // namespace crossfoot::runtime

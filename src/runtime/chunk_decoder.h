#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace crossfoot::runtime {

/// Decodes a chunked request body in place (RFC 9112 section 7.1). Beast's own decoder waits for
/// more bytes where a quoted extension runs over the end of its line, so its verdict depends on how
/// the bytes were cut, and it asserts on a last chunk that comes in small pieces; this one does
/// neither. Extensions and trailers are checked for control characters and dropped.
class ChunkDecoder {
 public:
  enum class Step : std::uint8_t { need_more, complete, malformed, too_large };

  /// `line_bytes_max`: of one chunk line, and of all trailers together.
  ChunkDecoder(std::size_t body_bytes_max, std::size_t line_bytes_max)
      : body_bytes_max_(body_bytes_max), line_bytes_max_(line_bytes_max) {}

  /// `base[body, body + size)` is decoded, `base[raw, end)` is not yet; `raw` and `size` move on.
  /// After `complete`, `raw` is the first byte behind the message. Moved bytes between two calls
  /// are no matter.
  [[nodiscard]] Step decode(char* base, std::size_t body, std::size_t& size, std::size_t& raw,
                            std::size_t end);

 private:
  enum class Part : std::uint8_t { size, data, data_end, trailers, done, malformed, too_large };

  /// The line at the front without its end, or nothing: wait, or `part_` says malformed.
  [[nodiscard]] bool take_line(std::string_view bytes, std::string_view& line);
  void take_size(std::string_view line, std::size_t body_size);
  void take_trailer(std::string_view line);

  std::size_t body_bytes_max_;
  std::size_t line_bytes_max_;
  std::size_t trailer_bytes_ = 0;
  std::uint64_t left_ = 0;  ///< of the current chunk's data
  Part part_ = Part::size;
};

}  // namespace crossfoot::runtime

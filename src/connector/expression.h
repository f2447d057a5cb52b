#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connector/json_text.h"

namespace crossfoot::connector {

/// A dotted path from a root of the mapping's input, from a loop's variable, or one of the loop's
/// own facts `$index`, `$first`, `$last`. Array elements are named by their number.
struct Path {
  enum class Source : std::uint8_t { input, loop, index, first, last };

  Source source = Source::input;
  std::uint8_t loop = 0;              ///< nesting depth of the loop that it speaks of
  std::vector<std::string> segments;  ///< from the input or the loop's element
  std::string text;                   ///< as written, for messages
};

/// `${path}`, `${path!}` (a fault when absent), `${path ?? 'default'}`, `${path | number}`.
struct Placeholder {
  enum class Filter : std::uint8_t {
    none,
    number,  ///< a decimal string as a JSON number
    string,  ///< a number or truth value as a JSON string
  };

  Path path;
  bool required = false;
  Filter filter = Filter::none;
  std::optional<std::string> fallback;
};

/// A piece of text: a literal, or a placeholder.
struct Piece {
  std::string literal;
  std::optional<Placeholder> placeholder;
};

/// What names a path may start with.
struct Names {
  std::vector<std::string> roots;  ///< members of the mapping's input
  std::vector<std::string> loops;  ///< variables of the loops around, outermost first
};

inline constexpr std::size_t loops_max = 8;

/// The value's state while a mapping is rendered.
struct LoopFrame {
  Json element;
  std::size_t index = 0;
  bool last = false;
};

struct Scope {
  Json input;
  std::vector<LoopFrame> loops;
};

/// A path as a pack writes it, or what is wrong with it.
[[nodiscard]] std::expected<Path, std::string> parse_path(std::string_view text,
                                                          const Names& names);

/// Text with `${…}` placeholders in it; `$${` stands for a literal `${`.
[[nodiscard]] std::expected<std::vector<Piece>, std::string> parse_pieces(std::string_view text,
                                                                          const Names& names);

/// The element that an `input` or `loop` path names; JSON null counts as absent.
[[nodiscard]] std::optional<Json> resolve(const Path& path, const Scope& scope);

/// Appends the placeholder's value as plain text (no quotes, no escapes). False when it is absent.
/// Rejected when it is required and absent, or not a scalar.
[[nodiscard]] Result<bool> append_text(std::string& out, const Placeholder& placeholder,
                                       const Scope& scope);

/// Appends the placeholder's value as JSON. False when it is absent.
[[nodiscard]] Result<bool> append_value(std::string& out, const Placeholder& placeholder,
                                        const Scope& scope);

/// A text with placeholders outside of JSON: paths, query parameters and headers of a request.
class TextTemplate {
 public:
  enum class Encoding : std::uint8_t {
    plain,  ///< header values: control characters are refused
    path,   ///< percent-encoded path segment: empty, `.` and `..` are refused
    query,  ///< percent-encoded query value
  };

  [[nodiscard]] static std::expected<TextTemplate, std::string> compile(std::string_view text,
                                                                        const Names& names);

  /// Appends the text. False when a placeholder without default is absent: nothing was appended.
  [[nodiscard]] Result<bool> render(const Scope& scope, Encoding encoding, std::string& out) const;

 private:
  std::vector<Piece> pieces_;
};

/// Percent-encodes everything but the unreserved characters of RFC 3986.
void append_percent_encoded(std::string& out, std::string_view text);

}  // namespace crossfoot::connector

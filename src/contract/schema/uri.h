#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crossfoot::contract::schema {

/// The parts of a URI reference (RFC 3986, appendix B): any text has them. Views into the text.
struct UriParts {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
  std::optional<std::string_view> fragment;
};

[[nodiscard]] UriParts split_uri(std::string_view text);

/// `reference` as seen from `base` (RFC 3986, section 5.2), without its fragment. A base without a
/// scheme is treated as a path, so that documents without a URI can still refer to one another.
[[nodiscard]] std::string resolve_uri(std::string_view base, std::string_view reference);

/// What stands behind the first `#`, empty when there is none.
[[nodiscard]] std::string_view fragment_of(std::string_view reference);

/// `%2F` as `/`. No value when an escape is broken or the result is not UTF-8.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// Which characters an identifier may have.
enum class UriCharacters : std::uint8_t { uri, iri };

/// RFC 3986 (RFC 3987 for IRIs): every part by its grammar. With a scheme, if one is required.
[[nodiscard]] bool is_uri(std::string_view text, UriCharacters characters);
[[nodiscard]] bool is_uri_reference(std::string_view text, UriCharacters characters);

/// RFC 6570, levels 1 to 4.
[[nodiscard]] bool is_uri_template(std::string_view text);

}  // namespace crossfoot::contract::schema

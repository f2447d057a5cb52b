#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace crossfoot::contract::schema {

/// An ECMA-262 pattern (flag `u`, and the identity escapes of punctuation that people write) in the
/// syntax of PCRE2 with the same meaning. What only PCRE2 knows (verbs, recursion, possessive
/// quantifiers, inline options) is refused. `pattern` is valid UTF-8. The error says what is wrong,
/// with the byte where.
[[nodiscard]] std::expected<std::string, std::string> translate_ecma_regex(
    std::string_view pattern);

}  // namespace crossfoot::contract::schema

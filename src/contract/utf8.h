#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace crossfoot::contract {

/// Length in bytes of the valid UTF-8 sequence at the front of `text`; 0 when there is none.
/// Overlong forms, surrogates and values above U+10FFFF are not valid (RFC 3629).
[[nodiscard]] std::size_t utf8_sequence(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

/// Characters (code points) of valid UTF-8.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// Appends one code point, at most U+10FFFF and no surrogate.
void append_utf8(std::string& text, std::uint32_t code_point);

/// Takes the first code point off valid, non-empty UTF-8.
[[nodiscard]] std::uint32_t take_code_point(std::string_view& text);

/// Every byte taken as ISO 8859-1 and written as UTF-8.
[[nodiscard]] std::string latin1_to_utf8(std::string_view text);

}  // namespace crossfoot::contract

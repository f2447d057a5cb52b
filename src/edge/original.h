#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "store/api/rows.h"

/// What is kept of a body that was refused. Pure; linear in the body's size.
namespace crossfoot::edge {

/// The text as kept: its first `bytes_max` bytes, card numbers masked but for their last four
/// digits, the names before `@` of mail addresses masked, no U+0000, always UTF-8 (bytes that are
/// not are taken as ISO 8859-1).
[[nodiscard]] std::string redact(std::string_view body, std::size_t bytes_max);

/// The row for the invalid messages, with store, register and the rest of its identity as far as
/// they can be found in a text that may be broken anywhere. No value for what is no JSON object
/// even at its beginning: nobody could do anything with it.
[[nodiscard]] std::optional<store::MessageRow> refused_message(std::string_view body,
                                                               std::size_t bytes_max);

}  // namespace crossfoot::edge

#pragma once

#include <string>
#include <string_view>

#include "contract/schema/json.h"

namespace crossfoot::contract::record {

/// Appends the value as JSON in one form whatever its text was: members by name, numbers by value,
/// no blanks. Equal values (in the sense of JSON Schema) have the same text.
void append_canonical(std::string& out, const schema::Json& value);
[[nodiscard]] std::string canonical(const schema::Json& value);

/// The text of a member; empty when there is none, or it is no text.
[[nodiscard]] std::string text(const schema::Json& object, std::string_view name);

}  // namespace crossfoot::contract::record

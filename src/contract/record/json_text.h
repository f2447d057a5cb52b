#pragma once

#include <string>

#include "contract/schema/json.h"

namespace crossfoot::contract::record {

/// Appends the value as JSON in one form whatever its text was: members by name, numbers by value,
/// no blanks. Equal values (in the sense of JSON Schema) have the same text.
void append_canonical(std::string& out, const schema::Json& value);
[[nodiscard]] std::string canonical(const schema::Json& value);

}  // namespace crossfoot::contract::record

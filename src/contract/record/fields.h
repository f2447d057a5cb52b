#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/time.h"
#include "contract/record/ownership.h"
#include "contract/schema/json.h"

namespace crossfoot::contract::record {

/// The fields of a record, each the smallest part that is owned as a whole: JSON by pointer, in
/// canonical text. What belongs to the sending (version, tenant, revision, changed_at, owner) is
/// not among them.
using Fields = std::map<std::string, std::string, std::less<>>;

/// What belongs to the sending, whoever sends.
[[nodiscard]] bool is_envelope(std::string_view name);

[[nodiscard]] Fields fields_of(const schema::Json& record, const Ownership& ownership);

/// The record of these fields, with its own version as `revision`.
[[nodiscard]] std::string compose(const Fields& fields, std::string_view tenant,
                                  std::uint32_t version, Instant changed_at);

}  // namespace crossfoot::contract::record

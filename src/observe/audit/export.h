#pragma once

#include <string>

#include "contract/json_writer.h"
#include "store/api/rows.h"

namespace crossfoot::observe {

/// One journal row for people and programs: place, time, flow, what happened, what it was decided
/// by, version of the rules, state hash, digest. An entry that cannot be read says so; an erased
/// one has only its place and digest.
void write_audit_row(contract::JsonWriter& out, const store::JournalRow& row);
/// The same on one line of text.
[[nodiscard]] std::string audit_line(const store::JournalRow& row);

}  // namespace crossfoot::observe

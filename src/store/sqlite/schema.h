#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "store/sqlite/connection.h"

namespace crossfoot::store::sqlite {

/// One step of the schema. Numbers are consecutive from 1; a released step never changes.
struct Migration {
  std::uint32_t number;
  const char* why;
  const char* sql;
};

[[nodiscard]] std::span<const Migration> migrations();

/// The newest schema that this program knows.
[[nodiscard]] std::uint32_t newest_schema();

/// The version stored in the file; 0 for an empty file. `corrupt` when it is newer than
/// `newest_schema()`. Writes nothing.
[[nodiscard]] Result<std::uint32_t> stored_schema(Connection& connection);

/// Applies what is missing, each step in a transaction of its own.
[[nodiscard]] Status migrate(Connection& connection);

}  // namespace crossfoot::store::sqlite

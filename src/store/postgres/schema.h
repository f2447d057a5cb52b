#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "store/postgres/connection.h"

namespace crossfoot::store::postgres {

/// One step of the schema. Numbers are consecutive from 1; a released step never changes.
/// `statements` are executed one by one.
struct Migration {
  std::uint32_t number;
  const char* why;
  std::span<const char* const> statements;
};

[[nodiscard]] std::span<const Migration> migrations();

/// The newest schema that this program knows.
[[nodiscard]] std::uint32_t newest_schema();

/// Applies what is missing, all of it in one transaction under an advisory lock, so that programs
/// that start together do it once. Fails with CF-5006 when the stored schema is newer; then nothing
/// is written.
[[nodiscard]] Status migrate(Connection& connection);

}  // namespace crossfoot::store::postgres

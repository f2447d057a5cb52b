#pragma once

#include <cstdint>
#include <functional>
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

/// Runs `work` in one transaction under an advisory lock, so that programs that make the schema at
/// the same time do it one after the other. A fault of `work` undoes all of it.
[[nodiscard]] Status with_schema_locked(Connection& connection,
                                        const std::function<Status(Connection&)>& work);

/// Applies what is missing, inside `with_schema_locked`. Fails with CF-5006 when the stored schema
/// is newer; then nothing is written.
[[nodiscard]] Status apply_migrations(Connection& connection);

/// Both, for a program that is to serve: also fails with CF-5012 while a transfer into this data
/// store is not finished.
[[nodiscard]] Status migrate(Connection& connection);

}  // namespace crossfoot::store::postgres

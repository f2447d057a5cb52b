#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "store/sqlite/connection.h"
#include "store/transfer/tables.h"

namespace crossfoot::store::transfer {

/// What is done with each row; the first failure ends the walk.
using Visit = std::function<Status(std::span<const Cell>)>;

/// The rows of a stopped data store's file, which nobody else can open meanwhile. Nothing is
/// written but what a crashed server left in its log.
class SqliteSource {
 public:
  /// Faults: CF-5001 (not there, or cannot be read), CF-5002 (a process has it open), CF-5003 (no
  /// data store), CF-5006 (a schema that this program does not know).
  static Result<std::unique_ptr<SqliteSource>> open(const std::string& path);

  [[nodiscard]] Result<std::uint64_t> count(const Table& table);
  /// In the order of its primary key, without the first `skip`.
  Status each(const Table& table, std::uint64_t skip, const Visit& visit);
  /// Of this data store in this state: another one, or this one after it was opened again, has
  /// another. 32 bytes.
  [[nodiscard]] Result<std::string> fingerprint();

 private:
  explicit SqliteSource(std::unique_ptr<sqlite::Connection> connection)
      : connection_(std::move(connection)) {}

  Status walk(std::string_view sql, std::span<const Column> columns, std::uint64_t skip,
              const Visit& visit);

  std::unique_ptr<sqlite::Connection> connection_;
};

}  // namespace crossfoot::store::transfer

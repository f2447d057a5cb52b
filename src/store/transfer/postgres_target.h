#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/transfer/sqlite_source.h"
#include "store/transfer/tables.h"

namespace crossfoot::store::transfer {

/// The PostgreSQL end of a transfer. While the transfer is under way the table `crossfoot.transfer`
/// says how many rows of each table stand, written with the rows themselves; while it is there no
/// server opens the data store (CF-5012).
class PostgresTarget {
 public:
  /// Faults: CF-5001 (no answer), CF-5002 (another transfer is at work), CF-5010 (unsafe settings).
  static Result<std::unique_ptr<PostgresTarget>> open(const std::string& url);

  /// Makes the schema in an empty database, or goes on with a transfer of the same `source`
  /// (a fingerprint). Answers how many rows of each table stand already. Faults: CF-5013 (there is
  /// a data store, or a transfer of another source), CF-5014 (the role may not).
  Result<std::map<std::string, std::uint64_t, std::less<>>> begin(std::string_view source);
  /// Fails with CF-5003 when there is no data store, CF-5006 when its schema is another one.
  Status must_be_there();

  /// One transaction: the rows, one array a column, and how many stand now.
  Status insert(const Table& table, const postgres::Parameters& rows, std::uint64_t standing);
  /// All rows, read back, in no order.
  Status each(const Table& table, const Visit& visit);
  /// Lets servers open the data store.
  Status finish();

 private:
  explicit PostgresTarget(std::unique_ptr<postgres::Connection> connection)
      : connection_(std::move(connection)) {}

  Result<bool> is_there(std::string_view table);
  Status create(std::string_view source);
  Status recognise(std::string_view source);

  std::unique_ptr<postgres::Connection> connection_;
};

}  // namespace crossfoot::store::transfer

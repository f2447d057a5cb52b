#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "store/postgres/parameters.h"

namespace crossfoot::store::transfer {

/// One value of a row. Bytes live as long as what they were read from.
using Cell = std::variant<std::monostate, std::int64_t, std::string_view>;

struct Column {
  std::string_view name;
  postgres::ElementType type = postgres::ElementType::integer;
};

/// A table that both engines have, with the columns that both have.
struct Table {
  std::string_view name;
  std::span<const Column> columns;
  std::string_view order;     ///< its primary key in the SQLite file
  std::string_view where;     ///< which rows are moved; empty: all
  std::string_view conflict;  ///< what the insert does with a row that the schema brought along
};

/// In the order in which they are moved.
[[nodiscard]] std::span<const Table> tables();

[[nodiscard]] std::string source_query(const Table& table);  ///< one parameter: rows to skip
[[nodiscard]] std::string source_count(const Table& table);
[[nodiscard]] std::string target_query(const Table& table);
[[nodiscard]] std::string target_insert(const Table& table);  ///< one array a column

/// How many rows were read, and a digest of them that does not depend on their order: the sum of
/// the rows' SHA-256. Two sets that differ by accident or by a hand have different digests; against
/// somebody who searches for two equal sums it is no proof, the signed anchors are.
class TableSum {
 public:
  void add(std::span<const Cell> row);
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::string digest() const;  ///< 64 hex digits
  bool operator==(const TableSum& other) const {
    return rows_ == other.rows_ && sum_ == other.sum_;
  }

 private:
  std::uint64_t rows_ = 0;
  std::array<std::uint64_t, 4> sum_{};
  std::string encoded_;
};

}  // namespace crossfoot::store::transfer

#include "store/transfer/transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "store/api/faults.h"
#include "store/transfer/postgres_target.h"
#include "store/transfer/sqlite_source.h"
#include "store/transfer/tables.h"

namespace crossfoot::store {

namespace {

using namespace crossfoot::store::transfer;

constexpr std::uint64_t batch_rows_max = 1'000;
constexpr std::uint64_t batch_bytes_max = 4U << 20;
constexpr std::uint64_t rows_a_report = 1'000;

/// Rows of one table on their way, as one array a column.
class Batch {
 public:
  explicit Batch(const Table& table) : table_(table) { clear(); }

  void add(std::span<const Cell> row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (const auto* number = std::get_if<std::int64_t>(&row[i])) {
        columns_[i].add(*number);
        bytes_ += sizeof *number;
      } else if (const auto* value = std::get_if<std::string_view>(&row[i])) {
        columns_[i].add(*value);
        bytes_ += value->size();
      } else {
        columns_[i].add(std::optional<std::string_view>{});
      }
    }
    ++rows_;
  }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] bool full() const { return rows_ >= batch_rows_max || bytes_ >= batch_bytes_max; }
  [[nodiscard]] postgres::Parameters parameters() const {
    postgres::Parameters all;
    for (const postgres::Array& column : columns_) all.add(column);
    return all;
  }
  void clear() {
    columns_.clear();
    for (const Column& column : table_.columns) columns_.emplace_back(column.type);
    rows_ = bytes_ = 0;
  }

 private:
  const Table& table_;
  std::vector<postgres::Array> columns_;
  std::uint64_t rows_ = 0;
  std::uint64_t bytes_ = 0;
};

/// Positions are unique by partition, so they are gap-free when they begin at 1 and the highest is
/// their number.
class PositionCheck {
 public:
  void add(std::span<const Cell> row) {
    const auto partition = std::get<std::int64_t>(row[0]);
    const auto position = std::get<std::int64_t>(row[1]);
    if (partition < 0 || partition >= static_cast<std::int64_t>(partition_count)) return;
    Seen& seen = seen_[static_cast<std::size_t>(partition)];
    ++seen.count;
    seen.highest = std::max(seen.highest, position);
    seen.from_one = seen.from_one && position >= 1;
  }
  void tell(TransferProof& proof) const {
    for (std::size_t p = 0; p < seen_.size(); ++p) {
      if (seen_[p].count == 0) continue;
      ++proof.partitions;
      if (!seen_[p].from_one || seen_[p].highest != seen_[p].count) {
        proof.gaps.push_back(static_cast<Partition>(p));
      }
    }
  }

 private:
  struct Seen {
    std::int64_t count = 0;
    std::int64_t highest = 0;
    bool from_one = true;
  };
  std::vector<Seen> seen_ = std::vector<Seen>(partition_count);
};

Fault of_table(const Table& table, Fault fault) {
  fault.where = fmt::format("{} ({})", fault.where, table.name);
  return fault;
}

}  // namespace

bool TransferProof::whole() const {
  return gaps.empty() && std::ranges::all_of(tables, &TableProof::same);
}

std::uint64_t TransferProof::rows() const {
  std::uint64_t sum = 0;
  for (const TableProof& each : tables) sum += each.source_rows;
  return sum;
}

Transfer::Transfer() = default;
Transfer::~Transfer() = default;

Result<std::unique_ptr<Transfer>> Transfer::open(const TransferOptions& options) {
  std::unique_ptr<Transfer> transfer(new Transfer);
  auto source = SqliteSource::open(options.source);
  if (!source) return fail(source.error());
  transfer->source_ = std::move(*source);
  auto target = PostgresTarget::open(options.target_url);
  if (!target) return fail(target.error());
  transfer->target_ = std::move(*target);
  if (options.verify_only) {
    if (Status there = transfer->target_->must_be_there(); !there) return fail(there.error());
    return transfer;
  }
  const auto fingerprint = transfer->source_->fingerprint();
  if (!fingerprint) return fail(fingerprint.error());
  const auto standing = transfer->target_->begin(*fingerprint);
  if (!standing) return fail(standing.error());
  for (const Table& table : tables()) {
    const auto found = standing->find(table.name);
    if (found == standing->end()) {
      return fail(corrupt_fault("transfer", fmt::format("nothing is noted of {}", table.name)));
    }
    transfer->standing_.push_back(found->second);
    transfer->resumed_rows_ += found->second;
  }
  return transfer;
}

Status Transfer::copy(const Progress& progress) {
  for (std::size_t i = 0; i < standing_.size(); ++i) {
    const Table& table = tables()[i];
    std::uint64_t& standing = standing_[i];
    const auto total = source_->count(table);
    if (!total) return fail(of_table(table, total.error()));
    Batch batch(table);
    const auto send = [&]() -> Status {
      if (batch.rows() == 0) return {};
      const std::uint64_t after = standing + batch.rows();
      if (Status sent = target_->insert(table, batch.parameters(), after); !sent) return sent;
      standing = after;
      batch.clear();
      progress(table.name, standing, *total);
      return {};
    };
    progress(table.name, standing, *total);
    Status copied = source_->each(table, standing, [&](std::span<const Cell> row) {
      batch.add(row);
      return batch.full() ? send() : Status{};
    });
    if (copied) copied = send();
    if (!copied) return fail(of_table(table, copied.error()));
  }
  return {};
}

Result<TransferProof> Transfer::prove(const Progress& progress) {
  proven_ = false;
  TransferProof proof;
  PositionCheck positions;
  for (const Table& table : tables()) {
    const auto total = source_->count(table);
    if (!total) return fail(of_table(table, total.error()));
    TableSum source;
    TableSum target;
    const auto report = [&] {
      const std::uint64_t rows = source.rows() + target.rows();
      if (rows % rows_a_report == 0) progress(table.name, rows, 2 * *total);
    };
    Status read = source_->each(table, 0, [&](std::span<const Cell> row) {
      source.add(row);
      report();
      return Status{};
    });
    if (!read) return fail(of_table(table, read.error()));
    read = target_->each(table, [&](std::span<const Cell> row) {
      target.add(row);
      if (table.name == "journal") positions.add(row);
      report();
      return Status{};
    });
    if (!read) return fail(of_table(table, read.error()));
    progress(table.name, source.rows() + target.rows(), 2 * *total);
    proof.tables.push_back({.table = std::string(table.name),
                            .source_rows = source.rows(),
                            .target_rows = target.rows(),
                            .source_digest = source.digest(),
                            .target_digest = target.digest(),
                            .same = source == target});
  }
  positions.tell(proof);
  proven_ = proof.whole();
  return proof;
}

Status Transfer::finish() {
  if (!proven_) return fail(transfer_differs_fault("transfer", "the copy is not proven"));
  return target_->finish();
}

}  // namespace crossfoot::store

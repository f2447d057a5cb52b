#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contract/csv_reader.h"
#include "contract/transaction.h"

namespace crossfoot::contract {

/// Kinds of documents of the Online Retail file, the first that matches (docs: the import's page).
enum class OnlineRetailKind : std::uint8_t {
  accounting_adjustment,  ///< `A…`: parked whole
  return_goods,           ///< `C…`
  stock_adjustment,       ///< all prices zero and no customer
  sale,
  odd,  ///< mixes what its kind excludes; parked whole under `odd_document`
};

/// How a stock code is read: compared in upper case.
[[nodiscard]] std::string fold_code(std::string_view code);
[[nodiscard]] LineKind online_retail_line_kind(std::string_view folded_code);
/// ISO 3166-1 alpha-2 of the file's country names; empty where the name is none or is ambiguous.
[[nodiscard]] std::string_view online_retail_region(std::string_view country);

struct OnlineRetailOptions {
  std::string tenant = "default";
  std::string shop = "ONLINE-RETAIL-UK";
  /// The zone of the file, Europe/London: from local time to UTC. A local time that exists twice or
  /// never is the conversion's to decide.
  std::function<Instant(std::chrono::local_seconds)> to_utc;
};

/// What is known of a document without building it; for ordering.
struct OnlineRetailHead {
  OnlineRetailKind kind = OnlineRetailKind::sale;
  std::string_view invoice;  ///< lives as long as the reader
  std::chrono::local_seconds occurred_at;
  std::int64_t first_row = 0;
  std::size_t rows = 0;
  bool has_member = false;
};

struct OnlineRetailDocument {
  OnlineRetailKind kind = OnlineRetailKind::sale;
  /// Channel `file`, external id the invoice number, one tender `on_account`, tax not in the
  /// source.
  Transaction transaction;
  std::string_view park_code;  ///< the public code under which it is parked whole; usually empty
  std::size_t repeated_lines =
      0;  ///< lines equal to an earlier one of the document; booked all the same
};

/// Translates the UCI Online Retail file. Rows are grouped by invoice over all files, never by
/// adjacency, so everything is read first and kept compactly (about 72 bytes a row); documents are
/// then built one at a time. Pure: bytes come in by `feed`, decompressed by the caller.
class OnlineRetailReader {
 public:
  static constexpr std::size_t refused_listed_max = 1'000;

  explicit OnlineRetailReader(OnlineRetailOptions options);
  OnlineRetailReader(const OnlineRetailReader&) = delete;
  OnlineRetailReader& operator=(const OnlineRetailReader&) = delete;

  void begin_file();
  void feed(std::string_view bytes);
  void end_file();
  /// After the last file: groups the rows. Documents are in the order of their first row.
  void group();

  [[nodiscard]] std::size_t document_count() const { return invoices_.size(); }
  [[nodiscard]] OnlineRetailHead head(std::size_t index) const;
  [[nodiscard]] OnlineRetailDocument document(std::size_t index) const;

  /// Rows taken; source rows are numbered from 1 over all files, refused ones included.
  [[nodiscard]] std::size_t row_count() const { return rows_.size(); }
  [[nodiscard]] std::size_t refused_count() const { return refused_count_; }
  /// The first `refused_listed_max` of them.
  [[nodiscard]] const std::vector<RefusedRow>& refused() const { return refused_; }

 private:
  /// Texts that occur again and again, each kept once.
  class Pool {
   public:
    std::uint32_t add(std::string_view text);
    [[nodiscard]] std::string_view operator[](std::uint32_t index) const { return texts_[index]; }
    [[nodiscard]] std::size_t size() const { return texts_.size(); }

   private:
    std::deque<std::string> texts_;
    std::unordered_map<std::string_view, std::uint32_t> index_;
  };

  struct Row {
    std::int64_t source_row = 0;
    std::int64_t quantity = 0;
    Decimal unit_price;
    std::chrono::local_seconds at;
    std::uint32_t invoice = 0;
    std::uint32_t code = 0;
    std::uint32_t description = 0;
    std::uint32_t customer = 0;
    std::uint32_t country = 0;
  };

  /// What an invoice has grown to.
  struct Size {
    std::uint32_t lines = 0;
    std::int64_t minor = 0;
  };

  void on_row(std::span<const std::string_view> fields, std::int64_t line);
  bool count_in(std::uint32_t invoice, std::int64_t units, const Decimal& price);
  void refuse(std::string_view code, std::string_view reason, std::int64_t line);
  [[nodiscard]] std::span<const std::uint32_t> rows_of(std::size_t index) const;
  [[nodiscard]] OnlineRetailKind classify(std::size_t index) const;
  [[nodiscard]] Line make_line(const Row& row, OnlineRetailKind kind, std::uint32_t number) const;
  [[nodiscard]] std::size_t count_repeats(std::span<const std::uint32_t> rows) const;

  OnlineRetailOptions options_;
  Currency currency_;
  std::unique_ptr<CsvReader> csv_;
  std::size_t file_ = 0;
  bool header_seen_ = false;
  bool header_good_ = false;
  std::int64_t source_row_ = 0;

  Pool invoices_;
  Pool codes_;
  Pool descriptions_;
  Pool customers_;
  Pool countries_;
  std::vector<Row> rows_;
  std::vector<Size> sizes_;                 ///< by invoice
  std::vector<std::uint32_t> order_;        ///< row indices by invoice
  std::vector<std::uint32_t> group_start_;  ///< of each invoice in order_, and the end
  std::vector<RefusedRow> refused_;
  std::size_t refused_count_ = 0;
};

}  // namespace crossfoot::contract

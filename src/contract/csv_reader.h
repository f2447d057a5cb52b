#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace crossfoot::contract {

/// A row of a file that was not taken: the public code (`bad_csv`, `wrong_columns`,
/// `bad_row_value`), the reason in words without the row's values, and the line of the file where
/// the row begins.
struct RefusedRow {
  std::size_t file = 0;   ///< index of the file in the order of reading
  std::int64_t line = 0;  ///< from 1, the header included
  std::string code;
  std::string reason;
};

/// Reads RFC 4180 rows from chunks of bytes cut anywhere. Strict: a quote that is never closed,
/// stands inside an unquoted field or is followed by anything but a comma, a carriage return that
/// ends no line, U+0000, and a row over the limit are refused, and reading goes on with the next
/// line of the file, so that one bad row costs no good ones. LF or CRLF; empty lines are no rows; a
/// byte order mark at the start is skipped. Fields that are not UTF-8 are taken as ISO 8859-1 and
/// given as UTF-8. Single owner. Memory: one chunk and one row.
class CsvReader {
 public:
  /// The fields are valid during the call only. `line` as in RefusedRow.
  using OnRow = std::function<void(std::span<const std::string_view> fields, std::int64_t line)>;
  using OnRefused = std::function<void(std::string_view reason, std::int64_t line)>;

  static constexpr std::size_t row_bytes_max = 65'536;

  CsvReader(OnRow on_row, OnRefused on_refused)
      : on_row_(std::move(on_row)), on_refused_(std::move(on_refused)) {}

  void feed(std::string_view bytes);
  /// The file has ended: a last row without a line end is a row.
  void finish();

 private:
  enum class Verdict : std::uint8_t { row, incomplete, refused };
  /// A field as found: where, and whether quotes inside are doubled.
  struct Field {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool doubled_quotes = false;
  };

  void drain(bool at_end);
  Verdict scan_row(std::size_t at, bool at_end);
  Verdict scan_quoted(std::size_t& at, bool at_end);
  Verdict scan_plain(std::size_t& at, bool at_end);
  /// What a row that the buffer does not finish is: at the end of the file, something definite.
  Verdict cut_short(std::string_view reason, bool at_end);
  void deliver();
  [[nodiscard]] std::string_view text_of(const Field& field, std::string& scratch) const;

  OnRow on_row_;
  OnRefused on_refused_;
  std::string buffer_;
  std::vector<Field> fields_;
  std::size_t row_end_ = 0;  ///< behind the line end of the row just scanned
  std::string_view reason_;
  std::int64_t line_ = 1;
  bool started_ = false;
  bool skipping_line_ = false;  ///< the rest of a refused line is not a row
  std::vector<std::string> scratch_;
  std::vector<std::string_view> views_;
};

}  // namespace crossfoot::contract

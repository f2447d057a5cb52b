#include "contract/csv_reader.h"

#include <algorithm>

#include "contract/utf8.h"

namespace crossfoot::contract {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

}  // namespace

void CsvReader::feed(std::string_view bytes) {
  buffer_ += bytes;
  drain(false);
}

void CsvReader::finish() {
  drain(true);
  buffer_.clear();
}

void CsvReader::drain(bool at_end) {
  std::size_t at = 0;
  if (!started_) {
    if (!at_end && buffer_.size() < byte_order_mark.size()) return;
    started_ = true;
    if (buffer_.starts_with(byte_order_mark)) at = byte_order_mark.size();
  }
  while (at < buffer_.size()) {
    if (skipping_line_) {
      const std::size_t end = buffer_.find('\n', at);
      if (end == std::string::npos) {
        at = buffer_.size();
        break;
      }
      at = end + 1;
      ++line_;
      skipping_line_ = false;
      continue;
    }
    const Verdict verdict = scan_row(at, at_end);
    if (verdict == Verdict::incomplete) break;
    if (verdict == Verdict::refused) {
      // Only the first line of the row is given up: a stray quote must not swallow what follows it.
      on_refused_(reason_, line_);
      skipping_line_ = true;
      continue;
    }
    const auto row = std::string_view(buffer_).substr(at, row_end_ - at);
    if (!fields_.empty()) {
      deliver();
      on_row_(views_, line_);
    }
    line_ += std::ranges::count(row, '\n');
    at = row_end_;
  }
  buffer_.erase(0, at);
}

CsvReader::Verdict CsvReader::cut_short(std::string_view reason, bool at_end) {
  reason_ = reason;
  return at_end ? Verdict::refused : Verdict::incomplete;
}

/// Scans one row from `at`; an empty line leaves no fields.
CsvReader::Verdict CsvReader::scan_row(std::size_t at, bool at_end) {
  fields_.clear();
  const std::size_t begin = at;
  for (;;) {
    const bool quoted = at < buffer_.size() && buffer_[at] == '"';
    const Verdict verdict = quoted ? scan_quoted(at, at_end) : scan_plain(at, at_end);
    if (verdict == Verdict::incomplete && buffer_.size() - begin > row_bytes_max) {
      reason_ = "the row is longer than 65536 bytes";
      return Verdict::refused;
    }
    if (verdict != Verdict::row) return verdict;
    // Here `at` is at a comma, a line end or the end of the file.
    if (at < buffer_.size() && buffer_[at] == ',') {
      ++at;
      continue;
    }
    if (at < buffer_.size() && buffer_[at] == '\r') ++at;
    row_end_ = std::min(at + 1, buffer_.size());
    if (row_end_ - begin > row_bytes_max) {
      reason_ = "the row is longer than 65536 bytes";
      return Verdict::refused;
    }
    const bool empty_line = !quoted && fields_.size() == 1 && fields_[0].begin == fields_[0].end;
    if (empty_line) fields_.clear();
    return Verdict::row;
  }
}

CsvReader::Verdict CsvReader::scan_quoted(std::size_t& at, bool at_end) {
  Field field{at + 1, at + 1, false};
  std::size_t i = at + 1;
  for (;;) {
    i = buffer_.find_first_of(std::string_view("\"\0", 2), i);
    if (i == std::string::npos) return cut_short("a quote is not closed", at_end);
    if (buffer_[i] == '\0') {
      reason_ = "the row contains U+0000";
      return Verdict::refused;
    }
    if (i + 1 == buffer_.size() && !at_end) return Verdict::incomplete;
    if (i + 1 < buffer_.size() && buffer_[i + 1] == '"') {
      field.doubled_quotes = true;
      i += 2;
      continue;
    }
    break;
  }
  field.end = i;
  at = i + 1;
  if (at < buffer_.size() && buffer_[at] == '\r') {
    if (at + 1 == buffer_.size() && !at_end) return Verdict::incomplete;
    if (at + 1 < buffer_.size() && buffer_[at + 1] != '\n') {
      reason_ = "a carriage return ends no line";
      return Verdict::refused;
    }
  } else if (at < buffer_.size() && buffer_[at] != ',' && buffer_[at] != '\n') {
    reason_ = "a closing quote is followed by other characters";
    return Verdict::refused;
  }
  fields_.push_back(field);
  return Verdict::row;
}

CsvReader::Verdict CsvReader::scan_plain(std::size_t& at, bool at_end) {
  const std::size_t begin = at;
  std::size_t i = buffer_.find_first_of(std::string_view(",\"\r\n\0", 5), at);
  if (i == std::string::npos) {
    if (!at_end) return Verdict::incomplete;
    i = buffer_.size();
  } else if (buffer_[i] == '"') {
    reason_ = "a quote stands inside an unquoted field";
    return Verdict::refused;
  } else if (buffer_[i] == '\0') {
    reason_ = "the row contains U+0000";
    return Verdict::refused;
  } else if (buffer_[i] == '\r') {
    if (i + 1 == buffer_.size() && !at_end) return Verdict::incomplete;
    if (i + 1 < buffer_.size() && buffer_[i + 1] != '\n') {
      reason_ = "a carriage return ends no line";
      return Verdict::refused;
    }
  }
  fields_.push_back({begin, i, false});
  at = i;
  return Verdict::row;
}

std::string_view CsvReader::text_of(const Field& field, std::string& scratch) const {
  const auto raw = std::string_view(buffer_).substr(field.begin, field.end - field.begin);
  const bool ascii_or_utf8 = is_utf8(raw);
  if (!field.doubled_quotes && ascii_or_utf8) return raw;
  scratch = ascii_or_utf8 ? std::string(raw) : latin1_to_utf8(raw);
  if (field.doubled_quotes) {
    // Doubled quotes come in pairs only, so dropping the second of each is enough.
    bool after_quote = false;
    std::erase_if(scratch, [&](char c) {
      after_quote = c == '"' && !after_quote;
      return c == '"' && !after_quote;
    });
  }
  return scratch;
}

void CsvReader::deliver() {
  if (scratch_.size() < fields_.size()) scratch_.resize(fields_.size());
  views_.clear();
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    views_.push_back(text_of(fields_[i], scratch_[i]));
  }
}

}  // namespace crossfoot::contract

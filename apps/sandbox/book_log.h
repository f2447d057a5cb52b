#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace crossfoot::sandbox {

/// The append-only file behind a stand-in's books. What commit() has answered survives the kill of
/// the process (write(2), no fsync: the loss of the machine is not part of the sandbox). One
/// process holds the file; a record torn by a kill is cut at the next start, a damaged one before
/// the last refuses the start.
class BookLog {
 public:
  BookLog() = default;
  ~BookLog();
  BookLog(BookLog&& other) noexcept;
  BookLog& operator=(BookLog&& other) noexcept;

  /// Opens or creates `directory`/`name`.log and hands every whole record to `replay`, which
  /// answers false for bytes that it cannot read.
  [[nodiscard]] static Result<BookLog> open(const std::string& directory, std::string_view name,
                                            const std::function<bool(std::string_view)>& replay);

  /// Adds a record to the next commit.
  void add(std::string_view record);
  /// Writes what was added, whole or not at all.
  [[nodiscard]] Status commit();
  /// Forgets every record.
  [[nodiscard]] Status clear();

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  int file_ = -1;
  std::uint64_t bytes_ = 0;
  std::string pending_;
};

}  // namespace crossfoot::sandbox

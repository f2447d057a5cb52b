#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/digest.h"
#include "base/id.h"
#include "base/result.h"
#include "base/time.h"

namespace crossfoot::store::sqlite {

/// Bytes bound as a BLOB; a plain std::string_view is bound as text.
struct Blob {
  std::string_view bytes;
};

/// True for errors of the medium or of contention (full, I/O, busy, memory, interrupt): nothing is
/// wrong with the statement, it may succeed later.
[[nodiscard]] bool is_medium_error(int code);

/// The fault of an SQLite result code. `detail` is SQLite's own text.
[[nodiscard]] Fault fault_of(int code, std::string_view where, std::string_view detail);

/// A prepared statement, used by one thread. Parameters are bound in order, from 1.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

  /// Binds, steps once and resets: for writes, and for reads that only ask whether a row is there.
  /// Returns SQLITE_DONE, SQLITE_ROW or an error code. Arguments need not outlive the call.
  template <class... Args>
  int run(const Args&... args) {
    bind_all(SQLITE_STATIC, args...);
    const int code = bind_error_ != SQLITE_OK ? bind_error_ : sqlite3_step(handle_.get());
    sqlite3_reset(handle_.get());
    return code;
  }

  /// Binds for a loop of `step`; texts are copied. Call `reset` after the last row.
  template <class... Args>
  void query(const Args&... args) {
    bind_all(SQLITE_TRANSIENT, args...);
  }
  int step() { return bind_error_ != SQLITE_OK ? bind_error_ : sqlite3_step(handle_.get()); }
  void reset() { sqlite3_reset(handle_.get()); }

  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(handle_.get(), column);
  }
  template <class T>
  [[nodiscard]] T number(int column) const {
    return static_cast<T>(integer(column));
  }
  [[nodiscard]] bool is_null(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
  }
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }
  /// Zero when the column is NULL or not sixteen bytes.
  [[nodiscard]] Hash128 hash(int column) const;
  [[nodiscard]] Id id(int column) const;

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  static constexpr std::size_t scratch_slots = 8;

  template <class... Args>
  void bind_all(sqlite3_destructor_type life, const Args&... args) {
    bind_error_ = SQLITE_OK;
    next_ = 0;
    scratch_used_ = 0;
    (note(bind(life, args)), ...);
  }
  void note(int code) {
    if (code != SQLITE_OK) bind_error_ = code;
  }
  template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  int bind(sqlite3_destructor_type, T value) {
    return sqlite3_bind_int64(handle_.get(), ++next_, static_cast<std::int64_t>(value));
  }
  int bind(sqlite3_destructor_type, std::nullptr_t) {
    return sqlite3_bind_null(handle_.get(), ++next_);
  }
  int bind(sqlite3_destructor_type, Instant at) {
    return sqlite3_bind_int64(handle_.get(), ++next_, at.micros);
  }
  int bind(sqlite3_destructor_type, BusinessDate date) {
    return sqlite3_bind_int64(handle_.get(), ++next_, date.days);
  }
  int bind(sqlite3_destructor_type life, const Blob& blob) {
    return sqlite3_bind_blob64(handle_.get(), ++next_, pointer(blob.bytes), blob.bytes.size(),
                               life);
  }
  int bind(sqlite3_destructor_type life, std::string_view text) {
    return sqlite3_bind_text64(handle_.get(), ++next_, pointer(text), text.size(), life,
                               SQLITE_UTF8);
  }
  int bind(sqlite3_destructor_type life, const std::string& text) {
    return bind(life, std::string_view(text));
  }
  int bind(sqlite3_destructor_type, const Hash128& hash) { return bind_sixteen(hash.bytes.data()); }
  int bind(sqlite3_destructor_type, const Id& id) { return bind_sixteen(id.bytes().data()); }
  template <class T>
  int bind(sqlite3_destructor_type life, const std::optional<T>& value) {
    return value ? bind(life, *value) : bind(life, nullptr);
  }
  /// An empty view must not be bound as NULL.
  static const char* pointer(std::string_view view) { return view.empty() ? "" : view.data(); }
  int bind_sixteen(const void* bytes);

  std::unique_ptr<sqlite3_stmt, Finalizer> handle_;
  int next_ = 0;
  int bind_error_ = SQLITE_OK;
  std::size_t scratch_used_ = 0;
  // Ids and hashes are copied here, so that they live as long as the binding without an allocation.
  std::array<std::array<char, 16>, scratch_slots> scratch_{};
};

struct ConnectionOptions {
  std::string path;
  std::string vfs;  ///< empty: SQLite's default
  bool read_only = false;
  std::int64_t cache_bytes = 0;  ///< 0: SQLite's default
};

/// One SQLite connection, used by one thread at a time.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options);

  /// Runs statements without results.
  Status execute(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  struct Wanted {
    Statement& statement;
    const char* sql;
  };
  Status prepare_all(std::initializer_list<Wanted> all);
  /// The first column of the first row; 0 when there is none.
  Result<std::int64_t> scalar(const std::string& sql);

  [[nodiscard]] int changes() const { return sqlite3_changes(handle_.get()); }
  /// The row that the last insert made; 0 when none did since `forget_last_row`.
  [[nodiscard]] std::int64_t last_row() const { return sqlite3_last_insert_rowid(handle_.get()); }
  void forget_last_row() { sqlite3_set_last_insert_rowid(handle_.get(), 0); }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  [[nodiscard]] Fault fault(int code, std::string_view where) const {
    return fault_of(code, where, sqlite3_errmsg(handle_.get()));
  }
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  struct Closer {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  explicit Connection(sqlite3* handle) : handle_(handle) {}

  std::unique_ptr<sqlite3, Closer> handle_;
};

}  // namespace crossfoot::store::sqlite

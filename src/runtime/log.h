#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"

namespace crossfoot::runtime {

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error, off };

[[nodiscard]] std::string_view to_string(LogLevel level);
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text);

/// A key and a value of a record. Keys are literals in snake_case with their unit last.
struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, bool>;

  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, const std::string& text)
      : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, bool flag) : key(name), value(flag) {}
  template <std::signed_integral T>
  LogField(std::string_view name, T number) : key(name), value(std::int64_t{number}) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  LogField(std::string_view name, T number) : key(name), value(std::uint64_t{number}) {}

  std::string_view key;
  Value value;
};

/// Where records go and which. Any thread; a record is one JSON object on one line, in one write.
/// Secrets and personal data are the caller's to leave out.
class Log {
 public:
  using Write = std::function<void(std::string_view line)>;
  using Clock = std::function<Instant()>;

  /// To standard error, with the system's clock.
  explicit Log(LogLevel level);
  /// For tests and simulation. `write` must bear calls from several threads.
  Log(LogLevel level, Write write, Clock clock);

  [[nodiscard]] LogLevel level() const { return level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

 private:
  friend class Logger;

  std::atomic<LogLevel> level_;
  Write write_;
  Clock clock_;
};

/// A module's voice in a log. Cheap to copy; `log` outlives it. When the level is off, a call costs
/// the making of its views and one comparison.
class Logger {
 public:
  using Fields = std::initializer_list<LogField>;

  /// `module`: a literal such as `edge`.
  Logger(Log& log, std::string_view module) : log_(&log), module_(module) {}

  [[nodiscard]] bool enabled(LogLevel level) const { return level >= log_->level(); }

  /// `event`: a literal such as `request.refused`; `correlation_id` may be empty.
  void debug(std::string_view event, std::string_view correlation_id, Fields fields = {}) const {
    if (enabled(LogLevel::debug)) write(LogLevel::debug, event, correlation_id, fields);
  }
  void info(std::string_view event, std::string_view correlation_id, Fields fields = {}) const {
    if (enabled(LogLevel::info)) write(LogLevel::info, event, correlation_id, fields);
  }
  void warning(std::string_view event, std::string_view correlation_id, Fields fields = {}) const {
    if (enabled(LogLevel::warning)) write(LogLevel::warning, event, correlation_id, fields);
  }
  void error(std::string_view event, std::string_view correlation_id, Fields fields = {}) const {
    if (enabled(LogLevel::error)) write(LogLevel::error, event, correlation_id, fields);
  }

 private:
  void write(LogLevel level, std::string_view event, std::string_view correlation_id,
             Fields fields) const;

  Log* log_;
  std::string_view module_;
};

}  // namespace crossfoot::runtime

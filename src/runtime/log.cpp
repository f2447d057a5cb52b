#include "runtime/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace crossfoot::runtime {

namespace {

constexpr std::array<std::string_view, 6> level_names{"trace",   "debug", "info",
                                                      "warning", "error", "off"};

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

/// The length of the well-formed UTF-8 character at the front; 0 when it is none (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const auto second = static_cast<unsigned char>(text.size() > 1 ? text[1] : 0);
  if (first >= 0xc2 && first <= 0xdf) return continues(text, 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && second < 0xa0;
    const bool surrogate = first == 0xed && second > 0x9f;
    return !overlong && !surrogate && continues(text, 1) && continues(text, 2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && second < 0x90;
    const bool beyond = first == 0xf4 && second > 0x8f;
    const bool whole = continues(text, 1) && continues(text, 2) && continues(text, 3);
    return !overlong && !beyond && whole ? 4 : 0;
  }
  return 0;
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const char c = text[0];
    std::size_t length = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c >= 0 && c < ' ') {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<int>(c));
    } else if (c >= 0) {
      out += c;
    } else if (const std::size_t whole = utf8_length(text); whole != 0) {
      out += text.substr(0, whole);
      length = whole;
    } else {
      out += "\\ufffd";
    }
    text.remove_prefix(length);
  }
  out += '"';
}

void append_value(std::string& out, const LogField::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    append_string(out, *text);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    out += *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    out += std::to_string(*number);
  } else {
    out += std::to_string(std::get<std::uint64_t>(value));
  }
}

/// One write: lines of several threads and processes stay whole. A log that cannot be written has
/// nowhere to say so.
void write_to_stderr(std::string_view line) {
  const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
  static_cast<void>(ignored);
}

Instant system_now() {
  return {std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

}  // namespace

std::string_view to_string(LogLevel level) {
  return level_names[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> parse_log_level(std::string_view text) {
  for (std::size_t i = 0; i < level_names.size(); ++i) {
    if (level_names[i] == text) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

Log::Log(LogLevel level) : Log(level, write_to_stderr, system_now) {}

Log::Log(LogLevel level, Write write, Clock clock)
    : level_(level), write_(std::move(write)), clock_(std::move(clock)) {}

void Logger::write(LogLevel level, std::string_view event, std::string_view correlation_id,
                   Fields fields) const {
  std::string line;
  line.reserve(256);
  line += R"({"time":")";
  line += crossfoot::to_string(log_->clock_());
  line += R"(","level":")";
  line += to_string(level);
  line += R"(","module":)";
  append_string(line, module_);
  line += R"(,"event":)";
  append_string(line, event);
  if (!correlation_id.empty()) {
    line += R"(,"correlation_id":)";
    append_string(line, correlation_id);
  }
  for (const LogField& field : fields) {
    line += ',';
    append_string(line, field.key);
    line += ':';
    append_value(line, field.value);
  }
  line += "}\n";
  log_->write_(line);
}

}  // namespace crossfoot::runtime

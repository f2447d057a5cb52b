#include "connector/classify.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "contract/error_codes.h"

namespace crossfoot::connector {

namespace {

namespace code = contract::error_code;

constexpr std::chrono::milliseconds default_retry_after{1000};
constexpr std::chrono::milliseconds retry_after_max{24 * 3600 * 1000};

FaultClass default_class(int status) {
  if (status == 401 || status == 403) return FaultClass::unauthorised;
  if (status == 408 || status == 425 || status == 429) return FaultClass::throttled;
  if (status == 409) return FaultClass::conflict;
  if (status >= 300 && status < 500) return FaultClass::rejected;
  return FaultClass::unknown_outcome;
}

std::string cut(std::string_view text) {
  constexpr std::size_t cause_bytes_max = 200;
  if (text.size() <= cause_bytes_max) return std::string(text);
  std::size_t end = cause_bytes_max;
  // Never in the middle of a UTF-8 sequence.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

/// What the vendor says, from the places where vendors say it.
std::string vendor_words(std::optional<Json> body) {
  if (!body) return {};
  static constexpr std::array<std::string_view, 6> code_pointers{
      "/error/code", "/errors/0/code", "/code", "/error", "/type", "/title"};
  static constexpr std::array<std::string_view, 4> message_pointers{
      "/error/message", "/errors/0/message", "/message", "/detail"};
  std::string words;
  for (const auto pointer : code_pointers) {
    if (auto text = find_text(*body, pointer)) {
      words = std::move(*text);
      break;
    }
  }
  for (const auto pointer : message_pointers) {
    if (auto text = find_text(*body, pointer)) {
      words += (words.empty() ? "" : ": ") + *text;
      break;
    }
  }
  return cut(words);
}

const ErrorRule* find_rule(std::span<const ErrorRule> rules, int status, std::optional<Json> body) {
  for (const ErrorRule& rule : rules) {
    if (status < rule.status_min || status > rule.status_max) continue;
    if (!rule.match || matches(*rule.match, body)) return &rule;
  }
  return nullptr;
}

}  // namespace

bool matches(const Match& match, std::optional<Json> body) {
  if (!body) return false;
  const auto text = find_text(*body, match.pointer);
  return text && std::ranges::find(match.values, *text) != match.values.end();
}

std::optional<Fault> classify(std::span<const ErrorRule> operation_rules,
                              std::span<const ErrorRule> pack_rules,
                              const runtime::HttpAnswer& answer, std::optional<Json> body,
                              Instant now) {
  const ErrorRule* rule = find_rule(operation_rules, answer.status, body);
  if (rule == nullptr) rule = find_rule(pack_rules, answer.status, body);
  const bool success = answer.status >= 200 && answer.status < 300;
  if (rule == nullptr && success) return std::nullopt;
  Fault fault;
  fault.fault_class = rule != nullptr ? rule->fault_class : default_class(answer.status);
  fault.code = rule != nullptr && !rule->code.empty() ? rule->code
                                                      : std::string(target_code(fault.fault_class));
  fault.where = "HTTP " + std::to_string(answer.status);
  fault.cause = "HTTP " + std::to_string(answer.status);
  if (const std::string words = vendor_words(body); !words.empty()) fault.cause += ": " + words;
  if (const auto wait = parse_retry_after(header_of(answer, "retry-after"), now)) {
    fault.retry_after = *wait;
  } else if (rule != nullptr && rule->retry_after.count() > 0) {
    fault.retry_after = rule->retry_after;
  } else if (fault.fault_class == FaultClass::throttled) {
    fault.retry_after = default_retry_after;
  }
  return fault;
}

std::string_view target_code(FaultClass fault_class) {
  switch (fault_class) {
    case FaultClass::transient:
      return code::target_unavailable;
    case FaultClass::throttled:
      return code::target_throttled;
    case FaultClass::rejected:
      return code::target_rejected;
    case FaultClass::unauthorised:
      return code::target_unauthorised;
    case FaultClass::conflict:
      return code::target_conflict;
    case FaultClass::not_found:
      return code::target_not_found;
    case FaultClass::corrupt:
      return code::corrupt_answer;
    case FaultClass::cancelled:
      return code::target_unavailable;
    case FaultClass::deadline:
      return code::target_unavailable;
    case FaultClass::unknown_outcome:
      return code::target_unknown_outcome;
  }
  return code::target_unknown_outcome;
}

std::string_view header_of(const runtime::HttpAnswer& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return {};
}

namespace {

std::optional<int> digits(std::string_view text) {
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
std::optional<Instant> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> months{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  const auto month = std::ranges::find(months, text.substr(8, 3));
  if (month == months.end()) return std::nullopt;
  const auto number = static_cast<int>(month - months.begin()) + 1;
  std::string iso(text.substr(12, 4));
  iso += number < 10 ? "-0" : "-";
  iso += std::to_string(number) + "-" + std::string(text.substr(5, 2)) + "T" +
         std::string(text.substr(17, 8)) + "Z";
  return parse_instant(iso);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, Instant now) {
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto seconds = value.size() > 6 ? std::optional<int>(999'999) : digits(value);
    return std::min(std::chrono::milliseconds{std::chrono::seconds{*seconds}}, retry_after_max);
  }
  const auto at = parse_http_date(value);
  if (!at) return std::nullopt;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*at - now);
  return std::clamp(wait, std::chrono::milliseconds{0}, retry_after_max);
}

}  // namespace crossfoot::connector

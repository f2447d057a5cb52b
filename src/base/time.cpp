#include "base/time.h"

#include <fmt/format.h>

namespace crossfoot {

namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;
constexpr std::int64_t seconds_min = -2'208'988'800;   // 1900-01-01T00:00:00Z
constexpr std::int64_t seconds_max = 253'402'300'799;  // 9999-12-31T23:59:59Z

struct Digits {
  std::string_view text;
  bool ok = true;

  int take(std::size_t count) {
    if (text.size() < count) return failed();
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = text[i];
      if (c < '0' || c > '9') return failed();
      value = value * 10 + (c - '0');
    }
    text.remove_prefix(count);
    return value;
  }

  void expect(std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) {
      failed();
      return;
    }
    text.remove_prefix(1);
  }

  int failed() {
    ok = false;
    text = {};
    return 0;
  }
};

std::optional<std::int32_t> civil_days(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || year < 1900 || year > 9999) return std::nullopt;
  return static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count());
}

std::chrono::year_month_day civil(std::int64_t days) {
  return std::chrono::year_month_day{
      std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
}

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - ((value % by != 0 && (value < 0)) ? 1 : 0);
}

}  // namespace

std::string to_string(Instant at) {
  const std::int64_t days = floor_div(at.micros, micros_per_day);
  const std::int64_t rest = at.micros - days * micros_per_day;
  const std::int64_t seconds = rest / micros_per_second;
  const std::int64_t micros = rest % micros_per_second;
  std::string text = to_string(BusinessDate{static_cast<std::int32_t>(days)});
  fmt::format_to(std::back_inserter(text), "T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  if (micros % 1000 != 0) {
    fmt::format_to(std::back_inserter(text), ".{:06}", micros);
  } else if (micros != 0) {
    fmt::format_to(std::back_inserter(text), ".{:03}", micros / 1000);
  }
  text += 'Z';
  return text;
}

std::optional<Instant> parse_instant(std::string_view text) {
  Digits in{text};
  const int year = in.take(4);
  in.expect("-");
  const int month = in.take(2);
  in.expect("-");
  const int day = in.take(2);
  in.expect("Tt ");
  const int hour = in.take(2);
  in.expect(":");
  const int minute = in.take(2);
  in.expect(":");
  const int second = in.take(2);
  if (!in.ok || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  std::int64_t micros = 0;
  if (!in.text.empty() && in.text.front() == '.') {
    in.text.remove_prefix(1);
    std::size_t count = 0;
    std::int64_t unit = 100'000;
    while (!in.text.empty() && in.text.front() >= '0' && in.text.front() <= '9') {
      micros += (in.text.front() - '0') * unit;
      unit /= 10;
      in.text.remove_prefix(1);
      if (++count > 9) return std::nullopt;
    }
    if (count == 0) return std::nullopt;
  }
  std::int64_t offset_seconds = 0;
  if (in.text == "Z" || in.text == "z") {
    in.text = {};
  } else {
    if (in.text.empty()) return std::nullopt;
    const bool west = in.text.front() == '-';
    in.expect("+-");
    const int offset_hours = in.take(2);
    in.expect(":");
    const int offset_minutes = in.take(2);
    if (!in.ok || offset_hours > 23 || offset_minutes > 59) return std::nullopt;
    offset_seconds = (offset_hours * 60 + offset_minutes) * 60 * (west ? -1 : 1);
  }
  if (!in.ok || !in.text.empty()) return std::nullopt;
  const auto days = civil_days(year, month, day);
  if (!days) return std::nullopt;
  const std::int64_t seconds =
      std::int64_t{*days} * 86'400 + hour * 3600 + minute * 60 + second - offset_seconds;
  // The offset can lead out of the years that to_string() writes and this function reads.
  if (seconds < seconds_min || seconds > seconds_max) return std::nullopt;
  return Instant{seconds * micros_per_second + micros};
}

std::string to_string(BusinessDate date) {
  const auto day = civil(date.days);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

std::optional<BusinessDate> parse_business_date(std::string_view text) {
  Digits in{text};
  const int year = in.take(4);
  in.expect("-");
  const int month = in.take(2);
  in.expect("-");
  const int day = in.take(2);
  if (!in.ok || !in.text.empty()) return std::nullopt;
  const auto days = civil_days(year, month, day);
  if (!days) return std::nullopt;
  return BusinessDate{*days};
}

BusinessDate utc_date(Instant at) {
  return {static_cast<std::int32_t>(floor_div(at.micros, micros_per_day))};
}

}  // namespace crossfoot

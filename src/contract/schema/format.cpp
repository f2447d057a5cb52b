#include "contract/schema/format.h"

#include <array>
#include <utility>

#include "contract/schema/characters.h"
#include "contract/schema/ecma_regex.h"
#include "contract/schema/uri.h"

namespace crossfoot::contract::schema {

namespace {

/// Takes exactly `count` digits; -1 when they are not there.
int take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count || !all_digits(text.substr(0, count))) return -1;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value * 10 + (text[i] - '0');
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

int days_in(int year, int month) {
  constexpr std::array days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

/// Minutes east of UTC; nothing when the zone is malformed.
std::optional<int> zone(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  const bool west = text.starts_with('-');
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const int hour = take_digits(text, 2);
  if (!take(text, ':')) return std::nullopt;
  const int minute = take_digits(text, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !text.empty()) return std::nullopt;
  return (hour * 60 + minute) * (west ? -1 : 1);
}

/// Takes digits and a unit of those that may still come; the units must follow one another
/// directly.
bool take_units(std::string_view& text, std::string_view units) {
  std::size_t next = std::string_view::npos;
  while (!text.empty() && is_digit(text.front())) {
    text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
    if (text.empty()) return false;
    const std::size_t unit = units.find(text.front());
    if (unit == std::string_view::npos) return false;
    if (next != std::string_view::npos && unit != next) return false;
    next = unit + 1;
    text.remove_prefix(1);
  }
  return next != std::string_view::npos;
}

}  // namespace

bool is_date(std::string_view text) {
  const int year = take_digits(text, 4);
  if (year < 0 || !take(text, '-')) return false;
  const int month = take_digits(text, 2);
  if (month < 1 || month > 12 || !take(text, '-')) return false;
  const int day = take_digits(text, 2);
  return day >= 1 && day <= days_in(year, month) && text.empty();
}

bool is_time(std::string_view text) {
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ':')) return false;
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59 || !take(text, ':')) return false;
  const int second = take_digits(text, 2);
  if (second < 0 || second > 60) return false;
  if (take(text, '.')) {
    const std::size_t places = text.find_first_not_of("0123456789");
    if (places == 0 || places == std::string_view::npos) return false;
    text.remove_prefix(places);
  }
  const auto east = zone(text);
  if (!east) return false;
  constexpr int day_minutes = 24 * 60;
  const int utc = (hour * 60 + minute - *east + 2 * day_minutes) % day_minutes;
  return second < 60 || utc == day_minutes - 1;
}

bool is_date_time(std::string_view text) {
  return text.size() > 11 && is_date(text.substr(0, 10)) && (text[10] == 'T' || text[10] == 't') &&
         is_time(text.substr(11));
}

bool is_duration(std::string_view text) {
  if (!take(text, 'P')) return false;
  if (text.ends_with('W')) {
    text.remove_suffix(1);
    return !text.empty() && all_digits(text);
  }
  const bool has_date = !text.starts_with('T');
  if (has_date && !take_units(text, "YMD")) return false;
  if (text.empty()) return has_date;
  return take(text, 'T') && take_units(text, "HMS") && text.empty();
}

bool is_ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && !take(text, '.')) return false;
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    if (count == 0 || count > 3 || (count > 1 && text.front() == '0')) return false;
    if (take_digits(text, count) > 255) return false;
  }
  return text.empty();
}

bool is_ipv6(std::string_view text) {
  int groups = 0;
  bool gap = false;
  if (text.starts_with("::")) {
    gap = true;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos && text.contains('.')) {
      return is_ipv4(text) && (gap ? groups <= 5 : groups == 6);
    }
    const std::string_view group = text.substr(0, colon);
    if (group.empty() || group.size() > 4 || !std::ranges::all_of(group, is_hex)) return false;
    ++groups;
    text.remove_prefix(group.size());
    if (text.empty()) break;
    text.remove_prefix(1);
    if (text.starts_with(':')) {
      if (gap) return false;
      gap = true;
      text.remove_prefix(1);
    } else if (text.empty()) {
      return false;
    }
  }
  return gap ? groups <= 7 : groups == 8;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') continue;
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  }
  return true;
}

namespace {

/// A whole number without leading zeros; its length, 0 when there is none.
std::size_t whole_number(std::string_view text) {
  const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  return count > 1 && text.front() == '0' ? 0 : count;
}

bool is_regex(std::string_view text) {
  return translate_ecma_regex(text).has_value();
}

template <auto Check, UriCharacters Characters>
bool with(std::string_view text) {
  return Check(text, Characters);
}

constexpr auto uri = UriCharacters::uri;
constexpr auto iri = UriCharacters::iri;

}  // namespace

bool is_relative_json_pointer(std::string_view text) {
  const std::size_t up = whole_number(text);
  if (up == 0) return false;
  text.remove_prefix(up);
  if (text.starts_with('+') || text.starts_with('-')) {
    text.remove_prefix(1);
    const std::size_t shift = whole_number(text);
    if (shift == 0 || text.starts_with('0')) return false;
    text.remove_prefix(shift);
  }
  return text == "#" || is_json_pointer(text);
}

FormatCheck find_format(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, FormatCheck>, 19> formats{{
      {"date-time", is_date_time},
      {"date", is_date},
      {"time", is_time},
      {"duration", is_duration},
      {"email", is_email},
      {"idn-email", is_idn_email},
      {"hostname", is_hostname},
      {"idn-hostname", is_idn_hostname},
      {"ipv4", is_ipv4},
      {"ipv6", is_ipv6},
      {"uri", with<is_uri, uri>},
      {"uri-reference", with<is_uri_reference, uri>},
      {"iri", with<is_uri, iri>},
      {"iri-reference", with<is_uri_reference, iri>},
      {"uri-template", is_uri_template},
      {"json-pointer", is_json_pointer},
      {"relative-json-pointer", is_relative_json_pointer},
      {"uuid", is_uuid},
      {"regex", is_regex},
  }};
  for (const auto& [known, check] : formats) {
    if (known == name) return check;
  }
  return nullptr;
}

}  // namespace crossfoot::contract::schema

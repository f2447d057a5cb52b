#pragma once

#include <optional>
#include <string_view>

namespace crossfoot::contract::schema {

/// Whether `text` (valid UTF-8) is of the form.
using FormatCheck = bool (*)(std::string_view text);

/// The check of a format of JSON Schema 2020-12 (section 7.3); null for one that is not known,
/// which says nothing about a value.
[[nodiscard]] FormatCheck find_format(std::string_view name);

/// RFC 3339 `full-date`, `full-time` (with its zone; second 60 only where UTC reads 23:59) and
/// `date-time`.
[[nodiscard]] bool is_date(std::string_view text);
[[nodiscard]] bool is_time(std::string_view text);
[[nodiscard]] bool is_date_time(std::string_view text);
/// RFC 3339, appendix A: `P3Y6M4DT12H30M5S`, `P4W`; units follow one another without a gap.
[[nodiscard]] bool is_duration(std::string_view text);
/// RFC 5321 mailbox with a quoted or plain local part; RFC 6531 where Unicode is allowed.
[[nodiscard]] bool is_email(std::string_view text);
[[nodiscard]] bool is_idn_email(std::string_view text);
/// RFC 1123; A-labels (`xn--`) are decoded and judged as U-labels.
[[nodiscard]] bool is_hostname(std::string_view text);
/// RFC 5890, by general category and the contextual rules of RFC 5892. Names whose characters have
/// exceptional tables there are judged by those tables too; bidirectional rules (RFC 5893) are not.
[[nodiscard]] bool is_idn_hostname(std::string_view text);
/// RFC 2673, section 3.2, without leading zeros.
[[nodiscard]] bool is_ipv4(std::string_view text);
/// RFC 4291, section 2.2.
[[nodiscard]] bool is_ipv6(std::string_view text);
[[nodiscard]] bool is_uuid(std::string_view text);
/// RFC 6901; the relative one of draft-bhutton-relative-json-pointer.
[[nodiscard]] bool is_json_pointer(std::string_view text);
[[nodiscard]] bool is_relative_json_pointer(std::string_view text);

}  // namespace crossfoot::contract::schema

#pragma once

// Reads JSON fields strictly, for the readers of this module. Private to it.

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "contract/error_codes.h"
#include "ledger/programme.h"

namespace crossfoot::ledger {

template <class Enum>
struct Name {
  std::string_view text;
  Enum value;
};

inline constexpr std::array<Name<Rounding>, 5> rounding_names{{{"floor", Rounding::floor},
                                                               {"half_up", Rounding::half_up},
                                                               {"half_even", Rounding::half_even},
                                                               {"truncate", Rounding::truncate},
                                                               {"ceil", Rounding::ceil}}};

/// How a reader walks the document: the first fault ends it and says where it was. `Self` has one
/// member function for each field, and says what `document` it reads and the `fault_code` of it.
template <class Self>
class FieldReader {
 protected:
  using Element = simdjson::dom::element;
  using Handler = Status (Self::*)(const Element&, const std::string&);
  struct Field {
    std::string_view key;
    Handler handler;
  };

  static Fault malformed(std::string_view pointer, std::string_view cause) {
    return {.code = std::string(Self::fault_code),
            .fault_class = FaultClass::corrupt,
            .where = fmt::format("{}: {}", Self::document, pointer.empty() ? "/" : pointer),
            .cause = std::string(cause)};
  }

  Status object(const Element& element, const std::string& at,
                std::initializer_list<Field> fields) {
    simdjson::dom::object members;
    if (element.get(members) != simdjson::SUCCESS) return fail(malformed(at, "is no object"));
    std::vector<std::string_view> seen;
    for (const auto& [key, value] : members) {
      const std::string pointer = fmt::format("{}/{}", at, key);
      const auto* field = std::ranges::find(fields, key, &Field::key);
      if (field == fields.end()) return fail(malformed(pointer, "is not a known key"));
      if (std::ranges::find(seen, key) != seen.end()) {
        return fail(malformed(pointer, "is there twice"));
      }
      seen.push_back(key);
      if (auto done = (static_cast<Self*>(this)->*field->handler)(value, pointer); !done) {
        return done;
      }
    }
    return {};
  }

  template <class Each>
  static Status array(const Element& element, const std::string& at, Each each) {
    simdjson::dom::array items;
    if (element.get(items) != simdjson::SUCCESS) return fail(malformed(at, "is no array"));
    std::size_t index = 0;
    for (const Element item : items) {
      if (auto done = each(item, fmt::format("{}/{}", at, index++)); !done) return done;
    }
    return {};
  }

  static Status text(const Element& element, const std::string& at, std::string& into) {
    std::string_view view;
    if (element.get(view) != simdjson::SUCCESS || view.empty()) {
      return fail(malformed(at, "is no text"));
    }
    into = view;
    return {};
  }

  template <class Enum, std::size_t N>
  static Status word(const Element& element, const std::string& at,
                     const std::array<Name<Enum>, N>& names, Enum& into) {
    std::string value;
    if (auto done = text(element, at, value); !done) return done;
    const auto* found = std::ranges::find(names, value, &Name<Enum>::text);
    if (found == names.end()) return fail(malformed(at, value + " is not a known name"));
    into = found->value;
    return {};
  }

  /// Bits of the named values.
  template <class Enum, std::size_t N>
  static Status words(const Element& element, const std::string& at,
                      const std::array<Name<Enum>, N>& names, std::uint8_t& into) {
    into = 0;
    return array(element, at, [&](const Element& item, const std::string& pointer) -> Status {
      Enum value{};
      if (auto done = word(item, pointer, names, value); !done) return done;
      into = static_cast<std::uint8_t>(into | (1U << static_cast<unsigned>(value)));
      return {};
    });
  }

  static Status decimal(const Element& element, const std::string& at, std::int64_t maximum,
                        Decimal& into) {
    std::string value;
    if (auto done = text(element, at, value); !done) return done;
    const auto read = parse_decimal(value);
    if (!read || read->is_negative() || *read > Decimal{maximum, 0}) {
      return fail(malformed(at, fmt::format("is no decimal string from 0 to {}", maximum)));
    }
    into = *read;
    return {};
  }

  static Status ratio(const Element& element, const std::string& at, std::int64_t maximum,
                      Ratio& into) {
    Decimal value;
    if (auto done = decimal(element, at, maximum, value); !done) return done;
    into = to_ratio(value);
    return {};
  }

  /// A JSON number without a fraction, 0 … maximum.
  static Status whole(const Element& element, const std::string& at, std::int64_t maximum,
                      std::int64_t& into) {
    std::int64_t value = 0;
    if (element.get(value) != simdjson::SUCCESS || value < 0 || value > maximum) {
      return fail(malformed(at, fmt::format("is no whole number from 0 to {}", maximum)));
    }
    into = value;
    return {};
  }

  /// A decimal string above zero in minor units of a currency.
  static Status amount(const Element& element, const std::string& at, Currency currency,
                       Money& into) {
    std::string value;
    if (auto done = text(element, at, value); !done) return done;
    const auto money = parse_money(value, currency);
    if (!money || money->minor < 0) {
      return fail(malformed(at, "is no amount of " + std::string(currency.code())));
    }
    into = *money;
    return {};
  }
};

}  // namespace crossfoot::ledger

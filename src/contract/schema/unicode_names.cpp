#include "contract/schema/unicode_names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "contract/schema/characters.h"

namespace crossfoot::contract::schema {

namespace {

using Pair = std::pair<std::string_view, std::string_view>;

/// General categories by their long names (Unicode, PropertyValueAliases).
constexpr std::array<Pair, 40> categories{{
    {"Cased_Letter", "L&"},
    {"Close_Punctuation", "Pe"},
    {"Connector_Punctuation", "Pc"},
    {"Control", "Cc"},
    {"Currency_Symbol", "Sc"},
    {"Dash_Punctuation", "Pd"},
    {"Decimal_Number", "Nd"},
    {"Enclosing_Mark", "Me"},
    {"Final_Punctuation", "Pf"},
    {"Format", "Cf"},
    {"Initial_Punctuation", "Pi"},
    {"LC", "L&"},
    {"Letter", "L"},
    {"Letter_Number", "Nl"},
    {"Line_Separator", "Zl"},
    {"Lowercase_Letter", "Ll"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Math_Symbol", "Sm"},
    {"Modifier_Letter", "Lm"},
    {"Modifier_Symbol", "Sk"},
    {"Nonspacing_Mark", "Mn"},
    {"Number", "N"},
    {"Open_Punctuation", "Ps"},
    {"Other", "C"},
    {"Other_Letter", "Lo"},
    {"Other_Number", "No"},
    {"Other_Punctuation", "Po"},
    {"Other_Symbol", "So"},
    {"Paragraph_Separator", "Zp"},
    {"Private_Use", "Co"},
    {"Punctuation", "P"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Spacing_Mark", "Mc"},
    {"Surrogate", "Cs"},
    {"Symbol", "S"},
    {"Titlecase_Letter", "Lt"},
    {"Unassigned", "Cn"},
    {"Uppercase_Letter", "Lu"},
}};
/// POSIX names that Unicode gives to some of them.
constexpr std::array<Pair, 3> posix{{{"cntrl", "Cc"}, {"digit", "Nd"}, {"punct", "P"}}};

constexpr std::array<std::string_view, 37> short_categories = {
    "C",  "Cc", "Cf", "Cn", "Co", "Cs", "L",  "Ll", "Lm", "Lo", "Lt", "Lu", "M",
    "Mc", "Me", "Mn", "N",  "Nd", "Nl", "No", "P",  "Pc", "Pd", "Pe", "Pf", "Pi",
    "Po", "Ps", "S",  "Sc", "Sk", "Sm", "So", "Z",  "Zl", "Zp", "Zs"};

std::optional<std::string> category(std::string_view name) {
  for (const Pair& pair : categories) {
    if (pair.first == name) return std::string(pair.second);
  }
  for (const Pair& pair : posix) {
    if (pair.first == name) return std::string(pair.second);
  }
  if (std::ranges::find(short_categories, name) != short_categories.end()) {
    return std::string(name);
  }
  return std::nullopt;
}

bool is_word(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

}  // namespace

std::optional<std::string> pcre_property(std::string_view name) {
  const std::size_t equals = name.find('=');
  if (equals == std::string_view::npos) {
    if (auto found = category(name)) return found;
    if (!is_word(name)) return std::nullopt;
    // Scripts need their prefix in ECMA-262; a binary property has none.
    return std::string(name);
  }
  const std::string_view kind = name.substr(0, equals);
  const std::string_view value = name.substr(equals + 1);
  if (kind == "General_Category" || kind == "gc") return category(value);
  if (!is_word(value)) return std::nullopt;
  if (kind == "Script" || kind == "sc") return "sc:" + std::string(value);
  if (kind == "Script_Extensions" || kind == "scx") return "scx:" + std::string(value);
  return std::nullopt;
}

}  // namespace crossfoot::contract::schema

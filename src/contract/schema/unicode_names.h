#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crossfoot::contract::schema {

/// What stands between the braces of ECMA-262's `\p{…}`, as PCRE2 calls it: general categories by
/// short or long name, `Script=`, `Script_Extensions=`, `General_Category=` and their short forms,
/// and binary properties. No value when the form is wrong; whether a script or binary property is
/// known shows when the pattern is compiled.
[[nodiscard]] std::optional<std::string> pcre_property(std::string_view name);

}  // namespace crossfoot::contract::schema

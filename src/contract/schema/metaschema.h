#pragma once

#include <optional>
#include <string_view>

namespace crossfoot::contract::schema {

inline constexpr std::string_view metaschema_uri = "https://json-schema.org/draft/2020-12/schema";
inline constexpr std::string_view vocabulary_prefix =
    "https://json-schema.org/draft/2020-12/vocab/";

/// The meta-schema of JSON Schema 2020-12, or of one of its vocabularies, by its URI.
[[nodiscard]] std::optional<std::string_view> find_metaschema(std::string_view uri);

}  // namespace crossfoot::contract::schema

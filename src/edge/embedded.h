#pragma once

#include <span>
#include <string_view>
#include <utility>

/// Files of api/ that are part of the program, put into it when it is built.
namespace crossfoot::edge {

/// api/openapi.json.
[[nodiscard]] std::string_view openapi_document();

/// The page of an error code, Markdown without its front matter; empty when there is none.
[[nodiscard]] std::string_view error_page(std::string_view code);

/// Files of api/contracts and api/schemas: path below api/, and text.
[[nodiscard]] std::span<const std::pair<std::string_view, std::string_view>> contract_files();

}  // namespace crossfoot::edge

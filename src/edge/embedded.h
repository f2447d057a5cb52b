#pragma once

#include <string_view>

/// Files of api/ that are part of the program, put into it when it is built.
namespace crossfoot::edge {

/// api/openapi.json.
[[nodiscard]] std::string_view openapi_document();

/// The page of an error code, Markdown without its front matter; empty when there is none.
[[nodiscard]] std::string_view error_page(std::string_view code);

}  // namespace crossfoot::edge

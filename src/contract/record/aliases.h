#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace crossfoot::contract::record {

/// A name by which transactions may mean a record.
struct Alias {
  std::string type;  ///< product or member
  std::string value;
  Instant from;                      ///< first instant at which the name is valid …
  Instant until = Instant::never();  ///< … and before which it ends

  auto operator<=>(const Alias&) const = default;
};

inline constexpr std::string_view product_alias = "product";
inline constexpr std::string_view member_alias = "member";

/// The names that a record gives: of a product its article and its identifiers (GTIN, SKU, PLU,
/// variant), of a customer the members. In order, each once; none for other contracts.
[[nodiscard]] std::vector<Alias> aliases_of(std::string_view contract, std::string_view body);

}  // namespace crossfoot::contract::record

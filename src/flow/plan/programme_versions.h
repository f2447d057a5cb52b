#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace crossfoot::flow {

/// Documents with the rules that flows were planned by, as they were written, one for each version:
/// what a receipt earned is explained by the rules of its own time (docs/adr/0023).
inline constexpr std::string_view programme_documents = "programme";
[[nodiscard]] std::string programme_key(std::uint32_t version);

}  // namespace crossfoot::flow

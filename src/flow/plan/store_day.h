#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace crossfoot::flow {

/// A shop's day of which something has come. The document is written in the commit of what came
/// first, and may be written again: it says that there is something, never how much.
struct SeenDay {
  std::string tenant;
  std::string shop;
  std::string region;
  BusinessDate date;

  bool operator==(const SeenDay&) const = default;
};
inline constexpr std::string_view seen_day_documents = "store_day";

/// Documents of a day lie together: the key begins with the date.
[[nodiscard]] std::string key_of(const SeenDay& day);
[[nodiscard]] std::string encode(const SeenDay& day);
[[nodiscard]] Result<SeenDay> decode_seen_day(std::string_view bytes);

}  // namespace crossfoot::flow

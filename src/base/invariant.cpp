#include "base/invariant.h"

#include <cstdio>
#include <cstdlib>

namespace crossfoot {

void invariant_failed(std::string_view condition, std::string_view text,
                      std::source_location where) {
  std::fprintf(stderr, "invariant broken at %s:%u: %.*s (%.*s)\n", where.file_name(),
               static_cast<unsigned>(where.line()), static_cast<int>(text.size()), text.data(),
               static_cast<int>(condition.size()), condition.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace crossfoot

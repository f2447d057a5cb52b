#pragma once

#include <expected>
#include <utility>

#include "base/fault.h"

namespace crossfoot {

/// A value, or the operating fault that stood in its way.
template <class T>
using Result = std::expected<T, Fault>;

using Status = std::expected<void, Fault>;

[[nodiscard]] inline std::unexpected<Fault> fail(Fault fault) {
  return std::unexpected<Fault>(std::move(fault));
}

/// libstdc++ 12 has std::expected without its monadic members; these stand in for them.
template <class T, class F>
[[nodiscard]] auto and_then(Result<T> result, F&& next) -> decltype(next(std::move(*result))) {
  if (!result) return fail(std::move(result.error()));
  return next(std::move(*result));
}

template <class T, class F>
[[nodiscard]] auto transform(Result<T> result, F&& map)
    -> Result<decltype(map(std::move(*result)))> {
  if (!result) return fail(std::move(result.error()));
  return map(std::move(*result));
}

}  // namespace crossfoot

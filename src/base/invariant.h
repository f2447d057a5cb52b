#pragma once

#include <source_location>
#include <string_view>

namespace crossfoot {

/// Prints the broken invariant with its place and aborts. Restart is cheap and exact, so a
/// programmer's error stops the process in production too.
[[noreturn]] void invariant_failed(std::string_view condition, std::string_view text,
                                   std::source_location where = std::source_location::current());

}  // namespace crossfoot

/// States what must hold. On in every build. Never used on input: bad input is a Fault or a
/// Problem.
#define INVARIANT(condition, text)                     \
  do {                                                 \
    if (!(condition)) [[unlikely]]                     \
      ::crossfoot::invariant_failed(#condition, text); \
  } while (false)

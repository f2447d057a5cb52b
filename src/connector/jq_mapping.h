#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace crossfoot::connector {

struct JqLimits {
  std::size_t program_bytes_max = 64 * 1024;
  std::size_t input_bytes_max = 4 * 1024 * 1024;
  std::size_t output_bytes_max = 16 * 1024 * 1024;
};

/// A jq program over the mapping's input, compiled once and kept. It yields exactly one value.
///
/// libjq cannot be stopped from outside, so a program must end by construction: what may run
/// without bound (`while`, `until`, `repeat`, `range`, `recurse`, a definition that calls itself
/// and the like), reach outside (`input`, `env`, `import`), or abort the process on bad data
/// (`implode`) is refused at compile. Its time is then bounded by the input's size.
///
/// Numbers pass through binary doubles in libjq: amounts are strings in the canonical form, and a
/// program that leaves them strings is exact.
///
/// Not thread-safe: one shard owns it.
class JqMapping {
 public:
  struct Error {
    int line = 0;
    std::string message;
  };

  [[nodiscard]] static std::expected<JqMapping, Error> compile(std::string_view program,
                                                               JqLimits limits = {});

  /// Appends the value that the program makes of the input as compact JSON. Rejected when the
  /// program raises an error, yields no or several values, or a limit is passed.
  [[nodiscard]] Status run(std::string_view input, std::string& out) const;

  JqMapping(JqMapping&&) noexcept;
  JqMapping& operator=(JqMapping&&) noexcept;
  ~JqMapping();

 private:
  class Program;
  explicit JqMapping(std::unique_ptr<Program> program);

  std::unique_ptr<Program> program_;
};

}  // namespace crossfoot::connector

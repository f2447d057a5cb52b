#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "sandbox/system.h"

namespace crossfoot::sandbox {

struct SandboxOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 takes a free one
  std::string data;        ///< folder of the books, made when missing; one process at a time
  std::uint64_t seed = 1;  ///< of the faults
  std::string programme;   ///< file with the loyalty rules; empty: one point a unit, goods, floor
  bool parent_pid_death = false;  ///< stop when the process that started this one ends
};

[[nodiscard]] Result<std::unique_ptr<System>> open_erp(const SandboxOptions& options);
[[nodiscard]] Result<std::unique_ptr<System>> open_loyalty(const SandboxOptions& options);

/// Runs a stand-in until SIGTERM or SIGINT. Prints `listening ADDRESS:PORT` on stdout as soon as
/// it answers. Answers the exit code: 0 after a clean stop, 1 with a line on stderr when it cannot
/// start.
[[nodiscard]] int run_erp(const SandboxOptions& options);
[[nodiscard]] int run_loyalty(const SandboxOptions& options);

}  // namespace crossfoot::sandbox

#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "runtime/descriptor.h"

namespace crossfoot::runtime {

struct ProcessOptions {
  std::vector<std::string> arguments;  ///< [0] is the program: a path, or a name looked up in PATH
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to ours
  std::filesystem::path folder;                                  ///< to run in; empty: ours
  std::filesystem::path error_file;  ///< stderr is appended here; empty: ours
};

/// A child process of the demo and of the tests: started, read from, ended. It gets SIGKILL when
/// the thread that spawned it ends, so nothing is left behind by a crash: spawn from a thread that
/// stays. Blocking; not for a shard's thread.
class Process {
 public:
  /// Faults: not_found (no such program or folder), transient.
  [[nodiscard]] static Result<Process> spawn(const ProcessOptions& options);
  /// Kills and reaps a child that still runs.
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;

  /// The next line of its standard output, without the line end. Faults: deadline, not_found when
  /// it has closed its output first, rejected for a line of more than 64 KB.
  [[nodiscard]] Result<std::string> read_line(Duration patience);

  /// SIGTERM, then SIGKILL when it still runs after `grace`. Its exit status: 0 … 255, or 128 plus
  /// the signal that ended it. Again: the same status.
  int stop(Duration grace);
  /// SIGKILL at once: a crash.
  int kill();
  /// Its exit status, when it ends by itself within `patience`. Faults: deadline.
  [[nodiscard]] Result<int> wait(Duration patience);

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool is_running();

 private:
  Process(pid_t pid, Descriptor handle, Descriptor output)
      : pid_(pid), handle_(std::move(handle)), output_(std::move(output)) {}

  [[nodiscard]] bool ends_within(Duration patience);
  int reap();

  pid_t pid_ = -1;
  Descriptor handle_;  ///< a pidfd: readable when the child has ended
  Descriptor output_;
  std::string unread_;
  std::optional<int> status_;
};

}  // namespace crossfoot::runtime

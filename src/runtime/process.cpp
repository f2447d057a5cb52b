#include "runtime/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "base/invariant.h"
#include "runtime/fault_codes.h"

extern char** environ;

namespace crossfoot::runtime {

namespace {

constexpr std::size_t line_bytes_max = 64 * 1024;

Fault process_fault(FaultClass fault_class, std::string where, std::string cause) {
  return {.code = std::string(code::process_failed),
          .fault_class = fault_class,
          .where = std::move(where),
          .cause = std::move(cause)};
}

std::unexpected<Fault> system_fault(const std::string& where, int number) {
  return fail(process_fault(number == ENOENT ? FaultClass::not_found : FaultClass::transient, where,
                            std::generic_category().message(number)));
}

/// True when the descriptor becomes readable, or its other end closes, in time.
bool readable_within(int descriptor, Duration patience) {
  using namespace std::chrono;
  const auto deadline = steady_clock::now() + std::max(patience, Duration{0});
  for (;;) {
    pollfd entry{.fd = descriptor, .events = POLLIN, .revents = 0};
    const auto left = ceil<milliseconds>(deadline - steady_clock::now()).count();
    const int count = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (count > 0) return true;
    if (count == 0 || errno != EINTR) return false;
  }
}

/// What the child needs, made before the fork: afterwards it may not allocate.
struct Launch {
  std::vector<char*> arguments;
  std::vector<std::string> environment_text;
  std::vector<char*> environment;
  const char* folder = nullptr;
  int output = -1;
  int error_output = -1;
  int report = -1;  ///< closed by a successful exec; else gets errno
  pid_t parent = -1;
};

Launch prepare(const ProcessOptions& options) {
  Launch launch;
  for (const std::string& argument : options.arguments) {
    launch.arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  launch.arguments.push_back(nullptr);
  const auto overridden = [&](std::string_view entry) {
    for (const auto& [name, value] : options.environment) {
      if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
        return true;
      }
    }
    return false;
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!overridden(*entry)) launch.environment_text.emplace_back(*entry);
  }
  for (const auto& [name, value] : options.environment) {
    launch.environment_text.push_back(name + "=" + value);
  }
  for (std::string& entry : launch.environment_text) launch.environment.push_back(entry.data());
  launch.environment.push_back(nullptr);
  if (!options.folder.empty()) launch.folder = options.folder.c_str();
  launch.parent = ::getpid();
  return launch;
}

/// Between fork and exec: system calls only. posix_spawn cannot ask for the death signal.
[[noreturn]] void run_child(const Launch& launch) {
  sigset_t none;
  ::sigemptyset(&none);
  bool fine = ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0 &&
              ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == launch.parent &&
              ::dup2(launch.output, STDOUT_FILENO) >= 0;
  if (fine && launch.error_output >= 0) fine = ::dup2(launch.error_output, STDERR_FILENO) >= 0;
  if (fine && launch.folder != nullptr) fine = ::chdir(launch.folder) == 0;
  if (fine) ::execvpe(launch.arguments[0], launch.arguments.data(), launch.environment.data());
  const int number = errno;
  const ssize_t ignored = ::write(launch.report, &number, sizeof number);
  ::_exit(ignored < 0 ? 126 : 127);
}

struct Pipe {
  Descriptor read;
  Descriptor write;
};

bool make_pipe(Pipe& pipe) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  pipe.read.reset(ends[0]);
  pipe.write.reset(ends[1]);
  return true;
}

}  // namespace

Result<Process> Process::spawn(const ProcessOptions& options) {
  INVARIANT(!options.arguments.empty(), "a process has a program");
  const std::string& name = options.arguments.front();
  Pipe output;
  Pipe report;
  if (!make_pipe(output) || !make_pipe(report)) return system_fault(name, errno);
  Descriptor error_output;
  if (!options.error_file.empty()) {
    constexpr int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    error_output.reset(::open(options.error_file.c_str(), flags, 0644));
    if (!error_output.is_open()) return system_fault(options.error_file.string(), errno);
  }
  Launch launch = prepare(options);
  launch.output = output.write.get();
  launch.error_output = error_output.get();
  launch.report = report.write.get();

  const pid_t pid = ::fork();
  if (pid < 0) return system_fault(name, errno);
  if (pid == 0) run_child(launch);
  const auto handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  Process process(pid, Descriptor(handle), std::move(output.read));
  if (handle < 0) return system_fault(name, errno);
  report.write.reset();
  int number = 0;
  if (::read(report.read.get(), &number, sizeof number) == sizeof number) {
    return system_fault(name, number);
  }
  return process;
}

Process::~Process() {
  if (pid_ > 0) kill();
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      handle_(std::move(other.handle_)),
      output_(std::move(other.output_)),
      unread_(std::move(other.unread_)),
      status_(other.status_) {}

Result<std::string> Process::read_line(Duration patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const std::string where = "output of process " + std::to_string(pid_);
  for (;;) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    if (unread_.size() > line_bytes_max) {
      return fail(process_fault(FaultClass::rejected, where, "line too long"));
    }
    const auto left =
        std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
    if (!readable_within(output_.get(), left)) {
      return fail(process_fault(FaultClass::deadline, where, "no line in time"));
    }
    std::array<char, 4096> bytes{};
    const ssize_t count = ::read(output_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(process_fault(FaultClass::not_found, where, "output closed"));
    unread_.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

bool Process::ends_within(Duration patience) {
  return status_ || readable_within(handle_.get(), patience);
}

int Process::reap() {
  if (status_) return *status_;
  int raw = 0;
  while (::waitpid(pid_, &raw, 0) < 0 && errno == EINTR) {
  }
  status_ = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
  return *status_;
}

int Process::stop(Duration grace) {
  if (!status_) ::kill(pid_, SIGTERM);
  if (!ends_within(grace)) return kill();
  return reap();
}

int Process::kill() {
  if (!status_) ::kill(pid_, SIGKILL);
  return reap();
}

Result<int> Process::wait(Duration patience) {
  if (ends_within(patience)) return reap();
  return fail(
      process_fault(FaultClass::deadline, "process " + std::to_string(pid_), "still running"));
}

bool Process::is_running() {
  return !ends_within(Duration{0});
}

}  // namespace crossfoot::runtime

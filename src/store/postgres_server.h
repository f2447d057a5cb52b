#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "store/postgres/connection.h"
#include "store/test_folder.h"

namespace crossfoot::store {

/// A private PostgreSQL cluster for tests: made with initdb in a folder of its own, reached by a
/// Unix socket in that folder alone, durable (fsync on), stopped by the pid that was started and
/// never outliving the test program.
class PostgresServer {
 public:
  /// Where the server's programs lie; empty when they are not installed.
  static std::filesystem::path programs() {
    for (const char* folder : {"/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin",
                               "/usr/lib/postgresql/17/bin", "/usr/local/pgsql/bin"}) {
      if (std::filesystem::exists(std::filesystem::path(folder) / "initdb")) return folder;
    }
    return {};
  }
  /// Why these tests cannot run here; empty when they can.
  static std::string missing() {
    if (programs().empty()) return "PostgreSQL's server programs are not installed";
    if (geteuid() == 0 && getpwnam("postgres") == nullptr) {
      return "PostgreSQL does not run as root, and there is no user 'postgres'";
    }
    return {};
  }

  /// `settings`: of the server, each `name=value`.
  explicit PostgresServer(std::vector<std::string> settings = {}) : settings_(std::move(settings)) {
    std::filesystem::permissions(folder_.file(""), std::filesystem::perms::all);
    const int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
    wait_for(spawn({"initdb", "--pgdata", data(), "--username=postgres", "--auth=trust",
                    "--encoding=UTF8", "--locale=C", "--no-sync"},
                   quiet));
    close(quiet);
    start();
  }
  ~PostgresServer() { stop(SIGQUIT); }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  void start() {
    std::vector<std::string> arguments{"postgres", "-D", data(), "-k", folder_.file("")};
    std::vector<std::string> all{"listen_addresses=", "max_connections=200", "shared_buffers=64MB",
                                 "log_min_messages=log", "log_checkpoints=off"};
    all.insert(all.end(), settings_.begin(), settings_.end());
    for (const std::string& setting : all) {
      arguments.push_back("-c");
      arguments.push_back(setting);
    }
    // The server's log tells when it is ready. It says little enough to fit into the pipe.
    if (log_ >= 0) close(log_);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    server_ = spawn(arguments, ends[1]);
    close(ends[1]);
    log_ = ends[0];
    std::string told;
    char byte = 0;
    while (told.find("ready to accept ") == std::string::npos) {
      if (read(log_, &byte, 1) != 1) throw std::runtime_error("no PostgreSQL server: " + told);
      told.push_back(byte);
    }
  }
  /// SIGQUIT: at once, without a checkpoint, as a crash does; SIGINT: after ending all connections.
  void stop(int signal_number) {
    if (server_ <= 0) return;
    kill(server_, signal_number);
    waitpid(server_, nullptr, 0);
    server_ = -1;
  }

  /// Starts anew as a standby that is promoted at once: the cluster gets a newer timeline.
  void begin_timeline() {
    stop(SIGINT);
    std::ofstream(data() + "/standby.signal").flush();
    start();
    if (execute("SELECT pg_promote()::text") != "true") throw std::runtime_error("not promoted");
  }

  /// Of the server's socket.
  [[nodiscard]] std::string folder() const { return folder_.file(""); }
  [[nodiscard]] std::string url(const std::string& database) const {
    return fmt::format("host={} user=postgres dbname={}", folder_.file(""), database);
  }
  /// Runs a statement as the administrator; text of its first column, if any.
  std::string execute(const std::string& sql, const std::string& database = "postgres") {
    auto connection = postgres::Connection::open(url(database));
    if (!connection) throw std::runtime_error(connection.error().cause);
    auto rows = (*connection)->run_one(sql);
    if (!rows) throw std::runtime_error(rows.error().cause + " in " + sql);
    return rows->size() > 0 ? rows->text(0, 0) : std::string();
  }
  /// A fresh database; a copy of `of` when that is given.
  std::string create_database(const std::string& of = "template0") {
    const std::string name = fmt::format("test_{}", ++databases_);
    execute(fmt::format("CREATE DATABASE {} TEMPLATE {}", name, of));
    return name;
  }

 private:
  [[nodiscard]] std::string data() const { return folder_.file("data"); }

  pid_t spawn(const std::vector<std::string>& command, int output) const {
    const std::string program = (programs() / command.front()).string();
    std::vector<char*> arguments;
    for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    const passwd* user = geteuid() == 0 ? getpwnam("postgres") : nullptr;
    const pid_t child = fork();
    if (child != 0) return child;
    if (user != nullptr &&
        (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
      _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) _exit(125);
    execv(program.c_str(), arguments.data());
    _exit(127);
  }
  static void wait_for(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      throw std::runtime_error("initdb failed");
    }
  }

  TestFolder folder_;
  std::vector<std::string> settings_;
  pid_t server_ = -1;
  int log_ = -1;
  int databases_ = 0;
};

}  // namespace crossfoot::store

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/files.h"
#include "runtime/log.h"
#include "runtime/process.h"

namespace crossfoot::runtime {
namespace {

using namespace std::chrono_literals;

Result<Process> shell(const std::string& script) {
  return Process::spawn({.arguments = {"sh", "-c", script}});
}

TEST(Files, replaces_a_file_whole) {
  // Goal: what was written is read back, with its mode, and nothing else is left in the folder.
  const auto folder = TempDir::make("crossfoot-files");
  ASSERT_TRUE(folder.has_value());
  const auto path = folder->path() / "key";
  EXPECT_TRUE(write_file_atomic(path, "first", FileMode::open).has_value());
  const std::string second("second\0and more", 15);
  EXPECT_TRUE(write_file_atomic(path, second, FileMode::secret).has_value());
  EXPECT_EQ(read_file(path).value(), second);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const auto entries = std::filesystem::directory_iterator(folder->path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST(Files, say_what_went_wrong) {
  // Goal: missing, too large and unwritable files are told apart.
  const auto folder = TempDir::make("crossfoot-files");
  ASSERT_TRUE(folder.has_value());
  EXPECT_EQ(read_file(folder->path() / "none").error().fault_class, FaultClass::not_found);
  EXPECT_TRUE(write_file_atomic(folder->path() / "ten", "0123456789").has_value());
  EXPECT_EQ(read_file(folder->path() / "ten", 9).error().fault_class, FaultClass::rejected);
  EXPECT_TRUE(read_file(folder->path() / "ten", 10).has_value());
  EXPECT_EQ(write_file_atomic(folder->path() / "no" / "folder", "x").error().fault_class,
            FaultClass::not_found);
  EXPECT_FALSE(read_file(folder->path()).has_value()) << "a folder is no file";
}

TEST(Files, remove_the_temporary_folder_with_its_owner) {
  // Goal: the folder exists as long as its object, also when that is moved.
  std::filesystem::path path;
  {
    auto folder = TempDir::make("crossfoot-files");
    ASSERT_TRUE(folder.has_value());
    const TempDir moved = std::move(*folder);
    path = moved.path();
    EXPECT_TRUE(write_file_atomic(path / "inside", "x").has_value());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Files, put_bytes_aside) {
  // Goal: whatever was put aside is read back, written to the disk or not yet; no name is left.
  auto file = ScratchFile::make();
  ASSERT_TRUE(file.has_value());
  std::vector<std::pair<std::uint64_t, std::string>> kept;
  for (int i = 0; i < 300; ++i) {
    std::string bytes(static_cast<std::size_t>(i) * 37, static_cast<char>('a' + i % 26));
    const auto from = file->append(bytes);
    ASSERT_TRUE(from.has_value());
    kept.emplace_back(*from, std::move(bytes));
    const auto& [at, expected] = kept[kept.size() / 2];
    EXPECT_EQ(file->read(at, expected.size()).value(), expected);
  }
  for (const auto& [at, expected] : kept) {
    EXPECT_EQ(file->read(at, expected.size()).value(), expected);
  }
  EXPECT_EQ(file->read(file->size() - 1, 2).error().fault_class, FaultClass::transient);
}

TEST(Environment, knows_set_from_unset) {
  // Goal: a variable that is set is found, another is not.
  EXPECT_TRUE(environment("PATH").has_value());
  EXPECT_FALSE(environment("CROSSFOOT_NO_SUCH_VARIABLE").has_value());
}

TEST(Process, is_read_line_by_line_and_ends_by_itself) {
  // Goal: lines come one by one, then the end of the output, then the exit status.
  auto process = shell("printf 'one\\ntwo\\n'; exit 3");
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(process->read_line(10s).value(), "one");
  EXPECT_EQ(process->read_line(10s).value(), "two");
  EXPECT_EQ(process->read_line(10s).error().fault_class, FaultClass::not_found);
  EXPECT_EQ(process->wait(10s).value(), 3);
  EXPECT_EQ(process->stop(0s), 3);
}

TEST(Process, is_given_folder_environment_and_error_file) {
  // Goal: the child runs where and with what it was told; its errors go to the file.
  const auto folder = TempDir::make("crossfoot-process");
  ASSERT_TRUE(folder.has_value());
  const auto errors = folder->path() / "errors";
  auto process = Process::spawn({.arguments = {"sh", "-c", "pwd; echo $NEW $HOME; echo bad >&2"},
                                 .environment = {{"NEW", "value"}, {"HOME", "/elsewhere"}},
                                 .folder = folder->path(),
                                 .error_file = errors});
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(process->read_line(10s).value(), folder->path().string());
  EXPECT_EQ(process->read_line(10s).value(), "value /elsewhere");
  EXPECT_EQ(process->wait(10s).value(), 0);
  EXPECT_EQ(read_file(errors).value(), "bad\n");
}

TEST(Process, says_when_nothing_comes_in_time) {
  // Goal: a silent child is a deadline, not a hang, and it still runs.
  auto process = shell("read line; echo $line");
  ASSERT_TRUE(process.has_value());
  auto silent = shell("exec sleep 1000");
  ASSERT_TRUE(silent.has_value());
  EXPECT_EQ(silent->read_line(1ms).error().fault_class, FaultClass::deadline);
  EXPECT_EQ(silent->wait(1ms).error().fault_class, FaultClass::deadline);
  EXPECT_TRUE(silent->is_running());
  EXPECT_EQ(silent->stop(10s), 128 + SIGTERM);
  EXPECT_FALSE(silent->is_running());
}

TEST(Process, is_killed_when_it_does_not_stop) {
  // Goal: SIGTERM is tried first; a child that ignores it gets SIGKILL after the grace.
  auto polite = shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done");
  ASSERT_TRUE(polite.has_value());
  EXPECT_EQ(polite->read_line(10s).value(), "ready");
  EXPECT_EQ(polite->stop(10s), 7);
  EXPECT_EQ(polite->read_line(10s).value(), "bye");
  auto stubborn = shell("trap '' TERM; echo ready; exec sleep 1000");
  ASSERT_TRUE(stubborn.has_value());
  EXPECT_EQ(stubborn->read_line(10s).value(), "ready");
  EXPECT_EQ(stubborn->stop(1ms), 128 + SIGKILL);
}

TEST(Process, that_cannot_start_is_a_fault) {
  // Goal: an unknown program is told as not found, not as a child that exits.
  const auto process = Process::spawn({.arguments = {"/no/such/program"}});
  ASSERT_FALSE(process.has_value());
  EXPECT_EQ(process.error().fault_class, FaultClass::not_found);
}

TEST(Process, does_not_outlive_its_owner) {
  // Goal: a child is gone when its object is, and when the thread that started it has ended.
  pid_t pid = 0;
  {
    auto process = shell("exec sleep 1000");
    ASSERT_TRUE(process.has_value());
    pid = process->pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  std::optional<Process> orphan;
  std::thread([&] {
    auto process = shell("exec sleep 1000");
    ASSERT_TRUE(process.has_value());
    orphan.emplace(std::move(*process));
  }).join();
  ASSERT_TRUE(orphan.has_value());
  EXPECT_EQ(orphan->wait(10s).value_or(-1), 128 + SIGKILL);
}

struct Lines {
  std::vector<std::string> all;
  Log log{LogLevel::info, [this](std::string_view line) { all.emplace_back(line); },
          [] { return Instant{1'763'719'384'000'000}; }};
};

TEST(Logger, writes_one_json_object_a_line) {
  // Goal: all kinds of values and all awkward characters give one valid line.
  Lines lines;
  const Logger logger(lines.log, "edge");
  logger.info("request.refused", "01KAX",
              {{"status", 400},
               {"bytes", std::size_t{12}},
               {"retryable", false},
               {"cause", "a \"quoted\" back\\slash\nline\x01"},
               {"name", std::string("caf\xc3\xa9 \xff \xe2\x82\xac \xed\xa0\x80")}});
  ASSERT_EQ(lines.all.size(), 1U);
  EXPECT_EQ(lines.all[0],
            R"({"time":"2025-11-21T10:03:04Z","level":"info","module":"edge",)"
            R"("event":"request.refused","correlation_id":"01KAX","status":400,"bytes":12,)"
            R"("retryable":false,"cause":"a \"quoted\" back\\slash\u000aline\u0001",)"
            "\"name\":\"caf\xc3\xa9 \\ufffd \xe2\x82\xac \\ufffd\\ufffd\\ufffd\"}\n");
}

TEST(Logger, keeps_quiet_below_its_level) {
  // Goal: the level, also a changed one, decides; `off` silences all.
  Lines lines;
  const Logger logger(lines.log, "flow");
  logger.debug("hidden", "");
  logger.warning("shown", "");
  lines.log.set_level(LogLevel::off);
  logger.error("hidden", "");
  lines.log.set_level(LogLevel::debug);
  logger.debug("shown", "");
  EXPECT_EQ(lines.all.size(), 2U);
  for (const std::string& line : lines.all) {
    EXPECT_NE(line.find(R"("event":"shown"})"), std::string::npos) << line;
  }
}

TEST(LogLevel, has_names) {
  // Goal: every name is read back as its level, and nothing else is.
  for (const LogLevel level : {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warning,
                               LogLevel::error, LogLevel::off}) {
    EXPECT_EQ(parse_log_level(to_string(level)), level);
  }
  EXPECT_FALSE(parse_log_level("INFO").has_value());
}

}  // namespace
}  // namespace crossfoot::runtime

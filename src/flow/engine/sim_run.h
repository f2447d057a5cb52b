#pragma once

// A server with its channels and targets on virtual time, from a seed alone. Test code.

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow/engine/engine.h"
#include "flow/engine/freezable_scheduler.h"
#include "flow/engine/journal_watch.h"
#include "flow/engine/sim_disk.h"
#include "flow/engine/sim_story.h"
#include "flow/engine/sim_targets.h"
#include "flow/plan/process.h"
#include "ledger/programme.h"
#include "runtime/sim_scheduler.h"

namespace crossfoot::flow::sim {

/// What befalls the server or a target as a whole. Faults of single calls are TargetFaults.
enum class Mischief : std::uint8_t {
  crash,           ///< the process dies; a commit under way is lost, applied or torn
  unclear_commit,  ///< a commit whose outcome the server cannot know
  full_disk,       ///< for some seconds
  frozen,          ///< the process stands still for up to a minute; the targets go on
  clock_jump,      ///< the wall clock is set, up to a quarter of an hour either way
  outage,          ///< a target cannot be reached
  drift,           ///< a target's answers change their schema: it happens, no answer is understood
  slow,            ///< a target takes seconds; calls and answers overtake each other
  restore          ///< the disk is lost some time after a backup; the channels send anew
};
inline constexpr std::size_t mischief_count = static_cast<std::size_t>(Mischief::restore) + 1;
[[nodiscard]] const char* to_string(Mischief mischief);

struct WorldOptions {
  std::uint64_t seed = 1;
  std::uint32_t sales = 8;
  Duration span{std::chrono::seconds{60}};  ///< in which the channels send
  TargetFaults faults;
  Scripted scripted;
  std::uint32_t mischiefs = 0;         ///< how many are drawn …
  std::vector<Mischief> kinds = {};    ///< … out of these
  std::uint64_t crash_after_step = 0;  ///< one crash more, after that task; 0: none
};

/// Calls, deliveries and commits at their worst.
[[nodiscard]] TargetFaults bad_day();
/// Everything that can befall a server.
[[nodiscard]] const std::vector<Mischief>& every_mischief();

/// One run: `run`, then `check`. Both report by gtest's expectations; `report` then tells what
/// happened last and how to see it again.
class World {
 public:
  World(SimDisk& disk, WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Until every message is answered and nothing moves any more.
  void run();
  /// Runs `task` at that time.
  void at(Duration time, std::function<void()> task);
  /// Closes the data store, opens it again, and holds everything against everything.
  void check();
  /// Seed, the last events, the command that repeats it.
  [[nodiscard]] std::string report() const;

  std::uint64_t steps = 0;
  std::size_t openings = 0;                          ///< of the data store, also those that failed
  std::array<std::size_t, mischief_count> befell{};  ///< by Mischief
  std::size_t gated = 0;
  std::uint64_t sales_done = 0;
  std::size_t corrections = 0;  ///< revisions that another has taken the place of
  std::size_t suspects = 0;
  std::uint64_t surveys = 0;
  bool scripted_came = false;

 private:
  struct Event {
    Duration at{0};
    std::string what;
  };
  void note(std::string what);

  // The server.
  void open();
  void failed(const Fault& fault);
  void die();
  [[nodiscard]] bool quiet() const;

  // What befalls it.
  void plan_mischief();
  void befall(Mischief mischief);
  void back_up();
  void restore();
  void mark_restored();

  // The channels.
  void send(std::size_t index);
  void send_later(std::size_t index);
  void send_unanswered();

  // The checks.
  void check_step();
  void close_gaps();
  void check_stored();
  void check_flow(const Flow& flow);
  void check_taken_back(const Flow& flow);
  [[nodiscard]] EngineOptions engine_options() const;
  void check_receipt(std::uint32_t sequence, const std::map<std::string, Flow>& by_key);
  static void check_journal(store::Reader& reader);
  static void check_replay(store::Reader& reader, const Flow& flow, const std::string& state);
  void check_targets();
  void read(const std::function<void(store::Reader&)>& work);

  SimDisk& disk_;
  WorldOptions options_;
  runtime::Random random_;
  Story story_;
  std::size_t unanswered_;
  ledger::Programme programme_;
  std::unique_ptr<ledger::ZoneLookup> zones_;
  std::unique_ptr<Processes> processes_;
  runtime::SimScheduler scheduler_{start_of_time};
  FreezableScheduler server_{scheduler_};
  Targets targets_;
  std::unique_ptr<SimCaller> caller_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Engine> engine_;
  JournalWatch watch_;
  std::uint64_t generation_ = 0;
  struct Backup {
    Duration at{0};
    std::uint32_t restores = 0;  ///< that it knows of
  };
  std::optional<Backup> backup_;  ///< while one will be restored
  std::uint32_t restores_ = 0;    ///< that the data store knows of
  bool restored_ = false;
  bool restoring_ = false;  ///< it is not marked as restored yet
  Duration reopen_delay_{0};
  bool mischief_over_ = false;
  std::deque<Event> last_events_;
};

}  // namespace crossfoot::flow::sim

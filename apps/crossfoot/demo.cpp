#include "demo.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <deque>
#include <optional>
#include <thread>

#include "api_client.h"
#include "contract/json_writer.h"
#include "contract/transaction_json.h"
#include "local_stack.h"
#include "progress.h"
#include "reconcile_command.h"
#include "runtime/files.h"
#include "signals.h"
#include "story.h"

namespace crossfoot::app {

namespace {

constexpr Duration rest_patience = std::chrono::seconds{60};

int cannot(const Fault& fault) {
  fmt::print(stderr, "{} {}: {}\n", fault.code, fault.where, fault.cause);
  return 2;
}

/// Counts what the channels were told.
struct Told {
  std::uint64_t accepted = 0;
  std::uint64_t replayed = 0;
  std::uint64_t refused = 0;
};

class Player {
 public:
  Player(const Story& story, LocalStack& stack)
      : story_(story), stack_(stack), api_(stack.server().url()), loyalty_(stack.loyalty_url()) {}

  Status play() {
    Progress progress("a weekend, in 45 seconds", story_.events.size(), "messages");
    const Duration began = monotonic_now();
    std::size_t next = 0;
    for (std::uint64_t second = 0; next < story_.events.size() || second < story_.seconds;
         ++second) {
      if (second == story_.outage_from) {
        say(second, "The loyalty platform stops answering for ten seconds; sales go on");
        auto down = loyalty_.json(runtime::Method::put, "/admin/faults",
                                  fmt::format(R"({{"outage": {{"from_ms": 0, "for_ms": {}}}}})",
                                              story_.outage_for * 1000));
        if (!down) return fail(down.error());
      }
      if (second == story_.outage_from + story_.outage_for) {
        say(second, "Loyalty answers again; what waited is delivered, once");
      }
      while (next < story_.events.size() && story_.events[next].second <= second) {
        if (Status status = send(story_.events[next]); !status) return status;
        progress.at(++next);
      }
      if (Status status = collect(64); !status) return status;
      const Duration until = began + std::chrono::seconds{second + 1};
      std::this_thread::sleep_for(until - monotonic_now());
    }
    return collect(0);
  }

  /// Until nothing moves any more.
  Status await_rest() {
    Progress progress("waiting for every leg", 1, "rest");
    const Duration until = monotonic_now() + rest_patience;
    while (monotonic_now() < until) {
      const flow::Activity activity = stack_.server().activity();
      const bool rests = activity.accepts == 0 && activity.calls == 0 &&
                         activity.moving_legs == 0 && activity.pending_books == 0;
      if (rests) {
        progress.at(1);
        return {};
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    return fail({.code = "CF-3102",
                 .fault_class = FaultClass::transient,
                 .where = "story",
                 .cause = "something still moves after a minute"});
  }

  [[nodiscard]] const Told& told() const { return told_; }
  [[nodiscard]] ApiClient& api() { return api_; }

 private:
  static void say(std::uint64_t second, std::string_view note) {
    fmt::print(stderr, "\r{:>3} s  {:<90}\n", second, note);
  }

  Status send(const StoryEvent& event) {
    if (!event.note.empty()) say(event.second, event.note);
    ApiClient::Headers headers{{"Content-Type", "application/json"}};
    if (!event.idempotency_key.empty()) {
      headers.emplace_back("Idempotency-Key", "\"" + event.idempotency_key + "\"");
    }
    open_.push_back(api_.begin(runtime::Method::post, "/v1/transactions",
                               contract::render_transaction(event.transaction),
                               std::move(headers)));
    return collect(256);
  }

  Status collect(std::size_t leave) {
    while (open_.size() > leave) {
      auto answer = open_.front().get();
      open_.pop_front();
      if (!answer) return fail(answer.error());
      if (answer->status != 202) {
        ++told_.refused;
        fmt::print(stderr, "\nrefused with {}: {}\n", answer->status, answer->body);
      } else if (answer->header("idempotent-replayed") == "true") {
        ++told_.replayed;
      } else {
        ++told_.accepted;
      }
    }
    return {};
  }

  const Story& story_;
  LocalStack& stack_;
  ApiClient api_;
  ApiClient loyalty_;
  std::deque<std::future<Result<runtime::HttpAnswer>>> open_;
  Told told_;
};

}  // namespace

int run_demo(const DemoOptions& options) {
  StopSignals signals;
  runtime::Log log(runtime::LogLevel::error);
  std::optional<runtime::TempDir> temporary;
  std::filesystem::path data = options.data;
  if (data.empty()) {
    auto made = runtime::TempDir::make("crossfoot-demo");
    if (!made) return cannot(made.error());
    temporary.emplace(std::move(*made));
    data = temporary->path();
  }
  std::error_code ignored;
  std::filesystem::create_directories(data, ignored);
  const std::filesystem::path programme = data / "programme.json";
  if (auto written = runtime::write_file_atomic(programme, story_programme()); !written) {
    return cannot(written.error());
  }
  LocalStackOptions stack_options;
  stack_options.data = data;
  stack_options.programme = programme;
  stack_options.port = options.once ? 0 : options.port;
  stack_options.seed = options.seed;
  auto stack = LocalStack::start(stack_options, log);
  if (!stack) return cannot(stack.error());
  const std::string url = (*stack)->server().url();
  fmt::print("Crossfoot on {}, with a sandbox ERP on {} and loyalty on {}\n", url,
             (*stack)->erp_url(), (*stack)->loyalty_url());
  std::fflush(stdout);

  const Story story = make_story(options.seed);
  Player player(story, **stack);
  if (Status played = player.play(); !played) return cannot(played.error());
  if (Status rests = player.await_rest(); !rests) return cannot(rests.error());
  const Told& told = player.told();
  fmt::print("{} messages: {} accepted, {} repeats answered as the first time, {} refused\n",
             story.events.size(), told.accepted, told.replayed, told.refused);
  auto outcome = reconcile(player.api(), story.first_day, story.last_day);
  if (!outcome) return cannot(outcome.error());
  fmt::print("{}", describe_reconciliation(*outcome));
  const auto summary = summarise_reconciliation(*outcome);
  const bool tied = summary && summary->ties_out() && told.refused == 0;
  fmt::print("{}\n", tied ? "Everything ties out: channel, ERP and loyalty agree."
                          : "It does NOT tie out.");
  std::fflush(stdout);
  if (!options.once) {
    fmt::print("\nConsole: {}/console/   (Ctrl-C stops everything)\n", url);
    std::fflush(stdout);
    signals.wait();
  }
  (*stack)->stop();
  return tied ? 0 : 1;
}

}  // namespace crossfoot::app

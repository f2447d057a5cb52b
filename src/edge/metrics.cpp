#include "edge/metrics.h"

#include <prometheus/text_serializer.h>

#include <sstream>

#include "edge/views.h"

namespace crossfoot::edge {

namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

constexpr std::array<std::string_view, verdict_count> verdict_names = {
    "accepted",    "replayed",  "held",       "refused",  "key_reused",
    "unavailable", "corrected", "superseded", "suspected"};

prometheus::Histogram& seconds_histogram(prometheus::Registry& registry, const char* name,
                                         const char* help) {
  return BuildHistogram().Name(name).Help(help).Register(registry).Add(
      {}, prometheus::Histogram::BucketBoundaries{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                  0.1, 0.25, 0.5, 1, 2.5, 5});
}

void set(prometheus::Registry& registry, const std::string& name, const std::string& help,
         const prometheus::Labels& labels, double value) {
  BuildGauge().Name(name).Help(help).Register(registry).Add(labels).Set(value);
}

}  // namespace

Metrics::Metrics(prometheus::Registry& registry)
    : registry_(registry),
      answers_(BuildCounter()
                   .Name("crossfoot_http_answers_total")
                   .Help("Answers to HTTP requests by status.")
                   .Register(registry)),
      accept_seconds_(seconds_histogram(registry, "crossfoot_accept_seconds",
                                        "Time from the complete request of one transaction to "
                                        "its answer.")),
      redemption_seconds_(seconds_histogram(registry, "crossfoot_redemption_seconds",
                                            "Time from what a till asks or says of a redemption "
                                            "to its answer.")),
      originals_lost_(BuildCounter()
                          .Name("crossfoot_refused_originals_lost_total")
                          .Help("Refused transactions that could not be kept.")
                          .Register(registry)
                          .Add({})),
      requests_in_flight_(BuildGauge()
                              .Name("crossfoot_http_requests_in_flight")
                              .Help("HTTP requests that wait for their answer.")
                              .Register(registry)
                              .Add({})),
      rate_limited_(BuildCounter()
                        .Name("crossfoot_rate_limited_total")
                        .Help("Requests refused because their client's share was used up.")
                        .Register(registry)
                        .Add({})),
      unauthenticated_(BuildCounter()
                           .Name("crossfoot_unauthenticated_total")
                           .Help("Requests without credentials that are valid here.")
                           .Register(registry)
                           .Add({})) {
  auto& shed = BuildCounter()
                   .Name("crossfoot_shed_total")
                   .Help("Transactions and jobs refused to protect the server, by class.")
                   .Register(registry);
  for (std::size_t i = 0; i < shed_.size(); ++i) {
    const auto one = static_cast<AdmissionClass>(i);
    shed_[i] = &shed.Add({{"class", std::string(to_string(one))}});
  }
  auto& accepted = BuildCounter()
                       .Name("crossfoot_accepted_total")
                       .Help("Transactions accepted for the first time, by channel.")
                       .Register(registry);
  for (std::size_t i = 0; i < accepted_.size(); ++i) {
    const auto channel = static_cast<contract::Channel>(i);
    accepted_[i] = &accepted.Add({{"channel", std::string(contract::to_string(channel))}});
  }
  auto& verdicts = BuildCounter()
                       .Name("crossfoot_transactions_total")
                       .Help("Transactions at the door, by what became of them.")
                       .Register(registry);
  for (std::size_t i = 0; i < verdict_count; ++i) {
    verdicts_[i] = &verdicts.Add({{"verdict", std::string(verdict_names[i])}});
  }
  auto& redemptions = BuildCounter()
                          .Name("crossfoot_redemption_answers_total")
                          .Help("Answers to tills about redemptions, by the state they told.")
                          .Register(registry);
  for (std::size_t i = 0; i < redemptions_.size(); ++i) {
    const auto state = static_cast<flow::RedemptionState>(i);
    redemptions_[i] = &redemptions.Add({{"state", std::string(flow::to_string(state))}});
  }
  const auto follower = [&](const char* name, const char* help) {
    return Follower{&BuildCounter().Name(name).Help(help).Register(registry).Add({})};
  };
  commits_ = follower("crossfoot_store_commits_total", "Commits of the data store.");
  units_ = follower("crossfoot_store_units_total", "Units of work in those commits.");
  bytes_ = follower("crossfoot_store_written_bytes_total", "Bytes written, log included.");
}

void Metrics::answered(int status) {
  const auto index = static_cast<std::size_t>(status);
  if (index >= answers_by_status_.size()) return;
  prometheus::Counter*& counter = answers_by_status_[index];
  if (counter == nullptr) counter = &answers_.Add({{"status", std::to_string(status)}});
  counter->Increment();
}

void Metrics::Follower::follow(std::uint64_t now) {
  counter->Increment(static_cast<double>(now >= last ? now - last : now));
  last = now;
}

void Metrics::sample(const store::StoreStats& stats) {
  commits_.follow(stats.commits);
  units_.follow(stats.units);
  bytes_.follow(stats.bytes_written);
  set(registry_, "crossfoot_store_log_bytes", "Size of the write-ahead log.", {},
      static_cast<double>(stats.log_bytes));
  set(registry_, "crossfoot_store_log_peak_bytes", "Its largest size since the start.", {},
      static_cast<double>(stats.log_bytes_peak));
  set(registry_, "crossfoot_store_queue_depth", "Units that wait for a commit.", {},
      static_cast<double>(stats.queue_depth));
  set(registry_, "crossfoot_store_commit_max_seconds", "The longest commit since the start.", {},
      static_cast<double>(stats.commit_micros_max) / 1e6);
}

void Metrics::sample(const Admission& admission, const Pressure& pressure) {
  for (std::size_t i = 0; i < admission_class_count; ++i) {
    const auto one = static_cast<AdmissionClass>(i);
    set(registry_, "crossfoot_shedding", "1 while work of the class is refused.",
        {{"class", std::string(to_string(one))}}, admission.refusal(one) ? 1 : 0);
  }
  if (pressure.disk_free_bytes) {
    set(registry_, "crossfoot_disk_free_bytes", "Free below the data folder.", {},
        static_cast<double>(*pressure.disk_free_bytes));
  }
  if (pressure.resident_bytes) {
    set(registry_, "crossfoot_resident_bytes", "Memory of the process.", {},
        static_cast<double>(*pressure.resident_bytes));
  }
}

void Metrics::sample(const std::vector<ConnectorStatus>& connectors) {
  auto& openings = BuildCounter()
                       .Name("crossfoot_breaker_openings_total")
                       .Help("How often a breaker has opened by itself.")
                       .Register(registry_);
  for (const ConnectorStatus& connector : connectors) {
    for (const ConnectorStatus::Line& line : connector.lines) {
      const prometheus::Labels labels{{"target", connector.name}, {"operation", line.operation}};
      for (const std::string state : {"closed", "open", "half_open"}) {
        prometheus::Labels with_state = labels;
        with_state["state"] = state;
        set(registry_, "crossfoot_breaker_state", "1 for the state that the breaker is in.",
            with_state, line.breaker == state ? 1 : 0);
      }
      set(registry_, "crossfoot_breaker_forced", "1 while a person has set the breaker.", labels,
          line.forced ? 1 : 0);
      Follower& follower = openings_[connector.name + "|" + line.operation];
      if (follower.counter == nullptr) follower.counter = &openings.Add(labels);
      follower.follow(line.openings);
    }
    if (connector.quota_per_minute == 0) continue;
    const prometheus::Labels labels{{"target", connector.name}};
    set(registry_, "crossfoot_target_quota_per_minute", "Calls a minute that the vendor grants.",
        labels, static_cast<double>(connector.quota_per_minute));
    set(registry_, "crossfoot_target_rate_per_minute", "Calls a minute that are made at most now.",
        labels, static_cast<double>(connector.rate_per_minute));
  }
}

void Metrics::sample(const flow::Activity& activity,
                     const std::vector<flow::TargetStatus>& targets) {
  set(registry_, "crossfoot_accepts_in_flight", "Transactions that wait for their commit.", {},
      static_cast<double>(activity.accepts));
  set(registry_, "crossfoot_active_flows", "Flows in memory.", {},
      static_cast<double>(activity.active_flows));
  set(registry_, "crossfoot_calls_in_flight", "Calls to all targets under way.", {},
      static_cast<double>(activity.calls));
  set(registry_, "crossfoot_pending_books", "Receipt books that are being worked on.", {},
      static_cast<double>(activity.pending_books));
  for (const flow::TargetStatus& target : targets) {
    set(registry_, "crossfoot_target_calls_in_flight", "Calls to a target under way.",
        {{"target", target.name}}, static_cast<double>(target.in_flight));
    set(registry_, "crossfoot_target_calls_limit", "How many calls a target may get at once.",
        {{"target", target.name}}, static_cast<double>(target.concurrency));
  }
}

void Metrics::sample(const std::vector<std::pair<std::string, std::int64_t>>& counters,
                     const std::vector<flow::TargetStatus>& targets) {
  const auto value = [&counters](const std::string& name) {
    return static_cast<double>(counter(counters, name));
  };
  for (const std::string status : {"open", "done", "parked", "dead"}) {
    set(registry_, "crossfoot_flows", "Flows by status.", {{"status", status}},
        value("flows|" + status));
  }
  for (const std::string state : {"held", "invalid", "superseded", "suspected"}) {
    set(registry_, "crossfoot_odd_messages",
        "Messages that are held, invalid, superseded or suspected.", {{"state", state}},
        value(state));
  }
  for (const flow::TargetStatus& target : targets) {
    set(registry_, "crossfoot_moving_legs", "Legs due, calling, retrying or unknown by target.",
        {{"target", target.name}}, value("moving|" + target.name));
  }
}

std::string to_prometheus_text(const std::vector<prometheus::MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace crossfoot::edge

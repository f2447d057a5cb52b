#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/transaction.h"
#include "edge/admission.h"
#include "edge/connector_service.h"
#include "flow/engine/engine.h"
#include "store/api/store.h"

namespace crossfoot::edge {

/// What became of one transaction at the door.
enum class Verdict : std::uint8_t {
  accepted,
  replayed,
  held,
  refused,
  key_reused,
  unavailable,
  corrected,
  superseded,
  suspected,  ///< beside `accepted`
};
inline constexpr std::size_t verdict_count = 9;

/// The edge's figures in a registry that outlives it. Counting on the hot path costs a few atomic
/// additions; gauges are set when somebody asks. Shard thread only.
class Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry);

  void accepted(contract::Channel channel) {
    accepted_[static_cast<std::size_t>(channel)]->Increment();
  }
  void verdict(Verdict verdict) { verdicts_[static_cast<std::size_t>(verdict)]->Increment(); }
  void answered(int status);
  void accept_time(Duration duration) {
    accept_seconds_.Observe(static_cast<double>(duration.count()) / 1e6);
  }
  /// What a till was told of its redemption, and how long it waited for that.
  void redemption(flow::RedemptionState state, Duration waited) {
    redemptions_[static_cast<std::size_t>(state)]->Increment();
    redemption_seconds_.Observe(static_cast<double>(waited.count()) / 1e6);
  }
  void refused_original_lost() { originals_lost_.Increment(); }
  void shed(AdmissionClass admission_class) {
    shed_[static_cast<std::size_t>(admission_class)]->Increment();
  }
  void rate_limited() { rate_limited_.Increment(); }
  void unauthenticated() { unauthenticated_.Increment(); }
  void request_begins() { requests_in_flight_.Increment(); }
  void request_ends() { requests_in_flight_.Decrement(); }

  void sample(const store::StoreStats& stats);
  void sample(const Admission& admission, const Pressure& pressure);
  void sample(const std::vector<ConnectorStatus>& connectors);
  void sample(const flow::Activity& activity, const std::vector<flow::TargetStatus>& targets);
  /// By status of flows, state of messages and target: those of which there are none are set to 0.
  void sample(const std::vector<std::pair<std::string, std::int64_t>>& counters,
              const std::vector<flow::TargetStatus>& targets);

 private:
  /// Follows a count that is kept elsewhere; starts again when that did.
  struct Follower {
    prometheus::Counter* counter = nullptr;
    std::uint64_t last = 0;
    void follow(std::uint64_t now);
  };

  prometheus::Registry& registry_;
  std::array<prometheus::Counter*, static_cast<std::size_t>(contract::channel_last) + 1> accepted_;
  std::array<prometheus::Counter*, verdict_count> verdicts_;
  prometheus::Family<prometheus::Counter>& answers_;
  std::array<prometheus::Counter*, 600> answers_by_status_{};
  prometheus::Histogram& accept_seconds_;
  std::array<prometheus::Counter*, static_cast<std::size_t>(flow::redemption_state_last) + 1>
      redemptions_;
  prometheus::Histogram& redemption_seconds_;
  prometheus::Counter& originals_lost_;
  prometheus::Gauge& requests_in_flight_;
  prometheus::Counter& rate_limited_;
  prometheus::Counter& unauthenticated_;
  std::array<prometheus::Counter*, admission_class_count> shed_;
  std::map<std::string, Follower, std::less<>> openings_;  ///< by connector and operation
  Follower commits_;
  Follower units_;
  Follower bytes_;
};

/// OpenMetrics 1.0 text of what a registry collected, with its closing `# EOF`.
[[nodiscard]] std::string to_open_metrics(const std::vector<prometheus::MetricFamily>& families);
/// Prometheus text format 0.0.4.
[[nodiscard]] std::string to_prometheus_text(const std::vector<prometheus::MetricFamily>& families);

}  // namespace crossfoot::edge

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/digest.h"
#include "base/money.h"
#include "base/result.h"
#include "base/time.h"
#include "flow/plan/leg.h"

namespace crossfoot::flow {

/// How calls of one operation are ordered within a key (ENGINE.md, order key).
enum class Order : std::uint8_t { none, commutative, strict };

/// What a pack declares of an operation; what the target lacks, the engine supplies.
struct OperationTraits {
  Order order = Order::none;
  bool idempotent = false;     ///< the target honours the reference as an idempotency key …
  Duration idempotent_for{0};  ///< … for this long after first use
  bool lookup = false;         ///< it can be asked by reference
  bool survey = false;         ///< it can be asked for all that was taken of an original
  Duration settle{std::chrono::seconds{30}};  ///< "not found" counts only this long after the call
  std::uint16_t batch_max = 1;                ///< legs that one call may carry
  Duration deadline{std::chrono::seconds{10}};
};

/// One step to be carried by a call.
struct CallItem {
  std::string reference;
  std::string arguments;                           ///< the leg's JSON object, empty for none
  std::shared_ptr<const std::string> transaction;  ///< canonical JSON body of the message
  std::string previous_id;  ///< target's id from the leg's previous step, or empty
};

struct CallRequest {
  std::string target;
  std::string operation;
  std::uint16_t attempt = 1;
  std::string correlation_id;
  Duration deadline{std::chrono::seconds{10}};
  std::vector<CallItem> items;  ///< 1 … batch_max
};

/// The target's word on one item.
struct ItemAnswer {
  std::string target_id;
  Hash128 response_hash;
  std::optional<Points> points;  ///< what the loyalty platform granted or took
  std::vector<std::pair<std::uint32_t, Points>> line_points;  ///< by line, where it says so
};

/// One entry of the target's own book that takes points of an original back or gives them again.
struct SurveyEntry {
  struct Line {
    std::uint32_t line = 0;  ///< of the original
    Decimal quantity;        ///< taken back; below zero: given again
  };
  std::string reference;
  std::string target_id;
  std::optional<Points> points;
  std::vector<Line> lines;
};

/// A call that would leave, as the gate must know it.
struct Departure {
  std::string_view target;
  std::string_view operation;  ///< empty: any operation of the target
  Lane lane = Lane::live;
  bool question = false;  ///< asks by reference instead of doing
};

/// Per item of the request, in order: an answer, or a fault of this item alone.
using CallAnswer = std::vector<Result<ItemAnswer>>;

/// The way to the targets. Implemented by the connectors, and by simulated targets. Shard thread.
class Caller {
 public:
  using Called = std::move_only_function<void(Result<CallAnswer>)>;
  using Found = std::move_only_function<void(Result<std::optional<ItemAnswer>>)>;
  using Surveyed = std::move_only_function<void(Result<std::vector<SurveyEntry>>)>;

  virtual ~Caller() = default;

  /// Null when the target or the operation does not exist. Stable for the caller's life.
  [[nodiscard]] virtual const OperationTraits* traits(std::string_view target,
                                                      std::string_view operation) const = 0;

  /// How many calls may be in flight to the target at once, at least 1.
  [[nodiscard]] virtual std::size_t concurrency(std::string_view) const { return 16; }

  /// How long to wait before such a call (an open breaker, a used-up quota); zero when it may leave
  /// now. A gate above the due index: nothing stored changes. Naming an operation tells that such a
  /// call wants to leave, which counts when lanes compete.
  [[nodiscard]] virtual Duration gate(const Departure&) { return Duration{0}; }
  /// Such a call, which the gate lets pass, will leave after the commit of its intent: it takes its
  /// part of the quota now. `call` or `lookup` follows, or `give_back`.
  virtual void reserve(const Departure&) {}
  virtual void give_back(const Departure&) {}
  /// A new engine begins: what an earlier one reserved and did not send is given back.
  virtual void begin() {}

  /// Sends one request. `done` is called once, never inside this call. A Fault of the whole call
  /// holds for all items; `unknown_outcome` when at least one byte may have left without an answer.
  virtual void call(CallRequest request, Called done) = 0;

  /// Asks whether an effect with this reference exists at the target. No value: not found (now).
  virtual void lookup(std::string_view target, std::string_view operation,
                      std::string_view reference, Duration deadline, Found done) = 0;

  /// Asks for all entries that took points of the original with this reference back, or gave them
  /// again, whoever sent them. Only where the traits say that the target can be asked so.
  virtual void survey(std::string_view target, std::string_view operation,
                      std::string_view original_reference, Duration deadline, Surveyed done) = 0;
};

}  // namespace crossfoot::flow

// The wallets of sim_wallet.h: a platform that decides about holds by itself.
#include "flow/engine/sim_wallet.h"

#include <simdjson.h>

#include <cstdlib>

#include "contract/error_codes.h"
#include "flow/plan/process.h"

namespace crossfoot::flow::sim {

namespace {

struct Arguments {
  std::int64_t points = 0;
  std::int64_t hold_seconds = 0;
  std::string authorisation;
  std::string member;
};

Arguments read_arguments(std::string_view json) {
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(json.data(), json.size());
  Arguments read;
  std::string_view text;
  (void)root["points"].get(read.points);
  (void)root["hold_seconds"].get(read.hold_seconds);
  if (root["authorisation_reference"].get(text) == simdjson::SUCCESS) read.authorisation = text;
  if (root["member"].get(text) == simdjson::SUCCESS) read.member = text;
  return read;
}

std::string member_of(std::string_view body) {
  simdjson::dom::parser parser;
  return std::string(std::string_view(parser.parse(body.data(), body.size())["member"]));
}

Result<ItemAnswer> refused(std::string_view code) {
  return fail({.code = std::string(code),
               .fault_class = FaultClass::rejected,
               .where = "wallet",
               .cause = "refused"});
}

ItemAnswer answer_of(const std::string& reference, std::int64_t points) {
  return {.target_id = "W-" + reference,
          .response_hash = hash128(reference),
          .points = Points{points},
          .line_points = {}};
}

}  // namespace

std::int64_t Wallets::spent(const std::string& member) const {
  std::int64_t sum = 0;
  for (const auto& [reference, hold] : holds) {
    if (hold.member == member) sum += hold.captured;
  }
  return sum;
}

std::int64_t Wallets::reserved(const std::string& member, Instant now) const {
  std::int64_t sum = 0;
  for (const auto& [reference, hold] : holds) {
    const bool live = hold.state == Hold::State::held && now < hold.until;
    if (hold.member == member && live) sum += hold.points;
  }
  return sum;
}

Result<ItemAnswer> Wallets::apply(const std::string& operation, const std::string& reference,
                                  std::string_view body, std::string_view arguments, Instant now) {
  if (operation == adjust_step) return adjust(reference, body);
  const Arguments asked = read_arguments(arguments);
  if (operation == "balance") return answer_of("balance", balances[asked.member]);
  if (operation == "deduct") return deduct(reference, member_of(body), asked.points);
  if (operation == "authorise") {
    const auto known = holds.find(reference);
    if (known != holds.end()) {
      if (known->second.state == Hold::State::released) return refused("released");
      if (known->second.points != asked.points)
        wrong.push_back(reference + " asks for other points");
      return answer_of(reference, known->second.points);
    }
    const std::string member = member_of(body);
    if (balances[member] - reserved(member, now) < asked.points) {
      return refused(contract::error_code::points_insufficient);
    }
    holds[reference] = {.member = member,
                        .points = asked.points,
                        .until = now + std::chrono::seconds{asked.hold_seconds}};
    return answer_of(reference, asked.points);
  }
  const auto at = holds.find(asked.authorisation);
  if (at == holds.end()) {
    wrong.push_back(operation + " of what was never reserved");
    return refused(contract::error_code::hold_expired);
  }
  Hold& hold = at->second;
  const bool again = hold.closed_by == reference;
  if (operation == "capture") {
    if (hold.state == Hold::State::captured && again) return answer_of(reference, hold.captured);
    if (hold.state != Hold::State::held) wrong.push_back(asked.authorisation + " is closed twice");
    if (hold.state != Hold::State::held || now >= hold.until) {
      return refused(contract::error_code::hold_expired);
    }
    hold.state = Hold::State::captured;
    hold.captured = asked.points;
    balances[hold.member] -= asked.points;
  } else {
    if (hold.state == Hold::State::captured) {
      wrong.push_back(asked.authorisation + " is captured and released");
      return refused("captured");
    }
    hold.state = Hold::State::released;
  }
  hold.closed_by = reference;
  return answer_of(reference, asked.points);
}

Result<ItemAnswer> Wallets::deduct(const std::string& reference, const std::string& member,
                                   std::int64_t points) {
  const auto known = holds.find(reference);
  if (known != holds.end()) return answer_of(reference, known->second.captured);
  if (balances[member] < points) {
    if (!overdrawn_is_refused) wrong.push_back(reference + " is not covered");
    return refused(contract::error_code::points_insufficient);
  }
  balances[member] -= points;
  holds[reference] = {.member = member,
                      .points = points,
                      .until = {},
                      .state = Hold::State::captured,
                      .closed_by = reference,
                      .captured = points};
  return answer_of(reference, points);
}

Result<ItemAnswer> Wallets::adjust(const std::string& reference, std::string_view body) {
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(body.data(), body.size());
  const std::int64_t points = root["points"];
  const bool deducts = std::string_view(root["direction"]) == "deduct";
  const auto [at, fresh] = adjustments.try_emplace(reference, deducts ? -points : points);
  if (at->second != (deducts ? -points : points))
    wrong.push_back(reference + " changed its points");
  if (fresh) balances[member_of(body)] += at->second;
  return answer_of(reference, points);
}

std::optional<ItemAnswer> Wallets::find(std::string_view operation,
                                        const std::string& reference) const {
  if (operation == adjust_step) {
    const auto at = adjustments.find(reference);
    if (at == adjustments.end()) return std::nullopt;
    return answer_of(reference, std::abs(at->second));
  }
  for (const auto& [authorisation, hold] : holds) {
    const std::string& named = operation == "authorise" ? authorisation : hold.closed_by;
    if (named == reference) return answer_of(reference, hold.points);
  }
  return std::nullopt;
}

const OperationTraits* WalletCaller::traits(std::string_view target,
                                            std::string_view operation) const {
  const bool holds = operation == "authorise" || operation == "capture" || operation == "release";
  const bool deducts = operation == "balance" || operation == "deduct";
  if (target == "loyalty" && operation == adjust_step) return &redeeming;
  return target == "loyalty" && (only_deducts ? deducts : holds) ? &redeeming : nullptr;
}

void WalletCaller::call(CallRequest request, Called done) {
  const Duration there = std::chrono::microseconds{500 + random_.below(4'000)};
  const Duration back = std::chrono::microseconds{500 + random_.below(4'000)};
  const std::uint64_t dice = random_.below(100);
  const bool before = dice < faults.lost_before;
  const bool after = !before && dice < faults.lost_before + faults.lost_after;
  const std::uint64_t other = random_.below(100);
  const bool away = wallets_.down || other < faults.refused_503;
  const bool busy = !away && other < faults.refused_503 + faults.busy_409;
  auto shared = std::make_shared<Called>(std::move(done));
  // What happens at the platform happens whether or not the server lives to hear of it.
  world_.after(
      there, [this, request = std::move(request), shared, back, before, after, away, busy] {
        Result<ItemAnswer> result =
            fail({.code = "CF-3101",
                  .fault_class = away ? FaultClass::transient : FaultClass::throttled,
                  .where = "wallet",
                  .cause = "not now"});
        const CallItem& item = request.items.front();
        const bool happens = !before && !away && !busy;
        if (happens) {
          result = wallets_.apply(request.operation, item.reference, *item.transaction,
                                  item.arguments, world_.now());
        }
        if (before || (after && happens)) {
          result = fail({.code = "CF-3108",
                         .fault_class = FaultClass::unknown_outcome,
                         .where = "wallet",
                         .cause = "no answer came"});
          server_.after(request.deadline, [shared, result] { (*shared)(fail(result.error())); });
          return;
        }
        server_.after(back, [shared, result] {
          CallAnswer answers;
          answers.push_back(result);
          (*shared)(std::move(answers));
        });
      });
}

void WalletCaller::lookup(std::string_view, std::string_view operation, std::string_view reference,
                          Duration, Found done) {
  auto shared = std::make_shared<Found>(std::move(done));
  world_.after(std::chrono::milliseconds{1}, [this, operation = std::string(operation),
                                              reference = std::string(reference), shared] {
    auto found = wallets_.find(operation, reference);
    server_.after(std::chrono::milliseconds{1}, [shared, found] { (*shared)(found); });
  });
}

}  // namespace crossfoot::flow::sim

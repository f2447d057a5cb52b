// Goal: support for the simulation: targets with books of their own.
#include <algorithm>
#include <charconv>

#include "flow/engine/sim_targets.h"

namespace crossfoot::flow::sim {

namespace {

Fault made_fault(FaultClass fault_class, std::string cause) {
  return {.code = "SIM", .fault_class = fault_class, .where = "sim", .cause = std::move(cause)};
}

/// Every `"name":"value"` or `"name":number` of a flat JSON text, in order: enough for the test's
/// own transactions and arguments.
std::vector<std::string> values(std::string_view json, std::string_view name) {
  std::vector<std::string> found;
  const std::string mark = "\"" + std::string(name) + "\":";
  for (std::size_t at = json.find(mark); at != std::string_view::npos;
       at = json.find(mark, at + 1)) {
    std::size_t from = at + mark.size();
    const bool quoted = json[from] == '"';
    if (quoted) ++from;
    const std::size_t to = json.find_first_of(quoted ? "\"" : ",}]", from);
    found.emplace_back(json.substr(from, to - from));
  }
  return found;
}

/// Line and quantity of every sold line.
std::vector<std::pair<std::string, std::string>> sold_lines(std::string_view json) {
  constexpr std::string_view mark = "\"action\":\"sold\"";
  std::vector<std::pair<std::string, std::string>> found;
  for (std::size_t at = json.find(mark); at != std::string_view::npos;
       at = json.find(mark, at + 1)) {
    const std::string_view line = json.substr(json.rfind('{', at));
    found.emplace_back(values(line, "line").front(), values(line, "quantity").front());
  }
  return found;
}

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

const char* to_string(CallFault fault) {
  switch (fault) {
    case CallFault::refused:
      return "is refused";
    case CallFault::lost:
      return "is lost";
    case CallFault::unheard:
      return "is not answered";
    case CallFault::late:
      return "comes late";
    case CallFault::garbled:
      return "is answered with garbage";
    case CallFault::throttled:
      return "is throttled";
  }
  return "";
}

void Targets::add(const std::string& target, Effect effect) {
  if (told) told(target + ": " + effect.operation + " " + effect.reference);
  std::vector<Effect>& book = effects[target];
  by_reference_[target + "|" + effect.reference].push_back(book.size());
  book.push_back(std::move(effect));
}

const Effect* Targets::find(const std::string& target, const std::string& reference) const {
  const auto at = by_reference_.find(target + "|" + reference);
  return at == by_reference_.end() ? nullptr : &effects.at(target)[at->second.front()];
}

std::size_t Targets::count(const std::string& target, const std::string& reference) const {
  const auto at = by_reference_.find(target + "|" + reference);
  return at == by_reference_.end() ? 0 : at->second.size();
}

std::size_t Targets::undone(const std::string& target, const std::string& operation,
                            const std::string& reference) const {
  const auto book = effects.find(target);
  if (book == effects.end()) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(book->second, [&](const Effect& effect) {
    return effect.operation == operation && effect.original == reference;
  }));
}

const OperationTraits* SimCaller::traits(std::string_view target,
                                         std::string_view operation) const {
  static const OperationTraits loyalty{.order = Order::commutative,
                                       .idempotent = true,
                                       .idempotent_for = std::chrono::hours{24},
                                       .lookup = true,
                                       .settle = std::chrono::seconds{30},
                                       .batch_max = 1,
                                       .deadline = std::chrono::seconds{5}};
  static const OperationTraits erp{.order = Order::none,
                                   .idempotent = false,
                                   .idempotent_for = Duration{0},
                                   .lookup = true,
                                   .settle = std::chrono::seconds{30},
                                   .batch_max = 1,
                                   .deadline = std::chrono::seconds{5}};
  static const OperationTraits batch = [] {
    OperationTraits traits = erp;
    traits.batch_max = 10;
    return traits;
  }();
  static const OperationTraits strict = [] {
    OperationTraits traits = loyalty;
    traits.order = Order::strict;
    traits.survey = true;
    return traits;
  }();
  if (target == "loyalty") return operation == "accrue" ? &loyalty : &strict;
  return operation == "move_stock" ? &batch : &erp;
}

namespace {

std::string key_of(const Departure& departure) {
  return std::string(departure.target) + "|" + std::string(departure.operation) +
         (departure.question ? "?" : "");
}

}  // namespace

Duration SimCaller::shut(std::string_view operation) const {
  if (faults_.shut_for <= Duration{0}) return Duration{0};
  const Duration shift = faults_.shut_every / 7 * static_cast<int>(operation.size());
  const Duration phase = (Duration{world_.now().micros} + shift) % faults_.shut_every;
  return phase < faults_.shut_for ? faults_.shut_for - phase : Duration{0};
}

Duration SimCaller::gate(const Departure& departure) {
  const Instant now = world_.now();
  Duration wait{0};
  if (const auto next = next_call_.find(departure.target); next != next_call_.end()) {
    wait = std::max(wait, next->second - now);
  }
  if (!departure.operation.empty() && !departure.question) {
    wait = std::max(wait, shut(departure.operation));
  }
  if (wait > Duration{0}) ++gated;
  return wait;
}

void SimCaller::reserve(const Departure& departure) {
  ++reserved[key_of(departure)];
  if (faults_.call_every <= Duration{0}) return;
  Instant& next = next_call_[std::string(departure.target)];
  next = std::max(next, world_.now()) + faults_.call_every;
}

void SimCaller::give_back(const Departure& departure) {
  if (--reserved[key_of(departure)] < 0) targets_.faults.push_back("given back twice");
}

void SimCaller::leave(const Departure& departure) {
  if (--reserved[key_of(departure)] < 0) {
    targets_.faults.push_back("not reserved: " + key_of(departure));
  }
}

Duration SimCaller::delay(const std::string& target) {
  constexpr Duration seconds{std::chrono::seconds{2}};
  const Duration most = targets_.slow.contains(target) ? seconds : faults_.latency_max;
  return Duration{
      static_cast<std::int64_t>(1 + random_.below(static_cast<std::uint64_t>(most.count())))};
}

Result<ItemAnswer> SimCaller::apply(const std::string& target, const std::string& operation,
                                    const CallItem& item) {
  // The loyalty platform honours the reference as a key; the ERP books whatever it is sent.
  ItemAnswer answer;
  const Effect* known = targets_.find(target, item.reference);
  if (target == "loyalty" && known != nullptr) {
    answer.target_id = "T-" + known->reference;
    answer.points = Points{known->points};
    return answer;
  }
  Effect effect{operation, item.reference, 0, {}};
  if (const auto original = values(item.arguments, "original_reference"); !original.empty()) {
    effect.original = original[0];
  }
  if (operation == "accrue") {
    for (const auto& [line, units] : sold_lines(*item.transaction)) {
      targets_.lines_left[item.reference + "|" + line] = number(units);
      targets_.lines_sold[item.reference + "|" + line] = number(units);
      effect.points += 10 * number(units);
      answer.line_points.emplace_back(static_cast<std::uint32_t>(number(line)),
                                      Points{10 * number(units)});
    }
  } else if (operation == "reverse") {
    const auto original = values(item.arguments, "original_reference");
    const auto lines = values(item.arguments, "line");
    const auto units = values(item.arguments, "quantity");
    if (original.empty() || targets_.find(target, original[0]) == nullptr) {
      targets_.faults.push_back("reversal of an accrual that never was: " + item.reference);
      return fail(made_fault(FaultClass::rejected, "no such original"));
    }
    if (targets_.refuses_excess) {
      for (std::size_t i = 0; i < lines.size(); ++i) {
        if (targets_.lines_left[original[0] + "|" + lines[i]] >= number(units[i])) continue;
        return fail(made_fault(FaultClass::rejected, "not so many are left"));
      }
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::int64_t& left = targets_.lines_left[original[0] + "|" + lines[i]];
      left -= number(units[i]);
      if (left < 0) targets_.faults.push_back("more taken back than sold: " + item.reference);
      effect.points -= 10 * number(units[i]);
      effect.lines.emplace_back(static_cast<std::uint32_t>(number(lines[i])), number(units[i]));
    }
  } else if (operation == "reinstate") {
    const auto original = values(item.arguments, "original_reference");
    const auto lines = values(item.arguments, "line");
    const auto units = values(item.arguments, "quantity");
    if (targets_.refuses_excess) {
      for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string line = original[0] + "|" + lines[i];
        if (targets_.lines_left[line] + number(units[i]) <= targets_.lines_sold[line]) continue;
        return fail(made_fault(FaultClass::rejected, "so many were not taken back"));
      }
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string line = original[0] + "|" + lines[i];
      targets_.lines_left[line] += number(units[i]);
      if (targets_.lines_left[line] > targets_.lines_sold[line]) {
        targets_.faults.push_back("more given again than was taken: " + item.reference);
      }
      effect.points += 10 * number(units[i]);
      effect.lines.emplace_back(static_cast<std::uint32_t>(number(lines[i])), -number(units[i]));
    }
  } else if (operation == "post_void") {
    const auto original = values(item.arguments, "original_reference");
    if (original.empty() || targets_.find(target, original[0]) == nullptr) {
      targets_.faults.push_back("void of a document that never was: " + item.reference);
    }
  } else if (operation == "release_memo" && item.previous_id.empty()) {
    targets_.faults.push_back("release before create: " + item.reference);
  }
  targets_.add(target, effect);
  answer.target_id = "T-" + item.reference;
  if (target == "loyalty") answer.points = Points{std::abs(effect.points)};
  return answer;
}

CallAnswer SimCaller::apply_all(const CallRequest& request) {
  CallAnswer answers;
  for (const CallItem& item : request.items) {
    answers.push_back(apply(request.target, request.operation, item));
  }
  return answers;
}

std::optional<CallFault> SimCaller::draw(const std::string& target) {
  if (++calls == scripted_.call) {
    struck = true;
    return scripted_.fault;
  }
  if (targets_.down.contains(target) || random_.chance(faults_.lost_before)) {
    return CallFault::refused;
  }
  if (random_.chance(faults_.throttled)) return CallFault::throttled;
  if (random_.chance(faults_.lost_unclear)) return CallFault::lost;
  if (random_.chance(faults_.late_apply)) return CallFault::late;
  if (random_.chance(faults_.lost_after)) return CallFault::unheard;
  if (random_.chance(faults_.malformed) || targets_.drifted.contains(target)) {
    return CallFault::garbled;
  }
  return std::nullopt;
}

namespace {

Fault fault_of(CallFault fault) {
  switch (fault) {
    case CallFault::refused:
      return made_fault(FaultClass::transient, "connection refused");
    case CallFault::lost:
    case CallFault::late:
      return made_fault(FaultClass::unknown_outcome, "no answer");
    case CallFault::unheard:
      return made_fault(FaultClass::unknown_outcome, "the answer was lost");
    case CallFault::garbled:
      return made_fault(FaultClass::corrupt, "the answer makes no sense");
    case CallFault::throttled: {
      Fault throttled = made_fault(FaultClass::throttled, "429");
      throttled.retry_after = std::chrono::milliseconds{500};
      return throttled;
    }
  }
  return {};
}

}  // namespace

void SimCaller::call(CallRequest request, Called done) {
  leave({.target = request.target, .operation = request.operation});
  const Duration there = delay(request.target);
  const Duration back = delay(request.target);
  const std::optional<CallFault> fault = draw(request.target);
  if (fault && targets_.told) {
    targets_.told(request.target + ": " + request.operation + " " +
                  request.items.front().reference + " " + to_string(*fault));
  }
  if (fault == CallFault::late) {
    const auto latest = static_cast<std::uint64_t>(faults_.late_max.count());
    world_.after(Duration{static_cast<std::int64_t>(random_.below(latest))},
                 [this, request] { (void)apply_all(request); });
  }
  if (fault && fault != CallFault::unheard && fault != CallFault::garbled) {
    const bool at_once = fault == CallFault::refused || fault == CallFault::throttled;
    server_.after(
        at_once ? there : request.deadline,
        [fault = *fault, done = std::move(done)]() mutable { done(fail(fault_of(fault))); });
    return;
  }
  if (int& left = targets_.refuse[request.operation]; left > 0) {
    --left;
    server_.after(there, [done = std::move(done)]() mutable {
      done(fail(made_fault(FaultClass::unauthorised, "turned away")));
    });
    return;
  }
  world_.after(
      there, [this, request = std::move(request), back, fault, done = std::move(done)]() mutable {
        CallAnswer answer = apply_all(request);
        if (request.target == "loyalty" && random_.chance(faults_.duplicated)) {
          answer = apply_all(request);
        }
        server_.after(back, [answer = std::move(answer), fault, done = std::move(done)]() mutable {
          if (fault) return done(fail(fault_of(*fault)));
          done(std::move(answer));
        });
      });
}

template <class Answer>
void SimCaller::question(const std::string& target, std::string_view operation, bool scripted,
                         std::function<Answer()> answer,
                         std::move_only_function<void(Result<Answer>)> done) {
  leave({.target = target, .operation = operation, .question = true});
  if (scripted || targets_.down.contains(target)) {
    server_.after(delay(target),
                  [done = std::move(done)]() mutable { done(fail(fault_of(CallFault::refused))); });
    return;
  }
  world_.after(delay(target), [this, answer = std::move(answer), done = std::move(done)]() mutable {
    server_.post([found = answer(), done = std::move(done)]() mutable { done(std::move(found)); });
  });
}

void SimCaller::lookup(std::string_view target, std::string_view operation,
                       std::string_view reference, Duration, Found done) {
  const std::string name(target);
  const bool scripted = ++lookups == scripted_.lookup;
  struck |= scripted;
  question<std::optional<ItemAnswer>>(
      name, operation, scripted,
      [this, name, reference = std::string(reference)] {
        std::optional<ItemAnswer> found;
        if (const Effect* effect = targets_.find(name, reference); effect != nullptr) {
          found.emplace().target_id = "T-" + reference;
          if (name == "loyalty") found->points = Points{std::abs(effect->points)};
        }
        return found;
      },
      std::move(done));
}

void SimCaller::survey(std::string_view target, std::string_view operation,
                       std::string_view original_reference, Duration, Surveyed done) {
  const std::string name(target);
  ++surveys;
  question<std::vector<SurveyEntry>>(
      name, operation, false,
      [this, name, original = std::string(original_reference)] {
        std::vector<SurveyEntry> entries;
        for (const Effect& effect : targets_.effects[name]) {
          if (effect.original != original) continue;
          SurveyEntry entry{.reference = effect.reference,
                            .target_id = "T-" + effect.reference,
                            .points = Points{std::abs(effect.points)},
                            .lines = {}};
          for (const auto& [line, units] : effect.lines) entry.lines.push_back({line, {units, 0}});
          entries.push_back(std::move(entry));
        }
        return entries;
      },
      std::move(done));
}

}  // namespace crossfoot::flow::sim

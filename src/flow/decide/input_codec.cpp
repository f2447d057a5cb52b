#include "flow/decide/input_codec.h"

#include "flow/plan/link_codec.h"

namespace crossfoot::flow {

namespace {

constexpr std::uint64_t plan_version = 2;  ///< of the links within
constexpr auto fault_class_last = FaultClass::unknown_outcome;

void put(ByteWriter& out, const ItemAnswer& answer) {
  out.text(answer.target_id);
  out.hash(answer.response_hash);
  out.boolean(answer.points.has_value());
  if (answer.points) out.i64(answer.points->count);
  out.u64(answer.line_points.size());
  for (const auto& [line, points] : answer.line_points) {
    out.u64(line);
    out.i64(points.count);
  }
}

ItemAnswer get_answer(ByteReader& in) {
  ItemAnswer answer;
  answer.target_id = in.text();
  answer.response_hash = in.hash();
  if (in.boolean()) answer.points = Points{in.i64()};
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    const auto line = static_cast<std::uint32_t>(in.u64());
    answer.line_points.emplace_back(line, Points{in.i64()});
  }
  return answer;
}

void put(ByteWriter& out, const Fault& fault) {
  out.text(fault.code);
  out.enumerator(fault.fault_class);
  out.text(fault.cause);
  out.i64(fault.retry_after.count());
}

Fault get_fault(ByteReader& in) {
  Fault fault;
  fault.code = in.text();
  fault.fault_class = in.enumerator(fault_class_last);
  fault.cause = in.text();
  fault.retry_after = std::chrono::milliseconds{in.i64()};
  return fault;
}

// What follows the number of an event's kind, the place of its type in Event.
void put(ByteWriter&, const Begun&) {}
void put(ByteWriter& out, const Taken& event) {
  out.u64(event.leg);
  out.id(event.call);
}
void put(ByteWriter& out, const Answered& event) {
  out.u64(event.leg);
  put(out, event.answer);
}
void put(ByteWriter& out, const Failed& event) {
  out.u64(event.leg);
  put(out, event.fault);
}
void put(ByteWriter& out, const LookedUp& event) {
  out.u64(event.leg);
  out.boolean(event.found.has_value());
  if (!event.found) return put(out, event.found.error());
  out.boolean(event.found->has_value());
  if (*event.found) put(out, **event.found);
}
void put(ByteWriter& out, const Restarted& event) {
  out.u64(event.leg);
}
void put(ByteWriter& out, const Claimed& event) {
  out.u64(event.leg);
  out.enumerator(event.answer.status);
  out.id(event.answer.sale.flow);
  // Of the points to take back only whether there are any, or some to give again.
  const auto& reversal = event.answer.reversal;
  const std::uint64_t points = reversal.empty() ? 0 : reversal.front().units < 0 ? 2 : 1;
  out.u64((points + (event.answer.anew ? 3 : 0)) * 2 + (event.answer.released ? 1 : 0));
  out.u64(event.answer.lines.size());
  for (const ClaimLine& line : event.answer.lines) {
    out.u64(line.line);
    out.i64(line.covered);
    out.boolean(line.measured);
  }
  put_begun_legs(out, event.more);
}
void put(ByteWriter& out, const Linked& event) {
  out.u64(event.leg);
  out.u64(event.links.size());
  for (const LineLink& link : event.links) put_link(out, link);
  put_begun_legs(out, event.claims);
}
void put(ByteWriter& out, const VoidRequested& event) {
  out.id(event.by);
}
void put(ByteWriter& out, const Decision& decision) {
  out.text(decision.by);
  out.text(decision.reason);
}
void put(ByteWriter& out, const Released& event) {
  out.u64(event.leg);
  out.boolean(event.lane.has_value());
  if (event.lane) out.enumerator(*event.lane);
  put(out, event.decision);
}
void put(ByteWriter& out, const Discarded& event) {
  out.u64(event.leg);
  put(out, event.decision);
}
void put(ByteWriter& out, const Confirmed& event) {
  out.u64(event.leg);
  out.boolean(event.happened);
  out.text(event.target_id);
  put(out, event.decision);
}
void put(ByteWriter& out, const Resent& event) {
  out.u64(event.leg);
  put(out, event.decision);
}
void put(ByteWriter& out, const Paused& event) {
  out.u64(event.leg);
}
void put(ByteWriter& out, const Decided& event) {
  out.text(event.what);
  put(out, event.decision);
}

void put(ByteWriter& out, const Corrected& event) {
  out.id(event.by);
  out.u64(event.revision);
  out.boolean(event.late);
}

void put(ByteWriter& out, const Suspected& event) {
  out.id(event.of);
}

void put(ByteWriter& out, const CaptureRequested& event) {
  out.i64(event.points.count);
}
void put(ByteWriter&, const ReleaseRequested&) {}
void put(ByteWriter& out, const Lapsed& event) {
  out.u64(event.leg);
}
void put(ByteWriter& out, const Reserved& event) {
  out.u64(event.leg);
  out.enumerator(event.outcome);
  out.text(event.code);
}
void put(ByteWriter&, const Granted&) {}
void put(ByteWriter& out, const Judged& event) {
  out.u64(event.leg);
  out.boolean(event.approved);
  out.text(event.decision.by);
  out.text(event.decision.reason);
}
void put(ByteWriter& out, const Surveyed& event) {
  out.u64(event.leg);
  out.boolean(event.found.has_value());
  if (!event.found) return put(out, event.found.error());
  out.enumerator(event.found->kind);
  put(out, event.found->answer);
  out.boolean(event.found->by_others);
  out.text(event.found->reference);
  out.i64(event.found->covered.count);
  out.text(event.rest);
}

std::uint16_t get_leg(ByteReader& in) {
  return static_cast<std::uint16_t>(in.u64());
}

void get(ByteReader&, std::uint64_t, Begun&) {}
void get(ByteReader& in, std::uint64_t, Taken& event) {
  event.leg = get_leg(in);
  event.call = in.id();
}
void get(ByteReader& in, std::uint64_t, Answered& event) {
  event.leg = get_leg(in);
  event.answer = get_answer(in);
}
void get(ByteReader& in, std::uint64_t, Failed& event) {
  event.leg = get_leg(in);
  event.fault = get_fault(in);
}
void get(ByteReader& in, std::uint64_t, LookedUp& event) {
  event.leg = get_leg(in);
  if (!in.boolean()) {
    event.found = fail(get_fault(in));
  } else if (in.boolean()) {
    event.found = std::optional(get_answer(in));
  } else {
    event.found = std::optional<ItemAnswer>{};
  }
}
void get(ByteReader& in, std::uint64_t, Restarted& event) {
  event.leg = get_leg(in);
}
void get(ByteReader& in, std::uint64_t version, Claimed& event) {
  event.leg = get_leg(in);
  event.answer.status = in.enumerator(ClaimStatus::answered);
  event.answer.sale.flow = in.id();
  const std::uint64_t flags = in.u64();
  event.answer.released = flags % 2 != 0;
  event.answer.anew = flags / 2 >= 3;
  const std::uint64_t points = flags / 2 % 3;
  if (points == 1) event.answer.reversal.push_back({.units = 1});
  if (points == 2) event.answer.reversal.push_back({.units = -1});
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    ClaimLine line;
    line.line = static_cast<std::uint32_t>(in.u64());
    line.covered = in.i64();
    line.measured = in.boolean();
    event.answer.lines.push_back(line);
  }
  event.more = get_begun_legs(in, version);
}
void get(ByteReader& in, std::uint64_t version, Linked& event) {
  event.leg = get_leg(in);
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    event.links.push_back(get_link(in, plan_version));
  }
  event.claims = get_begun_legs(in, version);
}
void get(ByteReader& in, std::uint64_t, VoidRequested& event) {
  event.by = in.id();
}
Decision get_decision(ByteReader& in) {
  Decision decision;
  decision.by = in.text();
  decision.reason = in.text();
  return decision;
}
void get(ByteReader& in, std::uint64_t, Released& event) {
  event.leg = get_leg(in);
  if (in.boolean()) event.lane = in.enumerator(lane_last);
  event.decision = get_decision(in);
}
void get(ByteReader& in, std::uint64_t, Discarded& event) {
  event.leg = get_leg(in);
  event.decision = get_decision(in);
}
void get(ByteReader& in, std::uint64_t, Confirmed& event) {
  event.leg = get_leg(in);
  event.happened = in.boolean();
  event.target_id = in.text();
  event.decision = get_decision(in);
}
void get(ByteReader& in, std::uint64_t, Resent& event) {
  event.leg = get_leg(in);
  event.decision = get_decision(in);
}
void get(ByteReader& in, std::uint64_t, Paused& event) {
  event.leg = get_leg(in);
}
void get(ByteReader& in, std::uint64_t, Decided& event) {
  event.what = in.text();
  event.decision = get_decision(in);
}

void get(ByteReader& in, std::uint64_t, Corrected& event) {
  event.by = in.id();
  event.revision = static_cast<std::uint32_t>(in.u64());
  event.late = in.boolean();
}

void get(ByteReader& in, std::uint64_t, Suspected& event) {
  event.of = in.id();
}

void get(ByteReader& in, std::uint64_t, CaptureRequested& event) {
  event.points = {in.i64()};
}
void get(ByteReader&, std::uint64_t, ReleaseRequested&) {}
void get(ByteReader& in, std::uint64_t, Lapsed& event) {
  event.leg = get_leg(in);
}
void get(ByteReader& in, std::uint64_t, Reserved& event) {
  event.leg = get_leg(in);
  event.outcome = in.enumerator(Reserved::Outcome::refused);
  event.code = in.text();
}
void get(ByteReader&, std::uint64_t, Granted&) {}
void get(ByteReader& in, std::uint64_t, Surveyed& event) {
  event.leg = get_leg(in);
  if (!in.boolean()) {
    event.found = fail(get_fault(in));
    return;
  }
  SurveyOutcome outcome;
  outcome.kind = in.enumerator(SurveyOutcome::kind_last);
  outcome.answer = get_answer(in);
  outcome.by_others = in.boolean();
  outcome.reference = in.text();
  outcome.covered = {in.i64()};
  event.found = std::move(outcome);
  event.rest = in.text();
}
void get(ByteReader& in, std::uint64_t, Judged& event) {
  event.leg = get_leg(in);
  event.approved = in.boolean();
  event.decision.by = in.text();
  event.decision.reason = in.text();
}

/// The alternative with this number, read; nothing when there is none.
template <std::size_t I = 0>
std::optional<Event> get_alternative(ByteReader& in, std::uint64_t version, std::uint64_t number) {
  if constexpr (I == std::variant_size_v<Event>) {
    return std::nullopt;
  } else {
    if (number != I) return get_alternative<I + 1>(in, version, number);
    std::variant_alternative_t<I, Event> event;
    get(in, version, event);
    return Event(std::move(event));
  }
}

}  // namespace

void put_begun_legs(ByteWriter& out, const std::vector<Leg>& legs) {
  out.u64(legs.size());
  for (const Leg& leg : legs) {
    out.enumerator(leg.state);
    out.enumerator(leg.lane);
    if (leg.state == LegState::waiting) continue;
    out.text(leg.reason);
    out.text(leg.detail);
  }
}

std::vector<Leg> get_begun_legs(ByteReader& in, std::uint64_t version) {
  std::vector<Leg> legs;
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    Leg leg;
    leg.state = in.enumerator(leg_state_last);
    if (version >= lanes_since_version) leg.lane = in.enumerator(lane_last);
    if (leg.state != LegState::waiting) {
      leg.reason = in.text();
      leg.detail = in.text();
    }
    legs.push_back(std::move(leg));
  }
  return legs;
}

namespace {

enum class Stated : std::uint8_t { usual, as_before, here };

void put(ByteWriter& out, const RetryPolicy& retry) {
  out.i64(retry.first.count());
  out.i64(retry.longest.count());
  out.i64(retry.budget.count());
  out.u64(retry.tries_max);
}

RetryPolicy get_policy(ByteReader& in) {
  RetryPolicy retry;
  retry.first = Duration{in.i64()};
  retry.longest = Duration{in.i64()};
  retry.budget = Duration{in.i64()};
  retry.tries_max = static_cast<std::uint16_t>(in.u64());
  return retry;
}

}  // namespace

void put_retry(ByteWriter& out, const RetrySchedule& retry, const RetrySchedule& before) {
  if (retry == RetrySchedule{}) return out.enumerator(Stated::usual);
  if (retry == before) return out.enumerator(Stated::as_before);
  out.enumerator(Stated::here);
  put(out, retry.usual);
  out.u64(retry.by_class.size());
  for (const auto& [fault_class, policy] : retry.by_class) {
    out.enumerator(fault_class);
    put(out, policy);
  }
}

RetrySchedule get_retry(ByteReader& in, const RetrySchedule& before) {
  RetrySchedule retry;
  const Stated stated = in.enumerator(Stated::here);
  if (stated == Stated::usual) return retry;
  if (stated == Stated::as_before) return before;
  retry.usual = get_policy(in);
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    const FaultClass fault_class = in.enumerator(fault_class_last);
    retry.by_class.emplace_back(fault_class, get_policy(in));
  }
  return retry;
}

RetryPolicy get_entry_retry(ByteReader& in) {
  RetryPolicy retry;
  if (in.boolean()) return retry;
  retry.first = Duration{in.i64()};
  retry.longest = Duration{in.i64()};
  retry.budget = Duration{in.i64()};
  return retry;
}

namespace {
// Which of a target's traits are stored together with the order of its operation.
constexpr std::uint64_t has_lookup = 1;
constexpr std::uint64_t has_key = 2;
constexpr std::uint64_t order_step = 4;
constexpr std::uint64_t orders = 3;
constexpr std::uint64_t has_survey = order_step * orders;
constexpr std::uint64_t has_restore = has_survey * 2;
}  // namespace

void put_facts(ByteWriter& out, const Facts& facts, Instant at) {
  const OperationTraits& traits = facts.traits;
  const bool restored = facts.restore.count != 0;
  out.i64((facts.now - at).count());
  out.u64(facts.random);
  out.u64(static_cast<std::uint64_t>(traits.order) * order_step + (traits.lookup ? has_lookup : 0) +
          (traits.idempotent ? has_key : 0) + (traits.survey && restored ? has_survey : 0) +
          (restored ? has_restore : 0));
  out.i64(traits.idempotent_for.count());
  out.i64(traits.settle.count());
  out.i64(traits.deadline.count());
  if (!restored) return;
  out.u64(facts.restore.count);
  out.instant(facts.restore.at);
}

Facts get_facts(ByteReader& in, Instant at) {
  Facts facts;
  facts.now = at + Duration{in.i64()};
  facts.random = in.u64();
  const std::uint64_t flags = in.u64();
  // An order that no release knows would have been refused with the entry's version.
  facts.traits.order = static_cast<Order>(flags / order_step % orders);
  facts.traits.idempotent = (flags & has_key) != 0;
  facts.traits.lookup = (flags & has_lookup) != 0;
  facts.traits.survey = flags / has_survey % 2 != 0;
  facts.traits.idempotent_for = Duration{in.i64()};
  facts.traits.settle = Duration{in.i64()};
  facts.traits.deadline = Duration{in.i64()};
  if (flags < has_restore) return facts;
  facts.restore.count = static_cast<std::uint32_t>(in.u64());
  facts.restore.at = in.instant();
  return facts;
}

void put_event(ByteWriter& out, const Event& event) {
  out.u64(event.index());
  std::visit([&out](const auto& happened) { put(out, happened); }, event);
}

std::optional<Event> get_event_input(ByteReader& in, std::uint64_t version) {
  static_assert(std::is_same_v<std::variant_alternative_t<0, Event>, Begun> &&
                    std::is_same_v<std::variant_alternative_t<9, Event>, Released>,
                "the place of a type in Event is stored: new ones go to the end");
  return get_alternative(in, version, in.u64());
}

}  // namespace crossfoot::flow

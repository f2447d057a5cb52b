#include "flow/plan/flow.h"

#include <algorithm>
#include <array>

#include "base/codec.h"
#include "flow/plan/damaged.h"
#include "flow/plan/frozen_codec.h"
#include "flow/plan/link_codec.h"
#include "flow/plan/reference.h"

namespace crossfoot::flow {

namespace {

/// 2: frozen points by runs of units; links say whether they are measured. 3: what it supersedes,
/// what supersedes it, and revisions that repeat it. 4: a redemption. 5: legs that were asked for
/// after a restore. A flow is written in the lowest version that holds it, so that its state hash
/// stays what it was and the release before can read it.
constexpr std::uint64_t stored_version = 5;
constexpr std::uint64_t redemption_version = 4;
constexpr std::uint64_t revisions_version = 3;
constexpr std::uint64_t plain_version = 2;

std::uint64_t version_of(const Flow& flow) {
  const auto asked = [](const Leg& leg) { return leg.restores != 0 || leg.covered; };
  if (std::ranges::any_of(flow.legs, asked)) return stored_version;
  if (flow.redemption) return redemption_version;
  const bool plain =
      flow.supersedes.is_nil() && flow.superseded_by.is_nil() && flow.repeated_as == 0;
  return plain ? plain_version : revisions_version;
}

void put(ByteWriter& out, const Step& step) {
  out.text(step.operation);
  out.text(step.reference);
  out.boolean(step.done);
  out.id(step.call);
  if (!step.done) return;
  out.text(step.acknowledgement.target_id);
  out.hash(step.acknowledgement.response_hash);
  out.instant(step.acknowledgement.at);
}

Step get_step(ByteReader& in) {
  Step step;
  step.operation = in.text();
  step.reference = in.text();
  step.done = in.boolean();
  step.call = in.id();
  if (!step.done) return step;
  step.acknowledgement.target_id = in.text();
  step.acknowledgement.response_hash = in.hash();
  step.acknowledgement.at = in.instant();
  return step;
}

// Which of the rarely used fields follow: a plain leg stores none of them.
enum LegFields : std::uint64_t {
  has_order = 1,
  has_after = 2,
  has_arguments = 4,
  has_attempts = 8,
  has_times = 16,
  has_reason = 32,
  has_undoes = 64,
  has_book = 128,
  has_restores = 256,
};

void put(ByteWriter& out, const Leg& leg) {
  std::uint64_t fields = 0;
  if (!leg.order_key.is_zero()) fields |= has_order;
  if (!leg.after.empty()) fields |= has_after;
  if (!leg.arguments.empty()) fields |= has_arguments;
  if (leg.attempts != 0 || leg.lookups != 0 || leg.uncertain) fields |= has_attempts;
  const bool timed =
      leg.due_at.micros != 0 || leg.calling_until.micros != 0 || leg.first_due_at.micros != 0;
  if (timed) fields |= has_times;
  if (!leg.reason.empty() || !leg.detail.empty()) fields |= has_reason;
  if (!leg.undoes.is_nil()) fields |= has_undoes;
  if (!leg.book.is_zero()) fields |= has_book;
  if (leg.restores != 0 || leg.covered) fields |= has_restores;

  out.u64(fields);
  out.enumerator(leg.kind);
  out.enumerator(leg.state);
  out.text(leg.target);
  out.enumerator(leg.lane);
  out.u64(leg.steps.size());
  for (const Step& step : leg.steps) put(out, step);
  if (fields & has_order) out.hash(leg.order_key);
  if (fields & has_after) {
    out.u64(leg.after.size());
    for (const std::uint16_t before : leg.after) out.u64(before);
  }
  if (fields & has_arguments) out.text(leg.arguments);
  if (fields & has_attempts) {
    out.u64(leg.attempts);
    out.u64(leg.lookups);
    out.boolean(leg.uncertain);
    out.boolean(leg.retry_with_key);
  }
  if (fields & has_times) {
    out.instant(leg.due_at);
    out.instant(leg.calling_until);
    out.instant(leg.first_due_at);
  }
  if (fields & has_reason) {
    out.text(leg.reason);
    out.text(leg.detail);
  }
  if (fields & has_undoes) out.id(leg.undoes);
  if (fields & has_book) {
    out.hash(leg.book);
    out.i64(leg.book_date.days);
  }
  if (fields & has_restores) {
    out.u64(leg.restores);
    out.text(leg.rest);
    out.i64(leg.had.count);
    out.boolean(leg.covered);
    out.text(leg.covered_by);
  }
}

Leg get_leg(ByteReader& in, std::uint16_t number) {
  Leg leg;
  leg.number = number;
  const std::uint64_t fields = in.u64();
  leg.kind = in.enumerator(leg_kind_last);
  leg.state = in.enumerator(leg_state_last);
  leg.target = in.text();
  leg.lane = in.enumerator(lane_last);
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    leg.steps.push_back(get_step(in));
  }
  if (fields & has_order) leg.order_key = in.hash();
  if (fields & has_after) {
    for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
      leg.after.push_back(static_cast<std::uint16_t>(in.u64()));
    }
  }
  if (fields & has_arguments) leg.arguments = in.text();
  if (fields & has_attempts) {
    leg.attempts = static_cast<std::uint16_t>(in.u64());
    leg.lookups = static_cast<std::uint16_t>(in.u64());
    leg.uncertain = in.boolean();
    leg.retry_with_key = in.boolean();
  }
  if (fields & has_times) {
    leg.due_at = in.instant();
    leg.calling_until = in.instant();
    leg.first_due_at = in.instant();
  }
  if (fields & has_reason) {
    leg.reason = in.text();
    leg.detail = in.text();
  }
  if (fields & has_undoes) leg.undoes = in.id();
  if (fields & has_book) {
    leg.book = in.hash();
    leg.book_date = {static_cast<std::int32_t>(in.i64())};
  }
  if (fields & has_restores) {
    leg.restores = static_cast<std::uint32_t>(in.u64());
    leg.rest = in.text();
    leg.had = {in.i64()};
    leg.covered = in.boolean();
    leg.covered_by = in.text();
  }
  return leg;
}

void put_points(ByteWriter& out, const std::optional<Points>& points) {
  out.boolean(points.has_value());
  if (points) out.i64(points->count);
}

std::optional<Points> get_points(ByteReader& in) {
  if (!in.boolean()) return std::nullopt;
  return Points{in.i64()};
}

}  // namespace

std::string_view to_string(Disposition disposition) {
  static constexpr std::array<std::string_view, 7> names{
      "pending", "matched", "over_returned", "orphaned", "no_customer", "adjustment", "voided"};
  return names[static_cast<std::size_t>(disposition)];
}

std::string_view to_string(FlowState state) {
  static constexpr std::array<std::string_view, 4> names{"open", "done", "parked", "dead"};
  return names[static_cast<std::size_t>(state)];
}

const Leg* Flow::first_of(LegKind kind_wanted) const {
  const auto at = std::ranges::find(legs, kind_wanted, &Leg::kind);
  return at == legs.end() ? nullptr : &*at;
}

std::string sent_reference(const Leg& leg, const Step& step) {
  if (!leg.covered_by.empty()) return leg.covered_by;
  return leg.rest.empty() ? step.reference : make_resend_reference(step.reference, leg.restores);
}

FlowState state_of(const Flow& flow) {
  bool stuck = false;
  bool dead = false;
  for (const Leg& leg : flow.legs) {
    switch (leg.state) {
      case LegState::done:
      case LegState::cancelled:
        break;
      case LegState::waiting:
        stuck = true;  // by itself it waits for a leg that is stuck, or for one that moves below
        break;
      case LegState::rejected:
        stuck = stuck || !is_decline(flow, leg);
        break;
      case LegState::parked:
        stuck = true;
        break;
      case LegState::dead:
        dead = true;
        break;
      case LegState::due:
      case LegState::calling:
      case LegState::retrying:
      case LegState::unknown:
        return FlowState::open;
    }
  }
  if (dead) return FlowState::dead;
  return stuck ? FlowState::parked : FlowState::done;
}

const Leg* first_stuck(const Flow& flow) {
  for (const Leg& leg : flow.legs) {
    if (leg.state == LegState::parked || leg.state == LegState::dead ||
        (leg.state == LegState::rejected && !is_decline(flow, leg))) {
      return &leg;
    }
  }
  return nullptr;
}

std::string encode(const Flow& flow) {
  ByteWriter out;
  const std::uint64_t version = version_of(flow);
  out.u64(version);
  out.id(flow.id);
  out.u64(flow.version);
  out.enumerator(flow.kind);
  out.text(flow.natural_key);
  out.text(flow.tenant);
  out.text(flow.member);
  out.u64(flow.revision);
  out.instant(flow.occurred_at);
  out.instant(flow.recorded_at);
  out.text(flow.correlation_id);
  out.u64(flow.programme_version);
  out.u64(flow.legs.size());
  for (const Leg& leg : flow.legs) put(out, leg);
  put_points(out, flow.expected);
  put_points(out, flow.answered);
  out.i64(flow.reversed.count);
  put_frozen(out, flow.frozen);
  out.u64(flow.links.size());
  for (const LineLink& link : flow.links) put_link(out, link);
  out.u64(flow.journal.size());
  for (const std::uint64_t position : flow.journal) out.u64(position);
  if (version >= revisions_version) {
    out.id(flow.supersedes);
    out.id(flow.superseded_by);
    out.u64(flow.repeated_as);
  }
  if (version > redemption_version) out.boolean(flow.redemption.has_value());
  if (version >= redemption_version && flow.redemption) {
    put_redemption(out, *flow.redemption);
  }
  return out.take();
}

Result<Flow> decode_flow(std::string_view bytes) {
  ByteReader in(bytes);
  Flow flow;
  const std::uint64_t version = in.u64();
  if (version == 0 || version > stored_version) {
    return fail(damaged("flow state"));
  }
  flow.id = in.id();
  flow.version = static_cast<std::uint32_t>(in.u64());
  flow.kind = in.enumerator(contract::transaction_kind_last);
  flow.natural_key = in.text();
  flow.tenant = in.text();
  flow.member = in.text();
  flow.revision = static_cast<std::uint32_t>(in.u64());
  flow.occurred_at = in.instant();
  flow.recorded_at = in.instant();
  flow.correlation_id = in.text();
  flow.programme_version = static_cast<std::uint32_t>(in.u64());
  const std::size_t legs = in.count();
  for (std::size_t i = 1; i <= legs && !in.failed(); ++i) {
    flow.legs.push_back(get_leg(in, static_cast<std::uint16_t>(i)));
  }
  flow.expected = get_points(in);
  flow.answered = get_points(in);
  flow.reversed = {in.i64()};
  flow.frozen = get_frozen(in, version);
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    flow.links.push_back(get_link(in, version));
  }
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    flow.journal.push_back(in.u64());
  }
  if (version >= revisions_version) {
    flow.supersedes = in.id();
    flow.superseded_by = in.id();
    flow.repeated_as = static_cast<std::uint32_t>(in.u64());
  }
  const bool redeems = version > redemption_version ? in.boolean() : version == redemption_version;
  if (redeems) flow.redemption = get_redemption(in);
  if (in.failed() || !in.at_end()) {
    return fail(damaged("flow state"));
  }
  return flow;
}

}  // namespace crossfoot::flow

#include "edge/views.h"

#include <algorithm>
#include <array>

#include "base/money.h"
#include "contract/transaction.h"

namespace crossfoot::edge {

namespace {

using contract::JsonWriter;

void member_or_null(JsonWriter& out, std::string_view name, std::optional<Points> points) {
  out.key(name);
  if (points) {
    out.integer(points->count);
  } else {
    out.null();
  }
}

std::string text_or_empty(std::optional<Instant> at) {
  return at ? to_string(*at) : std::string{};
}

std::string gross_of(const store::MessageRow& message) {
  const std::optional<Currency> currency = find_currency(message.currency);
  return currency ? to_string(Money{message.gross_minor, *currency}) : std::string{};
}

/// Of an invalid message only what could be read is known; what was not is null, never a default.
void write_head(JsonWriter& out, const store::MessageRow& message) {
  const bool read = message.state != store::MessageState::invalid;
  const bool is_till = !message.register_name.empty() || !read;
  const auto kind = static_cast<contract::TransactionKind>(message.kind);
  const auto channel = static_cast<contract::Channel>(message.channel);
  const bool dated = read || message.business_date != BusinessDate{};
  const bool timed = read || message.occurred_at != Instant{};
  out.member("id", to_string(message.id));
  out.member("state", to_string(message.state));
  out.member("correlation_id", message.correlation_id);
  out.member_or_null("kind", read ? contract::to_string(kind) : "");
  out.member_or_null("channel", read ? contract::to_string(channel) : "");
  out.member_or_null("shop", message.shop);
  out.member_or_null("register", message.register_name);
  out.member_or_null("sequence", is_till ? message.sequence : "");
  if (!is_till) out.member("external_id", message.sequence);
  out.member_or_null("business_date", dated ? to_string(message.business_date) : "");
  out.member_or_null("occurred_at", timed ? to_string(message.occurred_at) : "");
  out.member("recorded_at", to_string(message.recorded_at));
  out.member_or_null("currency", message.currency);
  out.member_or_null("gross", read ? gross_of(message) : "");
  out.member_or_null("member", message.member);
  const std::string other =
      message.conflict_with.is_nil() ? std::string{} : to_string(message.conflict_with);
  const bool superseded = message.state == store::MessageState::superseded;
  const bool suspected = message.state == store::MessageState::suspected;
  out.member_or_null("conflict_with", superseded || suspected ? std::string{} : other);
  if (superseded) out.member("superseded_by", other);
  if (suspected) out.member("suspected_duplicate_of", other);
  if (!message.code.empty()) out.member("code", message.code);
}

bool has_due_time(flow::LegState state) {
  return state == flow::LegState::due || state == flow::LegState::retrying ||
         state == flow::LegState::unknown;
}

void write_step(JsonWriter& out, const flow::Leg& leg, const flow::Step& step, bool is_next) {
  out.begin_object();
  out.member("name", step.operation);
  out.member("reference", step.reference);
  std::string_view state = flow::to_string(flow::LegState::waiting);
  if (step.done) {
    state = flow::to_string(flow::LegState::done);
  } else if (is_next) {
    state = flow::to_string(leg.state);
  }
  out.member("state", state);
  out.key("acknowledgement");
  if (!step.done) {
    out.null().end_object();
    return;
  }
  out.begin_object();
  out.member("id", step.acknowledgement.target_id);
  out.member("at", to_string(step.acknowledgement.at));
  out.member("response_hash", to_string(step.acknowledgement.response_hash));
  out.end_object().end_object();
}

void write_leg(JsonWriter& out, const flow::Leg& leg) {
  out.begin_object();
  out.member("leg", leg.number);
  out.member("kind", flow::to_string(leg.kind));
  out.member_or_null("target", leg.target);
  out.member_or_null("order_key", leg.order_key.is_zero() ? "" : to_string(leg.order_key));
  out.member("state", flow::to_string(leg.state));
  out.member("attempts", leg.attempts);
  out.member_or_null("due_at", has_due_time(leg.state) ? to_string(leg.due_at) : "");
  out.member_or_null("reason", leg.reason);
  out.key("steps").begin_array();
  const flow::Step* next = flow::next_step(leg);
  for (const flow::Step& step : leg.steps) write_step(out, leg, step, &step == next);
  out.end_array().end_object();
}

void write_link(JsonWriter& out, const flow::LineLink& link) {
  std::int64_t covered = 0;
  for (const flow::LinkPart& part : link.parts) covered += part.covered;
  out.begin_object();
  out.member("line", link.line);
  out.member("disposition", flow::to_string(link.disposition));
  const auto text = [&link](std::int64_t units) {
    return to_string(ledger::to_decimal({units, link.measured}));
  };
  out.member("covered", text(covered));
  out.key("originals").begin_array();
  for (const flow::LinkPart& part : link.parts) {
    out.begin_object();
    out.member_or_null("id", part.original.is_nil() ? "" : to_string(part.original));
    out.member("line", part.line);
    out.member("quantity", text(part.units));
    out.end_object();
  }
  out.end_array().end_object();
}

void write_flow(JsonWriter& out, const flow::Flow& flow) {
  out.begin_object();
  out.member("state", flow::to_string(flow::state_of(flow)));
  out.member("receipt_key", to_string(hash128(flow.natural_key)));
  if (!flow.supersedes.is_nil()) out.member("supersedes", to_string(flow.supersedes));
  out.key("legs").begin_array();
  for (const flow::Leg& leg : flow.legs) write_leg(out, leg);
  out.end_array();
  out.key("points").begin_object();
  member_or_null(out, "expected", flow.expected);
  member_or_null(out, "answered", flow.answered);
  out.member("reversed", flow.reversed.count);
  out.end_object();
  out.key("links").begin_array();
  for (const flow::LineLink& link : flow.links) write_link(out, link);
  out.end_array().end_object();
}

void write_event(JsonWriter& out, Instant at, const flow::Flow& flow,
                 const flow::JournalEvent& event) {
  const flow::Leg* leg = flow.leg(event.leg);
  out.begin_object();
  out.member("at", to_string(at));
  out.member("event", flow::to_string(event.kind));
  out.key("leg");
  leg == nullptr ? out.null() : out.integer(event.leg);
  out.member_or_null("kind", leg == nullptr ? "" : flow::to_string(leg->kind));
  out.member_or_null("target", leg == nullptr ? std::string_view{} : leg->target);
  out.member_or_null("step", event.step);
  out.key("attempt");
  event.attempt == 0 ? out.null() : out.integer(event.attempt);
  out.member_or_null("state", leg == nullptr ? "" : flow::to_string(event.state));
  out.member_or_null("reference", event.reference);
  out.member_or_null("detail", event.detail);
  out.end_object();
}

/// A message without a flow: that is all there is to say of it.
void write_message_event(JsonWriter& out, const store::MessageRow& message) {
  out.begin_object();
  out.member("at", to_string(message.recorded_at));
  out.member("event", to_string(message.state));
  for (const std::string_view name : {"leg", "kind", "target", "step", "attempt", "state"}) {
    out.key(name).null();
  }
  out.key("reference").null();
  const bool superseded = message.state == store::MessageState::superseded;
  out.member_or_null("detail",
                     superseded ? "by " + to_string(message.conflict_with) : message.code);
  out.end_object();
}

}  // namespace

std::string location_of(Id id) {
  return "/v1/transactions/" + to_string(id);
}

std::string_view to_string(store::MessageState state) {
  switch (state) {
    case store::MessageState::accepted:
    case store::MessageState::suspected:
      return "accepted";
    case store::MessageState::held:
      return "held";
    case store::MessageState::replaced:
      return "replaced";
    case store::MessageState::discarded:
      return "discarded";
    case store::MessageState::superseded:
      return "superseded";
    case store::MessageState::invalid:
      return "invalid";
  }
  return {};
}

std::string_view to_string(store::FlowStatus status) {
  switch (status) {
    case store::FlowStatus::open:
      return "open";
    case store::FlowStatus::done:
      return "done";
    case store::FlowStatus::parked:
      return "parked";
    case store::FlowStatus::dead:
      return "dead";
  }
  return {};
}

void write_transaction(JsonWriter& out, const store::MessageRow& message, const flow::Flow* flow,
                       const std::vector<ReceiptSlice>& slices) {
  out.begin_object();
  write_head(out, message);
  if (!slices.empty()) {
    out.key("slices").begin_array();
    for (const ReceiptSlice& one : slices) {
      out.begin_object().member("slice", one.slice).member("close", to_string(one.close));
      out.member("removed", one.removed).end_object();
    }
    out.end_array();
  }
  out.key("flow");
  if (flow == nullptr) {
    out.null();
  } else {
    write_flow(out, *flow);
  }
  out.end_object();
}

void write_list_item(JsonWriter& out, const store::MessageRow& message,
                     const store::FlowRow* flow) {
  out.begin_object();
  write_head(out, message);
  out.key("flow");
  if (flow == nullptr) {
    out.null();
  } else {
    out.begin_object().member("state", to_string(flow->status)).end_object();
  }
  out.end_object();
}

void write_timeline(JsonWriter& out, const store::MessageRow& message, const flow::Flow* flow,
                    const std::vector<flow::JournalEntry>& entries) {
  out.begin_object();
  out.member("id", to_string(message.id));
  out.member("correlation_id", message.correlation_id);
  out.key("entries").begin_array();
  if (flow == nullptr) {
    write_message_event(out, message);
  } else {
    for (const flow::JournalEntry& entry : entries) {
      for (const flow::JournalEvent& event : entry.events) write_event(out, entry.at, *flow, event);
    }
  }
  out.end_array().end_object();
}

void write_money(JsonWriter& out, const std::vector<std::pair<std::string, std::int64_t>>& money) {
  out.begin_object();
  for (const auto& [code, minor] : money) {
    const std::optional<Currency> currency = find_currency(code);
    if (currency) out.member(code, to_string(Money{minor, *currency}));
  }
  out.end_object();
}

void write_dead_letter(JsonWriter& out, const store::MessageRow& message, const store::FlowRow& row,
                       const flow::Flow& flow) {
  out.begin_object();
  write_head(out, message);
  out.key("flow").begin_object().member("state", to_string(row.status));
  out.member("code", row.code).member("since", to_string(row.since));
  std::uint64_t sent = 0;
  std::uint64_t done = 0;
  out.key("legs").begin_array();
  for (const flow::Leg& leg : flow.legs) {
    if (!flow::is_local(leg.kind)) ++sent;
    if (!flow::is_local(leg.kind) && leg.state == flow::LegState::done) ++done;
    if (!flow::is_stuck(leg.state)) continue;
    const flow::Step* step = flow::next_step(leg);
    out.begin_object().member("leg", leg.number).member("kind", flow::to_string(leg.kind));
    out.member_or_null("target", leg.target).member("state", flow::to_string(leg.state));
    out.member("reason", leg.reason).member_or_null("detail", leg.detail);
    out.member("attempts", leg.attempts);
    out.member_or_null("reference", step == nullptr ? std::string_view{} : step->reference);
    out.key("outcome_open").boolean(leg.uncertain);
    out.end_object();
  }
  out.end_array();
  out.member("legs_sent_to_targets", sent).member("legs_done", done);
  out.end_object().end_object();
}

void write_replay(JsonWriter& out, const flow::ReplayJob& job) {
  const flow::ReplayFilter& filter = job.request.filter;
  out.begin_object().member("id", to_string(job.id));
  out.member("state", flow::to_string(job.state));
  out.key("dry_run").boolean(job.request.dry_run);
  out.member("by", job.request.by).member("reason", job.request.reason);
  out.member("flows_per_second", job.request.flows_per_second);
  out.key("filter").begin_object();
  out.member_or_null("code", filter.code).member_or_null("target", filter.target);
  out.member_or_null("shop", filter.shop).member_or_null("member", filter.member);
  out.member_or_null("region", filter.region).member_or_null("key", filter.key);
  out.member_or_null("reference", filter.reference);
  out.member_or_null("from", filter.from ? to_string(*filter.from) : "");
  out.member_or_null("to", filter.to ? to_string(*filter.to) : "");
  out.member_or_null(
      "channel",
      filter.channel ? contract::to_string(static_cast<contract::Channel>(*filter.channel)) : "");
  out.key("dead_only").boolean(filter.dead_only);
  out.end_object();
  out.member("created_at", to_string(job.created_at));
  out.member_or_null("finished_at", job.finished_at.micros == 0 ? "" : to_string(job.finished_at));
  out.member("examined", job.examined).member("flows", job.flows);
  out.key("legs").begin_object().member("total", job.legs).member("already_done", job.legs_done);
  out.member("selected", job.legs_selected).member("refused", job.legs_refused).end_object();
  out.key("money");
  write_money(out, job.money);
  out.end_object();
}

std::int64_t counter(const std::vector<std::pair<std::string, std::int64_t>>& counters,
                     std::string_view name) {
  const auto at = std::ranges::find(counters, name, &std::pair<std::string, std::int64_t>::first);
  return at == counters.end() ? 0 : at->second;
}

std::string render_overview(const OverviewFacts& facts) {
  constexpr std::string_view accepted = "accepted|";
  JsonWriter out;
  out.begin_object();
  out.member("as_of", to_string(facts.as_of));
  std::int64_t total = 0;
  for (const auto& [name, value] : facts.counters) {
    if (name.starts_with(accepted)) total += value;
  }
  out.key("received").begin_object().member("total", total);
  out.key("by_channel").begin_object();
  for (const auto& [name, value] : facts.counters) {
    if (name.starts_with(accepted)) out.member(name.substr(accepted.size()), value);
  }
  out.end_object().end_object();
  out.key("flows").begin_object();
  for (const std::string_view state : {"open", "done", "parked", "dead"}) {
    out.member(state, counter(facts.counters, std::string("flows|").append(state)));
  }
  out.end_object();
  out.member("held", counter(facts.counters, "held"));
  out.member("invalid", counter(facts.counters, "invalid"));
  out.member("till_records", counter(facts.counters, "till_records"));
  out.key("waiting").begin_array();
  for (const OverviewFacts::Waiting& waiting : facts.waiting) {
    out.begin_object().member("target", waiting.target).member("count", waiting.count);
    out.member_or_null("oldest_at", text_or_empty(waiting.oldest)).end_object();
  }
  out.end_array();
  out.key("parked").begin_array();
  for (const store::ParkedGroup& group : facts.parked) {
    out.begin_object().member("code", group.code).member("count", group.count);
    out.member("oldest_at", to_string(group.oldest)).end_object();
  }
  out.end_array();
  out.key("targets").begin_array();
  for (const OverviewFacts::Target& target : facts.targets) {
    out.begin_object().member("target", target.status.name).member("breaker", target.breaker);
    out.member("in_flight", target.status.in_flight).member("due", target.due).end_object();
  }
  out.end_array().end_object();
  return out.take();
}

}  // namespace crossfoot::edge

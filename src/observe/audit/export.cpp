#include "observe/audit/export.h"

#include <fmt/format.h>

#include <array>

#include "flow/decide/journal.h"
#include "observe/audit/chain.h"

namespace crossfoot::observe {

namespace {

using contract::JsonWriter;
using flow::JournalEntry;

constexpr std::array<std::string_view, std::variant_size_v<flow::Event>> input_names{
    "begun",
    "taken",
    "answered",
    "failed",
    "looked_up",
    "restarted",
    "claimed",
    "linked",
    "void_requested",
    "released",
    "discarded",
    "confirmed",
    "resent",
    "paused",
    "decided",
    "corrected",
    "suspected",
    "capture_requested",
    "release_requested",
    "lapsed",
    "reserved",
    "granted",
    "surveyed",
    "judged"};
static_assert(!input_names.back().empty(), "every event has a name");

std::string_view state_of_row(const store::JournalRow& row, const Result<JournalEntry>& entry) {
  if (row.flow.is_nil() && row.entry.empty()) return "closed_gap";
  if (flow::erased_digest(row.entry)) return "erased";
  return entry ? "kept" : "damaged";
}

void write_event(JsonWriter& out, const flow::JournalEvent& event) {
  out.begin_object().member("event", flow::to_string(event.kind));
  if (event.leg != 0) {
    out.member("leg", event.leg).member("state", flow::to_string(event.state));
    out.member("attempt", event.attempt);
  }
  if (!event.step.empty()) out.member("step", event.step).member("reference", event.reference);
  if (!event.detail.empty()) out.member("detail", event.detail);
  if (!event.call.is_nil()) out.member("call", to_string(event.call));
  out.end_object();
}

void write_members(JsonWriter& out, const flow::RetryPolicy& policy) {
  out.member("first_us", policy.first.count()).member("longest_us", policy.longest.count());
  out.member("budget_us", policy.budget.count()).member("tries_max", policy.tries_max);
}

void write_input(JsonWriter& out, const flow::JournalInput& input) {
  const flow::Facts& facts = input.facts;
  out.begin_object().member("event", input_names[input.event.index()]);
  out.key("facts").begin_object().member("now", to_string(facts.now));
  out.member("random", facts.random);
  out.key("retry").begin_object();
  write_members(out, facts.retry.usual);
  out.key("by_class").begin_object();
  for (const auto& [fault_class, policy] : facts.retry.by_class) {
    out.key(to_string(fault_class)).begin_object();
    write_members(out, policy);
    out.end_object();
  }
  out.end_object().end_object();
  out.member("idempotent", facts.traits.idempotent).member("lookup", facts.traits.lookup);
  out.member("deadline_us", facts.traits.deadline.count());
  out.member("settle_us", facts.traits.settle.count());
  out.end_object().end_object();
}

}  // namespace

void write_audit_row(JsonWriter& out, const store::JournalRow& row) {
  const auto entry = flow::decode_journal(row.entry);
  out.begin_object().member("partition", row.partition).member("position", row.position);
  out.member("at", to_string(row.at));
  out.member_or_null("flow", row.flow.is_nil() ? std::string() : to_string(row.flow));
  const std::string_view state = state_of_row(row, entry);
  out.member("entry", state);
  if (state == "kept") {
    out.member("decider", entry->decider).member("state_hash", to_string(entry->state_hash));
    out.key("events").begin_array();
    for (const flow::JournalEvent& event : entry->events) write_event(out, event);
    out.end_array().key("inputs").begin_array();
    for (const flow::JournalInput& input : entry->inputs) write_input(out, input);
    out.end_array();
  }
  out.member("digest", hex(audit_digest(row.entry))).end_object();
}

std::string audit_line(const store::JournalRow& row) {
  const auto entry = flow::decode_journal(row.entry);
  const std::string_view state = state_of_row(row, entry);
  std::string line = fmt::format("{:4}/{:<6} {:<27} {} ", row.partition, row.position,
                                 to_string(row.at), to_string(row.flow));
  if (state != "kept") return line + std::string(state);
  for (const flow::JournalEvent& event : entry->events) {
    line += flow::to_string(event.kind);
    if (event.leg != 0) line += fmt::format(" {}", event.leg);
    if (!event.step.empty()) line += fmt::format(" {} {}", event.step, event.reference);
    if (!event.detail.empty()) line += fmt::format(" ({})", event.detail);
    line += "; ";
  }
  return line + fmt::format("rules {}, state {}", entry->decider, to_string(entry->state_hash));
}

}  // namespace crossfoot::observe

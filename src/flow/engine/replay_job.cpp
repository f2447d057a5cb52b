#include "flow/engine/replay_job.h"

#include <algorithm>
#include <array>

#include "base/codec.h"
#include "flow/decide/decide.h"
#include "flow/engine/references.h"
#include "flow/plan/damaged.h"

namespace crossfoot::flow {

namespace {

/// 2: a filter may name a region or a key. 3: or a reference.
constexpr std::uint64_t stored_version = 3;
constexpr std::uint64_t pause_version = 1;

void put(ByteWriter& out, std::optional<BusinessDate> date) {
  out.boolean(date.has_value());
  if (date) out.i64(date->days);
}

std::optional<BusinessDate> date_of(ByteReader& in) {
  if (!in.boolean()) return std::nullopt;
  return BusinessDate{static_cast<std::int32_t>(in.i64())};
}

void put(ByteWriter& out, const ReplayRequest& request) {
  const ReplayFilter& filter = request.filter;
  out.text(filter.code);
  out.text(filter.target);
  out.text(filter.shop);
  out.text(filter.member);
  put(out, filter.from);
  put(out, filter.to);
  out.boolean(filter.channel.has_value());
  if (filter.channel) out.u64(*filter.channel);
  out.boolean(filter.dead_only);
  out.boolean(request.dry_run);
  out.text(request.by);
  out.text(request.reason);
  out.u64(request.flows_per_second);
  out.text(filter.region);
  out.text(filter.key);
  out.text(filter.reference);
}

ReplayRequest request_of(ByteReader& in, std::uint64_t version) {
  ReplayRequest request;
  ReplayFilter& filter = request.filter;
  filter.code = in.text();
  filter.target = in.text();
  filter.shop = in.text();
  filter.member = in.text();
  filter.from = date_of(in);
  filter.to = date_of(in);
  if (in.boolean()) filter.channel = static_cast<std::uint8_t>(in.u64());
  filter.dead_only = in.boolean();
  request.dry_run = in.boolean();
  request.by = in.text();
  request.reason = in.text();
  request.flows_per_second = static_cast<std::uint32_t>(in.u64());
  if (version >= 2) {
    filter.region = in.text();
    filter.key = in.text();
  }
  if (version >= 3) filter.reference = in.text();
  return request;
}

}  // namespace

std::string_view to_string(ReplayState state) {
  static constexpr std::array<std::string_view, 3> names{"running", "done", "cancelled"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view to_string(PauseKind kind) {
  static constexpr std::array<std::string_view, pause_kind_count> names{"target", "shop", "member",
                                                                        "region", "key"};
  return names[static_cast<std::size_t>(kind)];
}

void ReplayJob::add_money(const std::string& currency, std::int64_t minor) {
  const auto at = std::ranges::find(money, currency, &std::pair<std::string, std::int64_t>::first);
  if (at == money.end()) {
    money.emplace_back(currency, minor);
  } else {
    at->second += minor;
  }
}

bool matches(const ReplayFilter& filter, const store::MessageRow& message) {
  return (filter.shop.empty() || filter.shop == message.shop) &&
         (filter.member.empty() || filter.member == message.member) &&
         (!filter.channel || *filter.channel == message.channel) &&
         (!filter.from || *filter.from <= message.business_date) &&
         (!filter.to || message.business_date <= *filter.to);
}

bool has_key(const Flow& flow, const Leg& leg, std::string_view key) {
  return (!leg.order_key.is_zero() && to_string(leg.order_key) == key) ||
         (!leg.book.is_zero() && to_string(leg.book) == key) ||
         to_string(hash128(flow.natural_key)) == key;
}

namespace {

bool waits_for(const Leg& leg, const std::string& reference) {
  const auto names = references_of(leg);
  return std::ranges::find(names, reference) != names.end();
}

}  // namespace

std::vector<std::uint16_t> stuck_legs(const ReplayFilter& filter, const Flow& flow) {
  std::vector<std::uint16_t> numbers;
  for (const Leg& leg : flow.legs) {
    const bool wanted = is_stuck(leg.state) && (!filter.dead_only || leg.state == LegState::dead) &&
                        (filter.code.empty() || filter.code == leg.reason) &&
                        (filter.target.empty() || filter.target == leg.target) &&
                        (filter.key.empty() || has_key(flow, leg, filter.key)) &&
                        (filter.reference.empty() || waits_for(leg, filter.reference));
    if (wanted) numbers.push_back(leg.number);
  }
  return numbers;
}

std::string encode(const ReplayJob& job) {
  ByteWriter out;
  out.u64(stored_version);
  out.id(job.id);
  put(out, job.request);
  out.enumerator(job.state);
  out.instant(job.created_at);
  out.instant(job.finished_at);
  out.enumerator(job.walking);
  out.id(job.after);
  for (const std::uint64_t count :
       {job.examined, job.flows, job.legs, job.legs_done, job.legs_selected, job.legs_refused}) {
    out.u64(count);
  }
  out.u64(job.money.size());
  for (const auto& [currency, minor] : job.money) {
    out.text(currency);
    out.i64(minor);
  }
  return out.take();
}

Result<ReplayJob> decode_replay(std::string_view bytes) {
  ByteReader in(bytes);
  ReplayJob job;
  const std::uint64_t version = in.u64();
  job.id = in.id();
  job.request = request_of(in, version);
  job.state = in.enumerator(replay_state_last);
  job.created_at = in.instant();
  job.finished_at = in.instant();
  job.walking = in.enumerator(store::FlowStatus::dead);
  job.after = in.id();
  for (std::uint64_t* count : {&job.examined, &job.flows, &job.legs, &job.legs_done,
                               &job.legs_selected, &job.legs_refused}) {
    *count = in.u64();
  }
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    std::string currency = in.text();
    job.money.emplace_back(std::move(currency), in.i64());
  }
  if (version == 0 || version > stored_version || in.failed() || !in.at_end()) {
    return fail(damaged("replay"));
  }
  return job;
}

std::string encode(const Pause& pause) {
  ByteWriter out;
  out.u64(pause_version);
  out.enumerator(pause.kind);
  out.text(pause.value);
  out.text(pause.by);
  out.text(pause.reason);
  out.instant(pause.since);
  return out.take();
}

Result<Pause> decode_pause(std::string_view bytes) {
  ByteReader in(bytes);
  Pause pause;
  const std::uint64_t version = in.u64();
  pause.kind = in.enumerator(pause_kind_last);
  pause.value = in.text();
  pause.by = in.text();
  pause.reason = in.text();
  pause.since = in.instant();
  if (version != pause_version || in.failed() || !in.at_end()) return fail(damaged("pause"));
  return pause;
}

std::string pause_key(PauseKind kind, std::string_view value) {
  return std::string(to_string(kind)).append("|").append(value);
}

}  // namespace crossfoot::flow

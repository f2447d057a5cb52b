#include "sandbox/faults.h"

#include <cmath>

#include "runtime/random.h"

namespace crossfoot::sandbox {

namespace {

constexpr std::int64_t wait_ms_max = 600'000;

/// In the order in which they are drawn; an outage is a matter of time alone.
constexpr std::pair<Mishap, std::string_view> rates[] = {
    {Mishap::throttled, "rate_429"},
    {Mishap::unavailable, "rate_503"},
    {Mishap::applied_late, "rate_applied_after_not_found"},
    {Mishap::timeout, "rate_timeout_after_success"},
    {Mishap::unavailable_after, "rate_503_after_effect"},
    {Mishap::malformed, "rate_malformed"},
    {Mishap::duplicate, "rate_duplicate_answer"},
};

std::uint64_t content_hash(const Call& call) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ static_cast<std::uint64_t>(call.method);  // FNV-1a
  for (const std::string_view part : {call.path, call.query, call.body}) {
    for (const char c : part) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    hash = (hash ^ 0xffU) * 0x100000001b3ULL;
  }
  return hash;
}

std::int64_t bounded(JsonFields& fields, std::string_view name, std::int64_t absent) {
  const std::int64_t value = fields.integer(name).value_or(absent);
  if (value < 0 || value > wait_ms_max) fields.fail(name, "0 to 600,000 is expected");
  return value;
}

}  // namespace

std::string_view to_string(Mishap mishap) {
  switch (mishap) {
    case Mishap::none:
      return "none";
    case Mishap::outage:
      return "outage";
    case Mishap::throttled:
      return "throttled";
    case Mishap::unavailable:
      return "unavailable";
    case Mishap::applied_late:
      return "applied_late";
    case Mishap::timeout:
      return "timeout";
    case Mishap::unavailable_after:
      return "unavailable_after";
    case Mishap::malformed:
      return "malformed";
    case Mishap::duplicate:
      return "duplicate";
  }
  return "none";
}

Faults::Plan Faults::read(JsonFields& fields, std::string& fault, Duration now) {
  fields.only({"seed", "latency_ms", "rate_429", "retry_after_s", "rate_503",
               "rate_503_after_effect", "rate_timeout_after_success", "hold_ms",
               "rate_duplicate_answer", "rate_malformed", "rate_applied_after_not_found", "late_ms",
               "outage"});
  Plan plan;
  for (const auto& [mishap, name] : rates) {
    plan.per_million[static_cast<std::size_t>(mishap)] =
        static_cast<std::uint32_t>(std::lround(fields.ratio(name) * 1'000'000));
  }
  plan.retry_after_s = bounded(fields, "retry_after_s", plan.retry_after_s);
  plan.hold_ms = bounded(fields, "hold_ms", plan.hold_ms);
  plan.late_ms = bounded(fields, "late_ms", plan.late_ms);
  if (const auto latency = fields.array("latency_ms", 2)) {
    std::int64_t bounds[2] = {-1, -1};
    std::size_t i = 0;
    for (const auto element : *latency) {
      if (element.get(bounds[i++]) != simdjson::SUCCESS) break;
    }
    if (bounds[0] < 0 || bounds[1] < bounds[0] || bounds[1] > wait_ms_max) {
      fields.fail("latency_ms", "[min, max] is expected, 0 to 600,000");
    }
    plan.latency_min_ms = bounds[0];
    plan.latency_max_ms = bounds[1];
  }
  if (const auto element = fields.object("outage")) {
    JsonFields outage(*element, fault);
    outage.only({"from_ms", "for_ms"});
    const std::int64_t from = bounded(outage, "from_ms", 0);
    const std::int64_t lasts = bounded(outage, "for_ms", 0);
    plan.outage_from = now + std::chrono::milliseconds{from};
    plan.outage_until = plan.outage_from + std::chrono::milliseconds{lasts};
  }
  return plan;
}

std::optional<std::string> Faults::configure(std::string_view json, Duration now) {
  std::string fault;
  simdjson::dom::parser parser;
  const auto root = parse_json(parser, json, fault);
  if (!root) return fault;
  JsonFields fields(*root, fault);
  const Plan plan = read(fields, fault, now);
  const auto seed = fields.integer("seed");
  if (!fault.empty()) return fault;
  clear();
  plan_ = plan;
  if (seed) seed_ = static_cast<std::uint64_t>(*seed);
  active_ = true;
  return std::nullopt;
}

void Faults::clear() {
  seed_ = default_seed_;
  active_ = false;
  plan_ = {};
  seen_.clear();
}

Faults::Drawn Faults::draw(const Call& call, Duration now) {
  Drawn drawn;
  if (!active_) return drawn;
  const bool write = call.method != runtime::Method::get;
  if (now >= plan_.outage_from && now < plan_.outage_until) {
    drawn.mishap = Mishap::outage;
  } else {
    const std::uint64_t content = content_hash(call);
    runtime::Random random(seed_ ^ content ^ (std::uint64_t{seen_[content]++} << 32));
    const std::int64_t spread = plan_.latency_max_ms - plan_.latency_min_ms + 1;
    drawn.latency = std::chrono::milliseconds{
        plan_.latency_min_ms +
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(spread)))};
    for (const auto& [mishap, name] : rates) {
      // Every rate is drawn, so that raising one leaves the others' draws alone.
      const bool hit = random.chance(plan_.per_million[static_cast<std::size_t>(mishap)]);
      const bool applies = write || (mishap != Mishap::applied_late);
      if (hit && applies && drawn.mishap == Mishap::none) drawn.mishap = mishap;
    }
  }
  ++counts_[static_cast<std::size_t>(drawn.mishap)];
  return drawn;
}

void Faults::stats(JsonWriter& out) const {
  out.key("faults").open('{');
  for (std::size_t i = 1; i < mishap_count; ++i) {
    out.field(to_string(static_cast<Mishap>(i)), counts_[i]);
  }
  out.close('}');
}

}  // namespace crossfoot::sandbox

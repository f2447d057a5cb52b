#include "contract/record/customer.h"

#include <fmt/format.h>

#include <map>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "contract/record/fields.h"
#include "contract/record/json_text.h"

namespace crossfoot::contract::record {

namespace {

using schema::Json;
using schema::JsonDocument;
using schema::JsonKind;

std::string quoted(std::string_view value) {
  return canonical(Json::of_text(value));
}

Problem conflict(std::string detail) {
  return make_problem(error_code::customer_state_conflict, std::move(detail));
}

/// A stored customer, opened for one change.
struct Open {
  explicit Open(const Kind& kind, const Known& known) {
    auto document = JsonDocument::parse(known.body);
    INVARIANT(document.has_value(), "a stored record is JSON");
    fields = fields_of(document->root(), kind.ownership);
    tenant = text(document->root(), "tenant");
    status = text(document->root(), "status");
    into = text(document->root(), "merged_into");
  }
  Fields fields;
  std::string tenant;
  std::string status;
  std::string into;
};

std::expected<Merged, Problem> change(const Kind& kind, const Known& known, Open open,
                                      const Fields& set, std::string_view removed, Instant now) {
  Merged merged;
  merged.outcome = Merged::Outcome::updated;
  merged.provenance = known.provenance;
  merged.valid_from = std::max(known.valid_from, now);
  for (const auto& [pointer, value] : set) {
    open.fields[pointer] = value;
    merged.changed.push_back(pointer);
    merged.provenance.fields[pointer] = {std::string(process_system), 0, now};
  }
  if (!removed.empty() && open.fields.erase(std::string(removed)) > 0) {
    merged.changed.emplace_back(removed);
    merged.provenance.fields.erase(std::string(removed));
  }
  return whole(kind, open.fields, open.tenant, known.version + 1, std::move(merged));
}

Merged nothing_new() {
  Merged merged;
  merged.outcome = Merged::Outcome::replayed;
  return merged;
}

}  // namespace

std::string later_entries(std::string_view before, std::string_view said, std::string_view by) {
  std::map<std::string, std::pair<Instant, std::string>> latest;
  for (const std::string_view list : {before, said}) {
    const auto document = JsonDocument::parse(std::string(list));
    if (!document) continue;
    for (const Json& one : document->root().elements()) {
      const Instant at = parse_instant(text(one, "at")).value_or(Instant{});
      auto [found, fresh] = latest.try_emplace(text(one, by), at, canonical(one));
      if (!fresh && at >= found->second.first) found->second = {at, canonical(one)};
    }
  }
  std::string out;
  for (const auto& [name, entry] : latest) {
    out += out.empty() ? '[' : ',';
    out += entry.second;
  }
  return out.empty() ? "[]" : out + "]";
}

std::string member_of(std::string_view body) {
  const auto document = JsonDocument::parse(std::string(body));
  if (!document) return {};
  const Json* memberships = document->root().find("memberships");
  if (memberships == nullptr) return {};
  for (const Json& one : memberships->elements()) {
    if (text(one, "status") != "left") return text(one, "member");
  }
  return {};
}

std::expected<Merged, Problem> merged_into(const Kind& kind, const Known& known,
                                           std::string_view into, const Known& survivor,
                                           Instant now) {
  Open open(kind, known);
  if (open.status == "merged" && open.into == into) return nothing_new();
  if (open.status == "merged") {
    return std::unexpected(conflict("the customer is merged into another one: unmerge it first"));
  }
  const Open other(kind, survivor);
  if (open.status == "erased" || other.status == "erased") {
    return std::unexpected(conflict("one of the two was erased"));
  }
  if (other.status == "merged") {
    return std::unexpected(conflict("the other one is merged itself: name the one that goes on"));
  }
  return change(kind, known, std::move(open),
                {{"/status", quoted("merged")}, {"/merged_into", quoted(into)}}, {}, now);
}

std::expected<Merged, Problem> unmerged(const Kind& kind, const Known& known, Instant now) {
  Open open(kind, known);
  if (open.status != "merged") {
    return std::unexpected(conflict("the customer is merged into nobody"));
  }
  return change(kind, known, std::move(open), {{"/status", quoted("active")}}, "/merged_into", now);
}

std::expected<Merged, Problem> erased(const Kind& kind, const Known& known, Instant now) {
  Open open(kind, known);
  if (open.status == "erased") return nothing_new();
  Merged merged;
  merged.outcome = Merged::Outcome::updated;
  merged.valid_from = std::max(known.valid_from, now);
  merged.provenance.policy = kind.ownership.version;
  for (const auto& [pointer, value] : open.fields) {
    if (pointer != "/id") merged.changed.push_back(pointer);
  }
  const Fields left{{"/id", open.fields["/id"]}, {"/status", quoted("erased")}};
  for (const auto& [pointer, value] : left) {
    merged.provenance.fields[pointer] = {std::string(process_system), 0, now};
  }
  return whole(kind, left, open.tenant, known.version + 1, std::move(merged));
}

std::expected<Merged, Problem> consented(const Kind& kind, const Known& known,
                                         std::string_view consent, Instant now) {
  Open open(kind, known);
  if (open.status == "erased" || open.status == "merged") {
    return std::unexpected(conflict(fmt::format("the customer is {}", open.status)));
  }
  const std::string before = open.fields["/consents"];
  std::string after = later_entries(before, fmt::format("[{}]", consent), "purpose");
  if (after == before) return nothing_new();
  return change(kind, known, std::move(open), {{"/consents", std::move(after)}}, {}, now);
}

}  // namespace crossfoot::contract::record

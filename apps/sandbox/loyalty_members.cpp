#include <algorithm>
#include <array>

#include "sandbox/loyalty_system.h"

/// What the loyalty stand-in offers about members.
namespace crossfoot::sandbox {

namespace {

struct Operation {
  std::string_view path;
  MemberChangeType type;
};
constexpr std::array operations{Operation{"members", MemberChangeType::put},
                                Operation{"members/merges", MemberChangeType::merge},
                                Operation{"members/unmerges", MemberChangeType::unmerge},
                                Operation{"members/erasures", MemberChangeType::erase}};

Reply answer(const MemberChange& change) {
  JsonWriter out;
  out.open('{').field("id", change.id()).field("reference", change.reference);
  out.field("member", change.member).close('}');
  return {.status = 201, .body = out.take()};
}

void write_member(JsonWriter& out, const Member& known) {
  out.field("status", known.status).field("name", known.name).field("email", known.email);
  out.field("phone", known.phone).field("language", known.language);
  out.field("merged_into", known.merged_into).key("consents");
  out.raw(known.consents.empty() ? "[]" : known.consents);
  out.field("changes", static_cast<std::int64_t>(known.changes));
}

}  // namespace

bool LoyaltySystem::is_about_members(std::string_view path) {
  return std::ranges::any_of(operations, [&](const Operation& one) { return one.path == path; });
}

Reply LoyaltySystem::change_member(const Call& call, std::string_view path, const WriteKey& key) {
  if (!key.key.empty()) {
    if (const MemberChange* first = members_->remembered(key.key, key.at)) {
      if (first->fingerprint != key.fingerprint) {
        return refusal(422, "idempotency_key_reused", "the key came with other content before");
      }
      Reply reply = answer(*first);
      reply.replayed = true;
      return reply;
    }
  }
  std::string fault;
  const auto root = parse_json(parser_, call.body, fault);
  if (!root) return refusal(400, "bad_request", fault);
  JsonFields fields(*root, fault);
  MemberChange change{.reference = fields.text("reference", true),
                      .member = fields.text("member", true),
                      .key = key.key,
                      .fingerprint = key.fingerprint,
                      .at = key.at};
  for (const Operation& one : operations) {
    if (one.path == path) change.type = one.type;
  }
  if (change.type == MemberChangeType::merge) change.into = fields.text("into", true);
  if (change.type == MemberChangeType::put) {
    change.name = fields.text("name");
    change.email = fields.text("email");
    change.phone = fields.text("phone");
    change.language = fields.text("language");
    change.status = fields.text("status", true);
    simdjson::dom::array consents;
    if (root->at_key("consents").get(consents) == simdjson::SUCCESS) {
      change.consents = simdjson::minify(consents);
    }
  }
  if (!fault.empty()) return refusal(400, "bad_request", fault);
  if (auto refused = members_->check(change)) {
    return refusal(422, refused->code, refused->message);
  }
  const auto posted = members_->post(std::move(change));
  if (!posted) return refusal(503, "books_unavailable", posted.error().cause);
  return answer(**posted);
}

Reply LoyaltySystem::member_changes(std::string_view query) const {
  JsonWriter out;
  out.open('{').key("items").open('[');
  for (const MemberChange* change :
       members_->by_reference(query_value(query, "reference").value_or(""))) {
    out.open('{').field("id", change->id()).field("reference", change->reference);
    out.field("member", change->member).close('}');
  }
  return {.body = out.close(']').close('}').take()};
}

Reply LoyaltySystem::member(std::string_view path, Instant now) const {
  const std::string member = percent_decoded(path);
  const Member* known = members_->find(member);
  std::optional<std::int64_t> balance;
  std::int64_t held = 0;
  // The points of who was merged are the survivor's.
  for (const std::string& account : members_->accounts(member)) {
    const auto part = books_->balance(account);
    if (part) balance = balance.value_or(0) + *part;
    held += books_->holds().reserved(account, now);
  }
  if (members_->survivor(member) != member) balance = held = 0;
  if (!balance && known == nullptr) return refusal(404, "not_found", "there is no such thing");
  const Tier* tier = programme_.tier_of(member);
  JsonWriter out;
  out.open('{').field("member", member).field("balance", balance.value_or(0));
  out.field("held", held).field("available", balance.value_or(0) - held);
  out.field("as_of", to_string(now));
  out.field("tier", tier == nullptr ? std::string_view{"standard"} : tier->name);
  if (known != nullptr) write_member(out, *known);
  return {.body = out.close('}').take()};
}

}  // namespace crossfoot::sandbox

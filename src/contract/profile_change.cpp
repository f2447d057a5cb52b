#include "contract/profile_change.h"

#include <fmt/format.h>

#include <array>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "contract/schema/json.h"

namespace crossfoot::contract {

namespace {

constexpr std::string_view begins = R"({"kind":"customer_profile",)";
constexpr std::array<std::string_view, 4> kind_names{"put", "merge", "unmerge", "erase"};

void write_head(JsonWriter& out, const ProfileChange& change) {
  out.begin_object().member("kind", "customer_profile").member("change", to_string(change.kind));
  out.member("tenant", change.tenant).member("customer", change.customer);
  out.member("revision", change.version).member("member", change.member);
  out.member("into", change.into).member("occurred_at", crossfoot::to_string(change.at));
}

Fault damaged() {
  return {.code = std::string(error_code::stored_bytes_corrupt),
          .fault_class = FaultClass::corrupt,
          .where = "customer profile",
          .cause = "the stored message cannot be read"};
}

}  // namespace

std::string_view to_string(ProfileChangeKind kind) {
  return kind_names[static_cast<std::size_t>(kind)];
}

std::string profile_message(const ProfileChange& change, std::string_view record) {
  JsonWriter out;
  write_head(out, change);
  out.key("record").raw(record).end_object();
  return out.take();
}

std::string erased_profile_message(const ProfileChange& change) {
  JsonWriter out;
  write_head(out, change);
  out.member("erased", true).end_object();
  return out.take();
}

bool is_profile_message(std::string_view body) {
  return body.starts_with(begins);
}

Result<ProfileChange> read_profile_message(std::string_view body) {
  const auto document = schema::JsonDocument::parse(std::string(body));
  if (!document) return fail(damaged());
  const auto text = [&](std::string_view name) {
    const schema::Json* found = document->root().find(name);
    const bool is_text = found != nullptr && found->is(schema::JsonKind::text);
    return is_text ? std::string(found->text()) : std::string();
  };
  ProfileChange change{.tenant = text("tenant"),
                       .customer = text("customer"),
                       .member = text("member"),
                       .into = text("into")};
  const std::string kind = text("change");
  const auto at = parse_instant(text("occurred_at"));
  const schema::Json* version = document->root().find("revision");
  const bool readable = at && version != nullptr && version->is(schema::JsonKind::number);
  bool known = false;
  for (std::size_t i = 0; i < kind_names.size(); ++i) {
    if (kind_names[i] != kind) continue;
    change.kind = static_cast<ProfileChangeKind>(i);
    known = true;
  }
  if (!readable || !known || change.customer.empty()) return fail(damaged());
  change.at = *at;
  change.version = static_cast<std::uint32_t>(schema::saturated(version->number()));
  return change;
}

Transaction profile_transaction(const ProfileChange& change) {
  Transaction transaction;
  transaction.kind = TransactionKind::customer_profile;
  transaction.channel = Channel::customer_service;
  transaction.key.form = NaturalKey::Form::channel_id;
  transaction.key.tenant = change.tenant;
  transaction.key.channel = transaction.channel;
  transaction.key.external_id = fmt::format("customer:{}:{}", change.customer, change.version);
  transaction.occurred_at = change.at;
  transaction.business_date = {
      static_cast<std::int32_t>(change.at.micros / Duration{std::chrono::hours{24}}.count())};
  transaction.member = change.member;
  transaction.profile = std::make_shared<const ProfileChange>(change);
  return transaction;
}

}  // namespace crossfoot::contract

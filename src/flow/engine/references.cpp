#include "flow/engine/references.h"

#include <algorithm>

#include "base/codec.h"
#include "contract/error_codes.h"
#include "contract/schema/json.h"
#include "flow/plan/damaged.h"

namespace crossfoot::flow {

namespace {

/// Between the parts of a document's key: no name holds it, the contracts refuse control
/// characters.
constexpr char between = '\x1f';

std::string alias_prefix(std::string_view type, std::string_view tenant, std::string_view value) {
  std::string key(type);
  for (const std::string_view part : {tenant, value}) key.append(1, between).append(part);
  return key + between;
}

store::DocumentRow document_of(const store::RecordName& record,
                               const contract::record::Alias& alias, bool gone) {
  ByteWriter out;
  if (!gone) {
    out.instant(alias.from);
    out.instant(alias.until);
  }
  return {std::string(alias_documents),
          alias_prefix(alias.type, record.scope, alias.value) + record.key, out.take()};
}

/// How many records the name means at the time; 2 stands for more.
Result<int> meanings(store::Reader& reader, const std::string& prefix, Instant at) {
  int count = 0;
  for (std::string after = prefix; count < 2;) {
    const auto rows = reader.documents(alias_documents, after, 4, false);
    if (!rows) return fail(rows.error());
    if (rows->empty()) return count;
    for (const store::DocumentRow& row : *rows) {
      if (!row.key.starts_with(prefix)) return count;
      after = row.key;
      ByteReader in(row.value);
      const Instant from = in.instant();
      const Instant until = in.instant();
      if (in.failed()) return fail(damaged("alias"));
      if (from <= at && at < until) ++count;
    }
  }
  return count;
}

}  // namespace

std::string reference_name(std::string_view type, std::string_view value) {
  return std::string(type).append(1, ':').append(value);
}

void add_aliases(const store::RecordName& record, std::string_view before, std::string_view after,
                 store::Unit& unit) {
  const auto old = contract::record::aliases_of(record.kind, before);
  const auto fresh = contract::record::aliases_of(record.kind, after);
  for (const contract::record::Alias& one : old) {
    const bool stays = std::ranges::any_of(fresh, [&](const contract::record::Alias& other) {
      return other.type == one.type && other.value == one.value;
    });
    if (!stays) unit.documents.push_back(document_of(record, one, true));
  }
  for (const contract::record::Alias& one : fresh) {
    if (std::ranges::find(old, one) == old.end()) {
      unit.documents.push_back(document_of(record, one, false));
    }
  }
}

Result<std::vector<std::string>> unresolved(store::Reader& reader, const ReferenceQuery& query) {
  std::vector<std::string> open;
  for (const std::string& name : query.names) {
    const std::size_t colon = name.find(':');
    const auto found = meanings(reader,
                                alias_prefix(std::string_view(name).substr(0, colon), query.tenant,
                                             std::string_view(name).substr(colon + 1)),
                                query.at);
    if (!found) return fail(found.error());
    if (*found != 1) open.push_back(name);
  }
  return open;
}

std::vector<std::string> references_of(const Leg& leg) {
  std::vector<std::string> names;
  const bool waits = leg.kind == LegKind::validate && leg.state == LegState::parked &&
                     (leg.reason == contract::error_code::unknown_product ||
                      leg.reason == contract::error_code::unknown_member);
  if (!waits) return names;
  const auto document = contract::schema::JsonDocument::parse(leg.arguments);
  const auto* list = document ? document->root().find("unresolved") : nullptr;
  if (list == nullptr) return names;
  for (const contract::schema::Json& one : list->elements()) names.emplace_back(one.text());
  return names;
}

}  // namespace crossfoot::flow

#include "edge/record_book.h"

#include <algorithm>

#include "contract/json_writer.h"
#include "edge/contract_book.h"

namespace crossfoot::edge {

namespace registry = contract::registry;
namespace record = contract::record;

Result<std::unique_ptr<RecordBook>> RecordBook::load(const std::vector<std::string>& files,
                                                     const registry::ReadFile& read,
                                                     std::string_view override_json) {
  auto loaded = registry::load_registry(files, read);
  if (!loaded) return fail(loaded.error());
  std::map<std::string, record::Ownership, std::less<>> owners;
  for (const registry::Contract& contract : loaded->contracts) {
    if (contract.record) owners.emplace(contract.name, record::ownership_of(contract));
  }
  if (!override_json.empty()) {
    if (Status taken = record::override_ownership(override_json, owners); !taken) {
      return fail(taken.error());
    }
  }
  std::unique_ptr<RecordBook> book(new RecordBook);
  for (const registry::Contract& contract : loaded->contracts) {
    if (!contract.record) continue;
    auto schema = registry::compile_version(*loaded, *contract.find({}), read);
    if (!schema) return fail(schema.error());
    book->kinds_.push_back(std::make_shared<const record::Kind>(
        record::Kind{.contract = contract.name,
                     .path = contract.record->path,
                     .personal = contract.classification == "personal",
                     .identity = contract.record->identity,
                     .subject = contract.record->subject,
                     .valid = contract.record->valid,
                     .latest = {contract.record->latest.begin(), contract.record->latest.end()},
                     .schema = std::move(*schema),
                     .ownership = owners[contract.name]}));
  }
  return book;
}

Result<std::unique_ptr<RecordBook>> RecordBook::built_in(std::string_view override_json) {
  const BuiltInContracts carried = built_in_contracts();
  return load(carried.files, carried.read, override_json);
}

RecordBook::KindPtr RecordBook::by_path(std::string_view path) const {
  const auto found =
      std::ranges::find_if(kinds_, [&](const KindPtr& one) { return one->path == path; });
  return found == kinds_.end() ? nullptr : *found;
}

RecordBook::KindPtr RecordBook::by_contract(std::string_view name) const {
  const auto found =
      std::ranges::find_if(kinds_, [&](const KindPtr& one) { return one->contract == name; });
  return found == kinds_.end() ? nullptr : *found;
}

std::string RecordBook::ownership_json() const {
  contract::JsonWriter out;
  out.begin_object().key("items").begin_array();
  for (const KindPtr& kind : kinds_) {
    out.begin_object().member("contract", kind->contract).member("path", kind->path);
    out.member("version", kind->ownership.version).key("fields").begin_array();
    for (const auto& [pointer, rule] : kind->ownership.fields) {
      out.begin_object().member("pointer", pointer).member("owner", rule.owner);
      out.member("foreign", record::to_string(rule.otherwise)).end_object();
    }
    out.end_array().end_object();
  }
  out.end_array().end_object();
  return out.take();
}

}  // namespace crossfoot::edge

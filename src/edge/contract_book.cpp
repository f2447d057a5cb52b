#include "edge/contract_book.h"

#include <fmt/format.h>
#include <prometheus/labels.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "edge/embedded.h"

namespace crossfoot::edge {

namespace registry = contract::registry;
using contract::JsonWriter;

namespace {

constexpr std::string_view others = "others";

/// Midnight, UTC, in the form of RFC 9110.
std::string http_date(BusinessDate date) {
  static constexpr std::array<std::string_view, 7> days{"Thu", "Fri", "Sat", "Sun",
                                                        "Mon", "Tue", "Wed"};
  static constexpr std::array<std::string_view, 12> months{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::string text = to_string(date);  // YYYY-MM-DD
  const auto month = static_cast<std::size_t>((text[5] - '0') * 10 + (text[6] - '0') - 1);
  const auto day = static_cast<std::size_t>(((date.days % 7) + 7) % 7);
  return fmt::format("{}, {} {} {} 00:00:00 GMT", days[day], text.substr(8, 2), months[month],
                     text.substr(0, 4));
}

std::string address_of(const registry::Contract& contract) {
  return "/v1/contracts/" + contract.name;
}

std::string address_of(const registry::Contract& contract, const registry::Version& version) {
  return address_of(contract) + "/versions/" + to_string(version.number);
}

/// RFC 9745 and RFC 8594.
ContractBook::Headers life_of(const registry::Contract& contract,
                              const registry::Version& version) {
  ContractBook::Headers headers;
  if (!version.deprecated_at) return headers;
  headers.emplace_back("Deprecation", fmt::format("@{}", version.deprecated_at->days * 86'400LL));
  if (version.sunset_at) headers.emplace_back("Sunset", http_date(*version.sunset_at));
  std::string link = fmt::format("<{}>; rel=\"deprecation\"", address_of(contract));
  const registry::Version* newest = contract.find({});
  if (newest != nullptr && version.number < newest->number) {
    link += fmt::format(", <{}>; rel=\"successor-version\"", address_of(contract, *newest));
  }
  headers.emplace_back("Link", std::move(link));
  return headers;
}

void member(JsonWriter& out, std::string_view name, const std::optional<BusinessDate>& date) {
  out.member_or_null(name, date ? to_string(*date) : std::string());
}

void texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& list) {
  out.key(name).begin_array();
  for (const std::string& one : list) out.text(one);
  out.end_array();
}

void render(JsonWriter& out, const registry::Contract& contract) {
  out.begin_object().member("contract", contract.name).member("kind", contract.kind);
  out.member("title", contract.title).member("description", contract.description);
  out.key("owner").begin_object().member("team", contract.team);
  out.member("contact", contract.contact).end_object();
  out.member("classification", contract.classification);
  out.key("sla").begin_object().member_or_null("availability", contract.availability);
  out.key("latency_ms_p99");
  if (contract.latency_ms_p99 == 0) {
    out.null();
  } else {
    out.integer(contract.latency_ms_p99);
  }
  out.end_object();
  out.key("effective").begin_object();
  texts(out, "regions", contract.regions);
  texts(out, "business_units", contract.business_units);
  out.end_object().key("versions").begin_array();
  for (const registry::Version& one : contract.versions) {
    out.begin_object().member("version", to_string(one.number));
    out.member("state", to_string(one.state)).member("schema", address_of(contract, one));
    member(out, "since", one.since);
    member(out, "deprecated_at", one.deprecated_at);
    member(out, "sunset_at", one.sunset_at);
    out.end_object();
  }
  out.end_array().key("consumers").begin_array();
  for (const registry::Consumer& one : contract.consumers) {
    out.begin_object().member("name", one.name).member("version", to_string(one.version));
    out.member("contact", one.contact).end_object();
  }
  out.end_array().key("field_owners").begin_array();
  for (const registry::FieldOwner& one : contract.field_owners) {
    out.begin_object().member("pointer", one.pointer).member("system", one.system).end_object();
  }
  out.end_array().end_object();
}

}  // namespace

ContractBook::ContractBook(registry::Registry registry, prometheus::Registry& metrics, Instant now)
    : registry_(std::move(registry)),
      calls_(prometheus::BuildCounter()
                 .Name("crossfoot_contract_calls_total")
                 .Help("Calls that used a version of a contract, by caller.")
                 .Register(metrics)),
      since_(now) {}

Result<std::unique_ptr<ContractBook>> ContractBook::load(const std::vector<std::string>& files,
                                                         const registry::ReadFile& read,
                                                         prometheus::Registry& metrics,
                                                         Instant now) {
  auto loaded = registry::load_registry(files, read);
  if (!loaded) return fail(loaded.error());
  std::unique_ptr<ContractBook> book(new ContractBook(std::move(*loaded), metrics, now));
  for (const registry::Contract& contract : book->registry_.contracts) {
    for (const registry::Version& version : contract.versions) {
      auto schema = read(version.schema);
      if (!schema) return fail(schema.error());
      Use& use = book->uses_.emplace_back();
      use.contract = &contract;
      use.version = &version;
      use.schema = std::move(*schema);
      use.life = life_of(contract, version);
    }
  }
  return book;
}

BuiltInContracts built_in_contracts() {
  constexpr std::string_view folder = "contracts/";
  BuiltInContracts carried;
  for (const auto& [path, text] : contract_files()) {
    if (path.starts_with(folder)) carried.files.emplace_back(path.substr(folder.size()));
  }
  carried.read = [](const std::string& file) -> Result<std::string> {
    const std::string wanted =
        (std::filesystem::path("contracts") / file).lexically_normal().string();
    for (const auto& [path, text] : contract_files()) {
      if (path == wanted) return std::string(text);
    }
    return fail({.code = std::string(contract::error_code::invalid_contract),
                 .fault_class = FaultClass::not_found,
                 .where = wanted,
                 .cause = "the program does not carry this file"});
  };
  return carried;
}

contract::schema::Schema built_in_schema(std::string_view contract) {
  const BuiltInContracts carried = built_in_contracts();
  const auto loaded = registry::load_registry(carried.files, carried.read);
  INVARIANT(loaded.has_value(), "the contracts that the program carries are read");
  const registry::Contract* found = loaded->find(contract);
  INVARIANT(found != nullptr, "the program carries the contract that it judges by");
  auto schema = registry::compile_version(*loaded, *found->find({}), carried.read);
  INVARIANT(schema.has_value(), "the schemas that the program carries compile");
  return std::move(*schema);
}

Result<std::unique_ptr<ContractBook>> ContractBook::built_in(prometheus::Registry& metrics,
                                                             Instant now) {
  const BuiltInContracts carried = built_in_contracts();
  return load(carried.files, carried.read, metrics, now);
}

ContractBook::Use* ContractBook::find(std::string_view contract, std::string_view version) {
  const registry::Contract* known = registry_.find(contract);
  const registry::Version* found = known == nullptr ? nullptr : known->find(version);
  const auto use = std::ranges::find(uses_, found, &Use::version);
  return found == nullptr || use == uses_.end() ? nullptr : &*use;
}

void ContractBook::called(Use& use, std::string_view caller, Instant now) {
  auto entry = use.callers.find(caller);
  if (entry == use.callers.end()) {
    if (use.callers.size() >= callers_max) caller = others;
    entry = use.callers.try_emplace(std::string(caller)).first;
    if (entry->second.counter == nullptr) {
      entry->second.counter = &calls_.Add({{"contract", use.contract->name},
                                           {"version", to_string(use.version->number)},
                                           {"caller", entry->first}});
    }
  }
  ++entry->second.calls;
  entry->second.last_at = now;
  entry->second.counter->Increment();
}

std::string ContractBook::list_json() const {
  JsonWriter out;
  out.begin_object().key("items").begin_array();
  for (const registry::Contract& contract : registry_.contracts) render(out, contract);
  out.end_array().end_object();
  return out.take();
}

std::string ContractBook::contract_json(const registry::Contract& contract) {
  JsonWriter out;
  render(out, contract);
  return out.take();
}

std::string ContractBook::consumers_json(const registry::Contract& contract) const {
  JsonWriter out;
  out.begin_object().member("contract", contract.name);
  out.member("counted_since", to_string(since_)).key("known").begin_array();
  for (const registry::Consumer& one : contract.consumers) {
    out.begin_object().member("name", one.name).member("version", to_string(one.version));
    out.member("contact", one.contact).end_object();
  }
  out.end_array().key("callers").begin_array();
  for (const Use& use : uses_) {
    if (use.contract != &contract) continue;
    std::map<std::string_view, const Use::Entry*> ordered;
    for (const auto& [caller, entry] : use.callers) ordered.emplace(caller, &entry);
    for (const auto& [caller, entry] : ordered) {
      out.begin_object().member("caller", caller);
      out.member("version", to_string(use.version->number)).member("calls", entry->calls);
      out.member("last_at", to_string(entry->last_at)).end_object();
    }
  }
  out.end_array().end_object();
  return out.take();
}

}  // namespace crossfoot::edge

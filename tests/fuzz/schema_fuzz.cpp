// Goal: no schema and no instance make the validator fail otherwise than by a fault with a page,
// and its verdict does not depend on how many errors are wanted. The first line is the schema, the
// rest the instance.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "contract/schema/schema.h"

namespace {

using namespace crossfoot;
using namespace crossfoot::contract;
using namespace crossfoot::contract::schema;

void check_fault(const Fault& fault) {
  INVARIANT(find_error(fault.code) != nullptr, "a fault has a page");
  INVARIANT(!fault.where.empty() && !fault.cause.empty(), "a fault says where and why");
}

Result<std::string> fetch(const std::string& uri) {
  if (uri.ends_with("a")) return R"({"$defs":{"x":{"$dynamicAnchor":"n"}},"$ref":"b"})";
  if (uri.ends_with("b")) return R"({"$dynamicAnchor":"n","items":{"$dynamicRef":"#n"}})";
  return fail({.code = std::string(error_code::unresolved_reference), .cause = "no document"});
}

void judge(const Schema& compiled, const Json& instance) {
  const auto all = compiled.validate(instance);
  const auto first = compiled.validate(instance, 1);
  if (!first) {
    check_fault(first.error());
    INVARIANT(!all.has_value(), "what ends the walk to the first error ends the longer one");
    return;
  }
  INVARIANT(first->valid == first->errors.empty(), "a refusal has a reason");
  if (!all) return check_fault(all.error());
  INVARIANT(all->valid == first->valid, "the number of errors wanted decides nothing");
  INVARIANT(all->errors.size() <= 20, "errors are limited");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  SchemaOptions options;
  options.limits.steps_max = 100'000;
  options.fetch = fetch;
  options.base_uri = "http://x.example/root";
  auto document = JsonDocument::parse(std::string(text.substr(std::min(line + 1, size))));
  if (!document) check_fault(document.error());
  for (const bool formats : {false, true}) {
    options.assert_formats = formats;
    const auto compiled = Schema::compile(std::string(text.substr(0, line)), options);
    if (!compiled) {
      check_fault(compiled.error());
    } else if (document) {
      judge(*compiled, document->root());
    }
  }
  return 0;
}

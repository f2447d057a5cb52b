// Goal: no bytes make the transaction parser fail otherwise than by a problem, and what it takes
// survives rendering and hashing.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "contract/transaction_hash.h"
#include "contract/transaction_json.h"

namespace {

using namespace crossfoot;
using namespace crossfoot::contract;

void check(TransactionParser& parser, std::string_view json, UnknownFields unknown_fields) {
  ParsePolicy policy = ParsePolicy::stored();
  policy.unknown_fields = unknown_fields;
  const auto parsed = parser.parse(json, policy);
  if (!parsed) {
    INVARIANT(find_error(parsed.error().code) != nullptr, "a problem has a page");
    INVARIANT(parsed.error().errors.size() <= policy.limits.errors_max, "errors are limited");
    INVARIANT(parse_transaction(to_json(parsed.error()), policy).has_value() == false,
              "a problem is no transaction");
    return;
  }
  const Transaction& transaction = parsed->transaction;
  INVARIANT(transaction.key.home() < partition_count, "a home is a partition");
  policy.unknown_fields = UnknownFields::strict;
  const auto again = parser.parse(render_transaction(transaction), policy);
  INVARIANT(again.has_value(), "what was rendered parses");
  INVARIANT(again->transaction == transaction, "rendering loses nothing");
  INVARIANT(transaction_hash(again->transaction) == transaction_hash(transaction),
            "the content hash does not depend on the text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static TransactionParser parser;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  check(parser, json, UnknownFields::record_and_ignore);
  check(parser, json, UnknownFields::strict);
  return 0;
}

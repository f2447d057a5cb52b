// Goal: no bytes break the CSV reader, what it gives does not depend on how the bytes are cut, and
// documents made of what it gives are transactions.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/invariant.h"
#include "contract/online_retail.h"
#include "contract/transaction_json.h"
#include "contract/utf8.h"

namespace {

using namespace crossfoot;
using namespace crossfoot::contract;

using Rows = std::vector<std::pair<std::int64_t, std::vector<std::string>>>;

Rows rows_of(std::string_view text, std::size_t chunk) {
  Rows rows;
  CsvReader reader(
      [&](std::span<const std::string_view> fields, std::int64_t line) {
        for (const std::string_view field : fields) INVARIANT(is_utf8(field), "fields are UTF-8");
        rows.emplace_back(line, std::vector<std::string>(fields.begin(), fields.end()));
      },
      [&](std::string_view reason, std::int64_t line) {
        INVARIANT(!reason.empty(), "a refusal has a reason");
        rows.emplace_back(line, std::vector<std::string>{});
      });
  for (std::size_t at = 0; at < text.size(); at += std::min(chunk, text.size() - at)) {
    reader.feed(text.substr(at, chunk));
  }
  reader.finish();
  return rows;
}

void check_documents(std::string_view text) {
  OnlineRetailReader reader({.to_utc = [](std::chrono::local_seconds at) {
    return Instant{at.time_since_epoch().count() * 1'000'000};
  }});
  reader.begin_file();
  reader.feed(text);
  reader.end_file();
  reader.group();
  std::size_t lines = 0;
  for (std::size_t i = 0; i < reader.document_count(); ++i) {
    const Transaction transaction = reader.document(i).transaction;
    lines += transaction.lines.size();
    const auto parsed = parse_transaction(render_transaction(transaction), ParsePolicy::stored());
    if (parsed) {
      INVARIANT(parsed->transaction == transaction, "the stored form loses nothing");
    } else {
      // The file may hold dates that no till could have; nothing else is refused.
      INVARIANT(parsed.error().code == error_code::date_out_of_range, "a document is readable");
    }
  }
  INVARIANT(lines == reader.row_count(), "every row taken is a line of one document");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t chunk = std::size_t{data[0]} + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  INVARIANT(rows_of(text, chunk) == rows_of(text, SIZE_MAX), "chunks do not matter");
  static constexpr std::string_view header =
      "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
  check_documents(std::string(header) + std::string(text));
  check_documents(text);
  return 0;
}

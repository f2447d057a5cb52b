#include "contract/till_record.h"

#include <algorithm>

#include "base/codec.h"
#include "contract/error_codes.h"
#include "contract/record/json_text.h"
#include "contract/schema/json.h"
#include "contract/words.h"

namespace crossfoot::contract {

namespace {

using schema::Json;
using schema::JsonDocument;

constexpr schema::JsonLimits limits{.bytes_max = 1U << 20U, .values_max = 50'000, .depth_max = 32};
constexpr std::uint8_t projection = 1;
constexpr Instant earliest{946'684'800'000'000};  // 2000-01-01T00:00:00Z
constexpr Duration clock_ahead_max{std::chrono::hours{24}};

std::string text_of(const Json& object, std::string_view name) {
  return record::text(object, name);
}

std::uint32_t number_of(const Json& object, std::string_view name) {
  const Json* found = object.find(name);
  if (found == nullptr || !found->is(schema::JsonKind::number)) return 0;
  return static_cast<std::uint32_t>(schema::saturated(found->number()));
}

/// Gathers what the fields say; `sound` is false when one of them cannot be read.
class TillReader {
 public:
  Transaction read(const Json& root) {
    Transaction into;
    auto till = std::make_shared<TillRecord>();
    read_head(root, into);
    if (const Json* amount = root.find("amount")) till->amount = money(*amount);
    if (const Json* reason = root.find("reason")) till->reason = text_of(*reason, "code");
    till->cashier = text_of(root, "cashier");
    till->suspended_sequence = text_of(root, "suspended_sequence");
    till->suspended_register = text_of(root, "suspended_register");
    if (const Json* counted = root.find("counted")) till->counted = tenders(*counted);
    if (const Json* totals = root.find("totals")) till->totals = read_totals(*totals);
    into.till = std::move(till);
    return into;
  }

  [[nodiscard]] bool sound() const { return sound_; }

 private:
  void read_head(const Json& root, Transaction& into) {
    const std::string kind = text_of(root, "kind");
    const auto at = std::ranges::find(words::till_record_kind, kind);
    if (at == words::till_record_kind.end()) return fail_here();
    into.kind = static_cast<TransactionKind>(
        static_cast<std::size_t>(TransactionKind::till_open) +
        static_cast<std::size_t>(at - words::till_record_kind.begin()));
    into.channel = Channel::pos;
    into.shop = text_of(root, "shop");
    into.region = text_of(root, "region");
    into.revision = number_of(root, "revision");
    const auto date = parse_business_date(text_of(root, "business_date"));
    const auto occurred = parse_instant(text_of(root, "occurred_at"));
    if (!date || !occurred) return fail_here();
    into.business_date = *date;
    into.occurred_at = *occurred;
    NaturalKey& key = into.key;
    key.form = NaturalKey::Form::till;
    key.tenant = text_of(root, "tenant");
    if (key.tenant.empty()) key.tenant = "default";
    key.shop = into.shop;
    key.register_name = text_of(root, "register");
    key.register_epoch = number_of(root, "register_epoch");
    key.business_date = into.business_date;
    key.sequence = text_of(root, "sequence");
  }

  TillTotals read_totals(const Json& object) {
    TillTotals totals{.receipts = number_of(object, "count"),
                      .first_sequence = text_of(object, "first_sequence"),
                      .last_sequence = text_of(object, "last_sequence")};
    if (const Json* gross = object.find("gross")) totals.gross = money(*gross);
    if (const Json* taxes = object.find("taxes")) {
      for (const Json& tax : taxes->elements()) {
        totals.taxes.push_back(
            {text_of(tax, "tax_code"), member_money(tax, "net"), member_money(tax, "tax")});
      }
    }
    if (const Json* list = object.find("tenders")) totals.tenders = tenders(*list);
    return totals;
  }

  std::vector<Tender> tenders(const Json& list) {
    std::vector<Tender> read;
    for (const Json& tender : list.elements()) {
      const auto at = std::ranges::find(words::tender_kind, text_of(tender, "kind"));
      if (at == words::tender_kind.end()) {
        fail_here();
        continue;
      }
      read.push_back({static_cast<TenderKind>(at - words::tender_kind.begin()),
                      member_money(tender, "amount")});
    }
    return read;
  }

  Money member_money(const Json& object, std::string_view name) {
    const Json* found = object.find(name);
    if (found != nullptr) return money(*found);
    fail_here();
    return {};
  }

  Money money(const Json& object) {
    const auto currency = find_currency(text_of(object, "currency"));
    const auto amount = currency ? parse_money(text_of(object, "amount"), *currency) : std::nullopt;
    if (!amount) fail_here();
    return amount.value_or(Money{});
  }

  void fail_here() { sound_ = false; }

  bool sound_ = true;
};

void put(ByteWriter& out, const Money& money) {
  out.i64(money.minor);
  out.text(money.currency.code());
}

void put(ByteWriter& out, const std::vector<Tender>& tenders) {
  out.u64(tenders.size());
  for (const Tender& tender : tenders) {
    out.enumerator(tender.kind);
    put(out, tender.amount);
  }
}

void put(ByteWriter& out, const std::optional<Money>& money) {
  out.boolean(money.has_value());
  if (money) put(out, *money);
}

std::optional<Problem> date_problem(const Transaction& record, Instant now) {
  const Instant latest = now + clock_ahead_max;
  const auto out_of_range = [](std::string_view pointer) {
    const std::string detail = "the date lies before 2000 or more than 24 hours ahead";
    return make_problem(
        error_code::date_out_of_range, detail,
        {{std::string(pointer), std::string(error_code::date_out_of_range), detail}});
  };
  if (record.occurred_at < earliest || record.occurred_at > latest) {
    return out_of_range("/occurred_at");
  }
  if (record.business_date > utc_date(latest)) return out_of_range("/business_date");
  return std::nullopt;
}

}  // namespace

std::expected<Transaction, Problem> read_till_record(const schema::Schema& contract,
                                                     std::string_view json, Instant now) {
  const auto document = JsonDocument::parse(std::string(json), limits);
  if (!document) {
    return std::unexpected(make_problem(document.error().code,
                                        document.error().where + ": " + document.error().cause));
  }
  const auto verdict = contract.validate(document->root());
  if (!verdict) {
    return std::unexpected(make_problem(verdict.error().code, verdict.error().cause));
  }
  if (!verdict->valid) {
    std::vector<ProblemItem> items;
    for (const schema::SchemaError& one : verdict->errors) {
      items.push_back({one.instance, std::string(error_code::till_record_invalid), one.message});
    }
    return std::unexpected(make_problem(error_code::till_record_invalid,
                                        "the record does not fit the contract till_record",
                                        std::move(items)));
  }
  TillReader reader;
  Transaction record = reader.read(document->root());
  if (!reader.sound()) {
    return std::unexpected(make_problem(error_code::till_record_invalid,
                                        "an amount or a date of the record is out of range"));
  }
  if (auto problem = date_problem(record, now)) return std::unexpected(std::move(*problem));
  return record;
}

Result<Transaction> stored_till_record(std::string_view json) {
  const auto document = JsonDocument::parse(std::string(json), limits);
  TillReader reader;
  if (document) {
    Transaction record = reader.read(document->root());
    if (reader.sound()) return record;
  }
  return fail({.code = std::string(error_code::stored_bytes_corrupt),
               .fault_class = FaultClass::corrupt,
               .where = "till record",
               .cause = "the stored message cannot be read"});
}

ContentHash till_record_hash(const Transaction& record) {
  const TillRecord& till = *record.till;
  ByteWriter out;
  out.text("till-record-content/1");
  out.text(record.key.canonical());
  out.enumerator(record.kind);
  out.text(record.region);
  out.instant(record.occurred_at);
  out.text(till.cashier);
  out.text(till.reason);
  out.text(till.suspended_sequence);
  out.text(till.suspended_register);
  put(out, till.amount);
  put(out, till.counted);
  out.boolean(till.totals.has_value());
  if (till.totals) {
    out.u64(till.totals->receipts);
    out.text(till.totals->first_sequence);
    out.text(till.totals->last_sequence);
    put(out, till.totals->gross);
    out.u64(till.totals->taxes.size());
    for (const TillTotals::Tax& tax : till.totals->taxes) {
      out.text(tax.code);
      put(out, tax.net);
      put(out, tax.tax);
    }
    put(out, till.totals->tenders);
  }
  return {hash128(out.view()), projection};
}

}  // namespace crossfoot::contract

#include "observe/day_json.h"

#include <algorithm>

#include "contract/error_codes.h"
#include "contract/problem.h"
#include "contract/record/json_text.h"
#include "contract/schema/json.h"
#include "contract/words.h"

namespace crossfoot::observe {

namespace {

namespace code = contract::error_code;
using contract::JsonWriter;
using contract::schema::Json;

void write_minor(JsonWriter& out, std::string_view name, Wide minor, Currency currency) {
  const auto money = ledger::amount(minor, currency);
  out.member_or_null(name, money ? to_string(*money) : std::string());
}

std::string text_or_empty(const std::optional<Instant>& at) {
  return at ? to_string(*at) : std::string();
}

void write_money(JsonWriter& out, const std::vector<Money>& money) {
  out.key("money").begin_object();
  for (const Money& one : money) out.member(one.currency.code(), to_string(one));
  out.end_object();
}

void write_missing(JsonWriter& out, const std::vector<ledger::MissingNumbers>& missing) {
  out.key("missing").begin_array();
  for (const ledger::MissingNumbers& gap : missing) {
    out.begin_object().member("first", gap.first).member("last", gap.last);
    out.member("count", gap.count).end_object();
  }
  out.end_array();
}

void write_differences(JsonWriter& out, const std::vector<ledger::ZDifference>& differences) {
  out.key("differences").begin_array();
  for (const ledger::ZDifference& one : differences) {
    out.begin_object().member("what", one.what).member("received", one.received);
    out.member("stated", one.stated).key("difference");
    one.money ? out.text(to_string(*one.money)) : out.null();
    out.end_object();
  }
  out.end_array();
}

void write_finding(JsonWriter& out, const ledger::DayFinding& finding) {
  const contract::Problem page = contract::make_problem(finding.code, {});
  out.begin_object().member("code", finding.code).member("title", page.title);
  out.member("blocks", finding.blocks).member("detail", finding.detail);
  out.member("what_to_do", "/errors/" + std::string(finding.code));
  out.member_or_null("register", finding.register_name);
  out.member("register_epoch", finding.register_epoch).member("count", finding.count);
  write_money(out, finding.money);
  write_missing(out, finding.missing);
  write_differences(out, finding.differences);
  out.key("transactions").begin_array();
  for (const Id id : finding.messages) out.text(to_string(id));
  out.end_array().end_object();
}

void write_session(JsonWriter& out, const ledger::TillSession& session) {
  out.begin_object().member_or_null("opened_at", text_or_empty(session.opened_at));
  out.member_or_null("closed_at", text_or_empty(session.closed_at));
  out.member_or_null("z_report", session.close_sequence);
  out.member("receipts", session.totals.receipts()).member("late", session.late.size());
  out.key("ties");
  session.z == nullptr ? out.null() : out.boolean(ledger::z_differences(session).empty());
  out.key("cash").begin_array();
  for (const auto& [currency, cash] : session.cash) {
    out.begin_object().member("currency", currency.code());
    write_minor(out, "opening", cash.opening, currency);
    write_minor(out, "receipts", cash.sales, currency);
    write_minor(out, "paid_in", cash.paid_in, currency);
    write_minor(out, "paid_out", cash.paid_out, currency);
    write_minor(out, "expected", cash.expected(), currency);
    if (cash.counted) {
      write_minor(out, "counted", *cash.counted, currency);
      write_minor(out, "over_short", cash.over_short(), currency);
    } else {
      out.key("counted").null().key("over_short").null();
    }
    out.end_object();
  }
  out.end_array().end_object();
}

void write_till(JsonWriter& out, const ledger::TillDay& till) {
  out.begin_object().member_or_null("register", till.register_name);
  out.member("register_epoch", till.register_epoch).member("receipts", till.receipts);
  out.member("records", till.records).member("numbered", till.numbered);
  out.member("first_sequence", till.first_sequence).member("last_sequence", till.last_sequence);
  write_missing(out, till.missing);
  out.key("sessions").begin_array();
  for (const ledger::TillSession& session : till.sessions) write_session(out, session);
  out.end_array().end_object();
}

void write_journal(JsonWriter& out,
                   const std::optional<std::vector<ledger::AccountTotal>>& journal) {
  if (!journal) {
    out.null();
    return;
  }
  out.begin_array();
  for (const ledger::AccountTotal& total : *journal) {
    out.begin_object().member("account", total.account);
    out.member_or_null("cost_centre", total.cost_centre);
    out.member_or_null("profit_centre", total.profit_centre);
    out.member_or_null("tax_key", total.tax_key).member("currency", total.currency.code());
    write_minor(out, "debit", total.debit, total.currency);
    write_minor(out, "credit", total.credit, total.currency);
    out.end_object();
  }
  out.end_array();
}

void write_slice_head(JsonWriter& out, const TakenSlice& slice) {
  const contract::StoreDayClose& close = slice.close;
  out.member("slice", close.slice).member("id", to_string(slice.id));
  out.member("closed_at", to_string(slice.recorded_at));
  out.member("by", close.by).member("reason", close.reason).key("in_spite_of").begin_array();
  for (const std::string& each : close.in_spite_of) out.text(each);
  out.end_array().member("added", close.added.size()).member("removed", close.removed.size());
  out.key("totals").raw(close.totals);
}

void write_ids(JsonWriter& out, std::string_view name, const std::vector<Id>& ids) {
  out.key(name).begin_array();
  for (const Id id : ids) out.text(to_string(id));
  out.end_array();
}

void write_head(JsonWriter& out, const StoreDay& day) {
  out.member("tenant", day.name.tenant).member("shop", day.name.shop);
  out.member_or_null("region", day.region).member("business_date", to_string(day.name.date));
  out.member("state", day.state()).member("may_close", day.seen && day.status.may_close());
}

/// Reads totals; `sound` is false when something in them is no amount.
class TotalsReader {
 public:
  ledger::DayTotals read(const Json& list) {
    ledger::DayTotals totals;
    if (!list.is(contract::schema::JsonKind::array)) return fail_with(std::move(totals));
    for (const Json& element : list.elements()) {
      const auto currency = find_currency(contract::record::text(element, "currency"));
      if (!currency) return fail_with(std::move(totals));
      currency_ = *currency;
      totals.set(*currency, read_one(element));
    }
    return totals;
  }
  [[nodiscard]] bool sound() const { return sound_; }

 private:
  ledger::DayTotals fail_with(ledger::DayTotals totals) {
    sound_ = false;
    return totals;
  }

  ledger::CurrencyTotals read_one(const Json& object) {
    ledger::CurrencyTotals totals{
        .net = minor(object, "net"), .tax = minor(object, "tax"), .gross = minor(object, "gross")};
    // A count may be below zero: a slice can take more receipts back than it adds.
    const auto count = parse_decimal(contract::record::text(object, "receipts"));
    sound_ &= count.has_value();
    totals.receipts = count ? count->units : 0;
    for (const Json& tax : list_of(object, "taxes")) {
      totals.taxes[contract::record::text(tax, "tax_code")] = {minor(tax, "net"),
                                                               minor(tax, "tax")};
    }
    for (const Json& tender : list_of(object, "tenders")) {
      const auto& words = contract::words::tender_kind;
      const auto at = std::ranges::find(words, contract::record::text(tender, "kind"));
      sound_ &= at != words.end();
      totals.tenders[static_cast<contract::TenderKind>(at - words.begin())] =
          minor(tender, "amount");
    }
    return totals;
  }

  std::span<const Json> list_of(const Json& object, std::string_view name) {
    const Json* list = object.find(name);
    if (list != nullptr && list->is(contract::schema::JsonKind::array)) return list->elements();
    sound_ = false;
    return {};
  }

  /// Sums may be larger than single amounts.
  Wide minor(const Json& object, std::string_view name) {
    const auto value = parse_decimal(contract::record::text(object, name));
    const auto rounded =
        value ? multiply_round(*value, Decimal{1, 0}, currency_.exponent(), Rounding::half_up)
              : std::nullopt;
    sound_ &= rounded.has_value();
    return rounded.value_or(0);
  }

  Currency currency_;
  bool sound_ = true;
};

}  // namespace

void write_totals(JsonWriter& out, const ledger::DayTotals& totals) {
  out.begin_array();
  for (const auto& [currency, sums] : totals.all()) {
    out.begin_object().member("currency", currency.code());
    out.member("receipts", std::to_string(sums.receipts));
    write_minor(out, "net", sums.net, currency);
    write_minor(out, "tax", sums.tax, currency);
    write_minor(out, "gross", sums.gross, currency);
    out.key("taxes").begin_array();
    for (const auto& [tax_code, tax] : sums.taxes) {
      out.begin_object().member("tax_code", tax_code);
      write_minor(out, "net", tax.net, currency);
      write_minor(out, "tax", tax.tax, currency);
      out.end_object();
    }
    out.end_array().key("tenders").begin_array();
    for (const auto& [kind, minor] : sums.tenders) {
      out.begin_object().member("kind", contract::to_string(kind));
      write_minor(out, "amount", minor, currency);
      out.end_object();
    }
    out.end_array().end_object();
  }
  out.end_array();
}

Result<ledger::DayTotals> parse_totals(std::string_view json) {
  const auto document = contract::schema::JsonDocument::parse(std::string(json));
  TotalsReader reader;
  if (document) {
    ledger::DayTotals totals = reader.read(document->root());
    if (reader.sound()) return totals;
  }
  return fail({.code = std::string(code::stored_bytes_corrupt),
               .fault_class = FaultClass::corrupt,
               .where = "store day",
               .cause = "the totals of a slice cannot be read"});
}

std::string store_day_json(const StoreDay& day, Instant as_of) {
  JsonWriter out;
  out.reserve(4096);
  out.begin_object();
  write_head(out, day);
  out.member("as_of", to_string(as_of)).key("reasons").begin_array();
  for (const ledger::DayFinding& finding : day.status.findings) write_finding(out, finding);
  out.end_array().key("totals");
  write_totals(out, day.status.totals);
  out.key("registers").begin_array();
  for (const ledger::TillDay& till : day.status.tills) write_till(out, till);
  out.end_array().key("journal");
  write_journal(out, day.status.journal);
  out.key("slices").begin_array();
  for (const TakenSlice& slice : day.slices) {
    out.begin_object();
    write_slice_head(out, slice);
    out.end_object();
  }
  out.end_array().key("since_last_close").begin_object();
  out.member("added", day.added.size()).member("removed", day.removed.size()).key("totals");
  write_totals(out, day.open);
  out.end_object().end_object();
  return out.take();
}

void write_day_line(JsonWriter& out, const StoreDay& day) {
  out.begin_object();
  write_head(out, day);
  out.member("receipts", day.status.totals.receipts()).member("slices", day.slices.size());
  out.member_or_null("last_z_at", text_or_empty(day.status.last_z_recorded_at));
  std::vector<std::string_view> codes;
  for (const ledger::DayFinding& finding : day.status.findings) {
    if (std::ranges::find(codes, finding.code) == codes.end()) codes.push_back(finding.code);
  }
  out.key("reasons").begin_array();
  for (const std::string_view each : codes) out.text(each);
  out.end_array().key("gross").begin_object();
  for (const auto& [currency, sums] : day.status.totals.all()) {
    write_minor(out, currency.code(), sums.gross, currency);
  }
  out.end_object().end_object();
}

std::string slice_json(const TakenSlice& slice) {
  JsonWriter out;
  out.begin_object().member("tenant", slice.close.tenant).member("shop", slice.close.shop);
  out.member("business_date", to_string(slice.close.date));
  write_slice_head(out, slice);
  out.key("receipts").begin_object();
  write_ids(out, "added", slice.close.added);
  write_ids(out, "removed", slice.close.removed);
  out.end_object().end_object();
  return out.take();
}

}  // namespace crossfoot::observe

#include "ledger/store_day.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/invariant.h"
#include "contract/error_codes.h"
#include "ledger/line_points.h"

namespace crossfoot::ledger {

namespace {

auto key_of(const ArticleSum& sum) {
  return std::tie(sum.currency, sum.article, sum.unit, sum.tax_code, sum.unit_price.units,
                  sum.unit_price.scale, sum.action);
}

auto key_of(const TenderSum& sum) {
  return std::tie(sum.currency, sum.kind);
}

std::int64_t millionths_of(const contract::Line& line) {
  return count_in(line_quantity(line.quantity, line.measured), true);
}

/// Adds a number; false when the sum leaves 64 bits.
bool grow(std::int64_t& into, std::int64_t more) {
  return !__builtin_add_overflow(into, more, &into);
}

bool grow(ArticleSum& into, const ArticleSum& more) {
  return grow(into.millionths, more.millionths) && grow(into.net, more.net) &&
         grow(into.tax, more.tax) && grow(into.gross, more.gross);
}

bool grow(TenderSum& into, const TenderSum& more) {
  return grow(into.minor, more.minor);
}

bool is_nothing(const ArticleSum& sum) {
  return sum.millionths == 0 && sum.net == 0 && sum.tax == 0 && sum.gross == 0;
}

bool is_nothing(const TenderSum& sum) {
  return sum.minor == 0;
}

/// Adds sorted sums to sorted sums.
template <class Sum>
bool add_sums(std::vector<Sum>& into, const std::vector<Sum>& more) {
  for (const Sum& sum : more) {
    if (is_nothing(sum)) continue;
    const auto at = std::lower_bound(into.begin(), into.end(), sum, [](const Sum& a, const Sum& b) {
      return key_of(a) < key_of(b);
    });
    if (at == into.end() || key_of(*at) != key_of(sum)) {
      into.insert(at, sum);
    } else if (!grow(*at, sum)) {
      return false;
    } else if (is_nothing(*at)) {
      into.erase(at);
    }
  }
  return true;
}

/// Whether the postings' sums stay within 64 bits on either side.
bool add_journals(Journal& into, const Journal& more) {
  Wide sum = 0;
  for (const Journal* journal : {static_cast<const Journal*>(&into), &more}) {
    for (const Posting& posting : *journal) sum += posting.amount.minor;
  }
  if (sum > INT64_MAX) return false;
  into.insert(into.end(), more.begin(), more.end());
  into = merged(into);
  return true;
}

std::string escaped(std::string_view part) {
  std::string text;
  for (const char c : part) {
    if (c == '|' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

}  // namespace

DaySums sums_of(const contract::Transaction& transaction, const Pricing& pricing,
                const Journal& journal) {
  DaySums sums;
  for (std::size_t i = 0; i < pricing.lines.size(); ++i) {
    const contract::Line& line = transaction.lines[i];
    const PricedLine& priced = pricing.lines[i];
    const bool added =
        add_sums<ArticleSum>(sums.articles, {{.action = line.action,
                                              .article = line.article,
                                              .unit = line.unit,
                                              .tax_code = line.tax_code,
                                              .unit_price = line.unit_price.normalised(),
                                              .currency = transaction.currency,
                                              .millionths = millionths_of(line),
                                              .net = priced.net.minor,
                                              .tax = priced.tax.minor,
                                              .gross = priced.gross.minor}});
    INVARIANT(added, "a receipt that can be priced is within 64 bits");
  }
  const std::int64_t direction = pricing.due.minor < 0 ? -1 : 1;
  for (const contract::Tender& tender : transaction.tenders) {
    const bool added = add_sums<TenderSum>(
        sums.tenders, {{tender.kind, transaction.currency, direction * tender.amount.minor}});
    INVARIANT(added, "a receipt that can be priced is within 64 bits");
  }
  sums.journal = merged(journal);
  return sums;
}

Status add(DaySums& into, const DaySums& more) {
  DaySums sum = into;
  if (!add_sums(sum.articles, more.articles) || !add_sums(sum.tenders, more.tenders) ||
      !add_journals(sum.journal, more.journal)) {
    return fail({.code = std::string(contract::error_code::arithmetic_range),
                 .fault_class = FaultClass::rejected,
                 .where = "ledger: store day",
                 .cause = "the day's sums are out of range"});
  }
  into = std::move(sum);
  return {};
}

DaySums mirrored(const DaySums& sums) {
  DaySums mirror = sums;
  for (ArticleSum& sum : mirror.articles) {
    sum.millionths = -sum.millionths;
    sum.net = -sum.net;
    sum.tax = -sum.tax;
    sum.gross = -sum.gross;
  }
  for (TenderSum& sum : mirror.tenders) sum.minor = -sum.minor;
  mirror.journal = mirrored(sums.journal);
  return mirror;
}

Slice* StoreDay::open_slice() {
  const auto open = std::ranges::find(slices_, false, &Slice::posted);
  return open == slices_.end() ? nullptr : &*open;
}

Result<StoreDay::Added> StoreDay::add(std::string_view reference, const DaySums& receipt) {
  if (slice_of(reference)) return Added::known;
  Slice* slice = open_slice();
  const bool opens = slice == nullptr;
  if (opens) {
    const auto number = static_cast<std::uint32_t>(slices_.size() + 1);
    slice = &slices_.emplace_back(Slice{.number = number, .references = {}, .sums = {}});
  }
  if (auto added = ledger::add(slice->sums, receipt); !added) {
    if (opens) slices_.pop_back();
    return fail(std::move(added.error()));
  }
  slice->references.emplace_back(reference);
  return Added::added;
}

std::optional<std::uint32_t> StoreDay::close() {
  Slice* slice = open_slice();
  if (slice == nullptr) return std::nullopt;
  slice->posted = true;
  return slice->number;
}

std::optional<std::uint32_t> StoreDay::reverse(std::uint32_t number) {
  if (number == 0 || number > slices_.size()) return std::nullopt;
  const Slice& slice = slices_[number - 1];
  if (!slice.posted || slice.mirrors != 0) return std::nullopt;
  if (std::ranges::find(slices_, number, &Slice::mirrors) != slices_.end()) return std::nullopt;
  const auto next = static_cast<std::uint32_t>(slices_.size() + 1);
  Slice mirror{.number = next,
               .posted = true,
               .references = slice.references,
               .mirrors = number,
               .sums = mirrored(slice.sums)};
  slices_.push_back(std::move(mirror));
  return next;
}

std::optional<std::uint32_t> StoreDay::slice_of(std::string_view reference) const {
  for (const Slice& slice : slices_) {
    if (slice.mirrors != 0) continue;
    if (std::ranges::find(slices_, slice.number, &Slice::mirrors) != slices_.end()) continue;
    if (std::ranges::find(slice.references, reference) != slice.references.end()) {
      return slice.number;
    }
  }
  return std::nullopt;
}

std::string StoreDay::name_of(std::uint32_t number) const {
  return fmt::format("{}|{}|{}|{}|{}", escaped(key_.tenant), escaped(key_.shop),
                     to_string(key_.date), escaped(key_.mode), number);
}

Result<DaySums> StoreDay::posted() const {
  DaySums sums;
  for (const Slice& slice : slices_) {
    if (!slice.posted) continue;
    if (auto added = ledger::add(sums, slice.sums); !added) return fail(std::move(added.error()));
  }
  return sums;
}

}  // namespace crossfoot::ledger

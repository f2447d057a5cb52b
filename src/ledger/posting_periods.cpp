#include "ledger/posting_periods.h"

#include <algorithm>

namespace crossfoot::ledger {

namespace {

bool lies_in(std::string_view region, std::string_view wanted) {
  if (wanted.empty() || region == wanted) return true;
  return region.starts_with(wanted) && region.substr(wanted.size()).starts_with('-');
}

bool applies(const PostingPeriod& period, std::string_view region, std::string_view shop) {
  return (period.shop.empty() || period.shop == shop) && lies_in(region, period.region);
}

/// The more it states, the earlier it decides.
std::size_t rank(const PostingPeriod& period) {
  constexpr std::size_t shop_rank = 100;
  return (period.shop.empty() ? 0 : shop_rank) + period.region.size();
}

}  // namespace

PostingPeriods::PostingPeriods(std::vector<PostingPeriod> periods) : periods_(std::move(periods)) {
  std::ranges::sort(periods_, {}, &PostingPeriod::from);
}

bool PostingPeriods::is_open(BusinessDate date, std::string_view region,
                             std::string_view shop) const {
  const PostingPeriod* decides = nullptr;
  for (const PostingPeriod& period : periods_) {
    const bool covers = period.from <= date && date <= period.to;
    if (!covers || !applies(period, region, shop)) continue;
    if (decides == nullptr || rank(period) > rank(*decides)) decides = &period;
  }
  return decides != nullptr && decides->open;
}

std::optional<BusinessDate> PostingPeriods::posting_date(BusinessDate date, std::string_view region,
                                                         std::string_view shop) const {
  if (periods_.empty() || is_open(date, region, shop)) return date;
  for (const PostingPeriod& period : periods_) {
    if (period.from <= date || !period.open || !applies(period, region, shop)) continue;
    if (is_open(period.from, region, shop)) return period.from;
  }
  return std::nullopt;
}

}  // namespace crossfoot::ledger

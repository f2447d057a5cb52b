#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace crossfoot::ledger {

/// A fiscal period of the ERP, for all or for the shops of a region or one shop.
struct PostingPeriod {
  std::string
      region;  ///< ISO 3166 country or subdivision; a country has its subdivisions; empty: any
  std::string shop;   ///< empty: any
  BusinessDate from;  ///< first and last day
  BusinessDate to;
  bool open = false;

  bool operator==(const PostingPeriod&) const = default;
};

/// Under which day a document is posted, when periods of the ERP are closed (F74): its business
/// date where that is open, else the first day of the next open period. Of the periods that cover a
/// day the one for the shop decides, then the one for the smallest region. A day that no period
/// covers is not open. Without any period nothing is controlled. Immutable.
class PostingPeriods {
 public:
  PostingPeriods() = default;
  explicit PostingPeriods(std::vector<PostingPeriod> periods);

  [[nodiscard]] bool empty() const { return periods_.empty(); }
  /// No value: no period is open on that day or later.
  [[nodiscard]] std::optional<BusinessDate> posting_date(BusinessDate date, std::string_view region,
                                                         std::string_view shop) const;

 private:
  [[nodiscard]] bool is_open(BusinessDate date, std::string_view region,
                             std::string_view shop) const;

  std::vector<PostingPeriod> periods_;  ///< by first day
};

}  // namespace crossfoot::ledger

#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "contract/problem.h"
#include "contract/store_day_close.h"

namespace crossfoot::edge {

/// Store days as the API offers them: what came of a shop and business date, whether it may be
/// closed, and the slices that closes have taken. Results are complete JSON texts. Called on the
/// shard's thread; answers come on it too, once, never inside the call. Implemented by who reads
/// the days.
class StoreDayService {
 public:
  struct Name {
    std::string tenant = "default";
    std::string shop;
    BusinessDate date;
  };
  /// Whether the caller may see a shop of a region.
  using Visible = std::function<bool(std::string_view shop, std::string_view region)>;
  struct PageQuery {
    std::string tenant = "default";
    BusinessDate date;
    std::string region;  ///< or one it lies in; empty: any
    std::string state;   ///< open, ready, closed or late; empty: any
    std::string after;   ///< `next` of the page before
    std::size_t limit = 20;
    Visible visible;
  };
  struct CloseOrder {
    Name day;
    std::string by;
    std::string reason;
    bool in_spite_of_findings = false;
    Visible visible;
  };
  using Answer = std::move_only_function<void(Result<std::string>)>;
  using Prepared =
      std::move_only_function<void(std::expected<contract::StoreDayClose, contract::Problem>)>;
  using DueDays = std::move_only_function<void(std::vector<Name>)>;

  virtual ~StoreDayService() = default;

  /// Fault class `not_found` when nothing is known of it, or nothing that the caller may see.
  virtual void get(Name day, Visible visible, Answer answer) = 0;
  virtual void list(PageQuery query, Answer answer) = 0;
  /// One slice with its receipts; `not_found` when there is none.
  virtual void slice(Name day, std::uint32_t number, Visible visible, Answer answer) = 0;
  /// The next slice of a day, which nothing has stored yet. Refused: `day_not_closable`,
  /// `nothing_to_close`, and as `get`.
  virtual void prepare(CloseOrder order, Prepared prepared) = 0;
  /// Days that the policy wants closed now, at most a page of them.
  virtual void due(DueDays days) = 0;
};

}  // namespace crossfoot::edge

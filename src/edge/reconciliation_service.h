#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace crossfoot::edge {

/// Reconciliations as the API offers them. Results are the JSON texts of api/README.md ("Answers"),
/// complete, as the caller receives them. Called on the shard's thread; answers come on it too,
/// once, never inside the call. Implemented by who owns the comparisons.
class ReconciliationService {
 public:
  /// Both ends belong to it; from <= to.
  struct Period {
    BusinessDate from;
    BusinessDate to;
  };
  struct Started {
    std::string id;    ///< as in its address; characters that need no escape in a path
    std::string json;  ///< as `get` would answer
  };
  /// Newest first; empty texts mean any.
  struct PageQuery {
    std::string after;  ///< `next` of the page before
    std::size_t limit = 50;
  };
  struct BreakQuery {
    std::string reconciliation;
    std::string break_class;
    std::string after;
    std::size_t limit = 50;
  };
  using StartAnswer = std::move_only_function<void(Result<Started>)>;
  using Answer = std::move_only_function<void(Result<std::string>)>;

  virtual ~ReconciliationService() = default;

  /// Begins one; answers as soon as it is known to the data store.
  virtual void start_reconciliation(Period period, StartAnswer answer) = 0;
  /// `{"items": [...], "next": ...}`.
  virtual void list(PageQuery query, Answer answer) = 0;
  /// Fault class `not_found` when there is none with this id.
  virtual void get(std::string id, Answer answer) = 0;
  /// `{"items": [...], "next": ...}`; `not_found` for an unknown reconciliation, `rejected` for an
  /// `after` that is none of ours.
  virtual void breaks(BreakQuery query, Answer answer) = 0;
};

}  // namespace crossfoot::edge

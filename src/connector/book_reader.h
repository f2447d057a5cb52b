#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/result.h"
#include "base/time.h"
#include "connector/exchange.h"
#include "connector/targets.h"

namespace crossfoot::connector {

struct BookLine {
  std::uint32_t line = 0;
  std::string article;
  std::string quantity;  ///< as the target writes it
  std::optional<Money> amount;
  std::string tax_code;
  std::optional<Money> tax;
  std::optional<Points> points;

  bool operator==(const BookLine&) const = default;
};

struct BookTax {
  std::string tax_code;
  std::optional<Money> net;
  std::optional<Money> tax;

  bool operator==(const BookTax&) const = default;
};

struct BookTender {
  std::string kind;
  std::optional<Money> amount;

  bool operator==(const BookTender&) const = default;
};

/// One entry of a target's own book, in our words. What the target does not keep is empty.
struct BookItem {
  std::string id;
  std::string reference;
  std::string original_reference;
  std::string type;
  std::string kind;
  std::string shop;
  std::optional<BusinessDate> business_date;
  std::string currency;
  std::optional<Money> net;
  std::optional<Money> tax;
  std::optional<Money> gross;
  std::string exact_net;  ///< unrounded, as the target writes it
  std::optional<Points> points;
  std::string member;
  std::vector<BookLine> lines;
  std::vector<BookTax> taxes;
  std::vector<BookTender> tenders;
  bool keeps_tenders = false;  ///< the target says which there are, even if none
  std::string
      problem;  ///< the first value that is there and cannot be read; never silently dropped

  bool operator==(const BookItem&) const = default;
};

struct BookPage {
  std::vector<BookItem> items;
  std::optional<std::string> next;  ///< cursor
};

/// One page of a target's book. Pure. Faults as of a lookup.
[[nodiscard]] Result<runtime::HttpCall> make_page_request(const BookRules& rules, BusinessDate date,
                                                          const std::optional<std::string>& cursor,
                                                          Workspace& workspace);
[[nodiscard]] Result<BookPage> read_page(const Pack& pack, const runtime::HttpAnswer& answer,
                                         Instant now, Workspace& workspace);

/// Reads targets' own books through their list interfaces: what reconciliation compares with. Shard
/// thread; the targets outlive it. Reading has no effect, so a page that fails in passing is asked
/// for again a few times.
class BookReader {
 public:
  using Page = std::move_only_function<void(std::vector<BookItem>)>;
  using Done = std::move_only_function<void(Status)>;

  static constexpr int tries_max = 10;
  static constexpr std::size_t pages_max = 100'000;

  BookReader(runtime::Scheduler& scheduler, Targets& targets);
  ~BookReader();
  BookReader(const BookReader&) = delete;
  BookReader& operator=(const BookReader&) = delete;

  /// The target's pack says how its book is read; without, it stays `unverified`.
  [[nodiscard]] bool can_list(std::string_view target) const;

  /// Hands over all items of the day, page by page in the target's order, then calls `done` once;
  /// neither is called inside `list`, nor after this object's end. The next page is asked for after
  /// `page` has returned. Faults: rejected (no list, or refused), unauthorised, transient (after
  /// the last try), corrupt (pages that lead in a circle).
  void list(std::string_view target, BusinessDate date, Duration deadline, Page page, Done done);

 private:
  struct Reading;
  struct Shared;
  using ReadingPtr = std::shared_ptr<Reading>;

  static void ask(const std::shared_ptr<Shared>& shared, ReadingPtr reading);
  static void answered(const std::shared_ptr<Shared>& shared, ReadingPtr reading,
                       Result<runtime::HttpAnswer> answer);
  static void failed(const std::shared_ptr<Shared>& shared, ReadingPtr reading, Fault fault);

  std::shared_ptr<Shared> shared_;
};

}  // namespace crossfoot::connector

#include "observe/reconciler.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "base/id.h"
#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "observe/run.h"

namespace crossfoot::observe {

namespace {

namespace code = contract::error_code;

constexpr std::string_view reconciliations = "reconciliation";
constexpr std::string_view breaks_kind = "break";
constexpr std::size_t waiting_max = 16;
constexpr std::size_t page_items_max = 1000;
constexpr std::size_t scan_page = 200;
constexpr std::size_t scanned_max = 5000;
constexpr int start_tries = 5;

/// The connectors' reader, with this module's deadline.
class ConnectorBooks final : public BookSource {
 public:
  ConnectorBooks(connector::BookReader& reader, Duration deadline)
      : reader_(reader), deadline_(deadline) {}

  [[nodiscard]] bool can_list(std::string_view target) const override {
    return reader_.can_list(target);
  }
  void list(std::string_view target, BusinessDate date, connector::BookReader::Page page,
            connector::BookReader::Done done) override {
    reader_.list(target, date, deadline_, std::move(page), std::move(done));
  }

 private:
  connector::BookReader& reader_;
  Duration deadline_;
};

Fault fault(std::string_view fault_code, FaultClass fault_class, std::string cause) {
  return {.code = std::string(fault_code),
          .fault_class = fault_class,
          .where = "reconciliations",
          .cause = std::move(cause)};
}

Fault unknown_reconciliation() {
  return fault(code::not_found, FaultClass::not_found, "there is no such reconciliation");
}

Fault bad_cursor() {
  return fault(code::malformed_request, FaultClass::rejected, "after is not the next of a page");
}

/// `{"items": [...], "next": ...}` from complete JSON texts.
std::string page_json(const std::vector<std::string>& items, std::string_view next) {
  contract::JsonWriter out;
  out.begin_object().key("items").begin_array();
  for (const std::string& item : items) out.raw(item);
  out.end_array().member_or_null("next", next).end_object();
  return out.take();
}

/// What a page of breaks was gathered into by a snapshot.
struct BreakPage {
  bool known = false;
  std::vector<std::string> items;
  std::string next;
};

/// Breaks backwards from `after`, of one reconciliation and one class where stated. Ends early
/// after `scanned_max` documents, with a cursor to go on from.
Status gather(store::Reader& reader, const edge::ReconciliationService::BreakQuery& query,
              std::size_t limit, BreakPage& page) {
  const std::string prefix =
      query.reconciliation.empty() ? std::string{} : query.reconciliation + "-";
  // Quotes inside texts are escaped, so this is found in the field alone.
  const std::string wanted =
      query.break_class.empty() ? std::string{} : "\"class\":\"" + query.break_class + "\"";
  std::string at = query.after;
  if (at.empty() && !prefix.empty()) at = prefix + "~";
  for (std::size_t scanned = 0; scanned < scanned_max;) {
    auto rows = reader.documents(breaks_kind, at, scan_page, true);
    if (!rows) return fail(std::move(rows.error()));
    for (store::DocumentRow& row : *rows) {
      if (!row.key.starts_with(prefix)) return {};
      if (wanted.empty() || row.value.find(wanted) != std::string::npos) {
        if (page.items.size() == limit) {
          page.next = at;
          return {};
        }
        page.items.push_back(std::move(row.value));
      }
      at = std::move(row.key);
    }
    if (rows->size() < scan_page) return {};
    scanned += rows->size();
  }
  page.next = at;
  return {};
}

}  // namespace

class Reconciler::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store,
       std::unique_ptr<BookSource> books, const ledger::Programme& programme,
       const ledger::ZoneLookup& zones, ReconcilerOptions options)
      : scheduler_(scheduler),
        data_store_(scheduler, std::move(data_store)),
        books_(std::move(books)),
        programme_(programme),
        zones_(zones),
        options_(std::move(options)) {}

  void close() {
    data_store_.close();
    for (const auto& [id, run] : live_) run->abandon();
    live_.clear();
    waiting_.clear();
    running_.reset();
  }

  void start(Period period, StartAnswer answer) {
    if (period.to < period.from) {
      return later(std::move(answer),
                   fault(code::out_of_range, FaultClass::rejected, "to is before from"));
    }
    if (waiting_.size() >= waiting_max) {
      return later(std::move(answer), fault(code::overloaded, FaultClass::throttled,
                                            "too many reconciliations wait already"));
    }
    const auto id = next_id();
    if (!id) {
      return later(std::move(answer), fault(code::store_closed, FaultClass::transient,
                                            "the data store is being opened again"));
    }
    Report report;
    report.id = to_string(*id);
    report.from = period.from;
    report.to = period.to;
    report.as_of = scheduler_.now();
    std::vector<store::DocumentRow> documents;
    documents.push_back({std::string(reconciliations), report.id, Run::interrupted_json(report)});
    data_store_.write(
        std::move(documents),
        [self = shared_from_this(), report, answer = std::move(answer)](Status written) mutable {
          if (!written) return answer(fail(std::move(written.error())));
          answer(Started{report.id, report.json()});
          self->queue(std::move(report));
        },
        start_tries);
  }

  void list(const PageQuery& query, Answer answer) {
    if (!query.after.empty() && !parse_id(query.after)) {
      return later(std::move(answer), bad_cursor());
    }
    const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, page_items_max);
    auto rows = std::make_shared<std::vector<store::DocumentRow>>();
    data_store_.read(
        [rows, after = query.after, limit](store::Reader& reader) -> Status {
          auto found = reader.documents(reconciliations, after, limit + 1, true);
          if (!found) return fail(std::move(found.error()));
          *rows = std::move(*found);
          return {};
        },
        [self = shared_from_this(), rows, limit, answer = std::move(answer)](Status read) mutable {
          if (!read) return answer(fail(std::move(read.error())));
          std::string next;
          if (rows->size() > limit) {
            rows->resize(limit);
            next = rows->back().key;
          }
          std::vector<std::string> items;
          for (store::DocumentRow& row : *rows) {
            const auto live = self->live_.find(row.key);
            items.push_back(live == self->live_.end() ? std::move(row.value)
                                                      : live->second->report().json());
          }
          answer(page_json(items, next));
        });
  }

  void get(const std::string& id, Answer answer) {
    if (const auto live = live_.find(id); live != live_.end()) {
      scheduler_.post([answer = std::move(answer), json = live->second->report().json()]() mutable {
        answer(std::move(json));
      });
      return;
    }
    auto found = std::make_shared<std::optional<std::string>>();
    data_store_.read(
        [found, id](store::Reader& reader) -> Status {
          auto value = reader.document(reconciliations, id);
          if (!value) return fail(std::move(value.error()));
          *found = std::move(*value);
          return {};
        },
        [found, answer = std::move(answer)](Status read) mutable {
          if (!read) return answer(fail(std::move(read.error())));
          if (!*found) return answer(fail(unknown_reconciliation()));
          answer(std::move(**found));
        });
  }

  void breaks(BreakQuery query, Answer answer) {
    const bool cursor =
        query.after.empty() ||
        (is_break_key(query.after) &&
         (query.reconciliation.empty() || query.after.starts_with(query.reconciliation + "-")));
    if (!cursor) return later(std::move(answer), bad_cursor());
    const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, page_items_max);
    auto page = std::make_shared<BreakPage>();
    data_store_.read(
        [page, query = std::move(query), limit](store::Reader& reader) -> Status {
          *page = {};
          if (!query.reconciliation.empty()) {
            auto known = reader.document(reconciliations, query.reconciliation);
            if (!known) return fail(std::move(known.error()));
            if (!*known) return {};
          }
          page->known = true;
          return gather(reader, query, limit, *page);
        },
        [page, answer = std::move(answer)](Status read) mutable {
          if (!read) return answer(fail(std::move(read.error())));
          if (!page->known) return answer(fail(unknown_reconciliation()));
          answer(page_json(page->items, page->next));
        });
  }

 private:
  template <class Function>
  void later(Function answer, Fault why) {
    scheduler_.post([answer = std::move(answer), why = std::move(why)]() mutable {
      answer(fail(std::move(why)));
    });
  }

  /// Ids order reconciliations by their start; the store's incarnation keeps them unique.
  std::optional<Id> next_id() {
    store::Store* const data_store = data_store_.data_store();
    if (data_store == nullptr) return std::nullopt;
    const std::uint32_t incarnation = data_store->opened().incarnation;
    if (!ids_ || incarnation != incarnation_) {
      incarnation_ = incarnation;
      ids_.emplace(incarnation);
    }
    return ids_->next(scheduler_.now(), Partition{0});
  }

  void queue(Report report) {
    std::string id = report.id;
    auto run = std::make_shared<Run>(scheduler_, data_store_, *books_, programme_, zones_, options_,
                                     std::move(report));
    live_.emplace(std::move(id), run);
    waiting_.push_back(std::move(run));
    run_next();
  }

  void run_next() {
    if (running_ != nullptr || waiting_.empty()) return;
    running_ = std::move(waiting_.front());
    waiting_.pop_front();
    running_->start([this] {
      live_.erase(running_->report().id);
      running_.reset();
      run_next();
    });
  }

  runtime::Scheduler& scheduler_;
  StoreAccess data_store_;
  std::unique_ptr<BookSource> books_;
  const ledger::Programme& programme_;
  const ledger::ZoneLookup& zones_;
  ReconcilerOptions options_;
  std::optional<IdSource> ids_;
  std::uint32_t incarnation_ = 0;
  std::map<std::string, std::shared_ptr<Run>> live_;  ///< waiting or running
  std::deque<std::shared_ptr<Run>> waiting_;
  std::shared_ptr<Run> running_;
};

Reconciler::Reconciler(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store,
                       connector::BookReader& books, const ledger::Programme& programme,
                       const ledger::ZoneLookup& zones, ReconcilerOptions options)
    : Reconciler(scheduler, std::move(data_store),
                 std::make_unique<ConnectorBooks>(books, options.list_deadline), programme, zones,
                 options) {}

Reconciler::Reconciler(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store,
                       std::unique_ptr<BookSource> books, const ledger::Programme& programme,
                       const ledger::ZoneLookup& zones, ReconcilerOptions options)
    : impl_(std::make_shared<Impl>(scheduler, std::move(data_store), std::move(books), programme,
                                   zones, std::move(options))) {}

Reconciler::~Reconciler() {
  impl_->close();
}

void Reconciler::start_reconciliation(Period period, StartAnswer answer) {
  impl_->start(period, std::move(answer));
}

void Reconciler::list(PageQuery query, Answer answer) {
  impl_->list(query, std::move(answer));
}

void Reconciler::get(std::string id, Answer answer) {
  impl_->get(id, std::move(answer));
}

void Reconciler::breaks(BreakQuery query, Answer answer) {
  impl_->breaks(std::move(query), std::move(answer));
}

}  // namespace crossfoot::observe

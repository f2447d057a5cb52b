#include "observe/store_days.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "flow/plan/store_day.h"
#include "observe/day_json.h"
#include "observe/day_reader.h"

namespace crossfoot::observe {

namespace {

namespace code = contract::error_code;
using contract::make_problem;
using contract::Problem;
using flow::SeenDay;

/// Days that one answer looks at, at most; a filter may leave fewer of them.
constexpr std::size_t examined_max = 200;
/// Days that one look for closing reads, at most.
constexpr std::size_t due_max = 20;
constexpr std::size_t scan_page = 500;

Fault unknown_day() {
  return {.code = std::string(code::not_found),
          .fault_class = FaultClass::not_found,
          .where = "store days",
          .cause = "nothing has come of this shop and day"};
}

bool lies_in(std::string_view region, std::string_view wanted) {
  if (wanted.empty() || region == wanted) return true;
  return region.starts_with(wanted) && region.substr(wanted.size()).starts_with('-');
}

bool may_see(const edge::StoreDayService::Visible& visible, const StoreDay& day) {
  return !visible || visible(day.name.shop, day.region);
}

/// What keeps a day from being closed, as a problem.
Problem not_closable(const StoreDay& day) {
  std::vector<contract::ProblemItem> items;
  for (const ledger::DayFinding& finding : day.status.findings) {
    if (finding.blocks) items.push_back({"", std::string(finding.code), finding.detail});
  }
  return make_problem(code::day_not_closable,
                      fmt::format("{} finding{} to clear, or to close in spite of", items.size(),
                                  items.size() == 1 ? "" : "s"),
                      std::move(items));
}

bool is_beyond_sums(const ledger::DayFinding& finding) {
  return finding.code == code::arithmetic_range;
}

}  // namespace

class StoreDays::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store,
       ledger::SettlementPolicy policy)
      : scheduler_(scheduler),
        access_(scheduler, std::move(data_store)),
        policy_(std::move(policy)),
        reader_(access_, policy_) {}

  void close() { access_.close(); }
  [[nodiscard]] Instant now() const { return scheduler_.now(); }

  using DayDone = std::move_only_function<void(Result<StoreDay>)>;

  /// A day that is there and that the caller may see.
  void find(Name name, Visible visible, DayDone done) {
    reader_.read(std::move(name), [visible = std::move(visible),
                                   done = std::move(done)](Result<StoreDay> day) mutable {
      if (!day) return done(fail(std::move(day.error())));
      const bool there = day->seen || !day->status.findings.empty();
      if (!there || !may_see(visible, *day)) return done(fail(unknown_day()));
      done(std::move(day));
    });
  }

  struct Listing {
    PageQuery query;
    Answer answer;
    std::vector<std::pair<std::string, SeenDay>> days;  ///< by key
    bool more = false;                                  ///< behind the last of them
    std::size_t at = 0;
    std::size_t written = 0;
    contract::JsonWriter out;
  };

  void list(PageQuery query, Answer answer) {
    auto listing = std::make_shared<Listing>();
    listing->query = std::move(query);
    listing->answer = std::move(answer);
    listing->out.begin_object().key("items").begin_array();
    access_.read([self = shared_from_this(),
                  listing](store::Reader& reader) { return self->gather(reader, *listing); },
                 [self = shared_from_this(), listing](Status status) {
                   if (!status) return listing->answer(fail(std::move(status.error())));
                   self->next_line(listing);
                 });
  }

  void prepare(CloseOrder order, Prepared prepared) {
    auto shared = std::make_shared<CloseOrder>(std::move(order));
    find(shared->day, shared->visible,
         [self = shared_from_this(), shared,
          prepared = std::move(prepared)](Result<StoreDay> day) mutable {
           if (!day) {
             return prepared(
                 std::unexpected(make_problem(day.error().code, std::move(day.error().cause))));
           }
           prepared(self->close_of(*shared, *day));
         });
  }

  struct Search {
    DueDays answer;
    BusinessDate from;
    std::size_t turn = 0;
    std::vector<SeenDay> days;
    std::size_t at = 0;
    std::vector<Name> due;
  };

  void due(DueDays answer) {
    auto search = std::make_shared<Search>();
    search->answer = std::move(answer);
    if (!policy_.close_after_z) {
      return scheduler_.post([search] { search->answer({}); });
    }
    search->from = {utc_date(scheduler_.now()).days - dates_back};
    search->turn = turn_;
    access_.read([search](store::Reader& reader) { return gather_recent(reader, *search); },
                 [self = shared_from_this(), search](Status status) {
                   if (!status) search->days.clear();
                   self->judge_next(search);
                 });
  }

 private:
  std::expected<contract::StoreDayClose, Problem> close_of(const CloseOrder& order,
                                                           const StoreDay& day) const {
    if (!day.has_open()) {
      return std::unexpected(
          make_problem(code::nothing_to_close, day.slices.empty()
                                                   ? "nothing of this shop and day counts yet"
                                                   : "nothing has come since it was closed last"));
    }
    contract::StoreDayClose close{
        .tenant = day.name.tenant,
        .shop = day.name.shop,
        .region = day.region,
        .date = day.name.date,
        .slice = day.slices.empty() ? 1 : day.slices.back().close.slice + 1,
        .at = scheduler_.now(),
        .by = order.by,
        .reason = order.reason};
    for (const ledger::DayFinding& finding : day.status.findings) {
      if (!finding.blocks) continue;
      if (!order.in_spite_of_findings || is_beyond_sums(finding)) {
        return std::unexpected(not_closable(day));
      }
      close.in_spite_of.emplace_back(finding.code);
    }
    const auto repeated = std::ranges::unique(close.in_spite_of);
    close.in_spite_of.erase(repeated.begin(), repeated.end());
    close.added = day.added;
    close.removed = day.removed;
    contract::JsonWriter totals;
    write_totals(totals, day.open);
    close.totals = totals.take();
    return close;
  }

  /// Seen days and expected ones of a date behind the cursor, as many as are looked at.
  Status gather(store::Reader& reader, Listing& listing) const {
    const PageQuery& query = listing.query;
    const std::string first = to_string(query.date) + "|";
    const std::string after = query.after.empty() ? first : query.after;
    std::map<std::string, SeenDay> found;
    const auto rows = reader.documents(flow::seen_day_documents, after, examined_max + 1, false);
    if (!rows) return fail(rows.error());
    bool seen_more = rows->size() > examined_max;
    for (const store::DocumentRow& row : *rows) {
      if (!row.key.starts_with(first)) {
        seen_more = false;
        break;
      }
      auto day = flow::decode_seen_day(row.value);
      if (!day) return fail(day.error());
      if (day->tenant == query.tenant) found.emplace(row.key, std::move(*day));
    }
    // Behind the last row that was read there may be more; what is expected there comes then.
    const std::string end = seen_more ? rows->back().key : std::string();
    for (const ledger::ShopRules& shop : policy_.shops) {
      if (shop.tenant != query.tenant || !shop.trades_on(query.date)) continue;
      SeenDay day{shop.tenant, shop.shop, shop.region, query.date};
      std::string key = flow::key_of(day);
      if (key > after && (end.empty() || key < end)) found.emplace(std::move(key), std::move(day));
    }
    listing.days.assign(std::make_move_iterator(found.begin()),
                        std::make_move_iterator(found.end()));
    listing.more = seen_more || listing.days.size() > examined_max;
    if (listing.days.size() > examined_max) listing.days.resize(examined_max);
    return {};
  }

  void next_line(const std::shared_ptr<Listing>& listing) {
    if (listing->at == listing->days.size() || listing->written == listing->query.limit) {
      return finish(*listing);
    }
    const SeenDay& day = listing->days[listing->at].second;
    reader_.read({day.tenant, day.shop, day.date},
                 [self = shared_from_this(), listing](Result<StoreDay> read) {
                   if (!read) return listing->answer(fail(std::move(read.error())));
                   const PageQuery& query = listing->query;
                   const bool wanted = lies_in(read->region, query.region) &&
                                       (query.state.empty() || read->state() == query.state) &&
                                       may_see(query.visible, *read);
                   if (wanted) {
                     write_day_line(listing->out, *read);
                     ++listing->written;
                   }
                   ++listing->at;
                   self->next_line(listing);
                 });
  }

  static void finish(Listing& listing) {
    const bool more = listing.more || listing.at < listing.days.size();
    const std::string next = more && listing.at > 0 ? listing.days[listing.at - 1].first : "";
    listing.out.end_array().member_or_null("next", next).end_object();
    listing.answer(listing.out.take());
  }

  static Status gather_recent(store::Reader& reader, Search& search) {
    search.days.clear();
    std::string after = to_string(search.from);
    for (;;) {
      const auto rows = reader.documents(flow::seen_day_documents, after, scan_page, false);
      if (!rows) return fail(rows.error());
      for (const store::DocumentRow& row : *rows) {
        auto day = flow::decode_seen_day(row.value);
        if (!day) return fail(day.error());
        search.days.push_back(std::move(*day));
        after = row.key;
      }
      if (rows->size() < scan_page) break;
    }
    // Each look goes on behind the one before, so that every day has its turn.
    if (search.days.size() > due_max) {
      const auto begin = static_cast<std::ptrdiff_t>(search.turn % search.days.size());
      std::ranges::rotate(search.days, search.days.begin() + begin);
      search.days.resize(due_max);
    }
    return {};
  }

  void judge_next(const std::shared_ptr<Search>& search) {
    if (search->at == search->days.size()) {
      turn_ += search->days.size();
      return search->answer(std::move(search->due));
    }
    const SeenDay& day = search->days[search->at++];
    reader_.read({day.tenant, day.shop, day.date},
                 [self = shared_from_this(), search](Result<StoreDay> read) {
                   if (read && self->is_due(*read)) search->due.push_back(read->name);
                   self->judge_next(search);
                 });
  }

  [[nodiscard]] bool is_due(const StoreDay& day) const {
    if (!day.has_open() || !day.status.may_close()) return false;
    const auto& last_z = day.status.last_z_recorded_at;
    return last_z && *last_z + *policy_.close_after_z <= scheduler_.now();
  }

  runtime::Scheduler& scheduler_;
  StoreAccess access_;
  const ledger::SettlementPolicy policy_;
  DayReader reader_;
  std::size_t turn_ = 0;  ///< days that were looked at for closing
};

StoreDays::StoreDays(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store,
                     ledger::SettlementPolicy policy)
    : impl_(std::make_shared<Impl>(scheduler, std::move(data_store), std::move(policy))) {}

StoreDays::~StoreDays() {
  impl_->close();
}

void StoreDays::get(Name day, Visible visible, Answer answer) {
  impl_->find(std::move(day), std::move(visible),
              [impl = impl_, answer = std::move(answer)](Result<StoreDay> found) mutable {
                if (!found) return answer(fail(std::move(found.error())));
                answer(store_day_json(*found, impl->now()));
              });
}

void StoreDays::list(PageQuery query, Answer answer) {
  impl_->list(std::move(query), std::move(answer));
}

void StoreDays::slice(Name day, std::uint32_t number, Visible visible, Answer answer) {
  impl_->find(std::move(day), std::move(visible),
              [number, answer = std::move(answer)](Result<StoreDay> found) mutable {
                if (!found) return answer(fail(std::move(found.error())));
                const auto at = std::ranges::find_if(found->slices, [number](const auto& slice) {
                  return slice.close.slice == number;
                });
                if (at == found->slices.end()) {
                  Fault none = unknown_day();
                  none.cause = "the day has no slice with this number";
                  return answer(fail(std::move(none)));
                }
                answer(slice_json(*at));
              });
}

void StoreDays::prepare(CloseOrder order, Prepared prepared) {
  impl_->prepare(std::move(order), std::move(prepared));
}

void StoreDays::due(DueDays days) {
  impl_->due(std::move(days));
}

}  // namespace crossfoot::observe

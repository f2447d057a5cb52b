#include "observe/compare.h"

#include "observe/reversal_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace crossfoot::observe {

namespace {

ReversalId reversal_of(const ExpectedItem& item) {
  return {item.transaction, !item.takes_back};
}

using connector::BookItem;
using connector::BookLine;

/// What is carried across days keeps no lines, so that memory is bounded by items, not by receipts.
ExpectedItem head_of(ExpectedItem item) {
  if (item.document) item.document->lines = {};
  if (item.document) item.document->tenders = {};
  item.moved = {};
  return item;
}
BookItem head_of(BookItem item) {
  item.lines = {};
  item.taxes = {};
  item.tenders = {};
  return item;
}

/// Differences of one pair, by what they mean; each is a few words.
class PairComparison {
 public:
  PairComparison(const ExpectedItem& expected, const BookItem& observed)
      : expected_(expected), observed_(observed) {
    compare_owner();
    if (expected.document) compare_document(*expected.document);
    compare_movement();
    compare_points();
  }

  [[nodiscard]] std::optional<BreakClass> verdict() const {
    if (!owner_.empty()) return BreakClass::ownership;
    if (!line_.empty()) return BreakClass::amount;
    if (!total_.empty()) return within_rounding() ? BreakClass::rounding : BreakClass::amount;
    if (!points_.empty()) return BreakClass::rate;
    return std::nullopt;
  }
  [[nodiscard]] std::string detail() const {
    std::string all;
    for (const std::string* part : {&owner_, &total_, &line_, &points_}) {
      if (part->empty()) continue;
      if (!all.empty()) all += "; ";
      all += *part;
    }
    return all;
  }
  /// No difference was found, but not all could be compared.
  [[nodiscard]] bool incomplete() const { return incomplete_ || !observed_.problem.empty(); }

 private:
  static constexpr std::size_t detail_bytes_max = 400;

  static void note(std::string& into, const std::string& text) {
    if (into.size() > detail_bytes_max) return;
    if (!into.empty()) into += "; ";
    into += text;
  }
  static void note_text(std::string& into, std::string_view what, const std::string& expected,
                        const std::string& found) {
    if (found.empty() || found == expected) return;
    note(into, fmt::format("{} {} instead of {}", what, found, expected.empty() ? "-" : expected));
  }
  static void note_money(std::string& into, std::string_view what, const Money& expected,
                         const std::optional<Money>& found) {
    if (!found || *found == expected) return;
    note(into, fmt::format("{} {} instead of {}", what, to_string(*found), to_string(expected)));
  }

  void compare_owner() {
    note_text(owner_, "shop", expected_.shop, observed_.shop);
    // A book that keeps members where the channel named none says more, not otherwise.
    if (!expected_.member.empty()) {
      note_text(owner_, "member", expected_.member, observed_.member);
    }
  }

  void compare_document(const ExpectedDocument& document) {
    note_text(line_, "currency", std::string(expected_.currency.code()), observed_.currency);
    note_money(total_, "net", document.net, observed_.net);
    note_money(total_, "tax", document.tax, observed_.tax);
    note_money(total_, "gross", document.gross, observed_.gross);
    if (!observed_.lines.empty()) compare_lines(document.lines, true);
    if (!observed_.taxes.empty()) compare_taxes(document.taxes());
    if (observed_.keeps_tenders) compare_tenders(document.tenders);
    if (!observed_.net && !observed_.gross) incomplete_ = true;
  }

  void compare_tenders(std::map<std::string, Money> expected) {
    std::map<std::string, Money> found;
    for (const connector::BookTender& tender : observed_.tenders) {
      if (!tender.amount) continue;
      const auto [at, fresh] = found.try_emplace(tender.kind, *tender.amount);
      if (!fresh) at->second += *tender.amount;
    }
    const Money zero{0, expected_.currency};
    for (const auto& [kind, amount] : found) expected.try_emplace(kind, zero);
    for (const auto& [kind, amount] : expected) {
      const auto at = found.find(kind);
      note_money(line_, "tender " + kind, amount, at == found.end() ? zero : at->second);
    }
  }

  void compare_taxes(std::map<std::string, TaxAmounts> expected) {
    const Money zero{0, expected_.currency};
    for (const connector::BookTax& found : observed_.taxes) {
      const std::string name = found.tax_code.empty() ? "tax code -" : "tax code " + found.tax_code;
      const auto at = expected.find(found.tax_code);
      const TaxAmounts wanted = at == expected.end() ? TaxAmounts{zero, zero} : at->second;
      note_money(total_, name + " net", wanted.net, found.net);
      note_money(total_, name + " tax", wanted.tax, found.tax);
      if (at != expected.end()) expected.erase(at);
    }
    for (const auto& [code, wanted] : expected) {
      if (wanted.net.minor == 0 && wanted.tax.minor == 0) continue;
      note(line_, fmt::format("tax code {} is not there", code.empty() ? "-" : code));
    }
  }

  void compare_lines(const std::vector<ExpectedLine>& expected, bool with_money) {
    std::vector<const BookLine*> found;
    for (const BookLine& line : observed_.lines) found.push_back(&line);
    std::ranges::sort(found, {}, &BookLine::line);
    std::vector<const ExpectedLine*> wanted;
    for (const ExpectedLine& line : expected) wanted.push_back(&line);
    std::ranges::sort(wanted, {}, &ExpectedLine::line);
    std::size_t at = 0;
    for (const ExpectedLine* line : wanted) {
      while (at < found.size() && found[at]->line < line->line) surplus_line(*found[at++]);
      if (at < found.size() && found[at]->line == line->line) {
        compare_line(*line, *found[at++], with_money);
      } else {
        note(line_, fmt::format("line {} is not there", line->line));
      }
    }
    while (at < found.size()) surplus_line(*found[at++]);
  }
  void surplus_line(const BookLine& line) {
    note(line_, fmt::format("line {} is not the channel's", line.line));
  }

  void compare_line(const ExpectedLine& expected, const BookLine& found, bool with_money) {
    const std::string name = fmt::format("line {}", expected.line);
    note_text(line_, name + " article", expected.article, found.article);
    if (!found.quantity.empty()) {
      const auto quantity = parse_decimal(found.quantity);
      if (!quantity || *quantity != expected.quantity) {
        note_text(line_, name + " quantity", to_string(expected.quantity), found.quantity);
      }
    }
    if (!with_money) return;
    note_money(line_, name + " amount", expected.amount, found.amount);
    if (found.tax_code != expected.tax_code) {
      note(line_, fmt::format("{} tax code {} instead of {}", name,
                              found.tax_code.empty() ? "-" : found.tax_code,
                              expected.tax_code.empty() ? "-" : expected.tax_code));
    }
    note_money(total_, name + " tax", expected.tax, found.tax);
  }

  void compare_movement() {
    if (expected_.moved.empty()) return;
    if (observed_.lines.empty()) {
      incomplete_ = true;
      return;
    }
    compare_lines(expected_.moved, false);
  }

  void compare_points() {
    if (expected_.side != Side::loyalty) return;
    if (!expected_.points || !observed_.points) {
      incomplete_ = true;
      return;
    }
    if (*expected_.points == *observed_.points) return;
    note(points_,
         fmt::format("{} points instead of {}", observed_.points->count, expected_.points->count));
  }

  /// Totals that may differ by where the tax is rounded: on each line or once a receipt (V11).
  [[nodiscard]] bool within_rounding() const {
    if (observed_.lines.empty() || !expected_.document) return false;
    const auto limit = static_cast<std::int64_t>(observed_.lines.size());
    const auto near = [limit](const Money& expected, const std::optional<Money>& found) {
      if (!found) return true;
      const std::int64_t difference = found->minor - expected.minor;
      return difference >= -limit && difference <= limit;
    };
    const ExpectedDocument& document = *expected_.document;
    return near(document.net, observed_.net) && near(document.tax, observed_.tax) &&
           near(document.gross, observed_.gross);
  }

  const ExpectedItem& expected_;
  const BookItem& observed_;
  std::string owner_;
  std::string line_;
  std::string total_;
  std::string points_;
  bool incomplete_ = false;
};

std::optional<Money> worth(const ExpectedItem& item) {
  if (!item.document) return std::nullopt;
  return item.document->gross;
}

Break break_of(const ExpectedItem& item, BreakClass break_class, std::string detail) {
  Break made;
  made.break_class = break_class;
  made.side = item.side;
  made.reference = item.reference;
  made.transaction = item.transaction;
  made.shop = item.shop;
  made.member = item.member;
  made.business_date = item.business_date;
  made.money = worth(item);
  made.points = item.points.value_or(Points{});
  made.detail = std::move(detail);
  return made;
}

std::optional<Money> difference(const ExpectedItem& expected, const BookItem& observed) {
  if (!expected.document) return std::nullopt;
  const Money zero{0, expected.currency};
  const std::optional<Money>& found = observed.gross ? observed.gross : observed.net;
  const Money& wanted = observed.gross ? expected.document->gross : expected.document->net;
  if (!found || found->currency != wanted.currency) return zero;
  return Money{found->minor - wanted.minor, wanted.currency};
}

Break missing(const ExpectedItem& item) {
  Break made = break_of(item, BreakClass::missing, "the target does not have it");
  if (made.money) made.money = -*made.money;
  made.points = -made.points;
  return made;
}

/// One pass over a day's items of one side.
class Day {
 public:
  Day(std::vector<ExpectedItem> expected, std::vector<BookItem> observed,
      const CompareOptions& options)
      : expected_(std::move(expected)), observed_(std::move(observed)), options_(options) {}

  DayComparison run() {
    met_.resize(observed_.size());
    for (std::size_t i = 0; i < observed_.size(); ++i) {
      if (!observed_[i].reference.empty()) by_reference_[observed_[i].reference].push_back(i);
    }
    for (ExpectedItem& item : expected_) judge(item);
    for (std::size_t i = 0; i < observed_.size(); ++i) {
      if (met_[i] || !options_.readable) continue;
      out_.control.add_surplus(options_.side, options_.date, observed_[i]);
      out_.strays.push_back({options_.side, head_of(std::move(observed_[i]))});
    }
    return std::move(out_);
  }

 private:
  void conclude(ItemOutcome outcome, ExpectedItem& item, bool counts = false) {
    out_.judged.push_back({outcome, head_of(std::move(item)), counts});
  }

  void judge(ExpectedItem& item) {
    if (item.reference.empty()) return conclude(ItemOutcome::explained, item);
    if (!options_.readable) {
      if (item.expectation == Expectation::absent) return;
      return conclude(ItemOutcome::unverified, item);
    }
    const auto at = by_reference_.find(item.reference);
    if (at == by_reference_.end()) return not_found(item);
    for (const std::size_t index : at->second) met_[index] = true;
    if (item.expectation == Expectation::unreadable) {
      return conclude(ItemOutcome::unverified, item);
    }
    if (item.expectation == Expectation::absent) return unwanted(item, at->second);
    if (at->second.size() > 1) return repeated(item, at->second);
    pair(item, observed_[at->second.front()]);
  }

  void not_found(ExpectedItem& item) {
    Unmet unmet;
    switch (item.expectation) {
      case Expectation::absent:
        return;
      case Expectation::unreadable:
        return conclude(ItemOutcome::unverified, item);
      case Expectation::there:
        // Acknowledged after the book was read: the book could not have it yet.
        unmet.alone = item.since >= options_.as_of ? ItemOutcome::in_flight : ItemOutcome::broken;
        if (unmet.alone == ItemOutcome::broken) in_turn(item);
        break;
      case Expectation::pending:
        unmet.alone = options_.as_of - item.since <= options_.in_flight ? ItemOutcome::in_flight
                                                                        : ItemOutcome::broken;
        break;
      case Expectation::explained:
        unmet.alone = ItemOutcome::explained;
        break;
    }
    if (unmet.alone == ItemOutcome::broken) out_.control.add_missing(item);
    unmet.item = head_of(std::move(item));
    out_.unmet.push_back(std::move(unmet));
  }

  void unwanted(ExpectedItem& item, const std::vector<std::size_t>& found) {
    for (const std::size_t index : found) {
      out_.control.add_surplus(options_.side, options_.date, observed_[index]);
    }
    Break made =
        break_of(item, BreakClass::missing, "it was cancelled before it left, and is there");
    made.side = Side::channel;
    out_.breaks.push_back(std::move(made));
    conclude(ItemOutcome::broken, item);
  }

  /// Whatever else became of it: its points are those of the order of the revisions.
  void in_turn(const ExpectedItem& item) {
    if (item.group != nullptr) out_.in_turn.emplace_back(item.group->key(), reversal_of(item));
  }

  void repeated(ExpectedItem& item, const std::vector<std::size_t>& found) {
    in_turn(item);
    out_.control.add(item, observed_[found.front()], true);
    for (std::size_t i = 1; i < found.size(); ++i) {
      out_.control.add_surplus(options_.side, options_.date, observed_[found[i]]);
    }
    std::string ids;
    for (const std::size_t index : found) ids += " " + observed_[index].id;
    out_.breaks.push_back(break_of(item, BreakClass::duplicate,
                                   fmt::format("{} times in the book:{}", found.size(), ids)));
    conclude(ItemOutcome::broken, item, true);
  }

  void pair(ExpectedItem& item, const BookItem& observed) {
    const PairComparison comparison(item, observed);
    const auto verdict = comparison.verdict();
    if (verdict == BreakClass::rate && item.group != nullptr) {
      out_.overtaken.push_back({head_of(std::move(item)), *observed.points, false});
      return;
    }
    in_turn(item);
    if (!verdict) {
      out_.control.add(item, observed, comparison.incomplete());
      return conclude(comparison.incomplete() ? ItemOutcome::unverified : ItemOutcome::agreed, item,
                      true);
    }
    out_.control.add(item, observed, true);
    Break made = break_of(item, *verdict, comparison.detail());
    if (*verdict != BreakClass::ownership) {
      made.money = difference(item, observed);
      made.points = item.points && observed.points ? *observed.points - *item.points : Points{};
    }
    out_.breaks.push_back(std::move(made));
    conclude(ItemOutcome::broken, item, true);
  }

  std::vector<ExpectedItem> expected_;
  std::vector<BookItem> observed_;
  const CompareOptions& options_;
  std::vector<bool> met_;
  std::unordered_map<std::string_view, std::vector<std::size_t>> by_reference_;
  DayComparison out_;
};

}  // namespace

DayComparison compare_day(std::vector<ExpectedItem> expected, std::vector<BookItem> observed,
                          const CompareOptions& options) {
  return Day(std::move(expected), std::move(observed), options).run();
}

Settlement settle(std::vector<Unmet> unmet, std::vector<Stray> strays) {
  using Key = std::pair<Side, std::string_view>;
  std::map<Key, std::vector<std::size_t>> by_reference;
  for (std::size_t i = 0; i < strays.size(); ++i) {
    if (strays[i].item.reference.empty()) continue;
    by_reference[{strays[i].side, strays[i].item.reference}].push_back(i);
  }
  Settlement out;
  std::vector<bool> met(strays.size());
  for (Unmet& each : unmet) {
    ExpectedItem& item = each.item;
    const auto at = by_reference.find({item.side, item.reference});
    if (at == by_reference.end()) {
      if (each.outside) continue;
      if (each.alone == ItemOutcome::broken) out.breaks.push_back(missing(item));
      const bool counts = each.alone == ItemOutcome::broken;
      out.judged.push_back({each.alone, std::move(item), counts});
      continue;
    }
    bool outside = each.outside;
    for (const std::size_t index : at->second) {
      met[index] = true;
      outside = outside && strays[index].outside;
    }
    if (outside) continue;
    const auto found = strays[at->second.front()].item.business_date;
    const bool once = at->second.size() == 1;
    out.breaks.push_back(break_of(
        item, once ? BreakClass::timing : BreakClass::duplicate,
        fmt::format("{} under {} instead of {}", once ? "found" : "found more than once",
                    found ? to_string(*found) : "another day", to_string(item.business_date))));
    out.judged.push_back({ItemOutcome::broken, std::move(item), true});
  }
  for (std::size_t i = 0; i < strays.size(); ++i) {
    if (!met[i] && !strays[i].outside) out.strays.push_back(std::move(strays[i]));
  }
  return out;
}

Settlement settle_order(std::vector<Overtaken> overtaken,
                        const std::set<std::pair<Hash128, ReversalId>>& in_turn) {
  std::map<Hash128, std::map<ReversalId, ReversalGroup::Seen>> seen;
  for (const Overtaken& each : overtaken) {
    const Hash128& key = each.item.group->key();
    auto& members = seen[key];
    members[reversal_of(each.item)] = {each.found, false};
    for (auto at = in_turn.lower_bound({key, ReversalId{}});
         at != in_turn.end() && at->first == key; ++at) {
      const auto points = each.item.group->points_of(at->second);
      if (points) members[at->second] = {*points, true};
    }
  }
  Settlement out;
  for (Overtaken& each : overtaken) {
    if (each.outside) continue;
    ExpectedItem& item = each.item;
    const auto explained = item.group->explain(seen[item.group->key()]);
    const auto at = explained.find(reversal_of(item));
    if (at != explained.end()) item.points = at->second;
    item.group.reset();
    if (item.points == each.found) {
      out.judged.push_back({ItemOutcome::agreed, std::move(item), true});
      continue;
    }
    Break made = break_of(item, BreakClass::rate,
                          fmt::format("{} points instead of {}", each.found.count,
                                      item.points ? item.points->count : 0));
    made.points = each.found - item.points.value_or(Points{});
    out.breaks.push_back(std::move(made));
    out.judged.push_back({ItemOutcome::broken, std::move(item), true});
  }
  return out;
}

Break break_of_stray(const Stray& stray, const ExpectedItem* known) {
  const BookItem& item = stray.item;
  Break made;
  made.break_class = known == nullptr ? BreakClass::missing : BreakClass::duplicate;
  made.side = known == nullptr ? Side::channel : stray.side;
  made.reference = item.reference;
  made.shop = item.shop;
  made.member = item.member;
  made.business_date = item.business_date.value_or(BusinessDate{});
  made.money = item.gross ? item.gross : item.net;
  made.points = item.points.value_or(Points{});
  if (known == nullptr) {
    made.detail =
        fmt::format("{} has {} and no channel knows of it", to_string(stray.side), item.id);
    return made;
  }
  made.transaction = known->transaction;
  made.detail = fmt::format("{} once more, under {} as {}", item.reference,
                            to_string(made.business_date), item.id);
  return made;
}

}  // namespace crossfoot::observe

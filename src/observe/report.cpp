#include "observe/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "contract/json_writer.h"
#include "observe/day_book.h"

namespace crossfoot::observe {

namespace {

constexpr std::size_t id_characters = 26;
constexpr std::size_t number_digits = 8;
constexpr std::size_t evidence_per_break = 4;

constexpr std::array<std::string_view, item_outcome_count> outcome_names{
    "agreed", "in_flight", "explained", "unverified", "break"};
constexpr std::array<std::string_view, 3> state_names{"running", "done", "failed"};

unsigned places_of(const std::string& currency) {
  const auto known = find_currency(currency);
  return known ? known->exponent() : 0;
}

void write_counts(contract::JsonWriter& out, std::string_view name,
                  const std::array<std::uint64_t, item_outcome_count>& counts) {
  out.key(name).begin_object();
  for (std::size_t i = 0; i < counts.size(); ++i) out.member(outcome_names[i], counts[i]);
  out.end_object();
}

}  // namespace

void Tally::add(const Judged& judged) {
  const ExpectedItem& item = judged.item;
  ++items_[static_cast<std::size_t>(judged.outcome)];
  if (judged.outcome == ItemOutcome::explained) {
    const bool in_money = item.waiting || item.document;
    Explained& sum = explained_[{item.code, in_money ? std::string(item.currency.code()) : ""}];
    ++sum.count;
    if (in_money) sum.money.add(item.waiting ? *item.waiting : item.document->gross);
  }
  if (!judged.counts) return;
  if (item.document) {
    Money3& sums = money_[std::string(item.currency.code())];
    sums.channel.add(item.document->gross);
    sums.channel -= item.document->rounding;
    sums.rounding += item.document->rounding;
  }
  if (item.points) points_expected_ += item.takes_back ? -item.points->count : item.points->count;
}

void Tally::add_observed(Side side, const connector::BookItem& item) {
  if (side == Side::erp) {
    if (item.gross) money_[std::string(item.gross->currency.code())].erp.add(*item.gross);
    return;
  }
  if (!item.points) return;
  points_found_ += takes_points(item) ? -item.points->count : item.points->count;
}

Tally& Tally::operator+=(const Tally& more) {
  for (std::size_t i = 0; i < items_.size(); ++i) items_[i] += more.items_[i];
  for (const auto& [currency, sums] : more.money_) {
    Money3& into = money_[currency];
    into.channel += sums.channel;
    into.erp += sums.erp;
    into.rounding += sums.rounding;
  }
  points_expected_ += more.points_expected_;
  points_found_ += more.points_found_;
  for (const auto& [name, sum] : more.explained_) {
    Explained& into = explained_[name];
    into.count += sum.count;
    into.money += sum.money;
  }
  return *this;
}

void Report::add(Break found) {
  ++classes_[static_cast<std::size_t>(found.break_class)];
  if (breaks_.size() < breaks_kept_max) breaks_.push_back(std::move(found));
}

void Report::add_control(std::size_t compared, std::vector<ControlDifference> differences) {
  controls_ += compared;
  for (ControlDifference& difference : differences) {
    ++controls_different_;
    if (!difference.evidence) add(break_of_control(difference));
    if (evidence_.size() >= evidence_kept_max) continue;
    std::pair<BusinessDate, std::string> at{difference.key.date, difference.key.owner};
    evidence_.emplace(std::move(at), std::move(difference));
  }
}

std::string Report::json(RunState as, std::string_view why) const {
  const auto days = static_cast<std::uint64_t>(to.days - from.days) + 1;
  contract::JsonWriter out;
  out.begin_object().member("id", id);
  out.member("from", to_string(from)).member("to", to_string(to));
  out.member("as_of", to_string(as_of));
  out.member("state", state_names[static_cast<std::size_t>(as)]);
  if (!why.empty()) out.member("detail", why);
  out.key("progress").begin_object().member("done", days_done).member("total", days).end_object();
  out.member("receipts", receipts).member("sides", 3);
  write_counts(out, "items", tally_.items_);
  out.key("money").begin_array();
  for (const auto& [currency, sums] : tally_.money_) {
    const unsigned places = places_of(currency);
    out.begin_object().member("currency", currency);
    out.member("channel", sums.channel.text(places)).member("erp", sums.erp.text(places));
    out.member("rounding", sums.rounding.text(places)).end_object();
  }
  out.end_array();
  out.key("points").begin_object();
  out.member("crossfoot", static_cast<std::int64_t>(tally_.points_expected_));
  out.member("loyalty", static_cast<std::int64_t>(tally_.points_found_)).end_object();
  out.key("control").begin_object();
  out.member("compared", controls_).member("different", controls_different_).end_object();
  out.key("breaks").begin_array();
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    if (classes_[i] == 0) continue;
    out.begin_object().member("class", to_string(static_cast<BreakClass>(i)));
    out.member("count", classes_[i]).end_object();
  }
  out.end_array();
  out.key("explained_by").begin_array();
  for (const auto& [name, sum] : tally_.explained_) {
    out.begin_object().member("code", name.first).member("count", sum.count);
    out.member_or_null("currency", name.second).key("money");
    if (name.second.empty()) {
      out.null();
    } else {
      out.text(sum.money.text(places_of(name.second)));
    }
    out.end_object();
  }
  out.end_array();
  out.key("unverified_targets").begin_array();
  for (const std::string& target : unverified_targets) out.text(target);
  out.end_array().end_object();
  return out.take();
}

std::string Report::evidence_for(const Break& found) const {
  std::string text;
  if (found.break_class == BreakClass::rounding && found.transaction.is_nil()) return text;
  std::size_t left = evidence_per_break;
  const auto add = [&](Side side, const std::string& owner) {
    const auto [first, last] = evidence_.equal_range({found.business_date, owner});
    for (auto at = first; at != last && left > 0; ++at) {
      if (at->second.key.side != side) continue;
      text += "; " + describe(at->second);
      --left;
    }
  };
  if (found.side != Side::loyalty && !found.shop.empty()) add(Side::erp, found.shop);
  if (found.side != Side::erp && !found.member.empty()) add(Side::loyalty, found.member);
  return text;
}

std::string Report::break_json(const Break& found, std::size_t number) const {
  contract::JsonWriter out;
  out.begin_object().member("id", break_key(id, number)).member("reconciliation", id);
  out.member("class", to_string(found.break_class)).member("side", to_string(found.side));
  out.member_or_null("transaction", found.transaction.is_nil() ? "" : to_string(found.transaction));
  out.member_or_null("reference", found.reference).member_or_null("shop", found.shop);
  if (!found.member.empty()) out.member("member", found.member);
  out.member("business_date", to_string(found.business_date));
  out.member_or_null("currency", found.money ? std::string(found.money->currency.code()) : "");
  out.member_or_null("money", found.money ? to_string(*found.money) : "");
  out.member("points", found.points.count).member("found_at", to_string(as_of));
  out.member("detail", found.detail + evidence_for(found)).end_object();
  return out.take();
}

std::string break_key(std::string_view reconciliation, std::size_t number) {
  return fmt::format("{}-{:0{}}", reconciliation, number, number_digits);
}

bool is_break_key(std::string_view key) {
  if (key.size() != id_characters + 1 + number_digits || key[id_characters] != '-') return false;
  return parse_id(key.substr(0, id_characters)) &&
         std::ranges::all_of(key.substr(id_characters + 1), [](char c) {
           return std::isdigit(static_cast<unsigned char>(c)) != 0;
         });
}

}  // namespace crossfoot::observe

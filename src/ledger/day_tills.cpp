#include <fmt/format.h>

#include <algorithm>

#include "contract/error_codes.h"
#include "ledger/day_review.h"

/// The part of a day's review that looks at each till: its numbers, its sessions, its drawer.
namespace crossfoot::ledger {

namespace code = contract::error_code;
using contract::TransactionKind;

void DayReview::finish_till(const TillKey& key, std::vector<Fact>& facts) {
  TillDay day{.register_name = key.first, .register_epoch = key.second};
  std::vector<TillNumber> texts;
  for (const Fact& fact : facts) texts.push_back({fact.sequence, fact.occurred_at});
  const auto numbers = key.first.empty() ? std::nullopt : TillNumbers::of(texts);
  day.numbered = numbers.has_value();
  for (Fact& fact : facts) {
    if (numbers) fact.place = *numbers->place_of(fact.sequence);
    const bool receipt = is_receipt(fact.kind);
    ++(receipt ? day.receipts : day.records);
    if (!fact.message.code.empty()) {
      DayFinding& stuck =
          report(day, code::day_receipt_stuck, false,
                 fmt::format("{} is stuck with {}", fact.sequence, fact.message.code));
      stuck.count = 1;
      note(stuck, fact.message.id);
    }
    if (!receipt || !fact.counts) continue;
    status_.totals.add(fact.totals);
    add_to_journal(fact.journal, fact.facts, &fact.message.id);
    status_.receipts.push_back({fact.message.id, fact.totals});
  }
  std::ranges::sort(facts, {}, [](const Fact& fact) {
    return std::tuple(fact.place, fact.occurred_at, fact.message.id);
  });
  day.first_sequence = facts.front().sequence;
  day.last_sequence = facts.back().sequence;
  if (!key.first.empty()) {
    split_sessions(day, facts);
    if (numbers) find_gaps(day, facts, *numbers);
    judge_sessions(day);
  }
  status_.tills.push_back(std::move(day));
}

void DayReview::find_gaps(TillDay& day, std::vector<Fact>& facts, const TillNumbers& numbers) {
  std::vector<TillNumber> texts;
  std::vector<std::string_view> bounds;
  for (const Fact& fact : facts) {
    texts.push_back({fact.sequence, fact.occurred_at});
    if (fact.kind != TransactionKind::till_close || !fact.till->totals) continue;
    const contract::TillTotals& totals = *fact.till->totals;
    bounds.push_back(totals.first_sequence);
    bounds.push_back(totals.last_sequence);
  }
  day.missing = numbers.missing(texts, bounds);
  if (day.missing.empty()) return;
  std::uint64_t count = 0;
  for (const MissingNumbers& gap : day.missing) count += gap.count;
  DayFinding& gaps = report(day, code::sequence_missing, true,
                            fmt::format("{} number{} did not come", count, count == 1 ? "" : "s"));
  gaps.count = count;
  gaps.missing = day.missing;
}

/// A session begins with a till_open, or behind a Z-report, and ends with the next Z-report.
void DayReview::split_sessions(TillDay& day, const std::vector<Fact>& facts) {
  TillSession* open = nullptr;
  std::vector<const Fact*> inside;
  for (const Fact& fact : facts) {
    if (open == nullptr || (fact.kind == TransactionKind::till_open && open->opened_at)) {
      open = &day.sessions.emplace_back();
      inside.clear();
    }
    inside.push_back(&fact);
    if (is_receipt(fact.kind)) {
      open->totals.add(fact.totals);
      for (const auto& [currency, totals] : fact.totals.all()) {
        const auto cash = totals.tenders.find(contract::TenderKind::cash);
        if (cash != totals.tenders.end()) open->cash[currency].sales += cash->second;
      }
      continue;
    }
    const contract::TillRecord& till = *fact.till;
    const auto counted_cash = [&](auto take) {
      for (const contract::Tender& tender : till.counted) {
        if (tender.kind != contract::TenderKind::cash) continue;
        take(open->cash[tender.amount.currency], tender.amount.minor);
      }
    };
    switch (fact.kind) {
      case TransactionKind::till_open:
        open->opened_at = fact.occurred_at;
        counted_cash([](CashUp& cash, std::int64_t minor) { cash.opening += minor; });
        break;
      case TransactionKind::paid_in:
        open->cash[till.amount->currency].paid_in += till.amount->minor;
        break;
      case TransactionKind::paid_out:
        open->cash[till.amount->currency].paid_out += till.amount->minor;
        break;
      case TransactionKind::till_close:
        open->closed_at = fact.occurred_at;
        open->closed_recorded_at = fact.message.recorded_at;
        open->close_sequence = fact.sequence;
        open->z = fact.till;
        counted_cash([](CashUp& cash, std::int64_t minor) {
          cash.counted = cash.counted.value_or(0) + minor;
        });
        for (const Fact* one : inside) {
          if (one->message.recorded_at > fact.message.recorded_at) {
            open->late.push_back(one->message.id);
          }
        }
        status_.last_z_recorded_at =
            std::max(status_.last_z_recorded_at.value_or(fact.message.recorded_at),
                     fact.message.recorded_at);
        open = nullptr;
        break;
      default:
        break;
    }
  }
}

void DayReview::judge_sessions(const TillDay& day) {
  for (std::size_t i = 0; i < day.sessions.size(); ++i) {
    const TillSession& session = day.sessions[i];
    if (session.z == nullptr) {
      const bool behind_z = i > 0 && !session.opened_at;
      if (behind_z && session.totals.receipts() == 0) continue;
      if (behind_z) {
        report(day, code::behind_last_z, true,
               fmt::format("{} receipt{} are numbered behind its last Z-report",
                           session.totals.receipts(), session.totals.receipts() == 1 ? "" : "s"))
            .count = static_cast<std::uint64_t>(session.totals.receipts());
      } else if (rules_.z_reports || session.opened_at) {
        report(day, code::till_not_closed, true,
               session.opened_at ? "it was opened and has sent no Z-report"
                                 : "it has sent no Z-report")
            .count = 1;
      }
      continue;
    }
    if (auto differences = z_differences(session); !differences.empty()) {
      DayFinding& differs = report(
          day, code::z_report_differs, true,
          fmt::format("its Z-report {} says other than what came in", session.close_sequence));
      differs.count = differences.size();
      for (const ZDifference& one : differences) {
        if (one.what == "gross" && one.money) add_money(differs, *one.money);
      }
      differs.differences = std::move(differences);
    }
    if (!session.late.empty()) {
      DayFinding& late = report(day, code::late_after_z, false,
                                fmt::format("{} came after the Z-report {} that counts them",
                                            session.late.size(), session.close_sequence));
      late.count = session.late.size();
      for (const Id id : session.late) note(late, id);
    }
    judge_cash(day, session);
  }
}

void DayReview::judge_cash(const TillDay& day, const TillSession& session) {
  for (const auto& [currency, cash] : session.cash) {
    const Wide off = cash.over_short();
    const auto tolerance = rules_.cash_tolerance.find(currency);
    const std::int64_t allowed = tolerance == rules_.cash_tolerance.end() ? 0 : tolerance->second;
    if (off == 0) continue;
    const auto money = amount(off, currency);
    const bool within = off <= allowed && -off <= allowed;
    DayFinding& differs =
        report(day, code::cash_differs, !within,
               fmt::format("the drawer of Z-report {} holds {} {} than it should",
                           session.close_sequence, currency.code(), off > 0 ? "more" : "less"));
    differs.count = 1;
    if (!money) continue;
    differs.money.push_back(*money);
    const PostingFacts facts{.event = PostingEvent::till,
                             .channel = contract::Channel::pos,
                             .region = region_,
                             .category = {}};
    add_to_journal(till_difference(*money, Money{0, currency}), facts, nullptr);
  }
}

}  // namespace crossfoot::ledger

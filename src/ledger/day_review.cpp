#include "ledger/day_review.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/error_codes.h"

namespace crossfoot::ledger {

namespace {

namespace code = contract::error_code;
using contract::TransactionKind;

bool is_receipt(TransactionKind kind) {
  return kind == TransactionKind::sale || kind == TransactionKind::return_goods ||
         kind == TransactionKind::exchange || kind == TransactionKind::void_sale;
}

void note(DayFinding& finding, Id message) {
  if (finding.messages.size() < finding_messages_max) finding.messages.push_back(message);
}

void add_money(DayFinding& finding, const Money& money) {
  const auto at = std::ranges::find(finding.money, money.currency, &Money::currency);
  if (at == finding.money.end()) {
    finding.money.push_back(money);
  } else if (const auto sum = amount(Wide{at->minor} + money.minor, money.currency)) {
    *at = *sum;
  }
}

std::string till_name(std::string_view register_name, std::uint32_t epoch) {
  if (register_name.empty()) return "receipts without a till";
  return epoch == 0 ? fmt::format("till {}", register_name)
                    : fmt::format("till {} (epoch {})", register_name, epoch);
}

}  // namespace

bool StoreDayStatus::may_close() const {
  return std::ranges::none_of(findings, &DayFinding::blocks);
}

DayFinding& DayReview::report(std::string_view finding, bool blocks, std::string detail) {
  return status_.findings.emplace_back(
      DayFinding{.code = finding, .blocks = blocks, .detail = std::move(detail)});
}

DayFinding& DayReview::report(const TillDay& day, std::string_view finding, bool blocks,
                              std::string detail) {
  DayFinding& made =
      report(finding, blocks,
             fmt::format("{}: {}", till_name(day.register_name, day.register_epoch), detail));
  made.register_name = day.register_name;
  made.register_epoch = day.register_epoch;
  return made;
}

void DayReview::add(const DayMessage& message, const contract::Transaction& transaction) {
  const bool receipt = is_receipt(transaction.kind);
  if (!receipt && transaction.till == nullptr) return;
  Fact fact{.message = message,
            .kind = transaction.kind,
            .sequence = transaction.key.sequence,
            .occurred_at = transaction.occurred_at,
            .till = transaction.till};
  if (transaction.kind == TransactionKind::void_sale) {
    fact.voids = transaction.original;
  } else if (receipt) {
    fact.totals.add(transaction, price(transaction));
    by_key_.insert_or_assign(transaction.key.canonical(), fact.totals);
  }
  tills_[{transaction.key.register_name, transaction.key.register_epoch}].push_back(
      std::move(fact));
}

void DayReview::add_open(const DayMessage& message, std::string_view register_name,
                         const Money& money) {
  auto at = std::ranges::find_if(open_, [&](const DayFinding& one) {
    return one.detail == message.code && one.register_name == register_name;
  });
  if (at == open_.end()) {
    at = open_.insert(at, DayFinding{.code = code::day_message_open,
                                     .detail = message.code,
                                     .register_name = std::string(register_name)});
  }
  ++at->count;
  if (money.minor != 0) add_money(*at, money);
  note(*at, message.id);
}

std::vector<contract::NaturalKey> DayReview::voided_elsewhere() const {
  std::vector<contract::NaturalKey> keys;
  for (const auto& [till, facts] : tills_) {
    for (const Fact& fact : facts) {
      if (fact.voids && !by_key_.contains(fact.voids->canonical())) keys.push_back(*fact.voids);
    }
  }
  return keys;
}

void DayReview::add_voided(const contract::NaturalKey& key, const contract::Transaction& receipt) {
  DayTotals totals;
  totals.add(receipt, price(receipt));
  by_key_.emplace(key.canonical(), std::move(totals));
}

/// Of several voids of one receipt the first counts.
void DayReview::settle_voids() {
  std::vector<Fact*> voids;
  for (auto& [till, facts] : tills_) {
    for (Fact& fact : facts) {
      if (fact.voids) voids.push_back(&fact);
    }
  }
  std::ranges::sort(voids, {}, [](const Fact* fact) { return fact->message.id; });
  DayFinding unknown{.code = code::voided_unknown,
                     .detail = "voids of receipts that are not here (yet)"};
  for (Fact* fact : voids) {
    const auto at = by_key_.find(fact->voids->canonical());
    if (at == by_key_.end()) {
      fact->counts = false;
      ++unknown.count;
      note(unknown, fact->message.id);
      continue;
    }
    if (at->second.all().empty()) {
      fact->counts = false;  // it was voided before
      continue;
    }
    fact->totals = at->second.voided();
    at->second = {};
  }
  if (unknown.count > 0) status_.findings.push_back(std::move(unknown));
}

StoreDayStatus DayReview::finish() {
  settle_voids();
  for (auto& [key, facts] : tills_) finish_till(key, facts);
  judge_shop();
  std::ranges::sort(status_.receipts, {}, &DayReceipt::id);
  return std::move(status_);
}

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
    if (money) differs.money.push_back(*money);
  }
}

void DayReview::judge_shop() {
  for (DayFinding& finding : open_) {
    const std::string cause = std::move(finding.detail);
    finding.detail = fmt::format("{} message{} held or unreadable ({})", finding.count,
                                 finding.count == 1 ? " is" : "s are", cause);
    status_.findings.push_back(std::move(finding));
  }
  const bool nothing = tills_.empty() && open_.empty();
  if (nothing && rules_.expected) {
    report(code::shop_silent, true, "the shop trades on this day, and nothing came").count = 1;
    return;
  }
  if (nothing) return;
  for (const std::string& name : rules_.registers) {
    const bool sent = std::ranges::any_of(
        status_.tills, [&](const TillDay& day) { return day.register_name == name; });
    if (sent) continue;
    DayFinding& silent =
        report(code::till_silent, true, fmt::format("till {} has sent nothing", name));
    silent.register_name = name;
    silent.count = 1;
  }
  for (const auto& [currency, totals] : status_.totals.all()) {
    if (amount(totals.gross, currency)) continue;
    report(code::arithmetic_range, true,
           fmt::format("the sum in {} is beyond 64 bits", currency.code()))
        .count = 1;
  }
}

}  // namespace crossfoot::ledger

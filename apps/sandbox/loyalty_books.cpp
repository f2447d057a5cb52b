#include "sandbox/loyalty_books.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/random.h"

namespace crossfoot::sandbox {

namespace {

enum class Record : std::uint8_t { transaction, tamper, untamper, hold };

/// 2: reason and expiry of what was made by hand.
constexpr std::uint64_t transaction_version = 2;
constexpr Duration key_lifetime{std::chrono::hours{24}};
constexpr std::int64_t million = 1'000'000;

/// Quantities have at most six places and nine digits before them (read_receipt).
std::int64_t millionths(const Decimal& quantity) {
  const auto value = rescale(quantity.normalised(), 6, Rounding::truncate);
  return value ? value->units : INT64_MAX;
}

void write_transaction(ByteWriter& out, const PointsTransaction& transaction) {
  out.u64(transaction_version);
  out.u64(transaction.seq);
  out.enumerator(transaction.type);
  out.text(transaction.reference);
  out.text(transaction.original_reference);
  out.u64(transaction.original_seq);
  out.text(transaction.member);
  out.text(transaction.shop);
  out.i64(transaction.business_date.days);
  out.text(transaction.currency.code());
  out.i64(transaction.points);
  out.u64(transaction.lines.size());
  for (const PointsLine& line : transaction.lines) {
    out.u64(line.number);
    out.i64(line.quantity.units);
    out.u64(line.quantity.scale);
    out.boolean(line.single);
    out.i64(line.points);
    out.u64(line.runs.size());
    for (const PointRun& run : line.runs) {
      out.i64(run.count);
      out.i64(run.points);
    }
  }
  out.text(transaction.reason);
  out.boolean(transaction.expires_on.has_value());
  if (transaction.expires_on) out.i64(transaction.expires_on->days);
}

PointsTransaction read_transaction(ByteReader& in) {
  PointsTransaction transaction;
  const std::uint64_t version = in.u64();
  if (version == 0 || version > transaction_version) return transaction;
  transaction.seq = in.u64();
  transaction.type = in.enumerator(PointsType::deduction);
  transaction.reference = in.text();
  transaction.original_reference = in.text();
  transaction.original_seq = in.u64();
  transaction.member = in.text();
  transaction.shop = in.text();
  transaction.business_date.days = static_cast<std::int32_t>(in.i64());
  transaction.currency = find_currency(in.view()).value_or(Currency{});
  transaction.points = in.i64();
  transaction.lines.resize(in.count());
  for (PointsLine& line : transaction.lines) {
    line.number = static_cast<std::uint32_t>(in.u64());
    line.quantity.units = in.i64();
    line.quantity.scale = static_cast<std::uint8_t>(in.u64() % (Decimal::scale_max + 1));
    line.single = in.boolean();
    line.points = in.i64();
    line.runs.resize(in.count());
    for (PointRun& run : line.runs) {
      run.count = in.i64();
      run.points = in.i64();
    }
  }
  if (version == 1) return transaction;
  transaction.reason = in.text();
  if (in.boolean()) transaction.expires_on = BusinessDate{static_cast<std::int32_t>(in.i64())};
  return transaction;
}

/// What it does to the balance.
std::int64_t signed_points(const PointsTransaction& transaction) {
  const bool taken = transaction.type == PointsType::reversal ||
                     transaction.type == PointsType::redemption ||
                     transaction.type == PointsType::deduction;
  return taken ? -transaction.points : transaction.points;
}

std::size_t line_index(const PointsTransaction& transaction, std::uint32_t number) {
  return static_cast<std::size_t>(
      std::ranges::find(transaction.lines, number, &PointsLine::number) -
      transaction.lines.begin());
}

/// What an accrual's line gives back for the units up to `returned` (millionths).
std::int64_t given_back(const PointsLine& line, std::int64_t returned) {
  if (!line.single) return points_of_units(line.runs, 0, returned / million);
  return static_cast<std::int64_t>(
      divide(Wide{line.points} * returned, millionths(line.quantity), Rounding::floor));
}

std::string another(const std::set<std::string>& values, const std::string& current,
                    runtime::Random& random) {
  std::vector<std::string_view> others;
  for (const std::string& value : values) {
    if (value != current) others.push_back(value);
  }
  if (others.empty()) return current + "-OTHER";
  return std::string(others[random.below(others.size())]);
}

void add_points(PointsTransaction& transaction, std::int64_t points) {
  transaction.points += points;
  const auto line = std::ranges::find_if(transaction.lines,
                                         [](const PointsLine& each) { return each.points > 0; });
  if (line != transaction.lines.end()) line->points += points;
}

BusinessDate another_day(const std::set<BusinessDate>& days, BusinessDate current,
                         runtime::Random& random) {
  std::vector<BusinessDate> others;
  std::ranges::copy_if(days, std::back_inserter(others),
                       [&](BusinessDate day) { return day != current; });
  if (others.empty()) return {current.days + 1};
  return others[random.below(others.size())];
}

}  // namespace

std::string_view to_string(PointsType type) {
  switch (type) {
    case PointsType::accrual:
      return "accrual";
    case PointsType::reversal:
      return "reversal";
    case PointsType::reinstatement:
      return "reinstatement";
    case PointsType::redemption:
      return "redemption";
    case PointsType::grant:
      return "grant";
    case PointsType::deduction:
      return "deduction";
  }
  return "accrual";
}

std::string PointsTransaction::id() const {
  constexpr std::string_view letters = "ARIPGD";
  return fmt::format("{}-{:010}", letters[static_cast<std::size_t>(type)], seq);
}

Result<std::unique_ptr<LoyaltyBooks>> LoyaltyBooks::open(const std::string& directory) {
  auto books = std::make_unique<LoyaltyBooks>();
  auto log = BookLog::open(directory, "loyalty",
                           [&](std::string_view record) { return books->replay(record); });
  if (!log) return fail(std::move(log.error()));
  books->log_ = std::move(*log);
  return books;
}

bool LoyaltyBooks::replay(std::string_view record) {
  ByteReader in(record);
  switch (in.enumerator(Record::hold)) {
    case Record::transaction: {
      WriteKey key;
      key.key = in.text();
      key.fingerprint = in.u64();
      key.at = in.instant();
      PointsTransaction transaction = read_transaction(in);
      if (in.failed() || transaction.seq <= transactions_.size()) return false;
      book(std::move(transaction), key);
      return true;
    }
    case Record::tamper: {
      TamperOrder order;
      order.seed = in.u64();
      order.count = static_cast<std::size_t>(in.u64());
      order.kinds.resize(in.count());
      for (std::string& kind : order.kinds) kind = in.text();
      if (in.failed()) return false;
      apply_tamper(order);
      return true;
    }
    case Record::untamper:
      apply_untamper();
      return true;
    case Record::hold: {
      PointsHold hold = read_hold(in);
      if (in.failed() || hold.reference.empty()) return false;
      holds_.put(std::move(hold));
      return true;
    }
  }
  return false;
}

Result<const PointsTransaction*> LoyaltyBooks::post(PointsTransaction transaction,
                                                    const WriteKey& key) {
  transaction.seq = transactions_.size() + 1;
  const std::uint64_t seq = transaction.seq;
  ByteWriter out;
  out.enumerator(Record::transaction);
  out.text(key.key);
  out.u64(key.fingerprint);
  out.instant(key.at);
  write_transaction(out, transaction);
  log_.add(out.view());
  if (auto written = log_.commit(); !written) return fail(written.error());
  book(std::move(transaction), key);
  return find(seq);
}

Status LoyaltyBooks::put(PointsHold hold) {
  ByteWriter out;
  out.enumerator(Record::hold);
  write_hold(out, hold);
  log_.add(out.view());
  if (auto written = log_.commit(); !written) return written;
  holds_.put(std::move(hold));
  return {};
}

void LoyaltyBooks::book(PointsTransaction transaction, const WriteKey& key) {
  if (!key.key.empty()) seen_[key.key] = {transaction.seq, key.fingerprint, key.at};
  if (const PointsHold* hold = holds_.find(transaction.original_reference);
      hold != nullptr && transaction.type == PointsType::redemption) {
    PointsHold captured = *hold;
    captured.state = PointsHold::State::captured;
    captured.closed_by = transaction.reference;
    holds_.put(std::move(captured));
  }
  if (transaction.type == PointsType::reversal || transaction.type == PointsType::reinstatement) {
    const std::int64_t sign = transaction.type == PointsType::reversal ? 1 : -1;
    if (const PointsTransaction* original = find(transaction.original_seq)) {
      auto& returned = returned_[transaction.original_seq];
      returned.resize(original->lines.size(), 0);
      for (const PointsLine& line : transaction.lines) {
        const std::size_t index = line_index(*original, line.number);
        if (index < returned.size()) returned[index] += sign * millionths(line.quantity);
      }
    }
  }
  link(std::move(transaction));
}

void LoyaltyBooks::link(PointsTransaction transaction) {
  const std::uint64_t seq = transaction.seq;
  if (transactions_.size() < seq) transactions_.resize(seq);
  by_day_.emplace(transaction.business_date.days, seq);
  by_reference_.emplace(transaction.reference, seq);
  if (transaction.original_seq != 0) by_original_.emplace(transaction.original_seq, seq);
  balances_[transaction.member] += signed_points(transaction);
  transactions_[seq - 1] = std::move(transaction);
}

PointsTransaction LoyaltyBooks::unlink(std::uint64_t seq) {
  PointsTransaction transaction = std::move(*transactions_[seq - 1]);
  transactions_[seq - 1].reset();
  by_day_.erase({transaction.business_date.days, seq});
  const auto [first, last] = by_reference_.equal_range(transaction.reference);
  for (auto at = first; at != last; ++at) {
    if (at->second != seq) continue;
    by_reference_.erase(at);
    break;
  }
  const auto [from, to] = by_original_.equal_range(transaction.original_seq);
  const auto undoing = std::find_if(from, to, [seq](const auto& one) { return one.second == seq; });
  if (undoing != to) by_original_.erase(undoing);
  balances_[transaction.member] -= signed_points(transaction);
  return transaction;
}

std::expected<std::vector<PointsLine>, Refusal> LoyaltyBooks::reverse(
    const PointsTransaction& original, const std::vector<ReversalLine>& lines) const {
  return move_back(original, lines, 1);
}

std::expected<std::vector<PointsLine>, Refusal> LoyaltyBooks::reinstate(
    const PointsTransaction& original, const std::vector<ReversalLine>& lines) const {
  return move_back(original, lines, -1);
}

std::expected<std::vector<PointsLine>, Refusal> LoyaltyBooks::move_back(
    const PointsTransaction& original, const std::vector<ReversalLine>& lines, int sign) const {
  const auto refuse = [](std::string code, std::string message) {
    return std::unexpected(Refusal{std::move(code), std::move(message)});
  };
  std::vector<std::int64_t> returned(original.lines.size(), 0);
  if (const auto known = returned_.find(original.seq); known != returned_.end()) {
    returned = known->second;
  }
  std::vector<PointsLine> reversed;
  for (const ReversalLine& wanted : lines) {
    const std::size_t index = line_index(original, wanted.number);
    if (index == original.lines.size()) {
      return refuse("unknown_line", "the original has no such line");
    }
    const PointsLine& line = original.lines[index];
    if (!line.single && !wanted.quantity.is_whole()) {
      return refuse("quantity_not_whole", "the line's units come back whole");
    }
    const std::int64_t before = returned[index];
    const std::int64_t after = before + sign * millionths(wanted.quantity);
    if (after > millionths(line.quantity)) {
      return refuse("reversal_exceeds_original", "more comes back than is left of the line");
    }
    if (after < 0) {
      return refuse("reinstatement_exceeds_reversed", "more is reinstated than was reversed");
    }
    returned[index] = after;
    reversed.push_back({.number = line.number,
                        .quantity = wanted.quantity,
                        .single = line.single,
                        .points = sign * (given_back(line, after) - given_back(line, before)),
                        .runs = {}});
  }
  return reversed;
}

std::optional<LoyaltyBooks::Remembered> LoyaltyBooks::remembered(const std::string& key,
                                                                 Instant now) const {
  const auto at = seen_.find(key);
  if (at == seen_.end() || now - at->second.at >= key_lifetime) return std::nullopt;
  const PointsTransaction* transaction = find(at->second.seq);
  for (const Damage& damage : damages_) {
    if (damage.seq == at->second.seq && damage.original) transaction = &*damage.original;
  }
  if (transaction == nullptr) return std::nullopt;
  return Remembered{transaction, at->second.fingerprint};
}

Status LoyaltyBooks::clear() {
  if (auto cleared = log_.clear(); !cleared) return cleared;
  transactions_.clear();
  by_day_.clear();
  by_reference_.clear();
  by_original_.clear();
  balances_.clear();
  returned_.clear();
  holds_.clear();
  seen_.clear();
  damages_.clear();
  return {};
}

const PointsTransaction* LoyaltyBooks::find(std::uint64_t seq) const {
  if (seq == 0 || seq > transactions_.size() || !transactions_[seq - 1]) return nullptr;
  return &*transactions_[seq - 1];
}

std::vector<const PointsTransaction*> LoyaltyBooks::by_reference(
    const std::string& reference) const {
  std::vector<const PointsTransaction*> found;
  const auto [first, last] = by_reference_.equal_range(reference);
  for (auto at = first; at != last; ++at) found.push_back(find(at->second));
  std::ranges::sort(found, {}, &PointsTransaction::seq);
  return found;
}

std::vector<const PointsTransaction*> LoyaltyBooks::by_original(std::uint64_t accrual) const {
  std::vector<const PointsTransaction*> found;
  const auto [first, last] = by_original_.equal_range(accrual);
  for (auto at = first; at != last; ++at) found.push_back(find(at->second));
  std::ranges::sort(found, {}, &PointsTransaction::seq);
  return found;
}

std::vector<const PointsTransaction*> LoyaltyBooks::by_day(BusinessDate date, std::uint64_t after,
                                                           std::size_t limit) const {
  std::vector<const PointsTransaction*> found;
  for (auto at = by_day_.upper_bound({date.days, after});
       at != by_day_.end() && at->first == date.days && found.size() < limit; ++at) {
    found.push_back(find(at->second));
  }
  return found;
}

std::optional<std::int64_t> LoyaltyBooks::balance(const std::string& member) const {
  const auto at = balances_.find(member);
  if (at == balances_.end()) return std::nullopt;
  return at->second;
}

const std::vector<std::string>& LoyaltyBooks::tamper_kinds() {
  static const std::vector<std::string> kinds{"delete",      "duplicate", "point_plus",
                                              "point_minus", "other_day", "other_member"};
  return kinds;
}

std::vector<std::uint64_t> LoyaltyBooks::tamper_candidates() const {
  std::set<std::uint64_t> damaged;
  for (const Damage& damage : damages_) damaged.insert(damage.seq);
  std::vector<std::uint64_t> candidates;
  for (const auto& transaction : transactions_) {
    if (!transaction || transaction->points <= 0 || damaged.contains(transaction->seq) ||
        by_reference_.count(transaction->reference) != 1) {
      continue;
    }
    candidates.push_back(transaction->seq);
  }
  std::ranges::sort(candidates, {}, [&](std::uint64_t seq) -> const std::string& {
    return transactions_[seq - 1]->reference;
  });
  return candidates;
}

Result<std::vector<LoyaltyBooks::Tampered>> LoyaltyBooks::tamper(const TamperOrder& order) {
  ByteWriter out;
  out.enumerator(Record::tamper);
  out.u64(order.seed);
  out.u64(order.count);
  out.u64(order.kinds.size());
  for (const std::string& kind : order.kinds) out.text(kind);
  log_.add(out.view());
  if (auto written = log_.commit(); !written) return fail(written.error());
  return apply_tamper(order);
}

std::vector<LoyaltyBooks::Tampered> LoyaltyBooks::apply_tamper(const TamperOrder& order) {
  std::vector<std::uint64_t> candidates = tamper_candidates();
  std::set<BusinessDate> days;
  std::set<std::string> members;
  for (const auto& transaction : transactions_) {
    if (!transaction) continue;
    days.insert(transaction->business_date);
    members.insert(transaction->member);
  }
  runtime::Random random(order.seed);
  std::vector<Tampered> done;
  for (std::size_t i = 0; i < order.count && !candidates.empty(); ++i) {
    const auto at =
        candidates.begin() + static_cast<std::ptrdiff_t>(random.below(candidates.size()));
    const std::uint64_t seq = *at;
    candidates.erase(at);
    const std::string& kind = order.kinds[i % order.kinds.size()];
    if (kind == "duplicate") {
      PointsTransaction copy = *transactions_[seq - 1];
      copy.seq = transactions_.size() + 1;
      done.push_back({kind, copy.id(), copy.reference});
      damages_.push_back({copy.seq, std::nullopt});
      link(std::move(copy));
      continue;
    }
    PointsTransaction transaction = unlink(seq);
    done.push_back({kind, transaction.id(), transaction.reference});
    damages_.push_back({seq, transaction});
    if (kind == "delete") continue;
    if (kind == "point_plus") add_points(transaction, 1);
    if (kind == "point_minus") add_points(transaction, -1);
    if (kind == "other_day") {
      transaction.business_date = another_day(days, transaction.business_date, random);
    }
    if (kind == "other_member") transaction.member = another(members, transaction.member, random);
    link(std::move(transaction));
  }
  return done;
}

Result<std::size_t> LoyaltyBooks::untamper() {
  ByteWriter out;
  out.enumerator(Record::untamper);
  log_.add(out.view());
  if (auto written = log_.commit(); !written) return fail(written.error());
  return apply_untamper();
}

std::size_t LoyaltyBooks::apply_untamper() {
  const std::size_t count = damages_.size();
  for (Damage& damage : damages_) {
    if (transactions_[damage.seq - 1]) unlink(damage.seq);
    if (damage.original) link(std::move(*damage.original));
  }
  damages_.clear();
  return count;
}

}  // namespace crossfoot::sandbox

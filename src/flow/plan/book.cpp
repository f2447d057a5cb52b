#include "flow/plan/book.h"

#include <algorithm>

#include "base/codec.h"
#include "base/invariant.h"
#include "flow/plan/damaged.h"
#include "flow/plan/frozen_codec.h"
#include "flow/plan/reference.h"

namespace crossfoot::flow {

namespace {

/// 2: frozen points by runs of units; claims say whether they are measured. 3: claims may release.
/// 4: revisions of the receipt; a book without any is written as version 3.
constexpr std::uint64_t stored_version = 4;
constexpr std::uint64_t plain_version = 3;

bool is_plain(const Book& book) {
  return book.receipt.is_nil() && book.past.empty() &&
         std::ranges::all_of(book.claims, &Id::is_nil, &Claim::supersedes);
}

std::int64_t& taken_back_of(Book& book, std::uint32_t line) {
  const auto at =
      std::ranges::find(book.taken_back, line, &std::pair<std::uint32_t, std::int64_t>::first);
  if (at != book.taken_back.end()) return at->second;
  return book.taken_back.emplace_back(line, 0).second;
}

/// What a claim asks of a sold line, in the sold line's measure.
std::int64_t asked_of(const ClaimLine& line, const FrozenLine& sold) {
  return ledger::count_in({line.units, line.measured}, sold.points.quantity.measured);
}

/// What is covered of it, in the claim's own measure.
std::int64_t covered_of(const ClaimLine& line, std::int64_t covered, const FrozenLine& sold) {
  if (covered == asked_of(line, sold)) return line.units;
  const bool measured = sold.points.quantity.measured;
  if (line.measured == measured) return covered;
  constexpr std::int64_t million = 1'000'000;
  return measured ? covered / million : std::min(line.units, covered * million);
}

/// Shares the sold units out to the claims in their order; answers whether any share changed.
void attribute(Book& book) {
  const SaleFacts& sale = *book.sale;
  for (const FrozenLine& sold : sale.lines) {
    std::int64_t left = sold.points.quantity.count;
    for (Claim& claim : book.claims) {
      if (claim.whole) left = 0;
      const bool released = book.released(claim.flow);
      for (ClaimLine& line : claim.lines) {
        if (line.line != sold.line) continue;
        const std::int64_t taken = released ? 0 : std::min(asked_of(line, sold), left);
        left -= taken;
        const std::int64_t covered = covered_of(line, taken, sold);
        if (covered == line.covered) continue;
        line.covered = covered;
        if (claim.status == ClaimStatus::answered) claim.delivered = false;
      }
    }
  }
}

void conclude(Book& book, Claim& claim) {
  claim.status = ClaimStatus::answered;
  claim.delivered = false;
  claim.revision = ++book.revision;
  if (claim.releases.is_nil()) return;
  for (Claim& other : book.claims) {
    if (other.flow == claim.releases) other.delivered = false;
  }
}

/// The revision that counts has been taken back: nothing is judged by it any more.
bool is_over(const Book& book) {
  const Claim* correction = book.correction();
  return correction != nullptr && correction->status == ClaimStatus::answered;
}

/// What is taken back in total of a line becomes min(sold, claimed); the claim that makes it grow,
/// or the release that makes it shrink, carries the difference.
void settle(Book& book, Claim& claim, bool restored) {
  const SaleFacts& sale = *book.sale;
  std::vector<ReversalLine> delta;
  for (const FrozenLine& sold : sale.lines) {
    const bool all = claim.whole || !claim.supersedes.is_nil();
    std::int64_t wanted = all ? sold.points.quantity.count : 0;
    for (const Claim& other : book.claims) {
      const bool counts = &other == &claim || other.status == ClaimStatus::answered;
      if (!counts || book.released(other.flow)) continue;
      if (other.whole) wanted = sold.points.quantity.count;
      for (const ClaimLine& line : other.lines) {
        if (line.line == sold.line) wanted += asked_of(line, sold);
      }
    }
    std::int64_t& back = taken_back_of(book, sold.line);
    const std::int64_t total = std::min(sold.points.quantity.count, wanted);
    INVARIANT(total >= back || !claim.releases.is_nil(), "only a release gives units back");
    const Id asks = claim.releases.is_nil() ? claim.flow : claim.releases;
    const bool named =
        restored && !book.released(claim.flow) && (all || book.asked_by(asks, sold) > 0);
    if (total == back && !named) continue;
    delta.push_back({sold.line, total - back, ledger::reversal(sold.points, back, total),
                     sold.points.quantity.measured});
    back = total;
  }
  conclude(book, claim);
  if (sale.accrued) claim.reversal = std::move(delta);
}

}  // namespace

SaleFacts sale_facts(const Flow& sale) {
  SaleFacts facts;
  facts.flow = sale.id;
  facts.tenant = sale.tenant;
  facts.member = sale.member;
  facts.lines = sale.frozen;
  const Leg* accrue = sale.first_of(LegKind::accrue);
  facts.accrue_settled = accrue == nullptr || is_settled(accrue->state);
  facts.accrued = accrue != nullptr && accrue->state == LegState::done;
  if (accrue != nullptr && !accrue->steps.empty()) {
    facts.accrual_reference = accrue->steps.front().reference;
  }
  const Leg* post = sale.first_of(LegKind::post);
  if (post == nullptr) post = sale.first_of(LegKind::post_refund);
  const Leg* link = sale.first_of(LegKind::link);
  const bool linking =
      link != nullptr && (link->state == LegState::waiting || link->state == LegState::calling);
  facts.post_settled = !linking && (post == nullptr || is_settled(post->state));
  facts.posted = post != nullptr && post->state == LegState::done;
  if (post != nullptr && !post->steps.empty()) facts.post_reference = post->steps.front().reference;
  if (sale.kind == contract::TransactionKind::void_sale) return facts;
  for (const Leg& leg : sale.legs) {
    if (leg.kind == LegKind::claim) facts.claims.push_back({leg.book, leg.book_date});
  }
  return facts;
}

bool Book::pending() const {
  if (is_over(*this)) return true;
  return std::ranges::any_of(claims, [](const Claim& claim) {
    return claim.status != ClaimStatus::answered || !claim.delivered;
  });
}

const Claim* Book::correction() const {
  if (!sale) return nullptr;
  const auto at = std::ranges::find(claims, sale->flow, &Claim::supersedes);
  return at == claims.end() ? nullptr : &*at;
}

std::int64_t Book::claimed(std::uint32_t line) const {
  std::int64_t units = 0;
  for (const Claim& claim : claims) {
    if (released(claim.flow)) continue;
    for (const ClaimLine& asked : claim.lines) {
      if (asked.line == line) units += ledger::count_in({asked.units, asked.measured}, false);
    }
  }
  return units;
}

bool Book::voided() const {
  return std::ranges::any_of(claims, &Claim::whole);
}

bool Book::released(Id claimant) const {
  return std::ranges::any_of(claims,
                             [claimant](const Claim& claim) { return claim.releases == claimant; });
}

std::int64_t Book::asked_by(Id claimant, const FrozenLine& sold) const {
  std::int64_t units = 0;
  for (const Claim& claim : claims) {
    if (claim.flow != claimant || !claim.releases.is_nil()) continue;
    for (const ClaimLine& line : claim.lines) {
      if (line.line == sold.line) units += asked_of(line, sold);
    }
  }
  return units;
}

void add_claim(Book& book, Claim claim) {
  for (Claim& known : book.claims) {
    if (known.flow == claim.flow && known.leg == claim.leg) {
      known.delivered = false;
      return;
    }
  }
  const auto order = [](const Claim& a, const Claim& b) {
    return std::tie(a.occurred_at, a.natural_key, a.leg) <
           std::tie(b.occurred_at, b.natural_key, b.leg);
  };
  book.claims.insert(std::ranges::upper_bound(book.claims, claim, order), std::move(claim));
}

void evaluate(Book& book, std::optional<SaleFacts> sale, bool restored) {
  if (sale) book.sale = std::move(sale);
  const Claim* correction = book.correction();
  if (book.sale && correction == nullptr) attribute(book);
  const bool accrual_known = book.sale && book.sale->accrue_settled;
  const auto judge = [&](Claim& claim) {
    if (claim.status == ClaimStatus::answered) return;
    const bool entire = claim.whole || !claim.supersedes.is_nil();
    bool ready = accrual_known && (!entire || book.sale->post_settled);
    // While a revision is being taken back nothing else is judged by it.
    if (correction != nullptr ? &claim != correction : !claim.supersedes.is_nil()) ready = false;
    if (ready) return settle(book, claim, restored);
    // What is voided before anything was taken for it owes nothing, whatever the original says.
    if (!restored && (book.released(claim.flow) || !claim.releases.is_nil())) {
      return conclude(book, claim);
    }
    if (!book.sale || claim.status == ClaimStatus::waits_for_settlement) return;
    claim.status = ClaimStatus::waits_for_settlement;
    claim.delivered = false;
  };
  // Releases come first: then every other claim makes the sums grow or leaves them alone.
  for (Claim& claim : book.claims) {
    if (!claim.releases.is_nil()) judge(claim);
  }
  for (Claim& claim : book.claims) judge(claim);
}

bool advance(Book& book, bool restored) {
  if (!is_over(book) || !std::ranges::all_of(book.claims, &Claim::delivered)) return false;
  PastRevision past{.flow = book.sale->flow, .reversals = {}};
  const Id next = book.correction()->flow;
  for (Claim& claim : book.claims) {
    if (!claim.reversal.empty()) {
      past.reversals.push_back({claim.flow, claim.revision, !claim.releases.is_nil(),
                                std::exchange(claim.reversal, {})});
    }
    const bool ends = !claim.releases.is_nil() || book.released(claim.flow);
    if (!claim.supersedes.is_nil() || (ends && !restored)) continue;
    claim.status = ClaimStatus::waits_for_settlement;
    claim.delivered = false;
  }
  book.past.push_back(std::move(past));
  book.taken_back.clear();
  book.sale.reset();
  book.receipt = next;
  return true;
}

ClaimAnswer answer_of(const Book& book, const Claim& claim) {
  ClaimAnswer answer;
  answer.status = claim.status;
  answer.whole = claim.whole || !claim.supersedes.is_nil();
  if (book.sale) {
    answer.sale = *book.sale;
    answer.sale.lines.clear();
  }
  const bool mirrored =
      !claim.supersedes.is_nil() && std::ranges::any_of(book.claims, [](const Claim& other) {
        return other.whole && other.status == ClaimStatus::answered;
      });
  if (mirrored) {
    // Its void has mirrored the document and released what it claimed.
    answer.sale.posted = false;
    answer.sale.claims.clear();
  }
  answer.lines = claim.lines;
  answer.reversal = claim.reversal;
  answer.revision = claim.revision;
  answer.released = book.released(claim.flow);
  answer.anew = !book.past.empty();
  return answer;
}

std::string delta_reference(const Flow& claimant, const Leg& leg, std::string_view operation,
                            const DeltaIdentity& identity) {
  return make_reference({.natural_key = claimant.natural_key,
                         .revision = claimant.revision,
                         .target = leg.target,
                         .leg = to_string(leg.kind),
                         .step = operation,
                         .book = leg.book,
                         .book_revision = identity.book_revision,
                         .original = identity.accrual_reference});
}

bool carries(const Flow& claimant, const Leg& leg, const DeltaIdentity& identity) {
  if (!is_delta(leg.kind) || leg.steps.empty()) return false;
  const Step& step = leg.steps.front();
  DeltaIdentity unnamed = identity;
  unnamed.accrual_reference = {};
  return step.reference == delta_reference(claimant, leg, step.operation, identity) ||
         step.reference == delta_reference(claimant, leg, step.operation, unnamed);
}

namespace {

void put_reversal(ByteWriter& out, const std::vector<ReversalLine>& lines) {
  out.u64(lines.size());
  for (const ReversalLine& line : lines) {
    out.u64(line.line);
    out.i64(line.units);
    out.i64(line.points.count);
    out.boolean(line.measured);
  }
}

}  // namespace

std::string encode(const Book& book) {
  ByteWriter out;
  const bool plain = is_plain(book);
  out.u64(plain ? plain_version : stored_version);
  out.hash(book.key);
  out.i64(book.date.days);
  out.u64(book.version);
  out.u64(book.revision);
  out.boolean(book.sale.has_value());
  if (book.sale) {
    const SaleFacts& sale = *book.sale;
    out.id(sale.flow);
    out.text(sale.tenant);
    out.text(sale.member);
    out.boolean(sale.accrue_settled);
    out.boolean(sale.accrued);
    out.text(sale.accrual_reference);
    out.boolean(sale.post_settled);
    out.boolean(sale.posted);
    out.text(sale.post_reference);
    put_frozen(out, sale.lines);
    out.u64(sale.claims.size());
    for (const ClaimedBook& claimed : sale.claims) {
      out.hash(claimed.book);
      out.i64(claimed.date.days);
    }
  }
  out.u64(book.taken_back.size());
  for (const auto& [line, units] : book.taken_back) {
    out.u64(line);
    out.i64(units);
  }
  out.u64(book.claims.size());
  for (const Claim& claim : book.claims) {
    out.id(claim.flow);
    out.u64(claim.leg);
    out.instant(claim.occurred_at);
    out.text(claim.natural_key);
    out.boolean(claim.whole);
    out.id(claim.releases);
    if (!plain) out.id(claim.supersedes);
    out.u64(claim.lines.size());
    for (const ClaimLine& line : claim.lines) {
      out.u64(line.line);
      out.i64(line.units);
      out.i64(line.covered);
      out.boolean(line.measured);
    }
    out.enumerator(claim.status);
    out.boolean(claim.delivered);
    out.u64(claim.revision);
    put_reversal(out, claim.reversal);
  }
  if (plain) return out.take();
  out.id(book.receipt);
  out.u64(book.past.size());
  for (const PastRevision& past : book.past) {
    out.id(past.flow);
    out.u64(past.reversals.size());
    for (const PastRevision::Reversal& reversal : past.reversals) {
      out.id(reversal.claimant);
      out.u64(reversal.revision);
      out.boolean(reversal.again);
      put_reversal(out, reversal.lines);
    }
  }
  return out.take();
}

namespace {

SaleFacts get_sale(ByteReader& in, std::uint64_t version) {
  SaleFacts sale;
  sale.flow = in.id();
  sale.tenant = in.text();
  sale.member = in.text();
  sale.accrue_settled = in.boolean();
  sale.accrued = in.boolean();
  sale.accrual_reference = in.text();
  sale.post_settled = in.boolean();
  sale.posted = in.boolean();
  sale.post_reference = in.text();
  sale.lines = get_frozen(in, version);
  const std::size_t claims = version >= 3 ? in.count() : 0;
  for (std::size_t left = claims; left > 0 && !in.failed(); --left) {
    ClaimedBook claimed{.book = in.hash(), .date = {}};
    claimed.date.days = static_cast<std::int32_t>(in.i64());
    sale.claims.push_back(claimed);
  }
  return sale;
}

std::vector<ReversalLine> get_reversal(ByteReader& in, std::uint64_t version) {
  std::vector<ReversalLine> lines;
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    ReversalLine line;
    line.line = static_cast<std::uint32_t>(in.u64());
    line.units = in.i64();
    line.points = {in.i64()};
    line.measured = version >= 2 && in.boolean();
    lines.push_back(line);
  }
  return lines;
}

PastRevision get_past(ByteReader& in, std::uint64_t version) {
  PastRevision past{.flow = in.id(), .reversals = {}};
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    PastRevision::Reversal reversal;
    reversal.claimant = in.id();
    reversal.revision = static_cast<std::uint32_t>(in.u64());
    reversal.again = in.boolean();
    reversal.lines = get_reversal(in, version);
    past.reversals.push_back(std::move(reversal));
  }
  return past;
}

Claim get_claim(ByteReader& in, std::uint64_t version) {
  Claim claim;
  claim.flow = in.id();
  claim.leg = static_cast<std::uint16_t>(in.u64());
  claim.occurred_at = in.instant();
  claim.natural_key = in.text();
  claim.whole = in.boolean();
  if (version >= 3) claim.releases = in.id();
  if (version > plain_version) claim.supersedes = in.id();
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    ClaimLine line;
    line.line = static_cast<std::uint32_t>(in.u64());
    line.units = in.i64();
    line.covered = in.i64();
    line.measured = version >= 2 && in.boolean();
    claim.lines.push_back(line);
  }
  claim.status = in.enumerator(ClaimStatus::answered);
  claim.delivered = in.boolean();
  claim.revision = static_cast<std::uint32_t>(in.u64());
  claim.reversal = get_reversal(in, version);
  return claim;
}

}  // namespace

Result<Book> decode_book(std::string_view bytes) {
  ByteReader in(bytes);
  Book book;
  const std::uint64_t version = in.u64();
  book.key = in.hash();
  book.date = {static_cast<std::int32_t>(in.i64())};
  book.version = static_cast<std::uint32_t>(in.u64());
  book.revision = static_cast<std::uint32_t>(in.u64());
  if (in.boolean()) book.sale = get_sale(in, version);
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    const auto line = static_cast<std::uint32_t>(in.u64());
    book.taken_back.emplace_back(line, in.i64());
  }
  for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
    book.claims.push_back(get_claim(in, version));
  }
  if (version > plain_version) {
    book.receipt = in.id();
    for (std::size_t left = in.count(); left > 0 && !in.failed(); --left) {
      book.past.push_back(get_past(in, version));
    }
  }
  if (version == 0 || version > stored_version || in.failed() || !in.at_end()) {
    return fail(damaged("receipt book"));
  }
  return book;
}

}  // namespace crossfoot::flow

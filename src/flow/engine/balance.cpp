#include <algorithm>

#include "base/codec.h"
#include "flow/engine/parts.h"
#include "flow/plan/reference.h"

/// A member's points as far as anybody can say now (DOMAIN R39). What is on its way to the platform
/// needs no index of its own: legs that move have the member's order key, in the due index or at a
/// call in memory; only what stands still or is in doubt leaves a note (docs/adr/0018).
namespace crossfoot::flow {

namespace {

constexpr std::string_view balance_documents = "balance";
constexpr std::string_view owed_documents = "owed/";
constexpr std::uint64_t balance_version = 1;
/// More than any member has under way; what lies beyond is not added up.
constexpr std::size_t owing_max = 200;
/// A note that says the same is written again after so long.
constexpr Duration note_again_after{std::chrono::minutes{1}};

std::string owed_kind(const Hash128& account) {
  return std::string(owed_documents) + to_string(account);
}

/// What a leg has on its way, when the platform was asked at `asked`.
void add_leg(const Flow& flow, const Leg& leg, Instant asked, BalanceView& view) {
  if (leg.state == LegState::rejected || leg.state == LegState::cancelled) return;
  const bool done = leg.state == LegState::done;
  if (leg.kind == LegKind::reverse && !done) ++view.reversals;
  if (leg.kind != LegKind::accrue) return;
  if (done && leg.steps.back().acknowledgement.at < asked) return;  // it said so with these
  ++view.accruals;
  const Points points = flow.answered.value_or(flow.expected.value_or(Points{}));
  const bool maybe_counted = done || leg.uncertain || leg.state == LegState::calling;
  (maybe_counted ? view.in_doubt : view.pending) += points;
}

}  // namespace

void Engine::note_owed(Active& active, store::Unit& unit) const {
  const Flow& flow = active.flow;
  if (flow.member.empty()) return;
  const bool owing = is_owing(flow);
  if (owing == active.owed) return;
  active.owed = owing;
  unit.documents.push_back(
      {owed_kind(account_key(flow.tenant, flow.member)), to_string(flow.id), owing ? "1" : ""});
}

void Engine::balance(const std::string& tenant, const std::string& member, Duration patience,
                     Weighed done) {
  auto weighing = std::make_shared<Weighing>();
  weighing->tenant = tenant;
  weighing->member = member;
  weighing->key = account_key(tenant, member);
  weighing->done = std::move(done);
  weighing->asked = now();
  ask_balance(weighing, patience);
  read_balance(weighing);
}

void Engine::ask_balance(const WeighingPtr& weighing, Duration patience) {
  if (!offers("balance")) {
    weighing->waited = true;
    return;
  }
  weighing->timer = scheduler_.after(patience, [this, alive = alive_, weighing] {
    if (*alive && !stopped_) heard_balance(weighing);
  });
  ask_free(weighing->member, to_string(weighing->key), [this, weighing](Result<Points> free) {
    // Also one that comes too late for who asked is worth remembering.
    if (free) keep_balance(weighing, *free);
    if (weighing->waited) return;
    weighing->heard = std::move(free);
    scheduler_.cancel(weighing->timer);
    heard_balance(weighing);
  });
}

void Engine::heard_balance(const WeighingPtr& weighing) {
  weighing->waited = true;
  if (weighing->read) sum_balance(weighing);
}

void Engine::read_balance(const WeighingPtr& weighing) {
  const Hash128 order_key =
      make_order_key(options_.routing.loyalty, "points", weighing->tenant, weighing->member);
  const Target* target = target_of(options_.routing.loyalty);
  const store::TargetNumber number = target == nullptr ? 0 : target->number;
  if (target != nullptr) {
    const auto calling = target->busy.find(order_key);
    if (calling != target->busy.end()) weighing->owing.push_back(calling->second);
  }
  read(
      [weighing, order_key, number](store::Reader& reader) {
        auto placed = reader.placed(number, order_key, owing_max);
        auto notes = reader.documents(owed_kind(weighing->key), {}, owing_max, false);
        auto account = reader.load_book(weighing->key);
        auto last = reader.document(balance_documents, to_string(weighing->key));
        for (const Fault* fault :
             {placed ? nullptr : &placed.error(), notes ? nullptr : &notes.error(),
              account ? nullptr : &account.error(), last ? nullptr : &last.error()}) {
          if (fault == nullptr) continue;
          weighing->fault = *fault;
          return;
        }
        for (const store::DueRow& row : *placed) weighing->owing.push_back(row.flow);
        for (const store::DocumentRow& note : *notes) {
          if (const auto id = parse_id(note.key)) weighing->owing.push_back(*id);
        }
        if (*account) {
          auto decoded = decode_account((*account)->state);
          if (!decoded) {
            weighing->fault = decoded.error();
            return;
          }
          weighing->redemptions = std::move(decoded->redemptions);
        }
        if (!*last) return;
        ByteReader in(**last);
        if (in.u64() != balance_version) return;
        const Points points{in.i64()};
        const Instant at = in.instant();
        if (in.failed()) return;
        weighing->last = points;
        weighing->last_at = at;
      },
      [this, weighing] {
        if (weighing->fault) return stop(*weighing->fault);
        weighing->read = true;
        if (weighing->waited) sum_balance(weighing);
      });
}

void Engine::sum_balance(const WeighingPtr& weighing) {
  BalanceView& view = weighing->view;
  if (weighing->heard && *weighing->heard) {
    view.source = BalanceView::Source::live;
    view.platform = **weighing->heard;
    view.as_of = weighing->asked;
  } else if (weighing->last) {
    view.source = BalanceView::Source::last_known;
    view.platform = *weighing->last;
    view.as_of = weighing->last_at;
  }
  std::ranges::sort(weighing->owing);
  const auto twice = std::ranges::unique(weighing->owing);
  weighing->owing.erase(twice.begin(), twice.end());
  each_committed(
      weighing->owing,
      [weighing](const Flow& flow) {
        for (const Leg& leg : flow.legs) add_leg(flow, leg, weighing->asked, weighing->view);
      },
      [this, weighing] {
        each_committed(
            weighing->redemptions,
            [this, weighing](const Flow& flow) {
              Points& held = weighing->view.held;
              held += reserved_by(flow, now(), weighing->view.as_of);
              if (!is_held_here(flow)) held += granted_by(flow, now());
            },
            [weighing] { weighing->done(weighing->view); });
      });
}

void Engine::keep_balance(const WeighingPtr& weighing, Points points) {
  const bool known = weighing->last && *weighing->last == points &&
                     weighing->asked - weighing->last_at < note_again_after;
  if (known) return;
  ByteWriter value;
  value.u64(balance_version);
  value.i64(points.count);
  value.instant(weighing->asked);
  store::Unit unit;
  unit.lane = store::Lane::batch;  // nobody waits for it
  unit.documents.push_back(
      {std::string(balance_documents), to_string(weighing->key), value.take()});
  store_.commit(std::move(unit), [this, alive = alive_](store::UnitResult result) {
    if (*alive && result.outcome == store::Outcome::unknown) stop(std::move(result.fault));
  });
}

}  // namespace crossfoot::flow

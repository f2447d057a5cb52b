#include <algorithm>
#include <cctype>

#include "base/codec.h"
#include "base/invariant.h"
#include "flow/engine/parts.h"

namespace crossfoot::flow {

namespace {

std::string folded(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

Hash128 link_key(std::string_view tenant, std::string_view member, std::string_view article) {
  ByteWriter out;
  out.text(tenant);
  out.text(member);
  out.text(article);
  return hash128(out.view());
}

}  // namespace

void Engine::add_sold_lines(const AcceptRequest& request, const Plan& plan, Id id,
                            store::Unit& unit) {
  const contract::Transaction& sale = *request.transaction;
  for (const SoldLine& line : plan.sold) {
    unit.sold.push_back({.link_key = link_key(sale.key.tenant, sale.member, line.article),
                         .occurred_at = sale.occurred_at,
                         .source_row = line.source_row,
                         .flow = id,
                         .line = line.line,
                         .book = sale.key.hash(),
                         .price_units = line.unit_price.units,
                         .price_scale = line.unit_price.scale,
                         .quantity = line.units});
  }
}

void Engine::link(const ActivePtr& active, std::uint16_t leg) {
  auto& queue = links_[active->flow.member];
  if (queue == nullptr) {
    queue = std::make_shared<LinkQueue>();
    queue->member = active->flow.member;
  }
  queue->waiting.emplace_back(active, leg);
  if (!queue->running) run_link(queue);
}

void Engine::run_link(const std::shared_ptr<LinkQueue>& queue) {
  queue->running = true;
  const auto [active, leg] = queue->waiting.front();
  if (active->transaction == nullptr) {
    auto parsed = parse_(*active->body);
    if (!parsed) return stop(parsed.error());
    active->transaction = std::make_shared<const contract::Transaction>(std::move(*parsed));
  }
  const auto transaction = active->transaction;
  if (transaction->member.empty()) return linked(active, leg, {});
  auto found = std::make_shared<Result<std::vector<Candidate>>>();
  read(
      [transaction, found](store::Reader& reader) {
        std::vector<Candidate> candidates;
        std::vector<std::string> seen;
        for (const contract::Line& line : transaction->lines) {
          const std::string article = folded(line.article);
          if (std::ranges::find(seen, article) != seen.end()) continue;
          seen.push_back(article);
          const Hash128 key = link_key(transaction->key.tenant, transaction->member, article);
          auto rows = reader.sold_lines(key, transaction->occurred_at);
          if (!rows) {
            *found = fail(rows.error());
            return;
          }
          for (const store::SoldLineRow& row : *rows) {
            auto stored = reader.load_book(row.book);
            if (!stored) {
              *found = fail(stored.error());
              return;
            }
            Candidate candidate;
            candidate.book = row.book;
            candidate.original = row.flow;
            candidate.line = row.line;
            candidate.article = article;
            candidate.unit_price = {row.price_units, row.price_scale};
            candidate.occurred_at = row.occurred_at;
            candidate.source_row = row.source_row;
            candidate.units_left = row.quantity;
            if (*stored) {
              auto book = decode_book((*stored)->state);
              if (!book) {
                *found = fail(book.error());
                return;
              }
              candidate.units_left -= book->claimed(row.line);
            }
            candidates.push_back(std::move(candidate));
          }
        }
        *found = std::move(candidates);
      },
      [this, active, leg, found] {
        if (!*found) return stop(found->error());
        linked(active, leg, std::move(**found));
      });
}

void Engine::linked(const ActivePtr& active, std::uint16_t leg, std::vector<Candidate> candidates) {
  enqueue(active, [this, active, leg, candidates = std::move(candidates)](Staged& staged) mutable {
    --active->outstanding;
    Linked event;
    event.leg = leg;
    event.links = processes_.link(*active->transaction, active->flow.links, candidates);
    event.claims = processes_.after_link(active->flow, event.links, candidates);
    if (!apply(active, std::move(event), staged)) {
      check_link_done(active);
      return false;
    }
    return true;
  });
}

void Engine::check_link_done(const ActivePtr& active) {
  const auto at = links_.find(active->flow.member);
  if (at == links_.end()) return;
  const std::shared_ptr<LinkQueue> queue = at->second;
  if (!queue->running || queue->waiting.front().first != active) return;
  const bool busy = std::ranges::any_of(active->flow.legs, [](const Leg& leg) {
    return is_local(leg.kind) && leg.state == LegState::calling;
  });
  if (busy) return;
  queue->waiting.pop_front();
  queue->running = false;
  if (queue->waiting.empty()) {
    links_.erase(at);
  } else {
    run_link(queue);
  }
}

}  // namespace crossfoot::flow

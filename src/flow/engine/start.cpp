#include <algorithm>
#include <cstring>

#include "flow/engine/parts.h"
#include "flow/engine/records.h"
#include "flow/engine/references.h"
#include "flow/engine/restored.h"
#include "flow/plan/damaged.h"

namespace crossfoot::flow {

namespace {
constexpr std::size_t recovery_page = 256;
constexpr std::size_t stored_orders_max = 1000;  ///< pauses, and replays back from the newest
constexpr std::size_t redirects_page = 1000;

/// All of them: one for each merged member and target.
Status read_redirects(store::Reader& reader, std::vector<store::DocumentRow>& into) {
  for (std::string after;;) {
    auto page = reader.documents(order_redirects, after, redirects_page, false);
    if (!page) return fail(page.error());
    if (page->empty()) return {};
    after = page->back().key;
    std::ranges::move(*page, std::back_inserter(into));
  }
}

bool read_redirect(const store::DocumentRow& document, Hash128& from, Hash128& to) {
  if (document.value.size() != to.bytes.size()) return false;
  std::memcpy(to.bytes.data(), document.value.data(), to.bytes.size());
  const auto key = contract::record::parse_hash(document.key);
  if (key) from = *key;
  return key.has_value();
}
}  // namespace

void Engine::start(std::vector<std::string> names, Done done) {
  caller_.begin();
  auto positions = std::make_shared<Result<std::vector<std::uint64_t>>>();
  auto moving = std::make_shared<std::int64_t>(0);
  auto orders = std::make_shared<std::vector<store::DocumentRow>>();
  read(
      [positions, moving, orders](store::Reader& reader) {
        *positions = reader.last_positions();
        if (!*positions) return;
        for (const std::string_view kind : {restore_documents, pause_documents, replay_documents}) {
          auto documents = reader.documents(kind, {}, stored_orders_max, true);
          if (!documents) {
            *positions = fail(documents.error());
            return;
          }
          std::ranges::move(*documents, std::back_inserter(*orders));
        }
        if (Status found = read_redirects(reader, *orders); !found) {
          *positions = fail(found.error());
          return;
        }
        auto counters = reader.counters();
        if (!counters) {
          *positions = fail(counters.error());
          return;
        }
        for (const auto& [name, value] : *counters) {
          if (name.starts_with("moving|")) *moving += value;
          if (name.starts_with(unresolved_counters) && value > 0) {
            orders->push_back({std::string(unresolved_counters),
                               name.substr(unresolved_counters.size()), std::to_string(value)});
          }
        }
      },
      [this, positions, moving, orders, names = std::move(names),
       done = std::move(done)]() mutable {
        if (!*positions) return done(fail(positions->error()));
        if (Status kept = keep_orders(*orders); !kept) return done(fail(kept.error()));
        for (Partition partition = 0; partition < partition_count; ++partition) {
          positions_[partition] = (**positions)[partition];
        }
        moving_legs_ = *moving;
        keep_programme(
            [this, names = std::move(names), done = std::move(done)](Status kept) mutable {
              if (!kept) return done(fail(kept.error()));
              recover_targets(std::move(names), 0, std::move(done));
            });
      });
}

Status Engine::keep_orders(const std::vector<store::DocumentRow>& documents) {
  for (const store::DocumentRow& document : documents) {
    if (document.kind == restore_documents) {
      auto restore = decode_restore(document.value);
      if (!restore) return fail(restore.error());
      restore_ = *restore;
      continue;
    }
    if (document.kind == pause_documents) {
      auto pause = decode_pause(document.value);
      if (!pause) return fail(pause.error());
      adopt_pause(std::move(*pause));
      continue;
    }
    if (document.kind == unresolved_counters) {
      unresolved_[document.key] = std::stoll(document.value);
      continue;
    }
    if (document.kind == order_redirects) {
      Hash128 from;
      Hash128 to;
      if (!read_redirect(document, from, to)) return fail(damaged("order redirect"));
      redirects_[from] = to;
      continue;
    }
    auto job = decode_replay(document.value);
    if (!job) return fail(job.error());
    if (job->state == ReplayState::running) stored_replays_.push_back(std::move(*job));
  }
  return {};
}

void Engine::recover_targets(std::vector<std::string> names, std::size_t index, Done done) {
  if (index == names.size()) return recover_calls(Id{}, std::move(done));
  Target& target = targets_[names[index]];
  target.name = names[index];
  target.concurrency = caller_.concurrency(target.name);
  auto number = store_.target_number(target.name);
  if (!number) return done(fail(number.error()));
  target.number = *number;
  // What the due index holds is not known yet: everything goes through it until a page comes back
  // empty.
  target.complete = false;
  target.backlog = true;
  target.waiters = true;
  target.paused = pauses_.contains(pause_key(PauseKind::target, target.name));
  recover_targets(std::move(names), index + 1, std::move(done));
}

void Engine::recover_calls(Id after, Done done) {
  auto page = std::make_shared<Result<std::vector<store::FlowRow>>>();
  read([page, after](store::Reader& reader) { *page = reader.calling_flows(after, recovery_page); },
       [this, page, done = std::move(done)]() mutable {
         if (!*page) return done(fail(page->error()));
         if ((*page)->empty()) return recover_books(Hash128{}, std::move(done));
         const Id last = (*page)->back().id;
         auto open = std::make_shared<std::size_t>((*page)->size());
         auto next = std::make_shared<Done>(std::move(done));
         const auto finished = [this, open, next, last] {
           if (--*open == 0) recover_calls(last, std::move(*next));
         };
         for (const store::FlowRow& row : **page) {
           load(row.id, [this, finished](ActivePtr active) {
             enqueue(active, [this, active, finished](Staged& staged) {
               staged.no_direct = true;
               for (std::size_t i = 0; i < active->flow.legs.size(); ++i) {
                 if (active->flow.legs[i].state != LegState::calling) continue;
                 (void)apply(active, Restarted{static_cast<std::uint16_t>(i + 1)}, staged);
               }
               staged.committed.emplace_back(finished);
               return true;
             });
           });
         }
       });
}

void Engine::recover_books(Hash128 after, Done done) {
  auto page = std::make_shared<Result<std::vector<store::BookRow>>>();
  read([page, after](store::Reader& reader) { *page = reader.pending_books(after, recovery_page); },
       [this, page, done = std::move(done)]() mutable {
         if (!*page) return done(fail(page->error()));
         if ((*page)->empty()) {
           ready_ = true;
           for (ReplayJob& job : std::exchange(stored_replays_, {})) adopt_replay(std::move(job));
           for (auto& [name, target] : targets_) wake(target);
           return done({});
         }
         for (const store::BookRow& row : **page) {
           pending_books_.insert(row.key);
           run_book(row.key, {});
         }
         recover_books((*page)->back().key, std::move(done));
       });
}

}  // namespace crossfoot::flow

#include "flow/engine/parts.h"

namespace crossfoot::flow {

namespace {
constexpr std::size_t recovery_page = 256;
}

void Engine::start(std::vector<std::string> names, Done done) {
  caller_.begin();
  auto positions = std::make_shared<Result<std::vector<std::uint64_t>>>();
  auto moving = std::make_shared<std::int64_t>(0);
  read(
      [positions, moving](store::Reader& reader) {
        std::vector<std::uint64_t> last(partition_count);
        for (Partition partition = 0; partition < partition_count; ++partition) {
          auto position = reader.last_position(partition);
          if (!position) {
            *positions = fail(position.error());
            return;
          }
          last[partition] = *position;
        }
        *positions = std::move(last);
        auto counters = reader.counters();
        if (!counters) {
          *positions = fail(counters.error());
          return;
        }
        for (const auto& [name, value] : *counters) {
          if (name.starts_with("moving|")) *moving += value;
        }
      },
      [this, positions, moving, names = std::move(names), done = std::move(done)]() mutable {
        if (!*positions) return done(fail(positions->error()));
        for (Partition partition = 0; partition < partition_count; ++partition) {
          positions_[partition] = (**positions)[partition];
        }
        moving_legs_ = *moving;
        recover_targets(std::move(names), 0, std::move(done));
      });
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

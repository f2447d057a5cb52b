#include "flow/engine/records.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/codec.h"
#include "flow/engine/parts.h"
#include "store/api/home.h"

/// Records that systems of record own (docs/adr/0019). Statements about one record are judged one
/// after the other; that nobody else has written meanwhile is judged by the key of the version.
namespace crossfoot::flow {

using contract::record::Known;
using contract::record::Merged;

namespace {

/// So often a version that somebody else has taken is tried with the next number.
constexpr int attempts_max = 8;

std::string say(const RecordRequest& request, const Merged& merged, std::uint32_t version) {
  std::string text = fmt::format("{} {}: {} by {}", request.kind->contract, request.statement.key,
                                 to_string(merged.outcome), request.statement.system);
  if (request.statement.word.revision > 0) {
    text += fmt::format(" revision {}", request.statement.word.revision);
  }
  if (merged.outcome != Merged::Outcome::late) text += fmt::format(", version {}", version);
  if (!merged.changed.empty()) text += fmt::format("; {}", fmt::join(merged.changed, " "));
  if (!merged.ignored.empty()) text += fmt::format("; ignored {}", fmt::join(merged.ignored, " "));
  for (const contract::record::Proposal& one : merged.proposed) {
    text += fmt::format("; proposed {}", one.pointer);
  }
  return text + fmt::format("; ownership {}", merged.provenance.policy);
}

}  // namespace

/// One statement, or one verdict, while it is being judged and committed.
struct Engine::RecordTask {
  RecordRequest request;
  store::RecordName name;
  std::optional<RecordVerdict> verdict;
  std::optional<RecordProposal> proposal;  ///< that the verdict is about
  int attempts = 0;
  RecordDone done;
  RecordAnswer answer;
};

void Engine::put_record(RecordRequest request, RecordDone done) {
  auto task = std::make_shared<RecordTask>();
  task->name = {request.kind->contract, request.statement.tenant, request.statement.key};
  task->answer.key = request.statement.key;
  task->request = std::move(request);
  task->done = std::move(done);
  queue_record(task);
}

void Engine::judge_proposal(RecordVerdict verdict, RecordDone done) {
  auto task = std::make_shared<RecordTask>();
  task->verdict = std::move(verdict);
  task->done = std::move(done);
  auto found = std::make_shared<Result<std::optional<std::string>>>();
  if (!ready_ || stopped_) {
    task->answer.fault = not_ready("records");
    return task->done(std::move(task->answer));
  }
  read([found, id = task->verdict->proposal](
           store::Reader& reader) { *found = reader.document(proposal_documents, id); },
       [this, found, task] {
         const auto answer = [&](Fault fault) {
           task->answer.fault = std::move(fault);
           task->done(std::move(task->answer));
         };
         if (!*found) return answer(found->error());
         if (!**found) return answer(closed_proposal());
         auto proposal = decode_proposal(***found);
         if (!proposal) return answer(proposal.error());
         task->request.kind = task->verdict->kinds(proposal->record.kind);
         if (task->request.kind == nullptr) return answer(closed_proposal());
         task->name = proposal->record;
         task->answer.key = task->name.key;
         task->request.statement.key = task->name.key;
         task->request.statement.tenant = task->name.scope;
         task->request.statement.system = proposal->system;
         task->proposal = std::move(*proposal);
         queue_record(task);
       });
}

Fault Engine::closed_proposal() {
  return {.code = std::string(contract::error_code::proposal_closed),
          .fault_class = FaultClass::conflict,
          .where = "records",
          .cause = "there is no open proposal of this id"};
}

void Engine::queue_record(const RecordTaskPtr& task) {
  if (!ready_ || stopped_) {
    task->answer.fault = not_ready("records");
    return task->done(std::move(task->answer));
  }
  auto& waiting = record_tasks_[record_hash(task->name)];
  waiting.push_back(task);
  if (waiting.size() == 1) read_record(task);
}

void Engine::read_record(const RecordTaskPtr& task) {
  auto rows = std::make_shared<Result<std::vector<store::RecordRow>>>();
  read([rows,
        name = task->name](store::Reader& reader) { *rows = reader.record_versions(name, 0, 1); },
       [this, rows, task] {
         if (!*rows) {
           task->answer.fault = rows->error();
           return finish_record(task);
         }
         std::optional<Known> known;
         if (!(*rows)->empty()) {
           auto decoded = known_of((*rows)->front());
           if (!decoded) {
             task->answer.fault = decoded.error();
             return finish_record(task);
           }
           known = std::move(*decoded);
         }
         judge_record(task, known ? &*known : nullptr);
       });
}

void Engine::judge_record(const RecordTaskPtr& task, const Known* known) {
  task->answer.version = known == nullptr ? 0 : known->version;
  const RecordRequest& request = task->request;
  const Id id = ids_.next(now(), store::home_of(record_hash(task->name)));
  if (task->proposal) {
    if (known == nullptr ||
        std::ranges::find(known->provenance.proposals, task->verdict->proposal) ==
            known->provenance.proposals.end()) {
      task->answer.fault = closed_proposal();
      return finish_record(task);
    }
    return stage_verdict(task, *known, id);
  }
  auto merged = contract::record::merge(*request.kind, known, request.statement, now(),
                                        to_string(salt_of(id, 0)));
  if (!merged) {
    task->answer.refused = std::move(merged.error());
    return finish_record(task);
  }
  task->answer.outcome = merged->outcome;
  if (merged->outcome == Merged::Outcome::replayed) return finish_record(task);
  stage_record(task, std::move(*merged), id);
}

void Engine::stage_verdict(const RecordTaskPtr& task, const Known& known, Id id) {
  Merged merged;
  if (task->verdict->accepted) {
    auto accepted = contract::record::accept_proposal(
        *task->request.kind, known, task->proposal->field, task->proposal->system, now());
    if (!accepted) {
      task->answer.refused = std::move(accepted.error());
      return finish_record(task);
    }
    merged = std::move(*accepted);
  } else {
    merged.outcome = Merged::Outcome::unchanged;
    merged.body = known.body;
    merged.provenance = known.provenance;
    merged.valid_from = known.valid_from;
    merged.valid_to = known.valid_to;
  }
  std::erase(merged.provenance.proposals, task->verdict->proposal);
  stage_record(task, std::move(merged), id);
}

void Engine::stage_record(const RecordTaskPtr& task, Merged merged, Id id) {
  const RecordRequest& request = task->request;
  RecordAnswer& answer = task->answer;
  const bool writes = merged.outcome != Merged::Outcome::late;
  const std::uint32_t version = answer.version + (writes ? 1 : 0);
  store::Unit unit;
  answer.changed = merged.changed;
  answer.ignored = merged.ignored;
  answer.proposals.clear();
  for (const contract::record::Proposal& field : merged.proposed) {
    const RecordProposal proposal{id, task->name, request.statement.system, field, floor_};
    const std::string name = proposal_id(proposal);
    unit.documents.push_back({std::string(proposal_documents), name, encode(proposal)});
    auto& open = merged.provenance.proposals;
    if (std::ranges::find(open, name) == open.end()) open.push_back(name);
    answer.proposals.push_back(name);
  }
  std::string said = say(request, merged, version);
  if (task->verdict) {
    unit.documents.push_back({std::string(proposal_documents), task->verdict->proposal, {}});
    said += fmt::format("; {} of {} {}", task->proposal->field.pointer, task->proposal->system,
                        task->verdict->accepted ? "accepted" : "rejected");
    const Decision& decision = task->verdict->decision;
    said += fmt::format(" by {}: {}", decision.by, decision.reason);
  }
  if (writes) {
    store::RecordRow row{.name = task->name,
                         .version = version,
                         .id = id,
                         .recorded_at = floor_,
                         .valid_from = merged.valid_from,
                         .subject = request.statement.subject,
                         .source = request.statement.system,
                         .revision = request.statement.word.revision,
                         .provenance = contract::record::encode(merged.provenance),
                         .body = merged.body};
    if (merged.valid_to) row.valid_to = *merged.valid_to;
    const auto word = merged.provenance.words.find(request.statement.system);
    if (word != merged.provenance.words.end()) row.content = word->second.content;
    unit.keys.push_back({.kind = store::KeyKind::record,
                         .hash = record_hash(task->name, version),
                         .id = id,
                         .content = row.content,
                         .revision = version});
    unit.records.rows.push_back(std::move(row));
  }
  const Partition partition = id.partition();
  const std::uint64_t position = next_position(partition);
  JournalEntry entry;
  entry.at = floor_;
  entry.salt = salt_of(id, position);
  entry.state_hash = hash128(merged.provenance.salt + merged.body);
  entry.events.push_back({.kind = JournalEvent::Kind::recorded,
                          .state = LegState::done,
                          .reference = request.correlation_id,
                          .detail = std::move(said)});
  unit.journal.push_back({partition, position, id, floor_, encode(entry)});
  unit.counters.push_back(
      {fmt::format("records|{}|{}", task->name.kind, to_string(merged.outcome)), 1});
  commit_record(task, std::move(unit), version, id, position);
}

void Engine::commit_record(const RecordTaskPtr& task, store::Unit unit, std::uint32_t version,
                           Id id, std::uint64_t position) {
  store_.commit(std::move(unit), [this, alive = alive_, task, version, id,
                                  position](store::UnitResult result) {
    if (!*alive) return;
    if (result.outcome != store::Outcome::applied) give_back(id.partition(), position);
    switch (result.outcome) {
      case store::Outcome::applied:
        task->answer.version = version;
        task->answer.id = id;
        return finish_record(task);
      case store::Outcome::duplicate:
        // Another node has written this version: its word is judged with.
        if (++task->attempts < attempts_max) return read_record(task);
        [[fallthrough]];
      case store::Outcome::failed:
      case store::Outcome::conflict:
      case store::Outcome::suspected:
        task->answer.fault = std::move(result.fault);
        if (task->answer.fault->code.empty()) task->answer.fault = not_ready("records");
        return finish_record(task);
      case store::Outcome::unknown:
        task->answer.fault = Fault{.code = std::string(contract::error_code::commit_unknown),
                                   .fault_class = FaultClass::transient,
                                   .where = "records",
                                   .cause = "the commit's outcome is unknown"};
        finish_record(task);
        return stop(std::move(result.fault));
    }
  });
}

void Engine::finish_record(const RecordTaskPtr& task) {
  const Hash128 hash = record_hash(task->name);
  const auto waiting = record_tasks_.find(hash);
  RecordTaskPtr next;
  if (waiting != record_tasks_.end()) {
    waiting->second.pop_front();
    if (waiting->second.empty()) {
      record_tasks_.erase(waiting);
    } else {
      next = waiting->second.front();
    }
  }
  task->done(std::move(task->answer));
  if (next != nullptr && !stopped_) read_record(next);
}

}  // namespace crossfoot::flow

#include "flow/engine/records.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "contract/record/customer.h"
#include "flow/engine/parts.h"
#include "flow/engine/record_task.h"
#include "flow/engine/references.h"
#include "store/api/home.h"

/// Records that systems of record own (docs/adr/0019). Statements about one record are judged one
/// after the other; that nobody else has written meanwhile is judged by the key of the version.
namespace crossfoot::flow {

using contract::record::Known;
using contract::record::Merged;

namespace {

/// So often a version that somebody else has taken is tried with the next number.
constexpr int attempts_max = 8;
/// Versions of one record whose messages an erasure reads at once.
constexpr std::size_t versions_page = 100;

std::string said_of(const RecordRequest& request, const Merged& merged, std::uint32_t version) {
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

std::string_view to_string(ProfileOrder::Kind kind) {
  constexpr std::array<std::string_view, 4> names{"merged", "unmerged", "erased", "consented"};
  return names[static_cast<std::size_t>(kind)];
}

Fault no_record(std::string_view key) {
  return {.code = std::string(contract::error_code::not_found),
          .fault_class = FaultClass::not_found,
          .where = "records",
          .cause = fmt::format("there is no record {}", key)};
}

Fault closed_proposal() {
  return {.code = std::string(contract::error_code::proposal_closed),
          .fault_class = FaultClass::conflict,
          .where = "records",
          .cause = "there is no open proposal of this id"};
}

Result<std::optional<Known>> latest_of(store::Reader& reader, const store::RecordName& name) {
  const auto rows = reader.record_versions(name, 0, 1);
  if (!rows) return fail(rows.error());
  if (rows->empty()) return std::nullopt;
  auto known = known_of(rows->front());
  if (!known) return fail(known.error());
  return std::optional(std::move(*known));
}

/// The messages that told of the record, each as it reads without the person.
Result<std::vector<store::MessageErasure>> messages_of(store::Reader& reader,
                                                       const store::RecordName& name) {
  std::vector<store::MessageErasure> found;
  for (std::uint32_t before = 0;;) {
    const auto rows = reader.record_versions(name, before, versions_page);
    if (!rows) return fail(rows.error());
    if (rows->empty()) return found;
    before = rows->back().version;
    for (const store::RecordRow& row : *rows) {
      const auto message = reader.load_message(row.id);
      if (!message) return fail(message.error());
      if (!*message || !contract::is_profile_message((*message)->body)) continue;
      const auto change = contract::read_profile_message((*message)->body);
      if (!change) return fail(change.error());
      found.push_back({row.id, contract::erased_profile_message(*change)});
    }
  }
}

}  // namespace

void Engine::put_record(RecordRequest request, RecordDone done) {
  auto task = std::make_shared<RecordTask>();
  task->name = {request.kind->contract, request.statement.tenant, request.statement.key};
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
         task->request.statement.key = task->name.key;
         task->request.statement.tenant = task->name.scope;
         task->request.statement.system = proposal->system;
         task->proposal = std::move(*proposal);
         queue_record(task);
       });
}

void Engine::queue_record(const RecordTaskPtr& task) {
  task->answer.key = task->name.key;
  if (!ready_ || stopped_) {
    task->answer.fault = not_ready("records");
    return task->done(std::move(task->answer));
  }
  if (store_.under_pressure()) {
    task->answer.fault = Fault{.code = std::string(contract::error_code::overloaded),
                               .fault_class = FaultClass::transient,
                               .where = "records",
                               .cause = "the data store is behind"};
    return task->done(std::move(task->answer));
  }
  auto& waiting = record_tasks_[record_hash(task->name)];
  waiting.push_back(task);
  if (waiting.size() == 1) read_record(task);
}

void Engine::read_record(const RecordTaskPtr& task) {
  struct Read {
    Result<std::optional<Known>> known;
    Result<std::optional<Known>> into;
    Result<std::vector<store::MessageErasure>> messages;
  };
  auto found = std::make_shared<Read>();
  const bool erases = task->is(ProfileOrder::Kind::erase);
  store::RecordName into;
  if (task->is(ProfileOrder::Kind::merge))
    into = {task->name.kind, task->name.scope, task->order->into};
  read(
      [found, name = task->name, into, erases](store::Reader& reader) {
        found->known = latest_of(reader, name);
        if (!into.key.empty()) found->into = latest_of(reader, into);
        if (erases) found->messages = messages_of(reader, name);
      },
      [this, found, task] {
        std::optional<Fault> fault;
        if (!found->messages) fault = found->messages.error();
        if (!found->into) fault = found->into.error();
        if (!found->known) fault = found->known.error();
        if (fault) {
          task->answer.fault = std::move(fault);
          return finish_record(task);
        }
        task->known = std::move(*found->known);
        task->into = std::move(*found->into);
        task->messages = std::move(*found->messages);
        judge_record(task);
      });
}

namespace {

/// What a person's order makes of the customer.
std::expected<Merged, contract::Problem> ordered(const ProfileOrder& order, const Known& known,
                                                 const std::optional<Known>& into, Instant now) {
  switch (order.what) {
    case ProfileOrder::Kind::merge:
      return contract::record::merged_into(*order.kind, known, order.into, *into, now);
    case ProfileOrder::Kind::unmerge:
      return contract::record::unmerged(*order.kind, known, now);
    case ProfileOrder::Kind::erase:
      return contract::record::erased(*order.kind, known, now);
    case ProfileOrder::Kind::consent:
      break;
  }
  return contract::record::consented(*order.kind, known, order.consent, now);
}

/// What a person's verdict on a proposal makes of the record.
std::expected<Merged, contract::Problem> decided(const RecordVerdict& verdict,
                                                 const RecordProposal& proposal,
                                                 const contract::record::Kind& kind,
                                                 const Known& known, Instant now) {
  Merged merged;
  if (verdict.accepted) {
    auto accepted =
        contract::record::accept_proposal(kind, known, proposal.field, proposal.system, now);
    if (!accepted) return accepted;
    merged = std::move(*accepted);
  } else {
    merged.outcome = Merged::Outcome::unchanged;
    merged.body = known.body;
    merged.provenance = known.provenance;
    merged.valid_from = known.valid_from;
    merged.valid_to = known.valid_to;
  }
  std::erase(merged.provenance.proposals, verdict.proposal);
  return merged;
}

}  // namespace

void Engine::judge_record(const RecordTaskPtr& task) {
  const Known* known = task->known ? &*task->known : nullptr;
  task->answer.version = known == nullptr ? 0 : known->version;
  const auto refuse = [&](Fault fault) {
    task->answer.fault = std::move(fault);
    finish_record(task);
  };
  if (known == nullptr && task->order) return refuse(no_record(task->name.key));
  if (task->is(ProfileOrder::Kind::merge) && !task->into)
    return refuse(no_record(task->order->into));
  if (task->verdict &&
      (known == nullptr || !holds(known->provenance.proposals, task->verdict->proposal))) {
    return refuse(closed_proposal());
  }
  const RecordRequest& request = task->request;
  auto merged = task->order ? ordered(*task->order, *known, task->into, now())
                : task->verdict
                    ? decided(*task->verdict, *task->proposal, *request.kind, *known, now())
                    : contract::record::merge(*request.kind, known, request.statement, now(),
                                              to_string(salt_of(ids_.next(now(), 0), 0)));
  if (!merged) {
    task->answer.refused = std::move(merged.error());
    return finish_record(task);
  }
  task->answer.outcome = merged->outcome;
  if (merged->outcome == Merged::Outcome::replayed) return finish_record(task);
  task->merged = std::move(*merged);
  task->answer.changed = task->merged.changed;
  task->answer.ignored = task->merged.ignored;
  task->said = said_of(request, task->merged, task->version());
  const Decision* decision = task->order     ? &task->order->decision
                             : task->verdict ? &task->verdict->decision
                                             : nullptr;
  if (task->order) task->said += fmt::format("; {}", to_string(task->order->what));
  if (task->is(ProfileOrder::Kind::merge)) task->said += fmt::format(" into {}", task->order->into);
  if (task->verdict) {
    task->said +=
        fmt::format("; {} of {} {}", task->proposal->field.pointer, task->proposal->system,
                    task->verdict->accepted ? "accepted" : "rejected");
  }
  if (decision != nullptr) task->said += fmt::format(" by {}: {}", decision->by, decision->reason);
  if (is_told(*task)) return tell_record(task);
  commit_record(task);
}

void Engine::write_record(RecordTask& task, Id id, store::Unit& unit) {
  const RecordRequest& request = task.request;
  Merged& merged = task.merged;
  task.answer.proposals.clear();
  for (const contract::record::Proposal& field : merged.proposed) {
    const RecordProposal proposal{id, task.name, request.statement.system, field, floor_};
    const std::string name = proposal_id(proposal);
    unit.documents.push_back({std::string(proposal_documents), name, encode(proposal)});
    auto& open = merged.provenance.proposals;
    if (!holds(open, name)) open.push_back(name);
    task.answer.proposals.push_back(name);
  }
  const auto close = [&unit](const std::string& name) {
    unit.documents.push_back({std::string(proposal_documents), name, {}});
  };
  if (task.verdict) close(task.verdict->proposal);
  if (task.is(ProfileOrder::Kind::erase)) {
    std::ranges::for_each(task.known->provenance.proposals, close);
    unit.records.erasures.push_back({task.name, task.version()});
    unit.records.messages = task.messages;
  }
  unit.counters.push_back(
      {fmt::format("records|{}|{}", task.name.kind, to_string(merged.outcome)), 1});
  if (merged.outcome == Merged::Outcome::late) return;
  store::RecordRow row{.name = task.name,
                       .version = task.version(),
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
  add_aliases(task.name, task.known ? task.known->body : std::string(), row.body, unit);
  unit.keys.push_back({.kind = store::KeyKind::record,
                       .hash = record_hash(task.name, row.version),
                       .id = id,
                       .content = row.content,
                       .revision = row.version});
  unit.records.rows.push_back(std::move(row));
}

void Engine::commit_record(const RecordTaskPtr& task) {
  const Id id = ids_.next(now(), store::home_of(record_hash(task->name)));
  const Partition partition = id.partition();
  const std::uint64_t position = next_position(partition);
  store::Unit unit;
  write_record(*task, id, unit);
  JournalEntry entry;
  entry.at = floor_;
  entry.salt = salt_of(id, position);
  entry.state_hash = hash128(task->merged.provenance.salt + task->merged.body);
  entry.events.push_back({.kind = JournalEvent::Kind::recorded,
                          .state = LegState::done,
                          .reference = task->request.correlation_id,
                          .detail = task->said});
  unit.journal.push_back({partition, position, id, floor_, encode(entry)});
  store_.commit(
      std::move(unit), [this, alive = alive_, task, id, position](store::UnitResult result) {
        if (!*alive) return;
        if (result.outcome != store::Outcome::applied) give_back(id.partition(), position);
        switch (result.outcome) {
          case store::Outcome::applied:
            task->answer.version = task->version();
            task->answer.id = id;
            return finish_record(task);
          case store::Outcome::duplicate:
            return try_record_again(task);
          case store::Outcome::failed:
          case store::Outcome::conflict:
          case store::Outcome::suspected:
            task->answer.fault = std::move(result.fault);
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

void Engine::try_record_again(const RecordTaskPtr& task) {
  // Another node has written this version: its word is judged with.
  if (++task->attempts < attempts_max) return read_record(task);
  task->answer.fault = Fault{.code = std::string(contract::error_code::overloaded),
                             .fault_class = FaultClass::transient,
                             .where = "records",
                             .cause = "too many write this record at once"};
  finish_record(task);
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
  if (!task->answer.id.is_nil()) release_waiting(*task);
  task->done(std::move(task->answer));
  if (next != nullptr && !stopped_) read_record(next);
}

}  // namespace crossfoot::flow

#include "flow/engine/restored.h"

#include <algorithm>

#include "base/codec.h"
#include "base/invariant.h"
#include "flow/engine/parts.h"
#include "flow/engine/target.h"
#include "flow/plan/damaged.h"

namespace crossfoot::flow {

namespace {
constexpr std::uint64_t stored_version = 1;
}  // namespace

store::DocumentRow restore_document(const Restore& restore) {
  ByteWriter out;
  out.u64(stored_version);
  out.u64(restore.count);
  out.instant(restore.at);
  return {std::string(restore_documents), std::string(restore_key), out.take()};
}

Result<Restore> decode_restore(std::string_view bytes) {
  ByteReader in(bytes);
  const bool known = in.u64() == stored_version;
  Restore restore;
  restore.count = static_cast<std::uint32_t>(in.u64());
  restore.at = in.instant();
  if (!known || in.failed() || !in.at_end()) return fail(damaged("restore"));
  return restore;
}

void Engine::survey(const ActivePtr& active, std::uint16_t number) {
  ++active->outstanding;
  load(active->flow.leg(number)->undoes, [this, active, number](ActivePtr original) {
    INVARIANT(original != nullptr, "what is taken back was given");
    enqueue_read(original, [this, active, number, original] {
      const Leg* accrue = original->flow.first_of(LegKind::accrue);
      INVARIANT(accrue != nullptr, "what is taken back was given");
      const Leg& leg = *active->flow.leg(number);
      Target* target = target_of(leg.target);
      const std::string& operation = next_step(leg)->operation;
      const std::string& reference = accrue->steps.front().reference;
      caller_.survey(leg.target, operation, reference,
                     caller_.traits(leg.target, operation)->deadline,
                     [this, alive = alive_, active, number, target, reference,
                      asked = now()](Result<std::vector<SurveyEntry>> found) {
                       if (!*alive || stopped_) return;
                       release_slot(*target);
                       surveyed(active, number, reference, asked, std::move(found));
                     });
    });
  });
}

void Engine::surveyed(const ActivePtr& active, std::uint16_t number,
                      const std::string& original_reference, Instant asked,
                      Result<std::vector<SurveyEntry>> found) {
  if (!found) {
    --active->outstanding;
    return question_answered(active, Surveyed{number, fail(std::move(found.error())), {}}, asked);
  }
  // What the book granted is committed with the leg that carries it.
  auto row = std::make_shared<Result<std::optional<store::BookRow>>>();
  read([row, key = active->flow.leg(number)->book](
           store::Reader& reader) { *row = reader.load_book(key); },
       [this, active, number, original_reference, asked, row, entries = std::move(*found)] {
         --active->outstanding;
         if (!*row) return stop(row->error());
         INVARIANT(row->has_value() && (*row)->has_value(), "a delta's book is stored");
         auto book = decode_book((**row)->state);
         if (!book) return stop(book.error());
         const Leg& leg = *active->flow.leg(number);
         Surveyed event{
             number, survey_outcome(*book, active->flow, leg, original_reference, entries), {}};
         if (event.found->kind == SurveyOutcome::Kind::part) {
           event.rest = processes_.delta_arguments(original_reference, event.found->rest);
         }
         question_answered(active, std::move(event), asked);
       });
}

}  // namespace crossfoot::flow

#include <fmt/format.h>

#include "contract/error_codes.h"
#include "flow/engine/parts.h"
#include "flow/plan/programme_versions.h"

namespace crossfoot::flow {

/// The key lets the first text of a version in, whichever node brings it.
void Engine::keep_programme(Done done) {
  if (options_.programme_text.empty()) return done({});
  const std::string key = programme_key(programme_.version);
  const Hash128 content = hash128(options_.programme_text);
  store::Unit unit;
  unit.keys.push_back({.kind = store::KeyKind::record,
                       .hash = hash128(std::string(programme_documents) + '\0' + key),
                       .content = content,
                       .revision = programme_.version});
  unit.documents.push_back({std::string(programme_documents), key, options_.programme_text});
  store_.commit(std::move(unit), [this, alive = alive_, content,
                                  done = std::move(done)](const store::UnitResult& result) mutable {
    if (!*alive) return;
    if (result.outcome == store::Outcome::applied) return done({});
    if (result.outcome != store::Outcome::duplicate) return done(fail(result.fault));
    if (result.duplicate_of.content == content) return done({});
    done(fail(
        {.code = std::string(contract::error_code::programme_changed),
         .fault_class = FaultClass::conflict,
         .where = "programme " + programme_.name,
         .cause = fmt::format("version {} was used before with other rules", programme_.version)}));
  });
}

}  // namespace crossfoot::flow

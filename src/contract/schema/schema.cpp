#include "contract/schema/schema.h"

#include "base/invariant.h"
#include "contract/schema/compiler.h"
#include "contract/schema/evaluation.h"

namespace crossfoot::contract::schema {

Result<Schema> Schema::compile(std::string json, const SchemaOptions& options) {
  auto program = std::make_shared<Program>();
  program->limits = options.limits;
  const Status done = Compiler(*program, options).run(std::move(json));
  if (!done) return fail(done.error());
  return Schema(std::move(program));
}

Result<Verdict> Schema::validate(const Json& instance, std::size_t errors_max) const {
  INVARIANT(errors_max > 0, "a refusal has a reason");
  return Evaluation(*program_, errors_max).run(instance);
}

std::size_t Schema::size() const {
  return program_->nodes.size();
}

}  // namespace crossfoot::contract::schema

#include "flow/engine/parts.h"

/// What a basket would earn, asked at the till (DOMAIN F27, docs/guides/checkout.md).
namespace crossfoot::flow {

namespace {

constexpr std::string_view eligibility_operation = "eligibility";

/// Whoever comes first, the platform's word or the end of the patience, answers.
struct Asked {
  Engine::Promised done;
  PromiseView own;  ///< by Crossfoot's copy of the rules
  runtime::Scheduler::TimerId timer = 0;
  bool answered = false;

  void answer(PromiseView view) {
    if (std::exchange(answered, true)) return;
    done(std::move(view));
  }
};

}  // namespace

void Engine::promise(std::shared_ptr<const contract::Transaction> basket,
                     std::shared_ptr<const std::string> body, const std::string& correlation_id,
                     Duration patience, Promised done) {
  const Plan plan =
      processes_.plan({*basket, basket->key.canonical(), options_.routing, programme_, zones_});
  auto asked = std::make_shared<Asked>();
  asked->done = std::move(done);
  asked->own.as_of = now();
  asked->own.programme_version = programme_.version;
  asked->own.points = plan.expected;
  for (const FrozenLine& line : plan.frozen) {
    if (plan.expected) asked->own.lines.emplace_back(line.line, Points{line.points.sum()});
  }
  if (!offers(eligibility_operation)) return asked->answer(std::move(asked->own));
  asked->timer = scheduler_.after(patience, [alive = alive_, asked] {
    if (*alive) asked->answer(std::move(asked->own));
  });
  CallItem item{.reference = correlation_id,
                .arguments = "{}",
                .transaction = std::move(body),
                .previous_id = {}};
  ask_platform(eligibility_operation, std::move(item), correlation_id,
               [this, asked](Result<ItemAnswer> answer) {
                 scheduler_.cancel(asked->timer);
                 if (!answer || !answer->points) return asked->answer(std::move(asked->own));
                 PromiseView view;
                 view.live = true;
                 view.as_of = asked->own.as_of;
                 view.programme_version = asked->own.programme_version;
                 view.points = answer->points;
                 view.lines = std::move(answer->line_points);
                 asked->answer(std::move(view));
               });
}

}  // namespace crossfoot::flow

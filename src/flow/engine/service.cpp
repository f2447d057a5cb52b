#include "flow/engine/accept_keys.h"
#include "flow/engine/parts.h"

/// What a service desk does by hand (docs/adr/0024): a person's points of a day are added up in the
/// accepting commit, one adjustment of a person after the other.
namespace crossfoot::flow {

void Engine::adjust(AcceptRequest request, Points most_a_day, Accepted done) {
  const contract::Transaction& asked = *request.transaction;
  const Duration day{std::chrono::hours{24}};
  const BusinessDate today{static_cast<std::int32_t>(now().micros / day.count())};
  const Hash128 key = service_day_key(asked.key.tenant, asked.adjustment->asked_by, today);
  auto& waiting = service_days_[key];
  waiting.push_back({std::move(request), most_a_day, std::move(done)});
  if (waiting.size() == 1) run_service_day(key);
}

void Engine::run_service_day(const Hash128& key) {
  struct Found {
    Result<std::optional<store::KeyRow>> known;
    Result<std::optional<store::BookRow>> day;
  };
  const contract::NaturalKey& name = service_days_[key].front().request.transaction->key;
  auto found = std::make_shared<Found>();
  read(
      [found, key, date = key_date(name), hash = name.hash()](store::Reader& reader) {
        found->known = reader.find_key(store::KeyKind::natural, date, hash);
        found->day = reader.load_book(key);
      },
      [this, found, key] {
        if (!found->known) return stop(found->known.error());
        if (!found->day) return stop(found->day.error());
        ServiceDay day;
        if (*found->day) {
          auto stored = decode_service_day((*found->day)->state);
          if (!stored) return stop(stored.error());
          day = *stored;
        }
        accept_adjustment(key, day, found->known->has_value());
      });
}

void Engine::accept_adjustment(const Hash128& key, ServiceDay day, bool known) {
  ServiceWork& work = service_days_[key].front();
  const Points points = work.request.transaction->adjustment->points;
  day.moved += points.count < 0 ? -points : points;
  ++day.version;
  auto finished = [this, alive = alive_, key](AcceptAnswer answer) {
    if (!*alive) return;
    auto& waiting = service_days_[key];
    Accepted done = std::move(waiting.front().done);
    waiting.pop_front();
    if (waiting.empty()) {
      service_days_.erase(key);
    } else {
      run_service_day(key);
    }
    done(std::move(answer));
  };
  // What is known already counts no second time, and is answered whatever the day has become.
  if (known) return accept(work.request, std::move(finished));
  if (day.moved > work.most_a_day) {
    AcceptAnswer answer;
    answer.kind = AcceptAnswer::Kind::over_limit;
    return finished(std::move(answer));
  }
  AcceptRequest request = work.request;
  request.also = store::BookRow{key, day.version, false, encode(day)};
  accept(std::move(request), std::move(finished));
}

void Engine::judge_adjustment(Id adjustment, Judged word, Done done) {
  word.leg = approve_number;
  order(adjustment, std::move(word), std::move(done));
}

}  // namespace crossfoot::flow

#include "store/postgres/group_writer.h"

#include <algorithm>
#include <utility>

#include "store/api/faults.h"
#include "store/postgres/schema.h"
#include "store/postgres/server_settings.h"

namespace crossfoot::store::postgres {

namespace {

constexpr std::size_t group_units_least = 32;
constexpr std::size_t group_units_most = 1024;
constexpr std::uint64_t group_bytes_max = 16U << 20;

// Every statement finds its rows by an index, whatever the statistics say: a plan made while a
// table was empty would otherwise scan it for as long as it is remembered.
constexpr std::string_view set_path = "SET search_path = crossfoot";
constexpr std::string_view plan_settings[] = {
    "SET enable_seqscan = off", "SET enable_hashjoin = off", "SET enable_mergejoin = off",
    "SET plan_cache_mode = force_generic_plan", "SET jit = off"};

std::uint64_t bytes_of(const Unit& unit) {
  std::uint64_t sum = unit.message ? unit.message->body.size() : 0;
  for (const FlowRow& flow : unit.flows) sum += flow.state.size();
  for (const BookRow& book : unit.books) sum += book.state.size();
  for (const JournalRow& row : unit.journal) sum += row.entry.size();
  for (const DocumentRow& row : unit.documents) sum += row.value.size();
  for (const RecordRow& row : unit.records.rows) sum += row.body.size() + row.provenance.size();
  return sum;
}

}  // namespace

Status GroupWriter::connect() {
  if (connection_ && connection_->usable()) return {};
  connection_.reset();
  Result<std::unique_ptr<Connection>> opened = Connection::open_newest(options_.url, newest_);
  if (!opened) return fail(opened.error());
  // After a failover this may be another server: it is judged as the first one was.
  const Result<ServerSettings> settings = read_settings(**opened);
  if (!settings) return fail(settings.error());
  if (Status safe = judge_settings(*settings, options_.no_loss_on_node_failure); !safe) return safe;
  connection_ = std::move(*opened);
  if (owner_epoch_ == 0) return {};
  Status ready = read_positions();
  if (!ready) connection_.reset();
  return ready;
}

Status GroupWriter::read_positions() {
  std::vector<Step> steps{{set_path, {}}};
  for (const std::string_view sql : plan_settings) steps.push_back({sql, {}});
  // 4,096 looks into the index, whatever the journal's length.
  steps.push_back(
      {"SELECT p, (SELECT max(position) FROM journal WHERE partition = p)"
       " FROM generate_series(0, 4095) AS p",
       {}});
  Ran ran = connection_->run(steps);
  if (ran.fault) return fail(*ran.fault);
  const Rows& rows = ran.rows.back();
  for (int i = 0; i < rows.size(); ++i) {
    positions_[rows.number<std::size_t>(i, 0) % partition_count] = rows.number<std::uint64_t>(i, 1);
  }
  return {};
}

Result<Opened> GroupWriter::open() {
  const std::lock_guard database(database_);
  if (Status connected = connect(); !connected) return fail(connected.error());
  if (Status migrated = migrate(*connection_); !migrated) return fail(migrated.error());
  // The row of the incarnation is locked first, so that openings come one after the other; then
  // this waits for the commits in flight of whoever owned the partitions.
  const std::vector<Step> steps{
      {set_path, {}},
      {"BEGIN", {}},
      {"UPDATE meta SET value = value + 1 WHERE name = 'incarnation' RETURNING value", {}},
      {"SELECT count(*) FROM (SELECT 1 FROM partition_owner ORDER BY partition FOR UPDATE) AS all_",
       {}},
      {"UPDATE partition_owner SET owner_epoch ="
       " (SELECT value FROM meta WHERE name = 'incarnation')",
       {}},
      {"SELECT value FROM meta WHERE name = 'last_recorded_at'", {}},
      {"COMMIT", {}}};
  Ran ran = connection_->run(steps);
  if (ran.fault) return fail(*ran.fault);
  if (ran.rows[2].size() != 1 || ran.rows[5].size() != 1) {
    return fail(corrupt_fault("open data store", "the table meta lacks a row"));
  }
  owner_epoch_ = ran.rows[2].number<std::uint64_t>(0, 0);
  recorded_at_ = {ran.rows[5].integer(0, 0)};
  if (Status read = read_positions(); !read) return fail(read.error());
  return Opened{.incarnation = static_cast<std::uint32_t>(owner_epoch_),
                .last_recorded_at = recorded_at_,
                .schema_version = newest_schema()};
}

Fault GroupWriter::closed() const {
  return closed_fault("commit", "refused until reopened: " + broken_by_.cause);
}

std::vector<GroupWriter::Item> GroupWriter::next_group() {
  (void)queue_.gather();
  std::vector<Item> group;
  std::uint64_t bytes = 0;
  while (group.size() < group_units_max_ && bytes < group_bytes_max) {
    std::optional<Item> item = queue_.next(true);
    if (!item) break;
    bytes += bytes_of(item->unit);
    group.push_back(std::move(*item));
  }
  return group;
}

bool GroupWriter::run_once() {
  const std::lock_guard database(database_);
  std::vector<Item> group = next_group();
  if (group.empty()) return false;
  const Duration started = home_.monotonic();
  write(group);
  const auto micros = static_cast<std::uint64_t>((home_.monotonic() - started).count());
  commit_micros_max_ = std::max(commit_micros_max_.load(), micros);
  queue_.answer(std::move(group));
  return queue_.size() > 0;
}

void GroupWriter::write(std::span<Item> items) {
  if (refuses()) return CommitQueue::set_all(items, Outcome::failed, closed());
  if (attempt(items) == Attempt::answered) return;
  write(items.first(items.size() / 2));
  write(items.subspan(items.size() / 2));
}

GroupWriter::Attempt GroupWriter::refused(std::span<Item> items, const Fault& fault) {
  roll_back();
  // A unit that is at fault itself is found by halving; everything else is everybody's misfortune.
  if (fault.fault_class == FaultClass::rejected && items.size() > 1) return Attempt::split;
  CommitQueue::set_all(items, Outcome::failed, fault);
  return Attempt::answered;
}

GroupWriter::Attempt GroupWriter::attempt(std::span<Item> items) {
  const Duration started = home_.monotonic();
  if (Status connected = connect(); !connected) {
    CommitQueue::set_all(items, Outcome::failed,
                         unavailable_fault("commit", connected.error().cause));
    return Attempt::answered;
  }
  std::vector<const Unit*> units;
  units.reserve(items.size());
  for (const Item& item : items) units.push_back(&item.unit);
  Group group(std::move(units), positions_, options_.row_bytes_max);
  Ran asked = run(group.questions(owner_epoch_));
  if (asked.fault) return refused(items, *asked.fault);
  if (!group.take(asked.rows)) {
    roll_back();
    stop_for_good(locked_fault("commit", "another process has taken over the data store"));
    CommitQueue::set_all(items, Outcome::failed, broken_by_);
    return Attempt::answered;
  }
  if (const std::vector<Step> more = group.more_questions(); !more.empty()) {
    Ran found = run(more);
    if (found.fault) return refused(items, *found.fault);
    if (Status taken = group.take_more(found.rows); !taken) return refused(items, taken.error());
  }
  std::vector<UnitResult> results = group.judge();
  Instant recorded_at = recorded_at_;
  std::vector<Step> steps = group.writes(recorded_at);
  adapt(items.size(), home_.monotonic() - started);
  return commit(items, group, std::move(steps), std::move(results), recorded_at);
}

GroupWriter::Attempt GroupWriter::commit(std::span<Item> items, Group& group,
                                         std::vector<Step> steps, std::vector<UnitResult> results,
                                         Instant recorded_at) {
  if (!group.applied_any()) {
    roll_back();
  } else {
    steps.push_back({"COMMIT", {}});
    Ran ran = run(steps);
    if (ran.fault) {
      const bool before_commit =
          ran.sent_in_part || (ran.refused_by_server && ran.failed_step + 1 < steps.size());
      if (before_commit) return refused(items, *ran.fault);
      stop_for_good(*ran.fault);
      CommitQueue::set_all(items, Outcome::unknown, unclear_fault("commit", ran.fault->cause));
      return Attempt::answered;
    }
    group.publish(positions_);
    recorded_at_ = recorded_at;
    commits_.fetch_add(1, std::memory_order_relaxed);
  }
  units_.fetch_add(items.size(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < items.size(); ++i) items[i].result = std::move(results[i]);
  return Attempt::answered;
}

Ran GroupWriter::run(std::span<const Step> steps) {
  std::uint64_t bytes = 0;
  for (const Step& step : steps) bytes += step.parameters.bytes();
  bytes_sent_.fetch_add(bytes, std::memory_order_relaxed);
  return connection_->run(steps);
}

void GroupWriter::roll_back() {
  if (connection_->usable() && connection_->in_transaction()) {
    (void)connection_->run_one("ROLLBACK");
  }
}

void GroupWriter::adapt(std::size_t units, Duration worked) {
  if (worked > options_.budget) {
    group_units_max_ = std::max(group_units_least, units / 2);
  } else if (units >= group_units_max_ && worked < options_.budget / 2) {
    group_units_max_ = std::min(group_units_most, group_units_max_ * 2);
  }
}

void GroupWriter::stop_for_good(Fault fault) {
  broken_by_ = std::move(fault);
  broken_.store(true, std::memory_order_release);
  connection_.reset();
}

Result<TargetNumber> GroupWriter::target_number(std::string_view name) {
  const std::lock_guard database(database_);
  if (refuses()) return fail(closed());
  if (Status connected = connect(); !connected) return fail(connected.error());
  const std::vector<Step> steps{
      // Openings and their numbers come one after the other.
      {"BEGIN", {}},
      {"LOCK TABLE target IN SHARE ROW EXCLUSIVE MODE", {}},
      {"INSERT INTO target(name, number) SELECT $1::text, coalesce(max(number), 0) + 1 FROM target"
       " ON CONFLICT(name) DO NOTHING",
       Parameters::of(name)},
      {"SELECT number FROM target WHERE name = $1::text", Parameters::of(name)},
      {"COMMIT", {}}};
  Ran ran = connection_->run(steps);
  if (ran.fault) {
    roll_back();
    return fail(*ran.fault);
  }
  if (ran.rows[3].size() != 1) return fail(corrupt_fault("target", "no number was issued"));
  return ran.rows[3].number<TargetNumber>(0, 0);
}

}  // namespace crossfoot::store::postgres

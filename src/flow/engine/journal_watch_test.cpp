// Goal: support for the simulation, with a test of its own: what is durable grows without gaps and
// never changes.
#include "flow/engine/journal_watch.h"

#include <gtest/gtest.h>

#include <set>

#include "flow/decide/journal.h"

namespace crossfoot::flow::sim {

bool JournalWatch::extend(Chain& chain, const store::JournalRow& row) {
  if (row.position != chain.position + 1) return false;
  chain.position = row.position;
  std::string link(reinterpret_cast<const char*>(chain.head.bytes.data()), chain.head.bytes.size());
  chain.head = hash128(link + row.entry);
  return true;
}

std::string JournalWatch::look(const store::memory::State& state) {
  constexpr std::size_t partitions_per_row = 64;
  if (state.journal.size() < seen_) return "journal entries have gone";
  const std::size_t added = state.journal.size() - seen_;
  return added <= chains_.size() / partitions_per_row ? std::string() : look_at_new(state);
}

std::string JournalWatch::look_at_new(const store::memory::State& state) {
  std::map<Id, Hash128> newest;
  std::set<Partition> behind_gaps;
  for (auto at = state.journal.begin(); at != state.journal.end();) {
    const Partition partition = at->first.first;
    Chain& chain = chains_[partition];
    at = state.journal.upper_bound({partition, chain.position});
    for (; at != state.journal.end() && at->first.first == partition; ++at) {
      // The place of a refused unit is filled a commit later; what is behind it is seen then.
      if (!extend(chain, at->second)) {
        behind_gaps.insert(partition);
        break;
      }
      ++seen_;
      if (at->second.entry.empty()) continue;  // fills the place of a unit that was refused
      const auto entry = decode_journal(at->second.entry);
      if (!entry) return "a journal entry cannot be read";
      newest[at->second.flow] = entry->state_hash;
    }
    at = state.journal.lower_bound({static_cast<Partition>(partition + 1), 0});
  }
  for (const auto& [id, hash] : newest) {
    const auto flow = state.flows.find(id);
    if (flow == state.flows.end() || behind_gaps.contains(id.partition())) continue;
    if (hash128(flow->second.state) != hash) return "a flow is not what its last entry says";
  }
  return {};
}

std::string JournalWatch::look_back(const store::memory::State& state) {
  if (state.journal.size() < seen_) return "journal entries have gone";
  if (std::string wrong = look_at_new(state); !wrong.empty()) return wrong;
  std::map<Partition, Chain> again;
  for (const auto& [place, row] : state.journal) {
    if (!extend(again[place.first], row)) return "the journal has a gap";
  }
  for (const auto& [partition, chain] : chains_) {
    if (again[partition].head != chain.head) return "the journal's past has changed";
  }
  return {};
}

namespace {

/// One flow with an entry for each of its writes.
store::Unit written(std::uint32_t version, const std::string& named, const std::string& stored) {
  JournalEntry entry;
  entry.state_hash = hash128(named);
  store::Unit unit;
  unit.flows = {{.id = Id{1, 2}, .version = version, .state = stored}};
  unit.journal = {{.partition = 7, .position = version, .flow = Id{1, 2}, .entry = encode(entry)}};
  return unit;
}

TEST(JournalWatch, NoticesGapsChangesLossesAndFalseStates) {
  store::memory::State state;
  JournalWatch watch;
  ASSERT_EQ(state.apply(written(1, "a", "a")).outcome, store::Outcome::applied);
  ASSERT_EQ(state.apply(written(2, "b", "b")).outcome, store::Outcome::applied);
  EXPECT_EQ(watch.look(state), "");
  EXPECT_EQ(watch.look_back(state), "");

  store::memory::State false_state = state;
  ASSERT_EQ(false_state.apply(written(3, "c", "other")).outcome, store::Outcome::applied);
  EXPECT_EQ(JournalWatch(watch).look(false_state), "a flow is not what its last entry says");

  store::memory::State gap = state;
  gap.journal[{7, 4}] = {.partition = 7, .position = 4, .entry = gap.journal[{7, 2}].entry};
  EXPECT_EQ(JournalWatch(watch).look(gap), "") << "it may be filled yet";
  EXPECT_EQ(JournalWatch(watch).look_back(gap), "the journal has a gap");

  store::memory::State changed = state;
  changed.journal[{7, 1}].entry += " ";
  EXPECT_EQ(watch.look(changed), "") << "only what is new is looked at";
  EXPECT_EQ(JournalWatch(watch).look_back(changed), "the journal's past has changed");

  store::memory::State lost = state;
  lost.journal.erase({7, 2});
  EXPECT_EQ(JournalWatch(watch).look(lost), "journal entries have gone");
  EXPECT_EQ(watch.look_back(lost), "journal entries have gone");
}

}  // namespace
}  // namespace crossfoot::flow::sim

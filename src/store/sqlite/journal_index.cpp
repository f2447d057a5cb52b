#include "store/sqlite/journal_index.h"

#include <algorithm>

#include "base/codec.h"
#include "store/api/faults.h"

namespace crossfoot::store::sqlite {

namespace {

constexpr std::uint64_t position_max = INT64_MAX;

constexpr const char* chunk_before_sql =
    "SELECT entries FROM journal_chunk WHERE partition=? AND first<=? ORDER BY first DESC LIMIT 1";

bool below(const JournalEntry& entry, std::uint64_t position) {
  return entry.position < position;
}

Fault damaged_chunk() {
  return corrupt_fault("journal", "a chunk of positions is damaged");
}

}  // namespace

std::string encode_chunk(std::span<const JournalEntry> entries) {
  ByteWriter out;
  out.u64(entries.size());
  JournalEntry previous;
  for (const JournalEntry& entry : entries) {
    out.u64(entry.position - previous.position);
    out.i64(entry.row - previous.row);
    previous = entry;
  }
  return out.take();
}

std::optional<std::vector<JournalEntry>> decode_chunk(std::string_view bytes) {
  ByteReader in(bytes);
  std::vector<JournalEntry> entries(in.count());
  JournalEntry previous;
  for (JournalEntry& entry : entries) {
    entry.position = previous.position + in.u64();
    entry.row = previous.row + in.i64();
    previous = entry;
  }
  if (in.failed() || !in.at_end() || entries.empty()) return std::nullopt;
  return entries;
}

// --- JournalTail

namespace {
constexpr auto held_below = [](const auto& held, std::uint64_t position) {
  return held.entry.position < position;
};
}  // namespace

std::optional<std::int64_t> JournalTail::row_of(Partition partition, std::uint64_t position) const {
  const std::lock_guard lock(mutex_);
  const auto& held = parts_[partition].held;
  const auto at = std::lower_bound(held.begin(), held.end(), position, held_below);
  if (at == held.end() || at->entry.position != position) return std::nullopt;
  return at->entry.row;
}

std::vector<JournalEntry> JournalTail::after(Partition partition, std::uint64_t position,
                                             std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  const auto& held = parts_[partition].held;
  std::vector<JournalEntry> found;
  auto at = std::lower_bound(held.begin(), held.end(), position + 1, held_below);
  for (; at != held.end() && found.size() < limit; ++at) found.push_back(at->entry);
  return found;
}

std::uint64_t JournalTail::last_position(Partition partition) const {
  const std::lock_guard lock(mutex_);
  return parts_[partition].last;
}

void JournalTail::insert(Part& part, JournalEntry entry) {
  auto at = part.held.end();
  if (!part.held.empty() && part.held.back().entry.position > entry.position) {
    at = std::lower_bound(part.held.begin(), part.held.end(), entry.position, held_below);
  }
  part.held.insert(at, Held{.entry = entry});
  ++part.open;
  part.last = std::max(part.last, entry.position);
}

void JournalTail::trim(Part& part, Duration now) {
  const auto first_kept = std::find_if(part.held.begin(), part.held.end(), [&](const Held& held) {
    return held.chunked_at.count() < 0 || now - held.chunked_at < keep;
  });
  part.held.erase(part.held.begin(), first_kept);
}

// --- JournalIndex

Status JournalIndex::open() {
  const Status prepared = connection_.prepare_all(
      {{insert_chunk_, "INSERT INTO journal_chunk VALUES (?,?,?)"},
       {update_chunk_, "UPDATE journal_chunk SET entries=? WHERE partition=? AND first=?"},
       {chunk_before_, chunk_before_sql},
       {set_indexed_, "UPDATE meta SET value=? WHERE name='journal_indexed'"}});
  if (!prepared) return prepared;
  if (Status loaded = load_ends(); !loaded) return loaded;
  if (Status scanned = scan_open_rows(); !scanned) return scanned;
  return write_all();
}

Status JournalIndex::load_ends() {
  for (std::uint32_t p = 0; p < partition_count; ++p) {
    const auto partition = static_cast<Partition>(p);
    auto chunk = chunk_holding(partition, position_max);
    if (!chunk) return fail(chunk.error());
    if (!*chunk) continue;
    chunk_end_[p] = last_[p] = (*chunk)->back().position;
    tail_.parts_[p].last = last_[p];
  }
  return {};
}

Status JournalIndex::scan_open_rows() {
  const Result<std::int64_t> indexed =
      connection_.scalar("SELECT value FROM meta WHERE name='journal_indexed'");
  if (!indexed) return fail(indexed.error());
  last_row_ = *indexed;
  Result<Statement> rows =
      connection_.prepare("SELECT seq, partition, position FROM journal WHERE seq>? ORDER BY seq");
  if (!rows) return fail(rows.error());
  rows->query(*indexed);
  int code = rows->step();
  for (; code == SQLITE_ROW; code = rows->step()) {
    const auto partition = rows->number<Partition>(1);
    if (partition >= partition_count) return fail(corrupt_fault("journal", "no such partition"));
    const JournalEntry entry{rows->number<std::uint64_t>(2), rows->integer(0)};
    last_row_ = std::max(last_row_, entry.row);
    if (entry.position <= chunk_end_[partition]) {
      auto chunk = chunk_holding(partition, entry.position);
      if (!chunk) return fail(chunk.error());
      if (*chunk) {
        const auto at = std::lower_bound((*chunk)->begin(), (*chunk)->end(), entry.position, below);
        if (at != (*chunk)->end() && at->position == entry.position) continue;
      }
    }
    JournalTail::insert(tail_.parts_[partition], entry);
    last_[partition] = std::max(last_[partition], entry.position);
  }
  if (code != SQLITE_DONE) return fail(statement_fault(code));
  return {};
}

Result<std::optional<std::vector<JournalEntry>>> JournalIndex::chunk_holding(
    Partition partition, std::uint64_t position) {
  chunk_before_.query(partition, position);
  const int code = chunk_before_.step();
  std::optional<std::vector<JournalEntry>> entries;
  if (code == SQLITE_ROW) entries = decode_chunk(chunk_before_.bytes(0));
  chunk_before_.reset();
  if (code == SQLITE_DONE) return entries;
  if (code != SQLITE_ROW) return fail(statement_fault(code));
  if (!entries) return fail(damaged_chunk());
  return entries;
}

Result<bool> JournalIndex::is_taken(Partition partition, std::uint64_t position) {
  const auto same = [&](const Staged& staged) {
    return staged.partition == partition && staged.entry.position == position;
  };
  if (std::ranges::any_of(staged_, same)) return true;
  if (tail_.row_of(partition, position)) return true;
  if (position > chunk_end_[partition]) return false;
  auto chunk = chunk_holding(partition, position);
  if (!chunk) return fail(chunk.error());
  if (!*chunk) return false;
  const auto at = std::lower_bound((*chunk)->begin(), (*chunk)->end(), position, below);
  return at != (*chunk)->end() && at->position == position;
}

Result<std::optional<std::int64_t>> JournalIndex::stage(Partition partition,
                                                        std::uint64_t& position) {
  std::uint64_t& last = last_[partition];
  if (position == 0) position = last + 1;
  if (position <= last) {
    const Result<bool> taken = is_taken(partition, position);
    if (!taken) return fail(taken.error());
    if (*taken) return std::nullopt;
  }
  // Row numbers of undone units are not used again before the next opening; gaps do no harm.
  staged_.push_back({partition, {position, ++last_row_}, last});
  last = std::max(last, position);
  return last_row_;
}

void JournalIndex::undo_to(std::size_t mark) {
  while (staged_.size() > mark) {
    last_[staged_.back().partition] = staged_.back().last_before;
    staged_.pop_back();
  }
}

Status JournalIndex::merge_late(Partition partition, const JournalEntry& entry) {
  auto chunk = chunk_holding(partition, entry.position);
  if (!chunk) return fail(chunk.error());
  int code = SQLITE_OK;
  if (!*chunk) {
    code = insert_chunk_.run(partition, entry.position, Blob{encode_chunk({&entry, 1})});
  } else {
    auto& entries = **chunk;
    const std::uint64_t first = entries.front().position;
    entries.insert(std::lower_bound(entries.begin(), entries.end(), entry.position, below), entry);
    code = update_chunk_.run(Blob{encode_chunk(entries)}, partition, first);
  }
  if (code != SQLITE_DONE) return fail(statement_fault(code));
  return {};
}

Status JournalIndex::visit(Partition partition) {
  // Only committed entries: the tail is changed by this thread alone, so reading needs no lock.
  const JournalTail::Part& part = tail_.parts_[partition];
  if (part.open == 0) return {};
  std::vector<JournalEntry> fresh;
  fresh.reserve(part.open);
  const std::uint64_t end = chunk_end_[partition];
  std::size_t left = part.open;
  for (auto held = part.held.rbegin(); left > 0 && held != part.held.rend(); ++held) {
    if (held->chunked_at.count() >= 0) continue;
    --left;
    if (held->entry.position > end) {
      fresh.push_back(held->entry);
    } else if (Status merged = merge_late(partition, held->entry); !merged) {
      return merged;
    }
  }
  std::ranges::reverse(fresh);
  if (!fresh.empty()) {
    const std::string bytes = encode_chunk(fresh);
    const int code = insert_chunk_.run(partition, fresh.front().position, Blob{bytes});
    if (code != SQLITE_DONE) return fail(statement_fault(code));
  }
  visited_.emplace_back(partition, fresh.empty() ? end : fresh.back().position);
  return {};
}

Status JournalIndex::write_chunks() {
  visited_.clear();
  for (const Partition partition : crowded_) {
    if (Status done = visit(partition); !done) return done;
  }
  const auto visited_already = [&](std::uint32_t partition) {
    return std::ranges::find(crowded_, partition) != crowded_.end();
  };
  std::uint32_t cursor = cursor_;
  std::uint64_t rows = rows_since_visit_ + staged_.size();
  for (; rows >= rows_per_visit; rows -= rows_per_visit) {
    if (!visited_already(cursor)) {
      if (Status done = visit(static_cast<Partition>(cursor)); !done) return done;
    }
    if (++cursor < partition_count) continue;
    cursor = 0;
    // A whole sweep is done: what was committed when it began is in chunks.
    const int code = set_indexed_.run(sweep_started_at_row_);
    if (code != SQLITE_DONE) return fail(statement_fault(code));
    break;
  }
  return {};
}

Status JournalIndex::write_all() {
  visited_.clear();
  for (std::uint32_t p = 0; p < partition_count; ++p) {
    if (Status done = visit(static_cast<Partition>(p)); !done) return done;
  }
  const int code = set_indexed_.run(last_row_);
  if (code != SQLITE_DONE) return fail(statement_fault(code));
  sweep_started_at_row_ = last_row_;
  cursor_ = 0;
  return {};
}

void JournalIndex::published(Duration now) {
  const std::lock_guard lock(tail_.mutex_);
  for (const auto& [partition, end] : visited_) {
    JournalTail::Part& part = tail_.parts_[partition];
    for (auto held = part.held.rbegin(); part.open > 0 && held != part.held.rend(); ++held) {
      if (held->chunked_at.count() >= 0) continue;
      held->chunked_at = now;
      --part.open;
    }
    chunk_end_[partition] = std::max(chunk_end_[partition], end);
    JournalTail::trim(part, now);
  }
  visited_.clear();
  crowded_.clear();
  for (const Staged& staged : staged_) {
    JournalTail::Part& part = tail_.parts_[staged.partition];
    JournalTail::insert(part, staged.entry);
    if (part.open == open_max) crowded_.push_back(staged.partition);
  }
  rows_since_visit_ += staged_.size();
  while (rows_since_visit_ >= rows_per_visit) {
    rows_since_visit_ -= rows_per_visit;
    if (++cursor_ < partition_count) continue;
    cursor_ = 0;
    rows_since_visit_ = 0;
    sweep_started_at_row_ = last_row_ - static_cast<std::int64_t>(staged_.size());
  }
  staged_.clear();
}

// --- JournalFinder

Status JournalFinder::prepare() {
  Result<Statement> before = connection_.prepare(chunk_before_sql);
  if (!before) return fail(before.error());
  Result<Statement> after = connection_.prepare(
      "SELECT entries FROM journal_chunk WHERE partition=? AND first>? ORDER BY first");
  if (!after) return fail(after.error());
  chunk_before_ = std::move(*before);
  chunks_after_ = std::move(*after);
  return {};
}

Result<std::vector<JournalEntry>> JournalFinder::chunk_at_or_before(Partition partition,
                                                                    std::uint64_t position) {
  chunk_before_.query(partition, std::min(position, position_max));
  const int code = chunk_before_.step();
  std::optional<std::vector<JournalEntry>> entries;
  if (code == SQLITE_ROW) entries = decode_chunk(chunk_before_.bytes(0));
  chunk_before_.reset();
  if (code == SQLITE_DONE) return std::vector<JournalEntry>{};
  if (code != SQLITE_ROW) return fail(connection_.fault(code, "journal"));
  if (!entries) return fail(damaged_chunk());
  return std::move(*entries);
}

Result<std::optional<std::int64_t>> JournalFinder::row_of(Partition partition,
                                                          std::uint64_t position) {
  auto chunk = chunk_at_or_before(partition, position);
  if (!chunk) return fail(chunk.error());
  const auto at = std::lower_bound(chunk->begin(), chunk->end(), position, below);
  if (at != chunk->end() && at->position == position) return at->row;
  return tail_.row_of(partition, position);
}

Result<std::vector<JournalEntry>> JournalFinder::after(Partition partition, std::uint64_t position,
                                                       std::size_t limit) {
  // The tail first: an entry that leaves it meanwhile would be missed in both the other way round.
  std::vector<JournalEntry> found = tail_.after(partition, position, limit);
  auto chunk = chunk_at_or_before(partition, position);
  if (!chunk) return fail(chunk.error());
  const auto take = [&](const std::vector<JournalEntry>& entries) {
    std::size_t taken = 0;
    for (const JournalEntry& entry : entries) {
      if (entry.position <= position) continue;
      found.push_back(entry);
      ++taken;
    }
    return taken;
  };
  std::size_t taken = take(*chunk);
  chunks_after_.query(partition, std::min(position, position_max));
  int code = SQLITE_DONE;
  while (taken < limit && (code = chunks_after_.step()) == SQLITE_ROW) {
    const auto entries = decode_chunk(chunks_after_.bytes(0));
    if (!entries) {
      chunks_after_.reset();
      return fail(damaged_chunk());
    }
    taken += take(*entries);
  }
  chunks_after_.reset();
  if (code != SQLITE_DONE && code != SQLITE_ROW) return fail(connection_.fault(code, "journal"));
  std::ranges::sort(found, {}, &JournalEntry::position);
  const auto repeated = std::ranges::unique(found, {}, &JournalEntry::position);
  found.erase(repeated.begin(), repeated.end());
  if (found.size() > limit) found.resize(limit);
  return found;
}

Result<std::uint64_t> JournalFinder::last_position(Partition partition) {
  return tail_.last_position(partition);
}

}  // namespace crossfoot::store::sqlite

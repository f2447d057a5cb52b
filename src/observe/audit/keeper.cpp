#include "observe/audit/keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/codec.h"
#include "contract/error_codes.h"
#include "runtime/files.h"

namespace crossfoot::observe {

namespace {

constexpr std::uint64_t stored_version = 1;
constexpr std::size_t rows_a_read = 2'000;  ///< some 10 ms of a reader's time
constexpr std::size_t rows_a_page = 500;
constexpr std::size_t partitions_a_read = 512;  ///< each a question, where the store is far away
constexpr std::size_t part_bytes = 48 * 1024;   ///< of segments in one unit: the writer's commits
                                                ///< stay short
constexpr Duration look_every = std::chrono::seconds{1};
constexpr Duration retry_pause = std::chrono::seconds{10};

void write(ByteWriter& out, const Sha256& digest) {
  out.text({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool read(ByteReader& in, Sha256& digest) {
  const std::string_view bytes = in.view();
  if (bytes.size() != digest.size()) return false;
  std::memcpy(digest.data(), bytes.data(), bytes.size());
  return true;
}

Fault behind(const AnchorHead& head, std::uint64_t position) {
  return {.code = std::string(contract::error_code::audit_broken),
          .fault_class = FaultClass::corrupt,
          .where = fmt::format("partition {}", head.partition),
          .cause = fmt::format("the last anchor knows position {}, the data store ends at {}",
                               head.end.position, position)};
}

}  // namespace

std::string encode(const AuditState& state) {
  ByteWriter out;
  out.u64(stored_version);
  out.u64(state.number);
  write(out, state.anchor);
  const auto filled = [](const ChainEnd& end) { return end.position > 0; };
  out.u64(static_cast<std::uint64_t>(std::ranges::count_if(state.ends, filled)));
  for (std::size_t partition = 0; partition < state.ends.size(); ++partition) {
    const ChainEnd& end = state.ends[partition];
    if (end.position == 0) continue;
    out.u64(partition);
    out.u64(end.position);
    write(out, end.head);
  }
  return out.take();
}

std::optional<AuditState> decode_audit_state(std::string_view bytes) {
  ByteReader in(bytes);
  AuditState state;
  bool sound = in.u64() == stored_version;
  state.number = in.u64();
  sound = read(in, state.anchor) && sound;
  for (std::size_t left = in.count(); left > 0 && sound; --left) {
    const std::uint64_t partition = in.u64();
    sound = partition < partition_count;
    if (!sound) break;
    state.ends[partition].position = in.u64();
    sound = read(in, state.ends[partition].head);
  }
  if (!sound || in.failed() || !in.at_end()) return std::nullopt;
  return state;
}

/// One walk over all partitions. Its parts are touched by one reader thread or by the shard, never
/// by both: each step hands over to the next.
struct AuditKeeper::Cut {
  AuditState state;
  Partition next = 0;
  bool walked = false;
  std::uint64_t fresh = 0;  ///< entries added
  std::vector<Segment> segments;
  std::vector<std::string> parts;
  std::map<Partition, std::uint64_t> gaps;
  Anchor anchor;
  Status status;

  Status walk(store::Reader& reader);
  Status follow(store::Reader& reader, Partition partition, std::uint64_t last, std::size_t& left);
  void pack();
};

Status AuditKeeper::Cut::walk(store::Reader& reader) {
  std::size_t left = rows_a_read;
  std::size_t looks = partitions_a_read;
  for (; next < partition_count; ++next) {
    if (looks-- == 0) return {};
    const auto last = reader.last_position(next);
    if (!last) return fail(last.error());
    if (*last <= state.ends[next].position) continue;
    if (Status followed = follow(reader, next, *last, left); !followed) return followed;
    if (left == 0) return {};
  }
  walked = true;
  return {};
}

Status AuditKeeper::Cut::follow(store::Reader& reader, Partition partition, std::uint64_t last,
                                std::size_t& left) {
  ChainEnd& end = state.ends[partition];
  while (end.position < last && left > 0) {
    const auto rows = reader.journal_after(partition, end.position, std::min(rows_a_page, left));
    if (!rows) return fail(rows.error());
    if (rows->empty()) return {};  // newer than this snapshot
    for (const store::JournalRow& row : *rows) {
      if (row.position != end.position + 1) {
        gaps[partition] = end.position + 1;
        return {};
      }
      if (segments.empty() || segments.back().partition != partition) {
        segments.push_back({.partition = partition, .first = row.position});
      }
      const Sha256 digest = audit_digest(row.entry);
      end.extend(row, digest);
      segments.back().fingerprints.push_back(fingerprint(row, digest));
      segments.back().head = end.head;
      ++fresh;
      --left;
    }
  }
  return {};
}

void AuditKeeper::Cut::pack() {
  std::vector<Segment> part;
  std::size_t bytes = 0;
  const auto close = [&] {
    if (!part.empty()) parts.push_back(encode(part));
    part.clear();
    bytes = 0;
  };
  for (Segment& segment : segments) {
    bytes += 48 + segment.fingerprints.size() * sizeof(std::uint64_t);
    part.push_back(std::move(segment));
    if (bytes >= part_bytes) close();
  }
  close();
  segments.clear();
}

AuditKeeper::AuditKeeper(runtime::Scheduler& scheduler, std::function<store::Store*()> data_store,
                         runtime::SigningKey key, AuditOptions options, runtime::Logger log)
    : scheduler_(scheduler),
      access_(scheduler, data_store),
      data_store_(std::move(data_store)),
      key_(std::move(key)),
      options_(std::move(options)),
      log_(log) {}

AuditKeeper::~AuditKeeper() {
  *alive_ = false;
  access_.close();
}

void AuditKeeper::start() {
  begin();
  look();
}

void AuditKeeper::finish(std::function<void(Status)> done) {
  finished_ = std::move(done);
  finishing_ = true;
  if (!running_) begin();
}

std::uint64_t AuditKeeper::units() const {
  const store::Store* const data_store = data_store_();
  return data_store == nullptr ? 0 : data_store->stats().units;
}

void AuditKeeper::look() {
  scheduler_.after(look_every, [this, alive = alive_] {
    if (!*alive || finishing_) return;
    const std::uint64_t written = units();
    if (written < units_at_cut_) units_at_cut_ = 0;  // the store was opened again
    const Duration since = scheduler_.monotonic() - tried_at_;
    const bool due = since >= options_.interval || written - units_at_cut_ >= options_.entries ||
                     (!gaps_.empty() && since >= gap_patience);
    const bool again = failed_ && since >= retry_pause;
    if (!running_ && (failed_ ? again : due)) begin();
    look();
  });
}

void AuditKeeper::load() {
  struct Found {
    AuditState state;
    std::optional<Anchor> newest;
  };
  auto found = std::make_shared<Found>();
  const auto work = [found, folder = options_.anchor_folder,
                     key = key_.public_key()](store::Reader& reader) -> Status {
    *found = {};
    const auto stored = reader.document(audit_state_kind, audit_state_key);
    if (!stored) return fail(stored.error());
    if (*stored) {
      auto state = decode_audit_state(**stored);
      if (!state) {
        return fail({.code = std::string(contract::error_code::stored_bytes_corrupt),
                     .fault_class = FaultClass::corrupt,
                     .where = "audit state",
                     .cause = "its bytes are damaged"});
      }
      found->state = *state;
    }
    const auto files = anchor_files(folder);
    if (files.empty()) return {};
    const auto text = runtime::read_file(files.back(), anchor_bytes_max);
    if (!text) return fail(text.error());
    auto newest = read_anchor(*text, key, files.back().string());
    if (!newest) return fail(newest.error());
    // Newer than what the store knows: a crash came in between, or an older copy of the store.
    if (newest->number > found->state.number) {
      found->state.number = newest->number;
      found->state.anchor = sha256(*text);
    }
    found->newest = std::move(*newest);
    return {};
  };
  access_.read(work, [this, found](Status status) {
    if (!status) return ended(std::move(status));
    state_ = std::make_shared<AuditState>(found->state);
    newest_ = std::move(found->newest);
    last_anchor_ = state_->number;
    begin();
  });
}

void AuditKeeper::begin() {
  running_ = true;
  tried_at_ = scheduler_.monotonic();
  if (state_ == nullptr) return load();
  units_at_cut_ = units();
  auto cut = std::make_shared<Cut>();
  cut->state = *state_;
  walk(cut);
}

void AuditKeeper::walk(const CutPtr& cut) {
  access_.read([cut](store::Reader& reader) { return cut->walk(reader); },
               [this, cut](Status status) {
                 if (!status) return ended(std::move(status));
                 if (!cut->walked) return walk(cut);
                 close_gaps(cut);
                 compare_with_newest(cut);
                 if (cut->fresh == 0) return ended({});
                 cut->pack();
                 store_segments(cut, 0);
               });
}

void AuditKeeper::close_gaps(const CutPtr& cut) {
  const Duration now = scheduler_.monotonic();
  std::map<Partition, std::pair<std::uint64_t, Duration>> still;
  for (const auto& [partition, position] : cut->gaps) {
    const auto known = gaps_.find(partition);
    const bool same = known != gaps_.end() && known->second.first == position;
    const Duration since = same ? known->second.second : now;
    still.emplace(partition, std::pair{position, since});
    store::Store* const data_store = data_store_();
    if (now - since < gap_patience || data_store == nullptr) continue;
    log_.warning("audit.gap_closed", {}, {{"partition", partition}, {"position", position}});
    store::Unit unit;
    unit.lane = store::Lane::batch;
    unit.journal.push_back({partition, position, Id{}, scheduler_.now(), {}});
    data_store->commit(std::move(unit), [](store::UnitResult) {});  // seen, or tried, next time
  }
  gaps_ = std::move(still);
}

void AuditKeeper::compare_with_newest(const CutPtr& cut) {
  if (!newest_) return;
  for (const AnchorHead& head : newest_->heads) {
    const ChainEnd& end = cut->state.ends[head.partition];
    const bool cut_off = end.position < head.end.position;
    const bool other = end.position == head.end.position && end != head.end;
    if (!cut_off && !other) continue;
    const Fault fault = behind(head, end.position);
    log_.error("audit.broken", {},
               {{"code", fault.code},
                {"where", fault.where},
                {"cause", other ? "the chain differs from the last anchor" : fault.cause}});
    break;  // `crossfoot audit verify` names all of them
  }
  newest_.reset();
}

void AuditKeeper::store_segments(const CutPtr& cut, std::size_t part) {
  if (part == cut->parts.size()) return publish(cut);
  store::DocumentRow document{std::string(audit_segment_kind),
                              fmt::format("{:010}/{:06}", cut->state.number + 1, part),
                              std::move(cut->parts[part])};
  access_.write({std::move(document)}, [this, cut, part](Status status) {
    if (!status) return ended(std::move(status));
    store_segments(cut, part + 1);
  });
}

void AuditKeeper::publish(const CutPtr& cut) {
  Anchor& anchor = cut->anchor;
  anchor.number = cut->state.number + 1;
  anchor.at = scheduler_.now();
  anchor.previous = cut->state.anchor;
  if (const store::Store* data_store = data_store_(); data_store != nullptr) {
    anchor.incarnation = data_store->opened().incarnation;
  }
  const auto work = [cut, key = key_, folder = options_.anchor_folder](store::Reader&) -> Status {
    Anchor& made = cut->anchor;
    made.heads.clear();
    made.entries = 0;
    for (std::size_t p = 0; p < partition_count; ++p) {
      const ChainEnd& end = cut->state.ends[p];
      if (end.position == 0) continue;
      made.heads.push_back({static_cast<Partition>(p), end});
      made.entries += end.position;
    }
    const std::string text = render_anchor(made, key);
    Status written = runtime::write_file_atomic(folder / anchor_file_name(made.number), text);
    if (!written) return written;
    cut->state.number = made.number;
    cut->state.anchor = sha256(text);
    return {};
  };
  access_.read(work, [this, cut](Status status) {
    if (!status) return ended(std::move(status));
    store_state(cut);
  });
}

void AuditKeeper::store_state(const CutPtr& cut) {
  // The file is there: from here on the next anchor continues it, whatever becomes of this commit.
  state_ = std::make_shared<AuditState>(cut->state);
  last_anchor_ = cut->state.number;
  log_.info("audit.anchored", {},
            {{"number", last_anchor_}, {"entries", cut->fresh}, {"all", cut->anchor.entries}});
  access_.write({{std::string(audit_state_kind), std::string(audit_state_key), encode(*state_)}},
                [this](Status status) { ended(std::move(status)); });
}

void AuditKeeper::ended(Status status) {
  running_ = false;
  failed_ = !status;
  if (!status) {
    log_.error("audit.failed", {},
               {{"code", status.error().code},
                {"where", status.error().where},
                {"cause", status.error().cause}});
  }
  if (!finished_) return;
  // What was under way when the end was asked for may have missed the last entries.
  if (status && units() != units_at_cut_) return begin();
  std::exchange(finished_, nullptr)(std::move(status));
}

}  // namespace crossfoot::observe

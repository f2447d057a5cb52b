#include "observe/audit/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "contract/error_codes.h"
#include "flow/decide/journal.h"
#include "observe/audit/keeper.h"
#include "runtime/files.h"

namespace crossfoot::observe {

namespace {

using Kind = AuditFinding::Kind;

constexpr std::size_t rows_a_page = 2'000;
constexpr std::size_t documents_a_page = 50;
/// Lanes overtake each other by a few rows; more waiting ones mean that the position is gone.
constexpr std::size_t waiting_max = 10'000;

struct Checkpoint {
  ChainEnd end;
  std::uint64_t anchor = 0;
  Instant at;
};

struct Entry {
  store::JournalRow row;  ///< without its bytes
  Sha256 digest{};
};

/// One partition's chain while it is walked.
struct Chain {
  ChainEnd end;
  Instant last_at;
  std::map<std::uint64_t, Entry> waiting;  ///< behind a position that has not come yet
  std::vector<Checkpoint> checkpoints;     ///< by position
  std::size_t next = 0;                    ///< of the checkpoints
  std::uint64_t proven = 0;
  bool broken = false;
  bool lost = false;                ///< a position is missing: no head can be computed any more
  std::uint64_t first_suspect = 0;  ///< the range in which the first difference lies
  std::uint64_t last_suspect = 0;
  std::uint64_t anchor = 0;
  bool named = false;  ///< the second walk found the entry
};

class Verifier {
 public:
  Verifier(store::Archive& archive, AuditReport& report,
           const std::function<void(std::uint64_t, std::uint64_t)>& progress)
      : archive_(archive), report_(report), progress_(progress) {}

  void expect(const Anchor& anchor);
  Status run();

 private:
  Status walk(const std::function<void(const store::JournalRow&)>& visit);
  void add(const store::JournalRow& row);
  void extend(Chain& chain, const Entry& entry);
  void drain(Chain& chain);
  void give_up(Partition partition, Chain& chain);
  void finish(Partition partition, Chain& chain);
  Status name_entries();
  Status load_fingerprints();
  void compare(const store::JournalRow& row);
  void note(const store::JournalRow& row);

  store::Archive& archive_;
  AuditReport& report_;
  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
  std::int64_t reached_ = 0;
  std::vector<Chain> chains_ = std::vector<Chain>(partition_count);
  std::map<Partition, std::map<std::uint64_t, std::uint64_t>> prints_;  ///< position → fingerprint
  std::map<Partition, std::unordered_map<std::uint64_t, std::uint64_t>> places_;
};

void Verifier::expect(const Anchor& anchor) {
  for (const AnchorHead& head : anchor.heads) {
    auto& checkpoints = chains_[head.partition].checkpoints;
    const auto at = std::ranges::lower_bound(
        checkpoints, head.end.position, {},
        [](const Checkpoint& checkpoint) { return checkpoint.end.position; });
    if (at != checkpoints.end() && at->end == head.end) continue;
    if (at != checkpoints.end() && at->end.position == head.end.position) {
      report_.add({.kind = Kind::anchor_replaced,
                   .partition = head.partition,
                   .at = anchor.at,
                   .anchor = anchor.number,
                   .text = fmt::format("anchors {} and {} state different heads at position {}",
                                       at->anchor, anchor.number, head.end.position)});
      continue;
    }
    checkpoints.insert(at, {head.end, anchor.number, anchor.at});
  }
}

Status Verifier::walk(const std::function<void(const store::JournalRow&)>& visit) {
  const auto total = archive_.last_sequence();
  if (!total) return fail(total.error());
  for (;;) {
    const auto rows = archive_.journal(reached_, rows_a_page);
    if (!rows) return fail(rows.error());
    if (rows->empty()) return {};
    for (const store::ArchivedRow& each : *rows) visit(each.row);
    reached_ = rows->back().sequence;
    if (progress_) {
      progress_(static_cast<std::uint64_t>(std::min(reached_, *total)),
                static_cast<std::uint64_t>(*total));
    }
  }
}

void Verifier::note(const store::JournalRow& row) {
  ++report_.entries;
  if (row.flow.is_nil() && row.entry.empty()) ++report_.closed_gaps;
  if (!flow::erased_digest(row.entry)) return;
  ++report_.erased_count;
  if (report_.erased.size() < AuditReport::listed_max) {
    report_.erased.push_back({row.partition, row.position, row.at});
  }
}

void Verifier::add(const store::JournalRow& row) {
  note(row);
  if (row.partition >= partition_count || row.position == 0) {
    return report_.add({.kind = Kind::inserted,
                        .partition = row.partition,
                        .position = row.position,
                        .at = row.at,
                        .text = "no entry of this data store has such a place"});
  }
  Chain& chain = chains_[row.partition];
  if (row.position <= chain.end.position || chain.waiting.contains(row.position)) {
    chain.broken = true;
    return report_.add({.kind = Kind::inserted,
                        .partition = row.partition,
                        .position = row.position,
                        .at = row.at,
                        .text = "the position is taken twice"});
  }
  Entry entry{{.partition = row.partition,
               .position = row.position,
               .flow = row.flow,
               .at = row.at,
               .entry = {}},
              audit_digest(row.entry)};
  if (row.position == chain.end.position + 1) {
    extend(chain, entry);
    return drain(chain);
  }
  chain.waiting.emplace(row.position, std::move(entry));
  if (chain.waiting.size() > waiting_max) give_up(row.partition, chain);
}

void Verifier::extend(Chain& chain, const Entry& entry) {
  chain.end.extend(entry.row, entry.digest);
  chain.last_at = entry.row.at;
  if (chain.next == chain.checkpoints.size()) return;
  const Checkpoint& checkpoint = chain.checkpoints[chain.next];
  if (checkpoint.end.position != chain.end.position) return;
  ++chain.next;
  if (checkpoint.end == chain.end) {
    chain.proven = chain.end.position;
    return;
  }
  if (chain.lost || chain.last_suspect != 0) return;
  chain.broken = true;
  chain.first_suspect = chain.proven + 1;
  chain.last_suspect = chain.end.position;
  chain.anchor = checkpoint.anchor;
}

void Verifier::drain(Chain& chain) {
  while (!chain.waiting.empty() && chain.waiting.begin()->first == chain.end.position + 1) {
    extend(chain, chain.waiting.begin()->second);
    chain.waiting.erase(chain.waiting.begin());
  }
}

void Verifier::give_up(Partition partition, Chain& chain) {
  const auto& [next, entry] = *chain.waiting.begin();
  const std::uint64_t first = chain.end.position + 1;
  const auto covering = std::ranges::find_if(
      chain.checkpoints, [&](const Checkpoint& at) { return at.end.position >= first; });
  const bool anchored = covering != chain.checkpoints.end();
  chain.broken = chain.lost = true;
  for (std::uint64_t position = first; position < next; ++position) {
    report_.add(
        {.kind = Kind::missing,
         .partition = partition,
         .position = position,
         .at = entry.row.at,
         .anchor = anchored ? covering->anchor : 0,
         .text = fmt::format("no entry here, before the one of {}{}", to_string(entry.row.at),
                             anchored ? "" : "; it was not anchored yet")});
    if (report_.findings.size() == AuditReport::listed_max) {
      report_.finding_count += next - position - 1;
      break;
    }
  }
  while (chain.next < chain.checkpoints.size() &&
         chain.checkpoints[chain.next].end.position < next) {
    ++chain.next;
  }
  chain.end.position = next - 1;
  drain(chain);
}

void Verifier::finish(Partition partition, Chain& chain) {
  while (!chain.waiting.empty()) give_up(partition, chain);
  if (chain.end.position > 0) ++report_.partitions;
  report_.proven += chain.proven;
  if (chain.checkpoints.empty()) return;
  const Checkpoint& last = chain.checkpoints.back();
  if (last.end.position <= chain.end.position) return;
  report_.add({.kind = Kind::cut_off,
               .partition = partition,
               .position = chain.end.position + 1,
               .at = last.at,
               .anchor = last.anchor,
               .text = fmt::format("the journal ends at position {}; anchor {} of {} knew {}",
                                   chain.end.position, last.anchor, to_string(last.at),
                                   last.end.position)});
}

Status Verifier::run() {
  const auto visit = [this](const store::JournalRow& row) { add(row); };
  // Where lanes overtake each other, what a gap waits for may be committed a moment later.
  for (int pass = 0; pass < 2; ++pass) {
    if (Status walked = walk(visit); !walked) return walked;
  }
  bool broken = false;
  for (std::size_t p = 0; p < chains_.size(); ++p) {
    finish(static_cast<Partition>(p), chains_[p]);
    broken |= chains_[p].broken;
  }
  return broken ? name_entries() : Status{};
}

Status Verifier::load_fingerprints() {
  std::string after;
  for (;;) {
    const auto page = archive_.documents(audit_segment_kind, after, documents_a_page);
    if (!page) return fail(page.error());
    if (page->empty()) return {};
    after = page->back().key;
    for (const store::DocumentRow& document : *page) {
      const auto segments = decode_segments(document.value);
      if (!segments) continue;  // then the range is all that can be told
      for (const Segment& segment : *segments) {
        if (!chains_[segment.partition].broken) continue;
        for (std::size_t i = 0; i < segment.fingerprints.size(); ++i) {
          prints_[segment.partition].emplace(segment.first + i, segment.fingerprints[i]);
          places_[segment.partition].emplace(segment.fingerprints[i], segment.first + i);
        }
      }
    }
  }
}

Status Verifier::name_entries() {
  if (Status loaded = load_fingerprints(); !loaded) return loaded;
  const std::int64_t end = std::exchange(reached_, 0);
  Status walked = walk([this](const store::JournalRow& row) { compare(row); });
  if (!walked) return walked;
  reached_ = end;
  for (std::size_t p = 0; p < chains_.size(); ++p) {
    const Chain& chain = chains_[p];
    if (chain.last_suspect == 0 || chain.named) continue;
    report_.add({.kind = Kind::changed,
                 .partition = static_cast<Partition>(p),
                 .position = chain.first_suspect,
                 .at = chain.last_at,
                 .anchor = chain.anchor,
                 .text = fmt::format("something in positions {} to {} is not what anchor {} proves",
                                     chain.first_suspect, chain.last_suspect, chain.anchor)});
  }
  return {};
}

void Verifier::compare(const store::JournalRow& row) {
  if (row.partition >= partition_count || !chains_[row.partition].broken) return;
  Chain& chain = chains_[row.partition];
  const auto& prints = prints_[row.partition];
  const auto expected = prints.find(row.position);
  if (expected == prints.end()) return;
  const std::uint64_t found = fingerprint(row, audit_digest(row.entry));
  if (found == expected->second) return;
  chain.named = true;
  const auto& places = places_[row.partition];
  const auto place = places.find(found);
  AuditFinding finding{.kind = Kind::changed,
                       .partition = row.partition,
                       .position = row.position,
                       .at = row.at,
                       .anchor = chain.anchor,
                       .text = "the entry is not what was anchored"};
  if (place != places.end()) {
    finding.kind = Kind::moved;
    finding.text = fmt::format("the entry of position {} stands here", place->second);
  }
  report_.add(std::move(finding));
}

}  // namespace

void AuditReport::add(AuditFinding finding) {
  ++finding_count;
  if (findings.size() < listed_max) findings.push_back(std::move(finding));
}

Status AnchorSet::read(const std::filesystem::path& path, const runtime::PublicKey& key,
                       AuditReport& report) {
  std::error_code none;
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(path, none)) {
    files = anchor_files(path);
  } else {
    files.push_back(path);
  }
  for (const std::filesystem::path& file : files) {
    const auto text = runtime::read_file(file, anchor_bytes_max);
    if (!text) return fail(text.error());
    auto anchor = read_anchor(*text, key, file.string());
    if (!anchor) {
      report.add({.kind = Kind::anchor_forged,
                  .text = fmt::format("{}: {}", file.string(), anchor.error().cause)});
      continue;
    }
    known_.push_back({std::move(*anchor), sha256(*text)});
  }
  std::ranges::sort(known_, {},
                    [](const Known& known) { return std::pair(known.anchor.number, known.hash); });
  return {};
}

void AnchorSet::check(AuditReport& report) const {
  report.anchors = known_.size();
  for (std::size_t i = 1; i < known_.size(); ++i) {
    const Known& before = known_[i - 1];
    const Known& here = known_[i];
    const bool same_number = before.anchor.number == here.anchor.number;
    if (same_number && before.hash == here.hash) continue;  // a copy from another place
    AuditFinding finding{.at = here.anchor.at, .anchor = here.anchor.number};
    if (!same_number && before.anchor.number + 1 != here.anchor.number) {
      finding.kind = Kind::anchor_missing;
      finding.text = fmt::format("anchors {} to {} are missing", before.anchor.number + 1,
                                 here.anchor.number - 1);
      report.add(std::move(finding));
    } else if (same_number || here.anchor.previous != before.hash) {
      finding.kind = Kind::anchor_replaced;
      finding.text = same_number
                         ? fmt::format("there are two different anchors {}", here.anchor.number)
                         : fmt::format("anchor {} does not continue the anchor {} that is here",
                                       here.anchor.number, before.anchor.number);
      report.add(std::move(finding));
    }
  }
  if (known_.empty()) return;
  report.last_anchor = known_.back().anchor.number;
  report.last_anchor_at = known_.back().anchor.at;
}

Result<AuditReport> verify_journal(
    store::Archive& archive, const AnchorSet& anchors, AuditReport report, bool newest_expected,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const auto stored = archive.document(audit_state_kind, audit_state_key);
  if (!stored) return fail(stored.error());
  const auto state = *stored ? decode_audit_state(**stored) : std::nullopt;
  if (newest_expected && state && state->number > report.last_anchor) {
    report.add({.kind = Kind::anchor_missing,
                .at = report.last_anchor_at,
                .anchor = state->number,
                .text = fmt::format("the data store knows of anchor {}, the last one here is {}",
                                    state->number, report.last_anchor)});
  }
  Verifier verifier(archive, report, progress);
  for (const AnchorSet::Known& known : anchors.all()) verifier.expect(known.anchor);
  if (Status done = verifier.run(); !done) return fail(done.error());
  return report;
}

}  // namespace crossfoot::observe

#include "audit_command.h"

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "config.h"
#include "contract/error_codes.h"
#include "flow/decide/journal.h"
#include "observe/audit/export.h"
#include "progress.h"
#include "secrets.h"
#include "store/postgres/postgres_archive.h"
#include "store/sqlite/sqlite_archive.h"

namespace crossfoot::app {

namespace {

constexpr int exit_whole = 0;
constexpr int exit_differs = 1;
constexpr int exit_unusable = 2;
constexpr std::size_t rows_a_page = 2'000;
constexpr std::int64_t day_micros = 86'400'000'000;

int cannot(const Fault& fault) {
  fmt::print(stderr, "{} {}: {}\n", fault.code, fault.where, fault.cause);
  return exit_unusable;
}

struct Places {
  std::filesystem::path data;
  std::filesystem::path anchors;
  std::string store_url;  ///< reference to a secret, of a PostgreSQL data store
};

std::optional<Places> places_of(const AuditArguments& arguments) {
  if (arguments.config.empty()) return Places{arguments.data, anchors_beside(arguments.data), {}};
  const LoadedConfig loaded = load_config(arguments.config);
  for (const ConfigFault& fault : loaded.faults) {
    fmt::print(stderr, "{}:{}: {} {}: {}\n", arguments.config.string(), fault.line, fault.code,
               fault.key, fault.text);
  }
  if (!loaded.faults.empty()) return std::nullopt;
  Places places{loaded.config.data_folder, loaded.config.anchor_folder, {}};
  if (loaded.config.store_kind == "postgres") places.store_url = loaded.config.store_url;
  return places;
}

Result<std::unique_ptr<store::Archive>> open_archive(const Places& places) {
  if (!places.store_url.empty()) {
    const auto url = look_up_secret({places.store_url});
    if (!url) return fail(url.error());
    return store::open_postgres_archive(*url);
  }
  return store::open_sqlite_archive((places.data / store_file_name).string());
}

/// A time, or a day; `end`: the end of that day.
std::optional<Instant> bound(const std::string& text, bool end) {
  if (text.empty()) return end ? Instant::never() : Instant{INT64_MIN};
  if (const auto day = parse_business_date(text)) {
    return Instant{(std::int64_t{day->days} + (end ? 1 : 0)) * day_micros - (end ? 1 : 0)};
  }
  return parse_instant(text);
}

/// Rows of the period in the order of commit.
Status each_row(store::Archive& archive, const AuditArguments& arguments,
                const std::function<void(const store::JournalRow&)>& visit) {
  const auto from = bound(arguments.from, false);
  const auto until = bound(arguments.until, true);
  if (!from || !until) {
    return fail({.code = std::string(contract::error_code::date_out_of_range),
                 .fault_class = FaultClass::rejected,
                 .where = "--from and --until",
                 .cause = "a day as YYYY-MM-DD, or a time as RFC 3339"});
  }
  std::int64_t reached = 0;
  for (;;) {
    const auto rows = archive.journal(reached, rows_a_page);
    if (!rows) return fail(rows.error());
    if (rows->empty()) return {};
    for (const store::ArchivedRow& each : *rows) {
      if (each.row.at >= *from && each.row.at <= *until) visit(each.row);
    }
    reached = rows->back().sequence;
  }
}

/// Counts how flows came out when they were decided again.
class Replay {
 public:
  explicit Replay(store::Archive& archive) : archive_(archive) {}

  void add(const store::JournalRow& row) {
    if (row.flow.is_nil()) return;
    Entries& entries = flows_[row.flow];
    entries.rows.emplace(row.position, row.entry);
  }

  Status run();
  [[nodiscard]] std::string text(bool json) const;
  [[nodiscard]] bool same() const { return different_.empty(); }

 private:
  struct Entries {
    std::unordered_map<std::uint64_t, std::string> rows;
  };
  struct Difference {
    Id flow;
    std::uint64_t position = 0;
  };

  Status decide_again(Id id, const Entries& entries);

  store::Archive& archive_;
  std::unordered_map<Id, Entries> flows_;
  std::uint64_t same_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t other_rules_ = 0;
  std::uint64_t not_recorded_ = 0;
  std::vector<Difference> different_;
};

Status Replay::run() {
  Progress progress("deciding again", flows_.size(), "flows");
  std::uint64_t done = 0;
  for (const auto& [id, entries] : flows_) {
    if (Status decided = decide_again(id, entries); !decided) return decided;
    progress.at(++done);
  }
  return {};
}

Status Replay::decide_again(Id id, const Entries& entries) {
  const auto row = archive_.load_flow(id);
  if (!row) return fail(row.error());
  auto stored = *row ? flow::decode_flow((*row)->state) : Result<flow::Flow>(fail({}));
  if (!stored) {
    different_.push_back({id, 0});
    return {};
  }
  std::vector<flow::JournalEntry> decoded;
  for (const std::uint64_t position : stored->journal) {
    const auto at = entries.rows.find(position);
    if (at == entries.rows.end()) break;  // before or behind the period, or committed since
    auto entry = flow::decode_journal(at->second);
    if (!entry) {
      different_.push_back({id, position});
      return {};
    }
    decoded.push_back(std::move(*entry));
  }
  const flow::Replayed replayed = flow::replay_journal(*stored, decoded);
  entries_ += replayed.entries;
  switch (replayed.outcome) {
    case flow::Replayed::Outcome::same:
      ++same_;
      break;
    case flow::Replayed::Outcome::different:
      different_.push_back({id, replayed.position});
      break;
    case flow::Replayed::Outcome::other_decider:
      ++other_rules_;
      break;
    case flow::Replayed::Outcome::not_recorded:
      ++not_recorded_;
      break;
  }
  return {};
}

std::string Replay::text(bool json) const {
  if (!json) {
    std::string out;
    for (const Difference& each : different_) {
      out += fmt::format("different: flow {} at position {} of partition {}\n",
                         to_string(each.flow), each.position, each.flow.partition());
    }
    return out + fmt::format(
                     "{} flows and {} entries decided again with the same state, {} differ, {} "
                     "under older rules, {} without recorded inputs\n",
                     same_, entries_, different_.size(), other_rules_, not_recorded_);
  }
  contract::JsonWriter out;
  out.begin_object().member("same", same_).member("entries", entries_);
  out.member("other_rules", other_rules_).member("not_recorded", not_recorded_);
  out.key("different").begin_array();
  for (const Difference& each : different_) {
    out.begin_object().member("flow", to_string(each.flow));
    out.member("partition", each.flow.partition()).member("position", each.position).end_object();
  }
  out.end_array().end_object();
  return out.take() + "\n";
}

}  // namespace

Result<observe::AuditReport> verify_archive(store::Archive& archive, const AnchorPlaces& places) {
  const auto key = runtime::PublicKey::load(places.key);
  if (!key) return fail(key.error());
  observe::AuditReport report;
  observe::AnchorSet anchors;
  const bool in_place = !observe::anchor_files(places.in_place).empty();
  if (in_place) {
    if (Status read = anchors.read(places.in_place, *key, report); !read) return fail(read.error());
  }
  if (!places.elsewhere.empty()) {
    if (Status read = anchors.read(places.elsewhere, *key, report); !read) {
      return fail(read.error());
    }
  }
  anchors.check(report);
  if (anchors.all().empty() && report.whole()) {
    return fail({.code = std::string(contract::error_code::anchor_unusable),
                 .fault_class = FaultClass::not_found,
                 .where = places.in_place.string(),
                 .cause = "there is no anchor to compare the journal with"});
  }
  std::unique_ptr<Progress> progress;
  return observe::verify_journal(archive, anchors, std::move(report), in_place,
                                 [&progress](std::uint64_t done, std::uint64_t total) {
                                   if (progress == nullptr) {
                                     progress = std::make_unique<Progress>("computing the chains",
                                                                           total, "entries");
                                   }
                                   progress->at(done);
                                 });
}

std::filesystem::path audit_key_of(const std::filesystem::path& data_folder) {
  return (data_folder / audit_key_name).string() + ".pub";
}

int audit_verify(const AuditArguments& arguments) {
  const auto places = places_of(arguments);
  if (!places) return exit_unusable;
  auto archive = open_archive(*places);
  if (!archive) return cannot(archive.error());
  const auto report = verify_archive(
      **archive, {.in_place = places->anchors,
                  .elsewhere = arguments.anchor,
                  .key = arguments.key.empty() ? audit_key_of(places->data) : arguments.key});
  if (!report) return cannot(report.error());
  fmt::print("{}", arguments.json ? observe::to_json(*report) + "\n" : observe::to_text(*report));
  if (report->whole()) return exit_whole;
  fmt::print(stderr, "{}: see docs/reference/errors.md\n", contract::error_code::audit_broken);
  return exit_differs;
}

int audit_export(const AuditArguments& arguments) {
  const auto places = places_of(arguments);
  if (!places) return exit_unusable;
  auto archive = open_archive(*places);
  if (!archive) return cannot(archive.error());
  contract::JsonWriter out;
  const Status written = each_row(**archive, arguments, [&](const store::JournalRow& row) {
    if (!arguments.json) {
      fmt::print("{}\n", observe::audit_line(row));
      return;
    }
    observe::write_audit_row(out, row);
    out.newline();
    fmt::print("{}", out.take());
  });
  return written ? exit_whole : cannot(written.error());
}

int audit_replay(const AuditArguments& arguments) {
  const auto places = places_of(arguments);
  if (!places) return exit_unusable;
  auto archive = open_archive(*places);
  if (!archive) return cannot(archive.error());
  Replay replay(**archive);
  Status done =
      each_row(**archive, arguments, [&](const store::JournalRow& row) { replay.add(row); });
  if (done) done = replay.run();
  if (!done) return cannot(done.error());
  fmt::print("{}", replay.text(arguments.json));
  return replay.same() ? exit_whole : exit_differs;
}

}  // namespace crossfoot::app

#include "migrate_command.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "audit_command.h"
#include "config.h"
#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "observe/audit/keeper.h"
#include "progress.h"
#include "secrets.h"
#include "store/postgres/postgres_archive.h"
#include "store/transfer/transfer.h"

namespace crossfoot::app {

namespace {

constexpr int exit_equal = 0;
constexpr int exit_differs = 1;
constexpr int exit_unusable = 2;

int cannot(const Fault& fault) {
  fmt::print(stderr, "{} {}: {}\n", fault.code, fault.where, fault.cause);
  return exit_unusable;
}

/// One bar, or one line, a table.
class TableProgress {
 public:
  explicit TableProgress(std::string verb) : verb_(std::move(verb)) {}

  store::Transfer::Progress callback() {
    return [this](std::string_view table, std::uint64_t done, std::uint64_t total) {
      if (table != table_) {
        table_ = table;
        bar_.reset();
        bar_ = std::make_unique<Progress>(fmt::format("{} {}", verb_, table), total, "rows");
      }
      bar_->at(done);
    };
  }

 private:
  std::string verb_;
  std::string table_;
  std::unique_ptr<Progress> bar_;
};

struct Outcome {
  store::TransferProof proof;
  std::optional<observe::AuditReport> anchors;  ///< nothing: no anchor was ever made
  std::uint64_t resumed_rows = 0;
  Duration copied_in{0};
  bool verify_only = false;

  [[nodiscard]] bool equal() const { return proof.whole() && (!anchors || anchors->whole()); }
  /// Of what this run copied; 0 when it copied nothing.
  [[nodiscard]] std::uint64_t rows_per_second() const {
    const std::uint64_t micros =
        static_cast<std::uint64_t>(std::max<std::int64_t>(copied_in.count(), 1));
    return verify_only ? 0
                       : (proof.rows() - std::min(resumed_rows, proof.rows())) * 1'000'000 / micros;
  }
};

std::string to_json(const Outcome& outcome) {
  contract::JsonWriter out;
  out.begin_object().member("equal", outcome.equal());
  out.member("verify_only", outcome.verify_only).member("rows", outcome.proof.rows());
  out.member("resumed_rows", outcome.resumed_rows);
  out.member("rows_per_second", outcome.rows_per_second()).key("tables").begin_array();
  for (const store::TableProof& each : outcome.proof.tables) {
    out.begin_object().member("table", each.table).member("equal", each.same);
    out.member("source_rows", each.source_rows).member("target_rows", each.target_rows);
    out.member("source_digest", each.source_digest).member("target_digest", each.target_digest);
    out.end_object();
  }
  out.end_array().key("journal").begin_object();
  out.member("partitions", outcome.proof.partitions).key("gaps").begin_array();
  for (const Partition partition : outcome.proof.gaps) out.integer(partition);
  out.end_array().end_object().key("anchors").begin_object();
  if (outcome.anchors) {
    const observe::AuditReport& report = *outcome.anchors;
    out.member("count", report.anchors).member("whole", report.whole());
    out.member("entries", report.entries).member("proven", report.proven);
  } else {
    out.member("count", 0).member("whole", true);
  }
  out.end_object().end_object();
  return out.take() + "\n";
}

std::string to_text(const Outcome& outcome) {
  std::string text =
      fmt::format("{:<13} {:>12} {:>12}  {:<16}\n", "table", "SQLite", "PostgreSQL", "digest");
  for (const store::TableProof& each : outcome.proof.tables) {
    const std::string_view source = std::string_view(each.source_digest).substr(0, 16);
    const std::string_view target = std::string_view(each.target_digest).substr(0, 16);
    text +=
        fmt::format("{:<13} {:>12} {:>12}  {} {}\n", each.table, each.source_rows, each.target_rows,
                    source, each.same ? std::string("equal") : fmt::format("DIFFERS: {}", target));
  }
  text +=
      outcome.proof.gaps.empty()
          ? fmt::format("journal: no gap in {} partitions\n", outcome.proof.partitions)
          : fmt::format("journal: GAPS in partitions {}\n", fmt::join(outcome.proof.gaps, ", "));
  text += outcome.anchors ? "anchors: " + observe::to_text(*outcome.anchors)
                          : "anchors: none was made yet\n";
  if (!outcome.verify_only) {
    text += fmt::format("{} rows copied before, {} a second in this run\n", outcome.resumed_rows,
                        outcome.rows_per_second());
  }
  return text + (outcome.equal() ? "the copy is what the source is\n"
                                 : "THE COPY IS NOT WHAT THE SOURCE IS\n");
}

/// The journal of the copy against the anchors; nothing when none was ever made.
Result<std::optional<observe::AuditReport>> check_anchors(const MigrateArguments& arguments,
                                                          const std::string& url) {
  auto archive = store::open_postgres_archive(url);
  if (!archive) return fail(archive.error());
  const auto made = (*archive)->document(observe::audit_state_kind, observe::audit_state_key);
  if (!made) return fail(made.error());
  if (!*made) return std::optional<observe::AuditReport>{};
  auto report = verify_archive(
      **archive,
      {.in_place = arguments.anchor.empty() ? anchors_beside(arguments.from) : arguments.anchor,
       .elsewhere = {},
       .key = arguments.key.empty() ? audit_key_of(arguments.from) : arguments.key});
  if (!report) return fail(report.error());
  return std::optional(std::move(*report));
}

Result<Outcome> run(const MigrateArguments& arguments, const std::string& url) {
  auto transfer = store::Transfer::open({.source = (arguments.from / store_file_name).string(),
                                         .target_url = url,
                                         .verify_only = arguments.verify_only});
  if (!transfer) return fail(transfer.error());
  Outcome outcome{.resumed_rows = (*transfer)->resumed_rows(),
                  .verify_only = arguments.verify_only};
  const Duration began = monotonic_now();
  if (!arguments.verify_only) {
    TableProgress progress("copying");
    if (Status copied = (*transfer)->copy(progress.callback()); !copied) {
      return fail(copied.error());
    }
  }
  outcome.copied_in = monotonic_now() - began;
  {
    TableProgress progress("reading back");
    auto proof = (*transfer)->prove(progress.callback());
    if (!proof) return fail(proof.error());
    outcome.proof = std::move(*proof);
  }
  auto anchors = check_anchors(arguments, url);
  if (!anchors) return fail(anchors.error());
  outcome.anchors = std::move(*anchors);
  if (arguments.verify_only || !outcome.equal()) return outcome;
  if (Status finished = (*transfer)->finish(); !finished) return fail(finished.error());
  return outcome;
}

}  // namespace

int migrate(const MigrateArguments& arguments) {
  std::string url = arguments.to;
  if (url.starts_with("env:") || url.starts_with("file:")) {
    auto secret = look_up_secret({url});
    if (!secret) return cannot(secret.error());
    url = std::move(*secret);
  }
  const auto outcome = run(arguments, url);
  if (!outcome) return cannot(outcome.error());
  fmt::print("{}", arguments.json ? to_json(*outcome) : to_text(*outcome));
  if (outcome->equal()) return exit_equal;
  fmt::print(stderr, "{}: see docs/reference/errors.md\n",
             contract::error_code::store_copy_differs);
  return exit_differs;
}

}  // namespace crossfoot::app

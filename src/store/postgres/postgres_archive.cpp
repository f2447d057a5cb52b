#include "store/postgres/postgres_archive.h"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <utility>

#include "store/api/faults.h"
#include "store/postgres/connection.h"
#include "store/postgres/schema.h"

namespace crossfoot::store {

namespace {

using namespace crossfoot::store::postgres;

class PostgresArchive final : public Archive {
 public:
  explicit PostgresArchive(std::unique_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

  /// The server keeps no order of commit: rows come by (partition, position), and are counted.
  Result<std::vector<ArchivedRow>> journal(std::int64_t after, std::size_t limit) override {
    const auto from = ends_.find(after);
    if (from == ends_.end()) return fail(refused_fault("journal", "no page ended there"));
    const auto rows = connection_->run_one(
        "SELECT partition, position, flow, at, entry FROM crossfoot.journal"
        " WHERE (partition, position) > ($1::bigint, $2::bigint)"
        " ORDER BY partition, position LIMIT $3::bigint",
        Parameters::of(from->second.partition, from->second.position, limit));
    if (!rows) return fail(rows.error());
    std::vector<ArchivedRow> found;
    found.reserve(static_cast<std::size_t>(rows->size()));
    for (int i = 0; i < rows->size(); ++i) {
      found.push_back({++after,
                       {.partition = rows->number<Partition>(i, 0),
                        .position = rows->number<std::uint64_t>(i, 1),
                        .flow = rows->id(i, 2),
                        .at = {rows->integer(i, 3)},
                        .entry = rows->text(i, 4)}});
    }
    if (const int last = rows->size() - 1; last >= 0) {
      ends_[after] = {rows->integer(last, 0), rows->integer(last, 1)};
    }
    return found;
  }

  Result<std::int64_t> last_sequence() override {
    const auto rows = connection_->run_one("SELECT count(*) FROM crossfoot.journal");
    if (!rows) return fail(rows.error());
    return rows->integer(0, 0);
  }

  Result<std::optional<FlowRow>> load_flow(Id id) override {
    const auto rows = connection_->run_one(
        "SELECT version, status, calling, code, since, state FROM crossfoot.flow"
        " WHERE id = $1::bytea",
        Parameters::of(id));
    if (!rows) return fail(rows.error());
    if (rows->size() == 0) return std::optional<FlowRow>{};
    return std::optional(FlowRow{.id = id,
                                 .version = rows->number<std::uint32_t>(0, 0),
                                 .status = rows->number<FlowStatus>(0, 1),
                                 .calling = rows->integer(0, 2) != 0,
                                 .code = rows->text(0, 3),
                                 .since = {rows->integer(0, 4)},
                                 .state = rows->text(0, 5)});
  }

  Result<std::optional<std::string>> document(std::string_view kind,
                                              std::string_view key) override {
    const auto rows = connection_->run_one(
        "SELECT value FROM crossfoot.document WHERE kind = $1::text AND key = $2::text",
        Parameters::of(kind, key));
    if (!rows) return fail(rows.error());
    if (rows->size() == 0) return std::optional<std::string>{};
    return std::optional(rows->text(0, 0));
  }

  Result<std::vector<DocumentRow>> documents(std::string_view kind, std::string_view after,
                                             std::size_t limit) override {
    const auto rows = connection_->run_one(
        "SELECT key, value FROM crossfoot.document WHERE kind = $1::text AND key > $2::text"
        " ORDER BY key LIMIT $3::bigint",
        Parameters::of(kind, after, limit));
    if (!rows) return fail(rows.error());
    std::vector<DocumentRow> found;
    for (int i = 0; i < rows->size(); ++i) {
      found.push_back({std::string(kind), rows->text(i, 0), rows->text(i, 1)});
    }
    return found;
  }

 private:
  struct Place {
    std::int64_t partition = 0;
    std::int64_t position = 0;
  };
  static constexpr Place before_all{std::numeric_limits<std::int64_t>::min(),
                                    std::numeric_limits<std::int64_t>::min()};

  std::unique_ptr<Connection> connection_;
  std::map<std::int64_t, Place> ends_{{0, before_all}};  ///< of the pages read, by rows so far
};

}  // namespace

Result<std::unique_ptr<Archive>> open_postgres_archive(const std::string& url) {
  auto connection = Connection::open(url);
  if (!connection) return fail(connection.error());
  const auto there =
      (*connection)->run_one("SELECT (to_regclass('crossfoot.meta') IS NOT NULL)::integer");
  if (!there) return fail(there.error());
  if (there->integer(0, 0) == 0) {
    return fail(corrupt_fault("open data store", "there is none in the schema crossfoot"));
  }
  const auto schema =
      (*connection)->run_one("SELECT value FROM crossfoot.meta WHERE name = 'schema_version'");
  if (!schema) return fail(schema.error());
  const std::int64_t stored = schema->size() == 1 ? schema->integer(0, 0) : 0;
  if (stored > newest_schema()) {
    return fail(schema_fault("open data store",
                             fmt::format("schema {} is newer than {}", stored, newest_schema())));
  }
  for (const std::string_view sql :
       {"SET default_transaction_read_only = on", "SET enable_seqscan = off"}) {
    if (const auto set = (*connection)->run_one(sql); !set) return fail(set.error());
  }
  return std::make_unique<PostgresArchive>(std::move(*connection));
}

}  // namespace crossfoot::store

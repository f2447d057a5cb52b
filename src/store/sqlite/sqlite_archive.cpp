#include "store/sqlite/sqlite_archive.h"

#include "store/api/faults.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/stored_rows.h"

namespace crossfoot::store {

namespace {

using namespace crossfoot::store::sqlite;

class SqliteArchive final : public Archive {
 public:
  explicit SqliteArchive(std::unique_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

  Status prepare();

  Result<std::vector<ArchivedRow>> journal(std::int64_t after, std::size_t limit) override {
    journal_.query(after, static_cast<std::int64_t>(limit));
    return all_rows<ArchivedRow>(*connection_, journal_, "journal", [](const Statement& s) {
      return ArchivedRow{s.integer(0),
                         {.partition = s.number<Partition>(1),
                          .position = s.number<std::uint64_t>(2),
                          .flow = s.id(3),
                          .at = {s.integer(4)},
                          .entry = s.text(5)}};
    });
  }

  Result<std::int64_t> last_sequence() override {
    return connection_->scalar("SELECT max(seq) FROM journal");
  }

  Result<std::optional<FlowRow>> load_flow(Id id) override {
    flow_.query(id);
    return first_row<FlowRow>(*connection_, flow_, "flow", flow_of);
  }

  Result<std::optional<std::string>> document(std::string_view kind,
                                              std::string_view key) override {
    document_.query(kind, key);
    return first_row<std::string>(*connection_, document_, "document",
                                  [](const Statement& s) { return s.text(0); });
  }

  Result<std::vector<DocumentRow>> documents(std::string_view kind, std::string_view after,
                                             std::size_t limit) override {
    documents_.query(kind, after, static_cast<std::int64_t>(limit));
    return all_rows<DocumentRow>(*connection_, documents_, "document", [&](const Statement& s) {
      return DocumentRow{std::string(kind), s.text(0), s.text(1)};
    });
  }

 private:
  std::unique_ptr<Connection> connection_;
  Statement journal_, flow_, document_, documents_;
};

Status SqliteArchive::prepare() {
  const Status prepared = connection_->prepare_all(
      {{journal_,
        "SELECT seq, partition, position, flow, at, entry FROM journal WHERE seq>?"
        " ORDER BY seq LIMIT ?"},
       {flow_, "SELECT id, version, status, calling, code, since, state FROM flow WHERE id=?"},
       {document_, "SELECT value FROM document WHERE kind=? AND key=?"},
       {documents_,
        "SELECT key, value FROM document WHERE kind=? AND key>? ORDER BY key LIMIT ?"}});
  return prepared;
}

}  // namespace

Result<std::unique_ptr<Archive>> open_sqlite_archive(const std::string& path) {
  auto connection = Connection::open({.path = path, .read_only = true});
  if (!connection) return fail(connection.error());
  const auto schema = stored_schema(**connection);
  if (!schema) return fail(schema.error());
  if (*schema == 0) return fail(corrupt_fault(path, "this file is no data store"));
  auto archive = std::make_unique<SqliteArchive>(std::move(*connection));
  if (Status prepared = archive->prepare(); !prepared) return fail(prepared.error());
  return archive;
}

}  // namespace crossfoot::store

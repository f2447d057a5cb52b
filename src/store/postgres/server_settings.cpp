#include "store/postgres/server_settings.h"

#include <fmt/format.h>

#include "store/api/faults.h"

namespace crossfoot::store::postgres {

Result<ServerSettings> read_settings(Connection& connection) {
  const auto rows = connection.run_one(
      "SELECT current_setting('server_version_num')::bigint,"
      " pg_encoding_to_char(encoding)::text, current_setting('fsync'),"
      " current_setting('full_page_writes'), current_setting('synchronous_commit'),"
      " (SELECT count(*) FROM pg_stat_replication"
      "   WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum')),"
      " (SELECT count(*) FROM pg_stat_replication WHERE sync_state IS NULL)"
      " FROM pg_database WHERE datname = current_database()");
  if (!rows) return fail(rows.error());
  if (rows->size() != 1) return fail(corrupt_fault("server settings", "no row for the database"));
  return ServerSettings{.version = rows->integer(0, 0),
                        .encoding = rows->text(0, 1),
                        .fsync = rows->text(0, 2),
                        .full_page_writes = rows->text(0, 3),
                        .synchronous_commit = rows->text(0, 4),
                        .synchronous_standbys = rows->integer(0, 5),
                        .standbys_visible = rows->integer(0, 6) == 0};
}

Status judge_settings(const ServerSettings& settings, bool no_loss_on_node_failure) {
  const auto unsafe = [](std::string cause) {
    return fail(unsafe_settings_fault("open data store", std::move(cause)));
  };
  if (settings.version < 150'000) {
    return unsafe(fmt::format("server version {} is older than 15", settings.version / 10'000));
  }
  if (settings.encoding != "UTF8") {
    return unsafe(fmt::format("the database's encoding is {}, not UTF8", settings.encoding));
  }
  if (settings.fsync != "on") return unsafe("fsync is off");
  if (settings.full_page_writes != "on") return unsafe("full_page_writes is off");
  if (settings.synchronous_commit != "on" && settings.synchronous_commit != "remote_apply") {
    return unsafe(fmt::format("synchronous_commit is {}", settings.synchronous_commit));
  }
  if (!no_loss_on_node_failure || settings.synchronous_standbys > 0) return {};
  return fail(standby_fault("open data store",
                            settings.standbys_visible
                                ? "no synchronous standby is streaming"
                                : "the role may not see the standbys: grant it pg_read_all_stats"));
}

}  // namespace crossfoot::store::postgres

#include "store_opener.h"

#include <chrono>
#include <utility>

#include "secrets.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

namespace crossfoot::app {

Result<StoreOpener> store_opener(const Config& config, runtime::Scheduler& home) {
  const auto budget = std::chrono::milliseconds{config.commit_budget_ms};
  const auto readers = static_cast<std::size_t>(config.store_readers);
  if (config.store_kind == "postgres") {
    auto url = look_up_secret({config.store_url});
    if (!url) return fail(url.error());
    store::PostgresOptions options{
        .url = std::move(*url),
        .home = &home,
        .readers = readers,
        .no_loss_on_node_failure = config.store_no_loss_on_node_failure == "on"};
    // A round trip stands for what is a call elsewhere: a group may take twice as long.
    options.commit_budget = 2 * budget;
    return [options] { return store::open_postgres(options); };
  }
  const store::SqliteOptions options{
      .path = (config.data_folder / store_file_name).string(),
      .home = &home,
      .commit_budget = budget,
      .readers = readers,
      .log_hard_bytes = static_cast<std::uint64_t>(config.log_hard_limit_mb) << 20U};
  return [options] { return store::open_sqlite(options); };
}

}  // namespace crossfoot::app

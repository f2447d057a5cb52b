#include "restored_command.h"

#include <fmt/format.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "audit_command.h"
#include "config.h"
#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "flow/engine/restored.h"
#include "observe/audit/older.h"
#include "runtime/asio_scheduler.h"
#include "store_opener.h"

namespace crossfoot::app {

namespace {

constexpr int exit_marked = 0;
constexpr int exit_unusable = 2;

int cannot(const Fault& fault) {
  fmt::print(stderr, "{} {}: {}\n", fault.code, fault.where, fault.cause);
  return exit_unusable;
}

/// A data store on this thread alone.
class Workbench {
 public:
  Status open(const Config& config) {
    auto opener = store_opener(config, scheduler_);
    if (!opener) return fail(opener.error());
    auto opened = (*opener)();
    if (!opened) return fail(opened.error());
    store_ = std::move(*opened);
    return {};
  }

  template <class T>
  Result<T> read(std::function<Result<T>(store::Reader&)> work) {
    std::optional<Result<T>> found;
    bool done = false;
    store_->read([&](store::Reader& reader) { found = work(reader); }, [&done] { done = true; });
    while (!done) context_.run_one();
    return std::move(*found);
  }

  Status write(store::DocumentRow document) {
    std::optional<store::UnitResult> result;
    store::Unit unit;
    unit.documents.push_back(std::move(document));
    store_->commit(std::move(unit),
                   [&result](store::UnitResult told) { result = std::move(told); });
    while (!result) context_.run_one();
    if (result->outcome != store::Outcome::applied) return fail(std::move(result->fault));
    return {};
  }

  [[nodiscard]] Instant now() const { return scheduler_.now(); }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  runtime::AsioScheduler scheduler_{context_};
  std::unique_ptr<store::Store> store_;
};

Result<flow::Restore> last_restore(store::Reader& reader) {
  const auto stored = reader.document(flow::restore_documents, flow::restore_key);
  if (!stored) return fail(stored.error());
  return *stored ? flow::decode_restore(**stored) : flow::Restore{};
}

}  // namespace

int mark_restored(const RestoredArguments& arguments) {
  const LoadedConfig loaded = load_config(arguments.config);
  for (const ConfigFault& fault : loaded.faults) {
    fmt::print(stderr, "{}:{}: {} {}: {}\n", arguments.config.string(), fault.line, fault.code,
               fault.key, fault.text);
  }
  if (!loaded.faults.empty()) return exit_unusable;
  const Config& config = loaded.config;
  Workbench bench;
  if (Status opened = bench.open(config); !opened) return cannot(opened.error());
  auto restore = bench.read<flow::Restore>(last_restore);
  if (!restore) return cannot(restore.error());
  const auto at = arguments.at.empty() ? bench.now() : parse_instant(arguments.at);
  if (!at || *at > bench.now()) {
    return cannot({.code = std::string(contract::error_code::date_out_of_range),
                   .fault_class = FaultClass::rejected,
                   .where = "--at",
                   .cause = "a time as RFC 3339 that has passed"});
  }
  const flow::Restore next{.count = restore->count + 1, .at = *at};
  if (Status written = bench.write(flow::restore_document(next)); !written) {
    return cannot(written.error());
  }
  // The mark comes first: with it and the old anchors the server does not start, and that is safe.
  std::size_t moved = 0;
  const auto key = runtime::PublicKey::load(audit_key_of(config.data_folder));
  if (key) {
    const auto aside = bench.read<std::size_t>([&](store::Reader& reader) {
      return observe::put_lost_anchors_aside(reader, config.anchor_folder, *key, next.count);
    });
    if (!aside) return cannot(aside.error());
    moved = *aside;
  }
  if (arguments.json) {
    contract::JsonWriter out;
    out.begin_object().member("restores", next.count).member("at", to_string(next.at));
    out.member("anchors_put_aside", moved).end_object();
    fmt::print("{}\n", out.take());
    return exit_marked;
  }
  fmt::print(
      "Marked as restored, for the {}. time, at {}; {} anchors of what was lost are put aside.\n"
      "Start the server, and have every channel send again what it sent since the backup.\n",
      next.count, to_string(next.at), moved);
  return exit_marked;
}

}  // namespace crossfoot::app

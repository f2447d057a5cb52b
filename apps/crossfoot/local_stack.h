#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "runtime/log.h"
#include "runtime/process.h"
#include "server.h"

namespace crossfoot::app {

struct LocalStackOptions {
  std::filesystem::path data;       ///< everything of the stack lies below it
  std::filesystem::path programme;  ///< empty: one point a whole unit of `programme_currency`
  std::string programme_currency = "EUR";
  std::uint16_t port = 0;  ///< of the server; 0 takes a free one
  std::uint64_t seed = 1;  ///< of the sandbox's faults
};

/// A server on an embedded store with a sandbox ERP and a sandbox loyalty platform as processes of
/// their own. Everything is stopped by what started it.
class LocalStack {
 public:
  [[nodiscard]] static Result<std::unique_ptr<LocalStack>> start(const LocalStackOptions& options,
                                                                 runtime::Log& log);
  ~LocalStack();
  LocalStack(const LocalStack&) = delete;
  LocalStack& operator=(const LocalStack&) = delete;

  [[nodiscard]] Server& server() { return *server_; }
  [[nodiscard]] const std::string& erp_url() const { return erp_url_; }
  [[nodiscard]] const std::string& loyalty_url() const { return loyalty_url_; }
  void stop();

 private:
  LocalStack() = default;

  std::optional<runtime::Process> erp_;
  std::optional<runtime::Process> loyalty_;
  std::string erp_url_;
  std::string loyalty_url_;
  std::unique_ptr<Server> server_;
};

/// Folder with the connector packs: beside the sources in a checkout, beside the program when
/// installed.
[[nodiscard]] std::filesystem::path packs_folder();

}  // namespace crossfoot::app

#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/http_client.h"
#include "runtime/shard.h"

namespace crossfoot::app {

/// Blocking access to a Crossfoot server's API for the command line: a shard of its own with one
/// connection pool. Whoever asks proves it by the access token or API key in the environment
/// variable CROSSFOOT_TOKEN, where that is set. Any one thread.
class ApiClient {
 public:
  explicit ApiClient(const std::string& base_url);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// Starts a call and answers with its future; many may be under way.
  [[nodiscard]] std::future<Result<runtime::HttpAnswer>> begin(runtime::Method method,
                                                               std::string target,
                                                               std::string body = {},
                                                               Headers headers = {});
  [[nodiscard]] Result<runtime::HttpAnswer> call(runtime::Method method, std::string target,
                                                 std::string body = {}, Headers headers = {});
  /// A GET or POST whose answer must be 2xx; its body. Faults carry status and body.
  [[nodiscard]] Result<std::string> json(runtime::Method method, const std::string& target,
                                         std::string body = {});

 private:
  std::string authorization_;  ///< empty: nothing is proven
  runtime::Shard shard_;
  std::unique_ptr<runtime::HttpClient> client_;
};

}  // namespace crossfoot::app

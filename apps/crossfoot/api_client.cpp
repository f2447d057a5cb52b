#include "api_client.h"

#include <fmt/format.h>

#include "runtime/files.h"
#include "runtime/tls.h"

namespace crossfoot::app {

namespace {
constexpr Duration deadline = std::chrono::seconds{120};
}

ApiClient::ApiClient(const std::string& base_url) : shard_([](const std::exception_ptr&) {}) {
  if (const auto token = runtime::environment("CROSSFOOT_TOKEN"); token && !token->empty()) {
    authorization_ = "Bearer " + *token;
  }
  std::shared_ptr<const runtime::TlsContext> tls;
  if (const auto authorities = runtime::environment("CROSSFOOT_AUTHORITIES")) {
    // What cannot be read believes nobody, and each call says so.
    tls = runtime::TlsContext::client({.authorities = *authorities}).value_or(nullptr);
  }
  shard_.start();
  shard_.run([&] {
    client_ = std::make_unique<runtime::HttpClient>(shard_.context(), base_url,
                                                    runtime::HttpClientLimits{}, std::move(tls));
  });
}

ApiClient::~ApiClient() {
  shard_.run([this] { client_.reset(); });
  shard_.stop(std::chrono::seconds{1});
}

std::future<Result<runtime::HttpAnswer>> ApiClient::begin(runtime::Method method,
                                                          std::string target, std::string body,
                                                          Headers headers) {
  runtime::HttpCall call;
  call.method = method;
  call.target = std::move(target);
  call.headers = std::move(headers);
  if (!body.empty() && call.headers.empty()) {
    call.headers.emplace_back("Content-Type", "application/json");
  }
  if (!authorization_.empty()) call.headers.emplace_back("Authorization", authorization_);
  call.body = std::move(body);
  call.deadline = deadline;
  auto promise = std::make_shared<std::promise<Result<runtime::HttpAnswer>>>();
  auto future = promise->get_future();
  shard_.scheduler().post([this, call = std::move(call), promise]() mutable {
    client_->call(std::move(call), [promise](Result<runtime::HttpAnswer> answer) {
      promise->set_value(std::move(answer));
    });
  });
  return future;
}

Result<runtime::HttpAnswer> ApiClient::call(runtime::Method method, std::string target,
                                            std::string body, Headers headers) {
  return begin(method, std::move(target), std::move(body), std::move(headers)).get();
}

Result<std::string> ApiClient::json(runtime::Method method, const std::string& target,
                                    std::string body) {
  auto answer = call(method, target, std::move(body));
  if (!answer) return fail(answer.error());
  if (answer->status < 200 || answer->status > 299) {
    return fail({.code = "CF-2500",
                 .fault_class = FaultClass::rejected,
                 .where = target,
                 .cause = fmt::format("status {}: {}", answer->status,
                                      std::string_view(answer->body).substr(0, 300))});
  }
  return std::move(answer->body);
}

}  // namespace crossfoot::app

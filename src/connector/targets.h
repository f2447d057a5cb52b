#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connector/breaker.h"
#include "connector/pack.h"
#include "connector/signer.h"
#include "runtime/http_client.h"
#include "runtime/scheduler.h"

namespace crossfoot::connector {

/// A target of the configuration: a name, the pack that speaks to it, and where it is.
struct TargetSetup {
  std::string name;
  std::shared_ptr<const Pack> pack;
  std::string base_url;  ///< in place of the pack's, when not empty
};

/// One target as this shard sees it: connections, authentication, breaker, pace. Shard thread.
class Link {
 public:
  using Done = runtime::HttpClient::Done;

  Link(boost::asio::io_context& context, runtime::Scheduler& scheduler, TargetSetup setup,
       Signer signer);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] const std::string& name() const { return setup_.name; }
  [[nodiscard]] const Pack& pack() const { return *setup_.pack; }

  /// Signs and sends; a token is fetched first where one is needed. `done` runs later, once.
  void send(runtime::HttpCall call, Done done);

  /// What a call's end says about the target: breaker, pace, token. `status`: of its answer, 0
  /// without one. Only 429 slows all calls down: a refusal for now by other means, such as a
  /// conflict of two writes for one member, speaks of its own call alone.
  void note_success();
  void note_fault(const Fault& fault, int status);

  /// Zero when a call may leave now.
  [[nodiscard]] Duration gate() const;
  [[nodiscard]] Breaker& breaker() { return breaker_; }
  [[nodiscard]] runtime::HttpClient::Stats stats() const { return client_->stats(); }

 private:
  struct Waiting {
    runtime::HttpCall call;
    Done done;
    Duration since;  ///< monotonic
  };

  void send_signed(runtime::HttpCall call, Done done);
  void fetch_token();
  void token_answered(Result<runtime::HttpAnswer> answer);
  [[nodiscard]] Status take_token(const runtime::HttpAnswer& answer);
  void release(const Status& token);

  runtime::Scheduler& scheduler_;
  TargetSetup setup_;
  Signer signer_;
  Breaker breaker_;
  Instant paused_until_;
  std::string token_;
  Instant token_until_;
  bool fetching_ = false;
  std::string token_target_;
  std::vector<Waiting> waiting_;
  // Last, so destroyed first: their calls are answered while the rest is still there.
  std::unique_ptr<runtime::HttpClient> token_client_;
  std::unique_ptr<runtime::HttpClient> client_;
};

/// All targets of one shard. Outlives what speaks through it; its end answers the calls in flight.
class Targets {
 public:
  /// Resolves the secrets. Faults: unauthorised (a secret), rejected (a name twice, a bad URL).
  [[nodiscard]] static Result<std::unique_ptr<Targets>> create(boost::asio::io_context& context,
                                                               runtime::Scheduler& scheduler,
                                                               std::vector<TargetSetup> setups,
                                                               const SecretLookup& secrets);

  [[nodiscard]] Link* find(std::string_view name);
  [[nodiscard]] const Link* find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::map<std::string, std::unique_ptr<Link>, std::less<>> links_;
};

}  // namespace crossfoot::connector

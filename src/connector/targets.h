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
#include "connector/pacer.h"
#include "connector/pack.h"
#include "connector/signer.h"
#include "runtime/http_client.h"
#include "runtime/scheduler.h"

namespace crossfoot::connector {

/// The line of what reads a target's book.
inline constexpr std::string_view book_line = "list";

/// A target of the configuration: a name, the pack that speaks to it, and where it is.
struct TargetSetup {
  std::string name;
  std::shared_ptr<const Pack> pack;
  std::string base_url;  ///< in place of the pack's, when not empty
  /// Whom to believe of an `https` address, and what to show; null: as the system believes.
  std::shared_ptr<const runtime::TlsContext> tls;
};

/// One target as this shard sees it: connections, authentication, breakers, pace. Shard thread.
class Link {
 public:
  using Done = runtime::HttpClient::Done;

  /// One kind of call that has a breaker of its own: an operation, its question by reference, or
  /// the reading of the target's book.
  struct Line {
    std::string name;  ///< `accrue`, `accrue?` (asking by reference), `list`
    Breaker breaker;
    /// Let through, not sent yet; nothing for one that the breaker did not count.
    std::vector<std::optional<Breaker::Ticket>> reserved;
  };
  /// A call under way, for what its end says.
  struct Sent {
    Line* line = nullptr;
    std::optional<Breaker::Ticket> ticket;
    Duration began{0};  ///< monotonic
  };

  Link(boost::asio::io_context& context, runtime::Scheduler& scheduler, TargetSetup setup,
       Signer signer);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] const std::string& name() const { return setup_.name; }
  [[nodiscard]] const Pack& pack() const { return *setup_.pack; }

  /// Signs and sends; a token is fetched first where one is needed. `done` runs later, once.
  void send(runtime::HttpCall call, Done done);

  /// Zero when such a call may leave now; without an operation, when any may. At most two
  /// seconds, after which it is asked again.
  [[nodiscard]] Duration gate(const flow::Departure& departure);
  /// Takes its part of the quota, and a probe's place where the breaker is half open.
  void reserve(const flow::Departure& departure);
  void give_back(const flow::Departure& departure);
  /// What was reserved and not sent will not be sent.
  void forget_reserved();
  /// A call leaves, reserved or not. Just before `send`; `note_…` follows.
  [[nodiscard]] Sent leave(const flow::Departure& departure);

  /// What a call's end says about the target: breaker, pace, token. `status`: of its answer, 0
  /// without one. Only 429 slows all calls down: a refusal for now by other means, such as a
  /// conflict of two writes for one member, speaks of its own call alone.
  void note_success(const Sent& sent);
  void note_fault(const Sent& sent, const Fault& fault, int status);

  [[nodiscard]] const std::map<std::string, Line, std::less<>>& lines() const { return lines_; }
  /// By hand, for one line or (empty) all. False: there is no such line.
  [[nodiscard]] bool force(std::string_view line, Breaker::Force force);
  /// The worst of all lines.
  [[nodiscard]] Breaker::State state() const;
  [[nodiscard]] const Pacer& pacer() const { return pacer_; }
  /// The clock of breakers and pace: monotonic, not the wall's.
  [[nodiscard]] Instant clock() const { return {scheduler_.monotonic().count()}; }
  [[nodiscard]] runtime::HttpClient::Stats stats() const { return client_->stats(); }

 private:
  struct Waiting {
    runtime::HttpCall call;
    Done done;
    Duration since;  ///< monotonic
  };

  void add_line(std::string name, const BreakerPolicy& policy);
  [[nodiscard]] Line* line_of(const flow::Departure& departure);
  void send_signed(runtime::HttpCall call, Done done);
  void fetch_token();
  void token_answered(Result<runtime::HttpAnswer> answer);
  [[nodiscard]] Status take_token(const runtime::HttpAnswer& answer);
  void release(const Status& token);

  runtime::Scheduler& scheduler_;
  TargetSetup setup_;
  Signer signer_;
  std::map<std::string, Line, std::less<>> lines_;
  Pacer pacer_;
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

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>

#include "runtime/http_server.h"
#include "runtime/scheduler.h"
#include "sandbox/faults.h"
#include "sandbox/system.h"

namespace crossfoot::sandbox {

/// Puts one stand-in on HTTP: health, administration, faults, and the vendor's own interface. One
/// thread. Outlives the server that it serves.
class Service {
 public:
  Service(boost::asio::io_context& context, const runtime::Scheduler& clock,
          std::unique_ptr<System> system, std::uint64_t seed);
  ~Service() { stop(); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] boost::asio::awaitable<runtime::HttpResponse> serve(
      const runtime::HttpRequest& request);
  /// The server's own refusals in the vendor's form.
  [[nodiscard]] static runtime::HttpResponse refuse(int status, std::string_view cause);

  /// Ends every wait (latencies, held answers) and drops the effects that were still to come.
  void stop();

 private:
  /// What calls under way hold. Shared with them: their frames may outlive the service when the
  /// context is destroyed with calls still waiting.
  struct Open {
    std::set<boost::asio::steady_timer*> waits;
    std::unordered_set<std::string> busy;
  };
  class Exclusive;
  class Waiting;

  Reply admin(const Call& call);
  Reply stats() const;
  boost::asio::awaitable<void> wait(Duration delay);
  boost::asio::awaitable<runtime::HttpResponse> serve_faulty(Call call);
  runtime::HttpResponse spoil(Mishap mishap, Reply reply) const;
  void apply_later(const Call& call);

  boost::asio::io_context& context_;
  const runtime::Scheduler& clock_;
  std::unique_ptr<System> system_;
  Faults faults_;
  std::shared_ptr<Open> open_;
  std::int64_t requests_ = 0;
  std::int64_t late_pending_ = 0;
  bool stopped_ = false;
};

}  // namespace crossfoot::sandbox

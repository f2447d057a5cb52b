#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "config.h"
#include "flow/engine/engine.h"
#include "runtime/log.h"

namespace crossfoot::app {

/// The whole product in one object: shard, data store, engine, connectors, reconciliation and HTTP.
/// Only this module names the concrete classes. Methods are called from one thread that is not the
/// shard's.
class Server {
 public:
  /// Opens, recovers and listens. Faults: whatever stands in the way, with its code.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const Config& config,
                                                             runtime::Log& log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// `http://127.0.0.1:PORT`
  [[nodiscard]] std::string url() const;
  /// What is under way now; nothing moves by itself when all of it is zero.
  [[nodiscard]] flow::Activity activity();
  /// Lets running requests finish, then closes everything.
  void stop(Duration grace);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace crossfoot::app

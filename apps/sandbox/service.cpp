#include "sandbox/service.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace crossfoot::sandbox {

namespace asio = boost::asio;
using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::Method;

namespace {

HttpResponse response_of(Reply reply) {
  HttpResponse response;
  response.status = reply.status;
  response.body = std::move(reply.body);
  if (reply.replayed) response.headers.emplace_back("Idempotency-Replayed", "true");
  return response;
}

Call call_of(const HttpRequest& request) {
  return {.method = request.method,
          .path = request.path,
          .query = request.query,
          .body = request.body,
          .idempotency_key = request.header("idempotency-key")};
}

}  // namespace

/// Holds a key (a member) while a write to it is under way.
class Service::Exclusive {
 public:
  Exclusive(std::shared_ptr<Open> open, std::optional<std::string> key)
      : open_(std::move(open)), key_(std::move(key)) {
    held_ = !key_ || open_->busy.insert(*key_).second;
  }
  ~Exclusive() {
    if (key_ && held_) open_->busy.erase(*key_);
  }
  Exclusive(const Exclusive&) = delete;
  Exclusive& operator=(const Exclusive&) = delete;

  [[nodiscard]] bool held() const { return held_; }

 private:
  std::shared_ptr<Open> open_;
  std::optional<std::string> key_;
  bool held_ = false;
};

/// Makes a timer known to stop() while it runs.
class Service::Waiting {
 public:
  Waiting(std::shared_ptr<Open> open, asio::steady_timer& timer)
      : open_(std::move(open)), timer_(timer) {
    open_->waits.insert(&timer_);
  }
  ~Waiting() { open_->waits.erase(&timer_); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  std::shared_ptr<Open> open_;
  asio::steady_timer& timer_;
};

Service::Service(asio::io_context& context, const runtime::Scheduler& clock,
                 std::unique_ptr<System> system, std::uint64_t seed)
    : context_(context),
      clock_(clock),
      system_(std::move(system)),
      faults_(seed),
      open_(std::make_shared<Open>()) {}

HttpResponse Service::refuse(int status, std::string_view cause) {
  HttpResponse response = response_of(refusal(status, "bad_request", cause));
  response.close = true;
  return response;
}

asio::awaitable<HttpResponse> Service::serve(const HttpRequest& request) {
  ++requests_;
  const Call call = call_of(request);
  if (call.path == "/healthz/ready") co_return response_of({.body = R"({"status":"ready"})"});
  if (call.path.starts_with("/admin/")) co_return response_of(admin(call));
  if (!faults_.active()) co_return response_of(system_->handle(call, clock_.now()));
  co_return co_await serve_faulty(call);
}

Reply Service::admin(const Call& call) {
  if (call.path == "/admin/faults" && call.method == Method::put) {
    if (const auto fault = faults_.configure(call.body, clock_.monotonic())) {
      return refusal(400, "bad_request", *fault);
    }
    return {.body = "{}"};
  }
  if (call.path == "/admin/faults" && call.method == Method::delete_) {
    faults_.clear();
    return {.body = "{}"};
  }
  if (call.path == "/admin/stats" && call.method == Method::get) return stats();
  if (call.method != Method::post) return refusal(404, "not_found", "there is no such thing");
  if (call.path == "/admin/tamper") return system_->tamper(call.body);
  if (call.path == "/admin/untamper") return system_->untamper();
  if (call.path == "/admin/clear") return system_->clear();
  return refusal(404, "not_found", "there is no such thing");
}

Reply Service::stats() const {
  JsonWriter out;
  out.open('{').field("requests", requests_);
  system_->stats(out);
  out.field("late_pending", late_pending_);
  faults_.stats(out);
  return {.body = out.close('}').take()};
}

asio::awaitable<void> Service::wait(Duration delay) {
  if (delay.count() <= 0 || stopped_) co_return;
  asio::steady_timer timer(context_, delay);
  const Waiting waiting(open_, timer);
  boost::system::error_code ended;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
}

asio::awaitable<HttpResponse> Service::serve_faulty(Call call) {
  const Faults::Drawn drawn = faults_.draw(call, clock_.monotonic());
  if (drawn.mishap == Mishap::outage) co_return spoil(drawn.mishap, {});
  const bool write = call.method != Method::get;
  Reply reply;
  {
    const Exclusive exclusive(open_, write ? system_->exclusive_key(call) : std::nullopt);
    if (!exclusive.held()) {
      co_return response_of(
          refusal(409, "concurrent_update", "another write to the member is under way"));
    }
    co_await wait(drawn.latency);
    switch (drawn.mishap) {
      case Mishap::throttled:
      case Mishap::unavailable:
        co_return spoil(drawn.mishap, {});
      case Mishap::applied_late:
        apply_later(call);
        co_return spoil(drawn.mishap, {});
      default:
        reply = system_->handle(call, clock_.now());
    }
  }
  if (drawn.mishap == Mishap::timeout) co_await wait(faults_.hold());
  co_return spoil(drawn.mishap, std::move(reply));
}

HttpResponse Service::spoil(Mishap mishap, Reply reply) const {
  HttpResponse response;
  switch (mishap) {
    case Mishap::none:
      return response_of(std::move(reply));
    case Mishap::throttled:
      response = response_of(refusal(429, "too_many_requests", "slow down"));
      response.headers.emplace_back("Retry-After", std::to_string(faults_.retry_after_s()));
      return response;
    case Mishap::outage:
    case Mishap::unavailable:
    case Mishap::unavailable_after:
      return response_of(refusal(503, "unavailable", "the service is not available"));
    case Mishap::applied_late:
      return response_of(refusal(504, "gateway_timeout", "the service did not answer in time"));
    case Mishap::timeout:
      response = response_of(refusal(504, "gateway_timeout", "the service did not answer in time"));
      response.close = true;
      return response;
    case Mishap::malformed:
      reply.body.resize(reply.body.size() / 2);
      return response_of(std::move(reply));
    case Mishap::duplicate:
      reply.body += '\n' + std::string(reply.body);
      return response_of(std::move(reply));
  }
  return response;
}

void Service::apply_later(const Call& call) {
  struct Late {
    asio::steady_timer timer;
    Method method;
    std::string path, query, body, key;
    std::optional<Waiting> waiting;
  };
  auto late = std::make_shared<Late>(asio::steady_timer(context_, faults_.late()), call.method,
                                     std::string(call.path), std::string(call.query),
                                     std::string(call.body), std::string(call.idempotency_key));
  late->waiting.emplace(open_, late->timer);
  ++late_pending_;
  late->timer.async_wait([this, late](const boost::system::error_code& error) {
    late->waiting.reset();
    if (error) return;
    --late_pending_;
    (void)system_->handle({late->method, late->path, late->query, late->body, late->key},
                          clock_.now());
  });
}

void Service::stop() {
  stopped_ = true;
  for (asio::steady_timer* timer : open_->waits) timer->cancel();
}

}  // namespace crossfoot::sandbox

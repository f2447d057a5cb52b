// Goal: server and pool speak TLS with each other, prove who they are, and treat whoever does not
// as they treat a broken connection.
#include "runtime/tls.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "runtime/http_client.h"
#include "runtime/http_server.h"
#include "runtime/shard.h"
#include "runtime/test_certificates.h"
#include "runtime/test_peer.h"

namespace crossfoot::runtime {
namespace {

using namespace std::chrono_literals;

/// Answers with the body that it got, and says whose certificate it saw.
boost::asio::awaitable<HttpResponse> echo(const HttpRequest& request) {
  HttpResponse response;
  response.body = request.body;
  response.headers.emplace_back("X-Certificate", request.client_certificate);
  co_return response;
}

HttpResponse refuse(int status, std::string_view) {
  HttpResponse response;
  response.status = status;
  return response;
}

class Tls : public testing::Test {
 protected:
  Tls() {
    authority_.make("server", "DNS:localhost,IP:127.0.0.1");
    shard_.start();
  }
  ~Tls() override {
    shard_.run([this] {
      client_.reset();
      server_.reset();
    });
    shard_.stop(10s);
  }

  TlsFiles files(const std::string& name) const {
    return {.certificate = authority_.file(name + ".pem"),
            .key = authority_.file(name + ".key"),
            .authorities = {}};
  }
  void serve(const TlsFiles& own, bool certificate_required = false, HttpServerLimits limits = {}) {
    auto context = TlsContext::server(own, certificate_required);
    ASSERT_TRUE(context) << context.error().cause;
    shard_.run([&] {
      if (server_ == nullptr) {
        server_ = std::make_unique<HttpServer>(shard_.context(), limits, echo, refuse);
        port_ = server_->listen("127.0.0.1", 0).value_or(0);
      }
      server_->use_tls(*context);
    });
  }
  void use_client(TlsFiles own, const std::string& host = "127.0.0.1") {
    if (own.authorities.empty()) own.authorities = authority_.authorities();
    auto context = TlsContext::client(own);
    ASSERT_TRUE(context) << context.error().cause;
    shard_.run([&] {
      client_ = std::make_unique<HttpClient>(shard_.context(),
                                             "https://" + host + ":" + std::to_string(port_),
                                             HttpClientLimits{}, *context);
    });
  }
  Result<HttpAnswer> call(std::string body = "hello") {
    std::promise<Result<HttpAnswer>> answered;
    shard_.run([&] {
      client_->call({.target = "/", .headers = {}, .body = std::move(body), .deadline = 10s},
                    [&](Result<HttpAnswer> answer) { answered.set_value(std::move(answer)); });
    });
    return answered.get_future().get();
  }
  std::string refusal() {
    const auto answer = call();
    return answer ? "answered " + std::to_string(answer->status) : answer.error().cause;
  }

  TestAuthority authority_;
  Shard shard_{[](const std::exception_ptr&) {}};
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<HttpClient> client_;
  std::uint16_t port_ = 0;
};

TEST_F(Tls, CarriesCallsOfAnySizeOverOneConnection) {
  serve(files("server"));
  use_client({});
  for (const std::size_t size : {0UL, 5UL, 16'384UL, 70'000UL, 5'000'000UL}) {
    const std::string body(size, 'x');
    const auto answer = call(body);
    ASSERT_TRUE(answer) << size << ": " << answer.error().cause;
    EXPECT_EQ(answer->body, body) << size;
    EXPECT_EQ(answer->header("x-certificate"), "");
  }
  HttpClient::Stats stats;
  shard_.run([&] { stats = client_->stats(); });
  EXPECT_EQ(stats.connects_total, 1U);
}

TEST_F(Tls, ManyCallsAtOnceAllHaveTheirOwnAnswers) {
  serve(files("server"));
  use_client({}, "localhost");
  constexpr std::size_t calls = 200;
  const auto body_of = [](std::size_t i) {
    return std::string(1000 * (i % 40), static_cast<char>('a' + i % 26));
  };
  std::vector<std::promise<Result<HttpAnswer>>> answers(calls);
  shard_.run([&] {
    for (std::size_t i = 0; i < calls; ++i) {
      client_->call(
          {.target = "/", .headers = {}, .body = body_of(i)},
          [&answers, i](Result<HttpAnswer> answer) { answers[i].set_value(std::move(answer)); });
    }
  });
  for (std::size_t i = 0; i < calls; ++i) {
    const auto answer = answers[i].get_future().get();
    ASSERT_TRUE(answer) << answer.error().cause;
    EXPECT_EQ(answer->body, body_of(i));
  }
}

TEST_F(Tls, AServerThatCannotProveItsNameIsNotSpokenTo) {
  authority_.make("elsewhere", "DNS:elsewhere.example");
  serve(files("elsewhere"));
  use_client({});
  const auto answer = call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault_class, FaultClass::transient) << "nothing was sent";
  EXPECT_NE(answer.error().cause.find("IP address mismatch"), std::string::npos)
      << answer.error().cause;
}

TEST_F(Tls, ACertificateOfAnUnknownAuthorityIsNotBelieved) {
  serve(files("server"));
  const TestAuthority other("other");
  use_client({.certificate = {}, .key = {}, .authorities = other.authorities()});
  EXPECT_NE(refusal().find("TLS: "), std::string::npos) << refusal();
}

TEST_F(Tls, TheServerLearnsWhoseCertificateAClientHas) {
  authority_.make("till", "DNS:till");
  TlsFiles own = files("server");
  own.authorities = authority_.authorities();
  serve(own);
  use_client(files("till"));
  const auto proven = call();
  ASSERT_TRUE(proven) << proven.error().cause;
  EXPECT_EQ(proven->header("x-certificate"), certificate_digest(authority_.file("till.pem")));
  use_client({});
  const auto anonymous = call();
  ASSERT_TRUE(anonymous) << anonymous.error().cause;
  EXPECT_EQ(anonymous->header("x-certificate"), "");
}

TEST_F(Tls, ARequiredCertificateMustBeThereAndOfTheAuthority) {
  TlsFiles own = files("server");
  own.authorities = authority_.authorities();
  serve(own, true);
  use_client({});
  EXPECT_FALSE(call());
  const TestAuthority other("other");
  other.make("forged", "DNS:till");
  use_client({.certificate = other.file("forged.pem"),
              .key = other.file("forged.key"),
              .authorities = {}});
  EXPECT_FALSE(call());
  authority_.make("till", "DNS:till");
  use_client(files("till"));
  EXPECT_TRUE(call());
}

TEST_F(Tls, ARenewedCertificateCountsForLaterConnections) {
  authority_.make("old", "DNS:elsewhere.example");
  serve(files("old"));
  use_client({});
  EXPECT_FALSE(call());
  serve(files("server"));
  use_client({});
  EXPECT_TRUE(call());
}

TEST_F(Tls, WhoSpeaksInClearOrNotAtAllIsCutOff) {
  serve(files("server"), false, {.header_timeout = 50ms, .idle_timeout = 10s, .write_timeout = 1s});
  test::Peer in_clear = test::Peer::connect(port_);
  in_clear.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = in_clear.receive();
  EXPECT_EQ(answer.find("HTTP/"), std::string::npos) << answer;
  test::Peer silent = test::Peer::connect(port_);
  EXPECT_EQ(silent.receive(), "") << "the handshake has the time of a header";
}

TEST_F(Tls, FilesThatAreOfNoUseAreNamed) {
  EXPECT_EQ(TlsContext::server({}, false).error().code, "CF-8141");
  authority_.make("other", "DNS:other");
  const auto mixed = TlsContext::server({.certificate = authority_.file("server.pem"),
                                         .key = authority_.file("other.key"),
                                         .authorities = {}},
                                        false);
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().where, authority_.file("other.key").string());
  const auto none = TlsContext::client(
      {.certificate = {}, .key = {}, .authorities = authority_.file("absent.pem")});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().where, authority_.file("absent.pem").string());
}

}  // namespace
}  // namespace crossfoot::runtime

// Goal: a request proves its caller by one key or one token; keys and tokens come and go without a
// restart, and a damaged file takes nobody's access away or gives it.
#include "edge/access/gate.h"

#include <gtest/gtest.h>

#include "edge/access/test_issuer.h"
#include "runtime/files.h"

namespace crossfoot::edge {
namespace {

using testing::Issuer;

class GateTest : public ::testing::Test {
 protected:
  GateTest() : folder_(std::move(*runtime::TempDir::make("crossfoot-access"))) {}

  std::filesystem::path file(const std::string& name, const std::string& text) {
    const auto path = folder_.path() / name;
    EXPECT_TRUE(runtime::write_file_atomic(path, text).has_value());
    return path;
  }
  static std::string keys(const IssuedKey& key, const std::string& id, const std::string& extra) {
    return R"({"keys":[{"id":")" + id + R"(","sha256":")" + key.digest + R"(")" + extra + "}]}";
  }
  Result<std::unique_ptr<AccessGate>> load(GateOptions options) {
    return AccessGate::load(std::move(options), runtime::Logger(log_, "access"));
  }
  /// Each question comes two seconds after the one before.
  Result<Caller> ask(AccessGate& gate,
                     std::vector<std::pair<std::string_view, std::string_view>> headers) {
    now_.micros += 2'000'000;
    runtime::HttpRequest request;
    request.headers = std::move(headers);
    return transform(gate.identify(request, now_), [](const CallerPtr& caller) { return *caller; });
  }

  runtime::TempDir folder_;
  std::vector<std::string> lines_;
  runtime::Log log_{runtime::LogLevel::info,
                    [this](std::string_view line) { lines_.emplace_back(line); },
                    [] { return Instant{}; }};
  Instant now_{1'795'000'000'000'000};
};

TEST_F(GateTest, AKeyIsTakenFromEitherHeaderButNotFromBoth) {
  const IssuedKey key = issue_api_key("pos-de");
  auto gate = load({.api_keys = file("keys.json", keys(key, "pos-de", R"(,"roles":["channel"],
      "shops":["DE-001"],"not_after":"2027-01-01T00:00:00Z")"))});
  ASSERT_TRUE(gate.has_value()) << gate.error().cause;
  const std::string bearer = "Bearer " + key.text;
  const std::string lower = "bearer " + key.text;
  for (const auto& [name, value] :
       {std::pair<std::string_view, std::string_view>{"authorization", bearer},
        {"authorization", lower},
        {"x-api-key", key.text}}) {
    const auto caller = ask(**gate, {{name, value}});
    ASSERT_TRUE(caller.has_value()) << caller.error().cause;
    EXPECT_EQ(caller->name, "pos-de");
    EXPECT_TRUE(caller->may(Permission::transactions_write));
    EXPECT_FALSE(caller->may(Permission::finance_read));
    EXPECT_EQ(caller->shops, (std::vector<std::string>{"DE-001"}));
  }
  const std::string basic = "Basic " + key.text;
  EXPECT_FALSE(ask(**gate, {}).has_value());
  EXPECT_FALSE(ask(**gate, {{"authorization", basic}}).has_value());
  EXPECT_FALSE(ask(**gate, {{"authorization", "Bearer "}}).has_value());
  EXPECT_FALSE(ask(**gate, {{"x-api-key", key.text}, {"authorization", bearer}}).has_value());
  std::string wrong = key.text;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_FALSE(ask(**gate, {{"x-api-key", wrong}}).has_value());
  EXPECT_FALSE(ask(**gate, {{"x-api-key", "cf_nobody_0"}}).has_value());
  EXPECT_FALSE(ask(**gate, {{"x-api-key", "cf__"}}).has_value());
  EXPECT_FALSE(ask(**gate, {{"x-api-key", "cf_"}}).has_value());
  now_ = *parse_instant("2027-01-01T00:00:00Z");
  EXPECT_FALSE(ask(**gate, {{"x-api-key", key.text}}).has_value()) << "its time is over";
}

TEST_F(GateTest, ACertificateProvesItsOwnerUnlessAnotherCredentialIsShown) {
  const IssuedKey key = issue_api_key("desk");
  const std::string digest(64, 'a');
  auto gate = load({.api_keys = file("keys.json", R"({"keys":[
      {"id":"till","certificate_sha256":")" + digest + R"(","roles":["channel"],
       "not_after":"2027-01-01T00:00:00Z"},
      {"id":"desk","sha256":")" + key.digest + R"(","roles":["finance"]}]})")});
  ASSERT_TRUE(gate.has_value()) << gate.error().cause;
  const auto identify = [&](std::string_view shown, std::string_view api_key) {
    runtime::HttpRequest request;
    request.client_certificate = shown;
    if (!api_key.empty()) request.headers = {{"x-api-key", api_key}};
    const auto caller = (*gate)->identify(request, now_);
    return caller ? (*caller)->name : "nobody";
  };
  EXPECT_EQ(identify(digest, ""), "till");
  EXPECT_EQ(identify(digest, key.text), "desk");
  EXPECT_EQ(identify(digest, "cf_desk_wrong"), "nobody") << "a wrong key is not made good";
  EXPECT_EQ(identify(std::string(64, 'b'), ""), "nobody");
  EXPECT_EQ(identify("", ""), "nobody");
  now_ = *parse_instant("2027-01-01T00:00:00Z");
  EXPECT_EQ(identify(digest, ""), "nobody") << "its time is over";
}

TEST_F(GateTest, AnEntryIsOfAKeyOrOfACertificate) {
  const std::string digest(64, 'a');
  const std::string rest = R"(","roles":["channel"]})";
  const std::string one = R"({"id":"x","certificate_sha256":")" + digest;
  for (const std::string& entries :
       {R"({"id":"x","certificate_sha256":"short)" + rest, one + R"(","sha256":")" + digest + rest,
        one + rest + R"(,{"id":"y","certificate_sha256":")" + digest + rest,
        one + rest + R"(,{"id":"x","sha256":")" + digest + rest}) {
    EXPECT_FALSE(load({.api_keys = file("keys.json", R"({"keys":[)" + entries + "]}")})) << entries;
  }
}

TEST_F(GateTest, KeysComeAndGoWithoutARestart) {
  const IssuedKey first = issue_api_key("a");
  const IssuedKey second = issue_api_key("b");
  const auto path = file("keys.json", keys(first, "a", R"(,"scopes":["metrics:read"])"));
  auto gate = load({.api_keys = path});
  ASSERT_TRUE(gate.has_value());
  EXPECT_TRUE(ask(**gate, {{"x-api-key", first.text}}).has_value());
  file("keys.json", "{");
  EXPECT_TRUE(ask(**gate, {{"x-api-key", first.text}}).has_value()) << "what was read before";
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_NE(lines_[0].find("access.unreadable"), std::string::npos) << lines_[0];
  file("keys.json", keys(second, "b", R"(,"roles":["auditor"])"));
  EXPECT_FALSE(ask(**gate, {{"x-api-key", first.text}}).has_value());
  EXPECT_TRUE(ask(**gate, {{"x-api-key", second.text}}).has_value());
  for (const std::string& line : lines_) {
    EXPECT_EQ(line.find(first.text), std::string::npos) << "no secret in the log";
  }
}

TEST_F(GateTest, TokensAreRememberedUntilTheyEndOrTheirKeyIsWithdrawn) {
  const Issuer issuer("k1", "ES256");
  const auto path = file("jwks.json", issuer.key_set());
  auto gate = load({.key_set = path, .rules = {.issuer = "me", .audience = "crossfoot"}});
  ASSERT_TRUE(gate.has_value());
  const std::string bearer =
      "Bearer " + issuer.token(R"({"iss":"me","aud":"crossfoot","sub":"s","client_id":"c",
          "jti":"1","iat":1794999000,"exp":1795000020,"scope":"metrics:read"})");
  EXPECT_TRUE(ask(**gate, {{"authorization", bearer}}).has_value());
  EXPECT_TRUE(ask(**gate, {{"authorization", bearer}}).has_value());
  file("jwks.json", Issuer("k2", "RS256").key_set());
  EXPECT_FALSE(ask(**gate, {{"authorization", bearer}}).has_value()) << "its key is withdrawn";
  file("jwks.json", issuer.key_set());
  EXPECT_TRUE(ask(**gate, {{"authorization", bearer}}).has_value());
  now_.micros += 80'000'000;
  EXPECT_FALSE(ask(**gate, {{"authorization", bearer}}).has_value()) << "it has ended";
}

TEST_F(GateTest, FilesThatCannotBeUsedAreToldAtTheStart) {
  EXPECT_FALSE(load({}).has_value());
  EXPECT_FALSE(load({.api_keys = folder_.path() / "none"}).has_value());
  const Issuer issuer("k1", "EdDSA");
  EXPECT_FALSE(load({.key_set = file("jwks.json", issuer.key_set())}).has_value())
      << "no issuer, no audience";
  const std::string digest = issue_api_key("a").digest;
  const std::vector<std::string> texts{
      "[]",
      R"({"keys":[{}]})",
      R"({"keys":[{"id":"a","sha256":")" + digest + R"("}]})",
      R"({"keys":[{"id":"A","sha256":")" + digest + R"(","roles":["channel"]}]})",
      R"({"keys":[{"id":"a","sha256":"00","roles":["channel"]}]})",
      R"({"keys":[{"id":"a","sha256":")" + digest + R"(","roles":["king"]}]})",
      R"({"keys":[{"id":"a","sha256":")" + digest + R"(","roles":["channel"],"shops":[]}]})",
      R"({"keys":[{"id":"a","sha256":")" + digest + R"(","roles":["channel"],"shop":["x"]}]})",
      R"({"keys":[{"id":"a","sha256":")" + digest + R"(","roles":["channel"],"not_after":"1"}]})",
      R"({"keys":[{"id":"a","sha256":")" + digest +
          R"(","roles":["channel"]},{"id":"a","sha256":")" + digest +
          R"(","roles":["channel"]}]})"};
  for (const std::string& text : texts) {
    const auto gate = load({.api_keys = file("keys.json", text)});
    ASSERT_FALSE(gate.has_value()) << text;
    EXPECT_FALSE(gate.error().cause.empty());
  }
}

}  // namespace
}  // namespace crossfoot::edge

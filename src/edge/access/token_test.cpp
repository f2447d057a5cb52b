// Goal: only a token that the issuer has signed for us, and that is valid now, proves who asks;
// every other one is refused, whatever is wrong with it.
#include "edge/access/token.h"

#include <gtest/gtest.h>

#include "edge/access/test_issuer.h"

namespace crossfoot::edge {
namespace {

using testing::base64url;
using testing::Issuer;

constexpr Instant now{1'795'000'000'000'000};
const TokenRules rules{.issuer = "https://login.example", .audience = "crossfoot"};

/// The claims of a good token; `change` replaces members by name, an empty value removes one.
std::string claims(std::vector<std::pair<std::string, std::string>> change = {}) {
  std::vector<std::pair<std::string, std::string>> members{
      {"iss", R"("https://login.example")"},
      {"aud", R"("crossfoot")"},
      {"sub", R"("till-7")"},
      {"client_id", R"("tills")"},
      {"jti", R"("a1")"},
      {"iat", "1794999990"},
      {"exp", "1795000300"},
      {"scope", R"("transactions:write unheard:of")"}};
  for (auto& [name, value] : change) {
    const auto at = std::ranges::find(members, name, &std::pair<std::string, std::string>::first);
    if (at == members.end()) {
      members.emplace_back(name, value);
    } else {
      at->second = value;
    }
  }
  std::string json = "{";
  for (const auto& [name, value] : members) {
    if (value.empty()) continue;
    if (json.size() > 1) json += ',';
    json += '"' + name + "\":" + value;
  }
  return json + "}";
}

Result<ProvenToken> check(const Issuer& issuer, const std::string& token) {
  const auto keys = parse_key_set(issuer.key_set());
  EXPECT_TRUE(keys.has_value());
  return check_token(token, *keys, rules, now);
}

TEST(Token, EachAlgorithmProvesItsCaller) {
  for (const char* algorithm : {"RS256", "PS256", "ES256", "EdDSA"}) {
    const Issuer issuer("k1", algorithm);
    const auto proven = check(issuer, issuer.token(claims()));
    ASSERT_TRUE(proven.has_value()) << algorithm << ": " << proven.error().cause;
    EXPECT_EQ(proven->caller.name, "till-7");
    EXPECT_TRUE(proven->caller.may(Permission::transactions_write));
    EXPECT_EQ(proven->caller.permissions.count(), 1U) << "an unheard-of scope gives nothing";
    EXPECT_FALSE(proven->caller.is_limited());
    EXPECT_EQ(proven->until, (Instant{1'795'000'360'000'000}));
  }
}

TEST(Token, AChangedBitProvesNothing) {
  for (const char* algorithm : {"RS256", "PS256", "ES256", "EdDSA"}) {
    const Issuer issuer("k1", algorithm);
    const std::string token = issuer.token(claims());
    for (std::size_t i = 0; i < token.size(); i += 3) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_FALSE(check(issuer, changed).has_value()) << algorithm << " at " << i;
    }
    EXPECT_FALSE(check(Issuer("k1", algorithm), token).has_value()) << "another key of that name";
  }
}

TEST(Token, ClaimsThatAreNotOursAreRefused) {
  const Issuer issuer("k1", "ES256");
  const std::vector<std::pair<std::string, std::string>> bad[] = {
      {{"iss", R"("https://login.example/")"}},
      {{"iss", ""}},
      {{"aud", R"("other")"}},
      {{"aud", R"(["a","b"])"}},
      {{"aud", ""}},
      {{"aud", "7"}},
      {{"sub", ""}},
      {{"client_id", ""}},
      {{"jti", ""}},
      {{"iat", ""}},
      {{"exp", ""}},
      {{"exp", "1794999939"}},
      {{"exp", R"("1795000300")"}},
      {{"exp", "-1"}},
      {{"exp", "1e300"}},
      {{"iat", "1795000061"}},
      {{"nbf", "1795000061"}},
      {{"nbf", R"("soon")"}},
      {{"roles", "{}"}},
      {{"roles", "[1]"}},
      {{"crossfoot_shops", "[]"}},
      {{"crossfoot_shops", "5"}},
      {{"crossfoot_regions", "null"}},
      {{"crossfoot_channels", "[true]"}},
  };
  for (const auto& change : bad) {
    const auto proven = check(issuer, issuer.token(claims(change)));
    ASSERT_FALSE(proven.has_value()) << change[0].first << " " << change[0].second;
    EXPECT_EQ(proven.error().code, "CF-2401");
    EXPECT_EQ(proven.error().fault_class, FaultClass::unauthorised);
  }
  const std::vector<std::pair<std::string, std::string>> good[] = {
      {{"aud", R"(["other","crossfoot"])"}},
      {{"exp", "1794999941"}},
      {{"exp", "1795000300.5"}},
      {{"iat", "1795000060"}},
      {{"nbf", "1795000060"}},
      {{"scope", ""}},
  };
  for (const auto& change : good) {
    EXPECT_TRUE(check(issuer, issuer.token(claims(change))).has_value()) << change[0].first;
  }
}

TEST(Token, HeadersThatMeanSomethingElseAreRefused) {
  const Issuer issuer("k1", "RS256");
  for (const char* header :
       {R"({"typ":"JWT","alg":"RS256","kid":"k1"})", R"({"alg":"RS256","kid":"k1"})",
        R"({"typ":"at+jwt","alg":"none","kid":"k1"})", R"({"typ":"at+jwt","alg":"HS256"})",
        R"({"typ":"at+jwt","alg":"PS256","kid":"k1"})", R"({"typ":"at+jwt","kid":"k1"})",
        R"({"typ":"at+jwt","alg":"RS256","kid":"k2"})",
        R"({"typ":"at+jwt","alg":"RS256","kid":"k1","crit":["x"]})", "[]", "{"}) {
    EXPECT_FALSE(check(issuer, issuer.token(header, claims())).has_value()) << header;
  }
  EXPECT_TRUE(check(issuer, issuer.token(R"({"typ":"application/at+jwt","alg":"RS256"})", claims()))
                  .has_value());
  const std::string unsigned_token =
      base64url(R"({"typ":"at+jwt","alg":"none"})") + "." + base64url(claims()) + ".";
  EXPECT_FALSE(check(issuer, unsigned_token).has_value());
}

TEST(Token, WhatIsNoTokenIsRefused) {
  const Issuer issuer("k1", "EdDSA");
  const std::string token = issuer.token(claims());
  const std::string texts[] = {"",
                               ".",
                               "..",
                               "...",
                               token + ".",
                               "." + token,
                               token + "=",
                               token + " ",
                               "a.b.c",
                               "A.A.A",
                               std::string(100'000, 'A'),
                               token.substr(0, token.size() - 1),
                               "\xff.\xff.\xff"};
  for (const std::string& text : texts) EXPECT_FALSE(check(issuer, text).has_value()) << text;
}

TEST(Token, RolesAndLimitsAreRead) {
  const Issuer issuer("k1", "ES256");
  const auto proven =
      check(issuer, issuer.token(claims({{"roles", R"(["finance","no such role"])"},
                                         {"crossfoot_shops", R"(["DE-001","DE-002"])"},
                                         {"crossfoot_channels", R"("pos")"}})));
  ASSERT_TRUE(proven.has_value()) << proven.error().cause;
  EXPECT_TRUE(proven->caller.may(Permission::finance_reconcile));
  EXPECT_FALSE(proven->caller.may(Permission::operations_decide));
  EXPECT_EQ(proven->caller.shops, (std::vector<std::string>{"DE-001", "DE-002"}));
  EXPECT_EQ(proven->caller.channels, (std::vector<std::string>{"pos"}));
  EXPECT_TRUE(proven->caller.is_limited());
}

TEST(KeySet, HoldsWhatCanSignTokensAndPassesOverTheRest) {
  const Issuer rsa("r", "RS256");
  const Issuer ec("e", "ES256");
  const std::string both =
      R"({"keys":[{"kty":"oct","k":"AAAA"},{"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"},7,)" +
      rsa.jwk() + "," + ec.jwk() + "]}";
  const auto keys = parse_key_set(both);
  ASSERT_TRUE(keys.has_value());
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_TRUE(check_token(rsa.token(claims()), *keys, rules, now).has_value());
  EXPECT_TRUE(check_token(ec.token(claims()), *keys, rules, now).has_value());
  for (const char* text : {"", "{}", R"({"keys":[]})", R"({"keys":[{"kty":"RSA"}]})",
                           R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]})",
                           R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})"}) {
    EXPECT_FALSE(parse_key_set(text).has_value()) << text;
  }
}

/// RFC 8037, appendix A.4: a signature made by others.
TEST(TokenKey, VerifiesTheExampleOfTheStandard) {
  const TokenKey key("", std::nullopt,
                     TokenKey::ed25519("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
  const std::string_view text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
  const auto signature = decode_base64url(
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  ASSERT_TRUE(signature.has_value());
  EXPECT_TRUE(key.verifies(TokenAlgorithm::eddsa, text, *signature));
  EXPECT_FALSE(key.verifies(TokenAlgorithm::rs256, text, *signature));
}

TEST(Base64Url, IsStrict) {
  EXPECT_EQ(decode_base64url(""), "");
  EXPECT_EQ(decode_base64url("Zm8"), "fo");
  EXPECT_EQ(decode_base64url("_-8"), "\xff\xef");
  for (const char* text : {"Zm8=", "Zm9", "Z", "Zm+8", "Zm/8", "Zm 8", "Zm8\n"}) {
    EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace crossfoot::edge

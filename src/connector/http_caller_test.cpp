#include "connector/http_caller.h"

#include <gtest/gtest.h>

#include "connector/loopback_test_target.h"

namespace crossfoot::connector {
namespace {

const std::string sale =
    R"({"kind":"sale","channel":"pos","shop":"S","register":"1","business_date":"2026-11-21",)"
    R"("sequence":"1","occurred_at":"2026-11-21T10:00:00Z","currency":"EUR","member":"M-1",)"
    R"("lines":[{"line":1,"article":"A","quantity":"2","unit_price":"1.00"}],)"
    R"("tenders":[{"kind":"cash","amount":"2.00"}]})";

class Calls : public testing::Test {
 protected:
  void use(const std::string& name) {
    LoadedPack loaded = load_pack("connectors/" + name);
    ASSERT_TRUE(loaded.pack);
    use(std::move(loaded.pack));
  }
  void use(std::shared_ptr<const Pack> pack, const SecretLookup& secrets = no_secrets()) {
    ASSERT_TRUE(pack);
    targets = target.targets(std::move(pack), secrets);
    ASSERT_TRUE(targets);
    caller.emplace(target.scheduler, *targets);
  }

  static flow::CallRequest request(std::string operation, std::string reference = "REF1",
                                   std::string previous_id = "") {
    flow::CallRequest request;
    request.target = "it";
    request.operation = std::move(operation);
    request.correlation_id = "C1";
    request.items.push_back({std::move(reference), R"({"original_reference":"REF0"})",
                             std::make_shared<const std::string>(sale), std::move(previous_id)});
    return request;
  }

  Result<flow::CallAnswer> call(flow::CallRequest request) {
    std::optional<Result<flow::CallAnswer>> answer;
    caller->call(std::move(request),
                 [&](Result<flow::CallAnswer> got) { answer = std::move(got); });
    EXPECT_FALSE(answer) << "never inside the call";
    target.run_until([&] { return answer.has_value(); });
    return answer ? std::move(*answer) : fail({});
  }

  Result<std::optional<flow::ItemAnswer>> lookup(std::string_view operation,
                                                 std::string_view reference) {
    std::optional<Result<std::optional<flow::ItemAnswer>>> answer;
    caller->lookup("it", operation, reference, std::chrono::seconds{5},
                   [&](auto got) { answer = std::move(got); });
    target.run_until([&] { return answer.has_value(); });
    return answer ? std::move(*answer) : fail({});
  }

  Duration gate(std::string_view operation = "post") {
    return caller->gate({.target = "it", .operation = operation});
  }

  /// The fault of one call that is answered so.
  Fault fault_of(int status, std::string body = "{}",
                 std::vector<std::pair<std::string, std::string>> headers = {}) {
    target.answer(status, std::move(body), std::move(headers));
    auto answer = call(request("post"));
    EXPECT_FALSE(answer) << status;
    return answer ? Fault{} : answer.error();
  }

  LoopbackTarget target;
  std::unique_ptr<Targets> targets;
  std::optional<HttpCaller> caller;
};

// Goal: a call carries headers and body of its mapping; the answer's id, points and hash come back.
TEST_F(Calls, SendsAndReads) {
  use("sandbox-loyalty");
  const std::string body =
      R"({"id":"L-1","reference":"REF1","points":38,"lines":[{"line":1,"points":38}]})";
  target.answer(201, body);
  auto answer = call(request("accrue"));
  ASSERT_TRUE(answer) << answer.error().cause;
  ASSERT_EQ(answer->size(), 1U);
  ASSERT_TRUE(answer->front());
  EXPECT_EQ((*answer)[0]->target_id, "L-1");
  EXPECT_EQ((*answer)[0]->points, Points{38});
  EXPECT_EQ((*answer)[0]->line_points, (std::vector<std::pair<std::uint32_t, Points>>{{1, {38}}}));
  EXPECT_EQ((*answer)[0]->response_hash, hash128(body));
  ASSERT_EQ(target.seen.size(), 1U);
  EXPECT_EQ(target.seen[0].method, runtime::Method::post);
  EXPECT_EQ(target.seen[0].target, "/loyalty/v1/accruals");
  EXPECT_EQ(target.seen[0].header("idempotency-key"), "REF1");
  EXPECT_EQ(target.seen[0].header("x-correlation-id"), "C1");
  EXPECT_EQ(target.seen[0].header("content-type"), "application/json");
  EXPECT_EQ(target.seen[0].header("traceparent").size(), 55U);
  EXPECT_NE(target.seen[0].body.find(R"("member":"M-1")"), std::string::npos);
}

// Goal: every way in which a target can refuse has its fault class, and says where it was.
TEST_F(Calls, ClassifiesAnswers) {
  use("sandbox-erp");
  EXPECT_EQ(fault_of(422, R"({"error":{"code":"x"}})").fault_class, FaultClass::rejected);
  EXPECT_EQ(fault_of(401).fault_class, FaultClass::unauthorised);
  EXPECT_EQ(fault_of(409).fault_class, FaultClass::conflict);
  EXPECT_EQ(fault_of(500).fault_class, FaultClass::unknown_outcome);
  EXPECT_EQ(fault_of(503).fault_class, FaultClass::transient) << "this pack says so";
  EXPECT_EQ(fault_of(504).fault_class, FaultClass::unknown_outcome);
  EXPECT_EQ(fault_of(201, "<html>").fault_class, FaultClass::unknown_outcome);
  EXPECT_EQ(fault_of(201, "{}").fault_class, FaultClass::unknown_outcome) << "no id";
  const Fault throttled = fault_of(429, "{}", {{"Retry-After", "3"}});
  EXPECT_EQ(throttled.fault_class, FaultClass::throttled);
  EXPECT_EQ(throttled.retry_after, std::chrono::seconds{3});
  EXPECT_EQ(throttled.where, "it: post");
  EXPECT_GT(gate(), Duration{0}) << "a throttling target is paced";
}

// Goal: two writes for one member that met slow down their own call alone.
TEST_F(Calls, KeepsPaceAfterAConflictOfOneMember) {
  use("sandbox-loyalty");
  target.answer(409, R"({"error":{"code":"concurrent_update"}})");
  auto answer = call(request("accrue"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault_class, FaultClass::throttled);
  EXPECT_EQ(answer.error().retry_after, std::chrono::milliseconds{50});
  EXPECT_EQ(gate(), Duration{0});
}

// Goal: silence after the request was sent is an unknown outcome; a closed port is transient.
TEST_F(Calls, TellsSentFromUnsent) {
  use("sandbox-erp");
  target.stay_silent();
  auto silent = request("post");
  silent.deadline = std::chrono::milliseconds{50};
  auto answer = call(std::move(silent));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault_class, FaultClass::unknown_outcome);

  std::string closed_url;
  {
    LoopbackTarget gone;
    closed_url = gone.url;
  }
  auto elsewhere =
      Targets::create(target.context, target.scheduler,
                      {{"it", load_pack("connectors/sandbox-erp").pack, closed_url}}, no_secrets());
  ASSERT_TRUE(elsewhere);
  HttpCaller unreachable(target.scheduler, **elsewhere);
  std::optional<Result<flow::CallAnswer>> refused;
  unreachable.call(request("post"), [&](auto got) { refused = std::move(got); });
  target.run_until([&] { return refused.has_value(); });
  ASSERT_FALSE(*refused);
  EXPECT_EQ(refused->error().fault_class, FaultClass::transient);
}

// Goal: what cannot be mapped, or is not in the pack, is refused without a request.
TEST_F(Calls, RefusesBeforeSending) {
  use("sandbox-loyalty");
  auto no_member = request("accrue");
  no_member.items[0].transaction = std::make_shared<const std::string>(R"({"shop":"S"})");
  EXPECT_EQ(call(std::move(no_member)).error().fault_class, FaultClass::rejected);
  auto broken = request("accrue");
  broken.items[0].transaction = std::make_shared<const std::string>("{");
  EXPECT_EQ(call(std::move(broken)).error().code, "CF-3111");
  EXPECT_EQ(call(request("fly")).error().fault_class, FaultClass::rejected);
  EXPECT_EQ(caller->traits("it", "fly"), nullptr);
  EXPECT_EQ(caller->traits("nobody", "accrue"), nullptr);
  EXPECT_TRUE(target.seen.empty());
}

// Goal: two steps of one leg; the release uses the first one's id, and a repeat counts as done.
TEST_F(Calls, RunsTwoSteps) {
  use("sandbox-erp");
  target.answer(201, R"({"id":"M/1","state":"draft"})");
  auto created = call(request("create_memo"));
  ASSERT_TRUE(created && created->front());
  target.answer(200, R"({"id":"M/1","state":"posted"})");
  ASSERT_TRUE(call(request("release_memo", "REF2", created->front()->target_id)));
  EXPECT_EQ(target.seen[1].target, "/erp/v1/credit-memos/M%2F1/release");
  EXPECT_EQ(target.seen[1].body, "");
  target.answer(409, R"({"error":{"code":"already_posted"}})");
  auto again = call(request("release_memo", "REF2", "M/1"));
  ASSERT_TRUE(again && again->front());
  EXPECT_EQ(again->front()->target_id, "M/1");
}

// Goal: a lookup finds, does not find, and never ends in an unknown outcome.
TEST_F(Calls, LooksUp) {
  use("sandbox-loyalty");
  target.answer(200, R"({"items":[{"id":"L-0","reference":"OTHER","points":1,"lines":[]},)"
                     R"({"id":"L-1","reference":"R 1","points":5,"lines":[]}]})");
  auto found = lookup("accrue", "R 1");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->target_id, "L-1");
  EXPECT_EQ((*found)->points, Points{5});
  EXPECT_EQ(target.seen[0].target, "/loyalty/v1/transactions?reference=R%201");
  EXPECT_EQ(target.seen[0].method, runtime::Method::get);
  target.answer(200, R"({"items":[]})");
  auto missing = lookup("accrue", "R1");
  ASSERT_TRUE(missing);
  EXPECT_FALSE(*missing);
  for (const auto& [status, body] : {std::pair{500, "{}"}, {200, "<"}, {200, "{}"}}) {
    target.answer(status, body);
    EXPECT_EQ(lookup("accrue", "R1").error().fault_class, FaultClass::transient) << status << body;
  }
}

// Goal: each item of a batch has its own answer; missing, unknown and mixed results are told apart.
TEST_F(Calls, AnswersBatchesItemByItem) {
  use("sandbox-erp");
  const auto adjustment = [](int lines) {
    std::string text = R"({"shop":"S","business_date":"2026-11-21","lines":[)";
    for (int i = 1; i <= lines; ++i) {
      if (i > 1) text += ',';
      text += R"({"line":)" + std::to_string(i) + R"(,"article":"A","quantity":"-1"})";
    }
    return std::make_shared<const std::string>(text + "]}");
  };
  flow::CallRequest batch{.target = "it", .operation = "move_stock", .correlation_id = "C"};
  for (const auto& [reference, lines] :
       {std::pair{"A", 1}, {"B", 2}, {"C", 2}, {"D", 1}, {"E", 1}, {"F", 44}}) {
    batch.items.push_back({reference, "", adjustment(lines), ""});
  }
  target.answer(200, R"({"results":[{"reference":"A","id":"1","status":"posted"},)"
                     R"({"reference":"B-1","id":"2","status":"posted"},)"
                     R"({"reference":"B","id":"3","status":"posted"},)"
                     R"({"reference":"C-1","id":"4","status":"posted"},)"
                     R"({"reference":"C","status":"rejected","message":"no"},)"
                     R"({"reference":"D","status":"odd"}]})");
  auto answer = call(std::move(batch));
  ASSERT_TRUE(answer) << answer.error().cause;
  ASSERT_EQ(answer->size(), 6U);
  EXPECT_EQ((*answer)[0]->target_id, "1");
  EXPECT_EQ((*answer)[1]->target_id, "3") << "the id of its own reference";
  EXPECT_NE((*answer)[0]->response_hash, (*answer)[1]->response_hash);
  EXPECT_EQ((*answer)[2].error().code, "CF-3101") << "partly done: a person decides";
  EXPECT_EQ((*answer)[3].error().fault_class, FaultClass::unknown_outcome);
  EXPECT_EQ((*answer)[4].error().fault_class, FaultClass::unknown_outcome) << "not spoken of";
  EXPECT_EQ((*answer)[5].error().fault_class, FaultClass::throttled) << "51 entries: not sent";
  EXPECT_EQ(target.seen[0].body.find("\"F\""), std::string::npos);
}

// Goal: an ill target closes the gate; the breaker's probe opens it again.
TEST_F(Calls, GatesAnIllTarget) {
  use(pack_of(R"(name: x
version: "1"
base_url: http://127.0.0.1:1
breaker: {failures: 2, open_for: 1ms}
operations:
  post: {path: /p, response: {id: /id}}
)"));
  EXPECT_EQ(gate(), Duration{0});
  fault_of(500);
  EXPECT_EQ(gate(), Duration{0});
  fault_of(500);
  EXPECT_EQ(targets->find("it")->state(), Breaker::State::open);
  target.run_until([&] {
    target.context.poll();
    target.scheduler.post([] {});
    return gate() == Duration{0};
  });
  target.answer(200, R"({"id":1})");
  ASSERT_TRUE(call(request("post")));
  EXPECT_EQ(targets->find("it")->state(), Breaker::State::closed);
}

constexpr std::string_view two_operations = R"(name: x
version: "1"
base_url: http://127.0.0.1:1
breaker: {failures: 1, open_for: 10m, open_max: 10m, probes: 1}
operations:
  post:
    path: /p
    response: {id: /id}
    lookup: {path: /q, id: /id}
  other: {path: /o, response: {id: /id}, breaker: {failures: 2}}
)";

// Goal: one ill operation leaves the others, and the question about it, alone.
TEST_F(Calls, BreaksOneOperation) {
  use(pack_of(two_operations));
  fault_of(500);
  EXPECT_GT(gate("post"), Duration{0});
  EXPECT_EQ(gate("other"), Duration{0});
  EXPECT_EQ(caller->gate({.target = "it", .operation = "post", .question = true}), Duration{0});
  EXPECT_EQ(caller->gate({.target = "it"}), Duration{0}) << "some call may leave";
  target.answer(500, "{}");
  EXPECT_FALSE(call(request("other")));
  EXPECT_EQ(gate("other"), Duration{0}) << "its own breaker waits for a second failure";
}

// Goal: a person's word opens and closes one operation or all, whatever the calls say.
TEST_F(Calls, IsForcedByHand) {
  use(pack_of(two_operations));
  Link& link = *targets->find("it");
  EXPECT_FALSE(link.force("fly", Breaker::Force::open));
  EXPECT_TRUE(link.force("other", Breaker::Force::open));
  EXPECT_GT(gate("other"), Duration{0});
  EXPECT_EQ(gate("post"), Duration{0});
  EXPECT_TRUE(link.force("", Breaker::Force::closed));
  fault_of(500);
  fault_of(500);
  EXPECT_EQ(gate("post"), Duration{0});
  EXPECT_TRUE(link.force("", Breaker::Force::none));
  EXPECT_EQ(link.state(), Breaker::State::closed);
}

// Goal: what is reserved uses up the quota before it leaves, once, and comes back when it does not.
TEST_F(Calls, ReservesItsPartOfTheQuota) {
  use(pack_of(R"(name: x
version: "1"
base_url: http://127.0.0.1:1
limits: {rate: 1/min, burst: 1}
operations:
  post: {path: /p, response: {id: /id}}
)"));
  const flow::Departure departure{.target = "it", .operation = "post"};
  EXPECT_EQ(gate(), Duration{0});
  caller->reserve(departure);
  EXPECT_GT(gate(), Duration{0});
  caller->give_back(departure);
  EXPECT_EQ(gate(), Duration{0});
  caller->reserve(departure);
  target.answer(200, R"({"id":1})");
  ASSERT_TRUE(call(request("post")));
  caller->give_back(departure);
  EXPECT_GT(gate(), Duration{0}) << "it has left: there is nothing to give back";
}

// Goal: a probe that an engine reserved and took to its grave is free again for the next engine.
TEST_F(Calls, ForgetsWhatADeadEngineReserved) {
  use(pack_of(two_operations));
  Link& link = *targets->find("it");
  fault_of(500);
  ASSERT_TRUE(link.force("post", Breaker::Force::closed));
  ASSERT_TRUE(link.force("post", Breaker::Force::none));
  EXPECT_EQ(gate("post"), Duration{0}) << "half open";
  caller->reserve({.target = "it", .operation = "post"});
  EXPECT_GT(gate("post"), Duration{0});
  caller->begin();
  EXPECT_EQ(gate("post"), Duration{0});
}

constexpr std::string_view oauth_pack = R"(name: x
version: "1"
base_url: http://127.0.0.1:1
auth: {type: oauth2, token_url: /token, client_id: "env:ID", client_secret: "file:/s", scope: "a b"}
operations:
  post: {path: /p, response: {id: /id}}
)";

// Goal: one token serves the calls that wait and those that follow, until it is refused.
TEST_F(Calls, FetchesAndKeepsTokens) {
  use(pack_of(oauth_pack), [](const SecretReference& reference) -> Result<std::string> {
    return reference.text == "env:ID" ? "id" : "secret\n";
  });
  target.answer(200, R"({"access_token":"T1","expires_in":3600})");
  target.answer(200, R"({"id":1})");
  target.answer(200, R"({"id":2})");
  int answered = 0;
  for (int i = 0; i < 2; ++i) {
    caller->call(request("post"), [&](auto answer) { answered += answer.has_value() ? 1 : 0; });
  }
  target.run_until([&] { return answered == 2; });
  ASSERT_EQ(target.seen.size(), 3U);
  EXPECT_EQ(target.seen[0].body, "grant_type=client_credentials&scope=a%20b");
  EXPECT_EQ(target.seen[0].header("authorization"), "Basic " + base64("id:secret"));
  EXPECT_EQ(target.seen[1].header("authorization"), "Bearer T1");
  EXPECT_EQ(target.seen[2].header("authorization"), "Bearer T1");
  EXPECT_EQ(fault_of(401).fault_class, FaultClass::unauthorised);
  target.answer(200, R"({"access_token":"T2"})");
  target.answer(200, R"({"id":3})");
  ASSERT_TRUE(call(request("post")));
  EXPECT_EQ(target.seen.back().header("authorization"), "Bearer T2");
}

// Goal: without a token nothing is sent, and the fault says whose fault it is.
TEST_F(Calls, SendsNothingWithoutAToken) {
  use(pack_of(oauth_pack));
  target.answer(400, R"({"error":"invalid_client"})");
  EXPECT_EQ(call(request("post")).error().fault_class, FaultClass::unauthorised);
  target.answer(500, "");
  EXPECT_EQ(call(request("post")).error().fault_class, FaultClass::transient);
  target.answer(200, R"({"access_token":"bad\r\nX: y"})");
  EXPECT_EQ(call(request("post")).error().fault_class, FaultClass::transient);
  for (const SeenRequest& seen : target.seen) EXPECT_EQ(seen.target, "/token");
}

// Goal: api key, basic and HMAC prove who we are as their packs say.
TEST_F(Calls, Signs) {
  const auto header_with = [&](const std::string& auth, std::string_view header) {
    use(pack_of("name: x\nversion: \"1\"\nbase_url: http://127.0.0.1:1\nauth: " + auth +
                "\noperations: {post: {path: /p, request: {template: {r: \"${reference}\"}}, "
                "response: {id: /id}}}\n"),
        [](const SecretReference& reference) -> Result<std::string> {
          return reference.text.substr(4);
        });
    target.answer(200, R"({"id":1})");
    EXPECT_TRUE(call(request("post")));
    return target.seen.back().header(header);
  };
  EXPECT_EQ(header_with("{type: api_key, key: \"env:k\"}", "x-api-key"), "k");
  EXPECT_EQ(header_with("{type: basic, user: \"env:Aladdin\", password: \"env:open sesame\"}",
                        "authorization"),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  // Checked with: printf '%s' 'POST/p{"r":"REF1"}' | openssl dgst -sha256 -hmac key
  EXPECT_EQ(header_with("{type: hmac, secret: \"env:key\", content: \"${method}${target}${body}\"}",
                        "x-signature"),
            "061fd7ad0a41fde764f50aaf334ca5f5b51efe1d3243bbc1e35bef172c82613c");
}

// Goal: a secret that is missing or could break a header stops the start.
TEST_F(Calls, RefusesBadSecrets) {
  for (const std::string secret : {"", "a\r\nX: y"}) {
    const auto made =
        Targets::create(target.context, target.scheduler, {{"it", pack_of(oauth_pack), target.url}},
                        [&](const SecretReference&) -> Result<std::string> { return secret; });
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "CF-6006");
  }
}

}  // namespace
}  // namespace crossfoot::connector

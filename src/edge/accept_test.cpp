// Goal: a transaction that is handed over is answered after its commit, once, whatever repeats.
#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::lines_of;
using test::sale;
using test::World;

TEST(Accept, ASaleIsAcceptedAndFoundUnderItsLocation) {
  World world;
  const auto answer = world.post_sale(sale(1));
  ASSERT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_EQ(at(answer.body, "/state"), "accepted");
  const std::string id = at(answer.body, "/id");
  EXPECT_EQ(id.size(), 26U);
  EXPECT_EQ(at(answer.body, "/correlation_id"), id);
  EXPECT_EQ(answer.header("x-correlation-id"), id);
  EXPECT_EQ(answer.header("location"), "/v1/transactions/" + id);
  EXPECT_EQ(at(answer.body, "/location"), "/v1/transactions/" + id);
  EXPECT_EQ(answer.header("idempotent-replayed"), "");
  world.settle();
  const auto state = world.get(std::string(answer.header("location")));
  ASSERT_EQ(state.status, 200);
  EXPECT_EQ(at(state.body, "/flow/state"), "done") << state.body;
  EXPECT_EQ(at(state.body, "/gross"), "39.98");
  EXPECT_EQ(at(state.body, "/shop"), "DE-001");
  EXPECT_EQ(at(state.body, "/register"), "3");
  EXPECT_EQ(at(state.body, "/sequence"), "1");
  EXPECT_EQ(at(state.body, "/business_date"), "2026-11-21");
  EXPECT_EQ(at(state.body, "/occurred_at"), "2026-11-21T09:03:04Z");
  EXPECT_EQ(at(state.body, "/conflict_with"), "null");
  EXPECT_EQ(at(state.body, "/flow/points/expected"), "39");
  EXPECT_EQ(at(state.body, "/flow/points/answered"), "10");
}

TEST(Accept, ARepeatGetsTheFirstAnswer) {
  World world;
  const auto first = world.post_sale(sale(1), {{"Idempotency-Key", "\"k1\""}});
  const auto bare = world.post_sale(sale(1), {{"Idempotency-Key", "k1"}});
  const auto other_key = world.post_sale(sale(1), {{"Idempotency-Key", "k2"}});
  const auto no_key = world.post_sale(sale(1));
  ASSERT_EQ(first.status, 202);
  for (const auto& repeat : {bare, other_key, no_key}) {
    EXPECT_EQ(repeat.status, 202);
    EXPECT_EQ(repeat.header("idempotent-replayed"), "true");
    EXPECT_EQ(repeat.body, first.body);
    EXPECT_EQ(repeat.header("location"), first.header("location"));
  }
}

TEST(Accept, RepeatsAtTheSameTimeJoinTheFirst) {
  World world;
  for (int i = 0; i < 8; ++i) {
    world.send(runtime::Method::post, "/v1/transactions", {{"Content-Type", "application/json"}},
               sale(5));
  }
  world.run_until([&] {
    return std::ranges::all_of(world.answers, [](const auto& one) { return one.has_value(); });
  });
  int first = 0;
  for (const auto& answer : world.answers) {
    EXPECT_EQ(answer->status, 202);
    EXPECT_EQ(answer->body, world.answers.front()->body);
    if (answer->header("idempotent-replayed").empty()) ++first;
  }
  EXPECT_EQ(first, 1);
}

TEST(Accept, AnIdempotencyKeyWithOtherContentIsRefused) {
  World world;
  ASSERT_EQ(world.post_sale(sale(1), {{"Idempotency-Key", "k1"}}).status, 202);
  const auto answer = world.post_sale(sale(2), {{"Idempotency-Key", "\"k1\""}});
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(at(answer.body, "/code"), "CF-2422");
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  const auto page = world.get("/v1/transactions?business_date=2026-11-21&sequence=2");
  EXPECT_EQ(at(page.body, "/items"), "[]") << "nothing was kept";
  EXPECT_EQ(world.post_sale(sale(3), {{"Idempotency-Key", "a b"}}).status, 400);
  EXPECT_EQ(world.post_sale(sale(3), {{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}}).status,
            400);
}

TEST(Accept, OtherContentUnderTheSameNaturalKeyIsHeldAndShown) {
  World world;
  const auto first = world.post_sale(sale(1));
  const auto second = world.post_sale(sale(1, "18.99"));
  ASSERT_EQ(second.status, 202) << second.body;
  EXPECT_EQ(at(second.body, "/state"), "held");
  EXPECT_EQ(at(second.body, "/conflict_with"), at(first.body, "/id"));
  EXPECT_NE(at(second.body, "/id"), at(first.body, "/id"));
  const auto again = world.post_sale(sale(1, "18.99"));
  EXPECT_EQ(at(again.body, "/id"), at(second.body, "/id"));
  EXPECT_EQ(again.header("idempotent-replayed"), "true");
  const auto state = world.get("/v1/transactions/" + at(second.body, "/id"));
  EXPECT_EQ(at(state.body, "/state"), "held");
  EXPECT_EQ(at(state.body, "/conflict_with"), at(first.body, "/id"));
  EXPECT_EQ(at(state.body, "/flow"), "null");
  const auto timeline = world.get("/v1/transactions/" + at(second.body, "/id") + "/timeline");
  EXPECT_EQ(at(timeline.body, "/entries/0/event"), "held");
}

// Goal: a correction is told apart from a conflict; both revisions are found, each from the other.
TEST(Accept, AHigherRevisionIsACorrectionAndALowerOneComesLate) {
  World world;
  const auto revision = [](int number, const std::string& price) {
    return "{\"revision\":" + std::to_string(number) + "," + sale(1, price).substr(1);
  };
  const std::string first = at(world.post_sale(sale(1)).body, "/id");
  const auto third = world.post_sale(revision(3, "18.99"));
  ASSERT_EQ(third.status, 202) << third.body;
  EXPECT_EQ(at(third.body, "/state"), "accepted");
  EXPECT_EQ(at(third.body, "/supersedes"), first);
  EXPECT_EQ(at(third.body, "/conflict_with"), "<none>");
  const std::string counts = at(third.body, "/id");
  const auto late = world.post_sale(revision(2, "17.99"));
  ASSERT_EQ(late.status, 202) << late.body;
  EXPECT_EQ(at(late.body, "/state"), "superseded");
  EXPECT_EQ(at(late.body, "/superseded_by"), counts);
  EXPECT_EQ(at(world.post_sale(revision(3, "16.99")).body, "/state"), "held");

  const auto repeated = world.post_sale(sale(1));
  EXPECT_EQ(at(repeated.body, "/id"), first);
  EXPECT_EQ(at(repeated.body, "/state"), "superseded");
  EXPECT_EQ(at(repeated.body, "/superseded_by"), counts);
  const auto old = world.get("/v1/transactions/" + first).body;
  EXPECT_EQ(at(old, "/state"), "superseded");
  EXPECT_EQ(at(old, "/superseded_by"), counts);
  EXPECT_EQ(at(old, "/conflict_with"), "null");
  EXPECT_EQ(at(world.get("/v1/transactions/" + counts).body, "/flow/supersedes"), first);
  const auto kept = world.get("/v1/transactions?state=superseded").body;
  EXPECT_NE(kept.find(first), std::string::npos) << kept;
  EXPECT_NE(kept.find(at(late.body, "/id")), std::string::npos) << kept;
  EXPECT_EQ(kept.find(counts + "\",\"state"), std::string::npos) << kept;
  const auto timeline = world.get("/v1/transactions/" + first + "/timeline").body;
  EXPECT_NE(timeline.find("revision 3, " + counts), std::string::npos) << timeline;
  const auto of_late = world.get("/v1/transactions/" + at(late.body, "/id") + "/timeline").body;
  EXPECT_EQ(at(of_late, "/entries/0/detail"), "by " + counts) << of_late;
  const std::string metrics = world.get("/metrics").body;
  EXPECT_NE(metrics.find("verdict=\"corrected\"} 1"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("crossfoot_odd_messages{state=\"superseded\"} 2"), std::string::npos);
}

// Goal: what looks the same under another number is marked, found in the list, and told in its
// timeline; where the channel's policy is to hold it, a person lets it go on as it came.
TEST(Accept, ASuspectedDuplicateIsMarkedOrHeld) {
  World world;
  const auto policy = [&world](flow::SuspectPolicy one) {
    world.drop_engine();
    world.engine_options.suspects.fill(one);
    // The example sales happened on a day of the test's clock or before it.
    world.engine_options.suspect_lateness = std::chrono::hours{24 * 365};
    world.start_engine();
  };
  policy(flow::SuspectPolicy::flag);
  const std::string first = at(world.post_sale(sale(1)).body, "/id");
  const auto second = world.post_sale(sale(2));
  EXPECT_EQ(at(second.body, "/state"), "accepted");
  EXPECT_EQ(at(second.body, "/suspected_duplicate_of"), first);
  const std::string id = at(second.body, "/id");
  EXPECT_EQ(at(world.post_sale(sale(2)).body, "/suspected_duplicate_of"), first);
  const auto state = world.get("/v1/transactions/" + id).body;
  EXPECT_EQ(at(state, "/state"), "accepted");
  EXPECT_EQ(at(state, "/suspected_duplicate_of"), first);
  EXPECT_EQ(at(state, "/conflict_with"), "null");
  const auto list = world.get("/v1/transactions?suspected=true").body;
  EXPECT_EQ(at(list, "/items/0/id"), id);
  EXPECT_EQ(at(list, "/items/1"), "<none>");
  EXPECT_EQ(world.get("/v1/transactions?suspected=yes").status, 400);
  const auto accepted = world.get("/v1/transactions?state=accepted").body;
  EXPECT_NE(accepted.find(id), std::string::npos) << "a suspected one is accepted";
  const auto timeline = world.get("/v1/transactions/" + id + "/timeline").body;
  EXPECT_NE(timeline.find("may be " + first), std::string::npos) << timeline;
  EXPECT_NE(world.get("/metrics").body.find("crossfoot_odd_messages{state=\"suspected\"} 1"),
            std::string::npos);
  world.settle();

  policy(flow::SuspectPolicy::hold);
  const auto third = world.post_sale(sale(3));
  EXPECT_EQ(at(third.body, "/state"), "held");
  EXPECT_EQ(at(third.body, "/conflict_with"), first);
  const std::string held = at(third.body, "/id");
  EXPECT_EQ(at(world.get("/v1/transactions/" + held).body, "/code"), "CF-3017");
  const std::string release = "/v1/transactions/" + held + "/release";
  const std::string who = R"({"by":"ann","reason":"bought twice"})";
  EXPECT_EQ(world.post("/v1/transactions/" + first + "/release", who).status, 409);
  const auto done = world.post(release, who);
  ASSERT_EQ(done.status, 202) << done.body;
  EXPECT_EQ(at(done.body, "/state"), "accepted");
  EXPECT_EQ(world.post(release, who).status, 409);
  world.settle();
  EXPECT_EQ(at(world.get("/v1/transactions/" + held).body, "/flow/state"), "done");
}

// Goal: a person ends what is held, once, in either way; both versions and the decision stay.
TEST(Accept, APersonDecidesAboutWhatIsHeld) {
  World world;
  const std::string first = at(world.post_sale(sale(1)).body, "/id");
  const std::string typo = at(world.post_sale(sale(1, "18.99")).body, "/id");
  const std::string told = at(world.post_sale(sale(1, "17.99")).body, "/id");
  EXPECT_EQ(at(world.get("/v1/overview").body, "/held"), "2");
  const std::string who = R"({"by":"ann","reason":"typed twice")";
  EXPECT_EQ(world.post("/v1/transactions/" + first + "/discard", who + "}").status, 409);
  EXPECT_EQ(world.post("/v1/transactions/" + typo + "/discard", R"({"by":"ann"})").status, 400);
  ASSERT_EQ(world.post("/v1/transactions/" + typo + "/discard", who + "}").status, 202);
  EXPECT_EQ(at(world.get("/v1/transactions/" + typo).body, "/state"), "discarded");
  EXPECT_EQ(world.post("/v1/transactions/" + typo + "/discard", who + "}").status, 409);

  const std::string replace = "/v1/transactions/" + told + "/replace";
  const auto same = world.post(replace, who + R"(,"transaction":)" + sale(1, "17.99") + "}");
  EXPECT_EQ(same.status, 409) << same.body;
  const auto bad = world.post(replace, who + R"(,"transaction":{"kind":"sale"}})");
  EXPECT_EQ(bad.status, 400);
  EXPECT_TRUE(at(bad.body, "/errors/0/pointer").starts_with("/transaction/")) << bad.body;
  const std::string own = sale(1, "17.99", R"(,"register_epoch":1)");
  const auto done = world.post(replace, who + R"(,"transaction":)" + own + "}");
  ASSERT_EQ(done.status, 202) << done.body;
  EXPECT_EQ(at(done.body, "/state"), "accepted");
  EXPECT_EQ(world.post(replace, who + R"(,"transaction":)" + own + "}").status, 409);
  world.settle();
  EXPECT_EQ(at(world.get("/v1/transactions/" + told).body, "/state"), "replaced");
  EXPECT_EQ(at(world.get("/v1/transactions/" + at(done.body, "/id")).body, "/flow/state"), "done");
  EXPECT_EQ(at(world.get("/v1/overview").body, "/held"), "0");
  EXPECT_EQ(world.targets.calls["erp"], 2U);
  const std::string timeline = world.get("/v1/transactions/" + first + "/timeline").body;
  EXPECT_NE(timeline.find("held message " + typo + " discarded, by ann: typed twice"),
            std::string::npos)
      << timeline;
  EXPECT_NE(timeline.find("held message " + told + " accepted as " + at(done.body, "/id")),
            std::string::npos);
}

TEST(Accept, CorrelationAndTraceAreTakenFromTheCaller) {
  World world;
  const std::string trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string parent = "00-" + trace_id + "-00f067aa0ba902b7-01";
  const auto named =
      world.post_sale(sale(1), {{"X-Correlation-Id", "till-3"}, {"traceparent", parent}});
  EXPECT_EQ(named.header("x-correlation-id"), "till-3");
  EXPECT_EQ(at(named.body, "/correlation_id"), "till-3");
  const std::string out(named.header("traceparent"));
  EXPECT_EQ(out.substr(0, 36), "00-" + trace_id + "-");
  EXPECT_EQ(out.size(), parent.size());
  EXPECT_NE(out, parent) << "the span is ours";
  const auto traced = world.post_sale(sale(2), {{"traceparent", parent}});
  EXPECT_EQ(at(traced.body, "/correlation_id"), trace_id);
  const auto invalid =
      world.post_sale(sale(3), {{"X-Correlation-Id", "no good"}, {"traceparent", "00-zz"}});
  EXPECT_EQ(invalid.status, 202);
  EXPECT_EQ(at(invalid.body, "/correlation_id"), at(invalid.body, "/id"));
  EXPECT_EQ(invalid.header("traceparent"), "");
  const auto refused = world.post_sale("{", {{"X-Correlation-Id", "till-4"}});
  EXPECT_EQ(at(refused.body, "/correlation_id"), "till-4");
  const auto unnamed = world.get("/nowhere");
  EXPECT_EQ(at(unnamed.body, "/correlation_id"), unnamed.header("x-correlation-id"));
  EXPECT_EQ(unnamed.header("x-correlation-id").size(), 26U);
}

TEST(Accept, WithoutAnEngineOrUnderPressureItAsksToComeBack) {
  World world;
  world.data_store().set_under_pressure(true);
  const auto pressed = world.post_sale(sale(1));
  EXPECT_EQ(pressed.status, 503);
  EXPECT_EQ(at(pressed.body, "/code"), "CF-2513");
  EXPECT_EQ(at(pressed.body, "/retryable"), "true");
  EXPECT_EQ(pressed.header("retry-after"), "1");
  EXPECT_EQ(world.get("/healthz/ready").status, 503);
  world.data_store().set_under_pressure(false);
  world.drop_engine();
  for (const auto& answer :
       {world.post_sale(sale(1)), world.post_batch(sale(1)), world.get("/v1/overview"),
        world.get("/healthz/ready"), world.post("/v1/transactions:states", R"({"ids":[]})")}) {
    EXPECT_TRUE(answer.status == 503 || answer.status == 200) << answer.body;
    if (answer.status == 503) {
      EXPECT_EQ(answer.header("retry-after"), "1");
    }
  }
  EXPECT_EQ(world.post_sale(sale(1)).status, 503);
  EXPECT_EQ(world.get("/healthz/live").status, 200);
  EXPECT_EQ(world.get("/metrics").status, 200);
}

TEST(Accept, AnEngineThatIsGivenUpAnswersWhoWaits) {
  // A commit that takes an hour never ends within the test.
  World world({}, {.commit_latency = std::chrono::hours{1}});
  world.send(runtime::Method::post, "/v1/transactions", {{"Content-Type", "application/json"}},
             sale(1));
  world.run_until([&] { return world.engine().activity().accepts > 0; });
  world.data_store().crash();
  world.drop_engine();
  const auto answer = world.last();
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_EQ(at(answer.body, "/retryable"), "true");
}

TEST(Accept, NobodyIsWokenWhenTheApiIsGone) {
  World world({}, {.commit_latency = std::chrono::hours{1}});
  world.send(runtime::Method::post, "/v1/transactions", {{"Content-Type", "application/json"}},
             sale(1));
  world.run_until([&] { return world.engine().activity().accepts > 0; });
  world.drop_api();
  world.data_store().crash();
  world.drop_engine();
  const auto answer = world.last();
  EXPECT_EQ(answer.status, 0) << "the connection ends without an answer: " << answer.body;
}

TEST(Batch, ResultsComeInOrderAndBadLinesHarmNoOthers) {
  World world;
  ASSERT_EQ(world.post_sale(sale(3)).status, 202);
  const std::string body = sale(1) + "\n\n{broken\r\n" + sale(2) + "\r\n" + sale(3) + "\n" +
                           sale(3, "1.00") + "\n  \n" + sale(1);
  const auto answer = world.post_batch(body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.header("content-type"), "application/x-ndjson");
  const auto results = lines_of(answer.body);
  ASSERT_EQ(results.size(), 6U) << answer.body;
  const std::vector<std::string> numbers = {"1", "3", "4", "5", "6", "8"};
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(at(results[i], "/line"), numbers[i]);
  EXPECT_EQ(at(results[0], "/status"), "202");
  EXPECT_EQ(at(results[0], "/state"), "accepted");
  EXPECT_EQ(at(results[0], "/replayed"), "false");
  EXPECT_EQ(at(results[1], "/status"), "400");
  EXPECT_EQ(at(results[1], "/problem/code"), "CF-1001");
  EXPECT_EQ(at(results[1], "/problem/correlation_id"), answer.header("x-correlation-id"));
  EXPECT_EQ(at(results[2], "/status"), "202");
  EXPECT_EQ(at(results[3], "/replayed"), "true");
  EXPECT_EQ(at(results[4], "/state"), "held");
  EXPECT_NE(at(results[4], "/conflict_with"), "<none>");
  EXPECT_EQ(at(results[5], "/id"), at(results[0], "/id"));
  EXPECT_EQ(at(results[5], "/replayed"), "true");
}

TEST(Batch, MoreLinesThanAreInFlightAtOnceAllArrive) {
  World world;
  std::string body;
  for (int i = 0; i < 1000; ++i) body += sale(i) + "\n";
  const auto results = lines_of(world.post_batch(body).body);
  ASSERT_EQ(results.size(), 1000U);
  for (std::size_t i = 0; i < results.size(); ++i) {
    ASSERT_EQ(at(results[i], "/line"), std::to_string(i + 1));
    ASSERT_EQ(at(results[i], "/status"), "202") << results[i];
  }
  world.settle();
  EXPECT_EQ(at(world.get("/v1/overview").body, "/received/total"), "1000");
}

TEST(Batch, IsBoundedAndTakesNoIdempotencyKey) {
  World world({.batch_lines_max = 3});
  EXPECT_EQ(world.post_batch("\n\n\n\n").status, 413);
  const auto empty = world.post_batch("\n\n");
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.body, "");
  EXPECT_EQ(world.post_batch(sale(1), {{"Idempotency-Key", "k"}}).status, 400);
  EXPECT_EQ(world.post("/v1/transactions:batch", sale(1)).status, 415);
}

}  // namespace
}  // namespace crossfoot::edge

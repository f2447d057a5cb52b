// Goal: what was accepted can be seen: state, history, lists by pages, figures, console, documents.
#include <set>

#include "edge/api_world.h"
#include "edge/embedded.h"
#include "edge/routes.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::lines_of;
using test::sale;
using test::World;

TEST(Reads, TheStateShowsLegsWithTheirProof) {
  World world;
  const std::string id = at(world.post_sale(sale(1)).body, "/id");
  world.settle();
  const auto state = world.get("/v1/transactions/" + id);
  ASSERT_EQ(state.status, 200);
  bool accrued = false;
  bool posted = false;
  for (int i = 0; at(state.body, "/flow/legs/" + std::to_string(i)) != "<none>"; ++i) {
    const std::string leg = "/flow/legs/" + std::to_string(i);
    EXPECT_EQ(at(state.body, leg + "/leg"), std::to_string(i + 1));
    EXPECT_EQ(at(state.body, leg + "/state"), "done");
    EXPECT_EQ(at(state.body, leg + "/due_at"), "null");
    const std::string kind = at(state.body, leg + "/kind");
    accrued = accrued || kind == "accrue";
    posted = posted || kind == "post";
    if (kind != "accrue" && kind != "post") continue;
    EXPECT_EQ(at(state.body, leg + "/target"), kind == "accrue" ? "loyalty" : "erp");
    const std::string reference = at(state.body, leg + "/steps/0/reference");
    EXPECT_EQ(reference.size(), 20U);
    EXPECT_EQ(at(state.body, leg + "/steps/0/state"), "done");
    EXPECT_EQ(at(state.body, leg + "/steps/0/acknowledgement/id"), "T-" + reference);
    EXPECT_EQ(at(state.body, leg + "/steps/0/acknowledgement/response_hash").size(), 32U);
  }
  EXPECT_TRUE(accrued) << state.body;
  EXPECT_TRUE(posted) << state.body;
}

TEST(Reads, TheTimelineTellsTheStoryInOrder) {
  World world;
  const auto accepted = world.post_sale(sale(1), {{"X-Correlation-Id", "till-3"}});
  world.settle();
  const auto timeline = world.get(std::string(accepted.header("location")) + "/timeline");
  ASSERT_EQ(timeline.status, 200);
  EXPECT_EQ(at(timeline.body, "/correlation_id"), "till-3");
  EXPECT_EQ(at(timeline.body, "/entries/0/event"), "accepted");
  EXPECT_EQ(at(timeline.body, "/entries/0/leg"), "null");
  std::string before;
  std::multiset<std::string> events;
  for (int i = 0; at(timeline.body, "/entries/" + std::to_string(i)) != "<none>"; ++i) {
    const std::string entry = "/entries/" + std::to_string(i);
    const std::string when = at(timeline.body, entry + "/at");
    EXPECT_GE(when, before);
    before = when;
    const std::string target = at(timeline.body, entry + "/target");
    events.insert(at(timeline.body, entry + "/event") + " " + target);
    if (at(timeline.body, entry + "/event") == "acknowledged") {
      EXPECT_EQ(at(timeline.body, entry + "/reference").size(), 20U);
      EXPECT_EQ(at(timeline.body, entry + "/state"), "done");
    }
  }
  EXPECT_EQ(events.count("calling loyalty"), 1U) << timeline.body;
  EXPECT_EQ(events.count("acknowledged loyalty"), 1U);
  EXPECT_EQ(events.count("acknowledged erp"), 1U);
}

TEST(Reads, PagesHoldEachTransactionOnceNewestFirst) {
  World world;
  std::string body;
  for (int i = 0; i < 25; ++i) body += sale(i) + "\n";
  ASSERT_EQ(world.post_batch(body).status, 200);
  std::vector<std::string> seen;
  std::string after;
  std::size_t pages = 0;
  do {
    const auto page = world.get("/v1/transactions?business_date=2026-11-21&shop=DE-001&limit=10" +
                                (after.empty() ? "" : "&after=" + after));
    ASSERT_EQ(page.status, 200) << page.body;
    for (int i = 0; at(page.body, "/items/" + std::to_string(i)) != "<none>"; ++i) {
      const std::string item = "/items/" + std::to_string(i);
      seen.push_back(at(page.body, item + "/id"));
      EXPECT_NE(at(page.body, item + "/flow/state"), "<none>");
      EXPECT_EQ(at(page.body, item + "/flow/legs"), "<none>");
    }
    after = at(page.body, "/next");
    ++pages;
  } while (after != "null");
  EXPECT_EQ(pages, 3U);
  EXPECT_EQ(seen.size(), 25U);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 25U);
  EXPECT_TRUE(std::ranges::is_sorted(seen, std::greater<>{}));
  const auto one = world.get("/v1/transactions?business_date=2026-11-21&register=3&sequence=7");
  EXPECT_EQ(at(one.body, "/items/0/sequence"), "7");
  EXPECT_EQ(at(one.body, "/items/1"), "<none>");
  EXPECT_EQ(at(one.body, "/next"), "null");
  EXPECT_EQ(at(world.get("/v1/transactions?state=held").body, "/items"), "[]");
}

TEST(Reads, AReceiptIsFoundByMemberAndAmountWithinItsDay) {
  World world;
  std::string body;
  for (int i = 0; i < 1'200; ++i) body += sale(i, i == 3 ? "17.74" : "19.99") + "\n";
  std::string other = sale(2'000, "17.74");
  other.replace(other.find("M-1001"), 6, "M-7");
  ASSERT_EQ(world.post_batch(body + other + "\n").status, 200);
  const std::string day = "/v1/transactions?business_date=2026-11-21";
  const auto of_member = world.get(day + "&member=M-7");
  EXPECT_EQ(at(of_member.body, "/items/0/sequence"), "2000");
  EXPECT_EQ(at(of_member.body, "/items/1"), "<none>");
  std::vector<std::string> found;
  std::string next;
  int pages = 0;
  do {
    const auto page =
        world.get(day + "&shop=DE-001&gross=35.480" + (next.empty() ? "" : "&after=" + next));
    ASSERT_EQ(page.status, 200) << page.body;
    for (int i = 0; at(page.body, "/items/" + std::to_string(i)) != "<none>"; ++i) {
      found.push_back(at(page.body, "/items/" + std::to_string(i) + "/sequence"));
    }
    next = at(page.body, "/next");
    ++pages;
  } while (next != "null");
  std::ranges::sort(found);
  EXPECT_EQ(found, (std::vector<std::string>{"2000", "3"}));
  EXPECT_EQ(pages, 2) << "a page looks through a bounded number";
  const auto both = world.get(day + "&member=M-1001&gross=35.48&limit=1");
  EXPECT_EQ(at(both.body, "/items/1"), "<none>");
  EXPECT_EQ(world.get(day + "&member=M-1001%00").status, 400);
  EXPECT_EQ(at(world.get(day + "&member=M-1001'--").body, "/items"), "[]");
  for (const std::string_view bad :
       {"gross=1e5", "gross=-", "gross=abc", "gross=99999999999999999999"}) {
    EXPECT_EQ(world.get(day + "&" + std::string(bad)).status, 400) << bad;
  }
  EXPECT_EQ(world.get("/v1/transactions?member=M-7").status, 400) << "not without a day";
}

TEST(Reads, StatesComeInTheOrderAsked) {
  World world;
  const std::string first = at(world.post_sale(sale(1)).body, "/id");
  const std::string second = at(world.post_sale(sale(2)).body, "/id");
  world.settle();
  const auto states = world.post(
      "/v1/transactions:states",
      R"({"ids":[")" + second + R"(","00000000000000000000000001","?",")" + first + R"("]})");
  ASSERT_EQ(states.status, 200) << states.body;
  EXPECT_EQ(at(states.body, "/items/0/id"), second);
  EXPECT_EQ(at(states.body, "/items/1"), "null");
  EXPECT_EQ(at(states.body, "/items/2"), "null");
  EXPECT_EQ(at(states.body, "/items/3/id"), first);
  EXPECT_EQ(at(states.body, "/items/3/flow/state"), "done");
}

TEST(Reads, ChannelsWithIdsOfTheirOwnShowThem) {
  World world;
  const auto accepted = world.post_sale(
      R"({"kind":"sale","channel":"ecommerce","external_id":"#1001","shop":"WEB",)"
      R"("business_date":"2026-11-21","occurred_at":"2026-11-21T10:00:00Z","currency":"JPY",)"
      R"("tax_mode":"inclusive","lines":[{"line":1,"article":"A","quantity":"1",)"
      R"("unit_price":"1200"}]})");
  ASSERT_EQ(accepted.status, 202) << accepted.body;
  const auto state = world.get(std::string(accepted.header("location")));
  EXPECT_EQ(at(state.body, "/external_id"), "#1001");
  EXPECT_EQ(at(state.body, "/register"), "null");
  EXPECT_EQ(at(state.body, "/sequence"), "null");
  EXPECT_EQ(at(state.body, "/gross"), "1200") << "yen have no cents";
  EXPECT_EQ(at(state.body, "/member"), "null");
}

TEST(Operations, AStuckLegIsShownAndCanBeReleased) {
  World world;
  world.targets.refused["erp"] = true;
  const std::string id = at(world.post_sale(sale(1)).body, "/id");
  world.settle();
  const std::string address = "/v1/transactions/" + id;
  const auto stuck = world.get(address);
  EXPECT_EQ(at(stuck.body, "/flow/state"), "parked") << stuck.body;
  std::string leg;
  for (int i = 0; at(stuck.body, "/flow/legs/" + std::to_string(i)) != "<none>"; ++i) {
    const std::string pointer = "/flow/legs/" + std::to_string(i);
    if (at(stuck.body, pointer + "/kind") != "post") continue;
    leg = at(stuck.body, pointer + "/leg");
    EXPECT_EQ(at(stuck.body, pointer + "/state"), "rejected");
    EXPECT_EQ(at(stuck.body, pointer + "/reason").substr(0, 3), "CF-");
  }
  ASSERT_FALSE(leg.empty());
  const auto overview = world.get("/v1/overview");
  EXPECT_EQ(at(overview.body, "/flows/parked"), "1") << overview.body;
  EXPECT_EQ(at(overview.body, "/parked/0/count"), "1");
  world.targets.refused.clear();
  world.send(runtime::Method::post, address + "/legs/" + leg + "/release");
  const auto released = world.last();
  EXPECT_EQ(released.status, 202) << released.body;
  EXPECT_EQ(released.header("location"), address);
  world.settle();
  EXPECT_EQ(at(world.get(address).body, "/flow/state"), "done");
  world.send(runtime::Method::post, address + "/legs/" + leg + "/release");
  const auto again = world.last();
  EXPECT_EQ(again.status, 409) << again.body;
  EXPECT_EQ(at(again.body, "/status"), "409");
  for (const std::string& path :
       {address + "/legs/x/release",
        std::string("/v1/transactions/00000000000000000000000001") + "/legs/1/release"}) {
    world.send(runtime::Method::post, path);
    EXPECT_EQ(world.last().status, 404) << path;
  }
}

TEST(Operations, TheOverviewAddsUp) {
  World world;
  ASSERT_EQ(world.post_batch(sale(1) + "\n" + sale(2) + "\n" + sale(2, "1.00") + "\n{x").status,
            200);
  world.settle();
  const auto overview = world.get("/v1/overview");
  ASSERT_EQ(overview.status, 200);
  EXPECT_EQ(at(overview.body, "/received/total"), "2");
  EXPECT_EQ(at(overview.body, "/received/by_channel/pos"), "2");
  EXPECT_EQ(at(overview.body, "/flows/done"), "2");
  EXPECT_EQ(at(overview.body, "/flows/open"), "0");
  EXPECT_EQ(at(overview.body, "/held"), "1");
  EXPECT_EQ(at(overview.body, "/invalid"), "1");
  EXPECT_EQ(at(overview.body, "/waiting"), "[]");
  EXPECT_EQ(at(overview.body, "/targets/0/target"), "erp");
  EXPECT_EQ(at(overview.body, "/targets/0/breaker"), "half_open");
  EXPECT_EQ(at(overview.body, "/targets/1/target"), "loyalty");
}

TEST(Operations, ReconciliationsArePassedOn) {
  World world;
  const auto started =
      world.post("/v1/reconciliations", R"({"from":"2026-11-20","to":"2026-11-22"})");
  EXPECT_EQ(started.status, 202);
  EXPECT_EQ(started.header("location"), "/v1/reconciliations/R1");
  EXPECT_EQ(at(started.body, "/state"), "running");
  EXPECT_EQ(world.reconciliations.asked, "2026-11-20 2026-11-22");
  EXPECT_EQ(at(world.get("/v1/reconciliations/R1").body, "/state"), "done");
  EXPECT_EQ(world.get("/v1/reconciliations/R2").status, 404);
  EXPECT_EQ(world.get("/v1/reconciliations?after=R1&limit=7").status, 200);
  EXPECT_EQ(world.reconciliations.asked, "R1 7");
  EXPECT_EQ(world.get("/v1/breaks?reconciliation=R1&class=rate").status, 200);
  EXPECT_EQ(world.reconciliations.asked, "R1 rate 50");
  for (const char* bad : {R"({"from":"2026-11-20"})", R"({"from":"2026-11-22","to":"2026-11-20"})",
                          R"({"from":"2020-01-01","to":"2026-11-20"})",
                          R"({"from":"x","to":"2026-11-20"})", R"({"from":1,"to":2})"}) {
    EXPECT_EQ(world.post("/v1/reconciliations", bad).status, 400) << bad;
  }
}

TEST(Operations, MetricsAreWellFormedInBothFormats) {
  World world;
  ASSERT_EQ(world.post_sale(sale(1)).status, 202);
  ASSERT_EQ(world.post_sale(sale(1)).status, 202);
  ASSERT_EQ(world.post_sale("{").status, 400);
  world.settle();
  const auto text = world.get("/metrics");
  EXPECT_EQ(text.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const auto open = world.get("/metrics", {{"Accept", "application/openmetrics-text"}});
  EXPECT_EQ(open.header("content-type"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  for (const std::string& body : {text.body, open.body}) {
    for (const char* line :
         {"crossfoot_accepted_total{channel=\"pos\"} 1\n",
          "crossfoot_transactions_total{verdict=\"replayed\"} 1\n",
          "crossfoot_transactions_total{verdict=\"refused\"} 1\n",
          "crossfoot_http_answers_total{status=\"202\"} 2\n", "crossfoot_accept_seconds_count 3\n",
          "crossfoot_flows{status=\"done\"} 1\n", "crossfoot_moving_legs{target=\"erp\"} 0\n",
          "crossfoot_http_requests_in_flight 1\n",
          "crossfoot_target_calls_in_flight{target=\"loyalty\"} 0\n"}) {
      EXPECT_NE(body.find(line), std::string::npos) << line << body;
    }
    // Every sample is of a family that was announced just before.
    std::string family;
    for (const std::string& line : lines_of(body)) {
      if (line == "# EOF") continue;
      if (line.starts_with("# TYPE ")) family = line.substr(7, line.find(' ', 7) - 7);
      if (line.starts_with("#")) continue;
      EXPECT_TRUE(line.starts_with(family)) << line << " under " << family;
      const std::size_t space = line.rfind(' ');
      ASSERT_NE(space, std::string::npos);
      EXPECT_NE(line.substr(space + 1).find_first_of("0123456789"), std::string::npos) << line;
    }
  }
  EXPECT_TRUE(open.body.ends_with("# EOF\n"));
  EXPECT_NE(open.body.find("# TYPE crossfoot_accepted counter\n"), std::string::npos);
  EXPECT_EQ(text.body.find("# EOF"), std::string::npos);
}

TEST(Operations, TheConsoleIsCachedByName) {
  World world;
  const auto index = world.get("/console/");
  ASSERT_EQ(index.status, 200);
  EXPECT_EQ(index.header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(index.header("cache-control"), "no-cache");
  const std::string etag(index.header("etag"));
  EXPECT_EQ(world.get("/console/", {{"If-None-Match", etag}}).status, 304);
  EXPECT_EQ(world.get("/console/", {{"If-None-Match", "\"other\""}}).status, 200);
  EXPECT_EQ(world.get("/console/receipts/01ABC").body, index.body) << "a page of the console";
  const auto script = world.get("/console/assets/index-AbC123.js");
  EXPECT_EQ(script.body, "let a = 1;");
  EXPECT_EQ(script.header("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(world.get("/console/assets/gone.js").status, 404);
  EXPECT_EQ(world.get("/console/gone.png").status, 404);
  EXPECT_EQ(world.get("/console/..%2f..%2fetc/passwd").body, index.body) << "no file system here";
  const auto root = world.get("/console");
  EXPECT_EQ(root.status, 308);
  EXPECT_EQ(root.header("location"), "/console/");
}

TEST(Operations, HeadAnswersAsGetWithoutABody) {
  World world;
  const auto full = world.get("/openapi.json");
  world.send(runtime::Method::head, "/openapi.json");
  const auto head = world.last();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.header("content-length"), std::to_string(full.body.size()));
  EXPECT_EQ(world.get("/errors/CF-1207").header("content-type"), "text/markdown; charset=utf-8");
}

TEST(Operations, RequestsAreLoggedWhenAskedFor) {
  World world;
  ASSERT_EQ(world.get("/healthz/live").status, 200);
  EXPECT_TRUE(world.log_lines.empty());
  world.log.set_level(runtime::LogLevel::debug);
  ASSERT_EQ(world.get("/v1/transactions?business_date=2026-11-21").status, 200);
  ASSERT_EQ(world.log_lines.size(), 1U);
  EXPECT_EQ(at(world.log_lines[0], "/path"), "/v1/transactions") << "without the query";
  EXPECT_EQ(at(world.log_lines[0], "/status"), "200");
}

/// Paths and methods of a document, as `get /v1/overview`.
std::set<std::string> documented(std::string_view document) {
  std::set<std::string> found;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  EXPECT_EQ(parser.parse(document.data(), document.size()).get(root), simdjson::SUCCESS);
  simdjson::dom::object paths;
  EXPECT_EQ(root["paths"].get(paths), simdjson::SUCCESS);
  for (const auto [path, operations] : paths) {
    for (const auto [method, operation] : simdjson::dom::object(operations)) {
      std::string_view id;
      EXPECT_EQ(operation["operationId"].get(id), simdjson::SUCCESS);
      found.insert(std::string(method) + " " + std::string(path));
    }
  }
  return found;
}

TEST(OpenApi, DocumentAndRouteTableAreTheSame) {
  std::set<std::string> declared;
  for (const RouteInfo& route : route_table) {
    const bool get = route.method == runtime::Method::get;
    declared.insert((get ? "get " : "post ") + std::string(route.pattern));
  }
  EXPECT_EQ(documented(openapi_document()), declared);
  World world;
  EXPECT_EQ(documented(world.get("/openapi.json").body), declared);
}

TEST(OpenApi, EveryRouteHasAHandlerThatIsReached) {
  World world;
  for (const RouteInfo& route : route_table) {
    std::string path(route.pattern);
    for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{')) {
      path.replace(open, path.find('}') - open + 1, "1");
    }
    World::Headers headers;
    if (!route.consumes.empty()) headers.emplace_back("Content-Type", route.consumes);
    world.send(route.method, path, headers, route.consumes.empty() ? "" : "{}");
    const auto answer = world.last();
    EXPECT_NE(answer.status, 405) << path;
    EXPECT_NE(answer.status, 415) << path;
    EXPECT_LT(answer.status, 500) << path << answer.body;
    if (answer.status == 404) {
      EXPECT_EQ(at(answer.body, "/detail").find("nothing under this address"), std::string::npos)
          << path;
    }
  }
}

}  // namespace
}  // namespace crossfoot::edge

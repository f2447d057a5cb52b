#include <gmock/gmock.h>

#include "contract/json_writer.h"
#include "edge/api_world.h"

namespace crossfoot::edge {
namespace {

using test::at;
using test::World;
using testing::HasSubstr;

std::string customer(int revision, const std::string& rest) {
  return R"({"id":"C-1","status":"active","revision":)" + std::to_string(revision) + rest + "}";
}

std::string price(const std::string& amount, const std::string& from, const std::string& until,
                  int revision, const std::string& kind = "regular") {
  return R"({"article":"TOY-1","kind":")" + kind + R"(","price":{"amount":")" + amount +
         R"(","currency":"EUR"},"unit":"EA","tax_mode":"inclusive","region":"DE","revision":)" +
         std::to_string(revision) + R"(,"effective":{"from":")" + from + "\"" +
         (until.empty() ? "" : R"(,"until":")" + until + "\"") + "}}";
}

// Goal: a record goes in as its owner's statement, comes out with its provenance, and a repeat or
// an earlier statement changes nothing.
TEST(Records, TakeTheLaterStatementOfASystemWhateverCameLast) {
  World world;
  const auto made = world.post("/system/v1/crm/customers", customer(5, R"(,"language":"de")"));
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(at(made.body, "/outcome"), "created");
  EXPECT_EQ(at(made.body, "/key"), "C-1");
  const auto again = world.post("/system/v1/crm/customers", customer(5, R"(,"language":"de")"));
  EXPECT_EQ(at(again.body, "/outcome"), "replayed");
  EXPECT_EQ(again.header("idempotent-replayed"), "true");
  const auto late = world.post("/system/v1/crm/customers", customer(4, R"(,"language":"fr")"));
  EXPECT_EQ(at(late.body, "/outcome"), "superseded");
  const auto other = world.post("/system/v1/crm/customers", customer(5, R"(,"language":"fr")"));
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(at(other.body, "/code"), "CF-2421");
  const auto read = world.get("/v1/records/customers/C-1");
  ASSERT_EQ(read.status, 200) << read.body;
  EXPECT_EQ(at(read.body, "/record/language"), "de");
  EXPECT_EQ(at(read.body, "/version"), "1");
  EXPECT_EQ(at(read.body, "/source_revision"), "5");
  EXPECT_THAT(read.body, HasSubstr(R"({"pointer":"/language","system":"crm","revision":5)"));
  EXPECT_THAT(read.body, testing::Not(HasSubstr("salt")));
}

// Goal: an unreadable or ill-fitting record says where it is wrong and leaves nothing behind.
TEST(Records, AreJudgedByTheirContract) {
  World world;
  const auto bad = world.post("/system/v1/crm/customers", customer(1, R"(,"email":7)"));
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(at(bad.body, "/code"), "CF-1216");
  EXPECT_EQ(at(bad.body, "/errors/0/pointer"), "/email");
  EXPECT_EQ(at(world.post("/system/v1/crm/customers", "{").body, "/code"), "CF-1001");
  EXPECT_EQ(world.post("/system/v1/fax/customers", customer(1, "")).status, 404);
  EXPECT_EQ(world.post("/system/v1/crm/shoes", customer(1, "")).status, 404);
  EXPECT_EQ(world.get("/v1/records/customers/C-1").status, 404);
  EXPECT_EQ(world.get("/v1/record-versions/customers/C-1").status, 404);
}

// Goal: the price of an instant is the one that held then, of what was known then.
TEST(Records, AreReadAsOfATime) {
  World world;
  const std::string address = "/system/v1/erp/prices";
  ASSERT_EQ(world.post(address, price("19.99", "2026-01-01T00:00:00Z", "", 1)).status, 200);
  const auto next = world.post(
      address, price("17.99", "2026-11-21T00:00:00+01:00", "2026-11-23T00:00:00+01:00", 2));
  ASSERT_EQ(next.status, 200) << next.body;
  const std::string key = at(next.body, "/key");
  const auto amount = [&](const std::string& query) {
    return at(world.get("/v1/records/prices/" + key + query).body, "/record/price/amount");
  };
  EXPECT_EQ(amount("?as_of=2026-11-20T22:59:59Z"), "19.99");
  EXPECT_EQ(amount("?as_of=2026-11-20T23:00:00Z"), "17.99");
  EXPECT_EQ(amount("?as_of=2026-11-22T23:00:00Z"), "19.99");
  EXPECT_EQ(amount("?as_of=2025-12-31T23:59:59Z"), "<none>");
  EXPECT_EQ(amount("?as_of=2026-11-21T12:00:00Z&known_at=2026-01-01T00:00:00Z"), "<none>");
  EXPECT_EQ(world.get("/v1/records/prices/" + key + "?as_of=noon").status, 400);
  const auto list = world.get("/v1/records/prices?subject=TOY-1&as_of=2026-11-21T12:00:00Z");
  EXPECT_EQ(at(list.body, "/items/0/record/price/amount"), "17.99");
  EXPECT_EQ(at(list.body, "/items/1"), "<none>");
  EXPECT_EQ(at(world.get("/v1/records/prices?subject=TOY-2").body, "/items/0"), "<none>");
  const auto versions = world.get("/v1/record-versions/prices/" + key);
  EXPECT_EQ(at(versions.body, "/items/0/version"), "2");
  EXPECT_EQ(at(versions.body, "/items/1/record/price/amount"), "19.99");
}

// Goal: the price that a till asks for, from what the ERP has handed over, as of any instant.
TEST(Records, AnswerWhatAnArticleCosts) {
  World world;
  const std::string address = "/system/v1/erp/prices";
  ASSERT_EQ(world.post(address, price("19.99", "2026-01-01T00:00:00Z", "", 1)).status, 200);
  ASSERT_EQ(world
                .post(address, price("14.99", "2026-11-21T00:00:00+01:00",
                                     "2026-11-23T00:00:00+01:00", 1, "promotional"))
                .status,
            200);
  const std::string asked = "/process/v1/price-lookup?article=TOY-1&region=DE";
  const auto saturday = world.get(asked + "&as_of=2026-11-21T12:00:00Z");
  ASSERT_EQ(saturday.status, 200) << saturday.body;
  EXPECT_EQ(at(saturday.body, "/price/amount"), "14.99");
  EXPECT_EQ(at(saturday.body, "/regular/amount"), "19.99");
  EXPECT_EQ(at(saturday.body, "/kind"), "promotional");
  const auto monday = world.get(asked + "&as_of=2026-11-23T00:00:00%2B01:00");
  EXPECT_EQ(at(monday.body, "/price/amount"), "19.99");
  EXPECT_EQ(at(monday.body, "/regular"), "null");
  EXPECT_EQ(world.get("/process/v1/price-lookup?article=TOY-1&as_of=2026-11-21T12:00:00Z").status,
            404)
      << "no region was named";
  EXPECT_EQ(world.get("/process/v1/price-lookup?region=DE").status, 400);
  EXPECT_EQ(world.get(asked + "&quantity=-1").status, 400);
}

// Goal: many records in one request, each with its own result; lines about one record in order.
TEST(Records, ComeInBatchesWithAResultPerLine) {
  World world;
  std::string body;
  for (int revision = 1; revision <= 40; ++revision) {
    body += customer(revision, R"(,"name":{"display":"Name )" + std::to_string(revision) + "\"}");
    body += '\n';
  }
  body += "nonsense\n\n";
  body += R"({"id":"C-2","status":"active"})";
  world.send(runtime::Method::post, "/system/v1/crm/customers/batch",
             {{"Content-Type", "application/x-ndjson"}}, body);
  const auto answer = world.last();
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr(R"({"line":1,"status":200,"key":"C-1","outcome":"created")"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"line":40,"status":200,"key":"C-1","outcome":"updated",)"
                                     R"("version":40)"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"line":41,"status":400,"problem":)"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"line":43,"status":200,"key":"C-2","outcome":"created")"));
  EXPECT_EQ(at(world.get("/v1/records/customers/C-1").body, "/record/name/display"), "Name 40");
  const auto first = world.get("/v1/records/customers?limit=1");
  EXPECT_EQ(at(first.body, "/items/0/key"), "C-1");
  EXPECT_EQ(at(first.body, "/next"), "C-1");
  const auto second = world.get("/v1/records/customers?limit=1&after=C-1");
  EXPECT_EQ(at(second.body, "/items/0/key"), "C-2");
}

// Goal: a field of another system is refused, ignored with a record, or proposed to a person, who
// decides once.
TEST(Records, KeepEachFieldForItsOwner) {
  World world;
  ASSERT_EQ(world
                .post("/system/v1/crm/customers",
                      customer(1, R"(,"language":"de","email":"a@x.example")"))
                .status,
            200);
  const auto refused =
      world.post("/system/v1/loyalty/customers", customer(1, R"(,"language":"fr")"));
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(at(refused.body, "/code"), "CF-2420");
  EXPECT_EQ(at(refused.body, "/errors/0/pointer"), "/language");
  const auto taken = world.post(
      "/system/v1/loyalty/customers",
      R"({"id":"C-1","status":"blocked","revision":1,"email":"b@x.example","memberships":[)"
      R"({"programme":"default","member":"M-1","status":"enrolled"}]})");
  ASSERT_EQ(taken.status, 200) << taken.body;
  EXPECT_EQ(at(taken.body, "/ignored/0"), "/status");
  EXPECT_EQ(at(taken.body, "/changed/0"), "/memberships");
  const std::string id = at(taken.body, "/proposals/0");
  const auto open = world.get("/v1/record-proposals");
  EXPECT_EQ(at(open.body, "/items/0/id"), id);
  EXPECT_EQ(at(open.body, "/items/0/value"), "b@x.example");
  EXPECT_EQ(at(world.get("/v1/records/customers/C-1").body, "/record/email"), "a@x.example");
  const std::string decision = R"({"by":"j.meier","reason":"she wrote to us"})";
  const auto accepted = world.post("/v1/record-proposals/" + id + "/accept", decision);
  ASSERT_EQ(accepted.status, 200) << accepted.body;
  const auto read = world.get("/v1/records/customers/C-1");
  EXPECT_EQ(at(read.body, "/record/email"), "b@x.example");
  EXPECT_EQ(at(read.body, "/record/status"), "active");
  const auto twice = world.post("/v1/record-proposals/" + id + "/reject", decision);
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(at(twice.body, "/code"), "CF-2423");
  EXPECT_EQ(at(world.get("/v1/record-proposals").body, "/items/0"), "<none>");
  EXPECT_THAT(world.get("/v1/field-ownership").body,
              HasSubstr(R"({"pointer":"/email","owner":"crm","foreign":"propose"})"));
}

// Goal: a system writes as itself only, and records of persons are for those who may see them.
TEST(Records, AreWrittenAndReadByThoseWhoMay) {
  const auto identify = [](const runtime::HttpRequest& request) -> Result<Caller> {
    Caller caller{.name = "c"};
    std::string_view roles = request.header("x-test-role");
    EXPECT_TRUE(add_role(roles, caller.permissions));
    return caller;
  };
  World world({}, {}, test::built_in_book, identify);
  const World::Headers crm{{"x-test-role", "crm_system"}};
  const World::Headers erp{{"x-test-role", "erp_system"}};
  EXPECT_EQ(world.post("/system/v1/crm/customers", customer(1, ""), erp).status, 403);
  EXPECT_EQ(world.post("/system/v1/crm/customers", customer(1, ""), crm).status, 200);
  EXPECT_EQ(world.get("/v1/records/customers/C-1", crm).status, 200);
  EXPECT_EQ(world.get("/v1/records/customers/C-1", erp).status, 403);
  EXPECT_EQ(world.get("/v1/records/customers", erp).status, 403);
  EXPECT_EQ(world.get("/v1/records/products", erp).status, 200);
  EXPECT_EQ(world.get("/v1/record-proposals", crm).status, 403);
}

// Goal: a commit that fails or whose outcome is unclear is a retryable answer; sent again, the
// record is there once.
TEST(Records, SurviveCommitsThatFailOrAreUnclear) {
  using Fault = store::MemoryStore::CommitFault;
  World world;
  world.data_store().fail_next_commit(Fault::failed);
  const auto failed = world.post("/system/v1/crm/customers", customer(1, ""));
  EXPECT_EQ(failed.status, 503) << failed.body;
  EXPECT_EQ(at(failed.body, "/retryable"), "true");
  const auto made = world.post("/system/v1/crm/customers", customer(1, ""));
  EXPECT_EQ(at(made.body, "/version"), "1");
  world.data_store().fail_next_commit(Fault::unclear_applied);
  EXPECT_EQ(world.post("/system/v1/crm/customers", customer(2, R"(,"language":"de")")).status, 503);
  world.reopen();
  const auto again = world.post("/system/v1/crm/customers", customer(2, R"(,"language":"de")"));
  EXPECT_EQ(at(again.body, "/outcome"), "replayed") << again.body;
  EXPECT_EQ(at(world.get("/v1/records/customers/C-1").body, "/version"), "2");
  world.read([](store::Reader& reader) {
    for (Partition partition = 0; partition < partition_count; ++partition) {
      std::uint64_t expected = 1;
      for (const store::JournalRow& row : *reader.journal_after(partition, 0, 100)) {
        EXPECT_EQ(row.position, expected++) << "a gap in partition " << partition;
      }
    }
    return true;
  });
}

// Goal: what was written is there after the engine has started again, and the next version follows.
TEST(Records, OutliveTheEngine) {
  World world;
  ASSERT_EQ(world.post("/system/v1/crm/customers", customer(1, "")).status, 200);
  world.drop_engine();
  EXPECT_EQ(world.post("/system/v1/crm/customers", customer(2, "")).status, 503);
  world.start_engine();
  const auto next = world.post("/system/v1/crm/customers", customer(2, R"(,"language":"de")"));
  EXPECT_EQ(at(next.body, "/version"), "2");
}

}  // namespace
}  // namespace crossfoot::edge

// Goal: records in every engine: versions, times, pages, erasure, and one version of each number.
#include <gmock/gmock.h>

#include "store/api/home.h"
#include "store/store_contract.h"

namespace crossfoot::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Instant no_end{std::numeric_limits<std::int64_t>::max()};

class StoreRecords : public StoreContract {
 protected:
  static RecordName price(std::string key) { return {"price", "default", std::move(key)}; }

  Unit version(const RecordName& name, std::uint32_t number, Instant from, std::string body,
               Instant to = no_end, std::string subject = "TOY-1") {
    const Hash128 key = hash(name.kind + name.scope + name.key + std::to_string(number));
    Unit unit;
    RecordRow row{.name = name,
                  .version = number,
                  .id = id(++made_, home_of(key)),
                  .recorded_at = {1'000 + number},
                  .valid_from = from,
                  .valid_to = to,
                  .subject = std::move(subject),
                  .source = "erp",
                  .revision = number * 10,
                  .content = hash(body),
                  .provenance = "{\"/price\":\"erp\"}",
                  .body = std::move(body)};
    unit.keys.push_back(
        {.kind = KeyKind::record, .hash = key, .id = row.id, .content = row.content});
    unit.records.rows.push_back(std::move(row));
    return unit;
  }
  std::string at(const RecordName& name, RecordTime time) {
    const auto found = read([&](Reader& r) { return r.record_at(name, time); });
    EXPECT_TRUE(found.has_value());
    return found && *found ? (*found)->body : "none";
  }
  std::vector<std::string> keys_of(RecordQuery query) {
    const auto found = read([&](Reader& r) { return r.records(query); });
    EXPECT_TRUE(found.has_value());
    std::vector<std::string> keys;
    for (const RecordRow& row : *found) keys.push_back(row.name.key + "=" + row.body);
    return keys;
  }

 private:
  std::uint64_t made_ = 0;
};

TEST_P(StoreRecords, TheVersionThatCoversBothTimesCounts) {
  // Goal: an offer covers the regular price while it lasts, and is not known before it came.
  const RecordName name = price("TOY-1");
  ASSERT_EQ(commit_one(version(name, 1, {100}, "regular")).outcome, Outcome::applied);
  ASSERT_EQ(commit_one(version(name, 2, {200}, "offer", {300})).outcome, Outcome::applied);
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(at(name, {{99}}), "none");
    EXPECT_EQ(at(name, {{100}}), "regular");
    EXPECT_EQ(at(name, {{199}}), "regular");
    EXPECT_EQ(at(name, {{200}}), "offer");
    EXPECT_EQ(at(name, {{299}}), "offer");
    EXPECT_EQ(at(name, {{300}}), "regular");
    EXPECT_EQ(at(name, {{250}, {1'001}}), "regular");
    EXPECT_EQ(at(name, {{250}, {1'000}}), "none");
    EXPECT_EQ(at({"price", "other", "TOY-1"}, {{250}}), "none");
    reopen();
  }
  const auto row = read([&](Reader& r) { return r.record_at(name, {{250}}); });
  ASSERT_TRUE(row.has_value() && row->has_value());
  EXPECT_EQ((*row)->version, 2U);
  EXPECT_EQ((*row)->recorded_at, Instant{1'002});
  EXPECT_EQ((*row)->valid_to, Instant{300});
  EXPECT_EQ((*row)->revision, 20U);
  EXPECT_EQ((*row)->source, "erp");
  EXPECT_EQ((*row)->subject, "TOY-1");
  EXPECT_EQ((*row)->content, hash("offer"));
  EXPECT_EQ((*row)->provenance, "{\"/price\":\"erp\"}");
}

TEST_P(StoreRecords, AVersionIsTakenOnce) {
  // Goal: two writers of one version: the key lets one in, also within one commit.
  const RecordName name = price("TOY-1");
  std::vector<Unit> both;
  both.push_back(version(name, 1, {1}, "first"));
  both.push_back(version(name, 1, {1}, "second"));
  const std::vector<UnitResult> results = commit(std::move(both));
  EXPECT_EQ(results[0].outcome, Outcome::applied);
  EXPECT_EQ(results[1].outcome, Outcome::duplicate);
  EXPECT_EQ(commit_one(version(name, 1, {1}, "third")).outcome, Outcome::duplicate);
  EXPECT_EQ(at(name, {{1}}), "first");
}

TEST_P(StoreRecords, PagesAreByKeyAndSubject) {
  // Goal: of each key the version that counts, in order of keys, on from the last one.
  for (const char* key : {"C", "A", "B", "D"}) {
    ASSERT_EQ(commit_one(version(price(key), 1, {100}, "one")).outcome, Outcome::applied);
  }
  ASSERT_EQ(commit_one(version(price("B"), 2, {200}, "two")).outcome, Outcome::applied);
  ASSERT_EQ(commit_one(version(price("E"), 1, {100}, "one", no_end, "TOY-2")).outcome,
            Outcome::applied);
  ASSERT_EQ(commit_one(version(price("F"), 1, {500}, "late")).outcome, Outcome::applied);
  const auto query = [](std::string after, std::string subject, std::size_t limit) {
    return RecordQuery{.kind = "price",
                       .scope = "default",
                       .subject = std::move(subject),
                       .after = std::move(after),
                       .at = {{200}},
                       .limit = limit};
  };
  EXPECT_THAT(keys_of(query("", "", 3)), ElementsAre("A=one", "B=two", "C=one"));
  EXPECT_THAT(keys_of(query("C", "", 9)), ElementsAre("D=one", "E=one"));
  EXPECT_THAT(keys_of(query("", "TOY-2", 9)), ElementsAre("E=one"));
  EXPECT_THAT(keys_of(query("A", "TOY-1", 2)), ElementsAre("B=two", "C=one"));
  RecordQuery none = query("", "", 9);
  none.scope = "other";
  EXPECT_THAT(keys_of(none), IsEmpty());
}

TEST_P(StoreRecords, VersionsComeNewestFirst) {
  const RecordName name = price("TOY-1");
  for (std::uint32_t n = 1; n <= 4; ++n) {
    ASSERT_EQ(commit_one(version(name, n, {n}, std::to_string(n))).outcome, Outcome::applied);
  }
  ASSERT_EQ(commit_one(version(price("TOY-10"), 1, {1}, "other")).outcome, Outcome::applied);
  const auto bodies = [&](std::uint32_t before, std::size_t limit) {
    std::vector<std::string> all;
    const auto rows = read([&](Reader& r) { return r.record_versions(name, before, limit); });
    for (const RecordRow& row : *rows) all.push_back(row.body);
    return all;
  };
  EXPECT_THAT(bodies(0, 2), ElementsAre("4", "3"));
  EXPECT_THAT(bodies(3, 9), ElementsAre("2", "1"));
  EXPECT_THAT(bodies(1, 9), IsEmpty());
}

TEST_P(StoreRecords, ErasureTakesOutWhatEarlierVersionsAndMessagesSay) {
  // Goal: what a person asked to be forgotten is gone; that it was there stays.
  const RecordName name{"customer", "default", "C-1"};
  Unit first = version(name, 1, {1}, "Ada");
  first.message = message(id(90), "ada");
  first.message->body = "Ada";
  ASSERT_EQ(commit_one(std::move(first)).outcome, Outcome::applied);
  ASSERT_EQ(commit_one(version({"customer", "default", "C-2"}, 1, {1}, "Bob")).outcome,
            Outcome::applied);
  Unit erasing = version(name, 2, {2}, "erased");
  erasing.records.erasures.push_back({name, 2});
  erasing.records.messages.push_back({id(90), "{}"});
  ASSERT_EQ(commit_one(std::move(erasing)).outcome, Outcome::applied);
  reopen();
  const auto rows = read([&](Reader& r) { return r.record_versions(name, 0, 9); });
  ASSERT_THAT(*rows, SizeIs(2));
  EXPECT_EQ((*rows)[0].body, "erased");
  EXPECT_EQ((*rows)[1].body, "");
  EXPECT_EQ((*rows)[1].provenance, "");
  EXPECT_TRUE((*rows)[1].content.is_zero());
  EXPECT_EQ((*rows)[1].revision, 10U);
  EXPECT_EQ(at({"customer", "default", "C-2"}, {{5}}), "Bob");
  const auto kept = read([&](Reader& r) { return r.load_message(id(90)); });
  EXPECT_EQ((*kept)->body, "{}");
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreRecords, testing::ValuesIn(all_engines()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace crossfoot::store

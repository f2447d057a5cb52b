// Goal: whose word counts, field by field: order of words, owners, proposals, times.
#include "contract/record/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "contract/record/customer.h"
#include "contract/record/json_text.h"
#include "contract/registry/registry.h"

namespace crossfoot::contract::record {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant noon{1'795'000'000'000'000};

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Kind kind_of(const std::string& name) {
  const registry::ReadFile read = [](const std::string& path) -> Result<std::string> {
    return read_text("api/contracts/" + path);
  };
  auto all = registry::load_registry({"registry.json", name + ".json"}, read);
  EXPECT_TRUE(all.has_value()) << (all ? "" : all.error().where + all.error().cause);
  const registry::Contract& contract = all->contracts.front();
  auto schema = registry::compile_version(*all, contract.versions.front(), read);
  EXPECT_TRUE(schema.has_value());
  return {.contract = name,
          .path = contract.record->path,
          .identity = contract.record->identity,
          .subject = contract.record->subject,
          .valid = contract.record->valid,
          .schema = *schema,
          .ownership = ownership_of(contract)};
}

class Customer : public testing::Test {
 protected:
  std::expected<Merged, Problem> say(std::string_view system, const std::string& json) {
    auto statement = read_statement(kind_, system, json);
    if (!statement) return std::unexpected(statement.error());
    auto merged = merge(kind_, known_ ? &*known_ : nullptr, *statement, now_, "salt");
    now_ = now_ + std::chrono::seconds{1};
    const bool stored = merged && merged->outcome != Merged::Outcome::replayed &&
                        merged->outcome != Merged::Outcome::late;
    if (stored) {
      known_ = Known{known_ ? known_->version + 1 : 1, merged->valid_from, merged->valid_to,
                     merged->body, merged->provenance};
    }
    return merged;
  }
  Merged::Outcome outcome(std::string_view system, const std::string& json) {
    auto merged = say(system, json);
    EXPECT_TRUE(merged.has_value()) << (merged ? "" : merged.error().detail);
    return merged ? merged->outcome : Merged::Outcome::late;
  }
  std::string code(std::string_view system, const std::string& json) {
    auto merged = say(system, json);
    return merged ? "taken" : merged.error().code;
  }
  static std::string ada(const std::string& rest) {
    return R"({"id":"C-1","status":"active",)" + rest + "}";
  }

  Kind kind_ = kind_of("customer");
  Instant now_ = noon;
  std::optional<Known> known_;
};

TEST_F(Customer, TheLaterWordOfASystemCountsWhateverCameLast) {
  // Goal: no arrival wins by coming last.
  EXPECT_EQ(outcome("crm", ada(R"("revision":5,"email":"a@x.example")")), Merged::Outcome::created);
  EXPECT_EQ(outcome("crm", ada(R"("revision":4,"email":"b@x.example")")), Merged::Outcome::late);
  EXPECT_EQ(outcome("crm", ada(R"("revision":5,"email":"a@x.example")")),
            Merged::Outcome::replayed);
  EXPECT_EQ(code("crm", ada(R"("revision":5,"email":"c@x.example")")), "CF-2421");
  EXPECT_THAT(known_->body, testing::HasSubstr("a@x.example"));
  EXPECT_EQ(outcome("crm", ada(R"("revision":7,"email":"a@x.example")")),
            Merged::Outcome::unchanged);
  EXPECT_EQ(outcome("crm", ada(R"("revision":6,"email":"d@x.example")")), Merged::Outcome::late);
  EXPECT_EQ(outcome("crm", ada(R"("revision":8)")), Merged::Outcome::updated);
  EXPECT_THAT(known_->body, testing::Not(testing::HasSubstr("email")));
}

TEST_F(Customer, TimesOrderTheWordsOfASystemWithoutRevisions) {
  EXPECT_EQ(outcome("crm", ada(R"("changed_at":"2026-11-20T10:00:00Z","language":"de")")),
            Merged::Outcome::created);
  EXPECT_EQ(known_->valid_from, *parse_instant("2026-11-20T10:00:00Z"));
  EXPECT_EQ(outcome("crm", ada(R"("changed_at":"2026-11-20T09:00:00Z","language":"fr")")),
            Merged::Outcome::late);
  EXPECT_EQ(outcome("crm", ada(R"("changed_at":"2026-11-20T11:00:00Z","language":"fr")")),
            Merged::Outcome::updated);
  EXPECT_EQ(outcome("crm", ada(R"("language":"it")")), Merged::Outcome::late);
}

TEST_F(Customer, FieldsOfOthersAreRefusedIgnoredOrProposed) {
  ASSERT_EQ(outcome("crm", ada(R"("revision":1,"email":"a@x.example","language":"de")")),
            Merged::Outcome::created);
  // Said as it is known, nothing of another's is changed; its own field is taken.
  const std::string enrolled =
      R"("memberships":[{"programme":"default","member":"M-1","status":"enrolled"}])";
  EXPECT_EQ(outcome("loyalty", ada(R"("revision":1,)" + enrolled)), Merged::Outcome::updated);
  auto refused = say("loyalty", ada(R"("revision":2,"language":"fr",)" + enrolled));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "CF-2420");
  ASSERT_EQ(refused.error().errors.size(), 1U);
  EXPECT_EQ(refused.error().errors[0].pointer, "/language");
  auto taken = say("loyalty", R"({"id":"C-1","status":"blocked","revision":2,)"
                              R"("email":"b@x.example",)" +
                                  enrolled + "}");
  ASSERT_TRUE(taken.has_value()) << taken.error().detail;
  EXPECT_THAT(taken->ignored, ElementsAre("/status"));
  ASSERT_EQ(taken->proposed.size(), 1U);
  EXPECT_EQ(taken->proposed[0].pointer, "/email");
  EXPECT_EQ(taken->proposed[0].value, R"("b@x.example")");
  EXPECT_THAT(known_->body, testing::HasSubstr("a@x.example"));
  auto accepted = accept_proposal(kind_, *known_, taken->proposed[0], "loyalty", now_);
  ASSERT_TRUE(accepted.has_value());
  EXPECT_THAT(accepted->body, testing::HasSubstr("b@x.example"));
  EXPECT_EQ(accepted->provenance.fields.at("/email").system, "loyalty");
}

TEST_F(Customer, AnOwnerLeavesOutOnlyItsOwnFields) {
  ASSERT_EQ(outcome("crm", ada(R"("revision":1,"email":"a@x.example")")), Merged::Outcome::created);
  ASSERT_EQ(outcome("loyalty", ada(R"("memberships":[{"programme":"p","member":"M-1",)"
                                   R"("status":"enrolled"}])")),
            Merged::Outcome::updated);
  ASSERT_EQ(outcome("crm", ada(R"("revision":2)")), Merged::Outcome::updated);
  EXPECT_THAT(known_->body, testing::HasSubstr("M-1"));
  EXPECT_THAT(known_->body, testing::Not(testing::HasSubstr("email")));
  const auto again = decode_provenance(encode(known_->provenance));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, known_->provenance);
}

TEST_F(Customer, WhatDoesNotFitTheContractSaysWhere) {
  auto refused = say("crm", R"({"id":"C-1","status":"merged"})");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "CF-1216");
  EXPECT_EQ(code("crm", R"({"id":"C-1","status":"active","email":5})"), "CF-1216");
  EXPECT_EQ(code("crm", "{"), "CF-1001");
  EXPECT_FALSE(known_.has_value());
  // The whole must fit too: crm may not leave a merged customer without a successor.
  EXPECT_EQ(code("loyalty", R"({"id":"C-1","status":"active"})"), "CF-1216");
}

TEST_F(Customer, AMergeStandsUntilAPersonTakesItBack) {
  // Goal: a system that has not heard of a merge does not undo it by saying what it knows.
  ASSERT_EQ(outcome("crm", ada(R"("revision":1,"language":"de")")), Merged::Outcome::created);
  const Known survivor{.version = 1, .body = R"({"id":"C-2","status":"active"})"};
  const auto keep = [&](const std::expected<Merged, Problem>& made) {
    ASSERT_TRUE(made.has_value()) << made.error().detail;
    known_ =
        Known{known_->version + 1, made->valid_from, made->valid_to, made->body, made->provenance};
  };
  keep(merged_into(kind_, *known_, "C-2", survivor, now_));
  auto said = say("crm", ada(R"("revision":2,"language":"fr")"));
  ASSERT_TRUE(said.has_value()) << said.error().detail;
  EXPECT_THAT(said->ignored, ElementsAre("/status"));
  EXPECT_THAT(known_->body, testing::HasSubstr(R"("merged_into":"C-2")"));
  EXPECT_THAT(known_->body, testing::HasSubstr(R"("language":"fr")"));
  EXPECT_FALSE(merged_into(kind_, *known_, "C-3", survivor, now_).has_value());
  keep(unmerged(kind_, *known_, now_));
  EXPECT_EQ(outcome("crm", R"({"id":"C-1","status":"blocked","revision":3})"),
            Merged::Outcome::updated);
  EXPECT_THAT(known_->body, testing::HasSubstr("blocked"));
}

TEST_F(Customer, ErasureLeavesTheIdAndNoSalt) {
  // Goal: nothing by which what is gone could be guessed.
  ASSERT_EQ(outcome("crm", ada(R"("revision":1,"email":"a@x.example")")), Merged::Outcome::created);
  const auto made = erased(kind_, *known_, now_);
  ASSERT_TRUE(made.has_value()) << made.error().detail;
  EXPECT_THAT(made->body, testing::Not(testing::HasSubstr("a@x.example")));
  EXPECT_EQ(made->provenance.salt, "");
  EXPECT_TRUE(made->provenance.words.empty());
  known_ = Known{2, made->valid_from, made->valid_to, made->body, made->provenance};
  EXPECT_EQ(code("crm", ada(R"("revision":2)")), "CF-2424");
  EXPECT_EQ(erased(kind_, *known_, now_)->outcome, Merged::Outcome::replayed);
}

TEST(PriceRecord, HasItsTimesAndItsKeyFromItsFields) {
  const Kind kind = kind_of("price");
  const std::string price =
      R"({"article":"TOY-1","kind":"promotional","price":{"amount":"9.99","currency":"EUR"},)"
      R"("unit":"EA","tax_mode":"inclusive","region":"DE","shops":["DE-002","DE-001"],)"
      R"("effective":{"from":"2026-11-21T00:00:00+01:00","until":"2026-11-23T00:00:00+01:00"}})";
  const auto statement = read_statement(kind, "erp", price);
  ASSERT_TRUE(statement.has_value()) << statement.error().detail;
  EXPECT_THAT(statement->key, testing::StartsWith("TOY-1~promotional~~DE~~~~EA~EUR~"));
  EXPECT_EQ(statement->subject, "TOY-1");
  const auto merged = merge(kind, nullptr, *statement, noon, "salt");
  ASSERT_TRUE(merged.has_value());
  EXPECT_EQ(merged->valid_from, *parse_instant("2026-11-20T23:00:00Z"));
  EXPECT_EQ(merged->valid_to, parse_instant("2026-11-22T23:00:00Z"));
  EXPECT_THAT(merged->ignored, IsEmpty());
}

TEST(OwnershipOverride, ChangesRulesAndRefusesUnknownContracts) {
  std::map<std::string, Ownership, std::less<>> all;
  all.emplace("customer", kind_of("customer").ownership);
  ASSERT_TRUE(override_ownership(
      R"({"version":3,"contracts":{"customer":{"/email":{"owner":"loyalty","foreign":"ignore"}}}})",
      all));
  EXPECT_EQ(all["customer"].version, 3U);
  EXPECT_EQ(all["customer"].rule_of("/email")->owner, "loyalty");
  EXPECT_EQ(all["customer"].rule_of("/email")->otherwise, ForeignWrite::ignore);
  EXPECT_EQ(all["customer"].rule_of("/phone")->owner, "crm");
  EXPECT_FALSE(override_ownership(R"({"version":3,"contracts":{"none":{}}})", all));
  EXPECT_FALSE(override_ownership(
      R"({"version":3,"contracts":{"customer":{"/email":{"owner":"nobody"}}}})", all));
}

TEST(CanonicalJson, IsOneTextForEqualValues) {
  const auto text = [](const std::string& json) {
    return canonical(schema::JsonDocument::parse(json)->root());
  };
  EXPECT_EQ(text(R"({ "b":[1.0,2e1,0.50,-3,1e30] , "a":{},"c":[]})"),
            R"({"a":{},"b":[1,20,5e-1,-3,1e30],"c":[]})");
  EXPECT_EQ(text(R"({"n":12.5})"), R"({"n":12.5})");
}

}  // namespace
}  // namespace crossfoot::contract::record

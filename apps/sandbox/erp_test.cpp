// Goal: the ERP stand-in keeps true books through its own kill, and damages them only when asked
// to.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <fstream>
#include <map>
#include <set>

#include "sandbox/erp_books.h"
#include "sandbox/testing.h"

namespace crossfoot::sandbox {
namespace {

using testing::Driver;
using testing::Json;
using testing::TempFolder;

constexpr std::string_view postings = "/erp/v1/postings";
constexpr std::string_view documents = "/erp/v1/documents";
constexpr std::string_view memos = "/erp/v1/credit-memos";

std::string sale(std::string_view reference, std::string_view kind = "sale",
                 std::string_view date = "2026-11-21", std::string_view shop = "DE-001") {
  return fmt::format(
      R"({{"reference": "{}", "kind": "{}", "shop": "{}", "region": "DE", "business_date": "{}",
      "occurred_at": "2026-11-21T10:03:04+01:00", "currency": "EUR", "tax_mode": "inclusive",
      "original_reference": null, "receipt": "{}/3/1",
      "lines": [{{"line": 1, "kind": "goods", "article": "TOY-1", "quantity": "2",
        "unit_price": "19.99", "discount": "0.00", "tax_code": "DE-STD", "tax_rate": "0.19"}},
       {{"line": 2, "kind": "goods", "article": "BOOK", "quantity": "1", "unit_price": "5.01",
        "tax_code": "DE-RED", "tax_rate": "0.07"}}],
      "discounts": [{{"amount": "4.50"}}], "tenders": [{{"kind": "card", "amount": "40.49"}}]}})",
      reference, kind, shop, date, shop);
}

std::string day(std::string_view date) {
  return fmt::format("business_date={}&limit=1000", date);
}

class Erp : public ::testing::Test {
 protected:
  TempFolder folder;
  Driver erp{&open_erp, folder.path()};
};

// Goal: closed books refuse what is posted in them, whatever its value date, and stay closed.
TEST_F(Erp, RefusesPostingsInAClosedPeriod) {
  const Reply put =
      erp.put("/erp/v1/periods", R"({"closed": [{"from": "2026-11-01", "to": "2026-11-30"}]})");
  EXPECT_EQ(put.status, 200) << put.body;
  const Reply refused = erp.post(postings, sale("R1"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(Json(refused.body)["/error/code"], "period_closed");
  std::string later = sale("R1");
  later.insert(1, R"("posting_date": "2026-12-01", )");
  const Reply booked = erp.post(postings, later);
  EXPECT_EQ(booked.status, 201) << booked.body;
  const Json page(erp.get(documents, day("2026-11-21")).body);
  EXPECT_EQ(page["/items/0/posting_date"], "2026-12-01") << "listed under its value date";
  std::string wrong = sale("R2");
  wrong.insert(1, R"("posting_date": "2026-02-30", )");
  EXPECT_EQ(erp.post(postings, wrong).status, 400);
  const Json moved(erp.post("/erp/v1/stock-movements:batch", R"({"items": [
      {"reference": "S1", "shop": "DE-001", "article": "A", "quantity": "1",
       "business_date": "2026-11-21"},
      {"reference": "S2", "shop": "DE-001", "article": "A", "quantity": "1",
       "business_date": "2026-11-21", "posting_date": "2026-12-01"}]})")
                       .body);
  EXPECT_EQ(moved["/results/0/status"], "rejected");
  EXPECT_EQ(moved["/results/1/status"], "posted");
  EXPECT_EQ(
      erp.put("/erp/v1/periods", R"({"closed": [{"from": "2026-11-30", "to": "2026-11-01"}]})")
          .status,
      400);
  EXPECT_EQ(Json(erp.get("/erp/v1/periods", "").body)["/closed/0/to"], "2026-11-30");
}

TEST_F(Erp, PostsASale) {
  const Reply reply = erp.post(postings, sale("R1"));
  EXPECT_EQ(reply.status, 201);
  const Json answer(reply.body);
  EXPECT_EQ(answer["/state"], "posted");
  EXPECT_EQ(answer["/gross"], "40.49");
  EXPECT_EQ(answer["/tax"], "6.04");  // 35.98 × 19/119 = 5.74…, 4.51 × 7/107 = 0.30
  EXPECT_EQ(answer["/net"], "34.45");
  const Json found(erp.get(documents, "reference=R1").body);
  ASSERT_EQ(found.size("/items"), 1U);
  EXPECT_EQ(found["/items/0/id"], answer["/id"]);
  EXPECT_EQ(found["/items/0/exact_net"], "40.49");
  EXPECT_EQ(found["/items/0/taxes/1/tax_code"], "DE-STD");
  EXPECT_EQ(found["/items/0/taxes/1/tax"], "5.74");
  EXPECT_EQ(found["/items/0/lines/0/amount"], "35.98");
  EXPECT_EQ(found["/items/0/tenders/0/amount"], "40.49");
}

TEST_F(Erp, MakesTwoDocumentsOfAReferenceSentTwice) {
  EXPECT_NE(Json(erp.post(postings, sale("R1")).body)["/id"],
            Json(erp.post(postings, sale("R1")).body)["/id"]);
  EXPECT_EQ(Json(erp.get(documents, "reference=R1").body).size("/items"), 2U);
}

TEST_F(Erp, CountsAReturnAgainstTheSale) {
  erp.post(postings, sale("R1"));
  erp.post(postings, sale("R2", "return"));
  const Json control(erp.get("/erp/v1/control", "business_date=2026-11-21").body);
  ASSERT_EQ(control.size("/items"), 2U);
  EXPECT_EQ(control["/items/0/documents"], "2");
  EXPECT_EQ(control["/items/0/gross"], "0.00");
  const Json returned(erp.get(documents, "reference=R2").body);
  EXPECT_EQ(returned["/items/0/gross"], "-40.49");
  EXPECT_EQ(returned["/items/0/tenders/0/amount"], "-40.49");
  const Json stock(erp.get("/erp/v1/stock", "shop=DE-001&article=TOY-1").body);
  EXPECT_EQ(stock["/items/0/sold"], "2");
  EXPECT_EQ(stock["/items/0/returned"], "2");
  EXPECT_EQ(stock["/items/0/on_hand"], "0");
}

TEST_F(Erp, HasNoEffectBeforeAMemoIsReleased) {
  const Json draft(erp.post(memos, sale("M1", "return")).body);
  EXPECT_EQ(draft["/state"], "draft");
  EXPECT_EQ(Json(erp.get("/erp/v1/control", "business_date=2026-11-21").body).size("/items"), 0U);
  EXPECT_EQ(Json(erp.get("/erp/v1/stock", "article=TOY-1").body).size("/items"), 0U);
  const std::string release = fmt::format("{}/{}/release", memos, draft["/id"]);
  EXPECT_EQ(Json(erp.post(release, "").body)["/state"], "posted");
  EXPECT_EQ(erp.post(release, "").status, 409);
  EXPECT_EQ(Json(erp.get("/erp/v1/control", "business_date=2026-11-21").body)["/items/0/documents"],
            "1");
  EXPECT_EQ(erp.post(fmt::format("{}/C-0000009999/release", memos), "").status, 404);
  EXPECT_EQ(erp.post(memos, sale("M2", "sale")).status, 422);
}

TEST_F(Erp, MirrorsAVoidOnce) {
  erp.post(postings, sale("R1"));
  constexpr std::string_view body =
      R"({"reference": "V1", "kind": "void", "shop": "DE-001", "business_date": "2026-11-21",
          "occurred_at": "2026-11-21T11:00:00Z", "original_reference": "R1"})";
  const Json mirror(erp.post(postings, body).body);
  EXPECT_EQ(mirror["/gross"], "-40.49");
  EXPECT_EQ(Json(erp.get("/erp/v1/stock", "article=TOY-1").body)["/items/0/sold"], "0");
  erp.reopen();
  const Reply again = erp.post(postings, body);
  EXPECT_EQ(again.status, 422);
  EXPECT_EQ(Json(again.body)["/error/code"], "already_voided");
  EXPECT_EQ(Json(erp.post(postings, R"({"reference": "V2", "kind": "void", "shop": "DE-001",
      "business_date": "2026-11-21", "occurred_at": "2026-11-21T11:00:00Z",
      "original_reference": "R9"})")
                     .body)["/error/code"],
            "original_not_found");
}

TEST_F(Erp, BalancesEveryJournalEntry) {
  erp.post(postings, sale("R1"));
  erp.post(postings, sale("R2", "return"));
  const Json journal(erp.get("/erp/v1/journal", day("2026-11-21")).body);
  ASSERT_EQ(journal.size("/items"), 2U);
  for (std::size_t item = 0; item < 2; ++item) {
    std::int64_t balance = 0;
    const std::string entries = fmt::format("/items/{}/entries", item);
    ASSERT_GE(journal.size(entries), 4U);
    for (std::size_t i = 0; i < journal.size(entries); ++i) {
      const auto euro = *find_currency("EUR");
      balance += parse_money(journal[fmt::format("{}/{}/debit", entries, i)], euro)->minor;
      balance -= parse_money(journal[fmt::format("{}/{}/credit", entries, i)], euro)->minor;
    }
    EXPECT_EQ(balance, 0);
  }
}

TEST_F(Erp, LetsABadMovementFailAlone) {
  const Reply reply = erp.post("/erp/v1/stock-movements:batch", R"({"items": [
      {"reference": "S1", "shop": "DE-001", "article": "TOY-1", "quantity": "-3",
       "business_date": "2026-11-21"},
      {"reference": "S2", "shop": "DE-001", "article": "TOY-1", "quantity": "many",
       "business_date": "2026-11-21"},
      {"reference": "S3", "shop": "DE-001", "article": "TOY-1", "quantity": "1.5",
       "business_date": "2026-11-21"}]})");
  EXPECT_EQ(reply.status, 200);
  const Json answer(reply.body);
  EXPECT_EQ(answer["/results/0/status"], "posted");
  EXPECT_EQ(answer["/results/1/status"], "rejected");
  EXPECT_EQ(answer["/results/2/status"], "posted");
  const Json stock(erp.get("/erp/v1/stock", "shop=DE-001").body);
  EXPECT_EQ(stock["/items/0/moved"], "-1.5");
  EXPECT_EQ(Json(erp.get(documents, "reference=S1").body)["/items/0/type"], "stock_movement");
}

TEST_F(Erp, PagesADayInBookingOrder) {
  for (int i = 0; i < 5; ++i) erp.post(postings, sale(fmt::format("R{}", i)));
  erp.post(postings, sale("other", "sale", "2026-11-22"));
  std::string after;
  std::vector<std::string> seen;
  do {
    const Json page(
        erp.get(documents, fmt::format("business_date=2026-11-21&limit=2&after={}", after)).body);
    for (std::size_t i = 0; i < page.size("/items"); ++i) {
      seen.push_back(page[fmt::format("/items/{}/reference", i)]);
    }
    after = page["/next"];
  } while (after != "null");
  EXPECT_EQ(seen, (std::vector<std::string>{"R0", "R1", "R2", "R3", "R4"}));
  EXPECT_EQ(erp.get(documents, "business_date=tomorrow").status, 400);
  EXPECT_EQ(erp.get(documents, "business_date=2026-11-21&after=x").status, 400);
}

TEST_F(Erp, KnowsProductsFromTheirFirstPostingOrAsTold) {
  erp.post(postings, sale("R1"));
  EXPECT_EQ(Json(erp.get("/erp/v1/products/TOY-1").body)["/tax_code"], "DE-STD");
  EXPECT_EQ(Json(erp.get("/erp/v1/products/TOY-1/prices").body)["/items/0/price"], "19.99");
  EXPECT_EQ(erp.get("/erp/v1/products/NONE").status, 404);
  EXPECT_EQ(erp.put("/erp/v1/products/A%2FB", R"({"name": "Train", "prices": [{"region": "DE",
      "currency": "EUR", "price": "9.99", "valid_from": "2026-01-01"}]})")
                .status,
            201);
  erp.reopen();
  EXPECT_EQ(Json(erp.get("/erp/v1/products/A%2FB").body)["/name"], "Train");
  EXPECT_EQ(Json(erp.get("/erp/v1/products/A%2FB/prices").body)["/items/0/price"], "9.99");
}

TEST_F(Erp, SurvivesItsKill) {
  for (int i = 0; i < 20; ++i) erp.post(postings, sale(fmt::format("R{}", i)));
  const Json draft(erp.post(memos, sale("M1", "return")).body);
  erp.post(fmt::format("{}/{}/release", memos, draft["/id"]), "");
  const std::string before = erp.get(documents, day("2026-11-21")).body;
  const std::string stock = erp.get("/erp/v1/stock").body;
  erp.reopen();
  EXPECT_EQ(erp.get(documents, day("2026-11-21")).body, before);
  EXPECT_EQ(erp.get("/erp/v1/stock").body, stock);
  EXPECT_EQ(Json(before).size("/items"), 21U);
}

TEST_F(Erp, CutsATornRecordAndRefusesADamagedOne) {
  const std::string path = folder.path() + "/erp.log";
  erp.post(postings, sale("R1"));
  erp.post(postings, sale("R2"));
  const auto size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - 3);
  erp.reopen();
  EXPECT_EQ(Json(erp.get(documents, day("2026-11-21")).body).size("/items"), 1U);
  erp.post(postings, sale("R3"));
  erp.reopen();
  EXPECT_EQ(Json(erp.get(documents, day("2026-11-21")).body).size("/items"), 2U);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(40);
    file.put('\x7f');
  }
  TempFolder copy;
  std::filesystem::copy_file(path, copy.path() + "/erp.log");
  SandboxOptions options;
  options.data = copy.path();
  const auto opened = open_erp(options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault_class, FaultClass::corrupt);
}

TEST_F(Erp, AllowsOneProcessAtATime) {
  SandboxOptions options;
  options.data = folder.path();
  EXPECT_FALSE(open_erp(options));
}

TEST_F(Erp, ForgetsEverythingWhenCleared) {
  erp.post(postings, sale("R1"));
  EXPECT_EQ(erp.clear().status, 200);
  EXPECT_EQ(Json(erp.get(documents, "reference=R1").body).size("/items"), 0U);
  erp.post(postings, sale("R2"));
  erp.reopen();
  EXPECT_EQ(Json(erp.get(documents, day("2026-11-21")).body).size("/items"), 1U);
}

/// Reference → document JSON of two days, to see what a tampering changed.
std::map<std::string, std::vector<std::string>> everything(Driver& erp) {
  std::map<std::string, std::vector<std::string>> all;
  for (const std::string_view date : {"2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"}) {
    const Json page(erp.get(documents, day(date)).body);
    for (std::size_t i = 0; i < page.size("/items"); ++i) {
      all[page[fmt::format("/items/{}/reference", i)]].push_back(page[fmt::format("/items/{}", i)]);
    }
  }
  return all;
}

void fill(Driver& erp, bool backwards) {
  for (int i = 0; i < 40; ++i) {
    const int n = backwards ? 39 - i : i;
    erp.post(postings,
             sale(fmt::format("R{:02}", n), n % 5 == 0 ? "return" : "sale",
                  n % 2 == 0 ? "2026-11-21" : "2026-11-22", n % 3 == 0 ? "DE-001" : "DE-002"));
  }
}

TEST_F(Erp, DamagesExactlyOneDocumentPerTamper) {
  fill(erp, false);
  const auto before = everything(erp);
  for (const std::string& kind : ErpBooks::tamper_kinds()) {
    const std::string stock = erp.get("/erp/v1/stock").body;
    const Json done(
        erp.tamper(fmt::format(R"({{"seed": 5, "count": 1, "kinds": ["{}"]}})", kind)).body);
    ASSERT_EQ(done.size("/tampers"), 1U) << kind;
    const std::string reference = done["/tampers/0/reference"];
    const auto after = everything(erp);
    std::set<std::string> changed;
    for (const auto& [name, items] : before) {
      const auto now = after.find(name);
      if (now == after.end() || now->second != items) changed.insert(name);
    }
    EXPECT_EQ(changed, std::set<std::string>{reference}) << kind;
    EXPECT_EQ(after.contains(reference) ? after.at(reference).size() : 0U, kind == "delete" ? 0U
                                                                           : kind == "duplicate"
                                                                               ? 2U
                                                                               : 1U);
    EXPECT_EQ(Json(erp.untamper().body)["/restored"], "1");
    EXPECT_EQ(everything(erp), before) << kind;
    EXPECT_EQ(erp.get("/erp/v1/stock").body, stock) << kind;
  }
}

TEST_F(Erp, TampersTheSameReferencesForTheSameSeedInWhateverOrderTheyCame) {
  TempFolder elsewhere;
  Driver other(&open_erp, elsewhere.path());
  fill(erp, false);
  fill(other, true);
  const auto references = [](Driver& driver, int seed) {
    const Json done(driver.tamper(fmt::format(R"({{"seed": {}, "count": 14}})", seed)).body);
    std::vector<std::string> named;
    for (std::size_t i = 0; i < done.size("/tampers"); ++i) {
      named.push_back(done[fmt::format("/tampers/{}/kind", i)] + " " +
                      done[fmt::format("/tampers/{}/reference", i)]);
    }
    driver.untamper();
    return named;
  };
  const auto first = references(erp, 1);
  EXPECT_EQ(first.size(), 14U);
  EXPECT_EQ(std::set<std::string>(first.begin(), first.end()).size(), 14U);
  EXPECT_EQ(references(other, 1), first);
  EXPECT_NE(references(erp, 2), first);
}

TEST_F(Erp, KeepsATamperingThroughItsKill) {
  fill(erp, false);
  const auto before = everything(erp);
  erp.tamper(R"({"seed": 3, "count": 7})");
  const auto damaged = everything(erp);
  erp.post(postings, sale("LATER", "sale", "2026-11-23"));
  erp.reopen();
  auto after = everything(erp);
  after.erase("LATER");
  EXPECT_EQ(after, damaged);
  EXPECT_EQ(Json(erp.untamper().body)["/restored"], "7");
  erp.reopen();
  after = everything(erp);
  EXPECT_EQ(after.erase("LATER"), 1U);
  EXPECT_EQ(after, before);
}

TEST_F(Erp, AnswersHostileInputWith400) {
  const std::string good = sale("R1");
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    ASSERT_EQ(erp.post(postings, good.substr(0, cut)).status, 400) << cut;
  }
  for (const std::string_view body : {"[]", "null", "\"x\"", "{}", R"({"reference": 5})",
                                      R"({"reference": ""})", "\xff\xfe{}", R"({"items": 3})"}) {
    EXPECT_EQ(erp.post(postings, body).status, 400) << body;
    EXPECT_EQ(erp.post(memos, body).status, 400) << body;
    EXPECT_EQ(erp.post("/erp/v1/stock-movements:batch", body).status, 400) << body;
    EXPECT_EQ(erp.put("/erp/v1/products/A", body).status, 400) << body;
  }
  for (const std::string_view body : {"[]", "{", R"({"count": 0})", R"({"count": 99999})",
                                      R"({"kinds": ["point_plus"]})", R"({"kinds": [1]})"}) {
    EXPECT_EQ(erp.tamper(body).status, 400) << body;
  }
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string body = good;
    body.replace(body.find(from), from.size(), to);
    return erp.post(postings, body).status;
  };
  EXPECT_EQ(with(R"("19.99")", "19.99"), 400);
  EXPECT_EQ(with(R"("19.99")", R"("1e3")"), 400);
  EXPECT_EQ(with(R"("19.99")", R"("-1")"), 400);
  EXPECT_EQ(with(R"("quantity": "2")", R"("quantity": "0")"), 400);
  EXPECT_EQ(with(R"("line": 2)", R"("line": 1)"), 400);
  EXPECT_EQ(with(R"("EUR")", R"("XYZ")"), 422);
  EXPECT_EQ(with(R"("4.50")", R"("4.505")"), 400);
  EXPECT_EQ(with(R"("4.50")", R"("999.00")"), 422);
  EXPECT_EQ(with(R"("sale")", R"("exchange")"), 422);
  EXPECT_EQ(with("\"BOOK\"", '"' + std::string(600, 'x') + '"'), 400);
  EXPECT_EQ(erp.post(postings, std::string(5'000'000, '[')).status, 400);
  EXPECT_EQ(erp.post(postings, '"' + std::string(5'000'000, 'a') + '"').status, 400);
  EXPECT_EQ(erp.post("/erp/v1/nothing", "{}").status, 404);
  EXPECT_EQ(erp.get("/erp/v1/documents/P-18446744073709551616").status, 404);
  EXPECT_EQ(Json(erp.get(documents, day("2026-11-21")).body).size("/items"), 0U);
}

}  // namespace
}  // namespace crossfoot::sandbox

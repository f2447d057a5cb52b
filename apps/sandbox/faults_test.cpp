// Goal: faults are drawn from the seed and the traffic alone, as often as configured.
#include "sandbox/faults.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace crossfoot::sandbox {
namespace {

Call write(std::string_view body) {
  return {.method = runtime::Method::post, .body = body};
}

std::vector<Mishap> draws(Faults& faults, bool backwards) {
  std::vector<Mishap> drawn(2000);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const std::size_t n = backwards ? drawn.size() - 1 - i : i;
    drawn[n] = faults.draw(write(std::to_string(n)), Duration{0}).mishap;
  }
  return drawn;
}

constexpr std::string_view mixed =
    R"({"rate_429": 0.1, "rate_503": 0.1, "rate_timeout_after_success": 0.05,
        "rate_malformed": 0.05, "rate_duplicate_answer": 0.05, "rate_503_after_effect": 0.05,
        "rate_applied_after_not_found": 0.05})";

TEST(FaultDraws, DependOnSeedAndContentNotOnOrder) {
  Faults one(1);
  Faults same(1);
  Faults other(2);
  for (Faults* faults : {&one, &same, &other}) {
    ASSERT_EQ(faults->configure(mixed, Duration{0}), std::nullopt);
  }
  const auto first = draws(one, false);
  EXPECT_EQ(draws(same, true), first);
  EXPECT_NE(draws(other, false), first);
  EXPECT_NE(draws(one, false), first) << "a repeated call must meet its own luck";
}

TEST(FaultDraws, ComeAsOftenAsConfigured) {
  Faults faults(1);
  ASSERT_EQ(faults.configure(mixed, Duration{0}), std::nullopt);
  const auto drawn = draws(faults, false);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(drawn, Mishap::throttled)), 200, 60);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(drawn, Mishap::unavailable)), 180, 60);
  for (const Mishap rare : {Mishap::applied_late, Mishap::timeout, Mishap::unavailable_after,
                            Mishap::malformed, Mishap::duplicate}) {
    EXPECT_NEAR(static_cast<double>(std::ranges::count(drawn, rare)), 75, 45) << to_string(rare);
  }
}

TEST(FaultDraws, LastAsLongAsTheOutage) {
  Faults faults(1);
  ASSERT_EQ(faults.configure(R"({"outage": {"from_ms": 10, "for_ms": 20}})", Duration{5'000}),
            std::nullopt);
  const auto at = [&](int millis) {
    return faults.draw(write("x"), Duration{millis * 1000}).mishap;
  };
  EXPECT_EQ(at(14), Mishap::none);
  EXPECT_EQ(at(15), Mishap::outage);
  EXPECT_EQ(at(34), Mishap::outage);
  EXPECT_EQ(at(35), Mishap::none);
}

TEST(FaultDraws, StayWithinTheLatencyAndEndWhenCleared) {
  Faults faults(1);
  ASSERT_EQ(faults.configure(R"({"latency_ms": [5, 9]})", Duration{0}), std::nullopt);
  for (int i = 0; i < 100; ++i) {
    const Duration latency = faults.draw(write(std::to_string(i)), Duration{0}).latency;
    EXPECT_GE(latency, std::chrono::milliseconds{5});
    EXPECT_LE(latency, std::chrono::milliseconds{9});
  }
  faults.clear();
  EXPECT_EQ(faults.draw(write("x"), Duration{0}).latency, Duration{0});
}

TEST(FaultDraws, RefuseWhatMakesNoSense) {
  Faults faults(1);
  for (const std::string_view json :
       {"", "[]", R"({"rate_418": 0.1})", R"({"rate_503": 1.5})", R"({"rate_503": "often"})",
        R"({"latency_ms": [9, 5]})", R"({"latency_ms": [1]})", R"({"latency_ms": [1, 2, 3]})",
        R"({"hold_ms": -1})", R"({"outage": 5})", R"({"outage": {"until": 3}})"}) {
    EXPECT_NE(faults.configure(json, Duration{0}), std::nullopt) << json;
    EXPECT_FALSE(faults.active());
  }
}

}  // namespace
}  // namespace crossfoot::sandbox

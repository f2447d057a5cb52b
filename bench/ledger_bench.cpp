// What pricing and accruing a receipt cost: the arithmetic that every sale pays once.
#include <benchmark/benchmark.h>

#include "ledger/accrual.h"
#include "ledger/receipt_builder.h"
#include "ledger/zones.h"

namespace crossfoot::ledger {
namespace {

using contract::TenderKind;
using testing::ReceiptBuilder;

contract::Transaction six_lines() {
  ReceiptBuilder builder;
  builder.mode(contract::TaxMode::inclusive).member("M-GOLD");
  const char* prices[] = {"19.99", "5.01", "3.49", "129.00", "0.99", "12.50"};
  const char* articles[] = {"TOY-1", "CUP-2", "TOY-7", "COAT-3", "BAG-1", "BOOK-9"};
  for (int i = 0; i < 6; ++i) {
    builder.line(i % 2 == 0 ? "2" : "1", prices[i], articles[i]);
    builder.tax(i == 5 ? "DE-RED" : "DE-STD", i == 5 ? "0.07" : "0.19");
  }
  return builder.discount("4.50")
      .tender(TenderKind::gift_card, "10.00")
      .tender(TenderKind::card, "176.45")
      .take();
}

Programme weekend_programme() {
  Programme programme = testing::plain_programme();
  programme.campaigns.push_back({"toys", {3, 1}, {"TOY-*"}, {}, {}});
  programme.zones.push_back({"DE", "Europe/Berlin"});
  return programme;
}

void price_and_accrue(benchmark::State& state) {
  const auto sale = six_lines();
  const Programme programme = weekend_programme();
  for (auto _ : state) {
    const Pricing pricing = price(sale);
    auto accrual = accrue(programme, sale, pricing, LocalTime{});
    benchmark::DoNotOptimize(accrual);
  }
}
BENCHMARK(price_and_accrue);

void price_alone(benchmark::State& state) {
  const auto sale = six_lines();
  for (auto _ : state) benchmark::DoNotOptimize(price(sale));
}
BENCHMARK(price_alone);

void check_a_sound_sale(benchmark::State& state) {
  const auto sale = six_lines();
  const Pricing pricing = price(sale);
  for (auto _ : state) benchmark::DoNotOptimize(check(sale, pricing));
}
BENCHMARK(check_a_sound_sale);

void shops_clock(benchmark::State& state) {
  const auto sale = six_lines();
  const Programme programme = weekend_programme();
  const SystemZones zones;
  for (auto _ : state) benchmark::DoNotOptimize(local_time(programme, sale, zones));
}
BENCHMARK(shops_clock);

void line_of_74000_units(benchmark::State& state) {
  const auto sale =
      ReceiptBuilder().line("74000", "1.04").line("2", "19.99").discount("1.01").take();
  const Programme programme = weekend_programme();
  for (auto _ : state) {
    const Pricing pricing = price(sale);
    auto accrual = accrue(programme, sale, pricing, LocalTime{});
    benchmark::DoNotOptimize(accrual);
  }
}
BENCHMARK(line_of_74000_units);

}  // namespace
}  // namespace crossfoot::ledger

BENCHMARK_MAIN();

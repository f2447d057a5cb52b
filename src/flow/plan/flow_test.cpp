// Goal: a flow's stored form round-trips, refuses damage, and its earlier form is still read.
#include "flow/plan/flow.h"

#include <gtest/gtest.h>

#include "base/codec.h"

namespace crossfoot::flow {
namespace {

Flow stored_flow() {
  Flow flow;
  flow.id = {1, 2};
  flow.version = 3;
  flow.natural_key = "key";
  flow.tenant = "default";
  flow.member = "M-1";
  flow.correlation_id = "C";
  Leg leg;
  leg.number = 1;
  leg.state = LegState::done;
  flow.legs.push_back(leg);
  flow.expected = Points{10};
  flow.frozen = {{1, {.quantity = {3, false}, .runs = {{1, 4}, {2, 3}}}, 1050},
                 {2, {.quantity = {735'000, true}, .runs = {{1, 13}}}, 99}};
  flow.links = {{.line = 1,
                 .disposition = Disposition::matched,
                 .units = 300'000,
                 .measured = true,
                 .parts = {{hash128("book"), {5, 6}, 2, 300'000, 300'000}}}};
  flow.journal = {7, 9};
  return flow;
}

TEST(StoredFlow, RoundTripsAndRefusesDamage) {
  const std::string bytes = encode(stored_flow());
  const auto again = decode_flow(bytes);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->frozen[1].points, stored_flow().frozen[1].points);
  EXPECT_TRUE(again->links[0].measured);
  EXPECT_EQ(encode(*again), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_flow(bytes.substr(0, size)).has_value()) << size;
  }
  std::string newer = bytes;
  newer[0] = 3;
  EXPECT_FALSE(decode_flow(newer).has_value());
}

TEST(StoredFlow, WhatItSupersedesIsStoredOnlyWhereThereIsSuch) {
  EXPECT_EQ(encode(stored_flow())[0], 2) << "as the release before wrote it";
  Flow flow = stored_flow();
  flow.supersedes = {7, 8};
  flow.superseded_by = {9, 10};
  flow.repeated_as = 11;
  const std::string bytes = encode(flow);
  const auto again = decode_flow(bytes);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->supersedes, flow.supersedes);
  EXPECT_EQ(again->superseded_by, flow.superseded_by);
  EXPECT_EQ(again->known_revision(), 11U);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_flow(bytes.substr(0, size)).has_value()) << size;
  }
}

TEST(StoredFlow, TheFirstFormIsStillRead) {
  ByteWriter out;
  out.u64(1);
  out.id({1, 2});
  out.u64(3);
  out.enumerator(contract::TransactionKind::sale);
  for (const char* text : {"key", "default", "M-1"}) out.text(text);
  out.u64(0);
  out.instant({100});
  out.instant({200});
  out.text("C");
  out.u64(1);
  out.u64(0);  // legs
  out.boolean(true);
  out.i64(10);
  out.boolean(false);
  out.i64(0);
  out.u64(1);  // frozen lines: number, share, units that get one more, units, weight
  out.u64(7);
  for (const std::int64_t value : {3, 1, 3, 1050}) out.i64(value);
  out.u64(1);  // links
  out.u64(1);
  out.enumerator(Disposition::matched);
  out.i64(2);
  out.u64(1);
  out.hash(hash128("book"));
  out.id({5, 6});
  out.u64(2);
  out.i64(2);
  out.i64(1);
  out.u64(1);  // journal
  out.u64(9);
  const auto flow = decode_flow(out.view());
  ASSERT_TRUE(flow.has_value());
  ASSERT_EQ(flow->frozen.size(), 1U);
  EXPECT_EQ(flow->frozen[0].line, 7U);
  EXPECT_EQ(flow->frozen[0].points, ledger::line_points({3, false}, {3, 1, 3}));
  EXPECT_EQ(flow->frozen[0].weight, 1050);
  EXPECT_FALSE(flow->links[0].measured);
  EXPECT_EQ(flow->links[0].parts[0].covered, 1);
  EXPECT_EQ(flow->journal, (std::vector<std::uint64_t>{9}));
}

}  // namespace
}  // namespace crossfoot::flow

// Goal: the head of a chain depends on every bit of every entry and of its place, and on nothing
// that an erasure takes away.
#include "observe/audit/chain.h"

#include <gtest/gtest.h>

#include "flow/decide/journal.h"
#include "runtime/random.h"

namespace crossfoot::observe {
namespace {

using store::JournalRow;

std::vector<JournalRow> made_up(runtime::Random& random) {
  std::vector<JournalRow> rows(2 + random.below(30));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = {.partition = 7,
               .position = i + 1,
               .flow = {random.next(), random.next()},
               .at = {static_cast<std::int64_t>(random.below(1'000'000))},
               .entry = "\x02"};
    for (std::uint64_t left = random.below(80); left > 0; --left) {
      rows[i].entry += static_cast<char>(random.below(256));
    }
  }
  return rows;
}

ChainEnd chain(const std::vector<JournalRow>& rows) {
  ChainEnd end;
  for (const JournalRow& row : rows) end.extend(row, audit_digest(row.entry));
  return end;
}

TEST(Chain, AnyChangeOfAnyEntryChangesTheHead) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    runtime::Random random(seed);
    const auto rows = made_up(random);
    const ChainEnd whole = chain(rows);
    auto changed = rows;
    const std::size_t at = random.below(rows.size());
    switch (random.below(7)) {
      case 0:
        changed[at].entry[random.below(changed[at].entry.size())] ^=
            static_cast<char>(1U << random.below(8));
        break;
      case 1:
        changed[at].flow.low ^= 1U << random.below(32);
        break;
      case 2:
        changed[at].at.micros ^= 1;
        break;
      case 3:
        changed[at].partition ^= 1;
        break;
      case 4:
        changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 5:
        changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(at), rows[at]);
        break;
      default:
        std::swap(changed[at], changed[(at + 1) % changed.size()]);
    }
    EXPECT_NE(chain(changed).head, whole.head);
  }
}

TEST(Chain, ErasureLeavesTheHead) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    runtime::Random random(seed);
    auto rows = made_up(random);
    const ChainEnd whole = chain(rows);
    for (JournalRow& row : rows) {
      if (random.below(2) == 0) row.entry = flow::erased_form(row.entry);
    }
    EXPECT_EQ(chain(rows), whole);
  }
}

TEST(Chain, SegmentsSurviveTheirStoredFormAndDamageIsRefused) {
  const std::vector<Segment> segments{
      {.partition = 4095, .first = 9, .head = sha256("a"), .fingerprints = {1, 2, UINT64_MAX}},
      {.partition = 0, .first = 1, .head = sha256("b"), .fingerprints = {5}}};
  const std::string bytes = encode(segments);
  EXPECT_EQ(decode_segments(bytes), segments);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_segments(bytes.substr(0, size)).has_value()) << size;
  }
}

TEST(Chain, HexGoesBothWays) {
  EXPECT_EQ(parse_sha256(hex(sha256("x"))), sha256("x"));
  EXPECT_FALSE(parse_sha256(hex(sha256("x")).substr(1)).has_value());
  EXPECT_FALSE(parse_sha256(std::string(64, 'g')).has_value());
}

}  // namespace
}  // namespace crossfoot::observe

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "contract/transaction.h"

namespace crossfoot::app {

/// One thing that a channel sends, and when in the story.
struct StoryEvent {
  std::uint64_t second = 0;  ///< of the story, which plays faster than the weekend it tells
  std::uint64_t order = 0;   ///< within the second
  contract::Transaction transaction;
  std::string idempotency_key;  ///< empty: none
  bool repeat = false;          ///< the same message once more
  std::string note;             ///< for the people who watch, empty: nothing special
};

struct Story {
  std::vector<StoryEvent> events;  ///< by second
  BusinessDate first_day;
  BusinessDate last_day;
  std::uint64_t outage_from = 0;  ///< loyalty does not answer …
  std::uint64_t outage_for = 10;  ///< … for so many seconds
  std::uint64_t seconds = 0;
};

/// The weekend of a toy campaign: shops in Germany, Switzerland and Britain, a web shop. The same
/// seed tells the same story.
[[nodiscard]] Story make_story(std::uint64_t seed);

/// The loyalty programme that the story is told under; its campaign falls on the story's weekend.
[[nodiscard]] std::string story_programme();

}  // namespace crossfoot::app

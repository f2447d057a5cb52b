#pragma once

#include <string>

namespace crossfoot::app {

/// What follows from faults and events, in Markdown: asked of the decider itself, so that the page
/// cannot say anything else than the program does.
[[nodiscard]] std::string policy_reference();

}  // namespace crossfoot::app

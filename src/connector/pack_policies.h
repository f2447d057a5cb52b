#pragma once

#include <string>

#include "connector/breaker.h"
#include "connector/pacer.h"
#include "connector/yaml_map.h"

namespace crossfoot::connector {

/// `rate` and `burst` of a pack's limits. Faults go to the map's list.
[[nodiscard]] PacePolicy read_pace(YamlMap& limits);

/// A `breaker` mapping over what holds without it. Faults go to `list`.
[[nodiscard]] BreakerPolicy read_breaker(const YAML::Node& node, const std::string& what,
                                         BreakerPolicy otherwise, const FaultList& list);

}  // namespace crossfoot::connector

// Goal: support for the API's tests: the parts of other modules that the edge itself does not see.
#include "edge/api_world.h"
#include "process/processes.h"

namespace crossfoot::edge::test {

std::unique_ptr<flow::Processes> retail_processes() {
  return std::make_unique<process::RetailProcesses>();
}

}  // namespace crossfoot::edge::test

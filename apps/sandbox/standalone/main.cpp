// The stand-ins as a program of their own, for tests; `crossfoot sandbox` runs the same code.
#include <CLI/CLI.hpp>

#include "sandbox/sandbox.h"

int main(int argc, char** argv) {
  using crossfoot::sandbox::SandboxOptions;
  CLI::App app{"Stand-ins for an ERP and a loyalty platform, on loopback, with faults on demand"};
  SandboxOptions options;
  app.require_subcommand(1);
  const auto add = [&](const char* name, const char* text) {
    CLI::App* command = app.add_subcommand(name, text);
    command->add_option("--port", options.port, "port on 127.0.0.1, 0 for a free one");
    command->add_option("--data", options.data, "folder of the books")->required();
    command->add_option("--seed", options.seed, "seed of the faults");
    command->add_flag("--parent-pid-death", options.parent_pid_death,
                      "stop when the starting process ends");
    return command;
  };
  const CLI::App* erp = add("erp", "the ERP");
  CLI::App* loyalty = add("loyalty", "the loyalty platform");
  loyalty->add_option("--programme", options.programme, "file with the rules");
  CLI11_PARSE(app, argc, argv);
  return erp->parsed() ? crossfoot::sandbox::run_erp(options)
                       : crossfoot::sandbox::run_loyalty(options);
}

#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace crossfoot::app {

/// What `crossfoot access key` and `access certificate` are asked for.
struct AccessArguments {
  std::string id;
  std::vector<std::string> roles;
  std::vector<std::string> scopes;
  std::vector<std::string> channels;
  std::vector<std::string> shops;
  std::vector<std::string> regions;
  std::string not_after;
  std::string certificate;
};

/// `access key`: makes an API key, shows it once, and prints its entry for the file of keys.
/// `access certificate`: prints the entry of whoever shows that certificate.
void add_access_commands(CLI::App& app, AccessArguments& arguments, int& result);

}  // namespace crossfoot::app

#include "secrets.h"

#include <filesystem>
#include <string_view>

#include "contract/error_codes.h"
#include "runtime/files.h"

namespace crossfoot::app {

Result<std::string> look_up_secret(const connector::SecretReference& reference) {
  const std::string_view text = reference.text;
  if (text.starts_with("env:")) {
    auto value = runtime::environment(std::string(text.substr(4)));
    if (value) return std::move(*value);
  } else if (text.starts_with("file:")) {
    auto value = runtime::read_file(std::filesystem::path(text.substr(5)), 64 * 1024);
    if (value) {
      while (!value->empty() && (value->back() == '\n' || value->back() == '\r')) {
        value->pop_back();
      }
      return std::move(*value);
    }
  }
  return fail({.code = std::string(contract::error_code::missing_secret),
               .fault_class = FaultClass::unauthorised,
               .where = std::string(text),
               .cause = "the secret is not there"});
}

}  // namespace crossfoot::app

#include <fmt/format.h>

#include "contract/error_codes.h"
#include "edge/api.h"

namespace crossfoot::edge {

namespace code = contract::error_code;
using runtime::HttpResponse;

std::optional<HttpResponse> Api::check_access(Exchange& exchange) {
  const RouteInfo& route = *exchange.target.route;
  if (!parts_.identify || !route.permission) return std::nullopt;
  auto caller = parts_.identify(exchange.request);
  if (!caller) {
    // Guessing uses up the address's share.
    if (auto refused = check_client(exchange)) return refused;
    metrics_->unauthenticated();
    if (parts_.log) {
      parts_.log->warning("access.refused", exchange.correlation_id,
                          {{"client", exchange.request.client}, {"cause", caller.error().cause}});
    }
    HttpResponse response =
        refuse(exchange, code::unauthenticated, "credentials are missing or not valid here");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"crossfoot\"");
    return response;
  }
  exchange.caller = std::move(*caller);
  if (!exchange.caller->may(*route.permission)) {
    return refuse(exchange, code::forbidden,
                  fmt::format("this needs the permission {}",
                              permission_names[static_cast<std::size_t>(*route.permission)]));
  }
  if (exchange.caller->is_limited() && route.limits == Limits::refused) {
    return refuse(exchange, code::forbidden,
                  "these credentials are limited to some channels, shops or regions, and what is "
                  "here is not told apart by them");
  }
  return std::nullopt;
}

std::optional<contract::Problem> Api::check_limits(const Caller* caller,
                                                   const contract::Transaction& transaction) {
  if (caller == nullptr || !caller->is_limited()) return std::nullopt;
  std::vector<contract::ProblemItem> items;
  const auto check = [&items](const std::vector<std::string>& limit, std::string_view value,
                              std::string_view pointer) {
    if (is_within(limit, value)) return;
    items.push_back({.pointer = std::string(pointer),
                     .code = std::string(code::forbidden),
                     .detail = "these credentials are not for it"});
  };
  check(caller->channels, contract::to_string(transaction.channel), "/channel");
  check(caller->shops, transaction.shop, "/shop");
  check(caller->regions, transaction.region, "/region");
  if (items.empty()) return std::nullopt;
  contract::Problem problem = contract::make_problem(
      code::forbidden, "the transaction is not one that this caller hands over");
  problem.errors = std::move(items);
  return problem;
}

}  // namespace crossfoot::edge

#pragma once

#include <string>
#include <string_view>

#include "runtime/http_client.h"
#include "runtime/http_server.h"

namespace crossfoot::runtime {

/// The seconds of a `Date` header (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
[[nodiscard]] std::string http_date(Instant at);

struct ResponseForm {
  std::string_view date;
  bool keep_alive = true;
  bool http_1_0 = false;
  bool to_head = false;  ///< no body follows; Content-Length still states what GET would send
};

/// Appends status line and headers to `out`. Line ends inside a header become spaces.
void compose_head(std::string& out, const HttpResponse& response, const ResponseForm& form);

/// Whether a response with this status and form carries a body.
[[nodiscard]] bool carries_body(int status, const ResponseForm& form);

[[nodiscard]] std::string_view method_name(Method method);

/// Appends request line and headers to `out`; false (and nothing sent) when target or headers
/// contain what would break the framing, or state Host or a framing header of their own.
[[nodiscard]] bool compose_call(std::string& out, const HttpCall& call, std::string_view prefix,
                                std::string_view host);

}  // namespace crossfoot::runtime

#include "edge/console.h"

#include "base/digest.h"

namespace crossfoot::edge {

namespace {

constexpr std::string_view index_name = "index.html";
constexpr std::string_view content_policy =
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

bool is_page(std::string_view path) {
  return path.substr(path.rfind('/') + 1).find('.') == std::string_view::npos;
}

}  // namespace

Console::Console(Assets assets) {
  for (auto& [path, asset] : assets) {
    std::string etag = "\"" + to_string(hash128(asset.bytes)) + "\"";
    files_.emplace(path, File{std::move(asset), std::move(etag), path.starts_with("assets/")});
  }
}

runtime::HttpResponse Console::get(std::string_view path, std::string_view if_none_match) const {
  auto at = files_.find(path);
  const bool may_be_page = !path.starts_with("assets/") && is_page(path);
  if (at == files_.end() && may_be_page) at = files_.find(index_name);
  if (at == files_.end()) return {.status = 404};
  const File& file = at->second;
  runtime::HttpResponse response;
  response.headers = {
      {"ETag", file.etag},
      {"Cache-Control", file.hashed ? "public, max-age=31536000, immutable" : "no-cache"},
      {"X-Content-Type-Options", "nosniff"}};
  // An ETag is of 32 hex digits in quotes: finding it in the list is matching it, `W/` or not.
  if (if_none_match == "*" || if_none_match.find(file.etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Security-Policy", content_policy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.content_type = file.asset.content_type;
  response.body = file.asset.bytes;
  return response;
}

}  // namespace crossfoot::edge

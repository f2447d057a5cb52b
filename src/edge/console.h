#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "runtime/http_server.h"

namespace crossfoot::edge {

/// A file of the web console.
struct Asset {
  std::string content_type;
  std::string bytes;
};
/// By path below `/console/`: `index.html`, `assets/index-BfMQUq-K.css`.
using Assets = std::map<std::string, Asset, std::less<>>;

/// Gives out the console's files from memory. Files under `assets/` have their hash in their name
/// and are cached for ever; the others are asked for again by their ETag. Addresses of the
/// console's own pages (no dot in the last segment) give `index.html`.
class Console {
 public:
  explicit Console(Assets assets);

  /// `path` is what follows `/console/`, decoded. Status 404 without a body when there is no such
  /// file; 304 when `if_none_match` holds the file's ETag. The content type lives as long as this.
  [[nodiscard]] runtime::HttpResponse get(std::string_view path,
                                          std::string_view if_none_match) const;

 private:
  struct File {
    Asset asset;
    std::string etag;
    bool hashed = false;
  };
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace crossfoot::edge

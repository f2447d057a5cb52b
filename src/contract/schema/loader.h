#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contract/schema/program.h"

namespace crossfoot::contract::schema {

/// Which groups of keywords a resource's meta-schema switches on.
struct Dialect {
  bool applicator = true;
  bool unevaluated = true;
  bool validation = true;
  bool format_assertion = false;
};

/// A schema with an identity of its own: the root of a document or a subschema with `$id`.
struct Resource {
  std::string uri;
  const Json* root = nullptr;
  Dialect dialect;
  std::map<std::string_view, const Json*> anchors;  ///< dynamic ones too
  std::map<std::string_view, const Json*> dynamic_anchors;
};

struct DynamicAnchor {
  std::string_view name;
  ResourceId resource = 0;
  const Json* schema = nullptr;
};

/// A known subschema: which resource it belongs to and where it stands.
struct Site {
  ResourceId resource = 0;
  Place place;
};

/// Where a reference leads.
struct Target {
  const Json* schema = nullptr;
  ResourceId resource = 0;          ///< of the URI without its fragment
  std::string_view dynamic_anchor;  ///< set when the fragment names one
};

/// Finds subschemas: reads documents, notes identities and anchors, follows references. The first
/// fault stays; afterwards everything answers with nothing.
class Loader {
 public:
  Loader(Program& program, const SchemaOptions& options) : program_(program), options_(options) {}

  /// The first document.
  const Json* load_root(std::string text);
  /// `text` names the resource as seen from `site`.
  std::optional<Target> resolve(std::string_view text, const Site& site);

  /// A short string; empty when there is none, or when it is refused.
  std::string_view text_member(const Json& schema, std::string_view name, const Site& site);

  [[nodiscard]] const Site& site(const Json* schema) const { return sites_.at(schema); }
  [[nodiscard]] const Resource& resource(ResourceId id) const { return resources_[id]; }
  /// All that were met so far, in that order.
  [[nodiscard]] const std::vector<DynamicAnchor>& dynamic_anchors() const {
    return dynamic_anchors_;
  }

  const JsonPath* extend(const JsonPath* parent, std::string_view name);
  const JsonPath* extend(const JsonPath* parent, std::size_t index);

  void refuse(std::string_view code, const Place& place, std::string cause);
  [[nodiscard]] bool failed() const { return fault_.has_value(); }
  [[nodiscard]] const std::optional<Fault>& fault() const { return fault_; }

 private:
  const Json* add_document(std::string text, std::string uri, std::string shown_uri);
  const Json* fetch(const std::string& uri, const Place& from);
  void scan(const Json& schema, Site site, Dialect dialect);
  bool enter_resource(const Json& schema, Site& site, Dialect& dialect);
  void note_anchors(const Json& schema, const Site& site);
  void scan_keywords(const Json& schema, const Site& site, const Dialect& dialect);
  void scan_list(const Json& list, const Site& site, const Dialect& dialect);
  void scan_map(const Json& map, const Site& site, const Dialect& dialect);
  std::optional<Dialect> find_dialect(std::string_view uri, const Site& site);
  const Json* follow(std::string_view pointer, ResourceId resource, const Site& from);
  static const Json* step(const Json& value, const std::string& token, JsonPath& part);
  const JsonPath* extend(const JsonPath& path);

  Program& program_;
  const SchemaOptions& options_;
  std::deque<Resource> resources_;  ///< references to them stay valid while more are read
  std::vector<DynamicAnchor> dynamic_anchors_;
  std::map<std::string, ResourceId, std::less<>> resources_by_uri_;
  std::unordered_map<const Json*, Site> sites_;
  std::map<std::string, Dialect, std::less<>> dialects_;
  std::optional<Fault> fault_;
};

}  // namespace crossfoot::contract::schema

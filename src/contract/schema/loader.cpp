#include "contract/schema/loader.h"

#include <fmt/format.h>

#include <array>

#include "contract/error_codes.h"
#include "contract/schema/characters.h"
#include "contract/schema/metaschema.h"
#include "contract/schema/uri.h"

namespace crossfoot::contract::schema {

namespace {

/// Keywords whose value is a schema, a list of schemas, a map of schemas.
constexpr std::array<std::string_view, 11> single_keywords = {"items",
                                                              "contains",
                                                              "additionalProperties",
                                                              "propertyNames",
                                                              "unevaluatedItems",
                                                              "unevaluatedProperties",
                                                              "not",
                                                              "if",
                                                              "then",
                                                              "else",
                                                              "contentSchema"};
constexpr std::array<std::string_view, 4> list_keywords = {"allOf", "anyOf", "oneOf",
                                                           "prefixItems"};
constexpr std::array<std::string_view, 4> map_keywords = {"$defs", "properties",
                                                          "patternProperties", "dependentSchemas"};

/// Long pointers into unknown places may need more than the subschemas do.
constexpr std::size_t paths_max = 1'000'000;

bool is_anchor(std::string_view text) {
  return !text.empty() && (is_letter(text.front()) || text.front() == '_') &&
         std::ranges::all_of(text, [](char c) {
           return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
         });
}

/// `~1` as `/`; nothing when an escape is broken.
std::optional<std::string> unescape_token(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out += token[i];
      continue;
    }
    if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
    out += token[i] == '0' ? '~' : '/';
  }
  return out;
}

}  // namespace

void Loader::refuse(std::string_view code, const Place& place, std::string cause) {
  if (failed()) return;
  fault_ = Fault{.code = std::string(code),
                 .fault_class = code == error_code::unresolved_reference ? FaultClass::not_found
                                                                         : FaultClass::rejected,
                 .where = place.text(),
                 .cause = std::move(cause)};
}

const JsonPath* Loader::extend(const JsonPath* parent, std::string_view name) {
  return extend(JsonPath{parent, name});
}

const JsonPath* Loader::extend(const JsonPath* parent, std::size_t index) {
  return extend(JsonPath{parent, {}, index});
}

const JsonPath* Loader::extend(const JsonPath& path) {
  if (program_.paths.size() == paths_max && !failed()) {
    static const std::string here;
    refuse(error_code::invalid_schema, {&here, path.parent}, "too many places are referred to");
  }
  return failed() ? path.parent : &program_.paths.emplace_back(path);
}

const Json* Loader::load_root(std::string text) {
  return add_document(std::move(text), options_.base_uri, {});
}

const Json* Loader::add_document(std::string text, std::string uri, std::string shown_uri) {
  const Place place{&program_.document_uris.emplace_back(std::move(shown_uri)),
                    &program_.paths.emplace_back()};
  if (program_.documents.size() == options_.limits.documents_max) {
    refuse(error_code::invalid_schema, place,
           fmt::format("more than {} documents", options_.limits.documents_max));
    return nullptr;
  }
  auto parsed = JsonDocument::parse(std::move(text), options_.limits.json);
  if (!parsed) {
    fault_ = parsed.error();
    if (!place.document_uri->empty()) fault_->where = *place.document_uri + ":" + fault_->where;
    return nullptr;
  }
  const Json& root = program_.documents.emplace_back(std::move(*parsed)).root();
  const auto id = static_cast<ResourceId>(resources_.size());
  resources_.push_back({.uri = uri, .root = &root});
  resources_by_uri_.emplace(std::move(uri), id);
  scan(root, {id, place}, {});
  return failed() ? nullptr : &root;
}

const Json* Loader::fetch(const std::string& uri, const Place& from) {
  if (const auto text = find_metaschema(uri)) return add_document(std::string(*text), uri, uri);
  std::string cause = "no document was given for " + uri;
  if (options_.fetch) {
    auto text = options_.fetch(uri);
    if (text) return add_document(std::move(*text), uri, uri);
    cause += ": " + text.error().cause;
  }
  refuse(error_code::unresolved_reference, from, std::move(cause));
  return nullptr;
}

std::string_view Loader::text_member(const Json& schema, std::string_view name, const Site& site) {
  const Json* found = schema.find(name);
  if (found == nullptr) return {};
  if (!found->is(JsonKind::text)) {
    refuse(error_code::invalid_schema, site.place, fmt::format("{} is not a string", name));
    return {};
  }
  if (found->text().size() > options_.limits.uri_bytes_max) {
    refuse(error_code::invalid_schema, site.place, fmt::format("{} is too long", name));
    return {};
  }
  return found->text();
}

void Loader::scan(const Json& schema, Site site, Dialect dialect) {
  if (failed() || sites_.contains(&schema)) return;
  if (sites_.size() == options_.limits.subschemas_max) {
    refuse(error_code::invalid_schema, site.place,
           fmt::format("more than {} subschemas", options_.limits.subschemas_max));
    return;
  }
  if (!schema.is(JsonKind::object)) {
    if (!schema.is(JsonKind::boolean)) {
      refuse(error_code::invalid_schema, site.place, "a schema is an object, true or false");
      return;
    }
    sites_.emplace(&schema, site);
    return;
  }
  if (!enter_resource(schema, site, dialect)) return;
  sites_.emplace(&schema, site);
  note_anchors(schema, site);
  scan_keywords(schema, site, dialect);
}

/// An `$id` begins a resource; `$schema` counts at the root of one.
bool Loader::enter_resource(const Json& schema, Site& site, Dialect& dialect) {
  const std::string_view id = text_member(schema, "$id", site);
  if (!id.empty()) {
    if (!fragment_of(id).empty()) {
      refuse(error_code::invalid_schema, site.place, "$id has a fragment");
      return false;
    }
    std::string uri = resolve_uri(resources_[site.resource].uri, id);
    if (uri.size() > 2 * options_.limits.uri_bytes_max) {
      refuse(error_code::invalid_schema, site.place, "$id is too long");
      return false;
    }
    const auto known = resources_by_uri_.find(uri);
    if (known != resources_by_uri_.end() && resources_[known->second].root != &schema) {
      refuse(error_code::invalid_schema, site.place, "the $id is another schema's");
      return false;
    }
    if (resources_[site.resource].root == &schema) {
      // The document's root keeps the URI by which it was found as well.
      resources_[site.resource].uri = uri;
      resources_by_uri_.emplace(std::move(uri), site.resource);
    } else {
      if (resources_.size() >= options_.limits.resources_max) {
        refuse(error_code::invalid_schema, site.place, "too many subschemas have an $id");
        return false;
      }
      site.resource = static_cast<ResourceId>(resources_.size());
      resources_by_uri_.emplace(uri, site.resource);
      resources_.push_back({.uri = std::move(uri), .root = &schema});
    }
  }
  if (resources_[site.resource].root == &schema) {
    const std::string_view dialect_uri = text_member(schema, "$schema", site);
    if (!dialect_uri.empty()) {
      const auto found = find_dialect(dialect_uri, site);
      if (!found) return false;
      dialect = *found;
    }
    resources_[site.resource].dialect = dialect;
  }
  return !failed();
}

void Loader::note_anchors(const Json& schema, const Site& site) {
  for (const std::string_view keyword : {"$anchor", "$dynamicAnchor"}) {
    if (!schema.has(keyword)) continue;
    const std::string_view name = text_member(schema, keyword, site);
    if (failed()) return;
    Resource& resource = resources_[site.resource];
    if (!is_anchor(name)) {
      refuse(error_code::invalid_schema, site.place, fmt::format("{} is no name", keyword));
    } else if (const auto [known, fresh] = resource.anchors.emplace(name, &schema);
               !fresh && known->second != &schema) {
      refuse(error_code::invalid_schema, site.place, "the anchor is another schema's");
    } else if (keyword == "$dynamicAnchor") {
      resource.dynamic_anchors.emplace(name, &schema);
      dynamic_anchors_.push_back({name, site.resource, &schema});
    }
  }
}

void Loader::scan_keywords(const Json& schema, const Site& site, const Dialect& dialect) {
  for (const JsonMember& member : schema.members()) {
    if (failed()) return;
    const auto in = [&member](const auto& keywords) {
      return std::ranges::find(keywords, member.name) != keywords.end();
    };
    const auto inside = [&] {
      return Site{site.resource, {site.place.document_uri, extend(site.place.path, member.name)}};
    };
    if (in(single_keywords)) {
      scan(member.value, inside(), dialect);
    } else if (in(list_keywords)) {
      scan_list(member.value, inside(), dialect);
    } else if (in(map_keywords)) {
      scan_map(member.value, inside(), dialect);
    }
  }
}

void Loader::scan_list(const Json& list, const Site& site, const Dialect& dialect) {
  if (!list.is(JsonKind::array) || list.size() == 0) {
    refuse(error_code::invalid_schema, site.place, "expected a list of schemas, not empty");
    return;
  }
  std::size_t index = 0;
  for (const Json& schema : list.elements()) {
    scan(schema, {site.resource, {site.place.document_uri, extend(site.place.path, index++)}},
         dialect);
  }
}

void Loader::scan_map(const Json& map, const Site& site, const Dialect& dialect) {
  if (!map.is(JsonKind::object)) {
    refuse(error_code::invalid_schema, site.place, "expected an object of schemas");
    return;
  }
  for (const auto& [name, schema] : map.members()) {
    scan(schema, {site.resource, {site.place.document_uri, extend(site.place.path, name)}},
         dialect);
  }
}

std::optional<Dialect> Loader::find_dialect(std::string_view uri, const Site& site) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  if (uri == metaschema_uri) return Dialect{};
  if (const auto known = dialects_.find(uri); known != dialects_.end()) return known->second;
  if (uri.starts_with("http://json-schema.org/") || uri.starts_with("https://json-schema.org/")) {
    refuse(error_code::invalid_schema, site.place, "the schema is written for another draft");
    return std::nullopt;
  }
  // A meta-schema may describe itself: while it is read it counts as the standard one.
  dialects_.emplace(uri, Dialect{});
  const auto target = resolve(uri, site);
  if (!target) return std::nullopt;
  const Json* vocabularies = target->schema->find("$vocabulary");
  if (vocabularies == nullptr || !vocabularies->is(JsonKind::object)) return Dialect{};
  Dialect dialect{.applicator = false, .unevaluated = false, .validation = false};
  for (const auto& [name, needed] : vocabularies->members()) {
    const auto part = name.starts_with(vocabulary_prefix) ? name.substr(vocabulary_prefix.size())
                                                          : std::string_view{};
    if (part == "applicator") {
      dialect.applicator = true;
    } else if (part == "unevaluated") {
      dialect.unevaluated = true;
    } else if (part == "validation") {
      dialect.validation = true;
    } else if (part == "format-assertion") {
      dialect.format_assertion = true;
    } else if (part != "core" && part != "meta-data" && part != "format-annotation" &&
               part != "content" && needed.is(JsonKind::boolean) && needed.boolean()) {
      refuse(error_code::invalid_schema, site.place, "a required vocabulary is not known");
      return std::nullopt;
    }
  }
  dialects_[std::string(uri)] = dialect;
  return dialect;
}

std::optional<Target> Loader::resolve(std::string_view text, const Site& site) {
  if (failed()) return std::nullopt;
  const std::string uri = resolve_uri(resources_[site.resource].uri, text);
  auto known = resources_by_uri_.find(uri);
  if (known == resources_by_uri_.end()) {
    if (fetch(uri, site.place) == nullptr) return std::nullopt;
    known = resources_by_uri_.find(uri);
  }
  Target target{.resource = known->second};
  const auto fragment = percent_decode(fragment_of(text));
  const Resource& resource = resources_[target.resource];
  if (!fragment) {
    refuse(error_code::unresolved_reference, site.place, "the fragment is malformed");
  } else if (fragment->empty()) {
    target.schema = resource.root;
  } else if (fragment->front() == '/') {
    target.schema = follow(*fragment, target.resource, site);
  } else if (const auto anchor = resource.anchors.find(*fragment);
             anchor != resource.anchors.end()) {
    target.schema = anchor->second;
    if (resource.dynamic_anchors.contains(anchor->first)) target.dynamic_anchor = anchor->first;
  } else {
    refuse(error_code::unresolved_reference, site.place,
           fmt::format("no anchor \"{}\" in {}", *fragment, uri.empty() ? "the schema" : uri));
  }
  if (failed()) return std::nullopt;
  return target;
}

/// The schema at a pointer from a resource's root. It may stand where no keyword makes a schema of
/// it; then the reference does.
const Json* Loader::follow(std::string_view pointer, ResourceId resource, const Site& from) {
  const Json* value = resources_[resource].root;
  auto known = sites_.find(value);
  if (known == sites_.end()) {
    refuse(error_code::unresolved_reference, from.place, "the document is still being read");
    return nullptr;
  }
  Site here = known->second;
  std::vector<JsonPath> trail;  ///< from there on
  while (!pointer.empty()) {
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    const auto token = unescape_token(pointer.substr(1, end - 1));
    pointer.remove_prefix(end);
    value = token ? step(*value, *token, trail.emplace_back()) : nullptr;
    if (value == nullptr) {
      refuse(error_code::unresolved_reference, from.place, "the pointer leads nowhere");
      return nullptr;
    }
    known = sites_.find(value);
    if (known == sites_.end()) continue;
    here = known->second;
    trail.clear();
  }
  if (trail.empty()) return value;
  for (const JsonPath& part : trail) {
    here.place.path = part.index == JsonPath::no_index ? extend(here.place.path, part.name)
                                                       : extend(here.place.path, part.index);
  }
  scan(*value, here, resources_[here.resource].dialect);
  return failed() ? nullptr : value;
}

/// The member or element that a token names; `part` becomes its name. Null when there is none.
const Json* Loader::step(const Json& value, const std::string& token, JsonPath& part) {
  if (value.is(JsonKind::object)) {
    const std::size_t index = value.index_of(token);
    if (index == value.size()) return nullptr;
    part.name = value.members()[index].name;
    return &value.members()[index].value;
  }
  if (!value.is(JsonKind::array) || token.empty() || token.size() > 9 || !all_digits(token) ||
      (token.size() > 1 && token.front() == '0')) {
    return nullptr;
  }
  part.index = static_cast<std::size_t>(std::stoul(token));
  return part.index < value.size() ? &value.elements()[part.index] : nullptr;
}

}  // namespace crossfoot::contract::schema

#include "config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <functional>
#include <optional>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "runtime/files.h"

namespace crossfoot::app {

namespace {

enum class Kind : std::uint8_t { text, path, integer, milliseconds, choice };

/// One setting, declared once: the reader, the checks, the reference and the schema use it.
struct Setting {
  std::string_view key;
  Kind kind;
  std::string_view unit;
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::vector<std::string_view> choices;
  std::string_view example;
  std::string_view text;
  std::function<void(Config&, const std::string&, std::int64_t)> apply;
  std::function<std::string(const Config&)> show;
};

template <class T>
Setting number(std::string_view key, std::string_view unit, std::int64_t least, std::int64_t most,
               std::string_view example, std::string_view text, T Config::* field) {
  return {.key = key,
          .kind = Kind::integer,
          .unit = unit,
          .least = least,
          .most = most,
          .choices = {},
          .example = example,
          .text = text,
          .apply = [field](Config& config, const std::string&,
                           std::int64_t value) { config.*field = static_cast<T>(value); },
          .show = [field](const Config& config) { return std::to_string(config.*field); }};
}

Setting millis(std::string_view key, std::int64_t least, std::int64_t most,
               std::string_view example, std::string_view text,
               std::chrono::milliseconds Config::* field) {
  return {
      .key = key,
      .kind = Kind::milliseconds,
      .unit = "ms",
      .least = least,
      .most = most,
      .choices = {},
      .example = example,
      .text = text,
      .apply = [field](Config& config, const std::string&,
                       std::int64_t value) { config.*field = std::chrono::milliseconds{value}; },
      .show = [field](const Config& config) { return std::to_string((config.*field).count()); }};
}

Setting text(std::string_view key, std::string_view example, std::string_view about,
             std::string Config::* field) {
  return {.key = key,
          .kind = Kind::text,
          .unit = {},
          .least = 0,
          .most = 0,
          .choices = {},
          .example = example,
          .text = about,
          .apply = [field](Config& config, const std::string& value,
                           std::int64_t) { config.*field = value; },
          .show = [field](const Config& config) { return config.*field; }};
}

Setting choice(std::string_view key, std::vector<std::string_view> choices,
               std::string_view example, std::string_view about, std::string Config::* field) {
  Setting setting = text(key, example, about, field);
  setting.kind = Kind::choice;
  setting.choices = std::move(choices);
  return setting;
}

Setting floor_limit(std::string_view key, contract::Channel channel, std::string_view about) {
  const auto index = static_cast<std::size_t>(channel);
  return {
      .key = key,
      .kind = Kind::integer,
      .unit = "points",
      .least = 0,
      .most = 1'000'000'000,
      .choices = {},
      .example = "500",
      .text = about,
      .apply = [index](Config& config, const std::string&,
                       std::int64_t value) { config.floor_limits[index] = value; },
      .show = [index](const Config& config) { return std::to_string(config.floor_limits[index]); }};
}

/// `key` ends in the channel's name.
Setting suspects(std::string_view key, contract::Channel channel, std::string_view about) {
  const auto index = static_cast<std::size_t>(channel);
  return {.key = key,
          .kind = Kind::choice,
          .unit = {},
          .least = 0,
          .most = 0,
          .choices = {"ignore", "flag", "hold"},
          .example = "hold",
          .text = about,
          .apply = [index](Config& config, const std::string& value,
                           std::int64_t) { config.suspects[index] = value; },
          .show = [index](const Config& config) { return config.suspects[index]; }};
}

Setting path(std::string_view key, std::string_view example, std::string_view about,
             std::filesystem::path Config::* field) {
  return {.key = key,
          .kind = Kind::path,
          .unit = {},
          .least = 0,
          .most = 0,
          .choices = {},
          .example = example,
          .text = about,
          .apply = [field](Config& config, const std::string& value,
                           std::int64_t) { config.*field = value; },
          .show = [field](const Config& config) { return (config.*field).string(); }};
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all{
      text("listen.address", "127.0.0.1",
           "Address to listen on. Another than loopback wants access control, and TLS.",
           &Config::listen_address),
      number("listen.port", "port", 0, 65535, "8080", "TCP port; 0 takes a free one.",
             &Config::listen_port),
      number("listen.connections_max", "connections", 1, 65535, "4096",
             "Connections open at once; more are refused.", &Config::connections_max),
      number("listen.body_mb_max", "MB", 1, 1024, "64",
             "Largest request body, for batches of transactions.", &Config::body_mb_max),
      path("listen.tls_certificate", "server.pem",
           "The server's certificate with its chain, PEM: the port speaks TLS 1.2 or 1.3. Read "
           "again when it changes.",
           &Config::tls_certificate),
      path("listen.tls_key", "server.key", "The certificate's private key, PEM.", &Config::tls_key),
      path("listen.tls_client_authorities", "clients-ca.pem",
           "Authorities whose certificates prove who a client is, PEM; empty: none are asked for.",
           &Config::tls_client_authorities),
      choice("listen.tls_client_certificate", {"optional", "required"}, "required",
             "Whether a client without a certificate of these authorities is served.",
             &Config::tls_client_certificate),
      choice("listen.tls_in_front", {"off", "on"}, "on",
             "A proxy before this server ends TLS, and nobody else reaches it: credentials would "
             "otherwise travel in clear.",
             &Config::tls_in_front),
      path("access.api_keys", "api-keys.json",
           "File of API keys (`crossfoot access key`). This or a key set turns access control on.",
           &Config::access_api_keys),
      path("access.key_set", "jwks.json",
           "The token issuer's public keys, a JWK set; read again when it changes.",
           &Config::access_key_set),
      text("access.issuer", "https://login.example.com",
           "Whose access tokens are believed (`iss`).", &Config::access_issuer),
      text("access.audience", "crossfoot", "Whom a token must be for (`aud`).",
           &Config::access_audience),
      path("data.folder", "/var/lib/crossfoot", "Folder of the embedded data store.",
           &Config::data_folder),
      choice("store.kind", {"sqlite", "postgres"}, "postgres",
             "The data store: a file in `data.folder`, or a PostgreSQL database (15 or later).",
             &Config::store_kind),
      text("store.url", "env:CROSSFOOT_STORE_URL",
           "Where PostgreSQL's connection string is found: `env:NAME` or `file:PATH`. With several "
           "hosts it says `target_session_attrs=read-write`.",
           &Config::store_url),
      choice("store.no_loss_on_node_failure", {"off", "on"}, "on",
             "PostgreSQL: do not run without a synchronous standby.",
             &Config::store_no_loss_on_node_failure),
      number("data.commit_budget_ms", "ms", 1, 100, "4",
             "Work that one commit may gather before it is made durable.",
             &Config::commit_budget_ms),
      number("data.readers", "connections", 1, 16, "2", "Read-only connections for queries.",
             &Config::store_readers),
      number("data.log_hard_limit_mb", "MB", 16, 65536, "1024",
             "Size of the write-ahead log at which bulk work is refused until it has shrunk.",
             &Config::log_hard_limit_mb),
      path("programme", "programme.json",
           "The loyalty programme's rules, for Crossfoot's own expectation of points.",
           &Config::programme),
      path(
          "settlement.policy", "settlement.json",
          "What must hold of a shop's day before it is closed, which shops and tills are expected, "
          "and when days are closed by themselves (docs/guides/settlement.md).",
          &Config::settlement_policy),
      text("references.products", "pos, ecommerce",
           "Channels whose articles must be known products, with commas between; empty: none.",
           &Config::check_products),
      text("references.members", "pos, ecommerce",
           "Channels whose members must be known customers', with commas between; empty: none.",
           &Config::check_members),
      text("records.profile_targets", "loyalty",
           "Connectors that are told of customers who are members, with commas between; empty: "
           "none.",
           &Config::profile_targets),
      path("records.ownership", "ownership.json",
           "Who owns which field of records, where it differs from the contracts.",
           &Config::record_ownership),
      text("routing.erp", "erp", "Connector that plays the ERP.", &Config::routing_erp),
      text("routing.loyalty", "loyalty", "Connector that plays the loyalty platform.",
           &Config::routing_loyalty),
      choice("contract.unknown_fields", {"record_and_ignore", "strict"}, "strict",
             "What becomes of fields that the contract's version does not know.",
             &Config::unknown_fields),
      suspects(
          "suspected_duplicates.pos", contract::Channel::pos,
          "What becomes of a transaction of the stores that looks like another one of its shop "
          "under a new number (same kind, member, lines and tenders): `flag` processes and "
          "marks it, `hold` keeps it until a person decides, `ignore` looks for none."),
      suspects("suspected_duplicates.ecommerce", contract::Channel::ecommerce,
               "The same for the web shop."),
      suspects("suspected_duplicates.mobile", contract::Channel::mobile,
               "The same for the mobile app."),
      suspects("suspected_duplicates.partner", contract::Channel::partner,
               "The same for partners."),
      suspects("suspected_duplicates.customer_service", contract::Channel::customer_service,
               "The same for customer service."),
      suspects("suspected_duplicates.file", contract::Channel::file,
               "The same for imported files."),
      number("suspected_duplicates.window_s", "s", 1, 3600, "300",
             "How far apart the two happened at most, either way.", &Config::suspect_window_s),
      number("suspected_duplicates.late_hours", "h", 1, 720, "48",
             "What happened longer ago is not looked at for duplicates any more.",
             &Config::suspect_late_hours),
      millis("checkout.authorise_ms", 50, 60'000, "1500",
             "How long a till waits at most for the loyalty platform's word on a redemption, its "
             "capture or its void; after that it is answered 202 and finds the word later.",
             &Config::authorise_deadline),
      millis("checkout.question_ms", 10, 10'000, "300",
             "How long a till waits at most for an answer that changes nothing, such as a balance; "
             "after that it gets what is known, with its age.",
             &Config::question_deadline),
      number("checkout.hold_default_s", "s", 1, 86'400, "300",
             "How long points stay reserved for a redemption that says nothing of it.",
             &Config::hold_default_s),
      number("checkout.hold_max_s", "s", 1, 86'400, "3600",
             "How long a redemption may ask to have them reserved.", &Config::hold_max_s),
      floor_limit("checkout.floor.pos", contract::Channel::pos,
                  "Points that a member may redeem in the stores without the loyalty platform's "
                  "word while it gives none, in all until it has heard of them; they are settled "
                  "later and may not be covered then. 0: none, `pending` is answered."),
      floor_limit("checkout.floor.ecommerce", contract::Channel::ecommerce,
                  "The same for the web shop."),
      floor_limit("checkout.floor.mobile", contract::Channel::mobile,
                  "The same for the mobile app."),
      floor_limit("checkout.floor.partner", contract::Channel::partner, "The same for partners."),
      floor_limit("checkout.floor.customer_service", contract::Channel::customer_service,
                  "The same for customer service."),
      text(
          "service.reasons", "goodwill, complaint",
          "Why points may be granted or deducted by hand: words with commas between, each of which "
          "goes to the loyalty platform. Default: goodwill, complaint, missing_points, correction.",
          &Config::service_reasons),
      number(
          "service.agent.points_alone", "points", 0, 1'000'000'000, "500",
          "What one person with `service:adjust` grants or deducts alone at once; more waits for "
          "a second person.",
          &Config::service_agent_alone),
      number("service.agent.points_a_day", "points", 0, 1'000'000'000, "2000",
             "What such a person asks for on one day (UTC) in all; more is refused.",
             &Config::service_agent_a_day),
      number("service.lead.points_alone", "points", 0, 1'000'000'000, "5000",
             "The same at once for who also has `service:approve`; more waits for another one.",
             &Config::service_lead_alone),
      number("service.lead.points_a_day", "points", 0, 1'000'000'000, "50000",
             "The same on one day.", &Config::service_lead_a_day),
      number("accept.in_flight_max", "transactions", 1, 1'000'000, "4096",
             "Transactions between arrival and commit; more are answered 503 with Retry-After.",
             &Config::accepts_in_flight_max),
      number(
          "clients.requests_per_minute", "requests", 0, 6'000'000, "6000",
          "What one client may ask for under /v1/; more is answered 429 with Retry-After. A batch "
          "is one request. 0: no limit.",
          &Config::client_requests_per_minute),
      number("clients.burst", "requests", 1, 1'000'000, "1000",
             "Requests that a client may send at once after a rest.", &Config::client_burst),
      number(
          "shed.queue_max", "units", 0, 10'000'000, "20000",
          "Units waiting for a commit. Of each limit under `shed`, of `accept.in_flight_max` and "
          "of `data.log_hard_limit_mb`: from 60 % on bulk work is answered 503, from 80 % live "
          "traffic, from 95 % checkout. 0: not looked at.",
          &Config::shed_queue_max),
      number("shed.disk_free_mb", "MB", 0, 1'000'000, "1024",
             "What must stay free below `data.folder`; the part is this over what is free.",
             &Config::shed_disk_free_mb),
      number("shed.memory_mb", "MB", 0, 1'000'000, "4096",
             "Memory of the process; 0: not looked at.", &Config::shed_memory_mb),
      millis("retry.first_ms", 1, 600'000, "200", "Delay after the first failed attempt.",
             &Config::retry_first),
      millis("retry.longest_ms", 1, 86'400'000, "60000", "Longest delay between two attempts.",
             &Config::retry_longest),
      millis("retry.budget_ms", 1000, 2'592'000'000, "259200000",
             "A leg that has not succeeded within this time goes to the dead letters.",
             &Config::retry_budget),
      number("retry.tries_max", "tries", 0, 10'000, "0",
             "Attempts after which it goes there before its time; 0: as many as the time allows.",
             &Config::retry_tries_max),
      number("reconciliation.in_flight_s", "s", 0, 86'400, "60",
             "An item younger than this counts as in flight, not as missing.",
             &Config::in_flight_sla_s),
      path(
          "audit.anchor_folder", "/mnt/audit/crossfoot",
          "Folder for the signed anchors of the audit chain. Without it they lie in `anchors` "
          "below "
          "the data folder, where whoever can change the data can remove them: name another place.",
          &Config::anchor_folder),
      number("audit.anchor_minutes", "min", 1, 10'080, "15",
             "Time between two anchors while something is recorded. What was recorded since the "
             "last one is not proven yet.",
             &Config::anchor_minutes),
      number("audit.anchor_entries", "entries", 100, 1'000'000'000, "100000",
             "About so many journal entries make an anchor due before its time.",
             &Config::anchor_entries),
      choice("log.level", {"trace", "debug", "info", "warning", "error", "off"}, "info",
             "Lowest level that is written to standard error.", &Config::log_level),
  };
  return all;
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : folder_(file.parent_path()) {}

  void read(const YAML::Node& node, const std::string& prefix) {
    for (const auto& member : node) {
      const std::string name = member.first.as<std::string>();
      const std::string key = prefix.empty() ? name : prefix + "." + name;
      if (key == "connectors") {
        connectors(member.second);
      } else if (member.second.IsMap()) {
        section(member.first, member.second, key);
      } else {
        value(member.first, member.second, key);
      }
    }
  }

  void finish() {
    Config& config = out_.config;
    for (const auto& [part, name] : {std::pair{"routing.erp", &config.routing_erp},
                                     std::pair{"routing.loyalty", &config.routing_loyalty}}) {
      const bool known = std::ranges::any_of(
          config.connectors,
          [name](const ConnectorConfig& connector) { return connector.name == *name; });
      if (!known) {
        add(0, part, contract::error_code::bad_setting,
            fmt::format("no connector is named '{}'; add it under 'connectors'", *name));
      }
    }
    for (const std::string& name : config.profile_target_names()) {
      const bool known = std::ranges::find(config.connectors, name, &ConnectorConfig::name) !=
                         config.connectors.end();
      if (known) continue;
      add(0, "records.profile_targets", contract::error_code::bad_setting,
          fmt::format("no connector is named '{}'; add it under 'connectors'", name));
    }
    for (const auto& [key, names] : {std::pair{"references.products", &config.check_products},
                                     std::pair{"references.members", &config.check_members}}) {
      if (Config::channels_of(*names)) continue;
      add(0, key, contract::error_code::bad_setting,
          "a channel is pos, ecommerce, mobile, partner, customer_service or file");
    }
    finish_access(config);
    if (config.programme.empty()) {
      add(0, "programme", contract::error_code::missing_setting,
          "name the file with the loyalty programme's rules");
    } else {
      config.programme = below(config.programme);
    }
    if (!config.settlement_policy.empty()) {
      config.settlement_policy = below(config.settlement_policy);
    }
    if (!config.record_ownership.empty()) {
      config.record_ownership = below(config.record_ownership);
    }
    config.data_folder = below(config.data_folder);
    config.anchor_folder_named = !config.anchor_folder.empty();
    config.anchor_folder = config.anchor_folder_named ? below(config.anchor_folder)
                                                      : anchors_beside(config.data_folder);
    if (config.hold_default_s > config.hold_max_s) {
      add(0, "checkout.hold_default_s", contract::error_code::bad_setting,
          "is more than checkout.hold_max_s");
    }
    finish_store(config);
  }

  void add(int line, std::string key, std::string_view code, std::string about) {
    out_.faults.push_back({line, std::move(key), std::string(code), std::move(about)});
  }

  LoadedConfig take() { return std::move(out_); }

 private:
  [[nodiscard]] std::filesystem::path below(const std::filesystem::path& given) const {
    return given.is_absolute() ? given : folder_ / given;
  }

  void finish_access(Config& config) {
    for (auto* file : {&config.access_key_set, &config.access_api_keys, &config.tls_certificate,
                       &config.tls_key, &config.tls_client_authorities}) {
      if (!file->empty()) *file = below(*file);
    }
    if (config.tls_certificate.empty() != config.tls_key.empty()) {
      add(0, config.tls_key.empty() ? "listen.tls_key" : "listen.tls_certificate",
          contract::error_code::missing_setting, "a certificate and its key belong together");
    }
    if (config.tls_certificate.empty() && !config.tls_client_authorities.empty()) {
      add(0, "listen.tls_certificate", contract::error_code::missing_setting,
          "clients show certificates only to a server that has one");
    }
    if (!config.access_key_set.empty() && config.access_issuer.empty()) {
      add(0, "access.issuer", contract::error_code::missing_setting,
          "name the issuer whose tokens the key set verifies");
    }
    const std::string& address = config.listen_address;
    if (address == "127.0.0.1" || address == "::1" || address == "localhost") return;
    if (!config.has_access_control()) {
      add(0, "listen.address", contract::error_code::bad_setting,
          "only loopback is allowed without access control; use 127.0.0.1, or name access.api_keys "
          "or access.key_set");
    } else if (config.tls_in_front != "on" && config.tls_certificate.empty()) {
      add(0, "listen.tls_certificate", contract::error_code::bad_setting,
          "credentials would travel in clear: name a certificate and its key, or put a proxy that "
          "ends TLS before the server and say so in listen.tls_in_front");
    }
  }

  void finish_store(Config& config) {
    if (config.store_kind != "postgres") return;
    if (config.store_url.empty()) {
      add(0, "store.url", contract::error_code::missing_setting,
          "name where PostgreSQL's connection string is found, e.g. env:CROSSFOOT_STORE_URL");
    } else if (config.store_url.starts_with("file:")) {
      config.store_url = "file:" + below(config.store_url.substr(5)).string();
    } else if (!config.store_url.starts_with("env:")) {
      // It may hold a password, so it does not stand in the file, and is not repeated here.
      add(0, "store.url", contract::error_code::bad_setting, "write env:NAME or file:PATH");
    }
  }

  void section(const YAML::Node& at, const YAML::Node& node, const std::string& key) {
    const bool known = std::ranges::any_of(
        settings(), [&key](const Setting& setting) { return setting.key.starts_with(key + "."); });
    if (!known) return unknown(at, key);
    read(node, key);
  }

  void value(const YAML::Node& at, const YAML::Node& node, const std::string& key) {
    const int line = at.Mark().line + 1;
    const auto setting = std::ranges::find(settings(), key, &Setting::key);
    if (setting == settings().end()) return unknown(at, key);
    if (!node.IsScalar()) {
      return add(line, key, contract::error_code::bad_setting, "one value is wanted here");
    }
    const std::string given = node.Scalar();
    std::int64_t parsed = 0;
    if (setting->kind == Kind::integer || setting->kind == Kind::milliseconds) {
      const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), parsed);
      if (error != std::errc{} || end != given.data() + given.size() || parsed < setting->least ||
          parsed > setting->most) {
        return add(line, key, contract::error_code::bad_setting,
                   fmt::format("'{}' is not a whole number of {} from {} to {}", given,
                               setting->unit, setting->least, setting->most));
      }
    }
    if (setting->kind == Kind::choice &&
        std::ranges::find(setting->choices, given) == setting->choices.end()) {
      return add(line, key, contract::error_code::bad_setting,
                 fmt::format("'{}' is none of: {}", given, fmt::join(setting->choices, ", ")));
    }
    setting->apply(out_.config, given, parsed);
  }

  void connectors(const YAML::Node& node) {
    if (!node.IsSequence()) {
      return add(node.Mark().line + 1, "connectors", contract::error_code::bad_setting,
                 "a list of connectors is wanted here");
    }
    for (const YAML::Node& entry : node) {
      const int line = entry.Mark().line + 1;
      ConnectorConfig connector;
      if (!entry.IsMap()) {
        add(line, "connectors[]", contract::error_code::bad_setting,
            "a connector has a name and a pack");
        continue;
      }
      for (const auto& member : entry) {
        const std::string name = member.first.as<std::string>();
        if (name == "retry") {
          connector.retry = read_retry(
              member.second,
              [this](const YAML::Node& at, const std::string& key, const std::string& about) {
                add(at.Mark().line + 1, "connectors[].retry" + (key.empty() ? key : "." + key),
                    contract::error_code::bad_setting, about);
              });
        } else if (!member.second.IsScalar()) {
          add(line, "connectors[]." + name, contract::error_code::bad_setting,
              "one value is wanted here");
        } else if (name == "name") {
          connector.name = member.second.Scalar();
        } else if (name == "pack") {
          connector.pack = below(member.second.Scalar());
        } else if (name == "base_url") {
          connector.base_url = member.second.Scalar();
        } else if (name == "tls_authorities") {
          connector.tls.authorities = below(member.second.Scalar());
        } else if (name == "tls_certificate") {
          connector.tls.certificate = below(member.second.Scalar());
        } else if (name == "tls_key") {
          connector.tls.key = below(member.second.Scalar());
        } else {
          unknown(member.first, "connectors[]." + name);
        }
      }
      if (connector.name.empty() || connector.pack.empty()) {
        add(line, "connectors[]", contract::error_code::missing_setting,
            "a connector needs 'name' and 'pack'");
        continue;
      }
      out_.config.connectors.push_back(std::move(connector));
    }
  }

  void unknown(const YAML::Node& at, const std::string& key) {
    add(at.Mark().line + 1, key, contract::error_code::unknown_setting,
        "no such setting; docs/reference/configuration.md lists all of them");
  }

  std::filesystem::path folder_;
  LoadedConfig out_;
};

}  // namespace

namespace {

std::vector<std::string> names_in(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, comma);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) names.emplace_back(name);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return names;
}

}  // namespace

std::vector<std::string> Config::profile_target_names() const {
  return names_in(profile_targets);
}

std::vector<std::string> Config::service_reason_names() const {
  return names_in(service_reasons);
}

std::optional<std::array<bool, contract::channel_count>> Config::channels_of(
    const std::string& names) {
  std::array<bool, contract::channel_count> channels{};
  for (const std::string& name : names_in(names)) {
    bool known = false;
    for (std::size_t i = 0; i < channels.size(); ++i) {
      if (contract::to_string(static_cast<contract::Channel>(i)) != name) continue;
      channels[i] = known = true;
    }
    if (!known) return std::nullopt;
  }
  return channels;
}

std::filesystem::path anchors_beside(const std::filesystem::path& data_folder) {
  return data_folder / "anchors";
}

LoadedConfig load_config(const std::filesystem::path& file) {
  Reader reader(file);
  const auto bytes = runtime::read_file(file);
  if (!bytes) {
    reader.add(0, {}, contract::error_code::unreadable_configuration, bytes.error().cause);
    return reader.take();
  }
  try {
    const YAML::Node root = YAML::Load(*bytes);
    if (!root.IsMap()) {
      reader.add(1, {}, contract::error_code::unreadable_configuration,
                 "settings by name are wanted at the top");
      return reader.take();
    }
    reader.read(root, {});
    reader.finish();
  } catch (const YAML::Exception& fault) {
    reader.add(fault.mark.line + 1, {}, contract::error_code::unreadable_configuration, fault.msg);
  }
  return reader.take();
}

std::string config_reference() {
  const Config defaults;
  std::string page =
      "# Configuration\n\nOne YAML file, given with `--config`. Keys are nested by their dots. "
      "Unknown keys are refused;\n`crossfoot check --config FILE` explains every fault with its "
      "line. Generated; do not edit.\n\n| key | unit | default | range | example | meaning "
      "|\n|---|---|---|---|---|---|\n";
  for (const Setting& setting : settings()) {
    std::string range;
    if (setting.kind == Kind::choice) {
      range = fmt::format("{}", fmt::join(setting.choices, ", "));
    } else if (setting.kind == Kind::integer || setting.kind == Kind::milliseconds) {
      range = fmt::format("{} … {}", setting.least, setting.most);
    }
    page += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", setting.key, setting.unit,
                        setting.show(defaults), range, setting.example, setting.text);
  }
  page +=
      "| `connectors[].name` | | | | erp | Name of the target in flows and reports. |\n"
      "| `connectors[].pack` | | | | connectors/sandbox-erp | Folder of the connector pack. |\n"
      "| `connectors[].base_url` | | the pack's | | http://127.0.0.1:9001 | Where the system is. "
      "|\n"
      "| `connectors[].tls_authorities` | | the system's | | erp-ca.pem | Whose certificates are "
      "believed of an https address, PEM. |\n"
      "| `connectors[].tls_certificate` | | | | client.pem | Our certificate for the system, with "
      "its chain, PEM. |\n"
      "| `connectors[].tls_key` | | | | client.key | Its private key, PEM. |\n";
  page += retry_reference_rows();
  return page;
}

std::string config_schema() {
  contract::JsonWriter out;
  out.begin_object();
  out.member("$schema", "https://json-schema.org/draft/2020-12/schema");
  out.member("title", "Crossfoot configuration");
  out.member("type", "object").member("additionalProperties", false);
  out.key("properties").begin_object();
  std::string open;
  const auto close_section = [&out, &open] {
    if (!open.empty()) out.end_object().end_object();
    open.clear();
  };
  for (const Setting& setting : settings()) {
    const auto dot = setting.key.find('.');
    const std::string section(dot == std::string_view::npos ? std::string_view()
                                                            : setting.key.substr(0, dot));
    if (section != open) {
      close_section();
      if (!section.empty()) {
        out.key(section).begin_object().member("type", "object");
        out.member("additionalProperties", false).key("properties").begin_object();
        open = section;
      }
    }
    out.key(dot == std::string_view::npos ? setting.key : setting.key.substr(dot + 1));
    out.begin_object().member("description", setting.text);
    switch (setting.kind) {
      case Kind::integer:
      case Kind::milliseconds:
        out.member("type", "integer").member("minimum", setting.least);
        out.member("maximum", setting.most);
        break;
      case Kind::choice:
        out.key("enum").begin_array();
        for (const std::string_view each : setting.choices) out.text(each);
        out.end_array();
        break;
      case Kind::text:
      case Kind::path:
        out.member("type", "string");
        break;
    }
    out.end_object();
  }
  close_section();
  out.key("connectors").begin_object().member("type", "array").key("items").begin_object();
  out.member("type", "object").member("additionalProperties", false);
  out.key("required").begin_array().text("name").text("pack").end_array();
  out.key("properties").begin_object();
  for (const std::string_view name :
       {"name", "pack", "base_url", "tls_authorities", "tls_certificate", "tls_key"}) {
    out.key(name).begin_object().member("type", "string").end_object();
  }
  out.key("retry").raw(retry_schema());
  out.end_object().end_object().end_object();
  out.end_object().end_object();
  return out.take();
}

}  // namespace crossfoot::app

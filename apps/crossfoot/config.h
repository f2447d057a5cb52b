#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "contract/transaction.h"
#include "retry_config.h"
#include "runtime/tls.h"

namespace crossfoot::app {

/// One external system of the configuration.
struct ConnectorConfig {
  std::string name;            ///< `erp`, `loyalty`: the target's name in flows and reports
  std::filesystem::path pack;  ///< folder of the connector pack
  std::string base_url;        ///< overrides the pack's, empty: the pack's
  RetryConfig retry;           ///< over the settings under `retry`
  runtime::TlsFiles tls;       ///< for an `https` address; empty: as the system believes
};

/// The whole configuration. Every field is declared once in the table of settings (settings.cpp),
/// which also gives the reference page, the JSON Schema and the checks.
struct Config {
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 8080;
  std::filesystem::path tls_certificate;  ///< with `tls_key`: the server speaks TLS
  std::filesystem::path tls_key;
  std::filesystem::path tls_client_authorities;  ///< empty: no certificates are asked for
  std::string tls_client_certificate = "optional";
  std::filesystem::path data_folder = "crossfoot-data";
  std::filesystem::path programme;
  std::string check_products;  ///< names of channels, with commas between
  std::string check_members;
  std::string profile_targets;              ///< names, with commas between
  std::filesystem::path settlement_policy;  ///< empty: none
  std::filesystem::path record_ownership;   ///< empty: as the contracts say
  std::string unknown_fields = "record_and_ignore";
  std::string routing_erp = "erp";
  std::string routing_loyalty = "loyalty";
  std::string log_level = "info";
  std::chrono::milliseconds retry_first{200};
  std::chrono::milliseconds retry_longest{60'000};
  std::chrono::milliseconds retry_budget{259'200'000};
  std::int64_t retry_tries_max = 0;
  std::string store_kind = "sqlite";
  std::string store_url;  ///< reference to a secret, `env:NAME` or `file:PATH`; for PostgreSQL
  std::string store_no_loss_on_node_failure = "off";
  std::int64_t commit_budget_ms = 4;
  std::int64_t store_readers = 2;
  std::int64_t log_hard_limit_mb = 1024;
  std::chrono::milliseconds authorise_deadline{1'500};
  std::chrono::milliseconds question_deadline{300};
  std::int64_t hold_default_s = 300;
  std::int64_t hold_max_s = 3'600;
  std::array<std::int64_t, contract::channel_count> floor_limits{};  ///< points, by channel
  std::string service_reasons = "goodwill, complaint, missing_points, correction";
  std::int64_t service_agent_alone = 500;
  std::int64_t service_agent_a_day = 2'000;
  std::int64_t service_lead_alone = 5'000;
  std::int64_t service_lead_a_day = 50'000;
  std::int64_t accepts_in_flight_max = 4096;
  /// What becomes of suspected duplicates, by channel: `ignore`, `flag` or `hold`.
  std::array<std::string, contract::channel_count> suspects{"flag", "flag", "flag",
                                                            "flag", "flag", "flag"};
  std::int64_t suspect_window_s = 300;
  std::int64_t suspect_late_hours = 48;
  std::int64_t body_mb_max = 64;
  std::int64_t connections_max = 4096;
  std::int64_t in_flight_sla_s = 60;
  std::filesystem::path anchor_folder;  ///< beside the data store when it is not named
  bool anchor_folder_named = false;
  std::int64_t anchor_minutes = 15;
  std::int64_t anchor_entries = 100'000;
  std::int64_t client_requests_per_minute = 0;
  std::int64_t client_burst = 1000;
  std::int64_t shed_queue_max = 20'000;
  std::int64_t shed_disk_free_mb = 256;
  std::int64_t shed_memory_mb = 0;
  std::filesystem::path access_key_set;
  std::filesystem::path access_api_keys;
  std::string access_issuer;
  std::string access_audience = "crossfoot";
  std::string tls_in_front = "off";

  [[nodiscard]] bool has_access_control() const {
    return !access_key_set.empty() || !access_api_keys.empty();
  }
  std::vector<ConnectorConfig> connectors;

  [[nodiscard]] std::vector<std::string> profile_target_names() const;
  [[nodiscard]] std::vector<std::string> service_reason_names() const;
  /// By channel, whether a list of names has it; nothing when it names what is no channel.
  [[nodiscard]] static std::optional<std::array<bool, contract::channel_count>> channels_of(
      const std::string& names);
};

/// Where anchors lie when no folder is named.
[[nodiscard]] std::filesystem::path anchors_beside(const std::filesystem::path& data_folder);
inline constexpr std::string_view store_file_name = "crossfoot.sqlite";
inline constexpr std::string_view audit_key_name = "audit-key.pem";

/// A fault of a configuration file, with its place.
struct ConfigFault {
  int line = 0;     ///< from 1; 0: the file as a whole
  std::string key;  ///< dotted
  std::string code;
  std::string text;
};

struct LoadedConfig {
  Config config;
  std::vector<ConfigFault> faults;  ///< empty when the configuration can be used
};

/// Reads YAML. Relative paths count from the file's folder. All faults at once, never just the
/// first.
[[nodiscard]] LoadedConfig load_config(const std::filesystem::path& file);

/// The reference page (Markdown) and the JSON Schema for editors, from the same table.
[[nodiscard]] std::string config_reference();
[[nodiscard]] std::string config_schema();

}  // namespace crossfoot::app

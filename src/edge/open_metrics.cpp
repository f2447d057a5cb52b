#include <fmt/format.h>

#include <cmath>

#include "edge/metrics.h"

namespace crossfoot::edge {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

std::string labels(const std::vector<ClientMetric::Label>& all, std::string_view extra_name = {},
                   std::string_view extra_value = {}) {
  std::string out;
  const auto add = [&out](std::string_view name, std::string_view value) {
    out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", name, escaped(value));
  };
  for (const ClientMetric::Label& label : all) add(label.name, label.value);
  if (!extra_name.empty()) add(extra_name, extra_value);
  return out.empty() ? out : "{" + out + "}";
}

void write_histogram(std::string& out, std::string_view name, const ClientMetric& metric) {
  const ClientMetric::Histogram& histogram = metric.histogram;
  bool has_infinite = false;
  for (const ClientMetric::Bucket& bucket : histogram.bucket) {
    has_infinite = has_infinite || std::isinf(bucket.upper_bound);
    out += fmt::format("{}_bucket{} {}\n", name,
                       labels(metric.label, "le", number(bucket.upper_bound)),
                       bucket.cumulative_count);
  }
  if (!has_infinite) {
    out += fmt::format("{}_bucket{} {}\n", name, labels(metric.label, "le", "+Inf"),
                       histogram.sample_count);
  }
  out += fmt::format("{}_count{} {}\n", name, labels(metric.label), histogram.sample_count);
  out += fmt::format("{}_sum{} {}\n", name, labels(metric.label), number(histogram.sample_sum));
}

void write_summary(std::string& out, std::string_view name, const ClientMetric& metric) {
  for (const ClientMetric::Quantile& quantile : metric.summary.quantile) {
    out +=
        fmt::format("{}{} {}\n", name, labels(metric.label, "quantile", number(quantile.quantile)),
                    number(quantile.value));
  }
  out += fmt::format("{}_count{} {}\n", name, labels(metric.label), metric.summary.sample_count);
  out +=
      fmt::format("{}_sum{} {}\n", name, labels(metric.label), number(metric.summary.sample_sum));
}

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Summary:
      return "summary";
    case MetricType::Histogram:
      return "histogram";
    default:
      return "unknown";
  }
}

}  // namespace

std::string to_open_metrics(const std::vector<MetricFamily>& families) {
  constexpr std::string_view total = "_total";
  std::string out;
  for (const MetricFamily& family : families) {
    std::string_view name = family.name;
    // A counter's family is named without the suffix that its samples must have.
    if (family.type == MetricType::Counter && name.ends_with(total)) {
      name.remove_suffix(total.size());
    }
    out += fmt::format("# TYPE {} {}\n", name, type_name(family.type));
    out += fmt::format("# HELP {} {}\n", name, escaped(family.help));
    for (const ClientMetric& metric : family.metric) {
      switch (family.type) {
        case MetricType::Counter:
          out += fmt::format("{}_total{} {}\n", name, labels(metric.label),
                             number(metric.counter.value));
          break;
        case MetricType::Histogram:
          write_histogram(out, name, metric);
          break;
        case MetricType::Summary:
          write_summary(out, name, metric);
          break;
        case MetricType::Gauge:
          out += fmt::format("{}{} {}\n", name, labels(metric.label), number(metric.gauge.value));
          break;
        default:
          out += fmt::format("{}{} {}\n", name, labels(metric.label), number(metric.untyped.value));
          break;
      }
    }
  }
  return out + "# EOF\n";
}

}  // namespace crossfoot::edge

#include <fmt/format.h>

#include "contract/json_writer.h"
#include "observe/audit/verify.h"

namespace crossfoot::observe {

std::string_view to_string(AuditFinding::Kind kind) {
  switch (kind) {
    case AuditFinding::Kind::changed:
      return "changed";
    case AuditFinding::Kind::moved:
      return "moved";
    case AuditFinding::Kind::missing:
      return "missing";
    case AuditFinding::Kind::inserted:
      return "inserted";
    case AuditFinding::Kind::cut_off:
      return "cut_off";
    case AuditFinding::Kind::anchor_forged:
      return "anchor_forged";
    case AuditFinding::Kind::anchor_missing:
      return "anchor_missing";
    case AuditFinding::Kind::anchor_replaced:
      return "anchor_replaced";
  }
  return {};
}

std::string to_json(const AuditReport& report) {
  contract::JsonWriter out;
  out.begin_object().member("whole", report.whole());
  out.member("entries", report.entries).member("partitions", report.partitions);
  out.member("anchors", report.anchors).member("last_anchor", report.last_anchor);
  out.member_or_null("last_anchor_at",
                     report.anchors > 0 ? to_string(report.last_anchor_at) : std::string());
  out.member("proven", report.proven).member("closed_gaps", report.closed_gaps);
  out.member("erased_count", report.erased_count).key("erased").begin_array();
  for (const AuditPlace& place : report.erased) {
    out.begin_object().member("partition", place.partition).member("position", place.position);
    out.member("at", to_string(place.at)).end_object();
  }
  out.end_array().member("finding_count", report.finding_count).key("findings").begin_array();
  for (const AuditFinding& finding : report.findings) {
    out.begin_object().member("kind", to_string(finding.kind));
    out.member("partition", finding.partition).member("position", finding.position);
    out.member("at", to_string(finding.at)).member("anchor", finding.anchor);
    out.member("text", finding.text).end_object();
  }
  out.end_array().end_object();
  return out.take();
}

std::string to_text(const AuditReport& report) {
  std::string text;
  for (const AuditFinding& finding : report.findings) {
    if (finding.position > 0) {
      text += fmt::format("{}: partition {}, position {}, {}: {}\n", to_string(finding.kind),
                          finding.partition, finding.position, to_string(finding.at), finding.text);
    } else {
      text += fmt::format("{}: {}\n", to_string(finding.kind), finding.text);
    }
  }
  if (report.finding_count > report.findings.size()) {
    text += fmt::format("and {} more\n", report.finding_count - report.findings.size());
  }
  text += fmt::format("{} entries in {} partitions, {} proven by {} anchors", report.entries,
                      report.partitions, report.proven, report.anchors);
  if (report.anchors > 0) {
    text += fmt::format(", the last of {}", to_string(report.last_anchor_at));
  }
  if (report.erased_count > 0) text += fmt::format("; {} erased", report.erased_count);
  if (report.closed_gaps > 0) text += fmt::format("; {} gaps closed", report.closed_gaps);
  text += report.whole() ? "\nThe audit chain is whole.\n" : "\nThe audit chain is BROKEN.\n";
  return text;
}

}  // namespace crossfoot::observe

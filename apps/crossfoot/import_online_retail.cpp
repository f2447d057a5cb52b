#include "import_online_retail.h"

#include <date/tz.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <deque>
#include <thread>

#include "contract/error_codes.h"
#include "contract/json_writer.h"
#include "contract/online_retail.h"
#include "contract/transaction_json.h"
#include "progress.h"
#include "reconcile_command.h"

namespace crossfoot::app {

namespace {

constexpr std::size_t batch_documents = 100;
constexpr std::size_t batches_in_flight = 3;
constexpr std::size_t states_page = 500;

Fault file_fault(std::string_view code, const std::filesystem::path& file, std::string cause) {
  return {.code = std::string(code),
          .fault_class = FaultClass::rejected,
          .where = file.string(),
          .cause = std::move(cause)};
}

Instant london_to_utc(std::chrono::local_seconds local) {
  static const date::time_zone* const zone = date::locate_zone("Europe/London");
  const date::local_seconds wall{local.time_since_epoch()};
  // An hour that exists twice is taken as its first; one that never was, as the instant of the
  // change.
  const auto utc = zone->to_sys(wall, date::choose::earliest);
  return {std::chrono::duration_cast<Duration>(utc.time_since_epoch()).count()};
}

Status read_into(contract::OnlineRetailReader& reader, const std::filesystem::path& file) {
  gzFile handle = gzopen(file.c_str(), "rb");
  if (handle == nullptr) {
    return fail(file_fault(contract::error_code::unreadable_file, file, "cannot be opened"));
  }
  reader.begin_file();
  std::string buffer(1 << 20, '\0');
  int size = 0;
  while ((size = gzread(handle, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
    reader.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(size)));
  }
  int code = Z_OK;
  const std::string text = gzerror(handle, &code);
  gzclose(handle);
  if (size < 0 || (code != Z_OK && code != Z_STREAM_END)) {
    const bool early = code == Z_BUF_ERROR;
    return fail(file_fault(
        early ? contract::error_code::truncated_gzip : contract::error_code::unreadable_file, file,
        early ? "the compressed file ends early" : text));
  }
  reader.end_file();
  return {};
}

/// What the server said of one document.
struct Sent {
  std::size_t document = 0;
  std::string id;
  int status = 0;
  bool replayed = false;
  bool held = false;
  std::string code;
};

class Import {
 public:
  Import(const ImportOptions& options, ApiClient& api) : options_(options), api_(api) {}

  Result<ImportReport> run() {
    const Duration began = monotonic_now();
    for (const std::filesystem::path& file : options_.files) {
      if (Status status = read_into(reader_, file); !status) return fail(status.error());
    }
    reader_.group();
    std::vector<std::size_t> first;
    std::vector<std::size_t> returns;
    for (std::size_t i = 0; i < reader_.document_count(); ++i) {
      const bool is_return = reader_.head(i).kind == contract::OnlineRetailKind::return_goods;
      (is_return ? returns : first).push_back(i);
    }
    std::ranges::sort(returns, {}, [this](std::size_t i) {
      const auto head = reader_.head(i);
      return std::pair(head.occurred_at, head.first_row);
    });
    Progress progress("importing", reader_.row_count(), "rows");
    if (Status status = send(first, batches_in_flight, progress); !status) {
      return fail(status.error());
    }
    // One batch after the other: what a return takes, the next one must see.
    if (Status status = send(returns, 1, progress); !status) return fail(status.error());
    progress.finish();
    if (Status status = await_rest(); !status) return fail(status.error());
    refuse_rows();
    report_.seconds = static_cast<double>((monotonic_now() - began).count()) / 1e6;
    if (options_.reconcile && first_day_ <= last_day_) {
      auto text = reconcile(api_, first_day_, last_day_);
      if (!text) return fail(text.error());
      report_.reconciliation = std::move(*text);
    }
    return std::move(report_);
  }

 private:
  struct Batch {
    std::vector<std::size_t> documents;
    std::size_t rows = 0;
    std::future<Result<runtime::HttpAnswer>> answer;
  };

  Status send(const std::vector<std::size_t>& documents, std::size_t in_flight,
              Progress& progress) {
    std::deque<std::size_t> waiting(documents.begin(), documents.end());
    std::deque<Batch> open;
    int pauses = 0;
    while (!waiting.empty() || !open.empty()) {
      while (!waiting.empty() && open.size() < in_flight) open.push_back(begin(waiting));
      Batch batch = std::move(open.front());
      open.pop_front();
      auto answer = batch.answer.get();
      if (!answer) return fail(answer.error());
      std::vector<std::size_t> again;
      if (answer->status == 503 || answer->status == 429) {
        again = batch.documents;
      } else if (answer->status != 200) {
        return fail(
            file_fault(contract::error_code::internal_error, "batch",
                       fmt::format("status {}: {}", answer->status, answer->body.substr(0, 300))));
      } else if (Status status = take(batch, answer->body, again); !status) {
        return status;
      }
      if (again.empty()) sent_rows_ += batch.rows;
      progress.at(std::min<std::uint64_t>(sent_rows_, reader_.row_count()));
      if (again.empty()) continue;
      // Refused for load: the same documents again, in their order, after a pause.
      if (++pauses > 600) {
        return fail(file_fault(contract::error_code::overloaded, "batch",
                               "the server refuses for load for too long"));
      }
      waiting.insert(waiting.begin(), again.begin(), again.end());
      std::this_thread::sleep_for(std::chrono::milliseconds{200});
    }
    return {};
  }

  Batch begin(std::deque<std::size_t>& waiting) {
    Batch batch;
    std::string body;
    while (!waiting.empty() && batch.documents.size() < batch_documents) {
      const std::size_t index = waiting.front();
      waiting.pop_front();
      const auto document = reader_.document(index);
      body += contract::render_transaction(document.transaction);
      body += '\n';
      batch.documents.push_back(index);
      batch.rows += document.transaction.lines.size();
      first_day_ = std::min(first_day_, document.transaction.business_date);
      last_day_ = std::max(last_day_, document.transaction.business_date);
    }
    batch.answer = api_.begin(runtime::Method::post, "/v1/transactions:batch", std::move(body),
                              {{"Content-Type", "application/x-ndjson"}});
    return batch;
  }

  Status take(const Batch& batch, const std::string& body, std::vector<std::size_t>& again) {
    simdjson::dom::parser parser;
    simdjson::dom::document_stream lines;
    if (parser.parse_many(body).get(lines) != simdjson::SUCCESS) return damaged("batch");
    std::size_t index = 0;
    for (auto line : lines) {
      simdjson::dom::element element;
      if (line.get(element) != simdjson::SUCCESS || index >= batch.documents.size()) {
        return damaged("batch");
      }
      Sent sent;
      sent.document = batch.documents[index++];
      std::int64_t status = 0;
      (void)element["status"].get(status);
      sent.status = static_cast<int>(status);
      std::string_view text;
      if (element["id"].get(text) == simdjson::SUCCESS) sent.id = text;
      if (element["state"].get(text) == simdjson::SUCCESS) sent.held = text == "held";
      if (element["problem"]["code"].get(text) == simdjson::SUCCESS) sent.code = text;
      (void)element["replayed"].get(sent.replayed);
      if (sent.status == 503 || sent.status == 429) {
        again.push_back(sent.document);
      } else {
        sent_.push_back(std::move(sent));
      }
    }
    return index == batch.documents.size() ? Status{} : damaged("batch");
  }

  static Status damaged(const std::string& what) {
    return fail(file_fault(contract::error_code::corrupt_answer, what,
                           "the server's answer cannot be read"));
  }

  /// Until no flow of this import moves any more, or the patience ends.
  Status await_rest() {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < sent_.size(); ++i) {
      const Sent& sent = sent_[i];
      const auto document = reader_.document(sent.document);
      count_document(document);
      if (sent.status != 202 && sent.status != 200) {
        count_all(document, report_.refused, sent.code);
      } else if (sent.replayed) {
        count_all(document, report_.duplicate, "duplicate");
      } else if (sent.held) {
        count_all(document, report_.parked, "identity_conflict");
      } else {
        open.push_back(i);
      }
    }
    Progress progress("waiting for every leg", open.size(), "receipts");
    const std::size_t total = open.size();
    const Duration until = monotonic_now() + options_.patience;
    while (!open.empty()) {
      const bool last_look = monotonic_now() > until;
      std::vector<std::size_t> still;
      for (std::size_t at = 0; at < open.size(); at += states_page) {
        const std::size_t size = std::min(states_page, open.size() - at);
        const std::span page(open.data() + at, size);
        if (Status status = look(page, still, last_look); !status) return status;
        progress.at(total - (open.size() - at - size) - still.size());
      }
      if (last_look) break;
      const bool pause = !still.empty();
      open = std::move(still);
      if (pause) std::this_thread::sleep_for(std::chrono::milliseconds{300});
    }
    return {};
  }

  Status look(std::span<const std::size_t> page, std::vector<std::size_t>& still, bool last_look) {
    contract::JsonWriter out;
    out.begin_object().key("ids").begin_array();
    for (const std::size_t i : page) out.text(sent_[i].id);
    out.end_array().end_object();
    auto body = api_.json(runtime::Method::post, "/v1/transactions:states", out.take());
    if (!body) return fail(body.error());
    simdjson::dom::parser parser;
    simdjson::dom::array items;
    if (parser.parse(*body)["items"].get(items) != simdjson::SUCCESS) return damaged("states");
    std::size_t index = 0;
    for (const simdjson::dom::element item : items) {
      if (index >= page.size()) return damaged("states");
      const std::size_t i = page[index++];
      std::string_view state;
      if (item["flow"]["state"].get(state) != simdjson::SUCCESS) return damaged("states");
      const auto document = reader_.document(sent_[i].document);
      if (state == "open" || waits_for_sale(item["flow"])) {
        if (last_look) {
          count_all(document, report_.in_flight, "in_flight");
        } else {
          still.push_back(i);
        }
        continue;
      }
      count_flow(document, item["flow"]);
    }
    return index == page.size() ? Status{} : damaged("states");
  }

  /// A claim that waits until its sale's own legs are done goes on by itself.
  static bool waits_for_sale(const simdjson::dom::element& flow) {
    simdjson::dom::array legs;
    if (flow["legs"].get(legs) != simdjson::SUCCESS) return false;
    for (const simdjson::dom::element leg : legs) {
      std::string_view reason;
      const bool has_reason = leg["reason"].get(reason) == simdjson::SUCCESS;
      if (has_reason && reason == contract::error_code::original_unsettled) return true;
    }
    return false;
  }

  void count_document(const contract::OnlineRetailDocument& document) {
    const char* kind = "odd";
    switch (document.kind) {
      case contract::OnlineRetailKind::accounting_adjustment:
        kind = "accounting_adjustment";
        break;
      case contract::OnlineRetailKind::return_goods:
        kind = "return";
        ++report_.receipts;
        break;
      case contract::OnlineRetailKind::stock_adjustment:
        kind = "stock_adjustment";
        break;
      case contract::OnlineRetailKind::sale:
        kind = "sale";
        ++report_.receipts;
        break;
      case contract::OnlineRetailKind::odd:
        break;
    }
    ++report_.documents[kind];
    for (const contract::Line& line : document.transaction.lines) add(report_.read, line);
    if (document.repeated_lines > 0) report_.reasons["repeated_line"] += document.repeated_lines;
  }

  static void add(ImportReport::Part& part, const contract::Line& line) {
    ++part.rows;
    part.net.add(line.quantity, line.unit_price, line.action == contract::LineAction::returned);
  }

  void count_all(const contract::OnlineRetailDocument& document, ImportReport::Part& part,
                 const std::string& reason) {
    for (const contract::Line& line : document.transaction.lines) add(part, line);
    report_.reasons[reason] += document.transaction.lines.size();
  }

  /// A flow at rest: what its legs and links say becomes the disposition of its rows.
  void count_flow(const contract::OnlineRetailDocument& document,
                  const simdjson::dom::element& flow) {
    bool posted = false;
    bool all_sent = true;
    std::string reason;
    simdjson::dom::array legs;
    if (flow["legs"].get(legs) == simdjson::SUCCESS) {
      for (const simdjson::dom::element leg : legs) {
        std::string_view kind;
        std::string_view state;
        std::string_view why;
        (void)leg["kind"].get(kind);
        (void)leg["state"].get(state);
        (void)leg["reason"].get(why);
        const bool done = state == "done";
        if (kind == "post" || kind == "post_refund" || kind == "move_stock") posted |= done;
        if (kind != "link" && kind != "claim") all_sent &= done;
        if (!done && !why.empty() && reason.empty()) reason = why;
      }
    }
    take_points(flow);
    if (posted) count_posted(document);
    std::map<std::uint32_t, std::string> dispositions;
    simdjson::dom::array links;
    if (flow["links"].get(links) == simdjson::SUCCESS) {
      for (const simdjson::dom::element link : links) {
        std::uint64_t line = 0;
        std::string_view disposition;
        (void)link["line"].get(line);
        (void)link["disposition"].get(disposition);
        dispositions[static_cast<std::uint32_t>(line)] = disposition;
      }
    }
    for (const contract::Line& line : document.transaction.lines) {
      const auto at = dispositions.find(line.number);
      bool booked = all_sent;
      std::string why = reason;
      if (at != dispositions.end()) {
        add(report_.cancellations[at->second], line);
        booked = booked && (at->second == "matched" || at->second == "adjustment");
        why = at->second;
      }
      add(booked ? report_.booked : report_.parked, line);
      if (!booked) ++report_.reasons[name_of(why)];
    }
  }

  static std::string name_of(const std::string& code) {
    if (code == contract::error_code::accounting_adjustment) return "accounting_adjustment";
    if (code == contract::error_code::odd_document) return "odd_document";
    return code.empty() ? "unknown" : code;
  }

  void take_points(const simdjson::dom::element& flow) {
    std::int64_t answered = 0;
    std::int64_t reversed = 0;
    if (flow["points"]["answered"].get(answered) == simdjson::SUCCESS) {
      report_.points_earned += answered;
    }
    if (flow["points"]["reversed"].get(reversed) == simdjson::SUCCESS) {
      report_.points_reversed += reversed;
    }
  }

  void count_posted(const contract::OnlineRetailDocument& document) {
    const contract::Transaction& transaction = document.transaction;
    for (const contract::Line& line : transaction.lines) {
      const bool returned = line.action == contract::LineAction::returned;
      if (document.kind != contract::OnlineRetailKind::stock_adjustment) {
        report_.erp_posted.add_minor(returned ? -line.amount.minor : line.amount.minor,
                                     transaction.currency.exponent());
        report_.erp_exact.add(line.quantity, line.unit_price, returned);
      }
      if (line.kind != contract::LineKind::goods) continue;
      const std::int64_t units = line.quantity.normalised().units;
      report_.goods_units += returned ? -units : units;
    }
  }

  void refuse_rows() {
    report_.read.rows += reader_.refused_count();
    report_.refused.rows += reader_.refused_count();
    for (const contract::RefusedRow& row : reader_.refused()) {
      ++report_.reasons[std::string(row.code)];
    }
  }

  const ImportOptions& options_;
  ApiClient& api_;
  contract::OnlineRetailReader reader_{
      {.tenant = "default", .shop = "ONLINE-RETAIL-UK", .to_utc = london_to_utc}};
  ImportReport report_;
  std::vector<Sent> sent_;
  std::uint64_t sent_rows_ = 0;
  BusinessDate first_day_{INT32_MAX};
  BusinessDate last_day_{INT32_MIN};
};

}  // namespace

Result<ImportReport> import_online_retail(const ImportOptions& options, ApiClient& api) {
  return Import(options, api).run();
}

}  // namespace crossfoot::app

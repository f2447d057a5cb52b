#pragma once

#include <libpq-fe.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/postgres/parameters.h"

namespace crossfoot::store::postgres {

/// The rows that a statement answered with, in binary form.
class Rows {
 public:
  Rows() = default;
  explicit Rows(PGresult* result) : result_(result) {}

  [[nodiscard]] int size() const { return result_ ? PQntuples(result_.get()) : 0; }
  [[nodiscard]] bool is_null(int row, int column) const {
    return PQgetisnull(result_.get(), row, column) != 0;
  }
  /// Of any of the server's integer types and of its booleans; 0 for NULL.
  [[nodiscard]] std::int64_t integer(int row, int column) const;
  template <class T>
  [[nodiscard]] T number(int row, int column) const {
    return static_cast<T>(integer(row, column));
  }
  [[nodiscard]] std::string_view bytes(int row, int column) const;
  [[nodiscard]] std::string text(int row, int column) const {
    return std::string(bytes(row, column));
  }
  /// Zero when the column is NULL or not sixteen bytes.
  [[nodiscard]] Hash128 hash(int row, int column) const;
  [[nodiscard]] Id id(int row, int column) const;

 private:
  struct Clearer {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clearer> result_;
};

/// One statement of a pipeline. `sql` outlives the call; equal texts are parsed once a connection.
struct Step {
  std::string_view sql;
  Parameters parameters;
};

/// How a pipeline went: the rows of every step, or of those before the one that failed.
struct Ran {
  std::vector<Rows> rows;
  std::optional<Fault> fault;
  std::size_t failed_step = 0;
  /// The server itself refused `failed_step`, so that no later step was executed. False when the
  /// connection broke without a word: then every step may have been executed.
  bool refused_by_server = false;
  /// The connection broke while sending, before the last step was handed over: it never ran.
  bool sent_in_part = false;
};

/// The newest timeline that any connection of a data store has seen. Any thread.
using NewestTimeline = std::atomic<std::int64_t>;

/// One connection to the server, always in pipeline mode, used by one thread at a time.
class Connection {
 public:
  /// `url`: libpq's connection string or URI. Faults: CF-5001.
  static Result<std::unique_ptr<Connection>> open(const std::string& url);
  /// Of the hosts in `url` that answer as it asks for, the one on the newest timeline, for only a
  /// promotion begins a timeline: an old primary that has come back is on an older one. Refuses,
  /// CF-5001, what is older than `newest`, and raises that.
  static Result<std::unique_ptr<Connection>> open_newest(const std::string& url,
                                                         NewestTimeline& newest);

  /// Sends all steps at once and waits for their answers. Outside a transaction the steps of one
  /// call are one transaction.
  Ran run(std::span<const Step> steps);
  /// One step.
  Result<Rows> run_one(std::string_view sql, Parameters parameters = {});

  /// False when the connection is lost; it does not come back by itself.
  [[nodiscard]] bool usable() const { return PQstatus(handle_.get()) == CONNECTION_OK; }
  [[nodiscard]] bool in_transaction() const {
    const PGTransactionStatusType status = PQtransactionStatus(handle_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
  }
  [[nodiscard]] int server_process() const { return PQbackendPID(handle_.get()); }

 private:
  struct Closer {
    void operator()(PGconn* handle) const { PQfinish(handle); }
  };
  struct Parsed {
    std::string name;
    bool known = false;  ///< to the server
    bool sent = false;   ///< in the pipeline under way
  };
  explicit Connection(PGconn* handle) : handle_(handle) {}
  /// One of the hosts of a connection string; each member empty where it says nothing of it.
  struct Host {
    std::string name;
    std::string address;
    std::string port;
  };
  static std::vector<Host> hosts_of(const std::string& url);
  static Result<std::unique_ptr<Connection>> open(const std::string& url, const Host* host);
  /// 0 of a standby.
  Result<std::int64_t> read_timeline();

  bool send(const Step& step, const std::string& name, bool parse);
  /// Reads the answer to one message; false when the pipeline must not be read on.
  bool receive(std::size_t step, Rows* rows, Ran& ran);
  [[nodiscard]] Fault lost() const;

  std::unique_ptr<PGconn, Closer> handle_;
  std::map<std::string, Parsed, std::less<>> statements_;  ///< by their text
};

/// The fault of a server error, by its SQLSTATE: what belongs to the statement's own values is
/// `rejected` (CF-5009), a full disk CF-5004, a missing right CF-5014, damage CF-5003, everything
/// else may succeed later (CF-5001).
[[nodiscard]] Fault fault_of(std::string_view sqlstate, std::string_view message);

}  // namespace crossfoot::store::postgres

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "runtime/http_client.h"
#include "runtime/http_server.h"

namespace crossfoot::runtime {

enum class ParseStep : std::uint8_t { need_more, complete, refused };

/// Why a request was refused: the HTTP status to answer and the cause in words, static storage.
struct ParseRefusal {
  int status = 0;
  std::string_view cause;
};

/// Bytes in, one request after another out, or a refusal; no I/O and no clock. The header is
/// read by Beast's parser; around it stands what Beast lets pass and a proxy in front may read
/// differently: bare line feeds, folded headers, repeated or listed Content-Length, transfer
/// codings other than one `chunked`, a missing or repeated Host (RFC 9112
/// sections 2.2, 3.2, 5.1, 5.2, 6.1, 6.3). The body is left where it was read, or moved together in
/// place when it came in chunks. Trailers are dropped.
///
///   prepare → read into it → commit → advance … complete → request() → next() → advance …
class RequestParser {
 public:
  /// `limits` outlives the parser; only its size limits are used.
  explicit RequestParser(const HttpServerLimits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Room for the next read, never empty. Invalidates views of an unfinished request.
  [[nodiscard]] std::span<char> prepare();
  void commit(std::size_t count);
  /// Goes as far as the bytes reach. After `complete` call `next` first; `refused` is final.
  [[nodiscard]] ParseStep advance();
  /// prepare, copy, commit and advance in one.
  [[nodiscard]] ParseStep feed(std::string_view bytes);

  /// The complete request; its views are valid until `next`.
  [[nodiscard]] HttpRequest& request();
  /// Drops the complete request; pipelined bytes behind it stay.
  void next();

  /// Gives the memory back; the parser reads nothing more.
  void abandon();

  [[nodiscard]] ParseRefusal refusal() const;
  /// A byte of the current request has arrived.
  [[nodiscard]] bool started() const;
  [[nodiscard]] bool header_done() const;
  /// The client waits for `100 Continue` before it sends the body. True until the body begins.
  [[nodiscard]] bool wants_continue() const;
  /// Valid once header_done.
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool http_1_0() const;
  /// Body bytes of the current request that are held, and that are still announced.
  [[nodiscard]] std::size_t body_bytes() const;
  [[nodiscard]] std::size_t body_bytes_expected() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Bytes in, answers out, for the client. Interim answers (1xx) are skipped.
class AnswerParser {
 public:
  explicit AnswerParser(std::size_t answer_bytes_max);
  ~AnswerParser();
  AnswerParser(const AnswerParser&) = delete;
  AnswerParser& operator=(const AnswerParser&) = delete;

  /// Begins a new answer. `to_head`: no body follows, whatever the header says.
  void expect(bool to_head);
  [[nodiscard]] std::span<char> prepare();
  void commit(std::size_t count);
  [[nodiscard]] ParseStep advance();
  [[nodiscard]] ParseStep feed(std::string_view bytes);
  /// The peer has closed in order: completes an answer whose length only the end tells.
  [[nodiscard]] ParseStep end();

  /// Moves the complete answer out.
  [[nodiscard]] HttpAnswer take();
  /// The connection may carry another call: nothing lies behind the answer, and the peer keeps it.
  [[nodiscard]] bool reusable() const;
  /// Why it was refused.
  [[nodiscard]] std::string_view cause() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace crossfoot::runtime

#pragma once

#include <openssl/types.h>

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace crossfoot::runtime {

/// PEM files; an empty path: none.
struct TlsFiles {
  std::filesystem::path certificate;  ///< our own, with its chain; a server needs one
  std::filesystem::path key;          ///< of `certificate`
  /// Whose certificates are believed. A client without: those of the system. A server without asks
  /// nobody for a certificate.
  std::filesystem::path authorities;
};

/// SHA-256 of the first certificate in a PEM file, 64 hex digits. Faults: CF-8141 (rejected).
[[nodiscard]] Result<std::string> certificate_digest(const std::filesystem::path& file);

/// What the connections of one server, or of one pool, share: certificate, key, whom to believe.
/// TLS 1.2 or newer, no renegotiation, no compression.
class TlsContext {
 public:
  /// A server asks for certificates when `files` names authorities; who has none is still served,
  /// unless `certificate_required`. Faults: CF-8141 (rejected) with the file and why.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> server(const TlsFiles& files,
                                                                        bool certificate_required);
  /// Faults: CF-8141 (rejected).
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> client(const TlsFiles& files);

  [[nodiscard]] SSL_CTX* handle() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  explicit TlsContext(SSL_CTX* handle) : handle_(handle) {}
  [[nodiscard]] Status use(const TlsFiles& files);

  std::unique_ptr<SSL_CTX, Free> handle_;
};

/// One TLS connection over a connected non-blocking socket, which stays its owner's. Nothing here
/// waits: what cannot go on says what the socket must be ready for.
class TlsStream {
 public:
  enum class Need : std::uint8_t { nothing, readable, writable };
  struct Step {
    std::size_t bytes = 0;
    Need need = Need::nothing;
    bool ended = false;  ///< the peer has said that nothing follows
    std::string fault;   ///< why it is broken
  };

  /// The side that accepts.
  TlsStream(const TlsContext& context, int descriptor);
  /// The side that connects: the peer must prove that it is `host`, a name or an address.
  TlsStream(const TlsContext& context, int descriptor, const std::string& host);

  /// Goes on with the handshake; done when nothing is needed and nothing is wrong. `read` and
  /// `write` go on with it too.
  [[nodiscard]] Step handshake();
  [[nodiscard]] bool is_established() const;
  [[nodiscard]] Step read(std::span<char> room);
  [[nodiscard]] Step write(boost::asio::const_buffer bytes);
  /// Writes the parts as far as they go, like a socket's `write_some`: `would_block` when the
  /// socket must be ready for `need` first. Answers the bytes that are on their way.
  std::size_t write_some(std::span<const boost::asio::const_buffer> parts,
                         boost::system::error_code& error, Need& need);
  /// Bytes are here that `read` gives without the socket.
  [[nodiscard]] bool has_pending() const;
  /// Neither ended by the peer nor with bytes that nobody asked for.
  [[nodiscard]] bool is_quiet();
  /// Tells the peer that nothing follows.
  void end();
  /// SHA-256 of the peer's certificate, 64 hex digits; empty when it showed none.
  [[nodiscard]] std::string peer_digest() const;

 private:
  struct Free {
    void operator()(SSL* stream) const;
  };
  [[nodiscard]] Step step_of(int result) const;

  std::unique_ptr<SSL, Free> handle_;
};

}  // namespace crossfoot::runtime

#include "runtime/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <climits>
#include <csignal>

#include "base/invariant.h"
#include "runtime/fault_codes.h"

namespace crossfoot::runtime {

namespace {

std::string openssl_error() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

std::unexpected<Fault> unusable(const std::filesystem::path& file, std::string cause) {
  return fail({.code = std::string(code::tls_unusable),
               .fault_class = FaultClass::rejected,
               .where = file.empty() ? std::string("TLS") : file.string(),
               .cause = std::move(cause)});
}

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

/// Empty when OpenSSL cannot say it.
std::string digest_of(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

int length_of(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

Result<std::string> certificate_digest(const std::filesystem::path& file) {
  ERR_clear_error();
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(BIO_new_file(file.c_str(), "r"), &BIO_free);
  X509* read =
      bytes == nullptr ? nullptr : PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr);
  const Certificate certificate(read, &X509_free);
  if (certificate == nullptr) return unusable(file, "no certificate in PEM: " + openssl_error());
  return digest_of(*certificate);
}

// --- TlsContext

void TlsContext::Free::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

Status TlsContext::use(const TlsFiles& files) {
  // OpenSSL writes like to a pipe: a peer that has gone must not end the process.
  static const auto before = std::signal(SIGPIPE, SIG_IGN);
  (void)before;
  SSL_CTX* context = handle_.get();
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // A write that has to wait is repeated from wherever its bytes then are.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  if (!files.certificate.empty()) {
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
      return unusable(files.certificate, "no certificate chain in PEM: " + openssl_error());
    }
    if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
      return unusable(files.key, "no private key of the certificate: " + openssl_error());
    }
  }
  if (!files.authorities.empty() &&
      SSL_CTX_load_verify_file(context, files.authorities.c_str()) != 1) {
    return unusable(files.authorities, "no certificates in PEM: " + openssl_error());
  }
  return {};
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const TlsFiles& files,
                                                             bool certificate_required) {
  std::shared_ptr<TlsContext> context(new TlsContext(SSL_CTX_new(TLS_server_method())));
  INVARIANT(context->handle() != nullptr, "OpenSSL has memory");
  if (files.certificate.empty()) return unusable({}, "a server needs a certificate");
  if (Status used = context->use(files); !used) return fail(used.error());
  if (files.authorities.empty()) return context;
  const int required = certificate_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context->handle(), SSL_VERIFY_PEER | required, nullptr);
  SSL_CTX_set_client_CA_list(context->handle(), SSL_load_client_CA_file(files.authorities.c_str()));
  // Sessions of clients with certificates are bound to this server.
  static constexpr std::array<unsigned char, 9> name{'c', 'r', 'o', 's', 's', 'f', 'o', 'o', 't'};
  SSL_CTX_set_session_id_context(context->handle(), name.data(), name.size());
  return context;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const TlsFiles& files) {
  std::shared_ptr<TlsContext> context(new TlsContext(SSL_CTX_new(TLS_client_method())));
  INVARIANT(context->handle() != nullptr, "OpenSSL has memory");
  if (Status used = context->use(files); !used) return fail(used.error());
  if (files.authorities.empty() && SSL_CTX_set_default_verify_paths(context->handle()) != 1) {
    return unusable({}, "the system's certificates cannot be read: " + openssl_error());
  }
  SSL_CTX_set_verify(context->handle(), SSL_VERIFY_PEER, nullptr);
  return context;
}

// --- TlsStream

void TlsStream::Free::operator()(SSL* stream) const {
  SSL_free(stream);
}

TlsStream::TlsStream(const TlsContext& context, int descriptor)
    : handle_(SSL_new(context.handle())) {
  INVARIANT(handle_ != nullptr && SSL_set_fd(handle_.get(), descriptor) == 1, "OpenSSL has memory");
  SSL_set_accept_state(handle_.get());
}

TlsStream::TlsStream(const TlsContext& context, int descriptor, const std::string& host)
    : handle_(SSL_new(context.handle())) {
  INVARIANT(handle_ != nullptr && SSL_set_fd(handle_.get(), descriptor) == 1, "OpenSSL has memory");
  SSL_set_connect_state(handle_.get());
  boost::system::error_code not_an_address;
  (void)boost::asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle_.get()), host.c_str());
    return;
  }
  SSL_set_hostflags(handle_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(handle_.get(), host.c_str());
  SSL_set_tlsext_host_name(handle_.get(), host.c_str());
}

TlsStream::Step TlsStream::step_of(int result) const {
  switch (SSL_get_error(handle_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {.need = Need::readable};
    case SSL_ERROR_WANT_WRITE:
      return {.need = Need::writable};
    case SSL_ERROR_ZERO_RETURN:
      return {.ended = true};
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      return {.fault = "the connection broke"};
    default:
      break;
  }
  const long verified = SSL_get_verify_result(handle_.get());
  std::string cause = openssl_error();
  if (verified != X509_V_OK) {
    cause += fmt::format(" ({})", X509_verify_cert_error_string(verified));
  }
  return {.fault = std::move(cause)};
}

TlsStream::Step TlsStream::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(handle_.get());
  return result == 1 ? Step{} : step_of(result);
}

bool TlsStream::is_established() const {
  return SSL_is_init_finished(handle_.get()) == 1;
}

TlsStream::Step TlsStream::read(std::span<char> room) {
  ERR_clear_error();
  const int count = SSL_read(handle_.get(), room.data(), length_of(room.size()));
  return count > 0 ? Step{.bytes = static_cast<std::size_t>(count)} : step_of(count);
}

TlsStream::Step TlsStream::write(boost::asio::const_buffer bytes) {
  ERR_clear_error();
  const int count = SSL_write(handle_.get(), bytes.data(), length_of(bytes.size()));
  return count > 0 ? Step{.bytes = static_cast<std::size_t>(count)} : step_of(count);
}

std::size_t TlsStream::write_some(std::span<const boost::asio::const_buffer> parts,
                                  boost::system::error_code& error, Need& need) {
  std::size_t written = 0;
  error.clear();
  for (boost::asio::const_buffer part : parts) {
    while (part.size() > 0) {
      const Step step = write(part);
      if (step.bytes == 0) {
        need = step.need;
        error = need == Need::nothing
                    ? boost::asio::error::make_error_code(boost::asio::error::broken_pipe)
                    : boost::asio::error::make_error_code(boost::asio::error::would_block);
        return written;
      }
      written += step.bytes;
      part += step.bytes;
    }
  }
  return written;
}

bool TlsStream::has_pending() const {
  return SSL_has_pending(handle_.get()) == 1;
}

bool TlsStream::is_quiet() {
  char byte = 0;
  ERR_clear_error();
  const int count = SSL_peek(handle_.get(), &byte, 1);
  return count <= 0 && step_of(count).need == Need::readable;
}

void TlsStream::end() {
  ERR_clear_error();
  if (is_established()) (void)SSL_shutdown(handle_.get());
  ERR_clear_error();
}

std::string TlsStream::peer_digest() const {
  const Certificate certificate(SSL_get1_peer_certificate(handle_.get()), &X509_free);
  if (certificate == nullptr || SSL_get_verify_result(handle_.get()) != X509_V_OK) return {};
  return digest_of(*certificate);
}

}  // namespace crossfoot::runtime

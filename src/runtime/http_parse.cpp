#include "runtime/http_parse.h"

#include <boost/beast/http/basic_parser.hpp>
#include <cstring>
#include <optional>

#include "base/invariant.h"
#include "runtime/chunk_decoder.h"
#include "runtime/flat_buffer.h"

namespace crossfoot::runtime {

namespace http = boost::beast::http;
using boost::beast::string_view;
using Error = boost::beast::error_code;

namespace {

constexpr std::size_t read_bytes_min = 1024;
constexpr std::size_t body_reserve_max = 256 * 1024;
constexpr std::size_t idle_capacity_max = 64 * 1024;
constexpr std::size_t chunk_line_bytes_max = 4 * 1024;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

std::string_view as_std(string_view text) {
  return {text.data(), text.size()};
}

bool equals_lower(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::head:
      return Method::head;
    case http::verb::post:
      return Method::post;
    case http::verb::put:
      return Method::put;
    case http::verb::patch:
      return Method::patch;
    case http::verb::delete_:
      return Method::delete_;
    case http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

/// A stretch of the message, counted from its first byte: the buffer moves as it grows.
struct Stretch {
  std::size_t at = 0;
  std::size_t size = 0;
};

Error stop_parsing() {
  return make_error_code(http::error::bad_value);
}

}  // namespace

class RequestParser::Impl {
 public:
  explicit Impl(const HttpServerLimits& limits) : limits_(limits) { restart(); }

  std::span<char> prepare() {
    std::size_t room = read_bytes_min;
    if (phase_ == Phase::body) {
      room = std::clamp(header_size_ + length_ - buffer_.size(), std::size_t{1}, body_reserve_max);
    }
    return buffer_.prepare(room);
  }
  void commit(std::size_t count) { buffer_.commit(count); }
  void append(std::string_view bytes) {
    bytes.copy(buffer_.prepare(bytes.size() + 1).data(), bytes.size());
    buffer_.commit(bytes.size());
  }

  ParseStep advance() {
    if (phase_ == Phase::header && !take_header()) return step();
    if (phase_ == Phase::body && buffer_.size() - header_size_ >= length_) {
      body_size_ = length_;
      complete(header_size_ + length_);
    } else if (phase_ == Phase::body) {
      body_size_ = buffer_.size() - header_size_;
    } else if (phase_ == Phase::chunks) {
      take_chunks();
    }
    return step();
  }

  void next() {
    INVARIANT(phase_ == Phase::complete, "a request is dropped only when it is complete");
    buffer_.consume(message_size_);
    buffer_.shrink(idle_capacity_max);
    restart();
  }

  void abandon() {
    phase_ = Phase::refused;
    body_size_ = 0;
    buffer_.consume(buffer_.size());
    buffer_.shrink(0);
  }

  HttpRequest request;
  ParseRefusal refusal;

  [[nodiscard]] bool started() const { return buffer_.size() != 0; }
  [[nodiscard]] bool header_done() const { return header_size_ != 0; }
  [[nodiscard]] bool wants_continue() const {
    return expects_continue_ && buffer_.size() == header_size_ &&
           (phase_ == Phase::body || phase_ == Phase::chunks);
  }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] bool http_1_0() const { return version_ == 10; }
  [[nodiscard]] std::size_t body_size() const { return body_size_; }
  [[nodiscard]] std::size_t body_expected() const {
    return phase_ == Phase::body ? length_ - body_size_ : 0;
  }

 private:
  enum class Phase : std::uint8_t { header, body, chunks, complete, refused };

  /// Beast's parser, made anew in the same place for each request (it cannot be reset).
  struct Framing final : http::basic_parser<true> {
    explicit Framing(Impl& owner) : impl(owner) {}

    void on_request_impl(http::verb verb, string_view, string_view target, int version,
                         Error& error) override {
      if (!impl.take_start(verb, as_std(target), version)) error = stop_parsing();
    }
    void on_field_impl(http::field field, string_view name, string_view value,
                       Error& error) override {
      if (!impl.take_field(field, as_std(name), as_std(value))) error = stop_parsing();
    }
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, Error&) override {
      return body.size();
    }
    void on_response_impl(int, string_view, int, Error&) override {}
    void on_header_impl(Error&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, Error&) override {}
    std::size_t on_body_impl(string_view body, Error&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, string_view, Error&) override {}
    void on_finish_impl(Error&) override {}

    Impl& impl;
  };

  [[nodiscard]] ParseStep step() const {
    if (phase_ == Phase::complete) return ParseStep::complete;
    return phase_ == Phase::refused ? ParseStep::refused : ParseStep::need_more;
  }
  bool refuse(int status, std::string_view cause) {
    if (phase_ != Phase::refused) refusal = {status, cause};
    phase_ = Phase::refused;
    return false;
  }
  void restart();
  bool take_header();
  bool scan_header();
  bool end_line(std::size_t line_feed);
  bool take_start(http::verb verb, std::string_view target, int version);
  bool take_field(http::field field, std::string_view name, std::string_view value);
  bool check_header();
  bool refuse_framing(Error error);
  void take_chunks();
  void complete(std::size_t message_size);
  void split_target();
  [[nodiscard]] Stretch stretch(std::string_view part) const {
    if (part.empty()) return {};
    return {static_cast<std::size_t>(part.data() - buffer_.data()), part.size()};
  }
  [[nodiscard]] std::string_view view(Stretch part) const {
    return {buffer_.data() + part.at, part.size};
  }

  const HttpServerLimits& limits_;
  FlatBuffer buffer_;
  std::optional<Framing> framing_;
  Phase phase_ = Phase::header;
  std::size_t line_ = 0;      ///< where the header line under search begins
  std::size_t searched_ = 0;  ///< up to here there is no further line feed
  std::size_t header_size_ = 0;
  std::size_t length_ = 0;  ///< Content-Length
  std::size_t body_size_ = 0;
  std::size_t raw_ = 0;  ///< where the chunked bytes not yet decoded begin
  std::size_t message_size_ = 0;
  Stretch target_;
  std::vector<std::pair<Stretch, Stretch>> fields_;
  int version_ = 11;
  bool keep_alive_ = true;
  bool expects_continue_ = false;
  bool empty_line_skipped_ = false;
  ChunkDecoder chunks_{0, 0};
  unsigned hosts_ = 0;
  unsigned lengths_ = 0;
  unsigned codings_ = 0;
};

void RequestParser::Impl::restart() {
  framing_.emplace(*this);
  chunks_ = ChunkDecoder(limits_.body_bytes_max, chunk_line_bytes_max);
  framing_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max));
  framing_->body_limit(limits_.body_bytes_max);
  phase_ = Phase::header;
  line_ = searched_ = header_size_ = length_ = body_size_ = raw_ = message_size_ = 0;
  fields_.clear();
  expects_continue_ = empty_line_skipped_ = false;
  keep_alive_ = true;
  hosts_ = lengths_ = codings_ = 0;
}

/// True when the whole header block is there and in order.
bool RequestParser::Impl::take_header() {
  if (!scan_header()) return false;
  Error error;
  framing_->put({buffer_.data(), header_size_}, error);
  if (error) return refuse_framing(error);
  return check_header();
}

/// Finds the end of the header, line by line, and refuses what Beast would accept or fold.
bool RequestParser::Impl::scan_header() {
  while (header_size_ == 0) {
    const char* base = buffer_.data();
    const std::size_t size = buffer_.size();
    // TLS and other binary protocols on this port are told at their first byte.
    const bool binary = line_ == 0 && size != 0 && base[0] != '\r' && base[0] <= ' ';
    if (binary) return refuse(400, "not HTTP");
    const void* found =
        size > searched_ ? std::memchr(base + searched_, '\n', size - searched_) : nullptr;
    if (found == nullptr) {
      searched_ = size;
      if (size > limits_.header_bytes_max) refuse(431, "header too large");
      return false;
    }
    if (!end_line(static_cast<std::size_t>(static_cast<const char*>(found) - base))) return false;
  }
  return header_size_ <= limits_.header_bytes_max || refuse(431, "header too large");
}

bool RequestParser::Impl::end_line(std::size_t line_feed) {
  const char* line = buffer_.data() + line_;
  const std::size_t size = line_feed - line_;
  if (size == 0 || line[size - 1] != '\r') return refuse(400, "line feed without carriage return");
  if (std::memchr(line, '\r', size - 1) != nullptr) {
    return refuse(400, "carriage return without line feed");
  }
  if (size == 1 && line_ == 0) {
    // RFC 9112 section 2.2: one empty line before the request line is forgiven.
    if (empty_line_skipped_) return refuse(400, "empty request line");
    empty_line_skipped_ = true;
    buffer_.consume(2);
    searched_ = 0;
    return true;
  }
  if (line[0] == ' ' || line[0] == '\t') return refuse(400, "folded or indented header line");
  line_ = searched_ = line_feed + 1;
  if (size == 1) header_size_ = line_;
  return true;
}

bool RequestParser::Impl::take_start(http::verb verb, std::string_view target, int version) {
  if (target.size() > limits_.target_bytes_max) return refuse(414, "request target too long");
  for (const char c : target) {
    if (c < '!' || c > '~') return refuse(400, "request target with bytes outside ASCII");
  }
  request.method = method_of(verb);
  target_ = stretch(target);
  version_ = version;
  return true;
}

bool RequestParser::Impl::take_field(http::field field, std::string_view name,
                                     std::string_view value) {
  if (fields_.size() == limits_.headers_max) return refuse(431, "too many headers");
  switch (field) {
    case http::field::host:
      ++hosts_;
      break;
    case http::field::content_length:
      if (++lengths_ > 1) return refuse(400, "repeated Content-Length");
      if (value.find_first_not_of("0123456789") != std::string_view::npos) {
        return refuse(400, "Content-Length is not one number");
      }
      break;
    case http::field::transfer_encoding:
      if (++codings_ > 1) return refuse(400, "repeated Transfer-Encoding");
      if (!equals_lower(value, "chunked")) return refuse(501, "unknown transfer coding");
      break;
    case http::field::expect:
      if (!equals_lower(value, "100-continue")) return refuse(417, "unknown expectation");
      expects_continue_ = true;
      break;
    default:
      break;
  }
  const Stretch at = stretch(name);
  for (char& c : std::span{buffer_.data() + at.at, at.size}) c = lower(c);
  fields_.emplace_back(at, stretch(value));
  return true;
}

bool RequestParser::Impl::check_header() {
  if (lengths_ != 0 && codings_ != 0) {
    return refuse(400, "Content-Length beside Transfer-Encoding");
  }
  if (http_1_0() && codings_ != 0) return refuse(400, "Transfer-Encoding in HTTP/1.0");
  if (hosts_ > 1) return refuse(400, "repeated Host");
  if (hosts_ == 0 && !http_1_0()) return refuse(400, "no Host");
  const std::string_view target = view(target_);
  if (target[0] != '/' && target != "*" && target.find("://") == std::string_view::npos) {
    return refuse(400, "request target is not a path");
  }
  keep_alive_ = framing_->keep_alive();
  if (http_1_0()) expects_continue_ = false;
  raw_ = header_size_;
  if (codings_ != 0) {
    phase_ = Phase::chunks;
  } else {
    phase_ = Phase::body;
    length_ = static_cast<std::size_t>(framing_->content_length().value_or(0));
  }
  return true;
}

bool RequestParser::Impl::refuse_framing(Error error) {
  if (error == http::error::body_limit) return refuse(413, "body too large");
  if (error == http::error::header_limit) return refuse(431, "header too large");
  if (error == http::error::bad_version) return refuse(505, "not HTTP/1.1 or HTTP/1.0");
  if (error == http::error::bad_method) return refuse(400, "malformed method");
  if (error == http::error::bad_target) return refuse(400, "malformed request target");
  if (error == http::error::bad_field) return refuse(400, "malformed header name");
  if (error == http::error::bad_value) return refuse(400, "malformed header value");
  if (error == http::error::bad_content_length) return refuse(400, "malformed Content-Length");
  if (error == http::error::multiple_content_length) return refuse(400, "repeated Content-Length");
  if (error == http::error::bad_transfer_encoding) {
    return refuse(400, "Content-Length beside Transfer-Encoding");
  }
  return refuse(400, "malformed message");
}

/// Decodes what has come and moves the rest down behind the body, so that framing takes no memory.
void RequestParser::Impl::take_chunks() {
  switch (chunks_.decode(buffer_.data(), header_size_, body_size_, raw_, buffer_.size())) {
    case ChunkDecoder::Step::complete:
      return complete(raw_);
    case ChunkDecoder::Step::malformed:
      refuse(400, "malformed chunk");
      return;
    case ChunkDecoder::Step::too_large:
      refuse(413, "body too large");
      return;
    case ChunkDecoder::Step::need_more:
      break;
  }
  const std::size_t kept = header_size_ + body_size_;
  if (raw_ != kept) buffer_.erase(kept, raw_ - kept);
  raw_ = kept;
}

void RequestParser::Impl::complete(std::size_t message_size) {
  phase_ = Phase::complete;
  message_size_ = message_size;
  request.body = view({header_size_, body_size_});
  request.headers.clear();
  for (const auto& [name, value] : fields_) request.headers.emplace_back(view(name), view(value));
  request.target = view(target_);
  split_target();
}

void RequestParser::Impl::split_target() {
  std::string_view rest = request.target;
  if (rest[0] != '/' && rest != "*") {  // absolute form: the authority is not ours to judge
    const std::size_t slash = rest.find_first_of("/?", rest.find("://") + 3);
    rest = slash == std::string_view::npos ? std::string_view{"/"} : rest.substr(slash);
  }
  const std::size_t mark = rest.find('?');
  request.path = mark == 0 ? std::string_view{"/"} : rest.substr(0, mark);
  request.query = mark == std::string_view::npos ? std::string_view{} : rest.substr(mark + 1);
}

RequestParser::RequestParser(const HttpServerLimits& limits)
    : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;
std::span<char> RequestParser::prepare() {
  return impl_->prepare();
}
void RequestParser::commit(std::size_t count) {
  impl_->commit(count);
}
ParseStep RequestParser::advance() {
  return impl_->advance();
}
ParseStep RequestParser::feed(std::string_view bytes) {
  impl_->append(bytes);
  return impl_->advance();
}
HttpRequest& RequestParser::request() {
  return impl_->request;
}
void RequestParser::next() {
  impl_->next();
}
void RequestParser::abandon() {
  impl_->abandon();
}
ParseRefusal RequestParser::refusal() const {
  return impl_->refusal;
}
bool RequestParser::started() const {
  return impl_->started();
}
bool RequestParser::header_done() const {
  return impl_->header_done();
}
bool RequestParser::wants_continue() const {
  return impl_->wants_continue();
}
bool RequestParser::keep_alive() const {
  return impl_->keep_alive();
}
bool RequestParser::http_1_0() const {
  return impl_->http_1_0();
}
std::size_t RequestParser::body_bytes() const {
  return impl_->body_size();
}
std::size_t RequestParser::body_bytes_expected() const {
  return impl_->body_expected();
}

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace crossfoot::runtime

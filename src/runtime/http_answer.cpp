#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>

#include "runtime/flat_buffer.h"
#include "runtime/http_parse.h"

namespace crossfoot::runtime {

namespace http = boost::beast::http;
using boost::beast::string_view;
using Error = boost::beast::error_code;

namespace {

constexpr std::size_t read_bytes_min = 2048;
constexpr std::size_t read_bytes_max = 64 * 1024;
constexpr std::size_t header_bytes_max = 64 * 1024;
constexpr std::size_t body_reserve_max = 1024 * 1024;
constexpr std::size_t chunk_line_bytes_max = 4 * 1024;
/// A chunked message ends with `0 CRLF CRLF`, so five more bytes always come. Beast asserts that it
/// has them when it resumes behind the last chunk's size, so it is never given fewer.
constexpr std::size_t chunk_bytes_min = 5;

std::string lower_case(string_view text) {
  std::string result(text.data(), text.size());
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return result;
}

}  // namespace

class AnswerParser::Impl {
 public:
  explicit Impl(std::size_t answer_bytes_max) : answer_bytes_max_(answer_bytes_max) {}

  void expect(bool to_head) {
    to_head_ = to_head;
    restart();
  }
  std::span<char> prepare() {
    std::size_t room = read_bytes_min;
    if (framing_->is_header_done() && framing_->content_length_remaining()) {
      const auto rest = static_cast<std::size_t>(*framing_->content_length_remaining());
      room = std::clamp(rest, room, read_bytes_max);
    }
    return buffer_.prepare(room);
  }
  void commit(std::size_t count) { buffer_.commit(count); }
  void append(std::string_view bytes) {
    bytes.copy(buffer_.prepare(bytes.size() + 1).data(), bytes.size());
    buffer_.commit(bytes.size());
  }

  ParseStep advance() {
    while (!framing_->is_done() && buffer_.size() >= bytes_needed()) {
      Error error;
      buffer_.consume(framing_->put({buffer_.data(), buffer_.size()}, error));
      if (error == http::error::need_more) break;
      if (error) return refuse(error.message());
      if (framing_->is_done() && answer_.status / 100 == 1) {
        if (answer_.status == 101) return refuse("switched protocols");
        restart();  // an interim answer: the final one follows
      }
    }
    if (framing_->is_done()) return ParseStep::complete;
    const bool chunk_line = framing_->is_header_done() && framing_->chunked();
    if (chunk_line && buffer_.size() > chunk_line_bytes_max) return refuse("chunk line too long");
    return ParseStep::need_more;
  }

  ParseStep end() {
    if (!framing_->got_some()) return refuse("closed without an answer");
    Error error;
    framing_->put_eof(error);
    if (error || !framing_->is_done()) return refuse("closed inside the answer");
    return ParseStep::complete;
  }

  HttpAnswer take() { return std::move(answer_); }
  [[nodiscard]] bool reusable() const {
    return framing_->is_done() && framing_->keep_alive() && buffer_.size() == 0;
  }

  std::string cause;

 private:
  struct Framing final : http::basic_parser<false> {
    explicit Framing(Impl& owner) : impl(owner) {}

    void on_response_impl(int status, string_view, int, Error&) override {
      impl.answer_.status = status;
    }
    void on_field_impl(http::field, string_view name, string_view value, Error&) override {
      if (impl.header_done_) return;  // a trailer
      impl.answer_.headers.emplace_back(lower_case(name), value);
    }
    void on_header_impl(Error&) override { impl.header_done_ = true; }
    void on_body_init_impl(boost::optional<std::uint64_t> const& length, Error&) override {
      if (!length) return;
      impl.answer_.body.reserve(std::min(static_cast<std::size_t>(*length), body_reserve_max));
    }
    std::size_t on_body_impl(string_view body, Error&) override {
      impl.answer_.body.append(body.data(), body.size());
      return body.size();
    }
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, Error& error) override {
      return on_body_impl(body, error);
    }
    void on_request_impl(http::verb, string_view, string_view, int, Error&) override {}
    void on_chunk_header_impl(std::uint64_t, string_view, Error&) override {}
    void on_finish_impl(Error&) override {}

    Impl& impl;
  };

  void restart() {
    answer_ = {};
    header_done_ = false;
    framing_.emplace(*this);
    framing_->eager(true);
    framing_->skip(to_head_);
    framing_->header_limit(header_bytes_max);
    framing_->body_limit(answer_bytes_max_);
  }
  [[nodiscard]] std::size_t bytes_needed() const {
    return framing_->is_header_done() && framing_->chunked() ? chunk_bytes_min : 1;
  }
  ParseStep refuse(std::string why) {
    cause = std::move(why);
    return ParseStep::refused;
  }

  std::size_t answer_bytes_max_;
  FlatBuffer buffer_;
  std::optional<Framing> framing_;
  HttpAnswer answer_;
  bool to_head_ = false;
  bool header_done_ = false;
};

AnswerParser::AnswerParser(std::size_t answer_bytes_max)
    : impl_(std::make_unique<Impl>(answer_bytes_max)) {
  impl_->expect(false);
}
AnswerParser::~AnswerParser() = default;
void AnswerParser::expect(bool to_head) {
  impl_->expect(to_head);
}
std::span<char> AnswerParser::prepare() {
  return impl_->prepare();
}
void AnswerParser::commit(std::size_t count) {
  impl_->commit(count);
}
ParseStep AnswerParser::advance() {
  return impl_->advance();
}
ParseStep AnswerParser::feed(std::string_view bytes) {
  impl_->append(bytes);
  return impl_->advance();
}
ParseStep AnswerParser::end() {
  return impl_->end();
}
HttpAnswer AnswerParser::take() {
  return impl_->take();
}
bool AnswerParser::reusable() const {
  return impl_->reusable();
}
std::string_view AnswerParser::cause() const {
  return impl_->cause;
}

std::string_view HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace crossfoot::runtime

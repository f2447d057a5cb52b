#include "runtime/http_compose.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace crossfoot::runtime {

namespace {

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 207:
      return "Multi-Status";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 425:
      return "Too Early";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

bool breaks_line(char c) {
  return c == '\r' || c == '\n' || c == '\0';
}

void append_clean(std::string& out, std::string_view text) {
  const std::size_t begin = out.size();
  out += text;
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), breaks_line, ' ');
}

void append_number(std::string& out, std::uint64_t value) {
  const fmt::format_int text{value};
  out.append(text.data(), text.size());
}

bool is_token(std::string_view name) {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool is_framing(std::string_view name) {
  static constexpr std::array<std::string_view, 4> framing{"host", "content-length",
                                                           "transfer-encoding", "connection"};
  return std::ranges::any_of(framing, [name](std::string_view other) {
    return std::ranges::equal(name, other, [](char a, char b) { return (a | 0x20) == b; });
  });
}

}  // namespace

std::string http_date(Instant at) {
  using namespace std::chrono;
  static constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed",
                                                        "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> months{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const sys_seconds time{floor<seconds>(microseconds{at.micros})};
  const sys_days day = floor<std::chrono::days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[weekday{day}.c_encoding()],
                     static_cast<unsigned>(date.day()),
                     months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

bool carries_body(int status, const ResponseForm& form) {
  return !form.to_head && status >= 200 && status != 204 && status != 304;
}

void compose_head(std::string& out, const HttpResponse& response, const ResponseForm& form) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(response.status));
  out += ' ';
  out += reason(response.status);
  out += "\r\nDate: ";
  out += form.date;
  if (response.status != 204 && response.status != 304) {
    if (!response.body.empty()) {
      out += "\r\nContent-Type: ";
      out += response.content_type;
    }
    out += "\r\nContent-Length: ";
    append_number(out, response.body.size());
  }
  for (const auto& [name, value] : response.headers) {
    out += "\r\n";
    append_clean(out, name);
    out += ": ";
    append_clean(out, value);
  }
  if (!form.keep_alive) {
    out += "\r\nConnection: close";
  } else if (form.http_1_0) {
    out += "\r\nConnection: keep-alive";
  }
  out += "\r\n\r\n";
}

std::string_view method_name(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::delete_:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      return "OTHER";
  }
  return "OTHER";
}

bool compose_call(std::string& out, const HttpCall& call, std::string_view prefix,
                  std::string_view host) {
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  if (call.target.empty() || call.target[0] != '/') return false;
  if (call.method == Method::other || !std::ranges::all_of(call.target, printable)) return false;
  out += method_name(call.method);
  out += ' ';
  out += prefix;
  out += call.target;
  out += " HTTP/1.1\r\nHost: ";
  out += host;
  for (const auto& [name, value] : call.headers) {
    if (!is_token(name) || is_framing(name)) return false;
    if (std::ranges::any_of(value, breaks_line)) return false;
    out += "\r\n";
    out += name;
    out += ": ";
    out += value;
  }
  const bool bodiless = call.method == Method::get || call.method == Method::head;
  if (!call.body.empty() || !bodiless) {
    out += "\r\nContent-Length: ";
    append_number(out, call.body.size());
  }
  out += "\r\n\r\n";
  return true;
}

}  // namespace crossfoot::runtime

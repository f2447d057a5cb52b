#pragma once

#include <gtest/gtest.h>
#include <simdjson.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "sandbox/sandbox.h"

namespace crossfoot::sandbox::testing {

/// A folder that goes with the test.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sandbox-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A parsed answer; a pointer like `/items/0/id` gives the value's JSON, strings without quotes,
/// or `(none)`.
class Json {
 public:
  explicit Json(std::string_view text) {
    valid_ = parser_->parse(text.data(), text.size()).get(root_) == simdjson::SUCCESS;
  }
  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] std::string operator[](std::string_view pointer) const {
    simdjson::dom::element element;
    if (!valid_ || root_.at_pointer(pointer).get(element) != simdjson::SUCCESS) return "(none)";
    std::string_view text;
    if (element.get(text) == simdjson::SUCCESS) return std::string(text);
    return simdjson::minify(element);
  }
  [[nodiscard]] std::size_t size(std::string_view pointer) const {
    simdjson::dom::array array;
    if (!valid_ || root_.at_pointer(pointer).get(array) != simdjson::SUCCESS) return 0;
    return array.size();
  }

 private:
  std::shared_ptr<simdjson::dom::parser> parser_ = std::make_shared<simdjson::dom::parser>();
  simdjson::dom::element root_;
  bool valid_ = false;
};

/// A stand-in without HTTP over a folder; reopen() is what a kill and a new start do to it.
class Driver {
 public:
  using Open = Result<std::unique_ptr<System>> (*)(const SandboxOptions&);

  Driver(Open open, std::string data, std::string programme = {}) : open_(open) {
    options_.data = std::move(data);
    options_.programme = std::move(programme);
    reopen();
  }

  void reopen() {
    system_.reset();
    auto opened = open_(options_);
    ASSERT_TRUE(opened) << opened.error().cause;
    system_ = std::move(*opened);
  }
  Reply post(std::string_view path, std::string_view body, std::string_view key = {}) {
    return system_->handle({runtime::Method::post, path, {}, body, key}, now);
  }
  Reply put(std::string_view path, std::string_view body) {
    return system_->handle({runtime::Method::put, path, {}, body, {}}, now);
  }
  Reply get(std::string_view path, std::string_view query = {}) {
    return system_->handle({runtime::Method::get, path, query, {}, {}}, now);
  }
  Reply tamper(std::string_view order) { return system_->tamper(order); }
  Reply untamper() { return system_->untamper(); }
  Reply clear() { return system_->clear(); }
  System& system() { return *system_; }

  Instant now{1'700'000'000'000'000};

 private:
  Open open_;
  SandboxOptions options_;
  std::unique_ptr<System> system_;
};

}  // namespace crossfoot::sandbox::testing
